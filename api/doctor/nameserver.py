"""One nameserver: the way to it, its agent, clock, disk, BIND, configuration, and what the world gets from it."""

import hashlib
import time
from dataclasses import dataclass

from api import trial
from api.doctor import disk, tools
from api.doctor.finding import Finding, Findings, fail, ok, warn
from api.settings import Settings
from nameserver.agent import VERSION
from nameserver.errors import AgentFailed, NameserverError, TransportError
from nameserver.render import Renderer
from nameserver.target import Target
from nameserver.transport import ssh
from nameserver.transport.base import Greeting
from nameserver.transport.pipe import PipeTransport, Timeouts

_SECONDS = 10.0
_SLOW = 5.0
_CLOCK = 5.0
_PROVISION = "Provision it again with this version's agent, then restart the control plane."
_STRAYS = "If they are not wanted there, remove them on that machine (rndc delzone); nothing is done by itself."


@dataclass(frozen=True, slots=True)
class Subject:
    """What is on record of a nameserver."""

    target: Target
    paused: bool
    refused: str | None
    strays: list[str]


def check(subject: Subject, settings: Settings) -> Findings:
    """From the key to port 53; stops where the way ends."""
    name = subject.target.name
    if subject.paused:
        yield warn(name, "It is paused, and was not asked.", f"`zonewright nameserver resume {name}` ends that.")
        return
    if subject.target.agent[0] == "ssh" and (lacking := _ssh(subject.target)):
        yield lacking
        return
    yield from _agent(subject, settings)
    for address in subject.target.addresses:
        for tcp in (False, True):
            yield _port(name, trial.port_answers(address, subject.target.port, tcp))
    if subject.strays:
        some = ", ".join(subject.strays[:3])
        sentence = f"It has {len(subject.strays)} zones that the database does not know, such as {some}."
        yield warn(f"{name} strays", sentence, _STRAYS)


def _ssh(target: Target) -> Finding | None:
    """The key and the pinned host key that the way needs."""
    identity, known_hosts = ssh.files_of(target.agent)
    again = f"`zonewright nameserver add {target.name} …` again, with the host key read on that machine."
    if not identity.is_file():
        mend = "Bring it back from a backup; or make one with `zonewright nameserver key`, and provision with it."
        return fail(f"{target.name} key", f"The control plane's SSH key {identity} is missing.", mend)
    if not ssh.pinned(known_hosts, target.name):
        return fail(f"{target.name} host key", f"No host key is pinned for it in {known_hosts}.", again)
    return None


def _agent(subject: Subject, settings: Settings) -> Findings:
    name, transport = subject.target.name, PipeTransport(subject.target.agent, Timeouts(command=_SECONDS))
    began = time.monotonic()
    try:
        greeting = transport.hello()
        yield _login(name, greeting, time.monotonic() - began)
        yield from _named(subject, greeting, settings)
        yield from _machine(name, transport, settings)
    except TransportError as error:
        mend = "Mend what it names; until then this nameserver answers with what it has."
        yield fail(f"{name} login", error.detail, mend)
    finally:
        transport.close()


def _login(name: str, greeting: Greeting, seconds: float) -> Finding:
    if greeting.agent != VERSION:
        return warn(f"{name} agent", f"Its agent is {greeting.agent}, this is {VERSION}.", _PROVISION)
    sentence = f"Agent {greeting.agent} answers after {1000 * seconds:.0f} ms."
    if seconds > _SLOW and greeting.running:  # a silent named is told below
        mend = "A publication is given up after 60 s: look at the way there, and at that machine's load."
        return warn(f"{name} agent", sentence, mend)
    return ok(f"{name} agent", sentence)


def _named(subject: Subject, greeting: Greeting, settings: Settings) -> Findings:
    name = subject.target.name
    if not greeting.running:
        mend = "Start named there and read its log; if it runs, its rndc key is another one: provision it again."
        yield fail(f"{name} named", "named does not answer rndc.", mend)
    else:
        yield _version(name, greeting)
    try:
        rendered = hashlib.sha256(Renderer(settings.templates).named_conf(subject.target)).hexdigest()
    except NameserverError as error:
        yield fail(f"{name} named.conf", f"It cannot be rendered: {error.detail}", "Mend the template (templates).")
        return
    if subject.refused:
        yield fail(f"{name} named.conf", subject.refused, "Mend the template, or upgrade BIND there.")
    elif greeting.configuration == rendered:
        yield ok(f"{name} named.conf", "It is the one rendered here.")
    else:
        mend = "The control plane puts it back in place: is it running, with the same settings as this?"
        yield fail(f"{name} named.conf", "It is not the one rendered here.", mend)


def _version(name: str, greeting: Greeting) -> Finding:
    here, there = tools.version_here(), greeting.named
    if tools.minor(here) == tools.minor(there):
        return ok(f"{name} named", f"{there} runs; zones are checked here by {here}.")
    sentence = f"{there} runs there, and zones are checked here by BIND {here}: what one accepts the other may refuse."
    return warn(f"{name} named", sentence, "Each publication is proven all the same; install the same BIND on both.")


def _machine(name: str, transport: PipeTransport, settings: Settings) -> Findings:
    asked = time.time()
    try:
        host = transport.about()
    except AgentFailed:
        yield warn(f"{name} clock", "Its agent cannot tell of its clock and disk: it is an older one.", _PROVISION)
        return
    answered = time.time()
    yield _clock(name, host.time - (asked + answered) / 2, (answered - asked) / 2)
    yield disk.judge(f"{name} disk", host.free, host.size, host.files, settings.least_disk_free)


def _clock(name: str, ahead: float, unsure: float) -> Finding:
    if abs(ahead) <= _CLOCK + unsure:
        return ok(f"{name} clock", "It agrees with this machine's.")
    sentence = f"It is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's."
    mend = "Set both by NTP (`timedatectl status`): serials, tokens' ends and logs go by the clock."
    return fail(f"{name} clock", sentence, mend)


def _port(name: str, step: trial.Step) -> Finding:
    if step.error is None:
        return ok(f"{name} port", f"{step.name} answers.")
    mend = "Does named listen there, and does a firewall between let it through?"
    return fail(f"{name} port", f"Nothing answers at {step.name}.", mend)
