"""What a handler of the VTN is told, for tests of handlers."""

import logging
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

from oadr import messages as m
from runtime.clock import FakeClock
from vtn.hooks import Context, Registration
from vtn.store import Store

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
PRINT = "99:0B:12:34:56:78:9A:BC:DE:F0"
OTHER = "11:22:33:44:55:66:77:88:99:AA"


def context(store: Store, *, ven_id: str = "ven-1", ven_name: str = "school-7") -> Context:
    """Returns the context of an exchange with a VEN."""

    def later(work: Coroutine[Any, Any, Any]) -> None:
        work.close()

    return Context(
        ven_id=ven_id,
        ven_name=ven_name,
        fingerprint=PRINT,
        received_at=NOW,
        store=store,
        clock=FakeClock(moment=NOW),
        log=logging.LoggerAdapter(logging.getLogger("openadr.test"), {"ven": ven_name}),
        after_reply=later,
    )


def registration(
    *, fingerprint: str = PRINT, enrolled: bool = False, name_taken: bool = False
) -> Registration:
    """Returns what a VEN asks for when it registers."""
    message = m.CreatePartyRegistration(request_id="r1", ven_name="school-7")
    return Registration(
        message=message,
        ven_name="school-7",
        fingerprint=fingerprint,
        enrolled=enrolled,
        name_taken=name_taken,
    )
