"""Choosing numbers, and writing the files that take them over."""

from __future__ import annotations

import ast
import dataclasses
import json
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import pulumi_vapi_byo
from pulumi_vapi_byo.cli.listing import Listed, choose
from pulumi_vapi_byo.cli.program import _text, write_program
from pulumi_vapi_byo.cli.takeover import Reference, Secret, Takeover, hide_secrets, import_file, plan_takeovers
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.core.check import check_inputs
from pulumi_vapi_byo.emulator import Emulator, Refusal
from pulumi_vapi_byo.errors import VapiError
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.kinds.sip_trunk import SIP_TRUNK_CREDENTIAL
from tests.engine.project import API_KEY
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID, EVERYTHING
from tests.unit.samples import inputs as any_inputs

Wire = dict[str, Any]


COMMON = {"orgId": "O", "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z"}


def number(id_: str = "id-1", **wire: Any) -> Listed:
    body = {"provider": "byo-phone-number", "id": id_, "credentialId": CREDENTIAL_ID, **COMMON, **wire}
    return Listed(PHONE_NUMBER, id_, body.get("number"), body.get("name"), PHONE_NUMBER.parse(body))


def trunk(id_: str = CREDENTIAL_ID, **wire: Any) -> Listed:
    body = {"provider": "byo-sip-trunk", "id": id_, "gateways": [{"ip": "192.0.2.1"}], **COMMON, **wire}
    return Listed(SIP_TRUNK_CREDENTIAL, id_, None, body.get("name"), SIP_TRUNK_CREDENTIAL.parse(body))


def plan(chosen: Sequence[Listed]) -> list[Takeover]:
    takeovers, refused = plan_takeovers(chosen)
    assert refused == []
    return takeovers


ACCOUNT = [
    number("a", number="+14155552671", name="Support line"),
    number("b", number="+14155552672", name="Support desk"),
    number("c", name="Lobby [1]"),
    number("d", number="1001a", numberE164CheckEnabled=False),
]


@pytest.mark.parametrize(
    ("digits", "names", "everything", "chosen"),
    [
        (["+14155552671"], [], False, "a"),
        (["+1 (415) 555-26.72", "1001a"], [], False, "bd"),
        ([], ["Support *"], False, "ab"),
        ([], ["Lobby [[]1]"], False, "c"),
        (["1001a"], ["*line"], False, "ad"),
        ([], [], True, "abcd"),
        ([], [], False, ""),
    ],
)
def test_numbers_are_chosen_by_digits_name_or_all(digits: list[str], names: list[str], everything: bool, chosen: str) -> None:
    found = choose(ACCOUNT, digits=digits, names=names, everything=everything)
    assert "".join(one.id for one in found) == chosen


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ({"everything": True}, "tuabcd"),
        ({"trunks": ["My *"]}, "t"),
        ({"trunks": ["u"]}, "u"),
        ({"everything": True, "exclude": ["+1 415 555 2671", "My*", "u"]}, "bcd"),
        ({"everything": True, "exclude": ["Support*"]}, "tucd"),
        ({"names": ["Support*"], "exclude": ["a"]}, "b"),
        ({"digits": ["1001a"], "trunks": ["t"], "exclude": ["1001a"]}, "t"),
    ],
)
def test_trunks_can_be_chosen_and_anything_excluded_by_number_name_or_id(options: dict[str, Any], chosen: str) -> None:
    account = [trunk("t", name="My carrier"), trunk("u"), *ACCOUNT]
    assert "".join(one.id for one in choose(account, **options)) == chosen


def test_an_exclusion_that_matches_nothing_is_refused() -> None:
    with pytest.raises(VapiError) as raised:
        choose(ACCOUNT, everything=True, exclude=["suport*"])
    assert str(raised.value) == (
        "--exclude 'suport*' matches no number, name or id of the account; vapi-byo import, without options, lists what it has"
    )
    with pytest.raises(VapiError) as raised:
        choose(ACCOUNT, trunks=["Support line"])
    assert str(raised.value) == (
        "no BYO SIP trunk of the account has the id or a name like 'Support line'; vapi-byo import lists those it has"
    )


