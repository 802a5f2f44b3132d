"""Guards over what zones say: rules between records, rendering, the checkers, advice."""

from tests.guards.guard import Guard

_INJECTS = "a value or name injects records"
_REFUSES = "named refuses what the checkers passed"
_SURPRISES = "named accepts what will surprise"
_DEEP = "a deep check hangs, or accuses the wrong"
_CONTRADICT = "records that contradict each other"
_HELD = "a stored zone does not render or load"

GUARDS = (
    Guard(
        _HELD,
        "nameserver/reconcile.py",
        'if file is None or verdict(problems) == "error":',
        "if file is None:",
        ("tests/unit/test_reconcile.py::test_a_zone_that_does_not_load_is_held_and_the_others_go_out",),
    ),
    Guard(
        _HELD,
        "nameserver/gate.py",
        "            except InvalidInput as error:",
        "            except ZeroDivisionError as error:",
        ("tests/unit/test_reconcile.py::test_a_stored_value_that_is_none_holds_its_zone_only",),
    ),
    Guard(
        _HELD,
        "nameserver/render.py",
        "        except _NOT_VALID as error:",
        "        except dns.exception.DNSException as error:",
        ("tests/unit/test_reconcile.py::test_whatever_is_stored_harms_its_own_zone_only",),
    ),
    Guard(
        _INJECTS,
        "nameserver/render.py",
        "records.rdata(record.type, record.value, record.priority).to_text()",
        "record.value",
        ("tests/unit/test_render.py::test_nasty_text_is_one_record",),
    ),
    Guard(
        _INJECTS,
        "nameserver/render.py",
        "dns.name.from_text(record.name, origin=None).to_text()",
        "record.name",
        ("tests/unit/test_render.py::test_owner_that_came_past_the_rules_is_one_name",),
    ),
    Guard(
        _INJECTS,
        "nameserver/check.py",
        " or counted(file.content) != file.records",
        "",
        ("tests/integration/test_check.py::test_a_batch_notices_records_that_should_not_be_there",),
    ),
    Guard(
        _INJECTS,
        "nameserver/render.py",
        "        elif not _OTHER_LINE.fullmatch(line):\n            return None",
        "",
        ("tests/integration/test_check.py::test_a_batch_notices_records_that_should_not_be_there",),
    ),
    Guard(
        _INJECTS,
        "nameserver/check.py",
        "(loaded := _count(done.stdout)) != file.records:",
        "(loaded := _count(done.stdout)) < 0:",
        ("tests/integration/test_check.py::test_a_lost_record_is_an_error",),
    ),
    Guard(
        _INJECTS,
        "nameserver/check.py",
        " and parsed == file.records",
        "",
        ("tests/integration/test_check.py::test_a_prepared_check_says_the_same",),
    ),
    Guard(
        _SURPRISES,
        "nameserver/check.py",
        '        return checkzone.problem(domain, match["words"], failed, number, severe)',
        "        return None",
        ("tests/integration/test_checkzone.py::test_message_is_known",),
    ),
    Guard(
        _SURPRISES,
        "nameserver/advice/__init__.py",
        "(dangling(zone, missing), *(rule(zone) for rule in mail.RULES))",
        "(dangling(zone, missing),)",
        ("tests/unit/test_advice.py::test_broken",),
    ),
    Guard(
        _SURPRISES,
        "api/checking.py",
        "[*each.problems, *advise(each.zone, gone)]",
        "[*each.problems]",
        ("tests/contract/test_check.py::test_target_in_another_zone_of_ours[sqlite]",),
    ),
    Guard(
        _DEEP,
        "nameserver/deep.py",
        "lifetime=left",
        "lifetime=left + 25",
        ("tests/integration/test_deep.py::test_a_silent_resolver_ends_in_time",),
    ),
    Guard(
        _DEEP,
        "nameserver/deep.py",
        "            return Answer.NONE",
        "            return Answer.NO_NAME",
        ("tests/integration/test_deep.py::test_refused_names_are_not_called_missing",),
    ),
    Guard(
        _REFUSES,
        "nameserver/rules.py",
        "    if len(rdatas) > MOST_RECORDS:",
        "    if False:",
        ("tests/unit/test_rules.py::test_100_records_and_no_more",),
    ),
    Guard(
        _REFUSES,
        "nameserver/rules.py",
        "    if octets > MOST_OCTETS:",
        "    if False:",
        ("tests/unit/test_rules.py::test_65000_octets_and_no_more",),
    ),
    Guard(
        _REFUSES,
        "nameserver/rules.py",
        'ours = self.ours if self.at_apex and self.record.type == "NS" else ()',
        "ours = ()",
        ("tests/unit/test_rules.py::test_our_nameservers_count_at_the_apex",),
    ),
    Guard(
        _REFUSES,
        "nameserver/check.py",
        "check-names primary warn;",
        "",
        ("tests/integration/test_check.py::test_a_batch_names_the_bad_zones_and_goes_on",),
    ),
    Guard(
        _REFUSES,
        "bind-templates/named.conf.j2",
        "    check-names primary ignore;",
        "",
        ("tests/integration/test_agent_named.py::test_an_underscore_is_served",),
    ),
    Guard(
        _CONTRADICT,
        "nameserver/rules.py",
        "    _cname,\n",
        "",
        (
            "tests/contract/test_concurrency.py::test_20_create_a_cname_and_others[sqlite]",
            "tests/unit/test_rules.py::test_refused",
        ),
    ),
    Guard(
        _CONTRADICT,
        "nameserver/rules.py",
        "    _elsewhere,\n",
        "",
        ("tests/unit/test_rules.py::test_refused",),
    ),
    Guard(
        _CONTRADICT,
        "nameserver/rules.py",
        "    _below_dname,\n",
        "",
        ("tests/unit/test_rules.py::test_refused",),
    ),
    Guard(
        _CONTRADICT,
        "nameserver/rules.py",
        "    _apex_nameserver,\n",
        "",
        ("tests/unit/test_rules.py::test_refused",),
    ),
    Guard(
        _CONTRADICT,
        "nameserver/rules.py",
        "    _hides,\n",
        "",
        ("tests/unit/test_rules.py::test_refused",),
    ),
    Guard(
        _CONTRADICT,
        "nameserver/rules.py",
        "    _alone,\n",
        "",
        ("tests/unit/test_rules.py::test_refused",),
    ),
)
