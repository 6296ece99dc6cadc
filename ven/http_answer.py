"""What HTTP says about an exchange beside the document: how it failed, and what time it is.

Spec: sections 9.1.4 to 9.1.8.
"""

import errno
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp

from oadr.times import ZERO
from ven.errors import Rejected, TransportError, Unreachable

_STATUS_WORDS = {
    403: "the VTN does not let this VEN in; is its certificate enrolled?",
    404: "the VTN does not know this operation; check the URL",
    406: "the VTN finds the message invalid",
    413: "the VTN finds the message too large",
    501: "the VTN does not take this HTTP method",
}


def ahead_of(date: str, sent: datetime, received: datetime) -> timedelta | None:
    """Returns by how much a server's clock is ahead of ours; None if it cannot be said.

    Args:
        date: the header ``Date``, which tells whole seconds.
        sent: when the request went out.
        received: when the answer came.
    """
    try:
        moment = parsedate_to_datetime(date)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        return None
    # It was read somewhere between both, and was up to a second older than what it says.
    begin, end = moment - received, moment + timedelta(seconds=1) - sent
    return ZERO if begin <= ZERO <= end else min((begin, end), key=abs)


def is_broken_off(error: BaseException) -> bool:
    """Returns whether a connection that was there has gone, closed or reset."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return False
    # Where the system tells it decides which class of aiohttp's it comes as.
    gone = {errno.ECONNRESET, errno.EPIPE}
    return isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError) or (
        isinstance(error, OSError) and error.errno in gone
    )


def unreachable(url: str, error: BaseException) -> Unreachable:
    """Returns what a connection comes to that could not be made, or broke."""
    if isinstance(error, TimeoutError):
        return Unreachable("no answer in time", url=url)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Unreachable(f"the VTN's certificate is not trusted: {error}", url=url)
    return Unreachable(str(error) or type(error).__name__, url=url)


def status_error(response: aiohttp.ClientResponse, url: str) -> TransportError:
    """Returns what another HTTP status than 200 means."""
    status = response.status
    if status in {408, 425, 429} or (status >= 500 and status != 501):
        after = response.headers.get("Retry-After", "")
        seconds = float(after) if after.isdecimal() else None
        return Unreachable(f"HTTP {status}", url=url, status=status, retry_after=seconds)
    words = _STATUS_WORDS.get(status, (response.reason or "")[:200])
    return Rejected(status, f"HTTP {status}: {words}", url=url)
