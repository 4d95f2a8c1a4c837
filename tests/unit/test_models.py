from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_vapi_byo.core.check import Problem, check_inputs
from pulumi_vapi_byo.errors import show_path, show_value
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.wire import ADDITIONAL, API_DEFAULTS, LOCAL_FIELDS, UNKNOWN, WIRE_NAMES

from .samples import (
    ASSISTANT_ID,
    CREDENTIAL_ID,
    EVERYTHING,
    LEAST,
    SQUAD_ID,
    Path,
    Wire,
    at,
    destinations,
    inputs,
    json_values,
    places,
    put,
    servers,
)

ANSWERED = {**LEAST, "assistantId": ASSISTANT_ID}
DESTINATION = {"type": "number", "number": "+14155552672"}


def problems(**fields: Any) -> list[Problem]:
    return check_inputs(PHONE_NUMBER, {**LEAST, **fields}).problems


def destination(**fields: Any) -> Wire:
    return {"fallbackDestination": {**DESTINATION, **fields}}


def transfer_plan(**fields: Any) -> Wire:
    return destination(transferPlan={"mode": "blind-transfer", **fields})


def normalised(**fields: Any) -> Wire:
    checked = check_inputs(PHONE_NUMBER, {**LEAST, **fields})
    assert checked.problems == []
    return {field: value for field, value in checked.inputs.items() if field != "credentialId"}


# ------------------------------------------------------------------------------------------------------------- results


def test_the_sample_has_every_input_but_the_older_spelling_of_the_server() -> None:
    assert set(EVERYTHING) == {*PHONE_NUMBER.api_fields, *LOCAL_FIELDS} - {"serverUrl", "serverUrlSecret", ADDITIONAL}


def test_inputs_in_wire_form_are_returned_unchanged() -> None:
    checked = check_inputs(PHONE_NUMBER, EVERYTHING)
    assert checked.problems == []
    assert checked.inputs == EVERYTHING


def _to_python_names(value: Any) -> Any:
    if isinstance(value, dict):
        python_names = {wire: name for name, wire in WIRE_NAMES.items()}
        return {
            python_names.get(key, key): item if key in ("headers", "sipHeaders", "messages") else _to_python_names(item)
            for key, item in value.items()
        }
    return [_to_python_names(item) for item in value] if isinstance(value, list) else value


def test_snake_case_is_understood_at_every_depth_and_headers_keep_their_names() -> None:
    written = _to_python_names(EVERYTHING)
    assert "timeout_seconds" in written["server"]
    assert "sip_headers" in written["hooks"][0]["do"][1]["destination"]
    assert check_inputs(PHONE_NUMBER, written).inputs == EVERYTHING


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"server": {"timeoutSeconds": 20.0}}, {"server": {"timeoutSeconds": 20}}),
        ({"server": {"timeout_seconds": 20.5}}, {"server": {"timeoutSeconds": 20.5}}),
        (
            {"server": {"backoffPlan": {"type": "fixed", "maxRetries": 3.0, "baseDelaySeconds": 1.5, "excludedStatusCodes": [400.0]}}},
            {"server": {"backoffPlan": {"type": "fixed", "maxRetries": 3, "baseDelaySeconds": 1.5, "excludedStatusCodes": [400]}}},
        ),
        ({"hooks": ()}, {"hooks": []}),
        ({"hooks": []}, {"hooks": []}),
        ({"server": {}}, {"server": {}}),
        ({"server": {"url": None}}, {"server": {}}),
        ({"name": "", "assistant_id": "", "squadId": "", "workflow_id": ""}, {"name": "", "assistantId": "", "squadId": "", "workflowId": ""}),
        ({"fallback_destination": {}}, {"fallbackDestination": {}}),
        ({"server": {"headers": {}}}, {"server": {"headers": {}}}),
        ({"name": None, "server": None, "hooks": None, "fallbackDestination": None}, {}),
        ({"server": {"url": None, "headers": {"a": None, "b": "c"}, "backoff_plan": None}}, {"server": {"headers": {"b": "c"}}}),
        ({"numberE164CheckEnabled": True}, {"numberE164CheckEnabled": True}),
        ({"number_e164_check_enabled": False, "number": "1234"}, {"numberE164CheckEnabled": False, "number": "1234"}),
        # A destination and an action may leave out a type that their other fields imply.
        ({"fallbackDestination": {"number": "+14155552672"}}, {"fallbackDestination": DESTINATION}),
        ({"fallback_destination": {"sip_uri": "sip:a@b"}}, {"fallbackDestination": {"type": "sip", "sipUri": "sip:a@b"}}),
        ({"fallbackDestination": {"sipUri": "SIPS:a@b"}}, {"fallbackDestination": {"type": "sip", "sipUri": "SIPS:a@b"}}),
        (
            {"fallbackDestination": {"sipUri": "sip:{{ desk }}@b"}},  # Vapi fills in templates
            {"fallbackDestination": {"type": "sip", "sipUri": "sip:{{ desk }}@b"}},
        ),
        (
            {"hooks": [{"on": "call.ringing", "do": [{"exact": "Hi"}, {"destination": {"number": "+14155552672"}}]}]},
            {"hooks": [{"on": "call.ringing", "do": [{"type": "say", "exact": "Hi"}, {"type": "transfer", "destination": DESTINATION}]}]},
        ),
        (
            {"hooks": [{"on": "call.ending", "do": {"type": "say", "exact": "Bye"}, "filters": [{"one_of": ["assistant-request-failed"]}]}]},
            {
                "hooks": [
                    {
                        "on": "call.ending",
                        "do": {"type": "say", "exact": "Bye"},
                        "filters": [{"type": "oneOf", "key": "call.endedReason", "oneOf": ["assistant-request-failed"]}],
                    }
                ]
            },
        ),
        (
            {"hooks": [{"on": "call.ringing", "do": [], "filters": [{"starts_with": ["+1"]}]}]},
            {"hooks": [{"on": "call.ringing", "do": [], "filters": [{"type": "startsWith", "key": "number", "startsWith": ["+1"]}]}]},
        ),
        (destination(message={"content": "Hi"}), destination(message={"type": "custom-message", "content": "Hi"})),
        (
            transfer_plan(context_engineering_plan={"type": "lastNMessages", "max_messages": 5.0}),
            transfer_plan(contextEngineeringPlan={"type": "lastNMessages", "maxMessages": 5}),
        ),
        (transfer_plan(contextEngineeringPlan={"type": "all"}), transfer_plan(contextEngineeringPlan={"type": "all"})),
    ],
)  # fmt: skip
def test_inputs_are_converted_to_the_wire_form(fields: Wire, expected: Wire) -> None:
    assert normalised(**fields) == expected


