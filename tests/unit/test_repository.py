"""Facts about the repository that nobody should have to remember."""

import ast
import configparser
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("api/", "nameserver/")
LOCKS = ("requirements.lock", "requirements-dev.lock")

LAYOUT_FILES = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "Vagrantfile",
    "setup.cfg",
    "pyproject.toml",
    ".editorconfig",
    *LOCKS,
]
LAYOUT_FOLDERS = ["nameserver", "api", "bind-templates", "deploy", "docs", "tests", "bench"]
RUNNABLE = (
    ".ci/run",
    "deploy/setup.sh",
    "deploy/provision/nameserver.sh",
    "deploy/provision/control.sh",
    "deploy/provision/backup.sh",
    "deploy/lab/lab.sh",
    "deploy/lab/build-root.sh",
    "deploy/lab/build-box.sh",
    "deploy/lab/vagrant-offline",
)

# The only places that may catch everything, each an outermost one that has to outlive whatever happens inside.
CATCH_ALL = {
    "api/__main__.py",  # the command line: a sentence, no traceback
    "api/cli/stack.py",  # one part of `up`: it must not stop the nameservers
    "api/doctor/examination.py",  # one check: it must not stop the others
    "api/control.py",  # one pass of the loop: the next one follows
    "nameserver/agent/server.py",  # one request to the agent: its trouble is its answer
    "nameserver/publish.py",  # one nameserver: it must not stop the others
    "nameserver/reconcile.py",  # the same, seen from the loop around them
}
LONGEST_FUNCTION = 60


@cache
def files() -> tuple[str, ...]:
    """Every file of the repository: those git knows and those it would add."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    argv = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(sorted({name for name in listing.split("\0") if name and (ROOT / name).is_file()}))


def texts() -> Iterator[tuple[str, str]]:
    """Name and content of every file that is text."""
    for name in files():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            yield name, content.decode(errors="replace")


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Name and syntax tree of our own Python files; the migrations are written by Alembic."""
    for name in files():
        if name.startswith(PACKAGES) and name.endswith(".py") and "/migrations/" not in name:
            yield name, ast.parse((ROOT / name).read_text(), filename=name)


def lines_that_match(pattern: str) -> list[str]:
    expression = re.compile(pattern)
    return [
        f"{name}:{number}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if expression.search(line)
    ]


@cache
def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    return config


def normalised(requirement: str) -> str:
    """The name alone of a requirement, as the lock files write it."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


# ---- layout and names ----


@pytest.mark.parametrize("name", LAYOUT_FILES)
def test_file_of_the_layout_exists(name: str) -> None:
    assert (ROOT / name).is_file()


@pytest.mark.parametrize("name", LAYOUT_FOLDERS)
def test_folder_of_the_layout_exists(name: str) -> None:
    assert (ROOT / name).is_dir()


@pytest.mark.parametrize("name", RUNNABLE)
def test_script_can_be_run(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)


def test_every_folder_of_tests_is_a_package() -> None:
    """Without it a folder like tests/api would hide the real package of that name."""
    folders = {parent for name in files() if re.match(r"tests/.*\.py$", name) for parent in Path(name).parents}
    assert [str(folder) for folder in sorted(folders - {Path()}) if not (ROOT / folder / "__init__.py").exists()] == []


def test_every_file_has_a_name_of_its_own() -> None:
    nameless = {"util", "utils", "helper", "helpers", "common", "misc"}
    assert [name for name in files() if nameless & {Path(part).stem.lower() for part in Path(name).parts}] == []


# ---- the code ----


def test_every_module_says_what_it_is() -> None:
    assert [name for name, tree in sources() if tree.body and not ast.get_docstring(tree)] == []


def test_functions_stay_readable() -> None:
    long = [
        f"{name}:{node.lineno} {node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """Is it `except Exception`, BaseException or nothing, and does it keep what it caught?"""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    everything = any(
        item is None or (isinstance(item, ast.Name) and item.id in {"Exception", "BaseException"}) for item in caught
    )
    last = handler.body[-1]
    return everything and not (isinstance(last, ast.Raise) and last.exc is None)


def test_only_the_outermost_places_catch_everything() -> None:
    """A handler that ends in a bare `raise` cleans up and catches nothing."""
    catching = {
        name
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and catches_everything(node)
    }
    assert sorted(catching - CATCH_ALL) == []


# ---- what must not be in any file ----


def test_no_file_holds_a_secret() -> None:
    """Not a whole API token (`vps_` and 256 bits of Base64 or hexadecimal), and no private key."""
    assert lines_that_match(r"vps_[A-Za-z0-9_-]{40,}") == []
    assert lines_that_match(r"-----BEGIN [A-Z ]*PRIVATE KEY") == []


def test_no_file_names_a_machine_it_was_made_on() -> None:
    assert lines_that_match(r"(?<![\w.-])/work[/]\w") == []


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the affair of the machine that installs them."""
    assert lines_that_match(r"\b(?:pypi\.org|pythonhosted\.org)\b") == []


# ---- the lock files ----

