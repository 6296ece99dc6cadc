#!/usr/bin/env python3
"""Does at a VTN what cases want done: ``setup.py ACTION``, with JSON on standard input.

This one operates a VTN of openadr-kit by its command line, in the folder of its ``vtn.toml``. For
another product put its own calls in the place of ``vtn``.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NoReturn

CANNOT = 3
Given = dict[str, Any]


def vtn(*words: str) -> str:
    """Runs a command of the operator; one that fails makes the case inconclusive."""
    done = subprocess.run(["vtn", *words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr.strip() or done.stdout.strip())
    return done.stdout


def cannot(why: str) -> NoReturn:
    """Has the case skipped, with the reason."""
    print(why, file=sys.stderr)
    sys.exit(CANNOT)


def seconds(duration: str) -> str:
    """Returns ``PT1M30S`` as ``90s``."""
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", duration)
    if found is None:
        cannot(f"{duration} cannot be typed")
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return f"{((days * 24 + hours) * 60 + minutes) * 60 + rest}s"


def levels(event: Given) -> str:
    """Returns the one signal of an event as the operator types it, such as ``1:60s,2:60s``."""
    (signal, *others) = event["signals"]
    if others or signal["unit"] or signal["assets"] or event["target"] or event["baseline"]:
        cannot("this script types events with one signal without a unit")
    each = seconds(signal["each"]).removesuffix("s")
    return ",".join(f"{value}:{each + 's' if each != '0' else 0}" for value in signal["values"])


def around(event: Given) -> list[str]:
    """Returns what an event has beside its signal and its start."""
    lengths = {
        "--ramp-up": "ramp_up",
        "--recovery": "recovery",
        "--notification": "notification",
        "--randomize": "start_after",
    }
    words = [word for name, key in lengths.items() for word in (name, seconds(event[key]))]
    words += ["--priority", str(event["priority"]), "--comment", event["comment"]]
    words += ["--response", event["response_required"], "--test" if event["test"] else "--no-test"]
    return words


def create_event(given: Given) -> str:
    """Comes to the eventID."""
    event = given["event"]
    whom = ["--to", f"ven:{given['peer']}", "--program", event["market_context"]]
    when = ["--levels", levels(event), "--start", event["starts_at"]]
    made: Given = json.loads(vtn("event", "create", "--json", *whom, *when, *around(event)))
    return str(made["event_id"])


def modify_event(given: Given) -> None:
    """Makes an event as it is described now."""
    event = given["event"]
    start = [] if given["keeps_start"] else ["--start", event["starts_at"]]
    vtn("event", "modify", given["event_id"], "--levels", levels(event), *start, *around(event))


def cancel_event(given: Given) -> None:
    """Cancels an event."""
    vtn("event", "cancel", given["event_id"])


def opt_of(given: Given) -> str:
    """Comes to optIn, optOut, or nothing yet."""
    shown: Given = json.loads(vtn("event", "show", given["event_id"], "--json"))
    return next((one["opt"] or "" for one in shown["vens"] if one["ven"] == given["peer"]), "")


def request_reregistration(given: Given) -> None:
    """Asks the VEN of the kit to register again."""
    vtn("ven", "reregister", given["peer"])


def cancel_registration(given: Given) -> None:
    """Ends the registration of the VEN of the kit."""
    vtn("ven", "cancel", given["peer"])


ACTIONS: dict[str, Callable[[Given], str | None]] = {
    "CreateEvent": create_event,
    "ModifyEvent": modify_event,
    "CancelEvent": cancel_event,
    "OptOf": opt_of,
    "RequestReregistration": request_reregistration,
    "CancelRegistration": cancel_registration,
}

if __name__ == "__main__":
    (name,) = sys.argv[1:]
    action = ACTIONS.get(name)
    if action is None:
        cannot(f"nobody has taught this script {name}")
    found = action(json.load(sys.stdin))
    if found is not None:
        print(json.dumps(found))
