"""A Pulumi project with one stack, run by the real CLI through the Automation API."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi import automation
from pulumi.automation.events import EngineEvent

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
    """What a command of the CLI did and said.

    Attributes:
        changes: Numbers by operation: ``{"create": 1}``.
        said: All it printed, on stdout and stderr.
        events: Its events, as JSON.
        failed: Whether it ended with an error.
    """

    changes: dict[str, int]
    said: str
    events: str
    failed: bool

    @property
    def errors(self) -> list[str]:
        """The lines that report errors, without what is only about the stack as a whole."""
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
    # What the SDK says for a program that a newer engine has ended.
    "error: Resource monitor has terminated, shutting down",
}


class Project:
    """A project in a folder of its own.

    Args:
        folder: Where to make it.
        sdk: The SDK that its programs run with.
        vapi: The emulator that its stack is configured for.
        home: ``PULUMI_HOME``.
        config: More of the stack's configuration, in the clear; None takes a key out.
        environment: More of the environment.
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
            PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK="true",
            NO_COLOR="1",
            **LOOK_FOR,
            **(environment or {}),
        )
        self._stack = automation.create_or_select_stack(
            STACK, work_dir=str(folder), opts=automation.LocalWorkspaceOptions(env_vars=self.environment)
        )
        settings = {"vapi-byo:baseUrl": vapi.base_url, "vapi-byo:maxRetries": "0", **(config or {})}
        values = {key: automation.ConfigValue(value) for key, value in settings.items() if value is not None}
        if settings.get("vapi-byo:apiKey", API_KEY) == API_KEY:
            values["vapi-byo:apiKey"] = automation.ConfigValue(API_KEY, secret=True)
        self._stack.set_all_config(values)

    def configure(self, key: str, value: str) -> None:
        """Set one key of the stack's configuration."""
        self._stack.set_config(key, automation.ConfigValue(value))

    def program(self, text: str, imports: str = "import pulumi_vapi_byo as vapi") -> None:
        """Write the program; the imports are there already, and what makes a number, as DESK."""
        (self.folder / "__main__.py").write_text(
            _HEAD.replace("import pulumi_vapi_byo as vapi", imports) + textwrap.dedent(text)
        )

    def preview(self, **options: Any) -> Run:
        return self._run(self._stack.preview, {"diff": True, **options})

    def up(self, **options: Any) -> Run:
        return self._run(self._stack.up, options)

    def refresh(self, **options: Any) -> Run:
        return self._run(self._stack.refresh, options)

    def destroy(self, **options: Any) -> Run:
        return self._run(self._stack.destroy, options)

    def cli(self, *arguments: str) -> str:
        """Run another command of the CLI and return what it prints."""
        command = self._stack.workspace.pulumi_command
        result = command.run([*arguments, "--stack", STACK], str(self.folder), self.environment)
        self.said += result.stdout + result.stderr
        return result.stdout

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in the clear."""
        return {name: output.value for name, output in self._stack.outputs().items()}

    def state(self) -> str:
        """Return the whole state as it is stored: secrets are ciphertext in it."""
        return self.cli("stack", "export")

    def resources(self) -> list[dict[str, Any]]:
        """Return the numbers in the state."""
        resources = json.loads(self.state())["deployment"].get("resources") or []
        return [resource for resource in resources if resource["type"] in NUMBERS]

    def _run(self, command: Callable[..., Any], options: Mapping[str, Any]) -> Run:
        said: list[str] = []
        events: list[EngineEvent] = []
        failed = False
        try:
            command(on_output=said.append, on_error=said.append, on_event=events.append, color="never", **options)
        except automation.CommandError as error:
            failed = True
            said.append(str(error))
        text, seen = "\n".join(said), json.dumps(events, default=vars)
        self.said += text + seen
        # What the SDK itself tells at debug level when the engine ends it is shown to nobody who does not ask.
        shown = [event for event in events if not (event.diagnostic_event and event.diagnostic_event.severity == "debug")]
        assert "Traceback" not in workbench.without_interrupts(text) + json.dumps(shown, default=vars), text
        done = [event.res_outputs_event.metadata for event in events if event.res_outputs_event]
        numbers = Counter(_name(step.op) for step in done if step.type in NUMBERS)
        return Run(dict(numbers), text, seen, failed)


def _name(operation: Any) -> str:
    return str(getattr(operation, "value", operation))
