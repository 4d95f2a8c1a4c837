"""Write the generated files."""

from __future__ import annotations

import sys
from types import ModuleType

from . import ROOT, generated


def without_what_is_generated() -> None:
    """Let the models be imported even if the generated files are stale, missing, or full of merge conflicts.

    The package's own `__init__` imports those files, and `wire` imports the tables.
    """
    package, tables = ModuleType("pulumi_vapi_byo"), ModuleType("pulumi_vapi_byo._tables")
    package.__path__ = [str(ROOT / "pulumi_vapi_byo")]
    vars(tables)["__getattr__"] = lambda _name: {}
    vars(package)["_tables"] = tables
    sys.modules |= {package.__name__: package, tables.__name__: tables}


without_what_is_generated()
for path, text in generated().items():
    if not (ROOT / path).exists() or (ROOT / path).read_text("utf-8") != text:
        (ROOT / path).write_text(text, "utf-8")
        print(f"wrote {path}")
