"""`python -m tests.guards`: takes each guard out in turn, in a copy of the checkout, and prints which test noticed."""

import argparse
import signal
import sys
from collections.abc import Sequence

from tests.guards import GUARDS
from tests.guards.checkout import checkout
from tests.guards.guard import Guard
from tests.guards.trial import HEAD, Result, try_each, untrustworthy


def main() -> int:
    """Try the guards that are asked for; 0 when each was noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.guards", description=__doc__)
    parser.add_argument("--only", metavar="TEXT", default="", help="guards whose failure, file or text has this in it")
    parser.add_argument("--list", action="store_true", help="print the guards and try none")
    arguments = parser.parse_args()
    wanted = [guard for guard in GUARDS if arguments.only.lower() in _searched(guard)]
    if not wanted:
        parser.error(f"no guard has “{arguments.only}” in it")
    if arguments.list:
        print(*(f"{guard.file}: {guard.words}" for guard in wanted), sep="\n")
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what Ctrl-C clears away, SIGTERM does as well
    return _tried(wanted)


def _searched(guard: Guard) -> str:
    return f"{guard.failure}\n{guard.file}\n{guard.words}".lower()


def _tried(guards: Sequence[Guard]) -> int:
    results: list[Result] = []
    try:
        with checkout() as copy:
            _say(f"running the tests of {len(guards)} guards with all of them in place")
            bad = untrustworthy(copy, guards)
            for result in try_each(copy, guards, bad):
                results.append(result)
                said = f"{result.test}: {result.why}" if result.test else f"NOT NOTICED: {result.why}"
                _say(f"{len(results)}/{len(guards)} {result.guard.file}: {result.guard.words}\n    {said[:300]}")
    except KeyboardInterrupt:
        _say("stopped")
    print(HEAD, *(result.row for result in results), sep="\n")
    unseen = sum(1 for result in results if not result.test)
    print(f"\n{len(results)} of {len(guards)} guards tried, {unseen} not noticed.")
    return 1 if unseen or len(results) < len(guards) else 0


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
