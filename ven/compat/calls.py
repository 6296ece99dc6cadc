"""OpenLEADR's methods that do one step: each returns a message's name and its payload.

What does not work is a line in the log, and ``(None, {})`` or the VTN's error.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from oadr.codec import message_name
from oadr.enums import OptType, ProfileName, ServiceName, TransportName
from oadr.errors import OpenADRError
from oadr.messages import (
    CancelReport,
    CreatedEvent,
    CreatePartyRegistration,
    CreateReport,
    EiResponse,
    EventResponse,
    Message,
    Poll,
    RequestEvent,
    Response,
)
from ven.compat.dicts import message_dict, message_from
from ven.compat.traffic import Change, Wire
from ven.engine.machine import Machine

log = logging.getLogger("openadr.ven")
#: Name and payload of what the VTN answered; ``(None, {})`` if it did not.
Answer = tuple[str | None, dict[str, Any]]
NOTHING: Answer = (None, {})


class Calls:
    """The part of the client that does one step when it is told to."""

    _machine: Machine
    _wire: Wire

    async def poll(self) -> Answer:
        """Asks the VTN once and returns what it says without acting on it."""
        return await self._ask(
            ServiceName.OADR_POLL, lambda: Poll(ven_id=self._machine.core.party.ven_id)
        )

    async def query_registration(self) -> Answer:
        """Asks what the VTN supports."""
        return await self._call(self._machine.registration.query)

    async def create_party_registration(
        self,
        http_pull_model: bool = True,
        xml_signature: bool = False,
        report_only: bool = False,
        profile_name: str = "2.0b",
        transport_name: str = "simpleHttp",
        transport_address: str | None = None,
        ven_id: str | None = None,
        request_id: str | None = None,
        registration_id: str | None = None,
    ) -> Answer:
        """Registers.

        Args:
            http_pull_model: whether this VEN polls; it does in any case.
            xml_signature: whether to say that messages are signed; said in any case if they are.
            report_only: whether this is a Report Only VEN.
            profile_name: ``"2.0b"`` or ``"2.0a"``.
            transport_name: ``"simpleHttp"`` or ``"xmpp"``.
            transport_address: where the VTN reaches this VEN, for push.
            ven_id: allocated beforehand by the VTN.
            request_id: of the message; None makes one.
            registration_id: to register again under this ID.

        Raises:
            ValueError: profile or transport are not known.
        """
        given: dict[str, Any] = {
            "http_pull_model": http_pull_model,
            "profile_name": ProfileName(profile_name),
            "transport_name": TransportName(transport_name),
            "transport_address": transport_address,
            "ven_id": ven_id,
            "request_id": request_id,
            "registration_id": registration_id,
        }

        def change(message: Message) -> Message:
            if not isinstance(message, CreatePartyRegistration):
                return message
            changes = {name: value for name, value in given.items() if value is not None}
            signs = message.xml_signature or xml_signature
            only = message.report_only or report_only
            return replace(message, xml_signature=signs, report_only=only, **changes)

        answer = await self._call(self._machine.registration.create, change)
        self._machine.core.woken.set()
        return answer

    async def create_party_reregistration(self, registration_id: str | None = None) -> Answer:
        """Registers again under the same IDs, or under a registration ID that is given."""
        return await self._call(lambda: self._machine.registration.renew(registration_id))

    async def cancel_party_registration(self) -> Answer:
        """Ends the registration; the VEN stays away until it is told to register."""
        if self._machine.core.registration is None:
            log.info("VEN is not registered", extra=self._machine.core.extra)
            return NOTHING
        return await self._call(self._machine.registration.cancel)

    async def request_event(self, reply_limit: int | None = None) -> Answer:
        """Asks for all events and returns them without acting on them."""
        core = self._machine.core
        return await self._ask(
            ServiceName.EI_EVENT,
            lambda: RequestEvent(
                request_id=core.new_id(), ven_id=core.party.ven_id, reply_limit=reply_limit
            ),
        )

    async def sync_events(self) -> Answer:
        """Asks for all events, takes them in and answers them."""
        return await self._call(self._machine.events.request)

    async def created_event(
        self,
        request_id: str,
        event_id: str,
        opt_type: OptType | str,
        modification_number: int = 0,
    ) -> Answer:
        """Tells the VTN whether this VEN takes part in an event.

        Of an event that the VEN holds this changes its mind: request ID and modification
        number are those that it holds (R42), and the VTN is told later if it cannot be
        reached. Of any other it says what is given.

        Raises:
            ValueError: the opt is neither optIn nor optOut.
        """
        opt = OptType(opt_type)
        await self._load()
        if event_id in self._machine.events.held:
            return await self._call(lambda: self._machine.events.opt(event_id, opt))
        response = EventResponse(
            request_id=request_id,
            event_id=event_id,
            modification_number=modification_number,
            opt_type=opt,
        )

        def message() -> Message:
            ven_id = self._machine.core.party.ven_id
            return CreatedEvent(response=EiResponse(), responses=(response,), ven_id=ven_id)

        return await self._ask(ServiceName.EI_EVENT, message)

    async def register_reports(self, reports: object = None) -> Answer:
        """Sends the metadata; the VTN asks anew for what it wants.

        Args:
            reports: not used: the metadata of a VEN is that of all its reports (R306).
        """
        return await self._call(self._machine.reports.register)

    async def create_report(self, response_payload: Mapping[str, Any]) -> Answer:
        """Takes requests for reports, answers them, and serves them from then on.

        Args:
            response_payload: as of an oadrCreateReport or oadrRegisteredReport.

        Raises:
            ValueError: it is no such payload.
        """
        core = self._machine.core
        payload = dict(response_payload)
        asked = payload.pop("response", None) or {}
        payload.setdefault("request_id", asked.get("request_id") or core.new_id())
        message = message_from("oadrCreateReport", payload, core)
        if not isinstance(message, CreateReport):
            raise ValueError(f"that is no oadrCreateReport, but {message_name(message)}")
        found = message
        return await self._call(lambda: self._machine.reports.on_create(found))

    async def update_report(self, report_request_id: str) -> None:
        """Makes a report of the newest values now, beside those that are due, and sends it."""
        await self._load()
        try:
            made = await self._machine.reporting.make_now(str(report_request_id))
        except OpenADRError as error:
            log.error("update_report: %s", error, extra=self._machine.core.extra)
        else:
            if not made:
                words = "report %s was not asked for"
                log.error(words, report_request_id, extra=self._machine.core.extra)

    async def cancel_report(self, payload: Mapping[str, Any]) -> Answer:
        """Stops serving requests as the payload of an oadrCancelReport says, and answers it."""
        wanted = payload["report_request_id"]
        names = wanted if isinstance(wanted, list | tuple) else (wanted,)
        message = CancelReport(
            request_id=str(payload.get("request_id") or ""),
            report_request_ids=tuple(str(name) for name in names),
            report_to_follow=bool(payload.get("report_to_follow")),
        )
        return await self._call(lambda: self._machine.reports.on_cancel(message))

    async def send_response(
        self,
        service: str,
        response_code: int = 200,
        response_description: str = "OK",
        request_id: str | None = None,
    ) -> Answer:
        """Sends an oadrResponse to a service of the VTN.

        Raises:
            ValueError: there is no such service.
        """
        response = EiResponse(
            code=response_code, description=response_description, request_id=request_id or ""
        )

        def message() -> Message:
            return Response(response=response, ven_id=self._machine.core.party.ven_id)

        return await self._ask(ServiceName(service), message)

    async def _ask(self, service: ServiceName, message: Callable[[], Message]) -> Answer:
        core = self._machine.core

        async def work() -> None:
            await core.send(service, message())

        return await self._call(work)

    async def _call(
        self, work: Callable[[], Awaitable[object]], change: Change | None = None
    ) -> Answer:
        """Does a step and returns the first answer of the VTN."""
        core = self._machine.core
        heard: list[Message] = []
        try:
            await self._load()
            async with core.turn:
                with self._wire.listening(change) as heard:
                    await work()
        except OpenADRError as error:
            log.error("%s", error, extra=core.extra)
        return message_dict(heard[0]) if heard else NOTHING

    async def _load(self) -> None:
        await self._machine.load()
