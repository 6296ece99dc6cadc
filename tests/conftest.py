"""How hard hypothesis tries: quickly by default, and at length when asked to.

``OADR_EXAMPLES=1000 make test`` draws a thousand examples for each property.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.tap.plugin import register

# A busy machine is no failure, so there is no deadline and no complaint about slow drawing.
settings.register_profile(
    "project",
    max_examples=int(os.environ.get("OADR_EXAMPLES", "50")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("project")


def pytest_configure(config: pytest.Config) -> None:
    """Lets everything that our sides send in tests be judged."""
    register(config)
