"""Faults: what can go wrong between a client and the API, on request and in a known order."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal, get_args

from aiohttp import web

from pulumi_vapi_byo.emulator.rules import Refusal, reason_phrase
from pulumi_vapi_byo.emulator.schema import Wire

FaultKind = Literal[
    "refuse",
    "drop_before",
    "drop_after",
    "cut_body",
    "garbage",
    "html",
    "status",
    "slow",
    "late",
    "redirect",
    "body",
]

_DEFAULT_STATUS = {"html": 502, "status": 500, "redirect": 307}
_HTML = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr></body></html>\n"


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with the requests it matches.

    Faults wait in a queue; a request gets the first fault that matches it, and no other.

    ============  =========  ==========================================================================================
    kind          work done  what the client sees
    ============  =========  ==========================================================================================
    refuse        no         takes effect at once, outside the queue: connections are refused and idle ones closed, for
                             ``duration_s`` seconds or until the faults are cleared
    drop_before   no         the request is read, then the connection is closed without an answer
    drop_after    yes        the same
    cut_body      yes        a full ``Content-Length``, half of the body, then the connection is closed
    garbage       yes        the right status and content type, but a body that isn't JSON
    html          no         a gateway's HTML page with ``status`` (502)
    status        choose     a JSON error in the API's shape with ``status`` (500), ``message`` and ``retry_after``;
                             the work is done first if ``work_done``
    slow          yes        the right answer, ``delay_s`` seconds late
    late          yes        the same, but the work is done at the end of the delay, when the client may be gone
    redirect      no         ``status`` (307) with ``location``
    body          yes        ``body`` as it is, as JSON, with ``status`` (the right one)
    ============  =========  ==========================================================================================

    Attributes:
        kind: See the table.
        method: HTTP method, or ``*``.
        path: A prefix of the path (``/phone-number`` also means each number), or a pattern with ``*`` or ``?``.
        containing: Match only requests whose raw body contains this text.
        times: How many requests it hits; None for no limit. Not for refuse, as a closed socket can't count.
        status: HTTP status of html, status, redirect and body.
        delay_s: Seconds, for slow and late.
        duration_s: Seconds, for refuse; None until the faults are cleared.
        retry_after: Value of the ``Retry-After`` header, for status.
        message: The API's message, for status; the name of the status by default.
        body: The raw body, for body.
        location: Target of the redirect.
        work_done: For status: whether the request takes effect all the same.
    """

    kind: FaultKind
    method: str = "*"
    path: str = "*"
    times: int | None = 1
    containing: str = ""
    status: int | None = None
    delay_s: float = 0.0
    duration_s: float | None = None
    retry_after: str | int | None = None
    message: str | list[str] | None = None
    body: str = ""
    location: str = ""
    work_done: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(FaultKind):
            raise ValueError(f"unknown kind of fault: {self.kind!r}; one of {', '.join(get_args(FaultKind))}")
        if self.times is not None and self.times < 1:
            raise ValueError("times must be at least 1, or None for good")
        if self.kind == "refuse" and self.times not in (1, None):
            raise ValueError("a closed socket can't count attempts: give refuse a duration_s, or clear the faults")
        if self.kind == "redirect" and not self.location:
            raise ValueError("a redirect needs a location")

    def matches(self, method: str, path: str, body: bytes = b"") -> bool:
        """Return whether the fault applies to a request."""
        if self.method not in ("*", method) or self.containing.encode() not in body:
            return False
        return fnmatchcase(path, self.path) if set("*?[") & set(self.path) else path.startswith(self.path)


class Chance:
    """Random faults of every kind, all equally likely.

    Args:
        probability: Probability that a request meets a fault, 0 to 1.
        seed: Makes the sequence of faults reproducible; which request meets which fault depends on their order.
        delay_s: Seconds, for slow and late.
        location: Target of the redirects.
    """

    def __init__(self, probability: float, seed: int, delay_s: float, location: str) -> None:
        self._probability = probability
        self._random = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self._faults = (
            Fault("refuse", duration_s=0.2),
            Fault("drop_before"),
            Fault("drop_after"),
            Fault("cut_body"),
            Fault("garbage"),
            Fault("html"),
            Fault("status", status=429),
            Fault("status", status=429, retry_after=1),
            Fault("status", status=500),
            Fault("status", status=503, work_done=True),
            Fault("slow", delay_s=delay_s),
            Fault("redirect", location=location),
        )

    def draw(self) -> Fault | None:
        """Return the fault for the next request, or None."""
        return self._random.choice(self._faults) if self._random.random() < self._probability else None


