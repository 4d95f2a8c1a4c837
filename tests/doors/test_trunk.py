"""The SIP trunk through the real host: shared code, a password that is never read back, gateways sent as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_vapi_byo.emulator import Emulator, Fault
from pulumi_vapi_byo.provider import ByoSipTrunkCredentialProvider

from .conftest import API_KEY
from .host import UNKNOWN, Host, PluginError, Props, Provider, Resource, Secret, plain

PASSWORD = "canary-password-77"
INPUTS: Props = {
    "name": "Trunk",
    "gateways": [
        {"ip": "203.0.113.10", "outboundProtocol": "udp"},
        {"ip": "sip.example.com", "inboundEnabled": False},
    ],
    "outboundAuthenticationPlan": {
        "authUsername": "u",
        "authPassword": PASSWORD,
        "sipRegisterPlan": {"domain": "example.com"},
    },
    "techPrefix": "7",
}


@pytest.fixture
def provider(host: Host, vapi: Emulator) -> Provider:
    return trunks(host, vapi)


def trunks(host: Host, vapi: Emulator, **settings: Any) -> Provider:
    config = {"vapi-byo:apiKey": API_KEY, "vapi-byo:baseUrl": vapi.base_url, "vapi-byo:maxRetries": "0"}
    return host.provider(config | {f"vapi-byo:{key}": value for key, value in settings.items()}, ByoSipTrunkCredentialProvider)


def create(provider: Provider, inputs: Props) -> Resource:
    checked = provider.check(inputs)
    assert checked.failures == []
    return provider.create(checked.inputs)


def sent(vapi: Emulator, method: str) -> list[Any]:
    return [request.body for request in vapi.requests if request.method == method]


def test_a_trunk_is_created_as_it_was_written_and_its_password_is_kept_as_a_secret(provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)

    assert sent(vapi, "POST") == [{"provider": "byo-sip-trunk", **INPUTS}]
    (credential,) = vapi.credentials()
    assert made.id == credential["id"]
    assert made.outputs["outboundAuthenticationPlan"]["authPassword"] == Secret(PASSWORD)
    assert {key: plain(made.outputs)[key] for key in INPUTS} == INPUTS
    assert made.outputs["orgId"] == credential["orgId"]


def test_a_trunk_just_created_needs_no_change(provider: Provider) -> None:
    made = create(provider, INPUTS)
    assert provider.diff(plain(made.outputs), INPUTS).changes == "none"
    read = provider.read(made.id, plain(made.outputs))
    assert provider.diff(plain(read.outputs), INPUTS).changes == "none"
    assert plain(read.inputs) == INPUTS
    assert read.inputs["outboundAuthenticationPlan"]["authPassword"] == Secret(PASSWORD)


def test_a_changed_password_is_sent_with_its_plan_and_a_changed_name_alone(provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)
    plan = {**INPUTS["outboundAuthenticationPlan"], "authPassword": "canary-other"}
    changed = {**INPUTS, "outboundAuthenticationPlan": plan}
    assert provider.diff(plain(made.outputs), changed).changes == "unknown"
    outputs = provider.update(made.id, plain(made.outputs), changed)
    assert outputs["outboundAuthenticationPlan"]["authPassword"] == Secret("canary-other")

    provider.update(made.id, plain(outputs), {**changed, "name": "Other"})
    assert sent(vapi, "PATCH") == [{"outboundAuthenticationPlan": plan}, {"name": "Other"}]


def test_an_edit_of_the_gateways_elsewhere_is_shown_to_be_reverted(provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)
    assert vapi_patch(vapi, made.id, {"gateways": [{"ip": "203.0.113.11"}]}) == 200
    read = provider.read(made.id, plain(made.outputs))
    assert plain(read.inputs)["gateways"] == [{"ip": "203.0.113.11"}]
    assert provider.diff(plain(read.outputs), INPUTS).changes == "unknown"


def test_an_update_does_not_overwrite_a_change_by_somebody_else(provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)
    vapi_patch(vapi, made.id, {"name": "Dashboard"})
    with pytest.raises(PluginError) as raised:
        provider.update(made.id, plain(made.outputs), {**INPUTS, "name": "Program"})
    assert 'name: "Trunk" in the state, "Dashboard" at Vapi, "Program" in the program' in str(raised.value)
    (credential,) = vapi.credentials()
    assert credential["name"] == "Dashboard"


def test_a_trunk_already_gone_is_dropped_and_deleting_it_succeeds(host: Host, vapi: Emulator) -> None:
    made = create(trunks(host, vapi), INPUTS)
    provider = trunks(host, vapi)  # a later run, because a run does not delete what it created
    provider.delete(made.id, plain(made.outputs))
    assert vapi.credentials() == []
    assert provider.read(made.id, plain(made.outputs)).id == ""
    provider.delete(made.id, plain(made.outputs))


def test_a_trunk_in_use_is_not_deleted_and_the_api_says_why(host: Host, vapi: Emulator) -> None:
    made = create(trunks(host, vapi), INPUTS)
    vapi.add_number(credentialId=made.id, number="+14155552671", provider="byo-phone-number")
    with pytest.raises(PluginError, match=r"cannot delete BYO SIP trunk 'Trunk': Vapi answered 400: "):
        trunks(host, vapi).delete(made.id, plain(made.outputs))
    assert len(vapi.credentials()) == 1


def test_a_lost_answer_creates_no_second_trunk(provider: Provider, vapi: Emulator) -> None:
    vapi.inject(Fault("drop_after", method="POST", path="/credential"))
    made = create(provider, INPUTS)
    (credential,) = vapi.credentials()
    assert made.id == credential["id"]
    assert len(sent(vapi, "POST")) == 1
    assert "the answer to the creation of BYO SIP trunk 'Trunk' was lost" in provider.printed()


def test_a_trunk_like_one_that_exists_is_refused_unless_allowed_or_taken_over(host: Host, vapi: Emulator) -> None:
    first = create(trunks(host, vapi), INPUTS)
    with pytest.raises(
        PluginError, match=f"cannot create BYO SIP trunk 'Trunk': it already exists at Vapi .id {first.id}"
    ) as raised:
        create(trunks(host, vapi), INPUTS)
    assert str(raised.value).endswith("to replace it by another, run pulumi config set vapi-byo:onExisting allow")
    adopted = create(trunks(host, vapi, onExisting="adopt"), INPUTS)
    assert adopted.id == first.id
    # Vapi never returns the password, so it is sent again in case it differs.
    assert sent(vapi, "PATCH") == [{"outboundAuthenticationPlan": INPUTS["outboundAuthenticationPlan"]}]
    assert create(trunks(host, vapi, onExisting="allow"), INPUTS).id != first.id


def test_import_takes_a_trunk_over_without_a_write(provider: Provider, vapi: Emulator) -> None:
    credential = vapi.add_credential(**INPUTS, provider="byo-sip-trunk")
    taken = provider.create({**INPUTS, "__importId": credential["id"]})
    assert taken.id == credential["id"]
    with pytest.raises(PluginError) as raised:
        provider.create({**INPUTS, "techPrefix": "8", "__importId": credential["id"]})
    assert "another resource of this program already has id" in str(raised.value)
    assert [request.method for request in vapi.requests] == ["GET", "GET"]


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"gateways": [{"ip": "sip.example.com"}]}, "gateways[0].ip must be an IPv4 address if inbound calls are enabled"),
        ({"gateways": UNKNOWN, "name": "n" * 41}, "must have at most 40 characters, has 41"),
        ({"outboundAuthenticationPlan": {"authPassword": 5}}, "outbound_authentication_plan.auth_password must be a string"),
    ],
)
def test_bad_inputs_are_refused_at_preview_with_no_request_and_no_secret(
    provider: Provider, vapi: Emulator, inputs: Props, reason: str
) -> None:
    failures = provider.check({**INPUTS, **inputs}).failures
    assert any(said.startswith(reason) for _, said in failures)
    assert PASSWORD not in repr(failures)
    assert vapi.requests == []


def test_a_password_is_in_no_error_even_if_the_api_echoes_it(provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)
    vapi.inject(Fault("status", method="PATCH", status=400, message=f"odd password {PASSWORD}"))
    with pytest.raises(PluginError) as raised:
        provider.update(made.id, plain(made.outputs), {**INPUTS, "name": "Other"})
    assert "odd password [secret]" in str(raised.value)


def vapi_patch(vapi: Emulator, id_: str, fields: Props) -> int:
    """Edit a trunk as the dashboard would."""
    import requests

    answer = requests.patch(
        f"{vapi.base_url}/credential/{id_}", json=fields, headers={"Authorization": f"Bearer {API_KEY}"}, timeout=10
    )
    vapi.clear_requests()
    return answer.status_code
