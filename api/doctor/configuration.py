"""The settings: whether they can be used, and those that no installation in earnest should have."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path

from api.doctor.finding import Finding, Findings, fail, ok, warn
from api.errors import OperatorError
from api.settings import Settings, load

_NAME = "settings"
_PLACEHOLDER = ".zonewright.test"


def read(data: Path, environ: Mapping[str, str], database_url: str | None) -> Settings | Finding:
    """The settings, or why there are none."""
    try:
        return load(data, environ, database_url=database_url)
    except OperatorError as error:
        return fail(_NAME, error.detail, "Mend it in DATA/settings.toml or the environment; `up` and services need it.")


def check(settings: Settings) -> Findings:
    """What works and is probably not meant."""
    found = [*_names(settings), *_openness(settings)]
    yield from found or [ok(_NAME, "They can be used, and nothing in them looks unfinished.")]


def _names(settings: Settings) -> Findings:
    placeholders = [name for name in (*settings.nameservers, settings.hostmaster) if name.endswith(_PLACEHOLDER)]
    if placeholders:
        mend = "Set nameservers and hostmaster before you give a zone to the world."
        yield warn(_NAME, f"Zones have placeholders in their NS and SOA records: {', '.join(placeholders)}.", mend)
    if len(settings.nameservers) < 2:
        mend = "Name two or more in nameservers (RFC 1034, section 4.1)."
        yield warn(_NAME, f"Every zone has one NS record only: {settings.nameservers[0]}.", mend)


def _openness(settings: Settings) -> Findings:
    everybody = [text for text in settings.metrics_networks if not ipaddress.ip_network(text).prefixlen]
    if everybody:
        yield warn(_NAME, "Everybody may read /metrics.", "Name the networks of your Prometheus in metrics_networks.")
    if "*" in settings.cors_origins:
        yield warn(_NAME, "Pages of every origin may call the API.", "Name the origins in cors_origins.")
