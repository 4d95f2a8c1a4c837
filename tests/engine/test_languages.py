"""The life cycle of the plugin's example programs, in every language, on the real engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pulumi_vapi_byo.emulator import Emulator
from tests.sdks import users_sdk
from tests.unit.samples import SQUAD_ID

from .programs import LANGUAGES, Language, generate_sdks
from .project import Project

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


@pytest.fixture(scope="session")
def sdks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdks")
    generate_sdks(folder)
    return folder


@pytest.fixture
def language(request: pytest.FixtureRequest) -> Language:
    return LANGUAGES[request.param]


@pytest.fixture
def project(language: Language, sdks: Path, tmp_path: Path, pulumi_home: Path, vapi: Emulator) -> Project:
    folder = tmp_path / "infrastructure"
    language.copy(folder, sdks)
    # Go's flags as the CLI was built, to reuse its compiled packages, and without debug information.
    go = {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-buildvcs=false -trimpath -ldflags=-w"}
    environment = {"PYTHONPATH": str(folder / "packages"), **go}
    return Project(folder, users_sdk(), vapi, pulumi_home, environment=environment)


def writes(vapi: Emulator) -> list[tuple[str, str]]:
    return [(one.method, one.path) for one in vapi.requests if one.method != "GET"]


def ids(vapi: Emulator) -> dict[str, str]:
    return {one["number"]: one["id"] for one in vapi.numbers()}


#: Makes the host of TypeScript skip the type check of a program, which takes longer than the rest of a command.
UNCHECKED = "PULUMI_NODEJS_TRANSPILE_ONLY"


@pytest.mark.parametrize("language", LANGUAGES, indirect=True)
def test_a_trunk_and_two_numbers_live_their_whole_life(language: Language, project: Project, vapi: Emulator) -> None:
    preview = project.preview()
    assert (preview.changes, preview.errors, vapi.requests) == ({"create": 2}, [], [])

    project.environment[UNCHECKED] = "true"
    assert project.up().changes == {"create": 2}
    [trunk] = vapi.credentials()
    addresses = {name: f"{number}@{trunk['id']}.sip.vapi.ai" for name, number in NUMBERS.items()}
    assert project.outputs == {"sendInboundCallsTo": addresses}
    created = ids(vapi)

    vapi.clear_requests()
    again = project.up()
    assert (again.changes, writes(vapi)) == ({"same": 2}, [])

    language.change(project.folder, "Support line", "Help desk")
    renamed = project.preview()
    assert renamed.changes == {"update": 1, "same": 1}
    assert '~ name: "Support line" => "Help desk"' in renamed.said
    assert project.up().errors == []
    assert [one.body for one in vapi.requests if one.method == "PATCH"] == [{"name": "Help desk"}]
    assert ids(vapi) == created

    vapi.edit_number(created[NUMBERS["support"]], name="edited")
    vapi.delete_number(created[NUMBERS["london"]])
    assert project.refresh().errors == []
    vapi.clear_requests()
    assert project.up().changes == {"update": 1, "create": 1}
    assert [method for method, _ in writes(vapi)].count("POST") == 1
    assert {one["name"] for one in vapi.numbers()} == {"Help desk", "London"}
    assert ids(vapi)[NUMBERS["support"]] == created[NUMBERS["support"]]

    # There is only one program in Go; the test for YAML is among the other tests of the plugin.
    if language.name in ("typescript", "python"):
        takes_over(language, project, vapi)
    assert project.destroy().errors == []
    assert vapi.numbers() == []
    assert trunk["id"] not in {one["id"] for one in vapi.credentials()}


def takes_over(language: Language, project: Project, vapi: Emulator) -> None:
    """Import a number that was created in the dashboard, and show that the code for it previews without a change."""
    hooks = [{"on": "call.ringing", "do": [{"type": "say", "exact": "Hello"}]}]
    other = vapi.add_credential(gateways=[{"ip": "203.0.113.20"}])["id"]
    made = vapi.add_number(number="+14155550199", credentialId=other, name="By hand", squadId=SQUAD_ID, hooks=hooks)
    token = "vapi-byo:index:ByoPhoneNumber"
    project.cli("import", token, "byHand", made["id"], "--yes", "--skip-preview", "--protect=false", "--generate-code=false")
    exported = project.cli("stack", "export", "--show-secrets")
    [urn] = [one["urn"] for one in json.loads(exported)["deployment"]["resources"] if one.get("id") == made["id"]]
    language.add_imported(project.folder, exported, urn)
    vapi.clear_requests()
    del project.environment[UNCHECKED]
    assert project.preview().changes == {"same": 3}
    assert project.up().changes == {"same": 3}
    assert writes(vapi) == []


NUMBERS = {"support": "+14155552671", "london": "+442079460018"}
