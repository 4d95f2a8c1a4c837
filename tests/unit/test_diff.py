from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_vapi_byo.core.check import check_inputs
from pulumi_vapi_byo.core.diff import (
    body_of,
    conflicts,
    differing,
    filled_in,
    left_out,
    managed_inputs,
    managed_shape,
    plan,
    recorded,
    shape_of,
    still_filled_in,
    unmanaged,
)
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.wire import MANAGED, UNKNOWN, is_blank

from .samples import EVERYTHING, LEAST, SQUAD_ID, Wire, inputs, places, put

INPUTS: Wire = {key: value for key, value in EVERYTHING.items() if key in PHONE_NUMBER.api_fields}


def state_of(written: Wire, answer: Wire | None = None) -> Wire:
    """Return the state after a write of inputs, with the API's answer."""
    held = copy.deepcopy(written if answer is None else answer)
    return {**held, MANAGED: shape_of(PHONE_NUMBER, written, held)}


# -------------------------------------------------------------------------------------------------- edit -> what happens

OTHER: Wire = {
    **dict.fromkeys(INPUTS, "another text"),
    "numberE164CheckEnabled": True,
    "credentialId": SQUAD_ID,
    "number": "+442079460018",
    "server": {"url": "https://example.com/other"},
    "hooks": [],
    "fallbackDestination": {"type": "sip", "sipUri": "sip:desk@example.com"},
}
OPTIONAL = [field for field in INPUTS if field != "credentialId"]


def alone(field: str, value: Any) -> Wire:
    """Return the PATCH of one field: a number exempt from E.164 is sent with its flag."""
    return {field: value, **({"numberE164CheckEnabled": False} if field == "number" and value is not None else {})}


def test_without_an_edit_the_plan_is_empty() -> None:
    assert (
        plan(PHONE_NUMBER, state_of(INPUTS), INPUTS) == plan(PHONE_NUMBER, state_of(LEAST), LEAST) == plan(PHONE_NUMBER, {}, {})
    )
    assert plan(PHONE_NUMBER, {}, {}).changes == ()


@pytest.mark.parametrize("field", INPUTS)
def test_a_changed_field_is_sent_alone_and_whole(field: str) -> None:
    change = plan(PHONE_NUMBER, state_of(INPUTS), {**INPUTS, field: OTHER[field]})
    assert (change.changes, change.patch) == ((field,), alone(field, OTHER[field]))


@pytest.mark.parametrize("field", [field for field in OPTIONAL if field != "hooks"])
def test_an_added_field_is_sent_alone(field: str) -> None:
    without = {key: value for key, value in INPUTS.items() if key != field}
    change = plan(PHONE_NUMBER, state_of(without), INPUTS)
    assert (change.changes, change.patch) == ((field,), alone(field, INPUTS[field]))


@pytest.mark.parametrize("field", OPTIONAL)
def test_a_removed_field_is_unset(field: str) -> None:
    without = {key: value for key, value in INPUTS.items() if key != field}
    change = plan(PHONE_NUMBER, state_of(INPUTS), without)
    cleared: Wire = {"numberE164CheckEnabled": True, "hooks": []}
    assert (change.changes, change.patch) == ((field,), {field: cleared.get(field)})


@pytest.mark.parametrize("field", OPTIONAL)
def test_a_field_that_was_never_ours_is_left_to_others(field: str) -> None:
    without = {key: value for key, value in INPUTS.items() if key != field}
    assert plan(PHONE_NUMBER, state_of(without, INPUTS), without).changes == ()


@pytest.mark.parametrize("field", OPTIONAL)
def test_a_field_that_somebody_cleared_is_set_again(field: str) -> None:
    state = state_of(INPUTS)
    del state[field]
    change = plan(PHONE_NUMBER, state, INPUTS)
    assert (change.changes, change.patch) == ((field,), alone(field, INPUTS[field]))


def test_changes_are_in_the_order_of_the_inputs() -> None:
    change = plan(PHONE_NUMBER, state_of(INPUTS), OTHER)
    assert list(change.changes) == list(change.patch) == [field for field in PHONE_NUMBER.api_fields if field in INPUTS]


