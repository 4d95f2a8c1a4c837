"""The package's import table: one direction, and few modules that import other packages."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import pulumi_vapi_byo
from pulumi_vapi_byo.wire import WIRE_NAMES
from tools.architecture import PAGE, imports, module_name, modules, page

PACKAGE: Final = Path(pulumi_vapi_byo.__file__).parent

#: Floor or top-level module -> the others that it may import. Nothing imports back up.
MAY_IMPORT: Final[dict[str, set[str]]] = {
    "_tables": set(),
    "_version": set(),
    "wire": {"_tables"},
    "errors": {"wire"},
    "config": {"errors", "wire"},
    "kinds": {"_tables", "config", "errors", "wire"},
    "api": {"_version", "config", "errors", "kinds", "wire"},
    "core": {"api", "config", "errors", "kinds", "wire"},
    "provider": {"api", "config", "core", "errors", "kinds", "wire"},
    "dynamic": {"api", "config", "core", "errors", "kinds", "provider", "wire"},
    "plugin": {"_version", "api", "config", "core", "errors", "kinds", "wire"},
    "cli": {"_version", "api", "config", "core", "dynamic", "emulator", "errors", "kinds", "provider", "wire"},
    "emulator": {"_version"},
    "__init__": {"_version", "dynamic"},
}

#: Outside package -> the only modules that may import it; a folder covers everything in it.
DOORS: Final[dict[str, set[str]]] = {
    "pulumi": {"cli.takeover", "dynamic", "plugin", "provider"},
    "grpc": {"plugin"},
    "requests": {"api.client"},
    "urllib3": {"api.client", "api.throttle"},
    "pydantic": {"core.check", "kinds"},
    "pydantic_core": {"kinds.models"},
    "phonenumbers": {"kinds.e164"},
    "typer": {"cli"},
    "rich": {"cli"},
    "aiohttp": {"emulator"},
}

MODULES: Final = modules()


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_go_one_way(path: Path) -> None:
    floor = module_name(path).partition(".")[0]
    ours, foreign = imports(path)
    assert {name.partition(".")[0] for name in ours} - {floor} <= MAY_IMPORT[floor]
    closed = {name for name, doors in DOORS.items() if not {module_name(path), floor} & doors}
    assert foreign & closed == set()


def test_the_picture_is_drawn_from_the_code() -> None:
    assert PAGE.read_text("utf-8") == page(), "run make generate"


def test_floors_and_modules_have_no_import_cycle() -> None:
    needs = {module_name(path): imports(path)[0] - {module_name(path)} for path in MODULES}
    for table in (MAY_IMPORT, needs):
        order: set[str] = set()
        while len(order) < len(table):
            ready = {name for name in table if name not in order and table[name] <= order}
            assert ready, f"a cycle among {sorted(set(table) - order)}"
            order |= ready


#: Fields that every kind of resource has, and our own inputs.
_OF_EVERY_KIND: Final = {"org_id", "created_at", "updated_at", "additional_properties", "deletion_protection"}

#: Settings of ours that have the name of a Vapi field.
_SETTINGS: Final = {"maxRetries", "max_retries"}


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if module_name(path).partition(".")[0] in {"api", "config", "core", "errors", "provider"}],
    ids=module_name,
)
def test_only_the_kinds_name_vapi_fields(path: Path) -> None:
    names = {name for pair in WIRE_NAMES.items() for name in pair if name not in _OF_EVERY_KIND}
    # A single word, such as "number" or "name", can mean anything.
    fields = {name for name in names if "_" in name or name != name.lower()} - _SETTINGS
    tree = ast.parse(path.read_text("utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    ]
    assert {word for text in texts for word in re.findall(r"\w+", text)} & fields == set()


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert {path.stem for path in PACKAGE.rglob("*.py")}.isdisjoint({"base", "common", "helper", "helpers", "util", "utils"})


#: Packages that a program's start must not wait for.
HEAVY: Final = {"aiohttp", "mkdocs", "openapi_schema_validator", "phonenumbers", "pydantic", "requests", "rich", "typer"}


def loaded_by(code: str, beyond: str = "pulumi.dynamic") -> set[str]:
    """Run code in a fresh process; return the modules that it loads beyond those that another module loads."""
    lines = (f"import sys, {beyond}", "before = set(sys.modules)", code, "print(*set(sys.modules) - before)")
    run = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=60, check=True)
    return set(run.stdout.split())


def test_a_program_starts_without_the_models_and_without_http() -> None:
    loaded = loaded_by("import pulumi_vapi_byo")
    assert loaded & HEAVY == set()
    assert {"pulumi_vapi_byo.kinds.models", "pulumi_vapi_byo.api.client"} & loaded == set()


def test_the_plugin_starts_without_the_sdk() -> None:
    loaded = loaded_by("import pulumi_vapi_byo.plugin.server", beyond="grpc")
    assert "pulumi_vapi_byo.plugin.protocol" in loaded
    assert loaded & {*HEAVY, "pulumi", "dill"} == set()


def test_a_check_of_a_plain_number_needs_neither_http_nor_the_models_of_objects() -> None:
    check = (
        "from pulumi_vapi_byo.core.check import check_inputs; from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER\n"
        "assert not check_inputs(PHONE_NUMBER, {'credentialId': 'c', 'number': '+14155552671'}).problems"
    )
    loaded = loaded_by(f"from pulumi_vapi_byo.provider import ByoPhoneNumberProvider\n{check}")
    assert loaded & HEAVY == {"phonenumbers", "pydantic"}
    assert {"pulumi_vapi_byo.kinds.objects", "pulumi_vapi_byo.api.client"} & loaded == set()
    with_a_server = check.replace("'number'", "'server': {'url': 'https://example.com'}, 'number'")
    assert "pulumi_vapi_byo.kinds.objects" in loaded_by(with_a_server)


def test_an_unchanged_or_deleted_number_needs_no_models() -> None:
    loaded = loaded_by(
        "from pulumi_vapi_byo.provider import ByoPhoneNumberProvider; from pulumi.dynamic import ConfigureRequest, Config\n"
        "provider = ByoPhoneNumberProvider(); provider.configure(ConfigureRequest(Config({}, 'project')))\n"
        "inputs = {'credentialId': 'c', 'number': '+14155552671', 'sipUri': '+14155552671@c.sip.vapi.ai'}; provider.check(inputs, inputs)\n"
        "assert provider.diff('id', inputs, inputs).changes is False"
    )
    assert loaded & HEAVY == set()
    assert "pydantic" not in loaded_by("import pulumi_vapi_byo.core.lifecycle")
