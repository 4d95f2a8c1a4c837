"""What pyright infers for a user of the package: exact types of outputs, and errors for wrong arguments."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import pulumi_vapi_byo as vapi

OUTPUTS = {
    "id": "Output[str]",
    "urn": "Output[str]",
    "org_id": "Output[str]",
    "created_at": "Output[str]",
    "updated_at": "Output[str]",
    "name": "Output[str | None]",
    "deletion_protection": "Output[bool | None]",
    "additional_properties": "Output[dict[str, Any] | None]",
}
NUMBER_OUTPUTS = {
    **OUTPUTS,
    "credential_id": "Output[str]",
    "number": "Output[str | None]",
    "number_e164_check_enabled": "Output[bool | None]",
    "assistant_id": "Output[str | None]",
    "squad_id": "Output[str | None]",
    "workflow_id": "Output[str | None]",
    "server_url": "Output[str | None]",
    "server_url_secret": "Output[str | None]",
    "server": "Output[dict[str, Any] | None]",
    "hooks": "Output[list[dict[str, Any]] | None]",
    "fallback_destination": "Output[dict[str, Any] | None]",
    "status": "Output[str | None]",
    "sip_uri": "Output[str | None]",
}
TRUNK_OUTPUTS = {
    **OUTPUTS,
    "gateways": "Output[list[dict[str, Any]]]",
    "outbound_authentication_plan": "Output[dict[str, Any] | None]",
    "outbound_leading_plus_enabled": "Output[bool | None]",
    "tech_prefix": "Output[str | None]",
    "sip_diversion_header": "Output[str | None]",
}
POOL_OUTPUTS = {
    "numbers": "dict[str, ByoPhoneNumber]",
    "ids": "Output[dict[str, str]]",
    "sip_uris": "Output[dict[str, str]]",
}

#: Expressions and the types they must have; the program below defines their names.
REVEALED = {
    **{f"number.{name}": inferred for name, inferred in NUMBER_OUTPUTS.items()},
    **{f"trunk.{name}": inferred for name, inferred in TRUNK_OUTPUTS.items()},
    **{f"pool.{name}": inferred for name, inferred in POOL_OUTPUTS.items()},
    "number": "ByoPhoneNumber",
    "eu": "Provider",
    'vapi.ByoPhoneNumber.get("n", "id")': "ByoPhoneNumber",
    'vapi.ByoSipTrunkCredential.get("t", trunk.id)': "ByoSipTrunkCredential",
    "number.sip_uri.apply(lambda uri: len(uri or ''))": "Output[int]",
}

PROGRAM = """\
import pulumi
import pulumi_vapi_byo as vapi