SERVER: Wire = {"url": "https://example.com", "headers": {"x-a": "1", "x-b": "2"}}
RINGING: Wire = {"on": "call.ringing", "do": [{"type": "say", "exact": "Hi"}]}
TRANSFER: Wire = {"type": "number", "number": "+14155552672", "transferPlan": {"mode": "blind-transfer"}}


@pytest.mark.parametrize(
    ("field", "held", "new"),
    [
        ("server", {**SERVER, "timeoutSeconds": 20}, {**SERVER, "timeoutSeconds": 20.0}),
        ("server", SERVER, dict(reversed(SERVER.items()))),
        ("server", SERVER, {**SERVER, "headers": {"x-b": "2", "x-a": "1"}}),
        ("server", {**SERVER, "credentialId": None, "encryptedPaths": []}, SERVER),
        ("server", SERVER, {**SERVER, "encryptedPaths": [], "headers": {**SERVER["headers"], "x-c": None}}),
        ("server", None, {}),
        ("server", {}, None),
        ("hooks", None, []),
        ("hooks", [], None),
        ("hooks", [{**RINGING, "filters": []}], [RINGING]),
        ("numberE164CheckEnabled", None, True),
        ("numberE164CheckEnabled", True, None),
        ("fallbackDestination", {**TRANSFER, "numberE164CheckEnabled": True}, TRANSFER),
        ("fallbackDestination", TRANSFER, {**TRANSFER, "numberE164CheckEnabled": True}),
        (
            "fallbackDestination",
            {**TRANSFER, "transferPlan": {"mode": "blind-transfer", "timeout": 60, "dialTimeout": 60.0, "sipVerb": "refer"}},
            TRANSFER,
        ),
        (
            "fallbackDestination",
            TRANSFER,
            {**TRANSFER, "transferPlan": {"mode": "blind-transfer", "timeout": 60.0, "sipVerb": "refer"}},
        ),
        (
            "fallbackDestination",
            {**TRANSFER, "transferPlan": {"mode": "x", "fallbackPlan": {"message": "m", "endCallEnabled": True}}},
            {**TRANSFER, "transferPlan": {"mode": "x", "fallbackPlan": {"message": "m"}}},
        ),
    ],
)
def test_what_means_the_same_is_no_change(field: str, held: Any, new: Any) -> None:
    # Without a record of what the program set, every value counts as set by it.
    state = {**LEAST, field: held}
    assert plan(PHONE_NUMBER, state, {**LEAST, field: new}).changes == ()
    assert plan(PHONE_NUMBER, state_of({**LEAST, field: held}), {**LEAST, field: new}).changes == ()


@pytest.mark.parametrize(
    ("field", "held", "new"),
    [
        ("number", "+14155552671", "+1 415 555 2671"),
        ("name", "1", 1),
        ("numberE164CheckEnabled", False, True),
        ("numberE164CheckEnabled", None, False),
        ("numberE164CheckEnabled", True, 1),
        ("server", {**SERVER, "staticIpAddressesEnabled": True}, {**SERVER, "staticIpAddressesEnabled": 1}),
        ("server", {**SERVER, "timeoutSeconds": 20}, SERVER),
        ("server", SERVER, {**SERVER, "timeoutSeconds": 20}),
        ("server", SERVER, {**SERVER, "headers": {"x-a": "1"}}),
        ("server", SERVER, {**SERVER, "headers": {"X-A": "1", "x-b": "2"}}),
        ("server", SERVER, {**SERVER, "headers": {"x-a": "1", "x-b": "3"}}),
        ("server", SERVER, {"headers": SERVER["headers"]}),
        ("hooks", [RINGING], []),
        ("hooks", [RINGING], [RINGING, RINGING]),
        ("hooks", [RINGING, {"on": "call.ending"}], [{"on": "call.ending"}, RINGING]),
        ("hooks", [RINGING], [{**RINGING, "do": [{"type": "say", "exact": "Hello"}]}]),
        ("fallbackDestination", TRANSFER, {"type": "sip", "sipUri": "sip:a@b"}),
        ("fallbackDestination", {**TRANSFER, "numberE164CheckEnabled": False}, TRANSFER),
        ("fallbackDestination", {**TRANSFER, "message": "m"}, {**TRANSFER, "message": {"type": "custom-message"}}),
        ("fallbackDestination", {**TRANSFER, "transferPlan": {"mode": "blind-transfer", "timeout": 90}}, TRANSFER),
    ],
)
def test_what_means_something_else_is_a_change(field: str, held: Any, new: Any) -> None:
    change = plan(PHONE_NUMBER, state_of({**LEAST, field: held}), {**LEAST, field: new})
    assert change.changes == (field,)
    assert change.patch[field] == new


