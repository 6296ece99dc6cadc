"""What cases about VTNs have in common: one message of each kind, and what became of it."""

from collections.abc import Iterator
from datetime import timedelta

from conformance.case import FOREVER, VtnTest
from conformance.checks.exchange import code_of
from conformance.checks.xml import duration
from conformance.peers import Received, Recorded
from oadr import messages as m
from oadr.enums import OptReason, OptType
from oadr.report import METADATA

_ZERO = timedelta(0)
_REFUSED = m.EiResponse(code=450, description="refused by the test", request_id="")


async def received(t: VtnTest, name: str) -> Received | None:
    """Returns the next message of a name that the VTN sends of its own accord.

    Args:
        t: the case.
        name: such as ``oadrCancelPartyRegistration``.

    Returns:
        The message; None if none came within two short whiles of the device.
    """
    return await t.in_time(t.ven.receive(name, FOREVER), units=2)


def poll_interval(t: VtnTest) -> timedelta:
    """Returns how often the VTN wants to be polled; 0 if it has not said so in this case."""
    for one in reversed(t.tape.recorded):
        element = None if one.answered is None else one.answered.element
        asked = duration(element, "oadr:oadrRequestedOadrPollFreq/xcal:duration")
        if asked:
            return asked
    return _ZERO


def answer_of(recorded: Recorded) -> str:
    """Returns what became of a request in words, such as ``"oadrResponse 452"``."""
    answered = recorded.answered
    if answered is not None:
        return f"{recorded.title} {code_of(answered)}".rstrip()
    return f"{recorded.title} {recorded.problem}".rstrip()


def taken(recorded: Recorded) -> bool:
    """Whether a request was answered with success."""
    return code_of(recorded.answered) == "200"


def refused(recorded: Recorded, *codes: str) -> bool:
    """Whether a request was refused: with one of these codes, or by HTTP alone (R517).

    Args:
        recorded: the exchange.
        codes: that a message may refuse with; any of 4xx if there are none.
    """
    if recorded.status is None or recorded.answered is None:
        return recorded.status is not None and 400 <= recorded.status < 500
    code = code_of(recorded.answered)
    return code in codes if codes else code.startswith("4")


def unanswered(recorded: Recorded) -> bool:
    """Whether a request was not answered: by nothing at all, or by an empty HTTP 200."""
    return recorded.status is None or (recorded.status == 200 and recorded.answered is None)


def turned_away(t: VtnTest, recorded: Recorded, *codes: str) -> bool:
    """Whether a request of somebody unknown was refused, or not answered, as he may be.

    Without TLS the venID is all that a VTN knows of a VEN: to one that it has not given it
    may say what it says to somebody who is not registered, or nothing.

    Args:
        t: the case.
        recorded: the exchange.
        codes: that a message may refuse with; any of 4xx if there are none.
    """
    known = t.ven.identity.client_tls is not None
    return refused(recorded, *codes) or (not known and unanswered(recorded))


def asking_for_metadata(t: VtnTest, ven_id: str | None) -> m.CreateReport:
    """Returns a request for the metadata of the VTN, once (R327)."""
    request = m.ReportRequest(
        report_request_id=t.ven.new_id("request"),
        report_specifier_id=METADATA,
        granularity=_ZERO,
        report_back_duration=_ZERO,
        data_points=(m.SpecifierPayload(r_id="0"),),
    )
    return m.CreateReport(request_id=t.ven.new_id(), requests=(request,), ven_id=ven_id)


def schedule(t: VtnTest, ven_id: str, *, opt_id: str = "", request_id: str = "") -> m.CreateOpt:
    """Returns an opt schedule for a day far ahead; without IDs it gets new ones."""
    now = t.clock.now().replace(microsecond=0)
    return m.CreateOpt(
        opt_id=opt_id or t.ven.new_id("opt"),
        request_id=request_id or t.ven.new_id(),
        opt_type=OptType.OPT_OUT,
        opt_reason=OptReason.NOT_PARTICIPATING,
        ven_id=ven_id,
        availability=(m.Period(dtstart=now + timedelta(days=30), duration=timedelta(hours=1)),),
        created_date_time=now,
    )


def with_ven_id(t: VtnTest, ven_id: str) -> Iterator[m.Message]:
    """Yields messages that cannot be without a venID."""
    yield m.RequestEvent(request_id=t.ven.new_id(), ven_id=ven_id)
    yield m.Poll(ven_id=ven_id)
    yield m.CreatedEvent(response=_REFUSED, ven_id=ven_id)
    yield schedule(t, ven_id)
    yield m.CancelOpt(request_id=t.ven.new_id(), opt_id="no-such-opt", ven_id=ven_id)


def maybe_with_ven_id(t: VtnTest, ven_id: str | None) -> Iterator[m.Message]:
    """Yields messages that the schema lets be without a venID, though the profile does not.

    None of them changes anything that another VEN, or this one, relies on.
    """
    new_id = t.ven.new_id
    answer = m.EiResponse(description="OK", request_id=new_id())
    yield m.UpdateReport(request_id=new_id(), ven_id=ven_id)
    yield asking_for_metadata(t, ven_id)
    yield m.CancelReport(
        request_id=new_id(), report_request_ids=("no-such-request",), ven_id=ven_id
    )
    yield m.CreatedReport(response=answer, ven_id=ven_id)
    yield m.CanceledReport(response=answer, ven_id=ven_id)
    yield m.RegisterReport(request_id=new_id(), ven_id=ven_id)


def of_each_kind(t: VtnTest, ven_id: str) -> Iterator[m.Message]:
    """Yields one message of each kind that only a registered VEN may send."""
    yield from with_ven_id(t, ven_id)
    yield from maybe_with_ven_id(t, ven_id)