eu = vapi.Provider("eu", api_key=pulumi.Config("eu").require_secret("key"), region="eu", max_retries=2, timeout=20)
trunk = vapi.ByoSipTrunkCredential("trunk", gateways=[vapi.SipTrunkGatewayArgs(ip="203.0.113.5"), {"ip": "203.0.113.6"}])
number = vapi.ByoPhoneNumber(
    "number",
    credential_id=trunk.id,
    number="+14155550100",
    server=vapi.ServerArgs(
        url="https://example.com",
        headers={"a": trunk.id},
        backoff_plan={"type": "jitter", "max_retries": 1, "base_delay_seconds": 1},
    ),
    additional_properties={"newField": {"a": trunk.id}},
    fallback_destination={"type": "number", "number": "+14155550101"},
    opts=pulumi.ResourceOptions(provider=eu),
)
pool = vapi.ByoPhoneNumberPool(
    "pool",
    [{"number": "+14155550102"}, vapi.ByoPhoneNumberArgs(credential_id=trunk.id, number="+14155550103")],
    defaults={"credential_id": trunk.id},
)
"""

#: Statements that a type checker must refuse, and the rule that it must name.
WRONG = {
    'vapi.ByoPhoneNumber("a", number="+14155550100")': "reportCallIssue",
    'vapi.ByoPhoneNumberArgs(number="+14155550100")': "reportCallIssue",
    'vapi.ByoPhoneNumber("a", credential_id=5)': "reportArgumentType",
    'vapi.ByoPhoneNumber("a", credential_id="c", deletion_protection="no")': "reportArgumentType",
    'vapi.ByoPhoneNumber("a", credential_id="c", nmae="n")': "reportCallIssue",
    'vapi.ByoPhoneNumber("a", credential_id="c", hooks={"on": "call.ringing"})': "reportArgumentType",
    'vapi.ByoPhoneNumber("a", credential_id="c", server="https://example.com")': "reportArgumentType",
    'vapi.ByoPhoneNumber("a", vapi.ByoPhoneNumberArgs(credential_id="c"), credential_id="c")': "reportArgumentType",
    'vapi.ByoPhoneNumber("a", credential_id=number.number)': "reportArgumentType",
    'vapi.ServerArgs(timeout="20")': "reportCallIssue",
    'vapi.ServerArgs("https://example.com")': "reportCallIssue",
    'vapi.BackoffPlanArgs(type="linear", max_retries=1, base_delay_seconds=1)': "reportArgumentType",
    'vapi.TransferPlanArgs(mode="cold")': "reportArgumentType",
    'vapi.TransferPlanArgs(mode="blind-transfer", sip_verb="invite")': "reportArgumentType",
    'vapi.SipTrunkGatewayArgs(ip="203.0.113.5", outbound_protocol="sctp")': "reportArgumentType",
    'vapi.TransferDestinationSipArgs(sip_uri="sip:a@example.com", type="number")': "reportArgumentType",
    'vapi.ByoPhoneNumber("a", credential_id="c", additional_properties="x")': "reportArgumentType",
    'vapi.ByoSipTrunkCredential("a")': "reportCallIssue",
    'vapi.Provider("a")': "reportCallIssue",
    'vapi.Provider("a", api_key="k", timeout="20")': "reportArgumentType",
    'vapi.ByoPhoneNumberPool("a", [5])': "reportArgumentType",
    "number.sip_url": "reportAttributeAccessIssue",
}


@dataclass(frozen=True)
class Findings:
    """What pyright reports about a program, by line number, counted from 1."""

    revealed: dict[int, str]
    errors: dict[int, set[str]]


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return [*PROGRAM.splitlines(), *(f"reveal_type({expression})" for expression in REVEALED), *WRONG]


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> Findings:
    """Run pyright as a user would, on a program outside this project, with the installed package."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "program.py").write_text("\n".join(lines) + "\n")
    (folder / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "standard", "pythonVersion": "3.10"}))
    command = [str(Path(sys.executable).with_name("basedpyright")), "--outputjson", "--pythonpath", sys.executable]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert run.stdout, run.stderr
    said: list[dict[str, Any]] = json.loads(run.stdout)["generalDiagnostics"]
    revealed: dict[int, str] = {}
    errors: dict[int, set[str]] = {}
    for diagnostic in said:
        line = diagnostic["range"]["start"]["line"] + 1
        inferred = re.search(r'^Type of ".+" is "(.+)"$', diagnostic["message"], re.DOTALL)
        if inferred:
            revealed[line] = inferred[1]
        elif diagnostic["severity"] == "error":
            errors.setdefault(line, set()).add(diagnostic.get("rule", diagnostic["message"]))
    return Findings(revealed, errors)


def test_a_correct_program_has_no_error(findings: Findings) -> None:
    right = range(1, len(PROGRAM.splitlines()) + 1 + len(REVEALED))
    assert {line: rules for line, rules in findings.errors.items() if line in right} == {}


@pytest.mark.parametrize("expression", REVEALED)
def test_the_type_of_every_output_is_exact(expression: str, findings: Findings, lines: list[str]) -> None:
    assert findings.revealed[lines.index(f"reveal_type({expression})") + 1] == REVEALED[expression]


@pytest.mark.parametrize("statement", WRONG)
def test_a_wrong_program_is_an_error(statement: str, findings: Findings, lines: list[str]) -> None:
    assert WRONG[statement] in findings.errors.get(lines.index(statement) + 1, set())


@pytest.mark.parametrize(
    ("resource", "outputs"),
    [
        (vapi.ByoPhoneNumber, NUMBER_OUTPUTS),
        (vapi.ByoSipTrunkCredential, TRUNK_OUTPUTS),
    ],
)
def test_no_output_is_missing_here(resource: type, outputs: dict[str, str]) -> None:
    named = {name for name in dir(resource) if isinstance(getattr(resource, name), property) and not name.startswith("_")}
    assert named - {"pulumi_resource_name", "pulumi_resource_type"} == set(outputs)
