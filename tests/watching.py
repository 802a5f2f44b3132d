"""Nameservers asked for their serials all the time, to see whether one ever falls."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nameserver.serial import newer
from tests.acceptance.answers import serial


@contextmanager
def watched(ports: Sequence[int], domains: Sequence[str]) -> Iterator[list[str]]:
    """A list of the falls, which grows as they happen; a nameserver that is away has none."""
    falls: list[str] = []
    stopping = threading.Event()

    def watch(port: int) -> None:
        seen: dict[str, int] = {}
        while not stopping.is_set():
            for domain in domains:
                now = serial(port, domain)
                if now is not None and domain in seen and newer(seen[domain], now):
                    falls.append(f"{domain} on {port}: {seen[domain]}, then {now}")
                if now is not None:
                    seen[domain] = now
            stopping.wait(0.002)

    watchers = [threading.Thread(target=watch, args=(port,)) for port in ports]
    for watcher in watchers:
        watcher.start()
    try:
        yield falls
    finally:
        stopping.set()
        for watcher in watchers:
            watcher.join()
