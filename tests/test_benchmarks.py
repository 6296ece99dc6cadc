"""The benchmark on a tiny scale: it must run, and must not pass on wrong answers."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import cores, information, polls, reports, results
from benchmarks.__main__ import ROWS, main
from benchmarks.load import Load, Target, WrongReplyError
from benchmarks.plan import Plan
from benchmarks.results import Row, Sample
from certs import KeyType

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists(), reason="the benchmark reads /proc of Linux"
)


@pytest.fixture
def plan() -> Iterator[Plan]:
    with tempfile.TemporaryDirectory() as folder:
        yield Plan(
            folder=Path(folder), rounds=1, seconds=0.02, reports=2, intervals=20, steps=2, settle=0
        )


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """A server that answers every request with the same bytes; gives its port."""

    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while await reader.read(65536):
            writer.write(answer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


def http(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


async def run(answer: bytes) -> float:
    async with answering(answer) as port:
        load = Load(Target(port=port, service="OadrPoll", expected=(b"oadrResponse", b"200")))
        try:
            await asyncio.to_thread(load.open, [None, None])
            return await asyncio.to_thread(load.run, [[b"<a/>"] * 3, [b"<a/>"]])
        finally:
            load.close()


async def test_the_load_generator_times_answers_that_are_right() -> None:
    assert await run(http("200 OK", "<oadrResponse>200</oadrResponse>")) > 0


@pytest.mark.parametrize(
    "answer",
    [
        http("500 Internal Server Error", "<oadrResponse>200</oadrResponse>"),
        http("200 OK", "<oadrResponse>452</oadrResponse>"),
        http("200 OK", "<oadrDistributeEvent>200</oadrDistributeEvent>"),
    ],
)
async def test_the_load_generator_stops_at_a_wrong_answer(answer: bytes) -> None:
    with pytest.raises(WrongReplyError):
        await run(answer)


def row(theirs: tuple[float, ...], ours: tuple[float, ...], **values: object) -> Row:
    fields: dict[str, object] = {"better": "more", "factor": 3.0} | values
    return Row(
        name="row",
        title="a row",
        unit="/s",
        openleadr=Sample(rounds=theirs),
        kit=Sample(rounds=ours),
        **fields,  # type: ignore[arg-type]
    )


def test_a_row_holds_when_the_ratio_of_the_medians_reaches_its_factor() -> None:
    assert row((1, 2, 9), (6, 6, 6)).holds is True
    assert row((1, 2, 9), (6, 5.9, 5.9)).holds is False
    assert row((12,), (3,), better="less", factor=4.0).holds is True
    assert row((12,), (3.1,), better="less", factor=4.0).holds is False


def test_a_row_with_a_limit_holds_below_it_whatever_the_ratio_is() -> None:
    assert row((10,), (59,), better="less", factor=None, most=60.0).holds is True
    assert row((90,), (60,), better="less", factor=None, most=60.0).holds is False


def test_a_row_without_a_demand_neither_holds_nor_fails() -> None:
    assert row((1,), (1,), factor=None).holds is None


def test_the_spread_is_that_of_single_rounds() -> None:
    assert row((1, 2), (6, 6)).spread == (3.0, 6.0)


async def test_polls_are_measured_on_both_servers(plan: Plan) -> None:
    found = await polls.idle(plan)

    assert found.openleadr is not None
    assert found.openleadr.median > 0
    assert found.kit.median > 0
    assert found.cpu_ratio is not None


async def test_signed_polls_are_measured_on_both_servers(plan: Plan) -> None:
    found = await polls.p256(plan)

    assert found.ratio is not None
    assert found.ratio > 0


async def test_reports_are_measured_down_to_the_disk(plan: Plan) -> None:
    found = await reports.committed(plan)

    assert found.kit.median > 0
    assert found.kit.extra["commit_ms"] > 0
    assert "fsync" in found.note


async def test_single_steps_are_measured(plan: Plan) -> None:
    found = await information.step("verify", KeyType.EC, "verify")(plan)

    assert found.ratio is not None


def test_the_command_writes_what_it_found_and_fails_if_a_demand_is_not_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def measure(_: Plan) -> Row:
        return row((2,), (3,))

    monkeypatch.setitem(ROWS, "idle-poll", measure)
    monkeypatch.setattr(cores, "pin", lambda _: None)
    file = tmp_path / "found.json"

    result = CliRunner().invoke(main, ["--only", "idle-poll", "--json", str(file)])

    assert result.exit_code == 1
    assert "FAILS" in result.output
    found = json.loads(file.read_text())["rows"][0]
    assert (found["ratio"], found["demand"], found["holds"]) == (1.5, ">= 3 x", False)


def test_every_row_of_the_page_on_performance_exists() -> None:
    page = Path("docs/explanation/performance.md").read_text(encoding="utf-8")

    assert [name for name in ROWS if f"`{name}`" not in page] == []


def test_results_can_be_shown_without_openleadr() -> None:
    alone = Row(
        name="a", title="a", unit="s", better="less", openleadr=None, kit=Sample(rounds=(1,))
    )

    assert (alone.ratio, alone.spread, alone.holds) == (None, None, None)
    assert results.Row.as_json(alone)["openleadr"] is None
