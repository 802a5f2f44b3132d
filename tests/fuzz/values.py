"""Strategies for names and values: right ones, strange ones, and right ones with something strange in them."""

import base64
import ipaddress
import string
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from nameserver.records import TYPES

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
STRANGE = (
    "a0.-_*@/\\\"';()$#%&+=,{}[]<>|~^`! \t\r\n\x00\x01\x1b\x7f"
    "\x80\xa0\xad\xb7\xdf\xe9\u0130\u0131\u017fK\u0391\u03c2\u058a\u0660\u3002\uff0e\uff61\u200b\u200d\u202e\u2028\ufeff\uffff\U0001f642"
)

# One right value of each type, for the loops over all characters; MX and SRV have a priority besides.
EXAMPLE = {
    "A": "192.0.2.1",
    "AAAA": "2001:db8::1",
    "CNAME": "host.example.org",
    "MX": "mail.example.org",
    "TXT": "some text",
    "NS": "ns.example.org",
    "SRV": "10 5060 sip.example.org",
    "CAA": '0 issue "letsencrypt.org"',
    "PTR": "host.example.org",
    "TLSA": "3 1 1 " + "0a" * 32,
    "SSHFP": "4 2 " + "0b" * 32,
    "DS": "12345 13 2 " + "0c" * 32,
    "NAPTR": '100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .',
    "SVCB": '1 svc.example.org alpn="h2" port="53"',
    "HTTPS": '1 . alpn="h2,h3" ipv4hint="192.0.2.1"',
    "DNAME": "example.org",
    "LOC": "52 22 23.000 N 4 53 32.000 E -2.00m 1.00m 10000.00m 10.00m",
    "URI": '10 1 "https://www.example.org/"',
    "SMIMEA": "3 1 1 " + "0d" * 32,
    "OPENPGPKEY": "mQENBFVHm5sBCAD=".replace("=", "A"),
    "HINFO": '"ARM64" "LINUX"',
}
assert tuple(EXAMPLE) == TYPES

_U16 = st.one_of(st.sampled_from([0, 1, 255, 256, 65535]), st.integers(0, 65535))
_U8 = st.one_of(st.sampled_from([0, 1, 2, 3, 13, 255]), st.integers(0, 255))
_LABELS = ["a", "b", "www", "_sip", "_tcp", "_dns", "x-y", "1", "0/25", "xn--bcher-kva", "bücher", "EXAMPLE", "l" * 63]
_label = st.one_of(
    st.sampled_from(_LABELS), st.text(string.ascii_lowercase + string.digits + "-_/", min_size=1, max_size=9)
)


def _joined(parts: SearchStrategy[list[str]], by: str = " ") -> SearchStrategy[str]:
    return parts.map(by.join)


