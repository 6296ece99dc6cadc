import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from tests.vtn.store.worlds import LATER, NOW, an_event
from vtn.store import Store, delivery, event, migrations, outbox, party, schema
from vtn.store.errors import ForeignDatabase, NewerDatabase
from vtn.store.migrations import HEAD, REVISIONS
from vtn.store.migrations.upgrade import configuration, upgrade


def migrated(path: Path, revision: str) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection, revision)
    engine.dispose()


def shape(path: Path) -> list[tuple[str, list[str]]]:
    """Returns what is in a database; the order of constraints means nothing."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    return [
        (name, sorted(one.strip() for one in re.sub(r"[\s()]+", " ", sql or "").split(",")))
        for name, sql in rows
    ]


def test_the_list_of_revisions_is_that_of_the_files() -> None:
    scripts = ScriptDirectory.from_config(configuration())
    walked = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(walked)) == REVISIONS
    assert scripts.get_current_head() == HEAD


async def test_an_empty_file_gets_the_tables_of_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "vtn.db"
    path.touch()
    await (await Store.open(path)).close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, schema.metadata)
    engine.dispose()
    assert differences == []


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_database_of_each_revision_becomes_the_same_as_a_new_one(
    tmp_path: Path, revision: str
) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    migrated(old, revision)
    await (await Store.open(old)).close()
    await (await Store.open(new)).close()
    assert shape(old) == shape(new)


async def test_the_rows_of_the_previous_revision_survive(tmp_path: Path) -> None:
    path = tmp_path / "vtn.db"
    migrated(path, "0001")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO party (ven_id, ven_name, state, profile, transport, pull, report_only,"
            " xml_signature, enrolled_at, version)"
            " VALUES ('0042', 'Office', 'registered', '2.0b', 'simpleHttp', 1, 0, 0, 0, 1)"
        )
        connection.execute("INSERT INTO label VALUES (1, 'group', 'north')")
    store = await Store.open(path)
    async with store.begin() as tx:
        found = await party.get(tx, ven_id="0042")
        assert found is not None
        assert (found.state, found.groups) == ("registered", frozenset({"north"}))
        peak = await event.add(tx, event=an_event(), now=NOW, retire_at=LATER)
        await delivery.assign(tx, event_pk=peak.pk, party_pks=[found.pk], now=NOW)
        await outbox.put(tx, party_pk=found.pk, kind="k", ref=None, message=b"", now=NOW)
    await store.close()


async def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vtn.db"
    migrated(path, "0001")
    before = shape(path)
    with monkeypatch.context() as patch:
        patch.setattr(
            "vtn.store.migrations.upgrade.upgrade.__defaults__", ("a revision that is not there",)
        )
        with pytest.raises(Exception, match="a revision that is not there"):
            await Store.open(path)
    assert shape(path) == before
    await (await Store.open(path)).close()


async def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "vtn.db"
    await (await Store.open(path)).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    content = path.read_bytes()
    with pytest.raises(NewerDatabase, match=f"has revision 9999, and .* up to {HEAD}") as caught:
        await Store.open(path)
    assert (caught.value.found, caught.value.known) == ("9999", HEAD)
    assert path.read_bytes() == content


async def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mail.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE mail (id INTEGER)")
    content = path.read_bytes()
    with pytest.raises(ForeignDatabase, match=r"mail\.db is not a database of openadr-kit"):
        await Store.open(path)
    assert path.read_bytes() == content


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "vtn.toml"
    path.write_text("[vtn]\n" * 1000)
    with pytest.raises(ForeignDatabase, match=r"vtn\.toml is not a database of openadr-kit"):
        await Store.open(path)
    assert path.read_text() == "[vtn]\n" * 1000


def test_the_migrations_are_found_beside_the_code() -> None:
    folder = Path(migrations.__file__).parent
    assert (folder / "env.py").is_file()
    assert len(list((folder / "versions").glob("r*.py"))) == len(REVISIONS)
