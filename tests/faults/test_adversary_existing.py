"""Existing numbers are never wrongly dropped, overwritten or deleted, against a Vapi that the project has never seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pulumi_vapi_byo.api.client import Collection, VapiClient
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.core.claims import Claims
from pulumi_vapi_byo.core.lifecycle import Lifecycle
from pulumi_vapi_byo.errors import VapiError
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.kinds.sip_trunk import SIP_TRUNK_CREDENTIAL

from .conftest import NewStack
from .stand_in import API_KEY, Bend, StandIn
from .table import Record, record_case

CREDENTIAL = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
INPUTS = {"credentialId": CREDENTIAL, "number": "+14155552000", "name": "Front desk"}
DECLARED = {"credential_id": CREDENTIAL, "number": "+14155552000", "name": "Front desk"}
ABSENT = {"message": "Not Found", "error": "Not Found", "statusCode": 404}


def life(stand_in: StandIn, kind: Kind = PHONE_NUMBER, **settings: Any) -> Lifecycle:
    """Return a life cycle that runs on the stand-in's time."""
    given = Settings(**{"api_key": API_KEY, "base_url": stand_in.base_url, "region": "us", "max_retries": 2, **settings})
    client = VapiClient(given, sleep=stand_in.skip, now=stand_in.elapsed_s)
    return Lifecycle(kind, Collection(client, kind), given, Claims(), sleep=stand_in.skip)


def created(stand_in: StandIn, **inputs: Any) -> tuple[str, dict[str, Any]]:
    """Create a number in a run of its own, a minute ago."""
    made = life(stand_in, on_existing="allow").create({**INPUTS, **inputs})
    stand_in.skip(60)
    stand_in.seen.clear()
    return made


def answered(method: str, status: int, body: Any, *, times: int, work_is_done: bool = False, path: str = "/") -> Bend:
    """Answer some requests in place of the stand-in."""
    left = [None] * times

    def bend(handler: Any, seen: Any, work: Callable[[], Any]) -> bool:
        if seen.method != method or path not in seen.path.removeprefix("/phone-number") or not left:
            return False
        left.pop()
        if work_is_done:
            work()
        handler.answer(status, body)
        return True

    return bend


# -------------------------------------------------------------------------------------------------- the key of somebody else


@pytest.mark.engine
def test_the_key_of_an_empty_organisation_drops_and_creates_nothing(
    stand_in: StandIn, new_stack: NewStack, record: Record
) -> None:
    stack = new_stack(stand_in)
    stack.declare({"desk": DECLARED, "sales": {**DECLARED, "number": "+14155552001"}})
    stack.up()
    before = stack.numbers()
    with StandIn(org_id="org-wrong") as wrong:
        stack.configure(baseUrl=wrong.base_url)  # as with another key: none of our numbers exist there
        refreshed = stack.refresh("--run-program", may_fail=True)
        assert refreshed.status != 0
        assert "belongs to the organisation in the state, org-right, so it is not treated as deleted" in refreshed.output
        assert "pulumi state delete URN" in refreshed.output
        assert stack.numbers() == before
        again = stack.up("--refresh", "--run-program", may_fail=True)
        assert again.status != 0
        assert wrong.held() == []
        assert wrong.sent("POST") == []
        sent = wrong.summary()
    record_case(record, "key of an empty organisation: refresh, up --refresh", sent, "both fail; nothing dropped or created")


@pytest.mark.engine
def test_the_only_number_is_created_again_after_its_deletion_in_the_dashboard(
    stand_in: StandIn, new_stack: NewStack, record: Record
) -> None:
    stand_in.put_credential(id=CREDENTIAL, gateways=[{"ip": "203.0.113.10"}])
    stack = new_stack(stand_in)
    stack.declare({"desk": DECLARED})
    stack.up()
    (gone,) = stand_in.held()
    stand_in.drop(gone["id"])
    stand_in.seen.clear()
    stack.refresh()
    assert stack.numbers() == {}
    assert any(seen.path == f"/credential/{CREDENTIAL}" for seen in stand_in.seen)
    stack.up()
    (again,) = stand_in.held()
    assert stack.numbers()["desk"]["id"] == again["id"] != gone["id"]
    record_case(
        record,
        "the only number, deleted in the dashboard",
        stand_in.summary(),
        "its credential shows the organisation; created again",
    )


