"""When a request may be sent: how long after a failure, and how many a second.

The rules of retrying are urllib3's own `Retry`, which requests brings along.
"""

from __future__ import annotations

import datetime
import email.utils
import logging
import math
import random
import threading
import time
from collections.abc import Callable
from typing import Final

from urllib3.util import Retry

log = logging.getLogger(__name__)

#: Statuses that say "not now": the rate limit, and faults that pass.
RETRIED_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})

#: Seconds of the first backoff at most; it doubles with every failure, up to `MAX_BACKOFF_S`.
BACKOFF_S: Final = 0.5
MAX_BACKOFF_S: Final = 20.0

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


class FullJitterRetry(Retry):
    """urllib3's `Retry` with our backoff."""

    def get_backoff_time(self) -> float:
        """Return the seconds to wait before the next try."""
        return backoff_s(len(self.history)) if self.history else 0.0


def retry_policy(max_retries: int) -> Retry:
    """Return the policy of one request that has not been tried yet."""
    return FullJitterRetry(total=max_retries)


class Pace:
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
        self._widened_at = -self.MAX_INTERVAL_S

    def wait(self) -> None:
        """Wait for this thread's turn."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next_at)
            self._next_at = turn + self._interval
        if turn > now:
            self._sleep(turn - now)

    def slow_down(self, pause_s: float) -> None:
        """Take note of a 429.

        Args:
            pause_s: Seconds in which no thread should send anything.
        """
        with self._lock:
            now = self._clock()
            self._next_at = max(self._next_at, now + pause_s)
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