@pytest.mark.parametrize(
    ("digits", "names", "sentence"),
    [
        (["+1999"], [], r"^the account has no BYO number '\+1999'; vapi-byo import, without options, lists those it has$"),
        (["14155552671"], [], r"^the account has no BYO number '14155552671': did you mean '\+14155552671'\?$"),
        (["1 415 555 2672"], [], r"^the account has no BYO number '1 415 555 2672': did you mean '\+14155552672'\?$"),
        (["+1001a"], [], r"^the account has no BYO number '\+1001a': did you mean '1001a'\?$"),
        ([""], [], r"^the account has no BYO number ''"),
        ([], ["support*"], r"^no BYO number of the account has a name like 'support\*'; vapi-byo import lists those it has$"),
    ],
)
def test_a_choice_that_matches_nothing_is_refused(digits: list[str], names: list[str], sentence: str) -> None:
    with pytest.raises(VapiError, match=sentence):
        choose(ACCOUNT, digits=digits, names=names, everything=True)


def test_resources_are_named_after_the_number_and_duplicate_names_get_the_id_too() -> None:
    numbers = [
        *ACCOUNT,
        number("e", name="客服"),
        number("F1-x", number="+4930123456"),
        number("F2-x", number="4930123456", numberE164CheckEnabled=False),
    ]
    assert [one.name for one in plan(numbers)] == [
        "number-14155552671",
        "number-14155552672",
        "number-lobby-1",
        "number-1001a",
        "number-e",
        "number-4930123456-f1-x",
        "number-4930123456-f2-x",
    ]


def test_unset_fields_and_defaults_are_not_in_the_inputs() -> None:
    (one,) = plan([number(number="+14155552671", numberE164CheckEnabled=True, hooks=[], server={})])
    assert one.inputs == {"credentialId": CREDENTIAL_ID, "number": "+14155552671"}
    assert one.left_out == ()


@pytest.mark.parametrize(
    ("wire", "inputs", "left_out"),
    [
        (
            {"server": {"url": "https://example.com", "timeoutSeconds": 999}},
            {},
            "server is not managed and stays as it is",
        ),
        # An element of a list cannot be left out by itself.
        (
            {"hooks": [{"on": "call.ringing", "do": []}, {"on": "call.ringing", "do": "canary"}]},
            {},
            "hooks is not managed and stays as it is",
        ),
        (
            {"server": {"url": "https://example.com"}, "serverUrl": "https://example.com"},
            {"server": {"url": "https://example.com"}},
            "serverUrl is not managed and stays as it is",
        ),
    ],
)
def test_fields_that_a_program_cannot_set_are_left_out_and_reported(wire: Wire, inputs: Wire, left_out: str) -> None:
    (one,) = plan([number(number="+14155552671", **wire)])
    assert one.inputs == {"credentialId": CREDENTIAL_ID, "number": "+14155552671", **inputs}
    (sentence,) = one.left_out
    assert sentence.startswith(f"BYO phone number '+14155552671': {left_out} (")
    assert "canary" not in sentence


@pytest.mark.parametrize(
    ("wire", "unknown"),
    [
        ({"server": {"url": "https://example.com", "newThing": 1}}, "server.newThing"),
        ({"fallbackDestination": {"type": "assistant", "assistantName": "a"}}, "fallback_destination"),
        ({"hooks": [{"on": "call.ringing", "do": []}, {"on": "call.other"}]}, "hooks[1]"),
        (
            {"hooks": [{"on": "call.ringing", "do": [{"type": "sing", "song": "x"}], "options": {}}]},
            "hooks[0].do[0], hooks[0].options",
        ),
        ({"newField": {"a": 1}, "other": "x"}, "additional_properties.newField, additional_properties.other"),
    ],
)
def test_unknown_fields_are_written_with_the_setting_they_need(wire: Wire, unknown: str) -> None:
    (one,) = plan([number(number="+14155552671", **wire)])
    extra = {name: wire[name] for name in wire if name not in PHONE_NUMBER.input_names}
    known = {name: value for name, value in wire.items() if name not in extra}
    additional = {"additionalProperties": extra} if extra else {}
    assert one.inputs == {"credentialId": CREDENTIAL_ID, "number": "+14155552671", **known, **additional}
    assert one.left_out == ()
    assert sorted(one.unknown_paths.split(", ")) == sorted(unknown.split(", "))


def test_a_program_has_unknown_fields_in_plain_dicts_and_names_the_setting_they_need() -> None:
    server = {"url": "https://example.com", "headers": {"x-a": "canary"}, "newThing": 1}
    hidden, _ = hide_secrets(plan([number(number="+14155552671", server=server, newField=["a"])]))
    program = write_program(hidden, with_import_options=False)
    assert program.endswith(
        f'''\
# Needs vapi-byo:onUnknown send, for server.newThing, additional_properties.newField.
vapi.ByoPhoneNumber(
    "number-14155552671",
    credential_id="{CREDENTIAL_ID}",
    number="+14155552671",
    server={{
        "url": "https://example.com",
        "headers": {{"x-a": config.require_secret("number-14155552671-x-a")}},
        "newThing": 1,
    }},
    additional_properties={{"newField": ["a"]}},
)
'''
    )


