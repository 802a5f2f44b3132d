"""What our processes log, on stderr: lines for people, or one JSON object a line (the setting `log_format`)."""

import json
import logging
import re
from datetime import UTC, datetime

from flask import g, has_request_context

from api.settings import Settings

# What a record may carry besides its message; nothing else of it is written.
FIELDS = (
    "request_id",
    "change_id",
    "zone",
    "serial",
    "nameserver",
    "method",
    "path",
    "status",
    "ms",
    "account",
    "token",
    "address",
)
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# A token that came where none belongs, in a path or in a header that gunicorn complains about, say.
_SECRET = re.compile(r"(?<=vps_)[A-Za-z0-9_-]{8,}")


def configure(settings: Settings) -> None:
    """Log on stderr from now on, in the form and from the level that the settings say."""
    handler = logging.StreamHandler()
    handler.setFormatter(Json() if settings.log_format == "json" else Text(_TEXT))
    handler.addFilter(_name_request)
    logging.basicConfig(level=settings.log_level, handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)


class Text(logging.Formatter):
    """A line for people; nothing that somebody sent can begin another one."""

    def format(self, record: logging.LogRecord) -> str:
        return _redacted(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        if not record.message.isprintable():
            record.message = "".join(map(_printable, record.message))
        return super().formatMessage(record)


class Json(logging.Formatter):
    """One object: time (UTC), level, logger, message, and what FIELDS names; a traceback is one string."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": moment.replace("+00:00", "Z"), "level": record.levelname, "logger": record.name}
        line["message"] = record.getMessage()
        line |= {field: found for field in FIELDS if (found := getattr(record, field, None)) is not None}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _redacted(json.dumps(line, default=str))


def _name_request(record: logging.LogRecord) -> bool:
    """What is logged while a request is answered carries its id."""
    if has_request_context() and "request_id" in g:
        record.request_id = g.request_id
    return True


def _redacted(text: str) -> str:
    return _SECRET.sub("[removed]", text) if "vps_" in text else text


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
