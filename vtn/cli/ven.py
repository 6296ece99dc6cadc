"""``vtn ven``: who takes part."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import click

from certs.authority import OVERLAP
from oadr.enums import ProfileName
from vtn.cli import enrol as work
from vtn.cli import expiries, pushes, repairs, vens
from vtn.cli.base import Group
from vtn.cli.office import Office, at_work
from vtn.cli.params import DURATION
from vtn.cli.pending import approve, pending
from vtn.cli.present import (
    as_json,
    facts,
    json_option,
    listed,
    plural,
    span,
    table,
    utc,
    when,
)
from vtn.cli.profile import check as check_profile
from vtn.cli.profile import told
from vtn.cli.ven_options import (
    FILE,
    PROFILE,
    place_options,
    profile_options,
    source_options,
    uris,
)
from vtn.operator import Changes, find_ven
from vtn.store.party import Party

#: The latest so many are shown; --json has all that are kept.
_REFUSALS = 3


@click.group(cls=Group)
def ven() -> None:
    r"""Enrol, list, renew and revoke VENs.

    A VEN is enrolled by the operator and registers itself then. Wherever a command wants
    NAME, the venID does as well.

    \b
    vtn ven enrol school-7 --issue --group schools --out school-7.zip
    vtn ven enrol bakery --fingerprint 1D:44:F0:21:93:A8:5B:0C:77:07
    vtn ven list
    vtn ven pending
    vtn ven approve bakery
    vtn ven renew school-7 --overlap 30d --issue --out school-7-next.zip
    vtn ven revoke school-7
    """


@ven.command("enrol")
@click.argument("name")
@source_options
@click.option("--ven-id", help="The venID that it gets; made up if left out.")
@place_options
@profile_options
@json_option
def enrol(
    name: str,
    ven_id: str | None,
    groups: tuple[str, ...],
    resources: tuple[str, ...],
    market_contexts: tuple[str, ...],
    signatures: str | None,
    profile: str,
    push_address: str | None,
    poll_interval: timedelta | None,
    json_: bool,
    **source: Any,
) -> None:
    r"""Take a VEN in, before it registers.

    With --issue the authority of this VTN makes its key and certificate and puts them,
    with a ven.toml, into a zip that only you can read. The key is kept nowhere else.

    \b
    vtn ven enrol school-7 --issue --out school-7.zip --group schools
    vtn ven enrol bakery --certificate bakery.crt --resource oven-1 --resource oven-2
    vtn ven enrol mill --fingerprint 1D:44:F0:21:93:A8:5B:0C:77:07 --ven-id mill-2
    vtn ven enrol depot --profile 2.0a --poll-interval 5m --certificate depot.crt
    """
    wanted = work.Source(**source)
    wanted.check()

    async def act(office: Office) -> tuple[Party, str, str]:
        place = work.Place(
            ven_id=ven_id,
            groups=groups,
            resources=resources,
            market_contexts=uris(office, market_contexts),
            signatures=signatures,
            profile=ProfileName(profile),
            push_address=push_address,
            poll_interval=poll_interval,
        )
        check_profile(office, place)
        row, fingerprint = await work.enrol(office, name, place, wanted)
        older = row.profile is ProfileName.A
        return row, fingerprint, told(office, row) if older else ""

    row, fingerprint, words = at_work(act, create=True)
    if json_:
        shown = {"ven": row.ven_name, "ven_id": row.ven_id, "profile": row.profile}
        as_json(shown | {"fingerprint": fingerprint or None})
        return
    proof = f"  fingerprint {fingerprint}" if fingerprint else ""
    click.echo(f"Enrolled {row.ven_name} as venID {row.ven_id}{proof}")
    if words:
        click.echo(words)
    if wanted.out is not None:
        file = "ven.txt" if words else "ven.toml"
        click.echo(
            f"{wanted.out} holds its key, certificate, the CA and a {file}. "
            "It is not kept here: hand it over safely."
        )
    elif not fingerprint:
        click.echo(f"Next: vtn ven renew {name} --fingerprint FP, once you know its certificate")


@ven.command()
@click.argument("name")
@click.option(
    "--overlap",
    type=DURATION,
    default=OVERLAP,
    show_default=span(OVERLAP),
    help="How long certificates that it has are still accepted.",
)
@source_options
@json_option
def renew(name: str, overlap: timedelta, json_: bool, **source: Any) -> None:
    r"""Give a VEN its next certificate; for a while the old and the new one count.

    \b
    vtn ven renew school-7 --overlap 30d --issue --out school-7-next.zip
    vtn ven renew bakery --certificate bakery-2.crt
    """
    wanted = work.Source(**source)
    wanted.check()

    async def act(office: Office) -> tuple[work.Proof, datetime | None]:
        proof = await work.renew(office, name, overlap, wanted)
        return proof, await vens.others_until(office, name, proof.fingerprint)

    proof, until = at_work(act)
    if json_:
        as_json({"ven": name, "fingerprint": proof.fingerprint, "overlap_until": until})
        return
    click.echo(f"{name} has a new certificate  fingerprint {proof.fingerprint}")
    click.echo(
        f"The old one is accepted until {utc(until)}."
        if until
        else "It is the only one that counts."
    )
    if wanted.out is not None:
        click.echo(f"{wanted.out} holds the new key. It is not kept here: hand it over safely.")


@ven.command("list")
@click.option("--group", help="Only those in this group.")
@json_option
def list_(group: str | None, json_: bool) -> None:
    """List the VENs that are enrolled."""
    rows = at_work(vens.everybody)
    chosen = [row for row in rows if group is None or group in row["groups"]]
    if json_:
        as_json(chosen)
        return
    if not chosen:
        click.echo("none" if group else "none; enrol one: vtn ven enrol NAME --issue --out FILE")
        return
    columns = ("VEN", "venID", "state", "last seen (UTC)", "groups", "certificate until")
    table(
        columns,
        (
            (
                row["ven"],
                row["ven_id"],
                _state(row),
                when(row["last_seen"]),
                listed(row["groups"]),
                expiries.until(row["certificate_until"])
                if row["fingerprints"]
                else "no certificate",
            )
            for row in chosen
        ),
    )


def _state(row: dict[str, Any]) -> str:
    state = ("online" if row["online"] else row["state"]) + pushes.mark(row["push"])
    return state if row["profile"] == ProfileName.B else f"{state}, {row['profile']}"


@ven.command()
@click.argument("name")
@json_option
def show(name: str, json_: bool) -> None:
    """Show all that is known of a VEN."""
    found = at_work(lambda office: vens.everything(office, name))
    if json_:
        as_json(found)
        return
    facts(
        {
            "VEN": found["ven"],
            "venID": found["ven_id"],
            "profile": f"{found['profile']}{', Report Only' if found['report_only'] else ''}",
            "state": "registered, online" if found["online"] else found["state"],
            "registration": found["registration_id"] or "-",
            "registered": utc(found["registered_at"]),
            "last seen": utc(found["last_seen"]),
            **_reached(found),
            "signatures": found["signatures"],
            "peer": found["peer"],
            "groups": listed(found["groups"]),
            "resources": listed(found["resources"]),
            "programmes": listed(found["market_contexts"]) if found["market_contexts"] else "any",
            "open events": found["open_events"],
            "opt schedules": found["opt_schedules"],
            "reports": found["reports"],
        },
        *_lines(found),
    )


def _lines(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields what there may be several of."""
    for one in found["schedules"]:
        what = f"{one['opt']} {one['state']}  {one['when']}  {one['what']}"
        yield "schedule", f"{one['opt_id']}  {what} ({one['reason']})"
    for one in found["refusals"][:_REFUSALS]:
        yield "last refusal", one["in_words"]
    for one in found["given_up"]:
        yield "given up", f"{one['message']}  {utc(one['at'])}  {one['reason']}"
    for one in found["repairs"]:
        yield "repaired", repairs.in_words(one)
    for proof in found["certificates"]:
        yield "certificate", f"{proof['fingerprint']}  {expiries.worth(proof)}"


