"""The checksum of each zone's records."""

import sqlalchemy as sa
from alembic import op

from api.models import checksums
from nameserver.records import Record

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_RECORDS = "SELECT uuid, name, type, ttl, value, priority FROM records WHERE zone_id = :zone"


def upgrade() -> None:
    op.add_column("zones", sa.Column("checksum", sa.String(length=32), nullable=False, server_default=checksums.EMPTY))
    connection = op.get_bind()
    for (zone,) in connection.execute(sa.text("SELECT id FROM zones")).all():
        rows = connection.execute(sa.text(_RECORDS), {"zone": zone})
        values = {"checksum": checksums.of(Record(*row) for row in rows), "zone": zone}
        connection.execute(sa.text("UPDATE zones SET checksum = :checksum WHERE id = :zone"), values)


def downgrade() -> None:
    op.drop_column("zones", "checksum")