def test_the_headers_of_a_server_have_no_defaults() -> None:
    # A header may share the name of one of our fields: it is compared as it is.
    change = plan(
        PHONE_NUMBER, state_of({**LEAST, "server": {"headers": {"timeout": "60"}}}), {**LEAST, "server": {"headers": {}}}
    )
    assert change.patch == {"server": {"headers": {}}}


# ------------------------------------------------------------------------------------------- a field that must be unset

NONE = PHONE_NUMBER.none


@pytest.mark.parametrize("field", NONE)
class TestAnEmptyValue:
    def test_is_not_sent_in_a_create_and_is_no_change_if_nothing_is_set(self, field: str) -> None:
        written = {**LEAST, field: NONE[field]}
        assert body_of(PHONE_NUMBER, written) == LEAST
        assert plan(PHONE_NUMBER, state_of(written, LEAST), written).changes == ()
        assert plan(PHONE_NUMBER, state_of(LEAST), written).changes == ()

    def test_clears_the_field_whoever_set_it(self, field: str) -> None:
        written = {**LEAST, field: NONE[field]}
        for state in (state_of({**LEAST, field: OTHER[field] or [RINGING]}), state_of(LEAST, {**LEAST, field: INPUTS[field]})):
            change = plan(PHONE_NUMBER, state, written)
            assert (change.changes, change.patch) == ((field,), {field: [] if field == "hooks" else None})

    def test_turns_a_later_edit_by_somebody_else_into_drift(self, field: str) -> None:
        written = {**LEAST, field: NONE[field]}
        quiet = state_of(written, LEAST)
        assert managed_inputs(PHONE_NUMBER, quiet, quiet) == written
        drifted = {**quiet, field: INPUTS[field]}
        assert managed_inputs(PHONE_NUMBER, quiet, drifted) == {**LEAST, field: INPUTS[field]}
        assert differing(PHONE_NUMBER, written, drifted, drifted[MANAGED]) == [field]

    def test_leaves_the_field_to_others_once_it_is_removed(self, field: str) -> None:
        state = state_of({**LEAST, field: NONE[field]}, LEAST) | {field: INPUTS[field]}
        assert plan(PHONE_NUMBER, state, LEAST).changes == ()


def test_no_server_means_none_in_its_older_spelling_either() -> None:
    none = {**LEAST, "server": {}}
    assert plan(PHONE_NUMBER, state_of(LEAST, URL), none).patch == {"serverUrl": None, "serverUrlSecret": None}
    assert plan(PHONE_NUMBER, state_of(LEAST, READ_AS_SERVER), none).patch == {"server": None}
    state = state_of(none, LEAST) | {"serverUrl": "https://example.com"}
    assert managed_inputs(PHONE_NUMBER, state, state) == {**none, "serverUrl": "https://example.com"}
    assert differing(PHONE_NUMBER, none, state, state[MANAGED]) == ["serverUrl"]


# ------------------------------------------------------------------------------------------------- what the server adds


def test_a_field_that_the_server_filled_in_beside_ours_is_no_change_whatever_it_becomes() -> None:
    written = {**LEAST, "server": SERVER}
    state = state_of(written, {**LEAST, "server": {**SERVER, "timeoutSeconds": 20, "backoffPlan": {"type": "fixed"}}})
    assert plan(PHONE_NUMBER, state, written).changes == ()
    state["server"]["timeoutSeconds"] = 30
    assert plan(PHONE_NUMBER, state, written).changes == ()


