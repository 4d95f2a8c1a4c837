"""The plugin on the real engine: imports, moves between the doors, secrets, settings, look-ups, and faults."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from pulumi_vapi_byo.emulator import Emulator, Fault
from tests.sdks import ROOT, users_sdk
from tests.unit.samples import ASSISTANT_ID, SQUAD_ID
from tools import workbench

from .conftest import Start
from .programs import generate_sdks, install_python_sdk
from .project import Project, Run

pytestmark = pytest.mark.engine

HEADER = "canary-header-0d31"
PASSWORD = "canary-password-77fe"
SECRETS = (HEADER, PASSWORD)

TRUNK: dict[str, Any] = {
    "type": "vapi-byo:ByoSipTrunkCredential",
    "properties": {
        "name": "Carrier",
        "gateways": [{"ip": "203.0.113.10"}],
        "outboundAuthenticationPlan": {"authUsername": "user", "authPassword": PASSWORD},
    },
}
DESK: dict[str, Any] = {
    "type": "vapi-byo:ByoPhoneNumber",
    "properties": {
        "number": "+14155552671",
        "credentialId": "${trunk.id}",
        "name": "Desk",
        "assistantId": ASSISTANT_ID,
        "server": {"url": "https://example.com/calls", "headers": {"x-key": HEADER}},
    },
}


class YamlProject(Project):
    """A project whose programs are in YAML."""

    def declare(self, resources: dict[str, Any] | None = None, **more: Any) -> None:
        """Write the program: a trunk and a number, or other resources, and more parts of a Pulumi.yaml."""
        declared = {"trunk": TRUNK, "desk": DESK} if resources is None else resources
        program = {**_HEAD, "resources": declared, **more}
        (self.folder / "Pulumi.yaml").write_text(json.dumps(program, indent=2))  # JSON is YAML, and has no anchors


_PLUGINS = {"plugins": {"providers": [{"name": "vapi-byo", "path": str(ROOT / "plugin")}]}}
_HEAD: dict[str, Any] = {"name": "numbers", "runtime": "yaml", **_PLUGINS}


def with_properties(resource: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """Return a resource with changed properties; None removes a property."""
    merged = {**resource["properties"], **properties}
    return {**resource, "properties": {name: value for name, value in merged.items() if value is not None}}


@pytest.fixture
def project(tmp_path: Path, pulumi_home: Path, vapi: Emulator) -> YamlProject:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(_HEAD))
    project = YamlProject(folder, users_sdk(), vapi, pulumi_home)
    project.declare()
    return project


def up(project: Project) -> Run:
    run = project.up()
    assert run.errors == [], run.said
    return run


def writes(vapi: Emulator) -> list[tuple[str, Any]]:
    return [(one.method, one.body) for one in vapi.requests if one.method != "GET"]


# ------------------------------------------------------------------------------------------------------- taking over


def test_the_code_of_an_import_previews_without_a_change(project: YamlProject, vapi: Emulator) -> None:
    up(project)
    [trunk] = vapi.credentials()
    made = vapi.add_number(
        number="+14155550199",
        credentialId=trunk["id"],
        name="From the dashboard",
        squadId=SQUAD_ID,
        hooks=[{"on": "call.ringing", "do": [{"type": "say", "exact": "Hello"}]}],
        server={"url": "https://example.com/other", "headers": {"x-key": HEADER}, "timeoutSeconds": 7},
        fallbackDestination={"type": "number", "number": "+14155550123"},
    )
    vapi.clear_requests()
    said = project.cli(
        "import", "vapi-byo:index:ByoPhoneNumber", "dashboard", made["id"], "--yes", "--skip-preview", "--protect=false"
    )
    text = re.sub(r"\bon:", "'on':", said[said.rindex("resources:") :])  # YAML 1.1, and so PyYAML, reads `on` as true
    code = yaml.safe_load(text)["resources"]["dashboard"]
    assert set(code["properties"]) == {*("number", "credentialId", "name", "squadId", "hooks", "server", "fallbackDestination")}
    assert "server.headers is a secret, and left out of the code; what Vapi has stays" in said
    assert HEADER not in said
    with_headers = with_properties(code, server={**code["properties"]["server"], "headers": {"x-key": HEADER}})
    for dashboard in (code, with_headers):
        project.declare({"trunk": TRUNK, "desk": DESK, "dashboard": dashboard})
        again = project.preview()
        assert (again.changes, again.errors) == ({"same": 2}, []), again.said
    assert writes(vapi) == []
    server = {**code["properties"]["server"], "url": "https://example.com/new"}
    project.declare({"trunk": TRUNK, "desk": DESK, "dashboard": with_properties(code, server=server)})
    up(project)
    assert writes(vapi) == [("PATCH", {"server": {**server, "headers": {"x-key": HEADER}}})]


def test_an_import_names_what_is_never_read_back(project: YamlProject, vapi: Emulator) -> None:
    up(project)
    [trunk] = vapi.credentials()
    made = vapi.add_number(number="+14155550199", credentialId=trunk["id"], serverUrl="https://example.com/old")
    said = project.cli("import", "vapi-byo:index:ByoPhoneNumber", "old", made["id"], "--yes", "--skip-preview")
    assert (
        "Vapi does not reveal whether its serverUrl has a secret; if it has one, it stays unless you add serverUrlSecret"
        in said
    )
    other = vapi.add_credential(
        gateways=[{"ip": "203.0.113.20"}], outboundAuthenticationPlan={"authUsername": "u", "authPassword": "p"}
    )
    said = project.cli("import", "vapi-byo:index:ByoSipTrunkCredential", "other", other["id"], "--yes", "--skip-preview")
    assert "Vapi never returns a password; the current one stays, but add authPassword to the program" in said


def test_an_id_that_does_not_exist_is_a_sentence(project: YamlProject) -> None:
    missing = "00000000-0000-4000-8000-000000000000"
    project.declare({"one": {"type": "vapi-byo:ByoPhoneNumber", "get": {"id": missing}}})
    run = project.preview()
    assert run.failed
    assert f"cannot read BYO phone number with id {missing}: it does not exist in this organisation" in run.said


# ------------------------------------------------------------------------------------------------------ between the doors

_DYNAMIC = f"""
    config = pulumi.Config()
    trunk = vapi.ByoSipTrunkCredential(
        "trunk",
        name="Carrier",
        gateways=[{{"ip": "203.0.113.10"}}],
        outbound_authentication_plan={{"auth_username": "user", "auth_password": Output.secret("{PASSWORD}")}},
    )
    number = {{"credential_id": trunk.id, "assistant_id": "{ASSISTANT_ID}"}}
    server = {{"url": "https://example.com/calls", "headers": {{"x-key": Output.secret("{HEADER}")}}}}
    vapi.ByoPhoneNumber("desk", number="+14155552671", name="Desk", server=server, **number)
    vapi.ByoPhoneNumberPool("pool", rows=[{{"number": "+14155552672"}}, {{"number": "+14155552673"}}], defaults=number)
