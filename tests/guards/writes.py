"""Guards over writes to the database: one transaction each, never done twice, never by halves, never lost."""

from tests.guards.guard import Guard

_TWICE = "a write is sent twice, because its answer was lost"
_ONE_RECORD = "two people change one record"
_LOCKED = "somebody or a program changes what must stay"
_HALF = "half a batch"
_CONTRADICT = "records that contradict each other"
_ONE_DOMAIN = "two accounts want one domain"
_EMPTIES = "a program that lost its input empties a zone"
_SQLITE = "SQLite locks, kill -9"
_REPORTS = "reports fill the database, or delay publishing"

GUARDS = (
    Guard(
        _TWICE,
        "api/changes/idempotency.py",
        "    if intent.key is not None and intent.actor.account_id is not None and not intent.dry_run:",
        "    if False:",
        ("tests/contract/test_idempotency.py::test_array_is_sent_again[sqlite]",),
    ),
    Guard(
        _TWICE,
        "api/changes/idempotency.py",
        "        if known is None or known.answered:\n            raise Conflict",
        "        if known is None:\n            raise Conflict",
        ("tests/contract/test_idempotency.py::test_late_writer_whose_key_was_taken_over_writes_nothing[sqlite]",),
    ),
    Guard(
        _TWICE,
        "api/changes/idempotency.py",
        "known is not None and known.fingerprint != key.fingerprint:",
        "False:",
        ("tests/contract/test_idempotency.py::test_key_is_for_one_request[sqlite]",),
    ),
    Guard(
        _TWICE,
        "api/routes.py",
        "        idempotency.release(account, key)\n",
        "",
        ("tests/contract/test_idempotency.py::test_failed_write_keeps_no_key[sqlite]",),
    ),
    Guard(
        _ONE_RECORD,
        "api/changes/intent.py",
        "if self.if_match is not None and not self.if_match & {etag,",
        "if False and not {etag,",
        ("tests/contract/test_etags.py::test_write_only_what_was_read[sqlite]",),
    ),
    Guard(
        _ONE_RECORD,
        "api/models/etags.py",
        ", record.priority, record.value)",
        ", record.priority)",
        ("tests/contract/test_etags.py::test_tag_changes_when_the_content_does[sqlite]",),
    ),
    Guard(
        _ONE_RECORD,
        "api/changes/zones.py",
        "Zone.account_id == actor.account_id).with_for_update()",
        "Zone.account_id == actor.account_id)",
        ("tests/contract/test_etags.py::test_one_of_many_writers_wins[postgresql]",),
    ),
    Guard(
        _LOCKED,
        "api/changes/journal.py",
        "    locks.require_unlocked(session, zone, [*removed, *added])\n",
        "",
        ("tests/contract/test_locks.py::test_every_way_in_honours_it[sqlite]",),
    ),
    Guard(
        _LOCKED,
        "api/changes/zones.py",
        "    locks.require_unlocked(session, zone, gone)\n",
        "",
        ("tests/contract/test_locks.py::test_every_way_in_honours_it[sqlite]",),
    ),
    Guard(
        _LOCKED,
        "api/changes/zones.py",
        "        locks.require_unlocked(session, zone)\n",
        "",
        ("tests/contract/test_cli_locks.py::test_commands_honour_it[sqlite]",),
    ),
    Guard(
        _HALF,
        "api/changes/batches.py",
        "        return action(operation)",
        "        result = action(operation)\n        self._session.commit()\n        return result",
        ("tests/contract/test_batches.py::test_batch_is_all_or_nothing[sqlite]",),
    ),
    Guard(
        _HALF,
        "api/store/rows.py",
        "        self._names[row.name][row.uuid] = row\n        if db.session.deleted:",
        "        if db.session.deleted:",
        ("tests/contract/test_batches.py::test_caps_hold_in_a_batch[sqlite]",),
    ),
    Guard(
        _CONTRADICT,
        "nameserver/rules.py",
        "    _twice,\n",
        "",
        ("tests/unit/test_rules.py::test_refused",),
    ),
    Guard(
        _CONTRADICT,
        "api/changes/records.py",
        "    except IntegrityError as error:",
        "    except ZeroDivisionError as error:",
        ("tests/contract/test_records.py::test_database_itself_keeps_a_record_once[sqlite]",),
    ),
    Guard(
        _CONTRADICT,
        "api/changes/zones.py",
        "Zone.account_id == actor.account_id).with_for_update()",
        "Zone.account_id == actor.account_id)",
        ("tests/contract/test_concurrency.py::test_20_create_a_cname_and_others[postgresql]",),
    ),
    Guard(
        _ONE_DOMAIN,
        "api/changes/zones.py",
        "    _refuse_overlap(intent.actor, domain)\n",
        "",
        ("tests/contract/test_zones.py::test_zone_above_or_below_anothers[sqlite]",),
    ),
    Guard(
        _ONE_DOMAIN,
        "api/changes/zones.py",
        '        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})',
        "        pass",
        ("tests/contract/test_concurrency.py::test_50_create_overlapping_zones[postgresql]",),
    ),
    Guard(
        _ONE_DOMAIN,
        "api/changes/zones.py",
        "            _refuse_hiding(zone, domain)\n",
        "",
        ("tests/contract/test_zones.py::test_child_may_not_hide_records_of_its_parent[sqlite]",),
    ),
    Guard(
        _EMPTIES,
        "api/changes/batches.py",
        "                edit.require_few_removed()",
        "                pass",
        ("tests/contract/test_vanished.py::test_batch_that_removes_much_is_confirmed[sqlite]",),
    ),
    Guard(
        _EMPTIES,
        "api/changes/edit.py",
        "if before and self._after.get(uuid) is None)",
        "if before and uuid not in self._after)",
        ("tests/contract/test_vanished.py::test_batch_that_removes_much_is_confirmed[sqlite]",),
    ),
    Guard(
        _SQLITE,
        "api/database.py",
        '"journal_mode=WAL", ',
        "",
        ("tests/integration/test_sqlite.py::test_what_was_committed_is_on_the_disk",),
    ),
    Guard(
        _SQLITE,
        "api/database.py",
        '"synchronous=FULL"',
        '"synchronous=OFF"',
        ("tests/integration/test_sqlite.py::test_what_was_committed_is_on_the_disk",),
    ),
    Guard(
        _SQLITE,
        "api/database.py",
        '"BEGIN IMMEDIATE" if write else "BEGIN"',
        '"BEGIN"',
        ("tests/integration/test_sqlite.py::test_nobody_writes_between_a_writers_look_and_its_write",),
    ),
    Guard(
        _SQLITE,
        "api/database.py",
        "            fcntl.flock(file, fcntl.LOCK_EX)\n",
        "",
        ("tests/integration/test_sqlite.py::test_one_process_writes_at_a_time",),
    ),
    Guard(
        _REPORTS,
        "api/changes/checks.py",
        "            _thin(session, there, most)",
        "            pass",
        ("tests/contract/test_check.py::test_the_newest_are_kept[sqlite]",),
    ),
    Guard(
        _REPORTS,
        "api/control.py",
        'self._checks += checking.reports(observed.zones, "publish", self._reconciler.checker.version)',
        "pass",
        ("tests/contract/test_check.py::test_checks_wait_for_the_next_observation[sqlite]",),
    ),
    Guard(
        _REPORTS,
        "api/control.py",
        "            self._checks.extendleft(reversed(waiting))\n",
        "",
        ("tests/contract/test_check.py::test_checks_wait_for_the_next_observation[sqlite]",),
    ),
)
