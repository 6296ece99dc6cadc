"""Who may register: the two bundled handlers."""

from pathlib import Path

import pytest

from handlers.registration import AllowList, OpenEnrolment
from runtime import plugins
from runtime.settings import ConfigError
from tests.handlers.context import NOW, OTHER, PRINT, registration
from vtn.hooks import Accept, Context, Refuse
from vtn.store import Store, party


async def test_the_allow_list_accepts_whoever_is_enrolled_and_nobody_else(ctx: Context) -> None:
    handler = AllowList()
    assert await handler.on_create_party_registration(registration(enrolled=True), ctx) == Accept()
    refused = await handler.on_create_party_registration(registration(), ctx)
    assert refused == Refuse(463, "this certificate is not enrolled")


async def test_a_listed_fingerprint_is_accepted_in_whatever_form_it_was_written(
    ctx: Context,
) -> None:
    for text in (PRINT, PRINT.lower().replace(":", ""), "00" * 22 + PRINT.replace(":", "")):
        handler = AllowList.from_config({"fingerprints": [text]})
        assert await handler.on_create_party_registration(registration(), ctx) == Accept()
        other = registration(fingerprint=OTHER)
        assert isinstance(await handler.on_create_party_registration(other, ctx), Refuse)


async def test_a_listed_fingerprint_does_not_take_the_name_of_another_ven(ctx: Context) -> None:
    handler = AllowList([PRINT])
    answer = await handler.on_create_party_registration(registration(name_taken=True), ctx)
    assert answer == Refuse(463, "a VEN of that name is enrolled with another certificate")


async def test_without_a_certificate_only_the_enrolled_come_in(ctx: Context) -> None:
    handler = AllowList([PRINT])
    answer = await handler.on_create_party_registration(registration(fingerprint=""), ctx)
    assert answer == Refuse(463, "this VEN is not enrolled")


async def test_the_file_of_fingerprints_is_read_again_at_each_registration(
    ctx: Context, tmp_path: Path
) -> None:
    file = tmp_path / "allowed"
    file.write_text(f"# school\n\n{OTHER}  # bakery\n")
    handler = AllowList.from_config({"file": str(file)})
    assert isinstance(await handler.on_create_party_registration(registration(), ctx), Refuse)
    file.write_text(f"{PRINT}\n")
    assert await handler.on_create_party_registration(registration(), ctx) == Accept()


async def test_a_list_that_is_being_edited_lets_nobody_in(
    ctx: Context, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "allowed"
    file.write_text(PRINT)
    handler = AllowList(file=file)
    file.write_text(f"{PRINT}\n99:0B:")
    assert isinstance(await handler.on_create_party_registration(registration(), ctx), Refuse)
    assert "allow-list" in caplog.text


def built(section: dict[str, object]) -> object:
    place = {"key": "registration.handler", "settings": "registration.settings"}
    return plugins.build("allow-list", section, **place)


def test_a_list_that_is_wrong_from_the_start_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"registration.handler: handler 'allow-list' .*nope"):
        built({"file": str(tmp_path / "nope")})
    with pytest.raises(
        ConfigError, match=r"^registration\.settings\.fingerprint: this key is not known"
    ):
        built({"fingerprint": [PRINT]})
    with pytest.raises(ConfigError, match=r"'12'"):
        built({"fingerprints": ["12"]})


async def test_open_enrolment_accepts_everybody_but_no_second_of_a_name(ctx: Context) -> None:
    handler = OpenEnrolment.from_config({})
    assert await handler.on_create_party_registration(registration(), ctx) == Accept()
    plain = registration(fingerprint="")
    assert await handler.on_create_party_registration(plain, ctx) == Accept()
    taken = await handler.on_create_party_registration(registration(name_taken=True), ctx)
    assert isinstance(taken, Refuse)


async def test_open_enrolment_stops_at_its_limit_and_still_knows_its_own(
    ctx: Context, store: Store
) -> None:
    handler = OpenEnrolment.from_config({"at_most": 1})
    assert await handler.on_create_party_registration(registration(), ctx) == Accept()
    async with store.begin() as tx:
        await party.create(tx, ven_id="ven-1", ven_name="school-7", now=NOW)
    full = await handler.on_create_party_registration(registration(fingerprint=OTHER), ctx)
    assert full == Refuse(463, "this VTN takes no more VENs")
    assert await handler.on_create_party_registration(registration(enrolled=True), ctx) == Accept()
