"""SIP trunk credentials over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from pulumi_vapi_byo.emulator import Emulator

Call = Callable[..., requests.Response]

TRUNK = {"provider": "byo-sip-trunk", "name": "Trunk", "gateways": [{"ip": "192.0.2.1"}]}


def test_a_credential_lives_from_create_to_delete(vapi: Emulator, call: Call) -> None:
    created = call("POST", "/credential", TRUNK)
    assert created.status_code == 201
    path = f"/credential/{created.json()['id']}"
    assert call("GET", path).json() == created.json()
    assert call("GET", "/credential").json() == [created.json()]
    patched = call("PATCH", path, {"gateways": [{"ip": "192.0.2.2", "port": 5061}]}).json()
    assert patched["gateways"] == [{"ip": "192.0.2.2", "port": 5061}]
    assert patched["updatedAt"] > patched["createdAt"]
    assert call("DELETE", path).json() == patched
    assert call("GET", path).json() == {"message": "Credential Not Found", "error": "Not Found", "statusCode": 404}
    assert vapi.credentials() == []


def test_the_answer_contains_no_default_and_has_the_service_s_key_order(call: Call) -> None:
    body = call("POST", "/credential", {"gateways": [{"ip": "trunk.example", "inboundEnabled": False}], "name": "T"}).json()
    assert list(body) == ["id", "orgId", "createdAt", "updatedAt", "gateways", "name", "provider"]
    assert body["gateways"] == [{"ip": "trunk.example", "inboundEnabled": False}]
    assert body["provider"] == "byo-sip-trunk"


def test_the_password_is_never_returned(vapi: Emulator, call: Call) -> None:
    plan = {"authUsername": "u", "authPassword": "hush", "sipRegisterPlan": {"domain": "a.example"}}
    created = call("POST", "/credential", TRUNK | {"outboundAuthenticationPlan": plan})
    assert created.json()["outboundAuthenticationPlan"] == {"authUsername": "u", "sipRegisterPlan": {"domain": "a.example"}}
    patched = call("PATCH", f"/credential/{created.json()['id']}", {"outboundAuthenticationPlan": {"authPassword": "new"}})
    assert patched.json()["outboundAuthenticationPlan"] == {}
    assert "hush" not in str(vapi.credentials())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"gateways": []}, ["gateways should not be empty"]),
        ({"gateways": "x"}, ["gateways must be an array"]),
        ({"gateways": [{}]}, ["each value in gateways.ip must be a string"]),
        ({"gateways": [3]}, [
            "each value in gateways must be an object",
            "nested property each value in gateways must be either object or array",
        ]),
        ({"gateways": [{"ip": "192.0.2.1", "netmask": 23}]}, ["each value in gateways.netmask must not be less than 24"]),
        ({"gateways": [{"ip": "192.0.2.1", "outboundProtocol": "sctp"}]}, [
            "each value in gateways.outboundProtocol must be one of the following values: tls/srtp, tcp, tls, udp"
        ]),
        ({"gateways": [{"ip": "192.0.2.1", "x": 1}]}, ["each value in gateways.property x should not exist"]),
        ({"name": ""}, ["name must be longer than or equal to 1 characters"]),
        ({"provider": "twilio"}, ["provider must be one of the following values: byo-sip-trunk"]),
        ({"gateways": [{"ip": "trunk.example"}]}, "Couldn't validate SIP trunk credential. SIP gateway creation failed."),
        ({"gateways": [{"ip": "2001:db8::1", "inboundEnabled": True}]},
         "Couldn't validate SIP trunk credential. SIP gateway creation failed."),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_credential_is_refused(vapi: Emulator, call: Call, fields: dict[str, Any], message: str | list[str]) -> None:
    for answer in (
        call("POST", "/credential", TRUNK | fields),
        call("PATCH", f"/credential/{vapi.add_credential()['id']}", fields),
    ):
        assert answer.json() == {"message": message, "error": "Bad Request", "statusCode": 400}


def test_a_credential_without_gateways_is_refused(call: Call) -> None:
    answer = call("POST", "/credential", {"provider": "byo-sip-trunk"})
    assert answer.json()["message"] == ["gateways should not be empty"]


def test_a_credential_in_use_cannot_be_deleted(vapi: Emulator, call: Call) -> None:
    credential = vapi.add_credential()
    vapi.add_number()
    number = vapi.add_number(credentialId=credential["id"])
    answer = call("DELETE", f"/credential/{credential['id']}")
    assert answer.status_code == 400
    assert number["id"] in answer.json()["message"]
    vapi.delete_number(number["id"])
    assert call("DELETE", f"/credential/{credential['id']}").status_code == 200


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_any_unknown_credential_id_is_a_404_since_the_documents_give_ids_no_format(call: Call, method: str) -> None:
    assert call(method, "/credential/abc").status_code == 404
