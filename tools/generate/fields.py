"""What the models say about fields, for every generator: Python, tables, and the plugin's schema.

`resources()` returns every kind of resource with its inputs and outputs; `fields_of()` the fields of any object inside them.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from pulumi_vapi_byo.kinds import KINDS, models, objects
from pulumi_vapi_byo.kinds.field_types import LOCAL, NOT_CLEARABLE, SECRET, WRITE_ONLY, After, Block, Default, Mark
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.kinds.models import Answer, Nested
from pulumi_vapi_byo.wire import to_camel

# ------------------------------------------------------------------------------------------------------------ types


@dataclass(frozen=True)
class Text:
    """A string.

    Attributes:
        choices: The only possible values; empty if any text is possible.
        name: Name of the choices in the models; empty if they have none.
    """

    choices: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Flag:
    """A boolean."""


@dataclass(frozen=True)
class Number:
    """A number."""


@dataclass(frozen=True)
class Items:
    """A list.

    Attributes:
        item: Type of its items.
    """

    item: Type


@dataclass(frozen=True)
class Map:
    """An object whose keys belong to the user.

    Attributes:
        value: Type of its values.
    """

    value: Type


@dataclass(frozen=True)
class Anything:
    """An object that can hold anything."""


@dataclass(frozen=True)
class Object:
    """An object with fields.

    Attributes:
        model: The model with its fields, see `fields_of`.
    """

    model: type[Block]


@dataclass(frozen=True)
class OneOf:
    """One of several types.

    Attributes:
        members: The types.
    """

    members: tuple[Type, ...]


Type: TypeAlias = Text | Flag | Number | Items | Map | Anything | Object | OneOf


def objects_in(type_: Type) -> Iterator[type[Block]]:
    """Yield the models that a type refers to directly, not those inside them."""
    if isinstance(type_, Object):
        yield type_.model
    elif isinstance(type_, OneOf):
        for member in type_.members:
            yield from objects_in(member)
    elif isinstance(type_, (Items, Map)):
        yield from objects_in(type_.item if isinstance(type_, Items) else type_.value)


# ----------------------------------------------------------------------------------------------------------- fields


@dataclass(frozen=True)
class Field:
    """A field of an input, an answer or an object.

    Attributes:
        name: Name in Python.
        type: Type of its value.
        description: What it means, with units, limits, defaults and sources: Markdown, with names of fields in single backticks
            and values in double backticks.
        is_required: Whether it must be given.
        constant: Its value if it is left out, if no other is possible; otherwise None.
        marks: What else the models say about it.
        after: Name of the field that it is shown after; empty to leave it in its place in the model.
    """

    name: str
    type: Type
    description: str
    is_required: bool
    constant: str | None = None
    marks: frozenset[Mark | Default] = field(default_factory=frozenset)
    after: str = ""

    @property
    def wire(self) -> str:
        """Name on the wire."""
        return to_camel(self.name)

    @property
    def default(self) -> Default | None:
        """What the API assumes if it is left out; None if that is nothing, or not documented."""
        return next((mark for mark in self.marks if isinstance(mark, Default)), None)

    @property
    def is_secret(self) -> bool:
        """Whether it must always be ciphertext in the state."""
        return SECRET in self.marks

    @property
    def is_write_only(self) -> bool:
        """Whether the API never returns it."""
        return WRITE_ONLY in self.marks

    @property
    def is_local(self) -> bool:
        """Whether it exists only in this package and is never sent."""
        return LOCAL in self.marks

    @property
    def holds_secrets(self) -> bool:
        """Whether it is a secret, or contains or may contain one."""
        inner = (part for model in objects_in(self.type) for part in fields_of(model))
        return self.is_secret or self.type == Anything() or any(part.holds_secrets for part in inner)

    @property
    def empty(self) -> Any:
        """The empty value with which a program unsets it; None if there is none."""
        if self.is_required or NOT_CLEARABLE in self.marks:
            return None
        if isinstance(self.type, Text):
            return ""
        if isinstance(self.type, Items):
            return []
        return None if isinstance(self.type, (Flag, Number)) else {}


@functools.cache
def fields_of(model: type[BaseModel]) -> tuple[Field, ...]:
    """Return the fields of a model, in its order."""
    hints = get_type_hints(model, include_extras=True)
    return tuple(_field(name, hints[name], info) for name, info in model.model_fields.items())


def _field(name: str, hint: Any, info: Any) -> Field:
    marks: list[Any] = []
    type_ = _type(hint, marks)
    return Field(
        name=name,
        type=type_,
        description=info.description or "",
        is_required=info.is_required(),
        constant=info.default if isinstance(info.default, str) else None,
        marks=frozenset(mark for mark in marks if isinstance(mark, (Mark, Default))),
        after=next((mark.name for mark in marks if isinstance(mark, After)), ""),
    )


#: Names of the sets of choices.
_CHOICES: Final = {get_args(value): name for name, value in vars(objects).items() if get_origin(value) is Literal}

_SCALARS: Final[dict[Any, Type]] = {str: Text(), bool: Flag(), int: Number(), float: Number(), Any: Anything()}


def _type(annotation: Any, marks: list[Any]) -> Type:
    """Return the type of an annotation; its marks go into `marks`, except those of a list's items."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner, *metadata = arguments
        marks += metadata
        nested = [mark.type for mark in metadata if isinstance(mark, Nested)]
        return _type(nested[0] if nested else inner, marks)
    if origin in (Union, types.UnionType):
        members = tuple(dict.fromkeys(_type(member, marks) for member in arguments if member is not type(None)))
        return members[0] if len(members) == 1 else OneOf(members)
    if origin is Literal:
        return Text(arguments, _CHOICES.get(arguments, ""))
    if origin is list:
        return Items(_type(arguments[0], []))
    if origin is dict:
        return Anything() if arguments[1] is Any else Map(_type(arguments[1], []))
    if isinstance(annotation, type) and issubclass(annotation, Block):
        return Object(annotation)
    return _SCALARS[annotation]


