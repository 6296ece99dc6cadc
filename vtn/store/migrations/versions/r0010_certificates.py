"""Who signed a certificate, and when a VEN first showed it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns."""
    op.add_column("certificate", sa.Column("issuer", sa.String(), nullable=True))
    op.add_column("certificate", sa.Column("shown_at", sa.BigInteger(), nullable=True))
