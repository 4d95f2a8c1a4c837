"""Checking and normalising the inputs of a resource, and writing them for messages; pure."""

from __future__ import annotations

import difflib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import ValidationError

from .config import NumberCheck
from .errors import as_written, plain, shorten, show_path
from .fields import Block, DiscreetError
from .kinds import Kind
from .models import Nested
from .wire import SECRET_FIELDS, as_spelled, to_camel, to_snake


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the inputs.

    Attributes:
        path: Where, in wire names and list indexes, e.g. ``("server", "timeoutSeconds")``.
        reason: What is wrong and what would be right, without the value.
        value: The value as a text for a message, empty where it is secret, missing or long.
        discreet: Whether the value must not be shown, because there is a secret in it.
    """

    path: tuple[str | int, ...]
    reason: str
    value: str = ""
    discreet: bool = False


@dataclass(frozen=True)
class Checked:
    """What came of checking inputs.

    Attributes:
        inputs: The inputs on the wire's form: camelCase at every depth, no nulls, whole numbers whole. Only meaningful where
            there are no problems.
        problems: All failures.
        warnings: Whole sentences about what is legal and probably not meant.
    """

    inputs: dict[str, Any]
    problems: list[Problem]
    warnings: list[str]


def check_inputs(
    kind: Kind, raw: Mapping[str, Any], *, number_check: NumberCheck = "possible", wire_names: Container[str] = ()
) -> Checked:
    """Validate and normalise the inputs of a resource.

    Args:
        kind: The kind of resource.
        raw: Inputs with keys in snake_case or camelCase; `UNKNOWN` stands for values not known yet, at any depth.
        number_check: Whether a number that no numbering plan knows is a problem (``possible``) or a warning (``e164``).
        wire_names: Wire names that the program has written itself, see `wire.as_spelled`.

    Returns:
        The normalised inputs, every problem and every warning.
    """
    problems: list[Problem] = []
    inputs: dict[str, Any] = {}
    # A copy in which unset is absent: an explicit null means the same.
    given = _without_nulls(raw)
    none = _said_to_be_none(kind, given)
    try:
        said = {key: value for key, value in given.items() if to_camel(key) not in none}
        inputs = _dump(kind.inputs.model_validate(said, context={"number_check": number_check})) | none
    except ValidationError as error:
        problems = [_problem(kind, details, wire_names) for details in error.errors(include_url=False)]
    problems += [Problem((field,), reason) for field, reason in kind.exclusions(raw)]
    return Checked(inputs, problems, [] if problems else list(kind.warnings(inputs)))


def _said_to_be_none(kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
    """Find the fields that must be unset: as what is left out is not managed, a program says so by an empty value."""
    return {
        wire: empty
        for wire, empty in kind.none.items()
        if [value for key, value in given.items() if to_camel(key) == wire] == [empty]
    }


def _dump(value: Any) -> Any:
    # Not model_dump: a serializer wants the types it was built for, and knows nothing of UNKNOWN.
    if isinstance(value, Block):
        return {to_camel(name): _dump(part) for name in type(value).model_fields if (part := getattr(value, name)) is not None}
    return [_dump(part) for part in value] if isinstance(value, list) else value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_nulls(item) for item in value]
    return value


def _problem(resource: Kind, details: Any, wire_names: Container[str]) -> Problem:
    # Tags of unions are written <so>, and are no part of the user's data.
    path = tuple(part for part in details["loc"] if not (isinstance(part, str) and part.startswith("<")))
    if path and to_camel(str(path[0])) in resource.arguments:
        path = (to_camel(str(path[0])), *path[1:])
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    shown = "" if _is_secret(resource, path) or isinstance(value, (Mapping, list)) else shorten(as_written(value), 80)
    if kind == "missing":
        return Problem(path, "is required" if len(path) > 1 else f"is required: set {to_snake(str(path[-1]))}")
    if kind == "extra_forbidden" and len(path) == 1 and path[0] in resource.arguments:
        return Problem(path, f"is given twice, also as {to_snake(str(path[0]))}: leave one out")
    if kind == "extra_forbidden":
        fixed = resource.fixed(str(path[0])) if len(path) == 1 else ""
        whole = show_path(as_spelled(path[:-1], wire_names)) or f"a {resource.noun}"
        return Problem(path, fixed or f"is no property of {whole}{_did_you_mean(resource, path)}")
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
            reason += ", or write server={} where there must be none" if path == ("serverUrl",) else ""
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
    # A whole input that should be an object with secrets in it, and is none, may be the secret itself.
    return any(isinstance(part, str) and to_camel(part) in SECRET_FIELDS for part in path) or (
        len(path) == 1 and path[0] in resource.never_printed
    )


def _did_you_mean(resource: Kind, path: Sequence[str | int]) -> str:
    name = to_snake(str(path[-1]))
    if (path[0], name) == ("server", "secret"):  # Vapi had it until May 2025
        return ", use headers={'x-vapi-secret': ...} or credential_id"
    known = [field for block in _blocks_around(resource, path) for field in block.model_fields]
    close = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {close[0]}?" if close else ""


def _is_required(resource: Kind, path: Sequence[str | int]) -> bool:
    name = to_snake(str(path[-1]))
    fields = (block.model_fields.get(name) for block in _blocks_around(resource, path))
    return any(field is not None and field.is_required() for field in fields)


def _blocks_around(resource: Kind, path: Sequence[str | int]) -> Iterable[type[Block]]:
    """Find the blocks that may hold the end of a path."""
    blocks: Iterable[type[Block]] = (resource.inputs,)
    for part in path[:-1]:
        if isinstance(part, str):
            blocks = [inner for block in blocks for inner in _blocks_in(block, to_camel(part))]
    return blocks


def _blocks_in(block: type[Block], wire: str) -> Iterator[type[Block]]:
    """Find the blocks that a field of a block may hold, in lists and unions too."""
    pending: list[Any] = []
    for name, field in block.model_fields.items():
        if to_camel(name) == wire:
            pending += [field.annotation, *(mark.type for mark in field.metadata if isinstance(mark, Nested))]
    while pending:
        annotation = pending.pop()
        if isinstance(annotation, type) and issubclass(annotation, Block):
            yield annotation
        pending += get_args(annotation)