@pytest.mark.parametrize("path", [path for path in places(EVERYTHING) if not isinstance(path[-1], int)], ids=show_path)
def test_a_null_counts_as_left_out(path: Path) -> None:
    without = put(EVERYTHING, path, None)
    left_out = put(EVERYTHING, path, None)
    del at(left_out, path[:-1])[path[-1]]
    assert check_inputs(PHONE_NUMBER, without) == check_inputs(PHONE_NUMBER, left_out)


@given(inputs)
def test_checking_twice_changes_nothing(fields: Wire) -> None:
    once = check_inputs(PHONE_NUMBER, fields)
    assert once.problems == []
    assert check_inputs(PHONE_NUMBER, once.inputs) == once


def _as_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@given(inputs)
def test_the_engine_s_floats_make_no_difference(fields: Wire) -> None:
    as_written, as_it_arrives = check_inputs(PHONE_NUMBER, fields), check_inputs(PHONE_NUMBER, _as_floats(fields))
    assert json.dumps(as_written.inputs) == json.dumps(as_it_arrives.inputs)


# ------------------------------------------------------------------------------------------------------------- unknowns


@pytest.mark.parametrize("path", list(places(EVERYTHING)), ids=show_path)
def test_an_unknown_passes_anywhere_and_stays_where_it_is(path: Path) -> None:
    raw = put(EVERYTHING, path, UNKNOWN)
    checked = check_inputs(PHONE_NUMBER, raw)
    assert checked.problems == []
    assert at(checked.inputs, path) is UNKNOWN
    assert checked.inputs == raw


@pytest.mark.parametrize(
    "path",
    [path for path in places(EVERYTHING) if path[:2] != ("server", "timeoutSeconds") and path != ("server",)],
    ids=show_path,
)
def test_known_values_beside_an_unknown_are_still_checked(path: Path) -> None:
    raw = put(put(EVERYTHING, ("server", "timeoutSeconds"), 301), path, UNKNOWN)
    assert [problem.path for problem in check_inputs(PHONE_NUMBER, raw).problems] == [("server", "timeoutSeconds")]


def test_a_number_waits_for_the_switch_that_says_how_to_judge_it() -> None:
    assert problems(number="1234", numberE164CheckEnabled=UNKNOWN) == []
    assert problems(number="12", numberE164CheckEnabled=UNKNOWN) != []


def test_a_destination_of_unknown_type_is_recognised_by_its_other_fields() -> None:
    assert normalised(fallbackDestination={"type": UNKNOWN, "sipUri": "sip:a@b"}) == {
        "fallbackDestination": {"type": UNKNOWN, "sipUri": "sip:a@b"}
    }
    assert problems(fallbackDestination={"type": UNKNOWN, "number": "1"}) != []


def test_an_unknown_server_may_turn_out_to_be_left_out() -> None:
    assert problems(serverUrl="https://example.com", server=UNKNOWN) == []
    assert problems(serverUrl=UNKNOWN, server={"url": "https://example.com"}) == []


# ------------------------------------------------------------------------------------------------------------- problems

NOT_E164 = "must be in E.164 (a plus, the country code and the number, digits only): "
OR_NO_CHECK = "; if the trunk dials other forms, set number_e164_check_enabled=False as well"
OR_E164_CHECK = "; check its digits or, if they are right (the phonenumbers library's numbering plans may be out of date), set vapi-byo:numberCheck e164 (number_check on a Provider)"
CONTROLS = "must not hold line breaks or other control characters, "
HEADER_NAMES = "must have names of letters, digits and hyphens, without spaces, colons and line breaks"
USERINFO = "must not hold a user name or a password, which states and previews show in clear: "
SERVER_INSTEAD = "use headers or credential_id of server instead"
NO_URL = "must be a whole URL such as https://example.com/vapi"
NO_DESTINATION = "must be an object with type 'number' (and number) or 'sip' (and sip_uri)"
NO_ACTION = "must be an object with type 'say' (and exact) or 'transfer' (and destination)"
NO_HOOK = "must be an object with on 'call.ringing' or 'call.ending'"
MODES = (
    "must be 'blind-transfer', 'blind-transfer-add-summary-to-sip-header', 'warm-transfer-say-message', "
    "'warm-transfer-say-summary', 'warm-transfer-twiml', "
    "'warm-transfer-wait-for-operator-to-speak-first-and-then-say-message', "
    "'warm-transfer-wait-for-operator-to-speak-first-and-then-say-summary' or 'warm-transfer-experimental'"
)
RINGING = {"on": "call.ringing", "do": []}
OR_SEND = "; if Vapi has it by now, set vapi-byo:onUnknown send (on_unknown on a Provider)"
BEYOND = "; other Vapi fields go into additional_properties"
FILTER = {"on": "call.ringing", "do": [], "filters": []}


