"""Fields that this version does not know, through Pulumi's host: the switch, and what a preview shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.stand_in import API_KEY, StandIn
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID

from .host import UNKNOWN, DiffAnswer, Host, Props, Provider, plain

NUMBER = "+14155552671"
RINGING = {"on": "call.ringing", "do": [{"type": "say", "exact": "Hello"}]}
KNOWN: Props = {"credentialId": CREDENTIAL_ID, "number": NUMBER, "assistantId": ASSISTANT_ID, "hooks": [RINGING]}
GROWN: Props = {
    **KNOWN,
    "hooks": [{**RINGING, "options": {"rings": 3}}],
    "additionalProperties": {"recording": {"keep": 30}},
}


@pytest.fixture
def vapi() -> Iterator[StandIn]:
    with StandIn() as vapi:
        yield vapi


def configured(host: Host, vapi: StandIn, **settings: Any) -> Provider:
    config = {"vapi-byo:apiKey": API_KEY, "vapi-byo:baseUrl": vapi.base_url, "vapi-byo:maxRetries": "0"}
    return host.provider(config | {f"vapi-byo:{key}": value for key, value in settings.items()})


def test_it_is_refused_without_the_switch_and_no_value_is_printed(host: Host, vapi: StandIn) -> None:
    way_out = "if Vapi has it by now, set vapi-byo:onUnknown send (on_unknown on a Provider)"
    assert configured(host, vapi).check(GROWN).failures == [
        ("", f"hooks[0].options is not a property of hooks[0]; {way_out}"),
        ("", f"additional_properties contains something that this version does not know (recording): {way_out}"),
    ]


def test_it_is_sent_as_it_is_written_and_is_no_change_after_a_refresh(host: Host, vapi: StandIn) -> None:
    provider = configured(host, vapi, onUnknown="send")
    inputs = provider.check(GROWN).inputs
    made = provider.create(inputs)
    (posted,) = vapi.sent("POST")
    assert posted.body["hooks"] == GROWN["hooks"]
    assert repr(posted.body["recording"]) == "{'keep': 30}"  # the engine has only floats
    seen = provider.read(made.id, plain(made.outputs))
    assert plain(seen.inputs)["additionalProperties"] == {"recording": {"keep": 30}}
    assert provider.diff(plain(seen.outputs), inputs, made.id).changes == "none"


def test_unchanged_inputs_are_not_checked_again_once_the_switch_is_gone(host: Host, vapi: StandIn) -> None:
    inputs = configured(host, vapi, onUnknown="send").check(GROWN).inputs
    assert configured(host, vapi).check(GROWN, plain(inputs)).failures == []


def test_additional_properties_may_be_known_later(host: Host, vapi: StandIn) -> None:
    provider = configured(host, vapi, onUnknown="send")
    made = provider.create(provider.check(GROWN).inputs)
    for later in (UNKNOWN, {"recording": UNKNOWN}):
        inputs = provider.check({**GROWN, "additionalProperties": later}).inputs
        assert provider.diff(plain(made.outputs), inputs, made.id) == DiffAnswer("unknown", [], delete_before_replace=True)


def test_a_preview_shows_which_fields_go_with_the_hook_that_they_are_in(host: Host, vapi: StandIn) -> None:
    vapi.fills_in = {"hooks": GROWN["hooks"]}
    provider = configured(host, vapi)
    made = provider.create(provider.check(KNOWN).inputs)
    before = provider.printed()
    ending = {"on": "call.ending", "do": {"type": "say", "exact": "Bye"}}
    for hooks, told in (
        ([{**RINGING, "do": []}], ""),
        (
            [ending],
            (
                f"warning: BYO phone number '{NUMBER}': will be removed with the object it is in, although neither this "
                "version nor the program knows it: hooks[0].options\n"
            ),
        ),
    ):
        provider.diff(plain(made.outputs), provider.check({**KNOWN, "hooks": hooks}).inputs, made.id)
        assert provider.printed().removeprefix(before) == told
