"""A Vapi in the same thread: any answer that a test wants, without a socket, so thousands of answers take seconds."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import requests.adapters
from urllib3 import HTTPResponse

from pulumi_vapi_byo.api.client import Collection, VapiClient
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.core.claims import Claims
from pulumi_vapi_byo.core.lifecycle import Lifecycle
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER

API_KEY = "canary-key-77aa01"


@dataclass(frozen=True)
class Sent:
    """A request as it was sent."""

    method: str
    path: str
    body: Any


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


def said(status: int, body: object) -> Said:
    """Return an answer with a JSON body."""
    return Said(status, json.dumps(body).encode())


class FakeAdapter(requests.adapters.BaseAdapter):
    """Hands requests to a function and keeps them.

    Args:
        answer: Gets a request; returns the answer, or raises the exception that requests would raise.
    """

    def __init__(self, answer: Callable[[Sent], Said]) -> None:
        super().__init__()
        self._answer = answer
        self.sent: list[Sent] = []

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        assert request.method
        assert request.headers["Authorization"] == f"Bearer {API_KEY}"
        vars(threading.current_thread())["sent"] = True  # as the client's own connection does
        one = Sent(request.method, request.path_url.partition("?")[0], json.loads(request.body) if request.body else None)
        self.sent.append(one)
        answer = self._answer(one)
        response = requests.Response()
        response.status_code = answer.status
        response.headers.update(answer.headers)
        response.raw = HTTPResponse(io.BytesIO(answer.body), headers=dict(answer.headers), preload_content=False)
        response.url = request.url or ""
        response.request = request
        return response

    def close(self) -> None:
        pass


def lifecycle(answer: Callable[[Sent], Said], **settings: Any) -> tuple[Lifecycle, FakeAdapter]:
    """Return the life cycle of phone numbers on a Vapi whose answers come from `answer`; it never waits."""
    values = {"api_key": API_KEY, "base_url": "http://127.0.0.1:9", "region": "us", "max_retries": 2, **settings}
    chosen = Settings(**values)
    client = VapiClient(chosen, sleep=lambda _: None)
    adapter = FakeAdapter(answer)
    client._session.mount("http://", adapter)
    return Lifecycle(PHONE_NUMBER, Collection(client, PHONE_NUMBER), chosen, Claims(), sleep=lambda _: None), adapter
