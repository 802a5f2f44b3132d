"""The parts that `up` runs: two nameservers, the control plane and the API."""

import fcntl
import functools
import os
import select
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from api.cli.children import Child
from api.cli.following import Follower
from api.errors import OperatorError

if TYPE_CHECKING:
    from flask import Flask

    from nameserver.embedded import Embedded
    from nameserver.render import Renderer

Address = tuple[str, int]

_OWNER = "operator@zonewright.test"
_SECONDS_TO_START = 60.0
_SECONDS_FOR_PORTS = 5.0
_SECONDS_FOR_PORTS_AGAIN = 1.0
_SECONDS_TO_STOP = 10.0
_NAMED_LOG = "named.log"
_LOADED = b"all zones loaded"


def address(text: str, option: str) -> Address:
    """HOST:PORT (an IPv6 host in brackets). Raises click.BadParameter."""
    host, _, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise click.BadParameter(f"“{text}” is not HOST:PORT, such as 127.0.0.1:8053.", param_hint=option)
    return host, int(port)


class Stack:
    """Everything `up` runs. `stop` may be called from a signal handler."""

    def __init__(self, data: Path, listen: Address, nameservers: list[Address], database_url: str | None) -> None:
        self.data = data.absolute()
        self._listen, self._nameservers, self._database_url = listen, nameservers, database_url
        self._children: list[Child] = []
        self._embedded: dict[str, Embedded] = {}
        self._renderer: Renderer
        self._followers: dict[str, Follower] = {}
        self._loading_over: set[str] = set()
        self._reader, self._writer = os.pipe()
        self._stopping = self._ready = False

    def stop(self) -> None:
        """Stop every child and end."""
        self._stopping = True
        os.write(self._writer, b"!")

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Hold the data folder. Raises OperatorError when another `up` does: nothing is touched then."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self.data / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(file, 20).decode() or "?"
            raise OperatorError(
                f"zonewright runs on {self.data} already (process {pid}); nothing was touched."
            ) from None
        try:
            os.ftruncate(file, 0)
            os.write(file, str(os.getpid()).encode())
            yield
        finally:
            os.close(file)

    def run(self, out: TextIO) -> None:
        """Start everything, say `ready`, and watch over it until stopped."""
        try:
            self._wait_for_ports()
            self._prepare(out)
            self._start()
            self._until_ready()
            self._ready = True
            if not self._stopping:
                print("ready", file=out, flush=True)
            self._watch()
        finally:
            self._stop_children()

    def _prepare(self, out: TextIO) -> None:
        from api import metrics
        from api.app import create_app
        from api.changes import nameservers
        from api.schema import upgrade
        from api.settings import load
        from nameserver.render import Renderer

        settings = load(self.data, os.environ, database_url=self._database_url)
        (self.data / "log").mkdir(exist_ok=True)
        metrics.share(settings, fresh=True)
        app = create_app(settings)
        upgrade(app)
        self._renderer = Renderer(settings.templates)
        for number, (host, port) in enumerate(self._nameservers, 1):
            self._embed(f"ns{number}", host, port)
        with app.app_context():
            for embedded in self._embedded.values():
                nameservers.put(embedded.target)
        self._introduce(app, out)

    def _embed(self, name: str, host: str, port: int) -> None:
        from nameserver.embedded import prepare

        self._embedded[name] = prepare(self.data / name, name, host, port, self._renderer)

    def _introduce(self, app: "Flask", out: TextIO) -> None:
        url = f"http://{_host(self._listen[0])}:{self._listen[1]}"
        print(f"zonewright in {self.data}", file=out)
        print(f"API          {url}/api/v1/\ndashboard    {url}/", file=out)
        for name, (host, port) in zip(self._embedded, self._nameservers, strict=True):
            print(f"{name:<12} {host} port {port}", file=out)
        first = _first_account(app)
        if first is None:
            print(_SHOWN, file=out, flush=True)
            return
        token, password = first
        host, port = self._nameservers[0]
        print(f"account      {_OWNER}\npassword     {password}  (shown this once)\n", file=out)
        print("Your API token has all permissions and is shown this once:\n", file=out)
        print(f"export ZONEWRIGHT_API={url}\nexport ZONEWRIGHT_TOKEN={token}\n\nTry it:\n", file=out)
        print(_CURL.format(host=host, port=port), file=out, flush=True)

    def _start(self) -> None:
        from nameserver.embedded import start_log

        zonewright = [sys.executable, "-m", "api"]
        installation = {"ZONEWRIGHT_DATA": str(self.data), "PYTHONPATH": _python_path()}
        if self._database_url:
            installation["ZONEWRIGHT_DATABASE_URL"] = self._database_url
        listen = f"{_host(self._listen[0])}:{self._listen[1]}"
        for name in self._embedded:
            logs = (start_log(self.data / name), self.data / name / _NAMED_LOG)
            self._children.append(Child(name, self._named(name), self.data / "log" / f"{name}.log", logs=logs))
        for name, argv in (("control", ["control"]), ("api", ["api", "--listen", listen])):
            command = [*zonewright, *argv]
            child = Child(name, functools.partial(list, command), self.data / "log" / f"{name}.log", installation)
            self._children.append(child)
        for child in self._children:
            child.start()

    def _named(self, name: str) -> Callable[[], list[str]]:
        def argv() -> list[str]:
            from nameserver.embedded import prepare_again

            # named goes on without the port when it is taken: it would be lost in silence.
            seconds = _SECONDS_FOR_PORTS_AGAIN if self._ready else _SECONDS_FOR_PORTS
            self._wait_for_port(*_place(self._embedded[name]), time.monotonic() + seconds)
            prepare_again(self._embedded[name].target, self._renderer)
            self._loading_over.discard(name)
            self._followers[name] = Follower(self.data / name / _NAMED_LOG)
            return self._embedded[name].named_argv

        return argv

    def _until_ready(self) -> None:
        waiting = {name: functools.partial(self._loaded, name) for name in self._embedded} | {"api": self._api_answers}
        end = time.monotonic() + _SECONDS_TO_START
        while waiting and not self._stopping:
            self._revive()
            waiting = {name: answers for name, answers in waiting.items() if not answers()}
            if waiting and time.monotonic() > end:
                raise OperatorError(self._silent(list(waiting)))
            self._sleep(0.05 if waiting else 0)

    def _silent(self, names: list[str]) -> str:
        words = " ".join(child.last_words() for child in self._children if child.name in names)
        who = " and ".join(names)
        return f"After {_SECONDS_TO_START:.0f} s there is no answer from {who}, so everything was stopped. {words}"

    def _loaded(self, name: str) -> bool:
        """Does it answer, with all its zones? While they load, named answers SERVFAIL; its log tells the end."""
        target = self._embedded[name].target
        if name not in self._loading_over and self._followers[name].says(_LOADED):
            self._loading_over.add(name)
        return name in self._loading_over and _answers(target.addresses[0], target.port)

    def _api_answers(self) -> bool:
        connection = HTTPConnection(*self._listen, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _watch(self) -> None:
        while not self._stopping:
            self._sleep(0.5)
            self._revive()

    def _revive(self) -> None:
        """A child that ended is started again, later and later; before `ready` one that keeps ending ends it all."""
        for child in self._children:
            if child.ended() and not self._stopping:
                self._start_again(child)
            elif child.recovered():
                _complain(f"{child.name} runs again.")

    def _start_again(self, child: Child) -> None:
        if child.process is not None:
            child.fail()
            self._failed(child, "ended", child.last_words())
        if time.monotonic() < child.due:
            return
        try:
            child.start()
        except Exception as error:
            if not self._ready:
                raise
            child.fail()
            self._failed(child, "could not be started", str(error))

    def _failed(self, child: Child, what: str, reason: str) -> None:
        """Tell it; of one that keeps failing only sometimes."""
        if not child.keeps_failing():
            _complain(f"{child.name} {what} and is started again. {reason}")
        elif not self._ready:
            raise OperatorError(f"{child.name} {what} {child.failures} times within a minute. {reason}")
        elif child.often():
            _complain(f"{child.name} failed {child.failures} times and is tried again at intervals. {reason}")

    def _sleep(self, seconds: float) -> None:
        select.select([self._reader], [], [], seconds)

    def _stop_children(self) -> None:
        """The API first, so that no write comes in that nobody would publish; the nameservers last."""
        for child in reversed(self._children):
            child.terminate()
            child.wait(_SECONDS_TO_STOP)

    def _wait_for_ports(self) -> None:
        """A predecessor that was killed takes a moment to let go of its ports."""
        end = time.monotonic() + _SECONDS_FOR_PORTS
        for host, port in (self._listen, *self._nameservers):
            self._wait_for_port(host, port, end)

    def _wait_for_port(self, host: str, port: int, end: float) -> None:
        while not _free(host, port):
            if time.monotonic() > end:
                raise OperatorError(
                    f"{host} port {port} is not free: stop what uses it, or give another with --api or --dns."
                )
            self._sleep(0.1)


_CURL = """\
curl -X POST "$ZONEWRIGHT_API/api/v1/dns-zones/" \\
  -H "Authorization: Bearer $ZONEWRIGHT_TOKEN" \\
  -H "Content-Type: application/json" -H "Prefer: wait=5" \\
  -d '{{"domain": "newdomain.com"}}'
dig @{host} -p {port} newdomain.com SOA +short
"""


_SHOWN = """\
The token and the password were shown at the first start; `zonewright token create` makes another token,
`zonewright account password EMAIL` sets another password."""


def _first_account(app: "Flask") -> tuple[str, str] | None:
    """Token and password of the first start's account, an operator's; None when there are accounts already."""
    from api.changes import accounts, passwords, tokens
    from api.store.accounts import all_accounts

    with app.app_context():
        if all_accounts():
            return None
        account, password = accounts.create(_OWNER, operator=True), passwords.make_up()
        passwords.put(account, password)
        return tokens.create(_OWNER, "first", tokens.PERMISSIONS, None)[1], password


def _answers(host: str, port: int) -> bool:
    """Does a nameserver answer there? Whatever it says of a name that nobody has is an answer."""
    from nameserver.probe import survey

    return survey(host, port, ["zonewright.invalid"], timeout=0.2).reachable


def _place(embedded: "Embedded") -> Address:
    return embedded.target.addresses[0], embedded.target.port


def _complain(sentence: str) -> None:
    with suppress(OSError):  # a full disk, a closed terminal
        click.echo(sentence, err=True)


def _free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def _python_path() -> str:
    """The folder with `api`: children find it wherever this was started."""
    return str(Path(__file__).resolve().parent.parent.parent)


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
