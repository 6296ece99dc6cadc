"""``vtn ven pending`` and ``vtn ven approve``: who asks in vain, and letting it in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from certs.authority import OVERLAP
from vtn.cli import enrol as work
from vtn.cli import knockers
from vtn.cli.base import Command
from vtn.cli.office import Office, at_work
from vtn.cli.params import DURATION
from vtn.cli.present import as_json, facts, json_option, plural, span, when
from vtn.cli.profile import check as check_profile
from vtn.cli.ven_options import place_options, uris
from vtn.operator import pending as asking
from vtn.store import pending as rows
from vtn.store.party import Party
from vtn.store.pending import Pending


@click.command(cls=Command)
@click.argument("who", required=False, metavar="[NAME|FINGERPRINT]")
@click.option("-v", "--verbose", is_flag=True, help="Show all that is known of each.")
@click.option("--forget", is_flag=True, help="Forget it; it comes back if it asks again.")
@json_option
def pending(who: str | None, verbose: bool, forget: bool, json_: bool) -> None:
    r"""Show who asks in vain: registrations that failed, and VENs that are not enrolled.

    What a VEN calls itself proves nothing: what is proven, and approved, is its certificate.
    Compare the fingerprint with the one that its owner tells you. A running VTN writes down
    who has asked every 5 seconds.

    \b
    vtn ven pending
    vtn ven pending bakery
    vtn ven pending 1D:44:F0:21:93:A8:5B:0C:77:07 --forget
    """
    if forget and who is None:
        raise click.UsageError("say which one to forget: a name or a fingerprint")
    found = at_work(lambda office: _found(office, who, forget=forget))
    if json_:
        as_json([knockers.as_fields(row) for row in found])
    elif forget:
        click.echo(f"{plural(len(found), 'VEN')} forgotten; what asks again comes back.")
    elif not found:
        click.echo("nobody asks in vain")
    elif verbose or who is not None:
        knockers.show_each(found)
    else:
        knockers.show_all(found)


async def _found(office: Office, who: str | None, *, forget: bool) -> list[Pending]:
    async with office.store.read() as tx:
        everybody = await rows.everybody(tx)
    found = everybody if who is None else asking.matching(everybody, who)
    if forget:
        await office.operator.forget_pending(found, now=office.now)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What the command line says.

    Attributes:
        who: name, venID or fingerprint.
        name: that it shall have; None for the one that it has given.
        place: options that say where it belongs.
        overlap: how long former certificates count; None for a new VEN.
        dry_run: whether nothing is to be done.
        yes: whether nobody is asked.
        json_: whether programs read the answer.
    """

    who: str
    name: str | None
    place: dict[str, Any]
    overlap: timedelta | None
    dry_run: bool
    yes: bool
    json_: bool

    def check(self) -> None:
        """Finds options that do not go together.

        Raises:
            click.UsageError: the text says which.
        """
        if self.overlap is not None and any(self.place.values()):
            raise click.UsageError("--add-certificate adds a certificate and changes nothing else")
        if self.json_ and not (self.yes or self.dry_run):
            raise click.UsageError("--json asks nobody: give --yes or --dry-run")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What approving somebody comes to.

    Attributes:
        row: who asks in vain.
        name: that it gets, or that of the VEN that gets a certificate more.
        place: what it gets beside its certificate.
        doubts: what has to be said about it.
        overlap: how long former certificates count; None for a new VEN.
    """

    row: Pending
    name: str
    place: work.Place
    doubts: list[str]
    overlap: timedelta | None


@click.command(cls=Command)
@click.argument("who", metavar="NAME|FINGERPRINT")
@click.option("--name", help="What it is called from now on; as it calls itself if left out.")
@click.option("--ven-id", help="The venID that it gets; the one that it asks for if left out.")
@place_options
@click.option(
    "--add-certificate",
    is_flag=True,
    help="Add its certificate to the VEN of that name, which is enrolled already.",
)
@click.option(
    "--overlap",
    type=DURATION,
    help=f"With --add-certificate: how long the others still count; {span(OVERLAP)} if left out.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask; takes a fingerprint, not a name.")
@json_option
def approve(
    who: str,
    name: str | None,
    overlap: timedelta | None,
    add_certificate: bool,
    dry_run: bool,
    yes: bool,
    json_: bool,
    **place: Any,
) -> None:
    r"""Let somebody in who asks in vain: enrol it with all that is known of it.

    Name, venID, certificate and profile are filled in from what was refused; you see them
    before anything is done. The next attempt of the VEN succeeds; nobody has to restart
    anything.

    \b
    vtn ven approve bakery --group shops
    vtn ven approve 1D:44:F0:21:93:A8:5B:0C:77:07 --name bakery --yes
    vtn ven approve 1D:44:F0:21:93:A8:5B:0C:77:07 --name bakery --add-certificate
    """
    if overlap is not None and not add_certificate:
        raise click.UsageError("--overlap goes with --add-certificate")
    order = _Order(
        who=who,
        name=name,
        place=place,
        overlap=(overlap or OVERLAP) if add_certificate else None,
        dry_run=dry_run,
        yes=yes,
        json_=json_,
    )
    order.check()
    at_work(lambda office: _approve(office, order))


async def _approve(office: Office, order: _Order) -> None:
    async with office.store.read() as tx:
        row = asking.chosen(await rows.everybody(tx), order.who, order.name)
    if order.yes and row.fingerprint and asking.fingerprint_in(order.who) is None:
        # Somebody else may have come under that name since it was looked at.
        raise click.UsageError(
            f"a name alone proves nothing; with --yes say {asking.command(row)} --yes"
        )
    plan = await _plan(office, order, row)
    if not order.json_:
        _show(plan, office.now)
    if order.dry_run:
        _say_planned(plan, order)
        return
    if not order.yes:
        click.confirm(_question(plan), abort=True)
    await _do(office, plan, order.json_)


async def _plan(office: Office, order: _Order, row: Pending) -> _Plan:
    called = order.name or row.ven_name or knockers.common_name(row) or row.ven_id
    if not called:
        raise click.UsageError("it has given no name: say what it is called with --name")
    given = order.place
    place = work.Place(
        ven_id=given["ven_id"] or row.ven_id,
        groups=given["groups"],
        resources=given["resources"],
        market_contexts=uris(office, given["market_contexts"]),
        signatures=given["signatures"],
        profile=asking.profile_of(row),
    )
    check_profile(office, place)
    # Certificates live by the real time, whatever clock the programme runs on.
    now = datetime.now(UTC)
    async with office.store.read() as tx:
        if order.overlap is not None:
            doubts = await asking.check_further(tx, row, now=now)
        else:
            doubts = await asking.check(tx, row, name=called, ven_id=place.ven_id, now=now)
    return _Plan(row=row, name=called, place=place, doubts=doubts, overlap=order.overlap)


def _show(plan: _Plan, now: datetime) -> None:
    place, row = plan.place, plan.row
    if plan.overlap is not None:
        known = {"VEN": plan.name, "others count": f"until {when(now + plan.overlap)} UTC"}
    else:
        known = {
            "VEN": plan.name,
            "venID": place.ven_id or "a new one",
            "profile": str(place.profile),
            **knockers.place_facts(place),
        }
    facts(known | knockers.certificate_facts(row) | knockers.asked_facts(row))
    for doubt in plan.doubts:
        click.echo(f"Warning: {knockers.one_line(doubt)}.")


def _question(plan: _Plan) -> str:
    name = knockers.claimed(plan.name)
    if plan.overlap is not None:
        return f"Give {name} this certificate?"
    proof = "with this certificate" if plan.row.fingerprint else "without any certificate"
    return f"Enrol {name} {proof}?"


async def _do(office: Office, plan: _Plan, json_: bool) -> None:
    row = plan.row
    proof = work.Proof(
        fingerprint=row.fingerprint,
        subject=knockers.common_name(row) or row.subject,
        not_after=row.not_after,
    )
    if plan.overlap is not None:
        await office.operator.renew(
            plan.name,
            proof.fingerprint,
            now=office.now,
            overlap=plan.overlap,
            subject=proof.subject,
            not_after=proof.not_after,
        )
        _say_added(office, plan, json_)
        return
    enrolled = await work.enrol_as(
        office, plan.name, plan.place.ven_id, plan.place, proof, action="approve"
    )
    _say_enrolled(enrolled, plan, json_)


def _say_planned(plan: _Plan, order: _Order) -> None:
    if order.json_:
        as_json(knockers.planned(plan.row, plan.name, plan.place.ven_id, plan.doubts))
    else:
        click.echo("Nothing is changed.")


def _say_added(office: Office, plan: _Plan, json_: bool) -> None:
    until = office.now + (plan.overlap or timedelta())
    proof = plan.row.fingerprint
    if json_:
        as_json({"ven": plan.name, "fingerprint": proof, "overlap_until": until})
        return
    click.echo(f"{knockers.claimed(plan.name)} has a new certificate  fingerprint {proof}")


def _say_enrolled(row: Party, plan: _Plan, json_: bool) -> None:
    if json_:
        shown = {"ven": row.ven_name, "ven_id": row.ven_id, "profile": row.profile}
        proof = {"fingerprint": plan.row.fingerprint or None, "warnings": plan.doubts}
        as_json(shown | proof)
        return
    name = knockers.claimed(row.ven_name)
    click.echo(f"Enrolled {name} as venID {row.ven_id}. Its next attempt succeeds.")
