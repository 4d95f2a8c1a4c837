"""Adversarial cases: how the command line handles very large previews."""

from __future__ import annotations

import json
from typing import Any

from pulumi_vapi_byo import BYO_PHONE_NUMBER_TYPE
from pulumi_vapi_byo.cli.report import report

from .table import Record, record_case

#: Most characters in a GitHub comment.
LONGEST_COMMENT = 65_536


def step(operation: str, index: int, **new: str) -> dict[str, Any]:
    old = {"number": f"+1415{index:07}", "name": f"Line {index} of the support desk", "assistantId": "a" * 36}
    state = {"id": f"id-{index}", "inputs": old, "outputs": old}
    urn = f"urn:pulumi:prod::numbers::{BYO_PHONE_NUMBER_TYPE}::n{index}"
    return {"op": operation, "urn": urn, "oldState": state, "newState": {"inputs": {**old, **new}}}


def test_a_report_on_thousands_of_numbers_fits_a_comment_and_names_dangerous_changes(record: Record) -> None:
    steps = [step("update", index, name=f"Another name of line {index}") for index in range(3000)]
    dangerous = [step("delete", 3001), step("update", 3002, assistantId="b" * 36)]
    told = report(json.dumps({"steps": [*steps, *dangerous]}))
    named = [number for number in ("+14150003001", "+14150003002") if f"| `{number}` |" in told.markdown]
    length = len(told.markdown)
    assert length <= LONGEST_COMMENT
    assert len(named) == len(dangerous)
    assert told.deletes == 1
    assert all(line.endswith("|") for line in told.markdown.splitlines() if line.startswith("|"))
    outcome = (
        f"{length} characters; {len(named)} of {len(dangerous)} deletes and redirected calls named, {told.deletes} counted"
    )
    record_case(record, f"diff-report of {len(steps) + len(dangerous)} numbers that change", "nothing", outcome)
