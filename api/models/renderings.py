"""What zone files are rendered from besides the zones themselves."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base


class Rendering(Base):
    """The one row: the digest of the settings and template that the zones' present serials were given for."""

    __tablename__ = "renderings"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
