"""The list of VENs."""

import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from handlers import identity
from handlers.identity import ListedVen, VenList, read_list
from oadr import messages as m
from runtime import plugins
from runtime.settings import ConfigError
from tests.handlers.context import OTHER, PRINT, context, registration
from vtn.hooks import Accept, Context, Known, Refuse, Registration
from vtn.store import Store
from vtn.testing import Peer, running

TOML = f"""
[[ven]]
name = "school-7"
venID = "v7"
fingerprint = "{PRINT.lower()}"
registrationID = "reg-7"

[[ven]]
venID = "v8"
"""
CSV = f"name,venID,fingerprint,registrationID\nschool-7,v7,{PRINT},reg-7\n,v8,,\n"
SCHOOL = ListedVen(ven_id="v7", name="school-7", fingerprint=PRINT, registration_id="reg-7")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "vens.toml"
    found.write_text(TOML)
    return found


def change(file: Path, text: str) -> None:
    """Writes a file so that it is seen to have changed, however coarse the clock of the disk."""
    before = file.stat().st_mtime_ns
    file.write_text(text)
    os.utime(file, ns=(before + 1_000_000_000, before + 1_000_000_000))


def asks(name: str = "", ven_id: str | None = None, **values: str | bool) -> Registration:
    message = m.CreatePartyRegistration(request_id="r", ven_name=name, ven_id=ven_id)
    found = replace(registration(fingerprint=""), message=message, ven_name=name)
    return replace(found, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "text"), [("vens.toml", TOML), ("vens.CSV", "\ufeff" + CSV)])
def test_a_list_is_read_from_toml_and_from_csv(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_list(tmp_path / name) == [SCHOOL, ListedVen(ven_id="v8")]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("x.txt", CSV, "neither .toml nor .csv"),
        ("x.toml", "[[ven]", "x.toml: "),
        ("x.toml", "[ven]\nvenID = 'v'", "a table"),
        ("x.toml", "vens = 1", "a table"),
        ("x.toml", "[[ven]]\nname = 'school'", "VEN 1 has no venID"),
        ("x.toml", "[[ven]]\nvenID = 7", "venID is 7"),
        ("x.toml", "[[ven]]\nven_id = 'v7'", "'ven_id' is none of name, venID"),
        ("x.toml", "[[ven]]\nvenID = 'v'\nfingerprint = '7'", "VEN 1: "),
        ("x.toml", TOML + "[[ven]]\nvenID = 'v7'", "two VENs have the ven_id 'v7'"),
        ("x.csv", CSV + f"other,v9,{PRINT},\n", "two VENs have the fingerprint"),
        ("x.csv", CSV + "school-7,v9,,\n", "two VENs have the name"),
        ("x.csv", "name,id\nschool,v7\n", "'id' is none of"),
        ("x.csv", "venID\nv7,more\n", "None is none of"),
        ("x.csv", 'venID\n"v7', "x.csv: "),
    ],
)
def test_what_is_no_list_is_refused_with_the_place(
    tmp_path: Path, name: str, text: str, problem: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=problem.replace("[", r"\[")):
        VenList(tmp_path / name)


def test_a_file_that_is_not_there_or_not_named_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone\.csv"):
        VenList(tmp_path / "gone.csv")
    with pytest.raises(ConfigError, match="file"):
        VenList.from_config({})


async def test_a_ven_is_what_its_line_says(file: Path, ctx: Context) -> None:
    handler = VenList(file)
    known = await handler.ven_lookup("v7", ctx)
    assert known == Known(
        ven_name="school-7", fingerprint=PRINT, registration_id="reg-7", registered=True
    )
    assert await handler.ven_lookup("v8", ctx) == Known()
    assert await handler.ven_lookup("V7", ctx) is None


async def test_the_list_is_read_again_when_it_has_changed(file: Path, ctx: Context) -> None:
    handler = VenList(file)
    change(file, "")
    assert await handler.ven_lookup("v7", ctx) is None
    change(file, TOML)
    assert await handler.ven_lookup("v7", ctx) is not None


