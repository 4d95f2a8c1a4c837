"""Stacks and emulators for tests in which things go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pulumi_vapi_byo.emulator import Emulator
from tests.sdks import users_sdk

from .stack import Stack
from .stand_in import API_KEY, StandIn
from .table import Record

NewStack = Callable[..., Stack]


@pytest.fixture
def vapi() -> Iterator[Emulator]:
    """Run a Vapi that would accept the same number twice, so that only the provider prevents duplicates."""
    with Emulator(api_key=API_KEY, rules={"duplicate-number": "accepted"}) as vapi:
        yield vapi


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """Run a Vapi that the project has never seen, and that would accept the same number twice."""
    with StandIn() as vapi:
        yield vapi


@pytest.fixture
def new_stack(tmp_path: Path) -> NewStack:
    def new_stack(vapi: Emulator | StandIn, *, timeout_s: float = 1.0, door: type[Stack] = Stack, **environ: str) -> Stack:
        address = {"VAPI_API_KEY": API_KEY, "VAPI_BASE_URL": vapi.base_url}
        return door(tmp_path, users_sdk(), {**address, **environ}, {"vapi-byo:timeout": str(timeout_s)})

    return new_stack


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Keep a value for the summary at the end, as pytest's `record_property`, which some JUnit formats don't allow."""

    def record(name: str, value: object) -> None:
        request.node.user_properties.append((name, value))

    return record