def test_a_name_from_the_api_cannot_end_a_line_of_the_program() -> None:
    wire: Wire = {"number": "+14155552671", "new\nimport os": 1}
    (one,) = plan([number(**wire)])
    program = write_program([one], with_import_options=False)
    assert "# Needs vapi-byo:onUnknown send, for additional_properties.new import os.\n" in program
    assert "\nimport os" not in program


def test_an_empty_text_counts_as_unset() -> None:
    destination = {"type": "number", "number": "+14155552672", "description": "", "name": "", "callerId": ""}
    (one,) = plan([number(number="+14155552671", fallbackDestination=destination)])
    assert one.inputs["fallbackDestination"] == {"type": "number", "number": "+14155552672"}
    assert one.left_out == ()


def test_resources_that_no_program_can_declare_are_left_out_and_the_rest_taken_over() -> None:
    unreadable = Listed(PHONE_NUMBER, "e", "+14155552675", None, None, "has no usable hooks (should be a list)")
    takeovers, refused = plan_takeovers(
        [
            trunk("t", gateways=[]),
            number("a", number="+1"),
            number("b", number="+14155552671"),
            number("c", credentialId=None),
            unreadable,
        ]
    )
    assert [one.id for one in takeovers] == ["b"]
    assert refused == [
        "BYO SIP trunk with id t is left out: it has no gateways",
        "BYO phone number '+1' is left out: its number must have at least 3 characters, has 2",
        "BYO phone number with id c is left out: it has no credential_id",
        "BYO phone number '+14155552675' is left out: what Vapi lists has no usable hooks (should be a list)",
    ]


def test_a_number_in_no_known_range_is_taken_over_and_the_setting_it_needs_reported() -> None:
    (one,) = plan([number(number="+1415555267")])
    assert one.inputs == {"credentialId": CREDENTIAL_ID, "number": "+1415555267"}
    assert one.left_out == (
        (
            "BYO phone number '+1415555267': number has 9 digits after +1, 10 are usual; check its digits or, if they are right (the "
            "phonenumbers library's numbering plans may be out of date), set vapi-byo:numberCheck e164 (number_check on a Provider)"
        ),
    )


def test_a_trunk_is_taken_over_without_its_password_and_a_note_says_so() -> None:
    gateways = [{"ip": "192.0.2.1", "port": 5061}, {"ip": "sbc.example.com", "inboundEnabled": False}]
    account = [
        trunk(name="My Carrier", gateways=gateways, outboundAuthenticationPlan={"authUsername": "u"}, techPrefix="9"),
        trunk("t2", name="My Carrier"),
        number("a", number="+14155552671"),
        number("b", number="+14155552672", credentialId="elsewhere"),
    ]
    takeovers = plan(account)
    assert [one.name for one in takeovers[:2]] == [f"trunk-my-carrier-{CREDENTIAL_ID}", "trunk-my-carrier-t2"]
    assert takeovers[0].left_out == (
        (
            "BYO SIP trunk 'My Carrier': Vapi never returns a password; the current one stays, but add auth_password to the program "
            "before you change outbound_authentication_plan"
        ),
    )
    hidden, secrets = hide_secrets(takeovers)
    assert secrets == {}
    assert [one.inputs.get("credentialId") for one in hidden] == [None, None, Reference(takeovers[0].name), "elsewhere"]
    variable = takeovers[0].name.replace("-", "_")
    assert (
        write_program(hidden, with_import_options=False)
        == f'''\
"""BYO phone numbers at Vapi."""

import pulumi_vapi_byo as vapi

{variable} = vapi.ByoSipTrunkCredential(
    "{takeovers[0].name}",
    gateways=[
        vapi.SipTrunkGatewayArgs(ip="192.0.2.1", port=5061),
        vapi.SipTrunkGatewayArgs(ip="sbc.example.com", inbound_enabled=False),
    ],
    name="My Carrier",
    outbound_authentication_plan=vapi.SipTrunkOutboundAuthenticationPlanArgs(auth_username="u"),
    tech_prefix="9",
)

vapi.ByoSipTrunkCredential(
    "trunk-my-carrier-t2",
    gateways=[vapi.SipTrunkGatewayArgs(ip="192.0.2.1")],
    name="My Carrier",
)

vapi.ByoPhoneNumber(
    "number-14155552671",
    credential_id={variable}.id,
    number="+14155552671",
)

vapi.ByoPhoneNumber(
    "number-14155552672",
    credential_id="elsewhere",
    number="+14155552672",
)
'''
    )


