"""Guards of backup, restore and rebuild."""

from tests.guards.guard import Guard

_LOST = "the database is lost"
_NO_BACKUP = "the database is lost, and there is no backup"
_FENCED = "a restored or new database is fenced out by numbers of an earlier one"
_WRONG = "the wrong database is replaced, or one in use"

GUARDS = (
    Guard(
        _LOST,
        "api/recovery/stream.py",
        'orjson.loads(line) != {"end": digest.hexdigest()} or ',
        "",
        ("tests/contract/test_recovery.py::test_damage_anywhere_restores_nothing[sqlite]",),
    ),
    Guard(
        _LOST,
        "api/recovery/stream.py",
        "        for _ in Backup(partial).lines():\n            pass  # read back: what cannot be read is no backup\n",
        "",
        ("tests/contract/test_recovery.py::test_what_cannot_be_read_back_is_no_backup[sqlite]",),
    ),
    Guard(
        _LOST,
        "api/recovery/load.py",
        'observed = {"state": "pending", ',
        "observed = {",
        ("tests/contract/test_recovery.py::test_restored_on_either_kind_of_database[sqlite]",),
    ),
    Guard(
        _NO_BACKUP,
        "api/recovery/rebuild.py",
        "            zone.serial = parsed.serial\n",
        "",
        ("tests/contract/test_recovery.py::test_zone_is_taken_with_its_serial[sqlite]",),
    ),
    Guard(
        _NO_BACKUP,
        "api/recovery/rebuild.py",
        "            _refuse_deleted(session, domain)\n",
        "",
        ("tests/contract/test_recovery.py::test_deleted_zone_is_not_taken[sqlite]",),
    ),
    Guard(
        _FENCED,
        "api/recovery/load.py",
        '"fence": max(row.fence + 1, first_fence())',
        '"fence": row.fence',
        ("tests/contract/test_recovery.py::test_control_plane_of_a_restored_database_is_not_fenced_out[sqlite]",),
    ),
    Guard(
        _WRONG,
        "api/recovery/places.py",
        "                if zones and not replacing:",
        "                if False:",
        ("tests/contract/test_recovery.py::test_database_with_zones_is_replaced_only_when_asked_and_kept[sqlite]",),
    ),
    Guard(
        _WRONG,
        "api/recovery/places.py",
        '                    old.rename(f"{self.aside}{suffix}")',
        "                    old.unlink()",
        ("tests/contract/test_recovery.py::test_database_with_zones_is_replaced_only_when_asked_and_kept[sqlite]",),
    ),
    Guard(
        _WRONG,
        "api/recovery/places.py",
        '                database.execute("PRAGMA journal_mode = DELETE").fetchone()\n',
        "",
        ("tests/contract/test_recovery.py::test_database_in_use_is_not_replaced[sqlite]",),
    ),
)
