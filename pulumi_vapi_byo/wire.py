"""Names on the wire, and what a name alone tells about a field.

This is all a program needs to declare its resources, so it starts without loading the models. What follows from the models is
in `_tables`, which `make generate` writes.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, Final

from . import _tables


class Unknown:
    """The type of `UNKNOWN`."""

    __slots__ = ()  # with attributes, pydantic would serialise it as an empty model

    def __repr__(self) -> str:
        return "UNKNOWN"


#: A value that will only be known once another resource exists. Passes every check, at any depth.
UNKNOWN: Final = Unknown()


def to_camel(name: str) -> str:
    """Return the wire name of a Python name."""
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


def to_snake(name: str) -> str:
    """Return the Python name of a wire name."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def is_blank(value: Any) -> bool:
    """Return whether a value is one of the empty values with which a program unsets a field."""
    return value is None or value == "" or value == [] or value == {}


def bare(number: str) -> str:
    """Return the digits and letters of a number, which identify it; spaces and punctuation are a matter of taste."""
    return re.sub(r"[^0-9A-Za-z]", "", number)


#: Python names to wire names, for every field of the inputs at every depth.
WIRE_NAMES: Final[Mapping[str, str]] = {name: to_camel(name) for name in _tables.NAMES}

#: Wire names to Python names, if the two differ.
PYTHON_NAMES: Final[Mapping[str, str]] = {wire: name for name, wire in WIRE_NAMES.items() if wire != name}

#: The argument for API fields that have no argument of their own; by wire name.
ADDITIONAL: Final = "additionalProperties"


class Place(dict[str, "Place"]):
    """The properties that an object, or each element of a list, may have here, by wire name."""


class _Anywhere(Place):
    def get(self, _name: object, _default: object = None) -> Place:
        return self


#: A place where anything is allowed and compared as written: inside what this version does not know.
ANYWHERE: Final[Place] = _Anywhere()


def _place(names: Mapping[str, Any] | None) -> Place:
    return ANYWHERE if names is None else Place({name: _place(inner) for name, inner in names.items()})


#: Places inside the inputs that are objects or lists, by wire name; lets comparisons do without the models.
_INSIDE: Final[Mapping[str, Place]] = {field: _place(names) for field, names in _tables.PLACES.items()}
_NOTHING_INSIDE: Final = Place()


def place_of(field: str) -> Place:
    """Return the place that an input is."""
    return _INSIDE.get(field, _NOTHING_INSIDE)


def is_sayable(path: Iterable[str | int]) -> bool:
    """Return whether a program can set what is at a path of wire names and list indexes."""
    top, *names = (part for part in path if isinstance(part, str))
    place = place_of(str(top))
    for name in names:
        if name in OPAQUE_MAPS:
            return True
        inner = place.get(name)
        if inner is None:
            return False
        place = inner
    return True


#: What the API assumes if a field is left out, by wire name; no name has two defaults.
API_DEFAULTS: Final[Mapping[str, Any]] = _tables.DEFAULTS

#: Maps whose keys belong to the user: never renamed, never given defaults, compared as a whole.
OPAQUE_MAPS: Final = frozenset(_tables.MAPS)

#: Objects whose keys we must not rename.
NOT_RENAMED: Final = OPAQUE_MAPS | {*_tables.FREE_FORM}

#: Fields that are secret wherever they occur, by wire name: always ciphertext in a state, never in a message.
#: A server had a ``secret`` until 2025.
SECRET_FIELDS: Final = frozenset({*_tables.SECRETS, "secret"})

#: Wire names of the inputs that exist only in this package and are never sent.
LOCAL_FIELDS: Final = _tables.LOCAL
DELETION_PROTECTION: Final = "deletionProtection"

#: The computed address of a number.
SIP_URI: Final = "sipUri"

#: Time of the API's last change to a resource; every kind has it.
UPDATED_AT: Final = "updatedAt"

