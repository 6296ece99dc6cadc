"""openleadr applications on our VTN and our VEN, with stock openleadr on the other end."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from tests.acceptance.openleadr_process import Stock
from tests.acceptance.our_vtn import MINUTE
from tests.acceptance.patience import until
from tests.acceptance.stock import SECOND, VTN_ID, Bench
from ven import VEN
from vtn import VTN


class Application:
    """What the documentation of openleadr has people write for a VTN.

    Attributes:
        server: the VTN.
        values: what VENs have reported, by resource.
        answers: to events, in order.
        left: registrations that VENs have ended.
    """

    def __init__(self, **arguments: Any) -> None:
        self.server: Any = VTN(
            vtn_id=VTN_ID,
            http_port=0,
            ven_lookup=self._lookup,
            show_fingerprint=False,
            requested_poll_freq=timedelta(hours=1),
            **arguments,
        )
        self.vens: dict[str, dict[str, Any]] = {}
        self.values: dict[str, list[float]] = {}
        self.answers: list[tuple[str, str]] = []
        self.left: list[str] = []
        for name in (
            "on_create_party_registration",
            "on_cancel_party_registration",
            "on_register_report",
        ):
            self.server.add_handler(name, getattr(self, name))

    async def _lookup(self, ven_id: str) -> dict[str, Any] | None:
        return self.vens.get(ven_id)

    async def on_create_party_registration(self, info: dict[str, Any]) -> tuple[str, str]:
        self.vens["ven-1"] = {
            "ven_id": "ven-1",
            "ven_name": info["ven_name"],
            "fingerprint": info.get("fingerprint"),
            "registration_id": "registration-1",
        }
        return "ven-1", "registration-1"

    async def on_cancel_party_registration(self, payload: dict[str, Any]) -> None:
        self.left.append(payload["registration_id"])

    async def on_register_report(
        self,
        ven_id: str,
        resource_id: str,
        measurement: str,
        unit: str,
        scale: str,
        min_sampling_interval: timedelta,
        max_sampling_interval: timedelta,
    ) -> Any:
        return partial(self._values, resource_id), min_sampling_interval

    async def _values(self, resource: str, data: list[tuple[datetime, float]]) -> None:
        self.values.setdefault(resource, []).extend(value for _, value in data)

    async def answered(self, ven_id: str, event_id: str, opt_type: str) -> None:
        self.answers.append((event_id, opt_type))

    def offer(self, **values: Any) -> str:
        interval = {
            "dtstart": datetime.now(UTC) + 5 * MINUTE,
            "duration": 10 * MINUTE,
            "signal_payload": 1,
        }
        event_id: str = self.server.add_event(
            ven_id="ven-1",
            signal_name="simple",
            signal_type="level",
            intervals=[interval],
            **values,
        )
        return event_id


async def _application(bench: Bench) -> tuple[Application, Stock]:
    """Returns an application that runs, and one of openleadr's VENs that does not yet."""
    application = Application(**bench.stock_server_keys())
    await application.server.run()
    bench.running(application.server)
    return application, await bench.stranger(application.server.url, "school")


async def test_a_vtn_registers_openleadrs_ven_and_lets_it_go(bench: Bench) -> None:
    application, ven = await _application(bench)
    await ven.call("run")
    assert await ven.call("ven_id") == "ven-1"
    assert await ven.call("registration_id") == "registration-1"
    await ven.call("cancel_party_registration")
    assert application.left == ["registration-1"]


async def test_a_vtn_has_its_events_answered_by_openleadrs_ven(bench: Bench) -> None:
    application, ven = await _application(bench)
    await ven.call("run")
    await ven.call("answer", "out", "optOut")
    opted: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    application.offer(event_id="in", callback=opted)
    application.offer(event_id="out", callback=application.answered)
    await until(lambda: _polled(ven, lambda: opted.done() and application.answers))
    assert opted.result() == "optIn"
    assert application.answers == [("out", "optOut")]
    # Unlike openleadr's, it hears of a change of mind (V5).
    await ven.call("created_event", request_id="", event_id="out", opt_type="optIn")
    assert application.answers == [("out", "optOut"), ("out", "optIn")]
    application.server.cancel_event("ven-1", "in")
    await until(lambda: _polled(ven, lambda: ven.facts("update", id="in")))
    (update,) = ven.facts("update", id="in")
    assert update["event"]["event_descriptor"]["event_status"] == "cancelled"


async def _polled(ven: Stock, condition: Callable[[], Any]) -> bool:
    """Has a VEN poll: what ``add_event`` and ``cancel_event`` are told is stored soon after."""
    await ven.call("poll")
    return bool(condition())


async def test_a_vtn_gets_the_reports_of_openleadrs_ven(bench: Bench) -> None:
    application, ven = await _application(bench)
    rate = {"sampling_rate": SECOND, "report_duration": timedelta(hours=1)}
    for resource, value in (("kitchen", 42.5), ("cellar", 2)):
        await ven.call(
            "measure", value, resource_id=resource, measurement="REAL_POWER", unit="W", **rate
        )
    await ven.call("run")
    await until(lambda: len(application.values) == 2)
    assert application.values["kitchen"][0] == 42.5
    assert application.values["cellar"][0] == 2


async def test_a_ven_serves_openleadrs_vtn(bench: Bench) -> None:
    vtn = await bench.stock_vtn(poll=SECOND)
    client: Any = VEN(
        ven_name="school",
        vtn_url=vtn.url + "/OpenADR2/Simple/2.0b",
        show_fingerprint=False,
        **bench.stock_client_keys("school"),
    )
    bench.running(client)
    seen: list[str] = []

    async def on_event(event: dict[str, Any]) -> str:
        seen.append(event["event_descriptor"]["event_status"])
        return "optIn"

    client.add_handler("on_event", on_event)
    client.add_handler("on_update_event", on_event)
    # Two data points of one report, which openleadr's VTN cannot read in one interval (V19).
    for resource, value in (("kitchen", 42.5), ("cellar", 2)):
        client.add_report(
            callback=lambda value=value: value,
            resource_id=resource,
            measurement="REAL_POWER",
            unit="W",
            sampling_rate=SECOND,
            report_duration=timedelta(hours=1),
        )
    await client.run()
    assert client.registration_id == "registration-school"
    await vtn.offer("ven-school", "e-1")
    assert (await vtn.fact("answer", id="e-1"))["opt"] == "optIn"
    await vtn.call("cancel_event", "ven-school", "e-1")
    await until(lambda: seen == ["far", "cancelled"])
    for resource, value in (("kitchen", 42.5), ("cellar", 2)):
        assert (await vtn.fact("readings", resource=resource))["data"][0][1] == value
