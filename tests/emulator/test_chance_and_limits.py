"""Faults for requests with a certain body, faults by chance, late work, and the rate limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from pulumi_vapi_byo.emulator import Emulator, Fault

Call = Callable[..., requests.Response]
Serve = Callable[..., tuple[Emulator, Call]]

MINIMAL = {"provider": "byo-phone-number", "credentialId": "cred-1"}


def test_a_fault_can_be_for_requests_whose_body_contains_a_text(vapi: Emulator, call: Call) -> None:
    vapi.inject(Fault("status", "POST", containing="+14155550124"))
    statuses = [
        call("POST", "/phone-number", MINIMAL | {"number": number}).status_code for number in ("+14155550123", "+14155550124")
    ]
    assert statuses == [201, 500]
    assert [number["number"] for number in vapi.numbers()] == ["+14155550123"]


def test_late_work_is_done_at_the_end_of_the_delay_even_if_the_client_left(vapi: Emulator, call: Call) -> None:
    vapi.inject(Fault("late", "POST", delay_s=0.3))
    with pytest.raises(requests.ReadTimeout):
        call("POST", "/phone-number", MINIMAL, timeout=0.05)
    assert vapi.numbers() == []
    deadline = time.monotonic() + 10
    while not vapi.numbers():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _outcomes(vapi: Emulator, call: Call, seed: int, requests_sent: int) -> list[str]:
    vapi.clear_requests()
    vapi.inject_by_chance(0.5, seed, delay_s=0)
    outcomes = []
    for _ in range(requests_sent):
        deadline = time.monotonic() + 10
        while True:
            try:
                answer = call("GET", "/phone-number", allow_redirects=False, headers={"Connection": "close"})
            except requests.RequestException as error:
                if "refused" in str(error):  # while nothing listens, no request arrives or counts
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
                    continue
                outcomes.append("no answer")
            else:
                outcomes.append(str(answer.status_code))
            break
    vapi.clear_faults()
    return outcomes


def test_random_faults_are_the_same_for_the_same_seed_and_about_as_many_as_requested(vapi: Emulator, call: Call) -> None:
    first = _outcomes(vapi, call, 1, 60)
    faults = [request.fault for request in vapi.requests]
    assert first == _outcomes(vapi, call, 1, 60)
    assert faults == [request.fault for request in vapi.requests]
    assert 15 <= sum(fault is not None for fault in faults) <= 45
    assert first != _outcomes(vapi, call, 2, 60)
    assert call("GET", "/phone-number").status_code == 200


def test_each_kind_of_fault_has_its_chance_and_is_counted(vapi: Emulator, call: Call) -> None:
    before = vapi.faults_injected
    _outcomes(vapi, call, 3, 150)
    met = {request.fault for request in vapi.requests} - {None}
    assert met == {"refuse", "drop_before", "drop_after", "cut_body", "garbage", "html", "status", "slow", "redirect"}
    assert vapi.faults_injected - before == sum(request.fault is not None for request in vapi.requests)


@pytest.mark.parametrize("retry_after", [None, 1])
def test_requests_over_the_rate_limit_are_429_without_effect(serve: Serve, retry_after: int | None) -> None:
    vapi, call = serve(rate_limit=2, retry_after=retry_after)
    started = time.monotonic()
    answers: list[Any] = [call("POST", "/phone-number", MINIMAL) for _ in range(3)]
    if time.monotonic() - started < 1:
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert answers[2].headers.get("Retry-After") == (None if retry_after is None else "1")
        assert len(vapi.numbers()) == 2
    while call("GET", "/phone-number").status_code == 429:
        assert time.monotonic() - started < 10
        time.sleep(0.05)
