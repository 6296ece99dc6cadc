"""``vtn ven pending`` and ``vtn ven approve``."""

import asyncio
import json
import shlex
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from tests.vtn.command import Desk
from vtn.cli import main
from vtn.store import Store, certificate, party, pending
from vtn.store.pending import Pending

PRINT = "1D:44:F0:21:93:A8:5B:0C:77:07"
OTHER = "2D:44:F0:21:93:A8:5B:0C:77:07"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def asked(ven_name: str = "bakery", **values: Any) -> Pending:
    """Somebody with a certificate who was refused because it is not enrolled."""
    row = Pending(
        fingerprint=PRINT,
        ven_name=ven_name,
        message="oadrCreatePartyRegistration",
        profile="2.0b",
        transport="simpleHttp",
        subject="CN=bakery,O=North Grid",
        issuer="CN=North Grid CA",
        serial="0A",
        not_before=NOW - DAY,
        not_after=NOW + 300 * DAY,
        sha1=":".join(["11"] * 20),
        sha256=":".join(["22"] * 32),
        address="192.0.2.7",
        code=463,
        rule="R517",
        reason="this certificate is not enrolled",
        first_asked=NOW - DAY,
        last_asked=NOW,
        asked=3,
    )
    return replace(row, **values)


def knock(*rows: Pending) -> None:
    """Has somebody asked in vain."""

    async def note() -> None:
        store = await Store.open("vtn.db")
        async with store.begin() as tx:
            await pending.note(tx, rows=rows)
        await store.close()

    asyncio.run(note())


def answered(line: str, answer: str) -> Any:
    """Runs a command whose question is answered so."""
    return CliRunner().invoke(main, shlex.split(line), input=answer)


def names(desk: Desk) -> list[str]:
    return [row["ven"] for row in desk.json("ven pending")]


def approve_line(output: str) -> str:
    (line,) = [one for one in output.splitlines() if one.startswith("let it in")]
    return line.partition(" vtn ")[2]


# ------------------------------------------------------------------ who asks


def test_nobody_asks_in_vain_at_first(vtn: Desk) -> None:
    assert vtn("ven pending").output == "nobody asks in vain\n"
    assert vtn.json("ven pending") == []


def test_the_table_tells_who_asks_with_which_certificate_how_often_and_why(vtn: Desk) -> None:
    knock(asked(), asked("", fingerprint=OTHER, subject="CN=mill", last_asked=NOW - DAY))
    head, first, second, hint = vtn("ven pending").stdout.splitlines()
    assert head.split()[:3] == ["VEN", "certificate", "fingerprint"]
    assert first.split()[:3] == ["bakery", "bakery", PRINT]
    assert first.endswith(" 3  463 this certificate is not enrolled (R517)")
    assert f"{NOW:%Y-%m-%d %H:%M:%S}" in first
    assert second.split()[:3] == ["-", "mill", OTHER]
    assert hint == "More, and how to let one in: vtn ven pending NAME|FINGERPRINT"


@pytest.mark.parametrize("who", ["bakery", PRINT, PRINT.lower().replace(":", ""), "22" * 32, "b-1"])
def test_one_is_found_by_name_ven_id_or_any_fingerprint_with_all_that_is_known(
    vtn: Desk, who: str
) -> None:
    push = "https://bakery.example:8443"
    knock(
        asked(ven_id="b-1", push_address=push, report_only=True, xml_signature=False),
        asked("mill", fingerprint=OTHER, sha1="33", sha256="44"),
    )
    shown = vtn(f"ven pending {who}").stdout
    for text in (
        "bakery",
        "b-1",
        "2.0b",
        push,
        PRINT,
        ":".join(["11"] * 20),
        "CN=bakery,O=North Grid",
        "CN=North Grid CA",
        "3 times since",
        "from 192.0.2.7",
        "oadrCreatePartyRegistration: 463 this certificate is not enrolled (R517)",
        f"vtn ven approve {PRINT} --name=bakery",
    ):
        assert text in shown
    assert "mill" not in shown


