"""Generate Python programs that declare numbers and trunks; pure text."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Mapping, Sequence
from typing import Any, Final

from pulumi_vapi_byo.dynamic import _arguments
from pulumi_vapi_byo.wire import WIRE_NAMES

from .takeover import Reference, Secret, Takeover

#: Longest line that is not broken.
_WIDTH: Final = 110


@dataclasses.dataclass(frozen=True)
class _Code:
    """Text that already is Python code."""

    text: str


@dataclasses.dataclass(frozen=True)
class _Typed:
    """An object that is written as a call of its class."""

    cls: type
    wire: Mapping[str, Any]


def write_program(takeovers: Sequence[Takeover], *, with_import_options: bool) -> str:
    """Write a program that declares numbers and trunks as they are at Vapi.

    Args:
        takeovers: What to declare, without secrets; trunks before the numbers that refer to them.
        with_import_options: Whether to give each resource the option ``import_`` with its id.

    Returns:
        The source of a module.
    """
    referred = {one.inputs.get("credentialId") for one in takeovers if isinstance(one.inputs.get("credentialId"), Reference)}
    calls = [_assignment(one, referred) + _declaration(one, with_import_options=with_import_options) for one in takeovers]
    with_config = any("config.require_secret(" in call for call in calls)
    imports = ["import pulumi", ""] if with_config or with_import_options else []
    head = ['"""BYO phone numbers at Vapi."""', "", *imports, "import pulumi_vapi_byo as vapi", ""]
    config = ["config = pulumi.Config()", ""] if with_config else []
    comments = [f"# Needs vapi-byo:onUnknown send, for {one.unknown_paths}.\n" if one.unknown else "" for one in takeovers]
    return "\n".join([*head, *config, *(f"{comment}{call}\n" for comment, call in zip(comments, calls, strict=True))])


def _assignment(one: Takeover, referred: Container[object]) -> str:
    return f"{_variable(one.name)} = " if Reference(one.name) in referred else ""


def _variable(name: str) -> str:
    return name.replace("-", "_")


def _declaration(one: Takeover, *, with_import_options: bool) -> str:
    # The typed arguments have only the fields that this version knows.
    as_they_are = {path[0] for path in one.unknown}
    arguments = _keywords_of(getattr(_arguments, f"{one.kind.name}Args"), one.inputs, as_they_are)
    if with_import_options:
        arguments["opts"] = _Code(f"pulumi.ResourceOptions(import_={_text(one.id)})")
    items = [("", one.name), *_keywords(arguments)]
    return _bracketed(f"vapi.{one.kind.name}(", items, ")", 0, broken=True)


def _keywords_of(cls: type, wire: Mapping[str, Any], as_they_are: Container[object] = ()) -> dict[str, Any]:
    """Return an object's fields by Python name, in the order of its class; those in `as_they_are` stay plain dicts."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        name = WIRE_NAMES[field.name]
        # Defaults, such as the type of a destination, are left out.
        if name in wire and wire[name] != field.default:
            found[field.name] = wire[name] if name in as_they_are else _typed(name, wire[name])
    return found


def _typed(name: str, value: Any) -> Any:
    """Wrap objects that have a class of their own. Those in hooks stay dicts, as in Vapi's reference."""
    classes = _arguments.CLASSES.get(name, ())
    if not classes:
        return value
    if isinstance(value, list):
        return [_typed(name, part) for part in value]
    if not isinstance(value, Mapping):
        return value
    return _Typed(next((cls for cls in classes if getattr(cls, "type", None) == value.get("type")), classes[0]), value)


def _keywords(arguments: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(f"{name}=", value) for name, value in arguments.items()]


def _write(value: Any, indent: int) -> str:
    if isinstance(value, _Code):
        return value.text
    if isinstance(value, Reference):
        return f"{_variable(value.name)}.id"
    if isinstance(value, Secret):
        return f"config.require_secret({_text(value.key)})"
    if isinstance(value, _Typed):
        return _bracketed(f"vapi.{value.cls.__name__}(", _keywords(_keywords_of(value.cls, value.wire)), ")", indent)
    if isinstance(value, Mapping):
        return _bracketed("{", [(f"{_text(key)}: ", part) for key, part in value.items()], "}", indent)
    if isinstance(value, list):
        return _bracketed("[", [("", part) for part in value], "]", indent)
    return _text(value) if isinstance(value, str) else repr(value)


def _bracketed(opening: str, items: Sequence[tuple[str, Any]], closing: str, indent: int, *, broken: bool = False) -> str:
    """Write the items on one line if they fit, otherwise one per line, as formatters do."""
    line = opening + ", ".join(head + _write(value, indent) for head, value in items) + closing
    if not broken and indent + len(line) <= _WIDTH and "\n" not in line:
        return line
    inner = " " * (indent + 4)
    lines = [f"{inner}{head}{_write(value, indent + 4)}," for head, value in items]
    return "\n".join([opening, *lines, " " * indent + closing])


def _text(value: str) -> str:
    # Python's own escapes, but in the double quotes that formatters want.
    return repr(value) if '"' in value else '"' + repr("'" + value)[2:-1] + '"'
