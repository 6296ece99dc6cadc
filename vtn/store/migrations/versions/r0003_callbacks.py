"""Callbacks of applications by name, in a table of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table; the columns that it takes the place of were never used."""
    op.drop_column("event", "callback")
    op.drop_column("report_request", "callback")
    op.create_table(
        "callback",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ven_id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("arguments", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "ven_id", "subject", "item", name="pk_callback"),
        sqlite_with_rowid=False,
    )
