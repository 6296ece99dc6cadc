"""``add_event`` and what belongs to it: the part of ``VTN`` that is about events."""

from datetime import timedelta
from typing import Any

from runtime.clock import Clock
from vtn.compat import wanted
from vtn.compat.calling import Callback
from vtn.compat.events import Events
from vtn.compat.parts import in_utc
from vtn.compat.setting import new_id


class Giving:
    """The part of the server that takes events and shows them."""

    clock: Clock
    _events: Events

    def add_event(
        self,
        ven_id: str,
        signal_name: str,
        signal_type: str,
        intervals: list[Any],
        callback: Callback | None = None,
        delivery_callback: Callback | None = None,
        event_id: str | None = None,
        targets: Any = None,
        targets_by_type: Any = None,
        target: Any = None,
        response_required: str = "always",
        market_context: str = "oadr://unknown.context",
        notification_period: timedelta | None = None,
        ramp_up_period: timedelta | None = None,
        recovery_period: timedelta | None = None,
        signal_target_mrid: str | None = None,
    ) -> str:
        """Adds an event with one signal for a VEN and returns its eventID.

        Raises:
            ValueError: an argument is not one of OpenADR's, or the event must not be sent.
        """
        wanted.check_arguments(signal_name, signal_type, intervals, response_required)
        event_id = event_id or new_id()
        signal: dict[str, Any] = {
            "intervals": intervals,
            "signal_name": signal_name,
            "signal_type": signal_type,
            "signal_id": new_id(),
        }
        if signal_target_mrid is not None:
            signal["targets"] = [{"end_device_asset": {"mrid": signal_target_mrid}}]
        raw = wanted.raw_event(
            event_id,
            ven_id=ven_id,
            signal=signal,
            targets=(target, targets, targets_by_type),
            market_context=market_context,
            response_required=response_required,
            periods={
                "notification_period": notification_period,
                "ramp_up_period": ramp_up_period,
                "recovery_period": recovery_period,
            },
        )
        ready = wanted.event_of(raw, now=self.clock.now())
        wanted.check_callbacks(ready, callback, delivery_callback)
        in_utc(intervals)
        self._events.add(
            ven_id, ready, raw=raw, callback=callback, delivery_callback=delivery_callback
        )
        return ready.event_id

    def add_raw_event(
        self,
        ven_id: str,
        event: Any,
        callback: Callback | None = None,
        delivery_callback: Callback | None = None,
    ) -> str:
        """Adds an event given as an openleadr object or dict and returns its eventID.

        Raises:
            ValueError: it cannot be understood, or must not be sent.
        """
        ready = wanted.event_of(event, now=self.clock.now())
        wanted.check_callbacks(ready, callback, delivery_callback)
        wanted.complete(event, ready)
        self._events.add(
            ven_id, ready, given=event, callback=callback, delivery_callback=delivery_callback
        )
        return ready.event_id

    def cancel_event(self, ven_id: str, event_id: str) -> None:
        """Cancels an event; the log says so if that VEN or event is not known."""
        self._events.cancel(ven_id, event_id)

    @property
    def events(self) -> dict[str, list[Any]]:
        """VenID -> the events that it has: the application's own objects or dicts.

        Whoever changes one says so with ``events_updated[ven_id] = True``.
        """
        return self._events.view()

    @property
    def events_updated(self) -> dict[str, bool]:
        """VenID -> whether there is news for it; True publishes what has been changed."""
        return self._events.updated

    @property
    def event_callbacks(self) -> dict[str, tuple[Any, Callback]]:
        """EventID -> (event, callback)."""
        return self._events.view_callbacks()

    @property
    def event_delivery_callbacks(self) -> dict[str, Callback]:
        """EventID -> callback."""
        return self._events.delivery_callbacks
