"""Check zone files with BIND's own tools, by the rules the nameservers' named.conf has.

`named-checkzone -k warn -i local` beside `check-names primary ignore` in named.conf; its default, `-i full`,
asks the network. A whole batch is one `named-checkconf -z`, which names each bad zone and goes on.
"""

import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import dns.exception
import dns.zone

from nameserver import checkzone, scratch
from nameserver.agent import names, tools
from nameserver.agent.errors import AgentError
from nameserver.errors import CheckerMissing
from nameserver.render import ZoneFile, counted
from nameserver.zone import Problem, Severity, verdict

_TIMEOUT = 20.0
_FEW = 300  # records that dnspython counts in less time than named-checkzone takes to start
_BATCH_SPEED = 500  # zones a second; it checks 26,000 when idle
_CONFIGURATION = """\
options {{ directory "{folder}"; check-names primary warn; check-sibling yes;
max-records-per-type 200; max-types-per-name 200; }};
"""

# What a checker prints about the file it was given. Lines about other files are dropped: an $INCLUDE would
# otherwise carry their content into the report.
_LINE = re.compile(r"(?P<source>dns_\w+: )?(?:/dev/stdin|(?:\S*/)?(?P<file>\d+)\.zone):(?P<number>\d+): (?P<words>.+)")
_ZONE = re.compile(r"zone (?P<zone>\S+)/IN: (?P<words>.+)")
_LOADED = re.compile(r"loaded serial \d+")
_FAILED = re.compile(r"loading from master file \S+ failed: (.+)")


