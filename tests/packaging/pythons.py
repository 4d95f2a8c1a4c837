"""The Pythons of this machine that the package supports."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.sdks import ROOT

#: Fails unless the interpreter can create an environment; prints its version.
_PROBE = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"


def declared_versions() -> list[str]:
    """Return the versions that the package declares as supported, oldest first."""
    return re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text())


@functools.cache
def find_pythons() -> dict[str, Path]:
    """Find the interpreters on PATH and under pyenv, by version, oldest first, including versions newer than declared."""
    oldest = int(declared_versions()[0].partition(".")[2])
    found = {}
    for minor in range(oldest, oldest + 20):
        version = f"3.{minor}"
        working = next((path for path in _candidates(version) if _version_of(path) == version), None)
        if working:
            found[version] = working
    return found


def _candidates(version: str) -> Iterator[Path]:
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for folder in sorted((pyenv / "versions").glob(f"{version}.*"), reverse=True):
        yield folder / "bin" / "python"


def _version_of(python: Path) -> str:
    # pyenv has a shim for every installed version, but a shim works only for a selected version.
    try:
        return subprocess.run([python, "-c", _PROBE], capture_output=True, text=True, timeout=30, check=False).stdout.strip()
    except OSError:
        return ""
