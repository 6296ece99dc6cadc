"""What was recorded, and what goes through a proxy, is judged like what a case provokes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from conformance.actions import CreateEvent, EventSpec, SignalSpec, Start
from conformance.adapters.our_ven import our_ven
from conformance.adapters.our_vtn import OurVtn, our_vtn
from conformance.checks import Side
from conformance.passive.judging import judge
from conformance.passive.proxy import Proxy, Way, save_case
from conformance.passive.replay import case_of
from conformance.passive.sources import SourceError, sources
from conformance.peers import ScriptedVen, Tape
from conformance.results import Result, Verdict
from conformance.run import run_ven_cases, run_vtn_cases
from oadr import codec
from oadr import messages as m
from tests.conformance.kit.bent import BentVen, instead
from tests.conformance.life import LIFE

MINUTE = timedelta(minutes=1)
POLL = codec.encode(m.Poll(ven_id="ven-1"))
OK = codec.encode(m.Response(response=m.EiResponse(description="OK"), ven_id="ven-1"))


def found(result: Result) -> set[str]:
    return {one.id for one in result.faults}


# ---------------------------------------------------------------- files


def test_a_message_in_a_file_is_judged_alone(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_bytes(POLL)
    bad.write_bytes(POLL.replace(b' ei:schemaVersion="2.0b"', b""))
    run = judge(sources([bad, good]))
    assert [one.verdict for one in run.results] == [Verdict.FAIL, Verdict.PASS]
    assert found(run.results[0]) == {"R509.schema_version"}
    assert not run.passed


def test_a_request_and_its_reply_are_an_exchange(tmp_path: Path) -> None:
    (tmp_path / "one.request.xml").write_bytes(POLL)
    (tmp_path / "one.reply.xml").write_bytes(
        codec.encode(m.CreatedOpt(response=m.EiResponse(description="OK"), opt_id="o"))
    )
    (result,) = judge(sources([tmp_path])).results
    assert result.verdict is Verdict.FAIL
    assert {one.sender for one in result.faults} == {Side.VTN}


def test_only_one_side_is_judged_if_that_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "bad.xml"
    file.write_bytes(POLL.replace(b' ei:schemaVersion="2.0b"', b""))
    (result,) = judge(sources([file]), [Side.VTN]).results
    assert not result.faults


def test_a_message_that_is_no_xml_is_judged_beside_the_others(tmp_path: Path) -> None:
    (tmp_path / "broken.xml").write_bytes(b"<oadrPayload>")
    (found,) = judge(sources([tmp_path]), list(Side)).results
    assert {one.id for one in found.faults} == {"XSD.valid"}
    (tmp_path / "empty.xml").write_bytes(b"")
    with pytest.raises(SourceError, match=r"empty\.xml: is no XML"):
        list(sources([tmp_path]))


@pytest.mark.parametrize("content", [None, b"", b"no xml", b"{}"])
def test_what_cannot_be_judged_is_said_with_its_file(tmp_path: Path, content: bytes | None) -> None:
    for name in ("file.txt", "file.oadr-trace.json"):
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(SourceError, match="file"):
            list(sources([file]))


def test_a_folder_without_anything_to_judge_is_no_pass(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing to judge"):
        list(sources([tmp_path]))


# ---------------------------------------------------------------- a proxy


@asynccontextmanager
async def between(vtn: OurVtn, folder: Path) -> AsyncIterator[Proxy]:
    """Gives a proxy in front of our VTN, which has an event for everybody."""
    await vtn.renew()
    proxy = Proxy([Way(asked_by=Side.VEN, to=vtn.url)], folder=folder)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()


async def lived(vtn: OurVtn, url: str) -> ScriptedVen:
    """Has a VEN register by way of a URL, get an event and answer it."""
    ven = ScriptedVen(url, vtn.identity, vtn.clock, Tape(Side.VTN, vtn.clock))
    try:
        await ven.join()
        signal = SignalSpec(each=MINUTE * 30)
        event = EventSpec(starts_in=MINUTE * 10, signals=(signal,))
        await vtn.do(CreateEvent(event=event))
        assert await ven.receive("oadrDistributeEvent") is not None
    finally:
        await ven.close()
    return ven


async def test_a_proxy_passes_on_what_is_said_judges_it_and_records_it(tmp_path: Path) -> None:
    async with our_vtn() as vtn, between(vtn, tmp_path / "record") as proxy:
        ven = await lived(vtn, proxy.urls[0])
    assert [one.request for one in proxy.heard] == [one.request for one in ven.tape.recorded]
    assert [one.reply for one in proxy.heard] == [one.reply for one in ven.tape.recorded]
    assert not [str(each) for one in proxy.heard for each in one.findings]
    (again,) = judge(sources([tmp_path / "record"])).results
    assert again.verdict is Verdict.PASS
    assert again.title == f"{len(proxy.heard)} exchanges"


async def test_a_proxy_reports_what_is_wrong_on_either_side(tmp_path: Path) -> None:
    async with our_vtn() as vtn, between(vtn, tmp_path / "record") as proxy:
        ven = ScriptedVen(proxy.urls[0], vtn.identity, vtn.clock, Tape(Side.VTN, vtn.clock))
        await ven.join()
        await ven.send_raw(POLL.replace(b' ei:schemaVersion="2.0b"', b""), "OadrPoll")
        await ven.close()
    wrong = [each for one in proxy.heard for each in one.findings]
    assert {each.check.id for each in wrong} >= {"R509.schema_version"}
    assert all(each.sender is Side.VEN for each in wrong)


async def test_a_proxy_whose_vtn_is_away_says_so(tmp_path: Path) -> None:
    way = Way(asked_by=Side.VEN, to="http://127.0.0.1:9")
    proxy = Proxy([way], folder=tmp_path / "record")
    await proxy.start()
    async with our_vtn() as vtn:
        ven = ScriptedVen(proxy.urls[0], vtn.identity, vtn.clock, Tape(Side.VTN, vtn.clock))
        polled = await ven.poll()
        await ven.close()
    await proxy.stop()
    assert polled.status == 502
    (only,) = proxy.heard
    assert only.status is None
    assert only.problem


async def test_what_goes_on_at_the_same_time_is_all_recorded(tmp_path: Path) -> None:
    async with our_vtn() as vtn, between(vtn, tmp_path / "record") as proxy:
        ven = ScriptedVen(proxy.urls[0], vtn.identity, vtn.clock, Tape(Side.VTN, vtn.clock))
        await asyncio.gather(*(ven.query() for _ in range(40)))
        await ven.close()
    (source,) = sources([tmp_path / "record"])
    assert len(source.exchanges) == 40


# ---------------------------------------------------------------- a recording as a case


async def recorded(tmp_path: Path) -> Path:
    async with our_vtn() as vtn, between(vtn, tmp_path / "record") as proxy:
        await lived(vtn, proxy.urls[0])
    return save_case(tmp_path / "record")


async def test_a_recording_is_said_again_to_another_vtn(tmp_path: Path) -> None:
    case = case_of(await recorded(tmp_path), Side.VTN)
    async with our_vtn() as vtn:
        (result,) = (await run_vtn_cases([case], vtn)).results
    # Nobody has created the event at this one; the messages before it are the same.
    assert found(result) == {"RECORDING.same_message", "RECORDING.same_code"}
    assert result.verdict is Verdict.PASS
    before = [one for one in result.said if one.number < min(two.exchange for two in result.faults)]
    assert "oadrRequestEvent: oadrDistributeEvent" in [one.title for one in before]


async def test_a_vtn_that_answers_something_else_than_recorded_is_reported(tmp_path: Path) -> None:
    case = case_of(await recorded(tmp_path), Side.VTN)

    class Ven(BentVen):
        bend = staticmethod(instead("oadrRegisteredReport", OK))
        reply = staticmethod(lambda reply: reply)

    class Code(BentVen):
        bend = staticmethod(
            lambda name, data: (
                data.replace(b"<ei:responseCode>200", b"<ei:responseCode>459")
                if name == "oadrRegisteredReport"
                else data
            )
        )
        reply = staticmethod(lambda reply: reply)

    async with our_vtn() as vtn:
        (other,) = (await run_vtn_cases([case], vtn, peer=Ven)).results
        (code,) = (await run_vtn_cases([case], vtn, peer=Code)).results
    assert "RECORDING.same_message" in found(other)
    assert "RECORDING.same_code" in found(code)


async def test_a_recording_is_answered_again_to_a_ven(tmp_path: Path) -> None:
    case = case_of(await recorded_of_our_ven(tmp_path), Side.VEN)
    async with our_ven() as ven:
        (result,) = (await run_ven_cases([case], ven)).results
    assert not found(result), [str(one) for one in result.faults]
    assert result.verdict is Verdict.PASS


async def recorded_of_our_ven(tmp_path: Path) -> Path:
    """Returns what our VEN and our VTN say to each other until all has been introduced."""
    async with our_vtn() as vtn, our_ven() as ven, between(vtn, tmp_path / "record") as proxy:
        await ven.meet(proxy.urls[0], push=False)
        await ven.renew()
        await ven.do(Start())
        for _ in range(100):
            if any(one.asked.name == "oadrPoll" for one in proxy.heard):
                break
            await asyncio.sleep(0.05)
    return save_case(tmp_path / "record")


async def test_a_recording_without_a_ven_is_none(tmp_path: Path) -> None:
    file = tmp_path / "one.xml"
    pushed = next(one for one in LIFE if one.asked_by is Side.VEN)
    file.write_bytes(pushed.reply)
    with pytest.raises(SourceError, match="nothing in it"):
        case_of(file, Side.VTN)
