"""A building of 2.0b and one of 2.0a on one VTN, over mutual TLS."""

import ssl
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from oadr import messages as m
from oadr import profile_a
from oadr.enums import OptType
from oadr.units import unit
from tests.acceptance.town import Town
from tests.acceptance.world import Utility
from vtn.operator import Audience

SOUTH = Audience(groups=frozenset({"south"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Older:
    """A VEN of 2.0a, configured by hand from its bundle.

    Attributes:
        url: of the only service.
        ven_id: as the bundle says.
        tls: proves who it is.
    """

    url: str
    ven_id: str
    tls: ssl.SSLContext

    @classmethod
    def from_bundle(cls, bundle: Path, utility: Utility) -> "Older":
        """Unpacks a bundle, and reads what people read."""
        folder = bundle.with_suffix("")
        with zipfile.ZipFile(bundle) as file:
            file.extractall(folder)
        words = dict(
            line.split(None, 1)
            for line in (folder / "ven.txt").read_text().replace("EiEvent at", "at").splitlines()
            if len(line.split(None, 1)) == 2
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(folder / "ca.crt")
        context.load_cert_chain(folder / "ven.crt", folder / "ven.key")
        assert words["vtnID"] == utility.folder.name
        return cls(url=words["at"], ven_id=words["venID"], tls=context)

    async def say(self, message: m.Message) -> Any:
        """Returns the reply to a message."""
        body = profile_a.encode(message)
        headers = {"Content-Type": "application/xml"}
        async with (
            aiohttp.ClientSession() as http,
            http.post(self.url, data=body, headers=headers, ssl=self.tls) as response,
        ):
            assert response.status == 200, await response.text()
            return profile_a.decode(await response.read())

    async def request(self) -> m.DistributeEvent:
        """Asks for its events."""
        asked = m.RequestEvent(request_id="7", ven_id=self.ven_id, schema_version=None)
        reply = await self.say(asked)
        assert isinstance(reply, m.DistributeEvent)
        return reply

    async def answer(self, shot: m.DistributeEvent, opt_type: OptType) -> int:
        """Answers the first event of a snapshot, and returns the code of the reply."""
        descriptor = shot.events[0].descriptor
        given = m.EventResponse(
            request_id=shot.request_id,
            event_id=descriptor.event_id,
            modification_number=descriptor.modification_number,
            opt_type=opt_type,
        )
        created = m.CreatedEvent(
            response=m.EiResponse(), responses=(given,), ven_id=self.ven_id, schema_version=None
        )
        reply = await self.say(created)
        assert isinstance(reply, m.Response)
        return reply.response.code


async def test_r506_vens_of_both_profiles_answer_one_event_and_the_operator_sees_both(
    town: Town, utility: Utility
) -> None:
    school = await utility.enrol("school", "--group south")
    bundle = utility.folder / "mill.zip"
    line = f"ven enrol mill --profile 2.0a --issue --out {bundle} --group south"
    await utility.do(line)
    mill = Older.from_bundle(bundle, utility)
    await town.up(utility)
    await town.up(school)
    await town.registered(school)
    await town.dispatch(
        utility,
        "peak",
        SOUTH,
        signal_name="ELECTRICITY_PRICE",
        signal_type="price",
        unit=unit("currencyPerKWh", units="EUR"),
    )
    shot = await mill.request()
    (event,) = shot.events
    (signal,) = event.signals
    assert signal.signal_name == "simple"
    assert signal.current_value == 0
    assert event.target == m.Target(group_ids=("south",))
    assert await mill.answer(shot, OptType.OPT_OUT) == 200

    async def answered() -> bool:
        rows = await utility.deliveries("peak")
        return all(row.acked_modification == 0 for row in rows.values())

    await town.until(answered)
    shown = await utility.json("event show peak")
    assert {one["ven"]: one["opt"] for one in shown["vens"]} == {
        "mill": "optOut",
        "school": "optIn",
    }
    listed = {one["ven"]: one for one in await utility.json("ven list")}
    assert (listed["mill"]["profile"], listed["school"]["profile"]) == ("2.0a", "2.0b")

    await utility.operator.cancel_event("peak", now=town.clock.now())
    shot = await mill.request()
    assert shot.events[0].descriptor.event_status == "cancelled"
    assert await mill.answer(shot, OptType.OPT_IN) == 200
    assert (await mill.request()).events == ()
