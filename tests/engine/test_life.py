"""The whole life of a number on the real engine, with the oldest SDK and the newest."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_vapi_byo.emulator import Emulator, Fault

from .conftest import Start
from .project import Project

pytestmark = pytest.mark.engine

DESK = """
desk = vapi.ByoPhoneNumber("desk", **DESK, name="{name}")
pulumi.export("id", desk.id)
"""


def changes(vapi: Emulator) -> list[tuple[str, Any]]:
    """Return the method and body of every request that is not a read."""
    return [(request.method, request.body) for request in vapi.requests if request.method != "GET"]


def test_a_preview_needs_neither_key_nor_network_and_sends_nothing(start: Start, vapi: Emulator) -> None:
    project = start(config={"vapi-byo:apiKey": None})
    project.program(DESK.format(name="a"))
    vapi.inject(Fault("refuse"))
    preview = project.preview()
    vapi.clear_faults()

    assert preview.changes == {"create": 1}
    assert "[unknown]" in preview.said
    assert preview.errors == []
    assert vapi.requests == []


def test_a_number_is_made_once_and_a_second_up_sends_nothing(either_project: Project, vapi: Emulator) -> None:
    project = either_project
    project.program(DESK.format(name="a"))

    assert project.up().changes == {"create": 1}
    (number,) = vapi.numbers()
    assert [method for method, _ in changes(vapi)] == ["POST"]
    assert project.outputs == {"id": number["id"]}

    vapi.clear_requests()
    assert project.up().changes == {"same": 1}
    assert vapi.requests == []


def test_a_rename_is_previewed_as_such_and_is_one_patch_of_one_field(project: Project, vapi: Emulator) -> None:
    project.program(DESK.format(name="a"))
    project.up()
    (made,) = vapi.numbers()
    vapi.clear_requests()
    project.program(DESK.format(name="b"))
    preview = project.preview()

    assert preview.changes == {"update": 1}
    assert '~ name: "a" => "b"' in preview.said
    assert "assistantId" not in preview.said
    assert vapi.requests == []

    assert project.up().changes == {"update": 1}
    assert changes(vapi) == [("PATCH", {"name": "b"})]
    assert project.outputs == {"id": made["id"]}

    vapi.clear_requests()
    project.program('vapi.ByoPhoneNumber("desk", **DESK)')
    preview = project.preview()
    assert '- name: "b"' in preview.said
    project.up()
    assert changes(vapi) == [("PATCH", {"name": None})]
    assert "name" not in vapi.numbers()[0]
    assert project.up().changes == {"same": 1}


def test_an_edit_in_the_dashboard_is_found_by_refresh_and_put_back_by_up(either_project: Project, vapi: Emulator) -> None:
    project = either_project
    project.program(DESK.format(name="a"))
    project.up()
    (made,) = vapi.numbers()
    vapi.edit_number(made["id"], name="edited")

    assert project.refresh().changes == {"update": 1}
    preview = project.preview()
    assert preview.changes == {"update": 1}
    assert '~ name: "edited" => "a"' in preview.said

    vapi.clear_requests()
    project.up()
    assert changes(vapi) == [("PATCH", {"name": "a"})]
    assert vapi.numbers()[0]["name"] == "a"


def test_a_number_deleted_elsewhere_is_made_again_and_one_already_gone_is_no_failure_of_destroy(
    project: Project, vapi: Emulator
) -> None:
    project.program(DESK.format(name="a"))
    project.up()
    (first,) = vapi.numbers()
    vapi.delete_number(first["id"])

    assert project.refresh().changes == {"delete": 1}
    assert project.resources() == []
    assert project.up().changes == {"create": 1}
    (second,) = vapi.numbers()
    assert second["id"] != first["id"]
    assert project.outputs == {"id": second["id"]}

    vapi.delete_number(second["id"])
    assert not project.destroy().failed
    assert project.resources() == []


def test_destroy_deletes(project: Project, vapi: Emulator) -> None:
    project.program(DESK.format(name="a"))
    project.up()
    vapi.clear_requests()

    assert project.destroy().changes == {"delete": 1}
    assert [method for method, _ in changes(vapi)] == ["DELETE"]
    assert vapi.numbers() == []
    assert project.resources() == []
