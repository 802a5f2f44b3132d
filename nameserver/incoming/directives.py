"""What a zone file from elsewhere tells its reader to do, found before BIND's tools read it.

They follow `$INCLUDE` to any file that they may read and quote it in their errors, and expand `$GENERATE` to any
size. Both are looked for the way BIND's lexer cuts a file into words (lib/isc/lex.c): a quoted `"$INCLUDE"` at the
beginning of a line works there, and so does one in parentheses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nameserver.errors import InvalidInput

_MENTIONED = re.compile(rb"\$(?:include|generate)", re.IGNORECASE)
_WORD = re.compile(
    rb'[ \t]+|(?P<comment>;[^\r\n]*)|(?P<end>\r\n|[\r\n])|(?P<paren>[()])|"(?P<quoted>(?:[^"\\\r\n]|\\.)*+)"'
    rb'|(?P<word>(?:[^ \t\r\n"();\\]|\\[^\r\n]|\\(?=[\r\n]|\Z))++)',
    re.DOTALL,
)
_RANGE = re.compile(rb"(\d{1,10})-(\d{1,10})(?:/(\d{1,10}))?")


@dataclass(frozen=True, slots=True)
class Directives:
    """`includes` are (line, file), `generated` is how many records the $GENERATE of (line, count) make."""

    includes: tuple[tuple[int, str], ...] = ()
    generated: tuple[tuple[int, int], ...] = ()


def directives(content: bytes) -> Directives:
    """The $INCLUDE and $GENERATE of a zone file. Raises InvalidInput("file") when it cannot be read safely."""
    if b"\0" in content:
        raise InvalidInput("file", f"{_at(content, content.index(0))}: a NUL octet: this is no zone file.")
    if not _MENTIONED.search(content):
        return Directives()
    includes, generated = [], []
    for line, words in _lines(content):
        first = words[0].upper()
        if first == b"$INCLUDE":
            includes.append((line, words[1].decode(errors="replace") if len(words) > 1 else ""))
        elif first == b"$GENERATE":
            generated.append((line, _count(line, words)))
        elif any(word.upper() in (b"$INCLUDE", b"$GENERATE") for word in words[1:] if isinstance(word, _Bare)):
            raise InvalidInput("file", f"Line {line}: $INCLUDE and $GENERATE stand at the beginning of a line.")
    return Directives(tuple(includes), tuple(generated))


class _Bare(bytes):
    """A word that does not stand in quotes."""

    __slots__ = ()


def _lines(content: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """(number, words) of each line that has any; what stands in parentheses is one line."""
    words: list[bytes] = []
    at, number, began, depth = 0, 1, 1, 0
    while at < len(content):
        match = _WORD.match(content, at)
        if match is None:
            raise InvalidInput("file", f"Line {number}: a quote is not closed on its line; close it.")
        at = match.end()
        if match["quoted"] is not None or match["word"] is not None:
            began = began if words else number
            words.append(match["quoted"] if match["word"] is None else _Bare(match["word"]))
        elif match["paren"]:
            depth = max(0, depth + (1 if match["paren"] == b"(" else -1))
        elif match["end"] and not depth and words:
            yield began, words
            words = []
        number += match[0].count(b"\n") if match["quoted"] else bool(match["end"])
    if words:
        yield began, words


def _count(line: int, words: list[bytes]) -> int:
    match = _RANGE.fullmatch(words[1]) if len(words) > 1 else None
    start, stop, step = (int(each or 1) for each in match.groups()) if match else (0, -1, 1)
    if stop < start or step < 1:
        raise InvalidInput("file", f"Line {line}: $GENERATE takes a range such as 1-100 or 1-100/2.")
    return (stop - start) // step + 1


def _at(content: bytes, position: int) -> str:
    return "Line " + str(content.count(b"\n", 0, position) + 1)
