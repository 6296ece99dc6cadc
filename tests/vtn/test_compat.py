"""An openleadr application on our VTN, with openleadr's own client at the other end."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from runtime.fake_time import until
from vtn import VTN

CLIENT = """
import asyncio, json, sys
from datetime import timedelta
from openleadr import OpenADRClient

async def main():
    seen = []
    async def on_event(event):
        seen.append(event["event_descriptor"]["event_id"])
        return "optIn"
    async def value():
        return 12.5
    client = OpenADRClient(ven_name="ven123", vtn_url=sys.argv[1])
    client.add_report(value, resource_id="meter", measurement="powerReal", unit="W",
                      sampling_rate=timedelta(seconds=1), report_duration=timedelta(hours=1))
    client.add_handler("on_event", on_event)
    await client.run()
    await asyncio.to_thread(sys.stdin.readline)  # the test has seen what it waits for
    await client.stop()
    print(json.dumps({"seen": seen, "ven_id": client.ven_id}))

asyncio.run(main())
"""


async def test_an_openleadr_application_serves_openleadrs_own_client(tmp_path: Path) -> None:
    opted: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    values: list[Any] = []

    async def on_create_party_registration(registration_info: dict[str, Any]) -> Any:
        return ("ven_id_123", "reg_id_123") if registration_info["ven_name"] == "ven123" else False

    async def on_update_report(data: list[tuple[datetime, float]]) -> None:
        values.extend(data)

    async def on_register_report(
        ven_id: str,
        resource_id: str,
        measurement: str,
        unit: str,
        scale: str,
        min_sampling_interval: timedelta,
        max_sampling_interval: timedelta,
    ) -> Any:
        assert (resource_id, measurement, unit) == ("meter", "powerReal", "W")
        return on_update_report, min_sampling_interval

    server = VTN(
        vtn_id="MyVTN",
        http_port=0,
        store=tmp_path / "vtn.db",
        requested_poll_freq=timedelta(seconds=1),
    )
    server.add_handler("on_create_party_registration", on_create_party_registration)
    server.add_handler("on_register_report", on_register_report)
    event_id = server.add_event(
        ven_id="ven_id_123",
        signal_name="simple",
        signal_type="level",
        intervals=[
            {
                "dtstart": datetime.now(UTC) + timedelta(minutes=5),
                "duration": timedelta(minutes=10),
                "signal_payload": 1,
            }
        ],
        callback=opted,
    )
    await server.run()
    try:
        client = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "ignore",
            "-c",
            CLIENT,
            server.url,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert await asyncio.wait_for(opted, 30) == "optIn"
        await until(lambda: values, seconds=30)
        out, err = await asyncio.wait_for(client.communicate(b"done\n"), 60)
        assert event_id in out.decode(), err.decode()
        assert "ven_id_123" in out.decode()
        assert values
        assert values[0][1] == 12.5
    finally:
        await server.stop()
