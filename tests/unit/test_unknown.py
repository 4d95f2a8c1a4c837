"""Fields and values that this version does not know: refused with the way out, or sent, compared and kept unchanged."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_vapi_byo.core.check import check_inputs
from pulumi_vapi_byo.core.diff import (
    differences,
    differing,
    managed_inputs,
    managed_shape,
    plan,
    recorded,
    shape_of,
    unknown_in,
    unknown_that_goes,
    with_unknown,
)
from pulumi_vapi_byo.errors import show_path, show_value
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.kinds.sip_trunk import SIP_TRUNK_CREDENTIAL
from pulumi_vapi_byo.wire import UNKNOWN, resembling, secrets_in

from .samples import ASSISTANT_ID, EVERYTHING, LEAST, Wire

CANARY = "canary-9c1f"
OR_SEND = "; if Vapi has it by now, set vapi-byo:onUnknown send (on_unknown on a Provider)"
DESTINATION = {"type": "number", "number": "+14155552672"}
GATEWAY = {"ip": "203.0.113.10"}

#: Inputs with a field or value that this version does not know, and its path.
UNKNOWNS: list[tuple[Wire, str]] = [
    ({"server": {"url": "https://example.com", "newThing": 3}}, "server.newThing"),
    ({"server": {"backoffPlan": {"type": "jitter", "maxRetries": 1, "baseDelaySeconds": 1}}}, "server.backoffPlan.type"),
    ({"hooks": [{"on": "call.answered", "do": [{"type": "say", "exact": "Hi"}], "x": [1]}]}, "hooks[0]"),
    ({"hooks": [{"on": "call.ringing", "do": [], "options": {"a": {"b": True}}}]}, "hooks[0].options"),
    ({"hooks": [{"on": "call.ringing", "do": [{"type": "sing", "song": "x"}]}]}, "hooks[0].do[0]"),
    ({"hooks": [{"on": "call.ending", "do": {"type": "sing"}}]}, "hooks[0].do"),
    (
        {"hooks": [{"on": "call.ending", "filters": [{"type": "oneOf", "key": "call.endedReason", "oneOf": ["new-reason"]}]}]},
        "hooks[0].filters[0].oneOf[0]",
    ),
    ({"hooks": [{"on": "call.ringing", "do": [], "filters": [{"key": "area", "startsWith": []}]}]}, "hooks[0].filters[0].key"),
    ({"fallbackDestination": {"type": "assistant", "assistantName": "x"}}, "fallbackDestination"),
    ({"fallbackDestination": {**DESTINATION, "colour": "red"}}, "fallbackDestination.colour"),
    ({"fallbackDestination": {**DESTINATION, "sipHeaders": {"a": "b"}}}, "fallbackDestination.sipHeaders"),
    ({"fallbackDestination": {**DESTINATION, "transferPlan": {"mode": "new-mode"}}}, "fallbackDestination.transferPlan.mode"),
    (
        {"fallbackDestination": {**DESTINATION, "message": {"type": "new-message", "content": "Hi"}}},
        "fallbackDestination.message.type",
    ),
    ({"additionalProperties": {"newField": {"a": [1, "b"]}}}, "additionalProperties"),
]
TRUNK_UNKNOWNS: list[tuple[Wire, str]] = [
    ({"gateways": [{**GATEWAY, "weight": 2}]}, "gateways[0].weight"),
    ({"gateways": [{**GATEWAY, "outboundProtocol": "quic"}]}, "gateways[0].outboundProtocol"),
    ({"gateways": [GATEWAY], "outboundAuthenticationPlan": {"tls": {"a": 1}}}, "outboundAuthenticationPlan.tls"),
    ({"gateways": [GATEWAY], "additionalProperties": {"newField": 1}}, "additionalProperties"),
]
CASES = [(PHONE_NUMBER, {**LEAST, **fields}, path) for fields, path in UNKNOWNS] + [
    (SIP_TRUNK_CREDENTIAL, fields, path) for fields, path in TRUNK_UNKNOWNS
]


def with_defaults(fields: Any) -> Any:
    """Fill in what a check fills in: the types of filters that their other fields imply."""
    if isinstance(fields, dict):
        filled = {key: with_defaults(part) for key, part in fields.items()}
        return {"type": "startsWith", **filled} if "startsWith" in filled else filled
    return [with_defaults(part) for part in fields] if isinstance(fields, list) else fields


@pytest.mark.parametrize(("kind", "raw", "path"), CASES)
def test_an_unknown_field_is_refused_with_the_way_out(kind: Kind, raw: Wire, path: str) -> None:
    (problem,) = check_inputs(kind, raw).problems
    assert show_path(problem.path) == path
    assert problem.unknown
    assert problem.reason.endswith(OR_SEND) or problem.reason.endswith(f"(newField): {OR_SEND[2:]}")


@pytest.mark.parametrize(("kind", "raw", "path"), CASES)
def test_an_unknown_field_is_kept_as_it_was_written(kind: Kind, raw: Wire, path: str) -> None:
    checked = check_inputs(kind, raw, on_unknown="send")
    assert checked.problems == []
    assert checked.inputs == with_defaults(raw), path
    assert check_inputs(kind, checked.inputs, on_unknown="send").inputs == checked.inputs


@pytest.mark.parametrize(("kind", "raw", "path"), CASES)
def test_the_engine_s_floats_make_no_difference_in_an_unknown_field(kind: Kind, raw: Wire, path: str) -> None:
    def floats(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: floats(part) for key, part in value.items()}
        if isinstance(value, list):
            return [floats(part) for part in value]
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    arrived = check_inputs(kind, floats(raw), on_unknown="send").inputs
    assert repr(arrived) == repr(check_inputs(kind, raw, on_unknown="send").inputs), path


@pytest.mark.parametrize(
    ("fields", "path", "reason"),
    [
        ({"server": {"newThing": 1, "timeoutSeconds": 999}}, "server.timeoutSeconds", "must be a number from 1 to 300"),
        (
            {"server": {"timeoutSeconds": 5, "timeout_seconds": 6}},
            "server.timeout_seconds",
            "is not a property of server",
        ),
        (
            {"server": {"secret": CANARY}},
            "server.secret",
            "is not a property of server, use headers={'x-vapi-secret': ...} or credential_id",
        ),
        ({"hooks": ["call.answered"]}, "hooks[0]", "must be an object with on 'call.ringing' or 'call.ending'"),
        ({"hooks": [{"on": 5}]}, "hooks[0]", "must be an object with on 'call.ringing' or 'call.ending'"),
        (
            {"server": {"backoffPlan": {"type": 5, "maxRetries": 1, "baseDelaySeconds": 1}}},
            "server.backoffPlan.type",
            "must be 'fixed' or 'exponential'",
        ),
        (
            {"newField": 1},
            "newField",
            "is not a property of a BYO phone number; other Vapi fields go into additional_properties",
        ),
        (
            {"additionalProperties": {"assistantId": ASSISTANT_ID}},
            "additionalProperties.assistantId",
            "is an argument of its own: write assistant_id=... instead",
        ),
        (
            {"additionalProperties": {"fallback_destination": {}}},
            "additionalProperties.fallback_destination",
            "is an argument of its own: write fallback_destination=... instead",
        ),
        ({"additionalProperties": {"orgId": CANARY}}, "additionalProperties.orgId", "is set by Vapi: leave it out"),
        ({"additionalProperties": {"createdAt": CANARY}}, "additionalProperties.createdAt", "is set by Vapi: leave it out"),
        (
            {"additionalProperties": {"provider": "twilio"}},
            "additionalProperties.provider",
            "is always 'byo-phone-number' here: leave it out",
        ),
        (
            {"additionalProperties": {"additionalProperties": {}}},
            "additionalProperties.additionalProperties",
            "is an argument of its own: write additional_properties=... instead",
        ),
        ({"additionalProperties": [CANARY]}, "additionalProperties", "must be an object"),
    ],
)
def test_the_switch_does_not_allow_known_fields_to_be_wrong(fields: Wire, path: str, reason: str) -> None:
    found = check_inputs(PHONE_NUMBER, {**LEAST, **fields}, on_unknown="send").problems
    assert [(show_path(problem.path), problem.reason) for problem in found] == [(path, reason)]
    assert not found[0].unknown
    assert CANARY not in repr(found)


def test_no_value_of_additional_properties_is_printed() -> None:
    (problem,) = check_inputs(PHONE_NUMBER, {**LEAST, "additionalProperties": {"newField": CANARY}}).problems
    assert problem.reason == f"contains something that this version does not know (newField): {OR_SEND[2:]}"
    assert CANARY not in repr(problem)


def test_empty_additional_properties_mean_nothing() -> None:
    assert check_inputs(PHONE_NUMBER, {**LEAST, "additional_properties": {}}).inputs == LEAST


# -------------------------------------------------------------------------------------------------------- what is compared


def state_of(inputs: Wire, answer: Wire | None = None) -> Wire:
    """Return the state after a write of inputs, with the API's answer."""
    held = inputs if answer is None else answer
    return recorded(PHONE_NUMBER, dict(held), shape_of(PHONE_NUMBER, inputs, held))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": ""}, {}),
        ({"timeout": 60}, {}),
        ({"enabled": False}, {"enabled": 0}),
        ({"a": {"b": []}}, {"a": {}}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"headers": {"a": ""}}, {"headers": {}}),
    ],
)
def test_an_unknown_field_is_compared_exactly(old: Wire, new: Wire) -> None:
    for before, after in ((old, new), (new, old)):
        for wrap in (
            lambda value: {"server": {"url": "https://example.com", "newThing": value}},
            lambda value: {"hooks": [{"on": "call.answered", "options": value}]},
            lambda value: {"additionalProperties": {"newField": value}},
        ):
            assert plan(PHONE_NUMBER, state_of(wrap(before)), wrap(after)).changes != ()
            assert plan(PHONE_NUMBER, state_of(wrap(before)), wrap(before)).changes == ()


