"""The import table of the package: one direction, and few doors to the outside."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

import pulumi_vapi_byo

PACKAGE: Final = Path(pulumi_vapi_byo.__file__).parent

#: Module -> the modules of ours that it may import. A new module has to take its place here.
MAY_IMPORT: Final[dict[str, set[str]]] = {
    "_version": set(),
    "errors": set(),
    "phone": set(),
    "pacing": set(),
    "models": {"errors", "phone"},
    "kinds": {"errors", "models", "phone"},
    "checking": {"errors", "kinds", "models"},
    "diffing": {"kinds", "models"},
    "config": {"errors"},
    "client": {"_version", "config", "errors", "kinds", "models", "pacing"},
    "account": {"client", "kinds", "models"},
    "lifecycle": {"account", "checking", "client", "config", "diffing", "errors", "kinds", "models", "pacing"},
    "provider": {"checking", "client", "config", "diffing", "errors", "kinds", "lifecycle", "models"},
    "arguments": {"models"},
    "resource": {"arguments", "config", "models", "provider"},
    "explicit": {"config", "errors"},
    "pool": {"arguments", "checking", "errors", "kinds", "models", "resource"},
    "lookup": {"account", "client", "config", "errors", "kinds", "models"},
    "__init__": {"_version", "arguments", "explicit", "lookup", "pool", "resource"},
}

#: Outside package -> the only modules that may import it.
DOORS: Final[dict[str, set[str]]] = {
    "pulumi": {"arguments", "explicit", "lookup", "pool", "provider", "resource"},
    "requests": {"client"},
    "urllib3": {"client", "pacing"},
    "pydantic": {"checking", "kinds", "models"},
    "phonenumbers": {"phone"},
}


def imports(path: Path) -> set[str]:
    """Return what a module imports: our own modules with a leading dot, others by their top package."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{'.' * node.level}{node.module or ''}"]
            names = [names[0] + alias.name for alias in node.names] if names[0].strip(".") == "" else names
        else:
            continue
        for name in names:
            ours = name.replace("pulumi_vapi_byo.", ".") if name.startswith("pulumi_vapi_byo.") else name
            found.add(ours if ours.startswith(".") else ours.split(".")[0])
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_imports_go_one_way(path: Path) -> None:
    ours = {name.lstrip(".").split(".")[0] for name in imports(path) if name.startswith(".")}
    assert ours <= MAY_IMPORT[path.stem]
    foreign = {package for package, doors in DOORS.items() if path.stem not in doors}
    assert imports(path) & foreign == set()


def test_the_table_has_no_cycle() -> None:
    order: list[str] = []
    while len(order) < len(MAY_IMPORT):
        ready = [name for name, needs in MAY_IMPORT.items() if name not in order and needs <= set(order)]
        assert ready, f"a cycle among {set(MAY_IMPORT) - set(order)}"
        order += ready


@pytest.mark.parametrize("path", sorted((PACKAGE / "emulator").glob("*.py")), ids=lambda path: path.stem)
def test_the_emulator_shares_no_reading_of_the_api_with_the_provider(path: Path) -> None:
    parents = {name for name in imports(path) if name.startswith("..") or (name.startswith(".") and name[1:] in MAY_IMPORT)}
    assert parents <= {".._version"}
    assert imports(path) & set(DOORS) == set()


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert {path.stem for path in PACKAGE.rglob("*.py")}.isdisjoint({"base", "common", "helper", "helpers", "util", "utils"})
