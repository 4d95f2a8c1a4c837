"""The console script ``vapi-byo``: take over existing numbers, diagnose a setup, report on a preview.

It needs the extra ``cli``; the provider itself does not.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the console script; ends the process."""
    try:
        from .app import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("rich", "typer"):
            raise
        sys.stderr.write("vapi-byo needs two more packages: pip install 'pulumi-vapi-byo[cli]'\n")
        sys.exit(2)
    run()