#: Hidden input, present if arguments that are left out must be unset. Always the same value, so no preview shows it.
ON_OMITTED: Final = "__onOmitted"


def resembling(written: str, names: Iterable[str], taken: Container[str] = ()) -> str | None:
    """Find the name that was probably meant.

    Args:
        written: What was written, in any spelling.
        names: What could have been meant, in snake_case.
        taken: Names that are already used beside it, in any spelling.

    Returns:
        A similar name, or None.
    """
    import difflib

    name = to_snake(written)
    free = [one for one in names if one != written and one not in taken and to_camel(one) not in taken]
    # "csv" means csv_file, although the lengths differ too much for the similarity search.
    wholes = [one for one in free if len(name) > 2 and name in one.split("_")]
    if len(name) > 4:
        return next(iter(difflib.get_close_matches(name, free, 1, 0.7) or wholes), None)
    # Names this short are often similar by chance.
    typos = [one for one in free if sorted(one) == sorted(name) or _is_one_letter_off(one, name)]
    return next(iter(typos or difflib.get_close_matches(name, free, 1, 0.8) or wholes), None)


def _is_one_letter_off(one: str, other: str) -> bool:
    return len(one) == len(other) > 2 and one[0] == other[0] and sum(map(str.__ne__, one, other)) == 1


_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


def is_id(value: object) -> bool:
    """Return whether a value can be an id of the API's: a short token. Nothing else is put into a path."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


#: Key in the state for the shape of the managed inputs. Pulumi hides keys that begin with two underscores.
MANAGED: Final = "__managed"


def wire_names_in(value: Any) -> Iterator[str]:
    """Find the wire names that a program uses itself, in dicts copied from Vapi's reference.

    Args:
        value: Arguments as given.

    Yields:
        Wire names that differ from the Python name.
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key in PYTHON_NAMES:
                yield key
            if key not in NOT_RENAMED and to_camel(str(key)) != ADDITIONAL:
                yield from wire_names_in(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from wire_names_in(part)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from wire_names_in(vars(value))  # typed arguments, which may hold dicts


def as_spelled(path: Iterable[str | int], wire_names: Container[str] = ()) -> tuple[str | int, ...]:
    """Convert a path from wire names to the names that the program uses.

    Args:
        path: Wire names and list indexes.
        wire_names: Wire names that the program uses itself; all other names are in Python's spelling.

    Returns:
        The path. Keys of headers are the user's own, and unchanged.
    """
    spelled: list[str | int] = []
    opaque = False
    for part in path:
        ours = isinstance(part, str) and not opaque and part not in wire_names
        spelled.append(PYTHON_NAMES.get(str(part), part) if ours else part)
        opaque = opaque or part in NOT_RENAMED
    return tuple(spelled)


def whole(value: Any) -> Any:
    """Turn whole floats into ints, at any depth: Pulumi's engine has only floats, so the user's 3 arrives as 3.0."""
    if isinstance(value, Mapping):
        return {key: whole(part) for key, part in value.items()}
    if isinstance(value, list):
        return [whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value


#: Below this limit, every whole number has a float of its own.
_EXACT: Final = 2.0**53


def secrets_in(value: Any) -> Iterator[str]:
    """Find the secrets in inputs, a state or a request, so that they can be masked in messages.

    Args:
        value: Any value in wire names.

    Yields:
        Secrets, values of headers, and texts in additional properties; of the latter two, only those long enough to be a secret
        and to be masked without making messages unreadable.
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key in OPAQUE_MAPS and isinstance(part, Mapping):
                yield from (header for header in part.values() if isinstance(header, str) and len(header) >= 4)
            elif key in SECRET_FIELDS and isinstance(part, str):
                yield part
            elif key == ADDITIONAL:
                yield from _long_texts_in(part)
            else:
                yield from secrets_in(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from secrets_in(part)


def _long_texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, (Mapping, list, tuple)):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _long_texts_in(part)
    elif isinstance(value, str) and len(value) >= 8:
        yield value
