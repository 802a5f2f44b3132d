"""The table of named-checkzone's messages, each brought about with the real tool, alone and in a batch."""

import pytest

from nameserver import checkzone
from nameserver.check import Checker
from nameserver.locate import located
from nameserver.records import Record
from nameserver.render import ZoneFile
from nameserver.zone import Problem, Zone
from tests.nameservers import installed, zone_file

pytestmark = pytest.mark.skipif(not installed(), reason="BIND is not installed")

DOMAIN = "a.example"
# Lines of a zone, and the rules that must be told with their severities.
TABLE = {
    "MX to a CNAME": ("@ 60 IN MX 1 al.a.example.|al 60 IN CNAME x.b.example.", "warning target-is-alias"),
    "SRV to a CNAME": ("_s._tcp 60 IN SRV 0 0 1 al.a.example.|al 60 IN CNAME x.b.example.", "warning target-is-alias"),
    "NS to a CNAME": ("sub 60 IN NS al.a.example.|al 60 IN CNAME x.b.example.", "warning target-is-alias"),
    "apex NS to a CNAME": ("@ 3600 IN NS al.a.example.|al 60 IN CNAME x.b.example.", "error target-is-alias"),
    "MX below a DNAME": ("@ 60 IN MX 1 x.d.a.example.|d 60 IN DNAME b.example.", "warning target-below-dname"),
    "glue": ("sub 60 IN NS ns.sub.a.example.", "warning missing-glue"),
    "sibling glue": (
        "sub 60 IN NS ns.sib.a.example.|sib 60 IN NS ns.b.example.", "warning missing-sibling-glue"),
    "MX without address": ("@ 60 IN MX 1 m.a.example.", "warning target-without-address"),
    "SRV without address": ("_s._tcp 60 IN SRV 0 0 1 m.a.example.", "warning target-without-address"),
    "NS without address": ("sub 60 IN NS ns.a.example.", "warning target-without-address"),
    "apex NS without address": ("@ 3600 IN NS ns.a.example.", "error target-without-address"),
    "underscore": ("foo_bar 60 IN A 192.0.2.1", "warning owner-not-hostname"),
    "underscore as target": ("@ 60 IN MX 1 a_b.b.example.", "warning target-not-hostname"),
    "MX is an address": ("@ 60 IN MX 1 192.0.2.1.", "warning target-is-address"),
    "TTLs": ("x 60 IN A 192.0.2.1|x 61 IN A 192.0.2.2", "warning ttl-differs"),
    "TTL too high": ("x 4000000000 IN A 192.0.2.1", "error ttl-too-high"),
    "CNAME and others": ("x 60 IN A 192.0.2.1|x 60 IN CNAME b.example.", "error cname-not-alone"),
    "two CNAMEs": ("x 60 IN CNAME b.example.|x 60 IN CNAME c.example.", "error more-than-one"),
    "wildcard NS": ("*.x 60 IN NS ns.b.example.", "error wildcard-ns"),
    "DS at the apex": ("@ 60 IN DS 1 13 2 " + "00" * 32, "error above-the-apex"),
    "out of zone": ("x.b.example. 60 IN A 192.0.2.1", "error out-of-zone", "error record-count"),
    "inner wildcard": ("x.*.y 60 IN TXT z", "warning inner-wildcard"),
    "unknown type": ("x 60 IN NOSUCH 1", "error unknown-type"),
    "not an address": ("x 60 IN A 300.1.1.1", "error not-readable"),
    "too much": ("x 60 IN A 192.0.2.1 5", "error not-readable"),
    "too little": ("x 60 IN DS 1 8 2 aa", "error not-readable"),
    "open quote": ('x 60 IN TXT "abc', "error not-readable"),
    "empty label": ("x..y 60 IN A 192.0.2.1", "error not-readable"),
    "other class": ("x 60 CH A 192.0.2.1", "error not-readable"),
}  # fmt: skip


def told(problems: list[Problem]) -> list[str]:
    return list(dict.fromkeys(f"{problem.severity.value} {problem.rule}" for problem in problems))


@pytest.mark.parametrize("kind", TABLE)
def test_message_is_known(kind: str) -> None:
    """By the words of this BIND; the batch says the same; sentence and mend are whole."""
    lines, *expected = TABLE[kind]
    content = zone_file(DOMAIN, 1, extra=lines.replace("|", "\n") + "\n")
    file = ZoneFile(content, 3 + lines.count("|"))
    problems = Checker().check_zone(DOMAIN, file)
    assert told(problems) == expected
    assert Checker().check_zones({DOMAIN: file, "b.example": ZoneFile(zone_file("b.example", 1), 2)}) == {
        DOMAIN: problems,
        "b.example": [],
    }
    for problem in problems:
        assert problem.mend
        assert problem.detail.endswith(".")
        assert "{" not in problem.detail + problem.mend


def test_every_rule_of_the_table_is_tried() -> None:
    """But for those that this BIND says only of what our lines cannot hold."""
    tried = {rule.split()[1] for _, *rules in TABLE.values() for rule in rules}
    rare = {"ds-deprecated", "identical-records", "apex-records", "no-ttl", "soa-elsewhere"}
    assert {message.rule for message in checkzone._MESSAGES} - tried == rare


def test_unknown_words_are_told() -> None:
    problem = checkzone.problem(DOMAIN, "something new.", failed=True, line=3)
    assert (problem.rule, problem.severity.value, problem.words) == ("named-checkzone", "error", "something new")
    assert checkzone.problem(DOMAIN, "something new", failed=False).severity.value == "warning"


@pytest.mark.parametrize(
    ("record", "beside"),
    [
        (Record("r", "foo_bar", "A", 60, "192.0.2.1"), ()),
        (Record("r", "@", "MX", 60, "al.a.example", 7), (Record("o", "al", "CNAME", 60, "x.b.example"),)),
        (Record("r", "_s._t", "SRV", 60, "0 1 m.a.example", 7), (Record("o", "_s._t", "SRV", 60, "0 2 b.example", 7),)),
        (Record("r", "@", "NS", 3600, "ns.a.example"), (Record("o", "@", "NS", 3600, "ns.b.example"),)),
        (Record("r", "sub", "NS", 60, "ns.sub.a.example"), (Record("o", "sub", "NS", 60, "ns.b.example"),)),
        (Record("r", "x", "CNAME", 60, "y.b.example"), (Record("o", "x", "A", 60, "192.0.2.1"),)),
    ],
    ids=lambda value: value.name + value.type if isinstance(value, Record) else "",
)  # fmt: skip
def test_the_record_is_found(record: Record, beside: tuple[Record, ...]) -> None:
    """By the line of the file, or by the owner, type and target that the checker names."""
    from nameserver.gate import Gate
    from nameserver.render import Renderer
    from nameserver.zone import Authority
    from tests.nameservers import TEMPLATES

    good = tuple(Record(f"g{number}", f"h{number}", "A", 60, "192.0.2.9") for number in range(5))
    zone = Zone("u", DOMAIN, 1, (*good, *beside, record))
    [checked] = Gate(Renderer(TEMPLATES), Checker(), Authority(("ns1.dns.test",), "h.dns.test")).check([zone])
    [problem] = checked.problems
    assert problem.record == record
    assert located(zone, b"", [problem]) == [problem]
