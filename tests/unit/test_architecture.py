"""The import table of the package: one direction, and few doors to the outside."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import pulumi_vapi_byo

PACKAGE: Final = Path(pulumi_vapi_byo.__file__).parent

#: Module -> the modules of ours that it may import. A new module has to take its place here.
MAY_IMPORT: Final[dict[str, set[str]]] = {
    "_version": set(),
    "wire": set(),
    "errors": {"wire"},
    "phone": set(),
    "pacing": set(),
    "masking": set(),
    "deadline": set(),
    "route": {"errors"},
    "holding": set(),
    "engine": set(),
    "fields": {"phone", "wire"},
    "blocks": {"fields", "wire"},
    "models": {"blocks", "fields", "wire"},
    "kinds": {"errors", "fields", "models", "phone", "wire"},
    "checking": {"config", "errors", "fields", "kinds", "models", "wire"},
    "diffing": {"kinds", "wire"},
    "config": {"errors", "wire"},
    "client": {"_version", "config", "deadline", "errors", "kinds", "masking", "models", "pacing", "route", "wire"},
    "twins": {"errors", "holding", "kinds"},
    "account": {"client", "kinds", "models", "twins"},
    "reading": {"client", "errors", "kinds", "models", "twins"},
    "states": {"config", "kinds", "models", "wire"},
    "creating": {
        "account",
        "client",
        "config",
        "diffing",
        "errors",
        "holding",
        "kinds",
        "models",
        "pacing",
        "states",
        "twins",
        "wire",
    },
    "absence": {"client", "errors", "kinds", "models", "pacing"},
    "lifecycle": {
        "absence",
        "account",
        "client",
        "config",
        "creating",
        "diffing",
        "errors",
        "holding",
        "kinds",
        "models",
        "reading",
        "states",
        "twins",
        "wire",
    },
    "provider": {"checking", "client", "config", "diffing", "engine", "errors", "holding", "kinds", "lifecycle", "wire"},
    "arguments": {"kinds", "wire"},
    "resource": {"arguments", "config", "provider", "wire"},
    "explicit": {"arguments", "config", "errors"},
    "pool": {"arguments", "checking", "config", "errors", "explicit", "kinds", "resource", "wire"},
    "lookup": {"account", "arguments", "client", "config", "errors", "kinds", "models", "wire"},
    "host": set(),
    "__init__": {"_version", "arguments", "explicit", "lookup", "pool", "resource"},
}

#: Outside package -> the only modules that may import it.
DOORS: Final[dict[str, set[str]]] = {
    "pulumi": {"arguments", "explicit", "lookup", "pool", "provider", "resource"},
    "requests": {"client"},
    "urllib3": {"client", "pacing"},
    "pydantic": {"blocks", "checking", "fields", "kinds", "models"},
    "pydantic_core": {"models"},
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


#: What a program's start must not wait for, and, where a plugin gets to it later, what brings it.
HEAVY: Final = {"aiohttp", "mkdocs", "openapi_schema_validator", "phonenumbers", "pydantic", "requests", "rich", "typer"}


def loaded_by(code: str) -> set[str]:
    """Run code in a fresh process; return the modules that it brought, beyond those of pulumi."""
    lines = ("import sys, pulumi.dynamic", "before = set(sys.modules)", code, "print(*set(sys.modules) - before)")
    run = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=60, check=True)
    return set(run.stdout.split())


def test_a_program_starts_without_the_models_and_without_http() -> None:
    loaded = loaded_by("import pulumi_vapi_byo")
    assert loaded & HEAVY == set()
    assert {"pulumi_vapi_byo.models", "pulumi_vapi_byo.client"} & loaded == set()


def test_a_check_of_a_plain_number_needs_neither_http_nor_the_models_of_what_it_has_not() -> None:
    check = (
        "from pulumi_vapi_byo.checking import check_inputs; from pulumi_vapi_byo.kinds import PHONE_NUMBER\n"
        "assert not check_inputs(PHONE_NUMBER, {'credentialId': 'c', 'number': '+14155552671'}).problems"
    )
    loaded = loaded_by(f"from pulumi_vapi_byo.provider import ByoPhoneNumberProvider\n{check}")
    assert loaded & HEAVY == {"phonenumbers", "pydantic"}
    assert {"pulumi_vapi_byo.blocks", "pulumi_vapi_byo.client"} & loaded == set()
    with_a_server = check.replace("'number'", "'server': {'url': 'https://example.com'}, 'number'")
    assert "pulumi_vapi_byo.blocks" in loaded_by(with_a_server)


def test_what_is_unchanged_or_deleted_needs_no_models() -> None:
    loaded = loaded_by(
        "from pulumi_vapi_byo.provider import ByoPhoneNumberProvider; from pulumi.dynamic import ConfigureRequest, Config\n"
        "provider = ByoPhoneNumberProvider(); provider.configure(ConfigureRequest(Config({}, 'project')))\n"
        "inputs = {'credentialId': 'c', 'number': '+14155552671', 'sipUri': 's'}; provider.check(inputs, inputs)\n"
        "assert provider.diff('id', inputs, inputs).changes is False"
    )
    assert loaded & HEAVY == set()
    assert "pydantic" not in loaded_by("import pulumi_vapi_byo.lifecycle")
