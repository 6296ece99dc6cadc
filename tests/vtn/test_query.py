"""oadrQueryRegistration: what a handler may add to the VTN's answer."""

from datetime import timedelta
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import ProfileName, ServiceName, TransportName
from tests.vtn.kit import INTERVAL, Open
from vtn.hooks import Context, RegistrationHandler
from vtn.testing import running

INFO = m.ServiceInfo(service=ServiceName.EI_EVENT, info=(m.Info(key="zone", value="north"),))
BOTH = tuple(
    m.Profile(name=name, transports=(TransportName.SIMPLE_HTTP,))
    for name in (ProfileName.A, ProfileName.B)
)


class Teller(RegistrationHandler):
    """Answers with what a test puts in."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str]] = []

    async def on_query_registration(
        self, query: m.QueryRegistration, ctx: Context
    ) -> m.CreatedPartyRegistration | None:
        self.asked.append((query.request_id, ctx.ven_id))
        return self.answer  # type: ignore[no-any-return]


def told(**values: Any) -> m.CreatedPartyRegistration:
    fields: dict[str, Any] = {
        "response": m.EiResponse(code=400, description="no", request_id="other"),
        "registration_id": "stolen",
        "ven_id": "stolen",
        "vtn_id": "somebody",
        "profiles": (),
    }
    return m.CreatedPartyRegistration(**(fields | values))


async def ask(answer: Any) -> tuple[m.CreatedPartyRegistration, Teller]:
    teller = Teller(answer)
    async with running(handlers=[Open(), teller]) as world:
        reply = await world.peer().post(m.QueryRegistration(request_id="q1"))
    assert isinstance(reply, m.CreatedPartyRegistration)
    return reply, teller


async def test_without_anything_to_say_the_vtns_own_answer_goes_out() -> None:
    reply, teller = await ask(None)
    assert teller.asked == [("q1", "")]
    assert (reply.response.code, reply.poll_freq, reply.vtn_id) == (200, INTERVAL, "vtn")


async def test_profiles_poll_frequency_and_service_information_count() -> None:
    extension = m.Extension(name="x-heat")
    reply, _ = await ask(
        told(
            profiles=BOTH,
            poll_freq=timedelta(minutes=5),
            service_specific_info=(INFO,),
            extensions=(extension,),
        )
    )
    assert reply.profiles == BOTH
    assert reply.poll_freq == timedelta(minutes=5)
    assert reply.service_specific_info == (INFO,)
    assert reply.extensions == (extension,)


async def test_r404_response_ids_and_what_is_left_out_stay_the_vtns() -> None:
    reply, _ = await ask(told())
    assert reply.response == m.EiResponse(description="OK", request_id="q1")
    assert (reply.registration_id, reply.ven_id, reply.vtn_id) == (None, None, "vtn")
    assert reply.profiles
    assert reply.poll_freq == INTERVAL


async def test_a_registered_ven_is_told_its_own_ids_whatever_the_handler_says() -> None:
    async with running(handlers=[Open(), Teller(told())], tls=True) as world:
        peer = world.client("school")
        await peer.register("school")
        reply = await peer.post(m.QueryRegistration(request_id="q1"))
    assert (reply.ven_id, reply.registration_id) == (peer.ven_id, peer.registration_id)


@pytest.mark.parametrize(
    "nonsense",
    [
        7,
        "profiles",
        m.Poll(ven_id="v"),
        told(profiles=("2.0b",)),
        told(poll_freq="10s"),
        told(service_specific_info=(m.ServiceInfo(service=ServiceName.EI_EVENT, info=()),)),
    ],
)
async def test_what_cannot_be_sent_is_469_and_the_log_names_the_handler(
    nonsense: Any, caplog: pytest.LogCaptureFixture
) -> None:
    reply, _ = await ask(nonsense)
    assert reply.response.code == 469
    assert "Teller.on_query_registration" in caplog.text
    assert "Teller" not in (reply.response.description or "")
