"""Ask a nameserver for the serials of many zones over one UDP socket, with a window."""

import secrets
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from nameserver.agent import messages, names

_WINDOW = 64  # answers of some 150 octets each, well inside the socket's default buffer


@dataclass(slots=True)
class Answers:
    """What was answered: `serials` of the zones it holds or None for those it does not; `silent` never came."""

    serials: dict[str, int | None] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)  # of the silent ones: the answer was cut to fit the datagram

    @property
    def reachable(self) -> bool:
        """Did anything answer at all? (True when nothing was asked.)"""
        return bool(self.serials) or not self.silent


def ask(address: str, port: int, domains: Iterable[str], timeout: float = 2.0, tries: int = 3) -> Answers:
    """Ask for the SOA serial of every domain; `timeout` is seconds for each of the `tries`.

    Raises BadRequest for a domain that is no name. Trouble with the network is an answer: `silent`.
    """
    wanted = {domain: names.parse(domain).wire for domain in domains}
    answers = Answers(silent=set(wanted))
    with suppress(OSError), _connected(address, port, socket.SOCK_DGRAM, timeout) as channel:
        for _ in range(tries):
            if answers.silent > answers.cut and not _Round(channel, wanted, answers).run(timeout):
                break
    _ask_truncated_again(address, port, answers, wanted, timeout)
    return answers


def _connected(address: str, port: int, kind: int, timeout: float) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    channel = socket.socket(family, kind)
    channel.settimeout(timeout)
    try:
        channel.connect((address, port))
    except OSError:
        channel.close()
        raise
    return channel


class _Round:
    """One try for everything still silent."""

    def __init__(self, channel: socket.socket, wanted: dict[str, bytes], answers: Answers) -> None:
        self._channel, self._wanted, self._answers = channel, wanted, answers
        self._waiting = deque(sorted(answers.silent - answers.cut))
        self._asked: dict[int, str] = {}
        self._poller = select.poll()  # select ends at descriptor 1023
        self._poller.register(channel, select.POLLIN)
        self._identity = secrets.randbelow(1 << 16)

    def run(self, timeout: float) -> bool:
        """Ask and collect until nothing came for `timeout` seconds; False when nobody listens there."""
        self._channel.setblocking(False)
        end = time.monotonic() + timeout
        try:
            while (self._waiting or self._asked) and time.monotonic() < end:
                self._send()
                if self._receive(end - time.monotonic()):
                    end = time.monotonic() + timeout
        except ConnectionRefusedError:  # ICMP port unreachable: waiting is no use
            return False
        return True

    def _send(self) -> None:
        while self._waiting and len(self._asked) < _WINDOW:
            domain = self._waiting[0]
            self._identity = (self._identity + 1) & 0xFFFF
            try:
                self._channel.send(messages.question(self._identity, self._wanted[domain]))
            except BlockingIOError:
                return
            self._asked[self._identity] = self._waiting.popleft()

    def _receive(self, seconds: float) -> bool:
        if not self._poller.poll(max(0.0, seconds) * 1000):
            return False
        came = False
        with suppress(BlockingIOError):
            while self._asked:
                came = self._take(self._channel.recv(65535)) or came
        return came

    def _take(self, reply: bytes) -> bool:
        identity = struct.unpack_from(">H", reply)[0] if len(reply) >= 2 else -1
        domain = self._asked.get(identity)
        if domain is None or not messages.answers(reply, self._wanted[domain]):
            return False
        del self._asked[identity]
        self._note(domain, reply)
        return True

    def _note(self, domain: str, reply: bytes) -> None:
        if messages.truncated(reply):
            self._answers.cut.add(domain)
            return
        self._answers.silent.discard(domain)
        self._answers.serials[domain] = messages.serial(reply, self._wanted[domain])


def _ask_truncated_again(address: str, port: int, answers: Answers, wanted: dict[str, bytes], timeout: float) -> None:
    """Over TCP (RFC 7766, section 5); rate limiting, too, answers with TC."""
    for domain in sorted(answers.cut):
        with suppress(OSError):
            reply = _over_tcp(address, port, wanted[domain], timeout)
            if messages.answers(reply, wanted[domain]):
                answers.serials[domain] = messages.serial(reply, wanted[domain])
                answers.silent.discard(domain)


def _over_tcp(address: str, port: int, name: bytes, timeout: float) -> bytes:
    message = messages.question(secrets.randbelow(1 << 16), name)
    with _connected(address, port, socket.SOCK_STREAM, timeout) as channel, channel.makefile("rb") as stream:
        channel.sendall(struct.pack(">H", len(message)) + message)
        length = stream.read(2)
        return stream.read(struct.unpack(">H", length)[0]) if len(length) == 2 else b""
