"""What changed between what is and what the program says; pure.

*State* is what the API held after our last look, in wire names, plus the record `MANAGED`: the shape of what the program had
set at our last write. With it three things can be told apart that look alike in the state: a field the program set (compared,
and cleared when it is removed), a field the server filled in by itself (no change), and one that somebody else added inside an
object of ours (drift). Whole fields that the program never set are not managed: what others put there stays. A field that it
sets to an empty value must be unset, and so must one that stands in the inputs as None: that is how a program is read whose
arguments must be unset where they are left out.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .kinds import Kind
from .wire import API_DEFAULTS, LOCAL_FIELDS, MANAGED, OPAQUE_MAPS, UNKNOWN

#: True: set by the program; False: filled in by the server; a dict or list of shapes: an object or list; of a whole field also
#: the empty value by which the program said that it must be unset, or False where the server filled it in at the creation.
Shape = Any


@dataclass(frozen=True)
class Plan:
    """What an update has to do.

    Attributes:
        changes: Names of the inputs that differ, in the order of the inputs; those of `LOCAL_FIELDS` last.
        patch: Body of the PATCH: the changed fields alone, each with its whole new value, or the value that clears it. Beside a
            number that is not E.164 stands its flag.
    """

    changes: tuple[str, ...]
    patch: dict[str, Any]


def plan(kind: Kind, state: Mapping[str, Any], inputs: Mapping[str, Any], live: Mapping[str, Any] | None = None) -> Plan:
    """Compare what is with what the program says.

    Args:
        kind: The kind of resource.
        state: The last outputs: wire names to values, with `MANAGED`.
        inputs: The program's inputs, normalised; `UNKNOWN` counts as changed.
        live: What the API holds right now, where that was looked up; settles how it spells the server.

    Returns:
        The plan; without changes where there is nothing to do.
    """
    managed = managed_shape(kind, state)
    wanted = _in_both_spellings(inputs, state)
    changes = []
    patch: dict[str, Any] = {}
    for field in kind.fields:
        if field in wanted:
            if _as_wanted(field, wanted[field], state.get(field), managed.get(field)):
                continue
        elif not managed.get(field) or _is_unset(field, state.get(field)):
            continue
        patch[field] = kind.unset.get(field) if _blank(wanted.get(field)) else wanted[field]
        changes.append(field)
    _settle_server_spelling(patch, state if live is None else live, inputs)
    if patch.get("number") is not None and inputs.get("numberE164CheckEnabled") is False:
        # The rule of a number may be judged by the body of the PATCH alone, where a flag left out means the check is on.
        patch.setdefault("numberE164CheckEnabled", False)
    changes += [field for field in LOCAL_FIELDS if not _same(field, inputs.get(field), state.get(field), None)]
    return Plan(tuple(changes), patch)


def managed_shape(kind: Kind, state: Mapping[str, Any]) -> dict[str, Shape]:
    """Return the shape of the inputs at the last write; without a record, all that the state holds counts as set."""
    recorded = state.get(MANAGED)
    if isinstance(recorded, Mapping):
        return dict(recorded)
    return {field: _shape_of_field(state[field], None) for field in kind.fields if state.get(field) is not None}


def recorded(kind: Kind, state: Mapping[str, Any], shape: Mapping[str, Shape]) -> dict[str, Any]:
    """Write the record into a state, unless the state says as much without it: the engine writes all states at every step.

    Args:
        kind: The kind of resource.
        state: A state, complete but for its record.
        shape: The shape of the inputs at the last write.

    Returns:
        The state, of which `managed_shape` returns that shape.
    """
    bare = {key: value for key, value in state.items() if key != MANAGED}
    return bare if managed_shape(kind, bare) == shape else bare | {MANAGED: dict(shape)}


def shape_of(
    kind: Kind, inputs: Mapping[str, Any], answer: Mapping[str, Any], *, others: Container[str] = ()
) -> dict[str, Shape]:
    """Record what the program set and what the server filled in beside it.

    Args:
        kind: The kind of resource.
        inputs: The inputs that were written.
        answer: What the API held right after the write.
        others: Wire names of what the server did not fill in, but others set.

    Returns:
        The value for `MANAGED`. It holds no values, so no secrets.
    """
    return {
        field: _shape_of_field(inputs[field], answer.get(field), others)
        for field in kind.fields
        if inputs.get(field) is not None
    }


def managed_inputs(kind: Kind, state: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """Write what is live as the inputs that would make it, so that drift shows as the way back.

    Args:
        kind: The kind of resource.
        state: The last outputs, with `MANAGED`.
        live: What the API holds now, in wire names.

    Returns:
        The managed fields with their live values, without what the server filled in.
    """
    inputs = {}
    for field, shape in _in_both_spellings(managed_shape(kind, state), live).items():
        if live.get(field) is not None and shape is not False:
            inputs[field] = _project(field, live[field], shape)
        elif shape is not None and shape is not False and _blank(shape):
            inputs[field] = shape
    return inputs


def left_out(kind: Kind, inputs: Container[str]) -> list[str]:
    """Return the wire names of the fields that the inputs say nothing of."""
    return [field for field in kind.fields if field not in inputs]


def unmanaged(kind: Kind, live: Mapping[str, Any], shape: Mapping[str, Shape]) -> dict[str, Any]:
    """Return what is live and was set by somebody else in fields that the program leaves out, written as inputs.

    Args:
        kind: The kind of resource.
        live: What the API holds.
        shape: The shape of the inputs at the last write.
    """
    return {
        field: _project(field, live[field], None)
        for field in _in_both_spellings(dict.fromkeys(left_out(kind, shape)) | dict(shape), live)
        if field not in shape and not _is_unset(field, live.get(field))
    }


def filled_in(kind: Kind, inputs: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Shape]:
    """Record the whole fields that the server filled in by itself when it created one from the inputs."""
    said = {field: value for field, value in inputs.items() if value is not None}
    return dict.fromkeys(unmanaged(kind, answer, said), False)


def still_filled_in(shape: Mapping[str, Shape], state: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Shape]:
    """Return a shape without the fields that the server once filled in and that somebody has changed since."""
    return {
        field: part
        for field, part in shape.items()
        if part is not False or _same(field, state.get(field), live.get(field), None)
    }


def differing(kind: Kind, inputs: Mapping[str, Any], live: Mapping[str, Any], shape: Mapping[str, Shape]) -> list[str]:
    """Return the wire names of the inputs that do not stand at the API as they were written."""
    wanted = _in_both_spellings(inputs, live)
    return [
        field
        for field in kind.fields
        if field in wanted and not _as_wanted(field, wanted[field], live.get(field), shape.get(field))
    ]


def fits(kind: Kind, inputs: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Tell whether something is just what the inputs would make: all they say, and nothing more.

    Args:
        kind: The kind of resource.
        inputs: Normalised inputs.
        live: What the API holds.

    Returns:
        Whether it is; what the server fills in inside an object of the inputs does not count.
    """
    said = {*inputs, "server"} if "serverUrl" in inputs else inputs
    return not differing(kind, inputs, live, shape_of(kind, inputs, live)) and all(
        field in said or _is_unset(field, live.get(field)) for field in kind.fields
    )