def test_a_field_that_somebody_added_inside_an_object_of_ours_is_drift() -> None:
    written = {**LEAST, "server": SERVER}
    state = state_of(written)
    state["server"] = {**SERVER, "timeoutSeconds": 30}
    assert plan(PHONE_NUMBER, state, written).patch == {"server": SERVER}


def test_what_the_server_fills_in_inside_a_list_is_no_change() -> None:
    written = {**LEAST, "hooks": [RINGING, {"on": "call.ending"}]}
    filled = {**LEAST, "hooks": [{**RINGING, "filters": ["any"]}, {"on": "call.ending", "do": {"type": "say", "exact": "Bye"}}]}
    assert plan(PHONE_NUMBER, state_of(written, filled), written).changes == ()


def test_the_record_shows_who_set_what_and_nothing_else() -> None:
    written = {**LEAST, "server": SERVER, "hooks": [RINGING]}
    answer = {**written, "server": {**SERVER, "timeoutSeconds": 20}, "name": "of somebody else"}
    assert shape_of(PHONE_NUMBER, written, answer) == {
        "credentialId": True,
        "server": {"url": True, "headers": True, "timeoutSeconds": False},
        "hooks": [{"on": True, "do": [{"type": True, "exact": True}]}],
    }


def test_without_a_record_every_value_counts_as_set() -> None:
    state = {**LEAST, "name": "Front desk", "server": SERVER, "orgId": "x", "squadId": None}
    assert managed_shape(PHONE_NUMBER, state) == {"credentialId": True, "name": True, "server": {"url": True, "headers": True}}
    assert plan(PHONE_NUMBER, state, LEAST).patch == {"name": None, "server": None}


# ------------------------------------------------------------------------------------------------ serverUrl and server

URL: Wire = {**LEAST, "serverUrl": "https://example.com", "serverUrlSecret": "s3cret"}
READ_AS_SERVER: Wire = {**URL, "server": {"url": "https://example.com"}}


@pytest.mark.parametrize("answer", [URL, READ_AS_SERVER], ids=["as written", "as server too"])
class TestServerUrl:
    def test_an_unchanged_address_is_no_change(self, answer: Wire) -> None:
        assert plan(PHONE_NUMBER, state_of(URL, answer), URL).changes == ()

    def test_a_changed_address_is_sent_as_it_is_written(self, answer: Wire) -> None:
        new = {**URL, "serverUrl": "https://example.com/2"}
        assert plan(PHONE_NUMBER, state_of(URL, answer), new).patch == {"serverUrl": "https://example.com/2"}

    def test_a_changed_secret_is_sent_as_it_is_written(self, answer: Wire) -> None:
        assert plan(PHONE_NUMBER, state_of(URL, answer), {**URL, "serverUrlSecret": "new"}).patch == {"serverUrlSecret": "new"}

    def test_a_removed_secret_is_cleared(self, answer: Wire) -> None:
        without = {key: value for key, value in URL.items() if key != "serverUrlSecret"}
        assert plan(PHONE_NUMBER, state_of(URL, answer), without).patch == {"serverUrlSecret": None}

    def test_moving_to_another_server_sends_that_server(self, answer: Wire) -> None:
        new = {**LEAST, "server": {"url": "https://example.com/2"}}
        change = plan(PHONE_NUMBER, state_of(URL, answer), new)
        assert change.changes == ("serverUrl", "serverUrlSecret", "server")
        assert change.patch["server"] == {"url": "https://example.com/2"}


def test_a_removed_address_is_cleared_in_the_spelling_that_the_api_reads_back() -> None:
    assert plan(PHONE_NUMBER, state_of(URL), LEAST).patch == {"serverUrl": None, "serverUrlSecret": None}
    assert plan(PHONE_NUMBER, state_of(URL, READ_AS_SERVER), LEAST).patch == {"server": None}