@pytest.mark.parametrize("proof", ["another number", "its credential", "another credential", "an answer of this run"])
def test_anything_else_of_the_organisation_proves_that_a_number_is_gone(stand_in: StandIn, proof: str) -> None:
    id_, state = created(stand_in)
    run = life(stand_in)
    if proof == "another number":
        stand_in.put(number="+14155559999", credentialId=OTHER)
    elif proof == "its credential":
        stand_in.put_credential(id=CREDENTIAL)
    elif proof == "another credential":
        stand_in.put_credential()
    else:
        run.read(id_, state)
    stand_in.drop(id_)
    if proof == "an answer of this run":
        run.delete(id_, state)
        assert run.has_deleted(id_)
    else:
        assert life(stand_in).read(id_, state) is None


def test_a_credential_of_another_organisation_proves_that_the_key_is_wrong(stand_in: StandIn) -> None:
    id_, state = created(stand_in)
    stand_in.drop(id_)
    stand_in.org_id = "org-other"
    stand_in.put_credential()
    steps: list[Callable[[], object]] = [
        lambda: life(stand_in).read(id_, state),
        lambda: life(stand_in).delete(id_, state),
        lambda: life(stand_in).update(id_, state, {**INPUTS, "name": "New"}),
    ]
    for step in steps:
        with pytest.raises(VapiError, match=r"which belongs to organisation org-other, not to org-right; set .*apiKey"):
            step()
    assert stand_in.sent("PATCH", "POST") == []


def test_if_nothing_shows_the_organisation_a_refresh_looks_it_up_only_once(stand_in: StandIn) -> None:
    numbers = [created(stand_in, number=f"+1415555{index:04}") for index in range(2000, 2020)]
    for id_, _ in numbers:
        stand_in.drop(id_)
    stand_in.seen.clear()
    run = life(stand_in)
    for id_, state in numbers:
        with pytest.raises(VapiError, match="so it is not treated as deleted"):
            run.read(id_, state)
    assert len([seen for seen in stand_in.seen if seen.path.startswith("/credential")]) == 2


def test_a_trunk_is_gone_only_for_a_key_of_its_organisation(stand_in: StandIn) -> None:
    trunks = life(stand_in, SIP_TRUNK_CREDENTIAL)
    id_, state = trunks.create({"name": "Carrier", "gateways": [{"ip": "203.0.113.10"}]})
    stand_in.credentials.clear()
    stand_in.skip(60)
    with pytest.raises(VapiError, match="so it is not treated as deleted"):
        life(stand_in, SIP_TRUNK_CREDENTIAL).read(id_, state)
    stand_in.put(number="+14155559999", credentialId=OTHER)
    assert life(stand_in, SIP_TRUNK_CREDENTIAL).read(id_, state) is None


# ------------------------------------------------------------------------------------------------------------------- absence


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_404_for_a_number_that_the_list_shows_is_retried(stand_in: StandIn, record: Record, method: str, times: int) -> None:
    id_, state = created(stand_in)
    stand_in.bends.append(answered(method, 404, ABSENT, times=times))
    if method == "GET":
        found = life(stand_in).read(id_, state)
        assert found is not None
        assert [one["id"] for one in stand_in.held()] == [id_]
        outcome = "kept in the state"
    else:
        life(stand_in).delete(id_, state)
        assert stand_in.held() == []
        outcome = "deleted at Vapi"
    record_case(record, f"{method} answers 404 {times} times, the list shows it", stand_in.summary(), outcome)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_permanent_404_for_a_number_that_the_list_shows_proves_nothing(
    stand_in: StandIn, record: Record, method: str
) -> None:
    id_, state = created(stand_in)
    stand_in.bends.append(answered(method, 404, ABSENT, times=1000))
    run = life(stand_in)
    with pytest.raises(VapiError) as failed:
        run.read(id_, state) if method == "GET" else run.delete(id_, state)
    verb = "read" if method == "GET" else "delete"
    assert str(failed.value) == (
        f"cannot {verb} BYO phone number '+14155552000': Vapi does not find it by its id {id_}, but its list still shows it, so "
        "it is not treated as deleted; try again later"
    )
    record_case(record, f"{method} answers 404 for good, the list shows it", stand_in.summary(), "an error; nothing dropped")


