"""The table of rules: every test that it names exists, and every file of the contract's tests is in it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "reference" / "rules.md"


def rules() -> list[tuple[str, list[str]]]:
    """Each row: the rule, and the tests named for it."""
    rows = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    cells = [re.split(r"(?<!\\)\|", line)[1:3] for line in rows]
    return [(rule.strip(), re.findall(r"`([^`]+)`", tests)) for rule, tests in cells if rule.strip() != "rule"]


def found_in(name: str) -> set[str]:
    """The tests of a file that pytest would run."""
    tree = ast.parse((ROOT / name).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def whole(name: str) -> str:
    return name if "/" in name else f"tests/contract/{name}"


@pytest.mark.parametrize(("rule", "named"), rules(), ids=lambda each: each[:40] if isinstance(each, str) else "")
def test_rule_has_its_tests(rule: str, named: list[str]) -> None:
    assert named, f"no test holds: {rule}"
    for each in named:
        file, _, test = each.partition("::")
        assert test in found_in(whole(file)), f"there is no {each}"


def test_table_is_read() -> None:
    """A table that the expression above no longer matches would hold nothing."""
    assert len(rules()) > 80
    assert len({rule for rule, _ in rules()}) == len(rules())


def test_every_file_of_the_contract_is_in_the_table() -> None:
    named = {whole(each.partition("::")[0]) for _, tests in rules() for each in tests}
    files = {f"tests/contract/{path.name}" for path in (ROOT / "tests" / "contract").glob("test_*.py")}
    assert sorted(files - named) == []


def test_what_is_not_yet_built_is_told() -> None:
    text = TABLE.read_text()
    assert "gunicorn" in text.partition("## Not yet")[2]
