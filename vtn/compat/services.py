"""``server.services``: four objects with what applications touch of openleadr's services."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from vtn.compat.reports import Reports

if TYPE_CHECKING:
    from vtn.compat.server import VTN


class Service:
    """One service; assigning to ``on_...`` adds a handler to the server.

    Args:
        server: whose it is.
        name: last part of its address.
        reports: of the server.
    """

    def __init__(self, server: "VTN", name: str, reports: Reports) -> None:
        self._server = server
        self._reports = reports
        self.__service_name__ = name

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("on_"):
            self._server.add_handler(name, value)
        super().__setattr__(name, value)

    @property
    def vtn_id(self) -> str:
        """How the VTN calls itself."""
        return self._server.settings.vtn_id

    async def handler(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one request to this service."""
        return await self._server.serve_at(self.__service_name__, request)


class EventService(Service):
    """EiEvent."""

    polling_method = "internal"

    @property
    def events(self) -> dict[str, list[Any]]:
        """As ``server.events``."""
        return self._server.events

    @property
    def event_callbacks(self) -> dict[str, Any]:
        """As ``server.event_callbacks``."""
        return self._server.event_callbacks

    @property
    def event_delivery_callbacks(self) -> dict[str, Any]:
        """As ``server.event_delivery_callbacks``."""
        return self._server.event_delivery_callbacks


class ReportService(Service):
    """EiReport."""

    @property
    def report_callbacks(self) -> dict[Any, Any]:
        """(reportRequestID, rID) -> callback."""
        return self._reports.callbacks

    @property
    def registered_reports(self) -> dict[str, list[dict[str, Any]]]:
        """As ``server.registered_reports``."""
        return self._server.registered_reports

    @property
    def requested_reports(self) -> dict[str, list[Any]]:
        """VenID -> what was asked for, objects of openleadr's."""
        return self._reports.requested

    @property
    def created_reports(self) -> dict[str, list[str]]:
        """VenID -> reportRequestIDs that the VEN has confirmed."""
        return self._reports.created


class PollService(Service):
    """OadrPoll.

    Attributes:
        polling_method: ``external`` once there is an ``on_poll`` handler; what the VTN has
            for a VEN goes out all the same.
        event_service: the one beside it.
        report_service: the one beside it.
    """

    polling_method = "internal"
    event_service: EventService
    report_service: ReportService

    @property
    def events_updated(self) -> dict[str, bool]:
        """As ``server.events_updated``."""
        return self._server.events_updated

    @property
    def report_requests(self) -> dict[str, Any]:
        """Always empty; what is asked for is in ``requested_reports``."""
        return {}


class RegistrationService(Service):
    """EiRegisterParty."""

    @property
    def poll_freq(self) -> Any:
        """How often VENs shall poll."""
        return self._server.settings.registration.poll_interval


def services_of(server: "VTN", reports: Reports) -> dict[str, Any]:
    """Returns ``server.services``."""
    event = EventService(server, "EiEvent", reports)
    report = ReportService(server, "EiReport", reports)
    poll = PollService(server, "OadrPoll", reports)
    poll.event_service, poll.report_service = event, report
    return {
        "event_service": event,
        "report_service": report,
        "poll_service": poll,
        "registration_service": RegistrationService(server, "EiRegisterParty", reports),
    }
