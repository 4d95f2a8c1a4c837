"""The host with a wide pool, and the script that starts it."""

from __future__ import annotations

import concurrent.futures
import gc
import os
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pulumi_vapi_byo.api.client import VapiClient
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.dynamic import host
from tests.sdks import ROOT

SCRIPT = ROOT / "host" / "pulumi-resource-pulumi-python"


@pytest.fixture
def dynamic(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ThreadPoolExecutor]]:
    """Stand in for Pulumi's module: it makes a pool as that does, and a provider makes one afterwards."""
    pools: list[ThreadPoolExecutor] = []

    def run_module(name: str, *, run_name: str, alter_sys: bool) -> None:
        assert (name, run_name, alter_sys) == ("pulumi.dynamic", "__main__", True)
        pools.append(concurrent.futures.ThreadPoolExecutor(max_workers=4))
        pools.append(concurrent.futures.ThreadPoolExecutor(max_workers=2, thread_name_prefix="mine"))

    monkeypatch.setattr("runpy.run_module", run_module)
    thresholds = gc.get_threshold()
    yield pools
    gc.set_threshold(*thresholds)
    for pool in pools:
        pool.shutdown()


def test_the_host_gets_a_wide_pool_and_whoever_comes_after_it_what_is_asked_for(dynamic: list[ThreadPoolExecutor]) -> None:
    host.main()
    wide, other = dynamic
    assert isinstance(wide, ThreadPoolExecutor)
    assert wide._max_workers == host.CALLS_AT_A_TIME
    assert type(other) is ThreadPoolExecutor
    assert other._max_workers == 2
    assert concurrent.futures.ThreadPoolExecutor is ThreadPoolExecutor


def test_there_is_a_connection_for_every_call_at_a_time() -> None:
    # urllib3 would print a warning for each connection too many, which Pulumi shows.
    client = VapiClient(Settings(api_key="k", base_url="https://api.vapi.ai", region="us"))
    adapter: Any = client._session.get_adapter("https://api.vapi.ai")
    assert adapter._pool_maxsize == host.CALLS_AT_A_TIME


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with programs that tell what they were called with."""
    folder = tmp_path / "a project"
    for place in ("bin/python3", "bin/other-python", "venv/bin/python", ".venv/bin/python", "poetry's/bin/python"):
        executable(folder / place, 'printf "%s\\n" "$0" "$@" "${PYTHONHOME-none}" "${PATH%%:*}"')
    executable(folder / "bin" / "poetry", '[ "$*" = "env info --path" ] && echo "$PWD/poetry\'s"')
    return folder


def start(project: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(project / "bin"), os.environ["PATH"]])
    return subprocess.run(
        [SCRIPT, "127.0.0.1:1", "an argument"],
        cwd=project,
        env={"PATH": path, "PYTHONHOME": "/elsewhere", **env},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize(
    ("env", "python"),
    [
        ({}, "bin/python3"),
        ({"PULUMI_RUNTIME_TOOLCHAIN": "pip"}, "bin/python3"),
        ({"PULUMI_PYTHON_CMD": "other-python"}, "bin/other-python"),
        ({"PULUMI_RUNTIME_VIRTUALENV": "venv"}, "venv/bin/python"),
        ({"PULUMI_RUNTIME_VIRTUALENV": "venv/"}, "venv/bin/python"),
        ({"PULUMI_RUNTIME_VIRTUALENV": "{project}/venv"}, "venv/bin/python"),
        ({"PULUMI_RUNTIME_VIRTUALENV": "venv", "PULUMI_RUNTIME_TOOLCHAIN": "uv"}, "venv/bin/python"),
        ({"PULUMI_RUNTIME_VIRTUALENV": "venv", "PULUMI_PYTHON_CMD": "other-python"}, "venv/bin/python"),
        ({"PULUMI_RUNTIME_TOOLCHAIN": "uv"}, ".venv/bin/python"),
        ({"PULUMI_RUNTIME_TOOLCHAIN": "poetry"}, "poetry's/bin/python"),
    ],
)
def test_the_script_takes_the_python_that_pulumi_would_take(project: Path, env: dict[str, str], python: str) -> None:
    done = start(project, {name: value.format(project=project) for name, value in env.items()})
    home = "/elsewhere" if python.startswith("bin/") else "none"
    said = [str(project / python), "-u", "-m", "pulumi_vapi_byo.dynamic.host", "127.0.0.1:1", "an argument"]
    assert done.stdout.splitlines() == [*said, home, str((project / python).parent)]
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_virtual_environment_that_is_not_there_is_named(project: Path) -> None:
    done = start(project, {"PULUMI_RUNTIME_VIRTUALENV": "nowhere"})
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"There is no virtual environment in {project}/nowhere, which Pulumi.yaml asks for: 'pulumi install' makes it.\n"
    )


def test_the_example_has_the_same_script() -> None:
    copy = ROOT / "examples" / "many-numbers" / "host" / SCRIPT.name
    assert copy.read_bytes() == SCRIPT.read_bytes()
    assert os.access(SCRIPT, os.X_OK)
    assert os.access(copy, os.X_OK)
