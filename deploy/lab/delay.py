#!/usr/bin/env python3
"""Relay Ethernet frames between two interfaces of this network namespace; those from the first come late.

For kernels without `tc … netem`. usage: delay.py FIRST SECOND MILLISECONDS; prints `ready` when it relays.
"""

import select
import signal
import socket
import struct
import sys
import time
from collections import deque
from contextlib import suppress

_ALL_PROTOCOLS = 3
_SOL_PACKET, _ADD_MEMBERSHIP, _VNET_HEADER, _IGNORE_OUTGOING = 263, 1, 15, 23
_PROMISCUOUS = 1
_LONGEST_FRAME = 1 << 17
_BURST = 64


def port(name: str) -> socket.socket:
    """A raw socket on an interface that sees every frame coming in, with its checksum and segmentation state."""
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
    raw.setsockopt(_SOL_PACKET, _VNET_HEADER, 1)
    raw.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
    membership = struct.pack("IHH8s", socket.if_nametoindex(name), _PROMISCUOUS, 0, b"")
    raw.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, membership)
    raw.bind((name, 0))
    raw.setblocking(False)
    return raw


def received(raw: socket.socket) -> list[bytes]:
    """The frames that wait on the socket, a burst at most."""
    frames: list[bytes] = []
    with suppress(OSError):  # nothing more, or the link is down
        while len(frames) < _BURST:
            frames.append(raw.recv(_LONGEST_FRAME))
    return frames


def send(raw: socket.socket, frame: bytes) -> None:
    """Send what can be sent; a link that is down loses frames, as links do."""
    with suppress(OSError):
        raw.send(frame)


def relay(first: socket.socket, second: socket.socket, delay: float) -> None:
    """Until the process is ended."""
    late: deque[tuple[float, bytes]] = deque()
    while True:
        pause = max(0.0, late[0][0] - time.monotonic()) if late else None
        ready, _, _ = select.select([first, second], [], [], pause)
        if first in ready:
            due = time.monotonic() + delay
            late.extend((due, frame) for frame in received(first))
        if second in ready:
            for frame in received(second):
                send(first, frame)
        while late and late[0][0] <= time.monotonic():
            send(second, late.popleft()[1])


def main() -> None:
    """Open both ends, say so, relay."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    first, second = port(sys.argv[1]), port(sys.argv[2])
    print("ready", flush=True)
    relay(first, second, float(sys.argv[3]) / 1000)


if __name__ == "__main__":
    main()
