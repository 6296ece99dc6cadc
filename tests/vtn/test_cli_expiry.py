"""``vtn status``, ``vtn ven list`` and ``vtn ven show`` say until when certificates count."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner

from certs import Authority
from tests.vtn.command import Desk
from vtn.cli import main

DAY = timedelta(days=1)
FINGERPRINT = "1D:44:F0:21:93:A8:5B:0C:77:07"


def enrol(vtn: Desk, name: str, *, left: timedelta) -> str:
    """Enrols a VEN whose certificate expires then, and returns its fingerprint."""
    elsewhere, now = Path("elsewhere"), datetime.now(UTC)
    authority = (
        Authority.load(elsewhere)
        if elsewhere.exists()
        else Authority.create(elsewhere, "Other", now=now - 9 * DAY)
    )
    issued = authority.issue_ven(name, valid_for=left + 3 * DAY, now=now - 3 * DAY)
    issued.save(Path(f"{name}.crt"), Path(f"{name}.key"))
    vtn(f"ven enrol {name} --certificate {name}.crt")
    return issued.record.fingerprint


def test_the_status_names_what_expires_and_what_to_do(vtn: Desk) -> None:
    enrol(vtn, "school-7", left=13.5 * DAY)
    enrol(vtn, "mill", left=-DAY)
    enrol(vtn, "depot", left=61 * DAY)
    shown = CliRunner().invoke(main, ["status"]).output
    assert "certificate of VEN mill has ended: 20" in shown
    assert "certificate of VEN school-7 ends in 13 days: 20" in shown
    assert shown.index("VEN mill") < shown.index("VEN school-7")
    assert "vtn ven renew school-7 --issue --out school-7-next.zip" in shown
    assert "renew depot" not in shown


def test_the_list_says_how_many_days_are_left(vtn: Desk) -> None:
    enrol(vtn, "school-7", left=13.5 * DAY)
    enrol(vtn, "mill", left=-DAY)
    vtn(f"ven enrol bakery --fingerprint {FINGERPRINT}")
    shown = vtn("ven list").stdout
    assert "(13 d)" in shown
    assert "(expired)" in shown
    assert "not known yet" in shown
    days = {row["ven"]: row["certificate_days"] for row in vtn.json("ven list")}
    assert days == {"school-7": 13, "mill": -2, "bakery": None}


def test_a_ven_is_shown_with_each_of_its_certificates(vtn: Desk) -> None:
    old = enrol(vtn, "school-7", left=13.5 * DAY)
    vtn(f"ven renew school-7 --fingerprint {FINGERPRINT} --overlap 10d")
    first, second = vtn.json("ven show school-7")["certificates"]
    assert (first["fingerprint"], first["subject"], first["days"]) == (old, "school-7", 13)
    assert (second["fingerprint"], second["days"], second["shown_at"]) == (FINGERPRINT, None, None)
    lines = [one for one in vtn("ven show school-7").stdout.splitlines() if "certificate  " in one]
    assert "(13 d); replaced, accepted until " in lines[0]
    assert lines[0].endswith("not used yet; for school-7")
    assert lines[1].endswith(f"{FINGERPRINT}  until not known yet; not used yet")


def test_a_renewal_says_until_when_the_old_one_really_counts(vtn: Desk) -> None:
    enrol(vtn, "school-7", left=3.5 * DAY)
    renew = f"ven renew school-7 --fingerprint {FINGERPRINT} --overlap 30d"
    ends = datetime.now(UTC) + 3.5 * DAY
    assert f"The old one is accepted until {ends:%Y-%m-%d}" in vtn(renew).output
    vtn("ven enrol mill --fingerprint 2D:44:F0:21:93:A8:5B:0C:77:07")
    vtn("ven revoke mill")
    renewed = vtn("ven renew mill --fingerprint 3D:44:F0:21:93:A8:5B:0C:77:07").output
    assert "It is the only one that counts." in renewed
    assert "accepted until" not in renewed
