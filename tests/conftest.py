"""How hard hypothesis tries: quickly by default, and at length when asked to.

``OADR_EXAMPLES=1000 make test`` draws a thousand examples for each property.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.soak.seeds import seeds
from tests.tap.plugin import register

# A busy machine is no failure, so there is no deadline and no complaint about slow drawing.
settings.register_profile(
    "project",
    max_examples=int(os.environ.get("OADR_EXAMPLES", "50")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("project")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says which days of fifty VENs have been lived."""
    lived = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if "tests/soak/test_day.py" in report.nodeid
    ]
    if lived:
        found = seeds()
        terminalreporter.write_line(
            f"days of 50 VENs: {len(lived)} lived, of the seeds {found.start} to {found.stop - 1}"
        )


def pytest_configure(config: pytest.Config) -> None:
    """Lets everything that our sides send in tests be judged."""
    register(config)
