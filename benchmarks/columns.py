"""What is measured: each column carries out the same operations in its own way, with whole commands."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import requests

from benchmarks.floor import WAIT_ENV
from tools.setup import SDK_GENERATOR
from tools.workbench import clean_environment, environment, resources, write_yaml_program

ROOT: Final = Path(__file__).resolve().parent.parent

Operation = Literal["create", "preview", "up", "refresh", "rename", "destroy"]
#: In the order in which they are run: from nothing to nothing.
OPERATIONS: Final[tuple[Operation, ...]] = ("create", "preview", "up", "refresh", "rename", "destroy")

API_KEY: Final = "benchmark-key-of-no-account"
CREDENTIAL_ID: Final = "1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10"
ASSISTANT_ID: Final = "5f0c9a0e-6d0b-4b7e-9d53-0a1c2b3d4e5f"
STACK: Final = "bench"

#: Modules that serve dynamic providers.
_SERVING: Final = frozenset({"pulumi.dynamic"})

#: Parts of the command lines of serving processes that no module identifies.
_SERVING_TEXTS: Final = ("pulumi_vapi_byo.plugin", "idle_plugin.py")

START_LIMIT_S: Final = 30.0
COMMAND_LIMIT_S: Final = 3600.0
WATCHED_EACH_S: Final = 0.05

_OURS: Final = """\
import json
import pathlib

import pulumi_vapi_byo as vapi

for name, arguments in json.loads(pathlib.Path("numbers.json").read_text()).items():
    vapi.ByoPhoneNumber(name, **arguments)
"""
_FLOOR: Final = """\
import json
import pathlib

from benchmarks.floor import Waiting as Number

for name, arguments in json.loads(pathlib.Path("numbers.json").read_text()).items():
    Number(name, **arguments)
"""
_PLUGIN: Final = _OURS.replace("import pulumi_vapi_byo as vapi", "import pulumi_vapi_byo_sdk as vapi")
_COMMANDS: Final[Mapping[Operation, Sequence[str]]] = {
    "create": ("up", "--yes", "--skip-preview"),
    "preview": ("preview", "--expect-no-changes"),
    "up": ("up", "--yes", "--skip-preview", "--expect-no-changes"),
    "refresh": ("refresh", "--yes", "--skip-preview", "--expect-no-changes"),
    "rename": ("up", "--yes", "--skip-preview"),
    "destroy": ("destroy", "--yes", "--skip-preview"),
}
_TERRAFORM: Final[Mapping[Operation, Sequence[str]]] = {
    "create": ("apply", "-auto-approve"),
    "preview": ("plan",),
    "up": ("apply", "-auto-approve"),
    "refresh": ("apply", "-refresh-only", "-auto-approve"),
    "rename": ("apply", "-auto-approve"),
    "destroy": ("destroy", "-auto-approve"),
}

Arguments = dict[str, dict[str, str]]


class MeasurementError(Exception):
    """A command failed, or did not do what was to be measured."""


def arguments(numbers: int, word: str) -> Arguments:
    """Return what a program declares: numbers that nobody has, each with `word` in its name."""
    return {
        f"number-{index}": {
            "credential_id": CREDENTIAL_ID,
            "number": f"+1415{5_550_000 + index:07}",
            "name": f"{word} {index}",
            "assistant_id": ASSISTANT_ID,
        }
        for index in range(numbers)
    }


def without_python_s(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without Python's own variables, which affect how long a process takes."""
    return {name: value for name, value in env.items() if not name.startswith("PYTHON")}


@dataclass
class Ran:
    """Measurements of a command.

    Attributes:
        seconds: Wall-clock time.
        received: The requests that the API received meanwhile.
        cpu_s: Processor time by role (see `figures.ROLES`) in seconds; empty if the system does not provide it.
        peak_mib: Peak memory of the plugin process in MiB; 0 if the system does not provide it.
    """

    seconds: float = 0.0
    received: list[dict[str, Any]] = field(default_factory=list)
    cpu_s: dict[str, float] = field(default_factory=dict)
    peak_mib: float = 0.0


class Vapi:
    """The emulator, in a process of its own.

    Args:
        folder: Its output is written here.
        latency_ms: Least duration of its answers.

    Raises:
        MeasurementError: It did not start.
    """

    def __init__(self, folder: Path, latency_ms: float) -> None:
        output = folder / "emulator.log"
        command = [sys.executable, "-m", "pulumi_vapi_byo.emulator", "--api-key", API_KEY, "--latency-ms", str(latency_ms)]
        with output.open("w") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        deadline = time.monotonic() + START_LIMIT_S
        while not (ready := re.search(r"listening on (\S+)\n", output.read_text())):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise MeasurementError(f"the emulator did not start:\n{output.read_text()}")
            time.sleep(0.05)
        self.url = ready[1]

    def stop(self) -> None:
        """Stop the emulator."""
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def take_log(self) -> list[dict[str, Any]]:
        """Return the requests since the last call of this method."""
        received: list[dict[str, Any]] = self._control("GET", "requests")
        self._control("DELETE", "requests")
        return received

    def names(self) -> list[str]:
        """Return the names of all numbers."""
        return [number["name"] for number in self._control("GET", "numbers")]

    def _control(self, method: str, path: str) -> Any:
        answer = requests.request(method, f"{self.url}/__emulator__/{path}", timeout=60)
        answer.raise_for_status()
        return answer.json()