def test_json_has_all_fields_and_the_command_that_approves(vtn: Desk) -> None:
    knock(asked(ven_id="b-1"))
    (row,) = vtn.json("ven pending")
    assert row["ven"] == "bakery"
    assert row["fingerprint"] == PRINT
    assert row["issuer"] == "CN=North Grid CA"
    assert row["asked"] == 3
    assert row["rule"] == "R517"
    assert row["first_asked"] == f"{NOW - DAY:%Y-%m-%dT%H:%M:%SZ}"
    assert row["approve"] == f"vtn ven approve {PRINT} --name=bakery"
    assert "pk" not in row


def test_somebody_is_forgotten_until_it_asks_again(vtn: Desk) -> None:
    knock(asked(), asked("mill", fingerprint=OTHER))
    assert "1 VEN forgotten" in vtn("ven pending bakery --forget").output
    assert names(vtn) == ["mill"]
    assert "there is no VEN that asks in vain 'bakery'" in vtn.error("ven pending bakery --forget")
    assert "say which one to forget" in vtn("ven pending --forget", 2).output
    knock(asked())
    assert sorted(names(vtn)) == ["bakery", "mill"]
    assert "forget pending" in {one["action"] for one in vtn.json("audit")}


def test_what_a_peer_says_passes_for_no_column_no_command_and_no_terminal_sequence(
    vtn: Desk,
) -> None:
    fake = f"school {OTHER} 2026-01-01 00:00:00"
    knock(
        asked(fake, fingerprint=OTHER, subject="CN=x  y"),
        asked("$(reboot); --yes", fingerprint=PRINT),
        asked('a"b', fingerprint="3D" + PRINT[2:], ven_id="\\x1b[2J"),
    )
    table = vtn("ven pending").stdout
    assert f'"school {OTHER[:20]}' in table
    assert '"x  y"' in table
    assert '"a\\"b"' in table
    line = vtn(f"ven pending {PRINT}").stdout
    assert approve_line(line) == f"ven approve {PRINT} '--name=$(reboot); --yes'"
    result = vtn(approve_line(line) + " --dry-run")
    assert '"$(reboot); --yes"' not in result.stderr
    assert "Nothing is changed." in result.output
    assert all(one.isprintable() or one == "\n" for one in vtn("ven pending -v").stdout)


# ------------------------------------------------------------------ letting it in


def test_approving_enrols_with_everything_filled_in(vtn: Desk) -> None:
    knock(asked(ven_id="b-1"))
    result = answered("ven approve bakery --group shops --resource oven", "y\n")
    assert result.exit_code == 0, result.output
    assert f"fingerprint  {PRINT}" in result.output
    assert "Enrol bakery with this certificate? [y/N]" in result.output
    assert "Enrolled bakery as venID b-1. Its next attempt succeeds." in result.output
    shown = vtn.json("ven show bakery")
    assert shown["ven_id"] == "b-1"
    assert shown["groups"] == ["shops"]
    assert shown["resources"] == ["oven"]
    (proof,) = shown["certificates"]
    assert (proof["fingerprint"], proof["subject"]) == (PRINT, "bakery")
    assert proof["not_after"] == f"{NOW + 300 * DAY:%Y-%m-%dT%H:%M:%SZ}"
    assert names(vtn) == []
    (entry,) = [one for one in vtn.json("audit") if one["action"] == "approve"]
    assert entry["subject"] == "bakery"
    assert PRINT in json.dumps(entry)


def test_who_says_no_changes_nothing(vtn: Desk) -> None:
    knock(asked())
    assert answered("ven approve bakery", "n\n").exit_code == 1
    assert answered("ven approve bakery", "").exit_code == 1
    assert vtn.json("ven list") == []
    assert names(vtn) == ["bakery"]


def test_a_dry_run_shows_it_and_changes_nothing(vtn: Desk) -> None:
    knock(asked())
    assert "Nothing is changed." in vtn("ven approve bakery --dry-run").output
    planned = vtn.json("ven approve bakery --dry-run")
    assert planned == {"ven": "bakery", "ven_id": None, "fingerprint": PRINT, "warnings": []}
    assert vtn.json("ven list") == []


