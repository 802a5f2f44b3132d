"""Domain names: a zone's domain, the owner names in it, and the host names that values hold.

All of them have one canonical form: lower case, A-labels (RFC 5890), no final dot. DNS itself allows any
octet in a label (RFC 2181, section 11); we allow what people can mean, so that a typing error is found
when it is made: letters, digits, `-`, `_` (RFC 8552) and `/` (RFC 2317), and `*` where it is a wildcard.
"""

import ipaddress
import re
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

import idna

from nameserver.errors import InvalidInput

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

MOST_OCTETS = 253  # a name of 255 octets on the wire (RFC 1035, section 2.3.4) written without its final dot
MOST_LABEL = 63
_LONGEST_INPUT = 1000  # Unicode shrinks when mapped; nothing longer than this can still become a name

_HOST_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_SERVICE_LABEL = re.compile(r"_[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_CLASSLESS_LABEL = re.compile(r"[0-9]{1,3}/[0-9]{1,2}")
_ANY_LABEL = re.compile(r"[a-z0-9_/-]+")


def check_text(text: str, field: str) -> None:
    """Refuse what no text of ours may hold: U+0000 and lone surrogates. Raises InvalidInput(field)."""
    if "\0" in text:
        raise InvalidInput(field, "The text contains the character U+0000; leave it out.")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidInput(field, "The text contains a lone surrogate, which is not a character; leave it out.")


def check_line(text: str, field: str) -> None:
    """Refuse what can't stand on one line of printable text as well. Raises InvalidInput(field)."""
    check_text(text, field)
    for char in text:
        if char < " " or "\x7f" <= char <= "\x9f" or char in "\u2028\u2029":
            raise InvalidInput(field, f"The text contains the control character U+{ord(char):04X}; leave it out.")


def canonical_domain(text: str, *, reserved: Collection[str] = (), exempt: Collection[str] = ("home.arpa",)) -> str:
    """The domain of a zone, in canonical form.

    `reserved` are names that nobody may have, nor anything below them; `exempt` are names that may be zones
    although they are public suffixes. Raises InvalidInput("domain"), with the reason, for every name that
    can't be a zone here (contract.md, "What the values mean").
    """
    labels = _labels(text, "domain")
    _refuse_number(labels, "domain")
    for label in labels:
        _check_domain_label(label, reverse=labels[-2:] == ["in-addr", "arpa"])
    name = _joined(labels, "domain")
    _check_registrable(_without_service_labels(labels), _bare(exempt))
    _check_reserved(name, _bare(reserved))
    return name


def canonical_owner(text: str, domain: str) -> str:
    """The owner name of a record in the zone `domain`, relative to it: `@`, `www`, `*.a`.

    A name that ends in the domain, or in a dot, is absolute (the contract; RFC 1035, section 5.1 knows the
    dot only). Raises InvalidInput("name").
    """
    if text == "@":
        return text
    labels = _labels(text, "name")
    relative = _relative(labels, domain, final_dot=_mapped(text, "name").endswith("."))
    for position, label in enumerate(relative):
        _check_owner_label(label, leftmost=position == 0)
    owner = ".".join(relative) or "@"
    _joined([*relative, domain], "name")
    return owner


def canonical_host(text: str, domain: str, field: str = "value", *, root_allowed: bool = False) -> str:
    """The absolute host name that a value holds, without its final dot.

    `domain` is the zone's, for suggestions; `.`, the root, stays `.` where it has a meaning. Service names
    (`_dmarc.example.net`) are host names too: CNAMEs point to them. Raises InvalidInput(field).
    """
    if text == ".":
        return _root(field, allowed=root_allowed)
    if text == "@":
        raise InvalidInput(field, f"A host name is written in full here: write {domain} instead of @.")
    labels = _labels(text, field)
    _refuse_number(labels, field)
    if len(labels) == 1:
        raise InvalidInput(field, f"A host name is written in full: did you mean {labels[0]}.{domain}?")
    for label in labels:
        _check_label(label, _ANY_LABEL, field)
    return _joined(labels, field)


def absolute(owner: str, domain: str) -> str:
    """The whole name of a canonical owner name in the zone `domain`."""
    return domain if owner == "@" else f"{owner}.{domain}"


def relative(name: str, domain: str) -> str | None:
    """The owner name in the zone `domain` of a canonical name; None outside it."""
    if name == domain:
        return "@"
    return name.removesuffix(f".{domain}") if is_below(name, domain) else None


def ancestors(name: str) -> tuple[str, ...]:
    """The names above a canonical name, nearest first: `b.c` and `c` for `a.b.c`."""
    labels = name.split(".")
    return tuple(".".join(labels[start:]) for start in range(1, len(labels)))


def is_below(name: str, ancestor: str) -> bool:
    """Is the canonical name strictly below the other? Whole labels count: `ab.c` is not below `b.c`."""
    return name.endswith("." + ancestor)


def _mapped(text: str, field: str) -> str:
    """The text after UTS 46's mapping: lower case, NFC, all kinds of full stops as `.`."""
    check_line(text, field)
    if len(text) > _LONGEST_INPUT:
        raise InvalidInput(field, f"The name is longer than {MOST_OCTETS} octets.")
    try:
        return idna.uts46_remap(text, std3_rules=False)
    except idna.IDNAError as error:
        raise InvalidInput(field, f"The name is not valid in IDNA 2008: {error}.") from error


def _labels(text: str, field: str) -> list[str]:
    """The name's labels as A-labels, a final dot dropped. Which characters they may hold is asked later."""
    mapped = _mapped(text, field)
    _refuse_other_things(mapped, field)
    return [_a_label(label, field) for label in mapped.removesuffix(".").split(".")]


def _refuse_other_things(text: str, field: str) -> None:
    """Say what a text is that is no name at all."""
    if not text:
        raise InvalidInput(
            field, "The name is empty." if field != "name" else "The name is empty; the zone's own is @."
        )
    if any(char.isspace() for char in text):
        raise InvalidInput(field, "The name contains a space; leave it out.")
    if "://" in text:
        raise InvalidInput(field, "This is a URL; give the domain name alone, such as www.example.com.")
    if field != "name" and _is_address(text.removesuffix(".")):
        raise InvalidInput(field, _ADDRESS_MENDS.get(field, f"{text} is an IP address, not a host name."))


_ADDRESS_MENDS = {
    "domain": "This is an IP address, not a domain; the reverse zone of 192.0.2.0/24 is 2.0.192.in-addr.arpa.",
    "value": "This is an IP address where a host name belongs: give the address to a name with an A or AAAA"
    " record, and write that name here.",
}


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _a_label(label: str, field: str) -> str:
    """One mapped label as an A-label. Raises InvalidInput for empty, long and undecodable ones."""
    if not label:
        raise InvalidInput(field, "The name has an empty label; put exactly one dot between two labels.")
    label = _encoded(label, field)
    if len(label) > MOST_LABEL:
        raise InvalidInput(field, f"The label {label} is longer than {MOST_LABEL} octets; shorten it.")
    if label.startswith("xn--"):
        _check_a_label(label, field)
    return label


def _encoded(label: str, field: str) -> str:
    if label.isascii():
        return label
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError as error:
        raise InvalidInput(field, f"The label {label} is not valid in IDNA 2008: {error}.") from error


def _check_a_label(label: str, field: str) -> None:
    """Refuse an `xn--` that decodes to nothing: no registry has it and no browser shows it.

    Characters outside IDNA 2008 pass when they come as an A-label: such domains (emoji) are registered.
    """
    try:
        idna.ulabel(label)
    except (idna.InvalidCodepoint, idna.InvalidCodepointContext, idna.IDNABidiError):
        return
    except idna.IDNAError as error:
        raise InvalidInput(field, f"The label {label} is not a valid A-label: {error}.") from error


def _check_label(label: str, allowed: re.Pattern[str], field: str) -> None:
    if not allowed.fullmatch(label):
        wrong = next((char for char in label if not _ANY_LABEL.fullmatch(char)), label)
        raise InvalidInput(field, f"The label {label} contains {wrong!r}; use letters, digits, - and _ only.")


def _check_domain_label(label: str, *, reverse: bool) -> None:
    if _SERVICE_LABEL.fullmatch(label) or (reverse and _CLASSLESS_LABEL.fullmatch(label)):
        return
    if label.startswith("-") or label.endswith("-"):
        raise InvalidInput("domain", f"The label {label} begins or ends with a hyphen; leave it out.")
    if not _HOST_LABEL.fullmatch(label):
        raise InvalidInput("domain", f"The label {label} is not allowed in a domain; use letters, digits and hyphens.")


def _check_owner_label(label: str, *, leftmost: bool) -> None:
    if leftmost and label == "*":
        return
    if "*" in label:
        # RFC 4592, section 2.1.1: only a whole leftmost label is a wildcard; elsewhere it matches itself alone.
        raise InvalidInput("name", "A wildcard * stands alone as the leftmost label, such as *.example.com.")
    _check_label(label, _ANY_LABEL, "name")


def _refuse_number(labels: list[str], field: str) -> None:
    """No top-level domain is a number (RFC 3696, section 2): this is an address with a mistake in it."""
    if len(labels) > 1 and labels[-1].isdigit():
        raise InvalidInput(field, "The name ends in a number like an IP address; give a domain name.")


def _joined(labels: list[str], field: str) -> str:
    name = ".".join(labels)
    if len(name) > MOST_OCTETS:
        raise InvalidInput(field, f"The whole name has {len(name)} octets; at most {MOST_OCTETS} are allowed.")
    return name


def _relative(labels: list[str], domain: str, *, final_dot: bool) -> list[str]:
    """The labels without the zone's domain, where they end in it."""
    zone = domain.split(".")
    if labels[-len(zone) :] != zone:
        if final_dot:
            raise InvalidInput("name", f"The name lies outside the zone; it must end in {domain} or have no final dot.")
        return labels
    relative = labels[: -len(zone)]
    if relative[-len(zone) :] == zone:
        # Answered relative it would read as another name, and nobody means it.
        raise InvalidInput("name", f"The name ends in {domain} twice; write it once.")
    return relative


def _root(field: str, *, allowed: bool) -> str:
    if not allowed:
        raise InvalidInput(field, "The root, written as a single dot, has no meaning here; give a host name.")
    return "."


def _bare(names: Collection[str]) -> set[str]:
    return {name.lower().removesuffix(".") for name in names}


def _without_service_labels(labels: list[str]) -> list[str]:
    """The labels behind the leading `_service` ones (RFC 8552); the rest must be a domain by itself."""
    start = next((index for index, label in enumerate(labels) if not label.startswith("_")), len(labels))
    if any(label.startswith("_") for label in labels[start:]):
        raise InvalidInput("domain", "Labels with _ may only lead the domain, such as _acme-challenge.example.com.")
    return labels[start:]


def _check_registrable(labels: list[str], exempt: set[str]) -> None:
    name = ".".join(labels)
    if len(labels) < 2:
        raise InvalidInput("domain", "A domain has at least two labels, such as example.com.")
    if name not in exempt and public_suffixes().publicsuffix(name) == name:
        raise InvalidInput("domain", f"{name} is a public suffix, under which others register; give a domain below it.")


def _check_reserved(name: str, reserved: set[str]) -> None:
    if name in reserved or any(is_below(name, other) for other in reserved):
        raise InvalidInput("domain", f"{name} is reserved; choose another domain.")


@cache
def public_suffixes() -> "PublicSuffixList":
    """The ICANN section of the public suffix list; loading it takes a while, so only when first asked."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(only_icann=True, accept_unknown=False)
