"""Before named starts: is its own zone database (the NZD) whole? If not, named gets the list as text.

A damaged NZD keeps named from starting, and some damage makes named-nzd2nzf print fewer zones and say nothing:
so what it prints is compared with the agent's own list. `_default.nzf` is read only while the NZD has no zone.
"""

import re
import time
from pathlib import Path

from nameserver.agent import names, tools
from nameserver.agent.config import Config
from nameserver.agent.errors import AgentError
from nameserver.agent.files import ZoneFiles, replace
from nameserver.agent.zonelist import ZoneList

_ZONE = re.compile(r'^zone "((?:[^"\\]|\\.)*)"', re.MULTILINE)
_TIMEOUT = 60.0


def repair(config: Config) -> str:
    """Test the NZD and mend what is broken; a sentence that says what was done. Raises AgentError, OSError."""
    zones, files = ZoneList(config.state), ZoneFiles(config.zone_folder)
    database = config.directory / "_default.nzd"
    stored = _stored(database)
    wanted = {name for name in zones.names() if files.exists(names.parse(name))}
    if stored is not None and wanted <= stored:
        zones.write(stored)
        return f"named's zone database is whole: {len(stored)} zones."
    return _restore(config, database, wanted | {name for name in stored or () if files.exists(names.parse(name))})


def _stored(database: Path) -> set[str] | None:
    """The zones in the NZD; none at all when there is no NZD, None when it cannot be read."""
    if not database.exists():
        return set()
    try:
        done = tools.run((tools.find("named-nzd2nzf"), str(database)), database.parent, _TIMEOUT)
    except AgentError:
        return None
    return None if done.returncode else {names.parse(name).text for name in _ZONE.findall(done.stdout)}


def _restore(config: Config, database: Path, wanted: set[str]) -> str:
    folder = config.zone_folder.relative_to(config.directory)
    lines = [_clause(names.parse(name), folder) for name in sorted(wanted)]
    aside = database.with_name(f"{database.name}.broken-{time.strftime('%Y%m%dT%H%M%S')}")
    if database.exists():
        database.rename(aside)
    database.with_name(f"{database.name}-lock").unlink(missing_ok=True)
    replace(config.directory / "_default.nzf", "".join(lines).encode())
    ZoneList(config.state).write(wanted)
    return f"named's zone database was not whole: {len(wanted)} zones are put back from the list."


def _clause(domain: names.Domain, folder: Path) -> str:
    return f'zone {domain.quoted} {{ type primary; file "{folder}/{domain.file_name}"; }};\n'
