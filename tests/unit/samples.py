"""Inputs for the tests: a sample with every field, a minimal sample, and hypothesis strategies for the rest."""

from __future__ import annotations

import copy
import string
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

Wire = dict[str, Any]
Path = tuple[str | int, ...]

CREDENTIAL_ID = "1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10"
ASSISTANT_ID = "6a1b3f0c-7d2e-4a57-8f9b-0c1d2e3f4a5b"
SQUAD_ID = "b7e4c1d2-9f80-4c3a-a1b2-c3d4e5f60718"
WORKFLOW_ID = "0f9e8d7c-6b5a-4433-8221-100f0e0d0c0b"

#: Every field at every depth, each with a value that is not its default, in the form that goes on the wire.
EVERYTHING: Wire = {
    "numberE164CheckEnabled": False,
    "deletionProtection": True,
    "credentialId": CREDENTIAL_ID,
    "number": "+14155552671",
    "name": "Front desk",
    "assistantId": ASSISTANT_ID,
    "squadId": SQUAD_ID,
    "workflowId": WORKFLOW_ID,
    "server": {
        "url": "https://example.com/vapi",
        "timeoutSeconds": 25,
        "headers": {"x-vapi-secret": "canary-header", "credential_id": "stays", "timeoutSeconds": "stays"},
        "credentialId": CREDENTIAL_ID,
        "backoffPlan": {"type": "fixed", "maxRetries": 3, "baseDelaySeconds": 1.5, "excludedStatusCodes": [400, 401]},
        "staticIpAddressesEnabled": True,
        "encryptedPaths": ["$.message"],
    },
    "hooks": [
        {
            "on": "call.ringing",
            "do": [
                {"type": "say", "exact": "One moment."},
                {
                    "type": "transfer",
                    "destination": {"type": "sip", "sipUri": "sip:desk@example.com", "sipHeaders": {"caller_id": "stays"}},
                },
            ],
            "filters": [{"type": "startsWith", "key": "number", "startsWith": ["+1", "+44"]}],
        },
        {
            "on": "call.ending",
            "do": {
                "type": "transfer",
                "destination": {"numberE164CheckEnabled": False, "type": "number", "number": "+442079460018"},
            },
            "filters": [{"type": "oneOf", "key": "call.endedReason", "oneOf": ["assistant-request-failed"]}],
        },
    ],
    "fallbackDestination": {
        "numberE164CheckEnabled": False,
        "type": "number",
        "number": "+14155552672",
        "extension": "12",
        "callerId": "+14155552671",
        "message": {
            "type": "custom-message",
            "contents": [{"type": "text", "text": "Hallo", "language": "de"}],
            "content": "Hello",
        },
        "transferPlan": {
            "mode": "warm-transfer-say-summary",
            "message": "A caller",
            "timeout": 30,
            "sipVerb": "dial",
            "dialTimeout": 45,
            "holdAudioUrl": "https://example.com/hold.wav",
            "transferCompleteAudioUrl": "https://example.com/done.wav",
            "contextEngineeringPlan": {"type": "lastNMessages", "maxMessages": 5},
            "twiml": "<Say>hello</Say>",
            "summaryPlan": {
                "messages": [{"role": "system", "credential_id": "stays"}],
                "enabled": True,
                "timeoutSeconds": 10,
            },
            "sipHeadersInReferToEnabled": True,
            "fallbackPlan": {"message": "Nobody there", "endCallEnabled": False},
        },
        "description": "The office",
        "name": "Office",
    },
}

