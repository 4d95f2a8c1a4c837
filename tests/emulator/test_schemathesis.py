"""Schemathesis fuzzes the emulator from the shipped OpenAPI documents, each era from its own document.

Schemathesis gets a copy that adds what the documents leave to prose or omit, so that it can judge that too:

* error answers, which the documents do not declare, in the only shape that the service uses;
* UUIDs, URLs, E.164 numbers and the numeric address of an inbound gateway; without these hints hardly any generated
  request would be accepted, and its detailed answers would go untested. Only requests that should be accepted get them:
  they are narrower than the API, so a request that breaks a hint may well be accepted;
* no unknown properties, and a hook filter that is satisfiable (see ``pulumi_vapi_byo.emulator.schema``).

Two checks are left out: that wrong data is rejected (it counts nulls as wrong, but here they clear a field), and that
unsupported methods get a 405 (the service answers with a 404).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as openapi_checks

from pulumi_vapi_byo.emulator import Emulator

ERAS = ("current", "2024")
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.ignored_auth,
]
CHECKS_OF_MODE = {
    GenerationMode.POSITIVE: [*CHECKS, openapi_checks.positive_data_acceptance],
    GenerationMode.NEGATIVE: CHECKS,
}
URL = {"pattern": r"^https://[a-z]{1,9}\.example$"}
UUID = {"format": "uuid"}
PROSE: dict[str, dict[str, Any]] = {
    "assistantId": UUID,
    "squadId": UUID,
    "workflowId": UUID,
    "serverUrl": URL,
    "url": URL,
    "number": {"pattern": r"^\+[1-9][0-9]{6,14}$"},
    "ip": {"format": "ipv4"},
    "gateways": {"minItems": 1},
    "credentialId": {"minLength": 1},
}
MESSAGE = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
ERROR_SCHEMA = {
    "type": "object",
    "properties": {
        "message": MESSAGE,
        "error": {"type": "string", "enum": ["Bad Request", "Unauthorized", "Not Found"]},
        "statusCode": {"type": "integer", "enum": [400, 401, 404]},
    },
    "required": ["message", "error", "statusCode"],
    "additionalProperties": False,
}
ERROR = {"description": "refused", "content": {"application/json": {"schema": ERROR_SCHEMA}}}


def document(era: str, *, hints: bool) -> dict[str, Any]:
    file = resources.files("pulumi_vapi_byo.emulator") / "spec" / f"vapi-{era}.openapi.json"
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    for operations in loaded["paths"].values():
        for operation in operations.values():
            operation["responses"] |= dict.fromkeys(("400", "401", "404"), ERROR)
    for name, schema in loaded["components"]["schemas"].items():
        schema["additionalProperties"] = False
        for key in PROSE.keys() & schema["properties"].keys() if hints else ():
            if name != "PhoneNumberCallRingingHookFilter":
                schema["properties"][key] |= PROSE[key]
        if name == "PhoneNumberCallEndingHookFilter":
            del schema["properties"]["oneOf"]["enum"]
    return loaded


OPERATIONS = [
    pytest.param(era, method, path, id=f"{era}-{method.upper()} {path}")
    for era in ERAS
    for path, operations in document(era, hints=False)["paths"].items()
    for method in operations
]


@pytest.fixture(scope="module")
def emulators() -> Iterator[dict[str, Emulator]]:
    with (
        Emulator(api_key="test-key", era="current", seed=1, rules={"duplicate-number": "accepted"}) as current,
        Emulator(api_key="test-key", era="2024", seed=1, rules={"duplicate-number": "accepted"}) as old,
    ):
        yield {"current": current, "2024": old}


@pytest.mark.parametrize(("era", "method", "path"), OPERATIONS)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
def test_every_answer_to_generated_requests_meets_the_document(
    emulators: dict[str, Emulator], era: str, method: str, path: str, mode: GenerationMode
) -> None:
    vapi = emulators[era]
    vapi.reset()
    add = {"/phone-number/{id}": vapi.add_number, "/credential/{id}": vapi.add_credential}.get(path)
    shown = document(era, hints=mode is GenerationMode.POSITIVE)
    operation = schemathesis.openapi.from_dict(shown)[path][method.upper()]
    statuses: list[int] = []

    with requests.Session() as session:

        @settings(
            max_examples=25,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def fuzz(case: Any) -> None:
            if add is not None and len(statuses) % 2:  # every second time an id that exists
                case.path_parameters = {"id": add()["id"]}
            headers = {"Authorization": "Bearer test-key"}
            mode_checks = CHECKS_OF_MODE[mode]
            answer = case.call_and_validate(base_url=vapi.base_url, session=session, headers=headers, checks=mode_checks)
            statuses.append(answer.status_code)

        fuzz()
    expected = {201 if method == "post" else 200} if mode is GenerationMode.POSITIVE else {400, 401, 404}
    assert expected & set(statuses), "the generated requests never got where they should"
