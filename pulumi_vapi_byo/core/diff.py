"""Compare what Vapi holds with what the program says; pure.

*State* is what the API held at our last look, in wire names, plus the record `MANAGED`: the shape of what the program had set
at our last write. The record tells apart three things that look alike in the state: a field that the program set (compared, and
cleared when it is removed), a field that the server filled in (no change), and a field that somebody else added inside an
object of ours (drift). Whole fields that the program never set are not managed, so what others put there stays. A field must
be unset if the program sets it to an empty value, or if it is None in the inputs: the inputs are read that way where
arguments that are left out must be unset.
"""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.wire import (
    ADDITIONAL,
    ANYWHERE,
    API_DEFAULTS,
    LOCAL_FIELDS,
    MANAGED,
    OPAQUE_MAPS,
    UNKNOWN,
    Place,
    is_blank,
    place_of,
)

#: True: set by the program; False: filled in by the server; a dict or list of shapes: an object or list. A whole field may also
#: have the empty value with which the program unset it, or False if the server filled it in at creation.
Shape = Any

#: Where something is: wire names and list indexes.
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Plan:
    """What an update has to do.

    Attributes:
        changes: Names of the inputs that differ, in the order of the inputs, with those of `LOCAL_FIELDS` last.
        patch: Body of the PATCH: only the changed fields, each with its whole new value or the value that clears it, and what
            the kind sends along with them. Of the additional properties, only those that differ.
    """

    changes: tuple[str, ...]
    patch: dict[str, Any]


def plan(kind: Kind, state: Mapping[str, Any], inputs: Mapping[str, Any], live: Mapping[str, Any] | None = None) -> Plan:
    """Compare what Vapi holds with what the program says.

    Args:
        kind: The kind of resource.
        state: The last outputs: wire names to values, with `MANAGED`.
        inputs: The program's inputs, normalised; `UNKNOWN` counts as a change.
        live: What the API holds now, if it was read; settles spellings, and what of other people's is sent along in objects.

    Returns:
        The plan; empty if there is nothing to do.
    """
    managed = managed_shape(kind, state)
    held = state if live is None else live
    wanted = kind.in_all_spellings(inputs, state)
    changes = []
    patch: dict[str, Any] = {}
    for field in kind.api_fields:
        if field in wanted:
            if _as_wanted(field, wanted[field], state.get(field), managed.get(field)):
                continue
        elif not managed.get(field) or _is_unset(field, state.get(field)):
            continue
        if field == ADDITIONAL:
            patch[field] = _additional(wanted.get(field), state.get(field) or {})
        elif is_blank(wanted.get(field)):
            patch[field] = kind.unset.get(field)
        else:
            patch[field] = _with_what_is_there(place_of(field), field, wanted[field], held.get(field), managed.get(field))
        changes.append(field)
    kind.finish_patch(patch, held, inputs)
    changes += [field for field in LOCAL_FIELDS if not _same(_FLAT, field, inputs.get(field), state.get(field), None)]
    return Plan(tuple(changes), patch)


def managed_shape(kind: Kind, state: Mapping[str, Any]) -> dict[str, Shape]:
    """Return the shape of the inputs at the last write; without a record, everything in the state counts as set."""
    recorded = state.get(MANAGED)
    if isinstance(recorded, Mapping):
        return dict(recorded)
    return {field: _shape_of_field(state[field], None) for field in kind.api_fields if state.get(field) is not None}


def recorded(kind: Kind, state: Mapping[str, Any], shape: Mapping[str, Shape]) -> dict[str, Any]:
    """Return a state with its record, unless the state implies it: the engine writes every state at every step.

    Args:
        kind: The kind of resource.
        state: A state, complete except for its record.
        shape: The shape of the inputs at the last write.

    Returns:
        A state for which `managed_shape` returns that shape.
    """
    bare = {key: value for key, value in state.items() if key != MANAGED}
    return bare if managed_shape(kind, bare) == shape else bare | {MANAGED: dict(shape)}


def shape_of(kind: Kind, inputs: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Shape]:
    """Return what the program set, and what the server filled in around it.

    Args:
        kind: The kind of resource.
        inputs: The inputs that were written.
        answer: What the API held right after the write; if empty, nothing counts as filled in.

    Returns:
        The value for `MANAGED`. It contains no values, hence no secrets.
    """
    return {
        field: _shape_of_field(inputs[field], answer.get(field)) for field in kind.api_fields if inputs.get(field) is not None
    }


