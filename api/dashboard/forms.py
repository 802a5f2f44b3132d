"""The forms: which fields they have. What a value may be is said by `changes`, whose words stand beside the field."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    EmailField,
    HiddenField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectMultipleField,
    StringField,
    ValidationError,
)
from wtforms.validators import InputRequired

from api.changes.tokens import LONGEST_NAME

MEANINGS = {
    "dns:list": "Read zones, records, states and changes.",
    "dns:create": "Create zones and add records.",
    "dns:update": "Change records, and take changes back.",
    "dns:delete": "Delete records and whole zones.",
}
PRESETS = {"read-only": ["dns:list"], "everything": list(MEANINGS)}
SPANS = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "1 year", "never": "never"}
_MISSING = "Fill this in."


def _required(words: str = _MISSING) -> list[Any]:
    return [InputRequired(words)]


def _choices(meanings: Mapping[str, str]) -> list[SelectChoice]:
    return [SelectChoice(value, words) for value, words in meanings.items()]


class SignIn(FlaskForm):
    """E-mail address and password; `next` is where to go on."""

    email = EmailField("E-mail address", _required())
    password = PasswordField("Password", _required())
    next = HiddenField()


class NewPassword(FlaskForm):
    """The present password, and twice the new one."""

    present = PasswordField("Present password", _required())
    password = PasswordField("New password", _required())
    again = PasswordField("New password, once more", _required())

    def validate_again(self, field: PasswordField) -> None:
        """See WTForms."""
        if field.data != self.password.data:
            raise ValidationError("The two are not the same.")


class NewToken(FlaskForm):
    """A token's name, permissions and end."""

    name = StringField("Name", _required("Say what the token is for."), render_kw={"maxlength": LONGEST_NAME})
    permissions = SelectMultipleField(
        "Permissions", _required("Choose at least one permission."), choices=_choices(MEANINGS)
    )
    expires = RadioField("Expires after", choices=_choices(SPANS), default="90")

    @property
    def lifetime(self) -> timedelta | None:
        """After how long it expires; None: never."""
        return None if self.expires.data == "never" else timedelta(days=int(self.expires.data))