#: The smallest valid number.
LEAST: Wire = {"credentialId": CREDENTIAL_ID}


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of all keys and items below a value."""
    parts: Sequence[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        parts = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    for part, item in parts:
        yield (*path, part)
        yield from places(item, (*path, part))


def at(value: Any, path: Path) -> Any:
    """Return the value at a path."""
    for part in path:
        value = value[part]
    return value


def put(value: Any, path: Path, new: Any) -> Any:
    """Return a deep copy with another value at a path."""
    changed = copy.deepcopy(value)
    at(changed, path[:-1])[path[-1]] = new
    return changed


# ------------------------------------------------------------------------------------------------------------- hypothesis

_words = st.text(string.ascii_letters + string.digits + " -_äß", min_size=1, max_size=12)
_numbers = st.sampled_from(["+14155552671", "+442079460018", "+4930123456", "+14155552672"])
_urls = st.sampled_from(["https://example.com/a", "https://example.com/b?c=d", "http://localhost:8080"])
_ids = st.sampled_from([CREDENTIAL_ID, ASSISTANT_ID, SQUAD_ID])
_headers = st.dictionaries(st.sampled_from(["x-a", "x-b", "name", "timeoutSeconds"]), _words, max_size=3)


def _object(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Wire]:
    return st.fixed_dictionaries(required, optional=optional)


_backoff_plans = _object(
    {
        "type": st.sampled_from(["fixed", "exponential"]),
        "maxRetries": st.integers(0, 10),
        "baseDelaySeconds": st.floats(0, 10).map(lambda seconds: round(seconds, 2)),
    },
    excludedStatusCodes=st.lists(st.integers(100, 599), max_size=2),
)
servers = _object(
    {},
    url=_urls,
    timeoutSeconds=st.integers(1, 300),
    headers=_headers,
    credentialId=_ids,
    backoffPlan=_backoff_plans,
    staticIpAddressesEnabled=st.booleans(),
    encryptedPaths=st.lists(_words, max_size=2),
)
_messages = _words | _object(
    {"type": st.just("custom-message")},
    content=_words,
    contents=st.lists(_object({"type": st.just("text"), "text": _words, "language": st.just("de")}), max_size=2),
)
_transfer_plans = _object(
    {"mode": st.sampled_from(["blind-transfer", "warm-transfer-say-message"])},
    message=_messages,
    timeout=st.sampled_from([1, 60, 600]),
    dialTimeout=st.sampled_from([1, 60, 600]),
    sipVerb=st.sampled_from(["refer", "bye", "dial"]),
    summaryPlan=_object({}, enabled=st.booleans(), timeoutSeconds=st.integers(1, 60)),
    fallbackPlan=_object({"message": _messages}, endCallEnabled=st.booleans()),
)
destinations = _object(
    {"type": st.just("number"), "number": _numbers},
    numberE164CheckEnabled=st.booleans(),
    extension=st.just("12"),
    callerId=_numbers,
    message=_messages,
    transferPlan=_transfer_plans,
    description=_words,
    name=_words,
) | _object(
    {"type": st.just("sip"), "sipUri": st.just("sip:desk@example.com")},
    sipHeaders=_headers,
    callerId=_numbers,
    transferPlan=_transfer_plans,
)
_actions = _object({"type": st.just("say"), "exact": _words}) | _object({"type": st.just("transfer")}, destination=destinations)
hooks = _object(
    {"on": st.just("call.ringing"), "do": st.lists(_actions, max_size=2)},
    filters=st.lists(
        st.fixed_dictionaries(
            {"type": st.just("startsWith"), "key": st.just("number"), "startsWith": st.lists(st.just("+1"), max_size=2)}
        ),
        max_size=2,
    ),
) | _object({"on": st.just("call.ending")}, do=_actions)


def _inputs(server_part: Wire, rest: Wire) -> Wire:
    return {**rest, **server_part}


#: Any inputs that `check_inputs` accepts, in the form that it returns.
inputs: st.SearchStrategy[Wire] = st.builds(
    _inputs,
    _object({"serverUrl": _urls}, serverUrlSecret=_words) | _object({}, server=servers),
    _object(
        {"credentialId": _ids},
        numberE164CheckEnabled=st.booleans(),
        number=_numbers,
        name=_words,
        assistantId=_ids,
        squadId=_ids,
        workflowId=_ids,
        hooks=st.lists(hooks, max_size=2),
        fallbackDestination=destinations,
    ),
)

#: Any JSON value.
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)