def _reached(found: dict[str, Any]) -> dict[str, str]:
    """Returns how messages get to a VEN."""
    if found["push"] is None:
        return {"poll every": span(found["poll_interval"])}
    return pushes.facts_of(found["push"])


@ven.command("set")
@click.argument("name")
@click.option("--name", "ven_name", help="A new name.")
@click.option(
    "--group", "groups", multiple=True, help="All groups that it is in; '' for none. Repeatable."
)
@click.option("--add-group", multiple=True, help="One more group. Repeatable.")
@click.option("--remove-group", multiple=True, help="One group less. Repeatable.")
@click.option(
    "--resource", "resources", multiple=True, help="All its resources; '' for none. Repeatable."
)
@click.option(
    "--market-context",
    "market_contexts",
    multiple=True,
    metavar="URI",
    help="All its programmes; '' for any. Repeatable.",
)
@click.option(
    "--signatures",
    type=click.Choice(["required", "accepted", "ignored", "default"]),
    help="Of its messages; default is as [signatures] says.",
)
@click.option(
    "--peer",
    type=click.Choice(["strict", "repair", "lenient", "default"]),
    help="How much is put up with from it; default is as [peers] says.",
)
@click.option("--profile", type=PROFILE, help="That it speaks; its registration ends.")
@json_option
def set_(
    name: str,
    ven_name: str | None,
    groups: tuple[str, ...],
    add_group: tuple[str, ...],
    remove_group: tuple[str, ...],
    resources: tuple[str, ...],
    market_contexts: tuple[str, ...],
    signatures: Literal["required", "accepted", "ignored", "default"] | None,
    peer: Literal["strict", "repair", "lenient", "default"] | None,
    profile: str | None,
    json_: bool,
) -> None:
    r"""Change what is known of a VEN; what is not named stays.

    \b
    vtn ven set school-7 --add-group pilots
    vtn ven set school-7 --group schools --group north
    vtn ven set bakery --signatures required
    vtn ven set mill --peer repair
    """
    given = (ven_name, groups, add_group, remove_group, resources, market_contexts, signatures)
    if not any(given) and peer is None and profile is None:
        raise click.UsageError("nothing to change; see vtn ven set --help")

    async def act(office: Office) -> dict[str, Any]:
        async with office.store.read() as tx:
            row = await find_ven(tx, name)
        wanted = frozenset(groups) if groups else row.groups
        wanted = (wanted | frozenset(add_group)) - frozenset(remove_group) - {""}
        changes = Changes(
            ven_name=ven_name,
            groups=wanted if groups or add_group or remove_group else None,
            resources=frozenset(resources) - {""} if resources else None,
            market_contexts=frozenset(uris(office, market_contexts)) if market_contexts else None,
            signature_policy=signatures,
            peer=peer,
            profile=ProfileName(profile) if profile else None,
        )
        return vens.summary(office, await office.operator.change(name, changes, now=office.now))

    row = at_work(act)
    if json_:
        as_json(row)
        return
    click.echo(
        f"{row['ven']}: groups {listed(row['groups'])}; resources {listed(row['resources'])}; "
        f"programmes {listed(row['market_contexts'])}; signatures {row['signatures']}; "
        f"peer {row['peer']}"
    )


