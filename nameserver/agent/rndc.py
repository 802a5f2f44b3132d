"""rndc's protocol on one kept connection to named's control channel, one command in flight.

named closes a connection that idles 20 to 45 seconds, whose key is wrong or whose clock is 10 minutes off,
and hangs on pipelined commands (BIND 9.18, bin/named/controlconf.c).
"""

import base64
import binascii
import re
import secrets
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nameserver.agent import isccc
from nameserver.agent.errors import NamedSilent, NamedTrouble

_LENGTH = struct.Struct(">II")  # of version and message; version
_MOST_ANSWER = 64 << 20
_EXPIRE = 60  # seconds a command stays valid
_KEY = re.compile(r'algorithm\s+"?hmac-sha256"?\s*;\s*secret\s+"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Reply:
    """named's answer: `error` is None when it said 0, else its own short words; `text` is the rest."""

    error: str | None
    text: str


class Rndc:
    """Commands to the named on this machine; `timeout` is seconds for one whole step."""

    def __init__(self, port: int, key_file: Path, timeout: float = 20.0) -> None:
        self._port, self._key_file, self.timeout = port, key_file, timeout
        self._channel: socket.socket | None = None
        self._key, self._nonce, self._number = b"", "", 0

    def call(self, command: str) -> Reply:
        """Send one command and wait for its answer.

        A connection lost before the answer, as every idle one is, is opened again and the command repeated
        once: the caller takes "already exists" and "not found" as what they may then be, success.
        Raises NamedSilent, NamedTrouble.
        """
        try:
            return self._attempt(command)
        except ConnectionError:
            self.close()
        try:
            return self._attempt(command)
        except OSError as error:
            self.close()
            raise NamedSilent(f"named closed rndc's connection ({error}).") from error

    def close(self) -> None:
        """Close the connection; the next command opens a new one."""
        if self._channel is not None:
            self._channel.close()
        self._channel, self._nonce = None, ""

    def _attempt(self, command: str) -> Reply:
        end = time.monotonic() + self.timeout
        try:
            if self._channel is None:
                self._open(end)
            return _reply(self._exchange(command, end))
        except TimeoutError as error:
            self.close()
            raise NamedSilent(f"named did not answer rndc within {self.timeout:g} seconds.") from error
        except NamedTrouble:
            self.close()
            raise

    def _open(self, end: float) -> None:
        self.close()
        self._key = read_key(self._key_file)
        try:
            self._channel = socket.create_connection(("127.0.0.1", self._port), _left(end))
        except ConnectionRefusedError as error:
            raise NamedSilent("named is not running, or its control channel is closed.") from error
        self._channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._number = secrets.randbelow(1 << 31)  # a number used before on this named closes the connection
        control = self._exchange("null", end).get("_ctrl")
        self._nonce = str(control["_nonce"]) if isinstance(control, dict) else ""

    def _exchange(self, command: str, end: float) -> isccc.Table:
        assert self._channel is not None
        self._channel.settimeout(_left(end))
        message = isccc.sign({"_ctrl": self._control(), "_data": {"type": command}}, self._key)
        self._channel.sendall(_LENGTH.pack(len(message) + 4, isccc.VERSION) + message)
        length, _ = _LENGTH.unpack(self._read(_LENGTH.size, end))
        if not 4 <= length <= _MOST_ANSWER:
            raise NamedTrouble("The answer on rndc's port is not rndc's protocol.")
        return isccc.verify(self._read(length - 4, end), self._key)

    def _control(self) -> isccc.Table:
        now = int(time.time())
        self._number += 1
        control: isccc.Table = {"_ser": str(self._number), "_tim": str(now), "_exp": str(now + _EXPIRE)}
        return {**control, "_nonce": self._nonce} if self._nonce else control

    def _read(self, length: int, end: float) -> bytes:
        assert self._channel is not None
        data = bytearray()
        while len(data) < length:
            self._channel.settimeout(_left(end))
            part = self._channel.recv(min(length - len(data), 1 << 20))
            if not part:
                raise ConnectionResetError("closed before the answer; is the key right, and the clock?")
            data += part
        return bytes(data)


def read_key(path: Path) -> bytes:
    """The secret of an rndc key file. Raises NamedTrouble when there is none, or of another algorithm."""
    with suppress(OSError, UnicodeDecodeError, binascii.Error):
        if match := _KEY.search(path.read_text()):
            return base64.b64decode(match[1])
    raise NamedTrouble("The rndc key cannot be read, or is not an hmac-sha256 key.")


def _reply(table: isccc.Table) -> Reply:
    data = table.get("_data")
    if not isinstance(data, dict):
        raise NamedTrouble("The answer on rndc's port is not rndc's protocol.")
    failed = data.get("result", "0") != "0" or "err" in data
    return Reply(str(data.get("err") or "failure") if failed else None, str(data.get("text", "")))


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
