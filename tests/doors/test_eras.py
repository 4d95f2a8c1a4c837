"""An API of the other era refuses fields: the error says which argument to use instead, or how to replace the number."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.sdks import Sdk
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID, SQUAD_ID, WORKFLOW_ID

from .conftest import Configure, Serve
from .host import PluginError, Props, plain

INPUTS: Props = {"credentialId": CREDENTIAL_ID, "number": "+14155552671", "assistantId": ASSISTANT_ID}
URL = "https://example.com/vapi"
IN_PLACE = (
    "this API cannot change {argument} in place: set it back, or replace the number (it gets a new id) with "
    "pulumi up --target-replace URN, the URN being the one pulumi stack --show-urns lists"
)


@pytest.mark.parametrize(
    ("era", "field", "value", "advice"),
    [
        ("2024", "server", {"url": URL}, "this API does not take server yet: use server_url and server_url_secret instead"),
        (
            "2024",
            "hooks",
            [{"on": "call.ringing", "do": []}],
            "this API has no hooks yet: remove hooks and use fallback_destination",
        ),
        (
            "2024",
            "workflowId",
            WORKFLOW_ID,
            "this API has no workflows: remove workflow_id and use assistant_id or squad_id",
        ),
        (
            "current",
            "serverUrl",
            URL,
            "this API no longer takes serverUrl: use server=ServerArgs(url=...) instead of server_url",
        ),
    ],
)
@pytest.mark.parametrize("step", ["create", "update"])
def test_a_field_that_the_api_does_not_know_names_what_to_use_instead(
    configure: Configure, serve: Serve, host_sdk: Sdk, step: str, era: str, field: str, value: Any, advice: str
) -> None:
    vapi = serve(era=era)
    provider = configure(vapi)
    new = provider.check({**INPUTS, field: value}).inputs
    call: Callable[[], object]
    if step == "create":
        call = partial(provider.create, new)
    else:
        made = provider.create(provider.check(INPUTS).inputs)
        call = partial(provider.update, made.id, made.outputs, new)
    before = vapi.numbers()
    with pytest.raises(PluginError) as error:
        call()

    assert str(error.value).startswith(
        f"{host_sdk.error_prefix}cannot {step} BYO phone number '+14155552671': Vapi answered 400: "
        f"property {field} should not exist ("
    )
    assert advice in str(error.value)
    assert vapi.numbers() == before


def test_the_secret_of_today_goes_into_headers(configure: Configure, serve: Serve) -> None:
    provider = configure(serve(era="current"))
    with pytest.raises(PluginError, match=r"instead of server_url_secret use server=ServerArgs\(url=\.\.\., headers="):
        provider.create(provider.check({**INPUTS, "serverUrl": URL, "serverUrlSecret": "canary"}).inputs)


@pytest.mark.parametrize(
    ("field", "value", "argument"),
    [
        ("number", "+14155552672", "number"),
        ("credentialId", SQUAD_ID, "credential_id"),
        ("numberE164CheckEnabled", False, "number_e164_check_enabled"),
    ],
)
def test_a_field_that_cannot_be_changed_in_2024_names_the_command_that_replaces_the_number(
    configure: Configure, serve: Serve, field: str, value: Any, argument: str
) -> None:
    vapi = serve(era="2024")
    provider = configure(vapi)
    made = provider.create(provider.check(INPUTS).inputs)
    with pytest.raises(PluginError) as error:
        provider.update(made.id, made.outputs, provider.check({**INPUTS, field: value}).inputs)

    assert f"property {field} should not exist (PATCH /phone-number/{made.id}); " in str(error.value)
    assert str(error.value).endswith(IN_PLACE.format(argument=argument))


@pytest.mark.parametrize(
    ("era", "more"),
    [
        ("2024", {"serverUrl": URL, "serverUrlSecret": "canary"}),
        ("current", {"server": {"url": URL, "headers": {"x-vapi-secret": "canary"}}, "workflowId": WORKFLOW_ID}),
    ],
    ids=["2024", "current"],
)
def test_the_whole_life_of_a_number_in_either_era(configure: Configure, serve: Serve, era: str, more: Props) -> None:
    vapi = serve(era=era)
    provider = configure(vapi)
    inputs = provider.check({**INPUTS, "name": "a", **more}).inputs
    made = provider.create(inputs)
    renamed = provider.check({**INPUTS, "name": "b", **more}).inputs
    outputs = provider.update(made.id, made.outputs, renamed)
    seen = provider.read(made.id, outputs)
    configure(vapi).delete(made.id, seen.outputs)

    assert plain(seen.inputs) == plain(renamed)
    assert [json.dumps(request.body) for request in vapi.requests if request.method == "PATCH"] == ['{"name": "b"}']
    assert vapi.numbers() == []
