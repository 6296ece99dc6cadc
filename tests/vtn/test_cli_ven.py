"""``vtn ven``: enrolment, certificates, bundles."""

import asyncio
import stat
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs import Authority, fingerprints, load_ledger
from certs.files import load_certificates, load_crls, load_key
from certs.ledger import Status
from tests.vtn.command import Desk
from ven.bundle import read as read_bundle
from ven.config import load as load_ven
from vtn.store import Store, outbox, party

PRINT = "1D:44:F0:21:93:A8:5B:0C:77:07"


def unpacked(zip_: str) -> Path:
    folder = Path(zip_).with_suffix("")
    with zipfile.ZipFile(zip_) as file:
        assert sorted(file.namelist()) == ["ca.crt", "ven.crt", "ven.key", "ven.toml"]
        file.extractall(folder)
    return folder


def ledger_status(name: str) -> list[Status]:
    return [one.status(datetime.now(UTC)) for one in load_ledger("ca").named(name)]


def test_an_issued_bundle_is_private_complete_and_what_a_ven_reads(vtn: Desk) -> None:
    line = "ven enrol school-7 --issue --out s.zip --group schools --resource r2 --resource r1"
    output = vtn(line).output
    assert "s.zip holds its key, certificate, the CA and a ven.toml." in output
    assert stat.S_IMODE(Path("s.zip").stat().st_mode) == 0o600
    assert read_bundle(Path("s.zip")).settings["ven_name"] == "school-7"
    folder = unpacked("s.zip")
    settings = load_ven(folder / "ven.toml")
    shown = vtn.json("ven show school-7")
    assert (settings.ven_name, settings.ven_id) == ("school-7", shown["ven_id"])
    assert settings.vtn_url == "https://localhost:8443/OpenADR2/Simple/2.0b"
    assert settings.resources == {"r1", "r2"}
    assert settings.tls is not None
    certificate = load_certificates(settings.tls.certificate)[0]
    assert shown["fingerprints"] == [fingerprints(certificate).openadr]
    assert load_key(settings.tls.key, None).public_key() == certificate.public_key()
    assert settings.tls.ca.read_bytes() == Path("ca/ca.crt").read_bytes()
    kept = sorted(str(path) for path in Path().rglob("*.key"))
    assert kept == ["ca/ca.key", "s/ven.key", "vtn.key"]


def test_a_ven_that_must_sign_is_told_so_in_its_bundle(vtn: Desk) -> None:
    vtn("ven enrol a --issue --out a.zip --signatures required")
    assert load_ven(unpacked("a.zip") / "ven.toml").signatures.sign
    vtn("ven set a --signatures default")
    vtn("ven renew a --issue --out b.zip")
    assert not load_ven(unpacked("b.zip") / "ven.toml").signatures.sign


def test_a_bundle_says_where_the_vtn_is(vtn: Desk) -> None:
    text = Path("vtn.toml").read_text()
    Path("vtn.toml").write_text(
        text.replace("[http]", '[http]\npublic_url = "https://vtn.example/x"')
    )
    vtn("ven enrol a --issue --out a.zip")
    assert load_ven(unpacked("a.zip") / "ven.toml").vtn_url == "https://vtn.example/x"


def test_the_key_in_a_bundle_can_be_encrypted(vtn: Desk) -> None:
    Path("pass").write_text("secret\n")
    vtn("ven enrol a --issue --out a.zip --rsa --key-passphrase-file pass")
    folder = unpacked("a.zip")
    load_key(folder / "ven.key", "secret")
    tls = load_ven(folder / "ven.toml").tls
    assert tls is not None
    assert tls.passphrase_file == folder.resolve() / "ven.pass"


@pytest.mark.parametrize("text", [PRINT, PRINT.lower(), PRINT.replace(":", "")])
def test_a_ven_is_enrolled_by_its_fingerprint(vtn: Desk, text: str) -> None:
    vtn(f"ven enrol bakery --fingerprint {text} --ven-id b-1 --signatures required")
    shown = vtn.json("ven show bakery")
    assert shown["fingerprints"] == [PRINT]
    assert (shown["ven_id"], shown["signatures"], shown["state"]) == ("b-1", "required", "enrolled")


