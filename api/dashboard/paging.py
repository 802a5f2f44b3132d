"""Pages by number, with links to the ones beside."""

from typing import TypeVar
from urllib.parse import urlencode

from flask import request

from api.store.pages import Page

Row = TypeVar("Row")
_LAST = 1_000_000


class Paged:
    """The page of a list that the request asks for with `?page=`."""

    def __init__(self, size: int) -> None:
        self.number = min(max(request.args.get("page", 1, type=int), 1), _LAST)
        self.more = False
        self.page = Page(limit=size, offset=(self.number - 1) * size)

    def cut(self, rows: list[Row]) -> list[Row]:
        """The page's own rows, of one more that tells whether there is a next one."""
        self.more = len(rows) > (self.page.limit or 0)
        return rows[: self.page.limit]

    def link(self, number: int) -> str:
        """The address of another page of this list."""
        return f"{request.path}?{urlencode(request.args.to_dict() | {'page': str(number)})}"
