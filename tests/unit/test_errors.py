from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_vapi_byo.errors import (
    MAX_API_TEXT,
    MAX_SENTENCE,
    ApiError,
    BadAnswerError,
    ConfigError,
    LifecycleError,
    TransportError,
    VapiError,
    cannot,
    shorten,
    show_value,
)
from pulumi_vapi_byo.kinds import KINDS
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER

POST, PATCH, GET = ("POST", "/phone-number"), ("PATCH", "/phone-number/1"), ("GET", "/phone-number/1")
REPLACE = (
    " in place: set it back, or replace the number (it gets a new id) with pulumi up --target-replace URN, "
    "the URN being the one pulumi stack --show-urns lists"
)
KEY_ADVICE = "check vapi-byo:apiKey and vapi-byo:region: the key must be the private key of the organisation, in its region"
TRUNK_ADVICE = "check credential_id: it is the id of a byo-sip-trunk credential in the same organisation and region"


def api_error(status: int, *messages: str, to: tuple[str, str] = POST, **more: Any) -> ApiError:
    """Return an error as the collection of its kind would raise it."""
    kind = next(kind for kind in KINDS if to[1].startswith(kind.path))
    error = ApiError(status=status, method=to[0], path=to[1], messages=messages, **{"from_api": True, **more})
    return error.advised_by(kind.advice)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (api_error(400), "Vapi answered 400 (POST /phone-number)"),
        (
            api_error(400, "name must be shorter than or equal to 40 characters"),
            "Vapi answered 400: name must be shorter than or equal to 40 characters (POST /phone-number)",
        ),
        (
            api_error(400, "credentialId must be a UUID"),
            "Vapi answered 400: credentialId must be a UUID (POST /phone-number); check credential_id",
        ),
        (
            api_error(400, "squadId must be a UUID", "a second"),
            "Vapi answered 400: squadId must be a UUID; a second (POST /phone-number); check squad_id",
        ),
        (
            api_error(400, "Credential Not Found"),
            f"Vapi answered 400: Credential Not Found (POST /phone-number); {TRUNK_ADVICE}",
        ),
        (api_error(401, "Invalid Key."), f"Vapi answered 401: Invalid Key. (POST /phone-number); {KEY_ADVICE}"),
        (
            api_error(403, "Forbidden", to=GET),
            ("Vapi answered 403: Forbidden (GET /phone-number/1); check vapi-byo:apiKey: the key is not allowed to do this; "
            "use a private key of the organisation that owns it"),
        ),
        (api_error(404, "Not Found", to=GET), "Vapi answered 404: Not Found (GET /phone-number/1)"),
        (
            api_error(404, "Not Found", to=PATCH),
            ("Vapi answered 404: Not Found (PATCH /phone-number/1); it was deleted outside Pulumi, or belongs to another "
            "organisation than the key; run pulumi refresh, after which pulumi up creates it again"),
        ),
        (api_error(409, "Conflict"), "Vapi answered 409: Conflict (POST /phone-number)"),
        (
            api_error(429, "Too Many Requests", tries=5),
            ("Vapi answered 429: Too Many Requests (POST /phone-number), tried 5 times; the organisation's rate limit is "
            "reached: try again later, or set the rate it allows with pulumi config set vapi-byo:requestsPerSecond 5"),
        ),
        (
            api_error(500, "Internal server error"),
            "Vapi answered 500: Internal server error (POST /phone-number); this is a fault on Vapi's side: try again later",
        ),
        (
            api_error(404, from_api=False, excerpt="<html>", to=GET),
            ("something between here and Vapi answered 404 with something other than Vapi's JSON, beginning '<html>' (GET /phone-number/1); "
            "check vapi-byo:baseUrl and any proxy in between, then try again; this answer was ignored"),
        ),
        (
            api_error(502, from_api=False),
            ("something between here and Vapi answered 502 with something other than Vapi's JSON (POST /phone-number); "
            "check vapi-byo:baseUrl and any proxy in between, then try again; this answer was ignored"),
        ),
        (BadAnswerError("is no list of numbers", method="GET", path="/phone-number"),
         "Vapi's answer is no list of numbers (GET /phone-number)"),
        (TransportError("it broke", method="GET", path="/phone-number", sent=True), "it broke (GET /phone-number)"),
        (
            TransportError("it broke", method="GET", path="/x", sent=True, advice="try again").after(3),
            "it broke (GET /x), tried 3 times; try again",
        ),
        (
            api_error(500, "Internal server error").after(5),
            ("Vapi answered 500: Internal server error (POST /phone-number), tried 5 times; "
            "this is a fault on Vapi's side: try again later"),
        ),
        (
            BadAnswerError("is no list of numbers", method="GET", path="/phone-number").after(2),
            "Vapi's answer is no list of numbers (GET /phone-number), tried 2 times",
        ),
        (cannot("create", PHONE_NUMBER.label("+14155552671"), "because"), "cannot create BYO phone number '+14155552671': because"),
    ],
)  # fmt: skip
def test_an_error_is_one_line_that_says_what_happened_where_and_what_to_do(error: VapiError, text: str) -> None:
    assert str(error) == text


