"""Pulumi in a temporary project, isolated from the user's own settings. For tests, demo, chaos, pictures and benchmarks."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

import yaml  # type: ignore[import-untyped]

from pulumi_vapi_byo.wire import to_camel

#: Prefixes of the variables that a user may have set for Pulumi, Terraform and Vapi.
_OWN: Final = ("PULUMI_", "VAPI_", "TF_")

#: Passphrase of every stack: nothing here is secret.
PASSPHRASE: Final = "workbench"  # noqa: S105


def clean_environment() -> dict[str, str]:
    """Return the environment without the user's own settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}


def environment(folder: Path, *, python: Path = Path(sys.executable), **more: str) -> dict[str, str]:
    """Return the environment for Pulumi commands, with state and settings in a folder.

    Args:
        folder: Gets ``state`` and ``home``.
        python: The interpreter of the virtual environment that programs run in.
        **more: Additional variables; they override these.

    Raises:
        FileNotFoundError: There is no Pulumi CLI on PATH.
    """
    cli = shutil.which("pulumi")
    if cli is None:
        raise FileNotFoundError("there is no pulumi on PATH: make test and make demo set up the real CLI and put it there")
    (folder / "state").mkdir(parents=True, exist_ok=True)
    return clean_environment() | {
        # Pulumi's language host runs the first python3 on PATH.
        "PATH": os.pathsep.join([str(python.parent), str(Path(cli).parent), os.environ["PATH"]]),
        "VIRTUAL_ENV": str(python.parent.parent),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        **more,
    }


def new_project(folder: Path, name: str, program: str = "") -> Path:
    """Create a project.

    Args:
        folder: Its folder; created if it does not exist.
        name: Name of the project.
        program: Source of its program.

    Returns:
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    (folder / "__main__.py").write_text(program)
    return folder


def write_yaml_program(folder: Path, name: str, numbers: Mapping[str, Mapping[str, Any]], plugin: str) -> None:
    """Write a project whose program is in YAML and declares numbers.

    Args:
        folder: Folder of the project.
        name: Name of the project.
        numbers: Logical names to arguments, in snake_case.
        plugin: Path to the folder of the plugin.
    """
    resources = {
        number: {"type": "vapi-byo:ByoPhoneNumber", "properties": {to_camel(key): value for key, value in arguments.items()}}
        for number, arguments in numbers.items()
    }
    plugins = {"providers": [{"name": "vapi-byo", "path": plugin}]}
    project = {"name": name, "runtime": "yaml", "plugins": plugins, "resources": resources}
    (folder / "Pulumi.yaml").write_text(json.dumps(project))  # which YAML is, and has no anchors


@functools.cache
def _as_created() -> tuple[str, str]:
    """Return the state and the settings of a new stack, as the CLI writes them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = new_project(folder / "project", "project")
        status, output = run(project, environment(folder), "stack", "init", "stack")
        if status:
            raise RuntimeError(f"cannot create a stack: {output}")
        return state_file(folder, project, "stack").read_text(), (project / "Pulumi.stack.yaml").read_text()


@functools.cache
def _encrypted(secret: str) -> str:
    """Return a secret as the CLI writes it into the settings of a stack of `new_stack`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = new_project(folder / "project", "project")
        new_stack(folder, project, "stack")
        status, output = run(project, environment(folder), "config", "set", "--stack=stack", "--secret", "secret", secret)
        if status:
            raise RuntimeError(f"cannot encrypt a secret: {output}")
        settings = yaml.safe_load((project / "Pulumi.stack.yaml").read_text())
        return str(settings["config"]["project:secret"]["secure"])


def new_stack(
    folder: Path,
    project: Path,
    stack: str,
    settings: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> None:
    """Create a stack unless it exists, and configure it.

    The files are those of ``pulumi stack init`` and ``pulumi config set``, which are run once and copied: each time they would
    take a second.

    Args:
        folder: The folder of `environment`.
        project: Folder of the project.
        stack: Name of the stack.
        settings: Its configuration, see `configure`.
        secrets: More of it, encrypted.
    """
    state, empty = _as_created()
    file = state_file(folder, project, stack)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(state.replace("organization/project/stack", f"organization/{_name(project)}/{stack}"))
        (project / f"Pulumi.{stack}.yaml").write_text(empty)
    configure(
        project, stack, {**(settings or {}), **{key: {"secure": _encrypted(value)} for key, value in (secrets or {}).items()}}
    )


def configure(project: Path, stack: str, settings: Mapping[str, Any]) -> None:
    """Change the configuration of a stack, as ``pulumi config set`` does, in its file.

    Args:
        project: Folder of the project.
        stack: Name of the stack.
        settings: Keys to values; a key without a namespace is the project's own.
    """
    file = project / f"Pulumi.{stack}.yaml"
    whole = yaml.safe_load(file.read_text())
    own = {key if ":" in key else f"{_name(project)}:{key}": value for key, value in settings.items()}
    whole["config"] = {**whole.get("config", {}), **own}
    file.write_text(yaml.safe_dump(whole))


def _name(project: Path) -> str:
    return str(yaml.safe_load((project / "Pulumi.yaml").read_text())["name"])


def state_file(folder: Path, project: Path, stack: str) -> Path:
    """Return the file of a stack's state.

    Args:
        folder: The folder given to `environment`.
        project: Folder of the project.
        stack: Name of the stack.
    """
    return folder / "state" / ".pulumi" / "stacks" / _name(project) / f"{stack}.json"


def start(
    project: Path, env: Mapping[str, str], *arguments: str, output: int | IO[str] = subprocess.PIPE
) -> subprocess.Popen[str]:
    """Start a CLI command, in a session of its own so that only its caller can interrupt it.

    Args:
        project: Folder of the project.
        env: Environment, see `environment`.
        *arguments: What follows ``pulumi`` on the command line.
        output: Receives both output streams. Default: a pipe.
    """
    return subprocess.Popen(
        ["pulumi", "--non-interactive", "--color", "never", *arguments],
        cwd=project,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )


def run(project: Path, env: Mapping[str, str], *arguments: str, limit_s: float = 240.0) -> tuple[int, str]:
    """Run a CLI command to its end.

    Args:
        project: Folder of the project.
        env: Environment, see `environment`.
        *arguments: What follows ``pulumi`` on the command line.
        limit_s: Time limit in seconds.

    Returns:
        Its exit status, and the output on both streams.
    """
    with start(project, env, *arguments) as process:
        output, _ = process.communicate(timeout=limit_s)
    return process.returncode, without_interrupts(output)


#: Newer engines stop a program after an error, and Pulumi's own script then lets Python print where it was.
_INTERRUPTED: Final = re.compile(
    r"^.*Traceback \(most recent call last\):\n(?:(?!.*pulumi_vapi_byo).*\n)*?"
    r".*\b(?:KeyboardInterrupt|Exception: context canceled|RunError: Resource monitor has terminated, shutting down):? *\n",
    re.MULTILINE,
)


def without_interrupts(output: str) -> str:
    """Return a command's output without the traceback of an interrupted program, unless the package occurs in it."""
    return _INTERRUPTED.sub("", output)


def resources(folder: Path, project: Path, stack: str) -> list[dict[str, Any]]:
    """Return the resources in a stack's state file; the arguments are those of `state_file`."""
    latest = json.loads(state_file(folder, project, stack).read_text())["checkpoint"]["latest"] or {}
    found: list[dict[str, Any]] = latest.get("resources") or []
    return found
