"""Guards over who may do what and how much of it: accounts, permissions, limits, floods, secrets, browsers."""

from tests.guards.guard import Guard

_ANOTHERS = "another account's uuid, a missing permission"
_OVERSIZED = "oversized or hostile requests"
_FLOODS = "floods of requests, guessed tokens"
_PAGES = "pages of others call the API"
_METRICS = "strangers read the metrics"
_SCRIPTS = "stored scripts, forged requests in pages"
_SECRETS = "secrets in logs, errors or files"

GUARDS = (
    Guard(
        _ANOTHERS,
        "api/store/zones.py",
        "select(Zone).where(Zone.uuid == uuid, Zone.account_id == account_id)",
        "select(Zone).where(Zone.uuid == uuid)",
        ("tests/contract/test_access.py::test_foreign_and_unknown_look_the_same[sqlite]",),
    ),
    Guard(
        _ANOTHERS,
        "api/changes/zones.py",
        "where(named, Zone.account_id == actor.account_id)",
        "where(named)",
        ("tests/contract/test_access.py::test_foreign_and_unknown_look_the_same[sqlite]",),
    ),
    Guard(
        _ANOTHERS,
        "api/store/records.py",
        "_rows(account_id).where(Record.uuid == uuid)",
        "select(Record, Zone).join(Zone).where(Record.uuid == uuid)",
        ("tests/contract/test_access.py::test_foreign_and_unknown_look_the_same[sqlite]",),
    ),
    Guard(
        _ANOTHERS,
        "api/store/status.py",
        "Change.uuid == uuid, readable",
        "Change.uuid == uuid",
        ("tests/contract/test_access.py::test_change_is_its_accounts_own[sqlite]",),
    ),
    Guard(
        _ANOTHERS,
        "api/store/history.py",
        "Zone.uuid == zone_uuid, Zone.account_id == account_id",
        "Zone.uuid == zone_uuid",
        ("tests/contract/test_history.py::test_history_is_its_owners_only[sqlite]",),
    ),
    Guard(
        _ANOTHERS,
        "api/routes.py",
        "            auth.require(route.permission)\n",
        "            pass\n",
        ("tests/contract/test_access.py::test_missing_permission_goes_before_any_look_up[sqlite]",),
    ),
    Guard(
        _ANOTHERS,
        "api/auth.py",
        " or (token.expires_at is not None and token.expires_at <= moment)",
        "",
        ("tests/contract/test_tokens.py::test_token_ends_in_the_second_it_expires[sqlite]",),
    ),
    Guard(
        _ANOTHERS,
        "api/auth.py",
        " or token.revoked_at is not None",
        "",
        ("tests/contract/test_tokens.py::test_revoked_token_ends_at_once[sqlite]",),
    ),
    Guard(
        _OVERSIZED,
        "api/app.py",
        '    app.config["MAX_CONTENT_LENGTH"] = settings.body_limit\n',
        "",
        ("tests/contract/test_errors.py::test_body_of_ten_mebibytes_is_not_read[sqlite]",),
    ),
    Guard(
        _OVERSIZED,
        "api/schemas/queries.py",
        "    limit = QueryNumber(1, 5000)",
        "    limit = QueryNumber(1, 10**9)",
        ("tests/contract/test_errors.py::test_paging_out_of_bounds[sqlite]",),
    ),
    Guard(
        _OVERSIZED,
        "api/schemas/fields.py",
        '        if "\\0" in value:',
        "        if False:",
        ("tests/unit/test_fields.py::test_text_that_cannot_be_stored",),
    ),
    Guard(
        _OVERSIZED,
        "api/schemas/fields.py",
        'if any("\\ud800" <= character <= "\\udfff" for character in value):',
        "if False:",
        ("tests/unit/test_fields.py::test_text_that_cannot_be_stored",),
    ),
    Guard(
        _OVERSIZED,
        "api/schemas/fields.py",
        "        if type(value) is not int:",
        "        if False:",
        ("tests/contract/test_errors.py::test_first_fault_of_a_record[sqlite]",),
    ),
    Guard(
        _OVERSIZED,
        "api/changes/zones.py",
        "    _require_room(settings, intent.actor, others)\n",
        "",
        ("tests/contract/test_quotas.py::test_zones_of_an_account[sqlite]",),
    ),
    Guard(
        _OVERSIZED,
        "api/changes/edit.py",
        "        if self._count >= self._settings.records_per_zone:",
        "        if False:",
        ("tests/contract/test_quotas.py::test_records_of_a_zone[sqlite]",),
    ),
    Guard(
        _FLOODS,
        "api/floods.py",
        "        _floods().tokens.hit(g.token)",
        "        pass",
        ("tests/contract/test_floods.py::test_token_over_its_limit[sqlite]",),
    ),
    Guard(
        _FLOODS,
        "api/floods.py",
        "        _floods().addresses.check(source(request.remote_addr))",
        "        pass",
        ("tests/contract/test_floods.py::test_database_is_not_asked_over_the_limit[sqlite]",),
    ),
    Guard(
        _FLOODS,
        "api/floods.py",
        "        floods.known.add(g.token)\n",
        "",
        ("tests/contract/test_floods.py::test_guesses_shut_out_no_known_token_at_the_address[sqlite]",),
    ),
    Guard(
        _FLOODS,
        "api/floods.py",
        "        floods.known.discard(g.token)\n",
        "",
        ("tests/contract/test_floods.py::test_revoked_token_is_a_stranger[sqlite]",),
    ),
    Guard(
        _FLOODS,
        "api/proxies.py",
        "            if not self._trusts(address):\n                break\n",
        "",
        ("tests/contract/test_floods.py::test_nearest_address_that_is_no_proxys",),
    ),
    Guard(
        _PAGES,
        "api/cors.py",
        'return origin if origin and (origin in allowed or "*" in allowed) else None',
        "return origin",
        (
            "tests/contract/test_cors.py::test_nobody_is_allowed_by_default[sqlite]",
            "tests/contract/test_cors.py::test_other_origin_is_told_nothing[sqlite]",
        ),
    ),
    Guard(
        _METRICS,
        "api/metrics.py",
        "return any(reader in ipaddress.ip_network(network) for network in settings.metrics_networks)",
        "return bool(reader)",
        ("tests/contract/test_metrics.py::test_other_addresses_may_not_read_it[sqlite]",),
    ),
    Guard(
        _SCRIPTS,
        "api/resources/documents.py",
        '    response.headers["Content-Security-Policy"] = "default-src \'none\'"\n',
        "",
        ("tests/contract/test_openapi.py::test_page_may_load_nothing[sqlite]",),
    ),
    Guard(
        _SECRETS,
        "api/models/tokens.py",
        "    return hashlib.sha256(secret.encode()).hexdigest()",
        "    return secret",
        ("tests/contract/test_tokens.py::test_secret_is_nowhere_at_rest[sqlite]",),
    ),
    Guard(
        _SECRETS,
        "api/logs.py",
        '    return _SECRET.sub("[removed]", text) if "vps_" in text else text',
        "    return text",
        ("tests/unit/test_logs.py::test_tokens_are_taken_out",),
    ),
    Guard(
        _SECRETS,
        "nameserver/embedded.py",
        "folder.mkdir(mode=0o700, parents=True, exist_ok=True)",
        "folder.mkdir(parents=True, exist_ok=True)",
        ("tests/integration/test_embedded.py::test_the_folder_is_private_and_the_key_is_kept",),
    ),
    Guard(
        _SECRETS,
        "nameserver/embedded.py",
        "os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600",
        "os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644",
        ("tests/integration/test_embedded.py::test_the_folder_is_private_and_the_key_is_kept",),
    ),
    Guard(
        _SECRETS,
        "nameserver/agent/refusals.py",
        '    return _FILE.sub("the zone file", words)',
        "    return words",
        ("tests/unit/test_agent_parts.py::test_a_reason_names_no_path_of_the_server",),
    ),
    Guard(
        _SECRETS,
        "nameserver/check.py",
        "(?:/dev/stdin|(?:\\S*/)?(?P<file>\\d+)\\.zone)",
        "(?:\\S*/)?(?P<file>\\w+)(?:\\.zone)?",
        ("tests/integration/test_check.py::test_no_word_of_an_included_file_is_told",),
    ),
    Guard(
        _SECRETS,
        "api/cli/server_log.py",
        "        self.error_log.handlers.clear()\n",
        "",
        ("tests/acceptance/test_logs.py::test_no_secret_is_anywhere_but_in_its_own_file",),
    ),
)
