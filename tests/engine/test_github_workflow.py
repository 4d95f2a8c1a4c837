"""``examples/github-workflow``: actionlint, and the shell steps as they stand, run on the real engine with a ``gh`` that listens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.sdks import ROOT
from tools.workbench import PASSPHRASE

from .project import STACK, Project

pytestmark = pytest.mark.engine

WORKFLOWS = ROOT / "examples" / "github-workflow" / ".github" / "workflows"

#: Stands in for GitHub's own command: keeps what it was called with, and the text it was given.
GH = """\
#!/bin/sh
echo "$*" >> "$GH_LOG"
while [ $# -gt 0 ]; do
  if [ "$1" = --body-file ]; then cat "$2" >> "$GH_LOG"; fi
  if [ "$1" = --edit-last ] && [ -n "${GH_NO_COMMENT_YET:-}" ]; then exit 1; fi
  shift
done
"""


@dataclass(frozen=True)
class Job:
    """The one job of a workflow, whose steps run in a project's folder."""

    project: Project
    steps: dict[str, dict[str, Any]]
    env: dict[str, str]

    def __call__(self, step: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a step's script as GitHub does."""
        script = self.steps[step]["run"]
        return subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=self.project.folder,
            env={**self.env, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def said_to_github(self) -> str:
        """Return what ``gh`` was called with so far."""
        log = Path(self.env["GH_LOG"])
        return log.read_text() if log.exists() else ""


@pytest.fixture
def job(project: Project, tmp_path: Path) -> Callable[[str], Job]:
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH)
    gh.chmod(0o755)

    def job(workflow: str) -> Job:
        parsed = yaml.safe_load((WORKFLOWS / workflow).read_text())
        [only] = parsed["jobs"].values()
        env = {
            "PATH": os.pathsep.join([str(gh.parent), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "VIRTUAL_ENV": str(Path(sys.executable).parent.parent),
            "HOME": str(tmp_path),
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
            # What the workflow takes from the repository's variables and secrets.
            "PULUMI_BACKEND_URL": (project.folder.parent / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "STACK": STACK,
            "GITHUB_REPOSITORY": "acme/infrastructure",
            "PULL_REQUEST": "7",
            "TITLE": "Numbers are not as declared",
            "GH_LOG": str(tmp_path / "gh.log"),
        }
        steps = {step["name"]: step for step in only["steps"] if "name" in step}
        return Job(project, steps, env)

    return job


def declare(project: Project, *names: str) -> None:
    project.program(
        "\n".join(
            f'vapi.ByoPhoneNumber("{index}", number="+1415555010{index}", name={name!r}, '
            'credential_id="1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10", assistant_id="6a1b3f0c-7d2e-4a57-8f9b-0c1d2e3f4a5b")'
            for index, name in enumerate(names)
        )
    )


def test_actionlint_has_nothing_to_complain_about() -> None:
    command = [sys.executable, str(ROOT / "tools" / "actionlint.py")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.endswith("actionlint: 5 workflows, nothing to complain about\n")


def test_a_merge_makes_the_numbers_and_the_next_pull_request_shows_what_changes(
    project: Project, job: Callable[[str], Job]
) -> None:
    declare(project, "Support")
    up = job("numbers-up.yml")("Up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert [number["name"] for number in project.vapi.numbers()] == ["Support"]

    declare(project, "Help desk")
    preview = job("numbers-preview.yml")
    assert preview("Preview").returncode == 0
    assert preview("Report", ALLOWED="").returncode == 0
    assert preview("Comment", GH_NO_COMMENT_YET="1").returncode == 0
    said = preview.said_to_github()
    assert "pr comment 7 --repo acme/infrastructure --body-file report.md" in said
    assert "+14155550100" in said
    assert "Help desk" in said
    assert [number["name"] for number in project.vapi.numbers()] == ["Support"]


def test_a_deletion_fails_the_check_unless_it_is_allowed_and_stands_in_the_comment(
    project: Project, job: Callable[[str], Job]
) -> None:
    declare(project, "Support", "Sales")
    project.up()
    declare(project, "Support")
    preview = job("numbers-preview.yml")
    assert preview("Preview").returncode == 0
    assert preview("Report", ALLOWED="").returncode == 3
    assert preview("Comment").returncode == 0
    assert "+14155550101" in preview.said_to_github()
    assert preview("Report", ALLOWED="--allow-deletes").returncode == 0


def test_a_failed_preview_fails_the_check_and_its_reason_stands_in_the_comment(
    project: Project, job: Callable[[str], Job]
) -> None:
    declare(project, "x" * 41)
    preview = job("numbers-preview.yml")
    assert preview("Preview").returncode == 0
    assert preview("Report", ALLOWED="").returncode == 1
    assert preview("Comment").returncode == 0
    assert "must have at most 40 characters, has 41" in preview.said_to_github()


def test_a_preview_that_could_not_begin_is_no_silence(project: Project, job: Callable[[str], Job]) -> None:
    preview = job("numbers-preview.yml")
    preview("Preview", PULUMI_BACKEND_URL="file:///nowhere/at/all")
    assert preview("Report", ALLOWED="").returncode not in (0, 3)
    assert preview("Comment").returncode == 0
    assert "There is no preview: the log of the run says why." in preview.said_to_github()


def test_drift_becomes_an_issue_and_nothing_is_changed(project: Project, job: Callable[[str], Job]) -> None:
    declare(project, "Support")
    project.up()
    drift = job("numbers-drift.yml")
    assert drift("Compare").returncode == 0

    [number] = project.vapi.numbers()
    project.vapi.edit_number(number["id"], name="Edited elsewhere")
    assert drift("Compare").returncode != 0
    assert drift("Open or add to the issue").returncode == 0
    said = drift.said_to_github()
    assert "issue create --repo acme/infrastructure --title Numbers are not as declared --body-file body.md" in said
    assert "Edited elsewhere" in said
    assert project.vapi.number(number["id"])["name"] == "Edited elsewhere"  # type: ignore[index]
    assert drift("Compare").returncode != 0, "the state was changed"
