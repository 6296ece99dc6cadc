"""What goes when a registration ends (R407), over all the tables that hold it."""

from datetime import datetime

from vtn.store import delivery, outbox
from vtn.store.transaction import Transaction


async def erase(tx: Transaction, *, party_pk: int, now: datetime) -> None:
    """Erases what a VEN said and what waits for it.

    Its open events are as if they had never been sent, so that it gets them when it
    registers again.
    """
    await outbox.clear(tx, party_pk=party_pk)
    await delivery.forget(tx, party_pk=party_pk)
