"""The tables of the state file, as numbered migrations.

``PRAGMA user_version`` says how many of ``MIGRATIONS`` a file has seen. Moments and
durations are whole microseconds (since 1970, UTC); XML is a complete document.
"""

import sqlite3

_FIRST = (
    """CREATE TABLE registration (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        ven_id TEXT NOT NULL, registration_id TEXT NOT NULL, vtn_id TEXT NOT NULL,
        poll_us INTEGER, introduced TEXT)""",
    """CREATE TABLE event (
        event_id TEXT PRIMARY KEY, xml BLOB NOT NULL, request_id TEXT NOT NULL,
        opt TEXT NOT NULL, offset_us INTEGER NOT NULL, state TEXT NOT NULL, until_us INTEGER,
        received_us INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE answer (
        event_id TEXT PRIMARY KEY, modification INTEGER NOT NULL, request_id TEXT NOT NULL,
        code INTEGER NOT NULL, description TEXT, opt TEXT NOT NULL,
        version INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE opt (
        id INTEGER PRIMARY KEY AUTOINCREMENT, opt_id TEXT NOT NULL, xml BLOB NOT NULL,
        waiting INTEGER NOT NULL)""",
    """CREATE TABLE report_request (
        report_request_id TEXT PRIMARY KEY, xml BLOB NOT NULL, kind TEXT NOT NULL,
        position INTEGER NOT NULL, accepted_us INTEGER NOT NULL, last_index INTEGER NOT NULL,
        state TEXT NOT NULL, created_for TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE reading (
        r_id TEXT NOT NULL, start_us INTEGER NOT NULL, duration_us INTEGER NOT NULL,
        value TEXT NOT NULL, quality TEXT, PRIMARY KEY (r_id, start_us)) WITHOUT ROWID""",
    """CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT, report_request_id TEXT NOT NULL, xml BLOB NOT NULL,
        created_us INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        parked TEXT)""",
    "CREATE INDEX outbox_waiting ON outbox (id) WHERE parked IS NULL",
)

_REPORTS = (
    "ALTER TABLE reading ADD COLUMN accuracy TEXT",
    "ALTER TABLE reading ADD COLUMN confidence INTEGER",
    """CREATE TABLE resource (
        resource_id TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE vtn_metadata (
        id INTEGER PRIMARY KEY CHECK (id = 1), xml BLOB NOT NULL)""",
    """CREATE TABLE wanted (
        report_request_id TEXT PRIMARY KEY, position INTEGER NOT NULL, xml BLOB NOT NULL,
        state TEXT NOT NULL, follow INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID""",
    """CREATE TABLE vtn_reading (
        report_request_id TEXT NOT NULL, r_id TEXT NOT NULL, start_us INTEGER NOT NULL,
        duration_us INTEGER NOT NULL, value TEXT NOT NULL, quality TEXT, accuracy TEXT,
        confidence INTEGER, told INTEGER NOT NULL,
        PRIMARY KEY (report_request_id, r_id, start_us)) WITHOUT ROWID""",
)

_PUSH = (
    "ALTER TABLE registration ADD COLUMN push_address TEXT",
    "ALTER TABLE registration ADD COLUMN renewal_due INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE registration ADD COLUMN vtn_fingerprint TEXT",
)

_OPTS = (
    "ALTER TABLE opt ADD COLUMN cancelled_us INTEGER",
    "ALTER TABLE opt ADD COLUMN cancelled_by INTEGER",
    "ALTER TABLE opt ADD COLUMN refused TEXT",
)

#: Never change one that was released; add another.
MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _REPORTS, _PUSH, _OPTS)


def migrate(connection: sqlite3.Connection) -> None:
    """Brings a file to the newest form, one transaction for each migration.

    Raises:
        ValueError: the file was written by a newer version of this program.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise ValueError(
            f"was written by a newer version (format {version}, this one knows up to "
            f"{len(MIGRATIONS)}); update the program or name another state file"
        )
    for number, statements in enumerate(MIGRATIONS[version:], version + 1):
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
