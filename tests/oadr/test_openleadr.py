"""openleadr and this codec mean the same, but for the faults that are listed by number.

Any message is drawn, made ordinary (the rules that openleadr enforces or takes for
granted) and cleared of what the listed faults spoil. Each fault is proved to be one.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openleadr import messaging

from oadr import codec
from oadr import messages as m
from tests.oadr import strategies
from tests.oadr.openleadr_faults import FAULTS, QUARTER, Fault, cleared, rewrite
from tests.oadr.openleadr_shape import leaves, payload

EXAMPLES = int(os.environ.get("OADR_EXAMPLES", "15"))
create_message: Any = messaging.create_message
parse_message: Any = messaging.parse_message
wide = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("openleadr")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


# ---------------------------------------------------------------- ordinary messages


def ordinary(message: m.Message) -> m.Message:
    """Returns the message as the rules want it where openleadr insists on them."""
    if isinstance(message, m.UpdateReport):
        message = replace(message, reports=tuple(map(data, message.reports)))
    if isinstance(message, m.RegisterReport):
        message = replace(message, reports=tuple(map(metadata, message.reports)))
    result: m.Message = rewrite(message, _ordinary)
    return result


def _ordinary(part: Any) -> Any:
    if isinstance(part, m.Event):
        return event(part)
    if isinstance(part, m.Signal):
        return signal(part)
    if isinstance(part, m.CreatedEvent) and part.responses:
        # R42: the requestID stands in the single answers.
        return replace(part, response=replace(part.response, request_id=""))
    if isinstance(part, m.SpecifierPayload):
        return replace(part, unit=None)  # R321
    return part


def event(part: m.Event) -> m.Event:
    """R8, R102: the durations of each signal sum up to that of the event."""
    count = len(part.signals[0].intervals)
    signals = tuple(replace(one, intervals=(one.intervals * count)[:count]) for one in part.signals)
    signals = tuple(signal(one) for one in signals)
    period = replace(part.active_period, duration=count * QUARTER)
    return replace(part, signals=signals, active_period=period)


def signal(part: m.Signal) -> m.Signal:
    """R2, R9, R100, R103: intervals of an event."""
    intervals = []
    for n, one in enumerate(part.intervals):
        number = getattr(one.payloads[0], "value", None)
        number = number if isinstance(number, Decimal) else Decimal(2)
        if part.signal_name == "SIMPLE":
            number = Decimal(n % 4)
        intervals.append(
            m.Interval(duration=QUARTER, uid=str(n), payloads=(m.SignalPayload(value=number),))
        )
    return replace(part, intervals=tuple(intervals))


def data(part: m.Report) -> m.Report:
    """A report of data has no descriptions, and readings in its intervals."""
    intervals = tuple(
        replace(
            one,
            payloads=tuple(
                found if isinstance(found, m.ReportPayload) else READING for found in one.payloads
            ),
        )
        for one in part.intervals
    )
    return replace(part, descriptions=(), intervals=intervals)


READING = m.ReportPayload(r_id="m", value=Decimal(1))
METADATA = m.ReportDescription(r_id="m", report_type="usage", reading_type="Net")


def metadata(part: m.Report) -> m.Report:
    """R305, R311: metadata have descriptions, a name and nothing of data."""
    name = part.report_name or "METADATA_TELEMETRY_USAGE"
    if not name.startswith(("METADATA_", "x-")):
        name = f"METADATA_{name}"
    return replace(
        part,
        dtstart=None,
        intervals=(),
        ei_report_id=None,
        report_name=name,
        descriptions=part.descriptions or (METADATA,),
    )


# ---------------------------------------------------------------- both ways


def written(message: m.Message) -> bytes:
    name = codec.message_name(message)
    text: str = create_message(name, **payload(message))
    return text.encode()


def read(message: m.Message) -> dict[str, list[Any]]:
    name, found = parse_message(codec.encode(message))
    assert name == codec.message_name(message)
    return leaves(found)


@pytest.mark.parametrize("cls", strategies.BY_CLASS, ids=lambda cls: cls.__name__)
@wide
@given(draw=st.data())
def test_what_openleadr_writes_is_read_as_it_was_meant(cls: type, draw: st.DataObject) -> None:
    message = cleared(ordinary(draw.draw(strategies.BY_CLASS[cls])))
    assert codec.decode(written(message)) == message


@pytest.mark.parametrize("cls", strategies.BY_CLASS, ids=lambda cls: cls.__name__)
@wide
@given(draw=st.data())
def test_what_is_written_here_is_read_by_openleadr_as_it_was_meant(
    cls: type, draw: st.DataObject
) -> None:
    message = cleared(ordinary(draw.draw(strategies.BY_CLASS[cls])))
    assert read(message) == leaves(payload(message))


# ---------------------------------------------------------------- the faults


def survives_writing(message: m.Message) -> bool:
    try:
        return codec.decode(written(message)) == message
    except Exception:  # noqa: BLE001 - a refusal of any kind is the fault
        return False


def survives_reading(message: m.Message) -> bool:
    try:
        return read(message) == leaves(payload(message))
    except Exception:  # noqa: BLE001
        return False


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.number)
def test_a_listed_fault_occurs_and_clearing_it_is_enough(fault: Fault) -> None:
    shown = fault.example
    clean = rewrite(shown, fault.clear)
    assert clean != shown
    assert codec.decode(codec.encode(shown)) == shown, "not a fault of openleadr"
    if fault.way in ("writes", "both"):
        assert not survives_writing(shown)
        assert survives_writing(clean)
    if fault.way in ("reads", "both"):
        assert not survives_reading(shown)
        assert survives_reading(clean)


def test_each_fault_has_its_number() -> None:
    numbers = [fault.number for fault in FAULTS]
    assert len(set(numbers)) == len(numbers)
    assert all(fault.way in ("writes", "reads", "both") for fault in FAULTS)
