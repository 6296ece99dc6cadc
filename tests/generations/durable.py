"""An application that a restart does not disturb, and a program that runs it.

``python durable.py STORE [add]``: with ``add`` it adds an event. Each thing that happens is
a line of JSON, and an entry of ``happened``.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from vtn import VTN

happened: list[dict[str, Any]] = []


def say(what: str, **values: Any) -> None:
    happened.append({"what": what, **values})
    print(json.dumps({"what": what, **values}, default=str), flush=True)  # noqa: T201


def said(what: str) -> list[dict[str, Any]]:
    """Returns the things of one kind that have happened in this process."""
    return [one for one in happened if one["what"] == what]


async def on_create_party_registration(registration_info: dict[str, Any]) -> tuple[str, str]:
    say("registration", name=registration_info["ven_name"])
    return "ven123", "reg123"


async def on_register_report(
    ven_id: str,
    resource_id: str,
    measurement: str,
    unit: str,
    scale: str,
    min_sampling_interval: timedelta,
    max_sampling_interval: timedelta,
) -> Any:
    say("offer", measurement=measurement)
    return partial(on_readings, ven_id=ven_id, measurement=measurement), min_sampling_interval


async def on_readings(data: list[Any], ven_id: str, measurement: str) -> None:
    say("readings", ven_id=ven_id, measurement=measurement, values=[value for _, value in data])


def on_answer(ven_id: str, event_id: str, opt_type: str) -> None:
    say("answer", ven_id=ven_id, event_id=event_id, opt_type=opt_type)


def on_answer_for(programme: str, ven_id: str, event_id: str, opt_type: str) -> None:
    say("answer", programme=programme, event_id=event_id, opt_type=opt_type)


def on_delivery() -> None:
    say("delivery")


def application(**arguments: Any) -> Any:
    """Returns the server of the application."""
    given = arguments if "config" in arguments else {"vtn_id": "myvtn", "http_port": 0, **arguments}
    server: Any = VTN(**given)
    server.add_handler("on_create_party_registration", on_create_party_registration)
    server.add_handler("on_register_report", on_register_report)
    return server


def add_event(server: Any, event_id: str, callback: Any, **more: Any) -> None:
    """Adds an event for ven123 with this callback."""
    interval = {
        "dtstart": datetime.now(UTC) + timedelta(minutes=5),
        "duration": timedelta(minutes=5),
        "signal_payload": 1,
    }
    server.add_event(
        ven_id="ven123",
        event_id=event_id,
        signal_name="simple",
        signal_type="level",
        intervals=[interval],
        callback=callback,
        **more,
    )


async def main(store: Path, *words: str) -> None:
    server = application(store=store)
    if "add" in words:
        add_event(server, "e1", on_answer)
    await server.run()
    say("listening", url=server.url)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
