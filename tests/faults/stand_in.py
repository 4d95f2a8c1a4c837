"""A Vapi that shares no code with the emulator and follows no document: each test bends its answers, over a real socket."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

API_KEY = "canary-key-4d1b7f"


@dataclass(frozen=True)
class Seen:
    """A request as it arrived.

    Attributes:
        method: HTTP method.
        path: Path without the query.
        query: Query parameters.
        body: Parsed JSON, or None.
        at: When it came, seconds of `time.monotonic`.
        key: The key that it carried.
    """

    method: str
    path: str
    query: dict[str, str]
    body: Any
    at: float
    key: str


@dataclass
class Entry:
    """A number or credential, and when it was added, in seconds of the stand-in's own time."""

    value: dict[str, Any]
    since: float


#: Answers a request in place of the stand-in: gets the connection's handler, the request, and a function that does the usual
#: work and returns its status and body; returns whether it has answered.
Bend = Callable[["_Handler", Seen, Callable[[], tuple[int, Any]]], bool]


class StandIn:
    """An organisation's API. A context manager; its attributes can be changed at any time.

    Attributes:
        org_id: The organisation of everything that is created.
        key: The key that it accepts.
        numbers: The numbers by id; `put` adds a number as somebody else would.
        credentials: The credentials by id.
        seen: All requests.
        allows_duplicates: Whether a number may be registered twice.
        list_lag_s: Seconds until lists show a creation or a deletion.
        limit_cap: Most entries in any list, whatever limit was requested.
        strips_plus: Whether numbers come back without their plus.
        hides: Fields that are never read back.
        fills_in: Fields that are added to every number that is created.
        clock_skew_s: How far its clock is ahead of this machine's, in ``Date`` and in its times.
        speed: How much faster its time passes than this machine's; see `skip`.
        bends: Asked in turn, before the usual answer.
    """

    def __init__(self, *, allows_duplicates: bool = True, org_id: str = "org-right") -> None:
        self.org_id = org_id
        self.key = API_KEY
        self.numbers: dict[str, Entry] = {}
        self.credentials: dict[str, Entry] = {}
        self.seen: list[Seen] = []
        self.allows_duplicates = allows_duplicates
        self.list_lag_s = 0.0
        self.limit_cap = 1000
        self.strips_plus = False
        self.hides: set[str] = set()
        self.fills_in: dict[str, Any] = {}
        self.clock_skew_s = 0.0
        self.speed = 1.0
        self.bends: list[Bend] = []
        self.lock = threading.RLock()
        self._gone: dict[str, tuple[dict[str, Any], float]] = {}
        self._last = datetime.fromtimestamp(0, timezone.utc)
        self._began = datetime.now(timezone.utc), time.monotonic()
        self._skipped_s = 0.0
        self._late: list[tuple[float, Callable[[], object]]] = []

    def __enter__(self) -> StandIn:
        handler = type("Handler", (_Handler,), {"vapi": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # ---------------------------------------------------------------------------------- what others do, and what arrived

    def put(self, **fields: Any) -> dict[str, Any]:
        """Add a number as the dashboard would, and return it."""
        return self._add(self.numbers, {"provider": "byo-phone-number", **fields})

    def put_credential(self, **fields: Any) -> dict[str, Any]:
        """Add a credential as the dashboard would, and return it."""
        return self._add(self.credentials, {"provider": "byo-sip-trunk", **fields})

    def change(self, id_: str, **fields: Any) -> None:
        """Change a number as the dashboard would; None removes a field."""
        with self.lock:
            entry = self.numbers[id_]
            value = {**entry.value, **fields, "updatedAt": self._now()}
            entry.value = {name: part for name, part in value.items() if part is not None}

    def drop(self, id_: str) -> None:
        """Delete a number as the dashboard would."""
        with self.lock:
            self._gone[id_] = (self.numbers.pop(id_).value, self.elapsed_s())

    def skip(self, seconds: float) -> None:
        """Let time pass at once: the sleep for clients of the stand-in."""
        with self.lock:
            self._skipped_s += seconds
            self._do_what_is_due()

    def later(self, seconds: float, work: Callable[[], object]) -> None:
        """Do something after some seconds of its own time: when time is skipped, or at the next request."""
        with self.lock:
            self._late.append((self.elapsed_s() + seconds, work))

    def elapsed_s(self) -> float:
        """Return the seconds of its own time since it started."""
        return (time.monotonic() - self._began[1]) * self.speed + self._skipped_s

    def now(self) -> datetime:
        """Return the time on its clock."""
        return self._began[0] + timedelta(seconds=self.elapsed_s() + self.clock_skew_s)

    def _do_what_is_due(self) -> None:
        due = [one for one in self._late if one[0] <= self.elapsed_s()]
        self._late = [one for one in self._late if one not in due]
        for _, work in sorted(due, key=lambda one: one[0]):
            work()

    def held(self) -> list[dict[str, Any]]:
        """Return all existing numbers, whatever lists show."""
        with self.lock:
            return [entry.value for entry in self.numbers.values()]

    def sent(self, *methods: str) -> list[Seen]:
        """Return the requests with these methods, or all requests if no method is given."""
        with self.lock:
            return [one for one in self.seen if not methods or one.method in methods]

    def summary(self) -> str:
        """Return in a few words what was sent: ``GET 3, POST 1``."""
        with self.lock:
            methods = [one.method for one in self.seen]
        return ", ".join(f"{method} {methods.count(method)}" for method in sorted(set(methods))) or "nothing"

    # ------------------------------------------------------------------------------------------------------- the usual work

    def work(self, seen: Seen) -> tuple[int, Any]:
        """Do what a request asks for; return its status and body."""
        if seen.key != self.key:
            return _refusal(401, "Invalid Key.")
        _, collection_name, *rest = seen.path.split("/")
        collection = {"phone-number": self.numbers, "credential": self.credentials}.get(collection_name)
        if collection is None or len(rest) > 1:
            return _refusal(404, f"Cannot {seen.method} {seen.path}")
        with self.lock:
            if not rest:
                return self._create(collection, seen.body) if seen.method == "POST" else (200, self._listed(collection, seen))
            entry = collection.get(rest[0])
            if entry is None:
                return _refusal(404, "Not Found")
            if seen.method == "PATCH":
                value = {**entry.value, **seen.body, "updatedAt": self._now()}
                entry.value = {name: part for name, part in value.items() if part is not None}
            elif seen.method == "DELETE":
                self._gone[rest[0]] = (collection.pop(rest[0]).value, self.elapsed_s())
            return 200, self._shown(entry.value)

    def _create(self, collection: dict[str, Entry], body: dict[str, Any]) -> tuple[int, Any]:
        digits = str(body.get("number", "")).lstrip("+")
        taken = [one for one in collection.values() if digits and str(one.value.get("number", "")).lstrip("+") == digits]
        if taken and not self.allows_duplicates:
            return _refusal(400, f"`number` {body['number']} is already in use.")
        added = self._add(collection, {**body, **(self.fills_in if collection is self.numbers else {})})
        return 201, self._shown(added)

    def _add(self, collection: dict[str, Entry], fields: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            now = self._now()
            head = {"id": str(uuid.uuid4()), "orgId": self.org_id, "createdAt": now, "updatedAt": now}
            value = {name: part for name, part in {**head, **fields}.items() if part is not None}
            collection[value["id"]] = Entry(value, self.elapsed_s())
            return value

    def _listed(self, collection: dict[str, Entry], seen: Seen) -> list[dict[str, Any]]:
        now = self.elapsed_s()
        values = [entry.value for entry in collection.values() if now - entry.since >= self.list_lag_s]
        if collection is self.numbers:
            values += [value for value, since in self._gone.values() if now - since < self.list_lag_s]
        values = [self._shown(value) for value in values if value["createdAt"] <= seen.query.get("createdAtLe", "9")]
        values.sort(key=lambda value: str(value["createdAt"]), reverse=True)
        return values[: min(int(seen.query.get("limit", 100)), self.limit_cap)]

    def _shown(self, value: dict[str, Any]) -> dict[str, Any]:
        shown = {name: part for name, part in value.items() if name not in self.hides}
        return {**shown, "number": value["number"].lstrip("+")} if self.strips_plus and "number" in value else shown

    def _now(self) -> str:
        # Every time is different, so that the order of creations is certain.
        self._last = max(self.now(), self._last + timedelta(milliseconds=1))
        return f"{self._last:%Y-%m-%dT%H:%M:%S}.{self._last.microsecond // 1000:03d}Z"


def _refusal(status: int, message: str) -> tuple[int, Any]:
    return status, {"message": message, "error": "Refused", "statusCode": status}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a test may leave a connection open on purpose

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: clients often leave early here."""


class _Handler(BaseHTTPRequestHandler):
    vapi: StandIn
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        text = self.rfile.read(length)
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        seen = Seen(self.command, parts.path, query, json.loads(text) if text else None, time.monotonic(), key)
        with self.vapi.lock:
            self.vapi.seen.append(seen)
            self.vapi._do_what_is_due()
            bends = list(self.vapi.bends)
        with contextlib.suppress(OSError):
            if not any(bend(self, seen, lambda: self.vapi.work(seen)) for bend in bends):
                self.answer(*self.vapi.work(seen))

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - what http.server calls

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Send a complete answer; a body of bytes is sent as it is."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(raw)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def hang_up(self) -> None:
        """Close the connection without an answer."""
        self.close_connection = True
        self.connection.close()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(timestamp or self.vapi.now().timestamp())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""
