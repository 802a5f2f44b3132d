"""What the provisioning script makes of a host, and what the account's key can do there."""

from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.lab.hosts import Host, Lab, finished

pytestmark = pytest.mark.timeout(600)

FILES = (
    "find /etc /usr/local /var/lib/bind/zonewright/named.conf -type f ! -name '*-' -printf '%p %m %u:%g %T@\\n' | sort"
)


@pytest.fixture
def other_key(tmp_path: Path) -> Path:
    """A key that was never let in."""
    key = tmp_path / "other"
    assert finished(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "other", "-f", str(key)]).returncode == 0
    return key


@pytest.fixture
def keys(ns1: Host) -> Iterator[Path]:
    """The file of the keys that are let in; as it was, afterwards."""
    file = "/etc/zonewright/authorized_keys/zonewright"
    before = ns1.exec("cat", file)
    yield Path(file)
    ns1.exec("tee", file, stdin=before)


def test_again_it_changes_nothing(lab: Lab, ns1: Host) -> None:
    files, named = ns1.exec("sh", "-c", FILES), ns1.named()
    said = lab.run("provision", "ns1")
    assert "wrote" not in said
    assert "is provisioned" in said
    if lab.engine == "nspawn":
        assert (ns1.exec("sh", "-c", FILES), ns1.named()) == (files, named)


def test_no_unit_failed(lab: Lab) -> None:
    if lab.engine != "nspawn":
        pytest.skip("there is no systemd in these hosts")
    for host in lab.nameservers:
        assert host.exec("systemctl", "list-units", "--failed", "--plain", "--no-legend") == ""
        assert host.exec("systemctl", "is-enabled", "named", "ssh").split() == ["enabled", "enabled"]


@pytest.mark.parametrize(
    ("file", "owner"),
    [
        ("/usr/local/lib/zonewright/agent", "755 root:root"),
        ("/usr/local/lib/zonewright/agent.pyz", "755 root:root"),
        ("/usr/local/lib/zonewright/before-named", "755 root:root"),
        ("/etc/zonewright/agent.json", "644 root:root"),
        ("/etc/zonewright/authorized_keys/zonewright", "644 root:root"),
        ("/etc/zonewright/rndc.key", "640 root:bind"),
    ],
)
def test_file_is_roots(ns1: Host, file: str, owner: str) -> None:
    assert ns1.exec("stat", "-L", "-c", "%a %U:%G", file).strip() == owner


def test_each_host_has_a_key_of_its_own_for_named(ns1: Host, ns2: Host) -> None:
    assert ns1.exec("cat", "/etc/zonewright/rndc.key") != ns2.exec("cat", "/etc/zonewright/rndc.key")


def test_account_has_no_password_and_may_do_nothing_as_root(ns1: Host) -> None:
    assert ns1.exec("getent", "shadow", "zonewright").split(":")[1] == "*"
    assert ns1.exec("id", "-nG", "zonewright").split() == ["zonewright", "bind"]


def test_named_tells_strangers_nothing(lab: Lab, ns1: Host) -> None:
    recursion = lab.inside(lambda: dns.query.udp(dns.message.make_query("example.org", "A"), ns1.address, 5))
    assert recursion.rcode() == dns.rcode.REFUSED
    assert not recursion.flags & dns.flags.RA
    version = dns.message.make_query("version.bind", "TXT", "CH")
    assert lab.inside(lambda: dns.query.udp(version, ns1.address, 5)).answer == []
    for port in (953, 8553):
        assert lab.inside(lambda port=port: _refuses(ns1.address, port))


def _refuses(address: str, port: int) -> bool:
    try:
        dns.query.tcp(dns.message.make_query(".", "SOA"), address, 2, port)
    except ConnectionRefusedError:
        return True
    return False


# ---- the key runs the agent, and nothing else ----


@pytest.mark.parametrize("command", [["id"], ["zonewright-agent", "repair"], ["zonewright-agent;id"], []])
def test_command_is_refused(ns1: Host, command: list[str]) -> None:
    done = finished(ns1.ssh_argv(command=command))
    assert (done.returncode, done.stdout) == (126, "")
    assert "nothing else" in done.stderr


