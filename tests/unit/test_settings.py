"""Settings: each wrong one stops the start with a sentence that names it and says how to mend it."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from api.errors import OperatorError
from api.settings import Settings, load

# The variable, a wrong value, and what the sentence says besides the setting's name.
WRONG = [
    ("DEFAULT_TTL", "long", "whole number"),
    ("DEFAULT_TTL", "", "whole number"),
    ("DEFAULT_TTL", "3600.5", "whole number"),
    ("DEFAULT_TTL", "-1", "lowest_ttl ≤ default_ttl ≤ highest_ttl"),
    ("LOWEST_TTL", "3601", "lowest_ttl ≤ default_ttl ≤ highest_ttl"),
    ("HIGHEST_TTL", "3599", "lowest_ttl ≤ default_ttl ≤ highest_ttl"),
    ("HIGHEST_TTL", "2147483648", "to 2147483647"),
    *((name, value, "from 0 to 2147483647") for name in ("AUTHORITY_TTL", "SOA_REFRESH") for value in ("-1", "9" * 10)),
    *((name, "-1", "from 0 to 2147483647") for name in ("SOA_RETRY", "SOA_EXPIRE", "NEGATIVE_TTL")),
    *(
        (name, value, "1 or more")
        for name in ("SWEEP_SECONDS", "BODY_LIMIT", "MOST_WAITERS", "ZONES_PER_ACCOUNT", "RECORDS_PER_ZONE")
        for value in ("0", "-5")
    ),
    *((name, "-1", "0 for no limit") for name in ("REQUESTS_PER_MINUTE", "REQUESTS_PER_MINUTE_ADDRESS")),
    ("NAMESERVERS", "", "at least one"),
    ("NAMESERVERS", " , ", "at least one"),
    ("NAMESERVERS", "ns1", "in full"),
    ("NAMESERVERS", "NS1.example.net", "ns1.example.net"),
    ("NAMESERVERS", "ns1.example.net.", "ns1.example.net"),
    ("NAMESERVERS", "192.0.2.1", "IP address"),
    ("NAMESERVERS", "ns1.example.net,ns1.example.net", "once"),
    ("HOSTMASTER", "hostmaster@example.net", "@"),
    ("HOSTMASTER", "", "empty"),
    ("TEMPLATES", "/nowhere", "named.conf.j2"),
    ("LOG_LEVEL", "verbose", "DEBUG, INFO, WARNING or ERROR"),
    ("LOG_LEVEL", "debug", "DEBUG, INFO, WARNING or ERROR"),
    ("CORS_ORIGINS", "https://app.example/", "without a path"),
    ("CORS_ORIGINS", "app.example", "https://app.example.com"),
    ("CORS_ORIGINS", "https://*.example", "origin"),
    ("CORS_ORIGINS", "https://App.Example", "lower case"),
    ("METRICS_NETWORKS", "localhost", "network"),
    ("METRICS_NETWORKS", "127.0.0.1/8", "host bits"),
    ("TRUSTED_PROXIES", "nginx", "network"),
    ("TRUSTED_PROXIES", "192.0.2.1/24", "host bits"),
    ("DATABASE_URL", "zonewright.db", "postgresql://"),
    ("DATABASE_URL", "mysql://localhost/x", "postgresql://"),
    ("DATABASE_URL", "postgresql:/localhost", "postgresql://"),
]


def refused(data: Path, environ: dict[str, str]) -> str:
    with pytest.raises(OperatorError) as caught:
        load(data, environ)
    return caught.value.detail


@pytest.mark.parametrize(("name", "value", "says"), WRONG, ids=lambda each: each[:20])
def test_wrong_setting_names_itself(tmp_path: Path, name: str, value: str, says: str) -> None:
    """In the environment, and the same in settings.toml."""
    said = refused(tmp_path, {f"ZONEWRIGHT_{name}": value})
    assert name.lower() in said
    assert says in said
    assert said.startswith("The setting")
    (tmp_path / "settings.toml").write_text(f"{name.lower()} = {value!r}\n")
    assert refused(tmp_path, {}) == said


def test_templates_take_both_files(tmp_path: Path) -> None:
    """Told at the start, not at the first zone that is rendered."""
    (tmp_path / "named.conf.j2").write_text("")
    said = refused(tmp_path, {"ZONEWRIGHT_TEMPLATES": str(tmp_path)})
    assert "templates" in said
    assert "zone.j2" in said


def test_right_settings(tmp_path: Path) -> None:
    environ = {
        "ZONEWRIGHT_NAMESERVERS": " ns1.example.net , ns2.example.net,",
        "ZONEWRIGHT_DEFAULT_TTL": "60",
        "ZONEWRIGHT_CORS_ORIGINS": "https://app.example,http://localhost:5173,*,http://[::1]:8080",
        "ZONEWRIGHT_DATABASE_URL": "postgres://user:word@db.example/zones",
        "PATH": "/bin",
    }
    settings = load(tmp_path, environ)
    assert settings.nameservers == ("ns1.example.net", "ns2.example.net")
    assert settings.default_ttl == 60
    assert settings.cors_origins == ("https://app.example", "http://localhost:5173", "*", "http://[::1]:8080")
    assert settings.url == "postgresql+psycopg://user:word@db.example/zones"
    assert not settings.sqlite
    assert settings.data == tmp_path


def test_defaults_are_right(tmp_path: Path) -> None:
    settings = load(tmp_path, {})
    assert settings == Settings(data=tmp_path)
    assert (settings.sqlite, settings.url) == (True, f"sqlite:///{tmp_path}/zonewright.db")


def test_command_line_before_environment_before_file(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('database_url = "sqlite:////file"\ndefault_ttl = 5\nnegative_ttl = 7\n')
    environ = {"ZONEWRIGHT_DATABASE_URL": "sqlite:////environ", "ZONEWRIGHT_DEFAULT_TTL": "6"}
    settings = load(tmp_path, environ, database_url="sqlite:////given")
    assert (settings.database_url, settings.default_ttl, settings.negative_ttl) == ("sqlite:////given", 6, 7)
    assert load(tmp_path, environ, database_url=None).database_url == "sqlite:////environ"
    assert load(tmp_path, {}).database_url == "sqlite:////file"


@pytest.mark.parametrize("name", ["DEFUALT_TTL", "", "default_ttl", "DATABASE"])
def test_unknown_variable(tmp_path: Path, name: str) -> None:
    """A misspelt one must not pass."""
    said = refused(tmp_path, {f"ZONEWRIGHT_{name}": "300"})
    assert said == f"There is no setting ZONEWRIGHT_{name}; `zonewright settings` lists them."


@pytest.mark.parametrize("name", ["DATA", "API", "TOKEN", "TRACEBACK"])
def test_variables_that_are_no_settings(tmp_path: Path, name: str) -> None:
    assert load(tmp_path, {f"ZONEWRIGHT_{name}": "x"}).data == tmp_path


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("defualt_ttl = 300", "there is no setting `defualt_ttl`"),
        ("data = 'x'", "there is no setting `data`"),
        ("[default_ttl]\nx = 1", "default_ttl must be a whole number"),
        ("default_ttl = true", "default_ttl must be a whole number"),
        ("default_ttl = [1, 2]", "default_ttl must be a whole number"),
        ("default_ttl = ", "cannot be read"),
        ("default_ttl = 1\ndefault_ttl = 2", "cannot be read"),
    ],
)
def test_wrong_file(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "settings.toml").write_text(content)
    assert says in refused(tmp_path, {})


def test_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b"\xff\xfe")
    assert "settings.toml cannot be read" in refused(tmp_path, {})


def test_file_may_list(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        'nameservers = ["ns1.example.net", "ns2.example.net"]\nreserved_names = []\n'
    )
    settings = load(tmp_path, {})
    assert (settings.nameservers, settings.reserved_names) == (("ns1.example.net", "ns2.example.net"), ())


def test_every_setting_says_what_it_is() -> None:
    for field in dataclasses.fields(Settings):
        assert re.fullmatch(r"\S.{9,}\S", field.metadata["help"]), field.name


def other(default: Any) -> str:
    """A right value that is not the default."""
    return {int: "4000", str: "other", tuple: "a.example.net"}[type(default)]


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: str(field.name))
def test_every_setting_can_be_set(tmp_path: Path, field: Any) -> None:
    special = {
        "log_format": "json",
        "log_level": "ERROR",
        "database_url": "sqlite:////x",
        "hostmaster": "dns.example.net",
        "cors_origins": "https://a.example",
        "metrics_networks": "192.0.2.0/24",
        "trusted_proxies": "192.0.2.0/24",
        "templates": str(Settings().templates.parent / "." / Settings().templates.name) + "/../bind-templates",
        "lowest_ttl": "1",
        "check_resolver": "[2001:db8::53]:5300",
    }
    if field.name == "data":
        return
    text = special.get(field.name) or other(field.default)
    found = getattr(load(tmp_path, {f"ZONEWRIGHT_{field.name.upper()}": text}), field.name)
    assert found != field.default
    assert text in (str(found), *(found if isinstance(found, tuple) else ()))


@pytest.mark.parametrize(
    ("text", "resolver"),
    [
        ("", None),
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5300", ("192.0.2.1", 5300)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:DB8::1]", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5300", ("2001:db8::1", 5300)),
    ],
)
def test_resolver(tmp_path: Path, text: str, resolver: tuple[str, int] | None) -> None:
    assert load(tmp_path, {"ZONEWRIGHT_CHECK_RESOLVER": text}).resolver == resolver


@pytest.mark.parametrize("text", ["dns.example", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:", "[192.0.2", "::1:x"])
def test_wrong_resolver(tmp_path: Path, text: str) -> None:
    with pytest.raises(OperatorError, match="check_resolver"):
        load(tmp_path, {"ZONEWRIGHT_CHECK_RESOLVER": text})
