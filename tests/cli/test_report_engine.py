"""Reports on previews of the real engine."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from pulumi_vapi_byo.emulator import Emulator
from tests.engine.project import Project
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID, SQUAD_ID

from .conftest import Ran, Run

pytestmark = pytest.mark.engine

CANARY = "canary-header-8b3f"


@pytest.fixture
def preview(project: Project, run_in_project: Run) -> Any:
    """Run a preview and report on it, even if the preview fails."""

    def preview(*options: str, report: tuple[str, ...] = ()) -> Ran:
        done = subprocess.run(
            ["pulumi", "--non-interactive", "preview", "--json", *options],
            cwd=project.folder,
            env=project.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert json.loads(done.stdout), done.stderr
        (project.folder / "preview.json").write_text(done.stdout)
        return run_in_project("diff-report", "preview.json", *report)

    return preview


def rows(ran: Ran) -> list[str]:
    return [line for line in ran.out.splitlines() if line.startswith("| `+")]


def test_a_report_says_what_a_preview_would_do(project: Project, vapi: Emulator, preview: Any) -> None:
    project.program(f'''
        def number(resource, digits, **more):
            vapi.ByoPhoneNumber(resource, credential_id="{CREDENTIAL_ID}", number=digits, **more)

        number("a", "+14155552671", name="A", assistant_id="{ASSISTANT_ID}")
        number("b", "+14155552672", name="B", server=vapi.ServerArgs(url="https://example.com/b", headers={{"x": "{CANARY}-1"}}))
        number("c", "+14155552673", name="C", assistant_id="{ASSISTANT_ID}")
        number("d", "+14155552674", name="D", assistant_id="{ASSISTANT_ID}")
        number("e", "+14155552675", name="E", assistant_id="{ASSISTANT_ID}")
        number("f", "+14155552676", name="F", assistant_id="{ASSISTANT_ID}")

        def trunk(resource, password):
            plan = vapi.SipTrunkOutboundAuthenticationPlanArgs(auth_username="u", auth_password=password)
            gateways = [vapi.SipTrunkGatewayArgs(ip="192.0.2.1")]
            vapi.ByoSipTrunkCredential(resource, name=resource, gateways=gateways, outbound_authentication_plan=plan)

        trunk("carrier", "{CANARY}-3")
        trunk("old carrier", "{CANARY}-4")
    ''')
    assert not project.up().failed
    behind = vapi.add_number(number="+14155552677", name="G", credentialId=CREDENTIAL_ID, assistantId=ASSISTANT_ID)
    ids = {number["name"]: number["id"] for number in vapi.numbers()}
    vapi.delete_number(ids["D"])
    project.program(f'''
        def number(resource, digits, opts=None, **more):
            return vapi.ByoPhoneNumber(resource, credential_id="{CREDENTIAL_ID}", number=digits, opts=opts, **more)

        number("a", "+14155552671", name="A2", squad_id="{SQUAD_ID}")
        number("b", "+14155552672", name="B", server=vapi.ServerArgs(url="https://example.com/b", headers={{"x": "{CANARY}-2"}}))
        number("d", "+14155552674", name="D", assistant_id="{ASSISTANT_ID}")
        number("e", "+14155552675", name="E", assistant_id="{ASSISTANT_ID}")
        number("f", "+14155552676", name="F", assistant_id="{ASSISTANT_ID}", opts=ResourceOptions(replace_on_changes=["name"]))
        number("g", "+14155552677", name="G", assistant_id="{ASSISTANT_ID}", opts=ResourceOptions(import_="{behind["id"]}"))
        new = number("h", "+14155552678")
        vapi.ByoSipTrunkCredential("trunk", name=new.id, gateways=[vapi.SipTrunkGatewayArgs(ip="192.0.2.1")])
        number("i", "+14155552679", assistant_id=new.id)
        vapi.ByoSipTrunkCredential(
            "carrier",
            name="carrier",
            gateways=[vapi.SipTrunkGatewayArgs(ip="192.0.2.2")],
            outbound_authentication_plan=vapi.SipTrunkOutboundAuthenticationPlanArgs(
                auth_username="u", auth_password="{CANARY}-5"
            ),
        )
    ''')
    urn = next(resource["urn"] for resource in project.resources() if resource["id"] == ids["E"])
    ran = preview("--refresh", "--replace", urn)

    assert ran.status == 3
    assert ran.out.splitlines()[2] == "**1 deleted, 1 replaced, 2 changed, 3 created, 1 taken over.**"
    assert rows(ran) == [
        "| `+14155552673` | `C` | **will be deleted: calls will fail** |",
        "| `+14155552675` | `E` | **will be deleted and created again with a new id: calls fail in between** |",
        (
            f"| `+14155552671` | `A` | calls will go to squad `{SQUAD_ID}` (was assistant `{ASSISTANT_ID}`); "
            "will be renamed to `A2` (was `A`) |"
        ),
        "| `+14155552672` | `B` | webhook headers change (not shown) |",
        (
            "| `+14155552674` | `D` | was deleted outside Pulumi and will be created again with a new id; "
            f"calls will go to assistant `{ASSISTANT_ID}` |"
        ),
        "| `+14155552678` |  | will be created; **nothing will answer calls** unless the organisation has a server |",
        "| `+14155552679` |  | will be created; calls will go to assistant `known after the update` |",
        f"| `+14155552677` | `G` | will be taken over as it is (id `{behind['id']}`) |",
    ]
    assert ran.out.endswith(
        "### SIP trunks\n\n**1 deleted, 1 changed, 1 created.**\n\n| Trunk | What happens |\n|---|---|\n"
        "| `old carrier` | **will be deleted: calls of its numbers will fail** |\n"
        "| `carrier` | **gateway `192.0.2.1` will be removed: no calls go through it any more**; gateway `192.0.2.2` will be added; "
        "its password at the carrier changes (not shown) |\n"
        "| `trunk` | will be created; gateway `192.0.2.1` |\n"
    )
    assert CANARY not in ran.out + (project.folder / "preview.json").read_text()
    assert preview("--refresh", "--replace", urn, report=("--allow-deletes",)).status == 0


def test_a_report_on_a_failed_preview_says_so(project: Project, preview: Any) -> None:
    project.program(f'vapi.ByoPhoneNumber("a", credential_id="{CREDENTIAL_ID}", number="415 555 2671")')
    ran = preview()
    assert ran.status == 1
    assert "**The preview failed, so there may be more:**" in ran.out
    assert "must be in E.164" in ran.out