def test_a_ven_is_enrolled_by_its_certificate_with_its_end(vtn: Desk) -> None:
    issued = Authority.create("elsewhere", "Other").issue_ven("mill")
    issued.save(Path("mill.crt"), Path("mill.key"))
    vtn("ven enrol mill --certificate mill.crt")
    (row,) = vtn.json("ven list")
    assert row["fingerprints"] == [issued.record.fingerprint]
    assert row["certificate_until"] == f"{issued.record.not_after:%Y-%m-%dT%H:%M:%SZ}"


def test_programmes_may_be_names_beside_the_usual_one(vtn: Desk) -> None:
    vtn("ven enrol a --market-context peak --market-context http://other.example/x")
    assert vtn.json("ven show a")["market_contexts"] == [
        "http://localhost/peak",
        "http://other.example/x",
    ]


def test_nothing_is_issued_for_an_enrolment_that_cannot_be(vtn: Desk) -> None:
    vtn(f"ven enrol a --fingerprint {PRINT} --ven-id a-1")
    Path("there.zip").write_text("mine")
    for line, why in (
        ("ven enrol a --issue --out x.zip", "a is enrolled already, as venID a-1"),
        ("ven enrol b --ven-id a-1 --issue --out x.zip", "a is enrolled already"),
        ("ven enrol b --issue --out there.zip", "there.zip: exists and is not overwritten"),
        ("ven enrol b --issue --out no/such/x.zip", "there is no folder 'no/such'"),
        (f"ven enrol b --fingerprint {PRINT}", "in use already"),
        ("ven enrol b --issue --out x.zip --key-passphrase-file nope", "nope: cannot be opened"),
        ("ven enrol b --fingerprint 12:34", "is not a fingerprint"),
        ("ven enrol b --certificate vtn.key", "vtn.key: is not a certificate"),
    ):
        assert why in vtn.error(line)
    assert ledger_status("a") == ledger_status("b") == []
    assert Path("there.zip").read_text() == "mine"
    assert [row["ven"] for row in vtn.json("ven list")] == ["a"]


def test_an_enrolment_that_fails_halfway_takes_its_certificate_back(vtn: Desk) -> None:
    Path("vtn.crt").unlink()  # the bundle's URL needs it
    assert "vtn.crt" in vtn.error("ven enrol a --issue --out a.zip")
    assert ledger_status("a") == [Status.REVOKED]
    assert not Path("a.zip").exists()
    assert vtn.json("ven list") == []


def test_issuing_needs_the_authority_and_says_so(vtn: Desk) -> None:
    Path("ca/ca.key").rename("ca.key.elsewhere")
    assert "issue it where the authority is" in vtn.error("ven enrol a --issue --out a.zip")


def test_issuing_with_an_encrypted_authority_needs_its_passphrase(vtn: Desk) -> None:
    Path("ca.pass").write_text("north wind\n")
    vtn("init other --passphrase-file ca.pass")
    line = "-c other/vtn.toml ven enrol a --issue --out a.zip"
    assert "no passphrase was given" in vtn.error(line)
    vtn(f"{line} --passphrase-file ca.pass")
    vtn("-c other/vtn.toml ven revoke a", OADR_CERTS_PASSPHRASE="north wind")


def test_options_that_do_not_go_together_are_wrong_usage(vtn: Desk) -> None:
    for line in (
        "ven enrol a --issue",
        "ven enrol a --out a.zip",
        f"ven enrol a --issue --out a.zip --fingerprint {PRINT}",
        "ven renew a --rsa",
        "ven set a",
    ):
        vtn.error(line, code=2)


def test_a_renewed_ven_has_two_valid_certificates_for_a_while(vtn: Desk) -> None:
    vtn("ven enrol a --issue --out a.zip")
    assert (
        "The old one is accepted until"
        in vtn("ven renew a --overlap 2d --issue --out b.zip").output
    )
    old, new = vtn.json("ven show a")["certificates"]
    until = datetime.fromisoformat(old["valid_until"]) - datetime.now(UTC)
    assert timedelta(days=1, hours=23) < until < timedelta(days=2, hours=1)
    assert new["valid_until"] is None
    assert vtn.json("ven show a")["fingerprints"] == [old["fingerprint"], new["fingerprint"]]
    assert ledger_status("a") == [Status.OVERLAP, Status.VALID]
    assert load_ven(unpacked("b.zip") / "ven.toml").ven_id == vtn.json("ven show a")["ven_id"]


