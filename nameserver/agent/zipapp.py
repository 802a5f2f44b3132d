"""The agent as one executable file, for provisioning to copy to a nameserver."""

import zipfile
from pathlib import Path

_MAIN = "import sys\n\nfrom nameserver.agent.__main__ import main\n\nsys.exit(main())\n"
_DATE = (1980, 1, 1, 0, 0, 0)  # the same sources give the same file


def build(path: Path) -> None:
    """Write the agent to `path`. Raises OSError."""
    root = Path(__file__).parent
    sources = [root.parent / "__init__.py", *sorted(root.glob("*.py"))]
    with path.open("wb") as stream:
        stream.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("__main__.py", _DATE), _MAIN)
            for source in sources:
                name = str(source.relative_to(root.parent.parent))
                archive.writestr(zipfile.ZipInfo(name, _DATE), source.read_bytes())
    path.chmod(0o755)
