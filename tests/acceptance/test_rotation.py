"""Certificates are rotated as docs/howto/certificates.md has it, while events and reports flow.

The VTN and the VEN are processes of their own; the commands are those of the page, in its order,
with names and fingerprints of this programme.
"""

import asyncio
import os
import re
import shlex
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from certs import fingerprints
from certs.files import load_certificates
from oadr import codec
from oadr import messages as m
from tests.acceptance.sections import fast_clock
from tests.acceptance.town import Street
from tests.acceptance.world import MINUTE, Building, Utility, until, watt_hours

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "certificates.md"
#: Simulated seconds in a real one.
FACTOR = 100.0
_FINGERPRINT = r"[0-9A-F]{2}(?::[0-9A-F]{2}){9}"
#: What the page calls things.
_OLD_VEN, _NEW_VEN = "DA:E6:F7:EA:1D:01:44:7A:17:B1", "F4:C9:ED:14:16:64:80:D0:1F:A9"
_OLD_VTN, _NEW_VTN = "1F:A4:24:CC:73:9D:72:D9:0B:AD", "0C:95:9E:43:5B:5D:0F:3B:8E:72"
_HOST = "vtn.north-grid.example"
_PROGRAMS = {"vtn": "vtn.cli", "ven": "ven.cli", "oadr-certs": "certs.cli"}
_QUERY = codec.encode(m.QueryRegistration(request_id="1"))


def section(heading: str) -> str:
    """Returns a section of the page, with those below it."""
    text = PAGE.read_text(encoding="utf-8")
    level = heading.partition(" ")[0]
    end = re.compile(rf"^#{{2,{len(level)}}} ", re.MULTILINE)
    start = text.index(f"\n{heading}\n") + len(heading) + 2
    found = end.search(text, start)
    return text[start : found.start() if found else len(text)]


def commands(heading: str) -> list[str]:
    """Returns what is typed in a section of the page, in order."""
    return re.findall(r"^\$ (.+)$", section(heading), re.MULTILINE)


@dataclass
class Life:
    """A VTN and a VEN that run, and who types the commands of the page."""

    utility: Utility
    school: Building
    street: Street
    names: dict[str, str]

    async def type(self, line: str, folder: Path) -> str:
        """Types a command of the page in a folder, and returns what it prints."""
        for name, ours in self.names.items():
            line = line.replace(name, ours)
        program, *arguments = shlex.split(line)
        if program in _PROGRAMS:
            code = f"import sys; from {_PROGRAMS[program]} import main; sys.exit(main())"
            command = [sys.executable, "-c", code, *arguments]
        else:
            command = [program, *arguments]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=os.environ | {"OADR_CERTS_PASSPHRASE": ""},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, (line, output.decode())
        return output.decode()

    def fingerprint(self, path: Path) -> str:
        return fingerprints(load_certificates(path)[0]).openadr

    async def more_readings(self) -> None:
        """Waits until reports have come that were made from now on."""
        before = len(await self.utility.readings("school-7"))

        async def grown() -> bool:
            return len(await self.utility.readings("school-7")) >= before + 4

        await until(grown)

    async def act(self, line: str, event_id: str, modification: int) -> None:
        """Creates or changes an event, and waits for the VEN's answer to it."""
        await self.utility.do(line)

        async def acked() -> bool:
            row = (await self.utility.deliveries(event_id)).get("school-7")
            return row is not None and row.acked_modification == modification

        await until(acked)

    async def used(self, fingerprint: str) -> None:
        """Waits until the VTN says that the VEN uses a certificate."""

        async def seen() -> bool:
            shown = await self.utility.json("ven show school-7")
            proofs = {one["fingerprint"]: one for one in shown["certificates"]}
            return proofs[fingerprint]["shown_at"] is not None

        await until(seen)


@pytest.fixture
async def life(utility: Utility, street: Street) -> Life:
    utility.configure(clock=fast_clock(FACTOR), registration={"poll_interval": "20s"})
    school = await utility.enrol("school-7")
    school.configure(tls={"crl": str(utility.folder / "ca/ca.crl")})
    street.up(utility)
    made = Life(utility, school, street, {_HOST: "localhost"})
    made.names[_OLD_VEN] = made.fingerprint(school.folder / "ven.crt")
    made.names[_OLD_VTN] = made.fingerprint(utility.folder / "vtn.crt")
    return made


@dataclass
class Wire:
    """One connection to the VTN, with a certificate of its own time, that stays open."""

    session: aiohttp.ClientSession
    url: str

    async def ask(self) -> tuple[int, str]:
        """Returns the status of an answer, and its text."""
        async with self.session.post(self.url, data=_QUERY) as response:
            return response.status, await response.text()


