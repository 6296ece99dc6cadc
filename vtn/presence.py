"""Whether a VEN is there, as far as the database knows."""

from datetime import datetime, timedelta

from vtn.config import Settings
from vtn.store.party import Party
from vtn.store.push import Push

#: Real time after which a running VTN has written down whom it has seen.
_WRITTEN_AFTER = timedelta(seconds=6)


def poll_interval(settings: Settings, ven: Party) -> timedelta:
    """Returns how often a VEN is asked to poll (R403)."""
    return ven.poll_interval or settings.registration.poll_interval


def online(settings: Settings, ven: Party, pushed: Push | None, now: datetime) -> bool:
    """Returns whether a VEN has been polling lately.

    One that listens instead is online while the last push to it got through.

    Args:
        settings: the configuration.
        ven: the VEN.
        pushed: how push to it has gone; None if there has been none.
        now: the moment.
    """
    if ven.state != "registered" or ven.last_seen is None:
        return False
    if not ven.pull:
        return pushed is None or not pushed.failing
    missed = poll_interval(settings, ven) * (settings.registration.offline_after + 0.5)
    return now - ven.last_seen <= missed + _WRITTEN_AFTER * settings.clock.factor


def locked_out(settings: Settings, ven: Party) -> bool:
    """Returns whether the operator has ended all that a VEN had."""
    plain = settings.http.plain or settings.http.force_plain
    return ven.state == "cancelled" and not ven.fingerprints and not plain
