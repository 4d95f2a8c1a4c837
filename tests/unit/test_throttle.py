from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_vapi_byo.api.throttle import BACKOFF_S, MAX_BACKOFF_S, MAX_RETRY_AFTER_S, Throttle, asked_pause_s, backoff_s


class Clock:
    """Time that only passes by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def gaps(pace: Throttle, clock: Clock, count: int) -> list[float]:
    """Return the seconds between a number of turns in a row."""
    times = []
    for _ in range(count + 1):
        pace.wait()
        times.append(clock.now)
    return [round(later - earlier, 6) for earlier, later in itertools.pairwise(times)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def made(clock: Clock, rate: float | None = None) -> Throttle:
    return Throttle(rate, clock=lambda: clock.now, sleep=clock.sleep)


@given(st.integers(1, 100))
def test_a_backoff_is_anything_up_to_a_limit_that_doubles(failures: int) -> None:
    assert 0 <= backoff_s(failures) <= min(MAX_BACKOFF_S, BACKOFF_S * 2 ** (failures - 1))


def test_without_a_limit_requests_go_at_once(clock: Clock) -> None:
    assert gaps(made(clock), clock, 3) == [0, 0, 0]


def test_with_a_limit_they_are_spaced_from_the_first(clock: Clock) -> None:
    assert gaps(made(clock, 4), clock, 3) == [0.25, 0.25, 0.25]


def test_time_that_has_already_passed_is_not_waited_again(clock: Clock) -> None:
    pace = made(clock, 4)
    pace.wait()
    clock.sleep(10)
    assert gaps(pace, clock, 2) == [0.25, 0.25]


def test_after_a_refusal_requests_wait_for_the_pause_and_are_then_spaced(clock: Clock) -> None:
    pace = made(clock)
    pace.wait()
    refused_at = clock.now
    pace.slow_down(7)
    assert gaps(pace, clock, 2) == [Throttle.FIRST_INTERVAL_S] * 2
    assert clock.now == refused_at + 7 + 2 * Throttle.FIRST_INTERVAL_S


def test_simultaneous_refusals_count_once_and_later_refusals_double_the_space_up_to_a_limit(clock: Clock) -> None:
    pace = made(clock)
    for _ in range(10):
        pace.slow_down(0)
    assert gaps(pace, clock, 1) == [0.25]
    for expected in (0.5, 1.0, 2.0, 4.0, 5.0, 5.0):
        clock.sleep(10)
        pace.slow_down(0)
        assert gaps(pace, clock, 1) == [expected]


def test_with_each_success_the_pace_approaches_the_user_s_limit_and_never_exceeds_it(clock: Clock) -> None:
    for rate, least in ((None, 0.0), (10.0, 0.1)):
        pace = made(clock, rate)
        pace.slow_down(0)
        for _ in range(200):
            pace.speed_up()
        pace.wait()
        clock.sleep(10)
        assert gaps(pace, clock, 1) == [least]


def test_a_user_s_limit_slower_than_ours_is_kept(clock: Clock) -> None:
    pace = made(clock, 0.1)
    pace.slow_down(0)
    assert gaps(pace, clock, 2) == [10, 10]


@pytest.mark.parametrize(("header", "seconds"), [("0", 0), (" 7 ", 7), ("120", 120), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)])
def test_a_requested_pause_is_read(header: str, seconds: float) -> None:
    assert asked_pause_s(header) == seconds


@pytest.mark.parametrize("header", ["9" * 5000, "Fri, 31 Dec 99999 23:59:59 GMT", "Fri, 31 Dec 2999 23:59:59 GMT"])
def test_a_pause_beyond_any_date_is_longer_than_anyone_waits(header: str) -> None:
    pause_s = asked_pause_s(header)
    assert pause_s is not None
    assert pause_s > MAX_RETRY_AFTER_S


@pytest.mark.parametrize("header", [None, "", "soon", "-5", "1e3", "nan", "inf", "1.5", "\u0663", "Fri, 31 Dec", "x" * 5000])
def test_an_unreadable_pause_is_none(header: str | None) -> None:
    assert asked_pause_s(header) is None


@given(
    st.text(max_size=40)
    | st.builds(
        "{}, {} {} {} {}:{}:{} {}".format,
        *(st.sampled_from(["Fri", "31", "Dec", "99999", "2026", "9" * 30, "-1", "00", "GMT", "+9999", ""]) for _ in range(8)),
    )
)
def test_any_header_is_a_pause_or_none(header: str) -> None:
    pause_s = asked_pause_s(header)
    assert pause_s is None or pause_s >= 0