class Column:
    """One approach, in a folder of its own.

    Args:
        folder: An empty folder for its files.
        numbers: Number of phone numbers.
        latency_ms: Latency of an API call.
    """

    name: str
    #: The operations that the approach supports.
    operations: Sequence[Operation] = OPERATIONS
    with_emulator = True

    def __init__(self, folder: Path, numbers: int, latency_ms: float) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._numbers = numbers
        self.env = without_python_s(clean_environment()) | {"VAPI_API_KEY": API_KEY, WAIT_ENV: str(latency_ms / 1000)}
        self.vapi = Vapi(folder, latency_ms) if self.with_emulator else None
        if self.vapi:
            self.env["VAPI_BASE_URL"] = self.vapi.url

    def close(self) -> None:
        """Stop what it started."""
        if self.vapi:
            self.vapi.stop()

    def run(self, operation: Operation) -> Ran:
        """Carry out an operation.

        Args:
            operation: The operation.

        Returns:
            The measurements of the whole command.

        Raises:
            MeasurementError: The command failed, or did not do what it should.
        """
        if operation == "create":
            self._declare("old")
        elif operation == "rename":
            self._declare("new")
        ran = _timed(self._command(operation), self._folder, self.env)
        if self.vapi is None:
            return ran
        left = {"create": "old", "preview": "old", "up": "old", "refresh": "old", "rename": "new"}.get(operation)
        expected = [wanted["name"] for wanted in arguments(self._numbers, left).values()] if left else []
        if sorted(self.vapi.names()) != sorted(expected):
            raise MeasurementError(f"{self.name}: {operation} of {self._numbers} numbers left others at the API than it should")
        ran.received = self.vapi.take_log()
        return ran

    def _declare(self, word: str) -> None:
        (self._folder / "numbers.json").write_text(json.dumps(arguments(self._numbers, word)))

    def _command(self, operation: Operation) -> Sequence[str]:
        raise NotImplementedError


class Pulumi(Column):
    """A stack with its state in a folder, run by the real CLI."""

    program: str
    #: Source of an executable that serves the program's resources instead of Pulumi's host; None for Pulumi's host.
    host: str | None = None

    #: The engine's package that this executable serves.
    package = "pulumi-python"

    def __init__(self, folder: Path, numbers: int, latency_ms: float) -> None:
        super().__init__(folder, numbers, latency_ms)
        self._write_project("")
        self.env |= without_python_s(environment(folder)) | {"PYTHONPATH": str(ROOT)}
        if self.host:
            executable = folder / "host" / f"pulumi-resource-{self.package}"
            executable.parent.mkdir()
            executable.write_text(self.host)
            executable.chmod(0o755)
        _timed(("pulumi", "--non-interactive", "stack", "init", STACK), folder, self.env)

    def _write_project(self, word: str) -> None:
        project = f"name: {STACK}\nruntime: python\n"
        if self.host:
            project += f"plugins:\n  providers:\n    - name: {self.package}\n      path: host\n"
        (self._folder / "Pulumi.yaml").write_text(project)
        (self._folder / "__main__.py").write_text(self.program)

    def _declare(self, word: str) -> None:
        super()._declare(word)
        self._write_project(word)

    def state_bytes(self) -> float:
        """Return the mean size of a number in the stored state, without the stack traces that the SDK adds."""
        traces = ("sourcePosition", "stackTrace")
        sizes = [
            len(json.dumps({key: value for key, value in resource.items() if key not in traces}, indent=4))
            for resource in resources(self._folder, self._folder, STACK)
            if resource["type"].startswith(("pulumi-python:dynamic", "vapi-byo:index"))
        ]
        return sum(sizes) / len(sizes)

    def _command(self, operation: Operation) -> Sequence[str]:
        return "pulumi", "--non-interactive", "--color", "never", *_COMMANDS[operation]


class Ours(Pulumi):
    """The dynamic provider in Pulumi's host."""

    name = "ours"
    program = _OURS


class Floor(Pulumi):
    """A provider that only waits, in Pulumi's host."""

    name = "floor"
    program = _FLOOR
    with_emulator = False


class FloorWithOurOutputs(Floor):
    """The same with as many outputs as ours, each of which costs Pulumi's SDK and the engine some time."""

    name = "floor-outputs"
    program = _FLOOR.replace("Waiting", "Making")
    operations = ("create", "preview", "up", "destroy")