def test_a_404_for_a_number_created_seconds_ago_is_retried(stand_in: StandIn, record: Record) -> None:
    stand_in.list_lag_s = 8
    stand_in.put(number="+14155559999", credentialId=OTHER)
    stand_in.skip(60)
    id_, state = life(stand_in).create(INPUTS)
    stand_in.bends.append(answered("GET", 404, ABSENT, times=3))
    found = life(stand_in).read(id_, state)
    assert found is not None
    record_case(record, "GET answers 404 seconds after the creation, the list lags", stand_in.summary(), "kept in the state")


def test_a_deleted_number_is_dropped_after_one_look_at_the_list(stand_in: StandIn) -> None:
    id_, state = created(stand_in)
    stand_in.put(number="+14155559999", credentialId=OTHER)
    stand_in.drop(id_)
    assert life(stand_in).read(id_, state) is None
    assert len(stand_in.seen) == 3  # the number, the key's organisation, the list


# ---------------------------------------------------------------------------------------- answers to changes, and others' edits


UNREADABLE = [b"{ not json", b"[]", b'{"id": "x"}', b""]


@pytest.mark.parametrize("body", UNREADABLE)
def test_an_unreadable_answer_to_a_change_is_settled_by_a_read(stand_in: StandIn, record: Record, body: bytes) -> None:
    id_, state = created(stand_in)
    stand_in.bends.append(answered("PATCH", 200, body, times=1, work_is_done=True))
    state = life(stand_in).update(id_, state, {**INPUTS, "name": "New"})
    assert state["name"] == stand_in.held()[0]["name"] == "New"
    assert stand_in.summary() == "GET 2, PATCH 1"
    record_case(record, f"PATCH taken, answered with {body.decode() or 'nothing'}", stand_in.summary(), "settled by a read")


def test_an_unreadable_answer_to_a_change_that_did_not_happen_is_an_error_that_says_so(stand_in: StandIn) -> None:
    id_, state = created(stand_in)
    stand_in.bends.append(answered("PATCH", 200, b"[]", times=1))
    with pytest.raises(VapiError, match=r"a read shows that it was not changed; run pulumi up again$"):
        life(stand_in).update(id_, state, {**INPUTS, "name": "New"})
    assert stand_in.held()[0]["name"] == "Front desk"


@pytest.mark.parametrize("body", [b"{ not json", b'{"message": "no"}'])
@pytest.mark.parametrize("done", [True, False], ids=["deleted", "not-deleted"])
def test_an_unreadable_answer_to_a_delete_is_settled_by_a_read(
    stand_in: StandIn, record: Record, body: bytes, done: bool
) -> None:
    id_, state = created(stand_in)
    stand_in.bends.append(answered("DELETE", 200, body, times=1, work_is_done=done))
    if done:
        life(stand_in).delete(id_, state)
    else:
        with pytest.raises(VapiError, match=r"a read shows that it was not deleted; try again$"):
            life(stand_in).delete(id_, state)
    assert len(stand_in.held()) == (0 if done else 1)
    outcome = "settled by a read: gone" if done else "an error: it is still there"
    record_case(record, f"DELETE answered with {body.decode()}, {'done' if done else 'not done'}", stand_in.summary(), outcome)


