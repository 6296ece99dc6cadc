"""``vtn init``: from nothing to a folder that ``vtn run`` can serve."""

import asyncio
from pathlib import Path

import click

from certs import Issued
from certs.options import passphrase
from vtn.cli.base import Command
from vtn.cli.present import day
from vtn.setup import Created, Plan, create
from vtn.setup.folder import LOCAL, PORT

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(cls=Command)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.option(
    "--name",
    "names",
    multiple=True,
    default=LOCAL,
    show_default=True,
    help="Host name or IP address by which VENs reach the VTN. Repeatable; the first is the "
    "one that VENs are told.",
)
@click.option("--vtn-id", help="How the VTN calls itself; the name of DIR if left out.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="To listen on."
)
@click.option("--rsa", is_flag=True, help="Also an RSA certificate, for VENs that speak RSA only.")
@click.option(
    "--passphrase-file",
    type=_FILE,
    help="Encrypt the key of the authority with the passphrase in a file. "
    "Or set OADR_CERTS_PASSPHRASE.",
)
@click.option(
    "--key-passphrase-file",
    type=_FILE,
    help="Encrypt the keys of the server; 'vtn run' reads the passphrase from this file.",
)
def init(
    folder: Path,
    names: tuple[str, ...],
    vtn_id: str | None,
    port: int,
    rsa: bool,
    passphrase_file: Path | None,
    key_passphrase_file: Path | None,
) -> None:
    r"""Create a folder with everything that a VTN needs.

    That is a configuration, a certificate authority for this programme, a server
    certificate and a database. Nothing that exists is overwritten.

    \b
    To try it on this machine:
      vtn init north-grid

    \b
    For VENs elsewhere:
      vtn init north-grid --name vtn.north-grid.example --name 10.0.0.5
    """
    plan = Plan(
        folder=folder,
        vtn_id=vtn_id or folder.resolve().name,
        names=names,
        port=port,
        rsa=rsa,
        passphrase=passphrase(passphrase_file),
        key_passphrase_file=key_passphrase_file,
        key_passphrase=passphrase(key_passphrase_file, environment=None),
    )
    _tell(plan, asyncio.run(create(plan)))


def _tell(plan: Plan, created: Created) -> None:
    click.echo(f"Created {plan.folder}/")
    lines = {
        "vtn.toml": "configuration (edit me)",
        "ca/": "certificate authority of this programme: keep it safe",
        "vtn.crt .key": _certificate("server certificate", created.certificate),
    }
    if created.rsa_certificate is not None:
        lines["vtn-rsa.crt .key"] = _certificate("the same in RSA", created.rsa_certificate)
    lines["vtn.db"] = "database (SQLite)"
    width = max(len(name) for name in lines)
    for name, words in lines.items():
        click.echo(f"  {name:<{width}}  {words}")
    fingerprint = created.certificate.record.fingerprint
    click.echo(f"VTN fingerprint {fingerprint}    give it to the VENs that check it")
    click.echo(f"Next: cd {plan.folder}; vtn ven enrol NAME --issue --out NAME.zip")


def _certificate(what: str, issued: Issued) -> str:
    record = issued.record
    return f"{what} for {', '.join(record.hosts)} until {day(record.not_after)}"
