"""Guards of the agent, beside named: nothing half done, nothing older, nothing believed that was not asked."""

from tests.guards.guard import Guard

_TWO = "two control planes, a stale plan"
_SAYS_YES = "rndc says yes, and the zone is not loaded"
_RELOAD = "reload skips a file or is swallowed"
_DIES = "the control plane dies at any moment"
_CONF = "an error in named.conf"
_CUT = "a transfer is cut or damaged"
_FULL = "the disk or named's zone database is full"
_SERIAL = "a serial goes back"
_STOLEN = "the control plane's key is stolen"
_TRANSFER = "strangers transfer whole zones"

GUARDS = (
    Guard(
        _TWO,
        "nameserver/agent/state.py",
        "        if number < highest:",
        "        if False:",
        ("tests/integration/test_transport.py::test_a_lower_fence_is_refused_and_nothing_done[pipe]",),
    ),
    Guard(
        _TWO,
        "nameserver/agent/state.py",
        '            replace(self._path, b"%d\\n" % number)',
        "            pass",
        ("tests/unit/test_agent_parts.py::test_the_fence_only_rises_and_outlives_the_agent",),
    ),
    Guard(
        _TWO,
        "nameserver/agent/state.py",
        "            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "",
        ("tests/unit/test_agent_parts.py::test_the_lock_is_for_one",),
    ),
    Guard(
        _TWO,
        "nameserver/agent/publish.py",
        "        if newest is not None:",
        "        if False:",
        ("tests/integration/test_transport.py::test_an_older_serial_is_refused[pipe]",),
    ),
    Guard(
        _SERIAL,
        "nameserver/agent/publish.py",
        "self._files.serial(task.domain), ",
        "",
        ("tests/integration/test_agent_named.py::test_a_newer_file_on_disk_is_not_overwritten",),
    ),
    Guard(
        _SERIAL,
        "nameserver/agent/publish.py",
        "self._zones.gone().get(task.domain.text)",
        "None",
        ("tests/integration/test_transport.py::test_a_zone_that_was_removed_does_not_come_back_below[pipe]",),
    ),
    Guard(
        _SERIAL,
        "nameserver/agent/batch.py",
        "    return left != right and (left - right) % 2**32 < _HALF",
        "    return left > right",
        ("tests/integration/test_transport.py::test_a_serial_over_the_wrap_is_newer[pipe]",),
    ),
    Guard(
        _SAYS_YES,
        "nameserver/agent/waiting.py",
        "        if not silent and one.answered == one.serial:",
        "        if not silent:",
        ("tests/integration/test_agent_named.py::test_what_named_refuses_after_rndc_said_yes",),
    ),
    Guard(
        _SAYS_YES,
        "nameserver/agent/waiting.py",
        "        self._refusals.read()\n",
        "",
        ("tests/integration/test_agent_named.py::test_what_named_refuses_after_rndc_said_yes",),
    ),
    Guard(
        _SAYS_YES,
        "nameserver/agent/installing.py",
        "        elif self._files.put_back(task.domain):",
        "        elif False:",
        ("tests/integration/test_agent_named.py::test_what_named_refuses_after_rndc_said_yes",),
    ),
    Guard(
        _SAYS_YES,
        "nameserver/agent/installing.py",
        "            return self._take_back(task, error)",
        "            return None",
        ("tests/integration/test_agent_named.py::test_a_refused_new_zone_leaves_nothing",),
    ),
    Guard(
        _SAYS_YES,
        "nameserver/agent/installing.py",
        "        if task.added:",
        "        if False:",
        ("tests/unit/test_installing.py::test_new_zone_that_is_never_answered_leaves_nothing",),
    ),
    Guard(
        _RELOAD,
        "nameserver/agent/files.py",
        "        now = max(now, than.stat().st_mtime_ns + step)",
        "        now = max(now, step)",
        ("tests/unit/test_agent_parts.py::test_each_file_is_newer_than_the_one_it_replaces",),
    ),
    Guard(
        _RELOAD,
        "nameserver/agent/installing.py",
        "            self._files.touch(domain, _AHEAD)\n",
        "",
        ("tests/integration/test_agent_named.py::test_up_to_date_is_not_taken_for_success",),
    ),
    Guard(
        _RELOAD,
        "nameserver/agent/installing.py",
        "            raise NamedTrouble(\"named takes the zone's file",
        "            NamedTrouble(\"named takes the zone's file",
        ("tests/unit/test_installing.py::test_file_that_named_will_not_read_is_told",),
    ),
    Guard(
        _RELOAD,
        "nameserver/agent/waiting.py",
        "                self._again(one.domain)",
        "                pass",
        ("tests/unit/test_agent_parts.py::test_what_a_running_load_swallowed_is_sent_again",),
    ),
    Guard(
        _DIES,
        "nameserver/agent/installing.py",
        "        self._control.remove(task.domain)\n        return False",
        "        return True",
        ("tests/integration/test_agent_named.py::test_a_zone_half_added_by_a_killed_agent_does_not_count",),
    ),
    Guard(
        _DIES,
        "nameserver/agent/server.py",
        "            files.sweep()\n",
        "",
        ("tests/unit/test_agent_parts.py::test_what_a_killed_agent_left_is_removed",),
    ),
    Guard(
        _CONF,
        "nameserver/agent/configure.py",
        "        if done.returncode:",
        "        if False:",
        ("tests/integration/test_transport.py::test_a_refused_configuration_changes_nothing[pipe]",),
    ),
    Guard(
        _CONF,
        "nameserver/agent/configure.py",
        "        if after < before:",
        "        if False:",
        ("tests/integration/test_agent_named.py::test_lost_zones_are_counted_though_the_list_is_lost",),
    ),
    Guard(
        _CONF,
        "nameserver/agent/configure.py",
        "        if lost := self._lost(served):",
        "        if lost := None:",
        ("tests/integration/test_agent_named.py::test_a_configuration_that_loses_zones_is_put_back",),
    ),
    Guard(
        _CONF,
        "nameserver/agent/configure.py",
        "            replace(self._config.named_conf, previous)\n",
        "",
        ("tests/integration/test_agent_named.py::test_a_configuration_that_loses_zones_is_put_back",),
    ),
    Guard(
        _CUT,
        "nameserver/agent/files.py",
        "            if hashlib.sha256(path.read_bytes()).hexdigest() != digest:",
        "            if False:",
        ("tests/unit/test_agent_parts.py::test_a_wrong_digest_leaves_nothing",),
    ),
    Guard(
        _CUT,
        "nameserver/agent/batch.py",
        "    if at != len(body):",
        "    if False:",
        ("tests/integration/test_agent_named.py::test_a_cut_transfer_changes_nothing",),
    ),
    Guard(
        _CUT,
        "nameserver/agent/files.py",
        "        os.fsync(stream.fileno())",
        "        pass",
        ("tests/unit/test_agent_parts.py::test_a_file_is_on_the_disk_before_it_has_its_name",),
    ),
    Guard(
        _CUT,
        "nameserver/agent/files.py",
        "        sync_folder(self._folder)",
        "        pass",
        ("tests/unit/test_agent_parts.py::test_a_file_is_on_the_disk_before_it_has_its_name",),
    ),
    Guard(
        _FULL,
        "nameserver/agent/installing.py",
        'return None if self._control.knows(task.domain) else self._take_back(task, "failure")',
        "return None",
        ("tests/unit/test_installing.py::test_new_zone_that_named_does_not_store_is_taken_back",),
    ),
    Guard(
        _FULL,
        "nameserver/agent/installing.py",
        "        self._control.remove(task.domain)\n        self._files.remove(task.domain)\n        task.served",
        "        task.served",
        ("tests/integration/test_agent_named.py::test_a_full_zone_database_does_not_half_add",),
    ),
    Guard(
        _FULL,
        "nameserver/agent/publish.py",
        "    except OSError as error:",
        "    except ZeroDivisionError as error:",
        ("tests/integration/test_agent_named.py::test_a_read_only_folder_fails_and_changes_nothing",),
    ),
    Guard(
        _STOLEN,
        "deploy/provision/nameserver.sh",
        '${from:+from=\\"$from\\",}',
        "",
        ("tests/lab/test_provisioning.py::test_key_is_accepted_from_the_control_host_only",),
    ),
    Guard(
        _TRANSFER,
        "bind-templates/named.conf.j2",
        'allow-transfer { key "zonewright"; };',
        "allow-transfer { any; };",
        ("tests/integration/test_drift.py::test_nobody_without_the_key_gets_a_transfer",),
    ),
)