LOCK_FILE = re.compile(
    r"""
    \#\ This\ file\ was\ autogenerated\ by\ uv\ via\ the\ following\ command:\n
    \#\ \ \ \ make\ lock\n
    (?:
        [a-z0-9-]+==[A-Za-z0-9.!+]+ (?:\ ;\ [^\n\\/]+)? \ \\\n           # a package, its version, when it is wanted
        (?:\ {4}--hash=sha256:[0-9a-f]{64}\ \\\n)* \ {4}--hash=sha256:[0-9a-f]{64}\n
    )+
    """,
    re.VERBOSE,
)


def locked(name: str) -> dict[str, set[str]]:
    """The versions a lock file holds of each package (more than one where machines differ)."""
    versions: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([a-z0-9-]+)==([^ ]+)", (ROOT / name).read_text(), re.MULTILINE):
        versions.setdefault(package, set()).add(version)
    return versions


@pytest.mark.parametrize("name", LOCKS)
def test_lock_file_is_nothing_but_versions_and_hashes(name: str) -> None:
    """So no address, no path and no option of the machine it was made on, and no package without a hash."""
    assert LOCK_FILE.fullmatch((ROOT / name).read_text())


def test_both_lock_files_hold_the_same_versions() -> None:
    run, dev = (locked(name) for name in LOCKS)
    assert {package: dev.get(package) for package in run} == run


def test_lock_files_hold_what_setup_cfg_asks_for() -> None:
    config = setup_cfg()
    extras = {
        name: set(map(normalised, text.split("\n")[1:])) for name, text in config["options.extras_require"].items()
    }
    needed = {normalised(line) for line in config["options"]["install_requires"].split()}
    assert needed | extras["build"] <= set(locked("requirements.lock"))
    assert needed.union(*extras.values()) <= set(locked("requirements-dev.lock"))


# ---- version and changelog ----


def test_changelog_is_kept() -> None:
    """In the form of Keep a Changelog: Unreleased first, then versions with a date; known kinds of change."""
    text = (ROOT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert [h for h in headings[1:] if not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", h)] == []
    kinds = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_version_is_that_of_the_latest_release() -> None:
    version = setup_cfg()["metadata"]["version"]
    releases = re.findall(r"^## \[(\d[\d.]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert releases[:1] in ([], [version])
    assert importlib.metadata.version("zonewright") == version, "the environment is older: make setup"


def test_version_is_written_once() -> None:
    """In setup.cfg; the code asks importlib.metadata. Only the agent, shipped by itself, has a version of its own."""
    version = setup_cfg()["metadata"]["version"]
    assert [
        f"{name}:{node.lineno}"
        for name, tree in sources()
        if not name.startswith("nameserver/agent/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value == version
    ] == []


# ---- documentation ----


def documents() -> list[str]:
    return [name for name in files() if name.endswith(".md")]


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(document: Path) -> set[str]:
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)}


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for name in documents():
        prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", (ROOT / name).read_text(), flags=re.MULTILINE | re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = ROOT / Path(name).parent / path if path else ROOT / name
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append(f"{name}: {link}")
    assert broken == []


# ---- the package ----


def test_every_template_is_shipped() -> None:
    listed = setup_cfg()["options.data_files"]["share/zonewright/bind-templates"].split()
    assert sorted(listed) == [name for name in files() if name.startswith("bind-templates/")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, so that nothing is left in the checkout."""
    copy, built = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(built), str(copy))
    return next(built.glob("*.whl"))


def pip(*arguments: str) -> None:
    argv = [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check", *arguments]
    subprocess.run(argv, check=True, capture_output=True, text=True)


def test_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    """Templates and migrations, too, and nothing but the packages."""
    shipped = set(zipfile.ZipFile(wheel).namelist())
    assert [name for name in files() if name.startswith(PACKAGES) and name not in shipped] == []
    beside = {name for name in shipped if not name.startswith(PACKAGES)}
    assert [name for name in beside if ".dist-info/" not in name and ".data/data/share/zonewright/" not in name] == []


def test_installed_wheel_finds_its_templates(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own, away from the checkout, with the libraries of this one."""
    venv.create(tmp_path, symlinks=True, with_pip=False)
    python = tmp_path / "bin" / "python"
    pip("--python", str(python), "install", "--no-deps", "--no-index", str(wheel))
    library = next(tmp_path.glob("lib/python*/site-packages"))
    (library / "libraries.pth").write_text("\n".join(path for path in sys.path if "site-packages" in path))
    program = "import api; from api.settings import Settings; print(api.__file__); print(Settings().templates)"
    done = subprocess.run([python, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    module, templates = map(Path, done.stdout.split("\n")[:2])
    assert module.is_relative_to(library)
    assert templates.is_relative_to(tmp_path)
    assert {f"bind-templates/{path.name}" for path in templates.iterdir()} == {
        name for name in files() if name.startswith("bind-templates/")
    }
    started = subprocess.run([tmp_path / "bin/zonewright", "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert started.returncode == 0, started.stderr
