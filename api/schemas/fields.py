"""The kinds of values in bodies and queries."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields


class Text(fields.Field[str]):
    """A string that every database and BIND can hold: no U+0000, no lone surrogate."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("must be a string.")
        if "\0" in value:
            raise ValidationError("must not contain the character U+0000.")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise ValidationError("must not contain a lone surrogate (U+D800 to U+DFFF).")
        return value


class WholeNumber(fields.Field[int]):
    """A JSON integer: not true, not 3600.0, not "3600"."""

    def __init__(self, low: int, high: int, **options: Any) -> None:
        super().__init__(**options)
        self.low, self.high = low, high

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int:
            raise ValidationError("must be a whole number, without quotes.")
        if not self.low <= value <= self.high:
            raise ValidationError(f"must be from {self.low} to {self.high}.")
        return value


class QueryNumber(WholeNumber):
    """A whole number in a query string."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12):
            raise ValidationError(f"must be a whole number from {self.low} to {self.high}.")
        return super()._deserialize(int(value), attr, data, **kwargs)


class Time(fields.Field[datetime]):
    """A moment still to come (RFC 3339), with its offset from UTC, in a body or a query string."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        moment = _moment(value) if isinstance(value, str) else None
        if moment is None:
            raise ValidationError("must be a time such as 2026-01-18T16:45:00Z.")
        if moment <= datetime.now(UTC):
            raise ValidationError("must be a time still to come.")
        return moment


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # what a `+` that was not encoded becomes
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


class Moment(fields.Field[int | datetime]):
    """A serial, or a time (RFC 3339) with its offset from UTC, in a query string."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | datetime:
        text = str(value)
        if text.isascii() and text.isdigit() and len(text) < 12:
            return int(text)
        if (moment := _moment(text)) is not None:
            return moment
        raise ValidationError("must be a serial, or a time such as 2026-01-18T16:45:00Z.")


class Flag(fields.Field[bool]):
    """`true` or `false` in a query string."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if value not in ("true", "false"):
            raise ValidationError("must be true or false.")
        return bool(value == "true")
