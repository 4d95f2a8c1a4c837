"""Which files hold a key that was set in clear, before and after it is set as a secret."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pulumi_vapi_byo.emulator import Emulator

from .conftest import Start
from .project import API_KEY

pytestmark = pytest.mark.engine

KEY = "canary-key-set-in-clear"


def holding(folder: Path, text: str) -> set[str]:
    """Return the kinds of files that contain a text: folders of the backend, and the stack's own file."""
    found = [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
    return {path.name if path.suffix in (".yaml", ".bak") else path.parts[path.parts.index(".pulumi") + 1] for path in found}


def test_a_key_that_was_set_in_clear_stays_in_old_copies_of_the_state_alone_once_it_is_set_as_a_secret(
    start: Start, serve: Callable[..., Emulator], tmp_path: Path
) -> None:
    project = start(vapi=serve(api_key=KEY), config={"vapi-byo:apiKey": KEY})
    project.program('vapi.ByoPhoneNumber("n", **DESK)')
    assert not project.up().failed
    assert {"stacks", "history", "Pulumi.test.yaml"} <= holding(tmp_path, KEY)

    project.cli("config", "set", "--secret", "vapi-byo:apiKey", KEY)
    for _ in range(2):  # one copy holds the state before the last update
        assert not project.up().failed
    assert KEY not in project.state()
    assert holding(tmp_path, KEY) == {"history", "backups"}


def test_a_key_that_was_always_a_secret_stands_nowhere_in_clear(start: Start, tmp_path: Path) -> None:
    project = start()
    project.program('vapi.ByoPhoneNumber("n", **DESK)')
    assert not project.up().failed
    assert "vapi-byo:apiKey" in project.state()
    assert holding(tmp_path, API_KEY) == set()