"""
_POOL = "vapi:index:ByoPhoneNumberPool"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Return a folder with the SDK for Python."""
    generate_sdks(tmp_path / "sdks")
    install_python_sdk(tmp_path / "sdks" / "python", tmp_path / "packages")
    return tmp_path / "packages"


def test_a_stack_moves_to_the_plugin_and_back_without_a_request_and_without_a_change(
    start: Start, vapi: Emulator, packages: Path
) -> None:
    project = start(environment={"PYTHONPATH": str(packages)})
    project.program(_DYNAMIC)
    assert up(project).changes == {"create": 3}
    by_dynamic, plugins = project.resources(), yaml.safe_dump({"name": "numbers", "runtime": "python", **_PLUGINS})
    vapi.clear_requests()

    # The changed import, and each number of the pool, under its former component.
    (project.folder / "Pulumi.yaml").write_text(plugins)
    moved = _DYNAMIC.replace(
        'vapi.ByoPhoneNumberPool("pool", rows=[{"number": "+14155552672"}, {"number": "+14155552673"}], defaults=number)',
        f'''pool = pulumi.ComponentResource("{_POOL}", "pool")
    for digits in ("+14155552672", "+14155552673"):
        vapi.ByoPhoneNumber("pool-" + digits, number=digits, opts=ResourceOptions(parent=pool), **number)''',
    )
    assert moved != _DYNAMIC
    project.program(moved, imports="import pulumi_vapi_byo_sdk as vapi")
    assert unchanged(project)
    by_plugin = project.resources()
    assert {one["type"] for one in by_plugin} == {"vapi-byo:index:ByoPhoneNumber"}
    assert ids_of(by_plugin) == ids_of(by_dynamic)

    project.program(_DYNAMIC)
    assert unchanged(project)
    assert writes(vapi) == []
    project.refresh()
    assert unchanged(project)

    # The plugin's state names no Python class: moving back writes it, and sends nothing.
    project.program(moved.replace('name="Desk"', 'name="Reception"'), imports="import pulumi_vapi_byo_sdk as vapi")
    assert up(project).changes == {"update": 1, "same": 2}
    vapi.clear_requests()
    project.program(_DYNAMIC.replace('name="Desk"', 'name="Reception"'))
    assert up(project).changes == {"update": 1, "same": 2}
    assert writes(vapi) == []
    assert unchanged(project)
    assert not [secret for secret in SECRETS if secret in project.state()]


