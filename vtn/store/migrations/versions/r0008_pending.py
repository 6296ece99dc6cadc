"""Who has asked in vain."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXTS = ("profile", "transport", "push_address")
_FLAGS = ("report_only", "xml_signature")
_PROOF = ("subject", "issuer", "serial")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "pending",
        sa.Column("pk", _KEY, nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("ven_name", sa.String(), nullable=False),
        sa.Column("ven_id", sa.String(), nullable=True),
        sa.Column("party_pk", _KEY, nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=True) for name in _TEXTS),
        *(sa.Column(name, sa.Boolean(), nullable=True) for name in _FLAGS),
        *(sa.Column(name, sa.String(), nullable=True) for name in _PROOF),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("not_after", sa.BigInteger(), nullable=True),
        sa.Column("sha1", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("first_asked", sa.BigInteger(), nullable=False),
        sa.Column("last_asked", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["party_pk"], ["party.pk"], ondelete="CASCADE", name="fk_pending_party_pk"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_pending"),
        sa.UniqueConstraint("fingerprint", "ven_name", name="uq_pending_fingerprint_ven_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pending_party_pk", "pending", ["party_pk"])