def unknown_in(shape: Mapping[str, Shape]) -> list[Path]:
    """Return what this version does not know inside the program's objects and the program did not write.

    Args:
        shape: The shape of the inputs, as `shape_of` records it.
    """
    return [path for field, part in shape.items() for path in _unknown_in(place_of(field), part, (field,))]


def with_unknown(shape: Mapping[str, Shape], live: Mapping[str, Any]) -> dict[str, Shape]:
    """Add to a shape, as filled in, what the API has come to hold in our objects and this version does not know."""
    return {field: _with_unknown(place_of(field), part, live.get(field)) for field, part in shape.items()}


def _with_unknown(place: Place, shape: Shape, live: Any) -> Shape:
    if isinstance(shape, Mapping) and isinstance(live, Mapping):
        known = {name: _with_unknown(_inside(place, name), part, live.get(name)) for name, part in shape.items()}
        return known | {name: False for name in live if name not in shape and place.get(name) is None}
    if isinstance(shape, list) and isinstance(live, list) and len(shape) == len(live):
        return [_with_unknown(place, part, held) for part, held in zip(shape, live, strict=True)]
    return shape


def _inside(place: Place, name: str) -> Place:
    inner = place.get(name)
    return ANYWHERE if inner is None else inner


def _unknown_in(place: Place, shape: Shape, path: Path) -> Iterator[Path]:
    if isinstance(shape, Mapping):
        for name, part in shape.items():
            inner = place.get(name)
            if part is False and inner is None:
                yield (*path, name)
            elif inner is not None:
                yield from _unknown_in(inner, part, (*path, name))
    elif isinstance(shape, list):
        for index, part in enumerate(shape):
            yield from _unknown_in(place, part, (*path, index))


def unknown_that_goes(kind: Kind, state: Mapping[str, Any], patch: Mapping[str, Any]) -> list[Path]:
    """Find values unknown to this version, set by Vapi alone, that a change would drop with the object they are in.

    Args:
        kind: The kind of resource.
        state: The last outputs, with `MANAGED`.
        patch: What would be sent.
    """
    going = []
    for path in unknown_in({field: shape for field, shape in managed_shape(kind, state).items() if field in patch}):
        value: Any = state
        with contextlib.suppress(LookupError, TypeError):  # the record may no longer fit
            for part in path:
                value = value[part]
            if not _holds(patch[str(path[0])], path[-1], value):
                going.append(path)
    return going


def _holds(where: Any, name: Any, value: Any) -> bool:
    if where is UNKNOWN:
        return True  # it may hold anything
    if isinstance(where, Mapping):
        return (name in where and where[name] == value) or any(_holds(part, name, value) for part in where.values())
    return isinstance(where, list) and any(_holds(part, name, value) for part in where)


