"""Check and normalise the inputs of a resource, and describe them in messages; pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, get_args

from pydantic import ValidationError

from pulumi_vapi_byo.config import NumberCheck, OnUnknown
from pulumi_vapi_byo.errors import as_written, plain, shorten, show_path
from pulumi_vapi_byo.kinds.field_types import Block, DiscreetError
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.kinds.models import Nested
from pulumi_vapi_byo.wire import (
    ADDITIONAL,
    SECRET_FIELDS,
    UNKNOWN,
    WIRE_NAMES,
    as_spelled,
    resembling,
    to_camel,
    to_snake,
    whole,
)


@dataclass(frozen=True)
class Problem:
    """A problem with the inputs.

    Attributes:
        path: Where, in wire names and list indexes, e.g. ``("server", "timeoutSeconds")``.
        reason: What is wrong and what would be right, without the value.
        value: The value as a text for a message; empty if it is secret, missing or long.
        discreet: Whether the value must not be shown, because there is a secret in it.
        unknown: Whether it is only unknown to this version, and can be sent all the same.
    """

    path: tuple[str | int, ...]
    reason: str
    value: str = ""
    discreet: bool = False
    unknown: bool = False


@dataclass(frozen=True)
class Checked:
    """The result of a check.

    Attributes:
        inputs: The inputs as they go over the wire: camelCase at every depth, no nulls, whole numbers as int. Only meaningful
            without problems.
        problems: Everything that is wrong.
        warnings: Whole sentences about what is allowed but probably not meant.
    """

    inputs: dict[str, Any]
    problems: list[Problem]
    warnings: list[str]


#: Advice to those who need something that this version does not know.
WAY_OUT: Final = "if Vapi has it by now, set vapi-byo:onUnknown send (on_unknown on a Provider)"


def check_inputs(
    kind: Kind,
    raw: Mapping[str, Any],
    *,
    number_check: NumberCheck = "possible",
    on_unknown: OnUnknown = "error",
    wire_names: Container[str] = (),
) -> Checked:
    """Validate and normalise the inputs of a resource.

    Args:
        kind: The kind of resource.
        raw: Inputs with keys in snake_case or camelCase; `UNKNOWN` stands for values not known yet, at any depth.
        number_check: Whether a number that fits no numbering plan is a problem (``possible``) or a warning (``e164``).
        on_unknown: Whether what this version does not know is a problem (``error``) or stays as written (``send``).
        wire_names: Wire names that the program itself uses, see `wire.as_spelled`.

    Returns:
        The normalised inputs, all problems and all warnings.
    """
    # A copy without nulls: an explicit null means the same as a missing key.
    given = _without_nulls(raw)
    none = _said_to_be_none(kind, given)
    said = {key: value for key, value in given.items() if to_camel(key) not in none}
    context = {"number_check": number_check}
    inputs, failures = _validated(kind, said, context)
    unknown = [details for details in failures if on_unknown == "send" and _is_unknown(kind, details, said)]
    if unknown:
        aside = [(_place(details), _put_aside(said, details)) for details in unknown]
        inputs, failures = _validated(kind, said, context)
        for path, value in aside if not failures else ():
            _put_back(inputs, path, value)
    problems = [_problem(kind, details, wire_names, said) for details in failures]
    problems += _problems_of_additional(kind, said, on_unknown)
    problems += [Problem((field,), reason) for field, reason in kind.exclusions(raw)]
    inputs |= none
    return Checked(inputs, problems, [] if problems else list(kind.warnings(inputs)))


def _validated(kind: Kind, said: Mapping[str, Any], context: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    try:
        inputs: dict[str, Any] = _dump(kind.inputs.model_validate(said, context=dict(context)))
    except ValidationError as error:
        return {}, error.errors(include_url=False)
    additional = inputs.pop(ADDITIONAL, None)
    if additional:  # an empty object says nothing
        inputs[ADDITIONAL] = additional if additional is UNKNOWN else whole(additional)
    return inputs, []


#: Failures that may only mean that the API has learned the value since, by type; and the tag that must then be a string.
_TAG_ERRORS: Final[Mapping[str, str]] = {"hook_event": "on", "action_type": "type", "destination_type": "type"}


def _place(details: Any) -> tuple[str | int, ...]:
    # Tags of unions appear as <tag>, and are not part of the user's data.
    return tuple(part for part in details["loc"] if not (isinstance(part, str) and part.startswith("<")))


def _is_unknown(resource: Kind, details: Any, said: Mapping[str, Any]) -> bool:
    """Return whether a failure may be about something that the API has learned since, rather than a mistake."""
    path, value, kind = _place(details), details["input"], details["type"]
    if kind == "literal_error":
        return isinstance(value, str)
    if kind == "extra_forbidden":
        spellings = {to_snake(str(path[-1])), to_camel(str(path[-1]))}
        twice = len(spellings) == 2 and spellings <= _beside(said, path)
        return len(path) > 1 and not twice and path not in resource.retired
    tag = _TAG_ERRORS.get(kind)
    return tag is not None and isinstance(value, Mapping) and isinstance(value.get(tag), str)


def _beside(said: Any, path: Sequence[str | int]) -> set[str]:
    """Return all names in the object that holds the end of a path."""
    for part in path[:-1]:
        said = said[part]
    return set(said)


def _put_aside(said: Any, details: Any) -> Any:
    """Take an unknown property out of the inputs; if a value is required, leave `UNKNOWN`, which passes every check."""
    *parents, last = _place(details)
    for part in parents:
        said = said[part]
    value = said[last]
    if details["type"] == "extra_forbidden":
        del said[last]
    else:
        said[last] = UNKNOWN
    return value


def _put_back(inputs: Any, path: Sequence[str | int], value: Any) -> None:
    *parents, last = path
    for part in parents:
        inputs = inputs[WIRE_NAMES.get(part, part) if isinstance(part, str) else part]
    inputs[WIRE_NAMES.get(last, last) if isinstance(last, str) else last] = whole(value)


def _problems_of_additional(kind: Kind, said: Mapping[str, Any], on_unknown: OnUnknown) -> Iterator[Problem]:
    additional = said.get(ADDITIONAL, said.get(to_snake(ADDITIONAL)))
    if not isinstance(additional, Mapping):
        return
    unknown = []
    for name in map(str, additional):
        wire = to_camel(name)
        if wire in kind.input_names:
            yield Problem((ADDITIONAL, name), f"is an argument of its own: write {to_snake(wire)}=... instead")
        elif fixed := kind.fixed(wire):
            yield Problem((ADDITIONAL, name), fixed)
        else:
            unknown.append(shorten(name, 60))
    if unknown and on_unknown == "error":
        reason = f"contains something that this version does not know ({shorten(', '.join(unknown), 200)}): {WAY_OUT}"
        yield Problem((ADDITIONAL,), reason, unknown=True)


def _said_to_be_none(kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that must be unset: a program says so by an empty value, as leaving one out means unmanaged."""
    return {
        wire: empty
        for wire, empty in kind.none.items()
        if [value for key, value in given.items() if to_camel(key) == wire] == [empty]
    }


