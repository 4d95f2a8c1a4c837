"""Generated files match the models, and the models describe everything that a user needs to know."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

import pulumi_vapi_byo as vapi
from pulumi_vapi_byo.dynamic import _arguments
from pulumi_vapi_byo.kinds.kind import Kind
from tools.generate import ROOT, generated
from tools.generate.examples import FILES
from tools.generate.fields import Anything, Field, Map, Object, Text, all_objects, fields_of, resources

GENERATED = generated()
MODULES = [path for path in GENERATED if path.suffix == ".py"]
PAGES = [path for path in GENERATED if path.suffix == ".md"]


@pytest.mark.parametrize("path", GENERATED, ids=str)
def test_a_generated_file_matches_the_models(path: Path) -> None:
    assert (ROOT / path).read_text("utf-8") == GENERATED[path], "run make generate"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_generated_module_says_so_at_its_top(path: Path) -> None:
    first, _, _ = GENERATED[path].partition("\n")
    assert "make generate" in first
    assert "do not edit" in first


def test_no_other_file_says_that_it_is_generated() -> None:
    package = ROOT / "pulumi_vapi_byo"
    found = {path.relative_to(ROOT) for path in package.rglob("*.py") if "do not edit" in path.read_text("utf-8")}
    assert found == set(MODULES)


def test_files_can_be_generated_from_missing_or_broken_files(tmp_path: Path) -> None:
    sources = [path for folder in ("pulumi_vapi_byo", "tools") for path in (ROOT / folder).rglob("*.py")]
    examples = [ROOT / "examples" / language / file for language, file in FILES.items()]
    for source in [*sources, *examples, ROOT / "pyproject.toml", *(ROOT / page for page in PAGES)]:
        target = tmp_path / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    missing, *conflicts = MODULES
    (tmp_path / missing).unlink()
    for path in conflicts:
        (tmp_path / path).write_text("<<<<<<< HEAD\n", "utf-8")
    for path in PAGES:
        (tmp_path / path).write_text(GENERATED[path].replace("| `str` |", "| `bool` |"), "utf-8")
    subprocess.run([sys.executable, "-m", "tools.generate"], cwd=tmp_path, timeout=60, check=True)
    assert {path: (tmp_path / path).read_text("utf-8") for path in GENERATED} == GENERATED


# ---------------------------------------------------------------------------------------------------------- the source

RESOURCES = {one.name: one for one in resources()}
MODELS: list[tuple[str, tuple[Field, ...]]] = [
    *((model.__name__, fields_of(model)) for model in all_objects()),
    *((f"{one.name} inputs", one.inputs) for one in resources()),
    *((f"{one.name} outputs", tuple(one.outputs)) for one in resources()),
]


@pytest.mark.parametrize(("name", "fields"), MODELS, ids=[name for name, _ in MODELS])
def test_every_field_is_described_in_sentences(name: str, fields: tuple[Field, ...]) -> None:
    for field in fields:
        assert field.description.endswith("."), f"{name}.{field.name}"
        assert "\n" not in field.description, f"{name}.{field.name}"


@pytest.mark.parametrize(
    "field", [field for _, fields in MODELS for field in fields if field.default], ids=lambda field: field.name
)
def test_a_description_names_the_default(field: Field) -> None:
    assert field.default is not None
    assert "default" in field.description
    assert f"{field.default.value}" in field.description


@pytest.mark.parametrize("model", all_objects(), ids=lambda model: model.__name__)
def test_every_object_is_described(model: type[BaseModel]) -> None:
    assert (model.__doc__ or "").partition("\n")[0].endswith(".")


@pytest.mark.parametrize("kind", [one.kind for one in resources()], ids=lambda kind: kind.name)
def test_every_class_of_arguments_is_public(kind: Kind) -> None:
    classes = {name for name in vars(_arguments) if name.endswith("Args")}
    assert classes | {kind.name} <= set(vapi.__all__)


# -------------------------------------------------------------------------------------------------- what the schema needs


def fields_by_path(fields: tuple[Field, ...], path: str = "") -> dict[str, Field]:
    found = {}
    for field in fields:
        found[path + field.name] = field
        if isinstance(field.type, Object):
            found |= fields_by_path(fields_of(field.type.model), f"{path}{field.name}.")
    return found


def test_fields_have_all_that_a_schema_needs() -> None:
    number, trunk = (fields_by_path(RESOURCES[name].inputs) for name in ("ByoPhoneNumber", "ByoSipTrunkCredential"))
    assert [path for path, field in number.items() if field.is_required and "." not in path] == ["credential_id"]
    assert {path for path, field in (number | trunk).items() if field.is_secret} == {
        "server_url_secret",
        "server.headers",
        "outbound_authentication_plan.auth_password",
    }
    assert number["server.backoff_plan.type"].type == Text(("fixed", "exponential"), "BackoffType")
    assert number["server.headers"].type == Map(Text())
    assert number["additional_properties"].type == Anything()
    assert number["number_e164_check_enabled"].default is not None
    assert [field.name for field in RESOURCES["ByoPhoneNumber"].computed] == ["sip_uri"]
