"""The benchmark; run by ``make bench``, which puts the virtual environment and the Pulumi CLI on PATH.

Measures whole commands of several approaches in turns, writes the result, its picture and the page about it, and prints all
figures with their targets. A missed target is no failure; a measurement that fails is.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks import report
from benchmarks.columns import (
    OPERATIONS,
    ROOT,
    Column,
    Floor,
    FloorWithOurOutputs,
    IdlePlugin,
    Loop,
    MeasurementError,
    Ours,
    Plugin,
    PluginFromYaml,
    Pulumi,
    Terraform,
)
from benchmarks.figures import ROLES
from tools.workbench import clean_environment

IMPORT_TRIES: Final = 7

# What the host of dynamic providers imports before it meets a provider; then what the provider's pickle imports; then what the
# first check and the first comparison import; then what the first API call imports.
_IMPORTS: Final = """\
from time import perf_counter as now
a = now(); import pulumi
b = now(); import pulumi.dynamic, dill
c = now(); import pulumi_vapi_byo.provider
d = now(); import pulumi_vapi_byo.core.check, pulumi_vapi_byo.core.diff
e = now(); import pulumi_vapi_byo.api.client, pulumi_vapi_byo.core.lifecycle
f = now(); print(1000 * (b - a), 1000 * (d - c), 1000 * (e - c), 1000 * (f - c))
"""


@dataclass(frozen=True)
class Setting:
    """One set of measurements.

    Attributes:
        numbers: Number of phone numbers.
        latency_ms: Latency of an API call.
        repeats: Number of repeats.
    """

    numbers: int
    latency_ms: float
    repeats: int


#: The default plan: the setting of most targets is repeated most. A round of 1,000 numbers takes a quarter of an hour.
PLAN: Final = (
    Setting(100, 100.0, 4),
    Setting(1, 100.0, 3),
    Setting(1000, 100.0, 1),
    Setting(100, 0.0, 2),
    Setting(100, 300.0, 1),
)


def measure(
    plan: Sequence[Setting], ways: Sequence[type[Column]], keep: Callable[[dict[str, Any]], None] = lambda _: None
) -> dict[str, Any]:
    """Measure everything in a plan.

    Args:
        plan: The settings, in order.
        ways: The columns.
        keep: Receives the result so far after each setting.

    Returns:
        The result, as it is stored.

    Raises:
        MeasurementError: A command failed.
    """
    result: dict[str, Any] = {
        "when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": {"cpus": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}"},
        "versions": {
            "pulumi": _said("pulumi", "version").strip().removeprefix("v"),
            "sdk": version("pulumi"),
            "package": version("pulumi-vapi-byo"),
            "requests": version("requests"),
            "python": platform.python_version(),
        },
        "parallel": _default_parallel(),
        "load": {"before": _load()},
        "import": _import_times(),
        "start": _start_times(),
        "times": [],
        "calls": [],
    }
    for setting in plan:
        with tempfile.TemporaryDirectory(prefix="vapi-bench-") as name, contextlib.ExitStack() as cleanup:
            columns: list[Column] = []
            for way in ways:
                columns.append(way(Path(name) / way.name, setting.numbers, setting.latency_ms))
                cleanup.callback(columns[-1].close)
            _measure_in_turns(result, columns, setting)
        result["load"]["after"] = _load()
        keep(result)
    return result


def _measure_in_turns(result: dict[str, Any], columns: list[Column], setting: Setting) -> None:
    where = {"latency_ms": setting.latency_ms, "numbers": setting.numbers}
    cells: dict[tuple[str, str], dict[str, Any]] = {}
    for operation in OPERATIONS:
        for column in columns:
            if operation in column.operations:
                cells[column.name, operation] = {
                    **where,
                    "column": column.name,
                    "operation": operation,
                    "seconds": [],
                    "cpu_s": {role: [] for role in ROLES},
                    "peak_mib": 0.0,
                    "load": 0.0,
                }
    sent: dict[str, Counter[str]] = {}
    for repeat in range(setting.repeats):
        for operation in OPERATIONS:
            # Each repeat starts with another column, so that none always comes first after another operation.
            for column in columns[repeat % len(columns) :] + columns[: repeat % len(columns)]:
                if operation not in column.operations:
                    continue
                ran = column.run(operation)
                cell = cells[column.name, operation]
                cell["seconds"].append(round(ran.seconds, 4))
                for role in ROLES:
                    cell["cpu_s"][role].append(round(ran.cpu_s.get(role, 0.0), 2))
                cell["peak_mib"] = round(max(cell["peak_mib"], ran.peak_mib), 1)
                cell["load"] = max(cell["load"], _load())
                if operation == "create" and isinstance(column, Pulumi):
                    cell["state_bytes"] = round(column.state_bytes())
                if type(column) is Ours:
                    made = _sorts(ran.received)
                    sent[operation] = max(sent.get(operation, Counter()), made, key=lambda calls: calls.total())
            round_ = f"repeat {repeat + 1} of {setting.repeats}"
            _tell(f"numbers: {setting.numbers}, {setting.latency_ms:g} ms a call, {round_}: {operation}")
    result["times"] += cells.values()
    result["calls"] += [{**where, "operation": operation, "calls": dict(calls)} for operation, calls in sent.items()]


def _sorts(received: Iterable[dict[str, Any]]) -> Counter[str]:
    """Count requests by sort: a GET of one number is not the same sort as a list."""
    sorts: Counter[str] = Counter()
    for request in received:
        of_one = re.fullmatch(r"/[\w-]+/[^/]+", request["path"])
        sorts["list" if request["method"] == "GET" and not of_one else request["method"]] += 1
    return sorts


def _import_times() -> dict[str, Any]:
    """Time the imports of the plugin process in fresh processes; the fastest counts, as the others were disturbed."""
    found = [[float(part) for part in _said(sys.executable, "-c", _IMPORTS).split()] for _ in range(IMPORT_TRIES + 1)][
        1:
    ]  # the first may have compiled bytecode
    best = [round(min(times), 1) for times in zip(*found, strict=True)]
    return dict(zip(("pulumi_ms", "package_ms", "check_ms", "all_ms"), best, strict=True)) | {"tries": IMPORT_TRIES}


#: How a provider's process is started, until it prints its port: Pulumi's host of dynamic providers, and the plugin.
_STARTS: Final = {
    "host_ms": (sys.executable, "-u", "-m", "pulumi.dynamic"),
    "plugin_ms": (str(ROOT / "plugin" / "pulumi-resource-vapi-byo"),),
}


def _start_times() -> dict[str, Any]:
    """Time, in turns, how long the processes take to start; the fastest counts."""
    found: dict[str, list[float]] = {name: [] for name in _STARTS}
    for _ in range(IMPORT_TRIES + 1):
        for name, command in _STARTS.items():
            began = time.perf_counter()
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
                assert process.stdout is not None  # noqa: S101
                process.stdout.readline()
                found[name].append(1000 * (time.perf_counter() - began))
                process.terminate()
    return {name: round(min(times[1:]), 1) for name, times in found.items()} | {"tries": IMPORT_TRIES}


def _default_parallel() -> int:
    found = re.search(r"--parallel .*\(default (\d+)\)", _said("pulumi", "up", "--help"))
    return int(found[1]) if found else 0


def _said(*command: str) -> str:
    env = clean_environment() | {"PULUMI_SKIP_UPDATE_CHECK": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise MeasurementError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _load() -> float:
    return round(os.getloadavg()[0], 2)


def _tell(what: str) -> None:
    print(f"   {what} (load {_load():.1f})", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure whole commands on the real Pulumi engine."
    )
    parser.add_argument(
        "--numbers", type=int, nargs="+", help="how many (default: 1, 100 and 1000 at 100 ms; 100 at 0 and 300 ms too)"
    )
    parser.add_argument("--latency-ms", type=float, nargs="+", help="of the API, with --numbers (default: 100)")
    parser.add_argument(
        "--repeats", type=int, help="how often each is measured (default: 4 of 100 at 100 ms, 1 to 3 of the rest)"
    )
    parser.add_argument(
        "--terraform", type=Path, metavar="DIR", help=f"one more column; {' '.join(str(Terraform.__doc__).split())}"
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT, metavar="DIR", help="where to write, below (default: this project)"
    )
    parser.add_argument("--again", type=Path, metavar="FILE", help="measure nothing: take the result of an earlier run")
    return parser


def _plan(options: argparse.Namespace) -> list[Setting]:
    plan = list(PLAN)
    if options.numbers or options.latency_ms:
        latencies_ms, sizes = options.latency_ms or [100.0], options.numbers or [100]
        plan = [Setting(numbers, latency_ms, 3) for latency_ms in latencies_ms for numbers in sizes]
    return [replace(setting, repeats=options.repeats or setting.repeats) for setting in plan]


def main() -> int:
    """Run the benchmark; the exit status is 1 if a measurement failed, whatever the figures are."""
    options = _parser().parse_args()
    # A shell's & starts a command with SIGINT ignored, but the engine uses SIGINT to end its processes, and would wait forever.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if importlib.util.find_spec("matplotlib") is None:
        print("bench: matplotlib is not installed, which draws the picture: pip install --group bench", file=sys.stderr)
        return 1
    recorded = options.output / "benchmarks" / "results" / "bench.json"
    if options.again:
        result = json.loads(options.again.read_text())
        _write(recorded, _as_json(result))
    else:
        ways: list[type[Column]] = [Ours, Floor, FloorWithOurOutputs, Plugin, PluginFromYaml, IdlePlugin, Loop]
        if options.terraform:
            Terraform.source = options.terraform.resolve()
            ways.append(Terraform)
        if missing := [program for program in ("pulumi", "terraform") if program in needed(ways) and not shutil.which(program)]:
            print(f"bench: there is no {missing[0]} on PATH: run it with `make bench`", file=sys.stderr)
            return 1
        try:
            result = measure(_plan(options), ways, lambda result: _write(recorded, _as_json(result)))
        except MeasurementError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    print(report.summary(result))
    _write(options.output / "docs" / "performance.md", report.page(result))
    report.draw(result, options.output / "docs" / "pictures" / "bench.svg")
    return 0


def _as_json(result: dict[str, Any]) -> str:
    return json.dumps(result, indent=1) + "\n"


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def needed(ways: Iterable[type[Column]]) -> set[str]:
    """Return the programs that must be on PATH."""
    return {"terraform" if issubclass(way, Terraform) else "pulumi" for way in ways}


if __name__ == "__main__":
    sys.exit(main())
