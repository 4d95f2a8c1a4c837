"""The pages about versions and releases match the code and the workflows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.packaging.pythons import declared_versions
from tests.sdks import ROOT
from tools.setup import CLI_VERSION

PAGE = (ROOT / "docs" / "supported.md").read_text("utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def row(name: str) -> str:
    [found] = [line for line in PAGE.splitlines() if line.startswith(f"| {name} |")]
    return found


@pytest.mark.parametrize("page", ["docs/supported.md", "docs/upgrading.md", "CONTRIBUTING.md"])
def test_tests_and_workflows_that_are_named_exist(page: str) -> None:
    named = re.findall(r"`((?:tests|tools|\.github|pulumi_vapi_byo)/[\w./-]+)`", (ROOT / page).read_text("utf-8"))
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_pythons_are_those_of_the_metadata_and_of_the_workflows() -> None:
    pythons = declared_versions()
    assert f"CPython {pythons[0]} to {pythons[-1]}" in row("Python")
    required = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert required is not None
    assert required[1] == pythons[0]
    jobs = workflow("ci")["jobs"]
    tried = {*jobs["pythons"]["strategy"]["matrix"]["python"], *re.findall(r'python-version: "([\d.]+)"', text("ci"))}
    assert tried == set(pythons)
    [packed] = re.findall(r"--python python3\.%s ' ([\d ]+)\)", text("release"))
    assert [f"3.{minor}" for minor in packed.split()] == pythons
    assert set(re.findall(r"^ {12}(3\.\d+)$", text("release"), re.MULTILINE)) == set(pythons)


def test_the_clis_are_the_lowest_in_the_readme_and_that_of_the_setup() -> None:
    lowest = re.search(r"Pulumi CLI (3\.\d+) or newer", " ".join((ROOT / "README.md").read_text("utf-8").split()))
    assert lowest is not None
    assert row("Pulumi CLI").startswith(f"| Pulumi CLI | {lowest[1]} or newer |")
    assert f"runs with {CLI_VERSION}. With {lowest[1]}.0," in row("Pulumi CLI")


def test_languages_are_those_of_the_workflows_and_of_the_examples() -> None:
    [languages] = [line for line in PAGE.splitlines() if line.startswith("| Programs in TypeScript, Go and Python")]
    assert f"Node.js {workflow_version('node')} and Go {workflow_version('go')}" in languages
    package = json.loads((ROOT / "examples" / "typescript" / "package.json").read_text("utf-8"))
    assert package["devDependencies"]["@types/node"] == f"^{workflow_version('node')}"


def test_systems_are_those_of_the_workflows() -> None:
    systems = {"ubuntu-latest", "ubuntu-24.04-arm", "macos-15-intel", "macos-latest"}
    assert set(workflow("release")["jobs"]["build"]["strategy"]["matrix"]["os"]) == systems
    assert set(workflow("ci")["jobs"]["all"]["strategy"]["matrix"]["os"]) == {"ubuntu-latest", "macos-latest"}
    assert "windows-latest" in text("ci")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_says_that_it_was_never_run_and_requests_only_permissions_it_needs(path: Path) -> None:
    assert "run nowhere yet" in " ".join(path.read_text("utf-8").replace("#", "").split())
    found = workflow(path.stem)
    assert found["permissions"] in ({}, {"contents": "read"})
    written = {
        (name, right)
        for name, job in found["jobs"].items()
        for right, level in job.get("permissions", {}).items()
        if level == "write"
    }
    expected = {("collect", "id-token"), ("collect", "attestations"), ("pypi", "id-token"), ("github", "contents")}
    assert written == (expected if path.stem == "release" else set())


def text(name: str) -> str:
    return (ROOT / ".github" / "workflows" / f"{name}.yml").read_text("utf-8")


def workflow(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text(name))
    return loaded


def workflow_version(what: str) -> str:
    found: str
    [found] = set(re.findall(rf'{what}-version: "([\d.]+)"', text("ci") + text("newest")))
    return found


def test_templates_ask_for_the_log_and_for_the_report() -> None:
    template = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text("utf-8"))
    asked = {one["id"]: one["attributes"]["description"] for one in template["body"] if one["type"] == "textarea"}
    assert "VAPI_LOG=debug" in asked["log"]
    assert "`vapi-byo verify --report verify.json`" in asked["report"]