async def test_a_slow_look_at_an_older_list_does_not_undo_a_newer_one(
    file: Path, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = VenList(file)
    read, go_on = threading.Event(), threading.Event()

    def slowly(path: Path) -> list[ListedVen]:
        found = read_list(path)
        if not read.is_set():
            read.set()
            go_on.wait(5)
        return found

    monkeypatch.setattr(identity, "read_list", slowly)
    change(file, '[[ven]]\nvenID = "v9"\n')
    older = asyncio.create_task(handler.ven_lookup("v9", ctx))
    await asyncio.to_thread(read.wait, 5)
    change(file, '[[ven]]\nvenID = "v10"\n')
    assert await handler.ven_lookup("v9", ctx) is None
    go_on.set()
    await older
    assert await handler.ven_lookup("v9", ctx) is None
    assert await handler.ven_lookup("v10", ctx) == Known()


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: change(file, "[[ven")])
async def test_a_list_that_is_being_edited_leaves_the_one_before(
    file: Path, ctx: Context, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    handler = VenList(file)
    spoil(file)
    for _ in range(3):
        assert await handler.ven_lookup("v7", ctx) is not None
    assert caplog.text.count("the list before this change holds") == 1


async def test_a_certificate_of_the_list_registers_as_its_ven(file: Path, store: Store) -> None:
    handler = VenList(file)
    stranger = context(store, ven_id="")
    decided = await handler.on_create_party_registration(
        asks("whatever", fingerprint=PRINT), stranger
    )
    assert decided == Accept(ven_id="v7", registration_id="reg-7")
    for request in (asks("school-7", fingerprint=OTHER), asks("x", "v7", fingerprint=OTHER)):
        refused = await handler.on_create_party_registration(request, stranger)
        assert refused == Refuse(463, "this VEN is not on the list")
    wrong = await handler.on_create_party_registration(
        asks("school-7", "v8", fingerprint=PRINT), stranger
    )
    assert isinstance(wrong, Refuse)
    assert wrong.code == 452


async def test_a_line_without_a_fingerprint_is_for_whoever_is_enrolled_as_that_ven(
    file: Path, store: Store
) -> None:
    handler = VenList(file)
    request = asks("v8", "v8", fingerprint=OTHER)
    nobody = context(store, ven_id="")
    assert isinstance(await handler.on_create_party_registration(request, nobody), Refuse)
    enrolled = replace(request, enrolled=True)
    decided = await handler.on_create_party_registration(enrolled, context(store, ven_id="v8"))
    assert decided == Accept(ven_id="v8")
    other = await handler.on_create_party_registration(enrolled, context(store, ven_id="v7"))
    assert isinstance(other, Refuse)


async def test_list_and_database_that_contradict_each_other_let_nobody_in(
    file: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    request = asks("school-7", fingerprint=PRINT, enrolled=True)
    decided = await VenList(file).on_create_party_registration(request, context(store, ven_id="v1"))
    assert isinstance(decided, Refuse)
    assert "enrolled as v1 and listed as v7" in caplog.text


async def test_on_plain_http_the_ven_id_or_the_name_counts(file: Path, store: Store) -> None:
    handler = VenList(file)
    stranger = context(store, ven_id="")
    for request, ven_id in (
        (asks("school-7"), "v7"),
        (asks("v8"), "v8"),
        (asks("any", "v8"), "v8"),
    ):
        decided = await handler.on_create_party_registration(request, stranger)
        assert isinstance(decided, Accept)
        assert decided.ven_id == ven_id
    assert isinstance(await handler.on_create_party_registration(asks("x"), stranger), Refuse)


def request(peer: Peer, ven_id: str) -> m.RequestEvent:
    return m.RequestEvent(request_id="r", ven_id=ven_id)


async def test_a_vtn_serves_the_vens_of_the_list_over_tls(tmp_path: Path) -> None:
    file = tmp_path / "vens.csv"
    file.write_text("venID\n")
    async with running(handlers=[VenList(file)], tls=True) as world:
        school, bakery, thief = (world.client(name) for name in ("school", "bakery", "thief"))
        change(
            file,
            "venID,fingerprint,registrationID\n"
            f"v7,{school.fingerprint},reg-7\nv8,{bakery.fingerprint},\n",
        )
        # The school registered with another VTN; the bakery never did.
        assert (await school.post(request(school, "v7"))).response.code == 200
        assert (await bakery.post(request(bakery, "v8"))).response.code == 463
        assert (await bakery.register("bakery")).ven_id == "v8"
        assert (await bakery.post(request(bakery, "v8"))).response.code == 200
        for ven_id in ("v7", "v8", "v9"):
            assert (await thief.post(request(thief, ven_id))).response.code == 463
        assert (await thief.register("bakery", ven_id="v8")).response.code == 463
        change(file, f"venID,fingerprint\nv8,{bakery.fingerprint}\n")
        assert (await school.post(request(school, "v7"))).response.code == 463
        school.ven_id = "v7"
        assert isinstance(await school.poll(), m.RequestReregistration)


def test_it_is_built_by_its_name(file: Path) -> None:
    handler = plugins.build(
        "ven-list", {"file": str(file)}, key="registration.handler", settings="settings"
    )
    assert isinstance(handler, VenList)
