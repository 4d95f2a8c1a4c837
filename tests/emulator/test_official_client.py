"""Vapi's own Python client, unmodified, takes a number through its whole life on the emulator of today's API.

The client has no methods for credentials: those are tested over plain HTTP, in ``test_credentials.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from vapi import Vapi
from vapi.core.api_error import ApiError
from vapi.phone_numbers.types import (
    CreatePhoneNumbersRequest_ByoPhoneNumber,
    CreatePhoneNumbersResponse_ByoPhoneNumber,
    GetPhoneNumbersResponse_ByoPhoneNumber,
    ListPhoneNumbersResponseItem_ByoPhoneNumber,
    UpdatePhoneNumbersRequestBody_ByoPhoneNumber,
    UpdatePhoneNumbersResponse_ByoPhoneNumber,
)
from vapi.types import (
    ByoPhoneNumberFallbackDestination_Number,
    CreateByoPhoneNumberDtoFallbackDestination_Number,
    CreateByoPhoneNumberDtoHooksItem_CallRinging,
    PhoneNumberHookCallRingingDoItem_Say,
    Server,
    TransferPlan,
)

from pulumi_vapi_byo.emulator import Emulator

ASSISTANT = "5a6b8a0e-0c5e-4f8e-9d7b-2b3c4d5e6f70"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(api_key="test-key", era="current") as vapi:
        yield vapi


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Vapi]:
    with httpx.Client(trust_env=False) as http:
        yield Vapi(token="test-key", base_url=emulator.base_url, httpx_client=http)


def test_the_official_client_takes_a_number_through_its_whole_life(emulator: Emulator, client: Vapi) -> None:
    ringing = CreateByoPhoneNumberDtoHooksItem_CallRinging(do=[PhoneNumberHookCallRingingDoItem_Say(exact="hello")])
    created = client.phone_numbers.create(
        request=CreatePhoneNumbersRequest_ByoPhoneNumber(
            number="+14155550123",
            credential_id="cred-1",
            name="Front desk",
            number_e_164_check_enabled=True,
            assistant_id=ASSISTANT,
            server=Server(url="https://a.example", timeout_seconds=20, headers={"x-a": "b"}),
            hooks=[ringing],
            fallback_destination=CreateByoPhoneNumberDtoFallbackDestination_Number(
                number="+14155550124", name="Desk", transfer_plan=TransferPlan(mode="blind-transfer")
            ),
        )
    )
    assert isinstance(created, CreatePhoneNumbersResponse_ByoPhoneNumber)
    assert (created.number, created.name, created.status) == ("+14155550123", "Front desk", "active")
    assert created.created_at == created.updated_at

    read = client.phone_numbers.get(created.id)
    assert isinstance(read, GetPhoneNumbersResponse_ByoPhoneNumber)
    assert read.model_dump() == created.model_dump()
    assert isinstance(read.fallback_destination, ByoPhoneNumberFallbackDestination_Number)
    assert read.fallback_destination.name == "Desk"
    assert read.server is not None
    assert (read.server.url, read.server.timeout_seconds) == ("https://a.example", 20)

    (item,) = client.phone_numbers.list(limit=10, created_at_ge=created.created_at)
    assert isinstance(item, ListPhoneNumbersResponseItem_ByoPhoneNumber)
    assert item.id == created.id
    assert client.phone_numbers.list(created_at_lt=created.created_at) == []

    page = client.phone_numbers.phone_number_controller_find_all_paginated(search="front", page=1, sort_order="ASC")
    assert (page.metadata.total_items, page.metadata.total_pages, page.results[0].id) == (1, 1, created.id)

    updated = client.phone_numbers.update(
        created.id,
        request=UpdatePhoneNumbersRequestBody_ByoPhoneNumber(
            name="Back desk", number="+14155550125", assistant_id=None, server=None, fallback_destination=None
        ),
    )
    assert isinstance(updated, UpdatePhoneNumbersResponse_ByoPhoneNumber)
    assert (updated.name, updated.number, updated.credential_id) == ("Back desk", "+14155550125", "cred-1")
    assert (updated.assistant_id, updated.server, updated.fallback_destination) == (None, None, None)
    assert updated.hooks == created.hooks
    assert updated.updated_at > created.updated_at
    assert not {"assistantId", "server", "fallbackDestination"} & emulator.numbers()[0].keys()

    assert client.phone_numbers.delete(created.id).id == created.id
    assert emulator.numbers() == []


def test_the_official_client_sees_a_number_that_is_gone_as_a_404(emulator: Emulator, client: Vapi) -> None:
    number = emulator.add_number()
    emulator.delete_number(number["id"])
    with pytest.raises(ApiError) as error:
        client.phone_numbers.get(number["id"])
    assert error.value.status_code == 404
    assert error.value.body == {"message": "Phone Number Not Found", "error": "Not Found", "statusCode": 404}


def test_the_official_client_sees_every_message_of_a_400(emulator: Emulator, client: Vapi) -> None:
    request = CreatePhoneNumbersRequest_ByoPhoneNumber(
        number="4155550123",
        credential_id="cred-1",
        name="x" * 41,
        assistant_id="asst",
        serverUrl="https://a.example",  # today's client doesn't know this field, but sends it
    )
    with pytest.raises(ApiError) as error:
        client.phone_numbers.create(request=request)
    assert error.value.status_code == 400
    assert sorted(error.value.body["message"]) == [
        "assistantId must be a UUID",
        "name must be shorter than or equal to 40 characters",
        "number must be a valid phone number in the E.164 format. Hot tip, you may be missing the country code (Eg. US: +1).",
        "property serverUrl should not exist",
    ]


def test_the_official_client_with_a_wrong_key_gets_a_401(emulator: Emulator) -> None:
    with httpx.Client(trust_env=False) as http, pytest.raises(ApiError) as error:
        Vapi(token="wrong", base_url=emulator.base_url, httpx_client=http).phone_numbers.list()
    assert error.value.status_code == 401
    assert error.value.body["error"] == "Unauthorized"
