"""The models against the types of Vapi's own Python client: a newer pin of the client shows what Vapi has added."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel
from vapi import types

from pulumi_vapi_byo.kinds import models
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.kinds.sip_trunk import SIP_TRUNK_CREDENTIAL
from pulumi_vapi_byo.wire import ANYWHERE, Place, is_sayable, place_of, to_camel

#: A path, such as ``hooks[call.ringing].do[say].exact``, and what it holds: a sort of value, or a value of a closed list.
Fact = tuple[str, str]

#: Our type and the client's.
PAIRS: Final[dict[str, tuple[type[BaseModel], type[BaseModel]]]] = {
    "a new number": (PHONE_NUMBER.inputs, types.CreateByoPhoneNumberDto),
    "a changed number": (PHONE_NUMBER.inputs, types.UpdateByoPhoneNumberDto),
    "a number": (PHONE_NUMBER.answer, types.ByoPhoneNumber),
    "a new trunk": (SIP_TRUNK_CREDENTIAL.inputs, types.CreateByoSipTrunkCredentialDto),
    "a changed trunk": (SIP_TRUNK_CREDENTIAL.inputs, types.UpdateByoSipTrunkCredentialDto),
    "a trunk": (SIP_TRUNK_CREDENTIAL.answer, types.ByoSipTrunkCredential),
}

#: The differences: the last name of a path, and why the two differ there.
DIFFERENCES: Final = {
    "provider": "the kind of resource says it",
    "status": "an answer is trusted for its shape only, and a program does not say it",
    "language": "which languages there are is for the API to know",
    "sipVerb": "the client leaves its type open; the documents do not",
    "type": "the client leaves that of a backoff plan open; the documents do not",
    "excludedStatusCodes": "the client leaves its type open; the documents do not",
    "additionalProperties": "the package's own",
    "deletionProtection": "the package's own",
    "serverUrl": "the API of 2024 has it, and today's still takes it",
    "serverUrlSecret": "the API of 2024 has it, and today's still takes it",
}

#: Variants that are a single model here.
ONE_MODEL: Final = ("[all]", "[none]", "[lastNMessages]")

#: Fields whose content an answer keeps unchanged.
KEPT_WHOLE: Final = {"server", "hooks", "fallbackDestination", "gateways", "outboundAuthenticationPlan"}

#: Python types that mean the same in both.
_SORTS: Final[dict[Any, str]] = {str: "text", bool: "flag", datetime.datetime: "text", int: "number", float: "number"}


def facts(annotation: Any, place: str = "") -> Iterator[Fact]:
    """Describe a type, down to the last value of a closed list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        annotation.model_rebuild()
        for name, field in annotation.model_fields.items():
            inner = f"{place}.{field.alias or (name if annotation.__module__.startswith('vapi.') else to_camel(name))}".lstrip(
                "."
            )
            marks = [mark.type for mark in field.metadata if isinstance(mark, models.Nested)]
            yield from facts(marks[0] if marks else field.annotation, inner)
    elif get_origin(annotation) is Literal:
        yield from ((place, f"value {value}") for value in get_args(annotation))
    elif get_origin(annotation) is Annotated:
        yield from facts(get_args(annotation)[0], place)
    elif get_origin(annotation) is list:
        yield place, "list"
        yield from facts(get_args(annotation)[0], place)
    elif get_origin(annotation) is dict:
        yield place, "object"
    elif get_args(annotation):
        members = [member for member in get_args(annotation) if member not in (Any, type(None))]
        objects = [member for member in map(_bare, members) if isinstance(member, type) and issubclass(member, BaseModel)]
        for member in members:
            tagged = len(objects) > 1 and _bare(member) in objects
            yield from facts(member, f"{place}[{_tag(_bare(member))}]" if tagged else place)
    elif annotation in _SORTS:
        yield place, _SORTS[annotation]


def _bare(annotation: Any) -> Any:
    return _bare(get_args(annotation)[0]) if get_origin(annotation) is Annotated else annotation


def _tag(member: type[BaseModel]) -> str:
    fields = member.model_fields
    found = [fact for name in ("on", "type") if name in fields for fact in facts(fields[name].annotation)]
    (value,) = {fact.removeprefix("value ") for _, fact in found}
    return value


