"""Every setting, declared once: its type, default and help. The environment goes before DATA/settings.toml.

`database_url` is read as ZONEWRIGHT_DATABASE_URL or as `database_url = "…"` in settings.toml. A list is
separated by commas in the environment. A setting that is unknown or wrong stops the start.
"""

import dataclasses
import ipaddress
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from api.errors import OperatorError
from nameserver.errors import InvalidInput
from nameserver.names import canonical_host
from nameserver.rules import HIGHEST_TTL
from nameserver.zone import Authority

PREFIX = "ZONEWRIGHT_"
# An origin as browsers write it (RFC 6454, section 6.2).
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?")
# An address with a port; IPv6 in brackets.
_RESOLVER = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::(\d{1,5}))?")
# Variables of other programs of ours: examples, the lab, Vagrant, backups, containers.
_OTHERS = ("DATA", "API", "TOKEN", "TRACEBACK", "BOX", "BACKUPS", "KEY", "DATABASE_PASSWORD")
_AT_LEAST_ONE = (
    "sweep_seconds",
    "content_seconds",
    "body_limit",
    "import_limit",
    "most_waiters",
    "zones_per_account",
    "records_per_zone",
    "checks_kept",
    "least_disk_free",
)
_CHECKOUT = Path(__file__).resolve().parent.parent / "bind-templates"
_SHIPPED = _CHECKOUT if _CHECKOUT.is_dir() else Path(sys.prefix) / "share/zonewright/bind-templates"


def setting(default: Any, about: str) -> Any:
    """One setting with its default and a line of help."""
    return field(default=default, metadata={"help": about})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one installation; times are seconds, sizes octets."""

    data: Path = setting(Path("var"), "the data folder: database, settings.toml, sockets, embedded nameservers")
    database_url: str = setting("", "SQLAlchemy URL of the database; empty: DATA/zonewright.db (SQLite)")
    templates: Path = setting(_SHIPPED, "the folder with named.conf.j2 and zone.j2")
    nameservers: tuple[str, ...] = setting(
        ("ns1.zonewright.test", "ns2.zonewright.test"),
        "the NS names every zone gets at its apex; the first is the SOA's",
    )
    hostmaster: str = setting("hostmaster.zonewright.test", "the SOA's mailbox, as a name")
    authority_ttl: int = setting(3600, "TTL of the SOA and of the apex NS set")
    soa_refresh: int = setting(7200, "the SOA's refresh")
    soa_retry: int = setting(900, "the SOA's retry")
    soa_expire: int = setting(1209600, "the SOA's expire")
    negative_ttl: int = setting(300, "the SOA's minimum: how long resolvers keep a negative answer (RFC 2308)")
    default_ttl: int = setting(3600, "TTL of a record written without one, when its RRset has none either")
    lowest_ttl: int = setting(0, "the lowest TTL accepted")
    highest_ttl: int = setting(2147483647, "the highest TTL accepted (RFC 2181, section 8)")
    zones_per_account: int = setting(100000, "the most zones one account may have")
    records_per_zone: int = setting(100000, "the most records one zone may have")
    requests_per_minute: int = setting(120000, "requests a minute with one token, then 429; 0: no limit")
    requests_per_minute_address: int = setting(600, "the same from one address without a valid token; 0: no limit")
    trusted_proxies: tuple[str, ...] = setting((), "networks of proxies whose X-Forwarded-For names the client")
    cors_origins: tuple[str, ...] = setting((), "origins whose pages may call the API from a browser, or *")
    reserved_names: tuple[str, ...] = setting((), "domains nobody can create a zone for, nor below")
    suffix_exempt: tuple[str, ...] = setting(("home.arpa",), "public suffixes that may be zones all the same")
    body_limit: int = setting(1048576, "the largest request body")
    import_limit: int = setting(33554432, "the largest body of an import, unpacked")
    most_waiters: int = setting(12, "requests of one process that may wait for a publication at a time")
    sweep_seconds: int = setting(300, "how often everything the nameservers answer is compared with the database")
    content_seconds: int = setting(86400, "how often the whole content of every zone, as served, is compared")
    history_days: int = setting(0, "for how many days every change is kept, before they are thinned; 0: for ever")
    undelete_days: int = setting(30, "for how many days a deleted zone can be brought back")
    checks_kept: int = setting(20, "how many checks of each zone are kept, the newest ones")
    check_resolver: str = setting("", "the resolver that deep checks ask: an address, with a port if not 53")
    metrics_networks: tuple[str, ...] = setting(("127.0.0.0/8", "::1/128"), "networks that may read /metrics")
    least_disk_free: int = setting(536870912, "octets free on a disk below which `zonewright doctor` finds a fault")
    log_level: str = setting("INFO", "DEBUG, INFO, WARNING or ERROR")
    log_format: str = setting("text", "text, lines for people, or json, one object a line")

    @property
    def url(self) -> str:
        """The database's SQLAlchemy URL."""
        if not self.database_url:
            return f"sqlite:///{self.data.absolute() / 'zonewright.db'}"
        # The plain spellings mean the driver we ship.
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", self.database_url)

    @property
    def sqlite(self) -> bool:
        """Is the database SQLite?"""
        return self.url.startswith("sqlite")

    @property
    def content_share(self) -> float:
        """The part of all zones whose whole content each sweep compares."""
        return min(1.0, self.sweep_seconds / self.content_seconds)

    @property
    def authority(self) -> Authority:
        """What every zone's SOA and apex NS set say."""
        return Authority(
            nameservers=self.nameservers,
            hostmaster=self.hostmaster,
            ttl=self.authority_ttl,
            refresh=self.soa_refresh,
            retry=self.soa_retry,
            expire=self.soa_expire,
            negative_ttl=self.negative_ttl,
        )

    @property
    def resolver(self) -> tuple[str, int] | None:
        """Address and port of the resolver that deep checks ask. Raises ValueError."""
        if not self.check_resolver:
            return None
        match = _RESOLVER.fullmatch(self.check_resolver)
        address, port = (match[1] or match[2], int(match[3] or 53)) if match else (self.check_resolver, 53)
        if not 1 <= port <= 65535:
            raise ValueError(f"there is no port {port}")
        return str(ipaddress.ip_address(address)), port


