"""The package as its users get it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.release import build


@dataclass(frozen=True)
class Distributions:
    """The files that would be uploaded."""

    wheel: Path
    sdist: Path


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Build the source distribution, and the wheel from it, as a release does."""
    folder = tmp_path_factory.mktemp("dist")
    wheel = build(folder)
    [sdist] = folder.glob("*.tar.gz")
    return Distributions(wheel, sdist)
