"""The control host's own SSH key and the nameservers' pinned host keys, in DATA/ssh."""

from contextlib import suppress
from pathlib import Path

from api.settings import Settings
from nameserver.transport import ssh


def identity(settings: Settings) -> Path:
    """The private key's file; made at the first use. Raises Unreachable when ssh-keygen is missing."""
    path = _folder(settings) / "id_ed25519"
    ssh.make_key(path)
    return path


def public_keys(settings: Settings) -> list[str]:
    """The lines that provisioning installs on each nameserver: of the key, and of the next one while there is one."""
    keys = [identity(settings), *([_next(settings)] if _next(settings).exists() else [])]
    return [_public(path).read_text().strip() for path in keys]


def begin_rotation(settings: Settings) -> bool:
    """Make the next key beside the present one; False when there is one already."""
    if _next(settings).exists():
        return False
    ssh.make_key(_next(settings))
    return True


def with_next_key(settings: Settings, agent: tuple[str, ...]) -> tuple[str, ...]:
    """The argv that reaches an agent, with the next key instead of the present one."""
    return tuple(str(_next(settings)) if part == str(identity(settings)) else part for part in agent)


def end_rotation(settings: Settings) -> None:
    """The next key becomes the present one, which is gone then. Stopped in between, it can be done again."""
    with suppress(FileNotFoundError):
        _public(_next(settings)).replace(_public(identity(settings)))
    _next(settings).replace(identity(settings))


def known_hosts(settings: Settings) -> Path:
    """The file with the pinned host keys."""
    return _folder(settings) / "known_hosts"


def _next(settings: Settings) -> Path:
    return _folder(settings) / "id_ed25519.next"


def _public(path: Path) -> Path:
    return path.with_name(path.name + ".pub")


def _folder(settings: Settings) -> Path:
    folder = settings.data.absolute() / "ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