def as_shown(fields: tuple[Field, ...]) -> list[Field]:
    """Return fields in the order in which readers look for them: required fields first."""
    shown = sorted((one for one in fields if not one.after), key=lambda one: not one.is_required)
    for moved in (one for one in fields if one.after):
        shown.insert([one.name for one in shown].index(moved.after) + 1, moved)
    return shown


# -------------------------------------------------------------------------------------------------------- resources


@dataclass(frozen=True)
class Resource:
    """A kind of resource, as its models describe it.

    Attributes:
        kind: The kind.
        summary: What it is, in one sentence.
        notes: What else to know about it.
        inputs: The arguments, in the order that messages use.
        answer: What the API holds.
        computed: Values computed from the inputs.
    """

    kind: Kind
    summary: str
    notes: str
    inputs: tuple[Field, ...]
    answer: tuple[Field, ...]
    computed: tuple[Field, ...]

    @property
    def name(self) -> str:
        """Its name in programs."""
        return self.kind.name

    @property
    def outputs(self) -> list[Field]:
        """All outputs except the id: those common to all resources, then the inputs, then what the API or the package adds.

        A field that is also an input is described by the input.
        """
        inputs = as_shown(self.inputs)
        added = [one for one in self.answer if one.name not in {"id", *(said.name for said in inputs)}]
        of_every_kind = [one for one in added if one.name in Answer.model_fields]
        of_this_kind = [one for one in added if one not in of_every_kind]
        return [*of_every_kind, *inputs, *of_this_kind, *self.computed]

    @property
    def told(self) -> list[Field]:
        """What a look-up shows of a resource that is not owned, without the id."""
        plain = (Text, Flag, Number)
        return [one for one in self.outputs if isinstance(one.type, plain) and not one.is_secret and not one.is_local]


@functools.cache
def resources() -> tuple[Resource, ...]:
    """Return every kind of resource."""
    return tuple(_resource(kind) for kind in KINDS)


def _resource(kind: Kind) -> Resource:
    inputs: type[Block] = getattr(models, f"{kind.name}Inputs")
    computed: type[BaseModel] | None = getattr(models, f"{kind.name}Computed", None)
    summary, _, notes = " ".join((inputs.__doc__ or "").split()).partition(". ")
    return Resource(
        kind=kind,
        summary=f"{summary.removesuffix('.')}.",
        notes=notes,
        inputs=fields_of(inputs),
        answer=fields_of(getattr(models, f"{kind.name}Answer")),
        computed=fields_of(computed) if computed else (),
    )


def all_objects() -> list[type[Block]]:
    """Return the models of all objects inside the inputs; an inner model comes before the outer one."""
    found: dict[type[Block], None] = {}

    def visit(one: Field) -> None:
        for model in objects_in(one.type):
            for part in fields_of(model):
                visit(part)
            found.setdefault(model)

    for resource in resources():
        for one in resource.inputs:
            visit(one)
    return list(found)