def test_additional_properties_are_sent_individually_and_cleared_by_null() -> None:
    state = state_of({**LEAST, "additionalProperties": {"a": 1, "b": {"c": 2}, "d": 3}})
    wanted = {**LEAST, "additionalProperties": {"a": 1, "b": {"c": 3}, "e": None}}
    assert plan(PHONE_NUMBER, state, wanted).patch == {"additionalProperties": {"b": {"c": 3}, "d": None}}
    assert PHONE_NUMBER.on_the_wire({"name": "x", "additionalProperties": {"b": 1, "d": None}}) == {
        "name": "x",
        "b": 1,
        "d": None,
    }
    assert plan(PHONE_NUMBER, state, LEAST).patch == {"additionalProperties": {"a": None, "b": None, "d": None}}


def test_additional_properties_that_are_not_known_yet_are_a_change() -> None:
    state = state_of({**LEAST, "additionalProperties": {"a": 1}})
    for later in (UNKNOWN, {"a": UNKNOWN}):
        checked = check_inputs(PHONE_NUMBER, {**LEAST, "additionalProperties": later}, on_unknown="send")
        assert checked.problems == []
        assert plan(PHONE_NUMBER, state, checked.inputs).changes == ("additionalProperties",)


def test_no_message_shows_values_of_additional_properties() -> None:
    value = {"token": CANARY, "deep": [{"b": CANARY}], "short": "on"}
    assert show_value(value, "additionalProperties") == '"[not shown]"'
    assert list(secrets_in({"additionalProperties": value})) == [CANARY, CANARY]


