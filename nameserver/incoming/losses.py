"""What of a zone file is not taken over as it stands there, in sentences: nothing is dropped without a word."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from nameserver.incoming.compiled import Compiled, sentence
from nameserver.incoming.lines import SIGNING, Lines
from nameserver.zone import Authority, Problem

_TIMES = ("ttl", "refresh", "retry", "expire", "negative_ttl")


@dataclass(frozen=True, slots=True)
class Loss:
    """`kind`: soa, nameservers, signatures, type, out-of-zone, ttl-differs, generate, include or a checker's rule."""

    kind: str
    detail: str


def losses(compiled: Compiled, lines: Lines, replaced: Collection[str], ours: Authority) -> tuple[Loss, ...]:
    """Every loss, the largest first. `replaced` are the nameservers at the apex that ours take the place of."""
    return (
        *_types(lines),
        *_nameservers(lines.domain, replaced, ours),
        *_soa(lines.authority, ours),
        *(Loss(note.rule, _noted(note)) for note in compiled.notes),
        *(Loss("generate", f"Line {at}: $GENERATE becomes {n} records.") for at, n in compiled.directives.generated),
        *(
            Loss("include", f"Line {at}: the records of {name} are taken in.")
            for at, name in compiled.directives.includes
        ),
    )


def _noted(note: Problem) -> str:
    return sentence(replace(note, mend="It is left out.") if note.rule == "out-of-zone" else note)


def _types(lines: Lines) -> Iterator[Loss]:
    signing = {kind: count for kind, count in lines.left_out.items() if kind in SIGNING}
    if signing:
        mend = "remove its DS at the registrar before it is served from here, or validating resolvers refuse it"
        yield Loss("signatures", f"The zone's signatures are left out ({_counted(signing)}); if it was signed, {mend}.")
    for kind, count in sorted(lines.left_out.items()):
        if kind not in SIGNING:
            what = "1 record" if count == 1 else f"{count} records"
            yield Loss("type", f"{what} of type {kind} left out: zonewright does not store that type.")


def _nameservers(domain: str, replaced: Collection[str], ours: Authority) -> Iterator[Loss]:
    if replaced:
        theirs = ", ".join(replaced)
        yield Loss(
            "nameservers",
            f"The NS records of {domain} ({theirs}) are replaced by ours ({', '.join(ours.nameservers)}).",
        )


def _soa(theirs: Authority, ours: Authority) -> Iterator[Loss]:
    values = [("primary", theirs.primary, ours.primary), ("hostmaster", theirs.hostmaster, ours.hostmaster)]
    values += [(name, getattr(theirs, name), getattr(ours, name)) for name in _TIMES]
    changed = [f"{name} {there} becomes {here}" for name, there, here in values if there != here]
    if changed:
        yield Loss("soa", f"The SOA record is ours: {', '.join(changed)}.")


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