@pytest.mark.parametrize(
    ("field", "to", "advice"),
    [
        ("serverUrl", POST, "this API no longer takes serverUrl: use server=ServerArgs(url=...) instead of server_url"),
        (
            "serverUrlSecret",
            PATCH,
            (
                "this API no longer takes serverUrlSecret: instead of server_url_secret use "
                "server=ServerArgs(url=..., headers={'x-vapi-secret': ...}) or server=ServerArgs(credential_id=...)"
            ),
        ),
        ("server", POST, "this API does not take server yet: use server_url and server_url_secret instead"),
        ("hooks", POST, "this API has no hooks yet: remove hooks and use fallback_destination instead"),
        ("workflowId", PATCH, "this API has no workflows: remove workflow_id and use assistant_id or squad_id instead"),
        ("number", PATCH, f"this API cannot change number{REPLACE}"),
        ("credentialId", PATCH, f"this API cannot change credential_id{REPLACE}"),
        ("numberE164CheckEnabled", PATCH, f"this API cannot change number_e164_check_enabled{REPLACE}"),
        ("number", POST, "this API does not know number: remove it"),
        ("other", POST, "this API does not know other: remove it"),
    ],
)
def test_a_field_that_an_older_or_newer_api_does_not_know_comes_with_the_argument_to_use(
    field: str, to: tuple[str, str], advice: str
) -> None:
    message = f"property {field} should not exist"
    assert str(api_error(400, message, to=to)) == f"Vapi answered 400: {message} ({to[0]} {to[1]}); {advice}"


@pytest.mark.parametrize("parent", ["fallbackDestination", "server.backoffPlan", "hooks.0"])
def test_an_unknown_field_inside_an_object_is_named_with_its_path(parent: str) -> None:
    error = str(api_error(400, f"{parent}.property callerId should not exist"))
    assert error.endswith(f"; this API does not know {parent}.callerId: remove it")


def test_several_fields_get_their_advice_in_order() -> None:
    error = str(api_error(400, "property hooks should not exist", "property name is odd", "property other should not exist"))
    assert error.endswith(
        "; this API has no hooks yet: remove hooks and use fallback_destination instead; "
        "this API does not know other: remove it"
    )


def test_the_parts_of_an_error_are_attributes() -> None:
    error = api_error(404, "a", "b", to=GET, says_absent=True, tries=2)
    assert (error.status, error.method, error.path, error.messages) == (404, "GET", "/phone-number/1", ("a", "b"))
    assert (error.from_api, error.says_absent, error.tries) == (True, True, 2)
    failure = TransportError("it broke", method="POST", path="/x", sent=True, passing=False, advice="try").after(4)
    assert (failure.method, failure.path, failure.sent, failure.passing, failure.tries) == ("POST", "/x", True, False, 4)
    again = error.after(3)
    assert (type(again), again.status, again.messages, again.says_absent, again.tries) == (ApiError, 404, ("a", "b"), True, 3)
    assert error.tries == 2
    bad = BadAnswerError("is odd", method="GET", path="/x")
    assert (bad.method, bad.path) == ("GET", "/x")


