"""Fields that the program leaves out and others set: kept with a warning, or cleared if the stack says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pulumi_vapi_byo.emulator import Emulator
from pulumi_vapi_byo.provider import ByoSipTrunkCredentialProvider
from tests.faults.stand_in import API_KEY as STAND_IN_KEY
from tests.faults.stand_in import StandIn
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID, SQUAD_ID, WORKFLOW_ID

from .conftest import Configure, Serve
from .host import DiffAnswer, Host, PluginError, Props, Provider, Resource, Secret, plain

INPUTS: Props = {"credentialId": CREDENTIAL_ID, "number": "+14155552671"}
HOOKS = [{"on": "call.ringing", "do": [{"type": "say", "exact": "Hello"}]}]
SERVER = {"url": "https://example.com/vapi?token=canary", "headers": {"x-a": "canary-header"}}
FALLBACK = {"type": "number", "number": "+442079460018"}

#: Fields about who answers or where calls go -> their value in the dashboard, its name in the warning, and how to clear it.
ROUTING = {
    "assistantId": (ASSISTANT_ID, f"assistant_id '{ASSISTANT_ID}'", "assistant_id=''"),
    "squadId": (SQUAD_ID, f"squad_id '{SQUAD_ID}'", "squad_id=''"),
    "server": (SERVER, "server at 'example.com'", "server={}"),
    "hooks": (HOOKS, "hooks (1, not shown)", "hooks=[]"),
    "fallbackDestination": (FALLBACK, "fallback_destination '+442079460018'", "fallback_destination={}"),
}
FIELDS = {field: value for field, (value, _, _) in ROUTING.items()} | {
    "workflowId": WORKFLOW_ID,  # answers no calls
    "name": "Of the dashboard",
}

DUE = DiffAnswer("unknown", [], delete_before_replace=True)
SOME = DiffAnswer("some", [], delete_before_replace=True)
NONE = DiffAnswer("none", [], delete_before_replace=True)


@pytest.fixture
def clearing(configure: Configure, vapi: Emulator) -> Provider:
    return configure(vapi, onOmitted="clear")


def create(provider: Provider, inputs: Props = INPUTS) -> Resource:
    made = provider.create(provider.check(inputs).inputs)
    return Resource(made.id, plain(made.outputs), made.inputs)


def patches(vapi: Emulator) -> list[Any]:
    return [request.body for request in vapi.requests if request.method == "PATCH"]


def cleared(*fields: str) -> Props:
    return {field: [] if field == "hooks" else None for field in fields}


def warned(provider: Provider) -> list[str]:
    """Return the warnings except those of `check`, which knows the program alone."""
    return [line for line in provider.printed().splitlines() if "nothing in the program answers" not in line]


# ------------------------------------------------------------------------------------------------------------------ kept


@pytest.mark.parametrize("field", ROUTING)
def test_a_refresh_warns_of_fields_that_divert_calls_and_changes_nothing(
    provider: Provider, vapi: Emulator, field: str
) -> None:
    value, held, none = ROUTING[field]
    made = create(provider)
    vapi.edit_number(made.id, **{field: value})
    mark = len(warned(provider))
    for _ in range(2):  # every refresh repeats it
        seen = provider.read(made.id, made.outputs)
        assert field not in seen.inputs
        assert provider.diff(plain(seen.outputs), provider.check(INPUTS).inputs, made.id) == NONE
    assert warned(provider)[mark:] == 2 * [
        (
            f"warning: BYO phone number '+14155552671': Vapi has {held}, which the program leaves out: calls may go "
            f"elsewhere than the program says; add it to the program, or clear it with an empty value ({none}), or clear all such "
            "fields with pulumi config set vapi-byo:onOmitted clear"
        )
    ]


def test_one_sentence_names_every_field_that_diverts_a_number_s_calls(provider: Provider, vapi: Emulator) -> None:
    made = create(provider)
    vapi.edit_number(made.id, **FIELDS)
    mark = len(warned(provider))
    provider.read(made.id, made.outputs)
    (said,) = warned(provider)[mark:]
    assert ", ".join(held for _, held, _ in ROUTING.values()) in said
    assert f"({', '.join(none for _, _, none in ROUTING.values())})" in said
    assert "canary" not in said
    assert "name" not in said.split("which the program leaves out")[0]


def test_a_number_that_is_only_looked_up_is_not_told_of(provider: Provider, vapi: Emulator) -> None:
    made = create(provider, {**INPUTS, "hooks": HOOKS})
    mark = len(warned(provider))
    found = provider.read(made.id)
    vapi.edit_number(made.id, assistantId=ASSISTANT_ID)
    again = provider.read(made.id, plain(found.outputs))  # as a refresh does
    assert plain(again.outputs)["assistantId"] == ASSISTANT_ID
    assert warned(provider)[mark:] == []


# --------------------------------------------------------------------------------------------------------------- cleared


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_left_out_is_drift_and_one_patch_reverts_it(clearing: Provider, vapi: Emulator, field: str) -> None:
    made = create(clearing)
    vapi.edit_number(made.id, **{field: FIELDS[field]})
    seen = clearing.read(made.id, made.outputs)
    assert plain(seen.inputs)[field] == FIELDS[field]  # so that the engine shows it as removed
    # The calls of the refresh, then those of the next preview.
    assert clearing.diff(plain(seen.outputs), {**INPUTS, "__onOmitted": "clear"}, made.id) == DUE
    checked = clearing.check(INPUTS, plain(seen.inputs)).inputs
    assert clearing.diff(plain(seen.outputs), checked, made.id) == DUE
    vapi.clear_requests()
    updated = plain(clearing.update(made.id, plain(seen.outputs), checked))
    assert patches(vapi) == [cleared(field)]
    assert clearing.diff(updated, clearing.check(INPUTS, checked).inputs, made.id) == NONE
    again = clearing.read(made.id, updated)
    assert plain(again.inputs) == checked
    assert clearing.diff(plain(again.outputs), checked, made.id) == NONE


def test_changed_and_cleared_fields_are_one_patch(clearing: Provider, vapi: Emulator) -> None:
    made = create(clearing, {**INPUTS, "name": "a"})
    vapi.edit_number(made.id, hooks=HOOKS, squadId=SQUAD_ID)
    seen = clearing.read(made.id, made.outputs)
    checked = clearing.check({**INPUTS, "name": "b"}, plain(seen.inputs)).inputs
    clearing.update(made.id, plain(seen.outputs), checked)
    assert patches(vapi) == [{"name": "b", **cleared("squadId", "hooks")}]


def test_secrets_in_fields_left_out_are_marked(clearing: Provider, vapi: Emulator) -> None:
    made = create(clearing)
    vapi.edit_number(made.id, server=SERVER)
    assert clearing.read(made.id, made.outputs).inputs["server"]["headers"] == Secret(SERVER["headers"])


def test_right_after_a_creation_nothing_is_left_out(clearing: Provider, vapi: Emulator) -> None:
    made = create(clearing)
    vapi.edit_number(made.id, numberE164CheckEnabled=True, hooks=[])  # an API may or may not return its defaults
    vapi.clear_requests()
    checked = clearing.check(INPUTS).inputs
    assert clearing.diff(made.outputs, checked, made.id) == NONE
    assert vapi.requests == []
    assert plain(clearing.read(made.id, made.outputs).inputs) == checked


def test_the_first_run_after_the_switch_shows_what_will_be_cleared_and_switching_back_shows_nothing(
    provider: Provider, configure: Configure, vapi: Emulator
) -> None:
    made = create(provider)
    vapi.edit_number(made.id, hooks=HOOKS)
    seen = provider.read(made.id, made.outputs)
    clearing = configure(vapi, onOmitted="clear")
    checked = clearing.check(INPUTS, plain(seen.inputs)).inputs
    assert clearing.diff(plain(seen.outputs), checked, made.id) == SOME  # old and new inputs are alike
    assert warned(clearing)[-1] == (
        "warning: BYO phone number '+14155552671': will be cleared, because the program leaves it out and vapi-byo:onOmitted is "
        "clear: hooks (1, not shown)"
    )
    back = configure(vapi)
    assert back.diff(plain(seen.outputs), back.check(INPUTS, plain(seen.inputs)).inputs, made.id) == NONE
    # Even if a refresh put it into the inputs.
    drifted = clearing.read(made.id, made.outputs)
    assert back.diff(plain(drifted.outputs), back.check(INPUTS, plain(drifted.inputs)).inputs, made.id) == NONE


def test_fields_that_ignore_changes_names_are_left_alone(clearing: Provider, vapi: Emulator) -> None:
    made = create(clearing)
    vapi.edit_number(made.id, hooks=HOOKS, squadId=SQUAD_ID)
    seen = clearing.read(made.id, made.outputs)
    state = plain(seen.outputs)
    for names, found in ((["hooks", "squadId"], NONE), (["*"], NONE), (["hooks"], SOME)):
        checked = clearing.check({**INPUTS, "__leftAlone": names}, INPUTS).inputs
        assert "__leftAlone" not in checked
        clearing.read(made.id, made.outputs)
        assert clearing.diff(state, checked, "another-id") == found
    clearing.update(made.id, state, checked)
    assert patches(vapi) == [{"squadId": None}]


def test_a_change_by_somebody_else_since_the_refresh_is_not_silently_cleared(clearing: Provider, vapi: Emulator) -> None:
    made = create(clearing)
    vapi.edit_number(made.id, squadId=SQUAD_ID)
    state = plain(clearing.read(made.id, made.outputs).outputs)
    vapi.edit_number(made.id, squadId=ASSISTANT_ID)
    with pytest.raises(PluginError, match="somebody else changed what is about to be changed"):
        clearing.update(made.id, state, clearing.check(INPUTS).inputs)
    assert patches(vapi) == []


def test_a_field_that_somebody_set_before_an_update_is_left_for_a_refresh_to_show(clearing: Provider, vapi: Emulator) -> None:
    made = create(clearing)
    vapi.edit_number(made.id, hooks=HOOKS)
    state = plain(clearing.update(made.id, made.outputs, clearing.check({**INPUTS, "name": "b"}).inputs))
    assert patches(vapi) == [{"name": "b"}]
    assert "hooks" not in state
    assert warned(clearing)[-1] == (
        "warning: BYO phone number '+14155552671': somebody else changed hooks, which was left as it is; "
        "pulumi refresh shows it"
    )


@pytest.mark.parametrize("said", [{}, {"server": {}}], ids=["cleared as it is left out", "said to be none"])
def test_a_server_is_cleared_in_the_spelling_that_an_api_of_2024_knows(serve: Serve, configure: Configure, said: Props) -> None:
    vapi = serve(era="2024")
    keeping = configure(vapi)
    made = create(keeping)
    vapi.edit_number(made.id, serverUrl="https://example.com/vapi?canary")
    keeping.read(made.id, made.outputs)
    assert (
        "Vapi has server_url at 'example.com', which the program leaves out: calls may go elsewhere than the program says; "
        "add it to the program, or clear it with an empty value (server={}), or"
    ) in keeping.printed()
    clearing = configure(vapi) if said else configure(vapi, onOmitted="clear")
    seen = clearing.read(made.id, made.outputs)
    checked = clearing.check({**INPUTS, **said}, plain(seen.inputs)).inputs
    assert clearing.diff(plain(seen.outputs), checked, "another-id") == DUE
    state = plain(clearing.update(made.id, plain(seen.outputs), checked))
    assert patches(vapi) == [{"serverUrl": None}]
    assert clearing.diff(state, checked, "another-id") == NONE


# ------------------------------------------------------------------------------------------------------------- taken over


def test_a_takeover_without_a_write_refuses_what_the_program_leaves_out(
    clearing: Provider, configure: Configure, vapi: Emulator
) -> None:
    number = vapi.add_number(**INPUTS, squadId=SQUAD_ID)
    wanted = {**INPUTS, "__importId": number["id"]}
    with pytest.raises(PluginError, match=SQUAD_ID) as refused:
        clearing.create(clearing.check(wanted).inputs)
    assert "the program differs from Vapi" in str(refused.value)
    keeping = configure(vapi)
    assert keeping.create(keeping.check(wanted).inputs).id == number["id"]
    assert [request.method for request in vapi.requests] == ["GET", "GET"]


def test_a_takeover_by_number_clears_fields_left_out_and_says_so(configure: Configure, vapi: Emulator) -> None:
    adopting = configure(vapi, onOmitted="clear", onExisting="adopt")
    number = vapi.add_number(**INPUTS, squadId=SQUAD_ID, hooks=HOOKS, name="a")
    made = create(adopting, {**INPUTS, "name": "b"})
    assert made.id == number["id"]
    assert patches(vapi) == [{"name": "b", **cleared("squadId", "hooks")}]
    assert (
        "is being taken over, with name changed to what the program says and squad_id, hooks cleared, as the program has none\n"
        in adopting.printed()
    )


# ------------------------------------------------------------------------------------------------------- one field alone


@pytest.mark.parametrize("field", FIELDS)
def test_an_empty_value_clears_one_field_and_keeps_it_so(provider: Provider, vapi: Emulator, field: str) -> None:
    empty: Any = {"server": {}, "hooks": [], "fallbackDestination": {}}.get(field, "")
    made = create(provider, {**INPUTS, field: FIELDS[field]})
    without = {**INPUTS, field: empty}
    checked = provider.check(without, made.inputs)
    assert (checked.failures, checked.inputs[field]) == ([], empty)
    assert provider.diff(made.outputs, checked.inputs) == DUE
    updated = plain(provider.update(made.id, made.outputs, checked.inputs))
    assert patches(vapi) == [cleared(field)]
    mark = len(warned(provider))
    seen = provider.read(made.id, updated)
    assert plain(seen.inputs) == checked.inputs
    vapi.edit_number(made.id, **{field: FIELDS[field]})
    drifted = provider.read(made.id, updated)
    assert plain(drifted.inputs)[field] == FIELDS[field]
    assert provider.diff(plain(drifted.outputs), checked.inputs, made.id) == DUE
    assert warned(provider)[mark:] == []  # it is shown as a change


# -------------------------------------------------------------------------------------------- what the API itself fills in


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as vapi:
        yield vapi


def on_stand_in(host: Host, vapi: StandIn, *provider_type: Any, **settings: str) -> Provider:
    config = {"vapi-byo:apiKey": STAND_IN_KEY, "vapi-byo:baseUrl": vapi.base_url, "vapi-byo:maxRetries": "0"}
    return host.provider(config | {f"vapi-byo:{key}": value for key, value in settings.items()}, *provider_type)


def test_a_default_that_the_api_fills_in_at_creation_is_no_drift_until_somebody_changes_it(
    host: Host, stand_in: StandIn
) -> None:
    stand_in.fills_in = {"name": "Number 1", "server": {"url": "https://example.com/of-the-organisation"}}
    clearing = on_stand_in(host, stand_in, onOmitted="clear")
    made = create(clearing)
    checked = clearing.check(INPUTS).inputs
    assert clearing.diff(made.outputs, checked) == NONE
    seen = clearing.read(made.id, made.outputs)
    assert plain(seen.inputs) == checked
    # An update of another field leaves it as it is.
    renamed = clearing.check({**INPUTS, "squadId": SQUAD_ID}, checked).inputs
    state = plain(clearing.update(made.id, plain(seen.outputs), renamed))
    assert [one.body for one in stand_in.sent("PATCH")] == [{"squadId": SQUAD_ID}]
    assert clearing.diff(state, renamed) == NONE
    keeping = on_stand_in(host, stand_in)
    keeping.read(made.id, state)
    assert warned(keeping) == []
    stand_in.change(made.id, server={"url": "https://example.com/evil"})
    drifted = plain(clearing.read(made.id, state).inputs)
    assert ("name" in drifted, drifted["server"]) == (False, {"url": "https://example.com/evil"})
    keeping.read(made.id, state)
    assert "Vapi has server at 'example.com', which the program leaves out" in keeping.printed()


# ----------------------------------------------------------------------------------------------------------------- trunks

TRUNK: Props = {"name": "Trunk", "gateways": [{"ip": "203.0.113.10"}]}


def test_a_trunk_is_cleared_the_same_way_and_has_no_field_that_diverts_calls(host: Host, stand_in: StandIn) -> None:
    keeping = on_stand_in(host, stand_in, ByoSipTrunkCredentialProvider)
    made = create(keeping, TRUNK)
    stand_in.credentials[made.id].value.update(techPrefix="9", outboundAuthenticationPlan={"authUsername": "u"})
    assert keeping.diff(plain(keeping.read(made.id, made.outputs).outputs), TRUNK, made.id) == NONE
    assert keeping.printed() == ""
    clearing = on_stand_in(host, stand_in, ByoSipTrunkCredentialProvider, onOmitted="clear")
    seen = clearing.read(made.id, made.outputs)
    checked = clearing.check(TRUNK, plain(seen.inputs)).inputs
    assert clearing.diff(plain(seen.outputs), {**TRUNK, "__onOmitted": "clear"}, made.id) == DUE
    assert clearing.diff(plain(seen.outputs), checked, made.id) == DUE
    state = plain(clearing.update(made.id, plain(seen.outputs), checked))
    assert [one.body for one in stand_in.sent("PATCH")] == [{"outboundAuthenticationPlan": None, "techPrefix": None}]
    assert clearing.diff(state, checked, made.id) == NONE


@pytest.mark.parametrize(("field", "value"), [("name", ""), ("techPrefix", ""), ("outboundAuthenticationPlan", {})])
def test_an_empty_value_clears_one_field_of_a_trunk(host: Host, stand_in: StandIn, field: str, value: Any) -> None:
    provider = on_stand_in(host, stand_in, ByoSipTrunkCredentialProvider)
    made = create(provider, {**TRUNK, field: value})
    assert field not in stand_in.credentials[made.id].value
    stand_in.credentials[made.id].value[field] = {"authUsername": "u"} if value == {} else "x"
    seen = provider.read(made.id, made.outputs)
    checked = provider.check({**TRUNK, field: value}, plain(seen.inputs)).inputs
    assert provider.diff(plain(seen.outputs), checked, "another-id") == DUE
    provider.update(made.id, plain(seen.outputs), checked)
    assert [one.body for one in stand_in.sent("PATCH")] == [{field: None}]
