"""Handlers of reports: what is wanted of an offer, and the data that comes."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from oadr import messages as m
from oadr.dicts import from_dict, report_from_dict, report_to_dict, to_dict
from oadr.enums import ReportName
from oadr.report import OTHER_TELEMETRY, DataPoint, Offer
from vtn.compat.calling import (
    Function,
    WrongReturn,
    fitted,
    named,
    parameters_of,
    settled,
)
from vtn.compat.members import peek
from vtn.compat.reports import as_offered
from vtn.compat.setting import Setting
from vtn.compat.traffic import current, payload_of
from vtn.hooks import Context, Update, Wanted

#: The parameters of ``on_register_report`` that gets one data point after another.
COMPACT = (
    "ven_id",
    "resource_id",
    "measurement",
    "unit",
    "scale",
    "min_sampling_interval",
    "max_sampling_interval",
)
#: What OpenLEADR asks its applications about; they do not expect others. To them a report
#: of other telemetry is one of usage, because OpenLEADR offers all telemetry under that name.
_TELEMETRY = frozenset({ReportName.TELEMETRY_USAGE, ReportName.TELEMETRY_STATUS, OTHER_TELEMETRY})
_PAIR = "(callback, sampling_interval), (callback, sampling_interval, reporting_interval) or None"
_LIST = "a list of (r_id, callback, sampling_interval[, reporting_interval]) or None"
#: How often readings are wanted where neither side says.
_USUAL = timedelta(minutes=1)

#: rID, callback (None for none), sampling, reporting.
_Choice = tuple[str, Function | None, timedelta, timedelta]


def compact(function: Function, setting: Setting) -> Function | None:
    """``on_register_report`` with seven parameters, asked for each data point."""
    call = fitted(function, *COMPACT)
    if call is None or len(parameters_of(function)) < len(COMPACT):
        return None

    async def on_register_report(offers: Sequence[Offer], ctx: Context) -> list[Wanted]:
        setting.forget_readers(ctx.ven_id)
        found: list[Wanted] = []
        for offer in _telemetry(offers):
            choices = []
            for point in offer.points:
                answer = await settled(call(ctx.ven_id, *_description(point)))
                if answer is not None:
                    choices.append(_choice((point.r_id, *_tuple(answer, _PAIR)), answer, _PAIR))
            found += _wanted(offer, choices, ctx, setting)
        return found

    return named(on_register_report, function)


def _telemetry(offers: Iterable[Offer]) -> list[Offer]:
    return [offer for offer in offers if offer.report_name in _TELEMETRY]


def _description(point: DataPoint) -> tuple[Any, ...]:
    unit = point.unit if isinstance(point.unit, m.Unit) else None
    sources = point.data_source.resource_ids if point.data_source else ()
    return (
        sources[0] if sources else None,
        unit.description if unit else "Status",
        unit.units if unit else None,
        str(unit.scale) if unit else None,
        point.min_period,
        point.max_period,
    )


def full(function: Function, setting: Setting) -> Function | None:
    """``on_register_report(report)``, asked for each report."""
    call = fitted(function, "report")
    if call is None:
        return None

    async def on_register_report(offers: Sequence[Offer], ctx: Context) -> list[Wanted]:
        setting.forget_readers(ctx.ven_id)
        found: list[Wanted] = []
        described = _reports_offered()
        for offer in _telemetry(offers):
            answer = await settled(call(described[offer.specifier_id]))
            if answer is None:
                continue
            if not isinstance(answer, list):
                raise WrongReturn(answer, _LIST)
            choices = [_of_offer(offer, one, answer) for one in answer if one is not None]
            found += _wanted(offer, choices, ctx, setting)
        return found

    return named(on_register_report, function)


def _reports_offered() -> dict[str, dict[str, Any]]:
    exchange = current()
    message = exchange.message if exchange is not None else None
    reports = message.reports if isinstance(message, m.RegisterReport) else ()
    return {report.report_specifier_id: report_to_dict(as_offered(report)) for report in reports}


def _of_offer(offer: Offer, one: Any, whole: Any) -> _Choice:
    choice = _choice(_tuple(one, _LIST, whole), whole, _LIST)
    if offer.point(choice[0]) is None:
        known = ", ".join(point.r_id for point in offer.points)
        raise WrongReturn(whole, f"r_ids of this report: {known}")
    return choice


def early(function: Function, setting: Setting) -> Function | None:
    """``on_register_report(ven_id, reports)``, which returns the rIDs that it wants."""
    call = fitted(function, "ven_id", "reports")
    if call is None:
        return None

    async def on_register_report(offers: Sequence[Offer], ctx: Context) -> list[Wanted]:
        setting.forget_readers(ctx.ven_id)
        answer = await settled(call(ctx.ven_id, list(_reports_offered().values())))
        if answer is None:
            return []
        if not isinstance(answer, list | tuple | set | frozenset):
            raise WrongReturn(answer, "a list of r_ids or None")
        chosen = {_r_id(one, answer): one for one in answer if one is not None}
        found: list[Wanted] = []
        for offer in offers:
            mine = [chosen[point.r_id] for point in offer.points if point.r_id in chosen]
            found += _wanted(offer, [_at_usual(offer, one) for one in mine], ctx, setting)
        return found

    return named(on_register_report, function)


def _r_id(one: Any, whole: Any) -> str:
    r_id = one[0] if isinstance(one, tuple) and one else one
    if not isinstance(r_id, str):
        raise WrongReturn(whole, "a list of r_ids or None")
    return r_id


def _at_usual(offer: Offer, one: Any) -> _Choice:
    """Returns the choice of a data point by its rID alone: as often as it can be had."""
    if isinstance(one, tuple):
        return _of_offer(offer, one, one)
    fastest = max((point.min_period for point in offer.points), default=timedelta(0)) or _USUAL
    return one, None, fastest, fastest


def _tuple(one: Any, expected: str, whole: Any = None) -> tuple[Any, ...]:
    if not isinstance(one, tuple):
        raise WrongReturn(one if whole is None else whole, expected)
    return one


def _choice(given: tuple[Any, ...], whole: Any, expected: str) -> _Choice:
    if len(given) not in (3, 4) or not callable(given[1]):
        raise WrongReturn(whole, expected)
    r_id, callback, every, *deliver = given
    periods = (every, deliver[0] if deliver else every)
    if not all(isinstance(period, timedelta) for period in periods):
        raise WrongReturn(whole, f"{expected}; intervals are of type timedelta")
    return str(r_id), callback, *periods


def _wanted(offer: Offer, choices: list[_Choice], ctx: Context, setting: Setting) -> list[Wanted]:
    """Returns one request for all data points that are wanted equally often."""
    groups: dict[tuple[timedelta, timedelta], list[str]] = {}
    for r_id, callback, every, deliver in choices:
        if callback is not None:
            setting.keep_reader(ctx.ven_id, offer.specifier_id, r_id, callback)
        groups.setdefault((every, deliver), []).append(r_id)
    return [
        Wanted(specifier_id=offer.specifier_id, r_ids=tuple(r_ids), every=every, deliver=deliver)
        for (every, deliver), r_ids in groups.items()
    ]


# ---------------------------------------------------------------- data


def updated(function: Function, setting: Setting) -> Function | None:
    """``on_update_report(report)``."""
    call = fitted(function, "report")
    return None if call is None else _reader(function, setting, lambda ctx, report: call(report))


def updated_early(function: Function, setting: Setting) -> Function | None:
    """``on_update_report(ven_id, report)``."""
    call = fitted(function, "ven_id", "report")
    if call is None:
        return None
    return _reader(function, setting, lambda ctx, report: call(ctx.ven_id, report))


def _reader(function: Function, setting: Setting, call: Function) -> Function:
    async def on_update_report(update: Update, ctx: Context) -> None:
        if all(
            setting.has_reader(ctx.ven_id, update.specifier_id, reading.r_id)
            for reading in update.readings
        ):
            return
        report = _report_of(update, function)
        if report is not None:
            await settled(call(ctx, report_to_dict(report)))

    return named(on_update_report, function)


def _report_of(update: Update, key: object) -> m.Report | None:
    """Returns the report in the message that an update was read from."""
    exchange = current()
    message = exchange.message if exchange is not None else None
    if exchange is None or not isinstance(message, m.UpdateReport):
        return None
    request_id = update.report_request_id
    mine = [one for one in message.reports if one.report_request_id == request_id]
    full = [one for one in mine if one.intervals]
    number = exchange.times((key, request_id))
    return full[number] if number < len(full) else None


def created(function: Function, setting: Setting) -> Function | None:
    """``on_created_report(payload)``."""
    call = fitted(function, "payload")
    if call is None:
        return None

    async def on_created_report(pending: Sequence[str], ctx: Context) -> None:
        await settled(call(_created(pending, ctx)))

    return named(on_created_report, function)


def created_early(function: Function, setting: Setting) -> Function | None:
    """``on_created_report(ven_id, pending_reports)``."""
    call = fitted(function, "ven_id", "pending_reports")
    if call is None:
        return None

    async def on_created_report(pending: Sequence[str], ctx: Context) -> None:
        await settled(call(ctx.ven_id, _created(pending, ctx)["pending_reports"]))

    return named(on_created_report, function)


def _created(pending: Sequence[str], ctx: Context) -> dict[str, Any]:
    listed = [{"report_request_id": request_id} for request_id in pending]
    payload = payload_of(m.CreatedReport) or {"ven_id": ctx.ven_id}
    return payload | {"pending_reports": payload.get("pending_reports") or listed}


def requested(function: Function, setting: Setting) -> Function | None:
    """``on_request_report(payload)``: a VEN wants reports of the VTN."""
    call = fitted(function, "payload")
    if call is None:
        return None

    async def on_request_report(
        request: m.CreateReport, ctx: Context
    ) -> tuple[m.Report, ...] | None:
        found = await settled(call(to_dict(request)[1]))
        return None if found is None else _reports(found, ctx, setting)

    return named(on_request_report, function)


def _reports(found: Any, ctx: Context, setting: Setting) -> tuple[m.Report, ...]:
    now = ctx.clock.now()
    if isinstance(found, tuple) and len(found) == 2 and isinstance(found[0], str):
        name, payload = found
        message = from_dict(
            name, payload, now=now, new_id=setting.new_id, vtn_id=setting.vtn_id, ven_id=ctx.ven_id
        )
        if isinstance(message, m.UpdateReport):
            return message.reports
        raise WrongReturn(found, "('oadrUpdateReport', payload)")
    several = found if isinstance(found, list | tuple) else [found]
    return tuple(_report(one, found, now) for one in several)


def _report(one: Any, whole: Any, now: Any) -> m.Report:
    if isinstance(one, m.Report):
        return one
    if peek(one, "report_specifier_id") is None:
        raise WrongReturn(whole, "a report, a list of reports or None")
    return report_from_dict(one, now=now)
