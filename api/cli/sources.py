"""Where `zonewright zone import` takes zones from: files, folders, archives, a named.conf, a transfer, PowerDNS."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_ARCHIVE = re.compile(r"\.(?:tar|tgz|tar\.gz)$", re.IGNORECASE)
_SOA = re.compile(rb"\bSOA\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """One zone to be: where it is from, its domain if that is known, and what gets its file."""

    name: str
    domain: str | None
    read: "Callable[[], bytes]"


def of_paths(paths: tuple[str, ...], domain: str | None, most: int) -> Iterator[Source]:
    """Files, the zone files of folders, and those in tar archives; `-` is the standard input."""
    for each in paths:
        path = Path(each)
        if each == "-":
            yield Source("standard input", domain, sys.stdin.buffer.read)
        elif path.is_dir():
            yield from _of_folder(path)
        elif _ARCHIVE.search(each):
            yield from _of_archive(path, most)
        else:
            yield Source(each, domain, path.read_bytes)


def _of_folder(folder: Path) -> Iterator[Source]:
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name.startswith("."):
            continue
        if _ARCHIVE.search(path.name) or not _SOA.search(_content(path)):
            click.echo(f"{path} is left alone: it has no SOA record.", err=True)
            continue
        yield Source(str(path), None, path.read_bytes)


def _of_archive(path: Path, most: int) -> Iterator[Source]:
    from nameserver.incoming.archives import files

    for name, content in files(_content(path), most):
        yield Source(f"{path}:{name}", None, lambda content=content: content)  # type: ignore[misc]  # this one's


def _content(path: Path) -> bytes:
    from api.errors import OperatorError

    try:
        return path.read_bytes()
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from error


def of_named_conf(path: Path) -> tuple[list[Source], Path]:
    """The primary zones of a named.conf, and the folder below which their $INCLUDE may take files."""
    from nameserver.incoming.named_conf import zones_of

    found = zones_of(path)
    if found.left_alone:
        what = "no primary zones with a file, or everybody's"
        click.echo(f"Left alone ({what}): {', '.join(found.left_alone)}.", err=True)
    return [Source(str(file), domain, file.read_bytes) for domain, file in found.files], found.folder


def of_transfer(server: str, domains: tuple[str, ...], tsig: str | None) -> Iterator[Source]:
    """Zones as a nameserver transfers them."""
    from nameserver.incoming.axfr import key_of, transferred

    key = key_of(tsig) if tsig else None
    for domain in domains:
        yield Source(f"{domain} of {server}", domain, lambda domain=domain: transferred(server, domain, key))  # type: ignore[misc]  # this one's


def of_powerdns(url: str, domains: tuple[str, ...], key: str) -> Iterator[Source]:
    """These zones of PowerDNS, or all of them."""
    from nameserver.incoming.powerdns import PowerDNS

    server = PowerDNS(url, key)
    for domain in domains or server.domains():
        yield Source(f"{domain} of {url}", domain, lambda domain=domain: server.zone_file(domain))  # type: ignore[misc]  # this one's
