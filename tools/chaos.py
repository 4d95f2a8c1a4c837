"""Make everything go wrong at once, then count: many numbers, random faults, changes and kills, on the real Pulumi engine.

Run by ``make chaos``, which puts the virtual environment and the Pulumi CLI on PATH. A local Vapi, which would accept the same
number twice, answers a fifth of all requests with some fault. In every round the program changes at random (numbers are added,
renamed, redirected and removed) and is applied by ``pulumi up``; now and then the CLI and everything it started is killed by
SIGKILL halfway. After a failure or a kill, the test does what a user would do and no more: run ``pulumi up`` again, and follow
the error message word for word (``pulumi cancel`` for the lock that a killed command leaves behind, ``vapi-byo:onExisting
adopt`` for numbers whose creation was never recorded, ``pulumi refresh``; Pulumi's own copy of the state if the kill came while
Pulumi was writing it).

At the end the faults are lifted and ``pulumi up`` is run until it has nothing to do. Vapi must then hold exactly the numbers
in the state, each once, and each as the program says. Exit status 0 means that none is lost and none is duplicated.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi_vapi_byo.emulator import Emulator
from tools import workbench

API_KEY = "chaos-key-of-no-account"
STACK = "chaos"
TYPE = "pulumi-python:dynamic/vapi:ByoPhoneNumber"
CREDENTIAL_ID = "1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10"

FAULT_PROBABILITY = 0.2
#: The provider's time-out, and the delay of slow answers, in seconds.
TIMEOUT_S, SLOW_S = 1.0, 2.0

#: Seconds for which a number is looked for after a lost answer. Users get fifteen; but nothing here takes that long, and a
#: hundred numbers with a fault in every fifth request would take hours.
LOOK_FOR_S = 1.0

#: Seconds between a request's arrival and its execution: long enough to kill its sender in between.
LATENCY_S = 0.05

#: One number in this many has no digits, so only its name tells it apart.
WITHOUT_DIGITS = 12

#: More attempts than any bad luck needs for a step; beyond that, it is stuck.
MAX_ATTEMPTS = 60
COMMAND_LIMIT_S = 600.0

PROGRAM = """\
import json
import pathlib

import pulumi_vapi_byo as vapi

for name, arguments in json.loads(pathlib.Path("numbers.json").read_text()).items():
    vapi.ByoPhoneNumber(name, **arguments)
