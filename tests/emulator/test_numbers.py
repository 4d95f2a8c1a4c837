"""Phone numbers over HTTP: life cycle, rules, wording of refusals, lists."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests

from pulumi_vapi_byo.emulator import Emulator, Refusal

Call = Callable[..., requests.Response]
Serve = Callable[..., tuple[Emulator, Call]]

ASSISTANT = "5a6b8a0e-0c5e-4f8e-9d7b-2b3c4d5e6f70"
MINIMAL = {"provider": "byo-phone-number", "credentialId": "cred-1"}
E164 = "must be a valid phone number in the E.164 format. Hot tip, you may be missing the country code (Eg. US: +1)."
LOOSE = r"must match /^\+?[a-zA-Z0-9]+$/ regular expression"


def refusal(message: str | list[str], status: int = 400, error: str = "Bad Request") -> dict[str, Any]:
    return {"message": message, "error": error, "statusCode": status}


# --- create ---


def test_the_answer_to_a_create_has_the_service_s_shape_and_key_order(call: Call) -> None:
    answer = call("POST", "/phone-number", MINIMAL | {"number": "+14155550123", "name": "Front desk"})
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    body = answer.json()
    assert list(body) == [
        *("id", "orgId", "number", "createdAt", "updatedAt", "name", "credentialId", "provider", "status"),
    ]
    assert uuid.UUID(body["id"]).version == 4
    assert uuid.UUID(body["orgId"]).version == 4
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["createdAt"])
    assert body["createdAt"] == body["updatedAt"]
    assert body["status"] == "active"


def test_answers_contain_every_value_that_was_sent_but_no_default_and_no_null(call: Call) -> None:
    sent = MINIMAL | {"numberE164CheckEnabled": True, "name": None, "server": {"url": "https://a.example", "headers": None}}
    body = call("POST", "/phone-number", sent).json()
    assert body["numberE164CheckEnabled"] is True
    assert body["server"] == {"url": "https://a.example"}
    assert "name" not in body
    assert "numberE164CheckEnabled" not in call("POST", "/phone-number", MINIMAL).json()


def test_every_field_reads_back_as_it_was_sent(call: Call) -> None:
    sent = MINIMAL | {
        "number": "+14155550123",
        "numberE164CheckEnabled": True,
        "name": "x" * 40,
        "assistantId": ASSISTANT,
        "squadId": ASSISTANT,
        "workflowId": ASSISTANT,
        "serverUrl": "https://a.example/hook",
        "serverUrlSecret": "hush",
        "server": {
            "url": "https://a.example",
            "timeoutSeconds": 300,
            "headers": {"x-a": "b"},
            "backoffPlan": {"type": "fixed", "maxRetries": 0, "baseDelaySeconds": 1.5, "excludedStatusCodes": [400]},
        },
        "fallbackDestination": {
            "type": "number",
            "number": "+14155550124",
            "message": {"type": "custom-message", "contents": [{"type": "text", "text": "hi", "language": "en"}]},
            "transferPlan": {"mode": "blind-transfer", "contextEngineeringPlan": {"type": "none"}, "message": "wait"},
        },
        "hooks": [
            {"on": "call.ringing", "do": [{"type": "say", "exact": "hello"}], "filters": []},
            {
                "on": "call.ending",
                "do": {"type": "transfer", "destination": {"type": "sip", "sipUri": "sip:a@b.example"}},
                "filters": [{"type": "oneOf", "key": "call.endedReason", "oneOf": ["assistant-request-failed"]}],
            },
        ],
    }
    created = call("POST", "/phone-number", sent)
    assert created.status_code == 201, created.text
    read = call("GET", f"/phone-number/{created.json()['id']}").json()
    assert {key: read[key] for key in sent} == sent
    assert read == created.json()


@pytest.mark.parametrize(
    ("fields", "messages"),
    [
        ({"nubmer": "+14155550123"}, ["property nubmer should not exist"]),
        ({"status": "blocked"}, ["property status should not exist"]),
        ({"server": {"secret": "s"}}, ["server.property secret should not exist"]),
        (
            {"server": {"backoffPlan": {"x": 1}}},
            [
                "server.backoffPlan.property x should not exist",
                "server.backoffPlan.type must be one of the following values: fixed, exponential",
                "server.backoffPlan.maxRetries must be a number conforming to the specified constraints",
                "server.backoffPlan.baseDelaySeconds must be a number conforming to the specified constraints",
            ],
        ),
        ({"hooks": [{"on": "call.ringing", "do": [], "x": 1}]}, ["each value in hooks.property x should not exist"]),
        ({"number": "4155550123"}, [f"number {E164}"]),
        ({"number": "+04155550123"}, [f"number {E164}"]),
        ({"number": "+1415555012\n"}, [f"number {E164}"]),
        ({"number": "+١٤١٥٥٥٥٠١٢٣"}, [f"number {E164}"]),
        ({"number": "+1415555012345678", "numberE164CheckEnabled": None}, [f"number {E164}"]),
        ({"number": "+1"}, ["number must be longer than or equal to 3 characters", f"number {E164}"]),
        ({"number": "a-b", "numberE164CheckEnabled": False}, [f"number {LOOSE}"]),
        ({"number": "abc\n", "numberE164CheckEnabled": False}, [f"number {LOOSE}"]),
        ({"number": 14155550123}, ["number must be a string"]),
        ({"numberE164CheckEnabled": "yes"}, ["numberE164CheckEnabled must be a boolean value"]),
        ({"name": "x" * 41}, ["name must be shorter than or equal to 40 characters"]),
        ({"assistantId": "asst"}, ["assistantId must be a UUID"]),
        ({"squadId": ""}, ["squadId must be a UUID"]),
        ({"workflowId": 7}, ["workflowId must be a string"]),
        ({"serverUrl": ""}, ["serverUrl must be a valid URL"]),
        ({"serverUrl": "ftp://a.example"}, ["serverUrl must be a valid URL"]),
        ({"serverUrl": "https://[a.example"}, ["serverUrl must be a valid URL"]),
        ({"serverUrl": "https://a b.example"}, ["serverUrl must be a valid URL"]),
        ({"server": {"url": "nowhere"}}, ["server.url must be a valid URL"]),
        ({"server": {"timeoutSeconds": 0}}, ["server.timeoutSeconds must not be less than 1"]),
        ({"server": {"timeoutSeconds": 301}}, ["server.timeoutSeconds must not be greater than 300"]),
        (
            {"server": {"timeoutSeconds": True}},
            ["server.timeoutSeconds must be a number conforming to the specified constraints"],
        ),
        ({"server": {"encryptedPaths": ["a", 1]}}, ["server.each value in encryptedPaths must be a string"]),
        (
            {"server": "https://a.example"},
            ["server must be an object", "nested property server must be either object or array"],
        ),
        ({"hooks": {}}, ["hooks must be an array"]),
        (
            {"hooks": [{"on": "call.started"}]},
            ["each value in hooks.on must be one of the following values: call.ringing, call.ending"],
        ),
        (
            {"hooks": [{"on": "call.ringing", "do": [{"type": "say"}]}]},
            ["each value in hooks.each value in do.exact must be a string"],
        ),
        (
            {
                "hooks": [
                    {"on": "call.ending", "do": {"type": "transfer", "destination": {"type": "number", "number": "12345"}}}
                ]
            },
            [f"each value in hooks.do.destination.number {E164}"],
        ),
        (
            {"fallbackDestination": {"number": "+14155550123"}},
            ["fallbackDestination.type must be one of the following values: number, sip"],
        ),
        ({"fallbackDestination": {"type": "number", "number": "12345"}}, [f"fallbackDestination.number {E164}"]),
        ({"fallbackDestination": {"type": "sip", "sipUri": None}}, ["fallbackDestination.sipUri must be a string"]),
        (
            {"fallbackDestination": {"type": "sip", "sipUri": "sip:a", "message": 3}},
            ["fallbackDestination.message must be a string"],
        ),
        (
            {"fallbackDestination": "sip:a"},
            [
                "fallbackDestination must be an object",
                "nested property fallbackDestination must be either object or array",
            ],
        ),
        ({"fallbackDestination": {"type": "number", "number": "abc", "numberE164CheckEnabled": False}}, None),
        ({"provider": "twilio"}, ["provider must be one of the following values: byo-phone-number"]),
        ({"provider": None}, ["provider must be one of the following values: byo-phone-number"]),
        ({"credentialId": None}, ["credentialId must be a string"]),
        (
            {"name": 1, "x": 1, "number": "1"},
            [
                "property x should not exist",
                "name must be a string",
                "number must be longer than or equal to 3 characters",
                f"number {E164}",
            ],
        ),
    ],
    ids=str,
)
def test_a_wrong_create_is_refused_with_every_failure_in_the_api_s_wording(
    vapi: Emulator, call: Call, fields: dict[str, Any], messages: list[str] | None
) -> None:
    answer = call("POST", "/phone-number", MINIMAL | fields)
    if messages is None:
        assert answer.status_code == 201, answer.text
        return
    assert answer.status_code == 400
    body = answer.json()
    assert list(body) == ["message", "error", "statusCode"]
    assert sorted(body["message"]) == sorted(messages)
    assert [m for m in body["message"] if "should not exist" in m] == body["message"][: str(messages).count("should not")]
    assert (body["error"], body["statusCode"]) == ("Bad Request", 400)
    assert vapi.numbers() == []


@pytest.mark.parametrize("credential", [{}, {"credentialId": ""}], ids=["absent", "empty"])
def test_a_create_without_credential_is_refused_as_a_failed_look_up(call: Call, credential: dict[str, str]) -> None:
    answer = call("POST", "/phone-number", {"provider": "byo-phone-number"} | credential)
    assert answer.json() == refusal("Credential Not Found")


def test_a_create_without_provider_is_refused(call: Call) -> None:
    answer = call("POST", "/phone-number", {"credentialId": "c"})
    assert answer.json() == refusal(["provider must be one of the following values: byo-phone-number"])


@pytest.mark.parametrize("number", ["15551234567", "abc", "+001234567890"])
def test_with_the_check_off_alphanumeric_numbers_pass_unchanged(call: Call, number: str) -> None:
    answer = call("POST", "/phone-number", MINIMAL | {"number": number, "numberE164CheckEnabled": False})
    assert (answer.status_code, answer.json()["number"]) == (201, number)


@pytest.mark.parametrize(
    ("raw", "content_type", "message"),
    [
        (b"{", "application/json", "Request body is not valid JSON"),
        (b"\xff", "application/json", "Request body is not valid JSON"),
        (b'{"name": NaN}', "application/json", "Unexpected token NaN"),
        (b'{"server": {"timeoutSeconds": 1e999}}', "application/json", "Number out of range: 1e999"),
        (b"[" * 100_000, "application/json", "Request body is not valid JSON"),
        (b"[]", "application/json", "body must be an object"),
        (b"name=x", "text/plain", "provider must be one of the following values"),
        (b"", "application/json", "provider must be one of the following values"),
    ],
    ids=["cut", "not utf-8", "nan", "infinite", "too deep", "a list", "not sent as json", "empty"],
)
def test_a_body_that_is_not_a_json_object_is_a_400(call: Call, raw: bytes, content_type: str, message: str) -> None:
    answer = call("POST", "/phone-number", data=raw, headers={"Content-Type": content_type})
    assert answer.status_code == 400
    assert message in str(answer.json()["message"])


def test_a_finite_fraction_is_accepted(call: Call) -> None:
    answer = call("POST", "/phone-number", MINIMAL | {"server": {"timeoutSeconds": 2.5}})
    assert answer.json()["server"] == {"timeoutSeconds": 2.5}


def test_a_body_over_a_megabyte_is_a_413_in_json(vapi: Emulator, call: Call) -> None:
    answer = call("POST", "/phone-number", MINIMAL | {"name": "x" * 1_100_000})
    assert (answer.status_code, answer.json()["message"]) == (413, "request entity too large")
    assert vapi.requests[-1].body is None


# --- uniqueness ---


def test_a_second_post_of_the_same_number_is_refused(vapi: Emulator, call: Call) -> None:
    sent = MINIMAL | {"number": "+14155550123"}
    assert call("POST", "/phone-number", sent).status_code == 201
    answer = call("POST", "/phone-number", sent | {"credentialId": "other"})
    assert answer.json() == refusal("Couldn't Create Phone Number. `number` +14155550123 is already in use.")
    assert len(vapi.numbers()) == 1


def test_digits_in_use_are_refused_in_a_change_but_a_number_can_send_its_own_again(vapi: Emulator, call: Call) -> None:
    vapi.add_number(number="+14155550123")
    own = vapi.add_number(number="+14155550124")
    answer = call("PATCH", f"/phone-number/{own['id']}", {"number": "+14155550123"})
    assert answer.json() == refusal("Couldn't Update Phone Number. `number` +14155550123 is already in use.")
    assert call("PATCH", f"/phone-number/{own['id']}", {"number": "+14155550124"}).status_code == 200


def test_digits_are_free_again_once_their_number_is_deleted_or_changed(vapi: Emulator, call: Call) -> None:
    first = vapi.add_number(number="+14155550123")
    vapi.edit_number(first["id"], number="+14155550124")
    second = vapi.add_number(number="+14155550123")
    vapi.delete_number(second["id"])
    assert call("POST", "/phone-number", MINIMAL | {"number": "+14155550123"}).status_code == 201


def test_duplicates_can_be_allowed(serve: Serve) -> None:
    vapi, call = serve(rules={"duplicate-number": "accepted"})
    for _ in range(2):
        assert call("POST", "/phone-number", MINIMAL | {"number": "+14155550123"}).status_code == 201
    assert len(vapi.numbers()) == 2


def test_numbers_without_digits_are_never_duplicates(call: Call) -> None:
    assert [call("POST", "/phone-number", MINIMAL).status_code for _ in range(2)] == [201, 201]


# --- read, update, delete ---


def test_an_update_changes_only_the_sent_fields_and_updated_at(vapi: Emulator, call: Call) -> None:
    old = vapi.add_number(number="+14155550123", name="a")
    answer = call("PATCH", f"/phone-number/{old['id']}", {"name": "b"})
    assert answer.status_code == 200
    assert answer.json() == old | {"name": "b", "updatedAt": answer.json()["updatedAt"]}
    assert answer.json()["updatedAt"] > old["updatedAt"]
    assert vapi.number(old["id"]) == answer.json()


@pytest.mark.parametrize("body", [{}, {"name": "a"}, {"provider": "byo-phone-number"}, {"squadId": None}], ids=str)
def test_an_update_that_changes_nothing_keeps_updated_at(vapi: Emulator, call: Call, body: dict[str, Any]) -> None:
    old = vapi.add_number(name="a")
    assert call("PATCH", f"/phone-number/{old['id']}", body).json() == old


def test_null_clears_any_optional_field(vapi: Emulator, call: Call) -> None:
    optional = {
        "number": "+14155550123",
        "numberE164CheckEnabled": True,
        "name": "a",
        "assistantId": ASSISTANT,
        "squadId": ASSISTANT,
        "workflowId": ASSISTANT,
        "serverUrl": "https://a.example",
        "serverUrlSecret": "s",
        "server": {"url": "https://a.example"},
        "hooks": [],
        "fallbackDestination": {"type": "sip", "sipUri": "sip:a@b.example"},
    }
    old = vapi.add_number(**optional)
    answer = call("PATCH", f"/phone-number/{old['id']}", dict.fromkeys(optional))
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"id", "orgId", "createdAt", "updatedAt", "credentialId", "provider", "status"}


@pytest.mark.parametrize("name", ["credentialId", "provider"])
def test_null_does_not_clear_a_required_field(vapi: Emulator, call: Call, name: str) -> None:
    old = vapi.add_number()
    assert call("PATCH", f"/phone-number/{old['id']}", {name: None}).status_code == 400
    assert vapi.number(old["id"]) == old


def test_objects_and_lists_are_replaced_whole(vapi: Emulator, call: Call) -> None:
    ringing = {"on": "call.ringing", "do": [{"type": "say", "exact": "a"}]}
    old = vapi.add_number(server={"url": "https://a.example", "timeoutSeconds": 5}, hooks=[ringing, ringing])
    answer = call("PATCH", f"/phone-number/{old['id']}", {"server": {"url": "https://b.example"}, "hooks": []}).json()
    assert (answer["server"], answer["hooks"]) == ({"url": "https://b.example"}, [])


@pytest.mark.parametrize(
    ("stored", "body", "status"),
    [
        ({"number": "abc", "numberE164CheckEnabled": False}, {"number": "def"}, 200),
        ({"number": "abc", "numberE164CheckEnabled": False}, {"numberE164CheckEnabled": True}, 400),
        ({"number": "abc", "numberE164CheckEnabled": False}, {"numberE164CheckEnabled": None}, 400),
        ({"number": "abc", "numberE164CheckEnabled": False}, {"name": "x"}, 200),
        ({"number": "+14155550123"}, {"number": "abc"}, 400),
        ({"number": "+14155550123"}, {"number": "abc", "numberE164CheckEnabled": False}, 200),
        ({}, {"numberE164CheckEnabled": True}, 200),
    ],
    ids=str,
)
def test_an_updated_number_is_checked_as_it_would_be_stored(
    vapi: Emulator, call: Call, stored: dict[str, Any], body: dict[str, Any], status: int
) -> None:
    number = vapi.add_number(**stored)
    assert call("PATCH", f"/phone-number/{number['id']}", body).status_code == status


def test_a_delete_returns_the_number_which_is_then_gone(vapi: Emulator, call: Call) -> None:
    number = vapi.add_number(name="a")
    answer = call("DELETE", f"/phone-number/{number['id']}")
    assert (answer.status_code, answer.json()) == (200, number)
    for method in ("GET", "PATCH", "DELETE"):
        gone = call(method, f"/phone-number/{number['id']}")
        assert gone.json() == refusal("Phone Number Not Found", 404, "Not Found")
    assert vapi.number(number["id"]) is None


def test_an_id_is_found_in_upper_case_too(vapi: Emulator, call: Call) -> None:
    number = vapi.add_number()
    assert call("GET", f"/phone-number/{number['id'].upper()}").json() == number


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_malformed_id_is_a_400(call: Call, method: str) -> None:
    assert call(method, "/phone-number/abc").json() == refusal(["id must be a UUID"])


# --- lists ---


def test_the_list_is_newest_first_and_a_hundred_long_by_default(vapi: Emulator, call: Call) -> None:
    made = [vapi.add_number(name=str(n))["id"] for n in range(103)]
    ids = [number["id"] for number in call("GET", "/phone-number").json()]
    assert ids == made[:2:-1]
    assert len(call("GET", "/phone-number?limit=1000").json()) == 103
    assert call("GET", "/phone-number?limit=0").json() == []


def test_the_list_can_be_walked_by_creation_time(vapi: Emulator, call: Call) -> None:
    made = [vapi.add_number() for _ in range(5)]
    seen: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    while page := call("GET", "/phone-number", params=query).json():
        seen += [number["id"] for number in page]
        query["createdAtLt"] = page[-1]["createdAt"]
    assert seen == [number["id"] for number in reversed(made)]


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("createdAtGt", [2]),
        ("createdAtGe", [2, 1]),
        ("createdAtLt", [0]),
        ("createdAtLe", [1, 0]),
        ("updatedAtGt", [2, 0]),
        ("updatedAtLe", [1]),
    ],
)
def test_creation_and_update_times_filter_the_list(vapi: Emulator, call: Call, parameter: str, expected: list[int]) -> None:
    made = [vapi.add_number() for _ in range(3)]
    vapi.edit_number(made[0]["id"], name="changed")
    bound = made[1]["createdAt"]
    for spelling in (bound, bound.replace("Z", "+00:00"), bound.replace(".000Z", "Z")):
        found = call("GET", "/phone-number", params={parameter: spelling}).json()
        assert [number["id"] for number in found] == [made[n]["id"] for n in expected]


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ("number=1", ["property number should not exist"]),
        ("limit=x", ["limit must be a number conforming to the specified constraints"]),
        ("limit=inf", ["limit must be a number conforming to the specified constraints"]),
        ("limit=-1", ["limit must not be less than 0"]),
        ("limit=1001", ["limit must not be greater than 1000"]),
        ("createdAtGt=yesterday", ["createdAtGt must be a valid ISO 8601 date string"]),
        ("createdAtGt=2025-13-01T00:00:00Z", ["createdAtGt must be a valid ISO 8601 date string"]),
    ],
)
def test_a_wrong_query_is_refused(call: Call, query: str, messages: list[str]) -> None:
    assert call("GET", f"/phone-number?{query}").json() == refusal(messages)


def test_pages_say_which_page_they_are(vapi: Emulator, call: Call) -> None:
    made = [vapi.add_number(name=f"n{n}")["id"] for n in range(5)]
    answer = call("GET", "/v2/phone-number?limit=2&page=2").json()
    assert [number["id"] for number in answer["results"]] == [made[2], made[1]]
    assert answer["metadata"] == {
        "itemsPerPage": 2,
        "totalItems": 5,
        "currentPage": 2,
        "totalPages": 3,
        "hasNextPage": True,
        "sortOrder": "DESC",
    }
    last = call("GET", "/v2/phone-number?limit=2&page=3&sortOrder=ASC").json()
    assert [number["id"] for number in last["results"]] == [made[4]]
    assert last["metadata"]["hasNextPage"] is False
    assert call("GET", "/v2/phone-number?limit=0").json()["metadata"]["totalPages"] == 0


def test_pages_can_be_searched_by_name_and_number_in_any_case(vapi: Emulator, call: Call) -> None:
    vapi.add_number(name="Front Desk", number="+14155550123")
    vapi.add_number(name="other")
    for text in ("front", "555012", "DESK"):
        assert call("GET", "/v2/phone-number", params={"search": text}).json()["metadata"]["totalItems"] == 1
    assert call("GET", "/v2/phone-number?search=nobody").json()["results"] == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("page=0", "page must not be less than 1"),
        ("sortOrder=UP", "sortOrder must be one of the following values: ASC, DESC"),
        ("search=" + "x" * 101, "search must be shorter than or equal to 100 characters"),
    ],
)
def test_a_wrong_page_query_is_refused(call: Call, query: str, message: str) -> None:
    assert call("GET", f"/v2/phone-number?{query}").json() == refusal([message])


def test_a_list_of_thousands_stays_quick(vapi: Emulator, call: Call) -> None:
    for n in range(3000):
        vapi.add_number(number=f"+1415555{n:04}")
    answer = call("GET", "/phone-number?limit=1000")
    assert len(answer.json()) == 1000
    assert answer.elapsed.total_seconds() < 2  # 0.06 s when written; a quadratic cost would take longer


# --- keys and unknown routes ---


def test_a_missing_key_is_a_401(vapi: Emulator) -> None:
    answer = requests.get(vapi.base_url + "/phone-number", timeout=5)
    assert answer.status_code == 401
    assert answer.json() == refusal("Missing Authorization Header.", 401, "Unauthorized")
    assert vapi.requests[-1].authorized is False


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic test-key", "test-key", "Bearer t\u00e9st"])
def test_a_wrong_key_is_a_401(vapi: Emulator, call: Call, header: str) -> None:
    answer = call("POST", "/phone-number", MINIMAL, headers={"Authorization": header.encode("latin-1")})
    message = "Invalid Key. Hot tip, you may be using the private key instead of the public key, or vice versa."
    assert answer.json() == refusal(message, 401, "Unauthorized")
    assert vapi.numbers() == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/assistant"), ("PUT", "/phone-number"), ("DELETE", "/credential")])
def test_an_unknown_route_is_a_404_in_json(call: Call, method: str, path: str) -> None:
    assert call(method, path).json() == refusal(f"Cannot {method} {path}", 404, "Not Found")


# --- from Python ---


def test_the_dashboard_edits_by_the_rules_of_the_api_but_outside_its_log(vapi: Emulator) -> None:
    number = vapi.add_number(number="+14155550123")
    assert vapi.edit_number(number["id"], name="b")["name"] == "b"
    with pytest.raises(Refusal) as refused:
        vapi.edit_number(number["id"], number="1")
    assert refused.value.status == 400
    vapi.delete_number(number["id"])
    with pytest.raises(Refusal):
        vapi.delete_number(number["id"])
    assert (vapi.numbers(), vapi.requests) == ([], [])


def test_the_service_can_change_a_number_s_status(vapi: Emulator, call: Call) -> None:
    number = vapi.add_number()
    vapi.set_status(number["id"], "blocked")
    assert call("GET", f"/phone-number/{number['id']}").json()["status"] == "blocked"
    with pytest.raises(ValueError, match="asleep"):
        vapi.set_status(number["id"], "asleep")


def test_python_gets_copies(vapi: Emulator) -> None:
    number = vapi.add_number(server={"url": "https://a.example"})
    number["server"]["url"] = "changed"
    vapi.numbers()[0]["server"]["url"] = "changed"
    assert vapi.numbers()[0]["server"]["url"] == "https://a.example"


def test_the_same_seed_gives_the_same_ids_and_times(serve: Serve) -> None:
    (first, _), (second, _), (third, _) = serve(seed=1), serve(seed=1), serve(seed=2)
    made = [vapi.add_number(number="+14155550123") for vapi in (first, second, third)]
    assert made[0] == made[1]
    assert made[0]["id"] != made[2]["id"]


def test_without_a_seed_times_are_real_and_strictly_increasing(serve: Serve) -> None:
    vapi, _ = serve(seed=None)
    times = [vapi.add_number()["createdAt"] for _ in range(50)]
    assert times == sorted(set(times))
    assert len({number["id"] for number in vapi.numbers()}) == 50
