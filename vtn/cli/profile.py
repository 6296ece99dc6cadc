"""Which profile a VEN speaks, on the command line."""

import click

from oadr.enums import ProfileName
from oadr.errors import ProtocolError
from vtn.cli.enrol import Place
from vtn.cli.office import Office
from vtn.setup import url_a
from vtn.store.party import Party


def check(office: Office, place: Place) -> None:
    """Finds what cannot be said of a VEN of its profile.

    Raises:
        click.UsageError: the text says what does not go together.
        ConfigError: this VTN has no address for 2.0a.
    """
    if place.profile is not ProfileName.A:
        if place.push_address is not None or place.poll_interval is not None:
            raise click.UsageError(
                "--push-address and --poll-interval go with --profile 2.0a; a VEN of 2.0b says "
                "where it listens when it registers, and is told how often to poll"
            )
        return
    url_a(office.settings)
    if (place.signatures or office.settings.signatures.policy) == "required":
        raise click.UsageError(
            "messages of 2.0a cannot be signed: give --signatures accepted, so that this VEN "
            "is let in without"
        )
    if place.push_address is not None:
        _check_address(office, place.push_address)


def _check_address(office: Office, address: str) -> None:
    # It takes what URLs are read with; no other command needs that.
    from vtn.dispatch.address import checked_address

    settings = office.settings
    try:
        checked_address(address, settings.push, secure=settings.tls.certificate is not None)
    except ProtocolError as error:
        words = error.description.removeprefix("oadrTransportAddress ")
        raise click.UsageError(f"--push-address: {words}") from error


def told(office: Office, row: Party) -> str:
    """Returns what a VEN of 2.0a has to be told, in a line."""
    if row.transport_address is not None:
        return f"Events are pushed to {row.transport_address}; vtnID {office.settings.vtn_id}"
    return f"It asks for its events at {url_a(office.settings)}; vtnID {office.settings.vtn_id}"
