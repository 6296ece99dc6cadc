"""Certificates do not surprise: who is warned of what, when, and what to do."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs import Authority
from certs.expiry import ExpiryWarning
from certs.peers import PeerCertificate
from tests.vtn.kit import Open
from vtn import upkeep
from vtn.expiry import Watch, certificate_warnings, own_warnings
from vtn.store import certificate, party
from vtn.store.certificate import Certificate
from vtn.testing import World, running, until

DAY = timedelta(days=1)
REAL = datetime.now(UTC)


async def warnings(world: World, *, later: timedelta = timedelta(0)) -> list[ExpiryWarning]:
    desk = world.desk
    return await certificate_warnings(
        desk.settings, desk.store, now=desk.clock.now(), real=REAL + later
    )


async def enrol(world: World, name: str, fingerprint: str, *, left: timedelta | None) -> None:
    await world.operator.enrol(
        name,
        now=world.clock.now(),
        fingerprint=fingerprint,
        not_after=None if left is None else REAL + left,
    )


async def proofs(world: World, name: str) -> list[Certificate]:
    async with world.desk.store.read() as tx:
        row = await party.get(tx, ven_name=name)
        assert row is not None
        return await certificate.for_party(tx, party_pk=row.pk)


async def show(world: World, fingerprint: str) -> None:
    """Notes that a VEN has shown a certificate."""
    shown = PeerCertificate(fingerprint=fingerprint, not_after=None)
    world.desk.shown.note(shown, world.clock.now())
    await upkeep.learn(world.desk)


async def test_a_ven_whose_certificate_expires_soon_is_named_with_what_to_do() -> None:
    async with running() as world:
        await enrol(world, "school-7", "AA", left=13 * DAY)
        await enrol(world, "mill", "BB", left=100 * DAY)
        await enrol(world, "depot", "CC", left=None)
        await enrol(world, "old mill", "DD", left=-DAY)
        first, second = await warnings(world)
    assert (first.who, first.days, first.threshold) == ("VEN old mill", -1, 0)
    assert (second.who, second.days, second.threshold) == ("VEN school-7", 13, 14)
    assert "vtn ven renew school-7 --certificate FILE" in second.todo
    assert "vtn ven renew 'old mill'" in first.todo


async def test_where_the_authority_is_at_hand_one_command_does_it() -> None:
    async with running(tls=True) as world:
        await enrol(world, "school-7", "AA", left=13 * DAY)
        (found,) = await warnings(world)
    assert found.todo == "vtn ven renew school-7 --issue --out school-7-next.zip"


async def test_a_renewed_ven_is_warned_of_until_it_uses_its_new_certificate() -> None:
    async with running() as world:
        await enrol(world, "school", "AA", left=300 * DAY)
        await show(world, "AA")
        assert await warnings(world) == []
        await world.operator.renew(
            "school", "BB", now=world.clock.now(), overlap=20 * DAY, not_after=REAL + 900 * DAY
        )
        (found,) = await warnings(world)
        assert (found.days, found.threshold) == (19, 30) or found.days == 20
        assert "give it the certificate BB" in found.todo
        await show(world, "BB")
        assert await warnings(world) == []


async def test_a_renewed_ven_of_which_nothing_was_seen_is_fine() -> None:
    async with running() as world:
        await enrol(world, "school", "AA", left=5 * DAY)
        await world.operator.renew(
            "school", "BB", now=world.clock.now(), overlap=5 * DAY, not_after=REAL + 900 * DAY
        )
        assert await warnings(world) == []


async def test_who_is_locked_out_is_not_warned_of() -> None:
    async with running() as world:
        await enrol(world, "school", "AA", left=5 * DAY)
        await world.operator.revoke("school", now=world.clock.now())
        assert await warnings(world) == []


async def test_the_files_of_the_vtn_are_looked_at_too() -> None:
    async with running(tls=True) as world:
        assert await warnings(world) == []
        found = {one.what: one for one in await warnings(world, later=340 * DAY)}
        assert found["certificate"].who == "this VTN"
        assert "oadr-certs renew" in found["certificate"].todo
        assert found["revocation list"].who == "the authority"
        assert "oadr-certs crl" in found["revocation list"].todo
        late = await warnings(world, later=7290 * DAY)
    assert ("the authority", "certificate", 14) in {(o.who, o.what, o.threshold) for o in late}


async def test_each_certificate_of_the_vtn_is_looked_at(tmp_path: Path) -> None:
    own = Authority.create(tmp_path / "own", "Own")
    certificate_file, key = tmp_path / "other.crt", tmp_path / "other.key"
    own.issue_vtn(["x"], valid_for=DAY).save(certificate_file, key)
    signing = {"certificate": str(certificate_file), "key": str(key)}
    async with running({"signatures": signing}, tls=True) as world:
        settings = world.desk.settings
    found = own_warnings(settings, real=REAL)
    assert [one.what for one in found] == ["signing certificate"]
    tls = replace(settings.tls, rsa_certificate=certificate_file, rsa_key=key)
    found = own_warnings(replace(settings, tls=tls), real=REAL)
    assert [one.what for one in found] == ["RSA certificate", "signing certificate"]


async def test_each_threshold_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async with running() as world:
        await enrol(world, "school", "AA", left=13 * DAY)
        watch = Watch(pause=0.0)
        with caplog.at_level(logging.WARNING, "openadr.vtn.certificates"):
            for _ in range(3):
                await watch.look(world.desk)
            await enrol(world, "mill", "BB", left=-DAY)
            await watch.look(world.desk)
    levels = [(one.levelname, "school" in one.getMessage()) for one in caplog.records]
    assert levels == [("WARNING", True), ("ERROR", False)]
    assert "vtn ven renew school" in caplog.text


async def test_a_vtn_that_starts_with_an_expired_certificate_says_so_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It runs all the same: it takes new files without being started again."""
    own = Authority.create(tmp_path / "own", "Own")
    crt, key = tmp_path / "old.crt", tmp_path / "old.key"
    before = datetime.now(UTC) - timedelta(minutes=4)
    own.issue_vtn(["old"], now=before, valid_for=timedelta(minutes=1)).save(crt, key)
    files = {"certificate": str(crt), "key": str(key)}
    with caplog.at_level(logging.ERROR, "openadr.vtn.certificates"):
        async with running({"tls": files}, tls=True):
            pass
    (record,) = caplog.records
    assert record.getMessage().startswith("certificate of this VTN has ended: 20")
    assert "oadr-certs renew" in record.getMessage()


async def test_a_running_vtn_looks_by_itself(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "FLUSH", 0.01)
    with caplog.at_level(logging.WARNING, "openadr.vtn.certificates"):
        async with running() as world:
            await enrol(world, "school", "AA", left=2 * DAY)
            await world.restart()
            await until(lambda: "VEN school ends in" in caplog.text)


async def test_what_a_certificate_says_is_learned_from_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A VEN was enrolled by its fingerprint only."""
    monkeypatch.setattr(upkeep, "FLUSH", 0.01)
    async with running(handlers=[Open()], tls=True) as world:
        peer = world.client("school-7")
        await enrol(world, "school", peer.fingerprint, left=None)
        assert (await peer.register("school")).response.code == 200
        async with asyncio.timeout(30):
            while (found := (await proofs(world, "school"))[0]).shown_at is None:
                await peer.poll()
        assert (found.subject, found.issuer) == ("school-7", "CN=Test")
        assert found.not_after is not None
        assert found.not_after > REAL + 1000 * DAY


async def test_strangers_are_not_learned() -> None:
    async with running(handlers=[], tls=True) as world:
        peer = world.client("stranger")
        await peer.register("stranger")
        assert not world.desk.shown