def test_the_live_answer_decides_the_spelling() -> None:
    assert plan(PHONE_NUMBER, state_of(URL), LEAST, live=READ_AS_SERVER).patch == {"server": None}
    assert plan(PHONE_NUMBER, state_of(URL, READ_AS_SERVER), LEAST, live=URL).patch == {
        "serverUrl": None,
        "serverUrlSecret": None,
    }


def test_a_server_that_turns_into_an_address_is_cleared() -> None:
    held = {**LEAST, "server": {"url": "https://example.com"}}
    change = plan(PHONE_NUMBER, state_of(held), {**LEAST, "serverUrl": "https://example.com"})
    assert change.changes == ("serverUrl", "server")
    assert change.patch["serverUrl"] == "https://example.com"


# ------------------------------------------------------------------------------------------------------- our own fields


@pytest.mark.parametrize(("held", "new", "changed"), [(None, None, False), (None, False, False), (False, None, False),
                                                      (None, True, True), (True, False, True), (True, None, True),
                                                      (True, True, False)])  # fmt: skip
def test_deletion_protection_is_a_change_that_sends_nothing(held: bool | None, new: bool | None, changed: bool) -> None:
    state = state_of(LEAST) | ({} if held is None else {"deletionProtection": held})
    change = plan(PHONE_NUMBER, state, {**LEAST, "deletionProtection": new})
    assert change.changes == (("deletionProtection",) if changed else ())
    assert change.patch == {}


# ------------------------------------------------------------------------------------------------------------ properties


class Api:
    """A minimal API that reads back what was written, fills in fields, and spells the server one way or the other."""

    def __init__(self, *, keeps_server_url: bool) -> None:
        self.keeps_server_url = keeps_server_url
        self.held: Wire = {}

    def write(self, patch: Wire) -> None:
        """Take a POST or a PATCH; null clears."""
        patch = copy.deepcopy(patch)
        for field in ("server", *patch):
            if field in patch:
                value = patch.pop(field)
                if self.keeps_server_url or field not in ("serverUrl", "serverUrlSecret"):
                    self.held[field] = value
                elif field == "serverUrl":
                    self.held["server"] = None if value is None else {"url": value}

    def state(self, written: Wire) -> Wire:
        """Read, and turn the answer into a state as the life cycle does."""
        answer = {field: value for field, value in self.held.items() if value is not None}
        answer.setdefault("numberE164CheckEnabled", True)
        answer = fill_in(answer)
        if "serverUrl" in written and answer.get("server"):
            answer["serverUrl"] = answer["server"]["url"]
            if "serverUrlSecret" in written:
                answer["serverUrlSecret"] = written["serverUrlSecret"]
        return json.loads(json.dumps(answer))  # type: ignore[no-any-return]


def fill_in(value: Any, key: str = "") -> Any:
    """Add the API's own fields to every object, except to maps whose keys are the user's."""
    if isinstance(value, dict) and key not in ("headers", "sipHeaders"):
        filled = {part: fill_in(item, part) for part, item in value.items()}
        return filled if key == "" and "credentialId" in value else {"filledIn": [1, {"a": None}], **filled}
    return [fill_in(item, "item") for item in value] if isinstance(value, list) else value


def written_to(api: Api, fields: Wire) -> Wire:
    api.write(body_of(PHONE_NUMBER, fields))
    answer = api.state(fields)
    return {**answer, MANAGED: shape_of(PHONE_NUMBER, fields, answer)}


apis = st.builds(Api, keeps_server_url=st.booleans())


@given(apis, inputs)
def test_what_was_just_written_is_never_a_change(api: Api, fields: Wire) -> None:
    state = written_to(api, fields)
    assert plan(PHONE_NUMBER, state, fields).changes == ()
    assert differing(PHONE_NUMBER, fields, state, state[MANAGED]) == []


