"""The traces that a VTN and a VEN write while they run, as processes of their own."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ven.testing
import vtn.testing
from tests.acceptance.patience import until
from tests.acceptance.town import Street
from tests.acceptance.world import Building, Utility, typed
from tests.tap import environment
from ven.cli import main as ven_command

_FOLLOW = ("-c", "import sys; from vtn.cli import main; sys.exit(main())")
Row = dict[str, Any]


async def of_the_vtn(utility: Utility, line: str = "") -> list[Row]:
    """Returns what ``vtn trace`` shows."""
    output = (await utility.do(f"trace --json -n 1000 {line}")).stdout
    return [json.loads(row) for row in output.splitlines()]


async def of_the_ven(school: Building, line: str = "") -> list[Row]:
    """Returns what ``ven trace`` shows."""
    typing = f"trace --json -n 1000 -c {school.config} {line}"
    output = (await asyncio.to_thread(typed, ven_command, typing)).stdout
    return [json.loads(row) for row in output.splitlines()]


def said(name: str) -> Callable[[list[Row]], list[Row]]:
    """Returns what finds the exchanges with a message in them."""
    return lambda rows: [
        row
        for row in rows
        if row["kind"] == "exchange"
        and name in [part["message"] for part in (row["request"], row["response"]) if part]
    ]


async def living(utility: Utility, street: Street) -> tuple[Building, Any, Any]:
    """Starts a VTN and a VEN, and returns the VEN and both processes when it has registered."""
    utility.configure(registration={"poll_interval": "1s"})
    school = await utility.enrol("school")
    process = street.up(utility)
    await until(lambda: "Ctrl-C stops" in process.last_words(40))
    processes = process, street.up(school)

    async def introduced() -> Any:
        return said("oadrRegisteredReport")(await of_the_vtn(utility))[1:]

    await until(introduced)
    return school, *processes


async def dispatched(utility: Utility, event_id: str) -> None:
    """Has an event made, and waits for the answer to it."""
    await utility.do(f"event create --to all --levels 1:5m --start now+2h --id {event_id}")

    async def answered() -> bool:
        return (await utility.deliveries(event_id))["school"].acked_modification == 0

    await until(answered)


async def test_both_sides_show_the_same_exchanges_and_who_it_was(
    utility: Utility, street: Street
) -> None:
    school, _, _ = await living(utility, street)
    await dispatched(utility, "e-1")

    async def both() -> tuple[list[Row], list[Row]] | None:
        found = [row for row in await of_the_vtn(utility, "--ven school") if row["kind"] != "idle"]
        other = [row for row in await of_the_ven(school) if row["kind"] != "idle"]
        done = said("oadrCreatedEvent")(found) and said("oadrCreatedEvent")(other)
        return (found, other) if done else None

    ours, theirs = await until(both)
    key = "request", "response", "status"
    assert [[row[name] for name in key] for row in ours] == [
        [row[name] for name in key] for row in theirs
    ]
    assert {row["proof"] for row in ours + theirs} == {"TLS"}
    (held,) = (await utility.json("ven show school"))["certificates"]
    assert {row["fingerprint"] for row in ours} == {held["fingerprint"]}
    assert all(row["findings"] == [] for row in ours + theirs)
    assert all(row["took_ms"] > 0 for row in ours + theirs)


async def test_a_kill_costs_the_last_moment_and_the_trace_goes_on(
    utility: Utility, street: Street
) -> None:
    school, process, _ = await living(utility, street)
    await dispatched(utility, "e-1")

    async def written() -> Any:
        return said("oadrCreatedEvent")(await of_the_vtn(utility))

    await until(written)
    await street.again(process, signal.SIGKILL)
    await dispatched(utility, "e-2")

    async def both() -> Any:
        found = await of_the_vtn(utility, "--ven school")
        words = [row["request"]["words"] for row in said("oadrCreatedEvent")(found)]
        return found if "e-1 mod 0" in words[0] and "e-2 mod 0" in words[-1] else None

    found = await until(both)
    ids = [row["id"] for row in found if row["id"]]
    assert len(set(ids)) == len(ids)
    moments = [row.get("at") or row["first"] for row in found]
    assert moments == sorted(moments)
    assert not [row for row in found if row.get("failed")]
    (utility.folder / "vtn-trace" / "00000001.trace").stat()
    # The VEN has seen the VTN go.
    failed = await of_the_ven(school, "--failed")
    assert {(row["status"], row["response"]) for row in failed} <= {(None, None), (503, None)}


async def test_what_comes_is_followed_until_somebody_ends_it(
    utility: Utility, street: Street
) -> None:
    await living(utility, street)
    command = [sys.executable, *_FOLLOW, "-c", str(utility.config)]
    with subprocess.Popen(  # noqa: ASYNC220 - started, not waited for
        [*command, "trace", "--ven", "school", "--follow", "-n", "1"],
        stdout=subprocess.PIPE,
        env=environment() | {"PYTHONUNBUFFERED": "1"},
        text=True,
    ) as following:
        try:
            assert following.stdout is not None
            lines = [await asyncio.to_thread(following.stdout.readline)]
            await dispatched(utility, "e-9")
            while not any("oadrCreatedEvent" in line for line in lines):
                lines.append(await asyncio.to_thread(following.stdout.readline))
            assert any("1 event: e-9 mod 0 far SIMPLE" in line for line in lines)
            following.send_signal(signal.SIGINT)
            assert await asyncio.to_thread(following.wait, 30) == 0
        finally:
            following.kill()


async def test_what_either_side_has_written_replays_against_either_side(
    utility: Utility, street: Street, tmp_path: Path
) -> None:
    school, _, _ = await living(utility, street)
    await dispatched(utility, "e-1")

    async def written() -> Any:
        found = said("oadrCreatedEvent")(await of_the_vtn(utility))
        return found and said("oadrCreatedEvent")(await of_the_ven(school))

    await until(written)
    ours, theirs = tmp_path / "vtn.json", tmp_path / "ven.json"
    await utility.do(f"trace --ven school --export {ours}")
    line = f"trace -c {school.config} --export {theirs}"
    await asyncio.to_thread(typed, ven_command, line)
    for path in (ours, theirs):
        again = await vtn.testing.replay(path)
        assert again, f"{path.name} against a VTN: {again}"
        other = await ven.testing.replay(path, config=school.config)
        assert other, f"{path.name} against a VEN: {other}"
        assert (again.skipped, other.skipped) == ((), ())
