"""Pack the plugin and all it needs except Python, for ``pulumi plugin install resource vapi-byo VERSION --file ARCHIVE``.

Run by ``make plugin``. PEX packs the wheel and its dependencies, including compiled parts, into one executable. So an archive
is for one system, and for the Python versions that it was packed with.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pulumi_vapi_byo._version import __version__

ROOT: Final = Path(__file__).resolve().parent.parent
EXECUTABLE: Final = "pulumi-resource-vapi-byo"

#: Go's names of processors, which Pulumi uses in the names of archives.
_PROCESSORS: Final = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64", "AMD64": "amd64"}

#: The date in the archive, where the environment has no other: the one that hatchling puts into the wheel.
_DATE: Final = "1580601600"


class StepError(Exception):
    """A step failed; the message says which, and how its output ends."""


def run_step(what: str, command: Sequence[str | Path], cwd: Path) -> None:
    """Run a command quietly, and without the checkout in reach: what is built must do alone.

    Args:
        what: What it is, for the message of a failure.
        command: Program and arguments.
        cwd: Where to run it.

    Raises:
        StepError: It failed.
    """
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepError(f"{what} failed with status {done.returncode}\n{end_of(done.stdout + done.stderr)}")


def end_of(output: str) -> str:
    """Return the last lines of an output, indented."""
    return "\n".join(f"    {line}" for line in output.strip().splitlines()[-15:])


def system() -> str:
    """Return Pulumi's name of the system that this runs on: an archive is for it alone."""
    return f"{platform.system().lower()}-{_PROCESSORS.get(platform.machine(), platform.machine())}"


def pack(folder: Path, pythons: Sequence[str] = (sys.executable,), wheel: Path | None = None) -> Path:
    """Pack the plugin into an archive.

    Args:
        folder: Gets the archive; created if it does not exist.
        pythons: Interpreters to pack it for, each of a different version. Default: the running one.
        wheel: The package. Default: built from this clone.

    Returns:
        Path of the archive.

    Raises:
        StepError: The wheel could not be built, or PEX failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="plugin-archive-") as name:
        work = Path(name)
        if wheel is None:
            run_step("the build", [sys.executable, "-m", "build", "--wheel", "--outdir", work, ROOT], work)
            [wheel] = work.glob("*.whl")
        # It creates a virtual environment on its first start, and then starts almost as fast as if it were installed.
        options = ["--venv", "--python-shebang=/usr/bin/env python3", *(f"--python={python}" for python in pythons)]
        command = [sys.executable, "-m", "pex", str(wheel), f"--script={EXECUTABLE}", f"--output-file={work / EXECUTABLE}"]
        run_step("PEX", [*command, *options], work)
        archive = folder / f"{EXECUTABLE}-v{__version__}-{system()}.tar.gz"
        archive.write_bytes(_archive((work / EXECUTABLE).read_bytes()))
    return archive


def _archive(executable: bytes) -> bytes:
    """Return an archive of the executable: the same bytes for the same executable, whoever packs it and when."""
    date = int(os.environ.get("SOURCE_DATE_EPOCH", _DATE))
    entry = tarfile.TarInfo(EXECUTABLE)
    entry.size, entry.mode, entry.mtime = len(executable), 0o755, date
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=date) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        tar.addfile(entry, io.BytesIO(executable))
    return packed.getvalue()


def main() -> int:
    """Pack it, and say how to install it; the exit status."""
    parser = argparse.ArgumentParser(description="Pack the plugin with all that it needs but Python.")
    parser.add_argument("--python", action="append", help="an interpreter to pack it for; default: the one that runs this")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", metavar="DIR", help="where to (default: dist)")
    options = parser.parse_args()
    try:
        archive = pack(options.output, options.python or [sys.executable])
    except StepError as error:
        print(f"plugin archive: {error}", file=sys.stderr)
        return 1
    print(f"{archive} ({archive.stat().st_size / 1e6:.0f} MB); install it with")
    print(f"  pulumi plugin install resource vapi-byo {__version__} --file {archive}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
