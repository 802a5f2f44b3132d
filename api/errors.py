"""What a person or a program can be told went wrong, as one tree; `api.problems` gives each its status.

ApiError
├── InvalidRequest        400  the request's shape: body, query, header
├── InvalidToken          401
├── PermissionDenied      403
├── NotFound              404  unknown and foreign look the same
├── Conflict              409
├── PreconditionFailed    412
├── UnsupportedMediaType  415
├── RateLimited           429
├── Unavailable           503
└── OperatorError         for the command line: a wrong setting, a missing folder
"""


class ApiError(Exception):
    """The request could not be carried out."""

    def __init__(self, detail: str | None = None, field: str | None = None) -> None:
        self.detail = detail or (type(self).__doc__ or "").splitlines()[0]
        self.field = field
        super().__init__(self.detail)


class InvalidRequest(ApiError):
    """The request is not valid."""


class InvalidToken(ApiError):
    """The API token is missing or not valid; send `Authorization: Bearer vps_…`."""


class PermissionDenied(ApiError):
    """The API token lacks the permission for this."""


class NotFound(ApiError):
    """Not found."""


class Conflict(ApiError):
    """The request conflicts with another one."""


class PreconditionFailed(ApiError):
    """What the request was made for has changed meanwhile."""


class UnsupportedMediaType(ApiError):
    """Send the body as application/json."""


class RateLimited(ApiError):
    """Too many requests; try again later."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"Too many requests within a minute; try again in {retry_after} s.")


class Unavailable(ApiError):
    """The service is not available at the moment; try again."""


class OperatorError(ApiError):
    """The command could not be carried out."""
