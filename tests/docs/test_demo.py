"""`make demo`, the first command of the README."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.sdks import ROOT

pytestmark = pytest.mark.engine


def test_every_step_of_the_demo_does_what_it_claims() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tools.demo"], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "demo: 10 steps done in " in run.stdout
