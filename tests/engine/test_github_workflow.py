"""``actions/diff-report`` and ``examples/github-workflow``: their shell steps, unchanged, on the real engine.

Instead of GitHub there is a ``gh`` that keeps comments and applies the filters it is given.
"""

from __future__ import annotations

import json
import os
import re
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
ACTION = ROOT / "actions" / "diff-report"
PREVIEW = "numbers-preview.yml"
MARK = f"<!-- vapi-byo diff-report: {STACK} -->"

#: Replaces GitHub's own command: keeps its arguments, the text it was given, and the comments of the pull request.
GH = f"""\
#!{sys.executable}
import json, os, sys
from pathlib import Path

import jq

words = sys.argv[1:]
after = dict(zip(words, words[1:]))
with open(os.environ["GH_LOG"], "a") as log:
    print(*words, file=log)
    if "--body-file" in after:
        log.write(Path(after["--body-file"]).read_text())
if words[0] == "api":
    store = Path(os.environ["GH_COMMENTS"])
    comments = json.loads(store.read_text())
    path = next(word for word in words if word.startswith("repos/"))
    body = Path(after["-F"].removeprefix("body=@")).read_text() if "-F" in after else ""
    place = "repos/acme/infrastructure/issues/"
    match after.get("--method", "GET"):
        case "GET" if path == place + "7/comments":
            print(*jq.compile(after["--jq"]).input_value(comments).all(), sep="\\n", end="")
        case "POST" if path == place + "7/comments":
            comments.append({{"id": len(comments) + 1, "user": {{"type": "Bot"}}, "body": body}})
        case "PATCH":
            [comment] = [one for one in comments if path == f"{{place}}comments/{{one['id']}}"]
            comment["body"] = body
        case method:
            sys.exit(f"no route for {{method}} {{path}}")
    store.write_text(json.dumps(comments))
"""


