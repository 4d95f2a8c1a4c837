"""An API that grows: unknown fields are refused with the way out, or they are sent, kept and compared, and never dropped."""

from __future__ import annotations

import copy
import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pulumi_vapi_byo.api.client import Collection, VapiClient
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.core.check import check_inputs
from pulumi_vapi_byo.core.claims import Claims
from pulumi_vapi_byo.core.lifecycle import Lifecycle
from pulumi_vapi_byo.errors import VapiError
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.kinds.sip_trunk import SIP_TRUNK_CREDENTIAL
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID

from .conftest import NewStack
from .stand_in import API_KEY, StandIn
from .table import Record, record_case

NUMBER = "+14155552671"
WAY_OUT = "if Vapi has it by now, set vapi-byo:onUnknown send (on_unknown on a Provider)"
RINGING = {"on": "call.ringing", "do": [{"type": "say", "exact": "Hello"}]}
DESTINATION = {"type": "number", "number": "+442079460018", "name": "Desk"}

#: Known fields alone, then with unknown fields at every depth.
KNOWN: dict[str, Any] = {
    "credentialId": CREDENTIAL_ID,
    "number": NUMBER,
    "assistantId": ASSISTANT_ID,
    "server": {"url": "https://example.com/vapi"},
    "hooks": [RINGING],
    "fallbackDestination": {**DESTINATION, "transferPlan": {"mode": "blind-transfer"}},
}
HELD: dict[str, Any] = {
    **KNOWN,
    "server": {**KNOWN["server"], "newThing": {"a": [1, ""]}},
    "hooks": [{**RINGING, "options": {"when": "busy"}}],
    "fallbackDestination": {**DESTINATION, "transferPlan": {"mode": "blind-transfer", "beep": True}},
    "recording": {"keep": 30},
}
SAID: dict[str, Any] = {name: value for name, value in HELD.items() if name != "recording"} | {
    "additionalProperties": {"recording": {"keep": 30}}
}


def life(vapi: StandIn, kind: Kind = PHONE_NUMBER, **settings: Any) -> Lifecycle:
    """Return a kind's life cycle as it is in a run of the provider."""
    chosen = Settings(API_KEY, vapi.base_url, "us", **settings)
    return Lifecycle(kind, Collection(VapiClient(chosen, sleep=vapi.skip), kind), chosen, Claims(), sleep=vapi.skip)


def patches(vapi: StandIn) -> list[Any]:
    return [one.body for one in vapi.sent("PATCH")]


def test_unknown_fields_are_sent_and_kept_and_their_drift_is_found(stand_in: StandIn, record: Record) -> None:
    inputs = check_inputs(PHONE_NUMBER, SAID, on_unknown="send").inputs
    id_, state = life(stand_in).create(inputs)
    (posted,) = stand_in.sent("POST")
    assert posted.body == {"provider": "byo-phone-number", **HELD}
    same = life(stand_in).read(id_, state)
    assert same is not None
    assert {name: same.inputs[name] for name in SAID} == SAID
    assert life(stand_in).update(id_, same.state, inputs) == same.state
    server, hooks = copy.deepcopy(HELD["server"]), copy.deepcopy(HELD["hooks"])
    server["newThing"]["a"] = [2]
    hooks[0]["options"] = None
    stand_in.change(id_, server=server, hooks=hooks, recording={"keep": 5})
    drifted = life(stand_in).read(id_, same.state)
    assert drifted is not None
    assert drifted.inputs["server"]["newThing"] == {"a": [2]}
    assert drifted.inputs["additionalProperties"] == {"recording": {"keep": 5}}
    stand_in.seen.clear()
    life(stand_in).update(id_, drifted.state, inputs)
    assert patches(stand_in) == [{name: HELD[name] for name in ("server", "hooks", "recording")}]
    assert {name: stand_in.numbers[id_].value[name] for name in HELD} == HELD
    record_case(record, "unknown properties written, changed in the dashboard", stand_in.summary(), "found, and reverted")


def test_unknown_fields_removed_from_the_program_are_cleared(stand_in: StandIn, record: Record) -> None:
    inputs = check_inputs(PHONE_NUMBER, SAID, on_unknown="send").inputs
    id_, state = life(stand_in).create(inputs)
    stand_in.seen.clear()
    life(stand_in).update(id_, state, check_inputs(PHONE_NUMBER, KNOWN).inputs)
    assert patches(stand_in) == [
        {**{name: KNOWN[name] for name in ("server", "hooks", "fallbackDestination")}, "recording": None}
    ]
    record_case(record, "unknown properties removed from the program", stand_in.summary(), "cleared, in one PATCH")


