"""A page of a list in creation order: after a cursor, or by number."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

_LAST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """At most `limit` rows (None: all) after the row `after` (an id), skipping `offset`."""

    limit: int | None = None
    after: int = 0
    offset: int = 0

    def cut(self, query: Select[Any], id_column: InstrumentedAttribute[int]) -> Select[Any]:
        """The query for this page, in creation order, with one row more to tell whether a next page exists."""
        # Past any number that is given there is nothing; the database's own numbers end there.
        query = query.where(id_column > min(self.after, _LAST)).order_by(id_column).offset(min(self.offset, _LAST))
        return query if self.limit is None else query.limit(self.limit + 1)

    def cut_newest_first(self, query: Select[Any], id_column: InstrumentedAttribute[int]) -> Select[Any]:
        """As `cut`, backwards: the rows before the row `after`."""
        query = query.where(id_column < self.after) if self.after else query
        query = query.order_by(id_column.desc()).offset(min(self.offset, _LAST))
        return query if self.limit is None else query.limit(self.limit + 1)


EVERYTHING = Page()
