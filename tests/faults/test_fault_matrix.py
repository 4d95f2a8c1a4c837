"""Every fault x every operation x once, twice, for good: on the real engine, with an API that would take duplicates.

A batch is one stack whose numbers meet a fault each, all in one command. After the command with the faults, each number must
have come to what the table expects, and the state must agree with Vapi or the message say why not. Then the faults are
lifted, and one more ordinary command must bring everything to what the program says, each number exactly once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from pulumi_vapi_byo.emulator import Emulator, Fault

from .conftest import NewStack
from .stack import PluginStack, Run, Stack
from .table import Record, record_cell

pytestmark = pytest.mark.engine

CREDENTIAL_ID = "1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10"
TIMES: Mapping[str, int | None] = {"once": 1, "twice": 2, "for good": None}

#: Tries of a request, the first included; twice leaves one to spare for a machine that is slow by itself.
TRIES = 4
METHODS = {"create": "POST", "read": "GET", "update": "PATCH", "delete": "DELETE"}

FAULTS: Mapping[str, Fault] = {
    "connection dropped before the work": Fault("drop_before"),
    "connection dropped after the work": Fault("drop_after"),
    "body cut": Fault("cut_body"),
    "garbage": Fault("garbage"),
    "HTML page, 502": Fault("html"),
    "slower than vapi-byo:timeout": Fault("slow", delay_s=2.5),
    "status 500 before the work": Fault("status", status=500),
    "status 503 after the work": Fault("status", status=503, work_done=True),
    "redirect": Fault("redirect", location="http://127.0.0.1:9/elsewhere"),
}
RATE_LIMITS: Mapping[str, Fault] = {
    "status 429, Retry-After": Fault("status", status=429, retry_after=1),
    "status 429": Fault("status", status=429),
}
REFUSED = "connection refused"

#: Faults that come after the work, so that a create finds what it made.
AFTER_THE_WORK = {
    "connection dropped after the work",
    "body cut",
    "garbage",
    "slower than vapi-byo:timeout",
    "status 503 after the work",
}
#: Answers that say nothing about the time to come: sent again, the request would be answered the same.
NOT_RETRIED = {"garbage", "redirect"}


def expected(operation: str, fault: str, times: str) -> str:
    if operation == "create" and fault in AFTER_THE_WORK:
        return "converges: found and taken over"
    if fault == "garbage" and operation in ("update", "delete"):
        return "converges: settled by a read"
    if fault in NOT_RETRIED or times == "for good":
        return "fails, then converges"
    return "converges: tried again"


@dataclass(frozen=True)
class Cell:
    """One cell of the table, which is one number of the stack."""

    operation: str
    fault: str
    times: str
    digits: str

    @property
    def name(self) -> str:
        """Logical name of the resource, and name of the number."""
        return f"{self.fault}, {self.times}"[:40]


def cells_of(operation: str, faults: Iterable[str]) -> list[Cell]:
    pairs = [(fault, times) for fault in faults for times in TIMES]
    return [Cell(operation, fault, times, f"+1415555{2000 + place}") for place, (fault, times) in enumerate(pairs)]


def declared(cells: list[Cell], **changes: Any) -> dict[str, Any]:
    server = {"url": "https://example.com/vapi", "headers": {"x-vapi-secret": "canary-header"}}
    return {
        cell.name: {"credential_id": CREDENTIAL_ID, "number": cell.digits, "name": cell.name, "server": server, **changes}
        for cell in cells
    }


class Bench:
    """A stack and its Vapi, and what both must say about the numbers."""

    def __init__(self, stack: Stack, vapi: Emulator) -> None:
        self.stack = stack
        self.vapi = vapi

    def held(self, cell: Cell) -> list[dict[str, Any]]:
        return [number for number in self.vapi.numbers() if number["number"] == cell.digits]

    def agrees(self, cell: Cell, arguments: Mapping[str, Any]) -> None:
        """Assert that Vapi holds the number once, as the program says, and that the state says the same."""
        (number,) = self.held(cell)
        resource = self.stack.numbers()[cell.name]
        outputs = resource["outputs"]
        assert resource["id"] == number["id"]
        assert number["name"] == outputs["name"] == arguments["name"]
        assert number["credentialId"] == outputs["credentialId"] == arguments["credential_id"]
        assert number["server"]["url"] == outputs["server"]["url"] == arguments["server"]["url"]
        assert number["server"]["headers"] == arguments["server"]["headers"]

    def all_agree(self, program: Mapping[str, Any], cells: list[Cell]) -> None:
        """Assert that there is nothing but the program's numbers, each as it says, and nothing left to do."""
        assert sorted(number["number"] for number in self.vapi.numbers()) == sorted(cell.digits for cell in cells)
        assert sorted(self.stack.numbers()) == sorted(program)
        for cell in cells:
            self.agrees(cell, program[cell.name])
        self.stack("preview", "--expect-no-changes")


@pytest.fixture
def bench(door: type[Stack], new_stack: NewStack, vapi: Emulator) -> Bench:
    return Bench(new_stack(vapi, door=door, VAPI_MAX_RETRIES=str(TRIES - 1)), vapi)


