"""When a request may be sent: how long after a failure, and how many per second.

Retries follow urllib3's own `Retry`, which comes with requests.
"""

from __future__ import annotations

import datetime
import email.utils
import logging
import math
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from urllib3.util import Retry

log = logging.getLogger(__name__)

#: Statuses that mean "not now": the rate limit, and passing faults.
RETRIED_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})

#: Upper limit of the first backoff in seconds; it doubles with every failure, up to `MAX_BACKOFF_S`.
BACKOFF_S: Final = 0.5
MAX_BACKOFF_S: Final = 20.0

#: Least time in seconds to look for something that may exist although the API does not show it: work may be done late, and
#: lists lag behind. The variable is only for tests of the real CLI, which look hundreds of times and would take hours.
LOOK_FOR_S: Final = float(os.environ.get("VAPI_TEST_LOOK_FOR_S", "15"))

#: A server that asks for a longer pause than this, in seconds, doesn't get it: the user is told instead.
MAX_RETRY_AFTER_S: Final = 120.0


def backoff_s(failures: int) -> float:
    """Return how long to wait after a number of failures in a row.

    Args:
        failures: Number of failures, at least 1.

    Returns:
        Seconds, uniform between 0 and the backoff ("full jitter"), so that many clients do not come back together.
    """
    return random.uniform(0, min(MAX_BACKOFF_S, BACKOFF_S * 2 ** (failures - 1)))  # noqa: S311 - nothing secret


def asked_pause_s(retry_after: str | None) -> float | None:
    """Return how long a server asks to wait.

    Args:
        retry_after: The ``Retry-After`` header: seconds, or a date.

    Returns:
        Seconds, infinite if they are beyond any clock; None if the header is missing or unreadable.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:400])  # 400 digits are long past infinity
    try:
        parts = email.utils.parsedate_tz(text)
        return max(0.0, email.utils.mktime_tz(parts) - time.time()) if parts else None
    except OverflowError:
        return math.inf
    except (ValueError, TypeError, IndexError):
        # The parser accepts years that no calendar has.
        return math.inf if parts and parts[0] > datetime.MAXYEAR else None


def pauses_s(total_s: float) -> Iterator[float]:
    """Yield pauses between looks, in seconds, short ones first; together they last `total_s`."""
    pause_s = 0.5
    while total_s > 0:
        yield min(pause_s, total_s)
        total_s -= pause_s
        pause_s = min(5.0, 1.5 * pause_s)


class FullJitterRetry(Retry):
    """urllib3's `Retry` with our backoff."""

    def get_backoff_time(self) -> float:
        """Return the seconds to wait before the next attempt."""
        return backoff_s(len(self.history)) if self.history else 0.0


def retry_policy(max_retries: int) -> Retry:
    """Return the retry policy for a new request."""
    return FullJitterRetry(total=max_retries)


class Throttle:
    """Spaces the requests of the whole process, from any thread.

    Without a limit from the user, requests go out at once until the API answers 429. From then on they are spaced, twice as far
    apart after every further 429, and closer again while all goes well. So the threads find the organisation's rate together.

    Args:
        requests_per_second: The user's limit, or None.
        clock: Returns seconds of a monotonic clock.
        sleep: Waits for a number of seconds.
    """

    #: Spacing in seconds after the first 429, and the largest spacing.
    FIRST_INTERVAL_S: Final = 0.25
    MAX_INTERVAL_S: Final = 5.0

    def __init__(
        self,
        requests_per_second: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._least_interval = 1 / requests_per_second if requests_per_second else 0.0
        self._interval = self._least_interval
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next_at = 0.0
        self._paused_until = 0.0
        self._widened_at = -self.MAX_INTERVAL_S

    def wait(self, turns: int = 1) -> None:
        """Wait for this thread's turn.

        Args:
            turns: How many requests to leave room for; 0 if the request has a turn already and only waits when all must pause.
        """
        with self._lock:
            now = self._clock()
            turn = max(now, self._next_at if turns else self._paused_until)
            if turns:
                self._next_at = turn + self._interval * turns
        if turn > now:
            self._sleep(turn - now)

    def slow_down(self, pause_s: float) -> None:
        """React to a 429.

        Args:
            pause_s: Seconds in which no thread may send anything.
        """
        with self._lock:
            now = self._clock()
            self._paused_until = max(self._paused_until, now + pause_s)
            self._next_at = max(self._next_at, self._paused_until)
            # Threads whose requests were in flight together are refused together, for a single reason.
            if now - self._widened_at >= self._interval:
                wider = min(self.MAX_INTERVAL_S, max(self.FIRST_INTERVAL_S, self._interval * 2))
                self._interval = max(self._interval, wider)  # the user's own limit may space them wider still
                self._widened_at = now
                log.info("Vapi's rate limit is reached: requests go %.2f s apart for now", self._interval)

    def speed_up(self) -> None:
        """React to a request that was not refused."""
        with self._lock:
            self._interval = max(self._least_interval, self._interval * 0.97)
            if self._interval < 0.02:
                self._interval = self._least_interval