def unchanged(project: Project) -> bool:
    """Return whether a preview and an update show no change of any resource."""
    runs = project.preview(), up(project)
    return all(run.changes == {"same": 3} for run in runs) and all("to update" not in run.said for run in runs)


def ids_of(resources: list[dict[str, Any]]) -> dict[str, str]:
    return {one["inputs"]["number"]: one["id"] for one in resources}


def test_a_stack_of_the_dynamic_provider_goes_on_in_yaml(start: Start, vapi: Emulator) -> None:
    dynamic = start()
    dynamic.program(_DYNAMIC.partition("    vapi.ByoPhoneNumberPool")[0])
    assert up(dynamic).changes == {"create": 1}
    vapi.clear_requests()
    project = YamlProject(dynamic.folder, dynamic.sdk, vapi, Path(dynamic.environment["PULUMI_HOME"]))
    project.declare()
    for run in (project.preview(), up(project)):
        assert run.changes == {"same": 1}
    assert writes(vapi) == []


# ------------------------------------------------------------------------------------------------------- what is shown


def test_secrets_are_in_no_state_and_in_no_output(project: YamlProject, vapi: Emulator) -> None:
    digits = "+14155559876"
    desk = with_properties(DESK, number={"fn::secret": digits})
    project.declare({"trunk": TRUNK, "desk": desk}, outputs={"uri": "${desk.sipUri}"})
    project.preview()
    up(project)
    vapi.edit_number(
        vapi.numbers()[0]["id"], server={"url": "https://example.com/x", "headers": {"added": "canary-added-5522"}}
    )
    project.refresh()
    project.preview()
    seen = project.state() + project.said
    assert not [secret for secret in (*SECRETS, digits, "canary-added-5522", "canary-api-key") if secret in seen]
    assert project.outputs["uri"].startswith(digits)


def test_a_preview_knows_what_an_update_leaves(project: YamlProject) -> None:
    outputs = {"uri": "${desk.sipUri}", "org": "${desk.orgId}", "name": "${desk.name}"}
    project.declare(outputs=outputs)
    up(project)
    project.declare({"trunk": TRUNK, "desk": with_properties(DESK, name="Reception")}, outputs=outputs)
    said = project.preview().said
    assert said.partition("--outputs:--")[2].split("Resources:")[0].strip() == '~ name: "Desk" => "Reception"'


def test_a_change_inside_an_object_is_shown_where_it_is(project: YamlProject, vapi: Emulator) -> None:
    up(project)
    server = {"url": "https://example.com/calls", "headers": {"x-key": "canary-other-1188"}, "timeoutSeconds": 9}
    project.declare({"trunk": TRUNK, "desk": with_properties(DESK, name=None, server=server)})
    said = project.preview().said
    diff = said[said.index("~ vapi-byo:index:ByoPhoneNumber") : said.index("Resources:")]
    assert "assistantId" not in diff
    assert '- name  : "Desk"' in diff
    assert "+ timeoutSeconds: 9" in diff
    assert "canary" not in diff
    up(project)
    assert [body for method, body in writes(vapi) if method == "PATCH"] == [{"name": None, "server": server}]


