"""Reads served from a list: as few calls as promised, and always the result that a direct GET would have given."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_vapi_byo.api.client import MAX_LIST
from pulumi_vapi_byo.core.account import Account
from pulumi_vapi_byo.core.batched_reads import BatchedReads
from pulumi_vapi_byo.errors import ApiError, BadAnswerError, VapiError
from pulumi_vapi_byo.kinds.models import Answer
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER

Wire = dict[str, Any]


def number(index: int, **fields: Any) -> Wire:
    """Return number `index`; a higher index is newer."""
    made = f"2026-01-01T{index // 3600:02}:{index // 60 % 60:02}:{index % 60:02}.000Z"
    return {
        "id": f"id-{index}",
        "orgId": "org",
        "createdAt": made,
        "updatedAt": made,
        "provider": "byo-phone-number",
        "credentialId": "credential",
        "name": f"old {index}",
        **fields,
    }


class Api:
    """An account in memory, with those calls of a collection that reads use."""

    def __init__(self, entries: list[Wire]) -> None:
        self.held = {entry["id"]: entry for entry in entries}
        self.calls: list[str] = []
        self.list_fails: VapiError | None = None
        self.shown_otherwise: Wire = {}

    def get(self, id_: str) -> Answer | None:
        self.calls.append(f"GET {id_}")
        entry = self.held.get(id_)
        if entry is None:
            return None
        try:
            return PHONE_NUMBER.parse(entry)
        except ValueError as error:
            raise BadAnswerError(str(error), method="GET", path="/phone-number") from None

    def pages(self) -> Iterator[list[Wire]]:
        rest = [entry | self.shown_otherwise for entry in sorted(self.held.values(), key=lambda one: one["createdAt"])[::-1]]
        while rest:
            self.calls.append("list")
            if self.list_fails:
                raise self.list_fails
            yield rest[:MAX_LIST]
            rest = rest[MAX_LIST:] if len(rest) >= MAX_LIST else []


def account(numbers: int) -> Api:
    return Api([number(index) for index in range(numbers)])


def reads_of(api: Api) -> BatchedReads:
    return BatchedReads(api, Account(PHONE_NUMBER, api))  # type: ignore[arg-type]


def read_all(reads: BatchedReads, wanted: list[Wire], threads: int = 1) -> list[Answer | None]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda one: reads.get(one["id"], one["createdAt"]), wanted))


def as_read_alone(api: Api, wanted: list[Wire]) -> list[Answer | None]:
    return [PHONE_NUMBER.parse(api.held[one["id"]]) if one["id"] in api.held else None for one in wanted]


@pytest.mark.parametrize("threads", [1, 4, 32])
@pytest.mark.parametrize("oldest_first", [True, False])
@pytest.mark.parametrize("numbers", [1, 2, 3, 100, 999, 1000, 1001, 2500])
def test_a_refresh_takes_one_call_per_thousand_numbers_and_one_more(numbers: int, oldest_first: bool, threads: int) -> None:
    api = account(numbers)
    wanted = list(api.held.values())
    found = read_all(reads_of(api), wanted if oldest_first else wanted[::-1], threads)
    assert {one.id for one in found if one} == set(api.held)
    assert api.calls.count("list") <= math.ceil(numbers / MAX_LIST) + 1
    # The third page is fetched once four numbers wait for it; until then each is read directly.
    assert len(api.calls) <= math.ceil(numbers / MAX_LIST) + 1 + (2 if numbers > 2000 else 0)


def test_one_read_is_one_call_and_no_list() -> None:
    api = account(5)
    assert reads_of(api).get("id-3", None) == PHONE_NUMBER.parse(number(3))
    assert api.calls == ["GET id-3"]


def test_two_numbers_of_an_account_of_many_thousands_do_not_list_it_all() -> None:
    api = account(20_000)
    wanted = [number(0), number(1)]
    assert read_all(reads_of(api), wanted) == as_read_alone(api, wanted)
    assert api.calls == ["GET id-0", "list", "list", "GET id-1"]


def test_the_list_is_requested_only_after_the_first_read_began() -> None:
    api = account(3)
    reads = reads_of(api)
    api.held["id-1"] |= {"name": "new"}
    found = read_all(reads, list(api.held.values()))
    assert api.calls == ["GET id-0", "list"]
    assert [one.name for one in found if one] == ["old 0", "new", "old 2"]


def test_numbers_that_vanish_before_the_list_are_read_once_more() -> None:
    api = account(10)
    wanted = list(api.held.values())
    reads = reads_of(api)
    assert reads.get("id-0", number(0)["createdAt"])
    for gone in (3, 7):
        del api.held[f"id-{gone}"]
    assert read_all(reads, wanted[1:]) == as_read_alone(api, wanted[1:])
    assert sorted(api.calls) == ["GET id-0", "GET id-3", "GET id-7", "list"]


def test_a_number_that_vanishes_after_the_list_is_read_as_it_was_when_the_refresh_began() -> None:
    api = account(3)
    reads = reads_of(api)
    read_all(reads, [number(0), number(1)])
    del api.held["id-2"]
    assert reads.get("id-2", number(2)["createdAt"]) == PHONE_NUMBER.parse(number(2))


def test_if_the_first_number_is_gone_another_number_proves_the_list() -> None:
    api = account(10)
    wanted = [number(99), *api.held.values()]
    assert read_all(reads_of(api), wanted) == as_read_alone(api, wanted)
    assert api.calls == ["GET id-99", "GET id-0", "list"]


def test_if_the_first_read_fails_it_fails_alone() -> None:
    api = Api([number(0, orgId=None), *(number(index) for index in range(1, 10))])
    reads = reads_of(api)
    with pytest.raises(BadAnswerError):
        reads.get("id-0", None)
    wanted = list(api.held.values())[1:]
    assert read_all(reads, wanted) == as_read_alone(api, wanted)
    assert api.calls == ["GET id-0", "GET id-1", "list"]


@pytest.mark.parametrize("differs", [{"name": None}, {"server": {"url": "https://example.com"}}, {"orgId": None}])
def test_a_list_that_shows_a_number_differently_is_not_trusted(differs: Wire) -> None:
    api = account(5)
    api.shown_otherwise = differs
    wanted = list(api.held.values())
    assert read_all(reads_of(api), wanted) == as_read_alone(api, wanted)
    assert sorted(api.calls) == [*(f"GET id-{index}" for index in range(5)), "list"]


@pytest.mark.parametrize(
    "failure",
    [
        BadAnswerError("is not a list of objects", method="GET", path="/phone-number"),
        ApiError(status=500, method="GET", path="/phone-number", from_api=True),
    ],
)
def test_if_the_list_fails_every_number_is_read_directly(failure: VapiError) -> None:
    api = account(5)
    api.list_fails = failure
    wanted = list(api.held.values())
    assert read_all(reads_of(api), wanted) == as_read_alone(api, wanted)
    assert api.calls.count("list") == 1


def test_an_unreadable_entry_is_read_directly() -> None:
    api = account(3)
    api.held["id-2"] |= {"orgId": None}
    reads = reads_of(api)
    read_all(reads, [number(0), number(1)])
    with pytest.raises(BadAnswerError, match="orgId"):
        reads.get("id-2", None)
    assert api.calls == ["GET id-0", "list", "GET id-2"]


def test_if_the_number_that_should_prove_the_list_vanishes_every_number_is_read_directly() -> None:
    api = account(5)
    wanted = list(api.held.values())
    reads = reads_of(api)
    reads.get("id-0", None)
    del api.held["id-0"]
    assert read_all(reads, wanted[1:]) == as_read_alone(api, wanted[1:])
    assert sorted(api.calls) == [*(f"GET id-{index}" for index in range(5)), "list"]


def test_a_number_that_this_run_wrote_is_not_read_from_an_older_list() -> None:
    api = account(3)
    reads = reads_of(api)
    read_all(reads, list(api.held.values()))
    api.held["id-1"] |= {"name": "new"}
    reads.about_to_write("id-1")
    found = reads.get("id-1", None)
    assert found is not None
    assert found.name == "new"


def test_a_number_about_to_be_written_proves_no_list() -> None:
    api = account(4)
    reads = reads_of(api)
    for index in (0, 1):
        assert reads.get(f"id-{index}", None)
        reads.about_to_write(f"id-{index}")
        api.held[f"id-{index}"] |= {"name": "new"}
    assert api.calls == ["GET id-0", "GET id-1"]
    assert read_all(reads, [number(2), number(3)]) == as_read_alone(api, [number(2), number(3)])
    assert api.calls[2:] == ["GET id-2", "list"]


@pytest.mark.parametrize("numbers", range(1, 12))
def test_reads_before_writes_never_take_more_than_one_call_each(numbers: int) -> None:
    api = account(numbers)
    reads = reads_of(api)

    def update(one: Wire) -> str | None:
        found = reads.get(one["id"], one["createdAt"])
        reads.about_to_write(one["id"])
        api.held[one["id"]] |= {"name": "new"}
        return found.name if found else None

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(update, list(api.held.values())))
    assert found == [f"old {index}" for index in range(numbers)]
    assert len(api.calls) <= numbers


def test_the_list_shows_absence_only_for_its_own_organisation() -> None:
    api = account(3)
    reads = reads_of(api)
    assert not reads.lack("id-9", "org")  # no list yet
    read_all(reads, list(api.held.values()))
    assert reads.lack("id-9", "org")
    assert not reads.lack("id-9", "another")
    assert not reads.lack("id-1", "org")


def test_reads_wait_for_the_first_read_however_long_it_takes() -> None:
    api = account(4)
    arrived, answered = threading.Event(), threading.Event()
    get = api.get

    def slow(id_: str) -> Answer | None:
        if id_ == "id-0":
            arrived.set()
            assert answered.wait(10)
        return get(id_)

    api.get = slow  # type: ignore[method-assign]
    reads = reads_of(api)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(reads.get, "id-0", None)
        assert arrived.wait(10)
        others = [pool.submit(reads.get, f"id-{index}", None) for index in (1, 2, 3)]
        answered.set()
        assert [future.result(10) for future in (first, *others)] == as_read_alone(api, list(api.held.values()))
    assert sorted(api.calls) == ["GET id-0", "list"]


@given(st.lists(st.integers(0, 30), max_size=40), st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_every_account_is_read_as_if_by_direct_calls(asked: list[int], there: set[int], bad: set[int]) -> None:
    api = Api([number(index, **({"orgId": None} if index in bad else {})) for index in there])
    reads = reads_of(api)
    for index in asked:
        expected: Any
        try:
            expected = Api(list(api.held.values())).get(f"id-{index}")
        except BadAnswerError:
            with pytest.raises(BadAnswerError):
                reads.get(f"id-{index}", number(index)["createdAt"])
        else:
            assert reads.get(f"id-{index}", number(index)["createdAt"]) == expected
