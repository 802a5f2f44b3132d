"""Guards of the control plane: what it may publish, in which order, and what it believes of the answers."""

from tests.guards.guard import Guard

_DIES = "the control plane dies at any moment"
_OLDER = "an answer to an older wish"
_TWO = "two control planes, a stale plan"
_AWAY = "a nameserver is away"
_NOBODY_WRITES = "a nameserver goes away, and nobody writes"
_COMES_BACK = "a nameserver comes back without its zones"
_CONF = "an error in named.conf"
_SETTINGS = "new settings or a new template harm many zones"
_SERIAL = "a serial goes back"
_ZONES_VANISH = "zones vanish from the database"
_RECORDS_VANISH = "records vanish from the database, or are changed past the API"
_ONE_ZONE = "one zone floods the loop"
_HUGE = "one huge zone delays the others"
_KILLED = "named is killed"
_FAILS = "a part of `up` keeps failing, or cannot be started"
_ROTATED = "named begins a new log while it loads its zones"
_FULL_COUNTERS = "the disk is full while the API counts"
_UP = "`up` itself is killed"
_LEFT = "a killed control plane leaves files of its checks"
_HANGS = "named or the agent hangs"
_SLOW = "the line is slow, distant or loses packets"
_HOST_KEY = "a host key changes"
_UNUSABLE = "a nameserver is added that cannot be used"

