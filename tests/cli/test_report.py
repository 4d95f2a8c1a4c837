"""From previews, as ``pulumi preview --json`` prints them, to the report that a reviewer reads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from pulumi_vapi_byo.cli.changes import redirects_calls
from pulumi_vapi_byo.cli.report import Report, report
from pulumi_vapi_byo.errors import VapiError

from .conftest import Run

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET = "[secret]"

Wire = Mapping[str, Any]

DESK: Wire = {"number": "+14155552671", "name": "Desk", "credentialId": "C", "__provider": "pickle", "sipUri": "uri"}


def urn(name: str = "desk", type_: str = "pulumi-python:dynamic/vapi:ByoPhoneNumber") -> str:
    return f"urn:pulumi:test::numbers::vapi:index:ByoPhoneNumberPool${type_}::{name}"


def step(op: str, old: Wire | None = None, new: Wire | None = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"op": op, "urn": urn(), "detailedDiff": None, **more}
    if old is not None:
        found["oldState"] = {"id": "the-id", "inputs": old, "outputs": {**old, "orgId": "O"}}
    if new is not None:
        found["newState"] = {"inputs": new}
    return found


def of(*steps: Mapping[str, Any], **more: Any) -> Report:
    return report(json.dumps({"steps": steps, **more}))


def row(*steps: Mapping[str, Any]) -> str:
    """Return the last cell of the table's only row."""
    lines = [line for line in of(*steps).markdown.splitlines() if line.startswith("| `")]
    assert len(lines) == 1
    return lines[0].split(" | ", 2)[2].removesuffix(" |")


def update(old: Wire, new: Wire, *paths: str) -> str:
    diff = {path: {"kind": "update", "inputDiff": True} for path in paths}
    return row(step("update", {**DESK, **old}, {**DESK, **new}, detailedDiff=diff))


HTTP = {"url": "https://example.com/a"}
DESTINATION = {"type": "number", "number": "+442079460018"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({"assistantId": "A"}, {"assistantId": "B"}, "calls will go to assistant `B` (was assistant `A`)"),
        ({"assistantId": "A"}, {"squadId": "S"}, "calls will go to squad `S` (was assistant `A`)"),
        ({}, {"workflowId": "W"}, "its workflow, which answers no calls since Vapi retired workflows, will be `W` (was unset)"),
        (
            {"assistantId": "A"},
            {},
            "**nothing will answer calls** unless the organisation has a server (was assistant `A`)",
        ),
        ({"assistantId": "A"}, {"server": HTTP}, "calls will go to server `https://example.com/a` (was assistant `A`)"),
        (
            {"assistantId": "A"},
            {"assistantId": UNKNOWN},
            "calls will go to assistant `known after the update` (was assistant `A`)",
        ),
        (
            {"serverUrl": "https://example.com/a"},
            {"serverUrl": "https://example.com/b"},
            "calls will go to server `https://example.com/b` (was server `https://example.com/a`)",
        ),
        (
            {"assistantId": "A", "server": HTTP},
            {"assistantId": "A"},
            "its server will be unset (was `https://example.com/a`)",
        ),
        (
            {"assistantId": "A", "fallbackDestination": DESTINATION},
            {"assistantId": "B", "fallbackDestination": {"type": "sip", "sipUri": "sip:x@example.com"}},
            (
                "calls will go to assistant `B` (was assistant `A`); "
                "its fallback will be SIP address `sip:x@example.com` (was number `+442079460018`)"
            ),
        ),
        (
            {"assistantId": "A"},
            {"fallbackDestination": DESTINATION},
            "calls will go to fallback number `+442079460018` (was assistant `A`)",
        ),
        (
            {"fallbackDestination": DESTINATION},
            {"fallbackDestination": {**DESTINATION, "extension": "12"}},
            "how calls go to its fallback changes",
        ),
        (
            {"assistantId": "A", "squadId": "S"},
            {"assistantId": "A", "squadId": "T"},
            "its squad, which is not asked first, will be `T` (was `S`)",
        ),
        # The same server in the older and the newer spelling.
        (
            {"serverUrl": HTTP["url"]},
            {"server": {**HTTP, "timeoutSeconds": 30}},
            "`server.timeoutSeconds` will be `30` (was unset)",
        ),
        ({"server": HTTP}, {"server": {**HTTP, "backoffPlan": {"type": "fixed"}}}, "`server.backoffPlan` changes (not shown)"),
        ({"name": "Desk"}, {"name": "Help"}, "will be renamed to `Help` (was `Desk`)"),
        ({"name": "Desk"}, {"name": None}, "its name `Desk` will be removed"),
        ({}, {"number": "+14155552679"}, "the number itself will be `+14155552679` (was `+14155552671`)"),
        (
            {},
            {"credentialId": "D"},
            "moves to credential `D` (was `C`): the carrier must send calls to its new SIP address",
        ),
        (
            {"hooks": []},
            {"hooks": [{"on": "call.ringing"}]},
            "what happens when it rings or no assistant is found (hooks) changes",
        ),
        ({}, {"numberE164CheckEnabled": False}, "the E.164 check will be off"),
        ({"numberE164CheckEnabled": False}, {}, "the E.164 check will be on"),
        ({}, {"deletionProtection": True}, "will be protected against deletion"),
        ({"deletionProtection": True}, {}, "**will no longer be protected against deletion**"),
        ({}, {"newField": 3}, "`newField` will be `3` (was unset)"),
        ({}, {"__managed": 1, "sipUri": "other"}, "only Pulumi's own record changes"),
    ],
)
def test_a_change_is_described_in_words(old: Wire, new: Wire, words: str) -> None:
    assert update(old, new) == words


