"""The content of the wheel and of the source distribution."""

from __future__ import annotations

import email
import re
import tarfile
import zipfile

import pytest

from pulumi_vapi_byo import __version__
from tests.sdks import ROOT

from .conftest import Distributions

pytestmark = pytest.mark.engine

#: Needed at run time beside the modules: Pulumi's marker, the marker of typed packages, the emulator's documents, the schema.
DATA = {
    "pulumi_vapi_byo/pulumi-plugin.json",
    "pulumi_vapi_byo/py.typed",
    "pulumi_vapi_byo/emulator/spec/vapi-2024.openapi.json",
    "pulumi_vapi_byo/emulator/spec/vapi-current.openapi.json",
    "pulumi_vapi_byo/plugin/schema.json",
}


def test_the_wheel_holds_the_package_and_its_data_once_and_nothing_else(distributions: Distributions) -> None:
    with zipfile.ZipFile(distributions.wheel) as wheel:
        names = wheel.namelist()
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "pulumi_vapi_byo").rglob("*.py")}
    assert len(names) == len(set(names))
    assert {name for name in names if ".dist-info/" not in name} == modules | DATA


def test_the_wheel_requires_the_core_packages_and_offers_two_extras(distributions: Distributions) -> None:
    with zipfile.ZipFile(distributions.wheel) as wheel:
        metadata = email.message_from_bytes(wheel.read(f"pulumi_vapi_byo-{__version__}.dist-info/METADATA"))
        scripts = wheel.read(f"pulumi_vapi_byo-{__version__}.dist-info/entry_points.txt").decode()
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert {re.split(r"[^\w-]", line)[0] for line in required} == {"pulumi", "requests", "urllib3", "pydantic", "phonenumbers"}
    assert set(metadata.get_all("Provides-Extra", [])) == {"emulator", "cli"}
    assert metadata["Requires-Python"] == ">=3.10"
    assert "vapi-byo = pulumi_vapi_byo.cli:main" in scripts


def test_the_source_distribution_holds_what_is_needed_to_build(distributions: Distributions) -> None:
    with tarfile.open(distributions.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert DATA | {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"} <= names
    assert [name for name in names if "__pycache__" in name or name.startswith((".venv", ".cache"))] == []
