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
        subprocess.CalledProcessError: The wheel could not be built, or PEX failed; the output says why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="plugin-archive-") as name:
        work = Path(name)
        if wheel is None:
            build = [sys.executable, "-m", "build", "--wheel", "--outdir", name, str(ROOT)]
            subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
            [wheel] = work.glob("*.whl")
        # It creates a virtual environment on its first start, and then starts almost as fast as if it were installed.
        options = ["--venv", "--python-shebang=/usr/bin/env python3", *(f"--python={python}" for python in pythons)]
        command = [
            sys.executable,
            "-m",
            "pex",
            str(wheel),
            f"--script={EXECUTABLE}",
            f"--output-file={work / EXECUTABLE}",
            *options,
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
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


def main() -> None:
    """Pack the plugin, and say how to install it."""
    parser = argparse.ArgumentParser(description="Pack the plugin with all that it needs but Python.")
    parser.add_argument("--python", action="append", help="an interpreter to pack it for; default: the one that runs this")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", metavar="DIR", help="where to (default: dist)")
    options = parser.parse_args()
    archive = pack(options.output, options.python or [sys.executable])
    print(f"{archive} ({archive.stat().st_size / 1e6:.0f} MB); install it with")
    print(f"  pulumi plugin install resource vapi-byo {__version__} --file {archive}")


if __name__ == "__main__":
    main()
