"""Projects for the real CLI, with either SDK, and the emulator they talk to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pulumi_vapi_byo.emulator import Emulator
from tests.sdks import BOTH, sdk, users_sdk

from .project import API_KEY, Project

Start = Callable[..., Project]


@pytest.fixture(scope="session")
def pulumi_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pulumi-home")


@pytest.fixture
def serve() -> Iterator[Callable[..., Emulator]]:
    """Start an emulator with options of its own."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Emulator(**{"api_key": API_KEY, **options}))


@pytest.fixture
def vapi(serve: Callable[..., Emulator]) -> Emulator:
    return serve()


@pytest.fixture
def start(tmp_path: Path, pulumi_home: Path, vapi: Emulator) -> Start:
    """Create a project with the newest SDK; its options are those of `Project`."""

    def start(**options: Any) -> Project:
        return Project(**{"folder": tmp_path / "project", "sdk": users_sdk(), "vapi": vapi, "home": pulumi_home, **options})

    return start


@pytest.fixture
def project(start: Start) -> Project:
    return start()


@pytest.fixture(params=BOTH)
def either_project(request: pytest.FixtureRequest, start: Start) -> Project:
    """Create a project, once with each SDK: for what an SDK could break that a host alone, see `tests.doors`, doesn't show."""
    return start(sdk=users_sdk() if request.param == "newest" else sdk(request.param))