def test_wrong_inputs_are_sentences_in_the_schema_s_names(project: YamlProject, vapi: Emulator) -> None:
    project.declare(
        {
            "desk": {
                "type": "vapi-byo:ByoPhoneNumber",
                "properties": {
                    "number": "0612345678",
                    "credentialId": "",
                    "serverUrlSecret": "canary\nsecret",
                    "server": {"url": "https://example.com", "timeoutSeconds": 0},
                },
            }
        }
    )
    run = project.preview()
    assert run.failed
    for sentence in (
        "the country code is missing",
        "property credentialId value {} has a problem: must not be empty: it is required",
        "cannot be combined with server",
        "server.timeoutSeconds",
    ):
        assert sentence in run.said
    assert not re.search(r"\b[a-z]+_[a-z_]+\b", run.said.replace("pulumi_", ""))
    assert "canary" not in run.said
    assert vapi.requests == []


# -------------------------------------------------------------------------------------------------------------- settings


def test_a_wrong_setting_is_a_sentence_at_preview_and_a_misspelt_one_is_warned_of(project: YamlProject, vapi: Emulator) -> None:
    project.configure("vapi-byo:onOmited", "clear")
    run = project.preview()
    assert "vapi-byo:onOmited is not a setting and has no effect: set vapi-byo:onOmitted" in run.said
    assert not run.failed
    project.configure("vapi-byo:onConflict", "win")
    run = project.preview()
    assert "vapi-byo:onConflict is 'win': set it to error or overwrite or unchecked" in run.said
    assert run.failed
    assert vapi.requests == []


def test_a_provider_of_the_program_s_own_has_its_settings_and_a_changed_key_replaces_nothing(
    project: YamlProject, vapi: Emulator, serve: Callable[..., Emulator]
) -> None:
    own = {"type": "pulumi:providers:vapi-byo", "properties": {"apiKey": "canary-api-key-91d4e7", "baseUrl": vapi.base_url}}
    options = {"options": {"provider": "${own}"}}
    resources = {"own": own, "trunk": {**TRUNK, **options}, "desk": {**DESK, **options}}
    project.declare(resources)
    assert up(project).changes == {"create": 1}
    changed = with_properties(own, onConflict="overwrite", timeout=20)
    project.declare({**resources, "own": changed})
    assert up(project).changes == {"same": 1}
    project.declare({**resources, "own": with_properties(own, onConflict="win")})
    run = project.preview()
    assert run.failed
    assert "onConflict of the provider 'own' is 'win': set it to error or overwrite or unchecked" in run.said
    assert "canary" not in project.state() + project.said


def test_a_number_that_is_to_be_replaced_says_that_the_old_one_goes_first(project: YamlProject, vapi: Emulator) -> None:
    up(project)
    [old] = vapi.numbers()
    urn = project.resources()[0]["urn"]
    replace = ("up", "--yes", "--skip-preview", "--target-replace", urn, "--stack", "test")
    status, said = workbench.run(project.folder, project.environment, *replace)
    assert status != 0
    assert "if it is to be replaced by a new one, deleteBeforeReplace: true" in said
    assert [one["id"] for one in vapi.numbers()] == [old["id"]]
    project.declare({"trunk": TRUNK, "desk": {**DESK, "options": {"deleteBeforeReplace": True}}})
    status, said = workbench.run(project.folder, project.environment, *replace)
    assert status == 0, said
    [new] = vapi.numbers()
    assert new["id"] != old["id"]
    up(project)


# ----------------------------------------------------------------------------------------------------------------- faults


def test_a_custom_timeout_ends_a_create_and_says_so(project: YamlProject, vapi: Emulator) -> None:
    project.configure("vapi-byo:maxRetries", "20")
    project.declare({"trunk": {**TRUNK, "options": {"customTimeouts": {"create": "2s"}}}})
    for _ in range(30):
        vapi.inject(Fault("status", method="GET", status=503))
    began = time.monotonic()
    run = project.up()
    assert run.failed
    assert time.monotonic() - began < 20
    assert "503" in run.said
    assert vapi.credentials() == []


def test_a_plugin_ends_with_its_engine(project: YamlProject, vapi: Emulator) -> None:
    vapi.inject(Fault("slow", method="POST", delay_s=30))
    with workbench.start(project.folder, project.environment, "up", "--yes", "--skip-preview", "--stack", "test") as process:
        deadline = time.monotonic() + 30
        while not any(one.method == "POST" for one in vapi.requests):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        started = children(process.pid)
        plugins = [pid for pid, command in started if "pulumi_vapi_byo.plugin" in command]
        assert plugins
        process.kill()
        while any(is_alive(pid) for pid in plugins):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for pid, _ in started:  # a language host may live on
            if is_alive(pid):
                os.kill(pid, signal.SIGTERM)