@given(apis, inputs, inputs)
def test_after_an_update_nothing_is_left_to_do(api: Api, before: Wire, after: Wire) -> None:
    api.write(body_of(PHONE_NUMBER, before))
    state = {**api.state(before), MANAGED: shape_of(PHONE_NUMBER, before, api.state(before))}
    api.write(plan(PHONE_NUMBER, state, after).patch)
    answer = api.state(after)
    updated = {**answer, MANAGED: shape_of(PHONE_NUMBER, after, answer)}
    assert plan(PHONE_NUMBER, updated, after).changes == ()


# ------------------------------------------------------------------------------------------------- what is left out


def clearing(written: Wire) -> Wire:
    """Return the inputs of a program in which an argument left out must be unset."""
    return dict.fromkeys(left_out(PHONE_NUMBER, written)) | written


def test_a_server_that_reads_the_same_in_both_spellings_counts_once() -> None:
    url = {key: value for key, value in URL.items() if key != "serverUrlSecret"}
    both = {**url, "server": {"url": url["serverUrl"], "timeoutSeconds": 20}}
    for written in (url, {**LEAST, "server": both["server"]}):
        state = state_of(written, both)
        assert plan(PHONE_NUMBER, state, clearing(written)).changes == ()
        assert differing(PHONE_NUMBER, clearing(written), both, state[MANAGED]) == []
        assert unmanaged(PHONE_NUMBER, both, state[MANAGED]) == {}
        assert filled_in(PHONE_NUMBER, clearing(written), both) == {}
    # If they differ, somebody else set one of them.
    state = state_of(url, both) | {"server": {"url": "https://example.com/evil"}}
    assert unmanaged(PHONE_NUMBER, state, state[MANAGED]) == {"server": state["server"]}
    assert plan(PHONE_NUMBER, state, clearing(url)).patch == {"server": None}
    held = {**LEAST, "server": both["server"]}
    state = state_of(held) | {"serverUrl": "https://example.com/evil"}
    assert unmanaged(PHONE_NUMBER, state, state[MANAGED]) == {"serverUrl": state["serverUrl"]}
    assert plan(PHONE_NUMBER, state, clearing(held)).patch == {"serverUrl": None}


@pytest.mark.parametrize("field", OPTIONAL)
def test_none_unsets_a_field_whoever_set_it(field: str) -> None:
    without = {key: value for key, value in INPUTS.items() if key != field}
    change = plan(PHONE_NUMBER, state_of(without, INPUTS), clearing(without))
    assert (change.changes, change.patch) == ((field,), {field: {"numberE164CheckEnabled": True, "hooks": []}.get(field)})
    assert unmanaged(PHONE_NUMBER, INPUTS, shape_of(PHONE_NUMBER, clearing(without), INPUTS)) == {field: INPUTS[field]}


def test_a_field_that_is_none_is_not_recorded_to_keep_the_record_small() -> None:
    assert shape_of(PHONE_NUMBER, clearing(LEAST), LEAST) == shape_of(PHONE_NUMBER, LEAST, LEAST)


@pytest.mark.parametrize("field", OPTIONAL)
def test_a_default_that_the_server_filled_in_is_neither_set_nor_left_out_until_it_changes(field: str) -> None:
    without = {key: value for key, value in INPUTS.items() if key != field}
    shape = shape_of(PHONE_NUMBER, without, INPUTS) | filled_in(PHONE_NUMBER, clearing(without), INPUTS)
    state = {**INPUTS, MANAGED: shape}
    assert shape[field] is False
    assert plan(PHONE_NUMBER, state, clearing(without)).changes == plan(PHONE_NUMBER, state, without).changes == ()
    assert differing(PHONE_NUMBER, clearing(without), INPUTS, shape) == []
    assert managed_inputs(PHONE_NUMBER, state, INPUTS) == without
    assert unmanaged(PHONE_NUMBER, INPUTS, still_filled_in(shape, state, INPUTS)) == {}
    changed = {
        **INPUTS,
        field: [RINGING] if field == "hooks" else not INPUTS[field] if INPUTS[field] is False else OTHER[field],
    }
    assert field not in still_filled_in(shape, state, changed)


