"""The Vagrantfile, as far as it can be tried without machines: make test-vagrant brings them up."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(program: str, *arguments: str, state: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that may be missing, in the checkout; what Vagrant keeps goes elsewhere."""
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program}: apt-get install --no-install-recommends vagrant brings both it and Ruby")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("VAGRANT_", "ZONEWRIGHT_"))},
        "VAGRANT_HOME": str(state / "home"),
        "VAGRANT_DOTFILE_PATH": str(state / "dotfiles"),
        "VAGRANT_CHECKPOINT_DISABLE": "1",
    }
    argv = [program, *arguments]
    return subprocess.run(
        argv, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )


def test_it_is_ruby(tmp_path: Path) -> None:
    done = run("ruby", "-c", "Vagrantfile", state=tmp_path)
    assert (done.returncode, done.stdout) == (0, "Syntax OK\n"), done.stderr


def test_vagrant_takes_it(tmp_path: Path) -> None:
    """Without a provider, as on a machine of CI: what is said to VirtualBox and libvirt alone is not looked at."""
    done = run("vagrant", "validate", "--ignore-provider", state=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_leaves_nothing_in_the_checkout_that_git_sees(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    for name in (".vagrant/for-nameservers/control.pub", ".vagrant/api-port", ".lab/control.pub"):
        argv = ["git", "-c", "safe.directory=*", "check-ignore", "--quiet", name]
        assert subprocess.run(argv, cwd=ROOT).returncode == 0, name


def test_its_addresses_are_the_labs_and_the_documents() -> None:
    """Vagrantfile, offline lab, tests and how-to name the same machines."""
    texts = [(ROOT / name).read_text() for name in ("Vagrantfile", "deploy/lab/vagrant-offline", "docs/howto/lab.md")]
    found = [set(re.findall(r"192\.168\.56\.\d+", text)) for text in texts]
    assert found == [{"192.168.56.10", "192.168.56.11", "192.168.56.12"}] * 3
