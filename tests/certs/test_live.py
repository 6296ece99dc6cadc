"""A listening server follows its revocation list and its certificate."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from certs.authority import Authority
from certs.live import LiveContext
from certs.tls import Profile, TLSFiles, client_context, live_client_context, live_server_context
from tests.certs.conftest import NOW, Party, saved
from tests.certs.handshake import handshake


@pytest.fixture
def vtn(authority: Authority, tmp_path: Path) -> Party:
    return saved(authority.issue_vtn(["localhost"], now=NOW), tmp_path, "vtn")


@pytest.fixture
def ven(authority: Authority, tmp_path: Path) -> Party:
    return saved(authority.issue_ven("school-7", now=NOW), tmp_path, "school-7")


@pytest.fixture
def files(authority: Authority, vtn: Party) -> TLSFiles:
    return TLSFiles(ca=authority.certificate_path, pairs=[vtn.pair], crl=authority.crl_path)


@pytest.mark.parametrize("profile", list(Profile))
def test_a_certificate_revoked_after_the_start_is_refused_at_the_next_handshake(
    authority: Authority, files: TLSFiles, ven: Party, profile: Profile
) -> None:
    server = live_server_context(files, profile=profile)
    client = client_context(replace(files, pairs=[ven.pair]), profile=profile)
    handshake(server, client)
    authority.revoke("school-7", now=NOW)
    with pytest.raises(ssl.SSLError, match="certificate revoked"):
        handshake(server, client)


def test_two_lists_of_the_same_second_do_not_hide_each_other(
    authority: Authority, files: TLSFiles, ven: Party
) -> None:
    other = authority.issue_ven("other", now=NOW)
    server = live_server_context(files)
    authority.revoke(other.record.serial, now=NOW)
    client = client_context(replace(files, pairs=[ven.pair]))
    handshake(server, client)
    authority.revoke("school-7", now=NOW)
    with pytest.raises(ssl.SSLError, match="certificate revoked"):
        handshake(server, client)


async def test_a_listening_asyncio_server_refuses_what_was_revoked_in_the_meantime(
    authority: Authority, files: TLSFiles, ven: Party
) -> None:
    served = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(writer)
        writer.write(await reader.read(1))
        writer.close()

    async def call(port: int) -> bytes:
        client = client_context(replace(files, pairs=[ven.pair]))
        reader, writer = await asyncio.open_connection("localhost", port, ssl=client)
        writer.write(b"x")
        try:
            return await reader.read(1)
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=live_server_context(files))
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await call(port) == b"x"
        authority.revoke("school-7", now=NOW)
        with contextlib.suppress(ssl.SSLError, ConnectionError):  # or just the end of the stream
            assert await call(port) == b""
        assert len(served) == 1


@pytest.mark.parametrize("profile", list(Profile))
def test_nobody_resumes_a_session_past_a_revocation(
    authority: Authority, files: TLSFiles, ven: Party, profile: Profile
) -> None:
    server = live_server_context(files, profile=profile)
    client = client_context(replace(files, pairs=[ven.pair]), profile=profile)
    first = handshake(server, client)
    again = handshake(server, client, session=first.session)
    assert again.resumed is (profile is Profile.CERTIFICATION), "TLS 1.3 sends no ticket"
    authority.revoke("school-7", now=NOW)
    with pytest.raises(ssl.SSLError, match="certificate revoked"):
        handshake(server, client, session=first.session)


def test_sessions_end_with_the_age_of_the_context(files: TLSFiles, ven: Party) -> None:
    server = live_server_context(files, profile=Profile.CERTIFICATION, max_age=timedelta(seconds=0))
    client = client_context(replace(files, pairs=[ven.pair]), profile=Profile.CERTIFICATION)
    first = handshake(server, client)
    assert not handshake(server, client, session=first.session).resumed


def test_a_context_is_built_once_while_nothing_changes(files: TLSFiles, ven: Party) -> None:
    server = live_server_context(files)
    assert server.current() is server.current()
    assert server.generation == 1


def test_a_renewed_certificate_is_shown_at_the_next_handshake(
    authority: Authority, files: TLSFiles, vtn: Party, ven: Party
) -> None:
    server = live_server_context(files)
    client = client_context(replace(files, pairs=[ven.pair]))
    old = handshake(server, client).server_certificate
    renewed = authority.renew("localhost", now=NOW)
    vtn.pair.certificate.write_bytes(renewed.certificate_pem)
    vtn.pair.key.write_bytes(renewed.key_pem() or b"")
    new = handshake(server, client).server_certificate
    assert new != old
    assert server.generation == 2


def test_half_replaced_files_are_logged_and_the_last_good_ones_count(
    authority: Authority,
    files: TLSFiles,
    vtn: Party,
    ven: Party,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = live_server_context(files)
    client = client_context(replace(files, pairs=[ven.pair]))
    renewed = authority.renew("localhost", now=NOW)
    vtn.pair.certificate.write_bytes(renewed.certificate_pem)
    with caplog.at_level(logging.WARNING):
        handshake(server, client)
    assert "vtn.key: is not the key of" in caplog.text
    assert server.generation == 1


def test_a_vanished_list_keeps_refusing_whom_it_named(
    authority: Authority, files: TLSFiles, ven: Party
) -> None:
    authority.revoke("school-7", now=NOW)
    server = live_server_context(files)
    authority.crl_path.unlink()
    client = client_context(
        TLSFiles(ca=authority.certificate_path, pairs=[ven.pair]), check_hostname=True
    )
    with pytest.raises(ssl.SSLError, match="certificate revoked"):
        handshake(server, client)


def test_a_live_client_refuses_a_server_that_was_revoked(
    authority: Authority, files: TLSFiles, ven: Party
) -> None:
    server = live_server_context(replace(files, crl=None))
    client = live_client_context(replace(files, pairs=[ven.pair]))
    handshake(server, client)
    authority.revoke("localhost", now=NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate revoked"):
        handshake(server, client)


def test_the_outer_context_is_no_less_strict_than_those_inside(files: TLSFiles) -> None:
    outer = live_server_context(files)
    assert isinstance(outer, LiveContext)
    inner = outer.current()
    for name in ("verify_mode", "verify_flags", "options", "minimum_version", "num_tickets"):
        assert getattr(outer, name) == getattr(inner, name)
    assert outer.get_ciphers() == inner.get_ciphers()
    assert outer.get_ca_certs() == inner.get_ca_certs()


def test_blocking_servers_get_the_current_context_too(files: TLSFiles, ven: Party) -> None:
    live = live_server_context(files)
    left, right = socket.socketpair()
    with left, right, live.wrap_socket(left, server_side=True, do_handshake_on_connect=False) as s:
        assert s.context is live.current()
