"""Takes a VEN through registration at this project's VTN until nothing waits for it."""

import ssl
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from oadr import codec
from oadr import messages as m
from oadr.report import build_metadata, usage_offer
from oadr.signature import SigningKey, sign
from oadr.units import unit

SPECIFIER_ID, POINT_ID = "usage", "point-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A VEN that is registered.

    Attributes:
        ven_id: that the VTN gave it.
        request_id: of the report that the VTN wants from it.
    """

    ven_id: str
    request_id: str


def document(message: Any, key: SigningKey | None) -> bytes:
    """Returns a message as it is sent, signed now if there is a key."""
    if key is None:
        return codec.encode(message)
    return sign(message, key, now=datetime.now(UTC), nonce=uuid.uuid4().hex)


async def join(
    url: str, name: str, *, context: ssl.SSLContext | None = None, key: SigningKey | None = None
) -> Joined:
    """Registers a VEN that meters one data point, and answers all that waits for it.

    Args:
        url: of the services.
        name: of the VEN.
        context: for https.
        key: to sign with, where signatures are required.
    """
    connector = aiohttp.TCPConnector(ssl=context if context is not None else True)
    async with aiohttp.ClientSession(connector=connector) as http:

        async def post(service: str, message: Any) -> Any:
            headers = {"Content-Type": codec.CONTENT_TYPE}
            body = document(message, key)
            async with http.post(f"{url}/{service}", data=body, headers=headers) as reply:
                reply.raise_for_status()
                return _accepted(codec.decode(await reply.read()))

        created = await post(
            "EiRegisterParty",
            m.CreatePartyRegistration(request_id="1", ven_name=name, http_pull_model=True),
        )
        ven_id = created.ven_id
        registered = await post("EiReport", _metadata(ven_id))
        request_id: str = registered.requests[0].report_request_id
        ok = m.EiResponse(code=200, request_id="2")
        await post("EiReport", m.CreatedReport(response=ok, pending=(request_id,), ven_id=ven_id))
        while not isinstance(found := await post("OadrPoll", m.Poll(ven_id=ven_id)), m.Response):
            if not isinstance(found, m.RegisterReport):
                raise RuntimeError(f"{name} was sent {type(found).__name__} after registration")
            answer = m.EiResponse(code=200, request_id=found.request_id)
            await post("EiReport", m.RegisteredReport(response=answer, ven_id=ven_id))
        return Joined(ven_id=ven_id, request_id=request_id)


def _accepted(message: Any) -> Any:
    response = getattr(message, "response", None)
    if response is not None and not response.ok:
        raise RuntimeError(f"the VTN refuses to let a VEN join: {message}")
    return message


def _metadata(ven_id: str) -> m.RegisterReport:
    offer = usage_offer(
        SPECIFIER_ID,
        {POINT_ID: unit("energyReal")},
        min_period=timedelta(seconds=1),
        max_period=timedelta(hours=1),
        duration=timedelta(days=1),
    )
    reports = build_metadata([offer], datetime.now(UTC))
    return m.RegisterReport(request_id="2", ven_id=ven_id, reports=reports)