@pytest.mark.parametrize(
    ("fields", "path", "reason", "shown"),
    [
        # numbers
        ({"number": "(415) 555-2671"}, "number", NOT_E164 + "the country code is missing", "'(415) 555-2671'"),
        ({"number": "4.42079E+11"}, "number", NOT_E164 + "a spreadsheet turned it into a number: format the column as text, and enter the number again with its plus", "'4.42079E+11'"),
        ({"number": "+1415555267"}, "number", "has 9 digits after +1, 10 are usual" + OR_E164_CHECK, "'+1415555267'"),
        ({"number": "+15552671"}, "number", "has 7 digits after +1, 10 are usual: the area code is missing" + OR_E164_CHECK, "'+15552671'"),
        ({"number": "+9991234567"}, "number", "does not begin with a country code in use" + OR_E164_CHECK, "'+9991234567'"),
        ({"number": "+4402079460018"}, "number", "has digits after +44 that are dialled only within the country, probably '+442079460018'" + OR_E164_CHECK, "'+4402079460018'"),
        ({"number": "0044 20 7946 0018"}, "number", NOT_E164 + "probably '+442079460018'", "'0044 20 7946 0018'"),
        ({"number": "1234"}, "number", NOT_E164 + "the country code is missing" + OR_NO_CHECK, "'1234'"),
        ({"number": "1234", "numberE164CheckEnabled": True}, "number", NOT_E164 + "the country code is missing" + OR_NO_CHECK, "'1234'"),
        ({"number": "+1"}, "number", "must have at least 3 characters, has 2", "'+1'"),
        ({"number": ""}, "number", "must not be empty: leave it out", "''"),
        ({"number": "+" + "1" * 40}, "number", "must have at most 40 characters, has 41", "'+" + "1" * 40 + "'"),
        ({"number": 14155552671.0}, "number", "must be a string: write '+14155552671'", "14155552671"),
        ({"number": 4155552671}, "number", "must be a string: in quotes, with its plus and country code", "4155552671"),
        ({"number": 1234.0, "numberE164CheckEnabled": False}, "number", "must be a string: write '1234'", "1234"),
        ({"number": 1.5}, "number", "must be a string", "1.5"),
        ({"number": True}, "number", "must be a string", "True"),
        ({"number": "12-34", "numberE164CheckEnabled": False}, "number", "must be letters and digits only, with at most one leading plus", "'12-34'"),
        ({"number": "++1", "number_e164_check_enabled": False}, "number", "must be letters and digits only, with at most one leading plus", "'++1'"),
        ({"numberE164CheckEnabled": "yes"}, "numberE164CheckEnabled", "must be True or False", "'yes'"),
        ({"number_e164_check_enabled": 1}, "numberE164CheckEnabled", "must be True or False", "1"),
        # names and ids
        ({"credentialId": None}, "credentialId", "is required: set credential_id", ""),
        ({"credentialId": ""}, "credentialId", "must not be empty: it is required", "''"),
        ({"name": "n" * 41}, "name", "must have at most 40 characters, has 41", "'" + "n" * 41 + "'"),
        ({"name": True}, "name", "must be a string", "True"),
        ({"name": ["a"]}, "name", "must be a string", ""),
        ({"assistant_id": 7}, "assistantId", "must be a string", "7"),
        ({"squadId": []}, "squadId", "must be a string", ""),
        ({"workflow_id": {"a": "b"}}, "workflowId", "must be a string", ""),
        # the server in its older spelling
        ({"serverUrl": ""}, "serverUrl", "must not be empty: leave it out, or write server={} where there must be none", "''"),
        ({"server_url": "example.com/vapi"}, "serverUrl", NO_URL, "'example.com/vapi'"),
        ({"serverUrl": "ftp://example.com"}, "serverUrl", NO_URL, "'ftp://example.com'"),
        ({"serverUrl": "https://"}, "serverUrl", NO_URL, "'https://'"),
        ({"serverUrl": "https://[::1"}, "serverUrl", NO_URL, "'https://[::1'"),
        ({"serverUrl": "https://exa mple.com"}, "serverUrl", NO_URL, "'https://exa mple.com'"),
        ({"serverUrl": "https://example.com\n"}, "serverUrl", NO_URL, "'https://example.com\\n'"),
        ({"server_url_secret": 5}, "serverUrlSecret", "must be a string", ""),
        ({"serverUrlSecret": ""}, "serverUrlSecret", "must not be empty: leave it out", ""),
        ({"serverUrl": "https://a.b", "server": {}}, "serverUrl", "cannot be combined with server: put the address into server as url, or leave server out", ""),
        (
            {"server_url_secret": "s3cret", "server": {}},
            "serverUrlSecret",
            "cannot be combined with server: put the secret into server as headers={'x-vapi-secret': ...} or use server's credential_id, or leave server out",
            "",
        ),
        # the server
        ({"server": "https://user:canary@example.com"}, "server", "must be an object", ""),
        ({"server": ["https://example.com"]}, "server", "must be an object", ""),
        ({"server": {"url": "example.com"}}, "server.url", NO_URL, "'example.com'"),
        ({"server": {"timeoutSeconds": 0}}, "server.timeoutSeconds", "must be a number from 1 to 300", "0"),
        ({"server": {"timeoutSeconds": 99999.0}}, "server.timeoutSeconds", "must be a number from 1 to 300", "99999"),
        ({"server": {"timeoutSeconds": 0.0}}, "server.timeoutSeconds", "must be a number from 1 to 300", "0"),
        ({"server": {"timeoutSeconds": 300.5}}, "server.timeoutSeconds", "must be a number from 1 to 300", "300.5"),
        ({"server": {"timeoutSeconds": "301.0"}}, "server.timeoutSeconds", "must be a number from 1 to 300", "'301.0'"),
        ({"server": {"timeoutSeconds": "20"}}, "server.timeoutSeconds", "must be a number from 1 to 300", "'20'"),
        ({"server": {"timeoutSeconds": True}}, "server.timeoutSeconds", "must be a number from 1 to 300", "True"),
        ({"server": {"timeoutSeconds": float("nan")}}, "server.timeoutSeconds", "must be a number from 1 to 300", "nan"),
        ({"server": {"headers": "canary"}}, "server.headers", "must be an object", ""),
        ({"server": {"headers": ["canary"]}}, "server.headers", "must be an object", ""),
        ({"server": {"headers": {"x-a": 1}}}, "server.headers.x-a", "must be a string", ""),
        ({"server": {"headers": {"x-a": {"canary": "canary"}}}}, "server.headers.x-a", "must be a string", ""),
        ({"server": {"credentialId": ""}}, "server.credentialId", "must not be empty: leave it out", "''"),
        ({"server": {"staticIpAddressesEnabled": 1}}, "server.staticIpAddressesEnabled", "must be True or False", "1"),
        ({"server": {"encryptedPaths": "a"}}, "server.encryptedPaths", "must be a list", "'a'"),
        ({"server": {"encryptedPaths": [1]}}, "server.encryptedPaths[0]", "must be a string", "1"),
        ({"server": {"backoffPlan": {"type": "linear", "maxRetries": 1, "baseDelaySeconds": 1}}}, "server.backoffPlan.type", "must be 'fixed' or 'exponential'" + OR_SEND, "'linear'"),
        ({"server": {"backoffPlan": {"type": "fixed", "maxRetries": 11, "baseDelaySeconds": 1}}}, "server.backoffPlan.maxRetries", "must be a number from 0 to 10", "11"),
        ({"server": {"backoffPlan": {"type": "fixed", "maxRetries": 1, "baseDelaySeconds": -0.5}}}, "server.backoffPlan.baseDelaySeconds", "must be a number from 0 to 10", "-0.5"),
        ({"server": {"backoffPlan": {"type": "fixed", "maxRetries": 1}}}, "server.backoffPlan.baseDelaySeconds", "is required", ""),
        # hooks
        ({"hooks": {"on": "call.ringing"}}, "hooks", "must be a list", ""),
        ({"hooks": "call.ringing"}, "hooks", "must be a list", ""),
        ({"hooks": ["call.ringing"]}, "hooks[0]", NO_HOOK, "'call.ringing'"),
        ({"hooks": [{"on": "call.started", "do": []}]}, "hooks[0]", NO_HOOK + OR_SEND, ""),
        ({"hooks": [{"on": ["call.ringing"]}]}, "hooks[0]", NO_HOOK, ""),
        ({"hooks": [{"do": []}]}, "hooks[0].on", "is required", ""),
        ({"hooks": [{"on": "call.ringing"}]}, "hooks[0].do", "is required", ""),
        ({"hooks": [RINGING, {"on": "call.ringing", "do": {"type": "say", "exact": "Hi"}}]}, "hooks[1].do", "must be a list", ""),
        ({"hooks": [{"on": "call.ending", "do": [{"type": "say", "exact": "Hi"}]}]}, "hooks[0].do", NO_ACTION, ""),
        ({"hooks": [{"on": "call.ringing", "do": [{"type": "sing"}]}]}, "hooks[0].do[0]", NO_ACTION + OR_SEND, ""),
        ({"hooks": [{"on": "call.ringing", "do": [{"type": "say"}]}]}, "hooks[0].do[0].exact", "is required", ""),
        ({"hooks": [{"on": "call.ringing", "do": [{"exact": "x" * 4001}]}]}, "hooks[0].do[0].exact", "must have at most 4000 characters, has 4001", "'" + "x" * 76 + "..."),
        ({"hooks": [{"on": "call.ringing", "do": [{"destination": {"number": "1234"}}]}]}, "hooks[0].do[0].destination.number", NOT_E164 + "the country code is missing" + OR_NO_CHECK, "'1234'"),
        ({"hooks": [{**RINGING, "filters": [{"startsWith": ["+" * 21]}]}]}, "hooks[0].filters[0].startsWith[0]", "must have at most 20 characters, has 21", "'" + "+" * 21 + "'"),
        ({"hooks": [{**RINGING, "filters": [{"startsWith": ["+1"] * 21}]}]}, "hooks[0].filters[0].startsWith", "must have at most 20 items, has 21", ""),
        ({"hooks": [{**RINGING, "filters": [{"key": "name", "startsWith": []}]}]}, "hooks[0].filters[0].key", "must be 'number'" + OR_SEND, "'name'"),
        ({"hooks": [{"on": "call.ending", "filters": [{}]}]}, "hooks[0].filters[0].oneOf", "is required", ""),
        # destinations
        ({"fallbackDestination": "+14155552671"}, "fallbackDestination", NO_DESTINATION, ""),
        ({"fallbackDestination": {"type": "assistant"}}, "fallbackDestination", NO_DESTINATION + OR_SEND, ""),
        ({"fallbackDestination": {"type": ["sip"]}}, "fallbackDestination", NO_DESTINATION, ""),
        ({"fallbackDestination": {"type": "number"}}, "fallbackDestination.number", "is required", ""),
        ({"fallbackDestination": {"type": "sip"}}, "fallbackDestination.sipUri", "is required", ""),
        ({"fallbackDestination": ""}, "fallbackDestination", NO_DESTINATION, ""),
        ({"server": ""}, "server", "must be an object", ""),
        ({"fallback_destination": {"number": "415 555 2671"}}, "fallbackDestination.number", NOT_E164 + "the country code is missing", "'415 555 2671'"),
        ({"fallbackDestination": {"sipUri": "desk@example.com"}}, "fallbackDestination.sipUri", "must be a SIP URI such as sip:desk@example.com", "'desk@example.com'"),
        ({"fallbackDestination": {"sipUri": "sip:a@b\n"}}, "fallbackDestination.sipUri", "must be a SIP URI such as sip:desk@example.com", "'sip:a@b\\n'"),
        ({"fallbackDestination": {"sipUri": "sip:a@b", "sipHeaders": {"x": 1}}}, "fallbackDestination.sipHeaders.x", "must be a string", ""),
        (destination(number=""), "fallbackDestination.number", "must not be empty: it is required", "''"),
        (destination(number=14155552671.0), "fallbackDestination.number", "must be a string: write '+14155552671'", "14155552671"),
        (destination(extension=""), "fallbackDestination.extension", "must not be empty: leave it out", "''"),
        (destination(extension="1" * 11), "fallbackDestination.extension", "must have at most 10 characters, has 11", "'11111111111'"),
        (destination(callerId="1" * 41), "fallbackDestination.callerId", "must have at most 40 characters, has 41", "'" + "1" * 41 + "'"),
        (destination(message=5), "fallbackDestination.message", "must be a string or a custom message (an object)", "5"),
        (destination(message={"contents": [{"text": "Hi"}]}), "fallbackDestination.message.contents[0].language", "is required", ""),
        (destination(message={"content": "x" * 1001}), "fallbackDestination.message.content", "must have at most 1000 characters, has 1001", "'" + "x" * 76 + "..."),
        (destination(transferPlan={}), "fallbackDestination.transferPlan.mode", "is required", ""),
        (destination(transferPlan={"mode": "cold"}), "fallbackDestination.transferPlan.mode", MODES + OR_SEND, "'cold'"),
        (transfer_plan(timeout=601), "fallbackDestination.transferPlan.timeout", "must be a number from 1 to 600", "601"),
        (transfer_plan(dialTimeout=0), "fallbackDestination.transferPlan.dialTimeout", "must be a number from 1 to 600", "0"),
        (transfer_plan(sipVerb="invite"), "fallbackDestination.transferPlan.sipVerb", "must be 'refer', 'bye' or 'dial'" + OR_SEND, "'invite'"),
        (transfer_plan(twiml="x" * 4097), "fallbackDestination.transferPlan.twiml", "must have at most 4096 characters, has 4097", "'" + "x" * 76 + "..."),
        (transfer_plan(holdAudioUrl="a.wav"), "fallbackDestination.transferPlan.holdAudioUrl", NO_URL, "'a.wav'"),
        (transfer_plan(summaryPlan={"timeoutSeconds": 61}), "fallbackDestination.transferPlan.summaryPlan.timeoutSeconds", "must be a number from 1 to 60", "61"),
        (transfer_plan(summaryPlan={"messages": ["Hi"]}), "fallbackDestination.transferPlan.summaryPlan.messages[0]", "must be an object", "'Hi'"),
        (transfer_plan(fallbackPlan={}), "fallbackDestination.transferPlan.fallbackPlan.message", "is required", ""),
        (transfer_plan(contextEngineeringPlan={"type": "lastNMessages"}), "fallbackDestination.transferPlan.contextEngineeringPlan", "needs max_messages where type is 'lastNMessages'", ""),
        (transfer_plan(contextEngineeringPlan={"type": "lastNMessages", "maxMessages": -1}), "fallbackDestination.transferPlan.contextEngineeringPlan.maxMessages", "must be a number of at least 0", "-1"),
        (transfer_plan(contextEngineeringPlan={"type": "lastNMessages", "maxMessages": float("inf")}), "fallbackDestination.transferPlan.contextEngineeringPlan.maxMessages", "must be a number of at least 0", "inf"),
        # unknown fields
        ({"nmae": "x"}, "nmae", "is not a property of a BYO phone number, did you mean name?", ""),
        ({"name": "", "assistant_id": "", "assistantId": "x"}, "assistantId", "is given twice, also as assistant_id: leave one out", ""),
        ({"serverURL": "https://a.b"}, "serverURL", "is not a property of a BYO phone number, did you mean server_url?", ""),
        ({"credential": "x"}, "credential", "is not a property of a BYO phone number" + BEYOND, ""),
        ({"url": "https://a.b"}, "url", "is not a property of a BYO phone number, did you mean server_url?", ""),
        ({"provider": "byo-phone-number"}, "provider", "is always 'byo-phone-number' here: leave it out", ""),
        ({"orgId": "x"}, "orgId", "is set by Vapi: leave it out", ""),
        ({"name": "two\nlines"}, "name", CONTROLS + "has '\\n' at position 4", "'two\\nlines'"),
        ({"name": "nul\0"}, "name", CONTROLS + "has '\\x00' at its end", "'nul\\x00'"),
        ({"assistantId": f"{ASSISTANT_ID}\n"}, "assistantId", CONTROLS + "has '\\n' at its end", repr(f"{ASSISTANT_ID}\n")),
        ({"server": {"headers": {"x": "a\r\nb: c"}}}, "server.headers.x", CONTROLS + "has '\\r' at position 2", ""),
        ({"server": {"headers": {"x\n": "a"}}}, "server.headers", HEADER_NAMES, ""),
        ({"serverUrl": "https://u:canary@example.com"}, "serverUrl", USERINFO + SERVER_INSTEAD, ""),
        ({"server": {"url": "https://canary@example.com"}}, "server.url", USERINFO + SERVER_INSTEAD, ""),
        ({"server": {"url": "https://u:can/ary@example.com"}}, "server.url", NO_URL, ""),
        (transfer_plan(holdAudioUrl="https://u:canary@example.com/a.mp3"), "fallbackDestination.transferPlan.holdAudioUrl", USERINFO + "use an address that needs none", ""),
        ({"fallbackDestination": {"type": "sip", "sipUri": "sip:u:canary@example.com"}}, "fallbackDestination.sipUri", "must not hold a password, which states and previews show in clear: use sip_headers instead", ""),
        ({"fallbackDestination": {"type": "sip", "sipUri": "sip:u@example.com", "sipHeaders": {"X-A": "b\nc"}}}, "fallbackDestination.sipHeaders.X-A", CONTROLS + "has '\\n' at position 2", ""),
        ({"server": {"timeout": 5}}, "server.timeout", "is not a property of server, did you mean timeout_seconds?" + OR_SEND, ""),
        (
            {"server": {"secret": "canary"}},
            "server.secret",
            "is not a property of server, use headers={'x-vapi-secret': ...} or credential_id",
            "",
        ),
        ({"server": {"timeout_secs": 5}}, "server.timeout_secs", "is not a property of server, did you mean timeout_seconds?" + OR_SEND, ""),
        ({"hooks": [{**RINGING, "when": 1}]}, "hooks[0].when", "is not a property of hooks[0]" + OR_SEND, ""),
        ({"serverUrl": "https://a.b", "server_url": "https://c.d"}, "serverUrl", "is given twice, also as server_url: leave one out", ""),
    ],
)  # fmt: skip
def test_a_bad_input_is_named_with_a_suggested_fix(fields: Wire, path: str, reason: str, shown: str) -> None:
    found = problems(**fields)
    assert [(show_path(problem.path), problem.reason, problem.value) for problem in found] == [(path, reason, shown)]


