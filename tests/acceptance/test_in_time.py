"""What happens at its time is on both nameservers soon after it, or when the control plane is back."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.answers import ask_all
from tests.stack import Stack, eventually

RECORD = {"record_type": "A", "name": "www", "value": "192.0.2.1"}
NOBODY, EVERYBODY = 0, 4  # answers, of two nameservers over UDP and TCP


def answers(stack: Stack, zone: dict[str, Any]) -> int:
    """How many of the four have the record."""
    return sum(answer.rcode == "NOERROR" for answer in ask_all(stack, f"www.{zone['domain']}", "A"))


def write_in_time(stack: Stack, moment: datetime) -> list[dict[str, Any]]:
    """Three zones: a record that is not confirmed, one that expires, and one that comes at this moment."""
    made = [stack.zone(f"{name}-{moment:%M%S}.example", wait=10) for name in ("confirm", "expire", "apply")]
    urls = [f"dns-zones/{zone['uuid']}/records/" for zone in made]
    left = max(1, round((moment - datetime.now(UTC)).total_seconds()))
    stack.done("POST", f"{urls[0]}?confirm_within={left}", RECORD, wait=10)
    stack.done("POST", urls[1], RECORD | {"expires_at": moment.isoformat()}, wait=10)
    assert stack.done("POST", f"{urls[2]}?apply_at={moment:%Y-%m-%dT%H:%M:%SZ}", RECORD).status_code == 202
    return made


def until_done(stack: Stack, zones: list[dict[str, Any]]) -> list[float]:
    """Wait until each zone is as it should be after its moment; when that was, by the clock."""
    after: dict[str, float] = {}

    def look() -> bool:
        for zone, wanted in zip(zones, (NOBODY, NOBODY, EVERYBODY), strict=True):
            if zone["domain"] not in after and answers(stack, zone) == wanted:
                after[zone["domain"]] = time.time()
        return len(after) == len(zones)

    eventually(look, 30, "not all of it came about")
    return [after[zone["domain"]] for zone in zones]


def test_in_time(stack: Stack, record_property: Any, capsys: pytest.CaptureFixture[str]) -> None:
    moment = (datetime.now(UTC) + timedelta(seconds=5)).replace(microsecond=0)
    zones = write_in_time(stack, moment)
    assert [answers(stack, zone) for zone in zones] == [EVERYBODY, EVERYBODY, NOBODY]
    late = [when - moment.timestamp() for when in until_done(stack, zones)]
    record_property("seconds after its time (confirm, expire, apply)", late)
    with capsys.disabled():
        print(f" {', '.join(f'{each:.2f}' for each in late)} s after its time", end="")


def test_when_the_control_plane_is_back(stack: Stack) -> None:
    moment = (datetime.now(UTC) + timedelta(seconds=5)).replace(microsecond=0)
    zones = write_in_time(stack, moment)
    with stack.frozen("control"):
        time.sleep(max(0.0, moment.timestamp() - time.time()) + 1)
        assert [answers(stack, zone) for zone in zones] == [EVERYBODY, EVERYBODY, NOBODY]
        stack.kill("control")
    until_done(stack, zones)
    changes = stack.done("GET", "dns-changes/").json()
    assert len(changes) == 8, "each was done once"
