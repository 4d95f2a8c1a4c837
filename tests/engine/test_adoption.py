"""Adoption never destroys: whatever is renamed, repeated or interrupted, the number in the state still exists."""

from __future__ import annotations

import pytest

from pulumi_vapi_byo import BYO_PHONE_NUMBER_TYPE
from pulumi_vapi_byo.emulator import Emulator
from tests.unit.samples import CREDENTIAL_ID

from .conftest import Start
from .project import STACK, Project

pytestmark = pytest.mark.engine


def held(project: Project) -> dict[str, str]:
    """Return the numbers in the state: logical name to id."""
    return {resource["urn"].rsplit("::", 1)[1]: resource["id"] for resource in project.resources()}


def test_two_resources_that_name_one_number_are_refused_and_the_number_stays(project: Project, vapi: Emulator) -> None:
    project.configure("vapi-byo:onExisting", "adopt")
    project.program('vapi.ByoPhoneNumber("one", **DESK)')
    project.up()
    (number,) = vapi.numbers()

    project.program("""
        one = vapi.ByoPhoneNumber("one", **DESK)
        two = vapi.ByoPhoneNumber("two", **DESK, opts=ResourceOptions(depends_on=[one]))
    """)
    run = project.up()
    assert run.failed
    assert "another resource of this program already has it" in run.said
    assert vapi.numbers() == [number]
    assert held(project) == {"one": number["id"]}


@pytest.mark.parametrize("name", ["", 'name="New"'])
def test_a_number_that_a_new_resource_took_over_first_is_told_and_stays(project: Project, vapi: Emulator, name: str) -> None:
    project.configure("vapi-byo:onExisting", "adopt")
    project.program('vapi.ByoPhoneNumber("one", **DESK)')
    project.up()
    (number,) = vapi.numbers()

    project.program(f"""
        two = vapi.ByoPhoneNumber("two", **DESK)
        one = vapi.ByoPhoneNumber("one", **DESK, {name}{", " if name else ""}opts=ResourceOptions(depends_on=[two]))
    """)
    run = project.up()
    assert run.failed
    assert "a new resource of this program has taken it over; declare it once" in run.said

    project.program('vapi.ByoPhoneNumber("one", **DESK)')
    assert not project.up().failed
    assert held(project) == {"one": number["id"]}
    assert vapi.numbers() == [number]


def test_an_adoption_that_was_interrupted_before_the_old_resource_went_keeps_the_number(
    project: Project, vapi: Emulator
) -> None:
    project.configure("vapi-byo:onExisting", "adopt")
    project.program('vapi.ByoPhoneNumber("old", **DESK)')
    project.up()
    (number,) = vapi.numbers()

    # The new name has taken the number over, and the run ended before it reached the old name.
    project.program('vapi.ByoPhoneNumber("new", **DESK)')
    project.up(target=[f"urn:pulumi:{STACK}::numbers::{BYO_PHONE_NUMBER_TYPE}::new"])
    assert held(project) == {"old": number["id"], "new": number["id"]}

    run = project.up()
    assert f"(id {number['id']}) was not deleted: another resource of this program has it" in run.said
    assert held(project) == {"new": number["id"]}
    assert vapi.numbers() == [number]
    project.up(expect_no_changes=True)

    assert project.destroy().failed is False
    assert vapi.numbers() == []


def test_what_exists_is_brought_to_what_the_program_says_with_one_patch(project: Project, vapi: Emulator) -> None:
    number = vapi.add_number(number="+14155552671", credentialId=CREDENTIAL_ID, name="Found")
    project.configure("vapi-byo:onExisting", "adopt")
    project.program('vapi.ByoPhoneNumber("desk", name="Desk", **DESK)')
    vapi.clear_requests()
    run = project.up()
    assert "already exists" in run.said
    assert "is being taken over, with name, assistant_id changed to what the program says" in run.said
    writes = [(request.method, set(request.body or {})) for request in vapi.requests if request.method != "GET"]
    assert writes == [("PATCH", {"name", "assistantId"})]
    assert held(project) == {"desk": number["id"]}


def test_a_key_in_plain_text_and_settings_without_effect_are_warned_of(start: Start) -> None:
    project = start(config={"vapi-byo:apiKey": "plain-key", "vapi:region": "eu", "vapi-byo:onExisitng": "adopt"})
    project.program('vapi.ByoPhoneNumber("one", **DESK)\nvapi.ByoPhoneNumber("two", credential_id=DESK["credential_id"])')
    warning = "vapi-byo:apiKey is stored in plain text in the stack's configuration"
    said = project.preview().said
    assert warning in said
    assert "warning: vapi:region has no effect: the namespace vapi belongs to the public Terraform provider for Vapi" in said
    assert "warning: vapi-byo:onExisitng is not a setting and has no effect: set vapi-byo:onExisting" in said
    secret = start()
    secret.program('vapi.ByoPhoneNumber("one", **DESK)')
    assert warning not in secret.preview().said
