"""Trunk and numbers in one program, on the real engine."""

from __future__ import annotations

import pytest

from pulumi_vapi_byo import BYO_SIP_TRUNK_CREDENTIAL_TYPE
from pulumi_vapi_byo.emulator import Emulator

from .project import Project

pytestmark = pytest.mark.engine

PASSWORD = "canary-trunk-password"
PROGRAM = """
    config = pulumi.Config("trunk")
    trunk = vapi.ByoSipTrunkCredential(
        "trunk",
        name="Carrier",
        gateways=[vapi.SipTrunkGatewayArgs(ip=config.get("ip") or "203.0.113.10")],
        outbound_authentication_plan=vapi.SipTrunkOutboundAuthenticationPlanArgs(
            auth_username="u", auth_password="canary-trunk-password"
        ),
    )
    for digits in ("+14155552671", "+14155552672"):
        number = vapi.ByoPhoneNumber(f"number-{digits[1:]}", credential_id=trunk.id, number=digits, assistant_id=DESK["assistant_id"])
        pulumi.export(digits, number.sip_uri)
"""


def changes(vapi: Emulator) -> list[tuple[str, str]]:
    return [(request.method, request.path.split("/")[1]) for request in vapi.requests if request.method != "GET"]


def test_one_up_makes_the_trunk_and_its_numbers_and_one_destroy_deletes_the_numbers_first(
    project: Project, vapi: Emulator
) -> None:
    project.program(PROGRAM)
    assert project.up().failed is False

    (trunk,) = vapi.credentials()
    assert {number["credentialId"] for number in vapi.numbers()} == {trunk["id"]}
    assert project.outputs["+14155552671"] == f"+14155552671@{trunk['id']}.sip.vapi.ai"
    assert changes(vapi) == [("POST", "credential"), ("POST", "phone-number"), ("POST", "phone-number")]

    vapi.clear_requests()
    project.up(expect_no_changes=True, refresh=True)
    assert changes(vapi) == []

    assert PASSWORD not in project.state() + project.said
    assert project.destroy().failed is False
    assert changes(vapi) == [("DELETE", "phone-number"), ("DELETE", "phone-number"), ("DELETE", "credential")]
    assert (vapi.numbers(), vapi.credentials()) == ([], [])
    assert PASSWORD not in project.said


def test_a_changed_gateway_is_one_patch_and_the_numbers_stay(project: Project, vapi: Emulator) -> None:
    project.program(PROGRAM)
    project.up()
    ids = {number["id"] for number in vapi.numbers()}
    vapi.clear_requests()

    project.configure("trunk:ip", "203.0.113.11")
    preview = project.preview()
    assert 'ip: "203.0.113.10" => "203.0.113.11"' in preview.said
    assert vapi.requests == []
    assert project.up().failed is False
    assert changes(vapi) == [("PATCH", "credential")]
    assert {number["id"] for number in vapi.numbers()} == ids
    (trunk,) = vapi.credentials()
    assert trunk["gateways"] == [{"ip": "203.0.113.11"}]


def test_an_inbound_gateway_with_a_host_name_is_found_at_preview(project: Project, vapi: Emulator) -> None:
    project.program(PROGRAM)
    project.configure("trunk:ip", "sip.example.com")
    preview = project.preview()
    assert preview.failed
    assert "gateways[0].ip must be an IPv4 address if inbound calls are enabled" in preview.said
    assert vapi.requests == []


def test_a_forced_replacement_of_the_trunk_makes_the_new_one_first_and_moves_the_numbers(
    project: Project, vapi: Emulator
) -> None:
    project.program(PROGRAM)
    project.up()
    [urn] = [trunk["urn"] for trunk in project.resources(BYO_SIP_TRUNK_CREDENTIAL_TYPE)]
    vapi.clear_requests()

    project.configure("vapi-byo:onExisting", "allow")  # for a while there are two trunks alike
    assert project.up(replace=[urn]).failed is False
    assert changes(vapi) == [
        ("POST", "credential"),
        ("PATCH", "phone-number"),
        ("PATCH", "phone-number"),
        ("DELETE", "credential"),
    ]
    (trunk,) = vapi.credentials()
    assert {number["credentialId"] for number in vapi.numbers()} == {trunk["id"]}
