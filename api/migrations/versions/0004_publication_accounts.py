"""Publications know whose zone it is, so that nobody's many zones delay another's."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("publications", sa.Column("account_id", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE publications SET account_id ="
        " (SELECT zones.account_id FROM zones WHERE zones.domain = publications.domain)"
    )
    op.create_index(
        "ix_publications_turn",
        "publications",
        ["nameserver_id", "account_id", "due_at"],
        sqlite_where=sa.text("state <> 'in_sync'"),
        postgresql_where=sa.text("state <> 'in_sync'"),
    )


def downgrade() -> None:
    op.drop_index("ix_publications_turn", table_name="publications")
    op.drop_column("publications", "account_id")