@pytest.fixture
async def wires() -> AsyncIterator[Callable[[Life, ssl.SSLContext], Wire]]:
    sessions: list[aiohttp.ClientSession] = []

    def open_(life: Life, tls: ssl.SSLContext) -> Wire:
        connector = aiohttp.TCPConnector(ssl=tls, limit=1)
        headers = {"Content-Type": codec.CONTENT_TYPE}
        sessions.append(aiohttp.ClientSession(connector=connector, headers=headers))
        url = f"{life.utility.url}/OpenADR2/Simple/2.0b/EiRegisterParty"
        return Wire(sessions[-1], url)

    yield open_
    for session in sessions:
        await session.close()


async def test_r516_certificates_of_both_sides_are_rotated_and_nothing_is_lost(
    life: Life, wires: Callable[[Life, ssl.SSLContext], Wire]
) -> None:
    ven = life.street.up(life.school)
    create = "event create --to all --levels 1:5m,2:5h --program peak"
    await until(lambda: _registered(life))
    await life.act(f"{create} --start now+9h --id before", "before", 0)
    await life.more_readings()

    await _rotate_ven(life, wires)
    await _rotate_vtn(life, wires, ven)

    await life.act("event modify before --levels 1:5m,2:6h", "before", 2)
    await life.more_readings()
    log = (life.school.folder / "log").read_text()
    assert "R516" not in log
    assert await life.utility.state("school-7") == "registered"
    found = await life.utility.readings("school-7")
    assert all(later - earlier == MINUTE for (earlier, _, _), (later, _, _) in pairwise(found))
    assert all(value == watt_hours(start) for start, value, _ in found)
    answers = sorted(row[1] for row in await life.utility.answers("before"))
    assert answers == [0, 1, 2]


async def _rotate_ven(life: Life, wires: Callable[[Life, ssl.SSLContext], Wire]) -> None:
    renew, put, show, revoke = commands("### The certificate of a VEN")
    utility, school = life.utility.folder, life.school.folder
    former = wires(life, life.school.tls())
    assert (await former.ask())[0] == 200

    output = await life.type(renew, utility)
    (new,) = re.findall(_FINGERPRINT, output)
    # Nobody has given the new one to the VEN: the old one counts, and so do its reports.
    assert (await former.ask())[0] == 200
    await life.more_readings()

    (utility / "school-7-next.zip").replace(school / "school-7-next.zip")
    assert new in await life.type(put, school)
    await life.used(new)
    await life.act("event modify before --levels 1:5m,2:7h", "before", 1)
    shown = await life.type(show, utility)
    assert re.search(rf"{new}  until .*used since", shown)
    assert re.search(r"replaced, accepted until .*used since", shown)
    assert (await former.ask())[0] == 200

    await life.type(revoke, utility)
    status, words = await _refused(former)
    assert (status, "is revoked" in words) == (403, True)
    with pytest.raises((aiohttp.ClientError, ssl.SSLError, ConnectionError)):
        await former.ask()
    await life.more_readings()


async def _rotate_vtn(life: Life, wires: Callable[[Life, ssl.SSLContext], Wire], ven: Any) -> None:
    renew, *move, revoke = commands("### The certificate of the VTN")
    utility = life.utility.folder
    output = await life.type(renew, utility)
    (new,) = re.findall(_FINGERPRINT, output)
    life.names[_NEW_VTN] = new
    # A VEN that pins knows both before anything changes, and is started again for that.
    old = life.names[_OLD_VTN]
    life.school.configure(tls={"vtn_fingerprint": [old, new]})
    await asyncio.to_thread(ven.stop)
    ven.start()
    await life.more_readings()

    for line in move:
        await life.type(line, utility)
    assert await _shown(life) == new
    await life.more_readings()
    await life.type(revoke, utility)
    # The VEN reads the list: what it had open with the old certificate, it has left.
    await life.more_readings()


def test_what_the_page_says_of_pins_is_what_the_configuration_takes() -> None:
    line = f'vtn_fingerprint = ["{_OLD_VTN}", "{_NEW_VTN}"]'
    assert line in section("### The certificate of the VTN")


async def _registered(life: Life) -> bool:
    return await life.utility.state("school-7") == "registered"


async def _refused(wire: Wire) -> tuple[int, str]:
    """Asks on an open connection until it is refused, which takes a second at most."""
    found: list[tuple[int, str]] = []

    async def refused() -> bool:
        found.append(await wire.ask())
        return found[-1][0] != 200

    await until(refused)
    return found[-1]


async def _shown(life: Life) -> str:
    """Returns the fingerprint of the certificate that the VTN shows to whoever connects now."""
    tls = life.school.tls()
    # The one with an RSA key would do as well.
    tls.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    _, writer = await asyncio.open_connection("localhost", life.utility.port, ssl=tls)
    try:
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.close()
    return fingerprints(der).openadr
