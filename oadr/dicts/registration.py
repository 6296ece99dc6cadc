"""Messages of EiRegisterParty as openleadr's dicts, and back."""

from collections.abc import Mapping
from typing import Any

from oadr import messages as m
from oadr.dicts.defaults import Defaults
from oadr.dicts.node import DURATION, FLAG, TEXT, Node, one_of
from oadr.dicts.number import given
from oadr.dicts.response import response_of, response_to_dict
from oadr.enums import ProfileName, ServiceName, TransportName

_PROFILE = one_of(ProfileName)
_TRANSPORT = one_of(TransportName)
_SERVICE = one_of(ServiceName)
#: What every VTN of 2.0b can do.
_USUAL = (m.Profile(name=ProfileName.B, transports=(TransportName.SIMPLE_HTTP,)),)


def create_party_registration_to(message: m.CreatePartyRegistration) -> dict[str, Any]:
    """Returns the payload as ``on_create_party_registration`` gets it."""
    return {"request_id": message.request_id or None} | given(
        registration_id=message.registration_id,
        ven_id=message.ven_id,
        profile_name=str(message.profile_name),
        transport_name=str(message.transport_name),
        transport_address=message.transport_address,
        report_only=message.report_only,
        xml_signature=message.xml_signature,
        ven_name=message.ven_name,
        http_pull_model=message.http_pull_model,
    )


def create_party_registration_of(node: Node, defaults: Defaults) -> m.CreatePartyRegistration:
    """Returns the message in a payload.

    Raises:
        ValueError: something is not understood.
    """
    registration_id = node.maybe(TEXT, "registration_id") or None
    return m.CreatePartyRegistration(
        request_id=defaults.request_id(node),
        registration_id=registration_id,
        ven_id=_ven_of(node, defaults, registration_id),
        profile_name=node.maybe(_PROFILE, "profile_name") or ProfileName.B,
        transport_name=node.maybe(_TRANSPORT, "transport_name") or TransportName.SIMPLE_HTTP,
        transport_address=node.maybe(TEXT, "transport_address") or None,
        report_only=node.maybe(FLAG, "report_only") or False,
        xml_signature=node.maybe(FLAG, "xml_signature") or False,
        ven_name=node.maybe(TEXT, "ven_name") or None,
        http_pull_model=node.maybe(FLAG, "http_pull_model"),
    )


def created_party_registration_to(message: m.CreatedPartyRegistration) -> dict[str, Any]:
    """Returns the payload; lists are lists, however long they are (X13)."""
    found: dict[str, Any] = {
        "response": response_to_dict(message.response),
        "vtn_id": message.vtn_id or None,
        "profiles": [_profile_to(profile) for profile in message.profiles],
    }
    found |= given(
        registration_id=message.registration_id,
        ven_id=message.ven_id,
        requested_oadr_poll_freq=message.poll_freq,
    )
    if message.service_specific_info:
        services = [_service_to(one) for one in message.service_specific_info]
        found["service_specific_info"] = {"service": services}
    if message.extensions:
        found["extensions"] = [_extension_to(one) for one in message.extensions]
    return found


def _profile_to(profile: m.Profile) -> dict[str, Any]:
    transports = [{"transport_name": str(name)} for name in profile.transports]
    return {"profile_name": str(profile.name), "transports": transports}


def _service_to(service: m.ServiceInfo) -> dict[str, Any]:
    return {"service_name": str(service.service), "info": _info_to(service.info)}


def _extension_to(extension: m.Extension) -> dict[str, Any]:
    found: dict[str, Any] = {"extension_name": extension.name or None}
    if extension.info:
        found["info"] = _info_to(extension.info)
    return found


def _info_to(info: tuple[m.Info, ...]) -> list[dict[str, Any]]:
    return [{"key": one.key or None, "value": one.value or None} for one in info]


