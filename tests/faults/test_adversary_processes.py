"""Processes that outlive their engine, and several processes of a program, against a Vapi that accepts duplicates."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import NewStack
from .stack import PluginStack
from .stand_in import API_KEY, StandIn
from .table import Record, record_case
from .test_adversary_answers import ENDLESS, endless

pytestmark = pytest.mark.engine

CREDENTIAL = "11111111-1111-4111-8111-111111111111"
NUMBERS = {f"n{index}": {"credential_id": CREDENTIAL, "number": f"+1415555200{index}"} for index in range(8)}

#: Two providers of one account; `program` adds their numbers.
PROVIDERS = """\
import pulumi
import pulumi_vapi_byo as vapi

other = vapi.Provider("other", api_key="{key}", base_url="{url}", on_existing="{on_existing}")
third = vapi.Provider("third", api_key="{key}", base_url="{url}", on_existing="{on_existing}")
"""
NUMBER = (
    'vapi.ByoPhoneNumber("{name}", credential_id="{credential}", number="+14155552000", opts=pulumi.ResourceOptions({opts}))\n'
)


def number(name: str, **opts: str) -> str:
    given = ", ".join(f"{option}={value}" for option, value in opts.items())
    return NUMBER.format(name=name, credential=CREDENTIAL, opts=given)


def program(stand_in: StandIn, *numbers: str, on_existing: str = "error") -> str:
    return PROVIDERS.format(key=API_KEY, url=stand_in.base_url, on_existing=on_existing) + "".join(numbers)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP], ids=["killed", "terminal-closed"])
def test_nothing_is_sent_once_the_engine_is_gone(
    stand_in: StandIn, new_stack: NewStack, record: Record, how: signal.Signals
) -> None:
    stack = new_stack(stand_in, timeout_s=30)
    stack.declare(NUMBERS)

    def slow(_handler: Any, seen: Any, _work: Callable[[], Any]) -> bool:
        if seen.method == "POST":
            time.sleep(1)
        return False

    stand_in.bends.append(slow)
    with stack.start("up", "--yes", "--skip-preview", "--parallel=8") as up:
        limit = time.monotonic() + 60
        while not stand_in.sent("POST") and time.monotonic() < limit:
            time.sleep(0.02)
        os.kill(up.pid, how)
        up.communicate(timeout=60)
    time.sleep(0.5)  # requests under way when the engine ended, and the time to notice that it did
    sent = len(stand_in.sent("POST"))
    time.sleep(3)  # time for three more
    assert 0 < sent < 8
    assert len(stand_in.sent("POST")) == sent
    stand_in.bends.clear()
    stack("cancel", "--yes", may_fail=True)
    stack.configure(onExisting="adopt")
    stack.up()
    assert sorted(one["number"] for one in stand_in.held()) == sorted(one["number"] for one in NUMBERS.values())
    assert {one["id"] for one in stack.numbers().values()} == {one["id"] for one in stand_in.held()}
    record_case(record, f"{how.name} to the CLI while it creates eight", stand_in.summary(), "eight numbers, all in the state")


def test_two_providers_never_take_over_the_same_number(stand_in: StandIn, new_stack: NewStack, record: Record) -> None:
    existing = stand_in.put(number="+14155552000", credentialId=CREDENTIAL)
    stack = new_stack(stand_in, timeout_s=30)
    both = number("a", provider="other"), number("b", provider="third")
    (stack.project / "__main__.py").write_text(program(stand_in, *both, on_existing="adopt"))
    run = stack.up(may_fail=True)
    assert run.status != 0
    assert "another resource of this program already has it" in run.output
    assert [one["id"] for one in stack.numbers().values()] == [existing["id"]]
    assert [one["id"] for one in stand_in.held()] == [existing["id"]]
    record_case(record, "two providers adopt the same number", stand_in.summary(), "one takes it over, the other is refused")


@pytest.mark.parametrize("way", ["import_", "adopt"])
def test_a_number_that_another_provider_takes_over_is_not_deleted(
    stand_in: StandIn, new_stack: NewStack, record: Record, way: str
) -> None:
    stack = new_stack(stand_in, timeout_s=30)
    (stack.project / "__main__.py").write_text(program(stand_in, number("old")))
    stack.up()
    (made,) = stand_in.held()
    opts = {"provider": "other"} | ({"import_": repr(made["id"])} if way == "import_" else {})
    (stack.project / "__main__.py").write_text(program(stand_in, number("new", **opts), on_existing="adopt"))
    run = stack.up()
    assert "was not deleted: another resource of this program has it" in run.output
    assert [one["id"] for one in stand_in.held()] == [made["id"]]
    assert {name: one["id"] for name, one in stack.numbers().items()} == {"new": made["id"]}
    assert stand_in.sent("DELETE") == []
    record_case(record, f"a number moves to another provider by {way}", stand_in.summary(), "kept, and in the state once")


def test_two_interrupts_end_a_command_whose_requests_hang(stand_in: StandIn, new_stack: NewStack, record: Record) -> None:
    # With the plugin: Pulumi's host of dynamic providers serves four calls at a time, and the cancellation waits behind them.
    stack = new_stack(stand_in, timeout_s=60, door=PluginStack)
    stack.declare(NUMBERS)
    stop = threading.Event()
    hang = endless(ENDLESS["headers without end"], stop)
    stand_in.bends.append(lambda handler, seen, work: seen.method == "POST" and hang(handler, seen, work))
    with stack.start("up", "--yes", "--skip-preview", "--parallel=8") as up:
        limit = time.monotonic() + 60
        while len(stand_in.sent("POST")) < len(NUMBERS) and time.monotonic() < limit:
            time.sleep(0.02)
        os.kill(up.pid, signal.SIGINT)
        time.sleep(0.5)
        began = time.monotonic()
        os.kill(up.pid, signal.SIGINT)
        up.communicate(timeout=60)
        took_s = time.monotonic() - began
    stop.set()
    assert up.returncode != 0
    assert took_s < 4.5  # after 5 s the CLI kills the processes that it has interrupted
    stand_in.bends.clear()
    stack("cancel", "--yes", may_fail=True)
    stack.up()
    assert sorted(one["number"] for one in stand_in.held()) == sorted(one["number"] for one in NUMBERS.values())
    assert {one["id"] for one in stack.numbers().values()} == {one["id"] for one in stand_in.held()}
    record_case(record, "two Ctrl-C while every POST hangs", stand_in.summary(), "ended; the next up creates each number once")
