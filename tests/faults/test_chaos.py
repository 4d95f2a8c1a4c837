"""A small chaos run: the same program as ``make chaos``, with few numbers and two kills."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.sdks import ROOT

pytestmark = pytest.mark.engine


def test_a_short_chaos_run_loses_and_duplicates_nothing() -> None:
    command = [sys.executable, "-m", "tools.chaos", "--seed", "11", "--numbers", "10", "--kills", "2", "--rounds", "2"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    summary = run.stdout.splitlines()[-1]
    assert summary.startswith("seed 11: 10 numbers, "), summary
    assert "2 kills" in summary
    assert "numbers lost: 0, numbers doubled: 0" in summary
    faults = re.search(r"(\d+) faults injected", summary)
    assert faults
    assert int(faults[1]) > 0