def check_sentence(cell: Cell, run: Run) -> None:
    """Assert that a failure is told in one line that names the number, the request and the tries."""
    error = run.errors[cell.name]
    assert error.count("\n") == 1, error
    text = error.removeprefix("VapiError: ")
    assert text.startswith(f"cannot {cell.operation} BYO phone number {cell.digits!r}: "), error
    assert f"({METHODS[cell.operation]} /phone-number" in text, error
    assert (f", tried {TRIES} times" in text) == (cell.fault not in NOT_RETRIED), error
    assert "Traceback" not in run.output


def check_outcomes(cells: list[Cell], run: Run) -> None:
    failing = {cell.name for cell in cells if expected(cell.operation, cell.fault, cell.times).startswith("fails")}
    assert set(run.errors) == failing, run.output
    assert (run.status != 0) == bool(failing)
    assert "Traceback" not in run.output
    for cell in cells:
        if cell.name in failing:
            check_sentence(cell, run)


def record_cells(cells: list[Cell], record: Record) -> None:
    """Put the cells into the table; only what has been asserted from its beginning to its end may stand there."""
    for cell in cells:
        record_cell(record, cell.operation, cell.fault, cell.times, expected(cell.operation, cell.fault, cell.times))


# The client paces itself alike behind both doors; how a failure is told is each door's own.
BATCHES = pytest.mark.parametrize(
    ("door", "faults"),
    [(Stack, FAULTS), (Stack, RATE_LIMITS), (PluginStack, FAULTS)],
    ids=["dynamic-answers", "dynamic-rate-limits", "plugin-answers"],
)


@BATCHES
def test_create(bench: Bench, faults: Mapping[str, Fault], record: Record) -> None:
    cells = cells_of("create", faults)
    program = declared(cells)
    for cell in cells:
        bench.vapi.inject(replace(faults[cell.fault], method="POST", containing=cell.digits, times=TIMES[cell.times]))
    bench.stack.declare(program)
    run = bench.stack.up(may_fail=True)
    created = bench.stack.numbers()
    for cell in cells:
        if cell.name in run.errors:
            assert cell.name not in created
            assert bench.held(cell) == []
        else:
            bench.agrees(cell, program[cell.name])
        taken_over = f"creation of BYO phone number {cell.digits!r} was lost or unusable, but it was created (id "
        assert (taken_over in run.output) == (cell.fault in AFTER_THE_WORK)
    check_outcomes(cells, run)
    bench.vapi.clear_faults()
    bench.stack.up()
    bench.all_agree(program, cells)
    record_cells(cells, record)


@BATCHES
def test_read(bench: Bench, faults: Mapping[str, Fault], record: Record) -> None:
    cells = cells_of("read", faults)
    program = declared(cells)
    bench.stack.declare(program)
    bench.stack.up()
    for cell in cells:
        (number,) = bench.held(cell)
        bench.vapi.edit_number(number["id"], name="Edited in the dashboard")
        bench.vapi.inject(replace(faults[cell.fault], method="GET", path="*" + number["id"], times=TIMES[cell.times]))
    # Many are read from a list; what happens to a call that reads one shows where there is none.
    bench.vapi.inject(Fault("status", method="GET", path="/phone-numbe?", status=400, times=None))
    before = bench.stack.numbers()
    run = bench.stack.refresh(may_fail=True)
    after = bench.stack.numbers()
    assert sorted(after) == sorted(before)
    for cell in cells:
        seen = cell.name if cell.name in run.errors else "Edited in the dashboard"
        assert after[cell.name]["outputs"]["name"] == after[cell.name]["inputs"]["name"] == seen
        assert after[cell.name]["id"] == before[cell.name]["id"]
    check_outcomes(cells, run)
    bench.vapi.clear_faults()
    bench.stack.refresh()
    bench.stack.up()
    bench.all_agree(program, cells)
    record_cells(cells, record)


@BATCHES
def test_update(bench: Bench, faults: Mapping[str, Fault], record: Record) -> None:
    cells = cells_of("update", faults)
    old = declared(cells)
    bench.stack.declare(old)
    bench.stack.up()
    for cell in cells:
        (number,) = bench.held(cell)
        bench.vapi.inject(replace(faults[cell.fault], method="PATCH", path="*" + number["id"], times=TIMES[cell.times]))
    new = declared(cells, name="New", server={"url": "https://example.com/new", "headers": {"x-vapi-secret": "canary-new"}})
    bench.stack.declare(new)
    run = bench.stack.up(may_fail=True)
    after = bench.stack.numbers()
    for cell in cells:
        if cell.name in run.errors:
            (number,) = bench.held(cell)
            assert after[cell.name]["outputs"]["name"] == cell.name  # the old one: the next up finds what is to do
            assert number["name"] == ("New" if cell.fault in AFTER_THE_WORK else cell.name)
        else:
            bench.agrees(cell, new[cell.name])
    check_outcomes(cells, run)
    bench.vapi.clear_faults()
    bench.stack.up()
    bench.all_agree(new, cells)
    record_cells(cells, record)