def test_without_a_question_a_fingerprint_is_approved_and_never_a_name_alone(vtn: Desk) -> None:
    knock(asked())
    refused = vtn("ven approve bakery --yes", 2).output
    assert f"vtn ven approve {PRINT} --name=bakery --yes" in refused
    row = vtn.json(f"ven approve {PRINT} --name=bakery --yes")
    assert (row["ven"], row["fingerprint"], row["warnings"]) == ("bakery", PRINT, [])


def test_two_certificates_that_want_one_name_are_told_apart_by_fingerprint(vtn: Desk) -> None:
    knock(asked(), asked(fingerprint=OTHER, subject="CN=impostor"))
    said = vtn("ven approve bakery", 1).output
    assert "2 certificates ask as bakery; say which you mean" in said
    assert f"vtn ven approve {PRINT} --name=bakery" in said
    assert f"vtn ven approve {OTHER} --name=bakery" in said
    vtn(f"ven approve {PRINT} --yes")
    assert vtn.json("ven show bakery")["fingerprints"] == [PRINT]
    assert names(vtn) == ["bakery"]


def test_a_certificate_that_changes_its_name_is_not_enrolled_by_its_fingerprint_alone(
    vtn: Desk,
) -> None:
    knock(asked("bakery"))
    knock(asked("school", ven_id="s-1", last_asked=NOW + DAY))
    said = vtn(f"ven approve {PRINT} --yes", 1).output
    assert "has asked under 2 names" in said
    assert vtn.json("ven list") == []
    # What was looked at is what is enrolled, venID and all.
    vtn(f"ven approve {PRINT} --name=bakery --yes")
    (row,) = vtn.json("ven list")
    assert (row["ven"], row["fingerprints"]) == ("bakery", [PRINT])
    assert row["ven_id"] != "s-1"
    assert names(vtn) == []


def test_a_name_that_looks_like_a_fingerprint_is_not_taken_for_one(vtn: Desk) -> None:
    knock(asked(OTHER))
    assert f"there is no VEN that asks in vain '{OTHER}'" in vtn.error(f"ven approve {OTHER}")


def test_a_taken_name_offers_another_name_or_a_further_certificate(vtn: Desk) -> None:
    vtn(f"ven enrol bakery --fingerprint {OTHER}")
    knock(asked(reason="a VEN of that name is enrolled with another certificate"))
    said = vtn.error(f"ven approve {PRINT} --yes")
    assert "bakery is enrolled already, with another certificate." in said
    assert f"vtn ven approve {PRINT} --name=bakery --add-certificate" in said
    assert f"vtn ven approve {PRINT} --name OTHER" in said
    vtn(f"ven approve {PRINT} --name=bakery --add-certificate --overlap 5d --yes")
    shown = vtn.json("ven show bakery")
    assert set(shown["fingerprints"]) == {PRINT, OTHER}
    until = {one["fingerprint"]: one["valid_until"] for one in shown["certificates"]}
    assert until[PRINT] is None
    assert until[OTHER] is not None
    assert names(vtn) == []


def test_another_name_makes_it_another_ven(vtn: Desk) -> None:
    vtn(f"ven enrol bakery --fingerprint {OTHER}")
    knock(asked())
    vtn(f"ven approve {PRINT} --name bakery-2 --yes")
    assert vtn.json("ven show bakery-2")["fingerprints"] == [PRINT]


def test_a_taken_ven_id_is_said_and_another_can_be_given(vtn: Desk) -> None:
    vtn(f"ven enrol mill --fingerprint {OTHER} --ven-id b-1")
    knock(asked(ven_id="b-1"))
    said = vtn.error(f"ven approve {PRINT} --yes")
    assert "it asks for venID b-1, which is mill's" in said
    result = vtn(f"ven approve {PRINT} --ven-id b-2 --yes")
    assert "Warning: it asks for venID b-1 and is refused (452) until it asks for none." in (
        result.output
    )
    assert vtn.json("ven show bakery")["ven_id"] == "b-2"


def test_a_certificate_of_another_name_is_a_warning(vtn: Desk) -> None:
    knock(asked("school-7"))
    output = vtn(f"ven approve {PRINT} --yes").output
    assert "Warning: the certificate says bakery, the VEN shall be called school-7." in output


