"""The how-to of reports, part "The building": what it shows can be loaded and works."""

import re
import tomllib
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from oadr.messages import LoadControl, ReportRequest, ResourceStatus
from oadr.report import Offer, Reading
from runtime.sections import check
from ven.client import Client
from ven.config import Settings
from ven.hooks import Context, RequesterHandler
from ven.meter import Sample

TEXT = (Path(__file__).parents[2] / "docs" / "howto" / "reports.md").read_text(encoding="utf-8")
PART = TEXT.partition("\n## The building\n")[2]
HEAD = {"ven_name": "school-7", "vtn_url": "http://localhost:8080"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PART, re.DOTALL)


def test_the_configurations_can_be_loaded() -> None:
    first, second = (check(HEAD | tomllib.loads(block), Settings) for block in blocks("toml"))
    (boiler,) = first.meters
    assert boiler.accuracy == 50
    assert (boiler.confidence, boiler.device_class) == (95, "Water_Heater")
    assert second.report_only


async def test_the_programs_run() -> None:
    client = Client("school-7", "http://localhost:8080")
    client.meter("boiler", measurement="powerReal", unit="kW")(lambda: 7)
    status, correction, requester = blocks("python")
    names: dict[str, Any] = {
        "client": client,
        "minute": timedelta(minutes=1),
        "start": client._machine.core.clock.now(),
        **{one.__name__: one for one in (Decimal, LoadControl, ResourceStatus, Sample)},
    }
    await run(status, names)
    said = await client._machine.core.state.resources.all()
    assert said["hvac"].level_offset == LoadControl(
        current=Decimal(1), minimum=Decimal(0), maximum=Decimal(3)
    )
    await run(correction, names)
    reading = await client._machine.core.state.readings.newest("boiler")
    assert reading is not None
    assert reading.value == 7500
    shown: dict[str, Any] = {"RequesterHandler": RequesterHandler, "client": client}
    exec(requester.partition("name = ")[0], shown)
    await client.stop()


async def run(sample: str, names: dict[str, Any]) -> None:
    """Runs a sample that awaits."""
    lines = "".join(f"    {line}\n" for line in sample.splitlines())
    scope = dict(names)
    exec(f"async def sample():\n{lines}", scope)
    await scope["sample"]()


def test_the_handler_has_the_hooks_as_they_are() -> None:
    class Typed(RequesterHandler):
        async def on_vtn_offers(self, offers: Sequence[Offer], ctx: Context) -> None: ...

        async def on_vtn_reports(
            self, request: ReportRequest, readings: Sequence[Reading], ctx: Context
        ) -> None: ...

    for name in ("on_vtn_offers", "on_vtn_reports"):
        assert f"async def {name}(self, " in PART
        assert hasattr(Typed, name)
    for verb in ("request_report", "request_reports", "request_metadata", "cancel_reports"):
        assert verb in PART
        assert callable(getattr(Client, verb))
