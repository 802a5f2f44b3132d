"""What can go wrong in the agent; a code for the control plane and a sentence for people.

AgentError
├── BadRequest          the request makes no sense
├── FencedOut           a newer control plane was here
├── Busy                another agent holds this nameserver
├── Refused             named refused the new named.conf; the last good one is back
└── NamedTrouble        named could not be worked with
    └── NamedSilent     it did not answer in time, or its end of the connection closed
"""


class AgentError(Exception):
    """The agent could not do what it was asked."""

    code = "failed"

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


class BadRequest(AgentError):
    """The request makes no sense."""

    code = "bad_request"


class FencedOut(AgentError):
    """A newer control plane was here."""

    code = "fenced"


class Busy(AgentError):
    """Another agent holds this nameserver."""

    code = "busy"


class Refused(AgentError):
    """named refused the new named.conf; the last good one is back."""

    code = "configuration_refused"


class NamedTrouble(AgentError):
    """named could not be worked with."""

    code = "named"


class NamedSilent(NamedTrouble):
    """named did not answer in time, or its end of the connection closed."""

    code = "named_silent"
