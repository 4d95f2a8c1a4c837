"""The ids that a run holds, in one process and in several, and the engine that they serve."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pulumi_vapi_byo.core.claims import Claims
from pulumi_vapi_byo.core.engine import engine_port


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return "12345"


@pytest.mark.parametrize("name", [None, "12345"], ids=["one-process", "shared"])
def test_an_id_belongs_to_one_resource_alone(name: str | None, run: str) -> None:
    held = Claims(name)
    assert held.keep("a")
    assert held.keep("a")
    assert not held.take("a")
    assert held.take("b")
    assert not held.take("b")
    assert not held.keep("b")
    held.release("b")
    held.release("a")  # never taken over, so not released
    assert "b" not in held
    assert "a" in held


def test_an_id_that_one_process_holds_is_not_taken_by_another_process_of_the_run(run: str) -> None:
    held = Claims(run)
    assert held.take("a")
    code = (
        f"from pulumi_vapi_byo.core.claims import Claims; held = Claims({run!r}); "
        "print(held.take('a'), held.keep('a'), held.take('b'))"
    )
    environ = {"TMPDIR": tempfile.gettempdir()}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["False", "False", "True"]
    assert not held.keep("b")


def test_accounts_and_runs_are_separate(run: str) -> None:
    assert Claims(run, "https://a").take("a")
    assert Claims(run, "https://b").take("a")
    assert Claims("another").take("a")
    assert Claims().take("a")


def test_claims_of_processes_that_have_ended_are_forgotten(run: str) -> None:
    code = f"from pulumi_vapi_byo.core.claims import Claims; assert Claims({run!r}).take('a')"
    environ = {"TMPDIR": tempfile.gettempdir()}
    subprocess.run([sys.executable, "-c", code], env=environ, timeout=60, check=True)
    assert Claims(run).take("a")


def test_a_folder_that_others_can_write_to_is_never_used(run: str, tmp_path: Path) -> None:
    Claims(run)
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    assert Claims(run).take("a")
    assert Claims(run).take("a")  # each instance has its own claims


@pytest.mark.parametrize(
    ("arguments", "port"),
    [
        (["127.0.0.1:4711"], 4711),
        (["--tracing", "x", "localhost:4711"], 4711),
        ([], None),
        (["example.com:4711"], None),
    ],
)
def test_only_an_engine_on_this_machine_has_a_port(arguments: list[str], port: int | None) -> None:
    assert engine_port(arguments) == port
