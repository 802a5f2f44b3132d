"""The control host's own SSH key and the nameservers' pinned host keys, in DATA/ssh."""

from pathlib import Path

from api.settings import Settings
from nameserver.transport import ssh


def identity(settings: Settings) -> Path:
    """The private key's file; made at the first use. Raises Unreachable when ssh-keygen is missing."""
    path = _folder(settings) / "id_ed25519"
    ssh.make_key(path)
    return path


def public_key(settings: Settings) -> str:
    """The line that provisioning installs on each nameserver."""
    path = identity(settings)
    return path.with_name(path.name + ".pub").read_text().strip()


def known_hosts(settings: Settings) -> Path:
    """The file with the pinned host keys."""
    return _folder(settings) / "known_hosts"


def _folder(settings: Settings) -> Path:
    folder = settings.data.absolute() / "ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
