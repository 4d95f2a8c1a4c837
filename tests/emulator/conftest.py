"""Emulators on real sockets, and a way to call them that shares no code with the package's own client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from pulumi_vapi_byo.emulator import Emulator

Call = Callable[..., requests.Response]
Serve = Callable[..., tuple[Emulator, Call]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start an emulator with options; return it, and a function that calls it with the right key."""
    with ExitStack() as stack:

        def start(**options: Any) -> tuple[Emulator, Call]:
            vapi = stack.enter_context(Emulator(**{"api_key": "test-key", "seed": 7, **options}))
            session = stack.enter_context(requests.Session())
            session.headers["Authorization"] = "Bearer test-key"
            session.trust_env = False

            def call(method: str, path: str, body: object = None, **more: Any) -> requests.Response:
                return session.request(method, vapi.base_url + path, json=body, **{"timeout": 10, **more})

            return vapi, call

        yield start


@pytest.fixture
def served(serve: Serve) -> tuple[Emulator, Call]:
    return serve()


@pytest.fixture
def vapi(served: tuple[Emulator, Call]) -> Emulator:
    return served[0]


@pytest.fixture
def call(served: tuple[Emulator, Call]) -> Call:
    return served[1]
