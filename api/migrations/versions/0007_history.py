"""History: changes are numbered, chained and have a reason; when each nameserver answered is kept."""

import sqlalchemy as sa
from alembic import op

from api.database import UtcDateTime
from api.models import Change

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("nameserver", sa.String(length=63), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
    )
    op.create_index("ix_answers_domain", "answers", ["domain", "answered_at"])
    op.add_column("changes", sa.Column("number", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("changes", sa.Column("reason", sa.String(length=500), nullable=True))
    op.add_column("changes", sa.Column("undoes", sa.String(length=36), nullable=True))
    op.add_column("changes", sa.Column("chain", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("zones", sa.Column("changes", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("zones", sa.Column("chain", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("tombstones", sa.Column("chain", sa.String(length=64), nullable=False, server_default=""))
    op.create_index("ix_changes_domain", "changes", ["domain"])
    op.drop_index("ix_changes_zone_uuid", "changes")
    _chain(op.get_bind())
    with op.batch_alter_table("changes") as changes:
        changes.create_unique_constraint("uq_changes_zone_uuid_number", ["zone_uuid", "number"])


def _chain(connection: sa.Connection) -> None:
    """Number and chain what is there. (The tables as of now: the models will move on.)"""
    numbers: dict[str, int] = {}
    chains: dict[str, str] = {}
    changes = sa.Table("changes", sa.MetaData(), autoload_with=connection)
    told = [column for column in changes.c if column.name not in ("id", "number", "chain")]
    moment = sa.type_coerce(changes.c.created_at, UtcDateTime()).label("created_at")
    columns = [moment if column.name == "created_at" else column for column in told]
    for row in connection.execute(sa.select(changes.c.id.label("row_id"), *columns).order_by(changes.c.id)).all():
        values = dict(row._mapping)
        change = Change(**{key: value for key, value in values.items() if key != "row_id"})
        change.number = numbers[change.zone_uuid] = numbers.get(change.zone_uuid, 0) + 1
        chains[change.domain] = chain = change.chained(chains.get(change.domain, ""))
        connection.execute(
            changes.update().where(changes.c.id == values["row_id"]).values(number=change.number, chain=chain)
        )
    for uuid, number in numbers.items():
        connection.execute(
            sa.text("UPDATE zones SET changes = :number WHERE uuid = :uuid"), {"number": number, "uuid": uuid}
        )
    for domain, chain in chains.items():
        for table in ("zones", "tombstones"):
            connection.execute(
                sa.text(f"UPDATE {table} SET chain = :chain WHERE domain = :domain"),  # noqa: S608  two constants
                {"chain": chain, "domain": domain},
            )


def downgrade() -> None:
    with op.batch_alter_table("changes") as changes:
        changes.drop_constraint("uq_changes_zone_uuid_number", type_="unique")
    op.create_index("ix_changes_zone_uuid", "changes", ["zone_uuid"])
    op.drop_index("ix_changes_domain", "changes")
    for table, column in (("tombstones", "chain"), ("zones", "chain"), ("zones", "changes")):
        op.drop_column(table, column)
    for column in ("chain", "undoes", "reason", "number"):
        op.drop_column("changes", column)
    op.drop_index("ix_answers_domain", "answers")
    op.drop_table("answers")
