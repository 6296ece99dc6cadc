"""The VTN of openleadr, with VENs that are registered and have nothing waiting."""

from typing import Any

from openleadr import messaging, server

from benchmarks.child import Channel

VTN_ID = "benchmark"
#: openleadr has no types.
_create_message: Any = messaging.create_message
_OpenADRServer: Any = server.OpenADRServer


async def main(channel: Channel, *, vens: int, keys: dict[str, Any] | None = None) -> None:
    """Serves until the input ends; says which port it has, and how the VENs are called.

    Sent venIDs, it answers with the polls that a VEN of openleadr writes for them.

    Args:
        channel: to the starter.
        vens: how many.
        keys: for mutual TLS and signatures, as ``Keys.as_options`` gives them.
    """
    fingerprints = keys["fingerprints"] if keys else [None] * vens
    known = {
        f"ven-{n}": {
            "ven_id": f"ven-{n}",
            "ven_name": f"ven-{n}",
            "registration_id": f"registration-{n}",
            "fingerprint": fingerprints[n],
        }
        for n in range(vens)
    }
    secure = {}
    if keys:
        secure = {
            "cert": keys["certificate"],
            "key": keys["key"],
            "http_cert": keys["certificate"],
            "http_key": keys["key"],
            "http_ca_file": keys["ca"],
        }
    vtn = _OpenADRServer(
        vtn_id=VTN_ID,
        http_port=0,
        ven_lookup=lambda ven_id: known.get(ven_id),
        show_fingerprint=False,
        **secure,
    )
    # The callback that a report needs is put where oadrRegisterReport would put it.
    vtn.services["report_service"].report_callbacks["request-1", "point-1"] = lambda _: None
    await vtn.run()
    channel.answer({"port": vtn.app_runner.addresses[0][1], "ven_ids": list(known)})
    while (command := await channel.next()) is not None:
        channel.answer([_create_message("oadrPoll", ven_id=one) for one in command["ven_ids"]])
    await vtn.stop()