def managed_inputs(kind: Kind, state: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is live as the inputs that would produce it, so that drift shows as the way back.

    Args:
        kind: The kind of resource.
        state: The last outputs, with `MANAGED`.
        live: What the API holds now, in wire names.

    Returns:
        The managed fields with their live values, without what the server filled in.
    """
    inputs = {}
    for field, shape in kind.in_all_spellings(managed_shape(kind, state), live).items():
        if live.get(field) is not None and shape is not False:
            inputs[field] = _project(place_of(field), field, live[field], shape)
        elif shape is not None and shape is not False and is_blank(shape):
            inputs[field] = shape
    return inputs


def left_out(kind: Kind, inputs: Container[str]) -> list[str]:
    """Return the wire names of the fields that the inputs don't mention."""
    return [field for field in kind.api_fields if field not in inputs]


def unmanaged(kind: Kind, live: Mapping[str, Any], shape: Mapping[str, Shape]) -> dict[str, Any]:
    """Return what others have set in fields that the program leaves out, as inputs.

    Args:
        kind: The kind of resource.
        live: What the API holds.
        shape: The shape of the inputs at the last write.
    """
    return {
        field: _project(place_of(field), field, live[field], None)
        for field in kind.in_all_spellings(dict.fromkeys(left_out(kind, shape)) | dict(shape), live)
        if field not in shape and not _is_unset(field, live.get(field))
    }


def filled_in(kind: Kind, inputs: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Shape]:
    """Return False for each whole field that the server filled in by itself when it created a resource from the inputs."""
    said = {field: value for field, value in inputs.items() if value is not None}
    return dict.fromkeys(unmanaged(kind, answer, said), False)


def still_filled_in(shape: Mapping[str, Shape], state: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Shape]:
    """Return a shape without the fields that the server once filled in but that have been changed since."""
    return {
        field: part
        for field, part in shape.items()
        if part is not False or _same(place_of(field), field, state.get(field), live.get(field), None)
    }


def differences(
    kind: Kind, inputs: Mapping[str, Any], live: Mapping[str, Any], shape: Mapping[str, Shape]
) -> Iterator[tuple[Path, Any, Any]]:
    """Find where the API holds something other than the inputs say.

    Args:
        kind: The kind of resource.
        inputs: Normalised inputs.
        live: What the API holds.
        shape: What the inputs have set, and what was filled in.

    Yields:
        The path, what the inputs say there and what the API holds, None if nothing.
    """
    wanted = kind.in_all_spellings(inputs, live)
    for field in kind.api_fields:
        if field in wanted and not _as_wanted(field, wanted[field], live.get(field), shape.get(field)):
            yield from _differences(place_of(field), field, wanted[field], live.get(field), shape.get(field), (field,))


def differing(kind: Kind, inputs: Mapping[str, Any], live: Mapping[str, Any], shape: Mapping[str, Shape]) -> list[str]:
    """Return the wire names of the inputs that the API holds differently."""
    return list(dict.fromkeys(str(path[0]) for path, _, _ in differences(kind, inputs, live, shape)))


def fits(kind: Kind, inputs: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Return whether something is exactly what the inputs would create: all they say, and nothing more.

    Args:
        kind: The kind of resource.
        inputs: Normalised inputs.
        live: What the API holds.

    Returns:
        The answer; what the server fills in inside an object of the inputs does not count.
    """
    said = {*inputs, *(other for field, other in kind.read_back_as.items() if field in inputs)}
    return not differing(kind, inputs, live, shape_of(kind, inputs, live)) and all(
        field in said or _is_unset(field, live.get(field)) for field in kind.api_fields
    )


def conflicts(
    kind: Kind, fields: Iterable[str], state: Mapping[str, Any], inputs: Mapping[str, Any], live: Mapping[str, Any]
) -> list[str]:
    """Return the fields that somebody else has changed since the state was written, to something other than the program's.

    Args:
        kind: The kind of resource.
        fields: The fields that are about to be written.
        state: The last outputs, with `MANAGED`.
        inputs: The program's inputs.
        live: What the API holds right now.

    Returns:
        Wire names, in the order of `fields`.
    """
    managed = managed_shape(kind, state)
    return [
        field
        for field in fields
        if not _same(place_of(field), field, state.get(field), live.get(field), managed.get(field))
        and not _same(place_of(field), field, inputs.get(field), live.get(field), managed.get(field))
    ]


def body_of(kind: Kind, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body that creates a resource: without fields that must be unset, since in a new resource they are."""
    return {field: inputs[field] for field in kind.api_fields if not is_blank(inputs.get(field))}


#: The place of a value without known properties.
_FLAT: Final = Place()


def _is_unset(key: str, value: Any, place: Place | None = _FLAT) -> bool:
    if place is None or place is ANYWHERE:  # a property that this version does not know has no known default
        return value is None
    return is_blank(value) or (key in API_DEFAULTS and _equal(value, API_DEFAULTS[key]))


def _equal(left: Any, right: Any) -> bool:
    # 3 equals 3.0, but True does not equal 1.
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _same(place: Place | None, key: str, new: Any, old: Any, shape: Shape) -> bool:
    return next(_differences(place, key, new, old, shape, ()), None) is None


def _differences(
    place: Place | None, key: str, new: Any, old: Any, shape: Shape, path: Path
) -> Iterator[tuple[Path, Any, Any]]:
    """Find differences: where, the new value and the old value.

    Args:
        place: The properties known here; None if this version does not know the place.
        key: The name of the value, empty in a list.
        new: What is wanted.
        old: What exists.
        shape: What the program has set of it.
        path: Where it is.
    """
    if new is UNKNOWN:
        yield path, new, old
    elif _is_unset(key, new, place) and _is_unset(key, old, place):
        return
    elif isinstance(new, Mapping) and isinstance(old, Mapping):
        shapes, inside = shape if isinstance(shape, Mapping) else {}, ANYWHERE if place is None or key in OPAQUE_MAPS else place
        for part in new:
            yield from _differences(inside.get(part), part, new[part], old.get(part), shapes.get(part), (*path, part))
        for part in old:
            known = inside.get(part)
            theirs = shapes.get(part) is False or (known is None and part not in shapes)
            if part not in new and not theirs and not _is_unset(part, old[part], known):
                yield (*path, part), None, old[part]
    elif isinstance(new, (list, tuple)) and isinstance(old, (list, tuple)) and len(new) == len(old):
        shapes_at = _shapes_of_elements(shape, new)
        for index, (wanted, held) in enumerate(zip(new, old, strict=True)):
            yield from _differences(place, "", wanted, held, shapes_at[index], (*path, index))
    elif isinstance(new, (Mapping, list, tuple)) or not _equal(new, old):
        yield path, new, old


def _shapes_of_elements(shape: Shape, elements: Sequence[Any]) -> Sequence[Shape]:
    fits = isinstance(shape, (list, tuple)) and len(shape) == len(elements)
    return shape if fits else [None] * len(elements)


def _as_wanted(field: str, wanted: Any, held: Any, shape: Shape) -> bool:
    return (wanted is None and shape is False) or _same(place_of(field), field, wanted, held, shape)


def _additional(wanted: Any, held: Mapping[str, Any]) -> Any:
    if wanted is UNKNOWN:
        return wanted
    said = wanted or {}
    gone = [name for name in held if name not in said]
    return {
        name: value for name, value in said.items() if not _same(ANYWHERE, name, value, held.get(name), None)
    } | dict.fromkeys(gone)


def _with_what_is_there(place: Place | None, key: str, wanted: Any, held: Any, shape: Shape) -> Any:
    """Return what is wanted, plus what the API holds inside it that is not the program's."""
    inside = ANYWHERE if place is None else place
    if isinstance(wanted, Mapping) and isinstance(held, Mapping) and key not in OPAQUE_MAPS:
        if any(tag in wanted and wanted[tag] != held.get(tag) for tag in _TAGS):
            return wanted  # a different object: nothing of the old one need fit
        shapes = shape if isinstance(shape, Mapping) else {}
        theirs = {
            part: value
            for part, value in held.items()
            if part not in wanted and (shapes.get(part) is False or (part not in shapes and inside.get(part) is None))
        }
        ours = {
            part: _with_what_is_there(inside.get(part), part, value, held.get(part), shapes.get(part))
            for part, value in wanted.items()
        }
        return ours | theirs
    if isinstance(wanted, (list, tuple)) and isinstance(held, (list, tuple)):
        shapes_at = _shapes_of_elements(shape, held)
        return [
            value if at is None else _with_what_is_there(place, "", value, held[at], shapes_at[at])
            for value, at in zip(wanted, _counterparts(place, wanted, held, shapes_at), strict=True)
        ]
    return wanted


#: Properties that tell apart the objects at one place.
_TAGS: Final = ("type", "on", "key")


def _counterparts(place: Place | None, wanted: Sequence[Any], held: Sequence[Any], shapes: Sequence[Shape]) -> list[int | None]:
    """Return for each wanted element the index of the held one it replaces: an equal one, else that in the same place."""
    found: dict[int, int] = {}
    for index, value in enumerate(wanted):
        nearest = sorted((abs(at - index), at) for at in range(len(held)) if at not in found.values())
        alike = next((at for _, at in nearest if _same(place, "", value, held[at], shapes[at])), None)
        if alike is not None:
            found[index] = alike
    if len(wanted) == len(held):
        for index in range(len(wanted)):
            if index not in found and index not in found.values():
                found[index] = index
    return [found.get(index) for index in range(len(wanted))]


def _shape_of_field(given: Any, answered: Any) -> Shape:
    return given if is_blank(given) else _shape(given, answered)


def _shape(given: Any, answered: Any) -> Shape:
    if isinstance(given, Mapping):
        answer = answered if isinstance(answered, Mapping) else {}
        shapes = {key: True if key in OPAQUE_MAPS else _shape(value, answer.get(key)) for key, value in given.items()}
        return shapes | {key: False for key in answer if key not in given}
    if isinstance(given, (list, tuple)):
        answers = answered if isinstance(answered, (list, tuple)) and len(answered) == len(given) else [None] * len(given)
        return [_shape(value, answer) for value, answer in zip(given, answers, strict=True)]
    return True


def _project(place: Place | None, key: str, live: Any, shape: Shape) -> Any:
    if isinstance(live, Mapping) and key not in OPAQUE_MAPS:
        shapes, inside = shape if isinstance(shape, Mapping) else {}, ANYWHERE if place is None else place

        def is_ours(part: str) -> bool:
            # Not what the server filled in, defaults that it would set by itself, or what this version does not know.
            if part in shapes:
                return shapes[part] is not False
            known = inside.get(part)
            return not _is_unset(part, live[part], known) and not (shapes and known is None)

        return {
            part: _project(inside.get(part), part, value, shapes.get(part)) for part, value in live.items() if is_ours(part)
        }
    if isinstance(live, (list, tuple)):
        shapes_at = _shapes_of_elements(shape, live)
        return [_project(place, "", value, part) for value, part in zip(live, shapes_at, strict=True)]
    return live
