"""What counts as "a server has a serial", and replies that lie."""

import dns.flags
import dns.message
import dns.rrset
from hypothesis import given
from hypothesis import strategies as st

from nameserver.agent import messages, names

_NAME = names.parse("a.example").wire
_SOA = "ns1.dns.test. h.dns.test. 77 7200 900 1209600 300"


def _reply(owner: str, section: str = "answer", flags: int = dns.flags.AA, rcode: int = 0) -> bytes:
    reply = dns.message.make_response(dns.message.from_wire(messages.question(5, _NAME)))
    reply.flags |= flags
    reply.set_rcode(rcode)
    getattr(reply, section).append(dns.rrset.from_text(owner, 60, "IN", "SOA", _SOA))
    return reply.to_wire()


def test_the_apex_soa_in_an_authoritative_answer_counts() -> None:
    assert messages.serial(_reply("a.example."), _NAME) == 77
    assert messages.serial(_reply("A.EXAMPLE."), _NAME) == 77


def test_nothing_else_counts() -> None:
    assert messages.serial(_reply("a.example.", flags=0), _NAME) is None
    assert messages.serial(_reply("example.", "authority"), _NAME) is None
    assert messages.serial(_reply("a.example.", "authority"), _NAME) is None
    assert messages.serial(_reply("example."), _NAME) is None
    assert messages.serial(_reply("a.example.", rcode=3), _NAME) is None


def test_only_the_answer_to_the_question_is_taken() -> None:
    reply = _reply("a.example.")
    assert messages.answers(reply, _NAME)
    assert not messages.answers(reply, names.parse("b.example").wire)
    assert not messages.answers(messages.question(5, _NAME), _NAME)
    assert not messages.answers(b"", _NAME)


def test_truncation_is_seen() -> None:
    assert messages.truncated(_reply("a.example.", flags=dns.flags.AA | dns.flags.TC))
    assert not messages.truncated(_reply("a.example."))


@given(st.binary(max_size=80), st.integers(0, 80))
def test_noise_does_no_harm(noise: bytes, at: int) -> None:
    reply = bytearray(_reply("a.example."))
    reply[28 + at % 40 :] = noise
    messages.serial(bytes(reply), _NAME)


def test_a_pointer_to_itself_ends() -> None:
    reply = _reply("a.example.")[:27] + b"\xc0\x1b" * 20
    assert messages.serial(reply, _NAME) is None
