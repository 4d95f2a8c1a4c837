"""Which fields and operations each era knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from pulumi_vapi_byo.emulator import Emulator
from pulumi_vapi_byo.emulator.schema import Document

Call = Callable[..., requests.Response]
Serve = Callable[..., tuple[Emulator, Call]]

MINIMAL = {"provider": "byo-phone-number", "credentialId": "cred-1"}
TODAYS = {"server": {"url": "https://a.example"}, "hooks": [], "workflowId": "5a6b8a0e-0c5e-4f8e-9d7b-2b3c4d5e6f70"}
OLD = {"serverUrl": "https://a.example", "serverUrlSecret": "s"}


@pytest.mark.parametrize(
    ("era", "name", "known"),
    [
        *(("current", name, True) for name in TODAYS),
        *(("current", name, False) for name in OLD),
        *(("2024", name, False) for name in TODAYS),
        *(("2024", name, True) for name in OLD),
        *(("both", name, True) for name in TODAYS | OLD),
    ],
)
def test_an_era_refuses_the_other_era_s_fields(serve: Serve, era: str, name: str, known: bool) -> None:
    vapi, call = serve(era=era)
    field = {name: (TODAYS | OLD)[name]}
    path = f"/phone-number/{vapi.add_number()['id']}"
    for answer in (call("POST", "/phone-number", MINIMAL | field), call("PATCH", path, field)):
        if known:
            assert answer.json()[name] == field[name]
        else:
            assert (answer.status_code, answer.json()["message"]) == (400, [f"property {name} should not exist"])


@pytest.mark.parametrize(
    ("field", "accepted"),
    [
        ({"number": "+14155550124"}, False),
        ({"number": "1"}, False),
        ({"credentialId": "other"}, False),
        ({"numberE164CheckEnabled": False}, False),
        ({"name": "b"}, True),
        ({"provider": "byo-phone-number", "assistantId": None}, True),
        ({"fallbackDestination": {"type": "sip", "sipUri": "sip:a@b.example"}}, True),
    ],
    ids=str,
)
def test_in_2024_a_patch_takes_few_fields(serve: Serve, field: dict[str, Any], accepted: bool) -> None:
    vapi, call = serve(era="2024")
    number = vapi.add_number(number="+14155550123", numberE164CheckEnabled=True)
    answer = call("PATCH", f"/phone-number/{number['id']}", field)
    if accepted:
        assert answer.status_code == 200
    else:
        name = next(iter(field))
        assert (answer.status_code, answer.json()["message"]) == (400, [f"property {name} should not exist"])
        assert vapi.number(number["id"]) == number


@pytest.mark.parametrize("era", ["current", "both"])
def test_today_a_patch_takes_number_credential_and_check(serve: Serve, era: str) -> None:
    vapi, call = serve(era=era)
    sent = {"number": "abc", "credentialId": "other", "numberE164CheckEnabled": False}
    answer = call("PATCH", f"/phone-number/{vapi.add_number()['id']}", sent).json()
    assert {name: answer[name] for name in sent} == sent


def test_in_2024_numbers_have_no_status_and_pages_start_with_the_oldest(serve: Serve) -> None:
    vapi, call = serve(era="2024")
    made = [vapi.add_number()["id"] for _ in range(2)]
    answer = call("GET", "/v2/phone-number").json()
    assert [number["id"] for number in answer["results"]] == made
    assert answer["metadata"] == {"itemsPerPage": 100, "totalItems": 2, "currentPage": 1}
    assert "status" not in answer["results"][0]
    assert call("GET", "/v2/phone-number?search=x").json()["message"] == ["property search should not exist"]


def test_in_2024_ids_have_no_format_and_credentials_no_patch(serve: Serve) -> None:
    vapi, call = serve(era="2024")
    assert call("GET", "/phone-number/abc").status_code == 404
    path = f"/credential/{vapi.add_credential()['id']}"
    assert call("PATCH", path, {"name": "b"}).json()["message"] == f"Cannot PATCH {path}"
    assert call("GET", path).status_code == 200


def test_a_2024_credential_knows_sbc_configuration_and_todays_knows_tech_prefix(serve: Serve) -> None:
    trunk = {"gateways": [{"ip": "192.0.2.1"}]}
    for era, accepted in (
        ("2024", ["sbcConfiguration"]),
        ("current", ["techPrefix"]),
        ("both", ["sbcConfiguration", "techPrefix"]),
    ):
        _, call = serve(era=era)
        for name, value in (("sbcConfiguration", {}), ("techPrefix", "9")):
            assert (call("POST", "/credential", trunk | {name: value}).status_code == 201) is (name in accepted)


def test_server_url_can_be_returned_as_server_and_the_secret_never(serve: Serve) -> None:
    vapi, call = serve(rules={"server-url": "as server"})
    created = call("POST", "/phone-number", MINIMAL | OLD).json()
    assert created["server"] == {"url": "https://a.example"}
    assert not {"serverUrl", "serverUrlSecret"} & created.keys()
    path = f"/phone-number/{created['id']}"
    vapi.edit_number(created["id"], server={"url": "https://b.example", "timeoutSeconds": 5})
    assert call("PATCH", path, {"serverUrl": "https://c.example"}).json()["server"] == {
        "url": "https://c.example",
        "timeoutSeconds": 5,
    }
    assert "server" in call("PATCH", path, {"serverUrlSecret": "x"}).json()
    assert "server" not in call("PATCH", path, {"serverUrl": None}).json()


def test_server_wins_over_server_url_when_both_are_sent(serve: Serve) -> None:
    _, call = serve(rules={"server-url": "as server"})
    sent = MINIMAL | OLD | {"server": {"url": "https://b.example"}}
    assert call("POST", "/phone-number", sent).json()["server"] == {"url": "https://b.example"}


def test_in_2024_server_url_cannot_be_returned_as_server(serve: Serve) -> None:
    with pytest.raises(ValueError, match="cannot be 'as server' in the era 2024, whose document says 'as serverUrl'"):
        serve(era="2024", rules={"server-url": "as server"})


def test_the_documents_differ_exactly_as_the_eras_do() -> None:
    current, old, both = Document("current"), Document("2024"), Document("both")
    answer = {"id": "a", "orgId": "o", "provider": "byo-phone-number", "credentialId": "c"}
    answer |= dict.fromkeys(("createdAt", "updatedAt"), "2025-01-01T00:00:00.000Z")
    for document in (current, old, both):
        assert document.flaws("GET", "/phone-number/{id}", 200, answer) == []
        assert document.flaws("GET", "/phone-number/{id}", 204, answer) == ["status 204 is not in the document"]
    for changes, wrong in (
        ({"status": "active"}, [old]),
        ({"serverUrl": "https://a.example"}, [current]),
        ({"createdAt": "yesterday"}, [current, old, both]),
        ({"name": None}, [current, old, both]),
        ({"extra": 1}, [current, old, both]),
    ):
        flawed = [
            document for document in (current, old, both) if document.flaws("GET", "/phone-number/{id}", 200, answer | changes)
        ]
        assert flawed == wrong, changes
