"""Turn what Vapi holds into the inputs of a program that takes it over; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pulumi_vapi_byo.errors import show_path
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.wire import ADDITIONAL, API_DEFAULTS, OPAQUE_MAPS, SECRET_FIELDS, is_blank, is_sayable, to_camel, to_snake

from .diff import Path

if TYPE_CHECKING:
    from pulumi_vapi_byo.kinds.models import Answer


def inputs_of(kind: Kind, one: Answer) -> tuple[dict[str, Any], list[str]]:
    """Return what Vapi holds as inputs. Whatever our rules refuse is left out, and so stays as it is.

    Args:
        kind: The kind of resource.
        one: What Vapi holds.

    Returns:
        Inputs in wire names; and, as sentences without secrets, which fields are not managed or never read back, and why.

    Raises:
        ValueError: It cannot be declared at all; the message says why.
    """
    from .check import check_inputs

    live = one.wire()
    inputs = {name: live[name] for name in kind.api_fields if not is_blank(live.get(name))}
    inputs = {name: value for name, value in inputs.items() if API_DEFAULTS.get(name) is not value}
    left_out: list[str] = []
    additional = {name: value for name, value in one.unknown().items() if not _is_ours(kind, name)}
    inputs |= {ADDITIONAL: additional} if additional else {}
    essential = {kind.identity, *(to_camel(name) for name, field in kind.inputs.model_fields.items() if field.is_required())}
    while True:
        checked = check_inputs(kind, inputs, number_check="e164", on_unknown="send")
        if not checked.problems:
            break
        problem = checked.problems[0]
        if _take_out_an_empty_text(inputs, problem.path):
            continue
        if problem.path[0] in essential and problem.path[0] not in inputs:
            raise ValueError(f"it has no {to_snake(str(problem.path[0]))}")
        if problem.path[0] in essential:
            raise ValueError(f"its {show_path(problem.path)} {problem.reason}")
        path = _without(inputs, problem.path)
        why = f"{show_path(problem.path)} {problem.reason}"
        left_out.append(f"{show_path(path)} is not managed and stays as it is ({why})")
    left_out += [
        f"{show_path(problem.path)} {problem.reason}" for problem in check_inputs(kind, inputs, on_unknown="send").problems
    ]
    return checked.inputs, [*left_out, *kind.never_told(inputs)]


def without_secrets(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], list[Path]]:
    """Remove the secrets from inputs.

    Args:
        inputs: Inputs in wire names.

    Returns:
        The inputs without secrets, and the paths of what was removed.
    """
    secrets: list[Path] = []

    def stripped(value: Any, path: Path) -> Any:
        if isinstance(value, Mapping):
            secrets.extend((*path, key) for key in value if key in SECRET_FIELDS)
            return {key: stripped(part, (*path, key)) for key, part in value.items() if key not in SECRET_FIELDS}
        return [stripped(part, (*path, index)) for index, part in enumerate(value)] if isinstance(value, list) else value

    return stripped(inputs, ()), secrets


def _is_ours(kind: Kind, name: str) -> bool:
    return to_camel(name) in kind.input_names or bool(kind.fixed(to_camel(name)))


def _take_out_an_empty_text(inputs: Mapping[str, Any], path: Path) -> bool:
    """Remove an empty string, which means nothing, from the object that holds it; return whether there was one."""
    *parents, last = path
    holder: Any = inputs
    for part in parents:
        holder = holder[part]
    if not parents or not isinstance(holder, dict) or holder.get(last) != "":
        return False
    del holder[last]
    return True


def _without(inputs: dict[str, Any], path: Sequence[str | int]) -> Sequence[str | int]:
    """Remove what is at a path, and return the path of what was removed.

    Removes the whole field if a program could write what is at the path, because the next change to the field would delete it;
    also if nothing is there, or an element of a list, whose length matters.
    """
    whole = next((at for at, part in enumerate(path) if part in OPAQUE_MAPS), len(path) - 1)
    path = path[: whole + 1]
    holder: Any = inputs
    for part in path[:-1]:
        holder = holder[part]
    if isinstance(holder, dict) and path[-1] in holder and not is_sayable(path):
        del holder[path[-1]]
        return path
    del inputs[str(path[0])]
    return path[:1]
