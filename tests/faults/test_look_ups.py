"""The look-ups of a create before and after its POST, when they fail themselves; and one such case on the real engine."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import requests

from pulumi_vapi_byo.emulator import Emulator, Fault
from pulumi_vapi_byo.errors import VapiError

from .conftest import NewStack
from .fakes import Said, Sent, lifecycle, said

CREDENTIAL_ID = "1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10"
INPUTS = {"credentialId": CREDENTIAL_ID, "number": "+14155552000", "name": "Front desk"}
MADE = {
    **INPUTS,
    "provider": "byo-phone-number",
    "id": "6a1b3f0c-7d2e-4a57-8f9b-0c1d2e3f4a5b",
    "orgId": "org-1",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "updatedAt": "2026-01-01T00:00:00.000Z",
}
WITHOUT_DIGITS = {key: value for key, value in INPUTS.items() if key != "number"}


def no_answer() -> Said:
    raise requests.ConnectionError("Connection aborted")


FAILURES: dict[str, Callable[[], Said]] = {
    "no answer": no_answer,
    "no JSON": lambda: Said(200, b"{"),
    "HTML": lambda: Said(502, b"<html>", (("Content-Type", "text/html"),)),
    "no list": lambda: said(200, {"results": []}),
    "a list of other things": lambda: said(200, [1, 2]),
    "status 500": lambda: said(500, {"message": "no", "statusCode": 500}),
    "status 429": lambda: said(429, {"message": "slow down", "statusCode": 429}),
    "status 401": lambda: said(401, {"message": "Invalid Key", "statusCode": 401}),
    "redirect": lambda: Said(307, b"", (("Location", "http://127.0.0.1:9/"),)),
}
failures = pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)


class Vapi:
    """A Vapi on which one request fails."""

    def __init__(self, **fails: Callable[[], Said]) -> None:
        self.fails = fails
        self.numbers: list[dict[str, object]] = []
        self.posts = 0

    def __call__(self, sent: Sent) -> Said:
        if sent.method == "POST":
            self.posts += 1
            self.numbers = [{**sent.body, **{key: MADE[key] for key in ("id", "orgId", "createdAt", "updatedAt")}}]
            return self.fails["post"]() if "post" in self.fails else said(201, self.numbers[0])
        when = "after" if self.posts else "before"
        if when in self.fails:
            return self.fails[when]()
        return said(200, self.numbers if sent.path == "/phone-number" else self.numbers[0])


@failures
def test_nothing_is_created_while_existing_numbers_are_unknown(failure: Callable[[], Said]) -> None:
    vapi = Vapi(before=failure)
    life, adapter = lifecycle(vapi)
    with pytest.raises(VapiError, match=r"^cannot create BYO phone number '\+14155552000': .*\(GET /phone-number\)"):
        life.create(INPUTS)
    assert {sent.method for sent in adapter.sent} == {"GET"}


@pytest.mark.parametrize("inputs", [INPUTS, WITHOUT_DIGITS], ids=["with-digits", "without-digits"])
@failures
def test_a_lost_answer_and_a_failed_look_up_end_in_a_sentence_and_the_next_up_explains(
    failure: Callable[[], Said], inputs: dict[str, str]
) -> None:
    vapi = Vapi(post=no_answer, after=failure)
    life, _ = lifecycle(vapi)
    with pytest.raises(VapiError) as failed:
        life.create(inputs)
    assert "; whether it was created could not be determined either: " in str(failed.value)
    assert str(failed.value).endswith("run pulumi up again, which looks for it first and does not create it twice")
    assert vapi.posts == 1
    vapi.fails = {}
    again, _ = lifecycle(vapi)
    with pytest.raises(
        VapiError, match=rf"it already exists at Vapi \(id {MADE['id']}, named 'Front desk', created .*onExisting adopt"
    ):
        again.create(inputs)
    adopting, _ = lifecycle(vapi, on_existing="adopt")
    id_, state = adopting.create(inputs)
    assert (id_, state["name"], vapi.posts) == (MADE["id"], "Front desk", 1)


@pytest.mark.parametrize("inputs", [INPUTS, WITHOUT_DIGITS], ids=["with-digits", "without-digits"])
@pytest.mark.parametrize("failure", [FAILURES[name] for name in ("no answer", "no JSON", "HTML", "status 500", "redirect")])
def test_a_lost_answer_is_found_and_taken_over(failure: Callable[[], Said], inputs: dict[str, str]) -> None:
    vapi = Vapi(post=failure)
    life, _ = lifecycle(vapi)
    id_, state = life.create(inputs)
    assert (id_, vapi.posts) == (MADE["id"], 1)
    assert state.get("number") == inputs.get("number")


def test_several_matches_are_reported_and_none_is_taken_over() -> None:
    vapi = Vapi(post=no_answer)
    twins = [{**MADE, "id": f"twin-{place}"} for place in range(2)]
    life, _ = lifecycle(lambda sent: said(200, twins) if sent.method == "GET" and vapi.posts else vapi(sent))
    with pytest.raises(
        VapiError, match=r"since then 2 matching ones have appeared \(twin-0, twin-1\), and there is no telling"
    ):
        life.create(INPUTS)
    assert vapi.posts == 1


@pytest.mark.engine
def test_the_explanation_of_the_next_up_is_true(new_stack: NewStack, vapi: Emulator) -> None:
    stack = new_stack(vapi, VAPI_MAX_RETRIES="1")
    arguments = {
        "credential_id": CREDENTIAL_ID,
        "number": "+14155552000",
        "name": "One",
        "server": {"url": "https://example.com"},
    }
    stack.declare({"one": arguments})
    vapi.latency_s = 0.1
    over = threading.Event()

    def fail_look_ups() -> None:
        while not any(request.method == "POST" for request in vapi.requests):
            if over.wait(0.002):
                return
        vapi.inject(Fault("garbage", method="GET", times=None))

    vapi.inject(Fault("drop_after", "POST"))
    thread = threading.Thread(target=fail_look_ups)
    thread.start()
    try:
        lost = stack.up(may_fail=True)
    finally:
        over.set()
        thread.join()
    assert "whether it was created could not be determined either" in lost.errors["one"]
    assert stack.numbers() == {}
    vapi.clear_faults()
    (number,) = vapi.numbers()
    refused = stack.up(may_fail=True)
    assert f"it already exists at Vapi (id {number['id']}, named 'One'" in refused.errors["one"]
    assert "run pulumi config set vapi-byo:onExisting adopt and pulumi up again" in refused.errors["one"]
    stack.configure(onExisting="adopt")
    adopted = stack.up()
    assert "is being taken over" in adopted.output
    assert [one["id"] for one in vapi.numbers()] == [number["id"]] == [stack.numbers()["one"]["id"]]
    stack("preview", "--expect-no-changes")
