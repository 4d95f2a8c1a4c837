"""Looking numbers up while the program runs, against the emulator."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pytest

import pulumi_vapi_byo as vapi
from pulumi_vapi_byo.emulator import Emulator, Fault

from .samples import ASSISTANT_ID, CREDENTIAL_ID

KEY = "canary-key-0b71"
OTHER_CREDENTIAL = "2d1f3a9e-6b4c-4e1f-8a8d-4a7b3c0d5e21"


@pytest.fixture
def account() -> Iterator[Emulator]:
    with Emulator(api_key=KEY) as emulator:
        yield emulator


@pytest.fixture
def configure() -> Iterator[Callable[..., None]]:
    """Set the stack's ``vapi-byo:*`` configuration."""
    yield lambda **settings: pulumi.runtime.set_all_config({f"vapi-byo:{key}": value for key, value in settings.items()})
    pulumi.runtime.set_all_config({})


@pytest.fixture
def desks(account: Emulator, configure: Callable[..., None]) -> list[dict[str, Any]]:
    configure(apiKey=KEY, baseUrl=account.base_url, maxRetries="0")
    return [
        account.add_number(credentialId=CREDENTIAL_ID, number="+14155550100", name="Desk", assistantId=ASSISTANT_ID),
        account.add_number(credentialId=CREDENTIAL_ID, number="+14155550101", name="Desk"),
        account.add_number(credentialId=OTHER_CREDENTIAL, number="+442079460000", name="desk"),
        account.add_number(
            credentialId=OTHER_CREDENTIAL,
            server={"url": "https://example.com/vapi", "headers": {"x-vapi-secret": "canary-header"}},
        ),
    ]


def numbers(**filters: Any) -> list[str | None]:
    return [found.number for found in vapi.get_phone_numbers(**filters)]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [None, "+442079460000", "+14155550101", "+14155550100"]),
        ({"number": "+14155550101"}, ["+14155550101"]),
        ({"number": "+1415555010"}, []),
        ({"name": "Desk"}, ["+14155550101", "+14155550100"]),
        ({"credential_id": OTHER_CREDENTIAL}, [None, "+442079460000"]),
        ({"credential_id": OTHER_CREDENTIAL, "name": "desk"}, ["+442079460000"]),
        ({"credential_id": OTHER_CREDENTIAL, "name": "Desk"}, []),
    ],
)
@pytest.mark.usefixtures("desks")
def test_only_what_fits_exactly_is_found_newest_first(filters: dict[str, str], expected: list[str | None]) -> None:
    assert numbers(**filters) == expected


def test_what_is_found_is_what_vapi_holds_and_cannot_be_changed(desks: list[dict[str, Any]]) -> None:
    [found] = vapi.get_phone_numbers(number="+14155550100")
    assert found == vapi.FoundPhoneNumber(
        id=desks[0]["id"],
        org_id=desks[0]["orgId"],
        created_at=desks[0]["createdAt"],
        updated_at=desks[0]["updatedAt"],
        credential_id=CREDENTIAL_ID,
        number="+14155550100",
        number_e164_check_enabled=None,
        name="Desk",
        assistant_id=ASSISTANT_ID,
        squad_id=None,
        workflow_id=None,
        server_url=None,
        status="active",
        sip_uri=f"+14155550100@{CREDENTIAL_ID}.sip.vapi.ai",
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.name = "Another"  # type: ignore[misc]


@pytest.mark.usefixtures("desks")
def test_nothing_that_is_found_holds_a_secret() -> None:
    [found, *_] = vapi.get_phone_numbers()
    assert found.server_url == "https://example.com/vapi"
    assert "canary" not in repr(found)


@pytest.mark.usefixtures("desks")
def test_looking_up_only_reads(account: Emulator) -> None:
    vapi.get_phone_numbers()
    assert [(request.method, request.path) for request in account.requests] == [("GET", "/phone-number")]


@pytest.mark.usefixtures("desks")
def test_another_account_is_read_with_its_own_key_and_nothing_of_the_stacks() -> None:
    with Emulator(api_key="another-key") as other:
        other.add_number(credentialId=CREDENTIAL_ID, number="+442079460500")
        [found] = vapi.get_phone_numbers(api_key="another-key", base_url=other.base_url, region="eu")
    assert found.sip_uri == f"+442079460500@{CREDENTIAL_ID}.sip.eu.vapi.ai"


def test_the_environment_does_where_the_stack_says_nothing(account: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAPI_API_KEY", KEY)
    monkeypatch.setenv("VAPI_BASE_URL", account.base_url)
    assert numbers() == []


def refusal(**arguments: Any) -> str:
    with pytest.raises(pulumi.RunError) as raised:
        vapi.get_phone_numbers(**arguments)
    return str(raised.value)


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"name": 5}, "name is 5: it must be a text, in quotes"),
        ({"number": 14155550100}, "number is 14155550100: it must be a text, in quotes"),
        ({"credential_id": False}, "credential_id is False: it must be a text, in quotes"),
    ],
)
@pytest.mark.usefixtures("desks")
def test_a_filter_that_is_no_text_is_refused_before_anything_is_read(
    account: Emulator, filters: dict[str, Any], sentence: str
) -> None:
    assert refusal(**filters) == f"cannot look up phone numbers: {sentence}"
    assert account.requests == []


def test_a_filter_cannot_be_an_output() -> None:
    # Not a real one, which would wait for its event loop.
    assert refusal(credential_id=object.__new__(pulumi.Output)) == (
        "cannot look up phone numbers: credential_id is an output: it must be a text that is known when the program runs"
    )


def test_a_missing_key_is_said_in_one_sentence() -> None:
    assert refusal() == (
        "cannot look up phone numbers: no API key: set the private key of your Vapi organisation with "
        "pulumi config set --secret vapi-byo:apiKey, or in the environment variable VAPI_API_KEY"
    )


def test_a_refused_key_is_said_in_one_sentence_without_the_key(account: Emulator, configure: Callable[..., None]) -> None:
    configure(apiKey="canary-wrong", baseUrl=account.base_url)
    sentence = refusal()
    assert sentence.startswith("cannot look up phone numbers: Vapi answered 401")
    assert sentence.endswith(
        "check vapi-byo:apiKey: it must be the private key of the organisation, in the region of vapi-byo:region"
    )
    assert "canary" not in sentence


@pytest.mark.usefixtures("desks")
def test_a_failing_api_is_said_in_one_sentence_and_is_no_empty_list(account: Emulator) -> None:
    account.inject(Fault("status", "GET", "/phone-number", status=503))
    assert refusal().startswith("cannot look up phone numbers: Vapi answered 503")


@pytest.mark.parametrize("argument", ["base_url", "region"])
def test_a_place_without_a_key_of_its_own_is_refused(argument: str) -> None:
    assert refusal(**{argument: "eu"}) == (
        "cannot look up phone numbers: base_url and region are of another account, and need its api_key"
    )
