"""What docs/howto/reports.md tells a utility is so."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from oadr import messages as m
from oadr.report import build_one_shot, read_metadata, unpack
from runtime.settings import check
from tests.vtn.kit import a_ven
from vtn.config import Settings
from vtn.services import serving

HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "reports.md"
UTILITY = HOWTO.read_text(encoding="utf-8").partition("## The building")[0]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", UTILITY, re.DOTALL)


@pytest.mark.parametrize("text", blocks("toml"))
def test_its_configurations_are_valid(text: str) -> None:
    check({"vtn_id": "north-grid"} | tomllib.loads(text), Settings)


async def test_its_handler_gives_vens_a_report() -> None:
    (source,) = blocks("python")
    names: dict[str, Any] = {}
    exec(compile(source, str(HOWTO), "exec", dont_inherit=True), names)
    async with a_ven(handlers=(names["Feeder"](),)) as (world, _):
        peer = world.peer()
        await peer.register("building")
        message = await peer.poll()
        (offer,) = read_metadata(message.reports)
        request = build_one_shot(offer, request_id="mine", now=world.clock.now())
        read = m.RegisteredReport(
            response=m.EiResponse(request_id=message.request_id),
            requests=(request,),
            ven_id=peer.ven_id,
        )
        assert (await peer.post(read)).pending == ("mine",)
        await serving.serve(world.desk)
        (report,) = (await peer.poll()).reports
        assert [one.value for one in unpack(report)] == [1200]
