"""openleadr itself, as a program of its own: it keeps state on its classes.

``python openleadr_peer.py ven URL NAME [CERTIFICATE KEY CA FINGERPRINT]`` or
``python openleadr_peer.py vtn PORT``. Each thing that happens is a line of JSON.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from openleadr.client import OpenADRClient
from openleadr.server import OpenADRServer

_VEN: Any = OpenADRClient
_VTN: Any = OpenADRServer


def say(what: str, **values: Any) -> None:
    print(json.dumps({"what": what, **values}, default=str), flush=True)  # noqa: T201


async def ven(url: str, name: str, *keys: str) -> None:
    """Runs openleadr's VEN with its defaults: with certificate and key it signs."""
    names = ("cert", "key", "ca_file", "vtn_fingerprint")
    client = _VEN(ven_name=name, vtn_url=url, **dict(zip(names, keys, strict=False)))

    async def on_event(event: dict[str, Any]) -> str:
        descriptor = event["event_descriptor"]
        say("event", id=descriptor["event_id"], number=descriptor["modification_number"])
        return "optIn"

    client.add_handler("on_event", on_event)
    client.add_handler("on_update_event", on_event)
    client.add_report(
        callback=lambda: 42.5,
        resource_id="kitchen",
        measurement="RealPower",
        unit="W",
        sampling_rate=timedelta(seconds=1),
        report_duration=timedelta(hours=1),
    )
    await client.run()
    say("registered", ven_id=client.ven_id, registration_id=client.registration_id)
    await asyncio.Event().wait()


async def vtn(port: str) -> None:
    """Runs openleadr's VTN with one event for each VEN that registers."""
    server = _VTN(vtn_id="Openleadr", http_port=int(port), requested_poll_freq=timedelta(seconds=1))

    dispatched: list[str] = []

    def answered(ven_id: str, event_id: str, opt_type: str) -> None:
        say("answer", id=event_id, opt=opt_type)

    def dispatch(ven_id: str) -> None:
        server.add_event(
            ven_id=ven_id,
            event_id="e-1",
            signal_name="SIMPLE",
            signal_type="level",
            intervals=[
                {
                    "dtstart": datetime.now(UTC) + timedelta(minutes=5),
                    "duration": timedelta(minutes=10),
                    "signal_payload": 2,
                }
            ],
            callback=answered,
        )

    async def on_create_party_registration(info: dict[str, Any]) -> tuple[str, str]:
        say("registration", name=info["ven_name"])
        return "ven-77", "registration-77"

    async def on_update_report(data: list[tuple[datetime, float]], resource: str) -> None:
        say("readings", resource=resource, data=data)
        # Until then there are no events at all, which openleadr says in its own way.
        if not dispatched:
            dispatched.append(resource)
            dispatch("ven-77")

    # openleadr looks at the names of the arguments.
    async def on_register_report(
        ven_id: str,
        resource_id: str,
        measurement: str,
        unit: str,
        scale: str,
        min_sampling_interval: timedelta,
        max_sampling_interval: timedelta,
    ) -> Any:
        say("offer", resource=resource_id, measurement=measurement, unit=unit, scale=scale)
        return partial(on_update_report, resource=resource_id), min_sampling_interval

    server.add_handler("on_create_party_registration", on_create_party_registration)
    server.add_handler("on_register_report", on_register_report)
    await server.run()
    say("listening")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(ven(*sys.argv[2:]) if sys.argv[1] == "ven" else vtn(*sys.argv[2:]))
