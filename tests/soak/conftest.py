"""Says which days are lived."""

from tests.soak.seeds import seeds


def pytest_report_header() -> str:
    """Returns a line for the head of the report."""
    found = seeds()
    return f"soak: a day of 50 VENs for each seed from {found.start} to {found.stop - 1}"
