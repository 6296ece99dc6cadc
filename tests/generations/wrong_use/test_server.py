"""Wrong use of the server raises what openleadr raises, and what is taken there is taken."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openleadr import objects

from tests.generations.stock import stock_server
from tests.generations.wrong_use.both import agree, outcome
from vtn import VTN

START = datetime.now(UTC) + timedelta(minutes=5)
TEN = timedelta(minutes=10)


@pytest.fixture
def theirs() -> Iterator[Any]:
    """A server of openleadr."""
    with stock_server(vtn_id="myvtn", http_port=0) as server:
        yield server


@pytest.fixture
def ours() -> Any:
    """A server of ours."""
    return VTN(vtn_id="myvtn", http_port=0)


def answered(ven_id: str, event_id: str, opt_type: str) -> None:
    """A callback as it should be."""


def event(**changes: Any) -> dict[str, Any]:
    """The arguments of add_event."""
    interval = {"dtstart": START, "duration": TEN, "signal_payload": 1}
    given = {
        "ven_id": "ven123",
        "signal_name": "simple",
        "signal_type": "level",
        "intervals": [interval],
        "callback": answered,
    }
    return {name: value for name, value in (given | changes).items() if value is not ...}


def raw(**changes: Any) -> dict[str, Any]:
    """An event as a dict."""
    given = {
        "event_descriptor": {
            "event_id": "e1",
            "modification_number": 0,
            "event_status": "far",
            "market_context": "http://context",
        },
        "active_period": {"dtstart": START, "duration": TEN},
        "event_signals": [
            {
                "signal_id": "s1",
                "signal_name": "simple",
                "signal_type": "level",
                "intervals": [{"dtstart": START, "duration": TEN, "signal_payload": 1}],
            }
        ],
        "targets": [{"ven_id": "ven123"}],
        "response_required": "always",
    }
    return {name: value for name, value in (given | changes).items() if value is not ...}


# ------------------------------------------------------------ events

RIGHT_EVENTS: dict[str, dict[str, Any]] = {
    "as it should be": {},
    "without a callback": {"callback": None},
    "intervals in a tuple": {
        "intervals": ({"dtstart": START, "duration": TEN, "signal_payload": 1},)
    },
    "a signal of one's own": {"signal_name": "x-heat"},
    "a naive dtstart": {
        "intervals": [
            {
                "dtstart": START.astimezone().replace(tzinfo=None),
                "duration": TEN,
                "signal_payload": 1,
            }
        ]
    },
    "nobody has to answer": {"response_required": "never"},
    "a callback that is not called": {"response_required": "never", "callback": print},
    "an eventID": {"event_id": "e1"},
    "a target that is not in a list": {"targets": {"resource_id": "r1"}},
    "any keyword besides": {"callback": lambda ven_id, event_id, opt_type, more=1: None},
}
WRONG_EVENTS: dict[str, dict[str, Any]] = {
    "no intervals": {"intervals": []},
    "intervals None": {"intervals": None},
    "intervals no list": {"intervals": {"dtstart": START}},
    "an unknown signal": {"signal_name": "loud"},
    "an unknown type of signal": {"signal_type": "loud"},
    "no such response_required": {"response_required": "sometimes"},
    "a callback that lacks a parameter": {"callback": lambda ven_id, event_id: None},
    "a callback that cannot be called": {"callback": "answered"},
    "no ven_id": {"ven_id": ...},
    "no signal_name": {"signal_name": ...},
    "no signal_type": {"signal_type": ...},
    "no such argument": {"importance": 3},
}


@pytest.mark.parametrize("case", RIGHT_EVENTS)
def test_events_that_openleadr_takes_are_taken(case: str, ours: Any, theirs: Any) -> None:
    changes = RIGHT_EVENTS[case]
    assert outcome(theirs.add_event, **event(**changes)) is None
    assert isinstance(ours.add_event(**event(**changes)), str)


@pytest.mark.parametrize("case", WRONG_EVENTS)
def test_events_that_openleadr_refuses_are_refused_with_its_error(
    case: str, ours: Any, theirs: Any
) -> None:
    changes = WRONG_EVENTS[case]
    expected = outcome(theirs.add_event, **event(**changes))
    assert expected is not None
    found = outcome(ours.add_event, **event(**changes))
    assert agree(found, expected), (found, expected)


@pytest.mark.parametrize(
    "callback",
    [lambda ven_id, event_id, opt_status: None, lambda ven, event, opt: None, lambda *all: None],
)
def test_a_callback_may_call_its_parameters_what_it_likes(callback: Any, ours: Any) -> None:
    # openleadr refuses these, although its own page calls the last one opt_status.
    assert ours.add_event(**event(event_id="e1", callback=callback)) == "e1"


def test_a_refused_event_leaves_nothing_behind(ours: Any) -> None:
    for changes in WRONG_EVENTS.values():
        outcome(ours.add_event, **event(event_id="e1", **changes))
    assert dict(ours.events) == {}
    assert dict(ours.event_callbacks) == {}


@pytest.mark.parametrize("as_object", [True, False], ids=["object", "dict"])
@pytest.mark.parametrize(
    "callback", [lambda ven_id: None, lambda: None, "answered"], ids=["one", "none", "text"]
)
def test_a_raw_event_with_a_wrong_callback_is_refused_with_openleadrs_error(
    callback: Any, as_object: bool, ours: Any, theirs: Any
) -> None:
    def given() -> Any:
        return objects.Event(**raw_parts()) if as_object else raw()

    expected = outcome(theirs.add_raw_event, "ven123", given(), callback)
    assert expected is not None
    assert agree(outcome(ours.add_raw_event, "ven123", given(), callback), expected)


def raw_parts() -> dict[str, Any]:
    """The same event as objects."""
    return {
        "event_descriptor": objects.EventDescriptor(
            event_id="e1",
            modification_number=0,
            event_status="far",
            market_context="http://context",
        ),
        "event_signals": [
            objects.EventSignal(
                signal_id="s1",
                signal_name="simple",
                signal_type="level",
                intervals=[objects.Interval(dtstart=START, duration=TEN, signal_payload=1)],
            )
        ],
        "targets": [objects.Target(ven_id="ven123")],
    }


@pytest.mark.parametrize("missing", ["event_descriptor", "event_signals"])
def test_a_raw_event_that_lacks_a_part_is_refused_by_both(
    missing: str, ours: Any, theirs: Any
) -> None:
    assert outcome(theirs.add_raw_event, "ven123", raw(**{missing: ...})) is not None
    with pytest.raises((ValueError, KeyError), match=missing):
        ours.add_raw_event("ven123", raw(**{missing: ...}))


def test_an_event_id_may_be_left_out_of_neither_descriptor(ours: Any, theirs: Any) -> None:
    broken = raw(event_descriptor={"modification_number": 0, "market_context": "http://c"})
    assert outcome(theirs.add_raw_event, "ven123", broken) is not None
    with pytest.raises((ValueError, KeyError), match="event_id"):
        ours.add_raw_event("ven123", broken)


@pytest.mark.parametrize("ven_id", ["ven123", "nobody"])
def test_cancelling_what_is_not_there_raises_nothing_and_is_logged(
    ven_id: str, ours: Any, theirs: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for server in (theirs, ours):
        server.add_event(**event(event_id="e1"))
        caplog.clear()
        assert server.cancel_event(ven_id, "e999") is None
        assert "e999" in caplog.text


# ------------------------------------------------------------ handlers


@pytest.mark.parametrize("name", ["on_nothing", "on_event", "poll", ""])
def test_an_unknown_handler_is_a_name_error(name: str, ours: Any, theirs: Any) -> None:
    assert outcome(theirs.add_handler, name, print) is NameError
    with pytest.raises(NameError, match="on_create_party_registration"):
        ours.add_handler(name, print)


HANDLERS = (
    "on_created_event",
    "on_request_event",
    "on_register_report",
    "on_create_report",
    "on_created_report",
    "on_request_report",
    "on_update_report",
    "on_poll",
    "on_query_registration",
    "on_create_party_registration",
    "on_cancel_party_registration",
)


@pytest.mark.parametrize("name", HANDLERS)
def test_each_handler_of_openleadr_can_be_added(name: str, ours: Any, theirs: Any) -> None:
    assert set(HANDLERS) == set(theirs._MAP)

    def handler(payload: Any) -> None:
        """One parameter, as all of openleadr's pre-handlers have."""

    def of_ven(ven_id: str) -> None:
        """The only parameter of these."""

    def answer(ven_id: str, event_id: str, opt_type: str) -> None:
        """The parameters of on_created_event."""

    fitting = {"on_poll": of_ven, "on_request_event": of_ven, "on_created_event": answer}
    chosen = fitting.get(name, handler)
    assert outcome(theirs.add_handler, name, chosen) is None
    assert outcome(ours.add_handler, name, chosen) is None


