"""Wrong use of the client raises what openleadr raises, and what is taken there is taken."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openleadr.client import OpenADRClient

from tests.generations.wrong_use.both import agree, outcome
from ven import VEN

_STOCK: Any = OpenADRClient
_OURS: Any = VEN
URL = "http://localhost:1/OpenADR2/Simple/2.0b"


@pytest.fixture
def theirs() -> Any:
    """A client of openleadr."""
    return _STOCK("ven123", URL)


@pytest.fixture
def ours() -> Any:
    """A client of ours."""
    return _OURS("ven123", URL)


def value() -> float:
    """A callback for reports."""
    return 1.0


def between(date_from: Any, date_to: Any, sampling_interval: Any) -> list[Any]:
    """A callback for reports in mode full."""
    return []


def report(**changes: Any) -> dict[str, Any]:
    """The arguments of add_report."""
    given = {
        "callback": value,
        "resource_id": "kitchen",
        "measurement": "RealPower",
        "unit": "W",
        "sampling_rate": timedelta(seconds=10),
        "report_duration": timedelta(hours=1),
    }
    return {name: value for name, value in (given | changes).items() if value is not ...}


RIGHT_REPORTS: dict[str, dict[str, Any]] = {
    "as it should be": {},
    "no unit": {"unit": None},
    "no rate and no duration": {"sampling_rate": None, "report_duration": None},
    "a unit of one's own": {"measurement": "widgets", "unit": "pcs"},
    "a state": {"report_name": "TELEMETRY_STATUS", "measurement": None, "unit": None},
    "a scale": {"scale": "k"},
    "mode full": {"data_collection_mode": "full", "callback": between},
    "names of one's own": {"report_specifier_id": "s1", "r_id": "r1"},
    "a reading type of one's own": {"reading_type": "x-guessed"},
}
WRONG_REPORTS: dict[str, dict[str, Any]] = {
    "no such report": {"report_name": "LOUD"},
    "no such reading type": {"reading_type": "loud"},
    "no such report type": {"report_type": "loud"},
    "no such scale": {"scale": "loud"},
    "no such mode": {"data_collection_mode": "loud"},
    "mode full without its parameters": {"data_collection_mode": "full"},
    "a dict that lacks a part": {"measurement": {"name": "voltage"}},
    "no callback": {"callback": ...},
    "no resource": {"resource_id": ...},
    "no such argument": {"colour": "red"},
}


@pytest.mark.parametrize("case", RIGHT_REPORTS)
def test_reports_that_openleadr_takes_are_taken(case: str, ours: Any, theirs: Any) -> None:
    changes = RIGHT_REPORTS[case]
    assert outcome(theirs.add_report, **report(**changes)) is None
    specifier_id, r_id = ours.add_report(**report(**changes))
    assert specifier_id
    assert r_id
    assert len(ours.reports) == 1


@pytest.mark.parametrize("case", WRONG_REPORTS)
def test_reports_that_openleadr_refuses_are_refused_with_its_error(
    case: str, ours: Any, theirs: Any
) -> None:
    changes = WRONG_REPORTS[case]
    expected = outcome(theirs.add_report, **report(**changes))
    assert expected is not None
    found = outcome(ours.add_report, **report(**changes))
    assert agree(found, expected), (found, expected)
    assert len(ours.reports) == 0


def test_an_unknown_hook_is_a_value_error(ours: Any, theirs: Any) -> None:
    assert outcome(theirs.add_hook, "before_lunch", print) is ValueError
    with pytest.raises(ValueError, match="before_lunch"):
        ours.add_hook("before_lunch", print)


@pytest.mark.parametrize(
    "name",
    [
        "before_send_xml",
        "after_receive_xml",
        "before_schema_validation",
        "before_parse_xml",
        "after_parse_xml",
    ],
)
def test_each_hook_of_openleadr_can_be_added(name: str, ours: Any, theirs: Any) -> None:
    assert name in theirs.hooks
    assert outcome(ours.add_hook, name, print) is None


def test_an_unknown_handler_raises_nothing_and_is_logged(
    ours: Any, theirs: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for client in (theirs, ours):
        caplog.clear()
        assert outcome(client.add_handler, "on_lunch", print) is None
        assert "on_event" in caplog.text


@pytest.mark.parametrize("name", ["on_event", "on_update_event"])
def test_each_handler_of_openleadr_can_be_added(name: str, ours: Any, theirs: Any) -> None:
    def handler(event: dict[str, Any]) -> str:
        return "optIn"

    assert outcome(theirs.add_handler, name, handler) is None
    assert outcome(ours.add_handler, name, handler) is None


WRONG_CLIENTS: dict[str, dict[str, Any]] = {
    "no name": {"vtn_url": URL},
    "no address": {"ven_name": "ven123"},
    "no such argument": {"ven_name": "ven123", "vtn_url": URL, "colour": "red"},
    "no file of a certificate": {
        "ven_name": "ven123",
        "vtn_url": URL,
        "cert": "missing.crt",
        "key": "missing.key",
        "ca_file": "missing.ca",
    },
}


@pytest.mark.parametrize("case", WRONG_CLIENTS)
def test_a_client_that_openleadr_does_not_make_is_not_made(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = WRONG_CLIENTS[case]
    expected = outcome(_STOCK, **arguments)
    assert expected is not None
    found = outcome(_OURS, **arguments)
    assert agree(found, expected), (found, expected)