def conflicts(
    kind: Kind, fields: Iterable[str], state: Mapping[str, Any], inputs: Mapping[str, Any], live: Mapping[str, Any]
) -> list[str]:
    """Return the fields that somebody else changed since the state was written, and not to what the program says.

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
        if not _same(field, state.get(field), live.get(field), managed.get(field))
        and not _same(field, inputs.get(field), live.get(field), managed.get(field))
    ]


def body_of(kind: Kind, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is sent to make one: nothing of what must be unset, because in a new one it is."""
    return {field: inputs[field] for field in kind.fields if not _blank(inputs.get(field))}


def _in_both_spellings(inputs: Mapping[str, Any], held: Mapping[str, Any]) -> Mapping[str, Any]:
    if inputs.get("server") is not None and _blank(inputs["server"]):
        # Where there must be no server, there must be none in its older spelling either.
        return {"serverUrl": None, "serverUrlSecret": None, **inputs}
    # Some APIs read back in both spellings what was said in one.
    if inputs.get("serverUrl") is not None and _reads_the_same_in_both(held):
        return {field: value for field, value in inputs.items() if field != "server" or value is not None}
    if inputs.get("server") is not None and _reads_the_same_in_both(held):
        return {field: value for field, value in inputs.items() if field != "serverUrl" or value is not None}
    return inputs


