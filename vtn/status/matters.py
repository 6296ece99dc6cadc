"""What deserves attention, the most urgent first, each with what to do."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

from oadr.enums import ResponseRequired
from vtn import presence
from vtn.explain.words import ago, at, command, counted, rough, some, times
from vtn.services.late import late_since
from vtn.status.disk import in_bytes
from vtn.status.matter import Matter
from vtn.status.state import State
from vtn.store.event import StoredEvent
from vtn.store.party import Party
from vtn.store.refusal import Refusal

#: So many of one kind are told one by one.
MOST = 5
#: Less than this on the disk will not last.
SCARCE = 500_000_000
#: A write-ahead log as long as this is not being folded into the database.
LONG_LOG = 500_000_000


def matters(state: State) -> list[Matter]:
    """Returns what deserves attention, the most urgent first."""
    kinds = (
        _process,
        _database,
        _events,
        _pushes,
        _offline,
        _certificates,
        _pending,
        _refusals,
        _reports,
    )
    return [matter for kind in kinds for matter in kind(state)]


def _process(state: State) -> Iterator[Matter]:
    if state.runs:
        return
    pulse = state.pulse
    if pulse is None:
        words = "no VTN runs on this database"
    elif pulse.pid is None:
        words = (
            f"no VTN runs on this database; the last one was stopped {ago(pulse.at, state.real)}"
        )
    else:
        words = "no VTN runs on this database; the last one gave its last sign of life "
        words += ago(pulse.at, state.real)
    todo = "vtn run"
    if pulse is not None and pulse.lingers:
        # A disk that is full, or a process that hangs: a second one would not help.
        words = (
            f"the VTN has given no sign of life for {rough(state.real - pulse.at)}, and there is "
        )
        words += f"a process of its number, {pulse.pid}"
        todo = "look into its log, and at its disk; if that is another program: vtn run"
    yield Matter(about="VTN", words=words, todo=todo)


def _database(state: State) -> Iterator[Matter]:
    disk = state.disk
    if disk.free < SCARCE:
        words = f"{in_bytes(disk.free)} are left on the disk of the database, "
        words += f"which takes {in_bytes(disk.size + disk.log)}"
        yield Matter(about="database", words=words, todo="free space on that disk")
    if disk.log > LONG_LOG:
        words = f"its write-ahead log has {in_bytes(disk.log)}: somebody has been reading for long"
        todo = "end what reads the database, such as an export; else restart the VTN"
        yield Matter(about="database", words=words, todo=todo)


def _events(state: State) -> Iterator[Matter]:
    """Tells of events that VENs should have acknowledged by now, the next to start first."""
    vens = {ven.pk: ven for ven in state.vens}
    late: defaultdict[int, list[str]] = defaultdict(list)
    for one in state.unanswered:
        ven = vens.get(one.party_pk)
        if ven is None or presence.locked_out(state.settings, ven):
            continue
        if state.now - one.since > _patience(state, ven):
            late[one.event_pk].append(ven.ven_name)
    found = [one for one in state.events if late[one.pk] and _wants_answer(one)]
    for stored in found[:MOST]:
        names = late[stored.pk]
        of_all = f"{len(names)} of {counted(state.recipients.get(stored.pk, len(names)), 'VEN')}"
        verb = "has" if len(names) == 1 else "have"
        words = (
            f"{stored.event_id} {_start(state, stored)}, and {of_all} {verb} not acknowledged it"
        )
        todo = command("vtn", "event", "show", stored.event_id)
        yield Matter(about="event", words=f"{words}: {some(names)}", todo=todo)
    if len(found) > MOST:
        words = f"{counted(len(found) - MOST, 'more event')} not acknowledged by all VENs"
        yield Matter(about="events", words=words, todo="vtn event list")


def _patience(state: State, ven: Party) -> timedelta:
    interval = presence.poll_interval(state.settings, ven)
    return interval * (state.settings.registration.offline_after + 0.5)


def _wants_answer(stored: StoredEvent) -> bool:
    return stored.event.response_required is ResponseRequired.ALWAYS


def _start(state: State, stored: StoredEvent) -> str:
    if stored.cancelled:
        return "is cancelled"
    start = stored.event.active_period.dtstart
    if start <= state.now:
        return f"began {ago(start, state.now)}"
    return f"starts {ago(start, state.now)} ({at(start, state.now)})"


def _pushes(state: State) -> Iterator[Matter]:
    failing = [
        (ven, pushed)
        for ven in state.vens
        if (pushed := state.pushes.get(ven.pk)) is not None
        and pushed.failing
        and not ven.pull
        and ven.state == "registered"
    ]
    if failing:
        first, pushed = max(failing, key=lambda one: one[1].failed_at or state.now)
        names = some(ven.ven_name for ven, _ in failing)
        words = f"{counted(len(failing), 'VEN')} out of reach: {names}; {pushed.failure}"
        yield Matter(about="push", words=words, todo=_explain(first.ven_name))


def _offline(state: State) -> Iterator[Matter]:
    """Tells of VENs that should poll and do not; while no VTN runs, nobody can."""
    registered = [ven for ven in state.vens if ven.state == "registered"]
    gone = [ven for ven in registered if ven.pull and not state.online(ven)]
    if not gone or not state.runs:
        return
    gone.sort(key=lambda ven: ven.last_seen or ven.enrolled_at, reverse=True)
    first = gone[0]
    since = f"{first.ven_name} since {at(first.last_seen, state.now)}" if first.last_seen else ""
    verb = "is" if len(gone) == 1 else "are"
    words = f"{len(gone)} of {counted(len(registered), 'VEN')} {verb} offline: "
    words += ", ".join(ven.ven_name if n or not since else since for n, ven in enumerate(gone[:3]))
    words += f" and {len(gone) - 3} more" if len(gone) > 3 else ""
    yield Matter(about="VENs", words=words, todo=_explain(first.ven_name))


def _explain(name: str) -> str:
    return command("vtn", "explain", "--ven", name)


def _certificates(state: State) -> Iterator[Matter]:
    for one in state.certificates[:MOST]:
        yield Matter(about="certificate", words=one.words, todo=one.todo)
    if len(state.certificates) > MOST:
        words = f"{len(state.certificates) - MOST} more end within 60 days"
        yield Matter(about="certificates", words=words, todo="vtn ven list")


def _pending(state: State) -> Iterator[Matter]:
    if not state.pending:
        return
    last = state.pending[0]
    verb = "has" if len(state.pending) == 1 else "have"
    who = last.ven_name or last.fingerprint or "somebody without a name"
    words = (
        f"{len(state.pending)} {verb} asked in vain, last {who} {ago(last.last_asked, state.now)}"
    )
    yield Matter(about="pending", words=f"{words}: {last.reason}", todo="vtn ven pending")


def _refusals(state: State) -> Iterator[Matter]:
    """Tells by rule what was refused lately; strangers are the business of ``_pending``."""
    names = {ven.pk: ven.ven_name for ven in state.vens}
    by_rule: defaultdict[str, list[tuple[str, Refusal]]] = defaultdict(list)
    for one in state.refusals:
        if one.party_pk is not None and one.party_pk in names:
            by_rule[one.rule or str(one.code or one.side)].append((names[one.party_pk], one))
    if not by_rule:
        return
    order = sorted(by_rule.items(), key=lambda item: -_count(item[1]))
    told = [f"{rule} {times(_count(of))} ({some({who for who, _ in of})})" for rule, of in order]
    words = f"in the last {rough(timedelta(hours=1))}: {', '.join(told[:MOST])}"
    words += f" and {len(told) - MOST} more rules" if len(told) > MOST else ""
    worst = max(order[0][1], key=lambda item: item[1].count)[0]
    yield Matter(about="refusals", words=words, todo=_explain(worst))


def _count(found: Sequence[tuple[str, Refusal]]) -> int:
    return sum(one.count for _, one in found)


def _reports(state: State) -> Iterator[Matter]:
    names = {ven.pk: ven.ven_name for ven in state.vens}
    late = [
        (since, row) for row in state.requests if (since := late_since(row, state.now)) is not None
    ]
    if not late:
        return
    since = min(moment for moment, _ in late)
    verb = "is" if len(late) == 1 else "are"
    who = some({names.get(row.party_pk, "?") for _, row in late})
    words = (
        f"{counted(len(late), 'report')} {verb} late, the first since {at(since, state.now)}: {who}"
    )
    yield Matter(about="reports", words=words, todo="vtn report list")
