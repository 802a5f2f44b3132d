"""Who makes a change."""

from dataclasses import asdict, dataclass
from typing import Any

from api.models import Account


@dataclass(frozen=True, slots=True)
class Actor:
    """The account (id and uuid None: the system itself), by which token, from where, through which way in.

    `approved_by` is who approved it, where somebody had to.
    """

    account_id: int | None
    account_uuid: str | None
    account: str
    source: str
    token: str | None = None
    address: str | None = None
    approved_by: str | None = None

    def to_json(self) -> dict[str, Any]:
        """What a change keeps of it."""
        told = {key: value for key, value in asdict(self).items() if not key.startswith("account_")}
        return told if self.approved_by else {key: value for key, value in told.items() if key != "approved_by"}


def on_behalf_of(account: Account) -> Actor:
    """The installation itself, doing to an account's zones what the account wanted done in time."""
    return Actor(account.id, account.uuid, SYSTEM.account, SYSTEM.source)


#: The installation itself: what nobody asked for.
SYSTEM = Actor(None, None, "zonewright", "system")