@pytest.mark.parametrize(
    ("both", "path", "words"),
    [
        (
            {"serverUrl": "https://example.com", "serverUrlSecret": SECRET},
            "serverUrlSecret",
            "webhook secret changes (not shown)",
        ),
        ({"server": {**HTTP, "headers": SECRET}}, 'server.headers["x-vapi-secret"]', "webhook headers change (not shown)"),
        ({"assistantId": SECRET}, "assistantId", "`assistantId` changes (not shown)"),
        ({"fallbackDestination": SECRET}, "fallbackDestination", "how calls go to its fallback changes"),
    ],
)
def test_a_change_of_a_secret_is_described_without_the_secret(both: Wire, path: str, words: str) -> None:
    assert update(both, both, path) == words
    assert row(step("update", {**DESK, **both}, {**DESK, **both}, diffReasons=[path])) == words


def test_secrets_are_not_shown_even_if_the_preview_shows_them() -> None:
    old = {
        "server": {"url": "https://user:canary@example.com/a?token=canary", "headers": {"x": "canary"}},
        "serverUrlSecret": "canary",
        "fallbackDestination": {"type": "sip", "sipUri": "sip:a@example.com", "sipHeaders": {"x": "canary"}},
        "hooks": [{"on": "canary"}],
    }
    new = json.loads(json.dumps(old).replace("canary", "Canary2"))
    told = of(step("update", {**DESK, **old}, {**DESK, **new})).markdown
    assert "canary" not in told.lower()
    assert "its server's address changes in a part that is not shown; webhook headers change (not shown)" in told


def test_who_answers_includes_fields_that_the_program_does_not_manage() -> None:
    changed = step("update", {**DESK, "name": "a"}, {**DESK, "name": "b", "squadId": "S"})
    changed["oldState"]["outputs"]["assistantId"] = "set-in-the-dashboard"
    lines = of(changed).markdown.splitlines()
    assert lines[2] == "**1 changed. Calls to 1 number may be diverted by what the program leaves out.**"
    assert lines[6:] == [
        (
            "| `+14155552671` | `b` | **calls may be diverted** by fields that others have set and the program leaves out: "
            "`assistant_id 'set-in-the-dashboard'`; they go to assistant `set-in-the-dashboard`, but would go to squad `S` by the program alone |"
        ),
        "| `+14155552671` | `a` | will be renamed to `b` (was `a`); its squad, which is not asked first, will be `S` (was unset) |",
    ]


HOOKS = [{"on": "call.ringing"}]


