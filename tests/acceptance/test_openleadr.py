"""openleadr's own VEN at our VTN, and our VEN at openleadr's own VTN."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from certs import fingerprints
from certs.files import load_certificates
from oadr import messages as m
from oadr.event import build_event, parse_levels
from runtime.clock import SystemClock
from tests.acceptance.world import EVERYONE, MINUTE, PROGRAMME, Utility, until
from ven import VEN
from vtn.config import PATH

_PEER = Path(__file__).with_name("openleadr_peer.py")


class Peer:
    """openleadr as a process, and what it has said."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(_PEER), *arguments], stdout=out, stderr=out
            )

    def said(self, what: str) -> list[dict[str, Any]]:
        """Returns the things of one kind that have happened there."""
        lines = [one for one in self.log.read_text().splitlines() if one.startswith('{"what"')]
        return [found for one in lines if (found := json.loads(one))["what"] == what]


@contextmanager
def openleadr(tmp_path: Path, *arguments: str) -> Iterator[Peer]:
    peer = Peer(tmp_path / "openleadr.log", *arguments)
    try:
        yield peer
    finally:
        peer.process.kill()
        peer.process.wait()
        print(peer.log.read_text())  # noqa: T201 - shown when the test fails


@pytest.mark.parametrize("policy", ["required", "accepted"])
async def test_openleadrs_ven_registers_answers_an_event_and_reports_over_tls_with_signatures(
    utility: Utility, tmp_path: Path, policy: str
) -> None:
    standing = [{"report": "TELEMETRY_USAGE", "every": "1s", "deliver": "1s"}]
    utility.configure(
        registration={"poll_interval": "1s"},
        signatures={"policy": policy},
        reports={"request": standing},
    )
    school = await utility.enrol("school")
    own = fingerprints(load_certificates(utility.folder / "vtn.crt")[0]).openadr
    keys = [str(school.folder / name) for name in ("ven.crt", "ven.key", "ca.crt")]
    clock = SystemClock()
    await utility.start(clock)
    try:
        with openleadr(tmp_path, "ven", utility.url + PATH, "school", *keys, own) as peer:
            await until(lambda: peer.said("registered"))
            now = clock.now()
            event = build_event(
                event_id="e-1",
                market_context=PROGRAMME,
                start=now + 5 * MINUTE,
                intervals=parse_levels("1:10m,2:10m"),
                now=now,
            )
            await utility.operator.create_event(event, EVERYONE, now=now)
            await until(lambda: _answered(utility, 0))
            assert peer.said("event")[0]["id"] == "e-1"
            await utility.operator.cancel_event("e-1", now=clock.now())
            await until(lambda: _answered(utility, 1))
            found = await until(lambda: _readings(utility))
            assert {(value, unit) for _, value, unit in found} == {("42.5", "W")}
            (request,) = [
                row for row in await utility.json("report list") if row["ven"] == "school"
            ]
            assert request["state"] == "active"
    finally:
        await utility.stop()


async def _answered(utility: Utility, modification: int) -> bool:
    return (await utility.deliveries("e-1"))["school"].acked_modification == modification


async def _readings(utility: Utility) -> Any:
    rows = await utility.json("report offers --ven school")
    return await utility.readings("school", rows[0]["specifier_id"]) if rows else []


async def test_our_ven_registers_answers_an_event_and_reports_at_openleadrs_vtn(
    tmp_path: Path,
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ven = VEN("school", f"http://127.0.0.1:{port}")

    @ven.meter("main", measurement="powerReal", unit="W", every="1s")
    def main() -> float:
        return 42.5

    @ven.on_event
    async def decide(event: m.Event, ctx: object) -> str:
        return "optIn" if event.event_id == "e-1" else "optOut"

    await ven.start()
    try:
        with openleadr(tmp_path, "vtn", str(port)) as peer:
            await until(lambda: peer.said("registration"))
            (offer,) = await until(lambda: peer.said("offer"))
            assert (offer["measurement"], offer["unit"]) == ("RealPower", "W")
            readings = await until(lambda: peer.said("readings"))
            assert readings[0]["resource"] == "main"
            assert {value for _, value in readings[0]["data"]} == {42.5}
            assert len(peer.said("offer")) == 1
            (answer,) = await until(lambda: peer.said("answer"))
            assert (answer["id"], answer["opt"]) == ("e-1", "optIn")
    finally:
        await ven.stop()
