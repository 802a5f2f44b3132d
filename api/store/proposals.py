"""Reading proposals."""

from collections.abc import Sequence

from sqlalchemy import func, select

from api.database import db
from api.errors import NotFound
from api.models import Proposal
from api.store.pages import Page


def proposal_of(account_id: int | None, uuid: str) -> Proposal:
    """The account's (None: anybody's) proposal. Raises NotFound, the same for an unknown and a foreign one."""
    query = select(Proposal).where(Proposal.uuid == uuid)
    found = db.session.scalar(query if account_id is None else query.where(Proposal.account_id == account_id))
    if found is None:
        raise NotFound("Proposal not found.")
    return found


def proposals(account_id: int | None, state: str | None, page: Page) -> tuple[Sequence[Proposal], int]:
    """The account's proposals (None: everybody's), the newest first, and how many there are on all pages."""
    query = select(Proposal)
    if account_id is not None:
        query = query.where(Proposal.account_id == account_id)
    if state is not None:
        query = query.where(Proposal.state == state)
    rows = db.session.scalars(page.cut_newest_first(query, Proposal.id)).all()
    return rows, db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