def test_all_problems_are_reported_at_once_in_the_order_of_the_inputs() -> None:
    found = check_inputs(
        PHONE_NUMBER,
        {
            "fallbackDestination": {"number": "x"},
            "server": {"url": "x", "timeoutSeconds": 0},
            "serverUrl": "https://example.com",
            "name": "n" * 41,
            "number": "1234",
            "nmae": "x",
        },
    ).problems
    assert [show_path(problem.path) for problem in found] == [
        "credentialId",
        "number",
        "name",
        "server.url",
        "server.timeoutSeconds",
        "fallbackDestination.number",
        "nmae",
        "serverUrl",
    ]


def test_inputs_with_problems_carry_no_warnings() -> None:
    assert check_inputs(PHONE_NUMBER, {"credentialId": "x", "name": 1}).warnings == []


def test_a_huge_whole_number_is_refused_or_kept_but_never_crashes() -> None:
    huge = 10**400
    assert problems(server={"timeoutSeconds": huge}) != []
    assert problems(**transfer_plan(contextEngineeringPlan={"type": "lastNMessages", "maxMessages": huge})) == []


@given(st.dictionaries(st.sampled_from([*PHONE_NUMBER.api_fields, *WIRE_NAMES, "other"]), json_values, max_size=5))
def test_any_json_is_checked_without_failing_and_each_reason_is_one_line(raw: Wire) -> None:
    for problem in check_inputs(PHONE_NUMBER, raw).problems:
        assert problem.reason
        assert "\n" not in problem.reason + problem.value
        assert "Input should" not in problem.reason


