"""``vtn trace``: what was said between this VTN and its VENs."""

from contextlib import suppress
from typing import Any

import click

from runtime.capture.command import Asked, Source, options, run
from runtime.capture.reader import Who
from vtn.cli.base import Command
from vtn.cli.office import Office, at_work, settings
from vtn.config import trace_folder
from vtn.errors import NotFound
from vtn.operator.acting import find_ven
from vtn.store import StorageError, certificate


@click.command(cls=Command)
@click.option("--ven", metavar="NAME", help="Only of this VEN: name, venID or fingerprint.")
@options
def trace(ven: str | None, **asked: Any) -> None:
    r"""Show what was said, to and from each VEN, and what was wrong with it.

    Each message is held against the schema and the rules of the profile. Polls for which
    nothing waited are counted, not shown one by one. What is secret is left out. The trace
    is a folder beside the database and keeps its size; [trace] in vtn.toml says which.

    \b
    vtn trace --ven school-7
    vtn trace --ven school-7 --failed --since today
    vtn trace --ven school-7 --follow
    vtn trace --id 12.340
    vtn trace --ven school-7 --since now-1h --export school-7.oadr-trace.json
    """
    given = settings()
    who, unknown = _who(ven) if ven else (None, "")
    source = Source(
        folder=trace_folder(given),
        side="VTN",
        name=given.vtn_id,
        now=given.clock.clock().now(),
        who=who,
        unknown=unknown,
    )
    with suppress(KeyboardInterrupt):
        run(source, Asked(**asked))


def _who(name: str) -> tuple[Who, str]:
    """Returns the VEN with what the database knows, and what to say if there is none.

    One that is not enrolled may be traced all the same.
    """
    unknown = ""
    try:
        found = at_work(lambda office: _names(office, name))
        return Who(names=found | {name}, enrolled=True), ""
    except NotFound as error:
        unknown = f"{error}; nobody in the trace is called so either"
    except StorageError:
        pass
    return Who(names=frozenset({name})), unknown


async def _names(office: Office, name: str) -> frozenset[str]:
    async with office.store.read() as tx:
        row = await find_ven(tx, name)
        held = await certificate.for_party(tx, party_pk=row.pk)
    return frozenset({row.ven_id, row.ven_name, *(one.fingerprint for one in held)} - {""})