@pytest.mark.parametrize(
    ("wire", "key"),
    [
        ({"server": {"url": "https://example.com/a?token=canary"}}, "number-14155552671-url"),
        ({"server": {"url": "https://example.com/a#canary"}}, "number-14155552671-url"),
        ({"serverUrl": "https://example.com/a?token=canary"}, "number-14155552671-server-url"),
        (
            {
                "fallbackDestination": {
                    "type": "number",
                    "number": "+442079460018",
                    "transferPlan": {"mode": "blind-transfer", "holdAudioUrl": "https://x.example/?canary"},
                }
            },
            "number-14155552671-hold-audio-url",
        ),
    ],
)
def test_an_address_with_a_query_is_put_into_the_configuration_and_not_into_the_program(wire: Wire, key: str) -> None:
    hidden, secrets = hide_secrets(plan([number(number="+14155552671", **wire)]))
    program = write_program(hidden, with_import_options=False)
    assert "canary" not in program
    assert f'config.require_secret("{key}")' in program
    assert ["canary" in value for value in secrets.values()] == [True]


def test_an_address_without_a_query_is_put_into_the_program() -> None:
    hidden, secrets = hide_secrets(plan([number(number="+14155552671", server={"url": "https://example.com/a"})]))
    assert secrets == {}
    assert 'url="https://example.com/a"' in write_program(hidden, with_import_options=False)


def test_a_secret_that_vapi_does_not_return_is_reported() -> None:
    (one,) = plan([number(number="+14155552671", serverUrl="https://example.com")])
    (sentence,) = one.left_out
    assert sentence == (
        "BYO phone number '+14155552671': Vapi does not reveal whether its server_url has a secret; if it has one, it stays "
        "unless you add server_url_secret"
    )


def test_secrets_get_keys_named_after_the_first_number_that_has_them() -> None:
    both = {"server": {"headers": {"X-Token": "s1", "x--token": "s2"}}}
    takeovers = plan(
        [
            number("a", number="+14155552671", **both),
            number("b", number="+14155552672", **both),
            number("c", number="+14155552673", serverUrl="https://example.com", serverUrlSecret="s1"),
        ]
    )
    hidden, secrets = hide_secrets(takeovers)
    assert secrets == {
        "number-14155552671-x-token": "s1",
        "number-14155552671-x-token-2": "s2",
        "number-14155552673-server-url-secret": "s1",
    }
    headers = {"X-Token": Secret("number-14155552671-x-token"), "x--token": Secret("number-14155552671-x-token-2")}
    assert [one.inputs["server"]["headers"] for one in hidden[:2]] == [headers, headers]
    assert hidden[2].inputs["serverUrlSecret"] == Secret("number-14155552673-server-url-secret")
    assert "s1" not in repr(takeovers)


# ------------------------------------------------------------------------------------------------------------- the program


@given(st.text())
def test_any_text_is_written_so_that_python_reads_it_back(text: str) -> None:
    written = _text(text)
    assert ast.literal_eval(written) == text
    assert "\n" not in written


