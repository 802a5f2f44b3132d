"""One check in a thread of its own, with a time-out of its own."""

import threading
import time
from collections.abc import Callable

from api.doctor.finding import Finding, Findings, fail


class Examination:
    """A check that runs from now on; it is given up, and told so, after `seconds`."""

    def __init__(self, name: str, seconds: float, check: Callable[[], Findings]) -> None:
        self._name, self._seconds, self._check = name, seconds, check
        self._found: list[Finding] = []
        self._end = time.monotonic() + seconds
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"doctor {name}")
        self._thread.start()

    def findings(self) -> list[Finding]:
        """What it found until its end, or until it was given up."""
        self._thread.join(max(0.0, self._end - time.monotonic()))
        found = list(self._found)
        if self._thread.is_alive():
            sentence = f"This did not end within {self._seconds:g} seconds."
            found.append(fail(self._name, sentence, "Something hangs: look at the load and the disks, and try again."))
        return found

    def _run(self) -> None:
        try:
            for finding in self._check():
                self._found.append(finding)
        except Exception as error:  # noqa: BLE001  one check: it must not stop the others
            words = str(error).splitlines()[0] if str(error) else type(error).__name__
            mend = "This should not happen; please report it with this sentence."
            self._found.append(fail(self._name, f"The check itself failed: {words}", mend))