def test_shell_is_refused(ns1: Host) -> None:
    done = finished(ns1.ssh_argv("-tt", command=()), stdin="id\nexit\n")
    assert done.returncode != 0
    assert done.stdout == ""
    assert "PTY allocation request failed" in done.stderr


def test_file_transfer_is_refused(ns1: Host) -> None:
    done = finished(ns1.ssh_argv("-s", command=["sftp"]))
    assert (done.returncode, done.stdout) == (126, "")


@pytest.mark.parametrize("options", [["-W", "127.0.0.1:953"], ["-W", "10.53.0.12:22"]])
def test_forwarding_from_here_is_refused(ns1: Host, options: list[str]) -> None:
    done = finished(ns1.ssh_argv(*options, command=()))
    assert done.returncode != 0
    assert "prohibited" in done.stderr


@pytest.mark.parametrize("listen", ["2222:127.0.0.1:22", "/tmp/listen:127.0.0.1:22"])
def test_forwarding_from_there_is_refused(ns1: Host, listen: str) -> None:
    done = finished(ns1.ssh_argv("-o", "ExitOnForwardFailure=yes", "-R", listen))
    assert done.returncode != 0
    assert "forwarding failed" in done.stderr


def test_line_without_a_command_runs_the_agent_all_the_same(lab: Lab, ns1: Host, keys: Path, other_key: Path) -> None:
    ns1.exec("tee", "-a", str(keys), stdin=other_key.with_suffix(".pub").read_text())
    done = finished([*_with_key(lab, ns1, other_key)[:-1], "id"])
    assert (done.returncode, done.stdout) == (126, "")


def test_other_key_is_refused(lab: Lab, ns1: Host, other_key: Path) -> None:
    done = finished(_with_key(lab, ns1, other_key))
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


def test_key_is_accepted_from_the_control_host_only(lab: Lab, ns1: Host, ns2: Host) -> None:
    ns2.exec("sh", "-c", "umask 077; cat >/root/key", stdin=lab.key.read_text())
    argv = [
        "ssh",
        "-i",
        "/root/key",
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=no",
        f"zonewright@{ns1.address}",
    ]
    done = ns2.exec("sh", "-c", f"{' '.join(argv)} </dev/null 2>&1; rm -f /root/key", check=False)
    assert "Permission denied (publickey)" in done


def test_key_is_changed_by_provisioning_again(lab: Lab, ns1: Host, keys: Path, other_key: Path) -> None:
    ns1.exec("tee", "/root/zonewright/other.pub", stdin=other_key.with_suffix(".pub").read_text())
    script = "cd /root/zonewright && sh nameserver.sh --agent agent.pyz --key other.pub"
    assert f"wrote {keys}" in ns1.exec("sh", "-c", script)
    assert finished(ns1.ssh_argv()).returncode == 255
    assert finished(_with_key(lab, ns1, other_key)).returncode == 0


@pytest.mark.parametrize(
    "line",
    ['command="/bin/sh" ssh-ed25519 AAAA', "ssh-ed25519", 'ssh-ed25519 AAAA x" y', "-----BEGIN OPENSSH KEY-----", ""],
)
def test_what_is_no_public_key_is_refused(ns1: Host, line: str) -> None:
    ns1.exec("tee", "/root/zonewright/bad.pub", stdin=f"{line}\n")
    script = "cd /root/zonewright && sh nameserver.sh --agent agent.pyz --key bad.pub 2>&1; echo status $?"
    said = ns1.exec("sh", "-c", script)
    assert "status 1" in said
    assert "key" in said


def test_host_key_is_pinned(ns1: Host) -> None:
    assert finished(ns1.ssh_argv()).returncode == 0
    ns1.fault("host-key")
    done = finished(ns1.ssh_argv())
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr
    ns1.heal()
    assert finished(ns1.ssh_argv()).returncode == 0


def _with_key(lab: Lab, host: Host, key: Path) -> list[str]:
    return [str(key) if part == str(lab.key) else part for part in host.ssh_argv()]