CANARY = "canary-7f3a"


def _with_canaries(value: Any, secret: bool = False) -> Any:
    if isinstance(value, dict):
        return {key: _with_canaries(item, secret or key in ("headers", "sipHeaders")) for key, item in value.items()}
    return CANARY if secret else value


_secretive = st.fixed_dictionaries(
    {"credentialId": st.just(CREDENTIAL_ID)},
    optional={
        "server": servers.map(_with_canaries),
        "fallbackDestination": destinations.map(_with_canaries),
        "serverUrlSecret": st.just(CANARY) | st.just([CANARY]) | st.just({"a": CANARY}),
        "name": st.just(1),
    },
)
_spoil: list[Callable[[Wire], Any]] = [
    lambda raw: raw.update(server=CANARY),
    lambda raw: raw.update(server={"headers": CANARY}),
    lambda raw: raw.update(server={"headers": [CANARY]}),
    lambda raw: raw.update(server={"headers": {"x": [CANARY]}}),
    lambda raw: raw.update(server={"secret": CANARY}),
    lambda raw: raw.update(serverUrl="x", serverUrlSecret=CANARY),
    lambda raw: raw.update(server_url_secret=[CANARY]),
    lambda raw: raw.update(serverUrlSecrt=CANARY),
    lambda raw: raw.update(fallbackDestination=CANARY),
    lambda raw: raw.update(fallbackDestination={"sipUri": "sip:a@b", "sipHeaders": {"x": {"y": CANARY}}}),
    lambda raw: raw.update(hooks=CANARY),
    lambda raw: raw.update(hooks=[{"headers": CANARY}]),
]


