"""Domains, owner names and host names: what is accepted, in which form, and why the rest is refused."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nameserver import names
from nameserver.errors import InvalidInput

ZONE = "example.com"
LABEL_63 = "a" * 63
LONGEST = ".".join([LABEL_63, LABEL_63, LABEL_63, "a" * 61])  # 253 octets


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("example.com", "example.com"),
        ("EXAMPLE.Com", "example.com"),
        ("example.com.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.Example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("straße.de", "xn--strae-oqa.de"),  # IDNA 2008 keeps the ß that IDNA 2003 made ss
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("ｅｘａｍｐｌｅ．com", "example.com"),
        ("corp.internal", "corp.internal"),
        ("github.io", "github.io"),  # a suffix of the private section only
        ("example.co.uk", "example.co.uk"),
        ("home.arpa", "home.arpa"),
        ("a.home.arpa", "a.home.arpa"),
        ("2.0.192.in-addr.arpa", "2.0.192.in-addr.arpa"),
        ("8.b.d.0.1.0.0.2.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"),
        ("0/25.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa"),
        ("0-127.2.0.192.in-addr.arpa", "0-127.2.0.192.in-addr.arpa"),
        ("_acme-challenge.example.com", "_acme-challenge.example.com"),
        ("_sip._tcp.example.com", "_sip._tcp.example.com"),
        ("3com.com", "3com.com"),
        ("xn--i-7iq.ws", "xn--i-7iq.ws"),  # an emoji: registered, though not in IDNA 2008
        (LONGEST, LONGEST),
    ],
)
def test_domain_accepted(text: str, domain: str) -> None:
    assert names.canonical_domain(text) == domain
    assert names.canonical_domain(domain) == domain


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (".", "empty label"),
        ("localhost", "two labels"),
        ("com", "two labels"),
        ("co.uk", "public suffix"),
        ("in-addr.arpa", "public suffix"),
        ("xn--55qx5d.cn", "public suffix"),
        ("_tcp.co.uk", "public suffix"),
        ("_tcp.com", "two labels"),
        ("192.0.2.1", "IP address"),
        ("192.0.2.1.", "IP address"),
        ("１９２.0.2.1", "IP address"),
        ("2001:db8::1", "IP address"),
        ("[2001:db8::1]", "IP address"),
        ("192.0.2.256", "number"),
        ("https://example.com/", "URL"),
        ("example.com/path", "not allowed"),
        ("example.com:53", "not allowed"),
        ("user@example.com", "not allowed"),
        ("exam ple.com", "space"),
        (" example.com", "space"),
        ("example.com\u00a0", "space"),
        ("example..com", "empty label"),
        ("example.com..", "empty label"),
        (".example.com", "empty label"),
        ("-a.example.com", "hyphen"),
        ("a-.example.com", "hyphen"),
        ("a_b.com", "not allowed"),
        ("www._tcp.example.com", "may only lead"),
        ("_.example.com", "not allowed"),
        ("*.example.com", "not allowed"),
        ("0/25.example.com", "not allowed"),
        ("a\\.example.com", "not allowed"),
        ("a$b.com", "not allowed"),
        (f"{LABEL_63}a.com", "longer than 63"),
        ("ü" * 60 + ".com", "not valid"),
        (f"{LONGEST}a", "253"),
        ("a." * 300 + "com", "253"),
        ("a" * 2000, "253"),
        ("exa\nmple.com", "U+000A"),
        ("exa\0mple.com", "U+0000"),
        ("exa\x7fmple.com", "U+007F"),
        ("exa\ud800mple.com", "surrogate"),
        ("xn--.com", "A-label"),
        ("xn--zzzzzz9999.com", "A-label"),
        ("☃️❤.com", "IDNA 2008"),
        ("a\u2028b.com", "U+2028"),
    ],
)
def test_domain_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        names.canonical_domain(text)
    assert caught.value.field == "domain"
    assert reason in caught.value.detail


@pytest.mark.parametrize("text", ["vps.org", "a.vps.org", "A.B.VPS.org."])
def test_domain_reserved(text: str) -> None:
    with pytest.raises(InvalidInput, match="reserved"):
        names.canonical_domain(text, reserved=["VPS.org."])
    assert names.canonical_domain("notvps.org", reserved=["vps.org"]) == "notvps.org"


def test_exempt_names_may_be_public_suffixes() -> None:
    assert names.canonical_domain("co.uk", exempt=["Co.UK."]) == "co.uk"
    with pytest.raises(InvalidInput, match="public suffix"):
        names.canonical_domain("home.arpa", exempt=[])


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("@", "@"),
        ("www", "www"),
        ("WWW", "www"),
        ("www.example.com", "www"),
        ("www.example.com.", "www"),
        ("WWW.Example.COM.", "www"),
        ("example.com", "@"),
        ("example.com.", "@"),
        ("a.b", "a.b"),
        ("notexample.com", "notexample.com"),
        ("example.org", "example.org"),
        ("com", "com"),
        ("*", "*"),
        ("*.a", "*.a"),
        ("*.example.com.", "*"),
        ("_dmarc", "_dmarc"),
        ("_sip._tcp", "_sip._tcp"),
        ("a_b", "a_b"),
        ("0/25", "0/25"),
        ("-a-", "-a-"),  # DNS allows it (RFC 2181, section 11) and so does check-names ignore
        ("r3---sn", "r3---sn"),
        ("bücher", "xn--bcher-kva"),
        ("bücher.example.com", "xn--bcher-kva"),
        ("192.0.2.1", "192.0.2.1"),  # labels like any others
        ("example.com._report._dmarc", "example.com._report._dmarc"),
        ("in", "in"),
        ("3600", "3600"),
        (LABEL_63, LABEL_63),
    ],
)
def test_owner_accepted(text: str, owner: str) -> None:
    assert names.canonical_owner(text, ZONE) == owner
    assert names.canonical_owner(owner, ZONE) == owner


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "@"),
        (".", "empty label"),
        ("www.", "outside"),
        ("www.example.org.", "outside"),
        ("notexample.com.", "outside"),
        ("a..b", "empty label"),
        ("www.example.com..", "empty label"),
        ("a.*", "leftmost"),
        ("*.*", "leftmost"),
        ("a*", "leftmost"),
        ("**", "leftmost"),
        ("a b", "space"),
        ("a\tb", "U+0009"),
        ("a\nb", "U+000A"),
        ("a\0", "U+0000"),
        ("a\udfff", "surrogate"),
        ("a;b", "';'"),
        ('a"b', "'\"'"),
        ("a(b", "'('"),
        ("$ttl", "'$'"),
        ("@.a", "'@'"),
        ("a\\b", "\\"),
        ("a\\046b", "\\"),
        ("https://a", "URL"),
        ("_bücher", "IDNA 2008"),
        ("xn--zzzzzz9999", "A-label"),
        ("example.com.example.com", "twice"),
        ("www.example.com.example.com.", "twice"),
        ("a" * 64, "longer than 63"),
        (f"{LABEL_63}.{LABEL_63}.{LABEL_63}.{'a' * 50}", "253"),
    ],
)
def test_owner_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        names.canonical_owner(text, ZONE)
    assert caught.value.field == "name"
    assert reason in caught.value.detail


def test_the_whole_name_has_253_octets_at_most() -> None:
    longest = f"{LABEL_63}.{LABEL_63}.{LABEL_63}.{'a' * 49}"
    assert len(names.absolute(names.canonical_owner(longest, ZONE), ZONE)) == 253
    with pytest.raises(InvalidInput, match="254"):
        names.canonical_owner(longest + "a", ZONE)


owner_texts = st.lists(st.text(string.ascii_letters + string.digits + "-_/ü", min_size=1, max_size=12), min_size=1)


@given(st.one_of(st.text(max_size=40), owner_texts.map(".".join), owner_texts.map(lambda ls: "*." + ".".join(ls))))
def test_owner_read_again_is_the_same(text: str) -> None:
    try:
        owner = names.canonical_owner(text, ZONE)
    except InvalidInput:
        return
    assert names.canonical_owner(owner, ZONE) == owner
    assert names.canonical_owner(names.absolute(owner, ZONE) + ".", ZONE) == owner
    assert owner.isascii()
    assert owner == owner.lower()


@given(st.text(max_size=40))
def test_domain_read_again_is_the_same(text: str) -> None:
    try:
        domain = names.canonical_domain(text)
    except InvalidInput:
        return
    assert names.canonical_domain(domain) == domain


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("mail.example.com", "mail.example.com"),
        ("Mail.Example.COM.", "mail.example.com"),
        ("_dmarc.example.net", "_dmarc.example.net"),
        ("1.0/25.2.0.192.in-addr.arpa.", "1.0/25.2.0.192.in-addr.arpa"),
        ("bücher.example.", "xn--bcher-kva.example"),
        ("-a-.example.net", "-a-.example.net"),
    ],
)
def test_host_accepted(text: str, host: str) -> None:
    assert names.canonical_host(text, ZONE) == host
    assert names.canonical_host(host, ZONE) == host


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("mail", "mail.example.com"),
        ("mail.", "mail.example.com"),
        ("@", "example.com"),
        (".", "root"),
        ("", "empty"),
        ("192.0.2.1", "IP address"),
        ("192.0.2.1.", "IP address"),
        ("2001:db8::1", "IP address"),
        ("192.0.2.300", "number"),
        ("https://example.com", "URL"),
        ("a..b", "empty label"),
        ("*.example.com", "'*'"),
        ("a b.example.com", "space"),
        ("a;b.example.com", "';'"),
        (f"{LABEL_63}a.example.com", "longer than 63"),
        (f"a.{LONGEST}", "253"),
        ("a\nb.example.com", "U+000A"),
    ],
)
def test_host_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        names.canonical_host(text, ZONE)
    assert caught.value.field == "value"
    assert reason in caught.value.detail


def test_root_where_it_is_allowed() -> None:
    assert names.canonical_host(".", ZONE, root_allowed=True) == "."


def test_relations_between_names() -> None:
    assert names.absolute("@", ZONE) == ZONE
    assert names.absolute("*.a", ZONE) == "*.a.example.com"
    assert names.ancestors("a.b.c") == ("b.c", "c")
    assert names.ancestors("c") == ()
    assert names.is_below("a.b.c", "c")
    assert not names.is_below("c", "c")
    assert not names.is_below("ab.c", "b.c")
