"""``ven renew``: the next certificate, while the VEN runs or not."""

from datetime import UTC
from pathlib import Path

import click

from ven.bundle import BundleError, read
from ven.cli.base import config_option, debug_option
from ven.config import load
from ven.renewal import renew as put_in_place


@click.command()
@click.argument("bundle", metavar="BUNDLE", type=click.Path(path_type=Path, dir_okay=False))
@config_option
@debug_option
def renew(bundle: Path, config: Path, debug: bool) -> None:
    r"""Use the next certificate, from a BUNDLE of the operator of the VTN.

    The operator makes it with 'vtn ven renew NAME --issue --out BUNDLE'. Key and certificate
    take the place of those that ven.toml names, and an authority that is new is trusted
    beside those that are; the rest of ven.toml stays as it is. A VEN that runs goes on with
    the new ones by itself. The old files are kept, with .old behind their names.

    \b
    ven renew school-7-next.zip
    """
    settings = load(config)
    found = read(bundle)
    try:
        done = put_in_place(settings, bundle, found)
    except OSError as error:
        where = Path(error.filename) if error.filename else bundle
        raise BundleError(where, f"cannot be written: {error.strerror or error}") from None
    until = f"{done.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    click.echo(f"{settings.ven_name} uses a new certificate  fingerprint {done.fingerprint}")
    click.echo(f"It counts until {until}. The old files are kept as *.old.")
    if done.authorities:
        noun = "authority is" if done.authorities == 1 else "authorities are"
        click.echo(f"{done.authorities} more {noun} trusted.")
