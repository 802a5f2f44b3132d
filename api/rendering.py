"""A nameserver's whole tree as files, for people and for named-checkconf."""

from dataclasses import replace
from pathlib import Path

from api.errors import OperatorError
from api.settings import Settings
from api.store.control import zones_in_batches
from api.store.nameservers import nameserver_named
from nameserver.agent.names import parse
from nameserver.render import Renderer
from nameserver.target import Target


def render_tree(settings: Settings, name: str, folder: Path) -> int:
    """Write named.conf with every zone clause, and every zone file; answers the number of zones.

    Raises NotFound, OperatorError when the folder has something in it already.
    """
    target = Target.from_json(nameserver_named(name).target)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OperatorError(f"{folder} is not an empty folder; give a new one.")
    (folder / "zones").mkdir(parents=True)
    renderer, clauses = Renderer(settings.templates), []
    for zone in zones_in_batches():
        domain = parse(zone.domain)
        (folder / "zones" / domain.file_name).write_bytes(renderer.zone_file(zone, settings.authority).content)
        clauses.append(f'zone {domain.quoted} {{ type primary; file "zones/{domain.file_name}"; }};\n')
    # The server's key is a secret and stays there: a made-up one lets named-checkconf read the file.
    key = folder.absolute() / "rndc.key"
    conf = renderer.named_conf(replace(target, directory=str(folder.absolute()), key_file=str(key))).decode()
    (folder / "named.conf").write_text(conf + "\n" + "".join(clauses))
    key.write_text('key "zonewright" { algorithm hmac-sha256; secret "AAAA"; };\n')
    return len(clauses)
