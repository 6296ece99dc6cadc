"""Real TLS handshakes between two contexts, over memory buffers: fast, and no port needed."""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What the two sides agreed on."""

    version: str | None
    cipher: str
    #: DER of the certificate that the server / the client saw.
    client_certificate: bytes | None
    server_certificate: bytes | None
    resumed: bool
    session: ssl.SSLSession | None


def handshake(
    server: ssl.SSLContext,
    client: ssl.SSLContext,
    *,
    host: str | None = "localhost",
    session: ssl.SSLSession | None = None,
) -> Met:
    """Connect two contexts and pass a byte each way.

    Raises:
        ssl.SSLError: one side refused the other.
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    serving = server.wrap_bio(to_server, to_client, server_side=True)
    calling = client.wrap_bio(to_client, to_server, server_hostname=host, session=session)
    pending = [calling.do_handshake, serving.do_handshake]
    for _ in range(10):
        for step in tuple(pending):
            try:
                step()
                pending.remove(step)
            except ssl.SSLWantReadError:
                continue
    assert not pending, "the handshake did not end"
    calling.write(b"?")
    assert serving.read(1) == b"?"
    serving.write(b"!")
    assert calling.read(1) == b"!"  # TLS 1.3: here the client learns that it was refused
    cipher = calling.cipher()
    assert cipher is not None
    met = Met(
        version=calling.version(),
        cipher=cipher[0],
        client_certificate=serving.getpeercert(binary_form=True),
        server_certificate=calling.getpeercert(binary_form=True),
        resumed=serving.session_reused or False,
        session=calling.session,
    )
    for side in (calling, serving, calling):  # a session whose connection broke off is not kept
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLSyscallError):
            side.unwrap()
    return met