@pytest.mark.parametrize("error", [ApiError, BadAnswerError, ConfigError, LifecycleError, TransportError])
def test_everything_raised_on_purpose_is_a_vapi_error(error: type[Exception]) -> None:
    assert issubclass(error, VapiError)


def test_a_long_text_from_the_api_is_cut() -> None:
    text = str(api_error(400, "x" * 10_000))
    assert "x" * (MAX_API_TEXT - 3) + "... (POST" in text
    assert len(text) < MAX_API_TEXT + 60


@pytest.mark.parametrize(
    ("number", "id_", "label"),
    [
        ("+14155552671", None, "BYO phone number '+14155552671'"),
        ("+14155552671", "1", "BYO phone number '+14155552671'"),
        (None, "1", "BYO phone number with id 1"),
        ("", "", "BYO phone number"),
        (None, None, "BYO phone number"),
    ],
)
def test_a_number_is_named_as_the_user_knows_it(number: object, id_: object, label: str) -> None:
    assert PHONE_NUMBER.label(number, id_) == label


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("a", "a"),
        (" a\n\tb ", "a b"),
        ("a\x1b[1m", "a?[1m"),
        ("abcdefghij", "abcdefghij"),
        ("abcdefghijk", "abcdefg..."),
        ("", ""),
    ],
)
def test_a_foreign_text_becomes_one_short_line(text: str, short: str) -> None:
    assert shorten(text, 10) == short


def test_a_value_is_shown_as_it_was_written_and_not_as_the_engine_sends_it() -> None:
    assert show_value({"timeoutSeconds": 20.0, "codes": [400.0, 0.5]}) == '{"timeoutSeconds": 20, "codes": [400, 0.5]}'
    assert show_value(float("nan")) == "NaN"


@given(st.text(max_size=200), st.text(max_size=50))
def test_an_error_is_one_printable_line_whatever_is_in_it(what: str, advice: str) -> None:
    assert str(VapiError(what, advice=advice)).isprintable()
    assert str(TransportError(what, method="GET", path=advice, sent=True).after(3)).isprintable()
    assert len(str(VapiError(what * 1000, advice=advice))) <= MAX_SENTENCE


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"assistantId": "a-b"}, "assistant_id 'a-b'"),
        ({"squadId": "s\n\x1b[31merror: x" + "y" * 99}, "squad_id 's\\n\\x1b[31merror: x" + "y" * 57 + "..."),
        ({"serverUrl": "https://user:canary@example.com/x?canary"}, "server_url at 'example.com'"),
        ({"serverUrlSecret": "canary"}, "server_url_secret (not shown)"),
        ({"server": {"url": "https://canary@example.com:8443/canary"}}, "server at 'example.com'"),
        ({"server": {"url": "https://[canary"}}, "server at no address"),
        ({"server": {"headers": {"x": "canary"}}}, "server (not shown)"),
        ({"hooks": [{"on": "canary"}, {}]}, "hooks (2, not shown)"),
        ({"fallbackDestination": {"type": "number", "number": "+442079460018"}}, "fallback_destination '+442079460018'"),
        ({"fallbackDestination": {"sipUri": "sip:u:canary@example.com"}}, "fallback_destination at 'example.com'"),
        ({"numberE164CheckEnabled": False, "name": "n"}, "number_e164_check_enabled False, name 'n'"),
    ],
)
def test_fields_are_described_briefly_and_without_secrets(fields: dict[str, Any], words: str) -> None:
    assert PHONE_NUMBER.show_fields(fields) == words
    assert "canary" not in words
