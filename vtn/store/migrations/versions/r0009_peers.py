"""What is put up with from each VEN, and what has been mended of its messages."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds the column and the table."""
    op.add_column("party", sa.Column("peer", sa.String(), nullable=True))
    op.create_table(
        "repair",
        sa.Column("party_pk", _KEY, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["party_pk"], ["party.pk"], ondelete="CASCADE", name="fk_repair_party_pk"
        ),
        sa.PrimaryKeyConstraint("party_pk", "name", name="pk_repair"),
        sqlite_with_rowid=False,
    )