def test_an_unchanged_number_whose_calls_others_divert_is_reported() -> None:
    same = step("same", DESK, DESK)
    same["oldState"]["outputs"] |= {"hooks": HOOKS, "__managed": {"number": True}}
    told = (
        "| `+14155552671` | `Desk` | **calls may be diverted** by fields that others have set and the program leaves out: "
        "`hooks (1, not shown)` |"
    )
    assert of(same).markdown.splitlines()[2:] == [
        "**Nothing changes, but calls to 1 number may be diverted by what the program leaves out.**",
        "",
        "| Number | Name | What happens |",
        "|---|---|---|",
        told,
    ]
    # A default that Vapi filled in when it created the number is not a diversion.
    same["oldState"]["outputs"]["__managed"] = {"number": True, "hooks": False}
    assert of(same).markdown.splitlines()[2:] == ["**Nothing changes.**"]


def test_a_number_missing_in_the_preview_is_reported_from_the_refresh_s_warning() -> None:
    warning = (
        "warning: BYO phone number '+14155552671': Vapi has hooks (1, not shown), squad_id 'S', which the program leaves out: "
        "calls may go elsewhere than the program says; add it to the program\n\n"
    )
    told = of(diagnostics=[{"message": warning, "severity": "info#err"}] * 2).markdown.splitlines()
    assert told[2] == "**Nothing changes, but calls to 1 number may be diverted by what the program leaves out.**"
    assert told[6:] == [
        (
            "| `+14155552671` |  | **calls may be diverted** by fields that others have set and the program leaves out: "
            "`hooks (1, not shown), squad_id 'S'` |"
        )
    ]


def test_fields_left_out_are_removed_if_the_stack_clears_them() -> None:
    new = {**DESK, "assistantId": "A", "__onOmitted": "clear"}
    changed = step("update", {**DESK, "assistantId": "A"}, new)
    changed["oldState"]["outputs"] |= {
        "server": {"url": "https://example.com/x"},
        "hooks": HOOKS,
        "numberE164CheckEnabled": True,
    }
    assert row(changed) == (
        "its server will be unset (was `https://example.com/x`); "
        "its hooks, for when it rings or no assistant is found, will be removed"
    )
    changed["oldState"]["inputs"] = {**DESK, "assistantId": "A", "squadId": "S"}
    changed["newState"]["ignoreChanges"] = ["hooks"]
    changed["oldState"]["outputs"]["squadId"] = "S"
    assert row(changed) == (
        "its server will be unset (was `https://example.com/x`); its squad, which is not asked first, will be unset (was `S`)"
    )


@pytest.mark.parametrize(
    ("steps", "words", "deletes"),
    [
        ([step("create", None, {**DESK, "assistantId": "A"})], "will be created; calls will go to assistant `A`", 0),
        (
            [step("create", None, DESK)],
            "will be created; **nothing will answer calls** unless the organisation has a server",
            0,
        ),
        ([step("create", None, {**DESK, "__importId": "i"})], "will be taken over as it is (id `i`)", 0),
        ([step("import", None, DESK)], "will be taken over as it is", 0),
        ([step("delete", DESK)], "**will be deleted: calls will fail**", 1),
        (
            [step("delete", {**DESK, "deletionProtection": True})],
            "**will be deleted: calls will fail** (it has deletion_protection, so the update will refuse)",
            1,
        ),
        (
            [step("replace", {**DESK, "name": "a"}, {**DESK, "name": "b"})],
            "**will be deleted and created again with a new id: calls fail in between**; will be renamed to `b` (was `a`)",
            1,
        ),
        # The engine's own steps of a single replacement.
        (
            [step("delete-replaced", DESK), step("replace", DESK, DESK), step("create-replacement", None, DESK)],
            "**will be deleted and created again with a new id: calls fail in between**",
            1,
        ),
        (
            [step("refresh", DESK, DESK), step("create", None, {**DESK, "squadId": "S"})],
            "was deleted outside Pulumi and will be created again with a new id; calls will go to squad `S`",
            0,
        ),
    ],
)
def test_steps_of_a_whole_number_are_described_in_words(steps: list[dict[str, Any]], words: str, deletes: int) -> None:
    assert row(*steps) == words
    assert of(*steps).deletes == deletes


def test_a_number_that_is_no_longer_managed_is_not_a_delete() -> None:
    let_go = step("delete", DESK)
    let_go["oldState"]["retainOnDelete"] = True
    assert row(let_go) == "will no longer be managed, and stays at Vapi as it is"
    assert of(let_go).deletes == 0


