"""What goes when a registration ends (R407), over all the tables that hold it."""

from datetime import datetime

from vtn.store import delivery, opt, outbox, report
from vtn.store.transaction import Transaction

#: Why what waited for a VEN was given up when its registration ended.
ENDED = "the registration ended"


async def erase(tx: Transaction, *, party_pk: int, now: datetime) -> None:
    """Ends what a VEN said and what waits for it; histories stay.

    Its open events are as if they had never been sent, so that it gets them when it
    registers again.
    """
    await report.forget(tx, party_pk=party_pk)
    await opt.cancel_all(tx, party_pk=party_pk, now=now)
    await outbox.fail(tx, party_pk=party_pk, reason=ENDED, now=now)
    await delivery.forget(tx, party_pk=party_pk)
