"""The console script, run as a user runs it: as a process of its own, in the folder of a project."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pulumi_vapi_byo.emulator import Emulator
from tests.engine.project import API_KEY, Project
from tests.sdks import users_sdk


@dataclass(frozen=True)
class Ran:
    """The result of a command."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


def run_vapi_byo(*arguments: str, folder: Path, env: Mapping[str, str], given: str = "") -> Ran:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "vapi-byo"), *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **env},
        input=given,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def vapi() -> Iterator[Emulator]:
    with Emulator(api_key=API_KEY) as vapi:
        yield vapi


@pytest.fixture
def run(tmp_path: Path, vapi: Emulator) -> Run:
    """Run a command outside any project, with the key in the environment; return its result."""
    environ = {"VAPI_API_KEY": API_KEY, "VAPI_BASE_URL": vapi.base_url, "VAPI_MAX_RETRIES": "0", "PULUMI_HOME": str(tmp_path)}

    def run(*arguments: str, given: str = "", **env: str) -> Ran:
        return run_vapi_byo(*arguments, folder=tmp_path, env=environ | env, given=given)

    return run


@pytest.fixture
def project(tmp_path: Path, vapi: Emulator) -> Project:
    return Project(tmp_path / "project", users_sdk(), vapi, tmp_path / "home")


@pytest.fixture
def run_in_project(project: Project) -> Run:
    """Run a command in the folder of the project, whose stack has the key."""

    def run_in_project(*arguments: str, given: str = "") -> Ran:
        ran = run_vapi_byo(*arguments, folder=project.folder, env=project.environment, given=given)
        project.said += ran.out + ran.err
        return ran

    return run_in_project
