"""The interface through which a kind of resource describes itself to the rest of the package."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pulumi_vapi_byo import _tables
from pulumi_vapi_byo.errors import plain, shorten, show_path
from pulumi_vapi_byo.wire import ADDITIONAL, LOCAL_FIELDS, SECRET_FIELDS, UNKNOWN, bare, is_id, to_camel, to_snake, whole

# Imported on first use: what is unchanged or deleted needs no models, and so no pydantic.
if TYPE_CHECKING:
    from pulumi_vapi_byo.config import Region

    from .field_types import Block
    from .models import Answer

#: How states mark values that are not plain: secrets, assets, unknown values (Pulumi's own constant).
_SIGNATURE_IN_STATES: Final = "4dabf18193072939515e22adb298388d"
_UNKNOWN_IN_STATES: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

#: Largest number that a state can hold: all numbers there are floats.
_LARGEST_NUMBER: Final = sys.float_info.max

#: Deepest nesting of an answer that is kept; the API's own stays under ten.
_MAX_DEPTH: Final = 50


@dataclass(frozen=True)
class Kind:
    """A kind of resource. What its models say about its fields is read from the tables that `make generate` writes.

    Attributes:
        name: Its name in programs. Its models are ``{name}Inputs``, ``{name}Answer`` and, if any, ``{name}Computed``.
        noun: Its name in messages.
        provider: Its name at Vapi: the value of ``provider`` on the wire.
        path: Path of its collection in the API.
        named_by: Wire name of the field that users know a resource by.
        identity: Wire name of the field that identifies an existing resource; None if only all fields together do.
        unset: Values that unset a field where null does not, by wire name.
        routing: Wire names of the optional inputs that decide who answers or where calls go.
        retired: Advice about fields that have moved, by their old path in wire names.
        parent: Wire name of the input that holds the id of the resource that carries it, or None.
        parents: Path of the collection of its parents, or None.
        read_back_as: Inputs that the API may read back under another name, by wire name.
    """

    name: str
    noun: str
    provider: str
    path: str
    named_by: str
    identity: str | None
    unset: Mapping[str, Any] = field(default_factory=dict)
    routing: tuple[str, ...] = ()
    retired: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    parent: str | None = None
    parents: str | None = None
    read_back_as: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def inputs(self) -> type[Block]:
        """Model of the inputs."""
        from . import models

        model: type[Block] = models.built(f"{self.name}Inputs")
        return model

    @cached_property
    def answer(self) -> type[Answer]:
        """Model of the API's answers."""
        from . import models

        model: type[Answer] = models.built(f"{self.name}Answer")
        return model

    @property
    def input_names(self) -> tuple[str, ...]:
        """Wire names of all inputs, in the order that messages use."""
        return _tables.INPUTS[self.name]

    @property
    def outputs(self) -> tuple[str, ...]:
        """Wire names of the outputs that are not inputs, without the id."""
        return _tables.OUTPUTS[self.name]

    @property
    def computed(self) -> tuple[str, ...]:
        """Wire names of the values computed from the inputs, see `compute`."""
        return _tables.COMPUTED[self.name]

    @property
    def never_printed(self) -> tuple[str, ...]:
        """Inputs whose whole value Pulumi must never print, because it is or may contain a secret."""
        return _tables.NEVER_PRINTED[self.name]

    @property
    def write_only(self) -> tuple[tuple[str, ...], ...]:
        """Paths, in wire names, of what is sent but never read back."""
        return _tables.WRITE_ONLY[self.name]

    @property
    def none(self) -> Mapping[str, Any]:
        """The empty values with which a program unsets a field, by wire name."""
        return _tables.EMPTY[self.name]

    @cached_property
    def api_fields(self) -> tuple[str, ...]:
        """Wire names of the inputs that the API has."""
        return tuple(name for name in self.input_names if name not in LOCAL_FIELDS)

    # --------------------------------------------------------------------------------- rules of single kinds

    def exclusions(self, raw: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Find inputs that exclude each other.

        Args:
            raw: The inputs of a program, in either spelling.

        Returns:
            The wire name of each, and what is wrong.
        """
        return ()

    def warnings(self, inputs: Mapping[str, Any]) -> Iterable[str]:
        """Yield sentences about what is allowed but probably not meant."""
        return ()

    def compute(self, values: Mapping[str, Any], region: Region) -> dict[str, Any]:
        """Compute what follows from inputs or a state.

        Args:
            values: Inputs or a state; what is not known yet is `UNKNOWN`.
            region: Region of the organisation.

        Returns:
            The `computed` values that can be told, by wire name.
        """
        return {}

    def has_moved(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Return whether computed values differ between a state and inputs that are otherwise equal."""
        return False

    def in_all_spellings(self, inputs: Mapping[str, Any], held: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return inputs extended by the other spellings of their fields, as far as the API has them.

        Args:
            inputs: Inputs, or the shape of inputs.
            held: What the API holds.
        """
        return inputs

    def finish_patch(self, patch: dict[str, Any], held: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
        """Adapt a patch, in place, to what the API accepts in one request.

        Args:
            patch: Wire names to new values, null for fields to clear.
            held: What the API holds.
            inputs: Normalised inputs.
        """

    def read_back(self, state: dict[str, Any], known: Mapping[str, Any]) -> None:
        """Fill in a state, in place, with what the API never reads back or spells differently.

        Args:
            state: What the API holds.
            known: Inputs or an older state.
        """
        for path in self.write_only:
            restore(state, known, path)

    def comes_near(self, inputs: Mapping[str, Any], name: str | None, differs: Sequence[str]) -> bool:
        """Return whether a resource without an identity may be what the inputs created, although it differs from them.

        Args:
            inputs: Normalised inputs.
            name: Name of the resource.
            differs: Wire names of the inputs that differ.
        """
        return inputs.get("name") in (None, "", name)

    def said_to_be_none(self, field: str) -> str:
        """Return how a program says that a field must be unset."""
        return f"{to_snake(field)}={self.none[field]!r}"

    def show_fields(self, fields: Mapping[str, Any]) -> str:
        """Return what some fields hold, in a few words and without secrets.

        Args:
            fields: Wire names to values.
        """
        return ", ".join(f"{to_snake(field)}{self._in_short(field, value)}" for field, value in fields.items())

    def _in_short(self, field: str, value: Any) -> str:
        """Return the part of `show_fields` that follows the name of a field."""
        if field in SECRET_FIELDS or isinstance(value, Mapping):
            return " (not shown)"
        if isinstance(value, (list, tuple)):
            return f" ({len(value)}, not shown)"
        return f" {shorten(repr(value), 80)}"

    def never_told(self, inputs: Mapping[str, Any]) -> Iterable[str]:
        """Yield sentences about what the API never reads back of these inputs, and what to do about it."""
        return ()

    def told(self, held: Mapping[str, Any], region: Region) -> dict[str, Any]:
        """Return what a look-up shows of a resource that is not owned: plain values without secrets.

        Args:
            held: What the API holds.
            region: Region of the organisation.
        """
        told = {**held, **self.compute(held, region)}
        return {name: told.get(name) for name in ("id", *_tables.TOLD[self.name])}

    def diverts(self, others: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the fields left out by the program that decide who answers or where calls go."""
        return {field: others[field] for field in self.routing if field in others}

    def why_empty(self, field: str) -> str:
        """Return what to write instead of an empty text that is refused; empty if it should just be left out."""
        return ""

    def advice(self, method: str, status: int, message: str) -> str:
        """Return what to do about an answer, if this kind knows better than others.

        Args:
            method: HTTP method of the request.
            status: HTTP status of the answer.
            message: One of the API's messages; empty if it sent none.

        Returns:
            One clause; empty if this kind has nothing to add.
        """
        return ""

    # -------------------------------------------------------------------------------------------------------------------

    def fixed(self, wire: str) -> str:
        """Return why a field that guides show in request bodies must not be given; empty for any other field."""
        if wire == "provider":
            return f"is always {self.provider!r} here: leave it out"
        is_set_by_vapi = wire == "id" or (wire in self.outputs and wire not in self.computed)
        return "is set by Vapi: leave it out" if is_set_by_vapi else ""

    def on_the_wire(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a request, with additional properties merged in and whole floats turned into ints."""
        beside = {name: value for name, value in body.items() if name != ADDITIONAL}
        sent: dict[str, Any] = whole(beside | dict(body.get(ADDITIONAL) or {}))
        return sent

    def label(self, name: object, id_: object = None) -> str:
        """Return how the user knows a resource: by its digits or name, otherwise by its id."""
        if name and name is not UNKNOWN:
            return f"{self.noun} {shorten(str(name), 60)!r}"
        return f"{self.noun} with id {shorten(str(id_), 60)}" if id_ else self.noun

    def parent_of(self, values: Mapping[str, Any]) -> Any:
        """Return the id of the resource that carries this one, see `parent`; None if there is none."""
        return values.get(self.parent) if self.parent else None

    def identity_of(self, values: Mapping[str, Any]) -> str | None:
        """Return the value that identifies an existing resource.

        Args:
            values: Inputs, a state or an entry of a list, in wire names.

        Returns:
            The digits and letters of its number, however it is written; None if there are none.
        """
        value = values.get(self.identity) if self.identity else None
        # A number that came as a JSON number is unusable, but still identifies the resource.
        return bare(str(value)) or None if isinstance(value, (str, int)) and not isinstance(value, bool) else None

    def parse(self, body: Any) -> Answer:
        """Parse a resource from the body of an answer.

        Args:
            body: Parsed JSON.

        Returns:
            An instance of `answer`.

        Raises:
            ValueError: The body is not this kind of resource; the message says why, without repeating values.
        """
        from pydantic import ValidationError

        if not isinstance(body, Mapping):
            raise ValueError("is not an object")
        provider = body.get("provider")
        if not isinstance(provider, str):
            raise ValueError("has no usable provider")
        if provider != self.provider:
            raise ValueError(f"is of provider {shorten(provider, 60)!r}, not {self.provider!r}")
        for name in ("id", "orgId"):
            if isinstance(body.get(name), str) and not is_id(body[name]):
                raise ValueError(f"has no usable {name} (letters, digits, - and _, at most 128 of them)")
        known = set(map(to_camel, self.answer.model_fields))
        for wire in known:
            if not _can_be_kept(body.get(wire)):
                raise ValueError(f"has a value in {wire} that no state can hold")
        body = {name: value for name, value in body.items() if name in known or _can_be_kept({name: value})}
        try:
            return self.answer.model_validate(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise ValueError(f"has no usable {show_path(first['loc'])} ({plain(first['msg'])})") from None


def plugin_type(kind: Kind) -> str:
    """Return the type of a kind's resources in the plugin, and in states and URNs that it has written."""
    return f"vapi-byo:index:{kind.name}"


def _can_be_kept(value: Any, depth: int = 0) -> bool:
    """Return whether a value survives a state unchanged; one that doesn't could break the state for good."""
    if isinstance(value, str):
        return value != _UNKNOWN_IN_STATES and not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, (int, float)):
        return -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER  # also false for NaN
    if depth > _MAX_DEPTH:
        return False
    if isinstance(value, Mapping):
        return _SIGNATURE_IN_STATES not in value and all(
            _can_be_kept(key, depth + 1) and _can_be_kept(part, depth + 1) for key, part in value.items()
        )
    return not isinstance(value, list) or all(_can_be_kept(part, depth + 1) for part in value)


def restore(state: dict[str, Any], known: Mapping[str, Any], path: Sequence[str]) -> None:
    """Copy a value that is never read back from what is known, if the object that holds it still exists.

    Args:
        state: What the API holds; changed in place.
        known: Inputs or an older state.
        path: Where the value is, in wire names.
    """
    *parents, last = path
    for parent in parents:
        inner, known_inner = state.get(parent), known.get(parent)
        if not isinstance(inner, dict) or not isinstance(known_inner, Mapping):
            return
        state[parent] = state = dict(inner)
        known = known_inner
    if known.get(last) is not None:
        state.setdefault(last, known[last])
