"""Record values: each type's canonical form, what is refused, and what reaches the zone file."""

import time
from typing import Any

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nameserver import records
from nameserver.errors import InvalidInput
from nameserver.records import naptr, txt
from nameserver.records.presentation import normalised

ZONE = "example.com"
SHA256 = "ab" * 32


def priority_of(record_type: str) -> int | None:
    return 10 if record_type in records.PRIORITY_TYPES else None


def canonical(record_type: str, value: str) -> str:
    return records.canonical_value(record_type, value, priority_of(record_type), ZONE)


def rdata(record_type: str, value: str) -> dns.rdata.Rdata:
    return records.rdata(record_type, value, priority_of(record_type))


def reparsed(data: dns.rdata.Rdata) -> dns.rdata.Rdata:
    """Read again as named does: dnspython alone cuts a LOC's 0.29 m to 28 cm."""
    read = dns.rdata.from_text(data.rdclass, data.rdtype, data.to_text(), origin=dns.name.root, relativize=False)
    return normalised(dns.rdatatype.to_text(data.rdtype), read)


# Types


def test_the_pages_types_come_first() -> None:
    assert records.TYPES[:8] == ("A", "AAAA", "CNAME", "MX", "TXT", "NS", "SRV", "CAA")
    # BIND's max-types-per-name is 100: with the SOA, no name can reach it.
    assert len(set(records.TYPES)) + 1 <= 100


@pytest.mark.parametrize("text", ["a", "A", "Aaaa", "https"])
def test_type_in_any_case(text: str) -> None:
    assert records.canonical_type(text) == text.upper()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SOA", "ours"),
        ("soa", "ours"),
        ("", "AAAA"),
        ("ANY", "AAAA"),
        ("TYPE1", "AAAA"),
        ("ſrv", "AAAA"),
        (" A", "AAAA"),
    ],
)
def test_type_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as caught:
        records.canonical_type(text)
    assert caught.value.field == "record_type"


# Priority


@pytest.mark.parametrize(
    ("record_type", "priority"), [("MX", 0), ("MX", 65535), ("SRV", 10), ("A", None), ("URI", None)]
)
def test_priority_accepted(record_type: str, priority: int | None) -> None:
    records.check_priority(record_type, priority)


