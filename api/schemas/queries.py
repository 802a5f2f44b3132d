"""The shape of query strings; an unknown parameter is a fault, since a typo must not list everything."""

from api.schemas.fields import Flag, QueryNumber, Text
from api.schemas.loading import Body


class NoQuery(Body):
    """No parameters."""


class WriteQuery(Body):
    """How to write: `dry_run` tries the write and stores nothing."""

    dry_run = Flag()


class BatchQuery(WriteQuery):
    """`confirm_removals`: it is meant that a batch removes much of a zone."""

    confirm_removals = Flag()


class Paging(Body):
    """Which page of a list."""

    limit = QueryNumber(1, 5000)
    cursor = Text()
    page = QueryNumber(1, 10**9)
    page_size = QueryNumber(1, 5000)


class ZoneQuery(Paging):
    """Which zones."""

    domain = Text()


class RecordQuery(Paging):
    """Which records."""

    zone = Text()
    record_type = Text()