def load(data: Path, environ: Mapping[str, str], **given: Any) -> Settings:
    """The settings for one data folder; `given` (the command line's options) goes first, None is not given.

    Raises OperatorError when a setting is unknown or has a wrong value.
    """
    _refuse_unknown(environ)
    file = data / "settings.toml"
    values = {key: _from_toml(key, value, file) for key, value in _read(file).items()}
    values |= {name: _from_text(name, environ[key]) for name, key in _variables().items() if key in environ}
    values |= {key: value for key, value in given.items() if value is not None}
    return _checked(Settings(**(values | {"data": data})))


def _variables() -> dict[str, str]:
    return {item.name: PREFIX + item.name.upper() for item in dataclasses.fields(Settings) if item.name != "data"}


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = {*_variables().values(), *(PREFIX + name for name in _OTHERS)}
    for key in environ:
        if key.startswith(PREFIX) and key not in known and not key.startswith(PREFIX + "LAB"):
            raise OperatorError(f"There is no setting {key}; `zonewright settings` lists them.")


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OperatorError(f"{file} cannot be read: {error}") from error


def _from_toml(name: str, value: Any, file: Path) -> Any:
    if name not in _variables():
        raise OperatorError(f"{file}: there is no setting `{name}`; `zonewright settings` lists them.")
    return _from_text(name, ",".join(map(str, value)) if isinstance(value, list) else str(value))


def _from_text(name: str, text: str) -> Any:
    kind = get_type_hints(Settings)[name]
    if kind is int:
        return _integer(name, text)
    if kind is Path:
        return Path(text)
    return text if kind is str else tuple(part.strip() for part in text.split(",") if part.strip())


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise OperatorError(f"The setting {name} must be a whole number, not “{text}”.") from None