@given(_secretive, st.sampled_from(_spoil))
def test_no_problem_and_no_warning_repeats_a_secret(raw: Wire, spoil: Callable[[Wire], Any]) -> None:
    spoil(raw)
    checked = check_inputs(PHONE_NUMBER, raw)
    assert checked.problems
    assert CANARY not in repr(checked.problems) + repr(checked.warnings)


# ------------------------------------------------------------------------------------------------------------- warnings

NO_WORKFLOWS = "workflow_id answers no calls: Vapi retired workflows in August 2026; use assistant_id or squad_id instead"
NOTHING_ANSWERS = (
    "nothing in the program answers calls to this number: unless the organisation's server URL does, or a dashboard setting "
    "that vapi-byo:onOmitted keeps, nobody will; set assistant_id, squad_id, server or fallback_destination"
)


@pytest.mark.parametrize(
    ("fields", "warnings"),
    [
        ({"assistantId": ASSISTANT_ID}, []),
        ({"assistantId": ASSISTANT_ID.upper()}, []),
        ({"assistantId": UNKNOWN}, []),
        ({"squadId": SQUAD_ID}, []),
        ({"workflowId": SQUAD_ID, "assistantId": ASSISTANT_ID}, [NO_WORKFLOWS]),
        ({"workflowId": SQUAD_ID}, [NO_WORKFLOWS, NOTHING_ANSWERS]),
        ({"serverUrl": "https://example.com"}, []),
        ({"server": {"url": "https://example.com"}}, []),
        ({"server": UNKNOWN}, []),
        ({"fallbackDestination": DESTINATION}, []),
        ({"hooks": [{"on": "call.ringing", "do": []}]}, []),
        ({}, [NOTHING_ANSWERS]),
        ({"server": {}, "hooks": []}, [NOTHING_ANSWERS]),
        ({"assistantId": "", "squadId": "", "workflowId": "", "fallbackDestination": {}}, [NOTHING_ANSWERS]),
        ({"assistantId": ASSISTANT_ID, "squadId": ""}, []),
        ({"serverUrlSecret": "s3cret"}, [NOTHING_ANSWERS]),
        (
            {"number": "+14150000000", "assistantId": ASSISTANT_ID},
            [
                (
                    "number '+14150000000' has a possible length but is in no range known to be in use; "
                    "check its digits (new ranges may be missing from the phonenumbers library)"
                )
            ],
        ),
        ({"number": "+14150000000", "numberE164CheckEnabled": False, "assistantId": ASSISTANT_ID}, []),
        ({"number": "+14150000000", "numberE164CheckEnabled": UNKNOWN, "assistantId": ASSISTANT_ID}, []),
        (
            {"fallbackDestination": {"number": "+14150000000"}},
            [
                (
                    "fallback_destination.number '+14150000000' has a possible length but is in no range known to be in use; "
                    "check its digits (new ranges may be missing from the phonenumbers library)"
                )
            ],
        ),
        (
            {"credentialId": "my-trunk", "assistantId": "{" + ASSISTANT_ID + "}"},
            [
                "credential_id 'my-trunk' is not a UUID, which Vapi's ids are; Vapi may refuse it",
                f"assistant_id '{{{ASSISTANT_ID}}}' is not a UUID, which Vapi's ids are; Vapi may refuse it",
            ],
        ),
        (
            {"assistantId": ASSISTANT_ID, "squadId": SQUAD_ID},
            ["assistant_id and squad_id are both set; Vapi expects one or the other"],
        ),
    ],
)
def test_a_legal_value_that_is_probably_a_mistake_gives_a_warning(fields: Wire, warnings: list[str]) -> None:
    checked = check_inputs(PHONE_NUMBER, {**LEAST, **fields})
    assert checked.problems == []
    assert checked.warnings == warnings


