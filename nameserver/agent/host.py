"""What the agent can tell of the machine it runs on: its clock and its disk."""

import os
import time
from pathlib import Path

from nameserver.agent.frames import Header


def about(directory: Path) -> Header:
    """Seconds since 1970, and of the disk with named's directory: octets free for the agent, octets in all, free files.

    `files` is None on file systems that do not count them. Raises OSError.
    """
    disk = os.statvfs(directory)
    return {
        "time": time.time(),
        "free": disk.f_bavail * disk.f_frsize,
        "size": disk.f_blocks * disk.f_frsize,
        "files": disk.f_favail if disk.f_files else None,
    }