def test_drift_in_a_field_that_the_program_wrote_is_reverted() -> None:
    written = {"server": {"url": "https://example.com", "newThing": {"a": 1}}}
    state = state_of(written)
    live = {"server": {"url": "https://example.com", "newThing": {"a": 2}}}
    found = recorded(PHONE_NUMBER, live, managed_shape(PHONE_NUMBER, state))
    assert managed_inputs(PHONE_NUMBER, found, live) == live
    assert plan(PHONE_NUMBER, found, written).patch == written


def test_a_new_field_that_the_api_adds_to_an_object_is_no_drift() -> None:
    written = {
        "server": {"url": "https://example.com"},
        "hooks": [{"on": "call.ringing", "do": [{"type": "say", "exact": "Hi"}]}],
    }
    live = {
        "server": {"url": "https://example.com", "newThing": 1},
        "hooks": [{"on": "call.ringing", "do": [{"type": "say", "exact": "Hi", "voice": "x"}], "options": {}}],
    }
    shape = with_unknown(managed_shape(PHONE_NUMBER, state_of(written)), live)
    assert [show_path(path) for path in unknown_in(shape)] == ["server.newThing", "hooks[0].do[0].voice", "hooks[0].options"]
    found = recorded(PHONE_NUMBER, live, shape)
    assert managed_inputs(PHONE_NUMBER, found, live) == written
    assert plan(PHONE_NUMBER, found, written).changes == ()


