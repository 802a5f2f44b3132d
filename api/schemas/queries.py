"""The shape of query strings; an unknown parameter is a fault, since a typo must not list everything."""

from marshmallow import validate

from api.schemas.fields import Flag, Moment, QueryNumber, Text, Time
from api.schemas.loading import Body


class NoQuery(Body):
    """No parameters."""


class WriteQuery(Body):
    """How to write: `dry_run` tries the write and stores nothing.

    `confirm_within`: it takes itself back after so many seconds unless it is confirmed. `propose`: it is kept for
    somebody else to approve. `apply_at`: it is done at that time.
    """

    dry_run = Flag()
    confirm_within = QueryNumber(1, 604800)
    propose = Flag()
    apply_at = Time()


class LockQuery(WriteQuery):
    """Locking and unlocking change no records that could be taken back."""

    class Meta(WriteQuery.Meta):
        """Without what would promise it."""

        exclude = ("confirm_within",)


class BatchQuery(WriteQuery):
    """`confirm_removals`: it is meant that a batch removes much of a zone."""

    confirm_removals = Flag()


class ImportQuery(BatchQuery):
    """Which zone a file is, and what becomes of the records that are there."""

    domain = Text()
    mode = Text(validate=validate.OneOf(["create", "replace", "merge"]))


class ExportQuery(Body):
    """In which format."""

    format = Text(validate=validate.OneOf(["zone", "json", "csv", "octodns", "tinydns"]))


class Paging(Body):
    """Which page of a list."""

    limit = QueryNumber(1, 5000)
    cursor = Text()
    page = QueryNumber(1, 10**9)
    page_size = QueryNumber(1, 5000)


class AtQuery(Body):
    """`at`: as it was with this serial, or at this time."""

    at = Moment()


class PagedAtQuery(Paging):
    """A page, of now or of then."""

    at = Moment()


#: What changed between two serials or times; `to` is now when it is left out. (`from` is a word of Python's.)
DiffQuery = Body.from_dict({"from": Moment(required=True), "to": Moment()}, name="DiffQuery")


class ProposalsQuery(Paging):
    """Which proposals."""

    state = Text()


class ChangesQuery(Paging):
    """Which changes."""

    zone = Text()
    action = Text()


class ZoneQuery(Paging):
    """Which zones."""

    domain = Text()


class RecordQuery(Paging):
    """Which records."""

    zone = Text()
    record_type = Text()