class Checker:
    """Runs the checkers; found on PATH, /usr/sbin and /sbin. `prepare` makes the next check of one zone quick."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` is where the files to check are written; None: where the system has its temporary files."""
        self._folder = folder
        if folder is not None:
            scratch.sweep(folder)
        self._ready: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Start a named-checkconf that waits for its input: starting it is most of the time of a check.

        Raises CheckerMissing.
        """
        if self._ready is None:
            self._ready = _started([_find("named-checkconf"), "-z", "/dev/stdin"])

    def close(self) -> None:
        """End what `prepare` started."""
        if self._ready is not None:
            self._ready.communicate(b"")
            self._ready = None

    @cached_property
    def version(self) -> str:
        """The version of BIND that checks. Raises CheckerMissing."""
        return _run([_find("named-checkzone"), "-v"], _TIMEOUT, b"").stdout.decode(errors="replace").strip()[:100]

    def check_zone(self, domain: str, file: ZoneFile) -> list[Problem]:
        """The problems of one zone file. Raises CheckerMissing."""
        if self._ready is not None and file.records <= _FEW and self._quick(domain, file):
            return []
        return self._checkzone(domain, file)

    def check_zones(self, files: Mapping[str, ZoneFile]) -> dict[str, list[Problem]]:
        """The problems of each zone of a batch, none for a good one. Raises CheckerMissing.

        Those that the checker said anything about, and those that may hold other records than they should, are
        checked again one by one.
        """
        problems: dict[str, list[Problem]] = {domain: [] for domain in files}
        bad, noted = self._checkconf({domain: file.content for domain, file in files.items()})
        for domain, file in files.items():
            if domain in bad or domain in noted or counted(file.content) != file.records:
                problems[domain] = self._checkzone(domain, file)
                if domain in bad and verdict(problems[domain]) != "error":
                    problems[domain].append(_error("named-checkconf does not load the zone."))
        return problems

    def _quick(self, domain: str, file: ZoneFile) -> bool:
        """Is the zone without a fault? If not, the long way tells what it is."""
        waiting, self._ready = self._ready, None
        assert waiting is not None and waiting.stdin is not None  # noqa: PT018  `check_zone` looked
        with scratch.folder(self._folder) as folder:
            (folder / "0.zone").write_bytes(file.content)
            quoted = names.parse(domain).quoted
            clause = f'zone {quoted} {{ type primary; file "{folder}/0.zone"; }};\n'
            configuration = (_CONFIGURATION.format(folder=folder) + clause).encode()
            try:
                stdin, waiting.stdin = waiting.stdin, None
                with stdin:
                    stdin.write(configuration)
                parsed = _parsed(domain, file.content)  # while the checker works
                output, _ = waiting.communicate(timeout=_TIMEOUT)
            except (OSError, subprocess.TimeoutExpired):
                waiting.kill()
                waiting.communicate()
                return False
        bad, noted = _sorted_out(output.decode(errors="replace"), [domain])
        return not waiting.returncode and not bad and not noted and parsed == file.records

    def _checkzone(self, domain: str, file: ZoneFile) -> list[Problem]:
        # A first hyphen would be taken for an option.
        name = re.sub(r"^-", r"\\045", names.parse(domain).text)
        options = ("-k", "warn", "-i", "local", "-D", "-s", "full", "-o", "-")
        done = _run([_find("named-checkzone"), *options, name, "/dev/stdin"], _TIMEOUT, file.content)
        problems = said(domain, done.stderr, failed=bool(done.returncode))
        if not done.returncode and (loaded := _count(done.stdout)) != file.records:
            detail = f"The zone file loads as {loaded} records instead of {file.records}."
            mend = "Look for a record that stands twice, or that is not in this zone."
            problems.append(Problem("record-count", Severity.ERROR, detail, mend=mend))
        return problems

    def _checkconf(self, zones: Mapping[str, bytes]) -> tuple[set[str], set[str]]:
        """The zones that do not load, and those about which anything was said."""
        program = _find("named-checkconf")
        domains = list(zones)
        with scratch.folder(self._folder) as folder:
            configuration = _tree(folder, domains, zones)
            done = _run([program, "-z", str(configuration)], _TIMEOUT + len(zones) / _BATCH_SPEED, b"")
        return _sorted_out((done.stdout + done.stderr).decode(errors="replace"), domains)


def _started(argv: Sequence[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        raise CheckerMissing(f"{argv[0]} cannot be run: {error.strerror}.") from error


def _parsed(domain: str, content: bytes) -> int | None:
    """How many records dnspython reads in a zone file; None when it reads none of it."""
    try:
        zone = dns.zone.from_text(content.decode(), f"{domain}.", relativize=False, check_origin=False)
    except (dns.exception.DNSException, ValueError, KeyError):
        return None
    return sum(len(rdataset) for _, rdataset in zone.iterate_rdatasets())


def _find(name: str) -> str:
    try:
        return tools.find(name)
    except AgentError as error:
        raise CheckerMissing from error


def _run(argv: Sequence[str], timeout: float, content: bytes) -> subprocess.CompletedProcess[bytes]:
    """A checker that does not end in time has failed: the zone is held, not published unchecked."""
    try:
        return subprocess.run(argv, input=content, capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        words = b"/dev/stdin:1: the check did not end in time"
        return subprocess.CompletedProcess(argv, 1, b"", words)
    except OSError as error:
        raise CheckerMissing(f"{argv[0]} cannot be run: {error.strerror}.") from error


def _tree(folder: Path, domains: Sequence[str], zones: Mapping[str, bytes]) -> Path:
    clauses = [_CONFIGURATION.format(folder=folder)]
    for number, domain in enumerate(domains):
        (folder / f"{number}.zone").write_bytes(zones[domain])
        clauses.append(f'zone {names.parse(domain).quoted} {{ type primary; file "{number}.zone"; }};\n')
    configuration = folder / "named.conf"
    configuration.write_text("".join(clauses))
    return configuration


def _sorted_out(output: str, domains: Sequence[str]) -> tuple[set[str], set[str]]:
    by_text = {names.parse(domain).text: domain for domain in domains}
    bad, noted = set(domains), set[str]()
    for line in output.splitlines():
        if (match := _ZONE.fullmatch(line)) and (domain := by_text.get(match["zone"])):
            (bad.discard if _LOADED.match(match["words"]) else noted.add)(domain)
        elif (match := _LINE.fullmatch(line)) and match["file"] and int(match["file"]) < len(domains):
            noted.add(domains[int(match["file"])])
    return bad, noted


def _count(dump: bytes) -> int:
    """Records in a dump of style `full`: one a line, quoted newlines escaped."""
    return sum(1 for line in dump.splitlines() if line and not line.startswith(b";"))


def said(domain: str, output: bytes, failed: bool) -> list[Problem]:
    """What named-checkzone, or named-compilezone, printed about /dev/stdin as problems."""
    lines = output.decode(errors="replace").splitlines()
    found = (problem for line in lines if (problem := _problem(domain, line, failed)))
    problems = list(dict.fromkeys(found))
    if failed and verdict(each for each in problems if each.rule != checkzone.OUT_OF_ZONE) != "error":
        problems.append(_reason(lines))
    return problems


def _problem(domain: str, line: str, failed: bool) -> Problem | None:
    if match := _LINE.fullmatch(line):
        number, severe = int(match["number"]), match["source"] is not None
        return checkzone.problem(domain, match["words"], failed, number, severe)
    if (match := _ZONE.fullmatch(line)) and not _quiet(match["words"]):
        return checkzone.problem(domain, match["words"], failed)
    return None


def _quiet(words: str) -> bool:
    """Lines that only say how it ended."""
    return bool(_LOADED.match(words) or _FAILED.match(words) or words.startswith("not loaded due to errors"))


def _reason(lines: Iterable[str]) -> Problem:
    reasons = (match[1] for line in lines if (match := _FAILED.search(line)))
    return _error(f"The zone does not load: {next(reasons, 'the checker gave no reason').rstrip('.')}.")


def _error(detail: str) -> Problem:
    return Problem(checkzone.UNKNOWN, Severity.ERROR, detail)
