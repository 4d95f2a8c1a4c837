"""Look-ups in a program, on the real engine: with the stack's secret key, in a preview too, without managing the numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.samples import CREDENTIAL_ID

from .project import Project

pytestmark = pytest.mark.engine

PROGRAM = """
found = vapi.get_phone_numbers(name="Shared line")
pulumi.export("found", {one.number: one.id for one in found})
waited = vapi.get_phone_numbers_output(number=pulumi.Output.from_input("+1 415 555 0100"))
pulumi.export("waited", waited.apply(lambda found: [one.id for one in found]))
"""


def test_a_program_reads_numbers_with_the_stacks_key_and_owns_none(project: Project) -> None:
    shared = project.vapi.add_number(credentialId=CREDENTIAL_ID, number="+14155550100", name="Shared line")
    project.vapi.add_number(credentialId=CREDENTIAL_ID, number="+14155550101", name="Another")
    project.program(PROGRAM)
    preview = project.preview()
    assert preview.changes == {}
    assert f'+14155550100: "{shared["id"]}"' in preview.said
    assert "waited: [" in preview.said
    assert preview.said.count(shared["id"]) == 2
    assert not project.up().failed
    assert project.outputs == {"found": {"+14155550100": shared["id"]}, "waited": [shared["id"]]}
    project.destroy()
    assert len(project.vapi.numbers()) == 2
    assert {request.method for request in project.vapi.requests} == {"GET"}


def test_without_a_key_the_preview_says_so_in_one_sentence(start: Callable[..., Project]) -> None:
    project = start(config={"vapi-byo:apiKey": None})
    project.program(PROGRAM)
    error, unhandled = project.preview().errors
    assert error.startswith("error: cannot look up phone numbers: no API key: set the private key")
    assert unhandled == "error: an unhandled error occurred: program exited with non-zero exit code: 1"


def test_what_is_wrong_with_a_look_up_that_waits_is_one_sentence(project: Project) -> None:
    project.program('vapi.get_phone_numbers_output(name=pulumi.Output.from_input("x"), region="eu")')
    said = project.preview().said
    assert "cannot look up phone numbers: base_url and region are for another account, so its api_key is needed too" in said
    assert "Traceback" not in said
