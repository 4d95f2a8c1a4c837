"""The client against a real socket whose answers each test chooses."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pulumi_vapi_byo.api import client as client_module
from pulumi_vapi_byo.api.client import MAX_LIST, Collection, VapiClient
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.errors import ApiError, BadAnswerError, TransportError, VapiError
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER

from .samples import CREDENTIAL_ID, Wire

KEY = "canary-key-51c2"
ID = "d1e2f3a4-0000-4000-8000-000000000001"
NUMBER: Wire = {
    "provider": "byo-phone-number",
    "id": ID,
    "orgId": "d1e2f3a4-0000-4000-8000-000000000002",
    "createdAt": "2026-01-02T03:04:05.678Z",
    "updatedAt": "2026-01-02T03:04:05.678Z",
    "credentialId": CREDENTIAL_ID,
}


@dataclass
class Seen:
    """A request as it came over the wire; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Peer:
    """The other end: answers every request with the same bytes; None closes the connection."""

    port: int = 0
    answer: bytes | None = b""
    #: Answers wait until this is set, so a test can let a time-out pass without a sleeping server.
    release: threading.Event = field(default_factory=threading.Event)
    holds: bool = False
    closes: bool = False
    #: Sent first, without reading anything.
    blunt: bool = False
    requests: list[Seen] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def says(self, status: int, body: Any = None, *, text: str | None = None, headers: str = "") -> None:
        content = (json.dumps(body) if text is None else text).encode()
        kind = "application/json; charset=utf-8" if text is None else "text/html"
        head = f"HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n{headers}\r\n"
        self.answer = head.encode() + content


def _handler(peer: Peer) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            peer.connections += 1
            if peer.blunt:
                self.wfile.write(peer.answer or b"")
                return
            while line := self.rfile.readline():
                method, target, *_ = line.decode("latin-1").split(" ")
                headers = {}
                while (header := self.rfile.readline().decode("latin-1").strip()) != "":
                    name, _, value = header.partition(": ")
                    headers[name.lower()] = value
                body = self.rfile.read(int(headers.get("content-length", 0)))
                peer.requests.append(Seen(method, target, headers, body))
                if peer.answer:
                    self.wfile.write(peer.answer)
                if peer.holds:
                    peer.release.wait(10)
                if peer.answer is None or peer.closes or peer.holds:
                    return

    return Handler


