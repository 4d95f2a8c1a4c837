"""Bad inputs are refused at preview: each by name, all at once, without a request, a secret or a traceback."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pulumi_vapi_byo.emulator import Emulator
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID, EVERYTHING, LEAST, SQUAD_ID

from .conftest import Configure
from .host import UNKNOWN, Provider, Secret, plain

GOOD = {"credentialId": CREDENTIAL_ID, "number": "+14155552671", "assistantId": ASSISTANT_ID}
CANARY = "canary-5c1de7"

# Inputs beside GOOD; the property that the failure names; a part of its reason. A failure never names a property that is or
# may hold a secret, because the engine would print its value: its reason begins with the path instead.
BAD = [
    ({"credentialId": None}, "credentialId", "is required: set credential_id"),
    ({"credentialId": ""}, "credentialId", "must not be empty: it is required"),
    ({"credentialId": 7}, "credentialId", "must be a string"),
    ({"number": "4155552671"}, "number", "the country code is missing"),
    ({"number": "+1 415 555 2671"}, "number", "probably '+14155552671'"),
    ({"number": "0044 20 7946 0018"}, "number", "probably '+442079460018'"),
    ({"number": "+1415555267112345678"}, "number", "must be in E.164"),
    ({"number": 14155552671}, "number", "must be a string: write '+14155552671'"),
    ({"number": "12"}, "number", "must have at least 3 characters"),
    ({"number": "+" + "1" * 40}, "number", "must have at most 40 characters, has 41"),
    ({"number": "555-0100", "numberE164CheckEnabled": False}, "number", "letters and digits only"),
    ({"numberE164CheckEnabled": "yes"}, "numberE164CheckEnabled", "must be True or False"),
    ({"name": "n" * 41}, "name", "must have at most 40 characters, has 41"),
    ({"number": ""}, "number", "must not be empty: leave it out"),
    ({"assistantId": ["a"]}, "assistantId", "must be a string"),
    ({"squadId": {}}, "squadId", "must be a string"),
    ({"workflowId": True}, "workflowId", "must be a string"),
    ({"serverUrl": "example.com/vapi"}, "serverUrl", "must be a whole URL such as https://example.com/vapi"),
    ({"serverUrl": "https://example.com", "serverUrlSecret": ""}, "", "server_url_secret must not be empty"),
    (
        {"serverUrl": "https://example.com", "server": {"url": "https://example.com"}},
        "serverUrl",
        "cannot be combined with server",
    ),
    ({"server": {"url": "ftp://example.com"}}, "", "server.url must be a whole URL"),
    ({"server": {"timeoutSeconds": 301}}, "", "server.timeout_seconds must be a number from 1 to 300 (it is 301)"),
    ({"server": {"headers": {"x": 1}}}, "", "server.headers.x must be a string"),
    (
        {"server": {"backoffPlan": {"type": "linear", "maxRetries": 1, "baseDelaySeconds": 1}}},
        "",
        "server.backoff_plan.type must be",
    ),
    ({"server": {"secret": CANARY}}, "", "server.secret is not a property of server"),
    ({"server": {"timeout_secs": 3}}, "", "did you mean timeout_seconds?"),
    ({"hooks": {}}, "", "hooks must be a list"),
    ({"hooks": [{"on": "call.started"}]}, "", "hooks[0] must be an object with on 'call.ringing' or 'call.ending'"),
    ({"hooks": [{"on": "call.ringing", "do": [{"type": "say"}]}]}, "", "hooks[0].do[0].exact is required"),
    ({"fallbackDestination": "+14155552671"}, "", "fallback_destination must be an object"),
    ({"fallbackDestination": {"type": "number", "number": "555"}}, "", "fallback_destination.number must be in E.164"),
    ({"fallbackDestination": {"type": "sip", "sipUri": "desk"}}, "", "fallback_destination.sip_uri must be a SIP URI"),
    ({"fallbackDestination": {"number": "+14155552671", "transferPlan": {}}}, "", "transfer_plan.mode is required"),
    ({"deletionProtection": 1}, "deletionProtection", "must be True or False"),
    ({"nmae": "desk"}, "", "nmae is not a property of a BYO phone number, did you mean name?"),
]


@pytest.mark.parametrize(("bad", "property_", "reason"), BAD, ids=[f"{json.dumps(bad)[:60]}" for bad, _, _ in BAD])
def test_a_bad_input_is_refused_by_its_name_and_without_a_request(
    provider: Provider, vapi: Emulator, bad: dict[str, Any], property_: str, reason: str
) -> None:
    answer = provider.check({**GOOD, **bad})

    assert [name for name, _ in answer.failures] == [property_]
    assert reason in answer.failures[0][1]
    assert "\n" not in answer.failures[0][1]
    assert vapi.requests == []
    assert provider.printed() == ""


def test_all_failures_come_at_once_and_in_the_order_of_the_inputs(provider: Provider, vapi: Emulator) -> None:
    answer = provider.check({"number": "12", "name": "n" * 41, "serverUrl": "x", "hooks": 3, "fallbackDestination": 3})

    assert [name or reason.split()[0] for name, reason in answer.failures] == [
        "credentialId",
        "number",
        "name",
        "serverUrl",
        "hooks",
        "fallback_destination",
    ]
    assert vapi.requests == []


@pytest.mark.parametrize(
    "bad",
    [
        {"serverUrl": "https://example.com", "serverUrlSecret": [CANARY]},
        {"serverUrlSecret": CANARY, "server": {}},
        {"server": CANARY},
        {"server": [{"headers": {"x": CANARY}}]},
        {"server": {"headers": CANARY}},
        {"server": {"headers": {"x": {"y": CANARY}}}},
        {"server": {"headers": {"x": CANARY}, "timeoutSeconds": 0}},
        {"hooks": CANARY},
        {"fallbackDestination": CANARY},
        {"fallbackDestination": {"type": "sip", "sipUri": "desk", "sipHeaders": {"x": CANARY}}},
        {"fallbackDestination": {"type": "sip", "sipUri": "sip:desk@example.com", "sipHeaders": {"x": [CANARY]}}},
    ],
    ids=json.dumps,
)
def test_a_secret_is_in_no_failure(provider: Provider, bad: dict[str, Any]) -> None:
    answer = provider.check({**GOOD, **bad})

    assert answer.failures
    assert CANARY not in json.dumps(answer.failures)
    # The engine prints the value of the property that a failure names.
    assert not {name for name, _ in answer.failures} & {"serverUrlSecret", "server", "hooks", "fallbackDestination"} or not any(
        CANARY in json.dumps(bad.get(name)) for name, _ in answer.failures
    )


def test_names_in_reasons_are_spelled_as_the_program_spells_them(provider: Provider) -> None:
    server = {"url": "https://example.com", "timeoutSeconds": 0}
    [(_, python)] = provider.check({**GOOD, "server": server}).failures
    [(_, wire)] = provider.check({**GOOD, "server": server, "__wireNames": ["timeoutSeconds"]}).failures
    assert python == "server.timeout_seconds must be a number from 1 to 300 (it is 0)"
    assert wire == "server.timeoutSeconds must be a number from 1 to 300 (it is 0)"
    good = provider.check({**GOOD, "server": {"url": "https://example.com"}, "__wireNames": ["timeoutSeconds"]})
    assert "__wireNames" not in good.inputs


def test_good_inputs_come_back_as_they_are_with_the_address_to_call(provider: Provider, vapi: Emulator) -> None:
    answer = provider.check(EVERYTHING)

    assert answer.failures == []
    address = f"{EVERYTHING['number']}@{CREDENTIAL_ID}.sip.vapi.ai"
    assert plain(answer.inputs) == {**EVERYTHING, "sipUri": address}
    assert vapi.requests == []


def test_snake_case_becomes_the_wire_form_and_headers_stay(provider: Provider) -> None:
    answer = provider.check(
        {
            "credential_id": CREDENTIAL_ID,
            "assistant_id": ASSISTANT_ID,
            "server": {"timeout_seconds": 5, "headers": {"timeout_seconds": "mine"}, "backoff_plan": UNKNOWN},
        }
    )

    assert answer.failures == []
    assert plain(answer.inputs) == {
        "credentialId": CREDENTIAL_ID,
        "assistantId": ASSISTANT_ID,
        "server": {"timeoutSeconds": 5, "headers": {"timeout_seconds": "mine"}, "backoffPlan": UNKNOWN},
    }


def test_headers_and_the_secret_are_marked_in_what_check_returns(provider: Provider) -> None:
    in_server = provider.check({**GOOD, "server": {"url": "https://example.com", "headers": {"x": CANARY}}})
    beside_url = provider.check({**GOOD, "serverUrl": "https://example.com", "serverUrlSecret": CANARY})

    assert in_server.inputs["server"] == {"url": "https://example.com", "headers": Secret({"x": CANARY})}
    assert beside_url.inputs["serverUrlSecret"] == Secret(CANARY)


@pytest.mark.parametrize(
    "unknown",
    [
        *({field: UNKNOWN} for field in EVERYTHING),
        {"serverUrl": UNKNOWN},
        {"serverUrl": "https://example.com", "serverUrlSecret": UNKNOWN},
        {"server": {"url": UNKNOWN, "timeoutSeconds": UNKNOWN, "headers": {"x": UNKNOWN}}},
        {"server": {"headers": UNKNOWN, "backoffPlan": {"type": UNKNOWN, "maxRetries": UNKNOWN, "baseDelaySeconds": UNKNOWN}}},
        {"hooks": [UNKNOWN]},
        {"hooks": [{"on": UNKNOWN, "do": [UNKNOWN]}]},
        {"hooks": [{"on": "call.ringing", "do": [{"type": "say", "exact": UNKNOWN}]}]},
        {"fallbackDestination": {"type": UNKNOWN, "number": UNKNOWN}},
        {"fallbackDestination": {"type": "number", "number": UNKNOWN, "transferPlan": {"mode": UNKNOWN}}},
        {"fallbackDestination": {"type": "sip", "sipUri": UNKNOWN, "sipHeaders": {"x": UNKNOWN}}},
    ],
    ids=json.dumps,
)
def test_an_unknown_value_passes_and_stays_unknown(provider: Provider, unknown: dict[str, Any]) -> None:
    answer = provider.check({**GOOD, **unknown})

    assert answer.failures == []
    assert {field: plain(answer.inputs)[field] for field in unknown} == unknown


def test_known_values_beside_an_unknown_value_are_still_checked(provider: Provider) -> None:
    answer = provider.check(
        {
            "credentialId": UNKNOWN,
            "number": "4155552671",
            "server": {"url": UNKNOWN, "timeoutSeconds": 0},
            "hooks": [UNKNOWN, {"on": "call.ringing", "do": [{"type": "say", "exact": 3}]}],
        }
    )

    assert [name or reason.split()[0] for name, reason in answer.failures] == [
        "number",
        "server.timeout_seconds",
        "hooks[1].do[0].exact",
    ]


@pytest.mark.parametrize(
    ("inputs", "warning"),
    [
        ({**GOOD, "number": "+19995552671"}, "'+19995552671': number '+19995552671' has a possible length but is in no range"),
        (LEAST, "BYO phone number: nothing in the program answers calls to this number"),
        ({**GOOD, "squadId": SQUAD_ID}, "assistant_id and squad_id are both set"),
        ({**GOOD, "credentialId": "my-trunk"}, "credential_id 'my-trunk' is not a UUID"),
        (
            {**GOOD, "fallbackDestination": {"type": "number", "number": "+19995552672"}},
            "fallback_destination.number '+19995552672' has a possible length",
        ),
    ],
)
def test_a_doubtful_value_is_accepted_with_a_warning_of_one_line(
    provider: Provider, inputs: dict[str, Any], warning: str
) -> None:
    answer = provider.check(inputs)

    assert answer.failures == []
    assert provider.printed().startswith("warning: BYO phone number")
    assert warning in provider.printed()
    assert provider.printed().count("\n") == 1


def test_a_warning_is_not_repeated_with_every_change(provider: Provider) -> None:
    last = provider.check(LEAST).inputs
    assert provider.printed().count("nothing in the program answers calls") == 1
    provider.check({**LEAST, "name": "b"}, last)
    assert provider.printed().count("nothing in the program answers calls") == 1
    provider.check(LEAST, provider.check(GOOD).inputs)
    assert provider.printed().count("nothing in the program answers calls") == 2


def test_good_inputs_give_no_warning(provider: Provider) -> None:
    assert provider.check(GOOD).failures == []
    assert provider.printed() == ""


def test_the_address_is_that_of_the_region(configure: Configure, vapi: Emulator) -> None:
    answer = configure(vapi, region="eu").check(GOOD)

    assert answer.inputs["sipUri"] == f"+14155552671@{CREDENTIAL_ID}.sip.eu.vapi.ai"
    assert vapi.requests == []
