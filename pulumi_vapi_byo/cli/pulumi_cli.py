"""What the command line needs of ``pulumi``: its version, and a stack's configuration and state."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from typing import Any, Final

from pulumi_vapi_byo.errors import VapiError, shorten

Version = tuple[int, int, int]

_TIMEOUT_S: Final = 120.0


class PulumiCli:
    """Runs ``pulumi`` in the current folder.

    Args:
        stack: Name of the stack; None for the selected one.
    """

    def __init__(self, stack: str | None) -> None:
        self._stack = stack

    @property
    def stack_option(self) -> str:
        """The option that names the stack in a command shown to the user; empty for the selected stack."""
        return f" --stack {shlex.quote(self._stack)}" if self._stack else ""

    def version(self) -> Version:
        """Return the version.

        Raises:
            VapiError: The command is missing, or failed.
        """
        said = self._run("version")
        found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", said)
        if not found:
            raise VapiError(f"pulumi version says {shorten(said, 60)!r}, which is not a version")
        return int(found[1]), int(found[2]), int(found[3])

    def config(self) -> dict[str, str | None]:
        """Return the stack's configuration by full key; None for values that are secret or not text.

        Raises:
            VapiError: There is no such command, project or stack, or the command failed.
        """
        return {key: None if entry.get("secret") else entry.get("value") for key, entry in self._config().items()}

    def config_in_clear(self) -> dict[str, str | None]:
        """Return the stack's configuration by full key, secrets in clear; None for values that are not text.

        Raises:
            VapiError: As for `config`, or a secret could not be decrypted.
        """
        return {key: entry.get("value") for key, entry in self._config("--show-secrets").items()}

    def _config(self, *options: str) -> dict[str, dict[str, Any]]:
        said = self._run("config", "--json", *options, *self._of_stack())
        entries = _parsed(said)
        if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
            raise VapiError("pulumi config --json did not answer with the stack's configuration")
        return entries

    def resources(self, *, in_clear: bool = False) -> list[dict[str, Any]]:
        """Return the resources in the stack's state.

        Args:
            in_clear: Whether to decrypt their secrets; the result must never be written anywhere.

        Raises:
            VapiError: There is no such command, project or stack, or the command failed.
        """
        export = _parsed(self._run("stack", "export", *(["--show-secrets"] if in_clear else []), *self._of_stack()))
        try:
            resources = export["deployment"].get("resources") or []
            return [resource for resource in resources if isinstance(resource, dict)]
        except (KeyError, TypeError, AttributeError):
            raise VapiError("pulumi stack export did not answer with the stack's state") from None

    def config_value(self, key: str) -> str:
        """Return one value, decrypted if it is a secret.

        Raises:
            VapiError: The value is not set, or could not be decrypted.
        """
        return self._run("config", "get", key, *self._of_stack()).removesuffix("\n")

    def set_secret(self, key: str, value: str) -> None:
        """Set a value of the project's configuration, encrypted.

        Raises:
            VapiError: The value could not be set.
        """
        # On stdin: anybody who lists this machine's processes can read their command lines.
        self._run("config", "set", "--secret", key, *self._of_stack(), given=value)

    def _of_stack(self) -> list[str]:
        return ["--stack", self._stack] if self._stack else []

    def _run(self, *arguments: str, given: str = "") -> str:
        what = " ".join(["pulumi", *(word for word in arguments[:2] if not word.startswith("-"))])
        program = shutil.which("pulumi")
        if program is None:
            raise VapiError("there is no pulumi on PATH: install the Pulumi CLI, https://www.pulumi.com/docs/install/")
        try:
            done = subprocess.run(  # noqa: S603 - the user's own pulumi, without a shell
                [program, "--non-interactive", "--color", "never", *arguments],
                input=given,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise VapiError(f"{what} could not be run ({type(error).__name__})") from None
        if done.returncode:
            reason = (done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}").splitlines()[0]
            raise VapiError(f"{what} failed: {shorten(reason.removeprefix('error: '), 300)}")
        return done.stdout


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
