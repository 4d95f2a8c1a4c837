"""A setting that is missing or wrong is one sentence, before any request."""

from __future__ import annotations

import pytest

from pulumi_vapi_byo.emulator import Emulator
from tests.sdks import Sdk
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID

from .conftest import Configure
from .host import Host, PluginError, Props

INPUTS: Props = {"credentialId": CREDENTIAL_ID, "number": "+14155552671", "assistantId": ASSISTANT_ID}

WRONG = [
    ("baseUrl", "api.vapi.ai", "vapi-byo:baseUrl (or VAPI_BASE_URL) is not the address of an API, such as https://api.vapi.ai"),
    ("baseUrl", "https://user:canary@example.com", "vapi-byo:baseUrl (or VAPI_BASE_URL) is not the address of an API"),
    ("baseUrl", "http://example.com", "would send the API key to example.com unencrypted: use https"),
    ("region", "mars", "vapi-byo:region is 'mars': set it to us or eu with pulumi config set vapi-byo:region us"),
    ("timeout", "soon", "vapi-byo:timeout is 'soon': it must be a number of seconds, more than 0 and at most 600"),
    ("timeout", "0", "vapi-byo:timeout is '0': it must be a number of seconds"),
    ("maxRetries", "-1", "is '-1': it must be a whole number from 0 to 20"),
    ("requestsPerSecond", "fast", "vapi-byo:requestsPerSecond is 'fast': it must be a number of requests a second"),
    ("onExisting", "steal", "vapi-byo:onExisting is 'steal': set it to error or adopt or allow"),
    ("onConflict", "win", "vapi-byo:onConflict is 'win': set it to error or overwrite or unchecked"),
]


@pytest.mark.parametrize(("key", "value", "sentence"), WRONG)
def test_a_wrong_setting_is_found_at_preview(configure: Configure, vapi: Emulator, key: str, value: str, sentence: str) -> None:
    answer = configure(vapi, **{key: value}).check(INPUTS)

    ((property_, reason),) = answer.failures
    assert property_ == ""
    assert sentence in reason
    assert "\n" not in reason
    assert "canary" not in reason
    assert vapi.requests == []


@pytest.mark.parametrize(("key", "value", "sentence"), WRONG)
def test_a_wrong_setting_fails_everything_else_before_any_request(
    configure: Configure, vapi: Emulator, host_sdk: Sdk, key: str, value: str, sentence: str
) -> None:
    provider = configure(vapi, **{key: value})
    for call in (
        lambda: provider.create(INPUTS),
        lambda: provider.read("some-id", INPUTS),
        lambda: provider.update("some-id", INPUTS, {**INPUTS, "name": "b"}),
        lambda: provider.delete("some-id", INPUTS),
    ):
        with pytest.raises(PluginError) as error:
            call()
        assert str(error.value).startswith(host_sdk.error_prefix)
        assert sentence in str(error.value)
        assert "\n" not in str(error.value)
    assert vapi.requests == []


def test_a_bad_key_is_refused_without_being_shown(configure: Configure, vapi: Emulator) -> None:
    provider = configure(vapi, apiKey="canary key")
    with pytest.raises(PluginError, match="the API key holds spaces, line breaks or other characters") as error:
        provider.create(INPUTS)

    assert "canary" not in str(error.value)
    assert vapi.requests == []


def test_check_and_diff_need_neither_key_nor_address(host: Host) -> None:
    provider = host.provider({})
    answer = provider.check(INPUTS)

    assert answer.failures == []
    assert provider.diff({**INPUTS, "name": "a"}, answer.inputs).changes == "unknown"
    assert provider.printed() == ""


def test_bad_inputs_and_a_wrong_setting_are_reported_together(configure: Configure, vapi: Emulator) -> None:
    answer = configure(vapi, region="mars").check({**INPUTS, "name": "n" * 41})

    assert [name for name, _ in answer.failures] == ["name", ""]


def test_a_number_that_no_plan_knows_is_refused_or_with_the_setting_only_warned_of(
    configure: Configure, vapi: Emulator
) -> None:
    (refused,) = configure(vapi).check({**INPUTS, "number": "+1415555267"}).failures
    property_, reason = refused
    assert property_ == "number"
    assert reason == (
        "has 9 digits after +1, 10 are usual; check its digits or, if they are right (the phonenumbers library's numbering plans "
        "may be out of date), set vapi-byo:numberCheck e164 (number_check on a Provider)"
    )
    provider = configure(vapi, numberCheck="e164")
    assert provider.check({**INPUTS, "number": "+1415555267"}).failures == []
    assert provider.printed() == (
        "warning: BYO phone number '+1415555267': number '+1415555267' has 9 digits after +1, 10 are usual; Vapi may refuse it\n"
    )


def test_an_import_of_a_number_that_no_plan_knows_needs_no_more_than_the_setting(configure: Configure, vapi: Emulator) -> None:
    provider = configure(vapi, numberCheck="e164")
    inputs = {**INPUTS, "number": "+1415555267"}
    id_ = provider.create(provider.check(inputs).inputs).id
    provider = configure(vapi, numberCheck="e164")  # as in another run
    taken_over = provider.create({**provider.check(inputs).inputs, "__importId": id_})
    assert (taken_over.id, taken_over.outputs["number"]) == (id_, "+1415555267")
