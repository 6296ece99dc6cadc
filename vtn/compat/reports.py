"""Reports of an application: what VENs offer, what was asked for, and who reads it."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from oadr import messages as m
from oadr.enums import ReportName
from oadr.report import OTHER_TELEMETRY
from vtn.compat.calling import READING, Callback, Told
from vtn.hooks import Context, Update

log = logging.getLogger("openadr.vtn.compat")

_PREFIX = "METADATA_"
_Key = tuple[str, str, str]
_Values = list[tuple[datetime, Any]]


class Reports:
    """The reports of one server.

    Attributes:
        callbacks: ``report_callbacks``: (reportRequestID, rID) -> callback.
        created: ``created_reports``: venID -> reportRequestIDs that it has confirmed.
    """

    def __init__(self) -> None:
        self.callbacks: dict[tuple[str, str], Callback] = {}
        self.created: dict[str, list[str]] = {}
        self._readers: dict[_Key, Callback] = {}
        self._offered: dict[str, tuple[m.Report, ...] | bytes] = {}
        self._registered: dict[str, list[dict[str, Any]]] = {}
        self._asked: dict[str, tuple[m.ReportRequest, ...]] = {}
        self._requested: dict[str, list[Any]] = {}

    # ------------------------------------------------------------ who reads

    def keep_reader(self, ven_id: str, specifier_id: str, r_id: str, callback: Callback) -> None:
        """Takes the callback for the data of one data point."""
        self._readers[ven_id, specifier_id, r_id] = callback

    def restore_reader(self, key: _Key, callback: Callback) -> None:
        """Takes a callback from before the last start."""
        self._readers[key] = callback

    def forget_readers(self, ven_id: str) -> None:
        """Drops the callbacks for the data of a VEN."""
        for key in [key for key in self._readers if key[0] == ven_id]:
            del self._readers[key]

    def has_reader(self, ven_id: str, specifier_id: str, r_id: str) -> bool:
        """Returns whether a data point has a callback."""
        return (ven_id, specifier_id, r_id) in self._readers

    def readers_of(self, ven_id: str) -> dict[tuple[str, str], Callback]:
        """Returns the callbacks for the data of a VEN, by reportSpecifierID and rID."""
        return {key[1:]: one for key, one in self._readers.items() if key[0] == ven_id}

    async def read(self, update: Update, ctx: Context) -> None:
        """Gives readings to the callbacks of their data points."""
        series: dict[str, _Values] = {}
        for reading in update.readings:
            series.setdefault(reading.r_id, []).append((reading.start, _plain(reading.value)))
        for r_id, values in series.items():
            callback = self._readers.get((ctx.ven_id, update.specifier_id, r_id))
            if callback is None:
                continue
            await Told(callback, READING).tell(result=values, data=values)

    def move(self, moves: Mapping[str, str]) -> None:
        """Lets reports and their readers follow VENs that have another venID: former -> new."""
        of_vens: tuple[dict[str, Any], ...] = (
            self.created,
            self._offered,
            self._registered,
            self._asked,
            self._requested,
        )
        for kept in of_vens:
            left = {former: kept.pop(former) for former in moves if former in kept}
            for former, value in left.items():
                kept[moves[former]] = value
        keys = [key for key in self._readers if key[0] in moves]
        readers = {key: self._readers.pop(key) for key in keys}
        for (former, *point), callback in readers.items():
            self._readers[moves[former], point[0], point[1]] = callback

    # ------------------------------------------------------------ what passes by

    def watch(self, message: m.Message, reply: m.Message | None) -> None:
        """Notes what an exchange says about reports."""
        if isinstance(message, m.RegisterReport) and isinstance(reply, m.RegisteredReport):
            self._registered_by(message, reply)
        elif isinstance(message, m.CreatedReport) and message.ven_id:
            confirmed = self.created.setdefault(message.ven_id, [])
            confirmed += [one for one in message.pending if one not in confirmed]

    def _registered_by(self, message: m.RegisterReport, reply: m.RegisteredReport) -> None:
        """What a VEN offers replaces what it offered before, and ends what ran (R306)."""
        ven_id = reply.ven_id or message.ven_id or ""
        self.restore_offers(ven_id, message.reports)
        for request in self._asked.get(ven_id, ()):
            for point in request.data_points:
                self.callbacks.pop((request.report_request_id, point.r_id), None)
        self._asked[ven_id] = reply.requests
        self._requested.pop(ven_id, None)
        self.created[ven_id] = []
        for request in reply.requests:
            for point in request.data_points:
                callback = self._readers.get((ven_id, request.report_specifier_id, point.r_id))
                if callback is not None:
                    self.callbacks[request.report_request_id, point.r_id] = callback

    def restore_offers(self, ven_id: str, reports: tuple[m.Report, ...] | bytes) -> None:
        """Takes what a VEN offers, as reports or as the document that is stored of them."""
        self._offered[ven_id] = reports
        self._registered.pop(ven_id, None)

    # ------------------------------------------------------------ what applications look at

    @property
    def registered(self) -> dict[str, list[dict[str, Any]]]:
        """``registered_reports``: venID -> reports that it offers, as dicts."""
        for ven_id, reports in self._offered.items():
            if ven_id not in self._registered:
                self._registered[ven_id] = _described(reports)
        return self._registered

    @property
    def requested(self) -> dict[str, list[Any]]:
        """``requested_reports``: venID -> what was asked for, as objects of openleadr's."""
        from vtn.compat.objects import report_request

        for ven_id, requests in self._asked.items():
            if ven_id not in self._requested:
                self._requested[ven_id] = [report_request(one) for one in requests]
        return self._requested


def as_offered(report: m.Report) -> m.Report:
    """Returns metadata as applications know them.

    OpenLEADR offers all telemetry as TELEMETRY_USAGE, so that they look for no other name.
    """
    if report.report_name != OTHER_TELEMETRY:
        return report
    return replace(report, report_name=f"METADATA_{ReportName.TELEMETRY_USAGE}")


def _described(offered: tuple[m.Report, ...] | bytes) -> list[dict[str, Any]]:
    from oadr.dicts import report_to_dict

    if isinstance(offered, bytes):
        from vtn.store.document import read_reports

        offered = read_reports(offered)
    found = []
    for report in offered:
        described = report_to_dict(as_offered(report))
        name = described.get("report_name") or ""
        described["report_name"] = name.removeprefix(_PREFIX)
        found.append(described)
    return found


def _plain(value: Any) -> Any:
    """Returns the value of a reading: a number as openleadr gives it, or a status."""
    if isinstance(value, m.ResourceStatus):
        return value
    return None if value is None else float(value)
