"""Every guard, and the proof that each is tested: taken out in turn, it is missed (`python -m tests.guards`)."""

from tests.guards import access, agent, content, control, dashboard, drift, imports, recovery, writes
from tests.guards.guard import Guard

#: In the order of the tables by theme; each table is a module of its own.
GUARDS: tuple[Guard, ...] = (
    *content.GUARDS,
    *writes.GUARDS,
    *imports.GUARDS,
    *access.GUARDS,
    *dashboard.GUARDS,
    *control.GUARDS,
    *agent.GUARDS,
    *drift.GUARDS,
    *recovery.GUARDS,
)

#: The failures none of whose guards can be taken out by a change of our code, and why.
NOT_TAKEN_OUT: dict[str, str] = {
    "connections that send slowly": "the guard is a proxy's configuration (deploy/nginx/), which no test of ours runs",
}
