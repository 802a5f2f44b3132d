"""The kinds of values in bodies and queries."""

import pytest
from marshmallow import ValidationError

from api.schemas.fields import Text


@pytest.mark.parametrize(("text", "says"), [("a\0b", "U\\+0000"), ("\ud800", "surrogate"), ("a\udfff", "surrogate")])
def test_text_that_cannot_be_stored(text: str, says: str) -> None:
    """PostgreSQL and UTF-8 have no form for it. Of a body orjson refuses a surrogate before; this is the last word."""
    with pytest.raises(ValidationError, match=says):
        Text().deserialize(text)


@pytest.mark.parametrize("text", ["", "a", "\ud7ff\ue000", "😀", "\x01"])
def test_text_that_can_be_stored(text: str) -> None:
    assert Text().deserialize(text) == text
