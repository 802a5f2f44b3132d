"""The way over a real sshd to the agent of a real named."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nameserver.content import of_zone_file
from nameserver.errors import HostKeyRefused, InvalidInput, LoginRefused, Unreachable
from nameserver.plan import Action, Item, State
from nameserver.transport import ssh
from nameserver.transport.pipe import PipeTransport, Timeouts
from tests import sshd as sshds
from tests.nameservers import RunningNamed, installed, publication

pytestmark = pytest.mark.skipif(not (installed() and sshds.installed()), reason="BIND or sshd is not installed")


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNamed]:
    server = RunningNamed(tmp_path_factory.mktemp("named") / "ns1")
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def server(named: RunningNamed, tmp_path: Path) -> Iterator[sshds.Sshd]:
    with sshds.sshd(tmp_path / "sshd", named.embedded.target.agent) as running:
        yield running


@pytest.fixture
def pins(server: sshds.Sshd, tmp_path: Path) -> Path:
    path = tmp_path / "known_hosts"
    ssh.pin(path, "ns1", server.host_key)
    return path


@pytest.fixture
def transport(server: sshds.Sshd, pins: Path) -> Iterator[PipeTransport]:
    made = PipeTransport(ssh.argv(server.login, "ns1", server.identity, pins), Timeouts(command=15))
    yield made
    made.close()


def test_a_zone_goes_out_over_ssh(transport: PipeTransport, named: RunningNamed) -> None:
    assert transport.hello().running
    [outcome] = transport.publish([publication("over-ssh.example", 1)], 1).outcomes
    assert (outcome.state, outcome.serial) == (State.IN_SYNC, 1)
    assert transport.serials(["over-ssh.example"]) == {"over-ssh.example": 1}
    item = publication("over-ssh.example", 1)
    assert transport.digests(["over-ssh.example"]) == {"over-ssh.example": item.digest}
    content = transport.content(["over-ssh.example"])["over-ssh.example"].content
    assert content == of_zone_file("over-ssh.example", item.content)
    [gone] = transport.publish([Item("over-ssh.example", Action.REMOVE, 1)], 1).outcomes
    assert gone.state is State.IN_SYNC


def test_a_large_batch_goes_out_over_ssh(transport: PipeTransport) -> None:
    batch = [publication(f"z{number}.example", 1) for number in range(300)]
    assert {each.state for each in transport.publish(batch, 1).outcomes} == {State.IN_SYNC}


def test_another_host_key_is_refused_before_anything_is_sent(server: sshds.Sshd, transport: PipeTransport) -> None:
    server.stop()
    server.new_host_key()
    server.start()
    with pytest.raises(HostKeyRefused, match="not the pinned one"):
        transport.hello()


def test_an_unknown_host_key_is_refused(server: sshds.Sshd, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(HostKeyRefused):
        PipeTransport(ssh.argv(server.login, "ns1", server.identity, empty)).hello()


def test_a_host_key_counts_for_its_nameserver_only(server: sshds.Sshd, pins: Path) -> None:
    with pytest.raises(HostKeyRefused):
        PipeTransport(ssh.argv(server.login, "ns2", server.identity, pins)).hello()


def test_another_key_is_not_let_in(server: sshds.Sshd, pins: Path, tmp_path: Path) -> None:
    ssh.make_key(tmp_path / "stranger")
    with pytest.raises(LoginRefused, match="nameserver key"):
        PipeTransport(ssh.argv(server.login, "ns1", tmp_path / "stranger", pins)).hello()


def test_no_sshd_is_told_in_words(server: sshds.Sshd, transport: PipeTransport) -> None:
    server.stop()
    with pytest.raises(Unreachable, match="does sshd run there"):
        transport.hello()


def test_a_broken_connection_is_opened_again(server: sshds.Sshd, transport: PipeTransport) -> None:
    assert transport.hello().running
    server.stop()
    with pytest.raises(Unreachable):
        transport.publish([publication("again.example", 1)], 1)
    server.start()
    [outcome] = transport.publish([publication("again.example", 1)], 1).outcomes
    assert outcome.state is State.IN_SYNC


@pytest.mark.parametrize(
    "asked", [["id"], ["sh", "-i"], ["/bin/cat", "/etc/passwd"]], ids=["command", "shell", "read a file"]
)
def test_the_key_runs_nothing_but_the_agent(server: sshds.Sshd, pins: Path, asked: list[str]) -> None:
    command = [*ssh.argv(server.login, "ns1", server.identity, pins)[:-1], *asked]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=30)
    assert b"uid=" not in done.stdout + done.stderr
    assert done.stdout == b""  # the agent, which was asked nothing


def test_the_key_forwards_no_port(server: sshds.Sshd, named: RunningNamed, pins: Path) -> None:
    argv = list(ssh.argv(server.login, "ns1", server.identity, pins)[:-1])
    option = argv.index("ClearAllForwardings=yes")  # it would keep our own client from asking
    del argv[option - 1 : option + 1]
    forward = [argv[0], "-W", f"127.0.0.1:{named.port}", *argv[1:]]
    done = subprocess.run(forward, input=b"", capture_output=True, timeout=30)
    assert done.returncode != 0
    assert b"prohibited" in done.stderr or b"forwarding failed" in done.stderr


def test_the_key_has_no_sftp(server: sshds.Sshd, pins: Path) -> None:
    command = [*ssh.argv(server.login, "ns1", server.identity, pins)[:-1]]
    subsystem = [command[0], "-s", *command[1:], "sftp"]
    # An INIT packet of SFTP version 3: a server would answer its version.
    done = subprocess.run(subsystem, input=b"\0\0\0\5\1\0\0\0\3", capture_output=True, timeout=30)
    assert not done.stdout.startswith(b"\0\0\0\5\2")


@pytest.mark.parametrize(
    ("url", "login"),
    [
        ("ssh://zonewright@192.0.2.53", ssh.Login("zonewright", "192.0.2.53", 22)),
        ("ssh://192.0.2.53:2222", ssh.Login("zonewright", "192.0.2.53", 2222)),
        ("ssh://dns@[2001:db8::53]:22/", ssh.Login("dns", "2001:db8::53", 22)),
        ("ssh://ns1.example.net", ssh.Login("zonewright", "ns1.example.net", 22)),
    ],
)
def test_url(url: str, login: ssh.Login) -> None:
    assert ssh.Login.from_url(url) == login


@pytest.mark.parametrize(
    "url",
    [
        "192.0.2.53",
        "http://a",
        "ssh://",
        "ssh://-oProxyCommand=id",
        "ssh://a:0",
        "ssh://a:99999",
        "ssh://a b",
        "ssh://-x@a",
    ],
)
def test_url_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        ssh.Login.from_url(url)


def test_pins_are_replaced_and_forgotten(tmp_path: Path, server: sshds.Sshd) -> None:
    path = tmp_path / "pins"
    ssh.pin(path, "ns1", server.host_key)
    ssh.pin(path, "ns10", server.host_key)
    before = server.host_key
    server.new_host_key()
    ssh.pin(path, "ns1", server.host_key)
    assert path.read_text().splitlines() == [f"zonewright-ns10 {before}", f"zonewright-ns1 {server.host_key}"]
    ssh.pin(path, "ns1", None)
    assert path.read_text().splitlines() == [f"zonewright-ns10 {before}"]


def test_the_host_key_that_answers(server: sshds.Sshd) -> None:
    assert ssh.host_key(server.login) == server.host_key
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", "-"], input=server.host_key.encode(), capture_output=True, check=True
    )
    assert ssh.fingerprint(server.host_key).encode() in shown.stdout


@pytest.mark.parametrize("text", ["", "ssh-ed25519", "ssh-ed25519 ###", "nonsense AAAA", "ssh-dss AAAA"])
def test_what_is_no_host_key(text: str) -> None:
    with pytest.raises(InvalidInput):
        ssh.fingerprint(text)
