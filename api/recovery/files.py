"""What a backup holds beside the database: settings.toml, and the control plane's SSH key and pinned host keys."""

import base64
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.settings import Settings

SETTINGS = "settings.toml"
_URL = re.compile(rb"^([ \t]*database_url[ \t]*=)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of the data folder: its name in there, mode and content."""

    name: str
    mode: int
    content: bytes

    def to_json(self) -> dict[str, Any]:
        """Its line in the backup."""
        return {"file": self.name, "mode": self.mode, "content": base64.b64encode(self.content).decode()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Kept":
        """The file of that line."""
        return cls(value["file"], value["mode"], base64.b64decode(value["content"]))


def collect(settings: Settings, keys: bool) -> list[Kept]:
    """The files that are there; without `keys`, settings.toml alone."""
    names = [SETTINGS, *(("ssh/id_ed25519", "ssh/id_ed25519.pub", "ssh/known_hosts") if keys else ())]
    paths = [(name, settings.data / name) for name in names if (settings.data / name).is_file()]
    return [Kept(name, path.stat().st_mode & 0o777, path.read_bytes()) for name, path in paths]


def put(settings: Settings, kept: Sequence[Kept], wanted: dict[str, Any], differing: dict[str, Any]) -> Iterator[str]:
    """Put the files into the data folder; answers what a person should know, in sentences.

    What is there stays, as it may be newer: the backup's own goes beside it. `wanted` are the settings at the time
    of the backup, `differing` those of now.
    """
    own = (settings.data / SETTINGS).exists()
    missing = {name: value for name, value in wanted.items() if differing.get(name) != value}
    for each in kept:
        yield from _put(settings.data, each)
    if missing and own:
        yield "These settings were others at the time of the backup; zones are made from those of now:"
        yield from (f"  {line}" for line in _lines(missing))
    elif missing:
        _add(settings.data / SETTINGS, missing)


def _put(data: Path, each: Kept) -> Iterator[str]:
    path = data / each.name
    if each.name not in (SETTINGS, "ssh/id_ed25519", "ssh/id_ed25519.pub", "ssh/known_hosts"):
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if path.exists():
        if path.read_bytes() == each.content:
            return
        path = path.with_name(f"{path.name}.restored")
        yield f"{data / each.name} stays as it is; the backup's is beside it as {path.name}."
    content = each.content
    if each.name == SETTINGS and _URL.search(content):
        content = _URL.sub(rb"# \1", content)
        yield f"{path}: database_url was another database's and is a comment now."
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, each.mode), "wb") as file:
        file.write(content)


def _add(path: Path, missing: dict[str, Any]) -> None:
    """Settings that came from the environment, which is no file of ours."""
    text = path.read_text() if path.exists() else ""
    lines = [line for line in _lines(missing) if not re.search(rf"^{line.split(' ')[0]}\s*=", text, re.MULTILINE)]
    if lines:
        added = ["# From the environment, at the time of the backup:", *lines]
        path.write_text(text + ("\n" if text and not text.endswith("\n") else "") + "\n".join(added) + "\n")


def _lines(values: dict[str, Any]) -> Iterator[str]:
    # JSON's strings, numbers and arrays of strings are TOML's, too.
    return (f"{name} = {json.dumps(value)}" for name, value in values.items())