@pytest.mark.parametrize("says", ["nothing of it", "all of it"])
def test_a_number_with_unknown_fields_is_taken_over_without_a_write_and_changed_without_losing_them(
    stand_in: StandIn, record: Record, caplog: pytest.LogCaptureFixture, says: str
) -> None:
    id_ = stand_in.put(**HELD)["id"]
    program = KNOWN if says == "nothing of it" else SAID
    inputs = check_inputs(PHONE_NUMBER, program, on_unknown="send").inputs
    with caplog.at_level(logging.WARNING):
        state = life(stand_in).adopt(id_, inputs)
        read = life(stand_in).read(id_, state)
        assert read is not None
        assert life(stand_in).update(id_, read.state, inputs) == read.state
    assert stand_in.sent("POST", "PATCH", "DELETE") == []
    sent = stand_in.summary()
    told = (
        f"BYO phone number '{NUMBER}': Vapi has server.newThing, hooks[0].options, fallback_destination.transfer_plan.beep, "
        "which neither this version nor the program knows: it stays as it is, whatever else changes"
    )
    assert [one.getMessage().replace("'Vapi has", "Vapi has") for one in caplog.records] == ([told] if program is KNOWN else [])
    changed = copy.deepcopy(inputs)
    changed["server"]["url"] = "https://example.com/other"
    changed["hooks"][0]["do"][0]["exact"] = "Good evening"
    changed["fallbackDestination"]["transferPlan"]["mode"] = "warm-transfer-say-message"
    after = life(stand_in).update(id_, read.state, changed)
    held = stand_in.numbers[id_].value
    assert held["server"] == {**HELD["server"], "url": "https://example.com/other"}
    assert held["hooks"] == [{**changed["hooks"][0], "options": {"when": "busy"}}]
    assert held["fallbackDestination"]["transferPlan"] == {"mode": "warm-transfer-say-message", "beep": True}
    assert held["recording"] == {"keep": 30}
    again = life(stand_in).read(id_, after)
    assert again is not None
    stand_in.seen.clear()
    assert life(stand_in).update(id_, again.state, changed) == again.state
    assert stand_in.sent("PATCH") == []
    record_case(record, f"taken over by import_, the program says {says}", sent, "then another field changed: nothing lost")


def test_a_number_found_by_its_digits_keeps_its_unknown_fields(stand_in: StandIn, record: Record) -> None:
    id_ = stand_in.put(**HELD)["id"]
    inputs = check_inputs(PHONE_NUMBER, {**KNOWN, "server": {"url": "https://example.com/other"}}).inputs
    made, state = life(stand_in, on_existing="adopt").create(inputs)
    assert made == id_
    assert patches(stand_in) == [{"server": {"url": "https://example.com/other", "newThing": {"a": [1, ""]}}}]
    sent = stand_in.summary()
    stand_in.seen.clear()
    assert life(stand_in).update(id_, state, inputs) == state
    assert stand_in.seen == []
    record_case(record, "onExisting adopt of a number with unknown properties", sent, "only the differences are sent")


@pytest.mark.parametrize("on_conflict", ["error", "overwrite", "unchecked"])
def test_a_new_default_of_vapi_survives_a_change_of_another_field(stand_in: StandIn, record: Record, on_conflict: Any) -> None:
    stand_in.fills_in = {"server": {"url": "https://example.com/vapi", "timeoutSeconds": 20, "version": 1}}
    inputs = check_inputs(PHONE_NUMBER, {name: KNOWN[name] for name in ("credentialId", "number", "server")}).inputs
    id_, state = life(stand_in).create(inputs)
    if on_conflict != "unchecked":  # which compares with the state alone
        stand_in.change(id_, server={**stand_in.fills_in["server"], "grown": "since"})
    stand_in.seen.clear()
    wanted = {**inputs, "server": {"url": "https://example.com/other"}}
    life(stand_in, on_conflict=on_conflict).update(id_, state, wanted)
    grown = {} if on_conflict == "unchecked" else {"grown": "since"}
    sent = {"url": "https://example.com/other", "timeoutSeconds": 20, "version": 1, **grown}
    assert patches(stand_in) == [{"server": sent}]
    record_case(record, f"filled in by the server, onConflict {on_conflict}", stand_in.summary(), "sent along with the change")


