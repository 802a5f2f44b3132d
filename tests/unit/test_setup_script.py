"""deploy/setup.sh, run on a made-up machine: what it would install, ask for, start and leave behind."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ["deploy/setup.sh", "deploy/provision/nameserver.sh", "deploy/provision/control.sh"]
RUN = ["bind9", "bind9-utils", "bind9-dnsutils", "openssh-client"]
LAB = ["iproute2", "nftables", "util-linux", "procps", "systemd-container", "mmdebstrap", "dpkg-dev"]
DEV = [*RUN, *LAB, "make", "git", "openssh-server", "postgresql", "dnsperf", "shellcheck", "chromium"]

# Everything the script uses besides the fakes below; nothing else is in PATH, so no real apt-get can be reached.
TOOLS = "sh cat chmod cksum dirname env grep mkdir mktemp rm rmdir sed tail".split()  # noqa: SIM905

DPKG_QUERY = """\
for package; do ! grep -qsx "$package" "$MACHINE/installed" || echo "installed $package"; done"""

# Notes what is so while it runs; `install` installs, brings units, and fails while a file of that name is there.
APT_GET = """\
echo "apt-get $*" >>"$MACHINE/calls"
ls "$MACHINE" >"$MACHINE/seen"
case " $* " in *" --simulate "*) exit 0 ;; esac
! [ -e "$MACHINE/broken" ] || { echo "E: the archive is gone"; exit 100; }
seen=
for word; do [ -z "$seen" ] || echo "$word" >>"$MACHINE/installed"; [ "$word" != install ] || seen=yes; done
: >"$MACHINE/units/named.service"
: >"$MACHINE/units/postgresql.service" """

# A Python that makes environments out of itself, and whose pip only takes notes.
PYTHON = f"""\
case "$1 ${{2-}}" in
"-m venv")
    mkdir -p "$4/bin"
    cp "$MACHINE/bin/python3.11" "$4/bin/python"
    echo "#!$4/bin/python" >"$4/bin/pip"
    echo "venv" >>"$MACHINE/calls" ;;
"-m pip")
    shift 2
    echo "pip $*" >>"$MACHINE/calls"
    ! [ -e "$MACHINE/pip-broken" ] ;;
