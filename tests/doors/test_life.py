"""Create, read, update and delete through the real host, and what the engine sees of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pulumi_vapi_byo.emulator import Emulator, Fault
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID, EVERYTHING, SQUAD_ID

from .conftest import Configure, Serve
from .host import PluginError, Props, Provider, Resource, Secret, plain

INPUTS: Props = {"credentialId": CREDENTIAL_ID, "number": "+14155552671", "name": "a", "assistantId": ASSISTANT_ID}


def create(provider: Provider, inputs: Props) -> Resource:
    checked = provider.check(inputs)
    assert checked.failures == []
    return provider.create(checked.inputs)


def change(provider: Provider, made: Resource, inputs: Props) -> Props:
    checked = provider.check(inputs)
    assert checked.failures == []
    return provider.update(made.id, made.outputs, checked.inputs)


def sent(vapi: Emulator, *methods: str) -> list[Any]:
    """Return the bodies of the requests with these methods."""
    return [request.body for request in vapi.requests if request.method in methods]


def changes(vapi: Emulator) -> list[str]:
    return [request.method for request in vapi.requests if request.method != "GET"]


def test_a_create_is_one_post_of_the_program_s_inputs(provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)

    assert sent(vapi, "POST", "PATCH", "DELETE") == [{"provider": "byo-phone-number", **INPUTS}]
    (number,) = vapi.numbers()
    assert made.id == number["id"]
    assert {key: plain(made.outputs)[key] for key in (*INPUTS, "orgId", "createdAt", "updatedAt", "status", "sipUri")} == {
        **INPUTS,
        **{key: number[key] for key in ("orgId", "createdAt", "updatedAt", "status")},
        "sipUri": f"+14155552671@{CREDENTIAL_ID}.sip.vapi.ai",
    }


def test_a_create_reports_a_list_that_fails_and_does_not_take_the_account_for_empty(provider: Provider, vapi: Emulator) -> None:
    vapi.inject(Fault("status", method="GET", status=503))
    inputs = provider.check(INPUTS).inputs
    with pytest.raises(PluginError, match=r"cannot create BYO phone number '\+14155552671': .*503"):
        provider.create(inputs)
    assert changes(vapi) == []
    assert listed(vapi) == 1
    provider.create(inputs)
    assert changes(vapi) == ["POST"]
    assert listed(vapi) == 2


def listed(vapi: Emulator) -> int:
    return sum((request.method, request.path) == ("GET", "/phone-number") for request in vapi.requests)


@pytest.mark.parametrize("diff_comes_first", [True, False])
def test_a_twin_of_an_unchanged_number_gives_a_warning(configure: Configure, serve: Serve, diff_comes_first: bool) -> None:
    vapi = serve(rules={"duplicate-number": "accepted"})
    made = create(configure(vapi), INPUTS)
    twin = vapi.add_number(**INPUTS)
    provider = configure(vapi)
    for does_diff in (diff_comes_first, not diff_comes_first):
        if does_diff:
            assert provider.diff(made.outputs, provider.check(INPUTS).inputs, made.id).changes == "none"
        else:
            create(provider, {**INPUTS, "number": "+14155552672"})
    assert (
        f"exists twice at Vapi on the same credential: id {made.id}, which this program manages, and id {twin['id']}; delete "
        "the latter in the dashboard if nothing needs it" in provider.printed()
    )


def test_every_field_arrives_as_it_was_written(provider: Provider, vapi: Emulator) -> None:
    create(provider, EVERYTHING)

    assert sent(vapi, "POST") == [
        {"provider": "byo-phone-number", **{key: EVERYTHING[key] for key in EVERYTHING if key != "deletionProtection"}}
    ]


def test_a_rename_is_one_patch_of_one_field(provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)
    outputs = change(provider, made, {**INPUTS, "name": "b"})

    assert sent(vapi, "PATCH") == [{"name": "b"}]
    assert changes(vapi) == ["POST", "PATCH"]
    assert outputs["name"] == "b"
    assert outputs["updatedAt"] > made.outputs["updatedAt"]


@pytest.mark.parametrize(
    ("removed", "patch"),
    [
        ("name", {"name": None}),
        ("assistantId", {"assistantId": None}),
        ("number", {"number": None}),
        ("server", {"server": None}),
        ("hooks", {"hooks": []}),
        ("fallbackDestination", {"fallbackDestination": None}),
        ("numberE164CheckEnabled", {"numberE164CheckEnabled": True}),
    ],
)
def test_an_input_that_is_removed_is_unset(provider: Provider, vapi: Emulator, removed: str, patch: Props) -> None:
    full = {key: EVERYTHING[key] for key in EVERYTHING if key != "deletionProtection"}
    made = create(provider, full)
    outputs = change(provider, made, {key: full[key] for key in full if key != removed})

    assert sent(vapi, "PATCH") == [patch]
    assert removed not in outputs or outputs[removed] == patch[removed]
    assert provider.diff(outputs, provider.check({key: full[key] for key in full if key != removed}).inputs).changes == "none"


def test_an_update_without_a_change_sends_nothing(provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)
    vapi.clear_requests()

    assert plain(change(provider, made, INPUTS)) == plain(made.outputs)
    assert vapi.requests == []


def test_deletion_protection_changes_alone_without_a_request_and_refuses_a_delete(
    configure: Configure, provider: Provider, vapi: Emulator
) -> None:
    made = create(provider, INPUTS)
    vapi.clear_requests()
    outputs = change(provider, made, {**INPUTS, "deletionProtection": True})

    assert outputs["deletionProtection"] is True
    with pytest.raises(PluginError, match="cannot delete BYO phone number '\\+14155552671': it has deletion_protection; to"):
        configure(vapi).delete(made.id, outputs)
    assert vapi.requests == []


def test_a_delete_is_one_delete(configure: Configure, provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)
    configure(vapi).delete(made.id, made.outputs)

    assert vapi.numbers() == []
    assert changes(vapi) == ["POST", "DELETE"]


def test_a_delete_of_a_number_already_gone_succeeds(configure: Configure, provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)
    vapi.delete_number(made.id)
    deleting = configure(vapi)
    deleting.delete(made.id, made.outputs)

    assert vapi.requests[-2].status == 404
    assert deleting.printed() == ""


def test_a_number_that_another_resource_of_the_run_manages_is_not_deleted(provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)
    provider.delete(made.id, made.outputs)

    assert [number["id"] for number in vapi.numbers()] == [made.id]
    assert provider.printed() == (
        f"warning: BYO phone number '+14155552671' (id {made.id}) was not deleted: another resource of this program has it\n"
    )


# --- read ---


def test_a_read_of_an_unchanged_number_gives_the_same_outputs_and_inputs(provider: Provider) -> None:
    checked = provider.check({key: EVERYTHING[key] for key in EVERYTHING if key != "assistantId"})
    made = provider.create(checked.inputs)
    seen = provider.read(made.id, made.outputs)

    assert seen.id == made.id
    assert plain(seen.outputs) == plain(made.outputs)
    assert plain(seen.inputs) == plain(checked.inputs)


def test_a_read_drops_a_number_that_the_api_says_is_gone(provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)
    vapi.delete_number(made.id)

    assert provider.read(made.id, made.outputs) == Resource("", {}, {})


def test_drift_appears_in_the_inputs_and_the_update_reverts_it(provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)
    vapi.edit_number(made.id, name="edited in the dashboard", assistantId=None)
    seen = provider.read(made.id, made.outputs)

    assert seen.inputs["name"] == "edited in the dashboard"
    assert "assistantId" not in seen.inputs
    assert provider.diff(seen.outputs, provider.check(INPUTS).inputs).changes == "unknown"
    change(provider, seen, INPUTS)
    assert sent(vapi, "PATCH") == [{"name": "a", "assistantId": ASSISTANT_ID}]


def test_drift_inside_an_object_appears_in_the_inputs(provider: Provider, vapi: Emulator) -> None:
    server = {"url": "https://example.com", "headers": {"x-a": "1"}}
    made = create(provider, {**INPUTS, "server": server})
    vapi.edit_number(made.id, server={**server, "timeoutSeconds": 45, "headers": {"x-a": "1", "x-b": "added"}})
    seen = provider.read(made.id, made.outputs)

    assert seen.inputs["server"] == {
        "url": "https://example.com",
        "timeoutSeconds": 45,
        "headers": Secret({"x-a": "1", "x-b": "added"}),
    }
    assert provider.diff(seen.outputs, provider.check({**INPUTS, "server": server}).inputs).changes == "unknown"


def test_a_field_that_the_program_never_set_is_no_drift_and_is_kept(provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)
    vapi.edit_number(made.id, squadId=SQUAD_ID)
    seen = provider.read(made.id, made.outputs)

    assert seen.outputs["squadId"] == SQUAD_ID
    assert "squadId" not in seen.inputs
    assert provider.diff(seen.outputs, provider.check(INPUTS).inputs).changes == "none"
    change(provider, seen, {**INPUTS, "name": "b"})
    assert sent(vapi, "PATCH") == [{"name": "b"}]


def test_a_default_that_the_server_fills_in_is_no_drift(provider: Provider, vapi: Emulator) -> None:
    inputs = {**INPUTS, "server": {"url": "https://example.com"}}
    filled = {"url": "https://example.com", "timeoutSeconds": 20, "headers": {}}
    vapi.inject(Fault("body", method="POST", status=201, body=_answer({**inputs, "server": filled})))
    made = create(provider, inputs)

    assert made.outputs["server"] == {**filled, "headers": Secret({})}
    assert provider.diff(made.outputs, provider.check(inputs).inputs).changes == "none"


def test_secrets_are_marked_in_every_answer(provider: Provider, vapi: Emulator) -> None:
    with_headers = {**INPUTS, "server": {"url": "https://example.com", "headers": {"x-vapi-secret": "canary"}}}
    made = create(provider, with_headers)
    seen = provider.read(made.id, made.outputs)
    updated = change(provider, made, {**with_headers, "name": "b"})

    for props in (made.outputs, seen.outputs, seen.inputs, updated):
        assert props["server"]["headers"] == Secret({"x-vapi-secret": "canary"})

    with_secret = {
        "credentialId": CREDENTIAL_ID,
        "number": "+14155552672",
        "serverUrl": "https://example.com",
        "serverUrlSecret": "canary",
    }
    made = create(provider, with_secret)
    seen = provider.read(made.id, made.outputs)
    updated = change(provider, made, {**with_secret, "name": "b"})
    for props in (made.outputs, seen.outputs, seen.inputs, updated):
        assert props["serverUrlSecret"] == Secret("canary")


def test_sip_headers_of_a_destination_are_marked_too(provider: Provider) -> None:
    destination = {"type": "sip", "sipUri": "sip:desk@example.com", "sipHeaders": {"x-token": "canary"}}
    made = create(provider, {**INPUTS, "fallbackDestination": destination})

    assert made.outputs["fallbackDestination"]["sipHeaders"] == Secret({"x-token": "canary"})


@pytest.mark.parametrize("reading", ["as serverUrl", "as server"])
def test_a_secret_that_the_api_never_returns_is_kept_and_no_drift(configure: Configure, serve: Serve, reading: str) -> None:
    vapi = serve(rules={"server-url": reading})
    provider = configure(vapi)
    inputs = {**INPUTS, "serverUrl": "https://example.com/vapi", "serverUrlSecret": "canary"}
    made = create(provider, inputs)
    seen = provider.read(made.id, made.outputs)

    for props in (made.outputs, seen.outputs, seen.inputs):
        assert props["serverUrl"] == "https://example.com/vapi"
        assert props["serverUrlSecret"] == Secret("canary")
    assert provider.diff(seen.outputs, provider.check(inputs).inputs).changes == "none"


@pytest.mark.parametrize("reading", ["as serverUrl", "as server"])
def test_a_change_from_server_url_to_server_is_one_patch_and_no_drift_afterwards(
    configure: Configure, serve: Serve, reading: str
) -> None:
    vapi = serve(rules={"server-url": reading})
    provider = configure(vapi)
    made = create(provider, {**INPUTS, "serverUrl": "https://example.com/vapi", "serverUrlSecret": "canary"})
    new = {**INPUTS, "server": {"url": "https://example.com/vapi", "headers": {"x-vapi-secret": "canary"}}}
    outputs = change(provider, made, new)
    seen = provider.read(made.id, outputs)

    assert changes(vapi) == ["POST", "PATCH"]
    assert not {"serverUrl", "serverUrlSecret"} & vapi.numbers()[0].keys()
    assert vapi.numbers()[0]["server"] == new["server"]
    assert not {"serverUrl", "serverUrlSecret"} & (seen.outputs.keys() | seen.inputs.keys())
    assert provider.diff(outputs, provider.check(new).inputs).changes == "none"
    assert provider.diff(seen.outputs, provider.check(new).inputs).changes == "none"


# --- get ---


def test_a_get_returns_what_the_api_holds(provider: Provider, vapi: Emulator) -> None:
    number = vapi.add_number(number="+14155552671", name="made in the dashboard", serverUrl="https://example.com")
    seen = provider.read(number["id"])

    assert seen.id == number["id"]
    assert {key: seen.outputs[key] for key in ("number", "name", "serverUrl", "orgId", "status")} == {
        key: number[key] for key in ("number", "name", "serverUrl", "orgId", "status")
    }
    assert seen.outputs["sipUri"] == f"+14155552671@{number['credentialId']}.sip.vapi.ai"


def test_a_get_of_a_missing_number_is_an_error(provider: Provider) -> None:
    missing = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(PluginError) as error:
        provider.read(missing)

    assert str(error.value).endswith(
        f"cannot read BYO phone number with id {missing}: it does not exist in this organisation; "
        "check the id, vapi-byo:apiKey and vapi-byo:region"
    )


def _answer(fields: Props) -> str:
    times = {"createdAt": "2026-08-01T10:00:00.000Z", "updatedAt": "2026-08-01T10:00:00.000Z"}
    return json.dumps({"id": SQUAD_ID, "orgId": ASSISTANT_ID, "provider": "byo-phone-number", **times, **fields})


SERVER: Props = {"url": "https://example.com/a"}
MORE: Props = {**SERVER, "timeoutSeconds": 99, "headers": {"x-vapi-secret": "canary"}}


def test_a_field_that_others_added_before_an_update_gives_a_warning_and_shows_in_the_next_read(
    provider: Provider, vapi: Emulator
) -> None:
    inputs = {**INPUTS, "server": SERVER}
    made = create(provider, inputs)
    vapi.edit_number(made.id, server=MORE)
    outputs = change(provider, made, {**inputs, "name": "b"})
    assert "somebody else changed server, which was left as it is" in provider.printed()
    assert plain(outputs)["server"] == SERVER
    found = provider.read(made.id, outputs)
    assert plain(found.inputs)["server"] == MORE


def test_an_import_of_what_holds_more_than_the_program_says_is_refused(provider: Provider, vapi: Emulator) -> None:
    number = vapi.add_number(**INPUTS, server=MORE)
    with pytest.raises(PluginError, match="the program differs from Vapi") as raised:
        provider.create({**INPUTS, "server": SERVER, "__importId": number["id"]})
    assert "canary" not in str(raised.value)
    assert provider.create({**INPUTS, "server": MORE, "__importId": number["id"]}).id == number["id"]


def test_what_vapi_filled_in_and_no_program_can_say_is_no_obstacle_to_an_import(configure: Configure, vapi: Emulator) -> None:
    number = vapi.add_number(**INPUTS, server=SERVER)
    filled = {**number, "server": {**SERVER, "newThing": 5, "headers": {}}}
    vapi.inject(Fault("body", method="GET", status=200, body=json.dumps(filled)))
    taken = configure(vapi).create({**INPUTS, "server": SERVER, "__importId": number["id"]})
    provider = configure(vapi)
    assert provider.diff(taken.outputs, provider.check({**INPUTS, "server": SERVER}).inputs, taken.id).changes == "none"


def test_one_that_this_run_deleted_is_made_again_though_the_program_still_imports_it(
    configure: Configure, vapi: Emulator
) -> None:
    imported = {**INPUTS, "__importId": vapi.add_number(**INPUTS)["id"]}
    taken = configure(vapi).create(imported)
    provider = configure(vapi)
    provider.delete(taken.id, taken.outputs)
    again = provider.create(imported)
    assert [number["id"] for number in vapi.numbers()] == [again.id]
    assert again.id != taken.id


def test_the_digits_that_an_update_gives_up_are_free_for_another_number(provider: Provider, vapi: Emulator) -> None:
    one = create(provider, INPUTS)
    create(provider, {**INPUTS, "number": "+14155552672"})  # lists the account
    change(provider, one, {**INPUTS, "number": "+14155552673"})
    assert create(provider, INPUTS).id != one.id
    with pytest.raises(PluginError, match="another resource of this program already has it"):
        create(provider, {**INPUTS, "number": "+14155552673"})


def test_the_address_is_that_of_the_number_in_the_state(provider: Provider, vapi: Emulator) -> None:
    made = create(provider, INPUTS)
    vapi.edit_number(made.id, number="+14155552679")
    outputs = plain(change(provider, made, {**INPUTS, "name": "b"}))
    assert outputs["number"] == INPUTS["number"]
    assert outputs["sipUri"] == f"{INPUTS['number']}@{CREDENTIAL_ID}.sip.vapi.ai"
