"""Drifts, and the digest of what each nameserver answered."""

import sqlalchemy as sa
from alembic import op

from api.database import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drifts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("nameserver", sa.String(length=63), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("expected_serial", sa.BigInteger(), nullable=True),
        sa.Column("expected_digest", sa.String(length=64), nullable=True),
        sa.Column("found_serial", sa.BigInteger(), nullable=True),
        sa.Column("found_digest", sa.String(length=64), nullable=True),
        sa.Column("records", sa.JSON(), nullable=True),
        sa.Column("repaired_at", UtcDateTime(), nullable=True),
        sa.Column("repair", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_drifts"),
    )
    op.create_index("ix_drifts_found_at", "drifts", ["found_at"])
    unmended = sa.text("repaired_at IS NULL")
    op.create_index(
        "ix_drifts_open", "drifts", ["nameserver", "domain"], sqlite_where=unmended, postgresql_where=unmended
    )
    op.add_column("publications", sa.Column("digest", sa.String(length=64), nullable=True))
    # Nobody noted what was published before: each nameserver is asked once more, which changes nothing there.
    op.execute("UPDATE publications SET state = 'pending' WHERE state = 'in_sync' AND wanted IS NOT NULL")


def downgrade() -> None:
    op.drop_column("publications", "digest")
    op.drop_table("drifts")
