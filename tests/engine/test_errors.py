"""Every error is one sentence, with the oldest SDK and the newest; the state stays as it was."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pulumi_vapi_byo.emulator import Emulator, Fault

from .conftest import Start
from .project import Project

pytestmark = pytest.mark.engine

BAD = """
vapi.ByoPhoneNumber(
    "bad",
    credential_id=7,
    number="(415) 555-2671",
    name="n" * 41,
    assistant_id=[],
    squad_id=False,
    workflow_id=True,
    server_url="example.com",
    server_url_secret=["canary"],
    deletion_protection="no",
    server={
        "url": "ftp://example.com",
        "timeout_seconds": 301,
        "headers": {"x": 1},
        "credential_id": 3,
        "backoff_plan": {"type": "linear", "max_retries": 11},
        "static_ip_addresses_enabled": "yes",
        "sercet": "canary",
    },
    hooks=[
        {"on": "call.started"},
        {"on": "call.ringing", "do": [{"type": "say"}]},
    ],
    fallback_destination=vapi.TransferDestinationNumberArgs(number="555", transfer_plan={"timeout": 0}),
)
"""
TWENTY_AND_MORE = [
    "property credentialId value {7} has a problem: must be a string",
    (
        "property number value {(415) 555-2671} has a problem: must be in E.164 (a plus, the country code and the number, digits only):"
        " the country code is missing"
    ),
    "has a problem: must have at most 40 characters, has 41",
    "property assistantId value {[]} has a problem: must be a string",
    "property squadId value {false} has a problem: must be a string",
    "property workflowId value {true} has a problem: must be a string",
    "property serverUrl value {example.com} has a problem: must be a whole URL such as https://example.com/vapi",
    "has a problem: server_url_secret must be a string",
    "property deletionProtection value {no} has a problem: must be True or False",
    "has a problem: server.url must be a whole URL",
    "has a problem: server.timeout_seconds must be a number from 1 to 300 (it is 301",
    "has a problem: server.headers.x must be a string",
    "has a problem: server.credential_id must be a string",
    "has a problem: server.backoff_plan.type must be 'fixed' or 'exponential'",
    "has a problem: server.backoff_plan.max_retries must be a number from 0 to 10",
    "has a problem: server.backoff_plan.base_delay_seconds is required",
    "has a problem: server.static_ip_addresses_enabled must be True or False",
    "has a problem: server.sercet is not a property of server",
    "has a problem: hooks[0] must be an object with on 'call.ringing' or 'call.ending'",
    "has a problem: hooks[1].do[0].exact is required",
    "has a problem: fallback_destination.number must be in E.164",
    "has a problem: fallback_destination.transfer_plan.mode is required",
    "has a problem: fallback_destination.transfer_plan.timeout must be a number from 1 to 600",
    "property serverUrl value {example.com} has a problem: cannot be combined with server",
    "has a problem: cannot be combined with server",
]


def test_more_than_twenty_bad_inputs_are_each_refused_by_name_at_preview_without_a_request(
    project: Project, vapi: Emulator
) -> None:
    project.program(BAD)
    preview = project.preview()

    assert preview.failed
    for sentence in TWENTY_AND_MORE:
        matching = [error for error in preview.errors if sentence in error]
        assert len(matching) == 1, (sentence, preview.errors)
        assert "resource 'bad'" in matching[0]
    assert len(preview.errors) == len(TWENTY_AND_MORE) > 20
    assert "canary" not in preview.said
    assert vapi.requests == []


def test_an_error_of_the_api_is_one_sentence_and_the_state_stays(project: Project, vapi: Emulator) -> None:
    prefix = f"error: {project.sdk.error_prefix}"
    project.program('vapi.ByoPhoneNumber("desk", **DESK, name="a")')
    vapi.inject(Fault("status", method="POST", status=400, message=["name is too rude", "number is too long"]))
    up = project.up()
    assert up.failed
    assert up.errors == [
        (
            f"{prefix}cannot create BYO phone number '+14155552671': Vapi answered 400: name is too rude; number is too long "
            "(POST /phone-number)"
        )
    ]
    assert project.resources() == []

    project.up()
    (resource,) = project.resources()
    path = f"/phone-number/{resource['id']}"
    project.program('vapi.ByoPhoneNumber("desk", **DESK, name="b")')
    vapi.inject(Fault("status", method="PATCH", status=500, message="Internal Server Error"))
    up = project.up()
    assert up.failed
    assert up.errors == [
        (
            f"{prefix}cannot update BYO phone number '+14155552671': Vapi answered 500: Internal Server Error (PATCH {path}); "
            "this is a fault on Vapi's side: try again later"
        )
    ]

    vapi.inject(Fault("html", method="GET", status=404))
    refresh = project.refresh()
    assert refresh.failed
    (error,) = refresh.errors
    assert error.startswith(
        f"{prefix}cannot read BYO phone number '+14155552671': something between here and Vapi answered 404"
    )

    vapi.inject(Fault("status", method="DELETE", status=401, message="Invalid Key."))
    destroy = project.destroy()
    assert destroy.failed
    assert destroy.errors == [
        (
            f"{prefix}cannot delete BYO phone number '+14155552671': Vapi answered 401: Invalid Key. (DELETE {path}); "
            "check vapi-byo:apiKey and vapi-byo:region: the key must be the private key of the organisation, in its region; "
            "refresh and destroy take the key and the other settings from the last pulumi up: if they were changed since, run "
            "pulumi up first, without --refresh, or add --run-program"
        )
    ]
    (after,) = project.resources()
    assert {key: after[key] for key in ("id", "inputs", "outputs")} == {
        key: resource[key] for key in ("id", "inputs", "outputs")
    }


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (
            {"vapi-byo:baseUrl": "http://example.com"},
            "vapi-byo:baseUrl (or VAPI_BASE_URL) would send the API key to example.com unencryp",
        ),
        (
            {"vapi-byo:region": "mars"},
            "vapi-byo:region is 'mars': set it to us or eu with pulumi config set vapi-byo:region us",
        ),
    ],
)
def test_a_wrong_setting_is_one_sentence_at_preview(start: Start, vapi: Emulator, config: Any, sentence: str) -> None:
    project = start(config=config)
    project.program('vapi.ByoPhoneNumber("desk", **DESK)')
    preview = project.preview()

    assert preview.failed
    (error,) = preview.errors
    assert re.search(re.escape(f"resource 'desk' has a problem: {sentence}"), error)
    assert vapi.requests == []


def test_a_missing_key_is_one_sentence_before_any_request(start: Start, vapi: Emulator) -> None:
    project = start(config={"vapi-byo:apiKey": None})
    project.program('vapi.ByoPhoneNumber("desk", **DESK)')
    up = project.up()

    assert up.failed
    assert up.errors == [
        (
            f"error: {project.sdk.error_prefix}no API key: set the private key of your Vapi organisation with "
            "pulumi config set --secret vapi-byo:apiKey, or in the environment variable VAPI_API_KEY"
        )
    ]
    assert vapi.requests == []


def test_a_warning_names_the_number(project: Project) -> None:
    project.program('vapi.ByoPhoneNumber("desk", credential_id=DESK["credential_id"], number="+19995552671")')
    preview = project.preview()

    assert not preview.failed
    assert "warning: BYO phone number '+19995552671': number '+19995552671' has a possible length" in preview.said
    assert "warning: BYO phone number '+19995552671': nothing in the program answers calls to this number" in preview.said