*) exec '{sys.executable}' "$@" ;;
esac"""


class Machine:
    """A machine with a checkout of the project, whose programs are fakes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkout = folder / "check out"
        self.policy = folder / "policy-rc.d"
        self.cluster = folder / "createcluster.d" / "zonewright-setup.conf"
        (folder / "bin").mkdir()
        (folder / "units").mkdir()
        for tool in [*TOOLS, "cp", "ls"]:
            (folder / "bin" / tool).symlink_to(str(shutil.which(tool)))
        self.program("dpkg-query", DPKG_QUERY)
        self.program("apt-get", APT_GET)
        self.program("systemctl", 'echo "systemctl $*" >>"$MACHINE/calls"')
        self.program("python3.11", PYTHON)
        self.account(0)
        self.system("debian")
        self._check_out()

    def _check_out(self) -> None:
        (self.checkout / "deploy").mkdir(parents=True)
        for name in ["requirements.lock", "requirements-dev.lock", "setup.cfg", "pyproject.toml"]:
            shutil.copy(ROOT / name, self.checkout / name)
        script = (ROOT / "deploy/setup.sh").read_text()
        for line, mine in [
            ("RELEASE=/etc/os-release", f"RELEASE='{self.folder}/os-release'"),
            ("POLICY=/usr/sbin/policy-rc.d", f"POLICY='{self.policy}'"),
            ("CLUSTER=/etc/postgresql-common/createcluster.d/zonewright-setup.conf", f"CLUSTER='{self.cluster}'"),
            (
                'UNIT_FOLDERS="/etc/systemd/system /usr/lib/systemd/system /lib/systemd/system"',
                f"UNIT_FOLDERS='{self.folder}/units'",
            ),
        ]:
            assert script.count(line) == 1
            script = script.replace(line, mine)
        (self.checkout / "deploy/setup.sh").write_text(script)

    def program(self, name: str, body: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def system(self, name: str) -> None:
        (self.folder / "os-release").write_text(f'PRETTY_NAME="{name}"\nID={name}\n')

    def account(self, number: int) -> None:
        self.program("id", f"echo {number}")

    def installed(self, *packages: str) -> None:
        (self.folder / "installed").write_text("".join(f"{package}\n" for package in packages))

    def setup(self, *options: str, code: int = 0) -> str:
        """Run the script; what it printed. The calls it made are in `calls`."""
        (self.folder / "calls").write_text("")
        done = subprocess.run(
            ["sh", str(self.checkout / "deploy/setup.sh"), *options],
            env={"PATH": str(self.folder / "bin"), "MACHINE": str(self.folder), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=30,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def called(self, program: str) -> list[str]:
        return [call for call in self.calls if call.split(" ")[0] == program]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with nothing installed, used by root."""
    return Machine(tmp_path)


# ---- nothing to do ----


def test_second_run_does_nothing_and_says_nothing(machine: Machine) -> None:
    machine.installed(*DEV)
    assert "making the Python environment" in machine.setup()
    assert machine.setup() == ""
    assert machine.calls == []
    assert machine.setup("--run") == ""
    assert machine.calls == []


# ---- the command line ----


def test_help_names_every_option(machine: Machine) -> None:
    text = machine.setup("--help")
    assert all(option in text for option in ["--run", "--packages", "--help"])
    assert machine.calls == []


def test_unknown_option_is_an_error(machine: Machine) -> None:
    assert "There is no option --rnu" in machine.setup("--rnu", code=1)
    assert machine.calls == []


# ---- the system's packages ----


def test_only_what_is_missing_is_installed(machine: Machine) -> None:
    machine.installed(*(set(DEV) - {"bind9", "make"}))
    machine.setup("--packages")
    (simulated, real) = machine.called("apt-get")
    assert simulated.endswith(" install --simulate bind9 make")
    assert real.endswith(" install bind9 make")


def test_running_takes_less_than_developing(machine: Machine) -> None:
    machine.installed(*RUN)
    machine.setup("--packages", "--run")
    assert machine.calls == []
    machine.setup("--packages")
    assert machine.called("apt-get")[-1].endswith(f" install {' '.join(DEV[len(RUN) :])}")


def test_browser_is_installed_on_debian(machine: Machine) -> None:
    """Ubuntu's package of that name is none: it fetches a snap."""
    machine.installed(*(set(DEV) - {"chromium"}))
    machine.system("ubuntu")
    machine.setup("--packages")
    assert machine.called("apt-get") == []
    machine.system("debian")
    machine.setup("--packages")
    assert machine.called("apt-get")[-1].endswith(" install chromium")


def test_vagrant_is_installed_where_the_system_has_it(machine: Machine) -> None:
    machine.installed(*DEV)
    machine.program("apt-cache", "exit 100")
    machine.setup("--packages")
    assert machine.calls == []
    machine.program("apt-cache", '[ "$*" = "show vagrant" ]')
    machine.setup("--packages", "--run")
    assert machine.calls == []
    machine.setup("--packages")
    assert machine.called("apt-get")[-1].endswith(" install vagrant")
    machine.program("vagrant", "exit 1")
    machine.installed(*DEV)
    machine.setup("--packages")
    assert machine.calls == []


def test_python_is_asked_for_only_where_there_is_none(machine: Machine) -> None:
    (machine.folder / "bin/python3.11").unlink()
    machine.installed(*RUN)
    machine.setup("--packages", "--run")
    assert machine.called("apt-get")[-1].endswith(" install python3 python3-venv")


def test_nothing_starts_during_the_installation_and_no_guard_is_left(machine: Machine) -> None:
    machine.setup("--packages")
    seen = (machine.folder / "seen").read_text().split()
    assert {"policy-rc.d", "createcluster.d"} <= set(seen)
    assert not machine.policy.exists()
    assert not machine.cluster.parent.exists()


def test_somebody_elses_policy_stays(machine: Machine) -> None:
    machine.policy.write_text("#!/bin/sh\nexit 101\n")
    machine.setup("--packages")
    assert machine.policy.read_text() == "#!/bin/sh\nexit 101\n"


def test_what_a_killed_run_left_behind_is_removed(machine: Machine) -> None:
    machine.policy.write_text("#!/bin/sh\n# made by zonewright's deploy/setup.sh for the time of an installation\n")
    machine.setup("--packages")
    assert not machine.policy.exists()


def test_services_it_brought_are_disabled(machine: Machine) -> None:
    machine.setup("--packages")
    assert [call for call in machine.calls if call.startswith("systemctl disable")] == [
        "systemctl disable named.service",
        "systemctl disable postgresql.service",
    ]


def test_service_that_was_there_before_stays_enabled(machine: Machine) -> None:
    (machine.folder / "units/named.service").touch()
    machine.setup("--packages")
    assert "systemctl disable named.service" not in machine.calls
    assert "systemctl disable postgresql.service" in machine.calls


def test_failed_installation_shows_why_and_cleans_up(machine: Machine) -> None:
    (machine.folder / "broken").touch()
    text = machine.setup(code=1)
    assert "E: the archive is gone" in text
    assert "The lists of packages could not be fetched." in text
    assert not machine.policy.exists()
    assert not machine.cluster.exists()
    assert not (machine.checkout / ".venv").exists()


def test_without_root_and_sudo_it_names_the_line_to_run(machine: Machine) -> None:
    machine.account(1000)
    text = machine.setup("--run", code=1)
    assert f"Run this as root, then start again: sh '{machine.checkout}/deploy/setup.sh' --packages --run\n" in text
    assert machine.calls == []


def test_sudo_is_used_for_the_packages_alone(machine: Machine) -> None:
    machine.account(1000)
    machine.program("sudo", 'echo "sudo $*" >>"$MACHINE/calls"')
    machine.setup()
    assert machine.called("sudo") == [f"sudo sh {machine.checkout}/deploy/setup.sh --packages --dev"]
    assert machine.called("apt-get") == []


def test_refused_sudo_names_the_line_to_run(machine: Machine) -> None:
    machine.account(1000)
    machine.program("sudo", "exit 1")
    assert f"sh '{machine.checkout}/deploy/setup.sh' --packages\n" in machine.setup(code=1)


@pytest.mark.parametrize(
    ("system", "hint"), [("Darwin", "brew install bind python postgresql"), ("Linux", "BIND 9.18")]
)
def test_without_apt_it_says_what_to_install_and_goes_on(machine: Machine, system: str, hint: str) -> None:
    (machine.folder / "bin/apt-get").unlink()
    machine.program("uname", f"echo {system}")
    assert hint in machine.setup()
    assert (machine.checkout / ".venv/setup.stamp").exists()


# ---- the Python environment ----


def test_environment_is_installed_by_hash_and_the_project_without_dependencies(machine: Machine) -> None:
    machine.installed(*DEV)
    machine.setup()
    (libraries, project) = machine.called("pip")
    assert libraries.endswith(f"install --no-deps --require-hashes -r {machine.checkout}/requirements-dev.lock")
    assert project.endswith(f"install --no-deps --no-build-isolation -e {machine.checkout}")


def test_running_takes_the_shorter_lock_file(machine: Machine) -> None:
    machine.installed(*RUN)
    machine.setup("--run")
    assert machine.called("pip")[0].endswith("/requirements.lock")
    machine.installed(*DEV)
    machine.setup()
    assert machine.called("pip")[0].endswith("/requirements-dev.lock")


def test_changed_lock_file_is_installed_and_the_environment_stays_one_for_tests(machine: Machine) -> None:
    machine.installed(*DEV)
    machine.setup()
    with (machine.checkout / "requirements.lock").open("a") as lock:
        lock.write("#\n")
    machine.setup("--run")
    assert machine.called("pip")[0].endswith("/requirements-dev.lock")
    assert machine.called("venv") == []


def test_interrupted_installation_is_done_again(machine: Machine) -> None:
    machine.installed(*DEV)
    (machine.folder / "pip-broken").touch()
    assert "could not be installed" in machine.setup(code=1)
    (machine.folder / "pip-broken").unlink()
    machine.setup()
    assert len(machine.called("pip")) == 2


def test_half_an_upgrade_taken_back_is_installed_again(machine: Machine) -> None:
    machine.installed(*DEV)
    machine.setup()
    lock = machine.checkout / "requirements-dev.lock"
    before = lock.read_text()
    lock.write_text(before + "#\n")
    (machine.folder / "pip-broken").touch()
    machine.setup(code=1)
    lock.write_text(before)
    (machine.folder / "pip-broken").unlink()
    machine.setup()
    assert len(machine.called("pip")) == 2


def test_environment_of_another_folder_is_made_anew(machine: Machine) -> None:
    """A copied one runs the other folder's programs."""
    machine.installed(*DEV)
    machine.setup()
    (machine.checkout / ".venv/bin/pip").write_text("#!/elsewhere/.venv/bin/python\n")
    machine.setup()
    assert machine.called("venv") == ["venv"]


def test_without_a_good_python_it_says_so(machine: Machine) -> None:
    machine.installed(*DEV, "python3", "python3-venv")
    machine.program("python3.11", "exit 1")
    assert "zonewright needs Python 3.11 or newer" in machine.setup(code=1)


# ---- the scripts themselves ----


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_is_plain_shell(name: str) -> None:
    subprocess.run(["sh", "-n", ROOT / name], check=True)


@pytest.mark.parametrize("name", [*SCRIPTS, ".ci/run", "deploy/lab/build-box.sh", "deploy/lab/vagrant-offline"])
def test_script_passes_shellcheck(name: str) -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", ROOT / name], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SCRIPTS[1:])
def test_provisioning_takes_root(name: str) -> None:
    done = subprocess.run(
        ["sh", "-s", "ns1"],
        input=(ROOT / name).read_text(),
        user="nobody" if os.geteuid() == 0 else None,
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "this needs root" in done.stderr
