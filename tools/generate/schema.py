"""Generate the plugin's schema, from which Pulumi generates SDKs for all languages and the pages of its registry."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from pulumi_vapi_byo._version import __version__
from pulumi_vapi_byo.config import SETTINGS, Setting
from pulumi_vapi_byo.kinds.field_types import Block
from pulumi_vapi_byo.plugin.wording import translator

from .docstrings import IN_WIRE_NAMES, of_output, of_setting, summary
from .fields import (
    Anything,
    Field,
    Flag,
    Items,
    Map,
    Number,
    Object,
    OneOf,
    Resource,
    Text,
    Type,
    all_objects,
    as_shown,
    fields_of,
    resources,
)

_PACKAGE: Final = "vapi-byo"

#: The type of any value.
_ANY: Final = {"$ref": "pulumi.json#/Any"}


def schema() -> str:
    """Return the text of ``schema.json``."""
    config = {one.name: _setting(one) for one in SETTINGS.values()}
    numbers = next(one for one in resources() if one.kind.parent)
    return (
        json.dumps(
            {
                "name": _PACKAGE,
                "displayName": "Vapi BYO",
                "version": __version__,
                "description": "Your own (BYO) phone numbers and SIP trunks at Vapi.",
                "keywords": ["pulumi", "vapi", "phone-number", "sip", "category/utility"],
                "license": "Apache-2.0",
                "attribution": "",
                "language": _LANGUAGES,
                "config": {"variables": config},
                "provider": {
                    "description": "An account at Vapi. What is left out has its default; nothing of the stack's configuration "
                    "is read.",
                    "properties": config,
                    "inputProperties": config,
                    "required": [],
                    "requiredInputs": [],
                },
                "types": {_token(model.__name__): _object(model) for model in all_objects()} | _found(numbers),
                "resources": {_token(one.name): _resource(one) for one in resources()},
                "functions": _functions(numbers),
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )


#: Names of the generated SDKs. The Python SDK must not be named like the package that has the first door.
_LANGUAGES: Final = {
    "csharp": {"respectSchemaVersion": True},
    "go": {
        "importBasePath": "pulumi-vapi-byo.invalid/sdk/vapibyo",
        "generateResourceContainerTypes": True,
        "respectSchemaVersion": True,
    },
    "java": {"buildFiles": "gradle"},
    "nodejs": {"packageName": "pulumi-vapi-byo", "respectSchemaVersion": True},
    "python": {"packageName": "pulumi_vapi_byo_sdk", "pyproject": {"enabled": True}, "respectSchemaVersion": True},
}


def _token(name: str) -> str:
    return f"{_PACKAGE}:index:{name}"


# ------------------------------------------------------------------------------------------------------------ fields


@functools.cache
def _translator() -> Callable[[str], str]:
    fields = [one for resource in resources() for one in (*resource.inputs, *resource.outputs)]
    fields += [one for model in all_objects() for one in fields_of(model)]
    return translator({one.name: one.wire for one in fields})


def _text(description: str) -> str:
    """Return a description for programs in every language: Markdown, with the names and literals of the schema."""
    text = _translator()(description).replace(IN_WIRE_NAMES, "").replace("None", "null")
    return re.sub(r"`+", "`", text)


def _type(type_: Type) -> dict[str, Any]:
    match type_:
        case Text():
            return {"type": "string"}
        case Flag():
            return {"type": "boolean"}
        case Number():
            return {"type": "number"}
        case Items(item):
            return {"type": "array", "items": _type(item)}
        case Map(value):
            return {"type": "object", "additionalProperties": _type(value)}
        case Object(model):
            return {"$ref": f"#/types/{_token(model.__name__)}"}
        case OneOf(members):
            # Generators can only tell texts, objects and lists apart, so there is one form per shape.
            forms = [_type(member) for member in members]
            distinct = [form for index, form in enumerate(forms) if form not in forms[:index]]
            return distinct[0] if len(distinct) == 1 else {"oneOf": distinct}
        case Anything():
            return {"type": "object", "additionalProperties": _ANY}


def _property(one: Field, description: str) -> dict[str, Any]:
    choices = one.type.choices if isinstance(one.type, Text) else ()
    property_: dict[str, Any] = {**_type(one.type), "description": _text(description)}
    if one.constant is not None:
        property_["const"] = one.constant
    elif choices and not all(choice in description for choice in choices):
        property_["description"] += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    if one.is_secret:
        property_["secret"] = True
    return property_


def _properties(fields: Iterable[Field]) -> dict[str, Any]:
    return {one.wire: _property(one, one.description) for one in fields}


def _object(model: type[Block]) -> dict[str, Any]:
    fields = as_shown(fields_of(model))
    return {
        "description": _text(summary(model)),
        "type": "object",
        "properties": _properties(fields),
        "required": [one.wire for one in fields if one.is_required or one.constant is not None],
    }


# --------------------------------------------------------------------------------------------------------- resources


def _resource(resource: Resource) -> dict[str, Any]:
    inputs = as_shown(resource.inputs)
    outputs = {
        one.wire: _property(one, of_output(one) if one in resource.inputs else one.description) for one in resource.outputs
    }
    return {
        "description": _text(f"{resource.summary}\n\n{resource.notes}"),
        "properties": outputs,
        "required": [one.wire for one in resource.outputs if one.is_required],
        "inputProperties": _properties(inputs),
        "requiredInputs": [one.wire for one in inputs if one.is_required],
        # A stack of the dynamic provider's can move to the plugin as it is.
        "aliases": [{"type": f"pulumi-python:dynamic/vapi:{resource.name}"}],
    }


# ---------------------------------------------------------------------------------------------------------- provider


def _setting(setting: Setting) -> dict[str, Any]:
    # The plugin itself reads the variable: if the SDKs did, its value would end up in the state.
    variable = f" Else from the environment: ``{setting.variable}``." if setting.variable else ""
    property_: dict[str, Any] = {
        "type": "string" if setting.most is None else "integer" if setting.is_whole else "number",
        "description": _text(f"{of_setting(setting)}{variable}"),
    }
    if setting.is_secret:
        property_["secret"] = True
    return property_


# --------------------------------------------------------------------------------------------------------- functions


def _found(resource: Resource) -> dict[str, Any]:
    return {
        _token("FoundPhoneNumber"): {
            "description": "A BYO number as Vapi held it when it was looked up. It has no secrets, so no headers, hooks or "
            "destinations. `serverUrl` is the address of its server, however it was set.",
            "type": "object",
            "properties": _told(resource),
            "required": ["id"],
        }
    }


def _told(resource: Resource) -> dict[str, Any]:
    told = {one.wire: _property(one, of_output(one) if one in resource.inputs else one.description) for one in resource.told}
    return {"id": {"type": "string", "description": "Its id at Vapi."}} | told


def _functions(resource: Resource) -> dict[str, Any]:
    text = {"type": "string"}
    return {
        _token("getPhoneNumber"): {
            "description": "Looks up a BYO number of the account, whoever created it, by its id or its number, without owning "
            "it. Previews look it up too, and need the key.",
            "inputs": {
                "type": "object",
                "properties": {
                    "id": {**text, "description": "Its id at Vapi."},
                    "number": {
                        **text,
                        "description": "Its digits, however they are written: spaces, brackets and the plus do not count.",
                    },
                },
            },
            "outputs": {"type": "object", "properties": _told(resource), "required": ["id"]},
        },
        _token("getPhoneNumbers"): {
            "description": "Lists the BYO numbers of the account, whoever created them, newest first, without owning them. "
            "Previews list them too, and need the key. Every call lists the whole account: to look up many, call it once.",
            "inputs": {
                "type": "object",
                "properties": {
                    "number": {
                        **text,
                        "description": "Only the number with exactly these digits, however they are written.",
                    },
                    "name": {**text, "description": "Only numbers with exactly this name."},
                    "credentialId": {**text, "description": "Only numbers on this credential."},
                },
            },
            "outputs": {
                "type": "object",
                "properties": {
                    "numbers": {
                        "type": "array",
                        "items": {"$ref": f"#/types/{_token('FoundPhoneNumber')}"},
                        "description": "The numbers that match everything given; an empty list if there are none.",
                    }
                },
                "required": ["numbers"],
            },
        },
    }
