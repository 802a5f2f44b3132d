"""`python -m nameserver.agent --config FILE [repair]`."""

import argparse
import os
import resource
import sys
from pathlib import Path

from nameserver.agent.config import load
from nameserver.agent.errors import AgentError, Busy
from nameserver.agent.repair import repair
from nameserver.agent.server import Agent
from nameserver.agent.state import lock


def main() -> int:
    """Serve requests until stdin ends, or repair named's zone database before named starts."""
    parser = argparse.ArgumentParser(prog="zonewright-agent", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the agent's configuration (JSON)")
    parser.add_argument("command", nargs="?", choices=("serve", "repair"), default="serve")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # named-nzd2nzf aborts on a damaged database
    try:
        return _repair(arguments.config) if arguments.command == "repair" else _serve(arguments.config)
    except (AgentError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def _serve(config: Path) -> int:
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing but frames ever goes to stdout
    Agent(load(config)).serve(sys.stdin.buffer, replies)
    return 0


def _repair(path: Path) -> int:
    config = load(path)
    try:
        with lock(config.state, patience=10.0):
            print(repair(config))
    except Busy:  # an agent that waits for a named which is not there; named must start
        print(repair(config))
    return 0


if __name__ == "__main__":
    sys.exit(main())
