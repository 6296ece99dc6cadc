"""Options of ``vtn ven enrol`` that other commands share, or that come as a group."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin

import click

from oadr.enums import ProfileName
from vtn.cli.office import Office
from vtn.cli.params import DURATION

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, dir_okay=False)

#: ``--profile``, as an option of its own.
PROFILE = click.Choice([str(name) for name in reversed(ProfileName)])


def place_options(function: F) -> F:
    """Adds the options that say where a VEN belongs."""
    options = (
        click.option("--group", "groups", multiple=True, help="A group it is in. Repeatable."),
        click.option(
            "--resource", "resources", multiple=True, help="A resource ID behind it. Repeatable."
        ),
        click.option(
            "--market-context",
            "market_contexts",
            multiple=True,
            metavar="URI",
            help="A programme it takes part in, as URI or as a name beside the usual one; any if "
            "left out. Repeatable.",
        ),
        click.option(
            "--signatures",
            type=click.Choice(["required", "accepted", "ignored"]),
            help="Of its messages; as [signatures] says if left out.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def uris(office: Office, names: tuple[str, ...]) -> tuple[str, ...]:
    """Returns programmes as URIs; a mere name is one beside the usual programme."""
    return tuple(urljoin(office.settings.market_context, name) for name in names if name)


def profile_options(function: F) -> F:
    """Adds the options that say which profile a new VEN speaks."""
    options = (
        click.option(
            "--profile",
            type=PROFILE,
            default=str(ProfileName.B),
            show_default=True,
            help="That it speaks. In 2.0a nobody registers: it takes part at once.",
        ),
        click.option(
            "--push-address",
            metavar="URL",
            help="With --profile 2.0a: where it listens; if left out, it asks for its events.",
        ),
        click.option(
            "--poll-interval",
            type=DURATION,
            help="With --profile 2.0a: how often it asks for its events.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def source_options(function: F) -> F:
    """Adds the options that say where a certificate comes from."""
    options = (
        click.option("--issue", is_flag=True, help="Make a key and a certificate for it."),
        click.option(
            "--out", type=FILE, metavar="FILE.zip", help="With --issue: where the bundle goes."
        ),
        click.option("--rsa", is_flag=True, help="With --issue: an RSA key; else EC P-256."),
        click.option(
            "--key-passphrase-file",
            type=FILE,
            help="With --issue: encrypt the key in the bundle with the passphrase in a file.",
        ),
        click.option(
            "--passphrase-file",
            "ca_passphrase_file",
            type=FILE,
            help="File with the passphrase of the authority's key. Or set OADR_CERTS_PASSPHRASE.",
        ),
        click.option(
            "--fingerprint", metavar="FP", help="Of the certificate that it has: 20 or 64 digits."
        ),
        click.option("--certificate", type=FILE, help="The certificate that it has, PEM or DER."),
    )
    for option in reversed(options):
        function = option(function)
    return function
