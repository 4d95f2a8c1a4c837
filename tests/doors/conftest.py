"""Hosts with both SDKs, the plugin, and emulators that they all share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from pulumi_vapi_byo.emulator import Emulator
from tests.sdks import BOTH, Sdk, sdk

from .differences import DYNAMIC_ONLY, door_of, name_of
from .host import Host, PluginHost, Provider

API_KEY = "canary-key-3f9a1c"

Serve = Callable[..., Emulator]
Configure = Callable[..., Provider]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the plugin's run of tests that are only about the dynamic provider."""
    items[:] = [one for one in items if not (door_of(one.nodeid) == "plugin" and name_of(one.nodeid) in DYNAMIC_ONLY)]


@pytest.fixture(scope="session", params=[*BOTH, "plugin"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    door, of = (PluginHost, "newest") if request.param == "plugin" else (Host, request.param)
    with door(
        replace(sdk(of), error_prefix="") if request.param == "plugin" else sdk(of), tmp_path_factory.mktemp("host")
    ) as host:
        yield host


@pytest.fixture(scope="session")
def _emulators() -> Iterator[Serve]:
    running: dict[str, Emulator] = {}
    with ExitStack() as stack:

        def serve(**options: Any) -> Emulator:
            key = repr(sorted(options.items()))
            if key not in running:
                running[key] = stack.enter_context(Emulator(api_key=API_KEY, **options))
            return running[key]

        yield serve


@pytest.fixture
def serve(_emulators: Serve) -> Iterator[Serve]:
    """Return an empty emulator with some options; the same options give the same emulator."""
    used = []

    def serve(**options: Any) -> Emulator:
        vapi = _emulators(**options)
        vapi.reset()
        used.append(vapi)
        return vapi

    yield serve
    for vapi in used:
        vapi.clear_faults()  # an emulator that refuses connections would fail the next test


@pytest.fixture
def vapi(serve: Serve) -> Emulator:
    return serve()


@pytest.fixture
def configure(host: Host) -> Configure:
    """Configure an instance of the provider for an emulator; unless told otherwise, it never retries."""

    def configure(vapi: Emulator, **settings: Any) -> Provider:
        config = {"vapi-byo:apiKey": API_KEY, "vapi-byo:baseUrl": vapi.base_url, "vapi-byo:maxRetries": "0"}
        return host.provider(config | {f"vapi-byo:{key}": value for key, value in settings.items()})

    return configure


@pytest.fixture
def provider(configure: Configure, vapi: Emulator) -> Provider:
    return configure(vapi)


@pytest.fixture
def host_sdk(host: Host) -> Sdk:
    return host.sdk
