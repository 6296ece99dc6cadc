"""A recording as a case: what one party said is said again, and the other judged by its answers.

Identifiers that the device under test makes anew stand for those of the recording, and all
moments are moved, so that what began in five minutes begins in five minutes again.
Signatures are made anew, or left out where the kit has no key.
"""

from collections import defaultdict, deque
from datetime import timedelta
from pathlib import Path

from lxml import etree

from conformance.actions import Start
from conformance.case import Case, Suite, VenTest, VtnTest
from conformance.checks import Document, Severity, Side
from conformance.checks.exchange import code_of
from conformance.demands import Demand
from conformance.passive.sources import SourceError, sources
from conformance.peers.http import Reply
from conformance.peers.peer import service_to_vtn
from oadr import codec
from oadr import messages as m
from oadr.codec.namespaces import qname
from oadr.times import format_datetime, parse_datetime
from runtime.capture.compare import Names, differences
from runtime.capture.record import Exchange


def _demand(name: str, expected: str) -> Demand:
    # None of the profile: not among those that a case of it makes.
    return Demand(
        rule=0, topic="RECORDING", name=name, expected=expected, severity=Severity.WARNING
    )


SAME_MESSAGE = _demand("same_message", "The answer is the message that was recorded.")
SAME_CODE = _demand("same_code", "The answer has the code that was recorded.")
SAME_REQUEST = _demand("same_request", "The VEN sends the messages that were recorded.")
_MOMENTS = (
    qname("xcal:date-time"),
    qname("ei:createdDateTime"),
    qname("ei:modificationDateTime"),
)
_SIGNATURE = qname("ds:Signature")


def case_of(path: Path, side: Side) -> Case:
    """Returns a recording as a case.

    Args:
        path: an exported trace, or a folder with a trace.
        side: what is under test.

    Raises:
        SourceError: there is nothing of a VEN in it.
    """
    exchanges = [
        one
        for source in sources([path])
        for one in source.exchanges
        if one.asked_by == "VEN" and not one.cut
    ]
    if not exchanges:
        raise SourceError(f"{path}: there is nothing in it that a VEN has asked")

    async def run_vtn(t: VtnTest) -> None:
        await _say_again(t, exchanges)

    async def run_ven(t: VenTest) -> None:
        await _answer_again(t, exchanges)

    return Case(
        code=f"RECORDING_{path.name.partition('.')[0]}",
        title=f"{len(exchanges)} recorded exchanges",
        side=side,
        suite=Suite.GENERAL,
        rules=(),
        needs=(),
        models=frozenset({False}),
        purpose="What was recorded is said again.",
        steps=(),
        run=run_vtn if side is Side.VTN else run_ven,
    )


async def _say_again(t: VtnTest, exchanges: list[Exchange]) -> None:
    names, later = Names(), t.clock.now() - exchanges[0].at
    for before in exchanges:
        data = retold(before.request, names, later)
        message = Document(data, Side.VEN).message
        if message is None:
            now = await t.ven.send_raw(data, before.service or "EiEvent")
        else:
            service = before.service or service_to_vtn(message)
            now = await t.ven.send(message, service=service)
        wanted = Document(before.response, Side.VTN) if before.response.strip() else None
        found = now.answered
        name, was = found.name if found else "", wanted.name if wanted else ""
        if t.expect(SAME_MESSAGE, name == was, f"{name or now.title}, recorded {was}", now):
            code, old = code_of(found), code_of(wanted)
            t.expect(SAME_CODE, code == old, f"responseCode {code}, recorded {old}", now)
        differences(before.response, now.reply, names)


async def _answer_again(t: VenTest, exchanges: list[Exchange]) -> None:
    names, later = Names(), t.clock.now() - exchanges[0].at
    waiting: dict[str, deque[Exchange]] = defaultdict(deque)
    for one in exchanges:
        waiting[Document(one.request, Side.VEN).name].append(one)
    wanted = {name: len(all_) for name, all_ in waiting.items() if name != "oadrPoll"}

    def answer(name: str, message: m.Message) -> "m.Message | bytes | Reply | None":
        if not waiting[name]:
            t.vtn.replies.pop(name, None)
            return t.vtn.usual(message)
        before = waiting[name].popleft()
        differences(before.request, codec.encode(message), names)
        return retold(before.response, names, later) or None

    for name in waiting:
        t.vtn.replies[name] = lambda message, name=name: answer(name, message)  # type: ignore[misc]
    await t.do(Start())
    for name, count in wanted.items():
        place = 0
        for number in range(count):
            heard = await t.vtn.hear(name, since=place)
            seen = f"{number} of {count} {name}"
            if not t.expect(SAME_REQUEST, heard is not None, seen) or heard is None:
                break
            place = heard.number


def retold(data: bytes, names: Names, later: timedelta) -> bytes:
    """Returns a recorded document as it is said now.

    Args:
        data: the document; what is no XML stays as it is.
        names: which identifiers stand for which.
        later: by how much moments are moved.
    """
    data = names.in_terms_of_now(data)
    root = Document(data, Side.VEN).root
    if root is None:
        return data
    seconds = timedelta(seconds=round(later.total_seconds()))
    for element in list(root.iter(*_MOMENTS)):
        try:
            element.text = format_datetime(parse_datetime(element.text or "") + seconds)
        except (ValueError, OverflowError):
            continue
    for signature in list(root.iterchildren(_SIGNATURE)):
        root.remove(signature)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written
