"""Requests within their time: at the deadline whoever waits for one goes on, whatever the other end does."""

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

#: Held while a request changes hands: before a byte of it is sent, and when it is given up. Never while waiting.
_CHANGING: threading.Lock = threading.Lock()


#: When the time of the call under way is over, by `time.monotonic`.
_CALL_ENDS_AT: Final[ContextVar[float]] = ContextVar("_CALL_ENDS_AT", default=math.inf)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Let what is called inside send, wait and try again only for some time.

    A look that settles what became of a change may take longer: without it nobody would know.

    Args:
        seconds: How long; 0 for as long as it takes.
    """
    before = _CALL_ENDS_AT.set(time.monotonic() + seconds if seconds > 0 else math.inf)
    try:
        yield
    finally:
        _CALL_ENDS_AT.reset(before)


def time_left_s() -> float:
    """Return the seconds that the call under way still has, infinitely many where nothing limits it."""
    return _CALL_ENDS_AT.get() - time.monotonic()


class DeadlineError(Exception):
    """The time of a request is over."""


class Exchange(threading.Thread, Generic[T]):
    """A request and its answer, in a thread of their own.

    Time-outs of a socket end a wait for the next byte: an answer that dribbles outlives them all, and so do endless headers, a
    slow name server and a host with many addresses. So somebody else keeps the time.

    Args:
        work: Sends the request over a connection of a class that `watched` returned, and reads the answer.

    Attributes:
        sent: Whether any of the request may have been sent.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(daemon=True)  # the end of the process does not wait for it
        self._work = work
        self._result: T | None = None
        self._error: BaseException | None = None
        self._given_up = False
        self._connection: Any = None
        self._socket: Any = None
        self.sent = False

    def run(self) -> None:
        """Do the work, in the thread."""
        try:
            self._result = self._work()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to whoever waits
            self._error = error

    def wait(self, seconds: float) -> T:
        """Do the work and wait for it.

        Args:
            seconds: How long.

        Returns:
            What the work returned; what it raised is raised.

        Raises:
            DeadlineError: The time is over. If nothing was sent until now, nothing will be.
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
        """Take note of the connection that is being opened."""
        with _CHANGING:
            self._connection, connection.exchange = connection, self

    def begins_to_send(self, connection: Any) -> None:
        """Take note that the request is about to be sent; refuse if it was given up."""
        with _CHANGING:
            if self._given_up:
                raise DeadlineError
            self._connection, connection.exchange = connection, self
            self._socket = connection.sock  # the connection forgets it where the answer is the last
            self.sent = True

    def _give_up(self) -> None:
        with _CHANGING:
            self._given_up = True
            # Not if it serves another request by now.
            if self._connection is not None and self._connection.exchange is self:
                _shut_down(self._socket or self._connection.sock)


def _shut_down(sock: Any) -> None:
    """End whatever waits for a socket in another thread."""
    with contextlib.suppress(OSError, TypeError):  # it may be closed, or not there yet
        # Inside TLS to a proxy the real one is below; and not SSLSocket's own, which is not meant for two threads.
        socket.socket.shutdown(getattr(sock, "socket", sock), socket.SHUT_RDWR)


def watched(connection_class: type[Any]) -> type[Any]:
    """Derive a connection that tells the exchange of its thread what it does.

    Args:
        connection_class: A class of urllib3's connections.
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
