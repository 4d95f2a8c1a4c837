"""Secrets and control characters in a program's texts: refused at preview without being shown, and nothing is sent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.samples import CREDENTIAL_ID

from .conftest import NewStack
from .stand_in import StandIn
from .table import Record, record_case

pytestmark = pytest.mark.engine

CANARY = "canary-7d21c0"
ADDRESS = f"https://user:{CANARY}@example.com/"
CONTROLS = "must not hold line breaks or other control characters, has"
DESK = {"type": "sip", "sip_uri": f"sip:u:{CANARY}@example.com"}
PLAN = {"mode": "blind-transfer", "hold_audio_url": ADDRESS}
IN_CLEAR = "which states and previews show in clear"

#: Numbers, and for each the names of its cases and their reasons. A number each, because Pulumi stops at the first refusal.
NUMBERS: list[tuple[dict[str, Any], dict[str, str]]] = [
    (
        {
            "name": "a\nerror: b",
            "server": {"url": ADDRESS, "headers": {"x": f"{CANARY}\r\nHost: evil"}},
            "hooks": [{"on": "call.ringing", "do": [{"type": "transfer", "destination": DESK}]}],
            "fallback_destination": {**DESK, "sip_uri": "sip:u@example.com", "transfer_plan": PLAN},
        },
        {
            "a line break in a name": f"name {CONTROLS} '\\n' at position 2",
            "a password in server.url": f"server.url must not hold a user name or a password, {IN_CLEAR}",
            "a line break in a header's value": f"server.headers.x {CONTROLS} '\\r' at position 14",
            "a password in a hook's SIP address": f"hooks[0].do[0].destination.sip_uri must not hold a password, {IN_CLEAR}",
            "a password in a plan's address": (
                f"fallback_destination.transfer_plan.hold_audio_url must not hold a user name or a password, {IN_CLEAR}"
            ),
        },
    ),
    (
        {"name": "a\0", "server_url": ADDRESS},
        {
            "a NUL in a name": f"name {CONTROLS} '\\x00' at its end",
            "a password in server_url": f"server_url must not hold a user name or a password, {IN_CLEAR}",
        },
    ),
    ({"name": "\x1b[2Ja"}, {"a terminal's escape in a name": f"name {CONTROLS} '\\x1b' at position 1"}),
]


@pytest.mark.parametrize(("given", "cases"), NUMBERS, ids=["line-breaks", "nul", "escape"])
def test_secrets_and_control_characters_in_texts_are_refused_at_preview_and_not_shown(
    new_stack: NewStack, stand_in: StandIn, record: Record, given: dict[str, Any], cases: dict[str, str]
) -> None:
    stack = new_stack(stand_in)
    stack.declare({"desk": {"credential_id": CREDENTIAL_ID, "number": "+14155552671", **given}})
    preview = stack("preview", may_fail=True)
    assert preview.status != 0
    assert CANARY not in preview.output
    assert "\x1b[2J" not in preview.output
    said = preview.errors["desk"].splitlines()
    assert len(said) == len(cases)
    assert stand_in.summary() == "nothing"
    for case, sentence in cases.items():
        assert len([line for line in said if f"'desk' has a problem: {sentence}" in line]) == 1, preview.output
        record_case(record, case, stand_in.summary(), f"refused at preview: {sentence}")