def test_a_known_field_that_somebody_added_is_a_conflict(stand_in: StandIn, record: Record) -> None:
    inputs = check_inputs(PHONE_NUMBER, KNOWN).inputs
    id_, state = life(stand_in).create(inputs)
    stand_in.change(id_, server={"url": "https://example.com/vapi", "timeoutSeconds": 5, "newThing": 1})
    stand_in.seen.clear()
    with pytest.raises(VapiError, match="somebody else changed what is about to be changed"):
        life(stand_in).update(id_, state, {**inputs, "server": {"url": "https://example.com/other"}})
    assert patches(stand_in) == []
    record_case(record, "somebody added a known field", stand_in.summary(), "a conflict, nothing sent")


def test_gateways_keep_fields_that_the_program_did_not_write(stand_in: StandIn, record: Record) -> None:
    gateways = [{"ip": "203.0.113.10", "weight": 1}, {"ip": "203.0.113.11", "weight": 2}]
    id_ = stand_in.put_credential(name="Trunk", gateways=gateways, region="eu-1")["id"]
    known = [{"ip": "203.0.113.10"}, {"ip": "203.0.113.11"}]
    said = {"name": "Trunk", "gateways": known, "additionalProperties": {"region": "eu-1"}}
    inputs = check_inputs(SIP_TRUNK_CREDENTIAL, said, on_unknown="send").inputs
    state = life(stand_in, SIP_TRUNK_CREDENTIAL).adopt(id_, inputs)
    changed = {
        **inputs,
        "gateways": [{"ip": "203.0.113.10", "port": 5070}, known[1]],
        "additionalProperties": {"region": "us-1"},
    }
    life(stand_in, SIP_TRUNK_CREDENTIAL).update(id_, state, changed)
    assert patches(stand_in) == [
        {"gateways": [{"ip": "203.0.113.10", "port": 5070, "weight": 1}, gateways[1]], "region": "us-1"}
    ]
    record_case(record, "unknown fields of a trunk and its gateways", stand_in.summary(), "sent along, and changed")


def test_a_takeover_names_every_path_where_the_program_differs(stand_in: StandIn, record: Record) -> None:
    server = {"url": "https://example.com/vapi", "timeoutSeconds": 20, "headers": {"x-a": "canary-one"}, "newThing": 1}
    id_ = stand_in.put(**{**KNOWN, "server": server, "name": "Desk"})["id"]
    said = {**KNOWN, "name": "Front desk", "server": {**server, "timeoutSeconds": 30, "headers": {"x-a": "canary-two"}}}
    inputs = check_inputs(PHONE_NUMBER, said, on_unknown="send").inputs
    with pytest.raises(VapiError) as refused:
        life(stand_in).adopt(id_, inputs)
    assert str(refused.value) == (
        f'cannot import BYO phone number \'{NUMBER}\': the program differs from Vapi (name: "Desk" at Vapi, "Front desk" in the '
        'program; server.timeout_seconds: 20 at Vapi, 30 in the program; server.headers.x-a: "[secret]" at Vapi, "[secret]" in '
        "the program); first declare what Vapi has, then change it"
    )
    record_case(record, "import_ where the program differs from Vapi", stand_in.summary(), "each path named, with both values")


def test_many_differences_are_counted(stand_in: StandIn) -> None:
    hooks = [{"on": "call.ringing", "do": [{"type": "say", "exact": f"Hello {index}"}]} for index in range(9)]
    id_ = stand_in.put(**{**KNOWN, "hooks": hooks})["id"]
    said = {**KNOWN, "hooks": [{"on": "call.ringing", "do": [{"type": "say", "exact": "Hi"}]}] * 9}
    with pytest.raises(VapiError, match=r'hooks\[4\]\.do\[0\]\.exact: "Hello 4" at Vapi, "Hi" in the program; and 4 more\)'):
        life(stand_in).adopt(id_, check_inputs(PHONE_NUMBER, said).inputs)


# ------------------------------------------------------------------------------------------------------------ the real CLI

ARGUMENTS = {"credential_id": CREDENTIAL_ID, "number": NUMBER, "assistant_id": ASSISTANT_ID}
GROWN: dict[str, Any] = {
    "server": {"url": "https://example.com/vapi", "newThing": {"a": [1, ""]}},
    "hooks": [{**RINGING, "options": {"when": "busy"}}],
    "additional_properties": {"recording": {"keep": 30}},
}


