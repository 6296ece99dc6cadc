"""Two ways to a VTN: over HTTP, and straight into the process."""

import io
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from vtn.endpoint import Endpoint

XML = {"Content-Type": codec.CONTENT_TYPE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back.

    Attributes:
        status: of HTTP.
        body: as it came, decompressed.
        headers: of HTTP, without regard to case.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def message(self) -> m.Message | None:
        """The message in it; None if the body is empty."""
        return codec.decode(self.body) if self.body else None

    @property
    def signed(self) -> bool:
        """Whether it carries a signature."""
        return b"<ds:Signature " in self.body


class Door(Protocol):
    """A way to a VTN."""

    async def send(
        self, service: str, body: Any, *, method: str, headers: Mapping[str, str] | None
    ) -> Answer:
        """Returns the answer to whatever one likes to send.

        Args:
            service: last part of the address.
            body: bytes, or what else the door takes.
            method: of HTTP.
            headers: in place of the right Content-Type.
        """

    async def close(self) -> None:
        """Lets go of connections."""


class HttpDoor:
    """The way over HTTP.

    Args:
        url: tells where the services are.
        tls: what proves who comes; None on plain HTTP.
    """

    def __init__(self, url: Callable[[], str], tls: ssl.SSLContext | None = None) -> None:
        self._url = url
        self._tls = tls
        self._http = aiohttp.ClientSession()

    async def send(
        self, service: str, body: Any, *, method: str, headers: Mapping[str, str] | None
    ) -> Answer:
        """Returns the answer to a request; an iterator as its body is sent in chunks."""
        async with self._http.request(
            method,
            f"{self._url()}/{service}",
            # aiohttp has its doubts about bytes as long as a report can be.
            data=io.BytesIO(body) if isinstance(body, bytes) and len(body) > 500_000 else body,
            headers=XML if headers is None else headers,
            ssl=self._tls or False,
        ) as response:
            return Answer(
                status=response.status, body=await response.read(), headers=response.headers
            )

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.close()


class InnerDoor:
    """The way within this process: there is no HTTP, and a certificate is only claimed.

    Args:
        endpoint: gives what answers.
        fingerprint: of the certificate that counts as proven; empty for none.
    """

    def __init__(self, endpoint: Callable[[], Endpoint], fingerprint: str = "") -> None:
        self._endpoint = endpoint
        self._fingerprint = fingerprint

    async def send(
        self, service: str, body: Any, *, method: str, headers: Mapping[str, str] | None
    ) -> Answer:
        """Returns the answer to a document.

        Raises:
            ValueError: there is no such service, or it takes HTTP to send that.
        """
        if method != "POST" or headers is not None or not isinstance(body, bytes):
            raise ValueError("there is no HTTP in here; use vtn.testing.running() for that")
        response = await self._endpoint().answer(
            ServiceName(service), body, fingerprint=self._fingerprint
        )
        found = response.body
        return Answer(
            status=response.status,
            body=found if isinstance(found, bytes) else b"",
            headers=response.headers,
        )

    async def close(self) -> None:
        """Does nothing."""
