"""What is not well with a VEN, the most urgent first, and what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from runtime.durations import as_typed
from ven.cli.picture import Picture
from ven.health import Refusal
from ven.health import in_words as clock_in_words
from ven.status import Status

#: Less than this on the disk will not last, in bytes.
SCARCE = 100_000_000
#: Reports that wait for so long do not wait for the next poll.
LONG = timedelta(minutes=15)
#: A refusal that is older, and has not come again, needs nobody any more.
RECENT = timedelta(days=1)
#: So many refusals, or meters, are told one by one.
MOST = 5
_TRACE = "ven trace --failed shows the messages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is not well.

    Attributes:
        about: such as ``"registration"``.
        what: how it is.
        todo: what to do.
    """

    about: str
    what: str
    todo: str


def problems(picture: Picture) -> list[Problem]:
    """Returns what is not well, the most urgent first."""
    status = picture.status
    if status is None:
        never = Problem(about="VEN", what="it has never run", todo="ven run")
        return [never, *_certificates(picture)]
    kinds = (
        _process(picture),
        _vtn(picture, status),
        _certificates(picture),
        _refusals(picture),
        _meters(picture),
        _reports(picture, status),
        _clock(picture),
        _disk(picture),
    )
    return [problem for kind in kinds for problem in kind]


def _process(picture: Picture) -> Iterator[Problem]:
    if not picture.running:
        yield Problem(about="VEN", what="it does not run", todo="ven run")


def _vtn(picture: Picture, status: Status) -> Iterator[Problem]:
    trouble = picture.health.trouble
    why = f": {trouble.words}" if trouble is not None else ""
    todo = "the log of ven run says why"
    if trouble is not None:
        todo = (
            "see whether this machine reaches vtn_url, and what oadr-certs doctor says of the "
            f"certificates; {_TRACE}"
        )
    if status.registration is None:
        refused = _open(picture, "oadrCreatePartyRegistration")
        if refused:
            yield _refusal(picture, refused[-1], what="it is not registered: ")
        else:
            yield Problem(about="registration", what=f"it is not registered{why}", todo=todo)
    elif picture.running and picture.silent:
        what = f"the VTN has not answered for a while{why}"
        yield Problem(about="VTN", what=what, todo=todo)


def _certificates(picture: Picture) -> Iterator[Problem]:
    for one in picture.certificates:
        if one.not_after is None:
            what = f"the certificate of {one.who} cannot be read in {one.path}"
            yield Problem(about="certificate", what=what, todo=f"oadr-certs show {one.path}")
    for warning in picture.expiring:
        yield Problem(about="certificate", what=warning.words, todo=warning.todo)


def _refusals(picture: Picture) -> Iterator[Problem]:
    unregistered = picture.status is not None and picture.status.registration is None
    found = [
        one
        for one in _open(picture)
        if not (unregistered and one.message == "oadrCreatePartyRegistration")
    ]
    for one in found[-MOST:]:
        yield _refusal(picture, one)
    if len(found) > MOST:
        what = f"{len(found) - MOST} more messages were refused"
        yield Problem(about="refused", what=what, todo="ven trace --failed")


def _open(picture: Picture, message: str = "") -> list[Refusal]:
    """Returns what the VTN did not take lately, and has not taken since."""
    return [
        one
        for one in picture.health.refusals.values()
        if not one.over and picture.now - one.last <= RECENT and message in ("", one.message)
    ]


def _refusal(picture: Picture, one: Refusal, what: str = "") -> Problem:
    times = "" if one.count == 1 else f" {one.count} times"
    rule = f" ({one.rule})" if one.rule and one.rule not in one.words else ""
    words = f"{what}{one.message} was refused{times}, last {_at(one.last)}, {one.code}{rule}"
    if one.code == "unreadable":
        words = f"{what}an answer to {one.message} cannot be used, last {_at(one.last)}"
    if one.words:
        words += f": {one.words}"
    return Problem(about="refused", what=words, todo=_todo(picture, one))


def _todo(picture: Picture, one: Refusal) -> str:
    settings = picture.settings
    who = settings.ven_id or settings.ven_name
    if one.code in ("463", "HTTP 403"):
        return f"ask the operator of the VTN to enrol {who} with the certificate of this VEN"
    if one.code == "452" and settings.vtn.pre_provisioned:
        return f"ask the operator of the VTN to enter the venID {settings.ven_id}"
    if one.code == "unreadable" and "set vtn.profile" in one.words:
        return f"{one.words.rpartition('set ')[2]} in [vtn] of ven.toml lets it be mended"
    if one.code == "HTTP 404" and one.message == "oadrCreatePartyRegistration":
        return "see whether vtn_url is right; if the VTN has no EiRegisterParty: " + (
            "pre_provisioned = true in [vtn]"
        )
    return f"{_TRACE}; ask the operator of the VTN"


def _meters(picture: Picture) -> Iterator[Problem]:
    if not picture.running:
        return
    failing = picture.health.meters
    for name, fault in list(failing.items())[:MOST]:
        what = f"meter {name} fails since {_at(fault.since)}: {fault.words}"
        yield Problem(about="meter", what=what, todo=f"see to what meter {name} reads")
    for line in picture.meters:
        if line.late and line.r_id not in failing:
            newest = "there is none" if line.reading is None else f"is of {_at(line.reading.start)}"
            what = f"meter {line.r_id} is late: its newest reading {newest}"
            yield Problem(about="meter", what=what, todo=f"see to what meter {line.r_id} reads")


def _reports(picture: Picture, status: Status) -> Iterator[Problem]:
    since = status.waiting_since
    long = LONG * picture.settings.clock.factor
    if since is not None and picture.now - since > long:
        what = f"{_reports_of(status.waiting)} for the VTN, the oldest since {_at(since)}"
        todo = f"nothing is lost; they go out when the VTN takes them. {_TRACE}"
        yield Problem(about="reports", what=what, todo=todo)
    if status.parked:
        what = f"{status.parked} reports were refused by the VTN for good"
        if status.parked_for:
            what += f", the last because {status.parked_for}"
        todo = "ask the operator of the VTN what is wrong with them; they are kept in the state"
        yield Problem(about="reports", what=what, todo=todo)


def _reports_of(count: int) -> str:
    return "1 report waits" if count == 1 else f"{count} reports wait"


def _clock(picture: Picture) -> Iterator[Problem]:
    clock = picture.health.clock
    if clock is not None and clock.wrong:
        what = f"the clock of the VTN is {clock_in_words(clock)}: events start at another time"
        todo = "set the clock of this machine by NTP; if it is right, tell the operator of the VTN"
        yield Problem(about="clock", what=what, todo=todo)


def _disk(picture: Picture) -> Iterator[Problem]:
    disk = picture.disk
    if disk is not None and disk.free < SCARCE:
        what = f"{megabytes(disk.free)} are left on the disk of the state"
        yield Problem(about="disk", what=what, todo="free space on that disk")


def megabytes(count: int) -> str:
    """Returns a number of bytes for people."""
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def ago(span: timedelta) -> str:
    """Returns how long ago something was."""
    return f"{as_typed(max(span, timedelta(0)))} ago"


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
