"""The models against Vapi's own documents, so that a difference between the two is found here first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final

import pytest
from pydantic import BaseModel

from pulumi_vapi_byo.api.client import MAX_LIST
from pulumi_vapi_byo.core.check import check_inputs
from pulumi_vapi_byo.errors import show_path
from pulumi_vapi_byo.kinds import models
from pulumi_vapi_byo.kinds import objects as blocks
from pulumi_vapi_byo.kinds.field_types import Block, HasNumber
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.kinds.sip_trunk import SIP_TRUNK_CREDENTIAL
from pulumi_vapi_byo.wire import ADDITIONAL, API_DEFAULTS, LOCAL_FIELDS, WIRE_NAMES, to_snake

from .samples import EVERYTHING, LEAST, Path, Wire, at, put

DOCUMENTS: Final[dict[str, Wire]] = {
    era: json.loads((files("pulumi_vapi_byo.emulator") / "spec" / f"vapi-{era}.openapi.json").read_text("utf-8"))
    for era in ("2024", "current")
}

MODELS: Final[dict[type[BaseModel], str]] = {
    models.ByoPhoneNumberInputs: "CreateByoPhoneNumberDTO",
    models.ByoPhoneNumberAnswer: "ByoPhoneNumber",
    blocks.Server: "Server",
    blocks.BackoffPlan: "BackoffPlan",
    blocks.TransferDestinationNumber: "TransferDestinationNumber",
    blocks.TransferDestinationSip: "TransferDestinationSip",
    blocks.TransferPlan: "TransferPlan",
    blocks.TransferFallbackPlan: "TransferFallbackPlan",
    blocks.ContextEngineeringPlan: "ContextEngineeringPlanLastNMessages",
    blocks.SummaryPlan: "SummaryPlan",
    blocks.CustomMessage: "CustomMessage",
    blocks.TextContent: "TextContent",
    blocks.RingingHook: "PhoneNumberHookCallRinging",
    blocks.EndingHook: "PhoneNumberHookCallEnding",
    blocks.RingingFilter: "PhoneNumberCallRingingHookFilter",
    blocks.EndingFilter: "PhoneNumberCallEndingHookFilter",
    blocks.SayHookAction: "SayPhoneNumberHookAction",
    blocks.TransferHookAction: "TransferPhoneNumberHookAction",
    models.ByoSipTrunkCredentialInputs: "CreateByoSipTrunkCredentialDTO",
    models.ByoSipTrunkCredentialAnswer: "ByoSipTrunkCredential",
    blocks.SipTrunkGateway: "SipTrunkGateway",
    blocks.SipTrunkOutboundAuthenticationPlan: "SipTrunkOutboundAuthenticationPlan",
    blocks.SipRegisterPlan: "SipTrunkOutboundSipRegisterPlan",
}

#: `provider` is constant and not an input; without a `type`, the models recognise a union's member by its other fields.
IMPLIED: Final = {"provider", "type", "key"}

#: Only the API knows which languages exist: it may add some at any time.
LEFT_TO_THE_API: Final = {"language"}

SIP: Final[Wire] = {
    **LEAST,
    "fallbackDestination": {
        "type": "sip",
        "sipUri": "sip:desk@example.com",
        "callerId": "+14155552671",
        "sipHeaders": {"x": "y"},
        "message": "Hold on",
        "transferPlan": {"mode": "blind-transfer", "contextEngineeringPlan": {"type": "all"}},
        "description": "The desk",
        "name": "Desk",
    },
    "hooks": [{"on": "call.ending", "do": {"type": "say", "exact": "Bye"}}],
}
OTHERS: Final[Wire] = put(SIP, ("fallbackDestination", "transferPlan", "contextEngineeringPlan"), {"type": "none"})
TRUNK: Final[Wire] = {
    "name": "Trunk",
    "gateways": [
        {
            "ip": "203.0.113.10",
            "port": 5060,
            "netmask": 32,
            "inboundEnabled": True,
            "outboundEnabled": True,
            "outboundProtocol": "udp",
            "optionsPingEnabled": False,
        }
    ],
    "outboundAuthenticationPlan": {
        "authUsername": "u",
        "authPassword": "p",
        "sipRegisterPlan": {"domain": "example.com", "username": "u", "realm": "r"},
    },
    "outboundLeadingPlusEnabled": True,
    "techPrefix": "7",
    "sipDiversionHeader": "d",
}
OLDER: Final[Wire] = {**LEAST, "serverUrl": "https://example.com/vapi", "serverUrlSecret": "s3cret"}


def schemas_named(name: str) -> list[Wire]:
    found = [document["components"]["schemas"].get(name) for document in DOCUMENTS.values()]
    return [schema for schema in found if schema]


def fields_of(model: type[BaseModel], *, required: bool = False) -> set[str]:
    model.model_rebuild()  # the oldest pydantic gives a field its alias only then
    return {str(field.alias) for field in model.model_fields.values() if field.is_required() or not required}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_model_has_exactly_the_fields_of_the_documents(model: type[BaseModel]) -> None:
    documented = set().union(*(schema["properties"] for schema in schemas_named(MODELS[model])))
    ours = fields_of(model) - {*LOCAL_FIELDS, ADDITIONAL}
    assert ours - documented == set()
    # The provider knows the kind, and sbcConfiguration has been gone since 2024.
    assert documented - ours <= {"provider", "sbcConfiguration"}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_model_requires_what_the_documents_require(model: type[BaseModel]) -> None:
    # maxMessages is required in only one of three variants. A number whose trunk was deleted has no credentialId.
    own_rule = {blocks.ContextEngineeringPlan: {"maxMessages"}, models.ByoPhoneNumberAnswer: {"credentialId"}}.get(model, set())
    for schema in schemas_named(MODELS[model]):
        required = set(schema.get("required", ()))
        assert required - fields_of(model, required=True) <= IMPLIED | own_rule
        assert fields_of(model, required=True) <= required


def all_blocks(base: type[Block] = Block) -> Iterator[type[Block]]:
    for block in base.__subclasses__():
        yield block
        yield from all_blocks(block)


def test_every_block_of_the_models_is_compared() -> None:
    assert set(all_blocks()) - {HasNumber} <= set(MODELS)


def test_the_wire_names_are_the_names_of_all_fields_of_all_blocks() -> None:
    for block in all_blocks():
        block.model_rebuild()  # the oldest pydantic gives a field its alias only then
    fields = [(name, field.alias) for block in all_blocks() for name, field in block.model_fields.items()]
    assert set(WIRE_NAMES.items()) == set(fields)
    assert all(to_snake(wire) == name for name, wire in WIRE_NAMES.items())


def test_an_update_takes_every_field_today_and_only_some_in_2024() -> None:
    current, old = (DOCUMENTS[era]["components"]["schemas"] for era in ("current", "2024"))
    assert set(current["UpdateByoPhoneNumberDTO"]["properties"]) == set(current["CreateByoPhoneNumberDTO"]["properties"])
    refused = set(old["CreateByoPhoneNumberDTO"]["properties"]) - set(old["UpdatePhoneNumberDTO"]["properties"])
    assert refused == {"provider", "number", "credentialId", "numberE164CheckEnabled"}


def resolve(document: Wire, schema: Wire, value: Any) -> Wire:
    """Follow references, and choose the member of a union that a value belongs to."""
    if "$ref" in schema:
        return resolve(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], value)
    if "allOf" in schema:
        return resolve(document, schema["allOf"][0], value)
    if "oneOf" in schema:
        members = [resolve(document, member, value) for member in schema["oneOf"]]
        return next(member for member in members if is_of(member, value))
    return schema


def is_of(schema: Wire, value: Any) -> bool:
    if schema["type"] != "object":
        return schema["type"] == "string" and isinstance(value, str)
    tags = [(name, part["enum"]) for name, part in schema["properties"].items() if name in ("type", "on")]
    return isinstance(value, dict) and all(value[name] in allowed for name, allowed in tags)


def documented_places(document: Wire, schema: Wire, value: Any, path: Path = ()) -> Iterator[tuple[Path, Wire, bool]]:
    """Yield all places of a value that a document knows: path, schema, and whether it is required there."""
    for name, part in schema.get("properties", {}).items():
        if name in value:
            below = resolve(document, part, value[name])
            yield (*path, name), below, name in schema.get("required", ())
            yield from documented_places(document, below, value[name], (*path, name))
    if schema["type"] == "array":
        for index, item in enumerate(value):
            below = resolve(document, schema["items"], item)
            yield (*path, index), below, False
            yield from documented_places(document, below, item, (*path, index))


PLACES: Final = [
    pytest.param(kind, sample, path, schema, required, id=f"{era}-{name}-{show_path(path)}")
    for era, document in DOCUMENTS.items()
    for kind, name, sample in (
        (PHONE_NUMBER, "number", EVERYTHING),
        (PHONE_NUMBER, "sip", SIP),
        (PHONE_NUMBER, "other", OTHERS),
        (PHONE_NUMBER, "older", OLDER),
        (SIP_TRUNK_CREDENTIAL, "trunk", TRUNK),
    )
    for path, schema, required in documented_places(document, document["components"]["schemas"][MODELS[kind.inputs]], sample)
]


def test_the_samples_have_every_field_of_the_documents() -> None:
    documented = {
        name for model, schema_name in MODELS.items() if not issubclass(model, models.Answer)
        for schema in schemas_named(schema_name) for name in schema["properties"]
    }  # fmt: skip
    met = {part for place in PLACES for part in place.values[2] if isinstance(part, str)}  # type: ignore[union-attr]
    assert documented - met == {"provider", "sbcConfiguration"}


def accepts(kind: Kind, sample: Wire, path: Path, value: Any) -> bool:
    """Return whether the models accept a value at a path, whatever they think of other paths."""
    changed = put(sample, path, value)
    # A missing discriminator, or a field required by a rule of its own, is reported for the whole object.
    place = path[:-1] if path[-1] in {"type", "on", "maxMessages"} else path
    return not any(problem.path[: len(place)] == place for problem in check_inputs(kind, changed).problems)


@pytest.mark.parametrize(("resource", "sample", "path", "schema", "required"), PLACES)
def test_the_models_have_the_types_limits_and_choices_of_the_documents(
    resource: Kind, sample: Wire, path: Path, schema: Wire, required: bool
) -> None:
    assert accepts(resource, sample, path, at(sample, path))
    name, kind = path[-1], schema["type"]
    wrong = {"string": 1, "number": "1", "boolean": "true", "array": {"a": 1}, "object": ["a"]}[kind]
    assert not accepts(resource, sample, path, wrong), f"{kind} takes {wrong!r}"
    if required:
        assert path[-1] in IMPLIED | {"on"} or not accepts(resource, sample, path, None)
    for choice in schema.get("enum", ()) if kind == "string" and name not in ("type", "on") else ():
        assert accepts(resource, sample, path, choice), choice
    if "enum" in schema and kind == "string" and name not in LEFT_TO_THE_API | {"type", "on"}:
        assert not accepts(resource, sample, path, "none of them")
    for limit, beyond in (("minimum", -1), ("maximum", 1)):
        if limit in schema:
            assert accepts(resource, sample, path, schema[limit])
            assert accepts(resource, sample, path, float(schema[limit]))
            assert not accepts(resource, sample, path, schema[limit] + beyond)
    if kind == "string" and "maxLength" in schema and "enum" not in schema:
        assert accepts(resource, sample, path, "1" * schema["maxLength"])
        assert not accepts(resource, sample, path, "1" * (schema["maxLength"] + 1))
    if "minLength" in schema:
        assert accepts(resource, sample, path, "1" * schema["minLength"])
        shorter = "1" * (schema["minLength"] - 1)
        # An empty value for a whole field means that it must be unset: null is sent.
        assert accepts(resource, sample, path, shorter) == (len(path) == 1 and resource.none.get(str(path[0])) == shorter)
    if kind == "array" and "maxLength" in schema:  # sic: Vapi's documents give the list a maxLength
        assert accepts(resource, sample, path, ["1"] * schema["maxLength"])
        assert not accepts(resource, sample, path, ["1"] * (schema["maxLength"] + 1))


def test_the_defaults_are_those_of_the_documents() -> None:
    documented = {
        name: part["default"]
        for schema_name in MODELS.values()
        for schema in schemas_named(schema_name)
        for name, part in schema["properties"].items()
        if "default" in part
    }
    # A gateway's defaults are only in Vapi's SIP guide.
    gateway = {str(field.alias) for field in blocks.SipTrunkGateway.model_fields.values()}
    assert documented == {name: value for name, value in API_DEFAULTS.items() if name not in {*LOCAL_FIELDS, *gateway}}


def test_the_provider_is_that_of_the_documents() -> None:
    for schema in schemas_named("CreateByoPhoneNumberDTO"):
        assert schema["properties"]["provider"]["enum"] == [PHONE_NUMBER.provider]


def test_the_longest_list_is_that_of_the_documents() -> None:
    for document in DOCUMENTS.values():
        parameters = {part["name"]: part["schema"] for part in document["paths"]["/phone-number"]["get"]["parameters"]}
        assert parameters["limit"]["maximum"] == MAX_LIST
