"""A number is created exactly once, whatever the API does: against a Vapi that the project has never seen, in its own time."""

from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pulumi_vapi_byo.api.client import Collection, VapiClient
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.core.claims import Claims
from pulumi_vapi_byo.core.diff import plan
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
WITHOUT_DIGITS = {"credentialId": CREDENTIAL, "name": "Front desk"}
TRUNK = {"name": "Carrier", "gateways": [{"ip": "203.0.113.10"}]}
NEXT_UP = "run pulumi up again, which looks for it first and does not create it twice"


def life(
    stand_in: StandIn, kind: Kind = PHONE_NUMBER, *, sleep: Callable[[float], object] | None = None, **settings: Any
) -> Lifecycle:
    """Return a life cycle that waits by letting the stand-in's time pass."""

    def wait(seconds: float) -> None:
        (sleep or stand_in.skip)(seconds)

    given = Settings(**{"api_key": API_KEY, "base_url": stand_in.base_url, "region": "us", "max_retries": 2, **settings})
    return Lifecycle(kind, Collection(VapiClient(given, sleep=wait), kind), given, Claims(), sleep=wait)


def lost(stand_in: StandIn, *, work_after_s: float | None = 0.0, times: int = 1) -> Bend:
    """Lose the answers to POSTs; their work is done at once, some seconds later, or never."""
    left = [None] * times

    def bend(handler: Any, seen: Any, work: Callable[[], Any]) -> bool:
        if seen.method != "POST" or not left:
            return False
        left.pop()
        if work_after_s is not None:
            stand_in.later(work_after_s, work)
            stand_in.skip(0)
        handler.hang_up()
        return True

    return bend


def refused(status: int, *, work_is_done: bool, times: int = 1) -> Bend:
    """Answer POSTs with an error of the API, whether the work is done or not."""
    left = [None] * times

    def bend(handler: Any, seen: Any, work: Callable[[], Any]) -> bool:
        if seen.method != "POST" or not left:
            return False
        left.pop()
        if work_is_done:
            work()
        handler.answer(status, {"message": "no", "error": "No", "statusCode": status})
        return True

    return bend


def posts(stand_in: StandIn) -> int:
    return len(stand_in.sent("POST"))


def held_once(stand_in: StandIn, id_: str, digits: str = "+14155552000") -> str:
    """Assert that Vapi holds a number once, with this id; return that as a text for the table."""
    assert [one["id"] for one in stand_in.held() if str(one.get("number")).lstrip("+") == digits.lstrip("+")] == [id_]
    return "one number, and the state has its id"


duplicates = pytest.mark.parametrize("allowed", [True, False], ids=["duplicates-allowed", "duplicates-refused"])
on_existing = pytest.mark.parametrize("on_existing", ["error", "adopt", "allow"])


# ---------------------------------------------------------------------------------------------- answers that are lost or late


@duplicates
@on_existing
def test_a_lost_answer_with_the_list_three_seconds_behind(
    stand_in: StandIn, record: Record, allowed: bool, on_existing: str
) -> None:
    stand_in.allows_duplicates, stand_in.list_lag_s = allowed, 3
    stand_in.bends.append(lost(stand_in))
    id_, _ = life(stand_in, on_existing=on_existing).create(INPUTS)
    assert posts(stand_in) == 1
    what = f"duplicates {'allowed' if allowed else 'refused'}, onExisting {on_existing}"
    record_case(record, f"answer lost, list 3 s behind, {what}", stand_in.summary(), held_once(stand_in, id_))


@duplicates
@on_existing
def test_the_work_is_done_four_seconds_after_the_connection_broke(
    stand_in: StandIn, record: Record, allowed: bool, on_existing: str
) -> None:
    stand_in.allows_duplicates = allowed
    stand_in.bends.append(lost(stand_in, work_after_s=4))
    id_, _ = life(stand_in, on_existing=on_existing).create(INPUTS)
    assert posts(stand_in) == 1
    what = f"duplicates {'allowed' if allowed else 'refused'}, onExisting {on_existing}"
    record_case(record, f"work done 4 s after the connection broke, {what}", stand_in.summary(), held_once(stand_in, id_))