@BATCHES
def test_delete(bench: Bench, faults: Mapping[str, Fault], record: Record) -> None:
    cells = cells_of("delete", faults)
    bench.stack.declare(declared(cells))
    bench.stack.up()
    for cell in cells:
        (number,) = bench.held(cell)
        bench.vapi.inject(replace(faults[cell.fault], method="DELETE", path="*" + number["id"], times=TIMES[cell.times]))
    bench.stack.declare({})
    run = bench.stack.up(may_fail=True)
    kept = bench.stack.numbers()
    for cell in cells:
        assert (cell.name in kept) == (cell.name in run.errors)  # what may be there still is not forgotten
        assert bool(bench.held(cell)) == (cell.name in run.errors and cell.fault not in AFTER_THE_WORK)
    check_outcomes(cells, run)
    bench.vapi.clear_faults()
    bench.stack.up()
    bench.all_agree({}, [])
    record_cells(cells, record)


# ------------------------------------------------------------------------------------------------- connections refused
# No single request can be refused, so here a command is about one number, and nothing listens until the failures are counted.


@contextmanager
def refusing_after(vapi: Emulator, requests: int) -> Iterator[None]:
    """Refuse connections as soon as Vapi has got some requests; its latency leaves the time to do so."""
    vapi.clear_requests()
    vapi.latency_s = 0.3
    over = threading.Event()

    def refuse() -> None:
        while len(vapi.requests) < requests:
            if over.wait(0.002):
                return
        vapi.inject(Fault("refuse", times=None))

    thread = threading.Thread(target=refuse)
    if requests:
        thread.start()
    else:
        refuse()  # at once: beside the start of a process the socket would stay open in both
    try:
        yield
    finally:
        over.set()
        if requests:
            thread.join()
        vapi.clear_faults()
        vapi.latency_s = 0.0


def run_until(stack: Stack, failures: int | None, then: Callable[[], None], *arguments: str) -> Run:
    """Run a command, and do something as soon as its log has told of some failed tries."""
    output = ""
    with stack.start(*arguments) as process:
        assert process.stdout is not None
        for line in process.stdout:
            output += line
            if failures and output.count(" failed after ") >= failures:
                then()
                failures = None
    return Run(process.returncode, output)


@pytest.mark.parametrize("operation", METHODS)
def test_refused(new_stack: NewStack, vapi: Emulator, operation: str, record: Record) -> None:
    # One more try than elsewhere: the log is a moment late.
    bench = Bench(new_stack(vapi, VAPI_MAX_RETRIES=str(TRIES), VAPI_LOG="debug"), vapi)
    cells = cells_of(operation, [REFUSED])
    program: dict[str, Any] = {}
    if operation != "create":
        program = declared(cells)
        bench.stack.declare(program)
        bench.stack.up()
    for cell in cells:
        program = refuse(bench, cell, program)
    bench.all_agree(program, [cell for cell in cells if cell.name in program])
    record_cells(cells, record)


def refuse(bench: Bench, cell: Cell, old: dict[str, Any]) -> dict[str, Any]:
    """Refuse the connections of an operation on one number of a program; return the program that is up in the end."""
    stack, vapi, operation, name = bench.stack, bench.vapi, cell.operation, cell.name
    program = {other: arguments for other, arguments in old.items() if other != name}
    command = ["up", "--yes", "--skip-preview"]
    if operation == "create":
        program |= declared([cell])
    elif operation == "read":
        program = old
        [number] = bench.held(cell)
        vapi.edit_number(number["id"], name="Edited in the dashboard")
        command = ["refresh", "--yes", "--skip-preview", f"--target={stack.numbers()[name]['urn']}"]
    elif operation == "update":
        program |= declared([cell], name="New")
    stack.declare(program)
    # What comes first: a create lists the account, an update reads the number.
    with refusing_after(vapi, 1 if operation in ("create", "update") else 0):
        run = run_until(stack, TIMES[cell.times], vapi.clear_faults, *command)
    after = stack.numbers()
    if cell.times == "for good":
        assert run.status != 0
        [error] = run.errors.values()
        assert error.startswith(f"VapiError: cannot {operation} BYO phone number {cell.digits!r}: no connection to "), error
        # An update whose pauses add up to more than its look is good for looks again, which is refused as well.
        methods = ("PATCH", "GET") if operation == "update" else (METHODS[operation],)
        assert any(f"({method} /phone-number" in error for method in methods), error
        assert f", tried {TRIES + 1} times; check vapi-byo:baseUrl and the network" in error
        assert len(bench.held(cell)) == (0 if operation == "create" else 1)
        assert (name in after) == (operation != "create")
        assert name not in after or after[name]["outputs"]["name"] == old[name]["name"]
    else:
        assert run.status == 0, run.output
        assert run.output.count(" failed after ") >= 2 * (TIMES[cell.times] or 0)  # each is told twice: at once and at the end
    if operation == "read":
        if cell.times == "for good":
            stack.refresh()
        else:
            assert after[name]["inputs"]["name"] == "Edited in the dashboard"
    if cell.times == "for good" or operation == "read":
        stack.up()
    return program
