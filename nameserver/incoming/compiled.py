"""A zone file in whatever form, brought by named-compilezone to one record a line, with absolute names.

It reads what every reader of zone files must ($ORIGIN, $TTL, $GENERATE, parentheses, omitted owners, classes and TTLs)
exactly as named would, 15 times as fast as dnspython.
"""

import os
import re
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from nameserver.agent import names, tools
from nameserver.agent.errors import AgentError
from nameserver.check import said
from nameserver.checkzone import OUT_OF_ZONE
from nameserver.errors import CheckerMissing, InvalidInput
from nameserver.incoming.directives import Directives, directives
from nameserver.zone import Problem, Severity

_SECONDS = 120.0
_MOST_WORDS = 1 << 20  # of what the program says
_LEAST, _TIMES = 64 << 20, 16  # octets that may come of a file: so many, or so many times its own
_LINES = 10  # to a record: a signed zone has some five
_QUIET = ("-k", "-n", "-m", "-M", "-S", "-r", "-W")  # our own rules say what these would
_OPTIONS = ("-f", "text", "-F", "text", "-s", "full", "-i", "none")
_DEPTH = 10
_APEX = ("SOA", "NS")


@dataclass(frozen=True, slots=True)
class Compiled:
    """One record a line; `notes` are the problems that did not keep the file from being read."""

    lines: str
    notes: tuple[Problem, ...]
    directives: Directives


def compiled(domain: str, content: bytes, most: int, root: Path | None = None) -> Compiled:
    """Read a zone file. `most` records may come of its $GENERATE; $INCLUDE takes files below `root` only.

    Raises InvalidInput("file") with the line and what to do; CheckerMissing.
    """
    if content.count(b"\n") > _LINES * most:
        raise InvalidInput("file", f"The file has over {_LINES * most} lines, and a zone may have {most} records.")
    found = directives(content)
    _check_generated(found, most)
    _check_includes(found, root, most, _DEPTH)
    output, words, failed = _run(domain, content, root)
    problems = said(domain, words, failed)
    if failed:
        raise InvalidInput("file", _refusal(problems))
    return Compiled(output.decode("ascii"), tuple(problems), found)


def _check_generated(found: Directives, most: int) -> None:
    made = 0
    for line, count in found.generated:
        made += count
        if made > most:
            raise InvalidInput("file", f"Line {line}: $GENERATE would make {made} records; at most {most} are allowed.")


def _check_includes(found: Directives, root: Path | None, most: int, depth: int) -> None:
    for line, name in found.includes:
        if root is None:
            mend = "put the records of that file in its place"
            raise InvalidInput("file", f"Line {line}: $INCLUDE is not followed here; {mend}.")
        _check_includes(_included(root, name, line, depth, most), root, most, depth - 1)


def _included(root: Path, name: str, line: int, depth: int, most: int) -> Directives:
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file() or not depth:
        raise InvalidInput("file", f"Line {line}: $INCLUDE {name} is no file below {root}.")
    found = directives(path.read_bytes())
    _check_generated(found, most)
    return found


def _run(domain: str, content: bytes, root: Path | None) -> tuple[bytes, bytes, bool]:
    """What the program made and said, and whether it failed. Its output is never more than it may be."""
    name = re.sub(r"^-", r"\\045", names.parse(domain).text)
    argv = [_program(), *_OPTIONS, *(word for each in _QUIET for word in (each, "ignore")), "-o", "-"]
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as words:
        source.write(content if content.endswith(b"\n") else content + b"\n")
        source.seek(0)
        argv += [name, "/dev/stdin"]
        with subprocess.Popen(argv, cwd=root or os.sep, stdin=source, stdout=subprocess.PIPE, stderr=words) as process:
            output = _bounded(process, max(_LEAST, _TIMES * len(content)))
        words.seek(0)
        return output, words.read(_MOST_WORDS), bool(process.returncode)


def _bounded(process: subprocess.Popen[bytes], most: int) -> bytes:
    assert process.stdout is not None
    timer = threading.Timer(_SECONDS, process.kill)
    timer.start()
    output = process.stdout.read(most + 1)
    if len(output) > most:
        process.kill()
        timer.cancel()
        raise InvalidInput("file", f"The zone would take more than {most >> 20} MiB as records; split it.")
    process.wait()
    timer.cancel()
    return output


def _program() -> str:
    try:
        return tools.find("named-compilezone")
    except AgentError as error:
        raise CheckerMissing from error


def _refusal(problems: list[Problem]) -> str:
    errors = [each for each in problems if each.severity is Severity.ERROR and each.rule != OUT_OF_ZONE]
    if errors[0].rule == "apex-records":
        missing = [what for what in _APEX if any(f"{what} record" in (each.words or "") for each in errors)]
        return (
            f"A zone file has an SOA record and NS records at the zone's own name; here the {' and '.join(missing)}"
            f" record{'s are' if missing != ['SOA'] else ' is'} missing: add {'them' if missing != ['SOA'] else 'it'}."
        )
    more = f" ({len(errors) - 1} more lines have errors.)" if len(errors) > 1 else ""
    return sentence(errors[0]) + more


def sentence(problem: Problem) -> str:
    """The problem with the line it is on and what to do."""
    where = f"Line {problem.line}: " if problem.line else ""
    return f"{where}{problem.detail} {problem.mend or ''}".strip()