@pytest.mark.parametrize(
    ("record_type", "priority", "detail"),
    [
        ("MX", None, "MX records require a priority value"),
        ("SRV", None, "SRV records require a priority value"),
        ("MX", -1, "The priority must be an integer from 0 to 65535."),
        ("MX", 65536, "The priority must be an integer from 0 to 65535."),
        ("MX", True, "The priority must be an integer from 0 to 65535."),
        ("MX", 10.0, "The priority must be an integer from 0 to 65535."),
        ("MX", "10", "The priority must be an integer from 0 to 65535."),
        ("A", 10, "A records have no priority; leave it out, or send null."),
        ("TXT", 0, "TXT records have no priority; leave it out, or send null."),
    ],
)
def test_priority_refused(record_type: str, priority: Any, detail: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        records.check_priority(record_type, priority)
    assert (caught.value.field, caught.value.detail) == ("priority", detail)


# Values: what comes back

ACCEPTED = [
    ("A", "192.0.2.1", "192.0.2.1"),
    ("A", " 192.0.2.1 ", "192.0.2.1"),
    ("AAAA", "2001:0db8::1", "2001:db8::1"),
    ("AAAA", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
    ("AAAA", "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    ("AAAA", "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("AAAA", "::", "::"),
    ("AAAA", "::1", "::1"),
    ("AAAA", "::ffff:c000:201", "::ffff:192.0.2.1"),
    ("AAAA", "::ffff:192.0.2.1", "::ffff:192.0.2.1"),
    ("CNAME", "Example.NET.", "example.net"),
    ("CNAME", "_dmarc.example.net", "_dmarc.example.net"),
    ("CNAME", "1.0/25.2.0.192.in-addr.arpa.", "1.0/25.2.0.192.in-addr.arpa"),
    ("CNAME", "bücher.example", "xn--bcher-kva.example"),
    ("MX", "mail.example.com", "mail.example.com"),
    ("MX", "mail_1.example.com.", "mail_1.example.com"),
    ("MX", ".", "."),
    ("NS", "NS1.example.net.", "ns1.example.net"),
    ("SRV", "10 5060 sip.example.com", "10 5060 sip.example.com"),
    ("SRV", "0010  05060 SIP.example.com.", "10 5060 sip.example.com"),
    ("SRV", "0 0 .", "0 0 ."),
    ("CAA", '0 issue "letsencrypt.org"', '0 issue "letsencrypt.org"'),
    ("CAA", "128 ISSUE letsencrypt.org", '128 issue "letsencrypt.org"'),
    ("CAA", '0 issue ";"', '0 issue ";"'),
    ("CAA", '0 issue ""', '0 issue ""'),
    ("CAA", '0 issue "ca.example; a=b"', '0 issue "ca.example; a=b"'),
    ("CAA", '0 iodef "mailto:é@example.com"', '0 iodef "mailto:\\195\\169@example.com"'),
    ("PTR", "host.example.net", "host.example.net."),
    ("PTR", "Host.example.net.", "host.example.net."),
    ("TLSA", f"3 1 1 {SHA256.upper()}", f"3 1 1 {SHA256}"),
    ("TLSA", f"( 3 1 1 {SHA256[:32]} {SHA256[32:]} )", f"3 1 1 {SHA256}"),
    ("SMIMEA", f"3 1 1 {SHA256}", f"3 1 1 {SHA256}"),
    ("SSHFP", f"4 2 {SHA256}", f"4 2 {SHA256}"),
    ("DS", f"12345 ECDSAP256SHA256 2 {SHA256}", f"12345 13 2 {SHA256}"),
    ("NAPTR", '100 10 u E2U+sip "!^.*$!sip:i@example.com!" .', '100 10 "u" "E2U+sip" "!^.*$!sip:i@example.com!" .'),
    ("NAPTR", '1 1 "s" "" "" _sip._udp.Example.com', '1 1 "s" "" "" _sip._udp.example.com.'),
    ("NAPTR", '1 1 "u" "x" "!^(.*)$!\\\\1!i" .', '1 1 "u" "x" "!^(.*)$!\\\\1!i" .'),
    ("SVCB", "1 . alpn=h2", '1 . alpn="h2"'),
    ("SVCB", "0 Foo.example.net", "0 foo.example.net."),
    ("SVCB", '1 . dohpath="/dns-query{?dns}" alpn=h2', '1 . alpn="h2" dohpath="/dns-query{?dns}"'),
    ("HTTPS", "1 . port=0443 alpn=h2,h3 ipv6hint=2001:0db8::1", '1 . alpn="h2,h3" port="443" ipv6hint="2001:db8::1"'),
    ("DNAME", "Example.NET", "example.net."),
    ("LOC", "52 22 23 N 4 53 32 E -2m", "52 22 23.000 N 4 53 32.000 E -2.00m"),
    ("LOC", "1 N 1 E 0.29m", "1 0 0.000 N 1 0 0.000 E 0.29m"),
    ("LOC", "1 N 1 E 0m 0.29m", "1 0 0.000 N 1 0 0.000 E 0.00m 0.20m 10000.00m 10.00m"),
    ("URI", '10 1 "https://www.example.com/"', '10 1 "https://www.example.com/"'),
    ("OPENPGPKEY", "mQENBFVH m5sBCADQ", "mQENBFVHm5sBCADQ"),
    ("HINFO", "ARM64 LINUX", '"ARM64" "LINUX"'),
    ("TXT", "v=spf1 include:_spf.google.com ~all", "v=spf1 include:_spf.google.com ~all"),
    ("TXT", "", ""),
    ("TXT", '""', ""),
    ("TXT", '"a"', "a"),
    ("TXT", '"a b"', "a b"),
    ("TXT", '"a" "b"', '"a" "b"'),
    ("TXT", '"a""b"', '"a" "b"'),
    ("TXT", ' "a"\n', "a"),
    ("TXT", '"a\\"b"', 'a"b'),
    ("TXT", '"a\\\\b"', "a\\b"),
    ("TXT", '"\\195\\169"', "é"),
    ("TXT", '"\\é"', "é"),
    ("TXT", '"\\255"', '"\\255"'),
    ("TXT", '"\\000"', '"\\000"'),
    ("TXT", '"\\237\\160\\128"', '"\\237\\160\\128"'),  # a surrogate is no UTF-8
    ("TXT", '" \\"a\\" "', '" \\"a\\" "'),  # raw, it would be read as one quoted string
    ("TXT", '"\\"a"', '"\\"a"'),
    ("TXT", '"abc', '"\\"abc"'),  # starts with a quote and is no quoted string: raw, answered quoted
    ("TXT", '"a" b', '"\\"a\\" b"'),
    ("TXT", 'a "b"', 'a "b"'),
    ("TXT", "a\\b\\065", "a\\b\\065"),  # a backslash is a backslash
    ("TXT", "a;b(c)$d@e", "a;b(c)$d@e"),
    ("TXT", "a\r\nb\tc\x01\x7f", "a\r\nb\tc\x01\x7f"),
    ("TXT", "  a  ", "  a  "),
    ("TXT", '"" ""', '"" ""'),
    ("TXT", f'"{"a" * 255}" "b"', f"{'a' * 255}b"),
    ("TXT", "é" * 200, "é" * 200),
    ("TXT", "a" * 64_000, "a" * 64_000),
]


@pytest.mark.parametrize(("record_type", "value", "answer"), ACCEPTED)
def test_accepted(record_type: str, value: str, answer: str) -> None:
    assert canonical(record_type, value) == answer
    assert canonical(record_type, answer) == answer


@pytest.mark.parametrize(("record_type", "value", "answer"), ACCEPTED)
def test_rendered_on_one_line_of_ascii(record_type: str, value: str, answer: str) -> None:
    data = rdata(record_type, answer)
    assert data.rdtype == dns.rdatatype.from_text(record_type)
    assert data.to_text().isprintable()
    assert data.to_text().isascii()
    assert reparsed(data) == data
    assert records.digest(reparsed(data)) == records.digest(data)


def test_every_type_has_a_case() -> None:
    assert {record_type for record_type, _, _ in ACCEPTED} == set(records.TYPES)


@pytest.mark.parametrize(
    ("record_type", "value", "reason"),
    [
        ("A", "", "empty"),
        ("A", " ", "empty"),
        ("A", "192.0.2", "IPv4"),
        ("A", "192.0.2.01", "IPv4"),
        ("A", "192.0.2.256", "IPv4"),
        ("A", "3221225985", "IPv4"),
        ("A", "0xc0.0.2.1", "IPv4"),
        ("A", "2001:db8::1", "IPv4"),
        ("A", "192.0.2.1\nevil 300 IN A 192.0.2.66", "U+000A"),
        ("A", "١٩٢.0.2.1", "IPv4"),
        ("AAAA", "192.0.2.1", "IPv6"),
        ("AAAA", "fe80::1%eth0", "zone id"),
        ("AAAA", "2001:db8::1/64", "IPv6"),
        ("AAAA", ":::", "IPv6"),
        ("CNAME", "www", "www.example.com"),
        ("CNAME", ".", "root"),
        ("CNAME", "192.0.2.1", "A or AAAA"),
        ("CNAME", "a.example.net b", "space"),
        ("MX", "mail", "mail.example.com"),
        ("MX", "192.0.2.1", "IP address"),
        ("MX", "2001:db8::1", "IP address"),
        ("MX", "10 mail.example.com", "own field"),
        ("NS", "ns1", "ns1.example.com"),
        ("NS", "192.0.2.1", "IP address"),
        ("NS", ".", "root"),
        ("SRV", "sip.example.com", "weight, port"),
        ("SRV", "10 10 5060 sip.example.com", "own field"),
        ("SRV", "10 65536 sip.example.com", "65535"),
        ("SRV", "-1 5060 sip.example.com", "65535"),
        ("SRV", "1 ５０６０ sip.example.com", "65535"),
        ("SRV", "1 " + "9" * 5000 + " sip.example.com", "65535"),
        ("SRV", "10 5060 sip", "sip.example.com"),
        ("SRV", "10 5060 192.0.2.1", "IP address"),
        ("CAA", "0 issue", "0 issue"),
        ("CAA", "0 issue ca.example; a=b", "double quotes"),
        ("CAA", "256 issue ca.example", "8-bit"),
        ("CAA", "0 is-sue ca.example", "alphanumeric"),
        ("CAA", '0 issue "a" "b"', "CAA"),
        ("CAA", '0 issue "a', "CAA"),
        ("CAA", "9" * 5000 + " issue a", "CAA"),
        ("PTR", "host", "host.example.com"),
        ("PTR", ".", "root"),
        ("PTR", "192.0.2.1", "IP address"),
        ("DNAME", ".", "root"),
        ("TLSA", "3 1 1 abc", "TLSA"),
        ("TLSA", "3 1 1 ab", "length"),
        ("SSHFP", "4 2 ab", "length"),
        ("DS", "1 8 2 ab", "length"),
        ("DS", "0 0 0 00", "reserved"),
        ("NAPTR", '1 1 "u" "x" "!(a!b!" .', "regular expression"),
        ("NAPTR", '1 1 "u" "x" "!a!\\\\1!" .', "regular expression"),
        ("NAPTR", '1 1 "u" "x" "" a', "a.example.com"),
        ("SVCB", "0 . alpn=h2", "SVCB"),
        ("SVCB", "1 . alpn=h2 alpn=h3", "SVCB"),
        ("SVCB", "1 . mandatory=port alpn=h2", "mandatory"),
        ("SVCB", "1 . dohpath=foo", "dohpath"),
        ("SVCB", "1 . key7=foo", "dohpath"),
        ("SVCB", "1 . dohpath", "dohpath"),
        ("HTTPS", "1 host", "host.example.com"),
        ("LOC", "91 N 1 E 1m", "LOC"),
        ("LOC", "1 N 1 E nanm", "LOC"),
        ("LOC", "1 N 1 E 1e999m", "LOC"),
        ("LOC", "1 N 1 E 99999999m", "LOC"),
        ("LOC", "1 N 1 E 1m -1m", "LOC"),
        ("URI", '1 1 ""', "URI"),
        ("OPENPGPKEY", "!!!", "OPENPGPKEY"),
        ("HINFO", "one", "HINFO"),
        ("HINFO", f'"{"a" * 256}" ""', "HINFO"),
        ("URI", '1 1 "' + "a" * 300_000 + '"', "longer"),
        ("TXT", '"\\300"', "three digits"),
        ("TXT", '"\\12"', "three digits"),
        ("TXT", '"\\1x2"', "three digits"),
        ("TXT", f'"{"a" * 256}"', "255"),
        ("TXT", "a" * 64_001, "64000"),
        ("TXT", "é" * 32_001, "64000"),
        ("TXT", '"" ' * 65_000, "64000"),
        ("TXT", "a\0", "U+0000"),
        ("TXT", '"\ud800"', "surrogate"),
    ],
)
def test_refused(record_type: str, value: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        canonical(record_type, value)
    assert caught.value.field == "value"
    assert reason in caught.value.detail


@pytest.mark.parametrize("record_type", records.TYPES)
@pytest.mark.parametrize("value", ["\0", "\ud800"])
def test_no_type_takes_nul_or_surrogates(record_type: str, value: str) -> None:
    with pytest.raises(InvalidInput):
        canonical(record_type, value)


@st.composite
def near_misses(draw: st.DrawFn) -> tuple[str, str]:
    """A type and one of its good values with a piece of it exchanged."""
    record_type, value, _ = draw(st.sampled_from([case for case in ACCEPTED if len(case[1]) < 200]))
    start, length = draw(st.integers(0, len(value))), draw(st.integers(0, 4))
    piece = draw(st.one_of(st.text(max_size=6), st.text(' "\\.,;()=@$0123456789abn-', max_size=6)))
    return record_type, value[:start] + piece + value[start + length :]


@given(near_misses())
def test_any_value_is_refused_or_stays(case: tuple[str, str]) -> None:
    record_type, value = case
    try:
        answer = canonical(record_type, value)
    except InvalidInput:
        return
    assert canonical(record_type, answer) == answer
    data = rdata(record_type, answer)
    assert data.to_text().isprintable()
    assert reparsed(data) == data


def test_stored_value_that_is_not_valid() -> None:
    with pytest.raises(InvalidInput):
        records.rdata("MX", "mail.example.com", None)


# TXT


@given(st.lists(st.binary(max_size=255), min_size=1, max_size=5))
def test_txt_of_any_strings(strings: list[bytes]) -> None:
    answer = txt.written(tuple(strings))
    assert txt.strings(answer) == tuple(strings)
    assert canonical("TXT", answer) == answer


@given(st.text(max_size=600))
def test_txt_of_any_text(text: str) -> None:
    if "\0" in text:
        return
    answer = canonical("TXT", text)
    assert canonical("TXT", answer) == answer
    if not text.lstrip(" \t\r\n").startswith('"'):
        assert answer == text
        assert b"".join(txt.strings(text)) == text.encode()


@given(st.text('"\\ \n01a', max_size=12))
def test_txt_of_quotes_and_backslashes(text: str) -> None:
    try:
        answer = canonical("TXT", text)
    except InvalidInput:
        return
    assert canonical("TXT", answer) == answer
    assert txt.strings(answer) == txt.strings(text)


@given(st.lists(st.binary(max_size=255), min_size=1, max_size=5))
def test_txt_rendered(strings: list[bytes]) -> None:
    data = rdata("TXT", txt.written(tuple(strings)))
    assert data.to_text().isascii()
    assert data.to_text().isprintable()
    assert reparsed(data) == data


def test_txt_is_cut_at_255_octets() -> None:
    assert [len(string) for string in txt.strings("é" * 256)] == [255, 255, 2]
    assert txt.strings("a" * 255) == (b"a" * 255,)
    assert txt.strings("") == (b"",)


def test_hostile_txt_takes_no_time() -> None:
    started = time.perf_counter()
    for text in ('"' * 500_000, '"\\' * 250_000, '"a" ' * 15_000 + "x", "\\" * 60_000, '"' + "\\a" * 250_000):
        with pytest.raises(InvalidInput):
            records.canonical_value("TXT", text + "y" * 64_000, None, ZONE)
    assert time.perf_counter() - started < 5


# NAPTR


@pytest.mark.parametrize(
    ("expression", "sound"),
    [
        ("", True),
        ("!^.*$!sip:info@example.com!", True),
        ("!^(\\+49)(.*)$!\\2\\1!i", True),
        ("/^[[:digit:]]+$/x/", True),
        ("!a\\!b!c!", True),
        ("!a!!", True),
        ("!a{1,3}!b!", True),
        ("!a!b", False),
        ("!a!b!x", False),
        ("!a!b!c!", False),
        ("!!b!", False),
        ("!a!\\1!", False),
        ("!(a)!\\0!", False),
        ("iaibi", False),
        ("1a1b1", False),
        ("\\a\\b\\", False),
        ("!(?:a)!b!", False),
        ("!a*?!b!", False),
        ("!a++!b!", False),
        ("!(a|)!b!", False),
        ("!a{256}!b!", False),
        ("![a!b!", False),
        ("!a!b!\0", False),
    ],
)
def test_naptr_expressions_as_named_judges_them(expression: str, sound: bool) -> None:
    assert naptr.is_sound(expression.encode()) is sound


# Rdata


def test_new_svcb_keys_are_rendered_for_an_older_named() -> None:
    answer = canonical("HTTPS", "1 . alpn=h2 ohttp")
    assert answer == '1 . alpn="h2" ohttp'
    assert rdata("HTTPS", answer).to_text().startswith("\\# ")


@pytest.mark.parametrize(
    ("record_type", "one", "other"),
    [("CNAME", "a.example.net", "A.Example.NET."), ("AAAA", "2001:db8::1", "2001:DB8::0001"), ("TXT", "a", '"a"')],
)
def test_digest_of_equal_records(record_type: str, one: str, other: str) -> None:
    digests = {records.digest(rdata(record_type, canonical(record_type, value))) for value in (one, other)}
    assert len(digests) == 1


def test_digest_tells_priorities_apart() -> None:
    assert records.digest(records.rdata("MX", ".", 0)) != records.digest(records.rdata("MX", ".", 1))


@pytest.mark.parametrize(
    ("record_type", "value", "length"),
    [("A", "192.0.2.1", 4), ("MX", "a.bc", 2 + 6), ("MX", ".", 3), ("TXT", "", 1), ("TXT", "a" * 256, 258)],
)
def test_rdata_length(record_type: str, value: str, length: int) -> None:
    assert records.rdata_length(rdata(record_type, value)) == length


def test_names_in_rdata_are_absolute() -> None:
    assert rdata("CNAME", "www.example.net").to_text() == "www.example.net."
    assert rdata("SRV", "1 2 a.example.net").to_text() == "10 1 2 a.example.net."
    assert rdata("MX", ".").to_text() == "10 ."
    assert rdata("A", "192.0.2.1").rdclass == dns.rdataclass.IN
