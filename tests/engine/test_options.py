"""Pulumi's own options and commands, where a provider can get them wrong."""

from __future__ import annotations

import pytest

from pulumi_vapi_byo.emulator import Emulator
from tests.unit.samples import ASSISTANT_ID, SQUAD_ID

from .conftest import Start
from .project import API_KEY, Project
from .test_life import changes

pytestmark = pytest.mark.engine

DESK = 'desk = vapi.ByoPhoneNumber("desk", **DESK, name="a")\npulumi.export("id", desk.id)\n'


def methods(vapi: Emulator) -> list[str]:
    return [method for method, _ in changes(vapi)]


def made(project: Project, program: str = DESK) -> str:
    """Run a program and return the URN of its only number."""
    project.program(program)
    assert not project.up().failed
    project.vapi.clear_requests()
    (resource,) = project.resources()
    return str(resource["urn"])


@pytest.mark.parametrize("way", ["target-replace", "taint", "replace_on_changes"])
def test_a_replacement_that_the_user_forces_deletes_first(project: Project, vapi: Emulator, way: str) -> None:
    urn = made(project)
    (old,) = vapi.numbers()
    if way == "target-replace":
        project.up(replace=[urn])
    elif way == "taint":
        project.cli("state", "taint", urn, "--yes")
        project.up()
    else:
        project.program('vapi.ByoPhoneNumber("desk", **DESK, name="b", opts=ResourceOptions(replace_on_changes=["name"]))')
        project.up()
    (new,) = vapi.numbers()

    assert methods(vapi) == ["DELETE", "POST"]
    assert new["id"] != old["id"]
    assert [resource["id"] for resource in project.resources()] == [new["id"]]


def test_ignore_changes_takes_the_names_of_the_arguments(project: Project, vapi: Emulator) -> None:
    made(project)
    project.program(f'''
        vapi.ByoPhoneNumber("desk", **{{**DESK, "assistant_id": "{SQUAD_ID}"}}, name="b",
                            opts=ResourceOptions(ignore_changes=["assistant_id"]))
    ''')
    project.up()

    assert changes(vapi) == [("PATCH", {"name": "b"})]
    assert vapi.numbers()[0]["assistantId"] == ASSISTANT_ID


def test_a_preview_with_refresh_shows_the_way_back_and_changes_nothing(project: Project, vapi: Emulator) -> None:
    made(project)
    vapi.edit_number(vapi.numbers()[0]["id"], name="edited")
    preview = project.preview(refresh=True)

    assert '~ name: "edited" => "a"' in preview.said
    assert methods(vapi) == []
    assert project.resources()[0]["outputs"]["name"] == "a"

    project.up(refresh=True)
    assert changes(vapi) == [("PATCH", {"name": "a"})]


def test_a_renamed_resource_with_an_alias_is_the_same_number(project: Project, vapi: Emulator) -> None:
    made(project)
    project.program('vapi.ByoPhoneNumber("front", **DESK, name="a", opts=ResourceOptions(aliases=[pulumi.Alias(name="desk")]))')

    assert project.up().changes == {"same": 1}
    assert vapi.requests == []


def test_a_renamed_resource_without_an_alias_never_loses_the_number(project: Project, vapi: Emulator) -> None:
    made(project)
    (number,) = vapi.numbers()
    project.program('vapi.ByoPhoneNumber("front", **DESK, name="a")')
    up = project.up()

    assert up.failed
    assert "give it opts=ResourceOptions(aliases=[Alias(name='its old name')])" in up.errors[0]
    assert vapi.numbers() == [number]

    project.configure("vapi-byo:onExisting", "adopt")
    assert not project.up().failed
    assert methods(vapi) == []
    assert vapi.numbers() == [number]
    assert [resource["id"] for resource in project.resources()] == [number["id"]]


@pytest.mark.parametrize("run_program", [False, True])
def test_destroy_with_or_without_the_program_deletes(project: Project, vapi: Emulator, run_program: bool) -> None:
    made(project)
    project.destroy(run_program=run_program, refresh=True)

    assert vapi.numbers() == []
    assert project.resources() == []