def two(first: Any, second: Any, third: Any, fourth: Any, fifth: Any) -> None:
    """More parameters than any handler gets, under names that say nothing."""


@pytest.mark.parametrize("name", HANDLERS)
def test_a_signature_that_fits_nothing_is_refused_when_it_is_added(name: str, ours: Any) -> None:
    with pytest.raises(Exception, match=name) as caught:
        ours.add_handler(name, two)
    assert "two" in str(caught.value)
    assert "(" in str(caught.value)


# ------------------------------------------------------------ constructor

WRONG_SERVERS: dict[str, dict[str, Any]] = {
    "no vtn_id": {},
    "no such argument": {"vtn_id": "x", "colour": "red"},
    "no file of a certificate": {"vtn_id": "x", "cert": "missing.crt", "key": "missing.key"},
    "no file of a certificate of https": {
        "vtn_id": "x",
        "http_cert": "missing.crt",
        "http_key": "missing.key",
        "http_ca_file": "missing.ca",
    },
}


@pytest.mark.parametrize("case", WRONG_SERVERS)
def test_a_server_that_openleadr_does_not_make_is_not_made(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = WRONG_SERVERS[case]

    def stock(**arguments: Any) -> None:
        with stock_server(**arguments):
            pass

    expected = outcome(stock, **arguments)
    assert expected is not None
    found = outcome(VTN, **arguments)
    assert agree(found, expected), (found, expected)
