"""What an application that starts again wants to know at once, of all VENs together."""

from sqlalchemy import select

from oadr.messages import Event
from vtn.store.document import read_event
from vtn.store.schema import delivery, event, party, report_offer
from vtn.store.transaction import Transaction


async def open_events(tx: Transaction) -> list[tuple[str, Event]]:
    """Returns each event that a VEN has in its snapshot, with the VEN's ID, oldest first."""
    statement = (
        select(party.c.ven_id, event.c.xml)
        .join(delivery, delivery.c.party_pk == party.c.pk)
        .join(event, event.c.pk == delivery.c.event_pk)
        .where(delivery.c.closed_at.is_(None))
        .order_by(event.c.pk, party.c.ven_id)
    )
    return [(row.ven_id, read_event(row.xml)) for row in await tx.rows(statement)]


async def offers(tx: Transaction) -> list[tuple[str, bytes]]:
    """Returns the venID of each VEN that offers reports, with the document of its reports."""
    statement = select(party.c.ven_id, report_offer.c.xml).join(
        report_offer, report_offer.c.party_pk == party.c.pk
    )
    return [(row.ven_id, row.xml) for row in await tx.rows(statement)]