@pytest.mark.parametrize("op", ["same", "read", "refresh", "discard"])
def test_steps_that_change_nothing_have_no_rows(op: str) -> None:
    assert of(step(op, DESK, DESK)).markdown == "### Phone numbers\n\n**Nothing changes.**"


def test_dangerous_changes_come_first_and_other_resources_are_counted_in_one_line() -> None:
    def named(op: str, name: str, number: str, type_: str = "pulumi-python:dynamic/vapi:ByoPhoneNumber") -> dict[str, Any]:
        state = {"inputs": {"number": number, "assistantId": "A"}}
        return {"op": op, "urn": urn(name, type_), "oldState": state, "newState": state}

    told = of(
        named("create", "c", "+3"),
        named("update", "b", "+2"),
        named("delete", "a", "+1"),
        named("replace", "d", "+4"),
        named("create", "x", "", "aws:s3:Bucket"),
        named("create", "y", "", "aws:s3:Bucket"),
        named("delete", "z", "", "aws:s3:Bucket"),
        named("create", "p", "", "pulumi:providers:aws"),
    )
    assert told.markdown.splitlines()[2:] == [
        "**1 deleted, 1 replaced, 1 changed, 1 created.**",
        "",
        "| Number | Name | What happens |",
        "|---|---|---|",
        "| `+1` |  | **will be deleted: calls will fail** |",
        "| `+4` |  | **will be deleted and created again with a new id: calls fail in between** |",
        "| `+2` |  | only Pulumi's own record changes |",
        "| `+3` |  | will be created; calls will go to assistant `A` |",
        "",
        "Other resources: 2 created, 1 deleted.",
    ]
    assert told.deletes == 2


# ------------------------------------------------------------------------------------------------------------------ trunks

TRUNK_URN = urn("carrier", "pulumi-python:dynamic/vapi:ByoSipTrunkCredential")
GATEWAYS = [{"ip": "192.0.2.1", "port": 5060}, {"ip": "sbc.example.com"}]
PLAN = {"authUsername": "a", "authPassword": SECRET}
TRUNK: Wire = {"name": "Carrier", "gateways": GATEWAYS, "outboundAuthenticationPlan": PLAN, "__provider": "pickle"}


def trunk(op: str, old: Wire | None = None, new: Wire | None = None, **more: Any) -> dict[str, Any]:
    return {**step(op, old, new, **more), "urn": TRUNK_URN}


@pytest.mark.parametrize(
    ("old", "new", "paths", "words"),
    [
        (
            {},
            {"gateways": [{"ip": "192.0.2.1", "port": 5061}, {"ip": "192.0.2.9"}]},
            [],
            (
                "**gateway `sbc.example.com` will be removed: no calls go through it any more**; gateway `192.0.2.9` will be added; "
                "gateway `192.0.2.1` changes: `port`"
            ),
        ),
        ({}, {"gateways": GATEWAYS[::-1]}, [], "the order of its gateways changes"),
        (
            {"gateways": [{"ip": "192.0.2.1"}]},
            {"gateways": [{"ip": "192.0.2.1"}, {"ip": "192.0.2.1", "port": 5062}]},
            [],
            "gateway `192.0.2.1:5062` will be added",
        ),
        ({"gateways": SECRET}, {"gateways": SECRET}, ["gateways"], "its gateways change (not shown)"),
        ({}, {}, ["outboundAuthenticationPlan.authPassword"], "its password at the carrier changes (not shown)"),
        (
            {},
            {"outboundAuthenticationPlan": {**PLAN, "authUsername": "b"}},
            [],
            "its user name at the carrier will be `b` (was `a`)",
        ),
        (
            {},
            {"outboundAuthenticationPlan": {**PLAN, "sipRegisterPlan": {"domain": "example.com"}}},
            [],
            "how it registers at the carrier changes",
        ),
        ({}, {"outboundAuthenticationPlan": {**PLAN, "new": 1}}, [], "`new` will be `1` (was unset)"),
        ({"outboundAuthenticationPlan": None}, {}, [], "will authenticate at the carrier as `a`"),
        ({}, {"outboundAuthenticationPlan": None}, [], "**will no longer authenticate at the carrier**"),
        ({}, {"outboundAuthenticationPlan": SECRET}, [], "how it authenticates at the carrier changes (not shown)"),
        ({}, {"techPrefix": "9"}, [], "the prefix of outbound numbers will be `9` (was unset)"),
        ({}, {"sipDiversionHeader": "x"}, [], "the Diversion header of outbound calls will be `x` (was unset)"),
        ({}, {"outboundLeadingPlusEnabled": False}, [], "outbound numbers will lose their leading plus"),
        ({"outboundLeadingPlusEnabled": False}, {}, [], "outbound numbers will keep their leading plus"),
        ({}, {"name": "Other"}, [], "will be renamed to `Other` (was `Carrier`)"),
        ({"deletionProtection": True}, {}, [], "**will no longer be protected against deletion**"),
        ({"techPrefix": SECRET}, {"techPrefix": SECRET}, ["techPrefix"], "`techPrefix` changes (not shown)"),
        ({}, {"newField": 3}, [], "`newField` will be `3` (was unset)"),
        ({}, {"__managed": 1}, [], "only Pulumi's own record changes"),
    ],
)
def test_a_change_of_a_trunk_is_described_in_words(old: Wire, new: Wire, paths: list[str], words: str) -> None:
    diff = {path: {"kind": "update"} for path in paths}
    told = of(trunk("update", {**TRUNK, **old}, {**TRUNK, **new}, detailedDiff=diff))
    assert told.markdown.splitlines() == [
        "### Phone numbers",
        "",
        "**Nothing changes.**",
        "",
        "### SIP trunks",
        "",
        "**1 changed.**",
        "",
        "| Trunk | What happens |",
        "|---|---|",
        f"| `Carrier` | {words} |",
    ]
    assert told.deletes == 0


