"""The gate: BIND's checkers by the rules of the nameservers' named.conf."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nameserver.check import Checker
from nameserver.errors import CheckerMissing
from nameserver.render import ZoneFile
from nameserver.zone import Problem, Severity
from tests.nameservers import installed, zone_file

pytestmark = pytest.mark.skipif(not installed(), reason="BIND is not installed")


def _errors(problems: list[Problem]) -> list[str]:
    return [problem.detail for problem in problems if problem.severity is Severity.ERROR]


def test_a_good_zone_has_no_problem() -> None:
    assert Checker().check_zone("a.example", ZoneFile(zone_file("a.example", 1, 3), 5)) == []


def test_a_bad_line_is_an_error_without_paths() -> None:
    content = zone_file("a.example", 1, extra="x 60 IN A 300.1.1.1\n")
    [detail] = _errors(Checker().check_zone("a.example", ZoneFile(content, 3)))
    assert detail == "The nameserver cannot read the record's value at 300.1.1.1: bad dotted quad."


def test_an_underscore_is_a_warning() -> None:
    content = zone_file("a.example", 1, extra="foo_bar 60 IN A 192.0.2.1\n")
    [problem] = Checker().check_zone("a.example", ZoneFile(content, 3))
    assert (problem.rule, problem.severity) == ("owner-not-hostname", Severity.WARNING)


def test_a_lost_record_is_an_error() -> None:
    """Twice the same record, or one of another zone, loads as fewer: the file parses, and something is gone."""
    twice = zone_file("a.example", 1, extra="x 60 IN A 192.0.2.1\nx 60 IN A 192.0.2.1\n")
    [problem] = Checker().check_zone("a.example", ZoneFile(twice, 4))
    assert (problem.rule, problem.severity) == ("record-count", Severity.ERROR)
    outside = zone_file("a.example", 1, extra="x.b.example. 60 IN A 192.0.2.1\n")
    assert len(_errors(Checker().check_zone("a.example", ZoneFile(outside, 3)))) == 2
    batch = {"a.example": ZoneFile(outside, 3), "b.example": ZoneFile(zone_file("b.example", 1), 2)}
    assert _errors(Checker().check_zones(batch)["a.example"])


def test_text_over_many_lines_is_counted_once() -> None:
    content = zone_file("a.example", 1, extra='t 60 IN TXT "a\\010b;c" "' + "x" * 255 + '" ";"\n')
    assert Checker().check_zone("a.example", ZoneFile(content, 3)) == []


def test_no_word_of_an_included_file_is_told(tmp_path: Path) -> None:
    """The checker says of a line what it does not understand, and that is the line."""
    (tmp_path / "included").write_text("quokka secret numbat\n")
    content = zone_file("a.example", 1, extra=f"$INCLUDE {tmp_path}/included\n")
    problems = Checker().check_zone("a.example", ZoneFile(content, 3))
    assert _errors(problems)
    assert not [word for word in ("quokka", "secret", "numbat", tmp_path.name) if word in str(problems)]


def test_an_included_file_is_not_told() -> None:
    problems = Checker().check_zone("a.example", ZoneFile(zone_file("a.example", 1, extra="$INCLUDE /etc/passwd\n"), 3))
    assert _errors(problems)
    assert "root" not in str(problems)
    assert "/etc" not in str(problems)


@pytest.mark.parametrize("domain", ["-a.example", r"a\"b.example", "0/25.example", ".".join(["l" * 62] * 4)])
def test_strange_names(domain: str) -> None:
    assert Checker().check_zone(domain, ZoneFile(zone_file(domain, 1), 2)) == []
    assert Checker().check_zones({domain: ZoneFile(zone_file(domain, 1), 2)}) == {domain: []}


def test_a_batch_names_the_bad_zones_and_goes_on() -> None:
    zones = {f"z{number}.example": zone_file(f"z{number}.example", 1) for number in range(100)}
    zones["z7.example"] += b"x 60 IN MX mail\n"
    zones["z8.example"] = b""
    zones["z9.example"] += b"foo_bar 60 IN A 192.0.2.1\n"
    counts = {domain: 3 if domain == "z9.example" else 2 for domain in zones}
    problems = Checker().check_zones({domain: ZoneFile(text, counts[domain]) for domain, text in zones.items()})
    assert list(problems) == list(zones)
    assert [domain for domain in zones if problems[domain]] == ["z7.example", "z8.example", "z9.example"]
    assert [domain for domain in zones if _errors(problems[domain])] == ["z7.example", "z8.example"]


def test_a_zone_cut_short_does_not_pass() -> None:
    content = zone_file("a.example", 1, 50)
    for cut in range(1, len(content) - 1, 97):
        assert _errors(Checker().check_zone("a.example", ZoneFile(content[:cut], 52)))


def test_without_tools_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nameserver.agent.tools._PLACES", (os.devnull,))
    with pytest.raises(CheckerMissing):
        Checker().check_zone("a.example", ZoneFile(b"", 1))
    with pytest.raises(CheckerMissing):
        Checker().check_zones({"a.example": ZoneFile(b"", 1)})


def test_a_prepared_check_says_the_same() -> None:
    """Quick where nothing is wrong; what is wrong is told as by the long way, and the next check is right again."""
    content = zone_file("a.example", 1, 3)
    cases = [
        (content, 5),
        (zone_file("a.example", 1, extra="x 60 IN A 300.1.1.1\n"), 3),
        (zone_file("a.example", 1, extra="foo_bar 60 IN A 192.0.2.1\n"), 3),
        (zone_file("a.example", 1, extra="x 60 IN A 192.0.2.1\nx 60 IN A 192.0.2.1\n"), 4),
        (content, 6),
        (zone_file("a.example", 1, extra="$INCLUDE /etc/passwd\n"), 3),
        (b"nonsense\n", 1),
        (content[: len(content) // 2], 5),
        (b"", 1),
        (content, 5),
    ]
    prepared = Checker()
    for text, records in cases:
        prepared.prepare()
        assert prepared.check_zone("a.example", ZoneFile(text, records)) == Checker().check_zone(
            "a.example", ZoneFile(text, records)
        )
    prepared.prepare()
    prepared.close()


def test_a_prepared_checker_that_died_is_replaced() -> None:
    checker = Checker()
    checker.prepare()
    assert checker._ready is not None
    checker._ready.kill()
    checker._ready.wait()
    assert checker.check_zone("a.example", ZoneFile(zone_file("a.example", 1, 3), 5)) == []


def test_what_a_killed_checker_left_is_removed(tmp_path: Path) -> None:
    """And the folder of one that lives is not."""
    script = (
        "import sys; from pathlib import Path; from nameserver import scratch\n"
        "with scratch.folder(Path(sys.argv[1])) as folder: print(folder, flush=True); sys.stdin.read()"
    )
    argv = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        left = Path(process.stdout.readline().strip())
        checker = Checker(tmp_path)
        assert left.is_dir()
        process.send_signal(signal.SIGKILL)
    checker = Checker(tmp_path)
    checker.prepare()
    assert checker.check_zone("a.example", ZoneFile(zone_file("a.example", 1, 3), 5)) == []
    assert checker.check_zones({"a.example": ZoneFile(zone_file("a.example", 1), 2)}) == {"a.example": []}
    checker.close()
    assert list(tmp_path.iterdir()) == []


INJECTED = {
    "a line": "x 60 IN A 192.0.2.1\nevil 60 IN A 192.0.2.66\n",
    "a blank owner": "x 60 IN A 192.0.2.1\n 60 IN A 192.0.2.66\n",
    "a carriage return": "x 60 IN A 192.0.2.1\r\nevil 60 IN A 192.0.2.66\n",
    "an open quote": 'x 60 IN TXT "a\nevil 60 IN TXT b"\n',
    "a parenthesis": "x 60 IN TXT ( a\n)\nevil 60 IN A 192.0.2.66\n",
    "$GENERATE": "$GENERATE 1-2 x$ 60 IN A 192.0.2.$\n",
    "the same twice": "x 60 IN A 192.0.2.1\nx 60 IN A 192.0.2.1\n",
    "a lost line": "",
}


@pytest.mark.parametrize("kind", INJECTED)
def test_a_batch_notices_records_that_should_not_be_there(kind: str) -> None:
    """Another number of records was to come of it; the zone beside it passes."""
    bad = ZoneFile(zone_file("a.example", 1, extra=INJECTED[kind]), 4 if kind == "the same twice" else 3)
    good = ZoneFile(zone_file("b.example", 1, extra='t 60 IN TXT "a\\010b;(c" "\\""\n'), 3)
    problems = Checker().check_zones({"a.example": bad, "b.example": good})
    assert _errors(problems["a.example"])
    assert problems["b.example"] == []