#: Host names: absolute ones, with and without the final dot.
hosts = st.tuples(
    _joined(st.lists(_label, min_size=1, max_size=3), "."), st.sampled_from([".example.org", ".zone.", "."])
).map("".join)
any_text = st.one_of(
    st.text(max_size=20),
    st.text(STRANGE, max_size=20),
    st.text(PRINTABLE, max_size=30),
    st.binary(max_size=20).map(lambda octets: octets.decode("latin-1")),
)
_inside = st.lists(
    st.sampled_from([*PRINTABLE, *'\\";é', "\\000", "\\010", "\\034", "\\092", "\\255", '\\"', "\\;"]), max_size=20
).map("".join)
_quoted = _inside.map(lambda text: '"' + text + '"')
_word = st.one_of(_quoted, st.text(string.ascii_letters + string.digits, min_size=1, max_size=12))
_hex = st.binary(min_size=0, max_size=40).map(bytes.hex)
_digest = st.one_of(*(st.binary(min_size=size, max_size=size).map(bytes.hex) for size in (20, 32, 48, 64)), _hex)
_numbers = st.integers(0, 65535).map(str)
_long_text = st.tuples(st.text(STRANGE + "ab", min_size=1, max_size=30), st.integers(1, 60)).map(
    lambda of: of[0] * of[1]
)
_PARAMS = [
    "alpn=h2",
    "alpn=h2,h3",
    'alpn="h2,h3"',
    'alpn="a\\\\,b,h2"',
    "alpn=",
    'alpn=""',
    "no-default-alpn",
    "no-default-alpn=1",
    "port=53",
    "port=0",
    "port=65536",
    "ipv4hint=192.0.2.1",
    "ipv4hint=192.0.2.1,192.0.2.2",
    "ipv4hint=",
    "ipv6hint=2001:db8::1",
    "ipv6hint=::ffff:1.2.3.4",
    "ech=AEj+",
    "ech=",
    "mandatory=alpn",
    "mandatory=alpn,port",
    "mandatory=port,alpn",
    "mandatory=ipv4hint",
    "mandatory=mandatory",
    "mandatory=key65535",
    "dohpath=/dns-query{?dns}",
    "dohpath=/",
    "ohttp",
    "docpath=a,b",
    "docpath",
    "key0=a",
    "key1=h2",
    "key1=\\002h2",
    "key2",
    "key3=\\000\\053",
    "key4=\\192\\000\\002\\001",
    "key5=x",
    "key7=/{?dns}",
    "key8",
    "key9=\\001a",
    "key667=hello",
    'key667="\\000\\255"',
    "key667",
    "key65280=x",
    "key65535",
    "key65535=x",
    "key65536=x",
    "KEY667=x",
    "foo=bar",
    "alpn=h2;port",
]
_param = st.one_of(
    st.sampled_from(_PARAMS),
    st.tuples(st.integers(0, 70000), _word).map(lambda of: f"key{of[0]}={of[1]}"),
)
_binding = st.tuples(
    st.sampled_from(["0", "1", "1", "2", "65535"]),
    st.one_of(st.just("."), hosts),
    _joined(st.lists(_param, max_size=5)),
).map(lambda parts: " ".join(parts).strip())
_regexp = st.one_of(
    st.sampled_from(
        [
            "",
            "!^.*$!sip:info@example.com!",
            "!^(.*)$!sip:\\\\1@x!i",
            "!(!x!",
            "!a!\\\\9!",
            "/a/b/",
            "!!!",
            "1a1b1",
            "!a\\000!b!",
        ]
    ),
    _inside,
)
_degrees = st.tuples(
    st.integers(0, 90),
    st.integers(0, 60),
    st.sampled_from(["0", "59.999", "60", "1.0005", "23.29"]),
    st.sampled_from("NS"),
    st.integers(0, 181),
    st.integers(0, 59),
    st.sampled_from(["0", "59.999", "0.001"]),
    st.sampled_from("EW"),
    st.sampled_from(["-100000.00m", "0m", "42849672.95m", "0.29m", "-2m", "1e3m", "nanm"]),
)
_sizes = st.lists(
    st.sampled_from(["0m", "1m", "0.01m", "10000m", "90000000m", "12345.67m", "9e9m", "0.05m", "0.99m"]), max_size=3
)
_loc = st.tuples(_degrees, _sizes).map(lambda of: " ".join(map(str, (*of[0], *of[1]))))
_generic = st.binary(max_size=24).map(lambda octets: f"\\# {len(octets)} {octets.hex()}")

