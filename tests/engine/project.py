"""A Pulumi project with one stack, run by the real CLI."""

from __future__ import annotations

import json
import subprocess
import tempfile
import textwrap
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_vapi_byo import BYO_PHONE_NUMBER_TYPE
from pulumi_vapi_byo.emulator import Emulator
from tests.sdks import LOOK_FOR, Sdk
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID
from tools import workbench

API_KEY = "canary-api-key-91d4e7"
STACK = "test"

#: Types of numbers, of the dynamic provider and of the plugin.
NUMBERS = (BYO_PHONE_NUMBER_TYPE, "vapi-byo:index:ByoPhoneNumber")


@dataclass(frozen=True)
class Run:
    """The result of a command of the CLI.

    Attributes:
        changes: Numbers by operation: ``{"create": 1}``.
        said: Everything that it printed, on stdout and stderr.
        events: Its events, as JSON.
        failed: Whether it ended with an error.
    """

    changes: dict[str, int]
    said: str
    events: str
    failed: bool

    @property
    def errors(self) -> list[str]:
        """The lines that report errors, without those about the stack as a whole."""
        lines = dict.fromkeys(line.strip() for line in self.said.splitlines())
        return [line for line in lines if line.startswith("error: ") and line not in _ABOUT_THE_STACK]


_HEAD = f"""\
import pulumi
from pulumi import Output, ResourceOptions
import pulumi_vapi_byo as vapi

DESK = {{"credential_id": "{CREDENTIAL_ID}", "number": "+14155552671", "assistant_id": "{ASSISTANT_ID}"}}
"""
_ABOUT_THE_STACK = {
    *("error: update failed", "error: preview failed", "error: refresh failed", "error: destroy failed"),
    # The SDK's message when a newer engine ends a program.
    "error: Resource monitor has terminated, shutting down",
}


class Project:
    """A project in a folder of its own.

    Args:
        folder: Where to create it.
        sdk: The SDK that its programs run with.
        vapi: The emulator that its stack is configured for.
        home: ``PULUMI_HOME``.
        config: More of the stack's configuration, in the clear; None removes a key.
        environment: More environment variables.
    """

    def __init__(
        self,
        folder: Path,
        sdk: Sdk,
        vapi: Emulator,
        home: Path,
        config: Mapping[str, str | None] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.sdk = sdk
        self.vapi = vapi
        self.folder = folder
        self.said = ""
        """All that any command of this project has printed, events included."""
        if not (folder / "Pulumi.yaml").exists():
            workbench.new_project(folder, "numbers")
        self.environment = workbench.environment(
            folder.parent,
            python=sdk.python,
            PULUMI_HOME=str(home),
            PULUMI_STACK=STACK,
            NO_COLOR="1",
            **LOOK_FOR,
            **(environment or {}),
        )
        settings = {"vapi-byo:baseUrl": vapi.base_url, "vapi-byo:maxRetries": "0", "vapi-byo:apiKey": API_KEY, **(config or {})}
        present = {key: value for key, value in settings.items() if value is not None}
        secrets = {key: value for key, value in present.items() if value == API_KEY and key == "vapi-byo:apiKey"}
        in_clear = {key: value for key, value in present.items() if key not in secrets}
        workbench.new_stack(folder.parent, folder, STACK, in_clear, secrets)

    def configure(self, key: str, value: str) -> None:
        """Set one key of the stack's configuration."""
        workbench.configure(self.folder, STACK, {key: value})

    def program(self, text: str, imports: str = "import pulumi_vapi_byo as vapi") -> None:
        """Write the program, after the imports and DESK, the arguments of a number."""
        (self.folder / "__main__.py").write_text(
            _HEAD.replace("import pulumi_vapi_byo as vapi", imports) + textwrap.dedent(text)
        )

    def preview(self, **options: Any) -> Run:
        """Run ``pulumi preview --diff``; options are the CLI's, with a list for an option given several times."""
        return self._run("preview", "--diff", **options)

    def up(self, **options: Any) -> Run:
        return self._run("up", "--yes", "--skip-preview", **options)

    def refresh(self, **options: Any) -> Run:
        return self._run("refresh", "--yes", "--skip-preview", **options)

    def destroy(self, **options: Any) -> Run:
        return self._run("destroy", "--yes", "--skip-preview", **options)

    def cli(self, *arguments: str) -> str:
        """Run another command of the CLI and return what it prints on stdout."""
        command = ["pulumi", "--non-interactive", "--color", "never", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, encoding="utf-8", timeout=240, check=False
        )
        self.said += done.stdout + done.stderr
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in the clear."""
        command = ["pulumi", "stack", "output", "--json", "--show-secrets"]
        shown = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, timeout=240, check=True)
        outputs: dict[str, Any] = json.loads(shown.stdout)
        return outputs

    def state(self) -> str:
        """Return the whole state as it is stored, with secrets as ciphertext."""
        return workbench.state_file(self.folder.parent, self.folder, STACK).read_text("utf-8")

    def resources(self, *types: str) -> list[dict[str, Any]]:
        """Return the resources in the state that are of some types; by default, the numbers."""
        found = workbench.resources(self.folder.parent, self.folder, STACK)
        return [resource for resource in found if resource["type"] in (types or NUMBERS)]

    def _run(self, *command: str, **options: Any) -> Run:
        given = [(f"--{name.replace('_', '-')}", value) for name, values in options.items() for value in _each(values)]
        with tempfile.NamedTemporaryFile() as log:
            arguments = [*command, *(f"{name}={value}" for name, value in given), f"--event-log={log.name}"]
            # Without this variable there is no log of events.
            env = {**self.environment, "PULUMI_DEBUG_COMMANDS": "true"}
            status, said = workbench.run(self.folder, env, *arguments)
            seen = log.read().decode()
        self.said += said + seen
        events = [json.loads(line) for line in seen.splitlines()]
        # Debug messages of the SDK, such as those when the engine ends it, are only shown to users who ask for them.
        shown = [event for event in events if event.get("diagnosticEvent", {}).get("severity") != "debug"]
        assert "Traceback" not in said + json.dumps(shown), said
        done = [event["resOutputsEvent"]["metadata"] for event in events if "resOutputsEvent" in event]
        numbers = Counter(step["op"] for step in done if step["type"] in NUMBERS)
        return Run(dict(numbers), said, seen, status != 0)


def _each(values: Any) -> list[str]:
    return [
        str(value).lower() if isinstance(value, bool) else value for value in (values if isinstance(values, list) else [values])
    ]