def test_an_edit_just_before_twelve_updates_is_never_overwritten(stand_in: StandIn, record: Record) -> None:
    stand_in.list_lag_s = 8
    numbers = [created(stand_in, number=f"+1415555{index:04}") for index in range(2000, 2012)]
    for id_, _ in numbers:
        stand_in.change(id_, name="Edited")
    stand_in.seen.clear()
    run = life(stand_in)

    def update(number: tuple[str, dict[str, Any]]) -> str:
        id_, state = number
        with pytest.raises(VapiError) as failed:
            run.update(id_, state, {**INPUTS, "number": state["number"], "name": "New"})
        return str(failed.value)

    with ThreadPoolExecutor(12) as pool:
        sentences = list(pool.map(update, numbers))
    assert all("somebody else changed what is about to be changed" in sentence for sentence in sentences)
    assert {one["name"] for one in stand_in.held()} == {"Edited"}
    assert stand_in.summary() == "GET 12"
    record_case(
        record, "an edit just before twelve updates, the list behind", stand_in.summary(), "twelve refused, no edit lost"
    )


@pytest.mark.parametrize("status", [429, 503])
def test_an_edit_during_a_long_pause_is_never_overwritten(stand_in: StandIn, record: Record, status: int) -> None:
    id_, state = created(stand_in)
    refused = [True]

    def bend(handler: Any, seen: Any, _work: Callable[[], Any]) -> bool:
        if seen.method != "PATCH" or not refused:
            return False
        refused.clear()
        stand_in.later(6, lambda: stand_in.change(id_, name="Edited"))
        body = {"message": "later", "error": "Later", "statusCode": status}
        handler.answer(status, body, {"Retry-After": "12"})
        return True

    stand_in.bends.append(bend)
    with pytest.raises(VapiError, match="somebody else changed what is about to be changed"):
        life(stand_in).update(id_, state, {**INPUTS, "name": "New"})
    assert stand_in.held()[0]["name"] == "Edited"
    record_case(record, f"an edit while a PATCH waits for Retry-After ({status})", stand_in.summary(), "refused, edit kept")


def test_a_change_after_a_long_pause_succeeds_if_nobody_edited(stand_in: StandIn) -> None:
    id_, state = created(stand_in)
    later = json.dumps({"message": "later", "error": "Later", "statusCode": 429}).encode()
    refused = [True]

    def bend(handler: Any, seen: Any, _work: Callable[[], Any]) -> bool:
        if seen.method != "PATCH" or not refused:
            return False
        refused.clear()
        handler.answer(429, later, {"Retry-After": "12"})
        return True

    stand_in.bends.append(bend)
    assert life(stand_in).update(id_, state, {**INPUTS, "name": "New"})["name"] == "New"
    assert stand_in.summary() == "GET 2, PATCH 2"


def test_a_low_rate_limit_counts_a_read_and_its_change_as_two_requests(stand_in: StandIn) -> None:
    numbers = [created(stand_in, number=f"+1415555{index:04}") for index in range(2000, 2008)]
    run = life(stand_in, requests_per_second=0.5)
    began = stand_in.elapsed_s()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: run.update(one[0], one[1], {**INPUTS, "number": one[1]["number"], "name": "New"}), numbers))
    assert stand_in.summary() == "GET 8, PATCH 8"
    assert stand_in.elapsed_s() - began >= 2 * 14


# ------------------------------------------------------------------------------------------ trunks that go, digits that move


@pytest.mark.parametrize("left", [{"credentialId": None}, {}], ids=["null", "absent"])
def test_a_number_whose_trunk_was_deleted_is_read_and_can_be_given_another(
    stand_in: StandIn, record: Record, left: dict[str, Any]
) -> None:
    id_, state = created(stand_in)
    entry = stand_in.numbers[id_]
    entry.value = {name: part for name, part in entry.value.items() if name != "credentialId"} | left
    found = life(stand_in).read(id_, state)
    assert found is not None
    assert "credentialId" not in found.inputs
    assert "sipUri" not in found.state
    state = life(stand_in).update(id_, found.state, {**INPUTS, "credentialId": OTHER})
    assert state["credentialId"] == stand_in.held()[0]["credentialId"] == OTHER
    assert state["sipUri"] == f"+14155552000@{OTHER}.sip.vapi.ai"
    how = "null" if left else "absent"
    record_case(record, f"a deleted trunk, credentialId {how}", stand_in.summary(), "read as drift, given another trunk")


