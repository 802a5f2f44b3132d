"""Lists in pages: bare arrays, with `Link: <…>; rel="next"` and `X-Total-Count` (RFC 8288)."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from api.answers import json_response
from api.store.pages import Page
from nameserver.errors import InvalidInput

MOST = 5000
USUAL = 1000


def page_of(query: Mapping[str, Any], usual: int | None = USUAL) -> Page:
    """The page a query asks for; `usual` is the limit when it names none. Raises InvalidInput."""
    if ("page" in query or "page_size" in query) and ("limit" in query or "cursor" in query):
        raise InvalidInput("page", "Page by `page` and `page_size`, or by `limit` and `cursor`, not by both.")
    if "page" in query or "page_size" in query:
        size = query.get("page_size", USUAL)
        return Page(size, 0, (query.get("page", 1) - 1) * size)
    limit = query.get("limit", USUAL if "cursor" in query else usual)
    return Page(limit, _position(query["cursor"]) if "cursor" in query else 0)


def paged(
    rows: list[Any], page: Page, total: int, answer: Callable[[Any], Any], row_id: Callable[[Any], int]
) -> Response:
    """The answer for one page. `rows` may have one row more than the page: then a next page exists."""
    shown = rows if page.limit is None else rows[: page.limit]
    response = json_response([answer(row) for row in shown])
    response.headers["X-Total-Count"] = str(total)
    if len(rows) > len(shown):
        response.headers.add("Link", f'<{_next(row_id(shown[-1]))}>; rel="next"')
    return response


def _next(last: int) -> str:
    query = request.args.to_dict()
    if "page" in query or "page_size" in query:
        query["page"] = str(int(query.get("page", 1)) + 1)
    else:
        query["cursor"] = _cursor(last)
    return f"{request.path}?{urlencode(query)}"


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"id:{position}".encode()).decode().rstrip("=")


def _position(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        kind, _, number = text.partition(":")
        if kind != "id" or not number.isdigit() or len(number) > 18 or _cursor(int(number)) != cursor:
            raise ValueError
        return int(number)
    except (ValueError, binascii.Error):
        raise InvalidInput("cursor", "The cursor is not one of ours: take it from the Link header.") from None
