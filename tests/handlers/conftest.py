from collections.abc import AsyncIterator

import pytest

from tests.handlers.context import context
from vtn.hooks import Context
from vtn.store import Store


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    opened = await Store.open(":memory:")
    yield opened
    await opened.close()


@pytest.fixture
def ctx(store: Store) -> Context:
    return context(store)
