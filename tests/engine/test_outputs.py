"""Outputs, as other resources, other stacks and the user see them, and never a secret."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pulumi_vapi_byo.emulator import Emulator, Fault
from tests.sdks import ROOT
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID

from .conftest import Start
from .project import Project
from .test_life import changes

pytestmark = pytest.mark.engine


def test_outputs_feed_another_resource_and_are_unknown_in_a_preview(project: Project, vapi: Emulator) -> None:
    project.program("""
        first = vapi.ByoPhoneNumber("first", **DESK)
        second = vapi.ByoPhoneNumber("second", credential_id=first.credential_id, number="+14155552672",
                                     name=first.created_at, server={"url": Output.concat("https://example.com/", first.id)},
                                     fallback_destination={"type": "number", "number": first.number})
        pulumi.export("org", second.org_id)
        pulumi.export("uri", second.sip_uri)
    """)
    preview = project.preview()
    assert preview.changes == {"create": 2}
    assert "url: [unknown]" in preview.said or "url : [unknown]" in preview.said
    assert f'"+14155552672@{CREDENTIAL_ID}.sip.vapi.ai"' in preview.said
    assert vapi.requests == []

    project.up()
    second, first = vapi.numbers()
    assert second["server"] == {"url": f"https://example.com/{first['id']}"}
    assert second["name"] == first["createdAt"]
    assert second["fallbackDestination"] == {"type": "number", "number": "+14155552671"}
    assert project.outputs == {"org": second["orgId"], "uri": f"+14155552672@{CREDENTIAL_ID}.sip.vapi.ai"}
    assert project.preview().changes == {"same": 2}


def test_the_program_at_the_root_runs_and_another_stack_reads_its_addresses(
    start: Start, tmp_path: Path, vapi: Emulator
) -> None:
    for source, name in ((ROOT, "numbers"), (ROOT / "examples" / "stack-reference", "reader")):
        (tmp_path / name).mkdir()
        for file in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(source / file, tmp_path / name)
    rows = [{"number": "+14155552671", "name": "Desk"}, {"number": "+442079460018", "assistantId": ASSISTANT_ID}]
    numbers = start(folder=tmp_path / "numbers", config={"credentialId": CREDENTIAL_ID, "assistantId": ASSISTANT_ID})
    for i, row in enumerate(rows):
        for key, value in row.items():
            numbers.cli("config", "set", "--path", f"numbers[{i}].{key}", value, "--type", "string")

    up = numbers.up()
    assert up.changes == {"create": 2}, up.said
    assert numbers.outputs["ids"] == {number["number"]: number["id"] for number in vapi.numbers()}
    assert numbers.up().changes == {"same": 2}

    project = next(line.split()[1] for line in (ROOT / "Pulumi.yaml").read_text().splitlines() if line.startswith("name:"))
    reader = start(folder=tmp_path / "reader", config={"numbersStack": f"organization/{project}/test"})
    assert not reader.up().failed
    plan = reader.outputs["dial_plan"]
    for row in rows:
        assert f"{row['number']}@{CREDENTIAL_ID}.sip.vapi.ai" in plan

    assert not numbers.destroy().failed
    assert vapi.numbers() == []


def test_what_the_program_did_not_set_can_be_read_all_the_same(project: Project) -> None:
    project, vapi = project, project.vapi
    project.program("""
        desk = vapi.ByoPhoneNumber("desk", **DESK, server_url="https://example.com", server_url_secret="canary")
        for output in ("squad_id", "org_id", "created_at", "updated_at", "status", "server"):
            pulumi.export(output, getattr(desk, output))
        late = vapi.ByoPhoneNumber("late", **{**DESK, "number": "+14155552672"}, name=desk.status)
    """)
    preview = project.preview()
    assert re.search(r"org_id +: \[unknown\]", preview.said)
    assert project.up().changes == {"create": 2}

    def expected() -> dict[str, object]:
        (desk,) = (number for number in vapi.numbers() if number["number"] == "+14155552671")
        named = {"squad_id": "squadId", "org_id": "orgId", "created_at": "createdAt", "updated_at": "updatedAt"}
        return {name: desk.get(wire) for name, wire in {**named, "status": "status", "server": "server"}.items()}

    def exported() -> dict[str, object]:
        outputs = project.outputs
        return {name: outputs.get(name) for name in expected()}  # Pulumi leaves out outputs without a value

    assert exported() == expected()
    assert project.resources()[0]["outputs"].keys() >= {"orgId", "status"}
    (late,) = (number for number in vapi.numbers() if number["number"] == "+14155552672")
    assert late["name"] == "active"
    assert project.preview().changes == {"same": 2}

    desk = next(number for number in vapi.numbers() if number["number"] == "+14155552671")
    vapi.edit_number(desk["id"], squadId=ASSISTANT_ID)
    assert project.refresh().changes == {"same": 2}  # no change is planned for fields that the program does not set
    assert project.up().changes == {"same": 2}
    assert exported() == {**expected(), "squad_id": ASSISTANT_ID}
    assert "canary" not in project.said


def test_an_output_that_the_program_wants_secret_is_so_however_it_is_read(project: Project) -> None:
    project.program("""
        opts = ResourceOptions(additional_secret_outputs=["org_id", "name"])
        desk = vapi.ByoPhoneNumber("desk", **DESK, name="Desk", opts=opts)
        pulumi.export("org", desk.org_id)
        pulumi.export("name", desk.name)
        pulumi.export("status", desk.status)
    """)
    for _ in range(2):  # created, then unchanged
        assert not project.up().failed
        shown = project.cli("stack", "output", "--json")
        assert json.loads(shown) == {"org": "[secret]", "name": "[secret]", "status": "active"}


def test_what_was_not_set_is_unknown_where_a_refresh_leaves_it_out_or_an_update_fails(
    project: Project,
) -> None:
    program = """
        for name, number in (("desk", "+14155552671"), ("late", "+14155552672")):
            made = vapi.ByoPhoneNumber(name, **{{**DESK, "number": number}}, name="{name}")
            made.squad_id.apply(lambda squad, name=name: pulumi.log.info(f"{{name}} has {{squad}}"))
    """
    vapi = project.vapi
    project.program(program.format(name="a"))
    assert "desk has None" in project.up().said
    for number in vapi.numbers():
        vapi.edit_number(number["id"], squadId=ASSISTANT_ID)
    assert not project.refresh().failed
    urn = next(resource["urn"] for resource in project.resources() if resource["urn"].endswith("desk"))
    said = project.cli("refresh", "--run-program", "--yes", "--target", urn)
    assert f"desk has {ASSISTANT_ID}" in said
    assert "late has" not in said

    project.program(program.format(name="b"))
    vapi.inject(Fault("status", method="PATCH", status=500, times=9))
    run = project.up(continue_on_error=True)
    assert run.failed
    assert len(run.errors) == 2
    assert all("cannot update BYO phone number" in error for error in run.errors), run.errors
    assert f"has {ASSISTANT_ID}" not in run.said


def test_outputs_of_what_is_left_out_of_an_up_are_no_failure(project: Project, vapi: Emulator) -> None:
    project.program("""
        desk = vapi.ByoPhoneNumber("desk", **DESK)
        late = vapi.ByoPhoneNumber("late", **{**DESK, "number": "+14155552672"})
        pulumi.export("org", late.org_id)
        pulumi.export("squad", late.squad_id)
    """)
    run = project.up(target=["**desk"])
    assert not run.failed, run.said
    assert [number["number"] for number in vapi.numbers()] == ["+14155552671"]
    assert project.up().changes == {"same": 1, "create": 1}
    assert project.outputs["org"] == vapi.numbers()[0]["orgId"]


@pytest.mark.parametrize("reading", ["as serverUrl", "as server"])
def test_a_switch_from_server_url_to_server_is_one_patch_and_no_drift_afterwards(
    start: Start, serve: Callable[..., Emulator], reading: str
) -> None:
    vapi = serve(rules={"server-url": reading})
    project = start(vapi=vapi)
    project.program('vapi.ByoPhoneNumber("desk", **DESK, server_url="https://example.com", server_url_secret="canary")')
    project.up()
    assert project.refresh().changes == {"same": 1}
    assert project.up().changes == {"same": 1}

    vapi.clear_requests()
    project.program("""
        headers = {"x-vapi-secret": "canary"}
        vapi.ByoPhoneNumber("desk", **DESK, server=vapi.ServerArgs(url="https://example.com", headers=headers))
    """)
    assert project.up().changes == {"update": 1}
    assert [method for method, _ in changes(vapi)] == ["PATCH"]
    (number,) = vapi.numbers()
    assert number["server"] == {"url": "https://example.com", "headers": {"x-vapi-secret": "canary"}}
    assert "serverUrl" not in number

    assert project.refresh().changes == {"same": 1}
    assert project.up().changes == {"same": 1}
    assert "canary" not in project.said + project.state()


def test_what_was_not_set_is_known_to_be_unset_in_a_preview_without_changes(project: Project) -> None:
    project.program("""
        desk = vapi.ByoPhoneNumber("desk", **DESK)
        late = vapi.ByoPhoneNumber(
            "late", **{**DESK, "number": "+14155552672"}, workflow_id=desk.workflow_id, name=desk.squad_id.apply(lambda s: f"Of {s}")
        )
        pulumi.export("squad", desk.squad_id)
    """)
    assert project.up().changes == {"create": 2}
    preview = project.preview(expect_no_changes=True)
    assert preview.changes == {"same": 2}, preview.said
    assert "[unknown]" not in preview.said