@pytest.mark.engine
def test_on_the_real_cli_unknown_fields_are_refused_sent_unchanged_and_kept(
    stand_in: StandIn, new_stack: NewStack, record: Record
) -> None:
    stack = new_stack(stand_in)
    stack.declare({"desk": {**ARGUMENTS, **GROWN}})
    refused = stack("preview", may_fail=True)
    assert refused.status != 0
    for where in (
        "server.newThing is not a property of server; ",
        "hooks[0].options is not a property of hooks[0]; ",
        "additional_properties contains something that this version does not know (recording): ",
    ):
        assert where + WAY_OUT in refused.output
    assert stand_in.seen == []
    stack.configure(onUnknown="send")
    stack.up()
    (id_,) = stand_in.numbers
    (posted,) = stand_in.sent("POST")
    assert posted.body["recording"] == {"keep": 30}
    assert posted.body["hooks"] == GROWN["hooks"]
    assert posted.body["server"] == GROWN["server"]
    assert "2 unchanged" in stack("refresh", "--preview-only", "--expect-no-changes").output
    stack.refresh()
    assert "2 unchanged" in stack("preview", "--refresh", "--expect-no-changes").output
    stand_in.seen.clear()
    changed = {**GROWN, "hooks": [{**GROWN["hooks"][0], "do": []}]}
    stack.declare({"desk": {**ARGUMENTS, **changed, "name": "Desk"}})
    stack.up()
    assert patches(stand_in) == [{"name": "Desk", "hooks": changed["hooks"]}]
    sent = stand_in.summary()
    stand_in.change(id_, recording={"keep": 5})
    found = stack("preview", "--refresh", "--expect-no-changes", "--diff", may_fail=True)
    assert found.status != 0
    assert re.search(r"keep *: 5 => 30", found.output)
    record_case(
        record,
        "unknown fields at the top, in an object and in a hook, real CLI",
        sent,
        "refused, sent, unchanged, kept by other changes",
    )


SECRET_PROGRAM = """\
import pulumi
import pulumi_vapi_byo as vapi

config = pulumi.Config()
number = vapi.ByoPhoneNumber(
    "desk",
    credential_id="{credential_id}",
    number="{number}",
    additional_properties={{"token": config.require_secret("token"), "kept": 1}},
)
pulumi.export("kept", number.additional_properties.apply(lambda extra: (extra or {{}}).get("kept")))
"""


@pytest.mark.engine
def test_on_the_real_cli_a_secret_among_additional_properties_is_sent_and_never_shown(
    stand_in: StandIn, new_stack: NewStack
) -> None:
    stack = new_stack(stand_in)
    (stack.project / "__main__.py").write_text(SECRET_PROGRAM.format(credential_id=CREDENTIAL_ID, number=NUMBER))
    stack.configure(onUnknown="send")
    stack("config", "set", "--secret", "token", "canary-token-71d2")
    shown = stack.up().output + stack("preview", "--refresh", "--diff", "--expect-no-changes", "--show-sames").output
    (posted,) = stand_in.sent("POST")
    assert posted.body["token"] == "canary-token-71d2"
    assert "canary-token-71d2" not in shown + "".join(
        file.read_text() for file in (stack.folder / "state").rglob("*.json*") if file.is_file()
    )


@pytest.mark.engine
def test_on_the_real_cli_vapi_byo_import_writes_unknown_fields_and_the_setting_they_need(
    stand_in: StandIn, new_stack: NewStack, record: Record
) -> None:
    stand_in.put(**HELD)
    stack = new_stack(stand_in)
    command = Path(sys.executable).with_name("vapi-byo")
    run = subprocess.run(
        [command, "import", "--all", "--force"],
        cwd=stack.project,
        env=stack.env,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    told = run.stdout
    assert "pulumi config set vapi-byo:onUnknown send" in told
    assert (
        f"note: BYO phone number '{NUMBER}': this version does not know server.newThing, hooks[0].options, "
        "fallback_destination.transfer_plan.beep, additional_properties.recording: it needs vapi-byo:onUnknown send"
    ) in told
    assert "# Needs vapi-byo:onUnknown send, for server.newThing," in (stack.project / "__main__.py").read_text()
    assert WAY_OUT in stack("preview", may_fail=True).output
    stack.configure(onUnknown="send")
    stack.up()
    stack("preview", "--refresh", "--expect-no-changes")
    assert stand_in.sent("POST", "PATCH", "DELETE") == []
    record_case(record, "vapi-byo import of a number with unknown properties", stand_in.summary(), "written, nothing sent")
