"""Fixtures of the tests of the three generations."""

import logging
from collections.abc import Iterator

import pytest

from tests.generations.keys import PASSPHRASE, Keys, Owner
from tests.generations.stage import Printed


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """An authority, made once: RSA keys take longer than many tests."""
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def vtn_keys(keys: Keys) -> Owner:
    """The certificate of a VTN."""
    return keys.vtn()


@pytest.fixture(scope="session")
def locked_vtn_keys(keys: Keys) -> Owner:
    """The same of another, with a key that takes a passphrase."""
    return keys.vtn("locked", passphrase=PASSPHRASE)


@pytest.fixture(scope="session")
def ven_keys(keys: Keys) -> Owner:
    """The certificate of a VEN."""
    return keys.ven("ven123")


@pytest.fixture(scope="session")
def other_ven_keys(keys: Keys) -> Owner:
    """The certificate of another VEN."""
    return keys.ven("ven456")


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    """What programs have printed."""
    return Printed(capsys)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Takes back what ``enable_default_logging`` does: it writes to this test's output."""
    loggers = [logging.getLogger(name) for name in ("openleadr", "openadr")]
    before = [(one, list(one.handlers), one.level, one.propagate) for one in loggers]
    yield
    for one, handlers, level, propagate in before:
        one.handlers[:] = handlers
        one.setLevel(level)
        one.propagate = propagate
