"""When something that was sent and not acknowledged is sent again."""

from datetime import datetime, timedelta

#: Longest pause between two repetitions, unless the VEN polls less often than that.
LONGEST = timedelta(minutes=5)


def repeat_at(sent_at: datetime, sent_count: int, interval: timedelta) -> datetime:
    """Returns the moment of the next repetition.

    Args:
        sent_at: of the last time.
        sent_count: how often it was sent, 1 or more.
        interval: at which the VEN polls; the first pause, doubled with each repetition.
    """
    doublings = min(max(sent_count - 1, 0), 16)
    pause: timedelta = interval * 2**doublings
    return sent_at + min(pause, max(LONGEST, interval))
