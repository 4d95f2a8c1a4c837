"""Requests with a deadline: when it passes, the caller goes on, whatever the other end does."""

from __future__ import annotations

import contextlib
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final, Generic, TypeVar, cast

T = TypeVar("T")

#: Held while a request changes hands: before its first byte is sent, and when it is abandoned. Never while waiting.
_CHANGING: threading.Lock = threading.Lock()


#: When the current call runs out of time, by `time.monotonic`.
_CALL_ENDS_AT: Final[ContextVar[float]] = ContextVar("_CALL_ENDS_AT", default=math.inf)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Limit the time in which whatever is called inside may send, wait and retry.

    A read that settles what became of a change may take longer; otherwise nobody would know.

    Args:
        seconds: The limit; 0 for none.
    """
    before = _CALL_ENDS_AT.set(time.monotonic() + seconds if seconds > 0 else math.inf)
    try:
        yield
    finally:
        _CALL_ENDS_AT.reset(before)


def time_left_s() -> float:
    """Return the seconds that the current call has left; infinity if there is no limit."""
    return _CALL_ENDS_AT.get() - time.monotonic()


class DeadlineError(Exception):
    """A request ran out of time."""


class Exchange(threading.Thread, Generic[T]):
    """A request and its answer, in a thread of its own.

    The time-outs of a socket only limit the wait for the next byte. An answer that trickles in outlasts them all, and so do
    endless headers, a slow name server and a host with many addresses. So another thread watches the clock.

    Args:
        work: Sends the request over a connection of a class from `watched`, and reads the answer.

    Attributes:
        sent: Whether any part of the request may have been sent.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(daemon=True)  # must not keep the process alive
        self._work = work
        self._result: T | None = None
        self._error: BaseException | None = None
        self._given_up = False
        self._connection: Any = None
        self._socket: Any = None
        self.sent = False

    def run(self) -> None:
        """Do the work in this thread."""
        try:
            self._result = self._work()
        except BaseException as error:  # noqa: BLE001 - `wait` raises it in the caller's thread
            self._error = error

    def wait(self, seconds: float) -> T:
        """Do the work and wait for it.

        Args:
            seconds: Time limit.

        Returns:
            What the work returned; if it raised, that is raised.

        Raises:
            DeadlineError: Time ran out. If nothing has been sent by then, nothing will be.
        """
        self.start()
        try:
            self.join(seconds)
        except BaseException:  # Ctrl-C
            self._give_up()
            raise
        if self.is_alive():
            self._give_up()
            raise DeadlineError
        if self._error is not None:
            raise self._error
        return cast("T", self._result)

    def uses(self, connection: Any) -> None:
        """Record the connection that is being opened."""
        with _CHANGING:
            self._connection, connection.exchange = connection, self

    def begins_to_send(self, connection: Any) -> None:
        """Record that the request is about to be sent; refuse if it was abandoned."""
        with _CHANGING:
            if self._given_up:
                raise DeadlineError
            self._connection, connection.exchange = connection, self
            self._socket = connection.sock  # the connection drops it if the server closes after this answer
            self.sent = True

    def _give_up(self) -> None:
        with _CHANGING:
            self._given_up = True
            # Unless it already serves another request.
            if self._connection is not None and self._connection.exchange is self:
                _shut_down(self._socket or self._connection.sock)


def _shut_down(sock: Any) -> None:
    """Wake up any other thread that waits on a socket."""
    with contextlib.suppress(OSError, TypeError):  # it may be closed or not yet open
        # With TLS to a proxy the real socket is inside. SSLSocket's own shutdown is not safe from a second thread.
        socket.socket.shutdown(getattr(sock, "socket", sock), socket.SHUT_RDWR)


def watched(connection_class: type[Any]) -> type[Any]:
    """Derive a connection class that reports to the exchange of its thread.

    Args:
        connection_class: A connection class of urllib3's.
    """

    class Watched(connection_class):  # type: ignore[misc]
        exchange: Exchange[Any] | None = None

        def connect(self) -> None:
            _current().uses(self)
            super().connect()

        def request(self, *args: Any, **kwargs: Any) -> Any:
            if self.sock is None:
                self.connect()
            _current().begins_to_send(self)
            return super().request(*args, **kwargs)

    return Watched


def _current() -> Exchange[Any]:
    thread = threading.current_thread()
    assert isinstance(thread, Exchange)  # noqa: S101
    return thread