class Plugin(Pulumi):
    """The plugin, used from a Python program through the SDK that Pulumi generates."""

    name = "plugin"
    program = _PLUGIN
    package = "vapi-byo"
    host: str | None = f"""\
#!/bin/sh
exec "{ROOT / "plugin" / "pulumi-resource-vapi-byo"}" "$@"
"""

    def __init__(self, folder: Path, numbers: int, latency_ms: float) -> None:
        super().__init__(folder, numbers, latency_ms)
        _timed((str(SDK_GENERATOR), str(ROOT / "pulumi_vapi_byo" / "plugin" / "schema.json"), "sdks"), folder, self.env)
        source, packages = folder / "sdks" / "python", folder / "packages"
        _timed((sys.executable, "-m", "pip", "install", "--no-deps", f"--target={packages}", str(source)), folder, self.env)
        self.env["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(packages)])


class PluginFromYaml(Pulumi):
    """The plugin, used from a YAML program."""

    name = "plugin-yaml"
    program = ""
    package = Plugin.package
    host = Plugin.host

    def _write_project(self, word: str) -> None:
        write_yaml_program(self._folder, STACK, arguments(self._numbers, word), "host")


class IdlePlugin(Plugin):
    """A plugin that only waits, with as many outputs as ours, used from the same program."""

    name = "plugin-idle"
    with_emulator = False
    operations = ("create", "preview", "up", "destroy")
    host = f"""\
#!/bin/sh
exec "{sys.executable}" -u "{ROOT / "benchmarks" / "idle_plugin.py"}" "$@"
"""


class Loop(Column):
    """The same calls from a plain loop with requests, see `loop.py`."""

    name = "loop"
    operations = ("create", "refresh", "rename", "destroy")

    def _command(self, operation: Operation) -> Sequence[str]:
        return sys.executable, str(ROOT / "benchmarks" / "loop.py"), operation, "numbers.json", "ids.json"


class Terraform(Column):
    """A user's own Terraform configuration, copied from a folder in which ``terraform init`` was run.

    It gets the variables ``numbers`` (the count) and ``word`` (part of every number's name), and ``VAPI_BASE_URL`` and
    ``VAPI_API_KEY`` in the environment and as the variables ``url`` and ``api_key``. Number ``i`` (from 0) must be ``+1415``
    and 5550000 + i, its name the word, a space and i, and its credential and assistant the variables ``credential_id`` and
    ``assistant_id``.
    """

    name = "terraform"
    #: The user's folder, from the option ``--terraform``.
    source: Path

    def __init__(self, folder: Path, numbers: int, latency_ms: float) -> None:
        super().__init__(folder, numbers, latency_ms)
        shutil.copytree(self.source, folder, dirs_exist_ok=True, symlinks=True)
        variables = {
            "numbers": str(numbers),
            "credential_id": CREDENTIAL_ID,
            "assistant_id": ASSISTANT_ID,
            "url": self.env["VAPI_BASE_URL"],
            "api_key": API_KEY,
        }
        self.env |= {f"TF_VAR_{name}": value for name, value in variables.items()} | {"TF_IN_AUTOMATION": "1"}

    def _declare(self, word: str) -> None:
        self.env["TF_VAR_word"] = word

    def _command(self, operation: Operation) -> Sequence[str]:
        return "terraform", *_TERRAFORM[operation], "-input=false", "-no-color"


def _timed(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> Ran:
    """Run a command to its end, and return its measurements."""
    ran = Ran()
    with (folder / "output.log").open("w+") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # an interrupt only reaches this program, which then stops the command
        )
        # Popen.wait with a time-out would only poll, every 50 ms.
        limit = threading.Timer(COMMAND_LIMIT_S, process.terminate)
        limit.start()
        try:
            with _watched(process.pid, ran):
                status = process.wait()
                ran.seconds = time.perf_counter() - began
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            limit.cancel()
        if status != 0:
            output.seek(0)
            raise MeasurementError(f"{' '.join(command)} ended with status {status}:\n{output.read()}")
    return ran


@contextlib.contextmanager
def _watched(command: int, ran: Ran) -> Iterator[None]:
    """Keep reading what Linux reports about a command's processes; the overhead is the same for all columns."""
    ended = threading.Event()
    last: dict[int, tuple[str, float]] = {}

    def look() -> None:
        for pid in _below(command):
            with contextlib.suppress(OSError, IndexError):
                role = _role(Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0"))
                if role is None:
                    continue
                ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
                last[pid] = (role, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"))
                peak = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()) if role == "plugin" else None
                ran.peak_mib = max(ran.peak_mib, int(peak[1]) / 1024) if peak else ran.peak_mib

    def watch() -> None:
        while not ended.wait(WATCHED_EACH_S):
            look()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        for role, cpu_s in last.values():
            ran.cpu_s[role] = ran.cpu_s.get(role, 0.0) + cpu_s


def _below(pid: int) -> Iterator[int]:
    """Yield a process and its descendants, which only Linux reports."""
    yield pid
    with contextlib.suppress(OSError):
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text().split():
                yield from _below(int(child))


def _role(words: Sequence[str]) -> str | None:
    """Return a process's role by its command line; None for a shell before exec, and for everything else."""
    if Path(words[0]).name in ("pulumi", "pulumi-language-python", "pulumi-language-yaml"):
        return "engine"
    if any(Path(word).name == "pulumi-language-python-exec" for word in words):
        return "program"
    serves = "-u" in words and any(word in _SERVING or any(text in word for text in _SERVING_TEXTS) for word in words)
    return "plugin" if serves else None
