"""Handlers of registration, and those that are told of a VEN only."""

from collections.abc import Mapping
from typing import Any

from oadr import messages as m
from oadr.dicts import from_dict, to_dict
from vtn.compat.calling import Function, WrongReturn, fitted, named, parameters_of, settled
from vtn.compat.setting import Setting
from vtn.compat.traffic import payload_of
from vtn.hooks import Accept, Context, Refuse, Registration

_DECISION = "(ven_id, registration_id), a registration_id, False or None"


def registration(function: Function, setting: Setting) -> Function | None:
    """``on_create_party_registration(registration_info)``."""
    call = fitted(function, "registration_info")
    if call is None:
        return None

    async def on_create_party_registration(request: Registration, ctx: Context) -> Accept | Refuse:
        return _decision(await settled(call(registration_info(request))))

    return named(on_create_party_registration, function)


def registration_info(request: Registration) -> dict[str, Any]:
    """Returns a registration as OpenLEADR hands it to ``on_create_party_registration``."""
    info = to_dict(request.message)[1]
    if request.fingerprint:
        info["fingerprint"] = request.fingerprint
    return info


def _decision(answer: Any) -> Accept | Refuse:
    """Returns what a handler has decided; a VEN that brings its venID keeps it."""
    if isinstance(answer, Accept | Refuse):
        return answer
    if answer is None or answer is False:
        return Refuse(463, "not accepted by this VTN")
    if isinstance(answer, str) and answer:
        return Accept(registration_id=answer)
    if isinstance(answer, tuple | list) and len(answer) == 2 and None not in answer:
        ven_id, registration_id = answer
        if isinstance(registration_id, Mapping):
            # The first programs of pyOpenADR returned the whole reply: its name and payload.
            return _decision_of_reply(registration_id, answer)
        return Accept(ven_id=str(ven_id), registration_id=str(registration_id))
    raise WrongReturn(answer, _DECISION)


def _decision_of_reply(payload: Mapping[str, Any], answer: Any) -> Accept | Refuse:
    registration_id = payload.get("registration_id")
    if not registration_id:
        return Refuse(463, "not accepted by this VTN")
    ven_id = payload.get("ven_id")
    if isinstance(ven_id, Mapping) or isinstance(registration_id, Mapping):
        raise WrongReturn(answer, _DECISION)
    return Accept(ven_id=str(ven_id) if ven_id else None, registration_id=str(registration_id))


def query(function: Function, setting: Setting) -> Function | None:
    """``on_query_registration(payload)``."""
    call = fitted(function, "payload")
    if call is None:
        return None

    async def on_query_registration(
        query: m.QueryRegistration, ctx: Context
    ) -> m.CreatedPartyRegistration | None:
        answer = await settled(call(to_dict(query)[1]))
        if answer is None or isinstance(answer, m.CreatedPartyRegistration):
            return answer
        return _capabilities(answer, ctx, setting)

    return named(on_query_registration, function)


def _capabilities(answer: Any, ctx: Context, setting: Setting) -> m.CreatedPartyRegistration:
    expected = "('oadrCreatedPartyRegistration', payload) or None"
    name, payload = answer if isinstance(answer, tuple) and len(answer) == 2 else ("", answer)
    if name not in ("", "oadrCreatedPartyRegistration") or not isinstance(payload, dict):
        raise WrongReturn(answer, expected)
    message = from_dict(
        "oadrCreatedPartyRegistration",
        payload,
        now=ctx.clock.now(),
        new_id=setting.new_id,
        vtn_id=setting.vtn_id,
    )
    if not isinstance(message, m.CreatedPartyRegistration):
        raise WrongReturn(answer, expected)
    return message


def of_ven(function: Function, setting: Setting) -> Function | None:
    """Handlers that get the ``ven_id`` alone."""
    call = fitted(function, "ven_id")
    if call is None:
        return None

    async def handle(*args: Any) -> None:
        await settled(call(args[-1].ven_id))

    return named(handle, function)


def of_named_ven(function: Function, setting: Setting) -> Function | None:
    """The same, where a parameter of another name means something else."""
    return of_ven(function, setting) if parameters_of(function) == ("ven_id",) else None


def cancelled(function: Function, setting: Setting) -> Function | None:
    """``on_cancel_party_registration(payload)``."""
    call = fitted(function, "payload")
    if call is None:
        return None

    async def on_cancel_party_registration(ctx: Context) -> None:
        payload = payload_of(m.CancelPartyRegistration) or {"ven_id": ctx.ven_id}
        await settled(call(payload))

    return named(on_cancel_party_registration, function)