@pytest.mark.parametrize(
    ("steps", "words", "deletes"),
    [
        ([trunk("create", None, TRUNK)], "will be created; gateways `192.0.2.1`, `sbc.example.com`", 0),
        ([trunk("create", None, {**TRUNK, "gateways": UNKNOWN})], "will be created; gateways not shown", 0),
        (
            [trunk("create", None, {**TRUNK, "gateways": [{"ip": f"192.0.2.{last}"} for last in range(1, 8)]})],
            "will be created; gateways `192.0.2.1`, `192.0.2.2`, `192.0.2.3`, `192.0.2.4`, `192.0.2.5` and 2 more",
            0,
        ),
        ([trunk("create", None, {**TRUNK, "__importId": "i"})], "will be taken over as it is (id `i`)", 0),
        ([trunk("delete", TRUNK)], "**will be deleted: calls of its numbers will fail**", 1),
        (
            [trunk("create-replacement", None, TRUNK), trunk("replace", TRUNK, TRUNK), trunk("delete-replaced", TRUNK)],
            (
                "**will be created again with a new id and then deleted: the carrier must send calls to the new SIP addresses of its "
                "numbers**"
            ),
            1,
        ),
    ],
)
def test_steps_of_a_whole_trunk_are_described_and_its_delete_counts(
    steps: list[dict[str, Any]], words: str, deletes: int
) -> None:
    told = of(*steps)
    assert told.markdown.splitlines()[-1] == f"| `Carrier` | {words} |"
    assert told.deletes == deletes


def test_deletes_of_trunks_and_numbers_are_counted_together() -> None:
    assert of(step("delete", DESK), trunk("delete", TRUNK)).deletes == 2


# ------------------------------------------------------------------------------------------------------------------ length


def many(op: str, count: int, new: Wire, first: int = 0) -> list[dict[str, Any]]:
    steps = []
    for index in range(first, first + count):
        old = {**DESK, "number": f"+1415{index:07}", "name": "n" * 40, "assistantId": "a" * 36}
        steps.append({**step(op, old, {**old, **new}), "urn": urn(f"n{index}")})
    return steps


