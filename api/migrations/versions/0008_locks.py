"""Locks."""

import sqlalchemy as sa
from alembic import op

from api.database import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "locks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("zone_uuid", sa.String(length=36), nullable=False),
        sa.Column("record_uuid", sa.String(length=36), nullable=True),
        sa.Column("name", sa.String(length=253), nullable=True),
        sa.Column("record_type", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_locks"),
        sa.UniqueConstraint("uuid", name="uq_locks_uuid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_locks_zone_uuid", "locks", ["zone_uuid"])


def downgrade() -> None:
    op.drop_index("ix_locks_zone_uuid", "locks")
    op.drop_table("locks")
