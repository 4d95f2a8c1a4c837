"""The plugin's own parts: the engine's values, the names in its sentences, and the schema."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.proto import provider_pb2

import pulumi_vapi_byo
from pulumi_vapi_byo.api.client import VapiClient
from pulumi_vapi_byo.config import SETTINGS, Settings
from pulumi_vapi_byo.emulator import DEFAULT_API_KEY, Emulator
from pulumi_vapi_byo.kinds import KINDS
from pulumi_vapi_byo.plugin.server import CALLS_AT_A_TIME
from pulumi_vapi_byo.plugin.servicer import Servicer
from pulumi_vapi_byo.plugin.values import at, from_engine, show_path, to_engine
from pulumi_vapi_byo.plugin.wording import in_wire_names
from pulumi_vapi_byo.wire import UNKNOWN, WIRE_NAMES
from tests.unit.samples import EVERYTHING

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

PACKAGE = Path(pulumi_vapi_byo.__file__).parent
SCHEMA = json.loads((PACKAGE / "plugin" / "schema.json").read_text("utf-8"))


def struct(**values: Any) -> Struct:
    properties = Struct()
    properties.update(values)
    return properties


def secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


# ------------------------------------------------------------------------------------------------------------------ values


@pytest.mark.parametrize(
    "unknown",
    [
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
        {SIGNATURE: OUTPUT},
    ],
)
def test_an_unknown_of_any_type_becomes_our_mark(unknown: Any) -> None:
    assert from_engine(struct(a=unknown, b=[unknown])) == ({"a": UNKNOWN, "b": [UNKNOWN]}, frozenset())
    assert to_engine({"a": UNKNOWN})["a"] == "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def test_an_output_from_the_engine_is_read_as_its_value() -> None:
    marked = {SIGNATURE: OUTPUT, "value": "v", "secret": True}
    assert from_engine(struct(a=marked)) == ({"a": "v"}, frozenset({("a",)}))


_TEXTS = st.text("abc", max_size=3)
_VALUES = st.recursive(
    _TEXTS | st.booleans() | st.none() | st.floats(-9, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS.filter(bool), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_TEXTS.filter(bool), _VALUES, max_size=3), st.data())
def test_secrets_come_back_where_they_were(values: dict[str, Any], data: st.DataObject) -> None:
    paths = list(every_path(values, ()))
    chosen = frozenset(data.draw(st.lists(st.sampled_from(paths), max_size=3)) if paths else [])
    assert from_engine(to_engine(values, chosen)) == (values, chosen)


def every_path(value: Any, path: tuple[str | int, ...]) -> Any:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*path, key)
        yield from every_path(part, (*path, key))


def test_a_secret_of_the_schema_is_secret_without_the_program_marking_it() -> None:
    marked = to_engine({"server": {"url": "u", "headers": {"a": "b"}}, "serverUrlSecret": "s", "name": "n"})
    assert from_engine(marked)[1] == {("server", "headers"), ("serverUrlSecret",)}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("name",), "name"),
        (("server", "headers", "x-key"), 'server.headers["x-key"]'),
        (("gateways", 0, "ip"), "gateways[0].ip"),
        (("a", 'say "hi"\\'), 'a["say \\"hi\\"\\\\"]'),
    ],
)
def test_paths_are_written_as_pulumi_writes_them(path: tuple[str | int, ...], text: str) -> None:
    assert show_path(path) == text


def test_a_path_that_leads_nowhere_gives_nothing() -> None:
    assert at({"a": [{"b": 1}]}, ("a", 0, "b")) == 1
    assert [at({"a": [1]}, path) for path in (("a", 1), ("b",), ("a", 0, "c"), ("a", "x"))] == [None] * 4


# ------------------------------------------------------------------------------------------------------ names in sentences


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("set deletion_protection=False, run pulumi up", "set deletionProtection: false, run pulumi up"),
        ("must be True or False", "must be true or false"),
        (
            "use server=ServerArgs(url=..., headers={'x-vapi-secret': ...}) instead of server_url_secret",
            "use server: {url: ..., headers: {'x-vapi-secret': ...}} instead of serverUrlSecret",
        ),
        (
            "give it opts=ResourceOptions(import_='some-id'); opts=ResourceOptions(aliases=[Alias(name='its old name')]); or",
            "give it the resource option import: 'some-id'; the resource option aliases: 'its old name'; or",
        ),
        (
            "if only renamed, give it opts=ResourceOptions(aliases=[Alias(name='its old name')])",
            (
                "if only renamed, give it the resource option aliases: 'its old name'; if it is to be replaced by a new one, "
                "deleteBeforeReplace: true"
            ),
        ),
        ("vapi-byo:numberCheck e164 (number_check on a Provider)", "vapi-byo:numberCheck e164"),
        ("cleared by an empty value (assistant_id='', hooks=[])", "cleared by an empty value (assistantId: '', hooks: [])"),
        ("on_conflict='overwrite' of the provider 'eu'", "onConflict: 'overwrite' of the provider 'eu'"),
        ("number 'server_url' of Vapi's server_url", "number 'server_url' of Vapi's serverUrl"),
        ("delete it or take it over with import_, before", "delete it or take it over with the resource option import, before"),
    ],
)
def test_sentences_use_the_schema_s_names(sentence: str, said: str) -> None:
    assert in_wire_names(sentence) == said


def test_no_sentence_of_the_package_keeps_a_python_name() -> None:
    names = {name for name, wire in WIRE_NAMES.items() if name != wire} | {one.argument for one in SETTINGS.values()}
    names -= {one.name for one in SETTINGS.values()}
    left = {}
    for folder in ("core", "kinds", "api"):
        for path in (PACKAGE / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                    said = in_wire_names(" ".join(node.value.split()))
                    if found := names & set(re.findall(r"(?<!')\b\w+\b(?!')", said)):
                        left[said] = found
    assert left == {}


# ------------------------------------------------------------------------------------------------------------------ schema


def test_every_input_and_output_is_in_the_schema_with_a_description() -> None:
    for kind in KINDS:
        resource = SCHEMA["resources"][f"vapi-byo:index:{kind.name}"]
        assert set(resource["inputProperties"]) == set(kind.input_names)
        assert set(resource["properties"]) == {*kind.input_names, *kind.outputs}
        assert resource["aliases"] == [{"type": f"pulumi-python:dynamic/vapi:{kind.name}"}]
    described = [SCHEMA["provider"]["inputProperties"], SCHEMA["config"]["variables"]]
    described += [part[name] for part in SCHEMA["resources"].values() for name in ("properties", "inputProperties")]
    described += [part["properties"] for part in SCHEMA["types"].values() if "properties" in part]
    for properties in described:
        for name, about in properties.items():
            assert about.get("description") or "const" in about, name
            assert not re.search(r"\b[a-z]+_[a-z]\w*\b|``|\bNone\b|\bTrue\b|\bFalse\b", about.get("description", "")), about


def test_every_secret_is_secret_in_the_schema() -> None:
    text = json.dumps(SCHEMA)
    for name in ("apiKey", "serverUrlSecret", "headers", "authPassword"):
        for found in re.finditer(rf'"{name}": {{', text):
            assert '"secret": true' in text[found.start() : text.index("}", found.start()) + 200], name


def test_the_configuration_is_that_of_the_stack() -> None:
    assert set(SCHEMA["config"]["variables"]) == {one.name for one in SETTINGS.values()}


def test_there_is_a_connection_for_every_simultaneous_call() -> None:
    # For each connection too many, urllib3 would print a warning, which Pulumi shows.
    client = VapiClient(Settings(api_key="k", base_url="https://api.vapi.ai", region="us"))
    adapter: Any = client._session.get_adapter("https://api.vapi.ai")
    assert adapter._pool_maxsize == CALLS_AT_A_TIME


# ------------------------------------------------------------------------------------------------------------------- calls

URN = "urn:pulumi:test::tests::vapi-byo:index:ByoPhoneNumber::desk"
SAID = {name: value for name, value in EVERYTHING.items() if name != "deletionProtection"}


@pytest.fixture(scope="module")
def servicer() -> Servicer:
    servicer = Servicer()
    servicer.Configure(provider_pb2.ConfigureRequest(args=struct(apiKey="k", baseUrl="http://127.0.0.1:9")), None)
    return servicer


@given(st.lists(st.sampled_from(list(every_path(SAID, ()))), max_size=3))
def test_a_secret_of_the_program_stays_secret_after_every_call_of_a_preview(
    servicer: Servicer, chosen: list[tuple[str | int, ...]]
) -> None:
    secrets = set(chosen)
    given_ = to_engine(SAID, secrets)
    checked = servicer.Check(provider_pb2.CheckRequest(urn=URN, news=given_), None)
    assert list(checked.failures) == []
    assert hides(from_engine(checked.inputs)[1], secrets)
    created = servicer.Create(provider_pb2.CreateRequest(urn=URN, properties=checked.inputs, preview=True), None)
    values, marked = from_engine(created.properties)
    assert hides(marked, secrets)
    # A value computed from a secret is a secret.
    assert (("sipUri",) in marked) == bool(secrets & {("number",), ("credentialId",)})
    assert values["sipUri"] == f"{SAID['number']}@{SAID['credentialId']}.sip.vapi.ai"
    changed = to_engine({**from_engine(checked.inputs)[0], "name": "Other"}, secrets)
    request = provider_pb2.UpdateRequest(
        urn=URN, id="some-id", olds=created.properties, old_inputs=checked.inputs, news=changed, preview=True
    )
    updated, marked = from_engine(servicer.Update(request, None).properties)
    assert hides(marked, secrets)
    assert (updated["name"], updated["updatedAt"]) == ("Other", UNKNOWN)


@pytest.fixture(scope="module")
def vapi() -> Iterator[Emulator]:
    with Emulator() as vapi:
        yield vapi


def hook(*canaries_: str) -> dict[str, Any]:
    return {"on": "call.ringing", "do": [{"type": "say", "exact": f"canary {text}"} for text in canaries_]}


HOOKS = [hook("0 0", "0 1"), hook("1 0", "1 1")]
DIVERTED = hook("1 1", "0 0")


@given(
    st.lists(st.sampled_from(sorted(every_path({"hooks": HOOKS}, ()), key=str)), min_size=1, max_size=3),
    st.lists(st.sampled_from([DIVERTED, *HOOKS]), max_size=3),
)
def test_a_secret_in_a_list_stays_secret_wherever_somebody_else_moves_it(
    vapi: Emulator, chosen: list[tuple[str | int, ...]], edited: list[dict[str, Any]]
) -> None:
    vapi.reset()
    servicer = Servicer()
    servicer.Configure(provider_pb2.ConfigureRequest(args=struct(apiKey=DEFAULT_API_KEY, baseUrl=vapi.base_url)), None)
    hidden = {text for path in chosen for text in canaries(at({"hooks": HOOKS}, path))}
    inputs = {"number": "+14155552671", "credentialId": SAID["credentialId"], "hooks": HOOKS}
    context: Any = Aborted()
    created = servicer.Create(provider_pb2.CreateRequest(urn=URN, properties=to_engine(inputs, chosen)), context)
    vapi.edit_number(created.id, hooks=edited)
    request = provider_pb2.ReadRequest(id=created.id, urn=URN, properties=created.properties, inputs=to_engine(inputs, chosen))
    read = servicer.Read(request, context)
    moved = provider_pb2.ReadRequest(id=created.id, urn=URN, properties=read.properties, inputs=read.inputs)
    vapi.edit_number(created.id, hooks=[*edited, DIVERTED])
    again = servicer.Read(moved, context)
    for properties in (created.properties, read.properties, read.inputs, again.properties, again.inputs):
        assert not hidden & set(canaries(in_clear(properties))), (chosen, edited)


def in_clear(properties: Struct) -> Any:
    """Return properties without the values marked as secret."""

    def open_(value: Any) -> Any:
        if isinstance(value, dict):
            return {} if value.get(SIGNATURE) == SECRET else {key: open_(part) for key, part in value.items()}
        return [open_(part) for part in value] if isinstance(value, list) else value

    return open_(MessageToDict(properties))


def canaries(value: Any) -> list[str]:
    return re.findall(r"canary \d \d", json.dumps(value))


def hides(marked: frozenset[tuple[str | int, ...]], secrets: set[tuple[str | int, ...]]) -> bool:
    """Return whether every secret, or something that contains it, is marked."""
    return all(any(path[:length] in marked for length in range(1, len(path) + 1)) for path in secrets)


def test_a_preview_knows_everything_but_what_vapi_will_add(servicer: Servicer) -> None:
    inputs = {"credentialId": UNKNOWN, "number": "+14155552671"}
    created = servicer.Create(provider_pb2.CreateRequest(urn=URN, properties=to_engine(inputs), preview=True), None)
    values, _ = from_engine(created.properties)
    unknown = {name for name, value in values.items() if value is UNKNOWN}
    assert unknown == {"credentialId", "sipUri", "orgId", "createdAt", "updatedAt", "status"}
    assert values["number"] == "+14155552671"


def test_unknown_types_and_functions_are_reported_without_a_traceback(servicer: Servicer) -> None:
    context: Any = Aborted()
    for call, request in (
        (servicer.Call, None),
        (servicer.Create, provider_pb2.CreateRequest(urn=URN.replace("ByoPhoneNumber", "Other"))),
        (servicer.Invoke, provider_pb2.InvokeRequest(tok="vapi-byo:index:other")),
        (servicer.Invoke, provider_pb2.InvokeRequest(tok="vapi-byo:index:getPhoneNumber", args=struct(numbr="1"))),
        (servicer.Invoke, provider_pb2.InvokeRequest(tok="vapi-byo:index:getPhoneNumber", args=struct(number="1", id="2"))),
        (servicer.Invoke, provider_pb2.InvokeRequest(tok="vapi-byo:index:getPhoneNumbers", args=struct(name=3))),
    ):
        with pytest.raises(AbortedError):
            call(request, context)
    assert context.said == [
        "pulumi-vapi-byo has no such call",
        (
            "there is no resource type vapi-byo:index:Other: there are vapi-byo:index:ByoPhoneNumber and "
            "vapi-byo:index:ByoSipTrunkCredential"
        ),
        "there is no function vapi-byo:index:other: there are vapi-byo:index:getPhoneNumber and vapi-byo:index:getPhoneNumbers",
        "cannot look up phone numbers: there is no argument numbr: the arguments are id, number",
        "cannot look up phone numbers: give either id or number",
        "cannot look up phone numbers: name is 3: it must be a text, in quotes",
    ]


class AbortedError(Exception):
    """Raised in place of gRPC's own exception that ends a call."""


class Aborted:
    """The context of a call that ends with a sentence."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def abort(self, _code: object, details: str) -> None:
        self.said.append(details)
        raise AbortedError(details)
