"""Reports that the VTN gives, and what is known of final and of missing ones."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds two columns to requests, and the tables of the VTN as a source of reports."""
    op.add_column(
        "report_request",
        sa.Column("follow", sa.Boolean(), nullable=False, server_default=sa.text("0")),
    )
    op.add_column("report_request", sa.Column("missing_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_report_request_missing_at", "report_request", ["missing_at"])
    op.create_table(
        "own_offer",
        sa.Column("party_pk", _KEY, nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("offered_at", sa.BigInteger(), nullable=False),
        _party("own_offer"),
        sa.PrimaryKeyConstraint("party_pk", name="pk_own_offer"),
    )
    op.create_table(
        "served",
        sa.Column("pk", _KEY, nullable=False),
        sa.Column("party_pk", _KEY, nullable=False),
        sa.Column("report_request_id", sa.String(), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_index", sa.Integer(), nullable=False),
        sa.Column("last_sent", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("closing", sa.Boolean(), nullable=False),
        _party("served"),
        sa.PrimaryKeyConstraint("pk", name="pk_served"),
        sa.UniqueConstraint(
            "party_pk", "report_request_id", name="uq_served_party_pk_report_request_id"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_served_due_at", "served", ["due_at"])


def _party(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["party_pk"], ["party.pk"], ondelete="CASCADE", name=f"fk_{table}_party_pk"
    )
