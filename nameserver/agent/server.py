"""One request after the other, from a stream of frames to a stream of frames."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from nameserver.agent import PROTOCOL, VERSION, frames, host, reading
from nameserver.agent.ask import ask
from nameserver.agent.config import Config
from nameserver.agent.configure import Configurer, digest
from nameserver.agent.control import Control
from nameserver.agent.errors import AgentError, BadRequest, NamedSilent, NamedTrouble
from nameserver.agent.files import ZoneFiles
from nameserver.agent.frames import Header
from nameserver.agent.names import parse
from nameserver.agent.publish import Publisher
from nameserver.agent.refusals import Refusals
from nameserver.agent.rndc import Rndc
from nameserver.agent.state import Fence, lock
from nameserver.agent.transfer import transfer
from nameserver.agent.zonelist import ZoneList

Operation = Callable[[Mapping[str, Any], bytes], Header]

_MOST_CONTENT = 200 << 20  # octets in one answer


class Agent:
    """The operations; what one request throws is its answer, and the agent lives on."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._fence, self._zones = Fence(config.state), ZoneList(config.state)
        self._control = Control(Rndc(config.rndc_port, config.key_file), config.zones)
        self._files = files = ZoneFiles(config.zone_folder)
        self._address = (config.address, config.port)
        self._publisher = Publisher(self._address, self._control, files, self._zones)
        self._configurer = Configurer(config, self._control, self._zones)
        self._operations: dict[str, Operation] = {
            "hello": self._hello,
            "publish": self._publish,
            "configure": self._configure,
            "serials": self._serials,
            "inventory": self._inventory,
            "read": self._read,
            "about": lambda _request, _body: host.about(config.directory),
            "digests": self._digests,
            "content": self._content,
        }
        with suppress(OSError), lock(config.state):  # a full or read-only disk is told by what cannot be done
            files.sweep()
            self._zones.compact()

    def serve(self, requests: BinaryIO, replies: BinaryIO) -> None:
        """Answer until the requests end. Raises BadRequest when the stream is not frames."""
        while (frame := frames.read(requests)) is not None:
            answer = self._answer(*frame)
            replies.write(frames.pack(answer, answer.pop("body", b"")))
            replies.flush()

    def _answer(self, header: bytes, body: bytes) -> Header:
        request: Header = {}
        try:
            request = frames.parse_header(header)
            reply = self._operation(request)(request, body)
        except AgentError as error:
            return {"id": request.get("id"), "ok": False, "code": error.code, "error": error.sentence}
        except Exception as error:  # noqa: BLE001  the loop around one request: its trouble is its answer
            # An OSError's own text has a path of this server in it.
            reason = error.strerror if isinstance(error, OSError) else error
            words = f"The agent failed at this: {type(error).__name__}: {reason}."
            return {"id": request.get("id"), "ok": False, "code": "failed", "error": words}
        return {"id": request.get("id"), "ok": True, **reply}

    def _operation(self, request: Mapping[str, Any]) -> Operation:
        try:
            return self._operations[request["op"]]
        except (KeyError, TypeError) as error:
            raise BadRequest("The agent has no such operation.") from error

    def _hello(self, _request: Mapping[str, Any], _body: bytes) -> Header:
        about = self._control.about()
        zones = None
        if about is not None:
            with suppress(NamedTrouble):
                zones = self._control.zones()
        return {
            "protocol": PROTOCOL,
            "agent": VERSION,
            "named": about[0] if about else None,
            "started": about[1] if about else None,
            "running": about is not None,
            "zones": zones,
            "configuration": digest(self._config.named_conf),
            "fence": self._fence.highest(),
        }

    def _publish(self, request: Mapping[str, Any], body: bytes) -> Header:
        with lock(self._config.state):
            self._fence.admit(request.get("fence"))
            return self._publisher.publish(request, body, Refusals(self._config.directory))

    def _configure(self, request: Mapping[str, Any], body: bytes) -> Header:
        with lock(self._config.state):
            self._fence.admit(request.get("fence"))
            self._configurer.configure(request, body)
            return {}

    def _serials(self, request: Mapping[str, Any], _body: bytes) -> Header:
        answers = ask(*self._address, _domains(request))
        if not answers.reachable:
            raise NamedTrouble("named does not answer.")
        return {"serials": answers.serials | dict.fromkeys(answers.silent)}

    def _inventory(self, _request: Mapping[str, Any], _body: bytes) -> Header:
        # Imported here: the HTTP client is a third of the agent's start-up time, and inventories are rare.
        from nameserver.agent import statistics

        return {"zones": statistics.inventory(self._config.statistics_port)}

    def _read(self, request: Mapping[str, Any], _body: bytes) -> Header:
        with lock(self._config.state):
            return reading.read(request, self._files, self._zones.names())

    def _digests(self, request: Mapping[str, Any], _body: bytes) -> Header:
        return {"digests": {domain: self._files.digest(parse(domain)) for domain in _domains(request)}}

    def _content(self, request: Mapping[str, Any], _body: bytes) -> Header:
        """What named serves of each zone, transferred; a zone without content has the reason instead."""
        zones, body = [], bytearray()
        for domain in _domains(request):
            size, error = 0, None
            try:
                content = transfer(self._address, self._config.key_file, parse(domain), _MOST_CONTENT - len(body))
                size = len(content)
                body += content
            except NamedSilent:
                raise
            except NamedTrouble as trouble:
                error = trouble.sentence
            zones.append({"domain": domain, "size": size, "error": error})
        return {"zones": zones, "body": bytes(body)}


def _domains(request: Mapping[str, Any]) -> list[str]:
    domains = request.get("domains")
    if not isinstance(domains, list) or not all(isinstance(domain, str) for domain in domains):
        raise BadRequest("The domains are not a list of names.")
    return domains
