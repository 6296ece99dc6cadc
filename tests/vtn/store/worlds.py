"""Objects that the tests of the store share."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import insert

from oadr.enums import EventStatus, SignalType
from oadr.messages import Event, EventDescriptor, Interval, Period, Signal, SignalPayload
from vtn.store import schema
from vtn.store.transaction import Transaction

NOW = datetime(2026, 1, 5, 12, 0, 0, 250, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LATER = NOW + 30 * HOUR


def an_event(event_id: str = "peak", *, modification: int = 0, level: int = 1) -> Event:
    created = NOW.replace(microsecond=0)
    interval = Interval(duration=HOUR, uid="0", payloads=(SignalPayload(value=Decimal(level)),))
    return Event(
        descriptor=EventDescriptor(
            event_id=event_id,
            modification_number=modification,
            market_context="http://programme.example/peak",
            created_date_time=created,
            event_status=EventStatus.FAR,
            vtn_comment="Tom & Co </ei:venID>",
        ),
        active_period=Period(
            dtstart=created + 2 * HOUR, duration=HOUR, notification=HOUR, ramp_up=MINUTE
        ),
        signals=(
            Signal(
                intervals=(interval,),
                signal_name="SIMPLE",
                signal_type=SignalType.LEVEL,
                signal_id="s0",
            ),
        ),
    )


async def many_parties(tx: Transaction, count: int) -> list[int]:
    """Enrols VENs in bulk, each in a group and with a certificate."""
    pks = list(range(1, count + 1))
    common = {
        "state": "enrolled",
        "profile": "2.0b",
        "transport": "simpleHttp",
        "pull": True,
        "report_only": False,
        "xml_signature": False,
        "enrolled_at": NOW,
        "version": 0,
    }
    await tx.execute(
        insert(schema.party),
        [{"pk": pk, "ven_id": f"ven-{pk}", "ven_name": f"Site {pk}", **common} for pk in pks],
    )
    await tx.execute(
        insert(schema.label), [{"party_pk": pk, "kind": "group", "name": "all"} for pk in pks]
    )
    await tx.execute(
        insert(schema.certificate),
        [{"party_pk": pk, "fingerprint": f"F{pk}", "added_at": NOW} for pk in pks],
    )
    return pks
