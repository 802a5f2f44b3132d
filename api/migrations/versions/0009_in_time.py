"""Writes that are confirmed, scheduled or proposed, and records that expire."""

import sqlalchemy as sa
from alembic import op

from api.database import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "confirmations",
        sa.Column("change_uuid", sa.String(length=36), nullable=False),
        sa.Column("write", sa.String(length=36), nullable=False),
        sa.Column("revert_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("change_uuid", name="pk_confirmations"),
    )
    op.create_index("ix_confirmations_write", "confirmations", ["write"])
    _partial("confirmations", "ix_confirmations_waiting", "revert_at", "state = 'waiting'")
    op.create_table(
        "proposals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("token_uuid", sa.String(length=36), nullable=True),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("route", sa.String(length=100), nullable=False),
        sa.Column("path", sa.JSON(), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("if_match", sa.JSON(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("content_type", sa.String(length=200), nullable=False),
        sa.Column("effects", sa.JSON(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("apply_at", UtcDateTime(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("decided_by", sa.JSON(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_proposals_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_proposals"),
        sa.UniqueConstraint("uuid", name="uq_proposals_uuid"),
    )
    op.create_index("ix_proposals_account_id", "proposals", ["account_id"])
    _partial("proposals", "ix_proposals_scheduled", "apply_at", "state = 'scheduled'")
    op.add_column("records", sa.Column("expires_at", UtcDateTime(), nullable=True))
    _partial("records", "ix_records_expires_at", "expires_at", "expires_at IS NOT NULL")


def _partial(table: str, name: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    op.drop_index("ix_records_expires_at", "records")
    op.drop_column("records", "expires_at")
    op.drop_table("proposals")
    op.drop_table("confirmations")