GUARDS = (
    Guard(
        _DIES,
        "api/changes/journal.py",
        "    want(session, zone.domain, None if written.deletion else zone.serial, now())",
        "    pass",
        ("tests/contract/test_changes.py::test_write_makes_a_zone_pending_again[sqlite]",),
    ),
    Guard(
        _OLDER,
        "api/changes/observations.py",
        'case((wanted == serial, "in_sync")',
        'case((wanted.is_not(None), "in_sync")',
        ("tests/contract/test_changes.py::test_answer_for_an_older_wish[sqlite]",),
    ),
    Guard(
        _OLDER,
        "api/changes/observations.py",
        'case((wanted.is_(None), "in_sync")',
        'case((wanted.is_(None) | wanted.is_not(None), "in_sync")',
        ("tests/contract/test_changes.py::test_confirmed_deletion_is_no_answer_for_the_zone_that_came_back[sqlite]",),
    ),
    Guard(
        _OLDER,
        "api/changes/observations.py",
        " or row.wanted != _wanted(item):",
        ":",
        ("tests/contract/test_changes.py::test_failure_of_an_older_wish_counts_no_more[sqlite]",),
    ),
    Guard(
        _TWO,
        "api/changes/leases.py",
        "query if take_over else query.where(free)",
        "query",
        ("tests/integration/test_leases.py::test_lease_is_for_one[sqlite]",),
    ),
    Guard(
        _TWO,
        "api/changes/leases.py",
        "                nameserver.fence += 1\n",
        "                pass\n",
        ("tests/integration/test_leases.py::test_each_new_owner_has_a_higher_number[sqlite]",),
    ),
    Guard(
        _AWAY,
        "nameserver/publish.py",
        " and time.monotonic() >= self._not_before",
        "",
        ("tests/unit/test_reconcile.py::test_an_unreachable_nameserver_is_left_alone_for_a_while",),
    ),
    Guard(
        _AWAY,
        "nameserver/publish.py",
        "        self._job = self._thread.submit(self._work, items, fence, may_configure)",
        "        self._work(items, fence, may_configure)",
        ("tests/unit/test_reconcile.py::test_a_nameserver_that_hangs_delays_no_other",),
    ),
    Guard(
        _AWAY,
        "nameserver/publish.py",
        "        except TransportError as error:\n            self._back_off(error)",
        "        except ZeroDivisionError as error:\n            self._back_off(TransportError(str(error)))",
        ("tests/unit/test_reconcile.py::test_an_unreachable_nameserver_delays_no_other",),
    ),
    Guard(
        _NOBODY_WRITES,
        "nameserver/publish.py",
        "        if not greeting.running:",
        "        if False:",
        ("tests/unit/test_reconcile.py::test_after_a_silence_a_nameserver_is_greeted",),
    ),
    Guard(
        _NOBODY_WRITES,
        "nameserver/publish.py",
        "        if time.monotonic() >= self._heard_at + _HEARTBEAT:\n            self._contacted = False\n",
        "",
        ("tests/unit/test_reconcile.py::test_after_a_silence_a_nameserver_is_greeted",),
    ),
    Guard(
        _COMES_BACK,
        "nameserver/publish.py",
        " or greeting.started != self._started",
        "",
        ("tests/unit/test_reconcile.py::test_a_nameserver_that_was_started_again_is_swept_at_once",),
    ),
    Guard(
        _CONF,
        "nameserver/reconcile.py",
        "        return all(self._publishers[other][1].configured for other in after)",
        "        return bool(after) or True",
        ("tests/unit/test_reconcile.py::test_a_refused_configuration_never_reaches_the_other_nameserver",),
    ),
    Guard(
        _SETTINGS,
        "api/changes/renderings.py",
        "        if row.digest == digest:\n            return 0\n",
        "        return 0\n",
        ("tests/contract/test_staging.py::test_settings_that_are_in_the_zone_files[sqlite]",),
    ),
    Guard(
        _SETTINGS,
        "api/changes/renderings.py",
        "staged=len(zones) > FEW",
        "staged=False",
        ("tests/contract/test_staging.py::test_many_zones_go_to_the_last_nameserver_first[sqlite]",),
    ),
    Guard(
        _SETTINGS,
        "api/store/due.py",
        ", ~Publication.staged | ~staged_later(name)]",
        "]",
        ("tests/contract/test_staging.py::test_many_zones_go_to_the_last_nameserver_first[sqlite]",),
    ),
    Guard(
        _SETTINGS,
        "api/store/staging.py",
        'not_in(("in_sync", "held"))',
        'not_in(("in_sync", "held", "failed"))',
        ("tests/contract/test_staging.py::test_failed_zone_stops_the_stage[sqlite]",),
    ),
    Guard(
        _SETTINGS,
        "api/store/staging.py",
        '("in_sync", "held")',
        '("in_sync",)',
        ("tests/contract/test_staging.py::test_held_zone_does_not_stop_the_stage[sqlite]",),
    ),
    Guard(
        _SETTINGS,
        "api/store/status.py",
        "        error = error or waits_for(nameserver.name)",
        "        pass",
        ("tests/contract/test_staging.py::test_waiting_for_the_last_nameserver_is_told[sqlite]",),
    ),
    Guard(
        _SETTINGS,
        "api/changes/journal.py",
        ', "attempts": 0, "staged": False}',
        ', "attempts": 0}',
        ("tests/contract/test_staging.py::test_users_write_goes_to_all_meanwhile[sqlite]",),
    ),
    Guard(
        _SERIAL,
        "nameserver/serial.py",
        "    return left != right and (left - right) % MODULUS < _HALF",
        "    return left > right",
        ("tests/unit/test_serial.py::test_newer",),
    ),
    Guard(
        _SERIAL,
        "nameserver/serial.py",
        "start if all(newer(start, serial) for serial in known) else following(newest(known))",
        "start",
        ("tests/unit/test_serial.py::test_newer_than_every_known",),
    ),
    Guard(
        _SERIAL,
        "api/changes/journal.py",
        "*([tombstone.serial] if tombstone else [])",
        "*([] if tombstone else [])",
        ("tests/contract/test_zones.py::test_serial_goes_on_above_after_coming_back[sqlite]",),
    ),
    Guard(
        _SERIAL,
        "api/changes/observations.py",
        "            journal.raise_serial(session, outcome.domain, outcome.serial or 0)",
        "            pass",
        ("tests/contract/test_changes.py::test_refusal_as_older_moves_the_serial_above[sqlite]",),
    ),
    Guard(
        _SERIAL,
        "api/changes/journal.py",
        "next_serial(moment.date(), zone.serial, above)",
        "next_serial(moment.date(), zone.serial)",
        ("tests/contract/test_changes.py::test_refusal_as_older_moves_the_serial_above[sqlite]",),
    ),
    Guard(
        _ZONES_VANISH,
        "api/changes/zones.py",
        "    _refuse_served(intent.actor, domain)\n",
        "",
        (
            "tests/contract/test_vanished.py::test_vanished_zone_is_not_created_anew[sqlite-example.com]",
            "tests/contract/test_vanished.py::test_zone_that_only_the_nameservers_know_is_an_operators[sqlite]",
        ),
    ),
    Guard(
        _ZONES_VANISH,
        "api/store/control.py",
        "*_vanished(wanted, zones), ",
        "",
        ("tests/contract/test_vanished.py::test_vanished_zone_is_held_when_it_is_due[sqlite]",),
    ),
    Guard(
        _ZONES_VANISH,
        "api/store/control.py",
        "{domain for domain, serial in wanted.items() if serial is None} - zones.keys()",
        "wanted.keys() - zones.keys()",
        ("tests/contract/test_vanished.py::test_vanished_zone_is_held_when_it_is_due[sqlite]",),
    ),
    Guard(
        _ZONES_VANISH,
        "api/changes/observations.py",
        "        _hold_vanished(session, nameserver.id, vanished)",
        "        pass",
        ("tests/contract/test_drift.py::test_the_sweep_holds_what_vanished_from_the_database[sqlite]",),
    ),
    Guard(
        _ZONES_VANISH,
        "api/changes/release.py",
        '    journal.bury(session, zone, written.change or "")\n',
        "",
        ("tests/contract/test_vanished.py::test_release_buries_a_vanished_zone[sqlite]",),
    ),
    Guard(
        _RECORDS_VANISH,
        "api/store/control.py",
        ", *_tampered(session, rows, zones)]",
        "]",
        ("tests/contract/test_vanished.py::test_vanished_record_holds_its_zone_only[sqlite]",),
    ),
    Guard(
        _RECORDS_VANISH,
        "api/changes/journal.py",
        "checksums.moved(zone.checksum, removed, added)",
        'f"{0:032x}"',
        ("tests/contract/test_vanished.py::test_checksum_moves_with_every_write[sqlite]",),
    ),
    Guard(
        _RECORDS_VANISH,
        "api/store/integrity.py",
        "    if checksums.of(present) == checksum:",
        "    if checksum:",
        ("tests/contract/test_vanished.py::test_vanished_record_holds_its_zone_only[sqlite]",),
    ),
    Guard(
        _RECORDS_VANISH,
        "api/verifying.py",
        "            observations.hold(each)",
        "            pass",
        ("tests/contract/test_vanished.py::test_background_look_holds_what_was_in_sync[sqlite]",),
    ),
    Guard(
        _ONE_ZONE,
        "api/store/due.py",
        "    if len(rows) == MOST_ZONES:",
        "    if False:",
        ("tests/contract/test_turns.py::test_one_change_does_not_wait_behind_many[sqlite]",),
    ),
    Guard(
        _ONE_ZONE,
        "api/store/due.py",
        "_merged(rows, _turns(session, name, values))",
        "_turns(session, name, values)",
        ("tests/contract/test_turns.py::test_half_of_a_pass_goes_to_the_longest_waiting[sqlite]",),
    ),
    Guard(
        _ONE_ZONE,
        "api/changes/observations.py",
        "    row.due_at = now() + timedelta(",
        "    row.due_at = now() + 0 * timedelta(",
        ("tests/contract/test_turns.py::test_failing_zone_backs_off_alone[sqlite]",),
    ),
    Guard(
        _HUGE,
        "api/store/due.py",
        "_heavy() if heavy else ~_heavy()",
        "_heavy() if heavy else True",
        ("tests/contract/test_gathering.py::test_heavy_zone_is_gathered_apart[sqlite]",),
    ),
    Guard(
        _HUGE,
        "api/store/due.py",
        "        if total > MOST_OCTETS and total > octets:\n            return\n",
        "",
        ("tests/contract/test_gathering.py::test_batch_is_bounded_by_its_size[sqlite]",),
    ),
    Guard(
        _KILLED,
        "api/cli/stack.py",
        "            child.start()\n        except",
        "            pass\n        except",
        ("tests/acceptance/test_crashes.py::test_both_nameservers_killed",),
    ),
    Guard(
        _KILLED,
        "nameserver/embedded.py",
        "    repair(target)\n",
        "",
        ("tests/integration/test_agent_named.py::test_a_damaged_zone_database_is_repaired",),
    ),
    Guard(
        _KILLED,
        "nameserver/agent/repair.py",
        " and wanted <= stored:",
        ":",
        ("tests/integration/test_agent_named.py::test_a_damaged_zone_database_is_repaired",),
    ),
    Guard(
        _UP,
        "api/cli/children.py",
        "        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)",
        "        pass",
        ("tests/acceptance/test_crashes.py::test_up_killed",),
    ),
    Guard(
        _UP,
        "api/cli/children.py",
        "    if os.getppid() != parent:",
        "    if False:",
        ("tests/unit/test_children.py::test_child_whose_parent_died_before_it_could_say_so",),
    ),
    Guard(
        _LEFT,
        "nameserver/check.py",
        "            scratch.sweep(folder)",
        "            pass",
        ("tests/integration/test_check.py::test_what_a_killed_checker_left_is_removed",),
    ),
    Guard(
        _HANGS,
        "nameserver/transport/pipe.py",
        "            process.kill()",
        "            pass",
        ("tests/integration/test_transport.py::test_a_silent_agent_times_out_and_is_killed",),
    ),
    Guard(
        _HANGS,
        "nameserver/transport/process.py",
        "        while (left := end - time.monotonic()) > 0:",
        "        while left := 3600.0 + 0 * end:",
        ("tests/integration/test_transport.py::test_a_silent_agent_times_out_and_is_killed",),
    ),
    Guard(
        _HANGS,
        "nameserver/agent/rndc.py",
        "    left = end - time.monotonic()",
        "    left = 3600.0 + 0 * end",
        ("tests/integration/test_agent_named.py::test_an_rndc_that_says_nothing_is_left",),
    ),
    Guard(
        _SLOW,
        "nameserver/transport/pipe.py",
        " + len(body) / self._timeouts.slowest",
        "",
        ("tests/integration/test_transport.py::test_much_to_send_has_more_time",),
    ),
    Guard(
        _SLOW,
        "nameserver/publish.py",
        "_MOST_ZONES = 200",
        "_MOST_ZONES = 1",
        ("tests/unit/test_reconcile.py::test_many_zones_are_one_batch",),
    ),
    Guard(
        _HOST_KEY,
        "nameserver/transport/ssh.py",
        '    "StrictHostKeyChecking=yes",\n',
        '    "StrictHostKeyChecking=no",\n',
        (
            "tests/integration/test_ssh.py::test_another_host_key_is_refused_before_anything_is_sent",
            "tests/integration/test_ssh.py::test_an_unknown_host_key_is_refused",
        ),
    ),
    Guard(
        _HOST_KEY,
        "nameserver/transport/ssh.py",
        '    return f"zonewright-{name}"',
        '    return "zonewright"',
        ("tests/integration/test_ssh.py::test_a_host_key_counts_for_its_nameserver_only",),
    ),
    Guard(
        _HOST_KEY,
        "api/cli/adding.py",
        '        if expected.rstrip("=") != print_:',
        "        if False:",
        ("tests/acceptance/test_nameserver_over_ssh.py::test_another_host_key_adds_nothing",),
    ),
    Guard(
        _UNUSABLE,
        "api/cli/adding.py",
        "        works = works and step.error is None",
        "        works = True",
        ("tests/acceptance/test_nameserver_over_ssh.py::test_a_dead_port_adds_nothing",),
    ),
    Guard(
        _FAILS,
        "api/cli/stack.py",
        "            if not self._ready:\n                raise\n",
        "            raise\n",
        ("tests/unit/test_up.py::test_start_that_raises_is_a_failure_among_others",),
    ),
    Guard(
        _FAILS,
        "api/cli/children.py",
        "if over > 0 else 0.0)",
        "if False else 0.0)",
        ("tests/unit/test_children.py::test_one_that_keeps_failing_is_started_again_later_and_later",),
    ),
    Guard(
        _ROTATED,
        "api/cli/following.py",
        '.glob(f"{self._log.name}*")',
        ".glob(self._log.name)",
        ("tests/unit/test_children.py::test_words_are_found_however_the_log_is_rotated",),
    ),
    Guard(
        _FULL_COUNTERS,
        "api/counter_files.py",
        "        except OSError:\n            self._move_to_memory(capacity)",
        "        except OSError:\n            self._f.truncate(capacity)",
        ("tests/unit/test_counter_files.py::test_disk_that_is_full_when_the_file_grows",),
    ),
)