def _dump(value: Any) -> Any:
    # Not model_dump: a serializer expects the declared types, and cannot handle UNKNOWN.
    if isinstance(value, Block):
        return {to_camel(name): _dump(part) for name in type(value).model_fields if (part := getattr(value, name)) is not None}
    return [_dump(part) for part in value] if isinstance(value, list) else value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_nulls(item) for item in value]
    return value


def _problem(resource: Kind, details: Any, wire_names: Container[str], said: Mapping[str, Any]) -> Problem:
    problem = _known_problem(resource, details, wire_names, said)
    if not _is_unknown(resource, details, said):
        return problem
    return replace(problem, reason=f"{problem.reason}; {WAY_OUT}", unknown=True)


def _known_problem(resource: Kind, details: Any, wire_names: Container[str], said: Mapping[str, Any]) -> Problem:
    path = given = _place(details)
    if path and to_camel(str(path[0])) in resource.input_names:
        path = (to_camel(str(path[0])), *path[1:])
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    shown = "" if _is_secret(resource, path) or isinstance(value, (Mapping, list)) else shorten(as_written(value), 80)
    if kind == "missing":
        return Problem(path, "is required" if len(path) > 1 else f"is required: set {to_snake(str(path[-1]))}")
    if kind == "extra_forbidden" and len(path) == 1 and path[0] in resource.input_names:
        return Problem(path, f"is given twice, also as {to_snake(str(path[0]))}: leave one out")
    if kind == "extra_forbidden":
        fixed = resource.fixed(str(path[0])) if len(path) == 1 else ""
        whole = show_path(as_spelled(path[:-1], wire_names)) or f"a {resource.noun}"
        hint = _did_you_mean(resource, path, _beside(said, given))
        if not hint and len(path) == 1:
            hint = "; other Vapi fields go into additional_properties"
        return Problem(path, fixed or f"is not a property of {whole}{hint}")
    if kind == "value_error":
        reason = str(context["error"])
        if isinstance(context["error"], DiscreetError):
            return Problem(path, reason, discreet=True)
    elif kind == "string_too_long":
        reason = f"must have at most {context['max_length']} characters, has {len(value)}"
    elif kind == "string_too_short":
        reason = f"must have at least {context['min_length']} characters, has {len(value)}"
        if not value:
            reason = f"must not be empty: {'it is required' if _is_required(resource, path) else 'leave it out'}"
            reason += resource.why_empty(str(path[0])) if len(path) == 1 else ""
    elif kind == "too_long":
        reason = f"must have at most {context['max_length']} items, has {context['actual_length']}"
    elif kind == "too_short":
        reason = f"must have at least {context['min_length']} item, has none"
    else:
        reason = _TYPE_REASONS.get(kind) or plain(details["msg"])
    return Problem(path, reason, shown)


