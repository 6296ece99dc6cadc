"""What a VEN is given: a zip with its key, its certificate, the CA and a ven.toml."""

import io
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from certs import Issued, fingerprints
from certs.build import alternative_names, common_name
from certs.files import PRIVATE_MODE, PUBLIC_MODE, load_certificates, read
from oadr.enums import ProfileName
from runtime.durations import in_words
from runtime.settings import ConfigError
from vtn import paths
from vtn.config import Settings
from vtn.setup.folder import host_in_url
from vtn.setup.template import quoted

_TOML = """\
# Configuration of a VEN. Paths are relative to this file.

ven_name = {ven_name}
ven_id = {ven_id}
vtn_url = {vtn_url}
{resources}
[tls]
certificate = "ven.crt"
key = "ven.key"
ca = "ca.crt"
{passphrase}{fingerprint}{signatures}
[state]
path = "ven.db"
"""

_TEXT_A = """\
For the configuration of a VEN of OpenADR 2.0a. Nothing of it is exchanged by messages:
whoever has this key takes part.

venID        {ven_id}
vtnID        {vtn_id}
EiEvent at   {url}
TLS          1.2 or later; the VEN proves itself with ven.crt and its key ven.key{passphrase}
CA           ca.crt, of the VTN's certificate{fingerprint}
Resources    {resources}

The VEN asks for its events with oadrRequestEvent every {every}, and answers
them with oadrCreatedEvent, both at that address.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Whom a bundle is for.

    Attributes:
        ven_name: its name.
        ven_id: allocated to it.
        resources: behind it.
        signs: whether the VTN takes its messages only if they are signed.
        profile: that it speaks; one of 2.0a is configured by hand.
        poll_interval: how often one of 2.0a asks for its events; None as all others poll.
        issued: its certificate and key.
        key_passphrase: encrypts the key in the bundle.
    """

    ven_name: str
    ven_id: str
    resources: tuple[str, ...] = ()
    signs: bool = False
    profile: ProfileName = ProfileName.B
    poll_interval: timedelta | None = None
    issued: Issued
    key_passphrase: str | None = field(default=None, repr=False)


def bundle(settings: Settings, handover: Handover) -> bytes:
    """Returns the content of the zip.

    Raises:
        CertsError: a certificate of the VTN cannot be read.
        ConfigError: nothing says where VENs reach the VTN.
    """
    if settings.tls.ca is None:
        raise ConfigError("is needed for a bundle", key="tls.ca")
    key = handover.issued.key_pem(handover.key_passphrase)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        at = handover.issued.record.issued_at
        if key is not None:
            _add(file, "ven.key", key, PRIVATE_MODE, at)
        _add(file, "ven.crt", handover.issued.certificate_pem, PUBLIC_MODE, at)
        _add(file, "ca.crt", read(settings.tls.ca, "a CA certificate"), PUBLIC_MODE, at)
        if handover.profile is ProfileName.A:
            _add(file, "ven.txt", text_a(settings, handover).encode(), PUBLIC_MODE, at)
        else:
            _add(file, "ven.toml", ven_toml(settings, handover).encode(), PUBLIC_MODE, at)
    return content.getvalue()


def ven_toml(settings: Settings, handover: Handover) -> str:
    """Returns the text of the VEN's configuration."""
    resources = ", ".join(quoted(one) for one in handover.resources)
    encrypted = handover.key_passphrase is not None
    return _TOML.format(
        ven_name=quoted(handover.ven_name),
        ven_id=quoted(handover.ven_id),
        vtn_url=quoted(public_url(settings)),
        resources=f"resources = [{resources}]\n" if resources else "",
        passphrase='passphrase_file = "ven.pass"   # put the passphrase of ven.key into it\n'
        if encrypted
        else "",
        fingerprint=_fingerprint(settings),
        signatures="\n[signatures]\nsign = true   # the VTN demands it\n" if handover.signs else "",
    )


def text_a(settings: Settings, handover: Handover) -> str:
    """Returns what somebody has to know who configures a VEN of 2.0a (section 3.7)."""
    encrypted = handover.key_passphrase is not None
    own = _own_fingerprint(settings)
    return _TEXT_A.format(
        ven_id=handover.ven_id,
        vtn_id=settings.vtn_id,
        url=url_a(settings),
        resources=", ".join(handover.resources) or "-",
        passphrase=", which is encrypted" if encrypted else "",
        fingerprint=f", with the fingerprint {own}" if own else "",
        every=in_words(handover.poll_interval or settings.registration.poll_interval),
    )


def url_a(settings: Settings) -> str:
    """Returns where VENs of 2.0a reach the VTN; less than a URL where that is not known.

    Raises:
        ConfigError: 2.0a is not served.
    """
    path = paths.of_profile_a(settings.http.path_prefix)
    if path is None:
        raise ConfigError("must end in /2.0b, so that 2.0a has its address", key="http.path_prefix")
    try:
        return paths.of_profile_a(public_url(settings)) or path
    except ConfigError:
        return path


def public_url(settings: Settings) -> str:
    """Returns where VENs reach the VTN.

    That is ``[http] public_url``; without it, the first name in the server's certificate.

    Raises:
        ConfigError: neither is there.
        CertsError: the certificate cannot be read.
    """
    http = settings.http
    if http.public_url:
        return http.public_url
    if settings.tls.certificate is None:
        raise ConfigError("is needed to tell VENs where the VTN is", key="http.public_url")
    certificate = load_certificates(settings.tls.certificate)[0]
    names = alternative_names(certificate)
    if not names:
        raise ConfigError("is needed: the certificate has no host name", key="http.public_url")
    first = common_name(certificate)
    name = first if first in names else names[0]
    return f"https://{host_in_url(name)}:{http.port}{http.path_prefix.rstrip('/')}"


def _fingerprint(settings: Settings) -> str:
    """Returns the pin as a comment: pinned VENs would refuse the VTN's next certificate."""
    own = _own_fingerprint(settings)
    return f'# vtn_fingerprint = "{own}"   # take no other certificate\n' if own else ""


def _own_fingerprint(settings: Settings) -> str:
    if settings.tls.certificate is None:
        return ""
    return fingerprints(load_certificates(settings.tls.certificate)[0]).openadr


def _add(file: zipfile.ZipFile, name: str, content: bytes, mode: int, at: datetime) -> None:
    entry = zipfile.ZipInfo(name, date_time=at.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    # The upper half are the Unix permissions, and that it is a plain file.
    entry.external_attr = (0o100000 | mode) << 16
    file.writestr(entry, content)
