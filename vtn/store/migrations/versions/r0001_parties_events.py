"""Parties and their certificates, events, deliveries, the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "change",
        sa.Column("party_pk", _KEY, autoincrement=False, nullable=False),
        sa.Column("version", _KEY, nullable=False),
        sa.PrimaryKeyConstraint("party_pk", name="pk_change"),
    )
    op.create_index("ix_change_version", "change", ["version"], unique=False)
    op.create_table(
        "counter",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", _KEY, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event",
        sa.Column("pk", _KEY, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("modification", sa.Integer(), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("dtstart", sa.BigInteger(), nullable=False),
        sa.Column("retire_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.Column("callback", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("pk", name="pk_event"),
        sa.UniqueConstraint("event_id", name="uq_event_event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_dtstart", "event", ["dtstart"], unique=False)
    op.create_index("ix_event_retire", "event", ["retired_at", "retire_at"], unique=False)
    op.create_index("ix_event_retire_at", "event", ["retire_at"], unique=False)
    op.create_table(
        "party",
        sa.Column("pk", _KEY, nullable=False),
        sa.Column("ven_id", sa.String(), nullable=False),
        sa.Column("ven_name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("registration_id", sa.String(), nullable=True),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("transport", sa.String(), nullable=False),
        sa.Column("transport_address", sa.String(), nullable=True),
        sa.Column("pull", sa.Boolean(), nullable=False),
        sa.Column("report_only", sa.Boolean(), nullable=False),
        sa.Column("xml_signature", sa.Boolean(), nullable=False),
        sa.Column("signature_policy", sa.String(), nullable=True),
        sa.Column("poll_interval", sa.BigInteger(), nullable=True),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=True),
        sa.Column("last_seen", sa.BigInteger(), nullable=True),
        sa.Column("version", _KEY, nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_party"),
        sa.UniqueConstraint("ven_id", name="uq_party_ven_id"),
        sa.UniqueConstraint("ven_name", name="uq_party_ven_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_party_version", "party", ["version"], unique=False)
    op.create_table(
        "certificate",
        sa.Column("pk", _KEY, nullable=False),
        sa.Column("party_pk", _KEY, nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("not_after", sa.BigInteger(), nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["party_pk"], ["party.pk"], name="fk_certificate_party_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_certificate"),
    )
    op.create_index("ix_certificate_fingerprint", "certificate", ["fingerprint"], unique=False)
    op.create_index("ix_certificate_party_pk", "certificate", ["party_pk"], unique=False)
    op.create_index(
        "uq_certificate_fingerprint",
        "certificate",
        ["fingerprint"],
        unique=True,
        sqlite_where=sa.text("valid_until IS NULL AND revoked_at IS NULL"),
        postgresql_where=sa.text("valid_until IS NULL AND revoked_at IS NULL"),
    )
    op.create_table(
        "delivery",
        sa.Column("event_pk", _KEY, nullable=False),
        sa.Column("party_pk", _KEY, nullable=False),
        sa.Column("assigned_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_modification", sa.Integer(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("acked_modification", sa.Integer(), nullable=True),
        sa.Column("acked_at", sa.BigInteger(), nullable=True),
        sa.Column("opt_type", sa.String(), nullable=True),
        sa.Column("opt_code", sa.Integer(), nullable=True),
        sa.Column("opt_description", sa.String(), nullable=True),
        sa.Column("opt_source", sa.String(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_pk"], ["event.pk"], name="fk_delivery_event_pk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["party_pk"], ["party.pk"], name="fk_delivery_party_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_pk", "party_pk", name="pk_delivery"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_delivery_party", "delivery", ["party_pk", "closed_at"], unique=False)
    op.create_table(
        "event_version",
        sa.Column("event_pk", _KEY, nullable=False),
        sa.Column("modification", sa.Integer(), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_pk"], ["event.pk"], name="fk_event_version_event_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_pk", "modification", name="pk_event_version"),
    )
    op.create_table(
        "label",
        sa.Column("party_pk", _KEY, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["party_pk"], ["party.pk"], name="fk_label_party_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("party_pk", "kind", "name", name="pk_label"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "opt_history",
        sa.Column("pk", _KEY, nullable=False),
        sa.Column("event_pk", _KEY, nullable=False),
        sa.Column("party_pk", _KEY, nullable=False),
        sa.Column("modification", sa.Integer(), nullable=False),
        sa.Column("opt_type", sa.String(), nullable=False),
        sa.Column("opt_code", sa.Integer(), nullable=False),
        sa.Column("opt_description", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("resources", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_pk"], ["event.pk"], name="fk_opt_history_event_pk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["party_pk"], ["party.pk"], name="fk_opt_history_party_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_opt_history"),
    )
    op.create_index(
        "ix_opt_history_event_party", "opt_history", ["event_pk", "party_pk"], unique=False
    )
    op.create_index("ix_opt_history_party_pk", "opt_history", ["party_pk"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("pk", _KEY, nullable=False),
        sa.Column("party_pk", _KEY, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=True),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("failed", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["party_pk"], ["party.pk"], name="fk_outbox_party_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_done", "outbox", ["done_at", "party_pk"], unique=False)
    op.create_index("ix_outbox_party", "outbox", ["party_pk", "done_at"], unique=False)
