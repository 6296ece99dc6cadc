"""openleadr's own VEN, as a program of its own: it keeps state on its classes.

Its argument is JSON: the arguments of ``OpenADRClient``, and ``opt`` (answer to events),
``meters`` (resource -> value, each second). Each thing that happens is a line of JSON.
"""

import asyncio
import json
import sys
from datetime import timedelta
from typing import Any

from openleadr.client import OpenADRClient

_VEN: Any = OpenADRClient


def say(what: str, **values: Any) -> None:
    print(json.dumps({"what": what, **values}, default=str), flush=True)  # noqa: T201


async def main(config: dict[str, Any]) -> None:
    opt, meters = config.pop("opt", "optIn"), config.pop("meters", {})
    client = _VEN(**config)

    async def on_event(event: dict[str, Any]) -> str:
        say("event", event=event)
        return str(opt)

    def heard(name: str, payload: dict[str, Any]) -> None:
        say("heard", name=name)

    client.add_handler("on_event", on_event)
    client.add_handler("on_update_event", on_event)
    client.add_hook("after_parse_xml", heard)
    for resource, value in meters.items():
        client.add_report(
            callback=lambda value=value: value,
            resource_id=resource,
            measurement="RealPower",
            unit="W",
            sampling_rate=timedelta(seconds=1),
            report_duration=timedelta(hours=1),
        )
    await client.run()
    if client.registration_id is None:
        raise SystemExit("openleadr gave up")
    say("registered", ven_id=client.ven_id, registration_id=client.registration_id)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
