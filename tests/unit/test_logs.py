"""The form of log lines: one a record, whatever is in it, and no token."""

import json
import logging
import sys

import pytest

from api.logs import FIELDS, Json, Text

TOKEN = "vps_" + "A1b-_" * 8 + "xyz"


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "api.test", "levelname": "INFO", "msg": message, "args": args, **extra})
    made.created = 1_780_000_000.1239
    return made


def failed() -> logging.LogRecord:
    try:
        raise ValueError(f"with {TOKEN}\nin two lines")
    except ValueError:
        return record("it failed", exc_info=sys.exc_info())


def test_json_has_the_time_in_utc_and_the_ids() -> None:
    line = json.loads(Json().format(record("published %s", "a.example", zone="a.example", serial=7, other="hidden")))
    assert line == {
        "time": "2026-05-28T20:26:40.123Z",
        "level": "INFO",
        "logger": "api.test",
        "message": "published a.example",
        "zone": "a.example",
        "serial": 7,
    }


def test_json_is_one_line_with_the_traceback_in_one_field() -> None:
    text = Json().format(failed())
    assert "\n" not in text
    assert json.loads(text)["traceback"].startswith("Traceback (most recent call last):\n")


@pytest.mark.parametrize("message", ["a\nb", "a\r\nERROR fake", "\x1b[31m", "\ud800", "\0"])
def test_nothing_begins_a_line_of_its_own(message: str) -> None:
    text = Text("%(message)s").format(record("said %s", message))
    assert text.isprintable()
    text.encode()
    assert json.loads(Json().format(record("said %s", message)))["message"] == f"said {message}"


@pytest.mark.parametrize("formatter", [Text("%(asctime)s %(levelname)s %(name)s: %(message)s"), Json()], ids=type)
def test_tokens_are_taken_out(formatter: logging.Formatter) -> None:
    for made in (record("got %s", TOKEN), record(f"got {TOKEN}"), failed(), record("x", path=f"/{TOKEN}/")):
        text = formatter.format(made)
        assert TOKEN[4:] not in text
        assert "A1b" not in text


def test_text_is_as_it_was() -> None:
    """bench/parts.py reads it."""
    made = record("ns1: published a.example 7 total=1.00 write=0.50")
    made.name, made.created = "nameserver.publish", 0.0
    line = Text("%(asctime)s %(levelname)s %(name)s: %(message)s").format(made)
    assert line.endswith(" INFO nameserver.publish: ns1: published a.example 7 total=1.00 write=0.50")


def test_no_field_hides_one_of_logging() -> None:
    assert not set(FIELDS) & set(vars(logging.makeLogRecord({})))
