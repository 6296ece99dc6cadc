"""``vtn ven`` for VENs of 2.0a: enrolment, what they are told, how they are shown."""

import stat
import zipfile
from pathlib import Path

from certs.files import load_certificates
from tests.vtn.command import Desk

PRINT = "1D:44:F0:21:93:A8:5B:0C:77:07"
ENROL = f"ven enrol mill --profile 2.0a --ven-id mill-1 --fingerprint {PRINT}"


def test_a_ven_of_20a_takes_part_as_soon_as_it_is_enrolled(vtn: Desk) -> None:
    output = vtn(f"{ENROL} --poll-interval 5m --group south").output
    assert "Enrolled mill as venID mill-1" in output
    assert "https://localhost:8443/OpenADR2/Simple/EiEvent; vtnID north-grid" in output
    shown = vtn.json("ven show mill")
    assert (shown["profile"], shown["state"]) == ("2.0a", "registered")
    assert (shown["registration_id"], shown["poll_interval"]) == (None, 300)
    vtn(f"ven enrol school --fingerprint {PRINT.replace('1D', '2D')}")
    assert [one["profile"] for one in vtn.json("ven list")] == ["2.0a", "2.0b"]
    lines = vtn("ven list").output.splitlines()
    assert "registered, 2.0a" in lines[1]
    assert "2.0" not in lines[2]
    assert ["profile", "2.0a"] in [
        line.split() for line in vtn("ven show mill").output.splitlines()
    ]
    assert "2 enrolled, 1 registered" in vtn("status", 1).output


def test_a_bundle_for_20a_tells_people_what_to_configure(vtn: Desk) -> None:
    output = vtn("ven enrol mill --profile 2.0a --issue --out m.zip --resource saw").output
    assert "m.zip holds its key, certificate, the CA and a ven.txt." in output
    assert stat.S_IMODE(Path("m.zip").stat().st_mode) == 0o600
    with zipfile.ZipFile("m.zip") as file:
        assert sorted(file.namelist()) == ["ca.crt", "ven.crt", "ven.key", "ven.txt"]
        text = file.read("ven.txt").decode()
        Path("ven.crt").write_bytes(file.read("ven.crt"))
    shown = vtn.json("ven show mill")
    assert load_certificates(Path("ven.crt"))
    for told in (
        shown["ven_id"],
        "north-grid",
        "https://localhost:8443/OpenADR2/Simple/EiEvent",
        "saw",
        "10 s",
    ):
        assert told in text


def test_a_renewed_bundle_is_of_the_same_kind(vtn: Desk) -> None:
    vtn("ven enrol mill --profile 2.0a --issue --out m.zip")
    vtn("ven renew mill --issue --out n.zip")
    with zipfile.ZipFile("n.zip") as file:
        assert "ven.txt" in file.namelist()


def test_a_ven_that_cannot_sign_is_not_enrolled_where_it_must(vtn: Desk) -> None:
    assert "cannot be signed" in vtn.error(f"{ENROL} --signatures required", 2)
    text = Path("vtn.toml").read_text()
    Path("vtn.toml").write_text(text.replace('policy = "accepted"', 'policy = "required"'))
    assert "--signatures accepted" in vtn.error(ENROL, 2)
    vtn(f"{ENROL} --signatures accepted")


def test_without_the_usual_path_there_is_no_address_for_20a(vtn: Desk) -> None:
    text = Path("vtn.toml").read_text()
    Path("vtn.toml").write_text(text.replace("[http]", '[http]\npath_prefix = "/grid"'))
    assert "http.path_prefix" in vtn.error(ENROL)
    assert vtn.json("ven list") == []


def test_behind_a_proxy_as_much_is_told_as_is_known(vtn: Desk) -> None:
    text = Path("vtn.toml").read_text()
    url = "https://vtn.example/grid/OpenADR2/Simple/2.0b"
    Path("vtn.toml").write_text(text.replace("[http]", f'[http]\npublic_url = "{url}"'))
    assert "https://vtn.example/grid/OpenADR2/Simple/EiEvent;" in vtn(ENROL).output


def test_a_ven_of_20b_says_for_itself_how_it_is_reached(vtn: Desk) -> None:
    for option in ("--push-address https://mill.example", "--poll-interval 5m"):
        assert "--profile 2.0a" in vtn.error(f"ven enrol school {option}", 2)


def test_a_ven_of_20a_listens_where_the_operator_says(vtn: Desk) -> None:
    for wrong in ("mill.example", "http://mill.example", "https://mill.example/?x", ""):
        assert "--push-address" in vtn.error(f"{ENROL} --push-address '{wrong}'", 2)
    output = vtn(f"{ENROL} --push-address https://mill.example:9443").output
    assert "pushed to https://mill.example:9443; vtnID north-grid" in output
    assert vtn.json("ven show mill")["push_address"] == "https://mill.example:9443"
    vtn("ven set mill --profile 2.0b")
    assert vtn.json("ven show mill")["push_address"] is None


def test_what_20a_does_not_know_is_refused_in_clear_words(vtn: Desk) -> None:
    vtn(ENROL)
    for line in ("ven cancel mill", "ven reregister mill", "report request mill --metadata"):
        assert "mill is a VEN of 2.0a, which knows events and nothing else" in vtn.error(line)


def test_an_operator_moves_a_ven_to_another_profile(vtn: Desk) -> None:
    vtn(ENROL)
    vtn("ven set mill --profile 2.0b")
    shown = vtn.json("ven show mill")
    assert (shown["profile"], shown["state"]) == ("2.0b", "enrolled")
    vtn("ven set mill --profile 2.0a")
    assert vtn.json("ven show mill")["state"] == "registered"
    vtn("ven revoke mill")
    assert vtn.json("ven show mill")["state"] == "cancelled"
    vtn(f"ven renew mill --fingerprint {PRINT.replace('1D', '2D')}")
    assert vtn.json("ven show mill")["state"] == "registered"
