"""A folder with everything that a VTN needs, made once."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from certs import Authority, Issued, KeyType
from certs.errors import FileExistsAlreadyError
from certs.files import write_new
from certs.subject import check_common_name, general_name
from vtn.config import PATH
from vtn.setup.template import Values, render
from vtn.store import Store

#: Names of a VTN that is tried out on one machine.
LOCAL = ("localhost", "127.0.0.1")
PORT = 8443


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be made.

    Attributes:
        folder: new, or without any file of ours.
        vtn_id: how the VTN calls itself.
        names: host names and IP addresses by which VENs reach it; the first is that of
            the URL that they are given.
        port: where it listens.
        rsa: also make an RSA certificate, for VENs that speak RSA only.
        passphrase: encrypts the key of the authority.
        key_passphrase_file: file whose first line encrypts the keys of the server.
        key_passphrase: that line.
    """

    folder: Path
    vtn_id: str
    names: tuple[str, ...] = LOCAL
    port: int = PORT
    rsa: bool = False
    passphrase: str | None = field(default=None, repr=False)
    key_passphrase_file: Path | None = None
    key_passphrase: str | None = field(default=None, repr=False)

    @property
    def authority_name(self) -> str:
        """Common name of the authority."""
        return f"{self.vtn_id} CA"

    @property
    def public_url(self) -> str:
        """Where VENs reach the VTN."""
        return f"https://{host_in_url(self.names[0])}:{self.port}{PATH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What was made.

    Attributes:
        config: vtn.toml.
        certificate: of the server.
        rsa_certificate: its second one, if there is one.
    """

    config: Path
    certificate: Issued
    rsa_certificate: Issued | None


async def create(plan: Plan) -> Created:
    """Makes the folder: configuration, authority, certificates, database.

    Raises:
        FileExistsAlreadyError: something of it is there already; nothing is overwritten.
        CertsError: a name cannot stand in a certificate.
    """
    _check(plan)
    folder = plan.folder
    folder.mkdir(parents=True, exist_ok=True)
    authority = Authority.create(folder / "ca", plan.authority_name, passphrase=plan.passphrase)
    certificate = _issue(authority, plan, KeyType.EC, "vtn")
    rsa = _issue(authority, plan, KeyType.RSA, "vtn-rsa") if plan.rsa else None
    store = await Store.open(folder / "vtn.db")
    await store.close()
    # The configuration comes last: with it the folder is complete.
    config = folder / "vtn.toml"
    write_new(config, render(_values(plan)).encode())
    return Created(config=config, certificate=certificate, rsa_certificate=rsa)


def host_in_url(name: str) -> str:
    """Returns a host name or address as it stands in a URL."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    return f"[{address}]" if address.version == 6 else str(address)


def _check(plan: Plan) -> None:
    """Finds fault before anything is made."""
    for name in ("vtn.toml", "ca", "vtn.crt", "vtn.key", "vtn-rsa.crt", "vtn-rsa.key", "vtn.db"):
        if (plan.folder / name).exists():
            raise FileExistsAlreadyError(plan.folder / name)
    check_common_name(plan.authority_name)
    for host in plan.names:
        general_name(host)
    check_common_name(plan.names[0])


def _issue(authority: Authority, plan: Plan, key_type: KeyType, stem: str) -> Issued:
    issued = authority.issue_vtn(plan.names, key_type=key_type)
    issued.save(plan.folder / f"{stem}.crt", plan.folder / f"{stem}.key", plan.key_passphrase)
    return issued


def _values(plan: Plan) -> Values:
    secret = plan.key_passphrase_file
    return Values(
        vtn_id=plan.vtn_id,
        market_context=f"http://{host_in_url(plan.names[0])}/default",
        port=plan.port,
        public_url=plan.public_url,
        rsa=plan.rsa,
        key_passphrase_file=None if secret is None else secret.resolve(),
    )
