"""`python -m bench.importing [--records N] [--runs N] [--database sqlite|postgresql]`: from a file to the database."""

import argparse
import gc
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.changes import imports, zones
from api.cli.writes import intent_of
from api.settings import Settings
from api.store.accounts import account_of
from nameserver.incoming.compiled import compiled
from nameserver.incoming.incoming import incoming
from nameserver.incoming.lines import read
from tests.installation import ALICE, Databases, Installation, PostgresDatabases, SqliteFiles
from tests.postgres import server

_DOMAIN = "example.com"
_HEAD = "@ 3600 IN SOA ns1.zonewright.test. h.zonewright.test. 1 7200 900 1209600 300\n@ 3600 NS ns1.zonewright.test.\n"
# Of a hundred records of a hosting zone: how many are of each kind.
_MIX = {
    "host-{0} 3600 A 10.{1}.{2}.{3}\n": 55,
    "host-{0} 3600 AAAA 2001:db8::{1:x}:{0:x}\n": 20,
    "www-{0} 3600 CNAME host-{0}\n": 10,
    'text-{0} 3600 TXT "v=spf1 include:spf{0}.example.net -all"\n': 7,
    "mail-{0} 3600 MX 10 mx{0}.example.net.\n": 6,
    "_sip._tcp.s{0} 3600 SRV 1 2 5060 sip{0}.example.net.\n": 2,
}


def zone_file(records: int) -> bytes:
    """A zone file of so many records; the same each time."""
    chosen = random.Random(1).choices(list(_MIX), list(_MIX.values()), k=records)
    lines = (each.format(n % 65536, n >> 16 & 255, n >> 8 & 255, n & 255) for n, each in enumerate(chosen))
    return (_HEAD + "".join(lines)).encode()


def main() -> None:
    """Import and delete it again, so many times; print the medians of each part."""
    parser = argparse.ArgumentParser(prog="python -m bench.importing", description="From a zone file to the database.")
    parser.add_argument("--records", type=int, default=65_000, help="how many records the zone has (65000)")
    parser.add_argument("--runs", type=int, default=5, help="how many times (5)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zonewright-bench-") as name, _installed(options, Path(name)) as made:
        content = zone_file(options.records)
        gc.disable()  # as `zonewright zone import` does
        runs = [_run(made, content) for _ in range(options.runs)]
    for number, part in enumerate(_PARTS):
        print(f"{part:24}{_median(run.seconds[number] for run in runs):7.2f} s")
    whole, processor = _median(sum(run.seconds) for run in runs), _median(run.processor for run in runs)
    print(f"{'whole':24}{whole:7.2f} s: {options.records / whole:,.0f} records a second")
    print(f"{'of a processor':24}{processor:7.2f} s: {options.records / processor:,.0f}, were nothing else running")
    load = os.getloadavg()[0]
    print(f"medians of {options.runs} runs, {options.records} records, {options.database}, load {load:.1f}")


_PARTS = ("named-compilezone", "lines to records", "rules, plan, store")
_median = statistics.median


@dataclass(frozen=True, slots=True)
class _Run:
    """The seconds of each part, and those of a processor, named-compilezone's too, for the whole."""

    seconds: tuple[float, float, float]
    processor: float


def _run(made: Installation, content: bytes) -> _Run:
    most, authority = made.settings.records_per_zone, made.settings.authority
    with made.app.app_context():
        intent = intent_of(account_of(ALICE))
        compile_, text = _timed(lambda: compiled(_DOMAIN, content, most).lines)
        parse, _ = _timed(lambda: read(_DOMAIN, text))
        used = _processor()
        zone = incoming(_DOMAIN, content, authority, most)
        store, (_, written) = _timed(
            lambda: imports.bring(made.settings, intent, zone, imports.Mode.CREATE, lambda _, plan: plan)
        )
        used = _processor() - used
        zones.delete(intent, written.zone)
    return _Run((compile_, parse, store), used)


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    made = act()
    return time.perf_counter() - began, made


def _processor() -> float:
    return sum(os.times()[:4])


@contextmanager
def _installed(options: argparse.Namespace, folder: Path) -> Iterator[Installation]:
    (folder / "template").mkdir()
    (folder / "data").mkdir()
    if options.database == "sqlite":
        yield _installation(SqliteFiles(folder / "template"), folder / "data")
        return
    with server() as started:
        yield _installation(PostgresDatabases(started, folder / "template"), folder / "data")


def _installation(databases: Databases, data: Path) -> Installation:
    return Installation(Settings(data=data, database_url=databases.fresh(data)), databases.secrets)


if __name__ == "__main__":
    main()
