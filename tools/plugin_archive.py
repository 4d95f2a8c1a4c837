"""Pack the plugin with all that it needs but Python, for ``pulumi plugin install resource vapi-byo VERSION --file ARCHIVE``.

Run by ``make plugin``. PEX makes one executable of the wheel and what it depends on, compiled parts included, so an archive is
for one system and for the Pythons that it was packed with.
"""

from __future__ import annotations

import argparse
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

#: Go's names of processors, which Pulumi's archives have.
_PROCESSORS: Final = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64", "AMD64": "amd64"}


def pack(folder: Path, pythons: Sequence[str] = (sys.executable,)) -> Path:
    """Pack the plugin.

    Args:
        folder: Gets the archive; created where it does not exist.
        pythons: Interpreters to pack it for, each of another version. Default: the one that runs this.

    Returns:
        The archive.

    Raises:
        subprocess.CalledProcessError: The wheel could not be built, or PEX failed; what was printed says why.
    """
    system = f"{platform.system().lower()}-{_PROCESSORS.get(platform.machine(), platform.machine())}"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="plugin-archive-") as name:
        work = Path(name)
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--outdir", work, ROOT], check=True, stdout=subprocess.DEVNULL
        )
        [wheel] = work.glob("*.whl")
        # With a virtual environment, which it makes for itself when it is first started, it starts almost as fast as installed.
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
        archive = folder / f"{EXECUTABLE}-v{__version__}-{system}.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(work / EXECUTABLE, EXECUTABLE)
    return archive


def main() -> None:
    """Pack it, and say how to install it."""
    parser = argparse.ArgumentParser(description="Pack the plugin with all that it needs but Python.")
    parser.add_argument("--python", action="append", help="an interpreter to pack it for; default: the one that runs this")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", metavar="DIR", help="where to (default: dist)")
    options = parser.parse_args()
    archive = pack(options.output, options.python or [sys.executable])
    print(f"{archive} ({archive.stat().st_size / 1e6:.0f} MB); install it with")
    print(f"  pulumi plugin install resource vapi-byo {__version__} --file {archive}")


if __name__ == "__main__":
    main()
