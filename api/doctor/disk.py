"""Room on a disk, here and on a nameserver."""

import os

from api.doctor.finding import Finding, Findings, fail, ok, warn
from api.settings import Settings

_FEW_FILES = 1000


def check(settings: Settings) -> Findings:
    """The disk with the data folder."""
    disk = os.statvfs(settings.data)
    free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    yield judge("disk", free, size, disk.f_favail if disk.f_files else None, settings.least_disk_free)


def judge(name: str, free: int, size: int, files: int | None, least: int) -> Finding:
    """Is there room? `free` and `size` are octets, `files` how many more fit (None: not counted)."""
    sentence = f"{_mebibytes(free)} of {_mebibytes(size)} are free."
    mend = "Make room: look at logs and backups first. Below {} this is a fault (the setting least_disk_free)."
    if files is not None and files < _FEW_FILES:
        return fail(name, f"The disk takes only {files} more files.", "Remove small files: see `df -i`.")
    if free < least:
        return fail(name, sentence, mend.format(_mebibytes(least)))
    if free < 2 * least:
        return warn(name, sentence, mend.format(_mebibytes(least)))
    return ok(name, sentence)


def _mebibytes(octets: int) -> str:
    return f"{octets / (1 << 20):,.0f} MiB"