_VALID: dict[str, SearchStrategy[str]] = {
    "A": st.ip_addresses(v=4).map(str),
    "AAAA": st.ip_addresses(v=6).map(str),
    "CNAME": hosts,
    "MX": hosts,
    "TXT": st.one_of(any_text, _long_text, _joined(st.lists(_quoted, min_size=1, max_size=4)), _inside),
    "NS": hosts,
    "SRV": st.tuples(_numbers, _numbers, hosts).map(" ".join),
    "CAA": st.tuples(_U8.map(str), st.sampled_from(["issue", "ISSUEWILD", "iodef", "x1"]), _word).map(" ".join),
    "PTR": hosts,
    "TLSA": st.tuples(_U8, _U8, _U8, _digest).map(lambda of: " ".join(map(str, of))),
    "SSHFP": st.tuples(_U8, _U8, _digest).map(lambda of: " ".join(map(str, of))),
    "DS": st.tuples(_U16, _U8, st.integers(0, 6), _digest).map(lambda of: " ".join(map(str, of))),
    "NAPTR": st.tuples(_U16, _U16, _word, _word, _regexp, st.one_of(st.just("."), hosts)).map(
        lambda of: f'{of[0]} {of[1]} {of[2]} {of[3]} "{of[4]}" {of[5]}'
    ),
    "SVCB": _binding,
    "HTTPS": _binding,
    "DNAME": hosts,
    "LOC": _loc,
    "URI": st.tuples(_U16.map(str), _U16.map(str), _word).map(" ".join),
    "SMIMEA": st.tuples(_U8, _U8, _U8, _digest).map(lambda of: " ".join(map(str, of))),
    "OPENPGPKEY": st.binary(min_size=1, max_size=60).map(lambda octets: base64.b64encode(octets).decode()),
    "HINFO": st.tuples(_word, _word).map(" ".join),
}


@st.composite
def _damaged(draw: Any, whole: SearchStrategy[str]) -> str:
    """A value with something put in, taken out or put twice."""
    text = draw(whole)
    at = draw(st.integers(0, len(text)))
    how = draw(st.sampled_from(["in", "out", "twice", "line"]))
    if how == "in":
        return text[:at] + draw(st.sampled_from(STRANGE)) + text[at:]
    if how == "out":
        return text[:at] + text[at + 1 :]
    if how == "line":
        return text[:at] + draw(
            st.sampled_from(["\nx IN A 192.0.2.66\n", " ( ) ", " ; x", "\\010x", '" "', "$INCLUDE /etc/passwd"])
        )
    return text + draw(st.sampled_from([" ", "", "\n"])) + text


def values(kind: str) -> SearchStrategy[str]:
    """Values of one type; most are right."""
    right = _VALID[kind]
    return st.one_of(right, right, right, st.just(EXAMPLE[kind]), _damaged(right), _generic, any_text)


_NAMES = [
    "@",
    "a",
    "b",
    "a.b",
    "*",
    "*.a",
    "*.a.b",
    "_x._tcp",
    "c.a.b",
    "0/25",
    "_dns",
    "A.B",
    "bücher",
    "foo_bar",
    "l" * 63,
]
names = st.one_of(
    st.sampled_from(_NAMES),
    st.sampled_from(_NAMES),
    _joined(st.lists(_label, min_size=1, max_size=3), "."),
    _damaged(st.sampled_from(_NAMES)),
    any_text,
)
ttls = st.one_of(st.none(), st.sampled_from([0, 1, 300, 3600, 2**31 - 1]), st.integers(0, 2**31 - 1))
priorities = st.one_of(st.sampled_from([0, 1, 10, 65535]), st.integers(0, 65535))


@st.composite
def records(draw: Any, kinds: tuple[str, ...] = TYPES) -> dict[str, Any]:
    """The body of a record."""
    kind = draw(st.sampled_from(kinds))
    body = {"record_type": kind, "name": draw(names), "value": draw(values(kind))}
    if (ttl := draw(ttls)) is not None:
        body["ttl"] = ttl
    if kind in ("MX", "SRV"):
        body["priority"] = draw(priorities)
    return body


def spellings_of_address(octets: bytes) -> list[str]:
    """One IPv6 address in several ways."""
    address = ipaddress.IPv6Address(octets)
    low = ipaddress.IPv4Address(octets[12:])
    groups = address.exploded.split(":")
    return [
        str(address),
        address.exploded,
        address.exploded.upper(),
        ":".join(f"{int(group, 16):x}" for group in groups),
        ":".join([*groups[:6], str(low)]),
        f" {address} ",
    ]