IMPOSSIBLE = "+1415555267"


def test_a_number_in_no_known_range_gives_only_a_warning_if_just_its_form_is_checked() -> None:
    raw = {
        "credentialId": CREDENTIAL_ID,
        "assistantId": ASSISTANT_ID,
        "number": IMPOSSIBLE,
        "fallbackDestination": {"type": "number", "number": "+15552671"},
        "hooks": [
            {"on": "call.ringing", "do": [{"type": "transfer", "destination": {"type": "number", "number": "+9991234567"}}]}
        ],
    }
    assert [problem.path for problem in check_inputs(PHONE_NUMBER, raw).problems] == [
        ("number",),
        ("hooks", 0, "do", 0, "destination", "number"),
        ("fallbackDestination", "number"),
    ]
    checked = check_inputs(PHONE_NUMBER, raw, number_check="e164")
    assert checked.problems == []
    assert checked.inputs == raw
    assert checked.warnings == [
        "number '+1415555267' has 9 digits after +1, 10 are usual; Vapi may refuse it",
        "hooks[0].do[0].destination.number '+9991234567' does not begin with a country code in use; Vapi may refuse it",
        "fallback_destination.number '+15552671' has 7 digits after +1, 10 are usual: the area code is missing; Vapi may refuse it",
    ]


