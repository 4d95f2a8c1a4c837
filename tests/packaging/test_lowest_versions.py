"""The lowest versions of the packages that users install, together: the tests that need no network and no engine."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.sdks import ROOT, sdk

pytestmark = [pytest.mark.oldest_sdk, pytest.mark.timeout(240)]

#: The tests that depend on them: models, checks, numbers, requests, and a program's use of Pulumi's SDK.
FILES = [
    "test_arguments.py",
    "test_client.py",
    "test_diff.py",
    "test_provider_resource.py",
    "test_models.py",
    "test_models_against_openapi.py",
    "test_e164.py",
    "test_pool.py",
    "test_provider.py",
    "test_batched_reads.py",
    "test_resources.py",
    "test_sip_trunk.py",
    "test_unknown.py",
]

VERSIONS = """
import importlib.metadata, json
print(json.dumps({name: importlib.metadata.version(name) for name in ("pulumi", "requests", "urllib3", "pydantic", "phonenumbers")}))
"""


def version(text: str) -> tuple[int, ...]:
    parts = [int(part) for part in text.split(".")]
    return tuple(parts + [0] * (3 - len(parts)))


def lowest() -> dict[str, tuple[int, ...]]:
    """Return the lower bounds in pyproject.toml, by package."""
    dependencies = (ROOT / "pyproject.toml").read_text("utf-8").partition("\ndependencies = [")[2].partition("\n]")[0]
    return {name: version(bound) for name, bound in re.findall(r'"([\w-]+)>=([\d.]+)', dependencies)}


def test_the_environment_has_the_lowest_allowed_version_of_every_package() -> None:
    run = subprocess.run([sdk("oldest").python, "-c", VERSIONS], capture_output=True, text=True, timeout=60, check=True)
    installed = {name: version(text) for name, text in json.loads(run.stdout).items()}
    assert installed == lowest()


def test_the_readme_names_the_lowest_versions() -> None:
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    named = {
        name: version(bound)
        for name, bound in re.findall(r"`(pulumi|requests|urllib3|pydantic|phonenumbers)` (\d[\d.]*\d)", readme)
    }
    assert named == lowest()


def test_models_checks_and_requests_work_with_the_lowest_versions(tmp_path: Path) -> None:
    files = [str(ROOT / "tests" / "unit" / name) for name in FILES]
    run = subprocess.run(
        [sdk("oldest").python, "-m", "pytest", "-q", "--basetemp", tmp_path / "temporary", "-p", "no:cacheprovider", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    assert re.search(r"^\d{3,} passed in ", run.stdout, re.MULTILINE)
