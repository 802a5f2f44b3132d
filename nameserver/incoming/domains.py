"""Which zone a file is: by what its first lines say, or by its name."""

import re
from codecs import BOM_UTF8

from nameserver.errors import InvalidInput
from nameserver.names import canonical_domain

_OURS = re.compile(rb"; (\S+) serial \d+\n")
_ORIGIN = re.compile(rb"^\$ORIGIN[ \t]+(\S+)\.[ \t\r]*(?:;.*)?$", re.IGNORECASE | re.MULTILINE)
_SOA = re.compile(rb"^(\S+)\.[ \t]+(?:\d+[ \t]+)?(?:IN[ \t]+)?(?:\d+[ \t]+)?SOA[ \t]", re.IGNORECASE | re.MULTILINE)
_AFFIXES = re.compile(r"(?:^(?:db|pri|master)\.)|(?:\.(?:zone|db|txt|hosts|signed|dns|axfr))+$", re.IGNORECASE)
_FIRST = 4096


def domain_of(name: str, content: bytes) -> str:
    """The canonical domain of the zone in a file of this name. Raises InvalidInput("domain").

    An export of ours says it in its first line; else an SOA's absolute owner does, the $ORIGIN before the SOA, or
    the file's name (`example.com`, `example.com.zone`, `db.example.com`).
    """
    start = content[:_FIRST].removeprefix(BOM_UTF8)
    patterns = (_OURS.match(start), _SOA.search(start), _ORIGIN.search(start))
    words = [match[1].decode("latin-1") for match in patterns if match]
    for word in (*words, _AFFIXES.sub("", name.rpartition("/")[2])):
        if "." in word.strip("."):
            return _canonical(word)
    raise InvalidInput("domain", f"{name} does not say which zone it is; name the file after the domain, or give it.")


def _canonical(text: str) -> str:
    """Whatever it is: whether it may be a zone here is asked later."""
    return canonical_domain(text, exempt=(text.lower().rstrip("."),))
