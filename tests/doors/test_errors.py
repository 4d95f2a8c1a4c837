"""Every failure of the API becomes one sentence, on both SDKs: what failed, with which answer, and what to do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from pulumi_vapi_byo.emulator import Emulator, Fault
from tests.sdks import Sdk
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID, SQUAD_ID

from .conftest import API_KEY, Configure
from .host import PluginError, Props, Provider, Resource, plain

SECRET = "canary-secret-77b0"
INPUTS: Props = {
    "credentialId": CREDENTIAL_ID,
    "number": "+14155552671",
    "assistantId": ASSISTANT_ID,
    "serverUrl": "https://example.com/vapi",
    "serverUrlSecret": SECRET,
}
METHODS = {"create": "POST", "read": "GET", "update": "PATCH", "delete": "DELETE"}
NUMBER = "BYO phone number '+14155552671'"

SETTINGS_OF_THE_STATE = (
    "; refresh and destroy take the key and the other settings from the last pulumi up: if they were changed since, run "
    "pulumi up first, without --refresh, or add --run-program"
)
KEY_ADVICE = "check vapi-byo:apiKey and vapi-byo:region: the key must be the private key of the organisation, in its region"
RIGHT_ADVICE = "check vapi-byo:apiKey: the key is not allowed to do this; use a private key of the organisation that owns it"
RATE_ADVICE = (
    "the organisation's rate limit is reached: try again later, or set the rate it allows with "
    "pulumi config set vapi-byo:requestsPerSecond 5"
)
FAULT_ADVICE = "this is a fault on Vapi's side: try again later"
PAGE = "something between here and Vapi answered {status} with something other than Vapi's JSON, beginning '<html><head><title>{title}</"
PAGE_ADVICE = "check vapi-byo:baseUrl and any proxy in between, then try again; this answer was ignored"
NOT_MADE = (
    "; it has not appeared within 0.6 s, so it was probably not created: look for it in the dashboard before you run pulumi up "
    "again, which would create another with vapi-byo:onExisting allow"
)


@dataclass(frozen=True)
class Stage:
    """A number that exists, and the four calls on it or on a second number like it."""

    provider: Provider
    vapi: Emulator
    made: Resource
    sdk: Sdk

    def call(self, verb: str) -> None:
        inputs = self.provider.check(INPUTS).inputs
        if verb == "create":
            self.provider.create(inputs)
        elif verb == "read":
            self.provider.read(self.made.id, self.made.outputs)
        elif verb == "update":
            self.provider.update(self.made.id, self.made.outputs, {**inputs, "name": "b"})
        else:
            self.provider.delete(self.made.id, self.made.outputs)

    def error(self, verb: str) -> str:
        """Return the sentence that a call fails with."""
        with pytest.raises(PluginError) as error:
            self.call(verb)
        text = str(error.value)
        assert text.startswith(self.sdk.error_prefix)
        return text.removeprefix(self.sdk.error_prefix)

    def path(self, verb: str) -> str:
        return "/phone-number" if verb == "create" else f"/phone-number/{self.made.id}"


@pytest.fixture
def stage(configure: Configure, vapi: Emulator, host_sdk: Sdk) -> Stage:
    number = vapi.add_number(**INPUTS)
    made = configure(vapi).read(number["id"])
    outputs = {**plain(made.outputs), "__managed": dict.fromkeys(INPUTS, True)}
    vapi.clear_requests()
    # Otherwise a create would find the number that the other calls need, and refuse.
    return Stage(configure(vapi, onExisting="allow"), vapi, Resource(made.id, outputs, {}), host_sdk)


@pytest.fixture(params=METHODS)
def verb(request: pytest.FixtureRequest, stage: Stage) -> str:
    if request.param == "create":
        stage.vapi.delete_number(stage.made.id)
    return str(request.param)


def fault(verb: str, kind: Any, **more: Any) -> Fault:
    return Fault(kind, method=METHODS[verb], **more)


ANSWERS = [
    # status, message, how the sentence quotes it, what to do
    (400, "name is too rude", ": name is too rude", ""),
    (400, ["assistantId must be a UUID", "x"], ": assistantId must be a UUID; x", "check assistant_id"),
    (400, "Credential Not Found", ": Credential Not Found", "check credential_id: it is the id of a byo-sip-trunk credential "),
    (401, "Invalid Key.", ": Invalid Key.", KEY_ADVICE),
    (403, "Forbidden", ": Forbidden", RIGHT_ADVICE),
    (429, "Too Many Requests", ": Too Many Requests", RATE_ADVICE),
    (500, "Internal Server Error", ": Internal Server Error", FAULT_ADVICE),
    (503, ["Service Unavailable"], ": Service Unavailable", FAULT_ADVICE),
]


@pytest.mark.parametrize(("status", "message", "said", "advice"), ANSWERS)
def test_an_error_of_the_api_is_one_sentence(
    stage: Stage, verb: str, status: int, message: str | list[str], said: str, advice: str
) -> None:
    stage.vapi.inject(fault(verb, "status", status=status, message=message))
    before = stage.vapi.numbers()
    text = stage.error(verb)

    start = f"cannot {verb} {NUMBER}: Vapi answered {status}{said} ({METHODS[verb]} {stage.path(verb)})"
    assert text.startswith(f"{start}; {advice}" if advice else start)
    assert text.endswith(NOT_MADE) == (verb == "create" and status >= 500)
    assert text.endswith(SETTINGS_OF_THE_STATE) == (verb in ("read", "delete") and status in (401, 403))
    assert "\n" not in text
    assert stage.vapi.numbers() == before


@pytest.mark.parametrize(("status", "title"), [(404, "404 Not Found"), (502, "502 Bad Gateway"), (403, "403 Forbidden")])
def test_a_gateway_s_page_is_not_an_answer_of_the_api(stage: Stage, verb: str, status: int, title: str) -> None:
    stage.vapi.inject(fault(verb, "html", status=status))
    before = stage.vapi.numbers()
    text = stage.error(verb)

    assert text.startswith(f"cannot {verb} {NUMBER}: " + PAGE.format(status=status, title=title)[:100])
    assert text.removesuffix(NOT_MADE).endswith(f"({METHODS[verb]} {stage.path(verb)}); {PAGE_ADVICE}")
    assert stage.vapi.numbers() == before


def test_an_address_without_an_api_does_not_make_numbers_vanish(stage: Stage, configure: Configure) -> None:
    elsewhere = configure(stage.vapi, baseUrl=f"{stage.vapi.base_url}/not-here")
    with pytest.raises(PluginError) as read_error:
        elsewhere.read(stage.made.id, stage.made.outputs)
    with pytest.raises(PluginError) as delete_error:
        elsewhere.delete(stage.made.id, stage.made.outputs)

    # Its 404 looks like the API's, so the list is read too; it also gives a 404, so nothing is concluded.
    assert f"cannot read {NUMBER}: Vapi answered 404" in str(read_error.value)
    assert f"cannot delete {NUMBER}: Vapi answered 404" in str(delete_error.value)
    assert [number["id"] for number in stage.vapi.numbers()] == [stage.made.id]


def test_a_404_on_update_says_what_to_run(stage: Stage) -> None:
    stage.vapi.delete_number(stage.made.id)

    assert stage.error("update") == (
        f"cannot update {NUMBER}: it was deleted outside Pulumi; run pulumi refresh, after which pulumi up creates it again"
    )


def test_a_404_on_create_is_an_error(stage: Stage) -> None:
    stage.vapi.inject(Fault("status", method="POST", status=404, message="Cannot POST /phone-number"))

    assert stage.error("create") == f"cannot create {NUMBER}: Vapi answered 404: Cannot POST /phone-number (POST /phone-number)"


@pytest.mark.parametrize("key", ["another-organisations-key", ""])
def test_a_wrong_key_is_a_401_that_names_the_setting(stage: Stage, verb: str, key: str, configure: Configure) -> None:
    other = Stage(configure(stage.vapi, apiKey=key, onExisting="allow"), stage.vapi, stage.made, stage.sdk)
    text = other.error(verb)

    if key:
        assert f"cannot {verb} {NUMBER}: Vapi answered 401" in text
        from_state = SETTINGS_OF_THE_STATE if verb in ("read", "delete") else ""
        assert text.removesuffix(NOT_MADE).endswith(f"; {KEY_ADVICE}{from_state}")
    else:
        assert text == (
            "no API key: set the private key of your Vapi organisation with pulumi config set --secret vapi-byo:apiKey, "
            "or in the environment variable VAPI_API_KEY"
        )
        assert stage.vapi.requests == []


def test_a_key_of_another_organisation_does_not_make_numbers_vanish(stage: Stage) -> None:
    others = {**stage.made.outputs, "orgId": SQUAD_ID}
    org_id = stage.made.outputs["orgId"]
    stage.vapi.add_number(number="+14155552672")
    stage.vapi.delete_number(stage.made.id)

    for call in (stage.provider.read, stage.provider.delete):
        with pytest.raises(PluginError) as error:
            call(stage.made.id, others)
        assert f"which belongs to organisation {org_id}, not to {SQUAD_ID}; set vapi-byo:apiKey to" in str(error.value)


def test_a_time_out_names_the_setting(stage: Stage, verb: str, configure: Configure) -> None:
    provider = configure(stage.vapi, timeout="0.2", onExisting="allow")
    stage.vapi.inject(fault(verb, "slow", delay_s=0.6))
    impatient = Stage(provider, stage.vapi, stage.made, stage.sdk)
    if verb == "create":
        impatient.call(verb)
        assert "was lost or unusable, but it was created" in provider.printed()
        return
    assert impatient.error(verb) == (
        f"cannot {verb} {NUMBER}: {stage.vapi.base_url} did not answer within 0.2 s ({METHODS[verb]} {stage.path(verb)}); "
        "try again, or raise vapi-byo:timeout"
    )


def test_a_refused_connection_names_the_address(stage: Stage, verb: str) -> None:
    stage.vapi.inject(Fault("refuse"))
    text = stage.error(verb)

    assert text.startswith(f"cannot {verb} {NUMBER}: no connection to {stage.vapi.base_url}: refused, or no route (")
    assert text.endswith("; check vapi-byo:baseUrl and the network")


@pytest.mark.parametrize("kind", ["drop_before", "cut_body"])
def test_a_lost_answer_is_an_error_unless_the_number_was_created(stage: Stage, verb: str, kind: str) -> None:
    stage.vapi.inject(fault(verb, kind))
    if verb == "create" and kind == "cut_body":
        stage.call(verb)
        assert len(stage.vapi.numbers()) == 1
        return
    text = stage.error(verb)

    assert text.removesuffix(NOT_MADE) == (
        f"cannot {verb} {NUMBER}: {stage.vapi.base_url} closed the connection before its answer was complete "
        f"({METHODS[verb]} {stage.path(verb)}); try again"
    )
    assert text.endswith(NOT_MADE) == (verb == "create")


GARBAGE = [
    ("{ not json", "to a successful request ({status}) is not JSON, beginning '{ not json'"),
    ("[]", "is not an object"),
    ('{"id": "x"}', "has no usable provider"),
    (json.dumps({"provider": "twilio", "id": "x"}), "is of provider 'twilio', not 'byo-phone-number'"),
    (json.dumps({"provider": "byo-phone-number", "id": "x"}), "has no usable orgId (field required)"),
]


@pytest.mark.parametrize(("body", "said"), GARBAGE, ids=[body for body, _ in GARBAGE])
def test_an_answer_that_is_not_a_number_is_never_stored(stage: Stage, body: str, said: str) -> None:
    stage.vapi.inject(fault("read", "body", body=body, status=200))

    where = f"(GET {stage.path('read')})"
    assert stage.error("read") == f"cannot read {NUMBER}: Vapi's answer {said.replace('{status}', '200')} {where}"


def test_an_answer_about_another_number_is_never_stored(stage: Stage) -> None:
    other = {**stage.vapi.numbers()[0], "id": SQUAD_ID}
    stage.vapi.inject(fault("read", "body", body=json.dumps(other)))

    where = f"(GET {stage.path('read')})"
    assert stage.error("read") == f"cannot read {NUMBER}: Vapi's answer is about another id, {SQUAD_ID} {where}"


@pytest.mark.parametrize("body", [*(body for body, _ in GARBAGE), json.dumps({"provider": "byo-phone-number", "id": SQUAD_ID})])
def test_a_read_settles_a_change_whose_answer_is_unreadable(stage: Stage, body: str) -> None:
    stage.vapi.inject(fault("update", "body", body=body, status=200))  # after the work is done

    outputs = stage.provider.update(stage.made.id, stage.made.outputs, {**INPUTS, "name": "b"})
    assert outputs["name"] == stage.vapi.numbers()[0]["name"] == "b"
    assert [request.method for request in stage.vapi.requests][-3:] == ["GET", "PATCH", "GET"]


@pytest.mark.parametrize("kind", ["drop_after", "cut_body", "garbage"])
def test_a_create_whose_answer_is_lost_takes_over_the_created_number(configure: Configure, vapi: Emulator, kind: Any) -> None:
    provider = configure(vapi)
    vapi.inject(Fault(kind, method="POST"))
    made = provider.create(provider.check(INPUTS).inputs)

    (number,) = vapi.numbers()
    assert made.id == number["id"]
    assert [request.method for request in vapi.requests if request.method != "GET"] == ["POST"]
    assert f"but it was created (id {made.id}) and was taken over" in provider.printed()


def test_a_request_with_a_temporary_fault_is_retried(configure: Configure, vapi: Emulator) -> None:
    provider = configure(vapi, maxRetries="3")
    for method in ("POST", "PATCH", "DELETE", "GET"):
        vapi.inject(Fault("status", method=method, status=429, retry_after=0))
    made = provider.create(provider.check(INPUTS).inputs)
    outputs = provider.update(made.id, made.outputs, {**INPUTS, "name": "b"})
    assert provider.read(made.id, outputs).outputs["name"] == "b"
    configure(vapi, maxRetries="3").delete(made.id, outputs)

    assert vapi.numbers() == []
    assert vapi.faults_injected >= 4


def test_a_number_that_exists_is_refused_with_the_way_to_take_it_over(
    configure: Configure, vapi: Emulator, host_sdk: Sdk
) -> None:
    number = vapi.add_number(**{**INPUTS, "name": "in the dashboard"})
    with pytest.raises(PluginError) as error:
        configure(vapi).create(INPUTS)

    label = f"id {number['id']}, named 'in the dashboard', created at {number['createdAt']}"
    assert str(error.value) == (
        f"{host_sdk.error_prefix}cannot create {NUMBER}: it already exists at Vapi ({label}); to take it over, give it "
        f"opts=ResourceOptions(import_='{number['id']}'), or run pulumi config set vapi-byo:onExisting adopt and pulumi up "
        "again; if only the resource was renamed, give it "
        "opts=ResourceOptions(aliases=[Alias(name='its old name')])"
    )
    assert vapi.numbers() == [number]


def test_a_simultaneous_change_by_somebody_else_is_not_overwritten(stage: Stage) -> None:
    stage.vapi.edit_number(stage.made.id, name="c")
    text = stage.error("update")

    assert text.startswith(
        f"cannot update {NUMBER}: somebody else changed what is about to be changed "
        '(name: unset in the state, "c" at Vapi, "b" in the program); nothing was overwritten: run pulumi refresh'
    )
    assert stage.vapi.numbers()[0]["name"] == "c"


@pytest.mark.parametrize("message", [f"bad secret {SECRET}", [f"key {API_KEY}", SECRET]])
def test_secrets_that_the_api_repeats_are_masked(stage: Stage, message: str | list[str]) -> None:
    stage.vapi.inject(Fault("status", method="POST", status=400, message=message))
    text = stage.error("create")

    assert SECRET not in text
    assert API_KEY not in text
    assert "[secret]" in text


def test_no_failure_prints_a_traceback_or_a_secret(stage: Stage, verb: str) -> None:
    for kind in ("status", "html", "drop_before", "cut_body", "garbage", "redirect"):
        stage.vapi.inject(fault(verb, kind, location="http://127.0.0.1:1/"))
        try:
            stage.call(verb)
        except PluginError as error:
            said = str(error) + stage.provider.printed()
            assert "Traceback" not in said
            assert SECRET not in said
            assert API_KEY not in said
        stage.vapi.clear_faults()


@pytest.mark.parametrize("id_", ["..", "a/b", "x\ny"])
def test_an_id_that_cannot_be_one_is_a_sentence_and_no_request(stage: Stage, id_: str) -> None:
    asked = len(stage.vapi.requests)
    said = f"{id_!r} is not a Vapi id: an id has only letters, digits, - and _, and at most 128 of them"
    with pytest.raises(PluginError) as refusal:
        stage.provider.read(id_)
    assert str(refusal.value).endswith(f"cannot read BYO phone number with id {' '.join(id_.split())}: {said}")
    with pytest.raises(PluginError) as refusal:
        stage.provider.create({**stage.provider.check(INPUTS).inputs, "__importId": id_})
    assert str(refusal.value).endswith(f"cannot import {NUMBER}: {said}")
    assert len(stage.vapi.requests) == asked
