"""Endless answers, over a real socket: each is given up at the deadline, and its thread and connection end with it."""

from __future__ import annotations

import gc
import itertools
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from pulumi_vapi_byo.api.client import Collection, VapiClient
from pulumi_vapi_byo.api.deadline import DeadlineError, Exchange
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.errors import TransportError
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER

CERTIFICATE = Path(__file__).with_name("data") / "this-machine.pem"

TIMEOUT_S = 0.3
#: Enough for a busy machine, and far less than a dripping answer takes.
LATEST_S = 5.0

ID = "d1e2f3a4-0000-4000-8000-000000000001"


def drip(text: bytes) -> Iterator[bytes]:
    return (bytes([byte]) for byte in itertools.cycle(text))


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

#: Name of an answer -> the pieces that are sent, one every few milliseconds; no answer ever ends.
ENDLESS: dict[str, Callable[[], Iterator[bytes]]] = {
    "nothing": lambda: iter(()),
    "a body, a byte at a time": lambda: itertools.chain([HEAD + b"Content-Length: 99999999\r\n\r\n"], drip(b" ")),
    "a body without length": lambda: itertools.chain([HEAD + b"Connection: close\r\n\r\n"], drip(b" ")),
    "a body in pieces": lambda: itertools.chain(
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n"], itertools.repeat(b"1\r\n \r\n")
    ),
    "a piece's length": lambda: itertools.chain([HEAD + b"Transfer-Encoding: chunked\r\n\r\n"], drip(b"0")),
    "a status line": lambda: itertools.chain([b"HTTP/1.1 200 "], drip(b"O")),
    "a header": lambda: itertools.chain([HEAD + b"X-A: "], drip(b"a")),
    "headers": lambda: itertools.chain([HEAD], drip(b"X-A: 1\r\n")),
    "100 Continue for ever": lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "100 Continue, a byte at a time": lambda: drip(b"HTTP/1.1 100 Continue\r\n\r\n"),
}


