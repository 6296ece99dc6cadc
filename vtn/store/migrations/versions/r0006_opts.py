"""Opts for events of single devices, and those of registrations that have ended."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns, and an index by which the schedules that hold are found."""
    with op.batch_alter_table("opt_history") as batch:
        batch.add_column(
            sa.Column("device_classes", sa.String(), nullable=False, server_default="[]")
        )
        batch.add_column(sa.Column("void_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_opt_superseded", "opt", ["superseded_at", "party_pk"])
    # What a cancelled schedule keeps from coming back was not noted before.
    op.execute("UPDATE opt SET superseded_at = cancelled_at WHERE cancelled_at IS NOT NULL")