@ven.command()
@click.argument("name")
@click.option(
    "--passphrase-file",
    type=FILE,
    help="File with the passphrase of the authority's key. Or set OADR_CERTS_PASSPHRASE.",
)
def revoke(name: str, passphrase_file: Path | None) -> None:
    """Lock a VEN out: its registration and all its certificates end at once.

    If the authority of this VTN issued them, they go on its revocation list too, and
    other servers of the programme refuse them.
    """

    async def act(office: Office) -> tuple[tuple[str, ...], int | None]:
        async with office.store.read() as tx:
            row = await find_ven(tx, name)
        # First here: this VTN must not let it in whatever the authority says.
        ended = await office.operator.revoke(name, now=office.now)
        return ended, await work.revoke_at_authority(office, row, passphrase_file)

    ended, listed_ = at_work(act)
    click.echo(f"{name} is locked out; {plural(len(ended), 'certificate')} ended.")
    if listed_ is None:
        click.echo(f"The authority is kept elsewhere: run there oadr-certs revoke {name}")


@ven.command()
@click.argument("name")
def reregister(name: str) -> None:
    """Ask a VEN to register again at its next poll."""
    at_work(lambda office: office.operator.request_reregistration(name, now=office.now))
    click.echo(f"{name} is asked to register again at its next poll.")


@ven.command()
@click.argument("name")
def cancel(name: str) -> None:
    """End the registration of a VEN; it stays enrolled and may register again.

    To lock it out, revoke it.
    """
    at_work(lambda office: office.operator.cancel_registration(name, now=office.now))
    click.echo(f"{name} is told at its next poll that its registration ends.")


ven.add_command(pending)
ven.add_command(approve)

__all__ = ["ven"]
