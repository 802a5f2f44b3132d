"""The shape of errors."""

from marshmallow import fields

from api.schemas.loading import Body


class ErrorAnswer(Body):
    """Every error: a sentence, its code, and the field at fault."""

    detail = fields.String(required=True, metadata={"examples": ["MX records require a priority value"]})
    error_code = fields.String(required=True, metadata={"examples": ["validation_error"]})
    field = fields.String(required=True, allow_none=True, metadata={"examples": ["priority"]})
