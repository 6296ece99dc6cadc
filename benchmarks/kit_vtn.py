"""The VTN of this project, on a database in a file, configured as its users would."""

import json
from pathlib import Path
from typing import Any

from benchmarks.child import Channel
from benchmarks.keys import Keys
from runtime.listening import own_process
from vtn.server import Server

VTN_ID = "benchmark"


def configure(
    folder: Path,
    keys: Keys | None = None,
    *,
    poll: str = "10s",
    policy: str = "required",
    limits: bool = False,
) -> Path:
    """Returns a ``vtn.toml`` in a new folder: as usual, but for the messages a second.

    Args:
        folder: where the database is kept too.
        keys: for mutual TLS; None for plain HTTP.
        poll: how often VENs are to poll.
        policy: for signatures, with TLS.
        limits: keeps the usual limits on the messages of a VEN.
    """
    folder.mkdir()
    http: dict[str, Any] = {"host": "127.0.0.1", "port": 0}
    if not limits:
        http |= {"rate": 1e9, "burst": 1e9}
    sections: dict[str, dict[str, Any]] = {
        "http": http,
        "registration": {"handler": "open-enrolment", "poll_interval": poll},
    }
    if keys is None:
        http["plain"] = True
    else:
        sections["tls"] = {
            "ca": str(keys.ca),
            "certificate": str(keys.vtn.certificate),
            "key": str(keys.vtn.key),
        }
        sections["signatures"] = {"policy": policy}
    path = folder / "vtn.toml"
    path.write_text(_toml(sections), encoding="utf-8")
    return path


def _toml(sections: dict[str, dict[str, Any]]) -> str:
    lines = [f'vtn_id = "{VTN_ID}"']
    for name, values in sections.items():
        # What JSON writes for text, numbers and truth is TOML as well.
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    lines += ["[[reports.request]]", 'report = "TELEMETRY_USAGE"', 'every = "1m"', 'deliver = "5m"']
    return "\n".join(lines) + "\n"


async def main(channel: Channel, *, config: str) -> None:
    """Serves as ``vtn run`` does, until the input ends; says which port it has.

    To whatever it is sent, it answers with the names of the VENs that are online.
    """
    server = Server.from_config(config)
    await server.start()
    own_process()
    channel.answer({"port": server.port})
    while await channel.next() is not None:
        assert server.desk is not None
        channel.answer([member.ven_name for member in server.desk.roster if member.online])
    await server.stop()