def test_after_a_time_out_the_number_is_looked_for_as_long_as_the_timeout(stand_in: StandIn) -> None:
    released: list[float] = []

    def slow(handler: Any, seen: Any, work: Callable[[], Any]) -> bool:
        if seen.method != "POST":
            return False
        stand_in.later(35, work)
        time.sleep(1.2)
        handler.hang_up()
        return True

    stand_in.bends.append(slow)
    slept: list[float] = []

    def wait(seconds: float) -> None:
        slept.append(seconds)
        stand_in.skip(seconds * 40)  # one second of this timeout represents forty

    id_, _ = life(stand_in, sleep=wait, timeout_s=1.0).create(INPUTS)
    assert posts(stand_in) == 1
    assert slept[0] == 0.5
    assert not released
    held_once(stand_in, id_)


@pytest.mark.parametrize(("timeout_s", "seconds"), [(0.3, 15.0), (20.0, 15.0)])
def test_a_number_that_never_appears_is_looked_for_for_fifteen_seconds_before_each_retry(
    stand_in: StandIn, timeout_s: float, seconds: float
) -> None:
    stand_in.bends.append(lost(stand_in, work_after_s=None, times=3))
    slept: list[float] = []
    with pytest.raises(VapiError) as failed:
        life(stand_in, sleep=slept.append, timeout_s=timeout_s).create(INPUTS)
    assert str(failed.value) == (
        f"cannot create BYO phone number '+14155552000': {stand_in.base_url} closed the connection before its answer was "
        "complete (POST /phone-number), tried 3 times; try again; it has not appeared within 15 s, so it was probably not "
        f"created: {NEXT_UP}"
    )
    methods = [one.method for one in stand_in.seen]
    assert methods == ["GET", *(["POST"] + ["GET"] * (len(slept) // 3)) * 3]
    assert sum(slept) == pytest.approx(3 * seconds)
    assert slept[:3] == [0.5, 0.75, 1.125]


def test_after_an_unknown_outcome_a_400_is_checked_and_the_number_found(stand_in: StandIn, record: Record) -> None:
    stand_in.allows_duplicates, stand_in.list_lag_s = False, 20
    stand_in.bends.append(lost(stand_in))
    id_, _ = life(stand_in).create(INPUTS)
    assert posts(stand_in) == 2
    record_case(record, "answer lost, list 20 s behind, then 400 already in use", stand_in.summary(), held_once(stand_in, id_))


def test_after_an_unknown_outcome_a_400_proves_nothing(stand_in: StandIn, record: Record) -> None:
    stand_in.allows_duplicates, stand_in.list_lag_s = False, 1000
    stand_in.bends.append(lost(stand_in))
    with pytest.raises(VapiError) as failed:
        life(stand_in).create(INPUTS)
    assert str(failed.value) == (
        "cannot create BYO phone number '+14155552000': Vapi answered 400: `number` +14155552000 is already in use. "
        "(POST /phone-number), tried 2 times; an earlier try may have created it all the same: it has not appeared within "
        f"15 s, but that proves nothing: {NEXT_UP}"
    )
    record_case(record, "the same, list 1,000 s behind", stand_in.summary(), "an error: an earlier try may have created it")


@pytest.mark.parametrize("work_is_done", [True, False])
@pytest.mark.parametrize("status", [408, 425, 500, 503, 599])
def test_an_ambiguous_status_is_checked_before_anything_is_sent_again(
    stand_in: StandIn, record: Record, status: int, work_is_done: bool
) -> None:
    stand_in.list_lag_s = 3
    stand_in.bends.append(refused(status, work_is_done=work_is_done))
    id_, _ = life(stand_in).create(INPUTS)
    assert posts(stand_in) == (1 if work_is_done else 2)
    done = "done" if work_is_done else "not done"
    record_case(record, f"{status} to a POST, work {done}, list 3 s behind", stand_in.summary(), held_once(stand_in, id_))


@pytest.mark.parametrize("on_existing", ["error", "allow"])
def test_a_failed_look_up_is_repeated(stand_in: StandIn, on_existing: str) -> None:
    stand_in.list_lag_s = 3

    def busy(handler: Any, seen: Any, work: Callable[[], Any]) -> bool:
        if seen.method == "GET" and posts(stand_in) and len(stand_in.sent("GET")) < 8:
            handler.answer(500, {"message": "no", "error": "No", "statusCode": 500})
            return True
        return False

    stand_in.bends += [lost(stand_in), busy]
    id_, _ = life(stand_in, on_existing=on_existing).create(INPUTS)
    held_once(stand_in, id_)
    assert posts(stand_in) == 1


def test_with_allow_the_advice_is_to_check_before_the_next_up(stand_in: StandIn) -> None:
    stand_in.bends.append(lost(stand_in, work_after_s=None, times=3))
    with pytest.raises(
        VapiError, match="look for it in the dashboard before you run pulumi up again, which would create anoth"
    ):
        life(stand_in, on_existing="allow").create(INPUTS)


# ---------------------------------------------------------------------------------------- what a lost answer may have created

FILLED_IN: dict[str, Any] = {"name": "Vapi's own name", "server": {"url": "https://example.com/filled-in"}}


@on_existing
@pytest.mark.parametrize("strips_plus", [False, True])
@pytest.mark.parametrize("filled_in", [{}, FILLED_IN], ids=["as-sent", "filled-in"])
def test_digits_and_credential_identify_the_number_of_a_lost_answer(
    stand_in: StandIn, record: Record, on_existing: str, strips_plus: bool, filled_in: dict[str, Any]
) -> None:
    stand_in.strips_plus, stand_in.fills_in = strips_plus, filled_in
    stand_in.bends.append(lost(stand_in))
    inputs = {key: value for key, value in INPUTS.items() if key != "name"}
    id_, state = life(stand_in, on_existing=on_existing).create(inputs)
    assert posts(stand_in) == 1
    assert state["number"] == "+14155552000"
    assert state.get("name") == filled_in.get("name")
    what = ", ".join(["without plus"] * strips_plus + ["name and server filled in"] * bool(filled_in)) or "as it was sent"
    record_case(record, f"answer lost, {what}, onExisting {on_existing}", stand_in.summary(), held_once(stand_in, id_))


@pytest.mark.parametrize(
    ("kind", "inputs", "filled_in"),
    [
        (PHONE_NUMBER, {"credentialId": CREDENTIAL}, {"name": "Vapi's own"}),
        (PHONE_NUMBER, WITHOUT_DIGITS, {"server": {"url": "https://example.com/filled-in"}}),
        (SIP_TRUNK_CREDENTIAL, TRUNK, {"techPrefix": "99"}),
        (SIP_TRUNK_CREDENTIAL, TRUNK, {"name": "Vapi's own"}),
        (SIP_TRUNK_CREDENTIAL, TRUNK, {"gateways": [{"ip": "203.0.113.11"}]}),
    ],
)
def test_without_digits_a_possible_match_is_refused_and_never_created_again(
    stand_in: StandIn, record: Record, kind: Kind, inputs: dict[str, Any], filled_in: dict[str, Any]
) -> None:
    put = stand_in.put if kind is PHONE_NUMBER else stand_in.put_credential

    def otherwise(handler: Any, seen: Any, work: Callable[[], Any]) -> bool:
        if seen.method == "POST":
            put(**{**seen.body, **filled_in})
            handler.hang_up()
            return True
        return False

    stand_in.bends.append(otherwise)
    with pytest.raises(
        VapiError, match=r"since then [-0-9a-f]{36} has appeared, which may be this one but differs from what was"
    ):
        life(stand_in, kind).create(inputs)
    assert posts(stand_in) == 1
    what = f"{kind.noun} without digits, {', '.join(filled_in)} different"
    record_case(record, f"answer lost, {what}", stand_in.summary(), "refused: it may be this one")


@pytest.mark.parametrize(("kind", "inputs"), [(PHONE_NUMBER, WITHOUT_DIGITS), (SIP_TRUNK_CREDENTIAL, TRUNK)])
def test_without_digits_only_an_exact_match_is_taken_over_and_never_somebody_else_s(
    stand_in: StandIn, kind: Kind, inputs: dict[str, Any]
) -> None:
    stand_in.bends.append(lost(stand_in, times=4))
    one = life(stand_in, kind)
    names = [f"Desk {place}" for place in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda name: one.create({**inputs, "name": name})[0], names))
    collection = stand_in.numbers if kind is PHONE_NUMBER else stand_in.credentials
    assert {id_: entry.value["name"] for id_, entry in collection.items()} == dict(zip(made, names, strict=True))


def test_numbers_without_digits_that_differ_only_in_a_secret_are_not_swapped(stand_in: StandIn) -> None:
    stand_in.hides = {"serverUrlSecret"}
    stand_in.list_lag_s = 1
    stand_in.bends.append(lost(stand_in, times=3))
    secrets = [f"secret-of-{place}" for place in range(6)]
    one = life(stand_in)

    def create(secret: str) -> str:
        return one.create({**WITHOUT_DIGITS, "serverUrl": "https://example.com", "serverUrlSecret": secret})[0]

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(create, secrets))
    assert [stand_in.numbers[id_].value["serverUrlSecret"] for id_ in made] == secrets
    assert len(stand_in.held()) == 6


@on_existing
def test_a_number_that_another_resource_has_taken_is_not_taken_for_the_lost_number(stand_in: StandIn, on_existing: str) -> None:
    one = life(stand_in, on_existing=on_existing)
    stand_in.bends.append(refused(500, work_is_done=True))
    one._run.claims = _HasEverything()
    with pytest.raises(VapiError, match="another resource of this program already has it "):
        one.create(INPUTS)
    assert posts(stand_in) == 1


class _HasEverything(Claims):
    """The claims of a run in which another process was faster."""

    def __contains__(self, id_: str) -> bool:
        return True


@pytest.mark.parametrize("skew_s", [0.0, 3600.0, -3600.0])
@pytest.mark.parametrize(
    ("on_existing", "outcome"),
    [
        ("error", "refused: it already exists at Vapi"),
        ("adopt", "taken over, as onExisting adopt says"),
        ("allow", "refused: it may be this one"),
    ],
)
def test_a_number_older_than_the_post_was_not_created_by_it(
    stand_in: StandIn, record: Record, on_existing: str, outcome: str, skew_s: float
) -> None:
    stand_in.clock_skew_s, stand_in.list_lag_s = skew_s, 35
    older = stand_in.put(**INPUTS)
    stand_in.skip(30)
    stand_in.bends.append(refused(500, work_is_done=False))
    one = life(stand_in, on_existing=on_existing)
    if on_existing == "adopt":
        assert one.create(INPUTS)[0] == older["id"]
    else:
        said = {
            "error": rf"it already exists at Vapi \(id {older['id']}, ",
            "allow": f"since then {older['id']} has appeared, which ",
        }
        with pytest.raises(VapiError, match=said[on_existing]):
            one.create(INPUTS)
    assert posts(stand_in) == 1
    held_once(stand_in, older["id"])
    clock = f"Vapi's clock {skew_s:+g} s"
    record_case(record, f"older than the POST, {clock}, onExisting {on_existing}", stand_in.summary(), outcome)


@pytest.mark.parametrize(
    "date", ["", "soon", "Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 0001 00:00:00 GMT", "Wed, 21 Oct 2015 07:28:00 -0000"]
)
@pytest.mark.parametrize("created_at", ["", "soon", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2999-01-01"])
def test_unusable_times_make_no_number_count_as_older(stand_in: StandIn, date: str, created_at: str) -> None:
    def dated(handler: Any, seen: Any, work: Callable[[], Any]) -> bool:
        status, body = work()
        if seen.method == "POST":
            handler.hang_up()
            return True
        handler.date_time_string = lambda: date
        handler.answer(status, [{**entry, "createdAt": created_at} for entry in body])
        return True

    stand_in.bends.append(dated)
    with contextlib.suppress(VapiError):  # some of these times do make it older
        life(stand_in).create(INPUTS)
    assert posts(stand_in) == 1
    assert len(stand_in.held()) == 1


@on_existing
def test_the_same_digits_on_another_credential_are_not_the_number_that_was_sent(
    stand_in: StandIn, on_existing: str, caplog: pytest.LogCaptureFixture
) -> None:
    stand_in.bends.append(refused(500, work_is_done=False))
    asleep: list[float] = []

    def wait(seconds: float) -> None:
        if not asleep:
            stand_in.put(**{**INPUTS, "credentialId": OTHER})
        asleep.append(seconds)
        stand_in.skip(seconds)

    one = life(stand_in, sleep=wait, on_existing=on_existing)
    if on_existing == "allow":
        id_, _ = one.create(INPUTS)
        assert sorted(number["credentialId"] for number in stand_in.held()) == [CREDENTIAL, OTHER]
        assert stand_in.numbers[id_].value["credentialId"] == CREDENTIAL
    else:
        with pytest.raises(VapiError, match=f"it already exists at Vapi on another credential, {OTHER} "):
            one.create(INPUTS)
        assert posts(stand_in) == 1


# ------------------------------------------------------------------------------------------------- numbers that already exist


@pytest.mark.parametrize("held_s", [0.0, 5.0], ids=["list-up-to-date", "list-behind"])
def test_a_number_deleted_since_it_was_listed_is_created_and_not_taken_over(
    stand_in: StandIn, record: Record, held_s: float
) -> None:
    number = stand_in.put(**INPUTS)
    one = life(stand_in, on_existing="adopt")
    one.create({**INPUTS, "number": "+14155552999"})  # which lists the account
    stand_in.list_lag_s = held_s
    stand_in.skip(held_s)
    stand_in.drop(number["id"])
    id_, _ = one.create(INPUTS)
    assert id_ != number["id"]
    record_case(record, f"to be adopted, but deleted; list {held_s:g} s behind", stand_in.summary(), held_once(stand_in, id_))


@pytest.mark.parametrize("lies", [3, 1000])
def test_a_404_for_a_listed_number_is_not_trusted_alone(stand_in: StandIn, record: Record, lies: int) -> None:
    number = stand_in.put(**INPUTS)
    left = [None] * lies

    def absent(handler: Any, seen: Any, work: Callable[[], Any]) -> bool:
        if seen.method == "GET" and seen.path.endswith(number["id"]) and left:
            left.pop()
            handler.answer(404, {"message": "Not Found", "error": "Not Found", "statusCode": 404})
            return True
        return False

    stand_in.bends.append(absent)
    one = life(stand_in, on_existing="adopt")
    if lies == 3:
        assert one.create(INPUTS)[0] == number["id"]
        outcome = "taken over once a read finds it"
    else:
        with pytest.raises(VapiError, match=rf"Vapi lists it \(id {number['id']}\), but does not find it by that id"):
            one.create(INPUTS)
        outcome = "refused: Vapi lists it, but does not find it"
    assert posts(stand_in) == 0
    record_case(record, f"{lies} times 404 for a listed number, adopt", stand_in.summary(), outcome)


UNUSABLE: list[tuple[str, Any]] = [
    ("status", {"state": "active"}),
    ("hooks", "none"),
    ("name", 5),
    ("server", [1]),
    ("orgId", None),
    ("updatedAt", 12),
    ("assistantId", {}),
    ("number", 14155552000),
]


@pytest.mark.parametrize("on_existing", ["error", "adopt"])
@pytest.mark.parametrize(("field", "value"), UNUSABLE, ids=[field for field, _ in UNUSABLE])
def test_an_existing_number_is_recognised_by_its_digits_even_if_another_field_is_unusable(
    stand_in: StandIn, record: Record, field: str, value: Any, on_existing: str
) -> None:
    id_ = stand_in.put(**{**INPUTS, "createdAt": "2026-01-01T00:00:00.000Z", field: value} if value is not None else INPUTS)[
        "id"
    ]
    if value is None:
        del stand_in.numbers[id_].value[field]
        stand_in.numbers[id_].value.setdefault("createdAt", "")
    with pytest.raises(VapiError) as failed:
        life(stand_in, on_existing=on_existing).create(INPUTS)
    if on_existing == "error":
        assert f"it already exists at Vapi (id {id_}, " in str(failed.value)
        outcome = "refused: it already exists at Vapi"
    else:
        assert f"has no usable {field} (" in str(failed.value)
        assert str(failed.value).endswith(f"(GET /phone-number/{id_})")
        outcome = f"refused: {field} cannot be used"
    assert posts(stand_in) == 0
    record_case(record, f"exists, {field} unusable, onExisting {on_existing}", stand_in.summary(), outcome)


@pytest.mark.parametrize("written", ["14155552000", "+1 (415) 555-2000", "+1-415-555-2000"])
def test_a_number_is_the_same_however_its_digits_are_written(stand_in: StandIn, record: Record, written: str) -> None:
    id_ = stand_in.put(**{**INPUTS, "number": written})["id"]
    with pytest.raises(VapiError, match=rf"it already exists at Vapi \(id {id_}, "):
        life(stand_in).create(INPUTS)
    adopted, state = life(stand_in, on_existing="adopt").create(INPUTS)
    assert (adopted, state["number"]) == (id_, "+14155552000")
    imported = life(stand_in).adopt(id_, INPUTS)
    assert imported["number"] == "+14155552000"
    found = life(stand_in).read(id_, state)
    assert found is not None
    assert plan(PHONE_NUMBER, found.state, INPUTS).changes == ()
    assert (found.state["number"], found.inputs["number"]) == ("+14155552000", "+14155552000")
    assert {one.method for one in stand_in.seen} == {"GET"}
    record_case(record, f"exists as {written}", stand_in.summary(), "refused; adopted, imported and read without a write")


def test_a_program_can_still_change_how_a_number_is_written(stand_in: StandIn) -> None:
    one = life(stand_in)
    id_, state = one.create({**INPUTS, "numberE164CheckEnabled": False, "number": "14155552000"})
    changed = {**INPUTS, "numberE164CheckEnabled": False}
    assert one.update(id_, state, changed)["number"] == "+14155552000"
    assert stand_in.numbers[id_].value["number"] == "+14155552000"


def test_letters_in_a_number_are_compared_as_written(stand_in: StandIn) -> None:
    stand_in.put(**{**INPUTS, "number": "Desk1"})
    inputs = {**INPUTS, "numberE164CheckEnabled": False}
    one = life(stand_in)
    one.create({**inputs, "number": "desk1"})
    with pytest.raises(VapiError, match="it already exists at Vapi"):
        one.create({**inputs, "number": "Desk1"})


def test_the_same_digits_on_another_credential_of_the_program_may_be_intended(stand_in: StandIn, record: Record) -> None:
    one = life(stand_in)
    id_, _ = one.create(INPUTS)
    with pytest.raises(VapiError) as failed:
        one.create({**INPUTS, "credentialId": OTHER})
    created_at = stand_in.numbers[id_].value["createdAt"]
    assert str(failed.value) == (
        f"cannot create BYO phone number '+14155552000': another resource of this program already has it on another "
        f"credential, {CREDENTIAL} (id {id_}, named 'Front desk', created at {created_at}); remove one of them, or, to let "
        "Vapi decide, run pulumi config set vapi-byo:onExisting allow"
    )
    allowing = life(stand_in, on_existing="allow")
    allowing.create({**INPUTS, "credentialId": OTHER})
    assert sorted(number["credentialId"] for number in stand_in.held()) == [CREDENTIAL, OTHER]
    record_case(record, "same digits on another credential", stand_in.summary(), "refused with the way out; created with allow")


def test_the_same_digits_on_the_same_credential_can_only_be_declared_once(stand_in: StandIn) -> None:
    one = life(stand_in)
    id_, _ = one.create(INPUTS)
    with pytest.raises(VapiError, match=rf"another resource of this program already has it \(id {id_}, .*\); declare it once$"):
        one.create(INPUTS)


def test_a_number_changed_since_it_was_listed_is_judged_by_its_current_state(stand_in: StandIn) -> None:
    stand_in.put(**WITHOUT_DIGITS)
    number = stand_in.put(**INPUTS)
    one = life(stand_in, on_existing="adopt")
    one.create({**INPUTS, "number": "+14155552999"})  # which lists the account
    for listed in stand_in.held():
        if "number" not in listed:
            stand_in.change(listed["id"], name="Somebody's")
    stand_in.change(number["id"], credentialId=OTHER)
    one.create(WITHOUT_DIGITS)
    assert [listed["name"] for listed in stand_in.held() if "number" not in listed] == ["Somebody's", "Front desk"]
    with pytest.raises(VapiError, match=f"it already exists at Vapi on another credential, {OTHER} "):
        one.create(INPUTS)


# --------------------------------------------------------------------------------------------------------------------- twins


def twins(stand_in: StandIn) -> tuple[str, str, str]:
    mine, other = stand_in.put(**INPUTS)["id"], stand_in.put(**INPUTS)["id"]
    stand_in.put(**{**INPUTS, "credentialId": OTHER})
    return (
        mine,
        other,
        (
            f"BYO phone number '+14155552000' exists twice at Vapi on the same credential: id {mine}, which this program manages, "
            f"and id {other}; delete the latter in the dashboard if nothing needs it"
        ),
    )


def test_a_list_before_a_creation_reports_twins(stand_in: StandIn, record: Record, caplog: pytest.LogCaptureFixture) -> None:
    mine, _, sentence = twins(stand_in)
    for known_first in (True, False):
        caplog.clear()
        one = life(stand_in)
        if known_first:
            one._run.claims.keep(mine)
        one.create({**INPUTS, "number": f"+1415555299{known_first:d}"})
        if not known_first:
            assert caplog.messages == []
            one.have_unchanged(mine)
        one.have_unchanged(mine)
        assert caplog.messages == [sentence]
    record_case(record, "twins, seen in a creation's list", stand_in.summary(), "a warning with both ids")


def test_the_list_of_a_refresh_reports_twins(stand_in: StandIn, record: Record, caplog: pytest.LogCaptureFixture) -> None:
    another = {**INPUTS, "number": "+14155552999"}
    other_id, other_state = life(stand_in).create(another)
    mine, _, sentence = twins(stand_in)
    one = life(stand_in)
    state = {**INPUTS, "orgId": stand_in.org_id, "createdAt": stand_in.numbers[mine].value["createdAt"]}
    one.read(mine, state)
    one.read(other_id, other_state)
    one.read(mine, state)
    assert caplog.messages == [sentence]
    record_case(record, "twins, seen in a refresh's list", stand_in.summary(), "a warning with both ids")


def test_a_twin_that_is_gone_or_the_program_s_own_is_not_reported(stand_in: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    mine, other, _ = twins(stand_in)
    one = life(stand_in)
    one.delete(other, {**INPUTS, "orgId": stand_in.org_id})
    one.create({**INPUTS, "number": "+14155552999"})
    one.have_unchanged(mine)
    both = life(stand_in, on_existing="allow")
    both.create(INPUTS)
    both.create(INPUTS)
    with caplog.at_level(logging.WARNING):
        assert [message for message in caplog.messages if other in message] == []


# --------------------------------------------------------------------------------------------------------------------- lists


@pytest.mark.parametrize(
    ("size", "cap", "lists"), [(181, 100, 2), (99, 1000, 1), (100, 100, 2), (300, 100, 4), (250, 120, 3), (1100, 1000, 2)]
)
def test_a_list_shorter_than_requested_is_not_the_whole_account(
    stand_in: StandIn, record: Record, size: int, cap: int, lists: int
) -> None:
    stand_in.limit_cap = cap
    numbers = [f"+1415555{2000 + place}" for place in range(size)]
    for number in numbers:
        stand_in.put(credentialId=CREDENTIAL, number=number)
    one = life(stand_in)
    with pytest.raises(VapiError, match="it already exists at Vapi"):
        one.create({**INPUTS, "number": numbers[0]})
    assert stand_in.summary() == f"GET {lists}"
    assert {answer.wire()["number"] for answer in one._run.account.known()} == set(numbers)
    record_case(record, f"account of {size} behind a cap of {cap}", stand_in.summary(), "the oldest is seen and refused")


def test_a_refresh_behind_a_cap_reads_every_number(stand_in: StandIn) -> None:
    stand_in.limit_cap = 100
    numbers = [stand_in.put(credentialId=CREDENTIAL, number=f"+1415555{2000 + place}") for place in range(250)]
    one = life(stand_in)
    for number in numbers[::-1]:
        found = one.read(number["id"], {**number, "id": None})
        assert found is not None
        assert found.state["number"] == number["number"]
    assert len(stand_in.seen) == 4  # a direct read of the first number, and three lists


@pytest.mark.parametrize("cap", [1000, 100])
def test_a_full_page_of_known_numbers_is_an_error_and_not_the_end(stand_in: StandIn, record: Record, cap: int) -> None:
    stand_in.limit_cap = cap
    oldest = stand_in.put(**INPUTS, createdAt="2026-01-01T00:00:00.000Z")
    for place in range(cap):
        stand_in.put(credentialId=CREDENTIAL, number=f"+1415556{2000 + place}", createdAt="2026-01-01T00:00:00.001Z")
    with pytest.raises(VapiError) as failed:
        life(stand_in).create(INPUTS)
    assert str(failed.value) == (
        f"cannot create BYO phone number '+14155552000': Vapi's answer repeats {cap} entries from before: either all were "
        "created at 2026-01-01T00:00:00.001Z, or createdAtLe is ignored, so the rest cannot be listed "
        "(GET /phone-number)"
    )
    assert posts(stand_in) == 0
    reading = life(stand_in)
    for _ in range(3):  # reads work without the list
        found = reading.read(oldest["id"], {**oldest, "id": None})
        assert found is not None
    record_case(record, f"{cap:,} created in one millisecond, cap {cap:,}", stand_in.summary(), "an error: nothing is created")


# --------------------------------------------------------------------------------------------------------------------- random


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_48_threads_with_lost_answers_create_no_number_twice(stand_in: StandIn, record: Record, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
    stand_in.speed, stand_in.list_lag_s = 60.0, 2.0
    fates = [chance.choice(["good", "lost", "late", "never", "500", "503 done", "408 done"]) for _ in range(400)]

    def bend(handler: Any, seen: Any, work: Callable[[], Any]) -> bool:
        fate = "good" if seen.method != "POST" else fates.pop()
        if fate == "good":
            return False
        if fate in ("lost", "503 done", "408 done"):
            work()
        elif fate == "late":
            stand_in.later(4, work)
        if fate[0] in "45":
            handler.answer(int(fate[:3]), {"message": "no", "error": "No", "statusCode": int(fate[:3])})
        else:
            handler.hang_up()
        return True

    stand_in.bends.append(bend)
    one = life(stand_in, sleep=lambda seconds: time.sleep(seconds / stand_in.speed), max_retries=8, on_existing="allow")
    digits = [f"+1415555{2000 + place}" for place in range(50)]
    with ThreadPoolExecutor(48) as pool:
        made = list(pool.map(lambda number: one.create({**INPUTS, "number": number})[0], digits))
    stand_in.skip(60)
    assert sorted((number["number"], number["id"]) for number in stand_in.held()) == sorted(zip(digits, made, strict=True))
    record_case(record, f"48 threads, lost answers, seed {seed}", stand_in.summary(), f"{len(made)} numbers, each once")


@pytest.mark.engine
def test_a_user_gets_the_whole_fifteen_seconds(new_stack: NewStack, stand_in: StandIn, record: Record) -> None:
    stand_in.list_lag_s = 3
    stand_in.bends.append(lost(stand_in, work_after_s=4))
    stack = new_stack(stand_in, VAPI_TEST_LOOK_FOR_S="15")
    stack.declare({"desk": {"credential_id": CREDENTIAL, "number": "+14155552000"}})
    run = stack.up()
    (number,) = stand_in.held()
    assert stack.numbers()["desk"]["id"] == number["id"]
    assert posts(stand_in) == 1
    assert f"was lost or unusable, but it was created (id {number['id']}) and was taken over" in run.output
    what = "real CLI, real time: work done after 4 s, list 3 s behind"
    record_case(record, what, stand_in.summary(), held_once(stand_in, number["id"]))
