"""Generate `_tables`: what is known about the fields, for use where loading the models would take too long."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .fields import Anything, Field, Items, Map, Object, Resource, Type, all_objects, fields_of, objects_in, resources

_HEAD = '''"""What is known about fields by name alone, for `wire` and `Kind`, which work without the models.

Fields are given by wire name, and kinds by `Kind.name`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
'''


def tables() -> str:
    """Return the text of the module."""
    fields = [one for resource in resources() for one in resource.inputs]
    fields += [one for model in all_objects() for one in fields_of(model)]
    maps = [one for one in fields if isinstance(_holder(one.type), Map)]
    free_form = [one for one in fields if _holder(one.type) == Anything()]
    names = tuple(sorted({one.name for one in fields}))
    parts = [
        _HEAD,
        _table("NAMES", "tuple[str, ...]", "Python names of the fields of inputs, at every depth.", names),
        _table("DEFAULTS", "Mapping[str, Any]", "What the API assumes if a field is left out.", _defaults(fields)),
        _table("SECRETS", "tuple[str, ...]", "Secrets.", _wires(one for one in fields if one.is_secret)),
        _table("MAPS", "tuple[str, ...]", "Objects whose keys are the user's own.", _wires(maps)),
        _table("FREE_FORM", "tuple[str, ...]", "Objects that can hold anything, and lists of them.", _wires(free_form)),
        _table("LOCAL", "tuple[str, ...]", "What is never sent.", _wires(one for one in fields if one.is_local)),
        *_places(),
        _by_kind("INPUTS", "tuple[str, ...]", "All inputs, in the order of messages.", lambda one: _wires(one.inputs)),
        _by_kind("OUTPUTS", "tuple[str, ...]", "Outputs that are not inputs, without the id.", _outputs),
        _by_kind("TOLD", "tuple[str, ...]", "What a look-up shows, without the id.", lambda one: _wires(one.told)),
        _by_kind("COMPUTED", "tuple[str, ...]", "What follows from the inputs.", lambda one: _wires(one.computed)),
        _by_kind(
            "NEVER_PRINTED",
            "tuple[str, ...]",
            "Inputs that are or may contain a secret.",
            lambda one: _wires(part for part in one.inputs if part.holds_secrets),
        ),
        _by_kind(
            "WRITE_ONLY",
            "tuple[tuple[str, ...], ...]",
            "Paths of what is sent but never read back.",
            lambda one: tuple(path for part in one.inputs for path in _write_only(part)),
        ),
        _by_kind(
            "EMPTY",
            "Mapping[str, Any]",
            "The empty values with which a program unsets a field.",
            lambda one: {part.wire: part.empty for part in one.inputs if part.empty is not None},
        ),
    ]
    return "\n".join(parts)


def _table(name: str, type_: str, comment: str, value: Any) -> str:
    return f"#: {comment}\n{name}: Final[{type_}] = {value!r}\n"


def _by_kind(name: str, type_: str, comment: str, value: Callable[[Resource], Any]) -> str:
    values = {resource.name: value(resource) for resource in resources()}
    return _table(name, f"Mapping[str, {type_}]", comment, values)


def _wires(fields: Iterable[Field]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.wire for one in fields))


def _outputs(resource: Resource) -> tuple[str, ...]:
    return tuple(one.wire for one in resource.outputs if one not in resource.inputs)


def _defaults(fields: Iterable[Field]) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    for one in fields:
        if one.default is not None and defaults.setdefault(one.wire, one.default.value) != one.default.value:
            raise ValueError(f"{one.name} has two defaults, {defaults[one.wire]!r} and {one.default.value!r}")
    return defaults


def _write_only(one: Field) -> list[tuple[str, ...]]:
    if one.is_write_only:
        return [(one.wire,)]
    inner = fields_of(one.type.model) if isinstance(one.type, Object) else ()
    return [(one.wire, *path) for part in inner for path in _write_only(part)]


# ----------------------------------------------------------------------------------------------------------- places


def _places() -> list[str]:
    """Return the places: a table for each object, or group of objects that one place may hold, then a table of all places."""
    written: dict[str, str] = {}
    places: dict[str, str] = {}
    for one in (one for resource in resources() for one in resource.inputs):
        place = _place([one.type], written)
        if place != "{}" and places.setdefault(one.wire, place) != place:
            raise ValueError(f"{one.name} holds {place} in one kind and {places[one.wire]} in another")
    comment = "What can be said in objects, and in the items of lists; None: anything."
    return [*written.values(), f"#: {comment}\nPLACES: Final[Mapping[str, Any]] = {_braced(places)}\n"]


def _place(types: Iterable[Type], written: dict[str, str]) -> str:
    """Return the name of the table of what a value of these types may hold; the table itself is added to `written`."""
    if any(_holder(type_) == Anything() for type_ in types):
        return "None"
    models = list(dict.fromkeys(model for type_ in types for model in objects_in(type_)))
    if not models:
        return "{}"
    parts: dict[str, list[Type]] = {}
    for model in models:
        for one in fields_of(model):
            parts.setdefault(one.wire, []).append(one.type)
    table = _braced({wire: _place(inner, written) for wire, inner in parts.items()})
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", "Or".join(model.__name__ for model in models))
    written.setdefault(f"_{words.upper()}", f"_{words.upper()}: Final[Mapping[str, Any]] = {table}\n")
    return f"_{words.upper()}"


def _holder(type_: Type) -> Type:
    """Return the innermost item type of a list; any other type is returned as it is."""
    return _holder(type_.item) if isinstance(type_, Items) else type_


def _braced(parts: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{wire!r}: {text}" for wire, text in parts.items()) + "}"
