"""What went wrong with VENs lately."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "refusal",
        sa.Column("pk", _KEY, nullable=False),
        sa.Column("party_pk", _KEY, nullable=True),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("repairs", sa.String(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["party_pk"], ["party.pk"], ondelete="CASCADE", name="fk_refusal_party_pk"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_refusal"),
    )
    op.create_index("ix_refusal_party", "refusal", ["party_pk", "last_at"])
    op.create_index("ix_refusal_last_at", "refusal", ["last_at"])
