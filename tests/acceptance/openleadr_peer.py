"""Stock openleadr as a program of its own: it keeps state on its classes.

``python -m tests.acceptance.openleadr_peer`` makes openleadr's VENs and VTNs and has them
do what lines of JSON command; what comes of that, and what happens there, are lines too:

    {"id": 1, "do": "make", "of": "school", "args": {"kind": "ven", ...}}
    {"id": 2, "do": "create_opt", "of": "school", "args": {...}}

A command is a method or an attribute of the thing, or else of openleadr's own object.
"""

import asyncio
import inspect
import json
import logging
import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TextIO

from openleadr import messaging, objects, utils
from openleadr.client import OpenADRClient
from openleadr.server import OpenADRServer

from tests.acceptance.openleadr_lines import read, written

_CLIENT: Any = OpenADRClient
_SERVER: Any = OpenADRServer
_UTILS: Any = utils
_MESSAGING: Any = messaging
log = logging.getLogger("peer")
Say = Callable[..., None]


class Ven:
    """openleadr's VEN, with handlers that tell what they are called with.

    Attributes:
        opts: the answer to an event, by eventID; the others are opted into.
        asked: how often each data source was asked, by resource.
    """

    def __init__(self, say: Say, **arguments: Any) -> None:
        self.opts: dict[str, str] = {}
        self.say = say
        self.openleadr = _CLIENT(show_fingerprint=False, **arguments)
        self.openleadr.add_handler("on_event", partial(self._decide, "event"))
        self.openleadr.add_handler("on_update_event", partial(self._decide, "update"))
        self.openleadr.add_hook("before_send_xml", self._sent)
        self.openleadr.add_hook("after_parse_xml", self._heard)

    async def _decide(self, what: str, event: dict[str, Any]) -> str:
        event_id = event["event_descriptor"]["event_id"]
        self.say(what, id=event_id, event=event)
        return self.opts.get(event_id, "optIn")

    def _sent(self, text: str) -> None:
        kind, payload = _MESSAGING.parse_message(text)
        self.say("sent", message=kind, payload=payload, signed="X509Certificate" in text)

    def _heard(self, kind: str, payload: dict[str, Any]) -> None:
        self.say("heard", message=kind, payload=payload)

    def answer(self, event_id: str, opt: str) -> None:
        """Decides about an event beforehand."""
        self.opts[event_id] = opt

    def measure(self, value: Any, *, full: bool = False, **arguments: Any) -> Any:
        """Offers a report whose data point always has the same value.

        Args:
            value: what is measured.
            full: the source is asked for all values of a time, not for the present one.
            arguments: of ``add_report``.
        """

        def full_source(
            date_from: datetime, date_to: datetime, sampling_interval: timedelta
        ) -> list[tuple[datetime, Any]]:
            self.say("asked", start=date_from, end=date_to, every=sampling_interval)
            return [(date_from, value), (date_from + sampling_interval, value)]

        return self.openleadr.add_report(
            callback=full_source if full else lambda: value,
            data_collection_mode="full" if full else "incremental",
            **arguments,
        )

    async def introduce(self) -> None:
        """Tells its VTN once more what it can report."""
        await self.openleadr.register_reports(self.openleadr.reports)

    async def poll(self) -> None:
        """Polls once and acts on the answer, as openleadr's own timer has it do."""
        await self.openleadr._poll()

    async def stop(self) -> None:
        """Ends; openleadr can only if it has begun."""
        if self.openleadr.client_session is not None:
            await self.openleadr.stop()

    def jobs(self) -> list[str]:
        """Returns what the timers of this VEN call."""
        return [job.name for job in self.openleadr.scheduler.get_jobs()]


