"""The registration that people have made, at a VTN that has no EiRegisterParty.

Such a VTN has been told a venID, and believes whoever brings it, or the certificate that
goes with it. This VEN takes itself as registered with it, and does all the rest.

Interpretation: the profile has no such VTN (R400 to R407); many were built.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from oadr.enums import ServiceName
from oadr.errors import DeploymentError
from oadr.messages import (
    CanceledPartyRegistration,
    CancelPartyRegistration,
    EiResponse,
    RequestReregistration,
    Response,
)
from runtime.durations import in_words
from ven.engine.core import Core, log
from ven.errors import BadReply, Refused
from ven.options import POLL_INTERVAL
from ven.state import Registration

_SERVICE = ServiceName.EI_REGISTER_PARTY
_WORDS = "this VEN is pre-provisioned and has no registration"


class Provision:
    """Keeps the state in step with what the configuration says about this VEN.

    Args:
        core: what the engines share.
        end: ends the registration that stands, for a reason.
        keep: makes a registration the one that stands.
        note: changes it.
    """

    def __init__(
        self,
        core: Core,
        *,
        end: Callable[[str], Awaitable[None]],
        keep: Callable[[Registration, str], Awaitable[None]],
        note: Callable[[Registration], Awaitable[None]],
    ) -> None:
        self._core = core
        self._end = end
        self._keep = keep
        self._note = note

    async def adopt(self) -> Registration:
        """Returns the registration as it is configured; it is on the disk then.

        Another venID is another VEN to the VTN, so all that was agreed with it under the old
        one is void. A registration that was made by messages becomes one without.
        """
        core, options = self._core, self._core.options
        party, ven_id = core.registration, options.ven_id or ""
        if party is not None and party.ven_id != ven_id:
            await self._end(f"the venID is {ven_id} now and was {party.ven_id}")
            party = None
        if party is None or not party.pre_provisioned:
            party = await self._begin(ven_id)
        as_told = replace(
            party, vtn_id=options.vtn_id or party.vtn_id, push_address=options.push_address
        )
        if core.lost:
            self._say_what_to_do()
            core.lost, core.disowned = "", True
            # Whoever was forgotten is unknown with all that it has said.
            as_told = replace(as_told, introduced=None)
        if as_told != core.registration:
            await self._note(as_told)
        return core.party

    async def _begin(self, ven_id: str) -> Registration:
        core, options = self._core, self._core.options
        await core.state.requests.clear()
        await core.state.opts.again()
        party = Registration(
            ven_id=ven_id,
            registration_id="",
            vtn_id=options.vtn_id or "",
            push_address=options.push_address,
        )
        if options.push_address is not None:
            how = f"the VTN pushes to {options.push_address}"
        else:
            how = f"poll every {in_words(options.poll_interval or POLL_INTERVAL)}"
        await self._keep(party, f"pre-provisioned as {ven_id}, {how}")
        return party

    def _say_what_to_do(self) -> None:
        core = self._core
        if not core.disowned:
            log.warning(
                "the VTN does not know this VEN, which is pre-provisioned: ask its operator to "
                "enter venID %s with the certificate of this VEN; or, if the VTN has "
                "EiRegisterParty, set vtn.pre_provisioned = false",
                core.party.ven_id,
                extra=core.extra,
            )

    async def on_request(self, message: RequestReregistration) -> None:
        """Answers a VTN that wants a registration again, which there is not."""
        core = self._core
        log.warning(
            "the VTN asks this VEN to register again, so it has EiRegisterParty: set "
            "vtn.pre_provisioned = false",
            extra=core.extra,
        )
        response = EiResponse(code=DeploymentError.code, description=_WORDS)
        await core.tell(_SERVICE, Response(response=response, ven_id=core.party.ven_id))

    async def on_cancel(self, message: CancelPartyRegistration) -> None:
        """Answers a VTN that ends a registration, which there is not."""
        core = self._core
        log.warning(
            "the VTN cancels the registration of this VEN, which has none: it is pre-provisioned. "
            "If that was meant, stop this VEN; if the VTN has EiRegisterParty, set "
            "vtn.pre_provisioned = false",
            extra=core.extra,
        )
        response = EiResponse(
            code=DeploymentError.code, description=_WORDS, request_id=message.request_id
        )
        answer = CanceledPartyRegistration(response=response, ven_id=core.party.ven_id)
        try:
            await core.tell(_SERVICE, answer)
        except (Refused, BadReply) as error:
            log.info("the VTN does not take the answer: %s", error, extra=core.extra)
