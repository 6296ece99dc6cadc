"""Handlers for events at a VEN: opt by local limits, opt in always, opt out always.

A VEN whose ``[policy]`` has limits uses ``OptByLimits``; any of them can be named in
``handlers`` of ``ven.toml`` instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from oadr.enums import OptType
from oadr.event import effective_end, same_market_context
from oadr.event.signals import is_simple, value_of
from oadr.messages import Event
from oadr.times import ZERO, add
from runtime import plugins
from runtime.durations import in_words
from runtime.sections import PlainSection, Positive, Read, Rule, check
from ven.hooks import Context, EventHandler, Opt
from ven.sources.calling import Caller
from ven.sources.function import TIME_LIMIT, number_from

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: How many days of an event are looked at for blackouts; every week is like the first.
_LOOK_AHEAD = 8


class AlwaysOptIn(EventHandler):
    """Takes part in every event."""

    async def on_event(self, event: Event, ctx: Context) -> Opt:
        """Returns optIn."""
        return OptType.OPT_IN

    async def on_update_event(self, event: Event, ctx: Context) -> Opt:
        """Returns optIn."""
        return OptType.OPT_IN


class AlwaysOptOut(EventHandler):
    """Takes part in no event: a VEN that only reports, or one under repair."""

    async def on_event(self, event: Event, ctx: Context) -> Opt:
        """Returns optOut."""
        return OptType.OPT_OUT

    async def on_update_event(self, event: Event, ctx: Context) -> Opt:
        """Returns optOut."""
        return OptType.OPT_OUT


def _known_zone(zone: object) -> object:
    """Returns the name of a time zone, once it has been found to be one."""
    try:
        ZoneInfo(str(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{zone!r} is no time zone; expected such as Europe/London") from None
    return zone


def _typed_name(attribute: str) -> str:
    """Returns the key of an attribute; ``from`` cannot be the name of one."""
    return "from" if attribute == "start" else attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackout(PlainSection):
    """A time of day in which no event may run.

    Attributes:
        start: ``from`` in the configuration: when it begins.
        until: when it ends; earlier than ``from`` is on the next day.
        days: days of the week on which it begins; all if left out.
        zone: time zone of both, such as ``Europe/London``.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "alias_generator": _typed_name,
    }

    start: time
    until: time
    days: frozenset[Day] = frozenset(_DAYS)
    zone: Annotated[str, Read(_known_zone)] = "UTC"

    @property
    def _tzinfo(self) -> tzinfo:
        return UTC if self.zone == "UTC" else ZoneInfo(self.zone)

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether an event from ``start`` to ``end`` runs into it."""
        first = start.astimezone(self._tzinfo).date() - timedelta(days=1)
        return any(self._on(first + timedelta(days=n), start, end) for n in range(_LOOK_AHEAD + 2))

    def _on(self, day: date, start: datetime, end: datetime) -> bool:
        if _DAYS[day.weekday()] not in self.days:
            return False
        later = day + timedelta(days=self.until <= self.start)
        begin = datetime.combine(day, self.start, self._tzinfo).astimezone(UTC)
        finish = datetime.combine(later, self.until, self._tzinfo).astimezone(UTC)
        return begin < end and start < finish


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(PlainSection):
    """What ``OptByLimits`` is built from; each limit that is left out is none.

    Attributes:
        max_duration: longest event, its random start not counted; also refuses events
            without an end.
        min_notice: shortest time between hearing of an event and its ramp-up or start; a
            modification of an event that runs already is not measured by it.
        max_level: highest level of a SIMPLE signal.
        market_contexts: programmes to take part in.
        blackout: times of day in which no event may run.
        temperature: ``module:function`` that returns a temperature; not needed without
            the two limits below.
        max_temperature: highest temperature to take part at, in the function's unit.
        min_temperature: lowest.
        default: answer within the limits; left out for that of the VEN.
    """

    max_duration: Positive | None = None
    min_notice: Positive | None = None
    max_level: Annotated[Decimal, Rule(ge=0)] | None = None
    market_contexts: tuple[str, ...] | None = None
    blackout: tuple[Blackout, ...] = ()
    temperature: str | None = None
    max_temperature: Decimal | None = None
    min_temperature: Decimal | None = None
    default: OptType | None = None

    def __post_init__(self) -> None:
        limits = self.max_temperature, self.min_temperature
        if self.temperature is None and limits != (None, None):
            raise ValueError("a limit of temperature needs 'temperature', such as 'plant:outdoor'")
        if self.temperature is not None and limits == (None, None):
            raise ValueError("'temperature' needs max_temperature or min_temperature")


@dataclass(frozen=True, slots=True)
class _Found:
    """An event, and when it was heard of."""

    event: Event
    heard: datetime
    update: bool


class OptByLimits(EventHandler):
    """Opts out of what is beyond local limits, and leaves the rest to the default policy."""

    def __init__(self, limits: Limits, temperature: Callable[[], Any] | None = None) -> None:
        """Makes the handler.

        Args:
            limits: what to stay within.
            temperature: function or coroutine function that returns a number.
        """
        self.limits = limits
        self._temperature = temperature and Caller(temperature, time_limit=TIME_LIMIT)

    @classmethod
    def from_config(cls, section: dict[str, Any]) -> "OptByLimits":
        """Returns the handler for a section with the keys of ``Limits``.

        Raises:
            ConfigError: a key is not known, has a wrong value, or names nothing.
        """
        limits = check(section, Limits)
        function = limits.temperature and plugins.load(limits.temperature, key="temperature")
        return cls(limits, function or None)

    async def on_event(self, event: Event, ctx: Context) -> Opt:
        """Returns optOut beyond a limit, otherwise the default."""
        return await self._decide(_Found(event, ctx.received_at, update=False), ctx)

    async def on_update_event(self, event: Event, ctx: Context) -> Opt:
        """Decides as for a new event; a running one is not asked for notice again."""
        return await self._decide(_Found(event, ctx.received_at, update=True), ctx)

    async def _decide(self, found: _Found, ctx: Context) -> Opt:
        reason = self._beyond(found) or await self._uncomfortable()
        if not reason:
            return self.limits.default
        extra = {"event": found.event.event_id}
        ctx.log.info("event %s: optOut, %s", found.event.event_id, reason, extra=extra)
        return OptType.OPT_OUT

    def _beyond(self, found: _Found) -> str:
        checks = (self._too_long, self._too_soon, self._too_high, self._foreign, self._blacked_out)
        return next((reason for check_one in checks if (reason := check_one(found))), "")

    def _too_long(self, found: _Found) -> str:
        longest, duration = self.limits.max_duration, found.event.active_period.duration
        if longest is None or ZERO < duration <= longest:
            return ""
        lasts = f"it lasts {in_words(duration)}" if duration else "it has no end"
        return f"{lasts}; at most {in_words(longest)}"

    def _too_soon(self, found: _Found) -> str:
        notice, period = self.limits.min_notice, found.event.active_period
        begin = add(period.dtstart, -max(period.ramp_up or ZERO, ZERO))
        if notice is None or begin - found.heard >= notice:
            return ""
        if found.update and period.dtstart <= found.heard:
            return ""
        given = max(begin - found.heard, ZERO)
        return f"notice of {in_words(given)}; at least {in_words(notice)}"

    def _too_high(self, found: _Found) -> str:
        highest = self.limits.max_level
        levels = [
            value
            for signal in found.event.signals
            if is_simple(signal.signal_name)
            for value in map(value_of, signal.intervals)
            if value is not None
        ]
        if highest is None or max(levels, default=Decimal(0)) <= highest:
            return ""
        return f"level {max(levels)}; at most {highest}"

    def _foreign(self, found: _Found) -> str:
        known = self.limits.market_contexts
        context = found.event.descriptor.market_context
        if known is None or any(same_market_context(context, name) for name in known):
            return ""
        return f"programme {context} is none of {', '.join(known) or 'those allowed'}"

    def _blacked_out(self, found: _Found) -> str:
        period = found.event.active_period
        end = effective_end(period)
        for window in self.limits.blackout:
            if window.overlaps(period.dtstart, end):
                return f"blackout from {window.start:%H:%M} to {window.until:%H:%M} {window.zone}"
        return ""

    async def _uncomfortable(self) -> str:
        if self._temperature is None:
            return ""
        try:
            now = number_from(await self._temperature())
        except Exception as error:  # noqa: BLE001 - a user's function may raise anything
            return f"temperature unknown ({type(error).__name__}: {error})"
        highest, lowest = self.limits.max_temperature, self.limits.min_temperature
        if highest is not None and now > highest:
            return f"temperature {now}; at most {highest}"
        if lowest is not None and now < lowest:
            return f"temperature {now}; at least {lowest}"
        return ""
