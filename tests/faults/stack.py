"""A stack of phone numbers on the real Pulumi CLI, with its state in a folder: what it prints and what its state says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.sdks import Sdk

TYPE = "pulumi-python:dynamic/vapi:ByoPhoneNumber"

#: Declares what ``numbers.json`` says: logical names to arguments.
PROGRAM = """\
import json
import pathlib

import pulumi_vapi_byo as vapi

for name, arguments in json.loads(pathlib.Path("numbers.json").read_text()).items():
    vapi.ByoPhoneNumber(name, **arguments)
"""

_ERROR = re.compile(rf"^  {re.escape(TYPE)} \((.+)\):\n((?:    .*\n)+)", re.MULTILINE)

Numbers = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Run:
    """What came of a command.

    Attributes:
        status: Its exit status.
        output: All that it printed, on both streams.
    """

    status: int
    output: str

    @property
    def errors(self) -> dict[str, str]:
        """What is said under "Diagnostics" about each number that failed: logical name to lines."""
        return {name: re.sub(r"^    (error: )?", "", lines, flags=re.MULTILINE) for name, lines in _ERROR.findall(self.output)}


@dataclass
class Stack:
    """A project with one stack.

    Args:
        folder: An empty folder for everything.
        sdk: The environment that the program runs in.
        environ: More environment variables.
    """

    folder: Path
    sdk: Sdk
    environ: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert shutil.which("pulumi"), "the Pulumi CLI is not on PATH: make test puts it there"
        self.project = self.folder / "project"
        self.state = self.folder / "state"
        for folder in (self.project, self.state):
            folder.mkdir()
        (self.project / "Pulumi.yaml").write_text("name: faults\nruntime: python\n")
        (self.project / "__main__.py").write_text(PROGRAM)
        self.declare({})
        self("stack", "init", "test")

    @property
    def env(self) -> dict[str, str]:
        """The environment of every command."""
        return {
            **os.environ,
            "PATH": f"{self.sdk.bin}{os.pathsep}{os.environ['PATH']}",
            "VIRTUAL_ENV": str(self.sdk.bin.parent),
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
            **self.environ,
        }

    def declare(self, numbers: Numbers) -> None:
        """Make the program say something else."""
        (self.project / "numbers.json").write_text(json.dumps(numbers))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a session of its own, both its streams in one pipe."""
        return subprocess.Popen(
            ["pulumi", "--non-interactive", "--color", "never", *arguments],
            cwd=self.project,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )

    def __call__(self, *arguments: str, may_fail: bool = False) -> Run:
        """Run a command to its end."""
        with self.start(*arguments) as process:
            output, _ = process.communicate(timeout=240)
        assert may_fail or process.returncode == 0, output
        return Run(process.returncode, output)

    def up(self, *options: str, may_fail: bool = False) -> Run:
        """Run ``pulumi up``, all numbers at once, and going on with the others where one fails."""
        return self("up", "--yes", "--skip-preview", "--continue-on-error", "--parallel=64", *options, may_fail=may_fail)

    def refresh(self, *options: str, may_fail: bool = False) -> Run:
        """Run ``pulumi refresh``."""
        return self("refresh", "--yes", "--skip-preview", "--parallel=64", *options, may_fail=may_fail)

    def numbers(self) -> dict[str, dict[str, Any]]:
        """Return the state of every number by its logical name: the resource as it stands in the state file.

        A number that is there twice, or that an unfinished replacement still has to delete, fails the test.
        """
        file = self.state / ".pulumi" / "stacks" / "faults" / "test.json"
        latest = json.loads(file.read_text())["checkpoint"]["latest"] or {}
        found: dict[str, dict[str, Any]] = {}
        for resource in latest.get("resources") or ():
            if resource["type"] == TYPE:
                name = resource["urn"].rpartition("::")[2]
                assert name not in found, f"{name} is in the state twice"
                assert not resource.get("delete"), f"{name} is still to be deleted"
                found[name] = resource
        return found