def test_digits_of_another_number_are_refused_before_anything_is_sent(stand_in: StandIn, record: Record) -> None:
    (a, a_state), (b, b_state) = created(stand_in), created(stand_in, number="+14155552001", name="Sales")
    run = life(stand_in)
    for id_, state, digits, other in ((a, a_state, "+14155552001", b), (b, b_state, "+14155552000", a)):
        with pytest.raises(VapiError) as failed:
            run.update(id_, state, {**INPUTS, "name": state["name"], "number": digits})
        assert str(failed.value) == (
            f"cannot update BYO phone number '{state['number']}': the number with id {other} already has these digits, so "
            "nothing was sent; if this run gives it other digits, run pulumi up again; if it should be deleted, run pulumi destroy "
            "--target URN first; to swap two numbers, swap all their other arguments instead"
        )
    assert stand_in.sent("PATCH") == []
    record_case(
        record, "two numbers of a program swap their digits", stand_in.summary(), "both refused before anything is sent"
    )


def test_digits_can_be_used_once_the_other_number_has_given_them_up(stand_in: StandIn) -> None:
    (a, a_state), (b, b_state) = created(stand_in), created(stand_in, number="+14155552001", name="Sales")
    run = life(stand_in)
    run.update(b, b_state, {**INPUTS, "name": "Sales", "number": "+14155552002"})
    run.update(a, a_state, {**INPUTS, "number": "+14155552001"})
    assert {one["id"]: one["number"] for one in stand_in.held()} == {a: "+14155552001", b: "+14155552002"}


def test_digits_on_another_trunk_are_left_for_vapi_to_judge(stand_in: StandIn) -> None:
    created(stand_in)
    id_, state = created(stand_in, number="+14155552001", credentialId=OTHER)
    life(stand_in).update(id_, state, {**INPUTS, "credentialId": OTHER})
    assert stand_in.numbers[id_].value["number"] == "+14155552000"


@pytest.mark.parametrize("status", [400, 409])
def test_an_error_for_a_trunk_in_use_gives_advice_about_its_numbers(stand_in: StandIn, record: Record, status: int) -> None:
    trunks = life(stand_in, SIP_TRUNK_CREDENTIAL)
    id_, state = trunks.create({"name": "Carrier", "gateways": [{"ip": "203.0.113.10"}]})

    def bend(handler: Any, seen: Any, _work: Callable[[], Any]) -> bool:
        if seen.method != "DELETE":
            return False
        handler.answer(status, {"message": "Credential is in use", "error": "Bad Request", "statusCode": status})
        return True

    stand_in.bends.append(bend)
    with pytest.raises(VapiError) as failed:
        life(stand_in, SIP_TRUNK_CREDENTIAL).delete(id_, state)
    assert str(failed.value) == (
        f"cannot delete BYO SIP trunk 'Carrier': Vapi answered {status}: Credential is in use (DELETE /credential/{id_}); a trunk "
        "cannot be deleted while numbers use it: delete them or give them another credential_id first, then try again "
        "(vapi-byo import lists the numbers with their credentials)"
    )
    record_case(record, f"a trunk in use is deleted (Vapi answers {status})", stand_in.summary(), "advice about its numbers")


@pytest.mark.engine
def test_a_region_that_changes_moves_the_sip_address_without_a_request(
    stand_in: StandIn, new_stack: NewStack, record: Record
) -> None:
    stack = new_stack(stand_in)
    stack.declare({"desk": DECLARED})
    stack.up()
    stand_in.seen.clear()
    stack.configure(region="eu")
    preview = stack("preview", "--diff")
    assert ".sip.eu.vapi.ai" in preview.output
    stack.up()
    assert stack.numbers()["desk"]["outputs"]["sipUri"] == f"+14155552000@{CREDENTIAL}.sip.eu.vapi.ai"
    assert "2 unchanged" in stack.up().output
    assert stand_in.seen == []
    record_case(record, "the region changes", stand_in.summary(), "sip_uri follows in preview and up")
