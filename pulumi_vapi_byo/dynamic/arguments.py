"""Arguments on their way into a resource: wrong ones are refused in one sentence, the others converted to wire names."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import functools
import inspect
import numbers
import os
import re
import uuid
from collections.abc import Awaitable, Callable, Container, Iterator, Mapping, Sequence, Set
from typing import Any, Final, TypeVar, cast

import pulumi
from pulumi import CustomResource, Output, ProviderResource, ResourceOptions

from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.wire import (
    ADDITIONAL,
    NOT_RENAMED,
    SECRET_FIELDS,
    WIRE_NAMES,
    resembling,
    to_camel,
    to_snake,
)

T = TypeVar("T")


def explaining_class(args_type: type[T]) -> type[T]:
    """Make a class refuse wrong arguments in one sentence: Python's own TypeError would be a traceback."""
    cls: Any = args_type
    init = cls.__init__

    @functools.wraps(init)
    def explaining_init(self: object, *positional: object, **keywords: object) -> None:
        try:
            init(self, *positional, **keywords)
        except TypeError:
            # Only after the failure, so that valid calls pay nothing for it.
            raise pulumi.RunError(_what_is_wrong(cls.__name__, inspect.signature(init), positional, keywords)) from None

    cls.__init__ = explaining_init
    return args_type


Call = TypeVar("Call", bound=Callable[..., Any])


def explaining(function: Call) -> Call:
    """Make a function, a constructor or a class method refuse wrong arguments in one sentence."""
    whole = inspect.signature(function)
    owned = next(iter(whole.parameters), "") in ("self", "cls")
    signature = whole.replace(parameters=[*whole.parameters.values()][owned:])

    @functools.wraps(function)
    def explained(*positional: Any, **keywords: Any) -> Any:
        given, name = positional[owned:], function.__name__
        if owned:
            owner = positional[0] if isinstance(positional[0], type) else type(positional[0])
            name = owner.__name__ if name == "__init__" else f"{owner.__name__}.{name}"
            first = next(key for key in signature.parameters if key not in ("resource_name", "opts"))
            name += f" {checked_name(name, first, given[0] if given else keywords.get('resource_name'))!r}"
        try:
            signature.bind(*given, **keywords)
        except TypeError:
            raise pulumi.RunError(_what_is_wrong(name, signature, given, keywords)) from None
        return function(*positional, **keywords)

    return cast("Call", explained)


def checked_name(cls: str, argument: str, name: object) -> str:
    """Return the logical name of a resource, if it is valid.

    Args:
        cls: The class of the resource.
        argument: Its first argument, for the message.
        name: The name that was given.

    Raises:
        pulumi.RunError: It is not a valid name.
    """
    if isinstance(name, str) and name:
        return name
    given = f", not {_a(name)}" if name else ""
    raise pulumi.RunError(
        f"{cls} needs a logical name, which is unique in the stack, as its first argument{given}: {cls}('desk', {argument}=...)"
    )


def _what_is_wrong(
    name: str, signature: inspect.Signature, positional: Sequence[object], keywords: Mapping[str, object]
) -> str:
    parameters = {key: parameter for key, parameter in signature.parameters.items() if key != "self"}
    in_order = [key for key, parameter in parameters.items() if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    known = [key for key in parameters if key not in ("resource_name", "args", "opts")]
    if len(positional) > len(in_order):
        by_name = [key for key in known if key not in in_order] or known
        return f"{name} takes its arguments by name, such as {by_name[0]}=..."
    unknown = sorted(set(keywords) - set(parameters))
    if unknown:
        return unknown_arguments(name, unknown, known, keywords)
    twice = sorted(set(in_order[: len(positional)]) & set(keywords))
    if twice:
        return f"{name} is given {', '.join(twice)} twice, by place and by name: leave one out"
    given = {*in_order[: len(positional)], *keywords}
    missing = [key for key, parameter in parameters.items() if parameter.default is parameter.empty and key not in given]
    return f"{name} needs {', '.join(missing)}"


def unknown_arguments(name: str, unknown: Sequence[str], known: Sequence[str], given: Container[str] = ()) -> str:
    """Return a message about unknown arguments, with suggestions that are not already given."""
    taken = [key for key in known if key in given]
    found = (resembling(key, known, taken) for key in unknown)
    close = dict.fromkeys(one for one in found if one)
    options = [key for key in unknown if key in _OPTIONS]
    advice = f"; did you mean {' and '.join(close)}?" if close else ""
    if options:
        advice += f"; {', '.join(options)} goes into opts=pulumi.ResourceOptions({options[0]}=...)"
    elif not close and to_snake(ADDITIONAL) in known:
        advice = f"; other Vapi fields go into {to_snake(ADDITIONAL)}"
    return f"{name} has no argument {', '.join(unknown)}: its arguments are {', '.join(known)}{advice}"


#: Pulumi's resource options, which are not arguments.
_OPTIONS: Final = frozenset(inspect.signature(ResourceOptions).parameters)


def show_arguments(resource: type[Any], args_type: type[Any]) -> None:
    """Let ``help`` and editors show a resource's arguments: its constructor takes any keyword, so it can refuse wrong ones."""
    init: Any = resource.__init__
    shown = [parameter for name, parameter in inspect.signature(init).parameters.items() if name in ("self", "resource_name")]
    shown[1] = shown[1].replace(default=inspect.Parameter.empty)
    for name, type_ in (("args", f"{args_type.__name__} | None"), ("opts", "ResourceOptions | None")):
        shown.append(inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=type_))
    # Each may also be given in args, so none is required.
    shown += [
        inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=field.type)
        for field in dataclasses.fields(args_type)
    ]
    init.__signature__ = inspect.Signature(shown, return_annotation=None)
    if init.__doc__ and args_type.__doc__:  # not with python -OO
        # Without the source's indentation, which Python itself removes since 3.13.
        fields = inspect.cleandoc(args_type.__doc__).partition("Attributes:\n")[2]
        catch_all = r" {4}\*more: .*\n {4}\*\*keywords: .*\n( {8}.*\n)*"
        init.__doc__ = re.sub(catch_all, lambda _: f"{fields}\n", inspect.cleandoc(init.__doc__))