class Vtn:
    """openleadr's VTN, with the handlers that its documentation asks for.

    Attributes:
        vens: what it has registered, by venID.
        refused: names that it does not register.
        wanted: per resource, the sampling and reporting interval; None wants nothing.
        waiting: what the next polls bring, if the application keeps the queue.
        listed: what VENs that ask for their events get, if it does.
    """

    def __init__(self, say: Say, *, external: bool = False, **arguments: Any) -> None:
        self.vens: dict[str, dict[str, Any]] = {}
        self.refused: set[str] = set()
        self.wanted: dict[str, tuple[timedelta, ...] | None] = {}
        self.waiting: list[tuple[str, dict[str, Any]]] = []
        self.listed: list[dict[str, Any]] = []
        self.say = say
        self.openleadr = _SERVER(
            show_fingerprint=False, http_port=0, ven_lookup=self.ven_lookup, **arguments
        )
        names = ["on_create_party_registration", "on_cancel_party_registration"]
        names += ["on_register_report", "on_update_report"]
        if external:
            names += ["on_poll", "on_request_event", "on_created_event", "on_created_report"]
        for name in names:
            self.openleadr.add_handler(name, getattr(self, name))

    async def start(self) -> str:
        """Listens, and returns where."""
        await self.openleadr.run()
        scheme = "https" if self.openleadr.ssl_context else "http"
        return f"{scheme}://127.0.0.1:{self.openleadr.app_runner.addresses[0][1]}"

    # What it is told

    def refuse(self, name: str) -> None:
        """Does not register VENs of this name from now on."""
        self.refused.add(name)

    def admit(self, name: str) -> None:
        """Registers VENs of this name after all."""
        self.refused.remove(name)

    def forget(self, ven_id: str) -> None:
        """Does not know a VEN any more."""
        del self.vens[ven_id]

    def want(self, resource: str, *intervals: timedelta, nothing: bool = False) -> None:
        """Decides beforehand how a resource is to report; the least interval otherwise."""
        self.wanted[resource] = None if nothing else intervals

    def queue(self, message: str, payload: dict[str, Any]) -> None:
        """Has a poll answered with a message."""
        self.waiting.append((message, payload))

    def list_events(self, events: list[dict[str, Any]]) -> None:
        """Decides what VENs that ask for their events get."""
        self.listed = events

    def offer(self, ven_id: str, **arguments: Any) -> str:
        """Adds an event whose answer is told."""
        event_id: str = self.openleadr.add_event(
            ven_id=ven_id,
            callback=self._answered,
            delivery_callback=partial(self.say, "delivered"),
            **arguments,
        )
        return event_id

    def modify(self, ven_id: str, event_id: str, path: str, value: Any) -> None:
        """Changes an event by hand: openleadr has nothing for that."""
        event = _UTILS.find_by(self.openleadr.events[ven_id], "event_descriptor.event_id", event_id)
        _UTILS.setmember(event, path, value)
        _UTILS.increment_event_modification_number(event)
        self.openleadr.events_updated[ven_id] = True

    def drop(self, ven_id: str, event_id: str) -> None:
        """Takes an event off the list without a word, and tells the VEN the rest."""
        kept = self.openleadr.events[ven_id]
        kept.remove(_UTILS.find_by(kept, "event_descriptor.event_id", event_id))
        self.openleadr.events_updated[ven_id] = True

    # What happens

    async def ven_lookup(self, ven_id: str) -> dict[str, Any] | None:
        return self.vens.get(ven_id)

    def _answered(self, ven_id: str, event_id: str, opt_type: str) -> None:
        self.say("answer", ven_id=ven_id, id=event_id, opt=opt_type)

    async def on_create_party_registration(self, info: dict[str, Any]) -> Any:
        self.say("registration", info=info)
        name = info["ven_name"]
        if name in self.refused:
            return False
        ven_id = info.get("ven_id") or f"ven-{name}"
        self.vens[ven_id] = {
            "ven_id": ven_id,
            "ven_name": name,
            "fingerprint": info.get("fingerprint"),
            "registration_id": f"registration-{name}",
        }
        return ven_id, f"registration-{name}"

    async def on_cancel_party_registration(self, payload: dict[str, Any]) -> None:
        self.say("cancelled", payload=payload)

    # openleadr looks at the names of the arguments.
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
        self.say("offer", resource=resource_id, measurement=measurement, unit=unit, scale=scale)
        intervals = self.wanted.get(resource_id, (min_sampling_interval,))
        return intervals and (partial(self._readings, resource_id), *intervals)

    async def _readings(self, resource: str, data: list[tuple[datetime, float]]) -> None:
        self.say("readings", resource=resource, data=data)

    async def on_update_report(self, report: dict[str, Any]) -> None:
        self.say("report", report=report)

    async def on_created_report(self, payload: dict[str, Any]) -> None:
        self.say("created", payload=payload)

    async def on_poll(self, ven_id: str) -> Any:
        return self.waiting.pop(0) if self.waiting else None

    async def on_request_event(self, ven_id: str) -> Any:
        return self.listed or None

    async def on_created_event(self, ven_id: str, event_id: str, opt_type: str) -> None:
        self._answered(ven_id, event_id, opt_type)


class Program:
    """What there is of openleadr in this process.

    Args:
        out: where lines go.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._things: dict[str, Any] = {}

    def _write(self, **values: Any) -> None:
        print(written(values), file=self._out, flush=True)

    def _say(self, of: str, what: str, **values: Any) -> None:
        self._write(of=of, what=what, values=values)

    def make(self, of: str, kind: str, **arguments: Any) -> None:
        """Makes a VEN or a VTN of openleadr's."""
        maker: Any = {"ven": Ven, "vtn": Vtn}[kind]
        self._things[of] = maker(partial(self._say, of), **arguments)

    async def obey(self, line: str) -> None:
        """Carries out a command and tells what came of it."""
        number = json.loads(line)["id"]
        try:
            command = read(line, lambda name, fields: getattr(objects, name)(**fields))
            result = await self._done(command["of"], command["do"], command["args"])
        except Exception as error:
            log.exception("%s", line)
            self._write(reply=number, error=f"{type(error).__name__}: {error}")
        else:
            self._write(reply=number, result=result)

    async def _done(self, of: str, do: str, args: dict[str, Any]) -> Any:
        if do == "make":
            return self.make(of, **args)
        thing = self._things[of]
        found = getattr(thing if hasattr(thing, do) else thing.openleadr, do)
        if not callable(found):
            return found
        result = found(*args.pop("*", ()), **args)
        return await result if inspect.isawaitable(result) else result


async def main() -> None:
    """Obeys until there are no more commands."""
    # openleadr prints; what is not ours must not get between the lines.
    program = Program(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    sys.stdout = sys.stderr
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    reader = asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    running: set[asyncio.Task[None]] = set()
    while line := await reader.readline():
        task = asyncio.create_task(program.obey(line.decode()))
        running.add(task)
        task.add_done_callback(running.discard)


if __name__ == "__main__":
    asyncio.run(main())