@given(apis, inputs, inputs)
def test_an_update_that_clears_leaves_only_what_the_program_wrote(api: Api, before: Wire, after: Wire) -> None:
    api.write(body_of(PHONE_NUMBER, before))
    state = {**api.state(before), MANAGED: shape_of(PHONE_NUMBER, LEAST, api.state(before))}
    wanted = clearing(after)
    api.write(plan(PHONE_NUMBER, state, wanted).patch)
    answer = api.state(after)
    shape = shape_of(PHONE_NUMBER, wanted, answer)
    assert plan(PHONE_NUMBER, {**answer, MANAGED: shape}, wanted).changes == ()
    assert unmanaged(PHONE_NUMBER, answer, shape) == {}


@given(inputs, inputs)
def test_a_patch_is_the_changes_and_turns_one_into_the_other(before: Wire, after: Wire) -> None:
    change = plan(PHONE_NUMBER, state_of(before), after)
    flag = {"numberE164CheckEnabled"} if "number" in change.changes and after.get("numberE164CheckEnabled") is False else set()
    assert set(change.patch) == set(change.changes) | (flag if "number" in after else set())
    for field in PHONE_NUMBER.api_fields:
        if field not in change.changes:
            continue
        unset = {"numberE164CheckEnabled": True, "hooks": []}.get(field)
        assert change.patch[field] == (unset if is_blank(after.get(field)) else after[field])
    made = {**before, **change.patch}
    cleared: Wire = {"numberE164CheckEnabled": True, "hooks": [], "server": {}}
    for field in PHONE_NUMBER.api_fields:
        if field not in change.changes:
            assert (
                made.get(field) == after.get(field)
                or plan(PHONE_NUMBER, {field: made.get(field)}, {field: after.get(field)}).patch == {}
            )
        elif field not in after:
            assert made[field] is None or made[field] == cleared[field]


@given(apis, inputs)
def test_the_inputs_that_a_read_returns_need_no_change(api: Api, fields: Wire) -> None:
    state = written_to(api, fields)
    read_back = managed_inputs(PHONE_NUMBER, state, state)
    assert plan(PHONE_NUMBER, state, read_back).changes == ()
    assert set(read_back) <= set(fields)
    if api.keeps_server_url:
        assert plan(PHONE_NUMBER, state_of(fields), read_back).changes == ()


@given(inputs, inputs)
def test_inputs_read_from_a_number_that_somebody_changed_are_the_way_back(fields: Wire, drifted: Wire) -> None:
    state = {**drifted, MANAGED: shape_of(PHONE_NUMBER, fields, fields)}
    there = managed_inputs(PHONE_NUMBER, state, drifted)
    assert plan(PHONE_NUMBER, state, there).changes == ()
    # The way back is exactly the plan for the program's inputs.
    record = {**there, MANAGED: shape_of(PHONE_NUMBER, fields, fields)}
    assert plan(PHONE_NUMBER, record, fields).changes == plan(PHONE_NUMBER, state, fields).changes


@given(inputs, st.data())
def test_an_unknown_is_a_change_at_any_depth(fields: Wire, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(places(fields))))
    unknown = put(fields, path, UNKNOWN)
    assert str(path[0]) in plan(PHONE_NUMBER, state_of(fields), unknown).changes


def _shuffled(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: _shuffled(value[key], order) for key in keys}
    return [_shuffled(item, order) for item in value] if isinstance(value, list) else value


@given(apis, inputs, inputs, st.randoms(use_true_random=False))
def test_the_order_of_keys_changes_nothing(api: Api, before: Wire, after: Wire, order: random.Random) -> None:
    state = written_to(api, before)
    assert plan(PHONE_NUMBER, _shuffled(state, order), _shuffled(after, order)) == plan(PHONE_NUMBER, state, after)


@given(inputs)
def test_normalising_again_changes_nothing(fields: Wire) -> None:
    assert plan(PHONE_NUMBER, state_of(fields), check_inputs(PHONE_NUMBER, fields).inputs).changes == ()


