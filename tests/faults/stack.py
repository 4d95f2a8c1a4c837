"""A stack of phone numbers on the real Pulumi CLI, with its state in a folder: what it prints and what its state says."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.sdks import LOOK_FOR, ROOT, Sdk
from tools import workbench

STACK = "test"
TYPE = "pulumi-python:dynamic/vapi:ByoPhoneNumber"

#: Declares what ``numbers.json`` says: logical names to arguments.
PROGRAM = """\
import json
import pathlib

import pulumi_vapi_byo as vapi

for name, arguments in json.loads(pathlib.Path("numbers.json").read_text()).items():
    vapi.ByoPhoneNumber(name, **arguments)
"""

#: What the plugin calls it.
PLUGIN_TYPE = "vapi-byo:index:ByoPhoneNumber"

_ERROR = re.compile(rf"^  (?:{re.escape(TYPE)}|{PLUGIN_TYPE}) \((.+)\):\n((?:    .*\n)+)", re.MULTILINE)

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
        told = (
            (name, re.sub(r"^    warning: .*\n", "", lines, flags=re.MULTILINE)) for name, lines in _ERROR.findall(self.output)
        )
        return {name: re.sub(r"^    (error: )?", "", lines, flags=re.MULTILINE) for name, lines in told if lines}


@dataclass
class Stack:
    """A project with one stack.

    Args:
        folder: An empty folder for everything.
        sdk: The environment that the program runs in.
        environ: More environment variables.
        settings: The stack's configuration.
        secrets: More of it, encrypted.
    """

    folder: Path
    sdk: Sdk
    environ: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.project = workbench.new_project(self.folder / "project", "faults", PROGRAM)
        self.env = workbench.environment(
            self.folder, python=self.sdk.python, PULUMI_STACK=STACK, **{**LOOK_FOR, **self.environ}
        )
        self.declare({})
        workbench.new_stack(self.folder, self.project, STACK, self.settings, self.secrets)

    def configure(self, **settings: str) -> None:
        """Change the provider's configuration."""
        workbench.configure(self.project, STACK, {f"vapi-byo:{name}": value for name, value in settings.items()})

    def declare(self, numbers: Numbers) -> None:
        """Make the program say something else."""
        (self.project / "numbers.json").write_text(json.dumps(numbers))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a session of its own, both its streams in one pipe."""
        return workbench.start(self.project, self.env, *arguments)

    def __call__(self, *arguments: str, may_fail: bool = False) -> Run:
        """Run a command to its end."""
        status, output = workbench.run(self.project, self.env, *arguments)
        assert may_fail or status == 0, output
        return Run(status, output)

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
        found: dict[str, dict[str, Any]] = {}
        for resource in workbench.resources(self.folder, self.project, STACK):
            if resource["type"] in (TYPE, PLUGIN_TYPE):
                name = resource["urn"].rpartition("::")[2]
                assert name not in found, f"{name} is in the state twice"
                assert not resource.get("delete"), f"{name} is still to be deleted"
                found[name] = resource
        return found


@dataclass
class PluginStack(Stack):
    """The same through the plugin, from a YAML program."""

    def declare(self, numbers: Numbers) -> None:
        """Make the program say something else."""
        workbench.write_yaml_program(self.project, "faults", numbers, str(ROOT / "plugin"))