class Dripper:
    """Answers every connection with pieces until the other end is gone.

    Attributes:
        whole: How many requests of a connection get a whole answer first.
        blunt: Whether it answers before it has read anything.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.pieces: Callable[[], Iterator[bytes]] = lambda: iter(())
        self.whole = 0
        self.blunt = False
        self.received: list[bytes] = []
        self.left = threading.Semaphore(0)
        self._context = context
        self._closed = threading.Event()
        self._serving: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for thread in self._serving:
            thread.join(LATEST_S)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._serving.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            self._serving[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._context and not self.blunt:
                connection = self._context.wrap_socket(connection, server_side=True)
            for _ in range(self.whole):
                self.received.append(connection.recv(65536))
                connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n[]")
            if not self.blunt:
                self.received.append(connection.recv(65536))
            for piece in self.pieces():
                connection.sendall(piece)
                if self._closed.wait(0.005):
                    return
            connection.settimeout(10)
            while connection.recv(65536):
                pass
        except OSError:
            pass
        finally:
            connection.close()
            self.left.release()


@pytest.fixture
def dripper() -> Iterator[Dripper]:
    server = Dripper()
    yield server
    server.close()


@pytest.fixture
def clients() -> Iterator[Callable[[str], Collection]]:
    made: list[VapiClient] = []

    def make(base_url: str, timeout_s: float = TIMEOUT_S) -> Collection:
        made.append(VapiClient(Settings("canary-key-51c2", base_url, "us", timeout_s=timeout_s, max_retries=0)))
        return Collection(made[-1], PHONE_NUMBER)

    yield make
    for client in made:
        client._session.close()


def given_up(call: Callable[[], object]) -> TransportError:
    """Return the error of a call, which must come in time."""
    began = time.monotonic()
    with pytest.raises(TransportError) as raised:
        call()
    assert TIMEOUT_S * 0.9 <= time.monotonic() - began < LATEST_S
    return raised.value


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_answer_that_never_ends_is_given_up_in_time_with_its_connection(
    dripper: Dripper, clients: Callable[[str], Collection], kind: str
) -> None:
    dripper.pieces = ENDLESS[kind]
    url = f"http://127.0.0.1:{dripper.port}"
    error = given_up(lambda: clients(url).create({}))
    assert str(error) == f"{url} did not answer within 0.3 s (POST /phone-number); try again, or raise vapi-byo:timeout"
    assert (error.sent, error.timed_out, error.passing) == (True, True, True)
    assert dripper.left.acquire(timeout=LATEST_S)  # nobody reads any more


@pytest.mark.parametrize("kind", ["a body, a byte at a time", "headers"])
def test_so_is_an_answer_over_a_connection_that_was_kept(
    dripper: Dripper, clients: Callable[[str], Collection], kind: str
) -> None:
    dripper.pieces, dripper.whole = ENDLESS[kind], 1
    numbers = clients(f"http://127.0.0.1:{dripper.port}")
    assert numbers.list() == []
    assert given_up(lambda: numbers.update(ID, {})).timed_out
    assert len(dripper.received) == 2
    assert dripper.left.acquire(timeout=LATEST_S)


def test_many_endless_answers_are_all_given_up_at_once(dripper: Dripper, clients: Callable[[str], Collection]) -> None:
    dripper.pieces = ENDLESS["headers"]
    numbers = clients(f"http://127.0.0.1:{dripper.port}")
    errors: list[TransportError] = []
    threads = [
        threading.Thread(target=lambda call=call: errors.append(given_up(call)))
        for call in [
            lambda: numbers.create({}),
            lambda: numbers.get(ID),
            lambda: numbers.update(ID, {}),
            lambda: numbers.delete(ID),
            numbers.list,
        ]
        * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [error.timed_out for error in errors] == [True] * 10


def test_a_request_given_up_before_it_was_sent_is_never_sent(
    dripper: Dripper, clients: Callable[[str], Collection], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, asked = threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def slow(*args: Any, **kwargs: Any) -> Any:
        asked.set()
        found.wait(10)
        return look_up(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    url = f"http://127.0.0.1:{dripper.port}"
    error = given_up(lambda: clients(url).create({}))
    assert str(error) == (
        f"no connection to {url} within 0.3 s (POST /phone-number); check the network, or raise vapi-byo:timeout"
    )
    assert (error.sent, error.timed_out, error.passing) == (False, False, True)
    assert asked.is_set()
    found.set()
    assert dripper.left.acquire(timeout=LATEST_S)
    assert dripper.received == [b""]


def test_a_proxy_whose_answer_never_ends_leaves_no_doubt(
    dripper: Dripper, clients: Callable[[str], Collection], monkeypatch: pytest.MonkeyPatch
) -> None:
    dripper.pieces = ENDLESS["headers"]
    proxy = f"http://127.0.0.1:{dripper.port}"
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    error = given_up(lambda: clients("https://api.invalid").create({}))
    assert str(error) == (
        f"no connection to https://api.invalid through the proxy {proxy} within 0.3 s (POST /phone-number); "
        "check HTTPS_PROXY and the network, or raise vapi-byo:timeout"
    )
    assert not error.sent
    assert dripper.left.acquire(timeout=LATEST_S)


# ----------------------------------------------------------------------------------------------------------------- with TLS


@pytest.fixture
def secure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dripper]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    server = Dripper(context)
    yield server
    server.close()
    for thread in threading.enumerate():
        if isinstance(thread, Exchange):
            thread.join(LATEST_S)
    # If a socket is shut down between its connection and TLS, Python leaves it to the garbage collector.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.parametrize("kind", ENDLESS)
def test_tls_changes_nothing(secure: Dripper, clients: Callable[[str], Collection], kind: str) -> None:
    secure.pieces = ENDLESS[kind]
    error = given_up(lambda: clients(f"https://127.0.0.1:{secure.port}").create({}))
    assert (error.sent, error.timed_out) == (True, True)
    assert secure.left.acquire(timeout=LATEST_S)


def test_a_handshake_that_never_ends_leaves_no_doubt(secure: Dripper, clients: Callable[[str], Collection]) -> None:
    # A handshake record of the greatest length, sent a byte at a time.
    secure.pieces, secure.blunt = lambda: itertools.chain([b"\x16\x03\x03\x40\x00"], drip(b"\x02")), True
    error = given_up(lambda: clients(f"https://127.0.0.1:{secure.port}").create({}))
    assert (error.sent, error.timed_out) == (False, False)
    assert secure.left.acquire(timeout=LATEST_S)


# -------------------------------------------------------------------------------------------------------------- the exchange


def test_an_exception_of_the_work_is_raised_to_the_caller_that_waits() -> None:
    def fails() -> None:
        raise requests.RequestException("so")

    with pytest.raises(requests.RequestException, match="so"):
        Exchange(fails).wait(10)


def test_no_thread_keeps_the_process_from_ending() -> None:
    release = threading.Event()
    exchange = Exchange(lambda: release.wait(10))
    with pytest.raises(DeadlineError):
        exchange.wait(0)
    assert exchange.daemon
    release.set()
    exchange.join()
