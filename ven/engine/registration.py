"""Who the VEN is to the VTN: registering, being asked to, and ending it.

Spec: rules 301, 309, 400 to 407.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from oadr.enums import ServiceName
from oadr.errors import InvalidId
from oadr.messages import (
    CanceledPartyRegistration,
    CancelPartyRegistration,
    CreatedPartyRegistration,
    CreatePartyRegistration,
    EiResponse,
    Message,
    QueryRegistration,
    RequestReregistration,
    Response,
)
from oadr.times import ZERO
from runtime.durations import in_words
from ven.engine.core import Core, expect, log
from ven.engine.provision import Provision
from ven.errors import BadReply, PreProvisioned, Refused, Rejected, TransportError
from ven.options import MAX_POLL_INTERVAL
from ven.state import Registration

_SERVICE = ServiceName.EI_REGISTER_PARTY


class RegistrationEngine:
    """Registers and keeps registered.

    Args:
        core: what the engines share.
        stop_events: ends all events here; called when the registration has ended.
        forget_reports: makes no reports any more; called when the state holds none.
    """

    def __init__(
        self,
        core: Core,
        stop_events: Callable[[], Awaitable[None]],
        forget_reports: Callable[[], Awaitable[None]],
    ) -> None:
        self._core = core
        self._stop_events = stop_events
        self._forget_reports = forget_reports
        self.provision = Provision(core, end=self._end, keep=self._take_up, note=self._note)
        self._ended: CanceledPartyRegistration | None = None

    @property
    def renewal_due(self) -> bool:
        """Whether the VTN waits for a re-registration, or pushes to a wrong address (R402)."""
        party = self._core.registration
        return (
            party is not None
            and not party.pre_provisioned
            and (party.renewal_due or party.push_address != self._core.options.push_address)
        )

    async def load(self) -> None:
        """Takes up the registration of the last run, if there was one."""
        self._core.registration = await self._core.state.registration.load()

    async def query(self) -> CreatedPartyRegistration:
        """Asks what the VTN supports.

        Raises:
            PreProvisioned: it has no such operation.
            TransportError: no usable answer.
            Refused: the VTN does not say.
        """
        if self._core.options.pre_provisioned:
            raise PreProvisioned
        message = QueryRegistration(request_id=self._core.new_id())
        return await self._core.ask(_SERVICE, message, CreatedPartyRegistration)

    async def create(self) -> Registration:
        """Registers anew (R402); what the VTN had asked for before is void (R406).

        Raises:
            TransportError: no usable answer.
            Refused: the VTN does not want this VEN, or does not know it yet.
        """
        core = self._core
        if core.options.pre_provisioned:
            return await self.provision.adopt()
        registration = self._registration(await self._request_anew())
        await core.state.requests.clear()
        await core.state.opts.again()
        await self._keep(registration)
        return registration

    async def _request_anew(self) -> CreatedPartyRegistration:
        """Asks for a new registration; one that stands may be void from then on.

        That is on the disk before the question goes out: the answer may get lost, and the
        VTN then has forgotten what it has been told (R406).
        """
        core, party = self._core, self._core.registration
        ven_id = core.options.ven_id
        if party is None:
            return await self._request(registration_id=None, ven_id=ven_id)
        await core.state.opts.again()
        await self._note(replace(party, introduced=None))
        try:
            return await self._request(registration_id=None, ven_id=ven_id)
        except (Refused, Rejected):
            await self._note(party)
            raise
        except TransportError:
            core.lose("nobody knows whether the VTN has taken the new registration")
            raise

    async def renew(self, registration_id: str | None = None) -> Registration:
        """Registers again under the same IDs, so that the VTN has our current data.

        Args:
            registration_id: in place of the one that is kept.

        Raises:
            Unregistered: there is nothing to renew.
            TransportError: no usable answer.
            Refused: the VTN does not accept it; if it does not know our IDs, the session
                registers anew.
        """
        if self._core.options.pre_provisioned:
            return await self.provision.adopt()
        party = self._core.party
        try:
            reply = await self._request(
                registration_id=registration_id or party.registration_id, ven_id=party.ven_id
            )
        except Refused as error:
            if error.code == InvalidId.code and registration_id is None:
                self._core.lose("the VTN does not know the registration that it wants renewed")
            raise
        registration = replace(self._registration(reply), introduced=party.introduced)
        if registration.registration_id != party.registration_id:
            # The VTN started afresh: it knows neither our metadata nor its requests (R406).
            registration = replace(registration, introduced=None)
            await self._core.state.requests.clear()
            await self._core.state.opts.again()
        await self._keep(registration)
        return registration

    async def renew_if_due(self) -> None:
        """Registers again where that is due; a VTN that refuses it is not asked for ever.

        Raises:
            TransportError: no usable answer; it stays due.
            Refused: the VTN does not know our IDs, so this VEN has to register anew.
        """
        if not self.renewal_due:
            return
        core, what = self._core, "re-registration"
        try:
            await self.renew()
        except (TransportError, Refused) as error:
            if core.lost or not core.patience.exhausted(what, error):
                raise
            log.warning("the %s is given up: %s", what, error, extra=core.extra)
            if core.party.push_address != core.options.push_address:
                # What the VTN sends goes where nobody is.
                core.lose("the VTN does not take our new address")
            await self._note(replace(core.party, renewal_due=False))
        core.patience.forget(what)

    async def cancel(self) -> None:
        """Ends the registration from this side (R407).

        Raises:
            PreProvisioned: the VTN has no such operation.
            Unregistered: there is none.
            TransportError: no usable answer; the registration stands.
            Refused: the VTN does not agree; the registration stands.
        """
        core = self._core
        if core.options.pre_provisioned:
            raise PreProvisioned
        message = CancelPartyRegistration(
            request_id=core.new_id(),
            registration_id=core.party.registration_id,
            ven_id=core.party.ven_id,
        )
        reply = await core.send(_SERVICE, message)
        if not isinstance(reply, Response):
            # Some VTNs, openleadr's among them, say yes with nothing but oadrResponse.
            expect(reply, CanceledPartyRegistration, message)
        core.resigned = True
        await self._end("this VEN cancelled its registration")

    async def on_cancel(self, message: CancelPartyRegistration) -> None:
        """Answers the VTN's cancellation and obeys it (R400, R407)."""
        core = self._core
        party = core.party
        if party.pre_provisioned:
            await self.provision.on_cancel(message)
            return
        response = EiResponse(request_id=message.request_id)
        wrong = _wrong_id(message, party)
        if wrong:
            response = replace(response, code=InvalidId.code, description=wrong)
        answer = CanceledPartyRegistration(
            response=response, registration_id=party.registration_id, ven_id=party.ven_id
        )
        try:
            await core.tell(_SERVICE, answer)
        except (Refused, BadReply) as error:
            # What the VTN wants is known, even if it does not understand the confirmation.
            log.info("the VTN cancelled the registration, but: %s", error, extra=core.extra)
        if wrong:
            log.warning("cancellation refused: %s", wrong, extra=core.extra)
        else:
            await self._end("the VTN cancelled the registration")
            self._ended = answer
            core.away_until = core.clock.now() + core.options.reregister_after

    def cancelled_already(self, message: CancelPartyRegistration) -> Message | None:
        """Returns the answer to a cancellation that was obeyed already; None for any other.

        The VTN repeats it if the answer got lost.
        """
        known = self._ended
        if known is None or known.registration_id != message.registration_id:
            return None
        return replace(known, response=EiResponse(request_id=message.request_id))

    async def on_request(self, message: RequestReregistration) -> None:
        """Answers the VTN's wish, then registers again.

        The wish is on the disk before the answer goes out, so it is not forgotten. If it was
        pushed, the session obeys it, after the response.
        """
        core = self._core
        party = core.party
        if party.pre_provisioned:
            await self.provision.on_request(message)
            return
        response = EiResponse()
        if message.ven_id != party.ven_id:
            response = EiResponse(code=InvalidId.code, description="this VEN has another venID")
        else:
            await self._note(replace(party, renewal_due=True))
        await core.tell(_SERVICE, Response(response=response, ven_id=party.ven_id))
        if response.ok and core.receiving is None:
            await self.renew()

    async def introduced(self, digest: str) -> None:
        """Notes that the VTN has our metadata."""
        await self._note(replace(self._core.party, introduced=digest))

    async def note_vtn(self) -> None:
        """Notes the certificate that the VTN shows, by which it is known when it pushes."""
        core = self._core
        party, shown = core.registration, core.shown()
        if party is not None and shown and shown != party.vtn_fingerprint:
            await self._note(replace(party, vtn_fingerprint=shown))

    async def _note(self, registration: Registration) -> None:
        await self._core.state.registration.save(registration)
        self._core.registration = registration

    async def _request(
        self, *, registration_id: str | None, ven_id: str | None
    ) -> CreatedPartyRegistration:
        options = self._core.options
        message = CreatePartyRegistration(
            request_id=self._core.new_id(),
            registration_id=registration_id,
            ven_id=ven_id,
            report_only=options.report_only,
            xml_signature=options.xml_signature,
            ven_name=options.ven_name,
            http_pull_model=options.push_address is None,
            transport_address=options.push_address,
        )
        return await self._core.ask(_SERVICE, message, CreatedPartyRegistration)

    def _registration(self, reply: CreatedPartyRegistration) -> Registration:
        if not reply.ven_id or not reply.registration_id:
            raise BadReply("the VTN said yes to the registration and gave no IDs (R403)")
        poll = reply.poll_freq
        if poll is not None:
            # Neither 0 nor less is an interval; taken at its word it would be a flood of polls.
            poll = min(poll, MAX_POLL_INTERVAL) if poll > ZERO else None
        return Registration(
            ven_id=reply.ven_id,
            registration_id=reply.registration_id,
            vtn_id=reply.vtn_id,
            poll_interval=poll,
            push_address=self._core.options.push_address,
            vtn_fingerprint=self._core.shown() or None,
        )

    async def _keep(self, registration: Registration) -> None:
        every = registration.poll_interval
        if registration.push_address is not None:
            how = f"pushed to at {registration.push_address}"
        else:
            how = f"poll every {in_words(every) if every else '(not said)'}"
        words = f"registered at {registration.vtn_id} as {registration.ven_id}, {how}"
        await self._take_up(registration, words)

    async def _take_up(self, registration: Registration, words: str) -> None:
        """Makes a registration the one that stands."""
        core = self._core
        await core.state.registration.save(registration)
        core.registration, core.lost, core.resigned = registration, "", False
        self._ended = core.away_until = None
        log.info("%s", words, extra=core.extra)
        await core.hooks.notify(
            "on_registered", registration.registration_id, core.context(core.clock.now())
        )

    async def _end(self, reason: str) -> None:
        core = self._core
        context = core.context(core.clock.now())
        core.ready.clear()
        await self._stop_events()
        await core.state.registration.erase()
        await self._forget_reports()
        core.registration, core.lost = None, ""
        log.info("%s", reason, extra=core.extra)
        await core.hooks.notify("on_unregistered", reason, context)


def _wrong_id(message: CancelPartyRegistration, party: Registration) -> str:
    if message.registration_id != party.registration_id:
        return "this VEN has another registrationID"
    if message.ven_id is not None and message.ven_id != party.ven_id:
        return "this VEN has another venID"
    return ""
