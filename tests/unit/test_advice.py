"""Our own advice: each rule with a zone that breaks it and one that does not."""

import pytest

from nameserver.advice import advise, outside
from nameserver.advice.mail import dmarc_fault
from nameserver.advice.targets import exists, with_above
from nameserver.records import Record
from nameserver.zone import Severity, Zone

DOMAIN = "a.example"


def zone(*lines: str) -> Zone:
    records = []
    for number, line in enumerate(lines):
        name, type_, value = line.split(" ", 2)
        priority = 10 if type_ in ("MX", "SRV") else None
        records.append(Record(str(number), name, type_, 300, value, priority))
    return Zone("u", DOMAIN, 1, tuple(records))


def found(*lines: str, missing: tuple[str, ...] = ()) -> list[tuple[str, int]]:
    """The rules that are broken, with the number of the line."""
    problems = advise(zone(*lines), missing)
    assert {problem.severity for problem in problems} <= {Severity.WARNING}
    assert all(problem.mend and problem.detail.endswith(".") for problem in problems)
    return [(problem.rule, int(problem.record.uuid)) for problem in problems if problem.record]


TEN = " ".join(f"include:s{number}.example.net" for number in range(10))
EACH = "a a/24 a:x.example mx mx:y.example ptr exists:z.example ?include:w.example -a redirect=v.example"
BROKEN = {
    "dangling in the zone": (["x CNAME gone.a.example"], [("dangling-target", 0)]),
    "two SPF": (["@ TXT v=spf1 -all", "@ TXT v=SPF1 mx"], [("spf-twice", 1)]),
    "eleven look-ups": ([f"@ TXT v=spf1 {TEN} ~mx -all"], [("spf-lookups", 0)]),
    "each kind of look-up": ([f"@ TXT v=spf1 {EACH} +mx"], [("spf-lookups", 0)]),
    "include from this zone": (
        ["@ TXT v=spf1 include:_s.a.example -all", f"_s TXT v=spf1 {TEN} -all"],
        [("spf-lookups", 0)],
    ),
    "redirect into this zone": (
        ["b TXT v=spf1 redirect=_S.A.example.", f"_s TXT v=spf1 {TEN} -all"],
        [("spf-lookups", 0)],
    ),
    "SPF in quoted strings": ([f'@ TXT "v=spf1 {TEN[:100]}" "{TEN[100:]} mx"'], [("spf-lookups", 0)]),
    "two DMARC": (["_dmarc TXT v=DMARC1; p=none", "_dmarc TXT v=DMARC1;p=reject"], [("dmarc-twice", 1)]),
    "DMARC without policy": (["_dmarc TXT v=DMARC1"], [("dmarc-syntax", 0)]),
    "DMARC of a subdomain": (["_dmarc.b TXT p=none"], [("dmarc-syntax", 0)]),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_broken(kind: str) -> None:
    lines, rules = BROKEN[kind]
    assert found(*lines) == rules


SOUND = {
    "a target that exists": ["x CNAME y.a.example", "y A 192.0.2.1"],
    "the apex": ["x CNAME a.example"],
    "an empty non-terminal": ["x CNAME y.a.example", "z.y A 192.0.2.1"],
    "a wildcard": ["x CNAME y.w.a.example", "*.w A 192.0.2.1"],
    "a delegation": ["x CNAME y.sub.a.example", "sub NS ns.example.net"],
    "what named-checkzone says": ["@ MX gone.a.example"],
    "another zone": ["x CNAME gone.example.net"],
    "ten look-ups": [f"@ TXT v=spf1 {TEN} ip4:192.0.2.0/24 ip6:2001:db8::/32 exp=e.example -all"],
    "ten of each kind": [f"@ TXT v=spf1 {EACH} ip4:192.0.2.1 all"],
    "a loop of includes": ["@ TXT v=spf1 include:_s.a.example -all", "_s TXT v=spf1 include:a.example -all"],
    "SPF at different names": ["@ TXT v=spf1 -all", "b TXT v=spf1 -all"],
    "no SPF": ["@ TXT v=spf10 x", "@ TXT v=spf1x", "@ TXT other"],
    "DMARC": ["_dmarc TXT v=DMARC1; p=reject; sp=none; adkim=s; aspf=r; pct=50; fo=1:d; rua=mailto:a@b.example!10m;"],
    "no TXT at _dmarc": ["_dmarc CNAME x.example.net"],
}


@pytest.mark.parametrize("kind", SOUND)
def test_sound(kind: str) -> None:
    assert found(*SOUND[kind]) == []


@pytest.mark.parametrize("line", ["x CNAME gone.example.net", "@ MX gone.example.net", "s NS gone.example.net"])
def test_dangling_outside(line: str) -> None:
    assert found(line, missing=("gone.example.net",)) == [("dangling-target", 0)]
    assert found(line, missing=("other.example.net",)) == []


def test_names_outside() -> None:
    lines = ["a CNAME x.example.net", "@ MX .", "@ MX b.a.example", "_s._tcp SRV 1 2 y.example.net", "t TXT z.example"]
    assert outside(zone(*lines, "c CNAME a.example")) == {"x.example.net", "y.example.net"}


@pytest.mark.parametrize(
    ("name", "owners", "cuts", "there"),
    [
        ("x", {"x"}, (), True),
        ("x", {"y.x"}, (), True),
        ("x", {"*"}, (), True),
        ("y.x", {"*"}, (), True),
        ("y.x", {"*", "x"}, (), False),  # RFC 4592: x exists, so *.x would be asked for
        ("y.x", {"*", "z.x"}, (), False),
        ("y.x", {"*.x"}, (), True),
        ("y.x", {"x"}, {"x"}, True),
        ("yx", {"x"}, {"x"}, False),
        ("@", set(), (), True),
    ],
)
def test_existing_names(name: str, owners: set[str], cuts: set[str], there: bool) -> None:
    assert exists(name, with_above(owners), cuts) is there


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("v=DMARC1; p=none", None),
        ("v = DMARC1 ; p = NONE ;", None),
        ("v=DMARC1; rua=mailto:a@b.example", None),
        ("v=DMARC1; p=none; rua=mailto:a@b.example,mailto:c@d.example", None),
        ("v=DMARC1; p=none; unknown=1", None),
        ("v=dmarc1; p=none", "begin"),
        ("p=none; v=DMARC1", "begin"),
        ("v=DMARC1 p=none", "begin"),
        ("", "begin"),
        ("v=DMARC1", "p is missing"),
        ("v=DMARC1; p", "no tag=value"),
        ("v=DMARC1; p=no", "the tag p"),
        ("v=DMARC1; p=none; pct=101", "the tag pct"),
        ("v=DMARC1; p=none; adkim=x", "the tag adkim"),
        ("v=DMARC1; p=none; rua=a@b.example", "the tag rua"),
        ("v=DMARC1; p=none; p=reject", "twice"),
    ],
)
def test_dmarc(text: str, fault: str | None) -> None:
    said = dmarc_fault(text)
    assert (fault in said) if fault and said else said is fault
