"""Write from the models what follows from them; `make generate` runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent.parent
PACKAGE: Final = "pulumi_vapi_byo"


def generated() -> dict[Path, str]:
    """Return what follows from the models: the text of every file, by its path from the root."""
    # Not before the caller has said whether what is generated can be imported.
    from .python import arguments_module, found_module, resources_module
    from .tables import tables

    texts = {
        "_tables.py": tables(),
        "dynamic/_arguments.py": arguments_module(),
        "dynamic/_found.py": found_module(),
        "dynamic/_resources.py": resources_module(),
    }
    return {Path(PACKAGE, name): _formatted(name, text) for name, text in texts.items()}


def _formatted(name: str, text: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--quiet", f"--stdin-filename={name}", "-"],
        input=text,
        capture_output=True,
        cwd=ROOT,
        encoding="utf-8",
        check=False,
    )
    if run.returncode:
        raise RuntimeError(f"{name} cannot be formatted: {run.stderr}")
    return run.stdout