def test_a_ven_with_a_certificate_from_elsewhere_gets_its_first_one_here(vtn: Desk) -> None:
    vtn(f"ven enrol a --fingerprint {PRINT}")
    vtn("ven renew a --issue --out a.zip")
    assert len(vtn.json("ven show a")["fingerprints"]) == 2
    assert ledger_status("a") == [Status.VALID]


def test_a_revoked_ven_is_out_here_and_on_the_revocation_list(vtn: Desk) -> None:
    vtn("ven enrol a --issue --out a.zip")
    certificate = load_certificates(unpacked("a.zip") / "ven.crt")[0]
    assert "a is locked out; 1 certificate ended." in vtn("ven revoke a").output
    assert vtn.json("ven show a")["fingerprints"] == []
    (crl,) = load_crls(Path("ca/ca.crl"))
    assert crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
    vtn("ven revoke a")


def test_revoking_says_when_the_authority_is_elsewhere(vtn: Desk) -> None:
    vtn(f"ven enrol a --fingerprint {PRINT}")
    Path("ca/ca.key").unlink()
    assert "run there oadr-certs revoke a" in vtn("ven revoke a").output


def test_set_changes_what_is_named_and_nothing_else(vtn: Desk) -> None:
    vtn("ven enrol a --group g1 --group g2 --resource r1")
    vtn("ven set a --add-group g3 --remove-group g1")
    assert vtn.json("ven show a")["groups"] == ["g2", "g3"]
    vtn("ven set a --group '' --resource r2 --signatures ignored --name b")
    shown = vtn.json("ven show b")
    assert (shown["groups"], shown["resources"], shown["signatures"]) == ([], ["r2"], "ignored")
    vtn("ven set b --signatures default")
    assert vtn.json("ven show b")["signatures"] == "accepted"
    assert "there is no VEN 'a'" in vtn.error("ven show a")


def test_list_shows_groups_and_can_be_limited_to_one(vtn: Desk) -> None:
    vtn("ven enrol a --group north")
    vtn("ven enrol b --group south")
    output = vtn("ven list").output
    assert "VEN  venID" in output
    assert "no certificate" in output
    assert [row["ven"] for row in vtn.json("ven list --group south")] == ["b"]


def test_a_name_cannot_forge_lines_of_the_table(vtn: Desk) -> None:
    vtn("ven enrol 'a\x1b[2J[red]'")
    output = vtn("ven list").output
    assert "\x1b" not in output
    assert "[red]" in output


async def _register(folder: Path) -> None:
    store = await Store.open(folder / "vtn.db")
    async with store.begin() as tx:
        row = await party.get(tx, ven_name="a")
        assert row is not None
        await party.register(tx, pk=row.pk, registration_id="reg-1", now=datetime.now(UTC))
        await party.touch(tx, last_seen={row.pk: datetime.now(UTC)})
    await store.close()


async def _waiting(folder: Path) -> list[str]:
    store = await Store.open(folder / "vtn.db")
    async with store.read() as tx:
        row = await party.get(tx, ven_name="a")
        assert row is not None
        kinds = [item.kind for item in await outbox.waiting(tx, party_pk=row.pk)]
    await store.close()
    return kinds


def test_a_registered_ven_is_asked_to_register_again_or_to_leave(vtn: Desk) -> None:
    vtn("ven enrol a")
    assert "a is not registered" in vtn.error("ven cancel a")
    asyncio.run(_register(vtn.folder))
    assert "online" in vtn("ven list").output
    vtn("ven reregister a")
    vtn("ven cancel a")
    assert asyncio.run(_waiting(vtn.folder)) == [
        "oadrRequestReregistration",
        "oadrCancelPartyRegistration",
    ]
