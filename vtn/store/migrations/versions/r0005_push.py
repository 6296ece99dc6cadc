"""How HTTP push to each VEN has gone."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "push",
        sa.Column("party_pk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reached_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["party_pk"], ["party.pk"], ondelete="CASCADE", name="fk_push_party_pk"
        ),
        sa.PrimaryKeyConstraint("party_pk", name="pk_push"),
    )
