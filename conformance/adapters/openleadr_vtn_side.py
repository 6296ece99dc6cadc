"""openleadr's VTN with the handlers that its documentation asks for; for the program alone."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from openleadr import enums, objects
from openleadr.server import OpenADRServer

from conformance.adapters.openleadr_lines import Refused

_ENUMS: Any = enums
_OBJECTS: Any = objects
_SERVER: Any = OpenADRServer
_ZERO = timedelta(0)


class Vtn:
    """openleadr's VTN, and the application around it.

    Args:
        vtn_id: its vtnID.
        poll_freq: how often VENs are to poll.
        fingerprints: of VENs that may register; empty lets everybody in.
        arguments: more of ``OpenADRServer``.

    Attributes:
        vens: what it knows of VENs, by venID.
        refused: names that it does not register.
        opts: what VENs have said about events, by eventID.
        readings: resource, measurement and value, as they came.
    """

    def __init__(
        self, vtn_id: str, poll_freq: timedelta, fingerprints: list[str], **arguments: Any
    ) -> None:
        self.vens: dict[str, dict[str, Any]] = {}
        self.refused: set[str] = set()
        self.opts: dict[str, str] = {}
        self.readings: list[tuple[str, str, float]] = []
        self._given: set[str] = set()
        self._fingerprints = fingerprints
        self._count = 0
        self._openleadr = _SERVER(
            vtn_id=vtn_id,
            requested_poll_freq=poll_freq,
            http_port=0,
            ven_lookup=self._ven_lookup,
            show_fingerprint=False,
            **arguments,
        )
        self._openleadr.add_handler("on_create_party_registration", self._on_registration)
        self._openleadr.add_handler("on_cancel_party_registration", self._on_cancellation)
        self._openleadr.add_handler("on_register_report", self._on_register_report)
        self._openleadr.add_handler("on_update_report", self._on_update_report)

    async def start(self) -> str:
        """Listens, and returns where."""
        await self._openleadr.run()
        scheme = "https" if self._openleadr.ssl_context else "http"
        port = self._openleadr.app_runner.addresses[0][1]
        return f"{scheme}://127.0.0.1:{port}"

    # What its operator does

    async def create_event(self, event: dict[str, Any], name: str) -> str:
        """Adds an event for the VEN of that name."""
        ven_id = self._registered(name)
        start = datetime.now(UTC).replace(microsecond=0) + event["starts_in"]
        if event["baseline"]:
            raise Refused("openleadr's events have no baselines")
        if _simple(event):
            return str(self._added(ven_id, start, event))
        return str(self._added_raw(ven_id, start, event))

    def _added(self, ven_id: str, start: datetime, event: dict[str, Any]) -> Any:
        (signal,) = event["signals"]
        return self._openleadr.add_event(
            ven_id=ven_id,
            signal_name=signal["name"],
            signal_type=signal["type"],
            intervals=_intervals(start, signal),
            callback=self._answered,
            targets_by_type=event["targets"] or None,
            response_required=event["response_required"],
            market_context=event["market_context"],
            notification_period=event["notification"] or None,
            ramp_up_period=event["ramp_up"] or None,
            recovery_period=event["recovery"] or None,
            signal_target_mrid=signal["assets"][0] if signal["assets"] else None,
        )

    def _added_raw(self, ven_id: str, start: datetime, event: dict[str, Any]) -> Any:
        self._count += 1
        first = event["signals"][0]
        targets = [
            _OBJECTS.Target(**{kind: one})
            for kind, all_ in event["targets"].items()
            for one in all_
        ]
        made = _OBJECTS.Event(
            event_descriptor=_OBJECTS.EventDescriptor(
                event_id=f"event-{self._count}",
                modification_number=0,
                market_context=event["market_context"],
                event_status="far",
                priority=event["priority"],
                test_event=event["test"],
                vtn_comment=event["comment"] or None,
            ),
            active_period=_OBJECTS.ActivePeriod(
                dtstart=start,
                duration=first["each"] * len(first["values"]),
                tolerance={"startafter": event["start_after"]} if event["start_after"] else None,
                notification_period=event["notification"],
                ramp_up_period=event["ramp_up"] or None,
                recovery_period=event["recovery"] or None,
            ),
            event_signals=[
                _OBJECTS.EventSignal(
                    intervals=[_OBJECTS.Interval(**one) for one in _intervals(start, signal)],
                    signal_name=signal["name"],
                    signal_type=signal["type"],
                    signal_id=f"signal-{number}",
                    measurement=_measurement(signal),
                )
                for number, signal in enumerate(event["signals"])
            ],
            targets=targets or [_OBJECTS.Target(ven_id=ven_id)],
            response_required=event["response_required"],
        )
        return self._openleadr.add_raw_event(ven_id, made, callback=self._answered)

    async def cancel_event(self, event_id: str, name: str) -> None:
        """Cancels an event of a VEN."""
        self._openleadr.cancel_event(self._registered(name), event_id)

    async def opt_of(self, event_id: str) -> str:
        """Returns what a VEN has said of an event."""
        return self.opts.get(event_id, "")

    async def enrol(self, name: str, ven_id: str, fingerprint: str) -> None:
        """Knows a VEN before it registers."""
        self.vens[ven_id] = _ven(ven_id, name, fingerprint, None)

    async def request_reregistration(self, name: str) -> None:
        """Does not know the registration of a VEN any more, for which openleadr asks for it."""
        self.vens[self._registered(name)]["registration_id"] = None

    async def refuse(self, name: str) -> None:
        """Does not register VENs of this name from now on."""
        self.refused.add(name)
        for one in self.vens.values():
            if one["ven_name"] == name:
                one["registration_id"] = None

    async def admit(self, name: str) -> None:
        """Registers VENs of this name after all."""
        self.refused.discard(name)

    async def stored(self) -> list[tuple[str, str]]:
        """Returns rID and value of all readings, as they came."""
        names = {
            (description["report_data_source"]["resource_id"], measurement["description"]): r_id
            for reports in self._openleadr.registered_reports.values()
            for report in reports
            for description in report["report_descriptions"]
            for r_id in (str(description["r_id"]),)
            for measurement in (description.get("measurement"),)
            if measurement is not None
        }
        return [(names.get((who, what), who), str(value)) for who, what, value in self.readings]

    def _registered(self, name: str) -> str:
        for ven_id, one in self.vens.items():
            if one["ven_name"] == name and one["registration_id"] is not None:
                return ven_id
        raise Refused(f"no VEN is registered as {name}")

    # What its handlers do

    async def _ven_lookup(self, ven_id: str) -> dict[str, Any] | None:
        return self.vens.get(ven_id)

    async def _on_registration(self, info: dict[str, Any]) -> Any:
        name, fingerprint = info.get("ven_name") or "", info.get("fingerprint")
        if name in self.refused:
            return False
        if self._fingerprints and fingerprint not in self._fingerprints:
            return False
        asked = info.get("ven_id")
        if asked is not None and asked not in self.vens:
            return False
        known = [one["ven_id"] for one in self.vens.values() if one["ven_name"] == name]
        ven_id = asked or (known[0] if known else f"ven-{len(self.vens) + 1}")
        registration_id = info.get("registration_id")
        if registration_id is None:
            self._count += 1
            registration_id = f"registration-{self._count}"
        elif registration_id not in self._given:
            return False
        self._given.add(registration_id)
        self.vens[ven_id] = _ven(ven_id, name, fingerprint, registration_id)
        return ven_id, registration_id

    async def _on_cancellation(self, payload: dict[str, Any]) -> None:
        found = self.vens.get(payload["ven_id"])
        if found is not None and found["registration_id"] == payload["registration_id"]:
            self._given.discard(found["registration_id"])
            found["registration_id"] = None

    # openleadr looks at the names of the arguments.
    async def _on_register_report(
        self,
        ven_id: str,
        resource_id: str,
        measurement: str,
        unit: str,
        scale: str,
        min_sampling_interval: timedelta,
        max_sampling_interval: timedelta,
    ) -> Any:
        return partial(self._on_readings, resource_id, measurement), min_sampling_interval

    async def _on_readings(
        self, resource_id: str, measurement: str, data: list[tuple[datetime, float]]
    ) -> None:
        self.readings += [(resource_id, measurement, value) for _, value in data]

    async def _on_update_report(self, report: dict[str, Any]) -> None:
        """Takes a report that nothing was asked for; there is nothing to do about it."""

    def _answered(self, ven_id: str, event_id: str, opt_type: str) -> None:
        self.opts[event_id] = opt_type


def _ven(
    ven_id: str, name: str, fingerprint: str | None, registration_id: str | None
) -> dict[str, Any]:
    return {
        "ven_id": ven_id,
        "ven_name": name,
        "fingerprint": fingerprint,
        "registration_id": registration_id,
    }


def _simple(event: dict[str, Any]) -> bool:
    """Whether ``add_event`` has an argument for all that there is."""
    signals = event["signals"]
    more = (event["priority"], event["test"], event["comment"], event["start_after"])
    return len(signals) == 1 and not signals[0]["unit"] and not any(more)


def _intervals(start: datetime, signal: dict[str, Any]) -> list[dict[str, Any]]:
    each = signal["each"]
    return [
        {"dtstart": start + each * number, "duration": each, "signal_payload": value}
        for number, value in enumerate(signal["values"])
    ]


def _measurement(signal: dict[str, Any]) -> Any:
    if not signal["unit"]:
        return None
    for name in _ENUMS.MEASUREMENTS.members:
        found = _ENUMS.MEASUREMENTS[name]
        if found.name == signal["unit"] or found.description == signal["unit"]:
            return _OBJECTS.Measurement(
                name=signal["unit"],
                description=found.description,
                unit=signal["symbol"] or found.unit,
                acceptable_units=found.acceptable_units,
                scale=found.scale,
                power_attributes=found.power_attributes,
            )
    raise Refused(f"openleadr knows no unit {signal['unit']}")
