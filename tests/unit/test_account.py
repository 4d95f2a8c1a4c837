"""The account, listed once in a run for every purpose."""

from __future__ import annotations

import pytest

from pulumi_vapi_byo.core.account import Account
from pulumi_vapi_byo.core.batched_reads import BatchedReads
from pulumi_vapi_byo.errors import ApiError, VapiError
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER

from .test_batched_reads import Api, number


def account_of(api: Api) -> Account:
    return Account(PHONE_NUMBER, api)  # type: ignore[arg-type]


def test_reads_and_creates_share_one_list() -> None:
    api = Api([number(index) for index in range(3)])
    account = account_of(api)
    reads = BatchedReads(api, account)  # type: ignore[arg-type]
    for one in api.held.values():
        assert reads.get(one["id"], one["createdAt"]) is not None
    assert len(account.known()) == 3
    assert account.had("id-1")
    assert api.calls == ["GET id-0", "list"]


def test_a_list_that_is_older_than_the_first_read_answers_no_read() -> None:
    api = Api([number(index) for index in range(3)])
    account = account_of(api)
    account.known()
    reads = BatchedReads(api, account)  # type: ignore[arg-type]
    for index in range(3):
        api.held[f"id-{index}"]["name"] = "new"
        read = reads.get(f"id-{index}", api.held[f"id-{index}"]["createdAt"])
        assert read is not None
        assert read.wire()["name"] == "new"
    assert api.calls == ["list", "GET id-0", "GET id-1", "GET id-2"]


def test_a_later_page_does_not_undo_what_this_run_wrote() -> None:
    api = Api([number(index, number="+14155550100") for index in range(2)])
    account = account_of(api)
    changed = PHONE_NUMBER.parse(number(1, number="+14155550199"))
    account.add(changed)
    account.remove("id-0")
    assert [entry.id for entry in account.known_as("14155550199")] == ["id-1"]
    assert account.known_as("14155550100") == []


def test_a_list_that_failed_is_requested_again() -> None:
    api = Api([number(0)])
    api.list_fails = ApiError(status=500, method="GET", path="/phone-number", from_api=True)
    account = account_of(api)
    with pytest.raises(VapiError):
        account.known()
    api.list_fails = None
    assert [one.id for one in account.known()] == ["id-0"]