def test_a_number_taken_out_of_the_program_is_deleted_and_the_others_stay(project: Project, vapi: Emulator) -> None:
    project.program("""
        for i in range(3):
            vapi.ByoPhoneNumber(f"n{i}", **{**DESK, "number": f"+1415555267{i}"})
    """)
    project.up()
    project.program("""
        for i in (0, 2):
            vapi.ByoPhoneNumber(f"n{i}", **{**DESK, "number": f"+1415555267{i}"})
    """)
    vapi.clear_requests()
    # Without --skip-preview, as on a terminal.
    project.cli("up", "--yes", "--non-interactive")

    assert methods(vapi) == ["DELETE"]
    assert {number["number"] for number in vapi.numbers()} == {"+14155552670", "+14155552672"}


def test_deletion_protection_refuses_destroy_until_it_is_lifted(project: Project, vapi: Emulator) -> None:
    made(project, 'vapi.ByoPhoneNumber("desk", **DESK, deletion_protection=True)')
    destroy = project.destroy()

    assert destroy.failed
    assert "it has deletion_protection; to delete it, set deletion_protection=False, run pulumi up" in destroy.errors[0]
    assert len(vapi.numbers()) == 1

    project.program('vapi.ByoPhoneNumber("desk", **DESK, deletion_protection=False)')
    assert project.up().changes == {"update": 1}
    assert methods(vapi) == []
    assert not project.destroy().failed
    assert vapi.numbers() == []


def test_get_reads_a_number_that_exists_and_one_that_does_not_is_an_error(project: Project, vapi: Emulator) -> None:
    number = vapi.add_number(number="+14155552671", name="made in the dashboard")
    program = """
        seen = vapi.ByoPhoneNumber.get("seen", "{id}")
        pulumi.export("seen", {{"number": seen.number, "name": seen.name, "sip_uri": seen.sip_uri, "id": seen.id}})
    """
    project.program(program.format(id=number["id"]))
    project.up()

    assert project.outputs == {
        "seen": {
            "number": "+14155552671",
            "name": "made in the dashboard",
            "sip_uri": f"+14155552671@{number['credentialId']}.sip.vapi.ai",
            "id": number["id"],
        }
    }
    assert not project.destroy().failed
    assert vapi.numbers() == [number]
    assert methods(vapi) == []

    project.program(program.format(id=SQUAD_ID))
    up = project.up()
    assert up.failed
    assert (
        f"error: VapiError: cannot read BYO phone number with id {SQUAD_ID}: it does not exist in this organisation; "
        "check the id, vapi-byo:apiKey and vapi-byo:region"
    ) in up.errors


def test_import_takes_over_a_number_as_it_is(project: Project, vapi: Emulator) -> None:
    number = vapi.add_number(
        number="+14155552671", name="a", assistantId=ASSISTANT_ID, credentialId="1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10"
    )
    program = f'vapi.ByoPhoneNumber("desk", **DESK, name="a", opts=ResourceOptions(import_="{number["id"]}"))'
    made(project, program)

    assert vapi.numbers() == [number]
    assert project.resources()[0]["id"] == number["id"]
    assert project.up().changes == {"same": 1}
    project.program('vapi.ByoPhoneNumber("desk", **DESK, name="b")')
    project.up()
    assert changes(vapi) == [("PATCH", {"name": "b"})]


def test_an_explicit_provider_has_its_own_key_and_address(start: Start, vapi: Emulator) -> None:
    project = start(
        config={"vapi-byo:apiKey": None, "vapi-byo:baseUrl": "http://127.0.0.1:1", "account": API_KEY, "url": vapi.base_url}
    )
    project.program("""
        config = pulumi.Config()
        settings = {"vapi-byo:apiKey": Output.secret(config.require("account")), "vapi-byo:baseUrl": config.require("url")}
        other = pulumi.ProviderResource("pulumi-python", "other", settings)
        vapi.ByoPhoneNumber("desk", **DESK, opts=ResourceOptions(provider=other))
    """)

    assert project.up().changes == {"create": 1}
    assert len(vapi.numbers()) == 1
    assert API_KEY not in project.state()
    assert not project.destroy().failed
    assert vapi.numbers() == []
