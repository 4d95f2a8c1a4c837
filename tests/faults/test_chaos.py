"""A small chaos run: the same program as ``make chaos``, with few numbers and two kills."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sdks import ROOT
from tools import chaos, workbench

pytestmark = pytest.mark.engine


def test_a_short_chaos_run_loses_and_duplicates_nothing() -> None:
    command = [sys.executable, "-m", "tools.chaos", "--seed", "11", "--numbers", "10", "--kills", "2", "--rounds", "2"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    summary = run.stdout.splitlines()[-1]
    assert summary.startswith("seed 11: 10 numbers, "), summary
    assert "2 kills" in summary
    assert "numbers lost: 0, numbers duplicated: 0" in summary
    faults = re.search(r"(\d+) faults injected", summary)
    assert faults
    assert int(faults[1]) > 0


def test_a_state_that_a_kill_left_empty_is_restored_as_the_documentation_says(tmp_path: Path) -> None:
    project = chaos.Project(tmp_path, "http://127.0.0.1:9")
    project.declare({})
    update = ("up", "--yes", "--skip-preview")
    project.quiet(*update)
    state = workbench.state_file(tmp_path, project.project, chaos.STACK)
    for file in (state, state.with_name(state.name + ".attrs")):
        file.write_text("")
        status, said = project.run(*update)
        assert status
        assert "failed to load checkpoint" in said
        project.restore_checkpoint()
        project.quiet(*update)
    assert project.counts["checkpoints restored"] == 2
