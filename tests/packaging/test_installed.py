"""The wheel in clean environments of every Python found here, and in a user's project, without the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pulumi_vapi_byo import __version__
from pulumi_vapi_byo.emulator import Emulator
from tests.engine.project import API_KEY, Project
from tests.sdks import Sdk
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID
from tools.release import add_pip, install

from .conftest import Distributions
from .pythons import declared_versions, find_pythons

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

RUNNING = "{}.{}".format(*sys.version_info[:2])
FOUND = find_pythons()
#: The user's project runs with the oldest and the newest version.
EXTREMES = list(dict.fromkeys([*FOUND][:1] + [*FOUND][-1:]))
#: Versions in between are tried without the engine, except the version that runs all other tests.
OTHERS = dict.fromkeys([*FOUND, *declared_versions()]).keys() - {*EXTREMES, RUNNING}

#: Run with the environment's own interpreter, isolated from everything else; prints its findings as JSON.
SMOKE = """
import importlib.metadata, importlib.resources, json, sys
from packaging.requirements import Requirement

import pulumi_vapi_byo as vapi
from pulumi_vapi_byo.provider import ByoPhoneNumberProvider
from pulumi_vapi_byo.config import read_settings

def canonical(name):
    return name.lower().replace("_", "-").replace(".", "-")

def needed(name, seen):
    if name not in seen:
        seen.add(name)
        for line in importlib.metadata.requires(name) or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                needed(canonical(requirement.name), seen)
    return seen

class Request:
    config = {}

provider = ByoPhoneNumberProvider()
provider.configure(Request)
number = {"credentialId": CREDENTIAL, "number": "+14155550100", "assistantId": ASSISTANT}
here = importlib.resources.files("pulumi_vapi_byo")
print(json.dumps({
    "version": vapi.__version__,
    "python": "%d.%d" % sys.version_info[:2],
    "file": vapi.__file__,
    "public": all(hasattr(vapi, name) for name in vapi.__all__),
    "good": provider.check({}, number).inputs["sipUri"],
    "bad": [failure.property for failure in provider.check({}, {"number": "4155550100"}).failures],
    "data": [(here / name).is_file() for name in ("pulumi-plugin.json", "py.typed", "emulator/spec/vapi-current.openapi.json")],
    "installed": sorted(canonical(found.metadata["Name"]) for found in importlib.metadata.distributions()),
    "needed": sorted(needed("pulumi-vapi-byo", set())),
}))
"""

PROGRAM = """
support = vapi.ByoPhoneNumber(
    "support", credential_id={credential!r}, number="+14155550100", name={name!r}, assistant_id={assistant!r}
)
pulumi.export("package", vapi.__file__)
pulumi.export("sip_uri", support.sip_uri)
"""


@pytest.fixture
def install_for(tmp_path: Path, distributions: Distributions) -> Callable[[str], Path]:
    """Create an environment of a Python version with nothing but the wheel, and return its interpreter."""

    def install_for(version: str) -> Path:
        if version not in FOUND:
            pytest.skip(f"there is no Python {version} on PATH or under pyenv")
        return install(distributions.wheel, tmp_path / "environment", FOUND[version])

    return install_for


def smoke(python: Path, folder: Path) -> dict[str, Any]:
    script = SMOKE.replace("CREDENTIAL", repr(CREDENTIAL_ID)).replace("ASSISTANT", repr(ASSISTANT_ID))
    run = subprocess.run([python, "-I", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def assert_it_works(found: dict[str, Any], version: str, environment: Path) -> None:
    assert found["python"] == version
    assert found["version"] == __version__
    assert Path(found["file"]).is_relative_to(environment)
    assert found["public"]
    assert found["good"] == f"+14155550100@{CREDENTIAL_ID}.sip.vapi.ai"
    assert found["bad"] == ["credentialId", "number"]
    assert found["data"] == [True, True, True]
    assert set(found["installed"]) == set(found["needed"])


@pytest.mark.parametrize("version", sorted(OTHERS))
def test_the_wheel_installs_and_works(version: str, install_for: Callable[[str], Path], tmp_path: Path) -> None:
    assert_it_works(smoke(install_for(version), tmp_path), version, tmp_path / "environment")


@pytest.mark.parametrize("version", EXTREMES)
def test_a_number_in_a_user_s_project_lives_from_up_to_destroy(
    version: str, install_for: Callable[[str], Path], tmp_path: Path
) -> None:
    python = install_for(version)
    assert_it_works(smoke(python, tmp_path), version, tmp_path / "environment")
    add_pip(python)
    with Emulator(api_key=API_KEY) as vapi:
        project = Project(tmp_path / "infrastructure", Sdk("newest", python, "VapiError: "), vapi, tmp_path / "home")

        def declare(name: str) -> None:
            program = PROGRAM.format(credential=CREDENTIAL_ID, assistant=ASSISTANT_ID, name=name)
            (project.folder / "__main__.py").write_text("import pulumi\nimport pulumi_vapi_byo as vapi\n" + program)

        declare("Support")
        assert project.preview().changes == {"create": 1}
        assert project.up().changes == {"create": 1}
        [number] = vapi.numbers()
        assert (number["number"], number["name"]) == ("+14155550100", "Support")
        assert Path(project.outputs["package"]).is_relative_to(tmp_path / "environment")

        declare("Help desk")
        assert project.up().changes == {"update": 1}
        vapi.edit_number(number["id"], name="Edited elsewhere")
        assert project.refresh().changes == {"update": 1}
        assert project.up().changes == {"update": 1}
        [changed] = vapi.numbers()
        assert (changed["id"], changed["name"]) == (number["id"], "Help desk")

        assert project.destroy().changes == {"delete": 1}
        assert vapi.numbers() == []


def test_the_running_python_is_among_those_found() -> None:
    assert RUNNING in FOUND