def given_arguments(resource: str, kind: Kind, args_type: type[Any], args: object, keywords: Mapping[str, Any]) -> Any:
    """Return the arguments, however they were given.

    Args:
        resource: What messages call the resource: its class and logical name.
        kind: The kind of resource.
        args_type: The class of `args`.
        args: All arguments in a single object, or None.
        keywords: The keyword arguments.

    Returns:
        The arguments as an instance of `args_type`.

    Raises:
        pulumi.RunError: Both ways were used, a keyword does not exist, or `args` is something else.
    """
    known = [field.name for field in dataclasses.fields(args_type)]
    unknown = sorted(set(keywords) - set(known))
    # Request bodies in guides contain them; for Pulumi, the provider is a resource option.
    fixed = [
        f"{key} {why}"
        for key in unknown
        if not isinstance(keywords[key], ProviderResource) and (why := kind.fixed(WIRE_NAMES.get(key, to_camel(key))))
    ]
    if fixed:
        raise pulumi.RunError(f"{resource}: {'; '.join(fixed)}")
    if unknown:
        raise pulumi.RunError(unknown_arguments(resource, unknown, known, keywords))
    if args is None:
        return keywords
    if keywords or not isinstance(args, args_type):
        wrong = "both" if keywords else f"{type(args).__name__} as args"
        raise pulumi.RunError(f"{resource} takes either one {args_type.__name__} as args or keywords, not {wrong}")
    return args


def to_wire(value: Any, where: str = "", *, rename: bool = True) -> Any:
    """Convert arguments to wire names at every depth, and mark what is always secret, including inside outputs.

    Args:
        value: Arguments, or part of them.
        where: Position for messages: the resource, a colon and a path.
        rename: Whether names are Vapi's; in headers they are the user's own.

    Returns:
        The same in types that Pulumi can store: texts, numbers, booleans, lists and dicts.

    Raises:
        pulumi.RunError: Pulumi cannot store a value, and there is no obvious conversion.
    """
    if isinstance(value, Output):
        return value.apply(lambda known: to_wire(known, where, rename=rename))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # Not dataclasses.asdict, which would copy outputs.
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        converted = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise pulumi.RunError(f"{where} has {_a(key)} as a key: keys are texts, in quotes")
            if item is not None:
                inner = where + key if where.endswith((" ", ".")) or not where else f"{where}.{key}"
                wire = WIRE_NAMES.get(key, key) if rename else key
                part = to_wire(item, inner, rename=rename and wire not in NOT_RENAMED)
                converted[wire] = Output.secret(part) if rename and wire in SECRET_FIELDS else part
        return converted
    if isinstance(value, (list, tuple)):
        return [to_wire(item, f"{where}[{index}]", rename=rename) for index, item in enumerate(value)]
    return plain(value, where)


def plain(value: Any, where: str) -> Any:
    """Return a single value in a type that Pulumi can store, see `to_wire`."""
    if isinstance(value, enum.Enum):
        return plain(value.value, where)
    if isinstance(value, uuid.UUID):
        return str(value)
    if value is None or isinstance(value, (str, int, float, Awaitable)):
        return value
    right = next(
        (right for types, right in _INSTEAD if isinstance(value, types)), "a text, a number, True, False, a list or a dict"
    )
    raise pulumi.RunError(f"{where} is {_a(value)}: write {right}")


#: Types that Pulumi cannot store, and what to write instead.
_INSTEAD: Final[tuple[tuple[tuple[type, ...], str], ...]] = (
    ((CustomResource,), "its id, as in trunk.id"),
    ((os.PathLike,), "a text: str(...) of it"),
    ((datetime.date, datetime.time), "a text, such as its isoformat()"),
    ((datetime.timedelta,), "a number of seconds: its total_seconds()"),
    ((numbers.Number,), "a number: int(...) or float(...) of it"),
    ((bytes, bytearray), "a text: its decode()"),
    ((Set, Iterator), "a list: sorted(...) or list(...) of it"),
)


def _a(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeio' else 'a'} {name}"
