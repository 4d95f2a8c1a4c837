"""Thousands of unexpected answers: only ever our own errors, never a wrong state, never a secret in a message."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pulumi_vapi_byo.errors import VapiError

from .fakes import API_KEY, Said, Sent, lifecycle, said
from .table import Record, record_figure

NUMBER_ID = "6a1b3f0c-7d2e-4a57-8f9b-0c1d2e3f4a5b"
OTHER_ID = "b7e4c1d2-9f80-4c3a-a1b2-c3d4e5f60718"
CREDENTIAL_ID = "1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10"
SECRET = "canary-secret-5e0b"
HEADER = "canary-header-c2d8"
ORG_ID = "org-1"

#: Pulumi's mark for values that are not plain; only Pulumi may put it into a state.
SIGNATURE = "4dabf18193072939515e22adb298388d"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

GOOD: dict[str, Any] = {
    "id": NUMBER_ID,
    "orgId": ORG_ID,
    "createdAt": "2026-01-01T00:00:00.000Z",
    "updatedAt": "2026-01-01T00:00:00.000Z",
    "provider": "byo-phone-number",
    "credentialId": CREDENTIAL_ID,
    "number": "+14155552000",
    "name": "Front desk",
    "status": "active",
    "server": {"url": "https://example.com", "headers": {"x-vapi-secret": HEADER}},
}
INPUTS = {field: GOOD[field] for field in ("credentialId", "number", "name", "server")}
STATE = {key: value for key, value in GOOD.items() if key not in ("id", "provider")}

_texts = st.text(max_size=8) | st.sampled_from(
    ["", "\ud800", "a\0b", UNKNOWN, "<html>", "byo-phone-number", OTHER_ID, SECRET, API_KEY]
)
_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([10**400, 2**64, -0.0]) | _texts
junk: st.SearchStrategy[Any] = st.recursive(
    _scalars,
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.dictionaries(_texts | st.sampled_from([SIGNATURE, "__provider", "id"]), parts, max_size=3)
    ),
    max_leaves=8,
)
_keys = st.sampled_from(
    [*GOOD, "numberE164CheckEnabled", "hooks", "fallbackDestination", "assistantId", "serverUrl", "unheardOf"]
)


@st.composite
def numbers(draw: st.DrawFn) -> Any:
    """Draw a number in which some fields are junk or missing, or a number of somebody else."""
    body = dict(GOOD)
    for key in draw(st.lists(_keys, max_size=3, unique=True)):
        body[key] = draw(junk)
    for key in draw(st.lists(st.sampled_from(sorted(GOOD)), max_size=1)):
        body.pop(key, None)
    if draw(st.integers(0, 4)) == 0:
        body["id"] = OTHER_ID
    return body


_errors = st.fixed_dictionaries(
    {"message": junk | st.sampled_from([f"no: {SECRET}", [f"bad {HEADER}", API_KEY]])},
    optional={"error": junk, "statusCode": junk, "id": junk},
)
_bodies = (
    (numbers() | _errors | junk | st.lists(numbers(), max_size=2)).map(lambda body: json.dumps(body).encode())
    | st.binary(max_size=40)
    | st.sampled_from([b"", b"null", b"{", b"[" * 5000, b'{"a":' * 300 + b"1" + b"}" * 300, b"<html>502</html>", b"\xff\xfe{}"])
)
_statuses = st.sampled_from(
    [200, 200, 200, 201, 202, 204, 299, 300, 302, 307, 400, 401, 403, 404, 404, 408, 409, 422, 429, 500, 502, 503, 599]
)
_headers = st.sampled_from(
    [
        (("Content-Type", "application/json"),),
        (("Content-Type", "text/html"), ("Retry-After", "soon")),
        (("Retry-After", "100000"),),
        (("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"),),
        (("Location", "http://127.0.0.1:9/elsewhere"),),
        (("Location", "http://[/"),),
        (("Location", "http://a:b:c/\xff"),),
        (("Location", "gopher:"),),
        (("Content-Encoding", "gzip"),),
    ]
)
answers = st.builds(Said, _statuses, _bodies, _headers)

#: How many answers have been tried so far, by operation.
EXAMPLES: Counter[str] = Counter()

fuzz = settings(max_examples=2000, suppress_health_check=list(HealthCheck))


def places(value: Any, depth: int = 0) -> Iterator[tuple[Any, int]]:
    yield value, depth
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield key, depth
            yield from places(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from places(part, depth + 1)


def assert_can_be_kept(state: Mapping[str, Any]) -> None:
    """Assert that a state survives the host and the engine."""
    for value, depth in places(state):
        assert depth < 100
        assert value not in (SIGNATURE, UNKNOWN)
        if isinstance(value, str):
            value.encode()
        if isinstance(value, (int, float)):
            assert math.isfinite(float(value))


def assert_is_a_sentence(error: VapiError) -> None:
    text = str(error)
    assert "\n" not in text
    assert len(text) < 3000
    text.encode()
    for canary in (API_KEY, SECRET, HEADER):
        assert canary not in text, text


def parsed(answer: Said) -> Any:
    try:
        return json.loads(answer.body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


@fuzz
@given(answers, answers)
@example(said(404, {"message": "Not Found", "error": "Not Found", "statusCode": 404}), said(200, []))
@example(said(200, GOOD), said(200, []))
@example(Said(307, b"", (("Location", "http://[/"),)), said(200, []))
@example(said(200, GOOD | {"name": "\ud800"}), said(200, []))
@example(said(200, GOOD | {"server": {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "x"}}), said(200, []))
@example(said(200, GOOD | {"server": {"timeoutSeconds": math.nan}}), said(200, []))
@example(said(200, GOOD | {"server": {"timeoutSeconds": 10**400}}), said(200, []))
def read(number: Said, account: Said) -> None:
    EXAMPLES["read"] += 1
    life, _ = lifecycle(lambda sent: account if sent.path == "/phone-number" else number, max_retries=0)
    state = STATE | {"serverUrlSecret": SECRET}
    try:
        found = life.read(NUMBER_ID, state)
    except VapiError as error:
        assert_is_a_sentence(error)
        return
    body = parsed(number)
    if found is None:
        assert number.status == 404
        assert isinstance(body, dict)
        assert "message" in body
        assert isinstance(parsed(account), list)
        return
    assert 200 <= number.status < 300
    assert body["id"] == NUMBER_ID
    assert body["provider"] == "byo-phone-number"
    assert_can_be_kept(found.state)
    assert_can_be_kept(found.inputs)
    for field in ("orgId", "credentialId", "number", "name", "server", "createdAt"):
        assert found.state.get(field) == body.get(field)


@fuzz
@given(answers, answers, answers)
@example(said(200, []), said(201, GOOD | {"id": OTHER_ID, "number": "+14155559999"}), said(200, [GOOD]))
@example(said(200, [GOOD | {"number": "+14155559999"}]), said(201, GOOD), said(200, []))
@example(said(200, [GOOD | {"orgId": None}]), said(201, GOOD), said(200, [GOOD]))
@example(said(200, []), said(201, []), said(200, [GOOD | {"id": f"\ud800 {SECRET}", "orgId": None}]))
def create(before: Said, post: Said, after: Said) -> None:
    EXAMPLES["create"] += 1
    posts = 0

    def answer(sent: Sent) -> Said:
        nonlocal posts
        if sent.method == "POST":
            posts += 1
            return post
        return after if posts else before

    life, adapter = lifecycle(answer, max_retries=1)
    known = (
        {entry["id"] for entry in parsed(before) or () if isinstance(entry, dict) and isinstance(entry.get("id"), str)}
        if isinstance(parsed(before), list)
        else set()
    )
    try:
        id_, state = life.create(INPUTS | {"serverUrlSecret": SECRET})
    except VapiError as error:
        assert_is_a_sentence(error)
    else:
        assert posts
        assert id_ not in known
        assert state["number"] == INPUTS["number"]
        assert_can_be_kept(state)
        assert json.dumps(id_) in json.dumps(parsed(post)) + json.dumps(parsed(after))
    assert posts <= 2
    looks = [sent.method for sent in adapter.sent]
    if looks.count("POST") == 2 and post.status != 429:
        assert looks[looks.index("POST") + 1] == "GET"  # never a second POST without a look-up


@fuzz
@given(answers, answers)
def update(before: Said, patch: Said) -> None:
    EXAMPLES["update"] += 1
    life, adapter = lifecycle(lambda sent: patch if sent.method == "PATCH" else before, max_retries=0)
    try:
        state = life.update(NUMBER_ID, STATE | {"serverUrlSecret": SECRET}, INPUTS | {"name": "New", "serverUrlSecret": SECRET})
    except VapiError as error:
        assert_is_a_sentence(error)
        return
    assert_can_be_kept(state)
    assert parsed(before)["id"] == NUMBER_ID
    if any(sent.method == "PATCH" for sent in adapter.sent):
        assert parsed(patch)["id"] == NUMBER_ID
        assert state["orgId"] == parsed(patch)["orgId"]


@fuzz
@given(answers, answers)
def delete(answer: Said, account: Said) -> None:
    EXAMPLES["delete"] += 1
    life, _ = lifecycle(lambda sent: account if sent.method == "GET" else answer, max_retries=0)
    try:
        life.delete(NUMBER_ID, STATE | {"serverUrlSecret": SECRET})
    except VapiError as error:
        assert_is_a_sentence(error)
        return
    assert 200 <= answer.status < 300 or (answer.status == 404 and isinstance(parsed(account), list))


@pytest.mark.parametrize("operation", [read, create, update, delete], ids=lambda operation: operation.__name__)
def test_any_answer_gives_the_right_result_or_an_error(operation: Callable[[], None], record: Record) -> None:
    name = operation.__name__
    EXAMPLES[name] = 0
    operation()
    assert EXAMPLES[name] >= fuzz.max_examples
    record_figure(record, f"fuzz: {EXAMPLES[name]} combinations of answers to a {name}")


@pytest.mark.parametrize("size", [10_000_000, 40_000_000])
@pytest.mark.parametrize("status", [200, 500])
def test_a_body_of_megabytes_is_read_or_refused_and_never_shown(size: int, status: int) -> None:
    big = said(status, GOOD | {"unheardOf": "x" * size, "message": "y" * size} if status == 200 else {"message": "x" * size})
    life, _ = lifecycle(lambda _: big, max_retries=0)
    try:
        found = life.read(NUMBER_ID, STATE)
    except VapiError as error:
        assert_is_a_sentence(error)
        assert status == 500 or size > 32 << 20
    else:
        assert found is not None
        assert len(json.dumps(found.state)) < 2000
