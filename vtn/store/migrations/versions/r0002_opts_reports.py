"""Opt schedules, reports with their readings, and the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "audit",
        sa.Column("pk", _KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index("ix_audit_subject", "audit", ["subject", "pk"], unique=False)
    op.create_table(
        "data_point",
        sa.Column("pk", _KEY, nullable=False),
        sa.Column("party_pk", _KEY, nullable=False),
        sa.Column("specifier_id", sa.String(), nullable=False),
        sa.Column("r_id", sa.String(), nullable=False),
        sa.Column("report_name", sa.String(), nullable=True),
        sa.Column("report_type", sa.String(), nullable=False),
        sa.Column("reading_type", sa.String(), nullable=False),
        sa.Column("unit_name", sa.String(), nullable=True),
        sa.Column("unit_units", sa.String(), nullable=True),
        sa.Column("unit_scale", sa.String(), nullable=True),
        sa.Column("resource_ids", sa.String(), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["party_pk"], ["party.pk"], name="fk_data_point_party_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_data_point"),
        sa.UniqueConstraint(
            "party_pk", "specifier_id", "r_id", name="uq_data_point_party_pk_specifier_id_r_id"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "opt",
        sa.Column("pk", _KEY, nullable=False),
        sa.Column("party_pk", _KEY, nullable=False),
        sa.Column("opt_id", sa.String(), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("superseded_at", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["party_pk"], ["party.pk"], name="fk_opt_party_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_opt"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_opt_party", "opt", ["party_pk", "cancelled_at", "opt_id"], unique=False)
    op.create_table(
        "report_offer",
        sa.Column("party_pk", _KEY, nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["party_pk"], ["party.pk"], name="fk_report_offer_party_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("party_pk", name="pk_report_offer"),
    )
    op.create_table(
        "report_request",
        sa.Column("pk", _KEY, nullable=False),
        sa.Column("party_pk", _KEY, nullable=False),
        sa.Column("report_request_id", sa.String(), nullable=False),
        sa.Column("specifier_id", sa.String(), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("last_update", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("callback", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["party_pk"], ["party.pk"], name="fk_report_request_party_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_report_request"),
        sa.UniqueConstraint("report_request_id", name="uq_report_request_report_request_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_report_request_party", "report_request", ["party_pk", "state"], unique=False
    )
    op.create_index("ix_report_request_state", "report_request", ["state"], unique=False)
    op.create_table(
        "reading",
        sa.Column("data_point_pk", _KEY, nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("quality", sa.String(), nullable=True),
        sa.Column("accuracy", sa.String(), nullable=True),
        sa.Column("confidence", sa.Integer(), nullable=True),
        sa.Column("request_pk", _KEY, nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["data_point_pk"],
            ["data_point.pk"],
            name="fk_reading_data_point_pk",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("data_point_pk", "start", name="pk_reading"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END"
            )
