"""What a zone file says is what both nameservers serve, and what comes out again."""

from collections.abc import Callable
from pathlib import Path

import dns.rdatatype
import dns.zone
import pytest

from tests.stack import Stack

Domain = Callable[[], str]
HEAD = (
    "$TTL 3600\n@ IN SOA ns.elsewhere.test. host.elsewhere.test. 7 7200 900 1209600 300\n@ IN NS ns.elsewhere.test.\n"
)
EVERY_TYPE = r"""
@ MX 10 mail
@ TXT "v=spf1 -all" "; \" \\ \000\255"
@ CAA 0 issue "ca.example.net"
mail A 192.0.2.25
mail AAAA 2001:db8::25
www 60 CNAME mail
*.wild A 192.0.2.9
_sip._tcp SRV 1 2 5060 mail
25 PTR mail
_25._tcp.mail TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
host SSHFP 4 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
naptr NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:a@example.net!" .
svc SVCB 1 mail alpn=h2 port=8443
web HTTPS 1 . alpn=h3
old DNAME example.net.
place LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
uri URI 10 1 "https://example.net/"
machine HINFO "x86" "Linux"
"""
# The structure of the root zone: delegations with addresses of their nameservers, and some with DS.
DELEGATIONS = "".join(
    f"tld{number} 172800 NS a.nic.tld{number}\ntld{number} 172800 NS b.nic.tld{number % 40}\n"
    f"a.nic.tld{number} 172800 A 192.0.2.{number % 256}\na.nic.tld{number} 172800 AAAA 2001:db8::{number:x}\n"
    + (f"b.nic.tld{number} 172800 A 198.51.100.{number}\n" if number < 40 else "")
    + f"tld{number} 86400 DS {number} 13 2 {number:064x}\n"
    for number in range(1500)
)


def said(text: str, domain: str) -> set[tuple[str, int, str]]:
    """Every record of a zone file as dnspython reads it, but for SOA and the apex NS set, which are ours."""
    zone = dns.zone.from_text(text, f"{domain}.", relativize=False, check_origin=False)
    return {
        (name.to_text(), ttl, rdata.to_generic().to_text())
        for name, ttl, rdata in zone.iterate_rdatas()
        if rdata.rdtype != dns.rdatatype.SOA and not (rdata.rdtype == dns.rdatatype.NS and name == zone.origin)
    }


@pytest.mark.parametrize(
    "content", [EVERY_TYPE, pytest.param(DELEGATIONS, marks=pytest.mark.long)], ids=["types", "delegations"]
)
def test_file_is_what_is_served_and_what_comes_out(shared: Stack, domain: Domain, tmp_path: Path, content: str) -> None:
    name = domain()
    file = tmp_path / f"{name}.zone"
    file.write_text(HEAD + content)
    made = shared.cli("zone", "import", str(file), "--account", "operator@zonewright.test", "--yes", "--wait", "60")
    assert made.returncode == 0, made.stdout + made.stderr
    differs = shared.cli("drift", name, "--deep", "--no-repair")
    assert differs.returncode == 0, differs.stdout + differs.stderr  # by transfer, from both
    exported = shared.cli("zone", "export", name)
    assert exported.returncode == 0, exported.stderr
    assert said(exported.stdout, name) == said(HEAD + content, name)
