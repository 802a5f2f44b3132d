"""Zones that are not in sync."""

import time

from api.doctor.finding import Finding, Findings, fail, ok, warn
from api.store import nameservers, standing

_LATE = 60.0
_SHOWN = 3
_HELD = (
    "Mend the records by the reason, then `zonewright publish {0}`; or `zonewright zone release {0}` if it is meant."
    " The version before is served meanwhile."
)
_FAILED = "Mend the records by named's words; it is tried again by itself, or by `zonewright publish {}`."
_PENDING = "Look at the control plane and the nameservers above; `zonewright nameserver status NAME` lists them."


def check() -> Findings:
    """Held, failed and late ones. Needs the application's context."""
    rows = nameservers.open_publications(None)
    for state, mend in (("held", _HELD), ("failed", _FAILED)):
        reasons = {row.domain: row.error or "no reason is known" for row in rows if row.state == state}
        if reasons:
            yield _several(state, reasons, mend)
    oldest = standing.oldest_open()
    pending = {row.domain for row in rows if row.state == "pending"}
    waited = time.time() - oldest.timestamp() if oldest else 0.0
    if pending and waited > _LATE:
        sentence = f"{len(pending)} zones are not published yet, the oldest change for {waited:.0f} seconds."
        yield warn("zones", sentence, _PENDING)
    elif not rows:
        yield ok("zones", f"All {standing.zones()} zones are in sync on every nameserver.")
    elif all(row.state == "pending" for row in rows):
        yield ok("zones", f"{len(pending)} of {standing.zones()} zones are being published.")


def _several(state: str, reasons: dict[str, str], mend: str) -> Finding:
    domains = sorted(reasons)
    shown = "; ".join(f"{domain} ({reasons[domain].rstrip('.')})" for domain in domains[:_SHOWN])
    more = f"; and {len(domains) - _SHOWN} more" if len(domains) > _SHOWN else ""
    return fail("zones", f"{len(domains)} {state}: {shown}{more}.", mend.format(domains[0]))
