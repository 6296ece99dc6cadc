"""The VTN signs with the certificate that its files hold now (R514)."""

import logging
import os
import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from certs import Authority
from certs.folder import Issued
from oadr import codec
from oadr import messages as m
from oadr.signature import Fingerprints, ReplayCache, verify
from vtn.testing import World, running


def put(issued: Issued, folder: Path) -> None:
    issued.save(folder / "new.crt", folder / "new.key")
    for kind in ("key", "crt"):
        os.replace(folder / f"new.{kind}", folder / f"vtn.{kind}")


async def signs_with(world: World, fingerprint: str) -> None:
    """Checks whose signature is on what the VTN says."""
    peer = world.client(uuid.uuid4().hex)
    answer = await peer.raw("EiRegisterParty", codec.encode(m.QueryRegistration(request_id="1")))
    verify(
        codec.parse(answer.body),
        trusted=Fingerprints(fingerprint),
        now=world.clock.now(),
        replay=ReplayCache(tolerance=timedelta(minutes=1)),
        who="vtn",
    )


async def test_a_renewed_certificate_signs_at_once_and_half_a_renewal_changes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running({"signatures": {"always": True}}, tls=True) as world:
        authority = Authority.load(world.folder / "ca")
        (old,) = [one for one in authority.records() if one.kind == "vtn"]
        await signs_with(world, old.fingerprint)
        issued = authority.renew(old.serial)
        key = (world.folder / "vtn.key").read_bytes()
        (world.folder / "vtn.key").write_bytes(issued.key_pem() or b"")
        with caplog.at_level(logging.WARNING):
            await signs_with(world, old.fingerprint)
            await signs_with(world, old.fingerprint)
        assert caplog.text.count("the last good signing key counts") == 1
        (world.folder / "vtn.key").write_bytes(key)
        put(issued, world.folder)
        await signs_with(world, issued.record.fingerprint)