def created_party_registration_of(node: Node, defaults: Defaults) -> m.CreatedPartyRegistration:
    """Returns the message in a payload; without profiles, that of 2.0b over simple HTTP.

    Raises:
        ValueError: something is missing or not understood.
    """
    profiles = tuple(_profile_of(one) for one in node.children("profiles"))
    services = node.child("service_specific_info")
    given_services = services.children("service") if services is not None else []
    registration_id = node.maybe(TEXT, "registration_id") or None
    return m.CreatedPartyRegistration(
        response=response_of(node),
        registration_id=registration_id,
        ven_id=_ven_of(node, defaults, registration_id),
        vtn_id=defaults.vtn_of(node),
        profiles=profiles or _USUAL,
        poll_freq=node.maybe(DURATION, "requested_oadr_poll_freq", "poll_freq"),
        service_specific_info=tuple(_service_of(one) for one in given_services),
        extensions=tuple(_extension_of(one) for one in node.children("extensions")),
    )


def _ven_of(node: Node, defaults: Defaults, registration_id: str | None) -> str | None:
    # R404: who is not registered has no venID, unless the application names one.
    return defaults.ven_of(node) if registration_id else node.maybe(TEXT, "ven_id") or None


def _profile_of(node: Node) -> m.Profile:
    return m.Profile(
        name=node.need(_PROFILE, "profile_name"),
        transports=tuple(one.need(_TRANSPORT, "transport_name") for one in _transports(node)),
    )


def _transports(node: Node) -> list[Node]:
    """Returns the transports as dicts; a name alone is as good."""
    found = node.raw.get("transports") or [TransportName.SIMPLE_HTTP]
    several = found if isinstance(found, list) else [found]
    named = [one if isinstance(one, Mapping) else {"transport_name": one} for one in several]
    return Node({"transports": named}, node.path).children("transports")


def _service_of(node: Node) -> m.ServiceInfo:
    return m.ServiceInfo(service=node.need(_SERVICE, "service_name"), info=_info_of(node))


def _extension_of(node: Node) -> m.Extension:
    return m.Extension(name=node.need(TEXT, "extension_name"), info=_info_of(node))


def _info_of(node: Node) -> tuple[m.Info, ...]:
    return tuple(
        m.Info(key=one.maybe(TEXT, "key") or "", value=one.maybe(TEXT, "value") or "")
        for one in node.children("info")
    )


def request_reregistration_of(node: Node, defaults: Defaults) -> m.RequestReregistration:
    """Returns the message in a payload.

    Raises:
        ValueError: nobody knows the venID.
    """
    return m.RequestReregistration(ven_id=defaults.sure_ven_of(node))


def cancel_party_registration_to(message: m.CancelPartyRegistration) -> dict[str, Any]:
    """Returns the payload."""
    return {
        "request_id": message.request_id or None,
        "registration_id": message.registration_id or None,
    } | given(ven_id=message.ven_id)


def cancel_party_registration_of(node: Node, defaults: Defaults) -> m.CancelPartyRegistration:
    """Returns the message in a payload.

    Raises:
        ValueError: the registrationID is missing.
    """
    return m.CancelPartyRegistration(
        request_id=defaults.request_id(node),
        registration_id=node.need(TEXT, "registration_id"),
        ven_id=defaults.ven_of(node),
    )


def canceled_party_registration_to(message: m.CanceledPartyRegistration) -> dict[str, Any]:
    """Returns the payload."""
    return {"response": response_to_dict(message.response)} | given(
        registration_id=message.registration_id, ven_id=message.ven_id
    )


def canceled_party_registration_of(node: Node, defaults: Defaults) -> m.CanceledPartyRegistration:
    """Returns the message in a payload.

    Raises:
        ValueError: something is not understood.
    """
    return m.CanceledPartyRegistration(
        response=response_of(node),
        registration_id=node.maybe(TEXT, "registration_id") or None,
        ven_id=defaults.ven_of(node),
    )