@dataclass(frozen=True)
class GitHub:
    """What GitHub would keep of a run, and the environment that its machines give to a step."""

    folder: Path
    env: dict[str, str]

    @property
    def said(self) -> str:
        """The arguments of all calls of ``gh`` so far."""
        log = Path(self.env["GH_LOG"])
        return log.read_text() if log.exists() else ""

    @property
    def comments(self) -> list[str]:
        """The comments on the pull request."""
        return [comment["body"] for comment in json.loads(Path(self.env["GH_COMMENTS"]).read_text())]

    def has_comments(self, *bodies: str, by: str = "Bot") -> None:
        """Add comments of somebody."""
        store = Path(self.env["GH_COMMENTS"])
        comments = [{"id": 900 + index, "user": {"type": by}, "body": body} for index, body in enumerate(bodies)]
        store.write_text(json.dumps(json.loads(store.read_text()) + comments))

    @property
    def summary(self) -> str:
        """The summary of the job."""
        return Path(self.env["GITHUB_STEP_SUMMARY"]).read_text()

    def run(self, script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a step's script as GitHub does if its shell is bash."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=folder,
            env={**self.env, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )


@pytest.fixture
def github(project: Project, tmp_path: Path) -> GitHub:
    folder = tmp_path / "github"
    (folder / "bin").mkdir(parents=True)
    gh = folder / "bin" / "gh"
    gh.write_text(GH)
    gh.chmod(0o755)
    (folder / "comments.json").write_text("[]")
    env = {
        "PATH": os.pathsep.join([str(gh.parent), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "VIRTUAL_ENV": str(Path(sys.executable).parent.parent),
        "HOME": str(tmp_path),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
        # The workflows read these from the repository's variables and secrets.
        "PULUMI_BACKEND_URL": (project.folder.parent / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "GITHUB_REPOSITORY": "acme/infrastructure",
        "GITHUB_ACTION_PATH": str(ACTION),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GH_LOG": str(folder / "gh.log"),
        "GH_COMMENTS": str(folder / "comments.json"),
    }
    return GitHub(folder, env)


@dataclass(frozen=True)
class Job:
    """The only job of a workflow, whose steps run in a project's folder."""

    project: Project
    github: GitHub
    steps: dict[str, dict[str, Any]]

    def __call__(self, step: str) -> subprocess.CompletedProcess[str]:
        """Run a step's script."""
        script = self.steps[step]["run"]
        return self.github.run(script, self.project.folder, STACK=STACK, TITLE="Numbers are not as declared")


def steps_of(workflow: str) -> dict[str, dict[str, Any]]:
    """Return the steps of a workflow's only job by name."""
    [only] = yaml.safe_load((WORKFLOWS / workflow).read_text())["jobs"].values()
    return {step["name"]: step for step in only["steps"] if "name" in step}


@pytest.fixture
def job(project: Project, github: GitHub) -> Callable[[str], Job]:
    return lambda workflow: Job(project, github, steps_of(workflow))


def action() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ACTION / "action.yml").read_text())
    return parsed


Report = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def report(project: Project, github: GitHub) -> Report:
    """Run the action as the example's workflow does, on a pull request. Unless it installs, it uses the tests' command."""

    def report(
        *, install: bool = False, labels: str = "", pull_request: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        temporary = github.folder / ("empty" if install else "installed")
        temporary.mkdir(exist_ok=True)
        if not install and not (temporary / "vapi-byo").exists():
            (temporary / "vapi-byo").symlink_to(sys.prefix)
        given = steps_of(PREVIEW)["Report"]["with"]
        assert given["stack"] == "prod", "in the test it has another name"
        label = re.search(r"contains\(.*labels.*, '(.*)'\)", given["allow-deletes"])
        assert label
        allow = json.dumps(label[1] in labels)
        values = {
            "inputs.stack": STACK,
            "inputs.work-dir": str(project.folder),
            "inputs.allow-deletes": allow,
            "github.token": "ghs_of_the_job",
            "github.event.pull_request.number": "7",
        }
        Path(github.env["GITHUB_OUTPUT"]).write_text("")
        done = subprocess.CompletedProcess[str]([], 0)
        for step in action()["runs"]["steps"]:
            if (step["name"] == "Install" and not install) or ("if" in step and not pull_request):
                continue
            outputs = dict(line.split("=", 1) for line in Path(github.env["GITHUB_OUTPUT"]).read_text().splitlines())
            known = values | {f"steps.report.outputs.{name}": value for name, value in outputs.items()}
            env = {name: expand(text, known) for name, text in step.get("env", {}).items()}
            folder = Path(expand(step.get("working-directory", str(project.folder)), known))
            done = github.run(step["run"], folder, RUNNER_TEMP=str(temporary), **env, **variables)
            if done.returncode:
                break
        return done

    return report


def expand(text: str, values: dict[str, str]) -> str:
    """Replace expressions by their values, as GitHub does."""
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda expression: values[expression[1]], text)


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
    files = [*(ROOT / ".github" / "workflows").glob("*.yml"), *WORKFLOWS.glob("*.yml")]
    assert run.stdout.endswith(f"actionlint: {len(files)} workflows, nothing to complain about\n")


def test_the_steps_of_the_action_are_shell_that_no_input_gets_into() -> None:
    for step in action()["runs"]["steps"]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
        subprocess.run(["bash", "-n", "-c", step["run"]], check=True)


def test_a_merge_makes_the_numbers_and_the_next_pull_request_shows_what_changes(
    project: Project, job: Callable[[str], Job], github: GitHub, report: Report
) -> None:
    declare(project, "Support")
    up = job("numbers-up.yml")("Up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert [number["name"] for number in project.vapi.numbers()] == ["Support"]

    declare(project, "Help desk")
    done = report(install=True)
    assert done.returncode == 0, done.stdout + done.stderr
    [comment] = github.comments
    assert comment.startswith(MARK + "\n")
    assert "+14155550100" in comment
    assert "Help desk" in comment
    assert github.summary == comment.removeprefix(MARK + "\n")
    assert [number["name"] for number in project.vapi.numbers()] == ["Support"]


def test_the_next_run_updates_its_comment_and_nobody_elses(project: Project, github: GitHub, report: Report) -> None:
    others = ["Coverage: 100 %", MARK.replace(STACK, "another")]
    github.has_comments(*others)
    github.has_comments(f"{MARK}\nforged", by="User")
    declare(project, "Support")
    assert report().returncode == 0
    declare(project, "Sales")
    assert report().returncode == 0
    *kept, ours = github.comments
    assert kept == [*others, f"{MARK}\nforged"]
    assert "Sales" in ours
    assert "Support" not in ours


def test_a_deletion_fails_the_check_unless_it_is_allowed_and_stands_in_the_comment(
    project: Project, github: GitHub, report: Report
) -> None:
    declare(project, "Support", "Sales")
    project.up()
    declare(project, "Support")
    assert report().returncode == 3
    assert "+14155550101" in github.comments[0]
    assert report(labels="may delete numbers").returncode == 0


def test_a_failed_preview_fails_the_check_and_its_reason_stands_in_the_comment(
    project: Project, github: GitHub, report: Report
) -> None:
    declare(project, "x" * 41)
    assert report().returncode == 1
    assert "must have at most 40 characters, has 41" in github.comments[0]


def test_a_preview_that_could_not_begin_is_no_silence(github: GitHub, report: Report) -> None:
    assert report(PULUMI_BACKEND_URL="file:///nowhere/at/all").returncode == 1
    assert github.comments == [f"{MARK}\nThere is no preview: the log of the run says why.\n"]


def test_without_a_pull_request_there_is_the_summary_alone(project: Project, github: GitHub, report: Report) -> None:
    declare(project, "Support")
    assert report(pull_request=False).returncode == 0
    assert "Support" in github.summary
    assert github.said == ""


def test_drift_becomes_an_issue_and_nothing_is_changed(project: Project, job: Callable[[str], Job]) -> None:
    declare(project, "Support")
    project.up()
    drift = job("numbers-drift.yml")
    assert drift("Compare").returncode == 0

    [number] = project.vapi.numbers()
    project.vapi.edit_number(number["id"], name="Edited elsewhere")
    assert drift("Compare").returncode != 0
    assert drift("Open or add to the issue").returncode == 0
    said = drift.github.said
    assert "issue create --repo acme/infrastructure --title Numbers are not as declared --body-file body.md" in said
    assert "Edited elsewhere" in said
    assert project.vapi.number(number["id"])["name"] == "Edited elsewhere"  # type: ignore[index]
    assert drift("Compare").returncode != 0, "the state was changed"
