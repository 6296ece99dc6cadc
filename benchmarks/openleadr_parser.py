"""What openleadr does with a report that has come: validate and parse it."""

import time
from pathlib import Path
from typing import Any

from openleadr import messaging

from benchmarks.child import Channel

#: openleadr has no types.
_validate_xml_schema: Any = messaging.validate_xml_schema
_parse_message: Any = messaging.parse_message


async def main(channel: Channel) -> None:
    """Parses the files that it is sent; answers with seconds for each, and what it found."""
    channel.answer(None)
    while (command := await channel.next()) is not None:
        channel.answer([_timed(Path(name)) for name in command["files"]])


def _timed(path: Path) -> dict[str, Any]:
    document = path.read_bytes()
    begin, cpu = time.perf_counter(), time.process_time()
    _validate_xml_schema(document)
    _, payload = _parse_message(document)
    took, used = time.perf_counter() - begin, time.process_time() - cpu
    return {"seconds": took, "cpu": used, "intervals": len(payload["reports"][0]["intervals"])}