def test_a_known_field_that_somebody_else_added_is_still_drift() -> None:
    written = {"server": {"url": "https://example.com"}}
    live = {"server": {"url": "https://example.com", "timeoutSeconds": 5, "newThing": 1}}
    shape = with_unknown(managed_shape(PHONE_NUMBER, state_of(written)), live)
    assert managed_inputs(PHONE_NUMBER, recorded(PHONE_NUMBER, live, shape), live) == {
        "server": {"url": "https://example.com", "timeoutSeconds": 5}
    }


# ------------------------------------------------------------------------------------------------------- what is also sent


def patched(written: Wire, held: Wire, wanted: Wire, *, filled: Wire | None = None) -> Any:
    """Return the PATCH for `wanted` after a write that the API answered with ``filled`` (or unchanged), if it now has `held`."""
    return plan(PHONE_NUMBER, state_of(written, filled), wanted, held).patch


SAY = {"type": "say", "exact": "Hi"}
RINGING = {"on": "call.ringing", "do": [SAY]}
ENDING = {"on": "call.ending", "do": {"type": "say", "exact": "Bye"}}


@pytest.mark.parametrize(
    ("written", "filled", "held", "wanted", "sent"),
    [
        # A default that the server filled in.
        (
            {"url": "https://a.example"},
            {"url": "https://a.example", "timeoutSeconds": 20},
            {"url": "https://a.example", "timeoutSeconds": 25},
            {"url": "https://b.example"},
            {"url": "https://b.example", "timeoutSeconds": 25},
        ),
        # A field that this version does not know and that has appeared since.
        (
            {"url": "https://a.example"},
            None,
            {"url": "https://a.example", "newThing": {"a": 1}},
            {"url": "https://b.example"},
            {"url": "https://b.example", "newThing": {"a": 1}},
        ),
        # The same, deeper.
        (
            {"backoffPlan": {"type": "fixed", "maxRetries": 1, "baseDelaySeconds": 1}},
            None,
            {"backoffPlan": {"type": "fixed", "maxRetries": 1, "baseDelaySeconds": 1, "jitter": 5}},
            {"backoffPlan": {"type": "fixed", "maxRetries": 2, "baseDelaySeconds": 1}},
            {"backoffPlan": {"type": "fixed", "maxRetries": 2, "baseDelaySeconds": 1, "jitter": 5}},
        ),
        # A field that the program wrote and now leaves out is not sent.
        (
            {"url": "https://a.example", "newThing": 1, "timeoutSeconds": 5},
            None,
            {"url": "https://a.example", "newThing": 1, "timeoutSeconds": 5},
            {"url": "https://a.example"},
            {"url": "https://a.example"},
        ),
        # Headers are the user's own, and compared as a whole.
        (
            {"headers": {"a": "b"}},
            None,
            {"headers": {"a": "b", "c": "d"}},
            {"headers": {"a": "x"}},
            {"headers": {"a": "x"}},
        ),
    ],
)
def test_a_change_of_an_object_also_sends_fields_that_the_program_did_not_write(
    written: Wire, filled: Wire | None, held: Wire, wanted: Wire, sent: Wire
) -> None:
    answer = None if filled is None else {"server": filled}
    assert patched({"server": written}, {"server": held}, {"server": wanted}, filled=answer) == {"server": sent}


