"""The key that signs cookies and forms: one for all processes and hosts of the API."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base


class SigningKey(Base):
    """The only row has the number 1. Who knows the key still needs a session's secret, which only its browser has."""

    __tablename__ = "signing_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