_TYPE_REASONS: Final[Mapping[str, str]] = {
    "string_type": "must be a string",
    "bool_type": "must be True or False",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}


def _is_secret(resource: Kind, path: Sequence[str | int]) -> bool:
    # A whole input that should be an object with secrets in it, but isn't, may be the secret itself.
    return any(isinstance(part, str) and to_camel(part) in SECRET_FIELDS for part in path) or (
        len(path) == 1 and path[0] in resource.never_printed
    )


def _did_you_mean(resource: Kind, path: Sequence[str | int], beside: Container[str]) -> str:
    instead = resource.retired.get(tuple(map(str, path)))
    if instead:
        return f", {instead}"
    known = [field for block in _blocks_around(resource, path) for field in block.model_fields]
    meant = resembling(str(path[-1]), known, beside)
    return f", did you mean {meant}?" if meant else ""


def _is_required(resource: Kind, path: Sequence[str | int]) -> bool:
    name = to_snake(str(path[-1]))
    fields = (block.model_fields.get(name) for block in _blocks_around(resource, path))
    return any(field is not None and field.is_required() for field in fields)


def _blocks_around(resource: Kind, path: Sequence[str | int]) -> Iterable[type[Block]]:
    """Yield the blocks that may hold the end of a path."""
    blocks: Iterable[type[Block]] = (resource.inputs,)
    for part in path[:-1]:
        if isinstance(part, str):
            blocks = [inner for block in blocks for inner in _blocks_in(block, to_camel(part))]
    return blocks


def _blocks_in(block: type[Block], wire: str) -> Iterator[type[Block]]:
    """Yield the blocks that a field of a block may hold, including those in lists and unions."""
    pending: list[Any] = []
    for name, field in block.model_fields.items():
        if to_camel(name) == wire:
            pending += [field.annotation, *(mark.type for mark in field.metadata if isinstance(mark, Nested))]
    while pending:
        annotation = pending.pop()
        if isinstance(annotation, type) and issubclass(annotation, Block):
            yield annotation
        pending += get_args(annotation)
