"""When a request may be sent: how long after a failure, and how many a second.

The rules of retrying are urllib3's own `Retry`, which requests brings along.
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

#: Statuses that say "not now": the rate limit, and faults that pass.
RETRIED_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})

#: Seconds of the first backoff at most; it doubles with every failure, up to `MAX_BACKOFF_S`.
BACKOFF_S: Final = 0.5
MAX_BACKOFF_S: Final = 20.0

#: Seconds for which a thing is looked for, at least, that may be there although the API does not show it: its work may be done
#: late, and its lists lag behind. Tests of the real CLI look hundreds of times and would take hours; the variable is for them.
LOOK_FOR_S: Final = float(os.environ.get("VAPI_TEST_LOOK_FOR_S", "15"))

#: A server that asks for a longer pause than this, in seconds, gets none: the user hears of it instead.
MAX_RETRY_AFTER_S: Final = 120.0


def backoff_s(failures: int) -> float:
    """Choose how long to wait after some failures in a row.

    Args:
        failures: How many there were, at least 1.

    Returns:
        Seconds, uniform between nothing and the backoff ("full jitter"), so that many clients do not come back together.
    """
    return random.uniform(0, min(MAX_BACKOFF_S, BACKOFF_S * 2 ** (failures - 1)))  # noqa: S311 - nothing secret


def asked_pause_s(retry_after: str | None) -> float | None:
    """Read how long a server asks to wait.

    Args:
        retry_after: The header of that name: seconds, or a date.

    Returns:
        Seconds, infinitely many where it is more than any clock can tell; None where it cannot be read.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:400])  # infinite long before that
    try:
        parts = email.utils.parsedate_tz(text)
        return max(0.0, email.utils.mktime_tz(parts) - time.time()) if parts else None
    except OverflowError:
        return math.inf
    except (ValueError, TypeError, IndexError):
        # A year beyond those of a calendar, which the parser lets through.
        return math.inf if parts and parts[0] > datetime.MAXYEAR else None


def pauses_s(total_s: float) -> Iterator[float]:
    """Yield pauses in seconds between looks, short ones first, then longer, that take a time altogether."""
    pause_s = 0.5
    while total_s > 0:
        yield min(pause_s, total_s)
        total_s -= pause_s
        pause_s = min(5.0, 1.5 * pause_s)


class FullJitterRetry(Retry):
    """urllib3's `Retry` with our backoff."""

    def get_backoff_time(self) -> float:
        """Return the seconds to wait before the next try."""
        return backoff_s(len(self.history)) if self.history else 0.0


def retry_policy(max_retries: int) -> Retry:
    """Return the policy of one request that has not been tried yet."""
    return FullJitterRetry(total=max_retries)


class Throttle:
    """Spaces the requests of a whole process, whatever thread they come from.

    Without a limit of the user's, requests go at once until the API says 429. From then on they are spaced, twice as far after
    every further 429, and closer again while all goes well; so many threads find the rate that an organisation has.

    Args:
        requests_per_second: The user's limit; None for none.
        clock: Seconds that only grow.
        sleep: Waits for some seconds.
    """

    #: Spacing in seconds after the first 429, and the widest.
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
            turns: How many requests to leave room for; 0 for one that has its room, and waits only where all do.
        """
        with self._lock:
            now = self._clock()
            turn = max(now, self._next_at if turns else self._paused_until)
            if turns:
                self._next_at = turn + self._interval * turns
        if turn > now:
            self._sleep(turn - now)

    def slow_down(self, pause_s: float) -> None:
        """Take note of a 429.

        Args:
            pause_s: Seconds in which no thread should send anything.
        """
        with self._lock:
            now = self._clock()
            self._paused_until = max(self._paused_until, now + pause_s)
            self._next_at = max(self._next_at, self._paused_until)
            # The threads that were under way together are refused together, for one and the same reason.
            if now - self._widened_at >= self._interval:
                wider = min(self.MAX_INTERVAL_S, max(self.FIRST_INTERVAL_S, self._interval * 2))
                self._interval = max(self._interval, wider)  # the user's own limit may be wider still
                self._widened_at = now
                log.info("Vapi's rate limit is reached: requests go %.2f s apart for now", self._interval)

    def speed_up(self) -> None:
        """Take note of a request that was not refused."""
        with self._lock:
            self._interval = max(self._least_interval, self._interval * 0.97)
            if self._interval < 0.02:
                self._interval = self._least_interval
