"""Who makes a change."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Actor:
    """The account (id and uuid None: the system itself), by which token, from where, through which way in."""

    account_id: int | None
    account_uuid: str | None
    account: str
    source: str
    token: str | None = None
    address: str | None = None

    def to_json(self) -> dict[str, Any]:
        """What a change keeps of it."""
        return {key: value for key, value in asdict(self).items() if not key.startswith("account_")}


#: The installation itself: what nobody asked for.
SYSTEM = Actor(None, None, "zonewright", "system")
