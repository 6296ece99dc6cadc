"""What a VEN is given: a zip with its key, its certificate, the CA and a ven.toml."""

import io
import zipfile
from dataclasses import dataclass, field
from datetime import datetime

from certs import Issued, fingerprints
from certs.build import alternative_names, common_name
from certs.files import PRIVATE_MODE, PUBLIC_MODE, load_certificates, read
from runtime.settings import ConfigError
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Whom a bundle is for.

    Attributes:
        ven_name: its name.
        ven_id: allocated to it.
        resources: behind it.
        signs: whether the VTN takes its messages only if they are signed.
        issued: its certificate and key.
        key_passphrase: encrypts the key in the bundle.
    """

    ven_name: str
    ven_id: str
    resources: tuple[str, ...] = ()
    signs: bool = False
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
    if settings.tls.certificate is None:
        return ""
    own = fingerprints(load_certificates(settings.tls.certificate)[0]).openadr
    return f'# vtn_fingerprint = "{own}"   # take no other certificate\n'


def _add(file: zipfile.ZipFile, name: str, content: bytes, mode: int, at: datetime) -> None:
    entry = zipfile.ZipInfo(name, date_time=at.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    # The upper half are the Unix permissions, and that it is a plain file.
    entry.external_attr = (0o100000 | mode) << 16
    file.writestr(entry, content)
