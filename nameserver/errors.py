"""What can go wrong in the control plane, as one tree.

NameserverError
├── InvalidInput            bad input: the field, and how to mend it
├── CheckerMissing          named-checkzone or named-checkconf cannot be run
└── TransportError          one nameserver's trouble; says nothing about the others
    ├── Unreachable         no way to its agent, or the way broke
    │   ├── TimedOut        the agent did not answer in time
    │   ├── HostKeyRefused  the host key is not the pinned one: nothing was sent
    │   └── LoginRefused    the account did not let our key in
    ├── Fenced              another control plane has taken this nameserver over
    ├── ConfigurationRefused  named.conf was refused there; the last good one is back
    └── AgentFailed         the agent answered with an error
"""


class NameserverError(Exception):
    """Something went wrong in the control plane."""

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or (type(self).__doc__ or "").splitlines()[0]
        super().__init__(self.detail)


class InvalidInput(NameserverError):
    """The value is not valid."""

    def __init__(self, field: str, detail: str) -> None:
        self.field = field
        super().__init__(detail)


class CheckerMissing(NameserverError):
    """BIND's checking tools are not installed: run deploy/setup.sh."""


class TransportError(NameserverError):
    """The nameserver could not be worked on."""


class Unreachable(TransportError):
    """The nameserver cannot be reached."""


class TimedOut(Unreachable):
    """The nameserver did not answer in time."""


class HostKeyRefused(Unreachable):
    """The nameserver's host key is not the pinned one; nothing was sent."""


class LoginRefused(Unreachable):
    """The nameserver refused the login."""


class Fenced(TransportError):
    """Another control plane has taken this nameserver over."""


class ConfigurationRefused(TransportError):
    """The nameserver refused its new named.conf; the last good one is back in place."""


class AgentFailed(TransportError):
    """The nameserver's agent could not do what it was asked."""