def compared(pair: str) -> tuple[set[Fact], set[Fact]]:
    """Return what only the models have, and what only the client has."""
    ours, theirs = ({(_in_one(place), what) for place, what in facts(model)} for model in PAIRS[pair])
    if issubclass(PAIRS[pair][0], models.Answer):
        ours, theirs = ({fact for fact in side if _top(fact[0]) not in KEPT_WHOLE} for side in (ours, theirs))
    return ours - theirs, theirs - ours


def _in_one(place: str) -> str:
    for tag in ONE_MODEL:
        place = place.replace(tag, "")
    return place


def _top(place: str) -> str:
    return place.partition(".")[0].partition("[")[0]


def _explained(fact: Fact) -> bool:
    place, what = fact
    last = place.rpartition(".")[2]
    # Explain a `type` only where it is left open: a new value in a closed list is a real difference.
    return last in DIFFERENCES and (last != "type" or what == "object" or place.endswith("backoffPlan.type"))


@pytest.mark.parametrize("pair", PAIRS)
def test_the_models_have_all_that_the_client_has(pair: str) -> None:
    _, theirs = compared(pair)
    assert {fact for fact in theirs if not _explained(fact)} == set()


@pytest.mark.parametrize("pair", PAIRS)
def test_the_models_have_nothing_that_the_client_lacks(pair: str) -> None:
    ours, _ = compared(pair)
    assert {fact for fact in ours if not _explained(fact)} == set()


def test_every_listed_difference_exists() -> None:
    found = {fact[0].rpartition(".")[2] for pair in PAIRS for side in compared(pair) for fact in side}
    assert set(DIFFERENCES) <= found


@pytest.mark.parametrize(
    "fact",
    [
        ("fallbackDestination[sip].name", "text"),
        ("fallbackDestination[number].transferPlan.mode", "value warm-transfer-experimental"),
        ("hooks[call.ending].filters.oneOf", "value assistant-request-returned-no-assistant"),
        ("hooks[call.ringing].do[transfer].destination[sip].transferPlan.fallbackPlan.message.contents.text", "text"),
        ("server.backoffPlan.maxRetries", "number"),
    ],
)
def test_the_comparison_reaches_every_depth(fact: Fact) -> None:
    for model in PAIRS["a new number"]:
        assert fact in set(facts(model))


def test_the_comparison_reaches_the_trunk() -> None:
    for model in PAIRS["a changed trunk"]:
        assert ("gateways.outboundProtocol", "value tls/srtp") in set(facts(model))


# ------------------------------------------------------------------------------------- the table that needs no models


def _names(block: Any, field: str) -> set[tuple[str, ...]]:
    """Return the paths of names below an input, as the models have them."""
    return {tuple(re.sub(r"\[[^]]*\]", "", place).split(".")) for place, _ in facts(block) if _top(place) == field}


def _paths(place: Place, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield path
    for name, inner in place.items():
        yield from _paths(inner, (*path, name))


@pytest.mark.parametrize(
    ("kind", "field"),
    [(kind, field) for kind in (PHONE_NUMBER, SIP_TRUNK_CREDENTIAL) for field in kind.api_fields],
)
def test_the_paths_that_a_program_can_set_are_those_of_the_models(kind: Kind, field: str) -> None:
    modelled = _names(kind.inputs, field)
    whole = {path[:end] for path in modelled for end in range(1, len(path) + 1)}
    assert set(_paths(place_of(field), (field,))) == whole
    assert all(is_sayable(path) for path in whole)


@pytest.mark.parametrize(
    ("path", "sayable"),
    [
        (("fallbackDestination", "name"), True),
        (("hooks", 0, "do", 1, "destination", "name"), True),
        (("hooks", 0, "name"), False),
        (("hooks", 0, "options"), False),
        (("server", "message"), False),
        (("server", "headers", "anything"), True),
        (("fallbackDestination", "transferPlan", "summaryPlan", "messages", 0, "role"), True),
        (("additionalProperties", "newField", "a"), True),
    ],
)
def test_what_a_program_can_set_depends_on_the_path(path: tuple[str | int, ...], sayable: bool) -> None:
    assert is_sayable(path) == sayable


def test_a_program_can_set_anything_inside_an_unknown_field() -> None:
    assert ANYWHERE.get("anything") is ANYWHERE