def test_a_report_on_thousands_fits_a_comment_and_names_deletes_and_redirects_first() -> None:
    told = of(
        *many("update", 3000, {"name": "m" * 40}),
        *many("update", 20, {"squadId": "s", "assistantId": None}, first=3000),
        *many("delete", 30, {}, first=4000),
        *many("replace", 10, {}, first=5000),
        trunk("delete", TRUNK),
    )
    lines = told.markdown.splitlines()
    assert 55_000 < len(told.markdown) <= 60_000
    assert told.deletes == 41
    assert lines[:3] == ["### Phone numbers", "", "**30 deleted, 10 replaced, 3020 changed.**"]
    rows = [line for line in lines if line.startswith("| `+")]
    assert ["deleted: calls" in row for row in rows[:30]] == [True] * 30
    assert ["deleted and created again" in row for row in rows[30:40]] == [True] * 10
    assert ["calls will go to squad" in row for row in rows[40:60]] == [True] * 20
    assert all(row.endswith("|") and "renamed" in row for row in rows[60:])
    left = 3000 - len(rows[60:])
    assert f"Not named here: {left} changed." in lines
    assert lines[-1] == "| `Carrier` | **will be deleted: calls of its numbers will fail** |"


@pytest.mark.parametrize(
    ("old", "new", "paths", "redirects"),
    [
        ({"assistantId": "A"}, {"assistantId": "B"}, [], True),
        ({}, {"hooks": [{"on": "call.ringing"}]}, [], True),
        ({}, {"number": "+1"}, [], True),
        ({"server": HTTP}, {"server": {"url": "https://example.com/b"}}, [], True),
        ({"server": {"url": SECRET}}, {"server": {"url": SECRET}}, ["server.url"], True),
        ({"server": HTTP}, {"server": {**HTTP, "timeoutSeconds": 9}}, [], False),
        ({"server": {**HTTP, "headers": SECRET}}, {"server": {**HTTP, "headers": SECRET}}, ["server.headers.x"], False),
        ({"serverUrl": HTTP["url"]}, {"server": HTTP}, [], False),
        ({"name": "a"}, {"name": "b"}, ["name"], False),
        ({"gateways": [{"ip": "192.0.2.1"}]}, {"gateways": [{"ip": "192.0.2.2"}]}, [], True),
    ],
)
def test_a_change_counts_as_a_redirect_if_calls_may_go_elsewhere(
    old: Wire, new: Wire, paths: list[str], *, redirects: bool
) -> None:
    assert redirects_calls({**DESK, **old}, {**DESK, **new}, paths) is redirects


def test_deletes_and_redirects_without_room_for_a_row_are_named_by_their_numbers() -> None:
    told = of(
        *many("delete", 300, {}),
        *many("update", 900, {"squadId": "s", "assistantId": None}, 1000),
        *many("create", 5, {}, 3000),
    )
    lines = told.markdown.splitlines()
    assert 55_000 < len(told.markdown) <= 60_000
    assert lines[:3] == ["### Phone numbers", "", "**300 deleted, 900 changed, 5 created.**"]
    rows = [line for line in lines if line.startswith("| `+")]
    assert all("deleted: calls" in row for row in rows[:300])
    assert all("calls will go to squad" in row for row in rows[300:])
    [redirected] = [line for line in lines if line.startswith("Also redirected: ")]
    assert re.findall(r"`(.*?)`", redirected) == [f"+1415{index:07}" for index in range(1000 + len(rows[300:]), 1900)]
    assert lines[-1] == "Not named here: 5 created."


def test_a_report_that_cannot_name_every_delete_says_so_at_the_top() -> None:
    told = of(*many("delete", 5000, {}), *many("create", 5, {}, first=6000))
    lines = told.markdown.splitlines()
    assert 55_000 < len(told.markdown) <= 60_000
    [deleted] = [line for line in lines if line.startswith("Also deleted: ")]
    left = 5000 - deleted.count(", ") - 1
    assert deleted.endswith("`.")
    assert lines[0] == f"**Too many to list: {left} more are deleted, replaced or redirected than are listed below.**"
    assert f"Not named here: {left} deleted, 5 created." in lines
    assert (told.deletes, lines[4]) == (5000, "**5000 deleted, 5 created.**")


def test_diverted_calls_without_room_for_their_numbers_are_counted_too() -> None:
    steps = many("same", 5000, {})
    for same in steps:
        same["oldState"]["outputs"] |= {"hooks": HOOKS, "__managed": {"number": True}}
    lines = of(*steps).markdown.splitlines()
    [diverted] = [line for line in lines if line.startswith("Also diverted: ")]
    left = 5000 - diverted.count(", ") - 1
    assert lines[0] == f"**Too many to list: {left} more are deleted, replaced or redirected than are listed below.**"
    assert lines[-1] == f"Not named here: {left} diverted."


