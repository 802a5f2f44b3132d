"""Guards over zones from elsewhere: what a file tells its reader to do, and what it would fill."""

from tests.guards.guard import Guard

_READS = "an imported file reads others of this machine"
_FILLS = "an imported file fills memory or disk"
_SHORTCUT = "an import comes past a rule, or loses without a word"
_EMPTIES = "a program that lost its input empties a zone"
_INCLUDE = "tests/unit/test_incoming.py::test_include_is_found_where_named_finds_it"
_REFUSED = "tests/contract/test_import.py::test_file_with_an_error_is_refused_whole"

GUARDS = (
    Guard(
        _READS,
        "nameserver/incoming/compiled.py",
        "    _check_includes(found, root, most, _DEPTH)\n",
        "",
        (f"{_REFUSED}[sqlite",),
    ),
    Guard(
        _READS,
        "nameserver/incoming/directives.py",
        "        first = words[0].upper()",
        '        first = words[0].upper() if isinstance(words[0], _Bare) else b""',
        (_INCLUDE,),
    ),
    Guard(
        _READS,
        "nameserver/incoming/compiled.py",
        "not path.is_relative_to(root.resolve()) or ",
        "",
        ("tests/contract/test_cli_import.py::test_include_is_followed_below_the_given_folder_only[sqlite]",),
    ),
    Guard(
        _FILLS,
        "nameserver/incoming/compiled.py",
        "        if made > most:",
        "        if count > most:",
        (f"{_REFUSED}[sqlite",),
    ),
    Guard(
        _FILLS,
        "nameserver/incoming/archives.py",
        "        if self._left < 0:",
        "        if False:",
        ("tests/unit/test_incoming.py::test_archive_that_is_refused",),
    ),
    Guard(
        _SHORTCUT,
        "api/changes/imports.py",
        "    for record, error in faults:",
        "    for record, error in ():",
        (f"{_REFUSED}[sqlite",),
    ),
    Guard(
        _SHORTCUT,
        "nameserver/incoming/incoming.py",
        "if note.severity is Severity.ERROR and note.rule != OUT_OF_ZONE:",
        "if False:",
        (f"{_REFUSED}[sqlite",),
    ),
    Guard(
        _EMPTIES,
        "api/changes/imports.py",
        "    if not intent.confirm_removals:",
        "    if False:",
        ("tests/contract/test_import.py::test_much_is_removed_only_when_that_is_confirmed[sqlite]",),
    ),
)
