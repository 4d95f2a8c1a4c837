"""The emulator as a server: routes, request log, control paths, and the context manager that runs it in a thread."""

from __future__ import annotations

import asyncio
import copy
import functools
import json
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from types import TracebackType
from typing import Any, cast

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from pulumi_vapi_byo.emulator.answers import dressed
from pulumi_vapi_byo.emulator.faults import Chance, Fault, FaultQueue, answer_with
from pulumi_vapi_byo.emulator.rules import Era, Refusal, Rules
from pulumi_vapi_byo.emulator.schema import Document, Wire
from pulumi_vapi_byo.emulator.store import EmulatorError, Store

DEFAULT_API_KEY = "emulator-key"
CONTROL = "/__emulator__"

_LOG_SIZE = 100_000
_MAX_BODY_BYTES = 1024 * 1024

#: Rules that, unless they refuse, let an object hold properties that the document lacks.
_BEYOND_THE_DOCUMENT = {"unknown-property", "unknown-nested-property"}

_logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class RecordedRequest:
    """A request to the API as it came in, without its key.

    Attributes:
        method: HTTP method.
        path: Path without the query.
        query: Query parameters, decoded.
        body: The parsed JSON body; None if there is no body or it isn't JSON.
        headers: Headers without ``Authorization``; lookup ignores case.
        authorized: Whether the key was right.
        fault: Kind of the fault the request met, if any.
        status: HTTP status of the answer; None until there is one, or if none was ever sent.
    """

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: CIMultiDictProxy[str]
    authorized: bool
    fault: str | None = None
    status: int | None = None

    def wire(self) -> Wire:
        """Return the request as JSON values."""
        return {**{name: value for name, value in vars(self).items() if name != "headers"}, "headers": dict(self.headers)}


