"""The published page's own examples, taken from a copy of its text beside this file."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.stack import Stack

TEXT = (Path(__file__).parent / "page-examples.txt").read_text()
_CURL = re.compile(r"^curl -X (\w+) (?:.*\\\n)*(?:.*'\{\n(?:.*\n)*?.*\}'|.*)$", re.MULTILINE)
_PYTHON = re.compile(r"^import requests\n(?:.*\n)*?print\(response\.json\(\)\)$", re.MULTILINE)
_ANSWER = re.compile(r"^(?:\[\n(?:.*\n)*?\]|\{\n(?:.*\n)*?\})$", re.MULTILINE)
_SITE, _TOKEN = "https://admin.vps.org", "YOUR_API_TOKEN"


@dataclass(frozen=True, slots=True)
class Result:
    """What an example's run gave: the status, and the body as Python sees it."""

    status: int
    body: Any


def curl_examples() -> list[str]:
    """Every curl command of the page, in its order."""
    return [match[0] for match in _CURL.finditer(TEXT)]


def python_examples() -> list[str]:
    """Every Python program of the page, in its order."""
    return [match[0] for match in _PYTHON.finditer(TEXT)]


def answers() -> list[Any]:
    """Every example answer of the page, in its order."""
    return [json.loads(match[0]) for match in _ANSWER.finditer(TEXT)]


def run_curl(stack: Stack, command: str, uuids: Mapping[str, str]) -> Result:
    """Run a command in bash with host, token and placeholders replaced; a .curlrc asks for the status."""
    folder = stack.data.with_name("curl")
    folder.mkdir(exist_ok=True)
    (folder / ".curlrc").write_text('silent\nnoproxy = "*"\nwrite-out = "\\n%{http_code}"\n')
    script = _replaced(stack, command)
    for placeholder, uuid in uuids.items():
        script = script.replace(f"{{{placeholder}}}", uuid)
    assert not re.search(r"\{[a-z-]*uuid\}", script)
    done = stack.shell(script, CURL_HOME=str(folder))
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return Result(int(status), json.loads(body))


def run_python(stack: Stack, program: str, names: Mapping[str, str]) -> Result:
    """Run a program with host and token replaced and its names given; one more line prints the status."""
    given = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    whole = f"{given}{_replaced(stack, program)}\nprint(response.status_code)\n"
    done = subprocess.run(
        [sys.executable, "-c", whole],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "no_proxy": "*"},
        cwd=stack.data.parent,
    )
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.strip().rpartition("\n")
    return Result(int(status), ast.literal_eval(body))


def _replaced(stack: Stack, text: str) -> str:
    assert _SITE in text
    assert _TOKEN in text
    return text.replace(_SITE, stack.url).replace(_TOKEN, stack.token or "")
