"""From a zone file back to the records it was made of: every type, every value, to the octet."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nameserver import names, records
from nameserver.errors import InvalidInput
from nameserver.parse import parse
from nameserver.records import Record
from nameserver.render import Renderer
from nameserver.zone import Authority, Zone
from tests.unit.test_records import ACCEPTED

DOMAIN = "example.com"
AUTHORITY = Authority(("ns1.vps.org", "ns2.vps.org"), "hostmaster.vps.org", ttl=60, negative_ttl=7)
RENDERER = Renderer(Path(__file__).parents[2] / "bind-templates")


def assert_comes_back(*wanted: Record) -> None:
    """The zone file of these records is read as these, in the form the API answers."""
    file = RENDERER.zone_file(Zone("", DOMAIN, 2026010101, wanted), AUTHORITY)
    parsed = parse(DOMAIN, file.content)
    assert (parsed.serial, parsed.authority) == (2026010101, AUTHORITY)
    found = [_canonical(each) for each in parsed.without(AUTHORITY.nameservers)]
    assert sorted(map(repr, found)) == sorted(map(repr, wanted))


def _canonical(found: Record) -> Record:
    owner = found.name if found.name == "@" else names.canonical_owner(f"{found.name}.{DOMAIN}.", DOMAIN)
    value = records.canonical_value(found.type, found.value, found.priority, DOMAIN)
    return Record("", owner, found.type, found.ttl, value, found.priority)


@pytest.mark.parametrize(("record_type", "value", "_answer"), ACCEPTED)
def test_every_accepted_value_comes_back(record_type: str, value: str, _answer: str) -> None:
    priority = 10 if record_type in records.PRIORITY_TYPES else None
    value = records.canonical_value(record_type, value, priority, DOMAIN)
    assert_comes_back(Record("", "x", record_type, 300, value, priority))


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=600))
def test_every_text_comes_back(text: str) -> None:
    assert_comes_back(Record("", "@", "TXT", 0, records.canonical_value("TXT", text, None, DOMAIN), None))


@pytest.mark.parametrize("owner", ["@", "*", "*.a", "_dmarc", "a/b", "com.example", "1", "a_b.c"])
def test_every_owner_comes_back(owner: str) -> None:
    assert_comes_back(Record("", owner, "A", 300, "192.0.2.1"), Record("", "z", "MX", 0, ".", 0))


def test_users_own_apex_nameservers_come_back() -> None:
    """Beside ours, which take their TTL."""
    file = RENDERER.zone_file(Zone("", DOMAIN, 1, (Record("", "@", "NS", 99, "ns.example.net"),)), AUTHORITY)
    parsed = parse(DOMAIN, file.content)
    assert [(each.value, each.ttl) for each in parsed.without(AUTHORITY.nameservers)] == [("ns.example.net", 99)]


@pytest.mark.parametrize("content", [b"", b"\xff", b"@ 60 IN A 192.0.2.1\n", b"$INCLUDE /etc/passwd\n", b"nonsense"])
def test_what_is_no_zone_file(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        parse(DOMAIN, content)
