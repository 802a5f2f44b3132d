"""Rules between records: each has a case that breaks it and one beside it that doesn't."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nameserver import records, rules
from nameserver.errors import InvalidInput
from nameserver.records import Record

ZONE = "example.com"
OURS = ("ns1.vps.org", "ns2.vps.org")
DS = "1 13 2 " + "ab" * 32
_numbers = count(1)


def made(line: str) -> Record:
    """A record from `name type value`, the value made canonical; MX and SRV have the priority 10."""
    name, record_type, value = line.split(" ", 2)
    priority = 10 if record_type in records.PRIORITY_TYPES else None
    value = records.canonical_value(record_type, value, priority, ZONE)
    return Record(f"rec-{next(_numbers)}", name, record_type, 3600, value, priority)


def check(others: Sequence[str | Record], line: str, **more: Any) -> None:
    beside = [made(other) if isinstance(other, str) else other for other in others]
    rules.check_record(ZONE, beside, made(line), more.pop("own", OURS), **more)


ALLOWED = [
    ([], "@ A 192.0.2.1"),
    ([], "@ TXT a"),
    (["@ A 192.0.2.1"], "@ A 192.0.2.2"),
    (["@ A 192.0.2.1"], "@ AAAA ::1"),
    (["a TXT x"], "b TXT x"),
    (["@ TXT a"], "@ MX mail.example.net"),
    ([], "@ NS ns3.example.net"),
    (["@ NS ns3.example.net"], "@ NS ns4.example.net"),
    ([], "a CNAME b.example.net"),
    (["*.a CNAME b.example.net"], "x.a TXT x"),
    ([], "*.a CNAME b.example.net"),
    ([], "* A 192.0.2.1"),
    ([], "@ MX ."),
    (["a MX ."], "b MX mail.example.net"),
    (["_s._tcp SRV 0 0 ."], "_s._tcp SRV 0 1 a.example.net"),
    # delegations
    ([], "sub NS ns.example.net"),
    (["sub NS ns.example.net"], "sub NS ns2.example.net"),
    (["sub NS ns.example.net"], f"sub DS {DS}"),
    ([f"sub DS {DS}"], "sub NS ns.example.net"),
    ([], f"sub DS {DS}"),
    (["sub NS ns.sub.example.com"], "ns.sub A 192.0.2.1"),
    (["sub NS ns.sub.example.com"], "ns.sub AAAA ::1"),
    (["sub NS sub.example.com"], "sub A 192.0.2.1"),
    (["ns.sub A 192.0.2.1"], "sub NS ns.sub.example.com"),
    (["sub A 192.0.2.1"], "sub NS sub.example.com"),
    (["sub NS ns.example.net"], "notsub A 192.0.2.1"),
    (["sub NS ns1.example.net", "old.sub A 192.0.2.1"], "sub NS ns2.example.net"),  # hides no more than before
    (["a.sub TXT x"], "@ NS ns3.example.net"),  # the apex delegates nothing
    # DNAME
    ([], "d DNAME example.net"),
    (["x A 192.0.2.1", "xd A 192.0.2.1"], "d DNAME example.net"),
    (["d DNAME example.net"], "d A 192.0.2.1"),
    (["d DNAME example.net"], "xd A 192.0.2.1"),
    ([], "@ DNAME example.net"),
    # nameservers in the zone
    (["ns3 A 192.0.2.1"], "@ NS ns3.example.com"),
    (["ns3 AAAA ::1"], "@ NS ns3.example.com"),
    (["@ A 192.0.2.1"], "@ NS example.com"),
    (["*.w A 192.0.2.1"], "@ NS ns3.w.example.com"),
    (["* A 192.0.2.1"], "@ NS ns3.example.com"),
    (["w NS ns.example.net"], "@ NS ns3.w.example.com"),
]


@pytest.mark.parametrize(("others", "line"), ALLOWED)
def test_allowed(others: list[str], line: str) -> None:
    check(others, line)


REFUSED = [
    # twice
    (["a A 192.0.2.1"], "a A 192.0.2.1", "value", "exists already"),
    (["a AAAA 2001:db8::1"], "a AAAA 2001:0DB8::1", "value", "exists already"),
    (["a MX mail.example.net"], "a MX MAIL.example.net.", "value", "exists already"),
    (["a TXT x"], 'a TXT "x"', "value", "exists already"),
    (["a CNAME b.example.net"], "a CNAME b.example.net", "value", "exists already"),
    ([], "@ NS NS1.vps.org.", "value", "published already"),
    # CNAME
    ([], "@ CNAME b.example.net", "name", "own name"),
    (["a A 192.0.2.1"], "a CNAME b.example.net", "name", "only record"),
    (["a CNAME b.example.net"], "a A 192.0.2.1", "name", "CNAME"),
    (["a CNAME b.example.net"], "a CNAME c.example.net", "name", "a CNAME record already"),
    (["a CNAME b.example.net"], "a NS ns.example.net", "name", "CNAME"),
    (["a CNAME b.example.net"], "a DNAME c.example.net", "name", "CNAME"),
    (["a DNAME b.example.net"], "a CNAME c.example.net", "name", "DNAME"),
    (["*.a TXT x"], "*.a CNAME b.example.net", "name", "TXT"),
    # DNAME
    (["d DNAME b.example.net"], "x.d A 192.0.2.1", "name", "below the DNAME"),
    (["d DNAME b.example.net"], "x.y.d A 192.0.2.1", "name", "below the DNAME"),
    (["@ DNAME b.example.net"], "x A 192.0.2.1", "name", "below the DNAME"),
    (["x.d A 192.0.2.1"], "d DNAME b.example.net", "name", "x.d.example.com"),
    (["x A 192.0.2.1"], "@ DNAME b.example.net", "name", "x.example.com"),
    (["d DNAME b.example.net"], "d DNAME c.example.net", "name", "only be one"),
    ([], "*.d DNAME b.example.net", "name", "wildcard"),
    # NS and DS
    ([], "* NS ns.example.net", "name", "wildcard"),
    ([], "*.sub NS ns.example.net", "name", "wildcard"),
    ([], f"@ DS {DS}", "name", "registrar"),
    (["sub NS ns.example.net"], "sub A 192.0.2.1", "name", "delegated"),
    (["sub NS ns.example.net"], "sub TXT x", "name", "delegated"),
    (["sub NS ns.example.net"], "a.sub A 192.0.2.1", "name", "delegated"),
    (["sub NS ns.sub.example.com"], "ns.sub TXT x", "name", "delegated"),
    (["sub NS ns.sub.example.com"], "b.ns.sub A 192.0.2.1", "name", "delegated"),
    (["sub NS ns.example.net"], "a.b.sub NS ns.example.net", "name", "delegated"),
    (["sub NS ns.example.net"], f"a.sub DS {DS}", "name", "delegated"),
    (["sub NS ns.example.net"], "*.sub A 192.0.2.1", "name", "delegated"),
    (["sub TXT x"], "sub NS ns.example.net", "name", "TXT record at sub.example.com"),
    (["a.sub A 192.0.2.1"], "sub NS ns.example.net", "name", "A record at a.sub.example.com"),
    (["b.sub NS ns.example.net"], "sub NS ns.example.net", "name", "NS record at b.sub.example.com"),
    (["ns.sub A 192.0.2.1", "ns.sub TXT x"], "sub NS ns.sub.example.com", "name", "TXT record at ns.sub"),
    # null MX
    (["a MX mail.example.net"], "a MX .", "value", "null MX"),
    (["a MX ."], "a MX mail.example.net", "value", "null MX"),
    # a nameserver in the zone without an address: named refuses the zone
    ([], "@ NS ns3.example.com", "value", "no address"),
    ([], "@ NS example.com", "value", "no address"),
    (["ns3 TXT x"], "@ NS ns3.example.com", "value", "no address"),
    (["ns3 CNAME a.example.net"], "@ NS ns3.example.com", "value", "no address"),
    (["a.ns3 A 192.0.2.1"], "@ NS ns3.example.com", "value", "no address"),
    (["*.w TXT x"], "@ NS ns3.w.example.com", "value", "no address"),
    (["*.w A 192.0.2.1", "ns3.w TXT x"], "@ NS ns3.w.example.com", "value", "no address"),
    (["*.w A 192.0.2.1", "b.w TXT x"], "@ NS a.b.w.example.com", "value", "no address"),
    (["w DNAME b.example.net"], "@ NS ns3.w.example.com", "value", "no address"),
]


@pytest.mark.parametrize(("others", "line", "field", "reason"), REFUSED)
def test_refused(others: list[str], line: str, field: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(others, line)
    assert caught.value.field == field
    assert reason in caught.value.detail


@pytest.mark.parametrize("line", ["sub NS ns.example.net", f"sub DS {DS}", "a A 192.0.2.1", "xsub A 192.0.2.1"])
def test_beside_another_zone_of_ours(line: str) -> None:
    check([], line, other_zones=["sub.example.com"])


def test_glue_of_another_zone_of_ours() -> None:
    check(["sub NS ns.sub.example.com"], "ns.sub A 192.0.2.1", other_zones=["sub.example.com"])


@pytest.mark.parametrize("line", ["sub A 192.0.2.1", "a.sub A 192.0.2.1", "a.sub NS ns.example.net", "*.sub TXT x"])
def test_in_another_zone_of_ours(line: str) -> None:
    with pytest.raises(InvalidInput, match=r"lies in the zone sub\.example\.com") as caught:
        check([], line, other_zones=["sub.example.com"])
    assert caught.value.field == "name"


# Sizes


def addresses(number: int, name: str = "a") -> list[Record]:
    return [Record(f"rec-{index}", name, "A", 3600, f"192.0.2.{index}") for index in range(number)]


def test_100_records_and_no_more() -> None:
    check(addresses(99), "a A 198.51.100.1")
    check(addresses(100), "a AAAA ::1")
    check(addresses(100), "b A 198.51.100.1")
    with pytest.raises(InvalidInput, match="100 A records"):
        check(addresses(100), "a A 198.51.100.1")


def nameservers(number: int) -> list[Record]:
    return [Record(f"rec-{index}", "@", "NS", 3600, f"ns{index}.example.net") for index in range(number)]


def test_our_nameservers_count_at_the_apex() -> None:
    check(nameservers(97), "@ NS last.example.net")
    with pytest.raises(InvalidInput, match="100 NS records"):
        check(nameservers(98), "@ NS last.example.net")


def test_our_nameservers_count_nowhere_else() -> None:
    others = [Record(f"rec-{index}", "sub", "NS", 3600, f"ns{index}.example.net") for index in range(99)]
    check(others, "sub NS last.example.net")


def test_a_nameserver_of_ours_that_is_stored_counts_once() -> None:
    stored = Record("rec-ours", "@", "NS", 3600, OURS[0])
    check([*nameservers(97), stored], "@ NS last.example.net")


def test_65000_octets_and_no_more() -> None:
    # 64,000 octets of text are 64,251 of rdata; with 12 more, 737 are left, of which 12 + 3 are not text.
    long = Record("rec-long", "a", "TXT", 3600, "x" * 64_000)
    check([long], "a TXT " + "y" * 722)
    check([long], "b TXT " + "y" * 60_000)
    with pytest.raises(InvalidInput, match="65001 octets") as caught:
        check([long], "a TXT " + "y" * 723)
    assert caught.value.field == "value"


def test_one_record_that_is_too_long() -> None:
    with pytest.raises(InvalidInput, match="octets"):
        check([], "a OPENPGPKEY " + "AAAA" * 21_663)


# TTL


@pytest.mark.parametrize("ttl", [0, 1, 3600, 2147483647])
def test_ttl_accepted(ttl: int) -> None:
    rules.check_ttl(ttl)


@pytest.mark.parametrize("ttl", [-1, 2147483648, True, False, 1.0, "3600", None, 10**100])
def test_ttl_refused(ttl: Any) -> None:
    with pytest.raises(InvalidInput, match="0 to 2147483647") as caught:
        rules.check_ttl(ttl)
    assert caught.value.field == "ttl"


def test_ttl_bounds() -> None:
    rules.check_ttl(60, 60, 120)
    for ttl in (59, 121):
        with pytest.raises(InvalidInput, match="60 to 120"):
            rules.check_ttl(ttl, 60, 120)


# All rules together

lines = st.builds(
    " ".join,
    st.tuples(
        st.sampled_from(["@", "a", "b.a", "*.a", "c.b.a"]),
        st.sampled_from(
            [
                *("A 192.0.2.1", "TXT x", "MX .", "MX m.example.net", "CNAME x.example.net", f"DS {DS}"),
                *("NS ns.example.net", "NS b.a.example.com", "DNAME x.example.net"),
            ]
        ),
    ),
)


@given(st.lists(lines, max_size=8))
def test_a_zone_built_by_the_rules_keeps_them_in_any_order(wanted: list[str]) -> None:
    """Whatever the order of writing, each record of an accepted zone agrees with all the others."""
    zone: list[Record] = []
    for line in wanted:
        record = made(line)
        try:
            rules.check_record(ZONE, zone, record, OURS)
        except InvalidInput:
            continue
        zone.append(record)
    for record in zone:
        rest = [other for other in zone if other is not record]
        try:
            rules.check_record(ZONE, rest, record, OURS)
        except InvalidInput as error:
            # Glue of a nameserver that was added to a standing delegation: the only rule that asks for the order.
            assert "would hide" in error.detail  # noqa: PT017
