"""Guards of the comparison: what differs on a nameserver is found, what only seems to differ is not."""

from tests.guards.guard import Guard

_BY_HAND = "someone edits a nameserver by hand"
_UNKNOWN = "a nameserver that cannot be asked is taken for right, or for wrong"
_MEANWHILE = "a publication during the comparison looks like drift"

GUARDS = (
    Guard(
        _BY_HAND,
        "nameserver/drift.py",
        "if each.served and zones.get(domain) != each.serial)",
        "if each.served and domain not in zones)",
        ("tests/unit/test_sweep.py::test_another_serial_is_told_with_the_records",),
    ),
    Guard(
        _BY_HAND,
        "nameserver/drift.py",
        "known[domain].digest not in (None, digest)",
        "digest is None",
        ("tests/unit/test_sweep.py::test_a_file_that_is_not_loaded",),
    ),
    Guard(
        _BY_HAND,
        "nameserver/sweep.py",
        "[each for each in compared if each.records]",
        "[each for each in compared if None]",
        ("tests/unit/test_sweep.py::test_content_whose_file_is_right_is_found_by_its_turn",),
    ),
    Guard(
        _BY_HAND,
        "nameserver/sweep.py",
        "        self.after = turn[-1]\n",
        "",
        ("tests/unit/test_sweep.py::test_every_content_has_its_turn_once_in_a_round",),
    ),
    Guard(
        _BY_HAND,
        "nameserver/drift.py",
        "sorted({*gone, *unknown})",
        "sorted({*gone})",
        ("tests/unit/test_sweep.py::test_strays_are_told",),
    ),
    Guard(
        _BY_HAND,
        "nameserver/agent/files.py",
        "known[0] != _version(os.stat(path))",
        "False",
        ("tests/integration/test_drift.py::test_a_file_edited_in_the_same_size_and_time_has_another_digest",),
    ),
    Guard(
        _BY_HAND,
        "nameserver/agent/publish.py",
        "        if self._files.holds(task.domain, task.digest):",
        "        if True:",
        ("tests/integration/test_transport.py::test_a_serial_stands_for_one_content[pipe]",),
    ),
    Guard(
        _BY_HAND,
        "api/changes/drifts.py",
        "    journal.raise_serial(session, found.domain, expected.serial or 0)\n",
        "",
        ("tests/contract/test_drift.py::test_other_content_gets_a_new_serial_everywhere[sqlite]",),
    ),
    Guard(
        _BY_HAND,
        "api/changes/drifts.py",
        '{"state": "pending", "due_at"',
        '{"due_at"',
        ("tests/contract/test_drift.py::test_what_differs_is_due_again_there_with_its_serial[sqlite]",),
    ),
    Guard(
        _UNKNOWN,
        "api/comparing.py",
        "        if transport.hello().running:",
        "        if transport.hello():",
        ("tests/integration/test_comparing.py::test_what_cannot_be_asked_is_unknown[sqlite]",),
    ),
    Guard(
        _UNKNOWN,
        "api/comparing.py",
        "    except TransportError as error:",
        "    except ZeroDivisionError as error:",
        ("tests/integration/test_comparing.py::test_what_cannot_be_asked_is_unknown[sqlite]",),
    ),
    Guard(
        _MEANWHILE,
        "nameserver/sweep.py",
        "        return [each for each in found if now.get(each.domain) == each.expected]",
        "        return list(found)",
        ("tests/unit/test_sweep.py::test_a_publication_meanwhile_is_no_drift",),
    ),
    Guard(
        _MEANWHILE,
        "nameserver/drift.py",
        "        return self.settled and self.serial is not None",
        "        return self.serial is not None",
        ("tests/unit/test_sweep.py::test_what_is_on_its_way_or_held_is_not_compared",),
    ),
    Guard(
        _MEANWHILE,
        "api/changes/drifts.py",
        'still &= (Publication.state == "in_sync") & (Publication.checked_at == expected.asked_at)',
        'still &= Publication.state != "held"',
        ("tests/contract/test_drift.py::test_a_wish_that_has_moved_on_is_no_drift[sqlite]",),
    ),
    Guard(
        _MEANWHILE,
        "api/changes/drifts.py",
        " & (Publication.checked_at == expected.asked_at)",
        "",
        ("tests/contract/test_drift.py::test_what_was_answered_again_meanwhile_is_no_drift[sqlite]",),
    ),
)