class FaultQueue:
    """The pending faults, in order, and the random ones. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._injected: Counter[str] = Counter()
        self._chance: Chance | None = None

    @property
    def injected(self) -> dict[str, int]:
        """How many faults of each kind have occurred."""
        with self._lock:
            return dict(self._injected)

    def add(self, fault: Fault) -> None:
        """Append a fault to the queue."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Drop all pending faults, and stop random ones."""
        with self._lock:
            self._faults.clear()
            self._chance = None

    def leave_to(self, chance: Chance) -> None:
        """Give random faults to the requests that no fault in the queue matches."""
        with self._lock:
            self._chance = chance

    def pending(self) -> list[Wire]:
        """Return the pending faults, in order."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def count_refusal(self) -> None:
        """Count a ``refuse``, which bypasses the queue."""
        with self._lock:
            self._injected["refuse"] += 1

    def take(self, method: str, path: str, body: bytes = b"") -> Fault | None:
        """Return the first fault that matches a request and use it once; if none does, perhaps a random fault."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.matches(method, path, body):
                    self._injected[fault.kind] += 1
                    if fault.times == 1:
                        del self._faults[index]
                    elif fault.times is not None:
                        self._faults[index] = replace(fault, times=fault.times - 1)
                    return fault
            fault_by_chance = self._chance and self._chance.draw()
            if fault_by_chance and fault_by_chance.kind != "refuse":  # counted where it is injected
                self._injected[fault_by_chance.kind] += 1
            return fault_by_chance or None


async def answer_with(
    fault: Fault, request: web.Request, work: Callable[[], Awaitable[web.Response]]
) -> tuple[web.Response, int | None]:
    """Answer a request in the way its fault demands.

    Args:
        fault: What goes wrong.
        request: The request, already read.
        work: Does what the request asks for, and returns the right answer.

    Returns:
        The response, and the status that the client sees; None if the connection is closed before a status.
    """
    status = fault.status or _DEFAULT_STATUS.get(fault.kind, 0)
    match fault.kind:
        case "drop_before":
            return _dropped(request)
        case "html":
            page = _HTML.format(f"{status} {reason_phrase(status)}")
            return web.Response(status=status, text=page, content_type="text/html"), status
        case "redirect":
            return web.Response(status=status, headers={"Location": fault.location}), status
        case "status" if not fault.work_done:
            return _refused(fault, status), status
        case "late":
            await asyncio.sleep(fault.delay_s)
    response = await work()
    match fault.kind:
        case "drop_after":
            return _dropped(request)
        case "cut_body":
            return _cut(request, response)
        case "slow":
            await asyncio.sleep(fault.delay_s)
        case "garbage":
            response = web.Response(status=response.status, body=b"{\x00 not json", content_type="application/json")
        case "body":
            status = fault.status or response.status
            response = web.Response(status=status, text=fault.body, content_type="application/json")
        case "status":
            response = _refused(fault, status)
    return response, response.status


def _refused(fault: Fault, status: int) -> web.Response:
    body = Refusal(status, fault.message or reason_phrase(status)).body()
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return web.Response(status=status, text=json.dumps(body), content_type="application/json", headers=headers)


def _dropped(request: web.Request) -> tuple[web.Response, None]:
    _hang_up(request, b"")
    return web.Response(), None


def _cut(request: web.Request, response: web.Response) -> tuple[web.Response, int]:
    body = response.body if isinstance(response.body, bytes) else b""
    head = (
        f"HTTP/1.1 {response.status} {response.reason}\r\n"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    _hang_up(request, head.encode("ascii") + body[: len(body) // 2])
    return web.Response(), response.status


def _hang_up(request: web.Request, last_words: bytes) -> None:
    """Close the connection. aiohttp then handles its own failing write as if the client had left."""
    transport = request.transport
    if transport is not None and not transport.is_closing():
        transport.write(last_words)
        transport.close()