def test_the_form_of_a_number_is_checked_in_any_case() -> None:
    reasons = [
        problem.reason
        for problem in check_inputs(PHONE_NUMBER, {**LEAST, "number": "4155552671"}, number_check="e164").problems
    ]
    assert reasons == [NOT_E164 + "the country code is missing" + OR_NO_CHECK]


def test_a_header_named_number_is_not_a_phone_number() -> None:
    server = {"url": "https://example.com", "headers": {"number": "+14150000000"}}
    assert check_inputs(PHONE_NUMBER, {**LEAST, "server": server}).warnings == []


# ---------------------------------------------------------------------------------------------------- the API's answers

ANSWER: Wire = {
    "provider": "byo-phone-number",
    "id": "d1e2f3a4-0000-4000-8000-000000000001",
    "orgId": "d1e2f3a4-0000-4000-8000-000000000002",
    "createdAt": "2026-01-02T03:04:05.678Z",
    "updatedAt": "2026-01-02T03:04:05.678Z",
    "credentialId": CREDENTIAL_ID,
}


def test_an_answer_keeps_known_fields_and_drops_unknown_fields() -> None:
    body = {**ANSWER, **{key: EVERYTHING[key] for key in EVERYTHING if key not in LOCAL_FIELDS}, "status": "active"}
    number = PHONE_NUMBER.parse({**body, "newField": 1, "name": None, "hooks": [{"on": "call.answered", "x": [1]}]})
    assert number.wire() == {
        **{key: value for key, value in body.items() if key not in ("name", "provider")},
        "hooks": [{"on": "call.answered", "x": [1]}],
    }


def test_limits_that_the_api_changed_do_not_make_a_number_unreadable() -> None:
    number = PHONE_NUMBER.parse({**ANSWER, "name": "n" * 500, "number": "1", "status": "sleeping", "credentialId": "x"})
    held = number.wire()
    assert (held["name"], held["number"], held["status"]) == ("n" * 500, "1", "sleeping")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "is not an object"),
        ([], "is not an object"),
        ("canary-7f3a", "is not an object"),
        ({}, "has no usable provider"),
        ({**ANSWER, "provider": {"a": CANARY}}, "has no usable provider"),
        ({**ANSWER, "provider": "twilio"}, "is of provider 'twilio', not 'byo-phone-number'"),
        ({**ANSWER, "provider": "x" * 500}, f"is of provider '{'x' * 57}...', not 'byo-phone-number'"),
        ({**ANSWER, "id": ""}, "has no usable id (letters, digits, - and _, at most 128 of them)"),
        ({**ANSWER, "orgId": None}, "has no usable orgId (must be a valid string)"),
        ({key: value for key, value in ANSWER.items() if key != "createdAt"}, "has no usable createdAt (field required)"),
        ({**ANSWER, "credentialId": 7}, "has no usable credentialId (must be a valid string)"),
        ({**ANSWER, "server": CANARY}, "has no usable server (must be a valid dictionary)"),
        ({**ANSWER, "hooks": [CANARY]}, "has no usable hooks[0] (must be a valid dictionary)"),
        ({**ANSWER, "numberE164CheckEnabled": 1}, "has no usable numberE164CheckEnabled (must be a valid boolean)"),
    ],
)
def test_an_answer_that_is_not_a_number_is_refused_without_its_values(body: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has) ") as failure:
        PHONE_NUMBER.parse(body)
    assert str(failure.value) == reason


def _mostly_numbers(change: dict[str, Any]) -> Wire:
    return {**ANSWER, **change}


@given(
    json_values
    | st.dictionaries(st.sampled_from([*ANSWER, *PHONE_NUMBER.api_fields]), json_values, max_size=3).map(_mostly_numbers)
)
def test_any_json_is_a_number_or_a_value_error(body: Any) -> None:
    try:
        number, reason = PHONE_NUMBER.parse(body), ""
    except ValueError as error:
        number, reason = None, str(error)
    assert number is None or number.wire()["id"] == body["id"]
    assert len(reason) < 200
    assert "\n" not in reason


# -------------------------------------------------------------------------------------------------------------- details


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("name",), "name"),
        (("hooks", 0, "do", 1, "destination", "number"), "hooks[0].do[1].destination.number"),
    ],
)
def test_a_path_is_written_as_pulumi_writes_it(path: Path, text: str) -> None:
    assert show_path(path) == text


@pytest.mark.parametrize(
    ("value", "key", "text"),
    [
        (None, "name", "unset"),
        ("Zürich", "name", '"Zürich"'),
        (CANARY, "serverUrlSecret", '"[secret]"'),
        ({"url": "u", "headers": {"x": CANARY}}, "server", '{"url": "u", "headers": "[secret]"}'),
        ([{"do": [{"sipHeaders": {"x": CANARY}}]}], "hooks", '[{"do": [{"sipHeaders": "[secret]"}]}]'),
        ("x" * 100, "name", '"' + "x" * 76 + "..."),
    ],
)
def test_a_value_in_a_message_is_short_and_without_secrets(value: Any, key: str, text: str) -> None:
    assert show_value(value, key) == text


def test_unknown_is_shown_as_unknown() -> None:
    assert repr(UNKNOWN) == "UNKNOWN"


def test_the_ids_of_the_sample_are_uuids() -> None:
    assert str(uuid.UUID(CREDENTIAL_ID)) == CREDENTIAL_ID


def test_defaults_of_the_api_are_given_for_fields_that_exist() -> None:
    assert set(API_DEFAULTS) <= set(WIRE_NAMES.values())
