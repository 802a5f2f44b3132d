"""Zone names on their way to the wire, to rndc and to a file name."""

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nameserver.agent import names
from nameserver.agent.errors import BadRequest


@given(st.lists(st.binary(min_size=1, max_size=63), min_size=1, max_size=3))
def test_any_octets_agree_with_dnspython(labels: list[bytes]) -> None:
    name = dns.name.Name([*labels, b""])
    domain = names.parse(name.to_text(omit_final_dot=True))
    assert domain.wire == name.canonicalize().to_wire()
    assert names.parse(domain.text) == domain
    assert dns.name.from_text(domain.text) == name


@given(st.lists(st.binary(min_size=1, max_size=63), min_size=1, max_size=3))
def test_a_quoted_name_can_not_end_its_quotes(labels: list[bytes]) -> None:
    quoted = names.parse(dns.name.Name([*labels, b""]).to_text()).quoted
    assert quoted[0] == quoted[-1] == '"'
    assert not set(quoted[1:-1]) & set('"\n\r; {}()\t')


@pytest.mark.parametrize(
    "domain",
    ["", ".", "a..b", ".a", "l" * 64 + ".example", "a\\", "a\\99", "a\\999", "ü.example", ".".join(["l" * 63] * 4)],
)
def test_what_is_no_name_is_refused(domain: str) -> None:
    with pytest.raises(BadRequest):
        names.parse(domain)


@pytest.mark.parametrize(
    ("domain", "file_name"),
    [
        ("example.com", "example.com.zone"),
        ("Example.COM.", "example.com.zone"),
        ("_tcp.example", "_tcp.example.zone"),
        ("0/25.2.0.192.in-addr.arpa", "~"),
        ("-x.example", "~"),
        (r"a\.b.example", "~"),
        (".".join(["l" * 60] * 4), "~"),
    ],
)
def test_file_names(domain: str, file_name: str) -> None:
    name = names.parse(domain).file_name
    assert name == file_name or (file_name == "~" and name.startswith("~") and len(name) == 46)
    assert "/" not in name
