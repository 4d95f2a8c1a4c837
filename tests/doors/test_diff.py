"""What counts as a change, in the calls that the engine sends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pulumi_vapi_byo.emulator import Emulator
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID, EVERYTHING, SQUAD_ID, WORKFLOW_ID

from .host import PROVIDER_KEY, UNKNOWN, DiffAnswer, Provider, plain

INPUTS: dict[str, Any] = {
    "credentialId": CREDENTIAL_ID,
    "number": "+14155552671",
    "name": "Desk",
    "assistantId": ASSISTANT_ID,
    "server": {"url": "https://example.com", "timeoutSeconds": 20, "headers": {"x-a": "1"}},
    "hooks": [{"on": "call.ringing", "do": [{"type": "say", "exact": "Hello"}]}],
    "fallbackDestination": {"type": "number", "number": "+14155552672"},
}
NONE = DiffAnswer("none", [], delete_before_replace=True)
# "Don't know" lets the engine compare the inputs itself, so that it shows exactly the properties that differ.
DUE = DiffAnswer("unknown", [], delete_before_replace=True)


@pytest.fixture
def outputs(provider: Provider) -> dict[str, Any]:
    """Return the outputs of a number that was created from INPUTS."""
    outputs: dict[str, Any] = plain(provider.create(provider.check(INPUTS).inputs).outputs)
    return outputs


@pytest.mark.parametrize(
    "edit",
    [
        {},
        {"numberE164CheckEnabled": True},
        {"server": {"headers": {"x-a": "1"}, "timeoutSeconds": 20.0, "url": "https://example.com"}},
        {"server": {**INPUTS["server"], "backoffPlan": None}},
        {"hooks": [{"do": [{"exact": "Hello", "type": "say"}], "on": "call.ringing"}]},
        {"fallbackDestination": {"number": "+14155552672"}},
        {"fallbackDestination": {"type": "number", "number": "+14155552672", "numberE164CheckEnabled": True}},
        {"squadId": None},
        {"deletionProtection": False},
    ],
    ids=json.dumps,
)
def test_what_means_the_same_is_no_change(provider: Provider, outputs: dict[str, Any], edit: dict[str, Any]) -> None:
    assert provider.diff(outputs, provider.check({**INPUTS, **edit}).inputs) == NONE


@pytest.mark.parametrize(
    "edit",
    [
        {"credentialId": SQUAD_ID},
        {"number": "+14155552673"},
        {"number": None},
        {"numberE164CheckEnabled": False},
        {"name": "desk"},
        {"name": None},
        {"assistantId": SQUAD_ID},
        {"assistantId": None},
        {"squadId": SQUAD_ID},
        {"workflowId": WORKFLOW_ID},
        {"server": None},
        {"server": {**INPUTS["server"], "timeoutSeconds": 21}},
        {"server": {**INPUTS["server"], "headers": {"x-a": "2"}}},
        {"server": {**INPUTS["server"], "headers": {"X-A": "1"}}},
        {"server": {"url": "https://example.com", "timeoutSeconds": 20}},
        {"server": None, "serverUrl": "https://example.com/other"},
        {"hooks": None},
        {"hooks": [*INPUTS["hooks"], *INPUTS["hooks"]]},
        {"fallbackDestination": None},
        {"fallbackDestination": {"type": "sip", "sipUri": "sip:desk@example.com"}},
        {"deletionProtection": True},
        {"name": UNKNOWN},
        {"server": {**INPUTS["server"], "url": UNKNOWN}},
    ],
    ids=json.dumps,
)
def test_a_real_change_is_an_update_in_place(provider: Provider, outputs: dict[str, Any], edit: dict[str, Any]) -> None:
    checked = provider.check({**INPUTS, **edit})

    assert checked.failures == []
    assert provider.diff(outputs, checked.inputs) == DUE


def test_a_number_with_every_field_has_no_change_right_after_its_creation(provider: Provider, vapi: Emulator) -> None:
    made = provider.create(provider.check(EVERYTHING).inputs)
    sent = len(vapi.requests)

    assert provider.diff(made.outputs, provider.check(EVERYTHING).inputs) == NONE
    assert len(vapi.requests) == sent


def test_a_field_that_the_api_changes_by_itself_is_no_change(
    provider: Provider, vapi: Emulator, outputs: dict[str, Any]
) -> None:
    (number,) = vapi.numbers()
    vapi.set_status(number["id"], "blocked")
    seen = provider.read(number["id"], outputs)

    assert seen.outputs["status"] == "blocked"
    assert provider.diff(seen.outputs, provider.check(INPUTS).inputs) == NONE


def test_another_class_of_the_provider_is_an_update_that_sends_nothing(
    provider: Provider, vapi: Emulator, outputs: dict[str, Any]
) -> None:
    # Refresh and destroy run the class that the outputs name, so an update must make them name the current class.
    old = {**outputs, PROVIDER_KEY: "gASVAA=="}
    inputs = provider.check(INPUTS).inputs
    vapi.clear_requests()

    assert provider.diff(old, inputs) == DiffAnswer("some", [], delete_before_replace=False)
    updated = provider.update(vapi.numbers()[0]["id"], old, inputs)
    assert {key: plain(updated)[key] for key in INPUTS} == {key: outputs[key] for key in INPUTS}
    assert vapi.requests == []