@given(inputs, inputs)
def test_planning_does_not_modify_its_arguments(before: Wire, after: Wire) -> None:
    state = state_of(before)
    copies = copy.deepcopy(state), copy.deepcopy(after)
    plan(PHONE_NUMBER, state, after)
    managed_inputs(PHONE_NUMBER, state, after)
    shape_of(PHONE_NUMBER, after, state)
    assert (state, after) == copies


def _leaves(shape: Any) -> set[Any]:
    if isinstance(shape, dict):
        return set().union(*map(_leaves, shape.values())) if shape else set()
    if isinstance(shape, list):
        return set().union(*map(_leaves, shape)) if shape else set()
    return {shape}


@given(apis, inputs)
def test_the_record_holds_no_values_and_no_names_of_headers(api: Api, fields: Wire) -> None:
    state = written_to(api, fields)
    assert _leaves(state[MANAGED]) <= {True, False}
    assert "x-a" not in json.dumps(state[MANAGED])


@given(apis, inputs, inputs)
def test_a_state_without_its_record_says_the_same(api: Api, fields: Wire, drifted: Wire) -> None:
    for held in (api.state(fields), drifted):
        shape = shape_of(PHONE_NUMBER, fields, api.state(fields))
        written = recorded(PHONE_NUMBER, held, shape)
        assert managed_shape(PHONE_NUMBER, written) == shape
        assert {key: value for key, value in written.items() if key != MANAGED} == held


def test_a_state_has_the_record_only_if_the_record_differs_from_it() -> None:
    assert recorded(PHONE_NUMBER, {**LEAST, MANAGED: {}}, shape_of(PHONE_NUMBER, LEAST, LEAST)) == LEAST
    filled_in = {**LEAST, "name": "by the server"}
    shape = shape_of(PHONE_NUMBER, LEAST, filled_in)
    assert recorded(PHONE_NUMBER, filled_in, shape) == {**filled_in, MANAGED: shape}
    cleared = {"credentialId": LEAST["credentialId"]}
    both = shape_of(PHONE_NUMBER, {**LEAST, "name": "set"}, {})
    assert recorded(PHONE_NUMBER, cleared, both) == {**cleared, MANAGED: both}


# ------------------------------------------------------------------------------------------------------------ conflicts


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        ("as it was", []),
        ("as the program says", []),
        ("as somebody else says", ["name"]),
        (None, ["name"]),
    ],
)
def test_a_conflict_is_a_third_value(live: str | None, expected: list[str]) -> None:
    state = state_of({**LEAST, "name": "as it was"})
    found = conflicts(PHONE_NUMBER, ["name"], state, {**LEAST, "name": "as the program says"}, {**LEAST, "name": live})
    assert found == expected


def test_only_the_fields_that_are_written_can_be_in_conflict() -> None:
    state = state_of({**LEAST, "name": "a", "squadId": "b"})
    live = {**LEAST, "name": "x", "squadId": "y"}
    assert conflicts(PHONE_NUMBER, ["squadId"], state, {**LEAST, "name": "c", "squadId": "d"}, live) == ["squadId"]
    assert conflicts(PHONE_NUMBER, [], state, {**LEAST, "name": "c"}, live) == []


@given(apis, inputs, inputs)
def test_an_untouched_number_has_no_conflicts(api: Api, before: Wire, after: Wire) -> None:
    state = written_to(api, before)
    assert conflicts(PHONE_NUMBER, plan(PHONE_NUMBER, state, after).patch, state, after, state) == []


def test_a_secret_that_goes_with_the_old_spelling_is_cleared_through_the_new_one() -> None:
    old = {"credentialId": "c", "serverUrl": "https://a.example", "serverUrlSecret": "canary"}
    answered = {"credentialId": "c", "server": {"url": "https://a.example"}}
    state = {**old, **answered, MANAGED: shape_of(PHONE_NUMBER, old, answered)}
    new = {"credentialId": "c", "server": {"url": "https://a.example"}}
    change = plan(PHONE_NUMBER, state, new)
    assert change.changes == ("serverUrl", "serverUrlSecret")
    assert change.patch == {"server": {"url": "https://a.example"}}