def test_a_plugin_that_was_started_by_hand_serves_one_command_after_the_other(project: YamlProject, vapi: Emulator) -> None:
    plugin = ROOT / "plugin" / "pulumi-resource-vapi-byo"
    with subprocess.Popen([plugin], stdout=subprocess.PIPE, text=True, env=project.environment) as process:
        assert process.stdout is not None
        env = {**project.environment, "PULUMI_DEBUG_PROVIDERS": f"vapi-byo:{process.stdout.readline().strip()}"}
        for command in (("preview",), ("up", "--yes"), ("destroy", "--yes")):
            status, said = workbench.run(project.folder, env, *command, "--stack", "test")
            assert status == 0, said
        assert [method for method, _ in writes(vapi)].count("POST") == 2
        assert process.poll() is None
        process.terminate()


def children(pid: int) -> list[tuple[int, str]]:
    """Return the child processes of a process, with their commands."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
    return [(int(own), command) for own, parent, command in rows if int(parent) == pid]


def is_alive(pid: int) -> bool:
    """Return whether a process runs and is not a zombie."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


# ---------------------------------------------------------------------------------------------------------------- look-ups


def test_numbers_are_looked_up_without_owning_them(project: YamlProject, vapi: Emulator) -> None:
    up(project)
    [trunk] = vapi.credentials()
    by_hand = vapi.add_number(number="+14155550199", credentialId=trunk["id"], name="By hand")
    invoke = {"fn::invoke": {"function": "vapi-byo:getPhoneNumbers", "arguments": {"name": "By hand"}}}
    one = {"fn::invoke": {"function": "vapi-byo:getPhoneNumber", "arguments": {"number": "1 (415) 555-0199"}}}
    by_id = {"fn::invoke": {"function": "vapi-byo:getPhoneNumber", "arguments": {"id": by_hand["id"]}}}
    project.declare(
        variables={"found": invoke, "one": one, "byId": by_id},
        outputs={"found": "${found.numbers}", "uri": "${one.sipUri}", "name": "${byId.name}"},
    )
    up(project)
    assert project.outputs["name"] == "By hand"
    assert [found["id"] for found in project.outputs["found"]] == [by_hand["id"]]
    assert project.outputs["uri"] == f"+14155550199@{trunk['id']}.sip.vapi.ai"
    one["fn::invoke"]["arguments"] = {"number": "+14155550000"}
    project.declare(variables={"one": one}, outputs={"uri": "${one.sipUri}"})
    assert "cannot look up phone numbers: the account has no number '+14155550000'" in project.preview().said


def test_the_command_line_knows_the_plugin_s_resources(project: YamlProject, vapi: Emulator) -> None:
    up(project)
    project.declare({"trunk": TRUNK, "desk": with_properties(DESK, name="Reception")})
    vapi_byo, env = str(Path(sys.executable).with_name("vapi-byo")), project.environment
    command = [vapi_byo, "import", "--json", "--stack", "test"]
    listed = subprocess.run(command, cwd=project.folder, env=env, capture_output=True, text=True, check=True).stdout
    assert '"desk"' in listed
    assert '"trunk"' in listed
    preview = project.cli("preview", "--json")
    command = [vapi_byo, "diff-report"]
    report = subprocess.run(command, cwd=project.folder, env=env, input=preview, capture_output=True, text=True, check=True)
    assert "will be renamed to `Reception` (was `Desk`)" in report.stdout


def test_the_engine_reads_the_schema(project: YamlProject) -> None:
    plugin = str(ROOT / "plugin" / "pulumi-resource-vapi-byo")
    status, text = workbench.run(project.folder, project.environment, "package", "get-schema", plugin)
    assert status == 0
    schema, read = json.loads((ROOT / "pulumi_vapi_byo" / "plugin" / "schema.json").read_text()), json.loads(text)
    assert {part: set(read[part]) for part in ("resources", "types", "functions")} == {
        part: set(schema[part]) for part in ("resources", "types", "functions")
    }
    status, text = workbench.run(project.folder, project.environment, "package", "info", plugin)
    assert (status, "ByoPhoneNumber: A phone number of your own SIP trunk or carrier, at Vapi." in text) == (0, True)