def _checked(settings: Settings) -> Settings:
    if not settings.nameservers:
        raise OperatorError("The setting nameservers must name at least one nameserver.")
    if not 0 <= settings.lowest_ttl <= settings.default_ttl <= settings.highest_ttl <= HIGHEST_TTL:
        raise OperatorError(f"The settings must have lowest_ttl ≤ default_ttl ≤ highest_ttl, from 0 to {HIGHEST_TTL}.")
    if not (settings.templates / "named.conf.j2").is_file():
        raise OperatorError(f"The setting templates must name the folder with named.conf.j2: {settings.templates}")
    if settings.log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise OperatorError(f"The setting log_level must be DEBUG, INFO, WARNING or ERROR, not “{settings.log_level}”.")
    if settings.log_format not in ("text", "json"):
        raise OperatorError(f"The setting log_format must be text or json, not “{settings.log_format}”.")
    if not (settings.templates / "zone.j2").is_file():
        raise OperatorError(f"The setting templates must name the folder with zone.j2: {settings.templates}")
    _check_numbers(settings)
    _check_names(settings)
    _check_networks(settings)
    _check_addresses(settings)
    _check_resolver(settings)
    return settings


def _check_numbers(settings: Settings) -> None:
    for name in ("authority_ttl", "soa_refresh", "soa_retry", "soa_expire", "negative_ttl"):
        if not 0 <= getattr(settings, name) <= HIGHEST_TTL:
            raise OperatorError(f"The setting {name} must be from 0 to {HIGHEST_TTL} seconds.")
    for name in _AT_LEAST_ONE:
        if getattr(settings, name) < 1:
            raise OperatorError(f"The setting {name} must be 1 or more.")
    if settings.history_days and settings.history_days < settings.undelete_days:
        raise OperatorError("The setting history_days must be 0, or at least undelete_days.")
    for name in ("requests_per_minute", "requests_per_minute_address"):
        if getattr(settings, name) < 0:
            raise OperatorError(f"The setting {name} must be 1 or more, or 0 for no limit.")


def _check_networks(settings: Settings) -> None:
    for name in ("metrics_networks", "trusted_proxies"):
        for text in getattr(settings, name):
            try:
                ipaddress.ip_network(text)
            except ValueError as error:
                raise OperatorError(f"The setting {name} has “{text}”, which is no network: {error}.") from error


def _check_resolver(settings: Settings) -> None:
    try:
        settings.resolver  # noqa: B018  it is read to see whether it can be
    except ValueError as error:
        raise OperatorError(
            f"The setting check_resolver must be an address like 127.0.0.1, 127.0.0.1:5300 or [::1]:53: {error}."
        ) from error


def _check_names(settings: Settings) -> None:
    for setting_, values in (("nameservers", settings.nameservers), ("hostmaster", (settings.hostmaster,))):
        for value in values:
            try:
                canonical = canonical_host(value, value)
            except InvalidInput as error:
                raise OperatorError(f"The setting {setting_} has “{value}”: {error.detail}") from error
            if canonical != value:
                raise OperatorError(f"The setting {setting_} must have {canonical}, not “{value}”.")
        if len(set(values)) < len(values):  # named keeps one of them, and the zone would load as fewer records
            raise OperatorError(f"The setting {setting_} names {max(values, key=values.count)} twice: name it once.")


def _check_addresses(settings: Settings) -> None:
    for origin in settings.cors_origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            raise OperatorError(
                f"The setting cors_origins has “{origin}”: an origin is written like https://app.example.com,"
                " in lower case, without a path or a final slash."
            )
    try:
        kind = make_url(settings.url).get_backend_name()
    except ArgumentError:
        kind = ""
    if kind not in ("sqlite", "postgresql"):
        raise OperatorError(
            "The setting database_url must be like postgresql://user:password@host/name, or sqlite:////path."
        )