@pytest.mark.parametrize(
    ("held", "wanted", "sent"),
    [
        # The first changes in place, the second is unchanged.
        (
            [{**RINGING, "options": 1}, {**ENDING, "options": 2}],
            [{**RINGING, "do": []}, ENDING],
            [{**RINGING, "do": [], "options": 1}, {**ENDING, "options": 2}],
        ),
        # The two swap places.
        ([{**RINGING, "options": 1}, {**ENDING, "options": 2}], [ENDING, RINGING], [{**ENDING, "options": 2}, {**RINGING, "options": 1}]),
        # A hook is inserted; a hook is removed.
        ([{**RINGING, "options": 1}, {**ENDING, "options": 2}], [RINGING, RINGING, ENDING], [{**RINGING, "options": 1}, RINGING, {**ENDING, "options": 2}]),
        ([{**RINGING, "options": 1}, {**ENDING, "options": 2}], [ENDING], [{**ENDING, "options": 2}]),
        # A hook for another event is a different hook.
        ([{**RINGING, "options": 1}, ENDING], [{"on": "call.ending"}, ENDING], [{"on": "call.ending"}, ENDING]),
        # An action of a hook.
        ([{"on": "call.ringing", "do": [{**SAY, "voice": "x"}]}, ENDING], [RINGING, {**ENDING, "do": None}], [{"on": "call.ringing", "do": [{**SAY, "voice": "x"}]}, {**ENDING, "do": None}]),
    ],
)  # fmt: skip
def test_elements_of_a_list_are_matched_by_their_content_or_by_their_place(
    held: list[Wire], wanted: list[Wire], sent: list[Wire]
) -> None:
    assert patched({"hooks": [RINGING, ENDING]}, {"hooks": held}, {"hooks": wanted}) == {"hooks": sent}


def test_a_destination_of_another_type_gets_nothing_from_the_old_destination() -> None:
    held = {"fallbackDestination": {**DESTINATION, "colour": "red", "numberE164CheckEnabled": True}}
    wanted = {"fallbackDestination": {"type": "sip", "sipUri": "sip:desk@example.com"}}
    assert patched({"fallbackDestination": DESTINATION}, held, wanted, filled=held) == wanted


def test_a_transfer_plan_keeps_fields_that_the_program_did_not_write() -> None:
    written = {"fallbackDestination": {**DESTINATION, "transferPlan": {"mode": "blind-transfer"}}}
    held = {"fallbackDestination": {**DESTINATION, "transferPlan": {"mode": "blind-transfer", "sipVerb": "refer", "new": [1]}}}
    wanted = {"fallbackDestination": {**DESTINATION, "transferPlan": {"mode": "warm-transfer-say-message"}}}
    assert patched(written, held, wanted, filled=held) == {
        "fallbackDestination": {
            **DESTINATION,
            "transferPlan": {"mode": "warm-transfer-say-message", "sipVerb": "refer", "new": [1]},
        }
    }