"""

Arguments = dict[str, Any]


class ChaosError(Exception):
    """The test cannot go on, or its result is wrong."""


@dataclass
class Project:
    """A program and its stack in a folder; counts what happens to them.

    Attributes:
        folder: The folder.
        url: Address of the local Vapi.
        counts: Runs, kills, and what was done after them.
    """

    folder: Path
    url: str
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.project = workbench.new_project(self.folder / "project", "chaos", PROGRAM)
        self.state = self.folder / "state"
        self.env = workbench.environment(
            self.folder, VAPI_API_KEY=API_KEY, VAPI_BASE_URL=self.url, VAPI_TEST_LOOK_FOR_S=str(LOOK_FOR_S)
        )
        self.quiet("stack", "init", STACK)
        self.quiet("config", "set", "vapi-byo:timeout", str(TIMEOUT_S))

    def declare(self, wanted: dict[str, Arguments]) -> None:
        """Replace the program."""
        (self.project / "numbers.json").write_text(json.dumps(wanted))

    def run(self, *arguments: str, kill_when: Callable[[], bool] | None = None) -> tuple[int | None, str]:
        """Run a command.

        Args:
            *arguments: What follows ``pulumi`` on the command line.
            kill_when: Returns whether to kill everything now; None to let the command end.

        Returns:
            Its exit status (None if it was killed) and its output.
        """
        deadline = time.monotonic() + COMMAND_LIMIT_S
        with tempfile.TemporaryFile("w+") as output:
            process = workbench.start(self.project, self.env, *arguments, output=output)
            killed = False
            try:
                while process.poll() is None and not killed:
                    killed = kill_when is not None and kill_when()
                    if time.monotonic() > deadline:
                        raise ChaosError(f"pulumi {' '.join(arguments)} took more than {COMMAND_LIMIT_S:g} s")
                    time.sleep(0.002)
            finally:
                # Even after a normal end: nothing that this command started may interfere with the next.
                kill_session(process)
            output.seek(0)
            said = output.read()
        self.counts["runs"] += 1
        self.counts["kills"] += killed
        return (None if killed else process.returncode), said

    def quiet(self, *arguments: str) -> str:
        """Run a command that must succeed."""
        status, said = self.run(*arguments)
        if status != 0:
            raise ChaosError(f"pulumi {' '.join(arguments)} failed:\n{said}")
        return said

    def restore_checkpoint(self) -> None:
        """Repair a state that a kill left empty, as the documentation says: from the copy that Pulumi keeps.

        Pulumi's file backend copies the old state aside, then writes the new one, and the file of its attributes beside it. The
        copy is a step or two behind: the next ``pulumi up`` has to find out what was done since.

        Raises:
            ChaosError: There is no intact copy.
        """
        current = workbench.state_file(self.folder, self.project, STACK)
        current.with_name(current.name + ".attrs").unlink(missing_ok=True)
        earlier = sorted((self.state / ".pulumi" / "backups").rglob("*.json"), reverse=True)
        for copy in (current, current.with_name(current.name + ".bak"), *earlier):
            try:
                content = copy.read_text()
                json.loads(content)
            except (OSError, ValueError):
                continue
            current.write_text(content)
            self.counts["checkpoints restored"] += 1
            return
        raise ChaosError("Pulumi's state and all copies of it are gone")

    def ids(self) -> dict[str, list[str]]:
        """Return the ids in the state, by logical name of the resource."""
        latest = json.loads(self.quiet("stack", "export"))["deployment"]
        found: dict[str, list[str]] = {}
        for resource in latest.get("resources") or ():
            if resource["type"] == TYPE:
                found.setdefault(resource["urn"].rpartition("::")[2], []).append(resource["id"])
        return found


def kill_session(leader: subprocess.Popen[str]) -> None:
    """Kill every process of a session: the engine gives what it starts process groups of their own."""
    while True:
        listed = subprocess.run(["ps", "-A", "-o", "pid=,state="], capture_output=True, text=True, check=True).stdout
        alive = 0
        for pid, state in (line.split() for line in listed.splitlines()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if not state.startswith("Z") and os.getsid(int(pid)) == leader.pid:
                    os.kill(int(pid), signal.SIGKILL)
                    alive += 1
        if not alive:
            leader.wait()
            return
        leader.poll()


class Program:
    """What the program says, and how it changes at random."""

    def __init__(self, numbers: int, chance: random.Random) -> None:
        self._size = numbers
        self._chance = chance
        self._words = 0
        self.wanted: dict[str, Arguments] = {}
        while len(self.wanted) < numbers:
            self._add()

    def change(self) -> None:
        """Remove some numbers, change some, and add as many as were removed."""
        names = list(self.wanted)
        self._chance.shuffle(names)
        for name in names[: self._some(0.1)]:
            del self.wanted[name]
        self.rename()
        while len(self.wanted) < self._size:
            self._add()

    def rename(self) -> None:
        """Change the names of some numbers, and the servers of some of them."""
        names = [name for name, arguments in self.wanted.items() if "number" in arguments]
        for name in self._chance.sample(names, min(len(names), self._some(0.3))):
            self.wanted[name]["name"] = self._word()
            if self._chance.random() < 0.3:
                self.wanted[name]["server"] = {"url": f"https://example.com/{self._word()}"}

    def _some(self, share: float) -> int:
        return self._chance.randint(1, max(1, round(2 * share * self._size)))

    def _word(self) -> str:
        self._words += 1
        return f"name-{self._words}"

    def _add(self) -> None:
        arguments: Arguments = {"credential_id": CREDENTIAL_ID, "name": self._word(), "server": {"url": "https://example.com"}}
        if self._chance.randrange(WITHOUT_DIGITS):
            # Few digits, so that removed numbers come back now and then.
            taken = {known.get("number") for known in self.wanted.values()}
            free = [f"+1415555{line:04}" for line in range(2000, 2000 + 2 * self._size + 10)]
            arguments["number"] = self._chance.choice([number for number in free if number not in taken])
            self.wanted[arguments["number"]] = arguments
        else:
            self.wanted[arguments["name"]] = arguments


class Chaos:
    """A complete run.

    Args:
        seed: Seed for the faults, the changes and the moments of the kills.
        numbers: How many numbers the program has.
        kills: How many commands are killed.
        rounds: Least number of rounds; there are more if the kills need them.
        project: The project to run in.
        vapi: The local Vapi.
    """

    def __init__(self, seed: int, numbers: int, kills: int, rounds: int, project: Project, vapi: Emulator) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self._seed = seed
        self._rounds = rounds
        self._kills_left = kills
        self._project = project
        self._vapi = vapi
        self._program = Program(numbers, self._chance)
        self._usual_s = 1.5 + numbers * 0.3

    @property
    def size(self) -> int:
        """How many numbers the program has now."""
        return len(self._program.wanted)

    def play(self) -> None:
        """Play all rounds, then let things settle.

        Raises:
            ChaosError: A step never succeeded.
        """
        self._vapi.latency_s = LATENCY_S
        self._vapi.inject_by_chance(FAULT_PROBABILITY, self._seed, delay_s=SLOW_S)
        round_ = 0
        while round_ < self._rounds or self._kills_left:
            if round_:
                self._program.change()
            # Spread evenly; kills that came after their command had ended are moved to later rounds.
            self._settle(-(-self._kills_left // max(1, self._rounds - round_)))
            round_ += 1
            self._tell(f"round {round_} settled")
        self._vapi.clear_faults()
        self._settle(kills=0)
        self._project.quiet("refresh", "--yes", "--skip-preview")
        self._project.quiet("up", "--yes", "--skip-preview")
        self._project.quiet("preview", "--expect-no-changes")

    def judge(self) -> tuple[list[str], list[str]]:
        """Compare the program, the state and Vapi.

        Returns:
            What is lost, and what is duplicated or left over, a sentence for each.
        """
        lost, duplicated = [], []
        ids = self._project.ids()
        held = {number["id"]: number for number in self._vapi.numbers()}
        for name, arguments in self._program.wanted.items():
            (id_, *more) = ids.pop(name, None) or [""]
            if more:
                duplicated.append(f"{name} is {1 + len(more)} times in the state")
            number = held.pop(id_, None)
            if number is None:
                lost.append(f"{name}: the state has id {id_ or 'none'}, which Vapi has not")
            elif (number.get("number"), number["name"]) != (arguments.get("number"), arguments["name"]):
                lost.append(f"{name}: Vapi holds {number} instead of {arguments}")
        duplicated += [f"the state has {name} ({', '.join(left)}), the program has not" for name, left in ids.items()]
        duplicated += [f"Vapi has {number}, the state has not" for number in held.values()]
        return lost, duplicated

    def _settle(self, kills: int) -> None:
        """Do what a user would do until the program is fully applied."""
        adopting = False
        for _attempt in range(MAX_ATTEMPTS):
            self._project.declare(self._program.wanted)
            began = time.monotonic()
            moment, kill_when = self._moment() if kills else ("", None)
            status, said = self._project.run("up", "--yes", "--skip-preview", kill_when=kill_when)
            if status is None:
                kills -= 1
                self._kills_left -= 1
                self._tell(f"killed {moment}")
                if self._chance.random() < 0.5:
                    self._program.rename()  # a user who goes on working before the damage is repaired
                continue
            if "currently locked by" in said:
                self._project.counts["locks removed"] += 1
                self._project.quiet("cancel", "--yes")
                continue
            if "failed to load checkpoint" in said:
                self._project.restore_checkpoint()
                continue
            self._usual_s = max(1.5, 0.7 * self._usual_s, time.monotonic() - began)
            if "Traceback" in workbench.without_interrupts(said) or "has a problem" in said:
                raise ChaosError(f"not a fault of the kind that was meant:\n{said}")
            if status == 0:
                break
            self._project.counts["failures"] += 1
            errors = re.findall(r"^    error: (?:VapiError: )?(cannot .*)", said, re.MULTILINE)
            self._tell(f"failed: {errors[0] if errors else said[-300:]!r}")
            if "pulumi config set vapi-byo:onExisting adopt" in said and not adopting:
                adopting = True
                self._project.counts["adoptions"] += 1
                self._project.quiet("config", "set", "vapi-byo:onExisting", "adopt")
            if "run pulumi refresh" in said:
                self._project.counts["refreshes"] += 1
                self._project.run("refresh", "--yes", "--skip-preview")
        else:
            raise ChaosError(f"no end after {MAX_ATTEMPTS} attempts; the last one said:\n{said}")
        if adopting:
            self._project.quiet("config", "rm", "vapi-byo:onExisting")

    def _moment(self) -> tuple[str, Callable[[], bool]]:
        """Choose when to kill: at any time, or during a request that changes something at Vapi."""
        if self._chance.random() < 0.5:
            after_s = self._chance.uniform(0.5, self._usual_s)
            at = time.monotonic() + after_s
            return f"after {after_s:.1f} s", lambda: time.monotonic() > at
        method = self._chance.choice(["POST", "POST", "PATCH", "DELETE"])
        nth = self._chance.randint(1, 12)
        before = len(self._vapi.requests)

        def has_arrived() -> bool:
            return sum(request.method == method for request in self._vapi.requests[before:]) >= nth

        return f"when {method} {nth} had arrived", has_arrived

    def _tell(self, what: str) -> None:
        counts = self._project.counts
        print(
            f"   seed {self._seed}: {what}; {self.size} numbers, {counts['runs']} runs, "
            f"{len(self._vapi.requests)} requests, {self._vapi.faults_injected} faults",
            flush=True,
        )


def run(seed: int, numbers: int, kills: int, rounds: int) -> bool:
    """Run the test once, print the result, and return whether nothing was lost or duplicated."""
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="vapi-chaos-") as name,
        Emulator(api_key=API_KEY, rules={"duplicate-number": "accepted"}) as vapi,
    ):
        project = Project(Path(name), vapi.base_url)
        chaos = Chaos(seed, numbers, kills, rounds, project, vapi)
        chaos.play()
        lost, duplicated = chaos.judge()
        counts = project.counts
        for sentence in lost + duplicated:
            print(f"   seed {seed}: {sentence}")
        print(
            f"seed {seed}: {chaos.size} numbers, {rounds} rounds, {counts['runs']} runs of the CLI, "
            f"{len(vapi.requests)} requests, {vapi.faults_injected} faults injected, {counts['kills']} kills, "
            f"{counts['failures']} failed runs, {counts['locks removed']} locks removed, "
            f"{counts['checkpoints restored']} checkpoints restored, {counts['adoptions']} adoptions, "
            f"{counts['refreshes']} refreshes; numbers lost: {len(lost)}, numbers duplicated: {len(duplicated)} "
            f"({time.monotonic() - began:.0f} s)",
            flush=True,
        )
    return not lost and not duplicated


def main() -> int:
    """Run the test for every seed, and return the exit status."""
    parser = argparse.ArgumentParser(description="Faults, changes and kills by chance; counts what was lost or duplicated.")
    parser.add_argument("--seed", type=int, nargs="+", default=[1, 2, 3], help="one run for each (default: 1 2 3)")
    parser.add_argument("--numbers", type=int, default=100, help="numbers in the program (default: %(default)s)")
    parser.add_argument("--kills", type=int, default=10, help="commands that are killed (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=8, help="programs, one after the other (default: %(default)s)")
    options = parser.parse_args()
    try:
        good = [run(seed, options.numbers, options.kills, options.rounds) for seed in options.seed]
    except ChaosError as error:
        print(f"chaos: {error}", file=sys.stderr)
        return 1
    except FileNotFoundError as error:
        print(f"chaos: {error.filename} is not there: run it with `make chaos`", file=sys.stderr)
        return 1
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
