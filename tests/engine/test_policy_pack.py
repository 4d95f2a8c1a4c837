"""``examples/policy-pack``: each policy by itself, and the pack on the real engine."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.sdks import ROOT, sdk
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID

from .project import Project

PACK = ROOT / "examples" / "policy-pack"

#: Boots the pack as Pulumi's own script for Python packs does. The language host built from Go modules is too old for that,
#: so the engine gets this script, and starts it with its address.
BOOT = """\
#!/bin/sh
cd "$(dirname "$0")" && exec python3 -u -m pulumi.policy "$1" .
"""

GOOD: dict[str, Any] = {"name": "Support", "assistantId": ASSISTANT_ID, "deletionProtection": True}

PROTECTED = "a number must be protected: deletion_protection=True, or opts=ResourceOptions(protect=True)"
NAMED = "a number must have a name: name='What it is for'"
ANSWERED = "calls must have somewhere to go: assistant_id, squad_id, server, fallback_destination or hooks"


@pytest.fixture(scope="module")
def policies() -> ModuleType:
    spec = importlib.util.spec_from_file_location("policies", PACK / "policies.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def violations(policies: ModuleType) -> Callable[..., list[str]]:
    """Check a resource against all policies, and return their messages."""

    def violations(props: dict[str, Any], *, protect: bool = False, type_: str = policies.NUMBER) -> list[str]:
        said: list[str] = []
        args = SimpleNamespace(resource_type=type_, props=props, opts=SimpleNamespace(protect=protect))
        for policy in policies.POLICIES:
            policy.validate(args, lambda message, urn: said.append(message))
        return said

    return violations


@pytest.mark.parametrize(
    ("props", "protect", "said"),
    [
        (GOOD, False, []),
        ({**GOOD, "deletionProtection": False}, True, []),
        ({**GOOD, "deletionProtection": False}, False, [PROTECTED]),
        ({**GOOD, "name": None}, False, [NAMED]),
        ({**GOOD, "assistantId": None}, False, [ANSWERED]),
        ({**GOOD, "assistantId": None, "squadId": "s"}, False, []),
        ({**GOOD, "assistantId": None, "server": {"url": "https://example.com"}}, False, []),
        ({**GOOD, "assistantId": None, "fallbackDestination": {"type": "sip"}}, False, []),
        ({}, False, [PROTECTED, NAMED, ANSWERED]),
    ],
)
def test_a_policy_says_what_is_missing_and_nothing_else(
    props: dict[str, Any], protect: bool, said: list[str], violations: Callable[..., list[str]]
) -> None:
    assert violations(props, protect=protect) == said


def test_other_resources_are_no_business_of_the_pack(violations: Callable[..., list[str]]) -> None:
    assert violations({}, type_="pulumi-python:dynamic/vapi:ByoSipTrunkCredential") == []


@pytest.fixture
def pack(tmp_path: Path) -> str:
    folder = tmp_path / "pack"
    shutil.copytree(PACK, folder, ignore=shutil.ignore_patterns("__pycache__"))
    script = folder / "boot"
    script.write_text(BOOT)
    script.chmod(0o755)
    return str(script)


@pytest.mark.engine
def test_the_engine_refuses_what_breaks_a_policy_and_makes_what_breaks_none(pack: str, start: Callable[..., Project]) -> None:
    project = start(sdk=sdk("newest"))  # whose environment has what a pack needs
    project.program(
        f"""
        vapi.ByoPhoneNumber("bare", credential_id={CREDENTIAL_ID!r}, number="+14155550100")
        vapi.ByoPhoneNumber(
            "good", credential_id={CREDENTIAL_ID!r}, number="+14155550101", name="Support", assistant_id={ASSISTANT_ID!r},
            opts=ResourceOptions(protect=True),
        )
        """
    )
    for run in (project.preview(policy_pack=[pack]), project.up(policy_pack=[pack])):
        assert run.failed
        for policy, sentence in (("protected", PROTECTED), ("named", NAMED), ("answered", ANSWERED)):
            assert f"[mandatory]  number-{policy}  (pulumi-python:dynamic/vapi:ByoPhoneNumber: bare)" in run.said
            assert sentence in run.said
        assert "ByoPhoneNumber: good)" not in run.said
    assert "+14155550100" not in {number["number"] for number in project.vapi.numbers()}

    project.program(
        f"""
        vapi.ByoPhoneNumber(
            "good", credential_id={CREDENTIAL_ID!r}, number="+14155550101", name="Support", assistant_id={ASSISTANT_ID!r},
            deletion_protection=True,
        )
        """
    )
    assert not project.up(policy_pack=[pack]).failed
    assert [number["number"] for number in project.vapi.numbers()] == ["+14155550101"]
