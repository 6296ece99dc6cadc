"""The VEN of openleadr, registered, polling, with one meter."""

import logging
import os
from datetime import timedelta
from typing import Any

from openleadr import client

from benchmarks.child import Channel

#: openleadr has no types.
_OpenADRClient: Any = client.OpenADRClient


async def main(
    channel: Channel, *, url: str, name: str, keys: dict[str, str] | None = None
) -> None:
    """Runs until the input ends; says when it is registered.

    Args:
        channel: to the starter.
        url: of the VTN.
        name: of the VEN.
        keys: its certificate, key and authority; None for plain HTTP.
    """
    logging.getLogger("openleadr").setLevel(logging.ERROR)
    secure = {}
    if keys:
        secure = {"cert": keys["certificate"], "key": keys["key"], "ca_file": keys["ca"]}
    ven = _OpenADRClient(ven_name=name, vtn_url=url, show_fingerprint=False, **secure)
    ven.add_handler("on_event", lambda _: "optIn")
    ven.add_report(
        callback=lambda: 1.5,
        resource_id="this-computer",
        measurement="energyReal",
        sampling_rate=timedelta(seconds=10),
        report_duration=timedelta(hours=1),
    )
    await ven.run()
    channel.answer(None)
    await channel.next()
    # At once: openleadr prints the end of its own tasks as errors.
    os._exit(0)