class _Pulumi:
    """Replaces the modules that a written program imports, and keeps what it declares."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self.declared: dict[str, dict[str, Any]] = {}
        args = {name: getattr(pulumi_vapi_byo, name) for name in pulumi_vapi_byo.__all__ if name.endswith("Args")}
        config = SimpleNamespace(require_secret=secrets.__getitem__)
        self._modules = {
            "pulumi": SimpleNamespace(Config=lambda: config, ResourceOptions=dict),
            "pulumi_vapi_byo": SimpleNamespace(ByoPhoneNumber=self._declare, **args),
        }

    def _declare(self, name: str, /, **arguments: Any) -> None:
        assert name not in self.declared
        self.declared[name] = arguments

    def run(self, program: str) -> None:
        names = {"__builtins__": {"__import__": lambda name, *_: self._modules[name]}}
        exec(compile(program, "<program>", "exec"), names)  # noqa: S102 - what we wrote ourselves


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


@given(any_inputs)
def test_a_program_declares_what_the_account_has(inputs: Wire) -> None:
    takeovers = plan([number("the-id", **inputs)])
    hidden, secrets = hide_secrets(takeovers)
    program = write_program(hidden, with_import_options=True)
    engine = _Pulumi(secrets)
    engine.run(program)
    ((name, arguments),) = engine.declared.items()
    assert name == takeovers[0].name
    assert arguments.pop("opts") == {"import_": "the-id"}
    assert check_inputs(PHONE_NUMBER, _plain(arguments)).inputs == takeovers[0].inputs


def test_a_program_is_written_as_a_formatter_would_write_it() -> None:
    whole = {key: value for key, value in EVERYTHING.items() if key != "deletionProtection"}
    del whole["hooks"]
    hidden, _ = hide_secrets(plan([number("the-id", **whole)]))
    program = write_program(hidden, with_import_options=True)
    head, rest = program.split("    fallback_destination=")
    assert (
        head
        == f'''\
"""BYO phone numbers at Vapi."""

import pulumi

import pulumi_vapi_byo as vapi

config = pulumi.Config()

vapi.ByoPhoneNumber(
    "number-14155552671",
    credential_id="{CREDENTIAL_ID}",
    number="+14155552671",
    number_e164_check_enabled=False,
    name="Front desk",
    assistant_id="{ASSISTANT_ID}",
    squad_id="{EVERYTHING["squadId"]}",
    workflow_id="{EVERYTHING["workflowId"]}",
    server=vapi.ServerArgs(
        url="https://example.com/vapi",
        timeout_seconds=25,
        headers={{
            "x-vapi-secret": config.require_secret("number-14155552671-x-vapi-secret"),
            "credential_id": config.require_secret("number-14155552671-credential-id"),
            "timeoutSeconds": config.require_secret("number-14155552671-timeoutseconds"),
        }},
        credential_id="{CREDENTIAL_ID}",
        backoff_plan=vapi.BackoffPlanArgs(
            type="fixed",
            max_retries=3,
            base_delay_seconds=1.5,
            excluded_status_codes=[400, 401],
        ),
        static_ip_addresses_enabled=True,
        encrypted_paths=["$.message"],
    ),
'''
    )
    assert rest.startswith('vapi.TransferDestinationNumberArgs(\n        number="+14155552672",\n')
    assert rest.endswith('    opts=pulumi.ResourceOptions(import_="the-id"),\n)\n')


def test_a_program_imports_only_what_it_uses() -> None:
    hidden, _ = hide_secrets(plan([number(number="+14155552671")]))
    assert (
        write_program(hidden, with_import_options=False)
        == f'''\
"""BYO phone numbers at Vapi."""

import pulumi_vapi_byo as vapi

vapi.ByoPhoneNumber(
    "number-14155552671",
    credential_id="{CREDENTIAL_ID}",
    number="+14155552671",
)
'''
    )


# --------------------------------------------------------------------------------------------------------- the import file


@given(any_inputs)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_number_can_go_into_an_import_file_without_a_write(vapi: Emulator, inputs: Wire) -> None:
    vapi.reset()
    try:
        added = vapi.add_number(**inputs | {"credentialId": vapi.add_credential()["id"]})
    except Refusal:
        assume(False)
    takeovers = plan([Listed(PHONE_NUMBER, added["id"], added.get("number"), added.get("name"), PHONE_NUMBER.parse(added))])
    (entry,) = json.loads(import_file(takeovers, Settings(API_KEY, vapi.base_url, "us")))["resources"]
    assert {request.method for request in vapi.requests} == {"GET"}
    assert vapi.numbers() == [added]
    assert entry["id"] == added["id"]
    assert entry["outputs"]["updatedAt"] == added["updatedAt"]
    assert entry["inputs"]["__provider"] == entry["outputs"]["__provider"]
    for side in ("inputs", "outputs"):
        headers = (entry[side].get("server") or {}).get("headers")
        if headers is not None:
            assert json.loads(headers.pop("plaintext")) == added["server"]["headers"]
            assert headers == {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def test_a_number_that_changes_meanwhile_gets_no_entry(vapi: Emulator) -> None:
    added = vapi.add_number(number="+14155552671", name="a", credentialId=vapi.add_credential()["id"])
    takeovers = plan([Listed(PHONE_NUMBER, added["id"], added.get("number"), added.get("name"), PHONE_NUMBER.parse(added))])
    vapi.edit_number(added["id"], name="b")
    with pytest.raises(VapiError, match=r"^cannot import BYO phone number '\+14155552671': the program differs from Vapi "):
        import_file(takeovers, Settings(API_KEY, vapi.base_url, "us"))
