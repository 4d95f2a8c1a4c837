"""Call diversion through fields that the program leaves out, on the real CLI: reported, or found by the gate and reverted."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pulumi_vapi_byo.cli.report import report
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID, SQUAD_ID

from .conftest import NewStack
from .stack import Run
from .stand_in import StandIn
from .table import Record, record_case

pytestmark = pytest.mark.engine

NUMBER = "+14155552671"
DESK = {"number": NUMBER, "credential_id": CREDENTIAL_ID, "assistant_id": ASSISTANT_ID}
HOOKS = [{"on": "call.ringing", "do": [{"type": "transfer", "destination": {"type": "number", "number": "+442079460018"}}]}]

REFRESH_GATE = ("refresh", "--preview-only", "--expect-no-changes", "--diff")
PREVIEW_GATE = ("preview", "--refresh", "--expect-no-changes", "--diff")
TOLD = f"warning: BYO phone number '{NUMBER}': Vapi has hooks (1, not shown), which the program leaves out: "


def writes(vapi: StandIn) -> list[tuple[str, object]]:
    return [(one.method, one.body) for one in vapi.sent("POST", "PATCH", "DELETE")]


def changes(run: Run) -> list[str]:
    """Return the properties that a preview shows as added, removed or changed, with their signs."""
    update = run.output.rpartition("(update)")[2]
    return [" ".join(found) for found in re.findall(r"^      ([-+~]) (\w+) *:", update, re.MULTILINE)]


def test_hooks_set_in_the_dashboard_are_reported_and_kept(stand_in: StandIn, new_stack: NewStack, record: Record) -> None:
    stack = new_stack(stand_in)
    stack.declare({"desk": DESK})
    stack.up()
    (id_,) = stand_in.numbers
    stand_in.change(id_, hooks=HOOKS)
    stand_in.seen.clear()
    for gate in (REFRESH_GATE, PREVIEW_GATE, ("refresh", "--yes", "--skip-preview"), PREVIEW_GATE):
        assert TOLD in stack(*gate).output
    plain = report(stack("preview", "--refresh", "--json").output).markdown
    shown = report(stack("preview", "--refresh", "--json", "--show-sames").output).markdown
    for markdown in (plain, shown):
        assert "**Nothing changes, but calls to 1 number may be diverted by what the program leaves out.**" in markdown
        assert f"| `{NUMBER}` |  | **calls may be diverted**" in markdown
        assert "`hooks (1, not shown)` |" in markdown
    assert writes(stand_in) == []
    assert stand_in.numbers[id_].value["hooks"] == HOOKS
    record_case(
        record,
        "hooks set in the dashboard, left out by the program (default)",
        stand_in.summary(),
        "reported by every refresh, preview --refresh and diff-report; kept",
    )


def test_the_gate_finds_hooks_set_in_the_dashboard_and_one_patch_reverts_them(
    stand_in: StandIn, new_stack: NewStack, record: Record
) -> None:
    stack = new_stack(stand_in)
    stack.configure(onOmitted="clear")
    stack.declare({"desk": DESK})
    stack.up()
    (id_,) = stand_in.numbers
    for gate in (REFRESH_GATE, PREVIEW_GATE):
        assert "2 unchanged" in stack(*gate).output
    stand_in.change(id_, hooks=HOOKS, squadId=SQUAD_ID, numberE164CheckEnabled=True, status="active")
    stand_in.seen.clear()
    found, shown = stack(*REFRESH_GATE, may_fail=True), stack(*PREVIEW_GATE, may_fail=True)
    assert (found.status != 0, changes(found)) == (True, ["+ hooks", "+ squadId"])
    assert (shown.status != 0, changes(shown)) == (True, ["- hooks", "- squadId"])
    told = report(stack("preview", "--refresh", "--json").output).markdown
    assert "its squad, which is not asked first, will be unset" in told
    assert "its hooks, for when it rings or no assistant is found, will be removed" in told
    stack.refresh()
    stack.up()
    assert writes(stand_in) == [("PATCH", {"squadId": None, "hooks": []})]
    sent = stand_in.summary()
    stand_in.seen.clear()
    stack.up("--expect-no-changes")
    assert stand_in.seen == []
    assert "2 unchanged" in stack(*PREVIEW_GATE).output
    record_case(
        record,
        "hooks and squad set in the dashboard, onOmitted clear",
        sent,
        "both gates failed, one PATCH reverted them, the next up sent nothing",
    )


def test_the_first_update_after_the_switch_clears_the_fields_in_the_state(
    stand_in: StandIn, new_stack: NewStack, record: Record
) -> None:
    stack = new_stack(stand_in)
    stack.declare({"desk": DESK})
    stack.up()
    (id_,) = stand_in.numbers
    stand_in.change(id_, hooks=HOOKS)
    stack.refresh()
    stack.configure(onOmitted="clear")
    stand_in.seen.clear()
    first = stack("preview", "--expect-no-changes", may_fail=True)
    assert first.status != 0
    assert (
        "will be cleared, because the program leaves it out and vapi-byo:onOmitted is clear: hooks (1, not shown)"
        in first.output
    )
    assert stand_in.seen == []
    stack.configure(onOmitted="keep")
    assert "2 unchanged" in stack("preview", "--expect-no-changes").output
    stack.configure(onOmitted="clear")
    stack.up()
    assert writes(stand_in) == [("PATCH", {"hooks": []})]
    record_case(
        record, "onOmitted switched to clear with hooks in the state", stand_in.summary(), "shown as cleared, one PATCH"
    )


def test_ignore_changes_keeps_a_field_that_is_left_out_while_others_are_cleared(
    stand_in: StandIn, new_stack: NewStack, record: Record
) -> None:
    stack = new_stack(stand_in)
    program = stack.project / "__main__.py"
    options = "**arguments, opts=pulumi.ResourceOptions(ignore_changes=['hooks']))"
    program.write_text("import pulumi\n" + program.read_text().replace("**arguments)", options))
    stack.configure(onOmitted="clear")
    stack.declare({"desk": DESK})
    stack.up()
    (id_,) = stand_in.numbers
    stand_in.change(id_, hooks=HOOKS)
    stand_in.seen.clear()
    for command in (REFRESH_GATE, PREVIEW_GATE, ("refresh", "--yes"), ("up", "--yes", "--expect-no-changes"), PREVIEW_GATE):
        assert "2 unchanged" in stack(*command).output
    stand_in.change(id_, squadId=SQUAD_ID)
    shown = stack(*PREVIEW_GATE, may_fail=True)
    assert changes(shown) == ["- squadId"]
    stack.refresh()
    stack.up()
    assert writes(stand_in) == [("PATCH", {"squadId": None})]
    assert stand_in.numbers[id_].value["hooks"] == HOOKS
    record_case(
        record, "ignore_changes of hooks, onOmitted clear", stand_in.summary(), "hooks kept and no drift, a squad cleared"
    )


def test_an_empty_value_clears_one_field_through_every_door(stand_in: StandIn, new_stack: NewStack, record: Record) -> None:
    stack = new_stack(stand_in)
    stack.declare({"desk": DESK})
    stack.up()
    (id_,) = stand_in.numbers
    held = {"hooks": HOOKS, "squadId": SQUAD_ID, "server": {"url": "https://example.com"}, "name": "x"}
    fallback = {"fallbackDestination": {"type": "number", "number": "+442079460018"}}
    stand_in.change(id_, **held, **fallback)
    stand_in.seen.clear()
    none = {"hooks": [], "squad_id": "", "server": {}, "name": "", "fallback_destination": {}}
    stack.declare({"desk": {**DESK, **none}})
    # The provider overwrites somebody else's edit only after a refresh has shown it.
    stack.refresh()
    stack.up()
    cleared: dict[str, Any] = {"name": None, "squadId": None, "server": None, "hooks": [], "fallbackDestination": None}
    assert writes(stand_in) == [("PATCH", cleared)]
    sent = stand_in.summary()
    assert "2 unchanged" in stack(*PREVIEW_GATE).output
    stand_in.change(id_, squadId=SQUAD_ID)
    assert changes(stack(*PREVIEW_GATE, may_fail=True)) == ["- squadId"]
    record_case(record, "five fields cleared by an empty value", sent, "one PATCH; if set again in the dashboard, drift")


def test_a_number_that_is_only_looked_up_is_not_told_of(stand_in: StandIn, new_stack: NewStack) -> None:
    stack = new_stack(stand_in)
    number = stand_in.put(number=NUMBER, credentialId=CREDENTIAL_ID, squadId=SQUAD_ID)
    (stack.project / "__main__.py").write_text(
        f"import pulumi_vapi_byo as vapi\nvapi.ByoPhoneNumber.get('desk', {json.dumps(number['id'])})\n"
    )
    stack.up()
    stand_in.change(number["id"], hooks=HOOKS)
    for command in (("refresh", "--yes"), ("preview", "--refresh"), ("up", "--yes")):
        assert "which the program leaves out" not in stack(*command).output
