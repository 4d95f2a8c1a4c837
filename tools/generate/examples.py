"""The examples of the plugin, as who has it installed writes them: without the way to a clone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_EXAMPLES: Final = Path(__file__).parent.parent.parent / "examples"

#: Languages with an example: how Pulumi's pages call them, and the file.
FILES: Final = {"typescript": "index.ts", "python": "__main__.py", "go": "main.go", "yaml": "Pulumi.yaml"}

_WAY_TO_A_CLONE: Final = re.compile(r"^# The folder of the provider.*\nplugins:\n(?: .*\n)+", re.MULTILINE)


def example(language: str) -> str:
    """Return the example in a language."""
    text = (_EXAMPLES / language / FILES[language]).read_text("utf-8")
    return _WAY_TO_A_CLONE.sub("", text)