class _Server(socketserver.ThreadingTCPServer):
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a test that breaks the connection means to."""


@pytest.fixture
def serve() -> Iterator[Callable[[], Peer]]:
    servers: list[tuple[_Server, threading.Thread, Peer]] = []

    def start() -> Peer:
        peer = Peer()
        server = _Server(("127.0.0.1", 0), _handler(peer))
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        peer.port = server.server_address[1]
        thread.start()
        servers.append((server, thread, peer))
        return peer

    yield start
    for server, thread, peer in servers:
        peer.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def peer(serve: Callable[[], Peer]) -> Peer:
    peer = serve()
    peer.says(200, NUMBER)
    return peer


@pytest.fixture
def clients() -> Iterator[Callable[..., Collection]]:
    made: list[VapiClient] = []

    def make(base_url: str, **settings: Any) -> Collection:
        client = VapiClient(Settings(KEY, base_url, "us", **{"timeout_s": 10, "max_retries": 0, **settings}))
        made.append(client)
        return Collection(client, PHONE_NUMBER)

    yield make
    for client in made:
        client._session.close()


@pytest.fixture
def client(peer: Peer, clients: Callable[..., Collection]) -> Collection:
    return clients(peer.url)


def failure(call: Callable[[], object]) -> VapiError:
    with pytest.raises(VapiError) as raised:
        call()
    assert KEY not in repr(raised.value) + str(raised.value)
    assert "\n" not in str(raised.value)
    return raised.value


def transport_failure(call: Callable[[], object]) -> TransportError:
    error = failure(call)
    assert isinstance(error, TransportError)
    return error


# ------------------------------------------------------------------------------------------------------- what is sent


def test_every_request_carries_the_key_and_says_who_asks(client: Collection, peer: Peer) -> None:
    client.get(ID)
    [request] = peer.requests
    assert (request.method, request.target, request.body) == ("GET", f"/phone-number/{ID}", b"")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"].startswith("pulumi-vapi-byo/")


def test_the_five_calls_go_where_the_documents_say(client: Collection, peer: Peer) -> None:
    client.create({"provider": "byo-phone-number", "name": "Zürich"})
    client.update(ID, {"name": None})
    client.delete(ID)
    peer.says(200, [NUMBER, {"provider": "twilio", "id": "t"}])
    assert client.list() == [NUMBER, {"provider": "twilio", "id": "t"}]
    client.list(1, created_at_le="2026-01-02T03:04:05.678Z")
    assert [(request.method, request.target) for request in peer.requests] == [
        ("POST", "/phone-number"),
        ("PATCH", f"/phone-number/{ID}"),
        ("DELETE", f"/phone-number/{ID}"),
        ("GET", f"/phone-number?limit={MAX_LIST}"),
        ("GET", "/phone-number?limit=1&createdAtLe=2026-01-02T03%3A04%3A05.678Z"),
    ]
    assert json.loads(peer.requests[0].body) == {"provider": "byo-phone-number", "name": "Zürich"}
    assert json.loads(peer.requests[1].body) == {"name": None}
    assert peer.requests[0].headers["content-type"] == "application/json"


NO_IDS = ["", ".", "..", "a/b", "../credential?x=1#y z", "a\nb", "a\n", "é", "%2e%2e", "x" * 129, "x" * 100_000]


@pytest.mark.parametrize("id_", NO_IDS)
def test_an_invalid_id_never_becomes_a_path(client: Collection, peer: Peer, id_: str) -> None:
    for call in (lambda: client.get(id_), lambda: client.update(id_, {}), lambda: client.delete(id_)):
        error = str(failure(call))
        assert error.endswith("is not a Vapi id: an id has only letters, digits, - and _, and at most 128 of them")
        assert error.startswith(repr(id_)[:50])
        assert len(error) < 200
    assert peer.requests == []


@pytest.mark.parametrize("id_", [*NO_IDS, None, 7, ["a"]])
def test_an_answer_with_an_invalid_id_is_a_bad_answer(client: Collection, peer: Peer, id_: Any) -> None:
    peer.says(200, {**NUMBER, "id": id_})
    for call in (lambda: client.create({}), lambda: client.get(ID), lambda: client.update(ID, {})):
        assert str(failure(call)).startswith("Vapi's answer has no usable id (")
    peer.says(200, [NUMBER, {**NUMBER, "id": id_}])
    for listing in (client.list, lambda: list(client.pages())):
        error = failure(listing)
        assert isinstance(error, BadAnswerError)
        assert str(error).startswith("Vapi's answer lists an entry with an unusable id, ")
        assert str(error).endswith(" (GET /phone-number)")
        assert len(str(error)) < 200


def test_a_path_in_the_address_is_kept(clients: Callable[..., Collection], peer: Peer) -> None:
    clients(peer.url + "/behind/proxy").get(ID)
    assert peer.requests[0].target == f"/behind/proxy/phone-number/{ID}"


def test_one_connection_serves_many_calls(client: Collection, peer: Peer) -> None:
    for _ in range(5):
        client.get(ID)
    assert (len(peer.requests), peer.connections) == (5, 1)


def test_threads_share_the_connections(client: Collection, peer: Peer) -> None:
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda _: client.get(ID), range(40)))
    assert all(number is not None and number.id == ID for number in numbers)
    assert len(peer.requests) == 40
    assert peer.connections <= 4


def test_cookies_are_not_kept(client: Collection, peer: Peer) -> None:
    peer.says(200, NUMBER, headers="Set-Cookie: session=1; Path=/\r\n")
    client.get(ID)
    client.get(ID)
    assert "cookie" not in peer.requests[1].headers


def test_a_password_file_does_not_replace_the_key(
    client: Collection, peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    client.get(ID)
    assert peer.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_used(
    clients: Callable[..., Collection], peer: Peer, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    peer.says(407, text="")
    monkeypatch.setenv(variable, peer.url)
    error = transport_failure(lambda: clients("https://api.invalid").create({}))
    assert str(error) == (
        f"the proxy {peer.url} on the way to https://api.invalid failed: Tunnel connection failed: 407 Whatever "
        f"(POST /phone-number); check {variable}, or name the host in NO_PROXY to go without a proxy"
    )
    assert not error.sent
    assert [(request.method, request.target) for request in peer.requests] == [("CONNECT", "api.invalid:443")]
    assert "authorization" not in peer.requests[0].headers


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost"])
@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "All_Proxy", "ALL_PROXY"])
def test_an_api_on_this_machine_is_reached_without_a_proxy(
    clients: Callable[..., Collection],
    peer: Peer,
    serve: Callable[[], Peer],
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    variable: str,
) -> None:
    proxy = serve()
    monkeypatch.setenv(variable, proxy.url)
    assert clients(f"http://{host}:{peer.port}").get(ID) is not None
    assert (len(peer.requests), proxy.requests, proxy.connections) == (1, [], 0)


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1:1", "https://localhost:1", "https://[::1]:1", "https://[::ffff:127.0.0.1]:1"]
)
def test_tls_to_this_machine_does_not_use_a_proxy_either(
    clients: Callable[..., Collection], peer: Peer, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", peer.url)
    assert not transport_failure(lambda: clients(address).get(ID)).sent
    assert peer.connections == 0


# ------------------------------------------------------------------------------------------------------------- absence


def test_a_404_of_the_api_means_absent(client: Collection, peer: Peer) -> None:
    peer.says(404, {"message": "Phone Number Not Found", "error": "Not Found", "statusCode": 404})
    assert client.get(ID) is None
    assert client.delete(ID) is False


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (404, None, "<html>404 Not Found</html>"),
        (404, None, ""),
        (404, {"message": "no Route matched with those values"}, None),
        (404, [], None),
        (404, "Not Found", None),
        (401, {"message": "Invalid Key", "error": "Unauthorized", "statusCode": 401}, None),
        (403, {"message": "Forbidden", "statusCode": 403}, None),
        (410, {"message": "Gone", "statusCode": 410}, None),
        (500, {"message": "Phone Number Not Found", "statusCode": 404}, None),
        (302, None, "<html>moved</html>"),
        (204, None, ""),
        (200, {}, None),
        (200, None, "<html>login</html>"),
    ],
)
def test_nothing_else_means_absent(client: Collection, peer: Peer, status: int, body: Any, text: str | None) -> None:
    peer.says(status, body, text=text)
    assert isinstance(failure(lambda: client.get(ID)), (ApiError, BadAnswerError))
    if status >= 300:
        assert isinstance(failure(lambda: client.delete(ID)), ApiError)


# ------------------------------------------------------------------------------------------------------------- refusals


def test_a_refusal_keeps_its_parts(client: Collection, peer: Peer) -> None:
    messages = ["name must be shorter than or equal to 40 characters", "squadId must be a UUID"]
    peer.says(400, {"message": messages, "error": "Bad Request", "statusCode": 400})
    error = failure(lambda: client.create({}))
    assert isinstance(error, ApiError)
    assert (error.status, error.method, error.path) == (400, "POST", "/phone-number")
    assert error.messages == tuple(messages)
    assert str(error) == f"Vapi answered 400: {'; '.join(messages)} (POST /phone-number); check squad_id"


@pytest.mark.parametrize(
    ("message", "messages"),
    [
        ("Bad", ("Bad",)),
        (["a", 1, None, {"b": 2}], ("a", "1", "(an object without a sentence)")),
        ([], ()),
        (None, ()),
        ({"a": 1}, ("(an object without a sentence)",)),
        ({"message": ["x", "y"], "value": "v"}, ("x", "y")),
        (
            [{"property": "name", "value": "v", "constraints": {"isString": "name must be a string"}}],
            ("name must be a string",),
        ),
        (
            {
                "property": "hooks",
                "value": "v",
                "children": [{"property": "0", "constraints": {"a": "is odd", "b": "is long"}}],
            },
            ("hooks.is odd", "hooks.is long"),
        ),
        (
            [{"property": "server", "target": {"s": "v"}, "constraints": [], "children": {}}],
            ("(an object without a sentence)",),
        ),
    ],
)
def test_the_api_s_message_may_have_any_shape(client: Collection, peer: Peer, message: Any, messages: tuple[str, ...]) -> None:
    peer.says(422, {"message": message})
    error = failure(lambda: client.create({}))
    assert isinstance(error, ApiError)
    assert error.messages == messages


@pytest.mark.parametrize(
    "message",
    [
        ["many"] * 100_000,
        json.loads("[" * 300 + '"deep"' + "]" * 300),
        json.loads('{"children": [' * 100 + '"deep"' + "]}" * 100),
        json.loads('{"message": [' * 100 + '"deep"' + "]}" * 100),
        {"property": "x" * 100_000, "children": [{"constraints": {"a": "y" * 100_000}}] * 50},
    ],
    ids=["many", "lists", "children", "messages", "long"],
)
def test_an_enormous_message_becomes_a_short_sentence(client: Collection, peer: Peer, message: Any) -> None:
    peer.says(400, {"message": message, "error": "Bad Request", "statusCode": 400})
    error = failure(lambda: client.create({}))
    assert isinstance(error, ApiError)
    assert len(error.messages) <= 20
    assert len(str(error)) < 700


def test_an_error_page_is_named_as_such_and_cut(client: Collection, peer: Peer) -> None:
    peer.says(400, text="<html>\n" + "x" * 1000)
    assert str(failure(lambda: client.create({}))) == (
        f"something between here and Vapi answered 400 with something other than Vapi's JSON, beginning '<html> {'x' * 50}...' "
        "(POST /phone-number); check vapi-byo:baseUrl and any proxy in between, then try again; "
        "this answer was ignored"
    )


def test_secrets_that_the_api_repeats_are_masked(client: Collection, peer: Peer) -> None:
    body = {
        "serverUrlSecret": "canary-one",
        "server": {"url": "https://example.com", "headers": {"x-vapi-secret": "canary-two"}},
        "hooks": [{"do": [{"destination": {"sipHeaders": {"x": "canary-three"}}}]}],
    }
    echo = f"odd: Bearer {KEY}, {json.dumps(body)}"
    for answer in ({"body": {"message": echo}}, {"text": echo[:50]}, {"text": "canary-one canary-two canary-three"}):
        peer.says(400, **answer)
        error = failure(lambda: client.update(ID, body))
        assert isinstance(error, ApiError)
        assert "canary" not in str(error) + repr(error.messages)
        assert "[secret]" in str(error)


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_not_followed(client: Collection, peer: Peer, serve: Callable[[], Peer], status: int) -> None:
    elsewhere = serve()
    elsewhere.says(200, NUMBER)
    peer.says(status, text="", headers=f"Location: {elsewhere.url}/phone-number/{ID}\r\n")
    said = f"something between here and Vapi answered {status} with something other than Vapi's JSON"
    assert str(failure(lambda: client.get(ID))).startswith(f"{said} (GET /phone-number/{ID}); check vapi-byo:baseUrl")
    assert str(failure(lambda: client.create({"number": "+14155552671"}))).startswith(f"{said} (POST /phone-number); ")
    assert elsewhere.requests == []


# ---------------------------------------------------------------------------------------------------------- bad answers

OTHER_ID = "d1e2f3a4-0000-4000-8000-00000000000f"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ([], "is not an object"),
        ({}, "has no usable provider"),
        ({**NUMBER, "provider": "twilio"}, "is of provider 'twilio', not 'byo-phone-number'"),
        ({**NUMBER, "orgId": ""}, "has no usable orgId (letters, digits, - and _, at most 128 of them)"),
        ({**NUMBER, "id": OTHER_ID}, f"is about another id, {OTHER_ID}"),
        (None, "to a successful request (200) is not JSON, beginning 'null'"),
    ],
)
def test_an_answer_that_is_not_the_number_is_refused(client: Collection, peer: Peer, body: Any, reason: str) -> None:
    peer.says(200, body)
    for method, call in (
        ("GET", lambda: client.get(ID)),
        ("PATCH", lambda: client.update(ID, {"name": "x"})),
    ):
        error = failure(call)
        assert isinstance(error, BadAnswerError)
        assert str(error) == f"Vapi's answer {reason} ({method} /phone-number/{ID})"


@pytest.mark.parametrize("body", [{}, [1], [NUMBER, None], "x"])
def test_an_answer_that_is_not_a_list_is_refused(client: Collection, peer: Peer, body: Any) -> None:
    peer.says(200, body)
    assert str(failure(client.list)) == "Vapi's answer is not a list of objects (GET /phone-number)"


@pytest.mark.parametrize("text", ["", "not json", '{"id": ', "[" * 200_000, "\ud83d".encode("utf-8", "replace").decode()])
def test_a_success_that_is_not_json_is_refused(client: Collection, peer: Peer, text: str) -> None:
    peer.says(201, text=text)
    error = failure(lambda: client.create({}))
    assert isinstance(error, BadAnswerError)
    assert str(error).startswith("Vapi's answer to a successful request (201) is not JSON, beginning '")


def test_an_answer_without_end_is_cut_off(client: Collection, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_BODY_BYTES", 1 << 20)
    peer.says(200, {**NUMBER, "name": "x" * (2 << 20)})
    assert str(failure(lambda: client.get(ID))) == (f"Vapi's answer is larger than 1 MiB (GET /phone-number/{ID})")


def test_letters_of_any_script_survive(client: Collection, peer: Peer) -> None:
    peer.says(200, text=json.dumps({**NUMBER, "name": "Zürich 東京 🎉"}, ensure_ascii=False))  # without a charset
    number = client.get(ID)
    assert number is not None
    assert number.name == "Zürich 東京 🎉"


# ------------------------------------------------------------------------------------------------------- no answer at all


@pytest.fixture
def closed_port(serve: Callable[[], Peer]) -> Iterator[int]:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler, bind_and_activate=False) as server:
        server.server_bind()  # reserves the port, but nobody listens on it
        yield server.server_address[1]


def test_a_refused_connection_was_not_sent(clients: Callable[..., Collection], closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}"
    error = transport_failure(lambda: clients(url).create({}))
    assert str(error) == (
        f"no connection to {url}: refused, or no route (POST /phone-number); check vapi-byo:baseUrl and the network"
    )
    assert (error.sent, error.passing) == (False, True)


def test_a_request_without_an_answer_in_time_may_have_been_sent(clients: Callable[..., Collection], peer: Peer) -> None:
    peer.answer, peer.holds = b"", True
    error = transport_failure(lambda: clients(peer.url, timeout_s=0.1).create({}))
    assert str(error) == (f"{peer.url} did not answer within 0.1 s (POST /phone-number); try again, or raise vapi-byo:timeout")
    assert (error.sent, error.passing) == (True, True)


def test_a_request_whose_answer_stalls_may_have_been_sent(clients: Callable[..., Collection], peer: Peer) -> None:
    peer.answer, peer.holds = b'HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{"id":', True
    error = transport_failure(lambda: clients(peer.url, timeout_s=0.1).create({}))
    assert error.sent


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x16\x03\x01\r\n\r\n",
    ],
    ids=["nothing", "half a body", "half a chunk", "no chunk", "another protocol", "bytes"],
)
def test_a_request_with_a_broken_answer_may_have_been_sent(client: Collection, peer: Peer, answer: bytes | None) -> None:
    peer.answer, peer.closes = answer, True
    error = transport_failure(lambda: client.create({}))
    assert str(error) == (f"{peer.url} closed the connection before its answer was complete (POST /phone-number); try again")
    assert error.sent


def test_tls_that_breaks_before_the_request_leaves_no_doubt(clients: Callable[..., Collection], peer: Peer) -> None:
    url = peer.url.replace("http:", "https:")
    peer.answer, peer.blunt = b"HTTP/1.1 400 Bad Request\r\n\r\n", True
    error = transport_failure(lambda: clients(url).create({}))
    assert str(error).startswith(f"no trusted TLS connection to {url}: ")
    assert str(error).endswith(
        "(POST /phone-number); check the address, and REQUESTS_CA_BUNDLE where a proxy has certificates of its own"
    )
    assert (error.sent, error.passing) == (False, True)


@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        ("http://127.0.0.1:{closed_port}", "it cannot be connected to"),
        ("http://user:canary-pass@127.0.0.1:{closed_port}", "it cannot be connected to"),
        ("127.0.0.1:{closed_port}", "it cannot be connected to"),
        ("http://nowhere.invalid:3128", "its name cannot be resolved"),
    ],
)
def test_a_proxy_that_fails_is_named(
    clients: Callable[..., Collection], closed_port: int, monkeypatch: pytest.MonkeyPatch, proxy: str, why: str
) -> None:
    address = proxy.format(closed_port=closed_port)
    monkeypatch.setenv("https_proxy", address)
    error = transport_failure(lambda: clients("https://api.invalid").create({}))
    shown = address.replace("user:canary-pass", "[secret]")
    shown = shown if "://" in shown else f"http://{shown}"
    assert str(error) == (
        f"the proxy {shown} on the way to https://api.invalid failed: {why} (POST /phone-number); "
        "check https_proxy, or name the host in NO_PROXY to go without a proxy"
    )
    assert not error.sent


def test_an_impossible_address_is_refused(clients: Callable[..., Collection]) -> None:
    error = transport_failure(lambda: clients("https://exa mple.invalid").get(ID))
    assert str(error) in (
        f"the request to https://exa mple.invalid failed (InvalidURL) (GET /phone-number/{ID}); check the network, then try again",
        # The oldest urllib3 looks up the host's name.
        f"the name of https://exa mple.invalid cannot be resolved (GET /phone-number/{ID}); check vapi-byo:baseUrl and the network",
    )


# -------------------------------------------------------------------------------------------------------------- retries

BUSY: Wire = {"message": "Too Many Requests", "error": "Too Many Requests", "statusCode": 429}


@pytest.fixture
def patient(peer: Peer) -> Iterator[tuple[Collection, list[float]]]:
    """Create a client that tries three times, and records its pauses instead of waiting."""
    pauses: list[float] = []
    client = VapiClient(Settings(KEY, peer.url, "us", timeout_s=10, max_retries=2), sleep=pauses.append)
    yield Collection(client, PHONE_NUMBER), pauses
    client._session.close()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 524])
def test_a_read_is_retried_while_the_api_is_unavailable(
    patient: tuple[Collection, list[float]], peer: Peer, status: int
) -> None:
    peer.says(status, {**BUSY, "statusCode": status})
    error = failure(lambda: patient[0].get(ID))
    assert isinstance(error, ApiError)
    assert (error.tries, len(peer.requests)) == (3, 3)
    assert ", tried 3 times" in str(error)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501])
def test_a_refusal_is_final(patient: tuple[Collection, list[float]], peer: Peer, status: int) -> None:
    peer.says(status, {**BUSY, "statusCode": status})
    patient[0].delete(ID) if status == 404 else failure(lambda: patient[0].delete(ID))
    assert len(peer.requests) == 1


def test_a_post_is_sent_again_only_if_the_api_did_nothing(patient: tuple[Collection, list[float]], peer: Peer) -> None:
    for status, sent in ((429, 3), (408, 1), (425, 1), (500, 1), (503, 1)):
        peer.requests.clear()
        peer.says(status, {**BUSY, "statusCode": status})
        failure(lambda: patient[0].create({}))
        assert len(peer.requests) == sent
    patient[0].client._session.close()  # a new connection, so that the request arrives
    peer.requests.clear()
    peer.answer = None
    assert transport_failure(lambda: patient[0].create({})).sent
    assert len(peer.requests) == 1


def test_a_pause_that_the_api_asks_for_is_respected(patient: tuple[Collection, list[float]], peer: Peer) -> None:
    peer.says(503, BUSY, headers="Retry-After: 7\r\n")
    failure(lambda: patient[0].get(ID))
    assert patient[1] == [7.0, 7.0]


@pytest.mark.parametrize(
    "header",
    [
        "Retry-After: 121",
        "Retry-After: Fri, 31 Dec 2999 23:59:59 GMT",
        "Retry-After: Fri, 31 Dec 99999 23:59:59 GMT",
        f"Retry-After: {'9' * 5000}",
    ],
    ids=["a minute too long", "2999", "99999", "digits"],
)
def test_a_pause_that_is_too_long_is_left_to_the_user(patient: tuple[Collection, list[float]], peer: Peer, header: str) -> None:
    peer.says(429, BUSY, headers=f"{header}\r\n")
    failure(lambda: patient[0].get(ID))
    assert (len(peer.requests), patient[1]) == (1, [])


@pytest.mark.parametrize("header", ["soon", "-5", "1e3", "nan", "inf", "3.5", "Fri, 31 Dec", "1, 2", "x" * 5000, ""])
def test_for_an_invalid_pause_we_choose_our_own(patient: tuple[Collection, list[float]], peer: Peer, header: str) -> None:
    peer.says(503, BUSY, headers=f"Retry-After: {header}\r\n")
    failure(lambda: patient[0].get(ID))
    assert len(peer.requests) == 3
    assert all(0 <= pause <= 2 for pause in patient[1])


def test_a_secret_of_another_request_is_masked_too(client: Collection, peer: Peer) -> None:
    client.client.never_show(["canary-secret"])
    peer.says(500, text="oops canary-secret " + "x" * 100)
    assert "canary" not in str(failure(lambda: client.get(ID)))
    peer.says(400, {"message": ["name canary-secret is odd"], "error": "Bad Request", "statusCode": 400})
    assert "name [secret] is odd" in str(failure(lambda: client.delete(ID)))


@pytest.mark.parametrize(
    "odd",
    [
        {"server": {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "text": "x"}},
        {"name": "\ud800"},
        {"name": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"},
        {"server": {"timeoutSeconds": float("nan")}},
        {"server": {"timeoutSeconds": 10**400}},
        {"hooks": [json.loads('{"a": ' * 200 + "1" + "}" * 200)]},
    ],
)
def test_an_answer_that_a_state_cannot_hold_is_refused(client: Collection, peer: Peer, odd: Wire) -> None:
    peer.says(200, {**NUMBER, **odd})
    (field,) = odd
    assert str(failure(lambda: client.get(ID))) == (
        f"Vapi's answer has a value in {field} that no state can hold (GET /phone-number/{ID})"
    )


@pytest.mark.parametrize("location", ["http://[/", "//\xff\xfe", "http://127.0.0.1:1/elsewhere"])
def test_a_redirect_is_an_ordinary_answer_whatever_its_location(client: Collection, peer: Peer, location: str) -> None:
    peer.answer = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
    error = failure(lambda: client.create({}))
    assert isinstance(error, ApiError)
    assert (error.status, error.from_api, len(peer.requests)) == (302, False, 1)
