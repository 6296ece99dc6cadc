"""Whether a VTN can be reached at all, before the first case."""

import ssl
from urllib.parse import urlsplit

import aiohttp
import click

from conformance.cli.base import Given, NothingTested
from conformance.peers import Identity
from conformance.peers.peer import join
from runtime.logs import one_line

#: Real seconds.
PATIENCE = 10.0


def check_url(url: str, given: Given) -> None:
    """Finds what is wrong with an address as it is written.

    Raises:
        click.UsageError: it is none, or does not go with the other options.
    """
    scheme = ""
    try:
        parts = urlsplit(url)
        scheme = parts.scheme
        usable = scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        example = "https://10.0.0.5:8443/OpenADR2/Simple/2.0b"
        raise click.UsageError(f"{url!r} is no address of a VTN, such as {example}.")
    if scheme == "https" and given.bundle is None and given.cert is None:
        raise click.UsageError(
            "A VTN on https wants a certificate of the kit: name --bundle, or --cert, --key, --ca."
        )


async def check_reached(url: str, identity: Identity) -> None:
    """Sends something harmless to a VTN: no XML, that no VTN can take for a message.

    Raises:
        NothingTested: nothing comes back, or there is nothing at that path.
    """
    where = join(url, "EiRegisterParty")
    tls = identity.client_tls
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                where,
                data=b"",
                ssl=True if tls is None else tls,
                timeout=aiohttp.ClientTimeout(total=PATIENCE),
                allow_redirects=False,
            ) as answer,
        ):
            await answer.content.read(1)
            status = answer.status
    except TimeoutError:
        raise NothingTested(f"{url}: no answer within {PATIENCE:g} s.") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise NothingTested(f"{url}: {_words(error, secured=where.startswith('https'))}") from None
    if status == 404:
        raise NothingTested(f"{url}: there is no VTN: {where} answers with HTTP 404.")


def _words(error: Exception, *, secured: bool) -> str:
    """Returns why a connection failed, and what to do."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"there is no host {one_line(error.host)}."
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _of_certificate(error.certificate_error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error)
    if isinstance(error, ConnectionRefusedError) or _refused(error):
        return "nothing listens there; is the VTN running?"
    said = one_line(str(error) or type(error).__name__)
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return f"the TLS handshake failed: {said}. Is it https, and does it know the kit's bundle?"
    if secured:
        # In TLS 1.3 a server says only after the handshake that it does not want a certificate.
        return f"it ended the connection ({said}). Does it know the certificate of the kit?"
    return f"it does not answer as HTTP does ({said}). Does it want https?"


def _refused(error: Exception) -> bool:
    inner = getattr(error, "os_error", None)
    return isinstance(inner, ConnectionRefusedError)


def _of_certificate(error: Exception) -> str:
    said = one_line(getattr(error, "verify_message", "") or str(error))
    return (
        f"its certificate is not accepted: {said}. "
        "Is it of the authority in the bundle, and does it name this host?"
    )
