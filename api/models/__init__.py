"""The tables, one noun a file. Desired: zones, records, tombstones. Observed: publications, nameservers."""

from api.models.accounts import Account
from api.models.answers import Answer
from api.models.changes import Change
from api.models.checks import Check
from api.models.confirmations import Confirmation
from api.models.drifts import Drift
from api.models.idempotency import IdempotencyKey
from api.models.locks import Lock
from api.models.nameservers import Nameserver
from api.models.passwords import Password
from api.models.proposals import Proposal
from api.models.publications import Publication
from api.models.records import Record
from api.models.renderings import Rendering
from api.models.sessions import BrowserSession
from api.models.signing import SigningKey
from api.models.tokens import Token
from api.models.tombstones import Tombstone
from api.models.zones import Zone

__all__ = [
    "Account",
    "Answer",
    "BrowserSession",
    "Change",
    "Check",
    "Confirmation",
    "Drift",
    "IdempotencyKey",
    "Lock",
    "Nameserver",
    "Password",
    "Proposal",
    "Publication",
    "Record",
    "Rendering",
    "SigningKey",
    "Token",
    "Tombstone",
    "Zone",
]