def test_gateways_keep_fields_that_the_program_did_not_write() -> None:
    written = {"gateways": [GATEWAY, {"ip": "203.0.113.11"}]}
    held = {"gateways": [{**GATEWAY, "weight": 1}, {"ip": "203.0.113.11", "weight": 2}]}
    state = recorded(SIP_TRUNK_CREDENTIAL, dict(written), shape_of(SIP_TRUNK_CREDENTIAL, written, written))
    wanted = {"gateways": [{**GATEWAY, "port": 5070}, {"ip": "203.0.113.11"}]}
    assert plan(SIP_TRUNK_CREDENTIAL, state, wanted, held).patch == {
        "gateways": [{**GATEWAY, "port": 5070, "weight": 1}, {"ip": "203.0.113.11", "weight": 2}]
    }


@pytest.mark.parametrize(
    ("wanted", "going"),
    [
        ([RINGING, ENDING], []),
        ([ENDING, RINGING], []),
        ([{**RINGING, "do": []}, ENDING], []),
        ([UNKNOWN, ENDING], []),
        (UNKNOWN, []),
        ([RINGING], ["hooks[1].options"]),
        ([{"on": "call.ending"}, RINGING], ["hooks[1].options"]),
        ([{"on": "call.ringing", "do": []}], ["hooks[0].options", "hooks[1].options"]),
        ([], ["hooks[0].options", "hooks[1].options"]),
        (None, ["hooks[0].options", "hooks[1].options"]),
    ],
)
def test_a_preview_knows_which_fields_go_with_the_object_that_they_are_in(wanted: Any, going: list[str]) -> None:
    written = {"hooks": [RINGING, ENDING]}
    state = state_of(written, {"hooks": [{**RINGING, "options": 1}, {**ENDING, "options": 2}]})
    patch = plan(PHONE_NUMBER, state, {} if wanted is None else {"hooks": wanted}).patch
    assert [show_path(path) for path in unknown_that_goes(PHONE_NUMBER, state, patch)] == going


# -------------------------------------------------------------------------------------------------------- what differs


def test_differences_are_reported_by_path_with_both_values() -> None:
    live = {
        **EVERYTHING,
        "server": {**EVERYTHING["server"], "timeoutSeconds": 20, "newThing": 1},
        "hooks": EVERYTHING["hooks"][:1],
        "name": None,
    }
    found = [(show_path(path), wanted, held) for path, wanted, held in differences(PHONE_NUMBER, EVERYTHING, live, {})]
    assert found == [
        ("name", "Front desk", None),
        ("server.timeoutSeconds", 25, 20),
        ("hooks", EVERYTHING["hooks"], EVERYTHING["hooks"][:1]),
    ]
    assert differing(PHONE_NUMBER, EVERYTHING, live, {}) == ["name", "server", "hooks"]


@pytest.mark.parametrize(
    ("written", "names", "taken", "meant"),
    [
        ("nmae", ["name", "number"], [], "name"),
        ("nmae", ["name", "number"], ["name"], None),
        ("sip_uri", ["sip_uri", "number"], [], None),
        ("serverUrl", ["server_url"], ["serverUrl"], None),
        ("serverUrl", ["server_url"], [], "server_url"),
        ("timeout", ["timeout_seconds", "url"], [], "timeout_seconds"),
        ("uri", ["url", "ip"], [], "url"),
        ("code", ["mode", "do"], [], None),
        ("to", ["do", "on"], [], None),
        ("key", ["ip", "on"], [], None),
        ("colour", ["caller_id", "number", "message"], [], None),
        ("options", ["contents", "on"], [], None),
        ("assitant_id", ["assistant_id", "squad_id"], [], "assistant_id"),
    ],
)  # fmt: skip
def test_the_suggested_name_is_similar_and_not_yet_used(
    written: str, names: list[str], taken: list[str], meant: str | None
) -> None:
    assert resembling(written, names, taken) == meant
