"""The lab leaves nothing behind."""

import subprocess
from pathlib import Path

import pytest

from tests.lab.hosts import Lab

pytestmark = [pytest.mark.timeout(600), pytest.mark.long]


def traces(name: str) -> list[str]:
    """Namespaces, mounts, cgroups, files and processes that bear the lab's name."""
    netns = subprocess.run(["ip", "netns"], capture_output=True, text=True).stdout.splitlines()
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    folders = [*Path("/run").glob(f"{name}*"), *Path("/etc/netns").glob(f"{name}*")]
    folders += [*Path("/run/systemd/nspawn").rglob(f"*{name}*"), *Path("/sys/fs/cgroup").glob(f"**/{name}*")]
    processes = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment, state = (
                (entry / "environ").read_bytes(),
                (entry / "stat").read_text().rsplit(")")[-1].split()[0],
            )
        except OSError:
            continue
        if name.encode() in environment and state not in "ZX":
            processes.append(f"{entry.name} {(entry / 'comm').read_text().strip()}")
    return [*(line for line in (*netns, *mounts) if name in line), *map(str, folders), *processes]


@pytest.mark.parametrize("engine", ["nspawn", "chroot"])
def test_nothing_is_left(lab: Lab, engine: str) -> None:
    if engine != lab.engine == "chroot":
        pytest.skip("systemd-nspawn does not work here")
    other = Lab("ending", engine)
    try:
        other.up()
        assert traces(other.name)
        for fault in (("delay", "20"), ("drop", "all"), ("freeze", "named"), ("freeze", "sshd"), ("read-only",)):
            other.fault("ns1", *fault)
        other.fault("ns2", "disk-full")
    finally:
        other.down()
    assert traces(other.name) == []
    assert other.run("status") == "lab: not up\n"
