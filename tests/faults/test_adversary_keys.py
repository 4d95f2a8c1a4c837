"""A key that was replaced at Vapi: errors of commands that still use the old key say so, and how to go on."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import NewStack
from .stack import Stack
from .stand_in import API_KEY, StandIn
from .table import Record, record_case

pytestmark = pytest.mark.engine

CREDENTIAL = "11111111-1111-4111-8111-111111111111"
DECLARED = {"credential_id": CREDENTIAL, "number": "+14155552000", "assistant_id": CREDENTIAL}
NEW_KEY = "canary-new-key-93ce"

OF_THE_STATE = (
    "; refresh and destroy take the key and the other settings from the last pulumi up: if they were changed since, run "
    "pulumi up first, without --refresh, or add --run-program"
)
CHECK_STACK = "vapi-byo:apiKey and vapi-byo:region: the key must be the private key of the organisation, in its region"
CHECK_PROVIDER = (
    "api_key of the provider 'eu' and its region: the key must be the private key of the organisation, in its region"
)

PROGRAM = """\
import os

import pulumi
import pulumi_vapi_byo as vapi

eu = vapi.Provider("eu", api_key={key!r}, base_url=os.environ["VAPI_BASE_URL"], region="eu", max_retries=0)
vapi.ByoPhoneNumber("desk", **{declared!r}, opts=pulumi.ResourceOptions(provider=eu))
"""


def known(stack: Stack) -> dict[str, dict[str, Any]]:
    """Return each number in the state without its time, which even a failed refresh updates."""
    return {name: {part: one[part] for part in ("id", "inputs", "outputs")} for name, one in stack.numbers().items()}


def test_an_error_after_a_rotation_names_the_stack_s_key_as_that_of_the_last_up(
    stand_in: StandIn, new_stack: NewStack, record: Record
) -> None:
    stack = new_stack(stand_in)
    stack("config", "set", "--secret", "vapi-byo:apiKey", API_KEY)
    stack.declare({"desk": DECLARED})
    stack.up()
    before = known(stack)

    stand_in.key = NEW_KEY
    stack("config", "set", "--secret", "vapi-byo:apiKey", NEW_KEY)
    stand_in.seen.clear()
    for command, verb, method in (("refresh", "read", "GET"), ("destroy", "delete", "DELETE")):
        refused = stack(command, "--yes", "--skip-preview", may_fail=True)
        assert refused.status != 0
        assert f"cannot {verb} BYO phone number '+14155552000': Vapi answered 401: Invalid Key. ({method} " in refused.output
        assert f"; check {CHECK_STACK}{OF_THE_STATE}" in refused.output
    assert {seen.key for seen in stand_in.seen} == {API_KEY}
    assert known(stack) == before
    sent = stand_in.summary()

    stack.refresh("--run-program")
    stack.up()
    stack.refresh()
    assert known(stack)["desk"]["id"] == before["desk"]["id"]
    assert [one["id"] for one in stand_in.held()] == [before["desk"]["id"]]
    record_case(
        record,
        "key rotated in the stack: refresh, destroy",
        sent,
        "401 that says pulumi up first or --run-program; either works",
    )


def test_an_error_after_a_rotation_names_an_explicit_provider_s_key_as_its_argument(
    stand_in: StandIn, new_stack: NewStack, record: Record
) -> None:
    stack = new_stack(stand_in)
    program = stack.project / "__main__.py"
    program.write_text(PROGRAM.format(key=API_KEY, declared=DECLARED))
    stack.up()
    before = known(stack)

    stand_in.key = NEW_KEY
    program.write_text(PROGRAM.format(key=NEW_KEY, declared=DECLARED))
    stand_in.seen.clear()
    refused = stack.refresh(may_fail=True)
    assert refused.status != 0
    assert f"; check {CHECK_PROVIDER}{OF_THE_STATE}" in refused.output
    assert "vapi-byo:" not in refused.output
    assert {seen.key for seen in stand_in.seen} == {API_KEY}
    assert known(stack) == before
    sent = stand_in.summary()

    stack.refresh("--run-program")
    stack.up()
    stack.refresh()
    assert [one["id"] for one in stand_in.held()] == [before["desk"]["id"]]
    record_case(
        record,
        "key of an explicit Provider rotated: refresh",
        sent,
        "401 that names the provider 'eu' and its api_key; --run-program works",
    )
