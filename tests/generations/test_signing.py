"""The signing examples of both OpenLEADR pages, on plain HTTP and over mutual TLS."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from oadr import codec
from oadr import messages as m
from tests.generations.database import LookupDatabase
from tests.generations.keys import PASSPHRASE, Owner
from tests.generations.pages import runs
from tests.generations.stage import a_peer, let_in, load, serving, stock_ven, until
from tests.generations.stock import listening, stock_server
from vtn import VTN

GENERATIONS = ("current", "early")


def known(owner: Owner) -> LookupDatabase:
    """The database of both pages, in which there is ven123 with this certificate."""
    ven = {
        "ven_id": "ven123",
        "ven_name": "ven123",
        "fingerprint": owner.fingerprint,
        "registration_id": "reg123",
    }
    return LookupDatabase(
        vens={"ven123": ven}, certificate_fingerprint={"ven123": owner.fingerprint}
    )


def tls(owner: Owner, ca: Path | None = None) -> dict[str, Any]:
    """The arguments for mutual TLS."""
    return {
        "http_cert": str(owner.certificate),
        "http_key": str(owner.key),
        "http_ca_file": str(ca or owner.ca),
    }


def signing(page: str, vtn: Owner, ven: Owner, *, secure: Owner | None = None) -> Any:
    """Returns the example of a page, whose server signs with the certificate of ``vtn``."""
    return load(
        f"{page}/signing",
        database=known(ven),
        cert=str(vtn.certificate),
        key=str(vtn.key),
        tls=tls(secure) if secure else {},
    )


@runs("current/signing", "early/signing")
@pytest.mark.parametrize("page", GENERATIONS)
async def test_the_server_signs_with_a_key_that_takes_a_passphrase(
    page: str, locked_vtn_keys: Owner, ven_keys: Owner
) -> None:
    server = signing(page, locked_vtn_keys, ven_keys).server
    let_in(server)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        answer = await peer.raw("OadrPoll", codec.encode(m.Poll(ven_id="ven123")))
        assert answer.status == 200
        assert answer.signed


@runs("current/signing", "early/signing")
@pytest.mark.parametrize("page", GENERATIONS)
async def test_the_fingerprint_that_is_looked_up_proves_who_comes(
    page: str, locked_vtn_keys: Owner, vtn_keys: Owner, ven_keys: Owner, other_ven_keys: Owner
) -> None:
    program = signing(page, locked_vtn_keys, ven_keys, secure=vtn_keys)
    server = program.server
    let_in(server)
    async with (
        serving(server),
        a_peer(server, owner=ven_keys) as peer,
        a_peer(server, owner=other_ven_keys, ven_id="ven123") as thief,
    ):
        assert (await peer.register()).code == 200
        await peer.settle()
        assert "ven123" in program.database.asked
        # The lookup knows the certificate of ven123; this one belongs to somebody else.
        reply = await thief.post(m.RequestEvent(request_id="r", ven_id="ven123"))
        assert _code(reply) == 463


@runs("current/signing", "early/signing")
@pytest.mark.parametrize("page", GENERATIONS)
async def test_messages_that_a_ven_signs_are_verified(
    page: str, locked_vtn_keys: Owner, vtn_keys: Owner, ven_keys: Owner
) -> None:
    server = signing(page, locked_vtn_keys, ven_keys, secure=vtn_keys).server
    let_in(server)
    async with serving(server), a_peer(server, owner=ven_keys) as peer:
        await peer.register()
        await peer.settle()
        asked = m.RequestEvent(request_id="r", ven_id="ven123")
        good = peer.sign(asked)
        assert (await peer.raw("EiEvent", good)).signed
        bad = good.replace(b">r<", b">s<")
        answer = await peer.raw("EiEvent", bad)
        assert answer.status == 403 or _code(answer.message) == 463


@runs("current/signing", "early/signing")
@pytest.mark.parametrize("page", GENERATIONS)
async def test_openleadrs_own_ven_signs_and_verifies_over_mutual_tls(
    page: str, locked_vtn_keys: Owner, vtn_keys: Owner, ven_keys: Owner, tmp_path: Path
) -> None:
    program = signing(page, locked_vtn_keys, ven_keys, secure=vtn_keys)
    server = program.server
    let_in(server)
    async with serving(server):
        fingerprint = locked_vtn_keys.fingerprint
        with stock_ven(tmp_path, server, owner=ven_keys, vtn_fingerprint=fingerprint) as ven:
            (registered,) = await until(lambda: ven.said("registered"))
            assert registered["ven_id"] == "ven123"
            assert await until(lambda: "oadrDistributeEvent" in _heard(ven))


@pytest.mark.parametrize("verify", [True, False], ids=["verifying", "not verifying"])
@pytest.mark.parametrize("whose", ["openleadr", "ours"])
async def test_a_ven_that_verifies_and_does_not_sign_gets_signed_messages(
    whose: str, verify: bool, vtn_keys: Owner, tmp_path: Path
) -> None:
    arguments: dict[str, Any] = {
        "vtn_id": "myvtn",
        "http_port": 0,
        "cert": str(vtn_keys.certificate),
        "key": str(vtn_keys.key),
        "verify_message_signatures": verify,
    }
    async with AsyncExitStack() as stack:
        if whose == "ours":
            server = VTN(**arguments)
            await server.run()
        else:
            server = stack.enter_context(stock_server(**arguments))
            await listening(server)
        stack.push_async_callback(server.stop)
        let_in(server)
        fingerprint = vtn_keys.fingerprint
        with stock_ven(tmp_path, server, vtn_fingerprint=fingerprint) as ven:
            await until(lambda: ven.said("registered") or ven.process.poll())
            (registered,) = ven.said("registered")
            assert registered["ven_id"] == "ven123"


@runs("current/signing")
async def test_a_ven_that_the_lookup_does_not_know_is_asked_to_register(
    locked_vtn_keys: Owner, ven_keys: Owner
) -> None:
    server = signing("current", locked_vtn_keys, ven_keys).server
    async with serving(server), a_peer(server, ven_id="ven999") as stranger:
        assert isinstance(await stranger.poll(), m.RequestReregistration)


@runs("current/signing")
async def test_a_ven_that_only_the_lookup_knows_need_not_register_again(
    locked_vtn_keys: Owner, ven_keys: Owner
) -> None:
    server = signing("current", locked_vtn_keys, ven_keys).server
    async with serving(server), a_peer(server, ven_id="ven123") as peer:
        assert isinstance(await peer.settle(), m.Response)


async def test_over_tls_a_lookup_takes_over_only_who_has_the_certificate(
    vtn_keys: Owner, ven_keys: Owner, other_ven_keys: Owner
) -> None:
    database = known(ven_keys)
    server = VTN(
        vtn_id="myvtn",
        http_port=0,
        ven_lookup=lambda ven_id: database.lookup("vens").where(ven_id=ven_id),
        **tls(vtn_keys),
    )
    async with (
        serving(server),
        a_peer(server, owner=other_ven_keys, ven_id="ven123") as thief,
        a_peer(server, owner=ven_keys, ven_id="ven123") as peer,
    ):
        reply = await thief.poll()
        assert isinstance(reply, m.RequestReregistration) or _code(reply) == 463
        assert isinstance(await peer.settle(), m.Response)


def lookup(ven_id: str) -> dict[str, str]:
    """Knows one VEN."""
    return {"ven_id": "ven123", "registration_id": "reg123"} if ven_id == "ven123" else {}


async def lookup_later(ven_id: str) -> dict[str, str]:
    """Knows the same one, as a coroutine function."""
    return lookup(ven_id)


async def knows_nobody(ven_id: str) -> None:
    """Knows nobody, and says so with None."""


@pytest.mark.parametrize("ven_lookup", [lookup, lookup_later])
async def test_the_lookup_is_a_function_or_a_coroutine_function(
    ven_lookup: Callable[[str], Any],
) -> None:
    server = VTN(vtn_id="myvtn", http_port=0, ven_lookup=ven_lookup)
    async with (
        serving(server),
        a_peer(server, ven_id="ven123") as peer,
        a_peer(server, ven_id="ven999") as stranger,
    ):
        assert isinstance(await peer.settle(), m.Response)
        assert isinstance(await stranger.poll(), m.RequestReregistration)


async def test_a_lookup_that_finds_nothing_may_return_none() -> None:
    server = VTN(vtn_id="myvtn", http_port=0, ven_lookup=knows_nobody)
    async with serving(server), a_peer(server, ven_id="ven123") as peer:
        assert isinstance(await peer.poll(), m.RequestReregistration)


async def test_a_fingerprint_lookup_may_be_a_coroutine_function(
    vtn_keys: Owner, ven_keys: Owner, other_ven_keys: Owner
) -> None:
    async def fingerprint_lookup(ven_id: str) -> str | None:
        return ven_keys.fingerprint if ven_id == "ven123" else None

    server = VTN(
        vtn_id="myvtn", http_port=0, fingerprint_lookup=fingerprint_lookup, **tls(vtn_keys)
    )
    let_in(server)
    async with (
        serving(server),
        a_peer(server, owner=ven_keys) as peer,
        a_peer(server, owner=other_ven_keys, ven_id="ven123") as thief,
    ):
        await peer.register()
        await peer.settle()
        reply = await thief.post(m.RequestEvent(request_id="r", ven_id="ven123"))
        assert _code(reply) == 463


async def test_the_registration_brings_the_fingerprint_of_the_certificate(
    vtn_keys: Owner, ven_keys: Owner, other_ven_keys: Owner
) -> None:
    seen: list[dict[str, Any]] = []

    async def on_create_party_registration(registration_info: dict[str, Any]) -> Any:
        seen.append(registration_info)
        if registration_info["fingerprint"] == ven_keys.fingerprint:
            return "ven123", "reg123"
        return False

    server = VTN(vtn_id="myvtn", http_port=0, **tls(vtn_keys))
    server.add_handler("on_create_party_registration", on_create_party_registration)
    async with (
        serving(server),
        a_peer(server, owner=ven_keys) as peer,
        a_peer(server, owner=other_ven_keys) as thief,
    ):
        assert (await peer.register()).code == 200
        # The name is right, the certificate is not.
        assert (await thief.register()).code == 463
        assert [one["ven_name"] for one in seen] == ["ven123", "ven123"]
        assert [one["fingerprint"] for one in seen] == [
            ven_keys.fingerprint,
            other_ven_keys.fingerprint,
        ]


async def test_the_key_of_https_may_take_a_passphrase(
    locked_vtn_keys: Owner, ven_keys: Owner
) -> None:
    server = VTN(
        vtn_id="myvtn", http_port=0, http_key_passphrase=PASSPHRASE, **tls(locked_vtn_keys)
    )
    let_in(server)
    async with serving(server), a_peer(server, owner=ven_keys) as peer:
        assert server.url.startswith("https://")
        assert (await peer.register()).code == 200


def _code(reply: Any) -> int:
    response = reply.response
    assert response is not None
    return int(response.code)


def _heard(ven: Any) -> list[str]:
    return [one["name"] for one in ven.said("heard")]
