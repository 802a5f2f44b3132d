"""A zone with a problem in each record: found in one walk over the records, and told in a report that can be read."""

from collections.abc import Iterator

import pytest

from api.changes.checks import as_json
from nameserver import checkzone
from nameserver.advice import advise
from nameserver.advice.targets import exists, with_above
from nameserver.locate import located
from nameserver.records import Record
from nameserver.zone import Problem, Severity, Zone, reason

DOMAIN = "a.example"
MANY = 200


class Walked(tuple[Record, ...]):
    """Records that count how often they are gone through."""

    walks = 0

    def __iter__(self) -> Iterator[Record]:
        Walked.walks += 1
        return super().__iter__()


class Unwalked(set[str]):
    """Names that are looked up, and never gone through."""

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("gone through")


def test_records_are_found_in_a_few_walks() -> None:
    records = Walked(Record(str(each), f"h{each}", "MX", 60, f"m{each}.{DOMAIN}", 10) for each in range(MANY))
    words = (f"h{each}.{DOMAIN}/MX 'm{each}.{DOMAIN}' has no address records (A or AAAA)" for each in range(MANY))
    problems = [checkzone.problem(DOMAIN, each, failed=False) for each in words]
    Walked.walks = 0
    found = located(Zone("u", DOMAIN, 1, records), b"", problems)
    assert [each.record and each.record.uuid for each in found] == [str(each) for each in range(MANY)]
    assert Walked.walks < 10


@pytest.mark.parametrize(("name", "there"), [("x.y", True), ("y", True), ("z.x.y", False), ("q.w", True)])
def test_whether_a_name_exists_is_looked_up(name: str, there: bool) -> None:
    assert exists(name, Unwalked(with_above(["x.y", "*.w"])), ()) is there


def test_records_that_include_each_other_are_counted_to_the_limit() -> None:
    """Two look-ups of each in the next would be 2 ** 2001, and one in another a stack as deep."""
    text = "v=spf1 include:s{0}.a.example include:s{0}.a.example"
    records = tuple(Record(str(each), f"s{each}", "TXT", 60, text.format(each + 1)) for each in range(2000))
    found = advise(Zone("u", DOMAIN, 1, records))
    assert [each.rule for each in found] == ["spf-lookups"] * 1998  # the last two take 6 and 2
    assert found[0].detail.startswith("The SPF record of s0.a.example takes more than 10 look-ups;")


def problems(errors: int, warnings: int) -> list[Problem]:
    kinds = [Severity.WARNING] * warnings + [Severity.ERROR] * errors
    return [Problem("r", kind, f"Number {number}.") for number, kind in enumerate(kinds)]


@pytest.mark.parametrize(("errors", "warnings", "named"), [(3, 1500, 3), (1200, 5, 1001)])
def test_the_worst_are_named_and_all_are_counted(errors: int, warnings: int, named: int) -> None:
    told = as_json(problems(errors, warnings))
    assert len(told) == 1001
    assert [each["severity"] for each in told] == ["error"] * named + ["warning"] * (1001 - named)
    assert told[-1]["rule"] == "more-problems"
    assert told[-1]["detail"].startswith(f"There are {errors + warnings} problems, {errors} of them errors;")


def test_a_thousand_are_all_there_are() -> None:
    assert [each["rule"] for each in as_json(problems(0, 1000))] == ["r"] * 1000


def test_reason_of_a_held_zone_is_a_line() -> None:
    assert reason(problems(2, 0)) == "Number 0.; Number 1."
    assert reason(problems(25, 0)).endswith("Number 19.; and 5 more")