def _reads_the_same_in_both(held: Mapping[str, Any]) -> bool:
    server = held.get("server")
    return isinstance(server, Mapping) and server.get("url") is not None and server["url"] == held.get("serverUrl")


def _settle_server_spelling(patch: dict[str, Any], state: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
    # serverUrl and server are two spellings of one thing. An API that reads serverUrl back as server may not take the
    # old spelling any more, so there it is cleared, or taken over, through the new one.
    clears_url = "serverUrl" in patch and patch["serverUrl"] is None
    clears_secret = "serverUrlSecret" in patch and patch["serverUrlSecret"] is None
    if state.get("server") is None or not (clears_url or clears_secret) or inputs.get("serverUrl") is not None:
        return
    if state.get("serverUrl") is not None and not _reads_the_same_in_both(state):
        return  # two servers, whatever the API makes of that
    for field in ("serverUrl", "serverUrlSecret"):
        if inputs.get(field) is None:
            patch.pop(field, None)
    if _blank(inputs.get("server")):
        patch["server"] = None
    elif clears_secret:
        patch["server"] = inputs["server"]  # written anew, so that nothing of the old secret stays behind


def _blank(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}


def _is_unset(key: str, value: Any) -> bool:
    return _blank(value) or (key in API_DEFAULTS and _equal(value, API_DEFAULTS[key]))


def _equal(left: Any, right: Any) -> bool:
    # 3 and 3.0 are one number, but 1 and True are not one value.
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _same(key: str, new: Any, old: Any, shape: Shape) -> bool:
    if new is UNKNOWN:
        return False
    if _is_unset(key, new) and _is_unset(key, old):
        return True
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        if key in OPAQUE_MAPS:
            return _without_nulls(new) == _without_nulls(old)
        shapes = shape if isinstance(shape, Mapping) else {}
        return all(_same(part, new[part], old.get(part), shapes.get(part)) for part in new) and all(
            shapes.get(part) is False or _is_unset(part, old[part]) for part in old if part not in new
        )
    if isinstance(new, (list, tuple)) and isinstance(old, (list, tuple)):
        shapes_at = shape if isinstance(shape, (list, tuple)) and len(shape) == len(new) else [None] * len(new)
        return len(new) == len(old) and all(_same("", a, b, c) for a, b, c in zip(new, old, shapes_at, strict=True))
    return _equal(new, old)


def _as_wanted(field: str, wanted: Any, held: Any, shape: Shape) -> bool:
    return (wanted is None and shape is False) or _same(field, wanted, held, shape)


def _shape_of_field(given: Any, answered: Any, others: Container[str] = ()) -> Shape:
    return given if _blank(given) else _shape(given, answered, others)


def _shape(given: Any, answered: Any, others: Container[str] = ()) -> Shape:
    if isinstance(given, Mapping):
        answer = answered if isinstance(answered, Mapping) else {}
        shapes = {key: True if key in OPAQUE_MAPS else _shape(value, answer.get(key), others) for key, value in given.items()}
        return shapes | {key: False for key in answer if key not in given and key not in others}
    if isinstance(given, (list, tuple)):
        answers = answered if isinstance(answered, (list, tuple)) and len(answered) == len(given) else [None] * len(given)
        return [_shape(value, answer, others) for value, answer in zip(given, answers, strict=True)]
    return True


def _project(key: str, live: Any, shape: Shape) -> Any:
    if isinstance(live, Mapping) and key not in OPAQUE_MAPS:
        shapes = shape if isinstance(shape, Mapping) else {}
        return {
            part: _project(part, value, shapes.get(part))
            for part, value in live.items()
            # What the server filled in is not the program's, nor is a default it would say by itself.
            if shapes.get(part) is not False and (part in shapes or not _is_unset(part, value))
        }
    if isinstance(live, (list, tuple)):
        shapes_at = shape if isinstance(shape, (list, tuple)) and len(shape) == len(live) else [None] * len(live)
        return [_project("", value, part) for value, part in zip(live, shapes_at, strict=True)]
    return live


def _without_nulls(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if value is not None}