def test_a_poll_without_a_name_gets_that_of_its_certificate(vtn: Desk) -> None:
    knock(asked("", message="oadrPoll", ven_id="lost-7", transport=None))
    vtn(f"ven approve {PRINT} --yes")
    assert vtn.json("ven show bakery")["ven_id"] == "lost-7"


def test_what_enrolling_does_not_mend_is_said(vtn: Desk) -> None:
    knock(asked(code=469, rule="R402", reason="this VTN serves profile 2.0b", profile="2.0a"))
    output = vtn(f"ven approve {PRINT} --yes").output
    assert "Warning: enrolling does not mend why it was refused last: 469" in output
    assert vtn.json("ven show bakery")["profile"] == "2.0b"


def test_an_enrolled_ven_whose_registration_fails_is_not_approved(vtn: Desk) -> None:
    vtn(f"ven enrol bakery --fingerprint {PRINT}")
    (row,) = vtn.json("ven list")
    knock(asked(party_pk=1, code=469, rule="R402", reason="this VTN serves profile 2.0b"))
    assert vtn.json("ven pending")[0]["enrolled"] is True
    assert "let it in" not in vtn("ven pending bakery").output
    said = vtn.error("ven approve bakery")
    assert "bakery is enrolled already; its registration fails for another reason" in said
    assert row["fingerprints"] == [PRINT]


def test_a_revoked_certificate_is_not_let_in_again(vtn: Desk) -> None:
    vtn(f"ven enrol bakery --fingerprint {PRINT}")
    vtn("ven revoke bakery")
    knock(asked())
    said = vtn.error(f"ven approve {PRINT} --name=other --yes")
    assert f"certificate {PRINT} was bakery's and has been revoked" in said
    assert "vtn ven renew --issue --out FILE.zip bakery" in said


def test_an_expired_certificate_is_not_let_in(vtn: Desk) -> None:
    knock(asked(not_after=NOW - DAY))
    assert "has expired on" in vtn.error(f"ven approve {PRINT} --yes")


def test_a_certificate_that_was_anothers_is_said(vtn: Desk) -> None:
    async def replaced() -> None:
        store = await Store.open("vtn.db")
        async with store.begin() as tx:
            mill = await party.create(tx, ven_id="m", ven_name="mill", now=NOW)
            await certificate.add(tx, party_pk=mill.pk, fingerprint=PRINT, now=NOW - DAY)
            await certificate.set_valid_until(tx, fingerprint=PRINT, valid_until=NOW, now=NOW - DAY)
        await store.close()

    asyncio.run(replaced())
    knock(asked(last_asked=NOW + timedelta(seconds=1)))
    assert "Warning: this certificate was mill's until" in vtn(f"ven approve {PRINT} --yes").output


def test_a_ven_of_2_0a_is_enrolled_for_2_0a(vtn: Desk) -> None:
    knock(asked("", message="oadrRequestEvent", profile="2.0a", transport=None, ven_id="d-1"))
    vtn(f"ven approve {PRINT} --name depot --yes")
    assert vtn.json("ven show depot")["profile"] == "2.0a"


def test_without_tls_a_name_is_all_there_is(vtn: Desk) -> None:
    bare: dict[str, Any] = {
        "fingerprint": "",
        "subject": None,
        "sha1": None,
        "sha256": None,
        "not_after": None,
    }
    knock(asked(**bare), asked("mill", **bare))
    shown = vtn("ven pending bakery").output
    assert "none: it comes without TLS" in shown
    assert approve_line(shown) == "ven approve bakery"
    assert "cannot be enrolled under another" in vtn.error("ven approve bakery --name x --yes")
    assert "no certificate to add" in vtn.error("ven approve bakery --add-certificate --yes")
    result = answered("ven approve bakery", "y\n")
    assert "Enrol bakery without any certificate?" in result.output
    assert names(vtn) == ["mill"]
    vtn("ven approve mill --yes")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--overlap", "5d"], "--overlap goes with --add-certificate"),
        (["--add-certificate", "--group", "x"], "changes nothing else"),
        (["--json"], "--json asks nobody"),
    ],
)
def test_options_that_do_not_go_together_are_said(
    vtn: Desk, options: Iterable[str], why: str
) -> None:
    knock(asked())
    assert why in vtn(f"ven approve {PRINT} {' '.join(options)}", 2).output
