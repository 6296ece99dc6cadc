"""What both parties need of an HTTP server: reading a body with limits, and refusals.

Only what listens loads this: it takes aiohttp's server.
"""

import asyncio
from collections.abc import Callable

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError

from oadr.codec import CONTENT_TYPE
from oadr.errors import OpenADRError

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
#: What reading from a peer that goes away, or that breaks HTTP, can raise.
_BROKEN = (web.RequestPayloadError, HttpProcessingError, ConnectionError)


class HTTPError(OpenADRError):
    """A request that is answered by HTTP alone.

    Attributes:
        status: of the response.
        rule: the conformance rule, if one is broken.
        headers: of the response.
        quiet: it has just been logged of this peer.
        document: the body of the request, if that is what cannot be used.
    """

    def __init__(
        self,
        status: int,
        text: str,
        *,
        rule: str = "",
        headers: dict[str, str] | None = None,
        quiet: bool = False,
        document: bytes = b"",
    ) -> None:
        super().__init__(text)
        self.status = status
        self.rule = rule
        self.headers = headers
        self.quiet = quiet
        self.document = document

    def __str__(self) -> str:
        text = str(self.args[0])
        return f"{text} ({self.rule})" if self.rule else text


def check_head(request: web.BaseRequest, tolerates: Callable[[], bool] | None = None) -> None:
    """Checks what a message is announced as.

    Args:
        request: as it came.
        tolerates: asked whether XML is taken that is announced as another kind, or as
            nothing; None does not take it.

    Raises:
        HTTPError: 406, it is no XML or is compressed (R53).
    """
    headers = request.headers
    proper = headers.get("Content-Type") == CONTENT_TYPE or request.content_type == CONTENT_TYPE
    if not (proper or (tolerates is not None and _may_be_xml(request) and tolerates())):
        raise HTTPError(406, f"Content-Type must be {CONTENT_TYPE}", rule="R53")
    encoding = headers.get("Content-Encoding")
    if encoding is not None and encoding.lower() != "identity":
        raise HTTPError(406, "a request must not be compressed", rule="R53")


def _may_be_xml(request: web.BaseRequest) -> bool:
    kind = request.content_type
    said = request.headers.get("Content-Type")
    return not said or kind == "text/xml" or kind.endswith("+xml")


def body_at_hand(request: web.BaseRequest, *, most: int) -> bytes | None:
    """Returns a body that has arrived together with its head, as one as short as a poll does.

    Args:
        request: whose head has come.
        most: bytes that it may have.

    Returns:
        None if there is more to come, or it is too long.

    Raises:
        HTTPError: 400, it breaks off.
    """
    content = request.content
    if not content.is_eof() or content.total_bytes > most:
        return None
    try:
        return content.read_nowait()
    except _BROKEN:
        raise HTTPError(400, "the request broke off") from None


async def read_body(
    request: web.BaseRequest,
    *,
    most: int,
    seconds: float,
    too_long: HTTPError,
    take: Callable[[int], None] | None = None,
) -> bytes:
    """Returns the body of a request.

    Args:
        request: whose head has come.
        most: bytes that it may have.
        seconds: real time in which it must come.
        too_long: raised for a longer one.
        take: told how many bytes have come of one that does not arrive with its head; may
            raise an ``HTTPError``.

    Raises:
        HTTPError: 408 or 400, it does not come, or breaks off; ``too_long``; or what ``take``
            raises.
    """
    if (request.content_length or 0) > most:
        raise too_long
    whole = body_at_hand(request, most=most)
    if whole is not None:
        return whole
    content, body = request.content, bytearray()
    try:
        async with asyncio.timeout(seconds):
            await _invite(request)
            while chunk := await content.readany():
                body += chunk
                if len(body) > most:
                    raise too_long
                if take is not None:
                    take(len(chunk))
    except TimeoutError:
        raise HTTPError(408, "the request did not arrive in time") from None
    except _BROKEN:
        raise HTTPError(400, "the request broke off") from None
    return bytes(body)


async def _invite(request: web.BaseRequest) -> None:
    """Asks for the body where the peer waits to be asked, as some do with long reports."""
    expected = request.headers.get("Expect", "")
    if expected.lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(_CONTINUE)
        request.writer.output_size = 0
