"""The tables, as the latest migration leaves them.

A migration is written by hand beside this; a test compares the two. Every index is here
because a query of ``vtn.store`` needs it.
"""

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.event import listen

from vtn.store.types import DecimalText, Duration, UTCDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite numbers rows by itself only in a column of type INTEGER.
Key = BigInteger().with_variant(Integer, "sqlite")


def _pk() -> Column[int]:
    return Column("pk", Key, primary_key=True)


def _party(*, primary_key: bool = False, index: bool = False) -> Column[int]:
    return Column(
        "party_pk",
        Key,
        ForeignKey("party.pk", ondelete="CASCADE"),
        primary_key=primary_key,
        index=index or None,
        nullable=False,
    )


def _event(*, primary_key: bool = False) -> Column[int]:
    return Column(
        "event_pk",
        Key,
        ForeignKey("event.pk", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


#: Numbers that only go up: the clock of changes, the next reportRequestID.
counter = Table(
    "counter",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Key, nullable=False),
    sqlite_with_rowid=False,
)

#: No foreign key: the row outlives its party, so that other processes hear of the removal.
change = Table(
    "change",
    metadata,
    Column("party_pk", Key, primary_key=True, autoincrement=False),
    Column("version", Key, nullable=False, index=True),
)

# Keys of parties, events and outbox items are never used twice (AUTOINCREMENT): other
# processes may still hold an old one.
party = Table(
    "party",
    metadata,
    _pk(),
    Column("ven_id", String, nullable=False, unique=True),
    Column("ven_name", String, nullable=False, unique=True),
    Column("state", String, nullable=False),
    Column("registration_id", String),
    Column("profile", String, nullable=False),
    Column("transport", String, nullable=False),
    Column("transport_address", String),
    Column("pull", Boolean, nullable=False),
    Column("report_only", Boolean, nullable=False),
    Column("xml_signature", Boolean, nullable=False),
    Column("signature_policy", String),
    Column("peer", String),
    Column("poll_interval", Duration),
    Column("enrolled_at", UTCDateTime, nullable=False),
    Column("registered_at", UTCDateTime),
    Column("last_seen", UTCDateTime),
    Column("version", Key, nullable=False, index=True),
    sqlite_autoincrement=True,
)

#: Groups, resources and market contexts of a party; ``kind`` says which.
label = Table(
    "label",
    metadata,
    _party(primary_key=True),
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    sqlite_with_rowid=False,
)

#: What has been mended of its messages.
repair = Table(
    "repair",
    metadata,
    _party(primary_key=True),
    Column("name", String, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("first_at", UTCDateTime, nullable=False),
    Column("last_at", UTCDateTime, nullable=False),
    sqlite_with_rowid=False,
)

certificate = Table(
    "certificate",
    metadata,
    _pk(),
    _party(index=True),
    Column("fingerprint", String, nullable=False, index=True),
    Column("subject", String),
    Column("not_after", UTCDateTime),
    Column("added_at", UTCDateTime, nullable=False),
    Column("valid_until", UTCDateTime),
    Column("revoked_at", UTCDateTime),
    Column("issuer", String),
    Column("shown_at", UTCDateTime),
)
# For PostgreSQL the migration says the same; said here, every VTN would load that dialect.
_lasting = certificate.c.valid_until.is_(None) & certificate.c.revoked_at.is_(None)
Index(
    "uq_certificate_fingerprint",
    certificate.c.fingerprint,
    unique=True,
    sqlite_where=_lasting,
)

event = Table(
    "event",
    metadata,
    _pk(),
    Column("event_id", String, nullable=False, unique=True),
    Column("modification", Integer, nullable=False),
    Column("xml", LargeBinary, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("dtstart", UTCDateTime, nullable=False, index=True),
    Column("retire_at", UTCDateTime, nullable=False, index=True),
    Column("created_at", UTCDateTime, nullable=False),
    Column("modified_at", UTCDateTime, nullable=False),
    Column("retired_at", UTCDateTime),
    Index("ix_event_retire", "retired_at", "retire_at"),
    sqlite_autoincrement=True,
)

event_version = Table(
    "event_version",
    metadata,
    _event(primary_key=True),
    Column("modification", Integer, primary_key=True),
    Column("xml", LargeBinary, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("at", UTCDateTime, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    _event(primary_key=True),
    _party(primary_key=True),
    Column("assigned_at", UTCDateTime, nullable=False),
    Column("sent_modification", Integer),
    Column("sent_at", UTCDateTime),
    Column("sent_count", Integer, nullable=False, server_default=text("0")),
    Column("acked_modification", Integer),
    Column("acked_at", UTCDateTime),
    Column("opt_type", String),
    Column("opt_code", Integer),
    Column("opt_description", String),
    Column("opt_source", String),
    Column("closed_at", UTCDateTime),
    Index("ix_delivery_party", "party_pk", "closed_at"),
    sqlite_with_rowid=False,
)

opt_history = Table(
    "opt_history",
    metadata,
    _pk(),
    _event(),
    _party(index=True),
    Column("modification", Integer, nullable=False),
    Column("opt_type", String, nullable=False),
    Column("opt_code", Integer, nullable=False),
    Column("opt_description", String),
    Column("source", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("resources", String, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("device_classes", String, nullable=False, server_default=text("'[]'")),
    Column("void_at", UTCDateTime),
    Index("ix_opt_history_event_party", "event_pk", "party_pk"),
)

outbox = Table(
    "outbox",
    metadata,
    _pk(),
    _party(),
    Column("kind", String, nullable=False),
    Column("ref", String),
    Column("message", LargeBinary, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("sent_at", UTCDateTime),
    Column("sent_count", Integer, nullable=False, server_default=text("0")),
    Column("done_at", UTCDateTime),
    Column("failed", String),
    Index("ix_outbox_party", "party_pk", "done_at"),
    Index("ix_outbox_done", "done_at", "party_pk"),
    sqlite_autoincrement=True,
)

opt = Table(
    "opt",
    metadata,
    _pk(),
    _party(),
    Column("opt_id", String, nullable=False),
    Column("xml", LargeBinary, nullable=False),
    Column("received_at", UTCDateTime, nullable=False),
    Column("superseded_at", UTCDateTime),
    Column("cancelled_at", UTCDateTime),
    Index("ix_opt_party", "party_pk", "cancelled_at", "opt_id"),
    Index("ix_opt_superseded", "superseded_at", "party_pk"),
    sqlite_autoincrement=True,
)

#: How HTTP push to a VEN has gone, for the operator; written in batches.
push = Table(
    "push",
    metadata,
    _party(primary_key=True),
    Column("reached_at", UTCDateTime),
    Column("failed_at", UTCDateTime),
    Column("failure", String),
)

#: What was refused, by either side; without a VEN it is of strangers. Each kind once.
refusal = Table(
    "refusal",
    metadata,
    _pk(),
    Column("party_pk", Key, ForeignKey("party.pk", ondelete="CASCADE")),
    Column("side", String, nullable=False),
    Column("message", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("code", Integer, nullable=False),
    Column("words", String, nullable=False),
    Column("repairs", String, nullable=False),
    Column("first_at", UTCDateTime, nullable=False),
    Column("last_at", UTCDateTime, nullable=False, index=True),
    Column("count", Integer, nullable=False),
    Index("ix_refusal_party", "party_pk", "last_at"),
)

#: Who has asked in vain; of an enrolled VEN only registrations that failed. Bounded.
pending = Table(
    "pending",
    metadata,
    _pk(),
    Column("fingerprint", String, nullable=False),
    Column("ven_name", String, nullable=False),
    Column("ven_id", String),
    Column("party_pk", Key, ForeignKey("party.pk", ondelete="CASCADE"), index=True),
    Column("message", String, nullable=False),
    Column("profile", String),
    Column("transport", String),
    Column("push_address", String),
    Column("report_only", Boolean),
    Column("xml_signature", Boolean),
    Column("subject", String),
    Column("issuer", String),
    Column("serial", String),
    Column("not_before", UTCDateTime),
    Column("not_after", UTCDateTime),
    Column("sha1", String),
    Column("sha256", String),
    Column("address", String),
    Column("code", Integer, nullable=False),
    Column("rule", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("asked", Integer, nullable=False),
    Column("first_asked", UTCDateTime, nullable=False),
    Column("last_asked", UTCDateTime, nullable=False),
    UniqueConstraint("fingerprint", "ven_name"),
    sqlite_autoincrement=True,
)

#: All reports that a VEN offers, in one document, as it registered them.
report_offer = Table(
    "report_offer",
    metadata,
    _party(primary_key=True),
    Column("xml", LargeBinary, nullable=False),
    Column("registered_at", UTCDateTime, nullable=False),
)

data_point = Table(
    "data_point",
    metadata,
    _pk(),
    _party(),
    Column("specifier_id", String, nullable=False),
    Column("r_id", String, nullable=False),
    Column("report_name", String),
    Column("report_type", String, nullable=False),
    Column("reading_type", String, nullable=False),
    Column("unit_name", String),
    Column("unit_units", String),
    Column("unit_scale", String),
    Column("resource_ids", String, nullable=False),
    Column("offered", Boolean, nullable=False),
    UniqueConstraint("party_pk", "specifier_id", "r_id"),
    sqlite_autoincrement=True,
)

report_request = Table(
    "report_request",
    metadata,
    _pk(),
    _party(),
    Column("report_request_id", String, nullable=False, unique=True),
    Column("specifier_id", String, nullable=False),
    Column("xml", LargeBinary, nullable=False),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("standing", Boolean, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("accepted_at", UTCDateTime),
    Column("last_update", UTCDateTime),
    Column("code", Integer),
    Column("description", String),
    Column("follow", Boolean, nullable=False, server_default=text("0")),
    Column("missing_at", UTCDateTime, index=True),
    Index("ix_report_request_party", "party_pk", "state"),
    sqlite_autoincrement=True,
)

#: What the VTN itself offered a VEN last, in one document.
own_offer = Table(
    "own_offer",
    metadata,
    _party(primary_key=True),
    Column("xml", LargeBinary, nullable=False),
    Column("offered_at", UTCDateTime, nullable=False),
)

#: What VENs have requested of the VTN; a row goes with its last report.
served = Table(
    "served",
    metadata,
    _pk(),
    _party(),
    Column("report_request_id", String, nullable=False),
    Column("xml", LargeBinary, nullable=False),
    Column("kind", String, nullable=False),
    Column("accepted_at", UTCDateTime, nullable=False),
    Column("sent_index", Integer, nullable=False),
    Column("last_sent", UTCDateTime),
    Column("due_at", UTCDateTime, nullable=False, index=True),
    Column("closing", Boolean, nullable=False),
    UniqueConstraint("party_pk", "report_request_id"),
    sqlite_autoincrement=True,
)

#: The one table that grows without end; its key is all that it is searched by.
reading = Table(
    "reading",
    metadata,
    Column("data_point_pk", Key, ForeignKey("data_point.pk", ondelete="CASCADE"), primary_key=True),
    Column("start", UTCDateTime, primary_key=True),
    Column("duration", Duration, nullable=False),
    Column("value", DecimalText),
    Column("status", String),
    Column("quality", String),
    Column("accuracy", DecimalText),
    Column("confidence", Integer),
    Column("request_pk", Key),
    Column("received_at", UTCDateTime, nullable=False),
    sqlite_with_rowid=False,
)

#: Functions of an application by name: whom to tell of an event, whom to give readings.
#: No foreign keys: a callback is kept before the event that it belongs to.
callback = Table(
    "callback",
    metadata,
    Column("kind", String, primary_key=True),
    Column("ven_id", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("item", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("arguments", String, nullable=False),
    Column("problem", String, nullable=False),
    sqlite_with_rowid=False,
)

audit = Table(
    "audit",
    metadata,
    _pk(),
    Column("at", UTCDateTime, nullable=False, index=True),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", String, nullable=False),
    Index("ix_audit_subject", "subject", "pk"),
    sqlite_autoincrement=True,
)
for _change in ("UPDATE", "DELETE"):
    listen(
        audit,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER audit_no_{_change.lower()} BEFORE {_change} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END"
        ).execute_if(dialect="sqlite"),
    )