class _Log:
    """The latest requests, in order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[list[RecordedRequest]] = deque(maxlen=_LOG_SIZE)

    def add(self, request: RecordedRequest) -> Callable[..., None]:
        """Append a request, and return a function that fills in what becomes known later."""
        entry = [request]
        with self._lock:
            self._entries.append(entry)

        def amend(**fields: Any) -> None:
            entry[0] = replace(entry[0], **fields)

        return amend

    def snapshot(self) -> list[RecordedRequest]:
        with self._lock:
            return [entry[0] for entry in self._entries]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


class Emulator:
    """A local Vapi for BYO phone numbers and SIP trunk credentials, in a thread of its own.

    Use it as a context manager, once::

        with Emulator(api_key="test-key") as vapi:
            client = Client(vapi.base_url, "test-key")

    Args:
        api_key: The key that requests must carry.
        era: The API to emulate: ``"current"``, ``"2024"``, or ``"both"``: today's API that also accepts ``serverUrl``.
        db: SQLite file that keeps the state; with None it is lost at the end.
        latency_s: Least duration of an API answer in seconds; requests don't wait for each other.
        rate_limit: Most requests in any one second; more are answered 429 and have no effect. None for no limit.
        retry_after: Value of the ``Retry-After`` header of these 429s; None leaves it out.
        seed: Makes ids and times reproducible.
        host: Address to listen on.
        port: Port to listen on; 0 for a free one.
        rules: Answers to use instead of the defaults, e.g. ``{"duplicate-number": "accepted"}``; the docs list the rules.

    Raises:
        EmulatorError: On entering: the address or the file cannot be used.
        ValueError: There is no such rule or answer, or the era's document decides.
    """

    def __init__(
        self,
        *,
        api_key: str = DEFAULT_API_KEY,
        era: Era = "both",
        db: str | None = None,
        latency_s: float = 0.0,
        rate_limit: int | None = None,
        retry_after: str | int | None = None,
        seed: int | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        rules: Mapping[str, str] | None = None,
    ) -> None:
        self.latency_s = latency_s
        self.rate_limit = rate_limit
        self.retry_after = retry_after
        self._taken: deque[float] = deque()  # arrival times within the last second, without requests over the limit
        self._api_key = api_key
        self._host, self._port = host, port
        self._rules = Rules(era, rules)
        self._document = Document(era, self._rules)
        self._new_store = functools.partial(Store, self._document, self._rules, seed=seed, db=db)
        self._faults = FaultQueue()
        self._log = _Log()
        self._busy: set[asyncio.BaseTransport | None] = set()

    # --- life ---

    def __enter__(self) -> Emulator:
        self._store = self._new_store()
        try:
            self._start()
        except (OSError, OverflowError) as error:
            self._store.close()
            reason = getattr(error, "strerror", None) or error
            raise EmulatorError(f"cannot listen on {self._host} port {self._port}: {reason}") from None
        except BaseException:
            self._store.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._store.close()

    def _start(self) -> None:
        self._socket = _bound(self._host, self._port)
        self._port = self._socket.getsockname()[1]
        started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), name="vapi-emulator", daemon=True)
        self._thread.start()
        try:
            started.result()
        except BaseException:
            self._thread.join()
            self._socket.close()
            raise

    def _run(self, started: Future[None]) -> None:
        try:
            asyncio.run(self._serve(started))
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits for the start
            started.set_exception(error)

    async def _serve(self, started: Future[None]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._reopening: asyncio.TimerHandle | None = None
        self._listening = False
        self._listener: asyncio.Server | None = None
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        assert runner.server is not None  # noqa: S101 - set by setup()
        self._web = runner.server
        try:
            await self._listen()
            started.set_result(None)
            await self._stop.wait()
        finally:
            self._cancel_reopening()
            if self._listener is not None:
                self._listener.close()
            self._socket.close()
            await runner.cleanup()

    async def _listen(self) -> None:
        if not self._listening:
            self._listening = True
            self._listener = await self._loop.create_server(self._web, sock=self._socket, backlog=512)

    @property
    def base_url(self) -> str:
        """The address it listens on, e.g. ``http://127.0.0.1:41234``."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    # --- what happened, what is ---

    @property
    def requests(self) -> list[RecordedRequest]:
        """The API requests so far (the last 100,000), in order of arrival."""
        return self._log.snapshot()

    def clear_requests(self) -> None:
        """Empty the request log."""
        self._log.clear()

    def numbers(self) -> list[Wire]:
        """Return every phone number, newest first."""
        return copy.deepcopy(self._store.list_phone_numbers())

    def credentials(self) -> list[Wire]:
        """Return every credential, newest first."""
        return copy.deepcopy(self._store.list_credentials())

    def number(self, identifier: str) -> Wire | None:
        """Return a phone number, or None if the id is unknown."""
        try:
            return copy.deepcopy(self._store.get_phone_number(identifier))
        except Refusal:
            return None

    # --- what others do, as in the dashboard: not in the request log ---

    def add_number(self, **wire_fields: Any) -> Wire:
        """Register a number under the rules of POST; ``provider`` and ``credentialId`` have defaults.

        Raises:
            Refusal: The API would refuse it.
        """
        defaults = {"provider": "byo-phone-number", "credentialId": "00000000-0000-4000-8000-000000000000"}
        return copy.deepcopy(self._store.create_phone_number(defaults | wire_fields))

    def edit_number(self, identifier: str, **wire_fields: Any) -> Wire:
        """Change a number under the rules of PATCH.

        Raises:
            Refusal: The API would refuse it.
        """
        return copy.deepcopy(self._store.update_phone_number(identifier, wire_fields))

    def delete_number(self, identifier: str) -> None:
        """Delete a number.

        Raises:
            Refusal: 404.
        """
        self._store.delete_phone_number(identifier)

    def set_status(self, identifier: str, status: str) -> None:
        """Change a number's status, as only the service can.

        Raises:
            Refusal: 404.
            ValueError: There is no such status.
        """
        self._store.set_status(identifier, status)

    def add_credential(self, **wire_fields: Any) -> Wire:
        """Create a SIP trunk credential under the rules of POST; ``provider`` and ``gateways`` have defaults.

        Raises:
            Refusal: The API would refuse it.
        """
        defaults = {"provider": "byo-sip-trunk", "gateways": [{"ip": "192.0.2.1"}]}
        return copy.deepcopy(self._store.create_credential(defaults | wire_fields))

    def reset(self) -> None:
        """Forget every number, credential, fault and logged request."""
        self._store.reset()
        self.clear_faults()
        self._log.clear()

    # --- faults ---

    @property
    def faults_injected(self) -> int:
        """How many faults have occurred."""
        return sum(self._faults.injected.values())

    def inject(self, fault: Fault) -> None:
        """Append a fault to the queue; a ``refuse`` takes effect at once."""
        self._in_loop(self._inject, fault)

    def inject_by_chance(self, probability: float, seed: int, *, delay_s: float = 1.0) -> None:
        """Give each request a random fault with some probability, until the faults are cleared.

        Args:
            probability: 0 to 1.
            seed: Makes the sequence of faults reproducible.
            delay_s: Delay of slow answers in seconds.
        """
        self._faults.leave_to(Chance(probability, seed, delay_s, location=self.base_url + "/elsewhere"))

    def clear_faults(self) -> None:
        """Drop all pending faults, and listen again if a ``refuse`` is in effect."""
        self._in_loop(self._clear_faults)

    def _in_loop(self, function: Callable[..., Awaitable[None]], *arguments: object) -> None:
        async def call() -> None:
            await function(*arguments)

        asyncio.run_coroutine_threadsafe(call(), self._loop).result()

    async def _inject(self, fault: Fault) -> None:
        if fault.kind != "refuse":
            self._faults.add(fault)
            return
        self._faults.count_refusal()
        if self._listener is not None and self._listening:
            self._listening = False
            self._listener.close()
            # A socket that is bound but doesn't listen refuses connections, and keeps others from taking the port.
            self._socket = _bound(self._host, self._port)
        self._cancel_reopening()
        if fault.duration_s is not None:
            self._reopening = self._loop.call_later(fault.duration_s, lambda: self._loop.create_task(self._listen()))
        # On a connection that stays open, a client's next request would bypass the fault. Busy ones are closed once answered.
        for connection in self._web.connections:
            if connection.transport is not None and connection.transport not in self._busy:
                connection.transport.abort()

    async def _clear_faults(self) -> None:
        self._faults.clear()
        self._cancel_reopening()
        await self._listen()

    def _cancel_reopening(self) -> None:
        if self._reopening is not None:
            self._reopening.cancel()

    # --- HTTP ---

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._observe], client_max_size=_MAX_BODY_BYTES)
        add = application.router.add_route
        for method, path, handler in _ROUTES:
            add(method, path, functools.partial(self._operate, path, handler))
        for method, path, control in (
            ("GET", "/requests", self._get_requests),
            ("DELETE", "/requests", self._delete_requests),
            ("GET", "/faults", self._get_faults),
            ("POST", "/faults", self._post_faults),
            ("DELETE", "/faults", self._delete_faults),
            ("GET", "/numbers", self._get_numbers),
            ("POST", "/numbers", self._post_numbers),
            ("PATCH", "/numbers/{id}", self._patch_number),
            ("DELETE", "/numbers/{id}", self._delete_number),
            ("GET", "/credentials", self._get_credentials),
            ("POST", "/credentials", self._post_credentials),
            ("GET", "/stats", self._get_stats),
            ("PUT", "/latency", self._put_latency),
            ("POST", "/reset", self._post_reset),
        ):
            add(method, CONTROL + path, control)
        return application

    @web.middleware
    async def _observe(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        transport = request.transport
        self._busy.add(transport)
        try:
            controls = request.path.startswith(CONTROL + "/")
            response = await (self._control if controls else self._log_and_answer)(request, handler)
            if not self._listening:
                response.force_close()
            return response
        finally:
            self._busy.discard(transport)

    async def _log_and_answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        answer_at = time.monotonic() + self.latency_s
        work = functools.partial(self._work, request, handler)
        body, raw = None, b""
        try:
            raw = await request.read()
            body = await _json(request, nothing=lambda: None)
        except web.HTTPRequestEntityTooLarge:
            work = functools.partial(self._refuse, Refusal(413, "request entity too large"))
        except Refusal:
            _logger.debug("%s %s has a body that is no JSON", request.method, request.path)
        headers = CIMultiDict(request.headers)
        authorization = headers.pop("Authorization", None)
        amend = self._log.add(
            RecordedRequest(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                body=body,
                headers=CIMultiDictProxy(headers),
                authorized=self._is_key(authorization),
            )
        )
        if self.latency_s:
            await asyncio.sleep(answer_at - time.monotonic())
        if self._is_over_limit():
            response = await self._refuse(Refusal(429, "Too Many Requests"))
            if self.retry_after is not None:
                response.headers["Retry-After"] = str(self.retry_after)
            amend(status=response.status)
            return response
        fault = self._faults.take(request.method, request.path, raw)
        if fault is None:
            response = await work()
            amend(status=response.status)
            return response
        amend(fault=fault.kind)
        if fault.kind == "refuse":
            # A request meets this only by chance: it is lost itself, and connections are refused for a while.
            await self._inject(fault)
            fault = replace(fault, kind="drop_before")
        response, status = await answer_with(fault, request, work)
        amend(status=status)
        return response

    def _is_over_limit(self) -> bool:
        if self.rate_limit is None:
            return False
        now = time.monotonic()
        while self._taken and now - self._taken[0] >= 1:
            self._taken.popleft()
        if len(self._taken) >= self.rate_limit:
            return True
        self._taken.append(now)
        return False

    async def _work(self, request: web.Request, handler: Handler) -> web.Response:
        try:
            self._check_key(request.headers.get("Authorization"))
            response = await handler(request)
        except Refusal as refusal:
            return await self._refuse(refusal)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            return await self._refuse(self._rules.refusal("unknown-route", f"Cannot {request.method} {request.path_qs}"))
        except Exception:
            _logger.exception("emulator bug in %s %s", request.method, request.path)
            return await self._refuse(Refusal(500, "emulator bug: see its log"))
        return cast("web.Response", response)  # our handlers return nothing else

    async def _operate(
        self, path: str, operation: Callable[[Store, Document, web.Request], Awaitable[object]], request: web.Request
    ) -> web.Response:
        if not self._document.has(request.method, path):
            raise web.HTTPNotFound
        if request.method == "POST" and not await request.read() and self._rules["no-body"] != "counts as {}":
            raise Refusal(415, "Unsupported Media Type")
        answer = await operation(self._store, self._document, request)
        status = 201 if request.method == "POST" else 200
        flaws = self._document.flaws(request.method, path, status, answer)
        if flaws and not self._rules.changed & _BEYOND_THE_DOCUMENT:
            _logger.error("emulator bug: the answer to %s %s violates the document: %s", request.method, path, flaws)
            raise Refusal(500, f"emulator bug: the answer violates the OpenAPI document: {flaws[0]}")
        if request.method == "DELETE" and self._rules["delete-answer"] == "204":
            return web.Response(status=204)
        if self._rules.changed:
            answer = dressed(answer, self._rules, self._document.properties(path))
        response = _respond(int(self._rules["create-status"]) if request.method == "POST" else status, answer)
        if self._rules["rate-limit-headers"] != "none":
            response.headers[self._rules["rate-limit-headers"]] = "1"
        return response

    async def _refuse(self, refusal: Refusal) -> web.Response:
        return _respond(refusal.status, self._rules.error_body(refusal))

    def _check_key(self, authorization: str | None) -> None:
        if authorization is None:
            raise self._rules.refusal("missing-key", "Missing Authorization Header.")
        if not self._is_key(authorization):
            message = "Invalid Key. Hot tip, you may be using the private key instead of the public key, or vice versa."
            raise self._rules.refusal("wrong-key", message)

    def _is_key(self, authorization: str | None) -> bool:
        return authorization == f"Bearer {self._api_key}"

    # --- control paths: the same over HTTP, for other processes; without key, log and faults ---

    async def _control(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return _respond(refusal.status, refusal.body())
        except (TypeError, ValueError) as error:
            return _respond(400, Refusal(400, str(error)).body())

    async def _get_requests(self, request: web.Request) -> web.Response:
        return _respond(200, [entry.wire() for entry in self.requests])

    async def _delete_requests(self, request: web.Request) -> web.Response:
        self._log.clear()
        return _respond(200, {})

    async def _get_faults(self, request: web.Request) -> web.Response:
        return _respond(200, self._faults.pending())

    async def _post_faults(self, request: web.Request) -> web.Response:
        body = await _json(request)
        faults = [Fault(**fields) for fields in (body if isinstance(body, list) else [body])]
        if any(fault.kind == "refuse" and fault.duration_s is None for fault in faults):
            raise ValueError("a refuse for good can't be undone over HTTP: give a duration_s")
        for fault in faults:
            await self._inject(fault)
        return _respond(201, [asdict(fault) for fault in faults])

    async def _delete_faults(self, request: web.Request) -> web.Response:
        await self._clear_faults()
        return _respond(200, {})

    async def _get_numbers(self, request: web.Request) -> web.Response:
        return _respond(200, self._store.list_phone_numbers())

    async def _post_numbers(self, request: web.Request) -> web.Response:
        return _respond(201, self.add_number(**await _fields(request)))

    async def _patch_number(self, request: web.Request) -> web.Response:
        return _respond(200, self.edit_number(request.match_info["id"], **await _fields(request)))

    async def _delete_number(self, request: web.Request) -> web.Response:
        self.delete_number(request.match_info["id"])
        return _respond(200, {})

    async def _get_credentials(self, request: web.Request) -> web.Response:
        return _respond(200, self._store.list_credentials())

    async def _post_credentials(self, request: web.Request) -> web.Response:
        return _respond(201, self.add_credential(**await _fields(request)))

    async def _get_stats(self, request: web.Request) -> web.Response:
        return _respond(
            200,
            {
                "era": self._document.era,
                "numbers": len(self._store.list_phone_numbers()),
                "credentials": len(self._store.list_credentials()),
                "requests": len(self.requests),
                "faultsInjected": self._faults.injected,
                "latencyS": self.latency_s,
            },
        )

    async def _put_latency(self, request: web.Request) -> web.Response:
        self.latency_s = float((await _fields(request)).get("latency_s", 0.0))
        return _respond(200, {"latency_s": self.latency_s})

    async def _post_reset(self, request: web.Request) -> web.Response:
        self._store.reset()
        await self._clear_faults()
        self._log.clear()
        return _respond(200, {})


# --- operations: each reads its part of the request and asks the store ---


async def _create_number(store: Store, document: Document, request: web.Request) -> Wire:
    return store.create_phone_number(await _json(request))


async def _list_numbers(store: Store, document: Document, request: web.Request) -> list[Wire]:
    return store.list_phone_numbers(document.check_query("GET", "/phone-number", request.query))


async def _page_numbers(store: Store, document: Document, request: web.Request) -> Wire:
    return store.page_phone_numbers(document.check_query("GET", "/v2/phone-number", request.query))


async def _get_number(store: Store, document: Document, request: web.Request) -> Wire:
    return store.get_phone_number(_id(document, "/phone-number/{id}", request))


async def _update_number(store: Store, document: Document, request: web.Request) -> Wire:
    return store.update_phone_number(_id(document, "/phone-number/{id}", request), await _json(request))


async def _delete_number(store: Store, document: Document, request: web.Request) -> Wire:
    return store.delete_phone_number(_id(document, "/phone-number/{id}", request))


async def _create_credential(store: Store, document: Document, request: web.Request) -> Wire:
    return store.create_credential(await _json(request))


async def _list_credentials(store: Store, document: Document, request: web.Request) -> list[Wire]:
    return store.list_credentials(document.check_query("GET", "/credential", request.query))


async def _get_credential(store: Store, document: Document, request: web.Request) -> Wire:
    return store.get_credential(_id(document, "/credential/{id}", request))


async def _update_credential(store: Store, document: Document, request: web.Request) -> Wire:
    return store.update_credential(_id(document, "/credential/{id}", request), await _json(request))


async def _delete_credential(store: Store, document: Document, request: web.Request) -> Wire:
    return store.delete_credential(_id(document, "/credential/{id}", request))


_ROUTES: tuple[tuple[str, str, Callable[[Store, Document, web.Request], Awaitable[object]]], ...] = (
    ("POST", "/phone-number", _create_number),
    ("GET", "/phone-number", _list_numbers),
    ("GET", "/v2/phone-number", _page_numbers),
    ("GET", "/phone-number/{id}", _get_number),
    ("PATCH", "/phone-number/{id}", _update_number),
    ("DELETE", "/phone-number/{id}", _delete_number),
    ("POST", "/credential", _create_credential),
    ("GET", "/credential", _list_credentials),
    ("GET", "/credential/{id}", _get_credential),
    ("PATCH", "/credential/{id}", _update_credential),
    ("DELETE", "/credential/{id}", _delete_credential),
)


def _id(document: Document, path: str, request: web.Request) -> str:
    document.check_id(request.method, path, request.match_info["id"])
    return request.match_info["id"].lower()


async def _fields(request: web.Request) -> Wire:
    body = await _json(request)
    if not isinstance(body, dict):
        raise TypeError("the body must be an object")
    return body


async def _json(request: web.Request, nothing: Callable[[], object] = dict) -> Any:
    """Parse the body; ``nothing()`` if it is empty or wasn't sent as JSON, as in the service's framework."""
    text = await request.read()
    if not text or not request.content_type.endswith("json"):
        return nothing()
    try:
        return json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"Request body is not valid JSON: {error}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"Unexpected token {name}")


def _finite(text: str) -> float:
    number = float(text)
    if abs(number) == float("inf"):
        raise ValueError(f"Number out of range: {text}")
    return number


def _respond(status: int, answer: object) -> web.Response:
    return web.Response(status=status, text=json.dumps(answer, separators=(",", ":")), content_type="application/json")


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to the address but doesn't listen yet."""
    holder = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((host, port))
    except BaseException:
        holder.close()
        raise
    return holder