def test_only_the_first_of_very_many_errors_are_reported() -> None:
    diagnostics = [{"severity": "error", "message": f"error: number {index} {'is wrong ' * 100}"} for index in range(300)]
    told = of(*many("delete", 2000, {}), diagnostics=diagnostics).markdown
    assert len(told) <= 60_000
    assert told.splitlines()[-1] == "- and 280 more errors"


@pytest.mark.parametrize("number", [None, SECRET, UNKNOWN])
def test_a_number_that_cannot_be_shown_is_named_by_its_resource(number: str | None) -> None:
    assert "| `desk` |" in of(step("delete", {"number": number})).markdown


def test_no_value_can_end_its_cell_or_act_as_markdown() -> None:
    name = "a | b` | <img src=x> @everyone\n| c"
    line = of(step("delete", {**DESK, "name": name})).markdown.splitlines()[-1]
    assert line == "| `+14155552671` | `a \\| b' \\| <img src=x> @everyone \\| c` | **will be deleted: calls will fail** |"


def test_a_failed_preview_says_so_in_a_line_for_each_error() -> None:
    told = of(
        step("delete", DESK),
        diagnostics=[
            {"severity": "info#err", "message": "warning: nothing\n"},
            {"severity": "error", "message": "error: number is wrong\nand more\n"},
            {
                "severity": "error",
                "message": "error: Program failed:\nTraceback (most recent call last):\n  File x\nValueError: oops\n\n",
            },
        ],
    )
    assert told.failed
    assert told.markdown.splitlines()[-4:] == [
        "**The preview failed, so there may be more:**",
        "",
        "- `number is wrong`",
        "- `Program failed: ValueError: oops`",
    ]


@pytest.mark.parametrize("text", ["", " \n"])
def test_no_preview_at_all_is_one_sentence(text: str) -> None:
    with pytest.raises(VapiError, match=r"^there is no preview to report on: give the output of pulumi preview --json"):
        report(text)


@pytest.mark.parametrize(
    "text", ["{", "[]", "3", "{}", '{"steps": 1}', '{"other": 1}', "[" * 100_000, '{"steps": []}{"steps": []}']
)
def test_an_invalid_preview_is_one_sentence(text: str) -> None:
    with pytest.raises(VapiError, match=r"^this is not what pulumi preview --json prints"):
        report(text)


@pytest.mark.parametrize(
    ("steps", "options", "status"),
    [
        ([], [], 0),
        ([step("update", DESK, DESK)], [], 0),
        ([step("delete", DESK)], [], 3),
        ([step("replace", DESK, DESK)], [], 3),
        ([step("delete", DESK)], ["--allow-deletes"], 0),
    ],
)
def test_the_exit_status_reports_deletes(run: Run, steps: list[Any], options: list[str], status: int) -> None:
    ran = run("diff-report", *options, given=json.dumps({"steps": steps}))
    assert (ran.status, ran.err) == (status, "")
    assert ran.out.startswith("### Phone numbers\n")


def test_a_failed_preview_exits_with_1_whatever_is_allowed(run: Run) -> None:
    given = json.dumps({"steps": [], "diagnostics": [{"severity": "error", "message": "error: oops"}]})
    ran = run("diff-report", "--allow-deletes", given=given)
    assert ran.status == 1
    assert "- `oops`" in ran.out


def test_the_preview_may_be_a_file(run: Run, tmp_path: Any) -> None:
    (tmp_path / "preview.json").write_text(json.dumps({"steps": [step("delete", DESK)]}))
    assert run("diff-report", "preview.json").status == 3
    ran = run("diff-report", "other.json")
    assert (ran.status, ran.out, ran.err) == (1, "", "error: other.json: no such file or directory\n")


def test_broken_json_is_one_sentence(run: Run) -> None:
    ran = run("diff-report", given="{")
    sentence = "this is not what pulumi preview --json prints (one JSON object with steps); give its whole output"
    assert (ran.status, ran.out, ran.err) == (1, "", f"error: {sentence}\n")
