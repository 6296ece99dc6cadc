"""Which message answers which, and how a refusal is put.

A refusal travels in the reply that fits the request, with its requestID echoed, so
that the peer can tell which exchange failed (R48, R207, R303, R517).
"""

from datetime import timedelta

from oadr import messages as m
from oadr.enums import ProfileName, ServiceName, TransportName
from oadr.errors import ProtocolError

#: What this project's VTN supports, for oadrCreatedPartyRegistration (R403, R404, R506, R507).
PROFILES = tuple(
    m.Profile(name=name, transports=(TransportName.SIMPLE_HTTP,))
    for name in (ProfileName.B, ProfileName.A)
)

#: Longest description of an error that is sent, in characters.
LONGEST = 400

#: Messages that a VEN may send, by the service whose address they go to (section 1.2, R23, R401).
FROM_VEN: dict[ServiceName, frozenset[type]] = {
    ServiceName.EI_REGISTER_PARTY: frozenset(
        {
            m.QueryRegistration,
            m.CreatePartyRegistration,
            m.CancelPartyRegistration,
            m.CanceledPartyRegistration,
            m.Response,
        }
    ),
    ServiceName.EI_EVENT: frozenset({m.RequestEvent, m.CreatedEvent}),
    ServiceName.EI_OPT: frozenset({m.CreateOpt, m.CancelOpt}),
    ServiceName.EI_REPORT: frozenset(
        {
            m.RegisterReport,
            m.RegisteredReport,
            m.CreateReport,
            m.CreatedReport,
            m.UpdateReport,
            m.UpdatedReport,
            m.CancelReport,
            m.CanceledReport,
            m.Response,
        }
    ),
    ServiceName.OADR_POLL: frozenset({m.Poll}),
}

#: The service whose address a message of a VEN goes to.
SERVICE_OF: dict[type, ServiceName] = {
    cls: service for service, classes in FROM_VEN.items() for cls in classes
} | {m.Response: ServiceName.EI_REGISTER_PARTY}


def request_id_of(message: m.Message) -> str:
    """Returns the requestID that a reply to the message echoes; empty if it has none.

    For a message that is itself an answer that is the requestID in its eiResponse.
    """
    request_id: str | None = getattr(message, "request_id", None)
    if request_id is not None:
        return request_id
    response: m.EiResponse | None = getattr(message, "response", None)
    return response.request_id if response is not None else ""


def ven_id_of(message: m.Message) -> str | None:
    """Returns the venID in a message; None if it carries none."""
    found: str | None = getattr(message, "ven_id", None)
    return found or None


def outcome(message: m.Message, error: ProtocolError | None = None) -> m.EiResponse:
    """Returns the eiResponse for an exchange: success, or the error's code and words."""
    request_id = request_id_of(message)
    if error is None:
        return m.EiResponse(code=200, description="OK", request_id=request_id)
    # What a peer sent is named in the words of an error, and can be of any length.
    text = str(error)
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    return m.EiResponse(code=error.code, description=text, request_id=request_id)


def refuse(
    message: m.Message, error: ProtocolError, *, vtn_id: str, poll_freq: timedelta | None = None
) -> m.Message:
    """Returns the reply of a VTN that refuses a VEN's message.

    Args:
        message: what the VEN sent.
        error: why it is refused.
        vtn_id: of the VTN.
        poll_freq: as the VTN asks for it, for refused registrations.
    """
    response = outcome(message, error)
    ven_id = ven_id_of(message)
    match message:
        case m.QueryRegistration() | m.CreatePartyRegistration():
            return m.CreatedPartyRegistration(
                response=response, vtn_id=vtn_id, profiles=PROFILES, poll_freq=poll_freq
            )
        case m.CancelPartyRegistration():
            return m.CanceledPartyRegistration(response=response, ven_id=ven_id)
        case m.RequestEvent():
            return m.DistributeEvent(
                response=response,
                # It always has a value, and need not be unique (R41).
                request_id=message.request_id if message.request_id.strip() else "0",
                vtn_id=vtn_id,
            )
        case m.CreateOpt():
            return m.CreatedOpt(response=response, opt_id=message.opt_id)
        case m.CancelOpt():
            return m.CanceledOpt(response=response, opt_id=message.opt_id)
        case m.RegisterReport():
            return m.RegisteredReport(response=response, ven_id=ven_id)
        case m.CreateReport():
            return m.CreatedReport(response=response, ven_id=ven_id)
        case m.UpdateReport():
            return m.UpdatedReport(response=response, ven_id=ven_id)
        case m.CancelReport():
            return m.CanceledReport(response=response, ven_id=ven_id)
        case _:
            return m.Response(response=response, ven_id=ven_id)
