"""Generate what Python programs see of the fields: arguments, resources with their outputs, and the results of look-ups."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from pulumi_vapi_byo.config import SETTINGS, Setting
from pulumi_vapi_byo.kinds import objects
from pulumi_vapi_byo.kinds.field_types import Block

from .docstrings import about_arguments, arguments, attributes, docstring, of_output, of_setting, summary, wrapped
from .fields import (
    Field,
    Flag,
    Items,
    Map,
    Number,
    Object,
    OneOf,
    Resource,
    Text,
    Type,
    all_objects,
    as_shown,
    fields_of,
    objects_in,
    resources,
)

#: Models without a class of their own: programs give them as plain dicts, as in Vapi's reference.
_GIVEN_AS_DICTS: Final[frozenset[type[Block]]] = frozenset(
    {
        *(objects.ContextEngineeringPlan, objects.CustomMessage, objects.SipRegisterPlan, objects.SummaryPlan),
        *(objects.TextContent, objects.TransferFallbackPlan, objects.SayHookAction, objects.TransferHookAction),
        *(objects.RingingHook, objects.RingingFilter, objects.EndingHook, objects.EndingFilter),
    }
)


def class_name(model: type[Block]) -> str:
    """Return the name of a model's arguments class; empty if it has none."""
    return "" if model in _GIVEN_AS_DICTS else f"{model.__name__}Args"


# ------------------------------------------------------------------------------------------------------------ types


def _given(type_: Type) -> str:
    """Return the type of an argument, without the `Input` around it."""
    parts = dict.fromkeys(_alternatives(type_))
    return " | ".join([part for part in parts if part != "Object"] + [part for part in parts if part == "Object"])


def _alternatives(type_: Type) -> list[str]:
    match type_:
        case Text(choices, name) if choices:
            return [name or f"Literal[{', '.join(map(repr, choices))}]"]
        case Items(item):
            return [f"Sequence[Input[{_given(item)}]]"]
        case Map(value):
            return [f"Mapping[str, Input[{_given(value)}]]"]
        case Object(model):
            return [name, "Object"] if (name := class_name(model)) else ["Object"]
        case OneOf(members):
            return [part for member in members for part in _alternatives(member)]
        case _:
            return [_scalar(type_) or "Object"]


def _held(type_: Type) -> str:
    """Return the type of an output, without the `Output` around it."""
    return f"list[{_held(type_.item)}]" if isinstance(type_, Items) else _scalar(type_) or "dict[str, Any]"


def _scalar(type_: Type) -> str:
    return {Text: "str", Flag: "bool", Number: "float"}.get(type(type_), "")


def _argument(one: Field) -> str:
    """Return a field as an argument."""
    if one.constant is not None:
        return f"{one.name}: Input[{_given(one.type)}] = {one.constant!r}"
    return f"{one.name}: Input[{_given(one.type)}]" + ("" if one.is_required else " | None = None")


def _imports(module: str, names: Iterable[str], text: str) -> str:
    """Return the import statement for those of the names that a text uses."""
    used = [name for name in names if re.search(rf"\b{name}\b", text)]
    return f"from {module} import {', '.join(used)}\n" if used else ""


# ------------------------------------------------------------------------------------------------------- arguments


def arguments_module() -> str:
    """Return the text of `dynamic._arguments`."""
    models = [model for model in all_objects() if model not in _GIVEN_AS_DICTS]
    classes = [_args_class(model.__name__, summary(model), fields=fields_of(model)) for model in models]
    classes += [_args_class(one.name, *about_arguments(one), fields=one.inputs) for one in resources()]
    choices = {
        one.type.name: one.type.choices
        for model in models
        for one in fields_of(model)
        if isinstance(one.type, Text) and one.type.name
    }
    holders = [*(one for model in models for one in fields_of(model)), *(one for kind in resources() for one in kind.inputs)]
    held = {one.wire: [model for model in objects_in(one.type) if model in models] for one in holders}
    by_field = ", ".join(f"{wire!r}: ({', '.join(map(class_name, found))},)" for wire, found in held.items() if found)
    aliases = [f"{name} = Literal[{', '.join(map(repr, values))}]" for name, values in choices.items()]
    return f'''"""The typed arguments of the resources.

Every field is an `Input` and named in snake_case. Instead of an object, a dict works as well, in snake_case or in Vapi's own
camelCase. Values are checked at preview, by the rules of the models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pulumi import Input

from .arguments import explaining_class

Object = Mapping[str, Any]

{chr(10).join(aliases)}


{chr(10).join(classes)}
#: Classes of the objects that a field holds, by wire name; if there are several, `type` tells them apart.
CLASSES: Final[Mapping[str, tuple[type[Any], ...]]] = {{{by_field}}}
'''


def _args_class(name: str, *paragraphs: str, fields: tuple[Field, ...]) -> str:
    # Fields that can have only one value come last, and undescribed.
    shown = [one for one in as_shown(fields) if one.constant is None]
    lines = [_argument(one) for one in (*shown, *(one for one in fields if one.constant is not None))]
    return f'''@explaining_class
@dataclass(kw_only=True)
class {name}Args:
    """{(chr(10) * 2).join(map(wrapped, paragraphs)).strip()}

    Attributes:
{arguments(shown)}
    """

    {f"{chr(10)}    ".join(lines)}

'''


# ------------------------------------------------------------------------------------------------------- resources


def resources_module() -> str:
    """Return the text of `dynamic._resources`."""
    classes = "\n\n".join(map(_resource_class, resources()))
    names = [*filter(None, map(class_name, all_objects()))] + [f"{one.name}Args" for one in resources()]
    types = "\n".join(f'{_type_constant(one)}: Final = "pulumi-python:dynamic/vapi:{one.name}"' for one in resources())
    shown = "\n".join(f"show_arguments({one.name}, {one.name}Args)" for one in resources())
    return f'''"""The resources, as programs see them; their behaviour is in `resources`.
"""

from __future__ import annotations

{_imports("collections.abc", ("Mapping", "Sequence"), classes)}from typing import Any, Final, overload

from pulumi import Input, Output, ResourceOptions

{_imports("pulumi_vapi_byo.provider", [f"{one.name}Provider" for one in resources()], classes)}
{_imports("._arguments", sorted(["Object", *names]), classes)}from .arguments import show_arguments
from .resources import VapiResource

#: The types of the resources in states, URNs and policies.
{types}


{classes}

{shown}
'''


def _type_constant(resource: Resource) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", resource.name)
    return f"{words.upper()}_TYPE"


def _resource_class(resource: Resource) -> str:
    name, kind = resource.name, resource.kind
    inputs = as_shown(resource.inputs)
    others = [one for one in resource.outputs if one not in inputs]
    about = (
        f"Arguments are given as keywords or as a single `{name}Args`; each may be an output of another resource. They are "
        f"validated at preview. {resource.notes}"
    )
    deletes_first = "`delete_before_replace` is always on; " if kind.identity else ""
    opts = (
        "Pulumi's options. `import_` takes over the resource with that id at Vapi, if it is as the program says, and writes "
        f"nothing. {deletes_first}`custom_timeouts` have no effect."
    )
    properties = "\n".join(_property(one, is_output_only=one in others) for one in resource.outputs)
    return f'''class {name}(VapiResource, module="vapi", name="{name}"):
    """{resource.summary}

{wrapped(about)}

    Attributes:
{attributes((("id", "Its id at Vapi."), *((one.name, one.description) for one in others)))}
    """

    _provider_type = {name}Provider

    @overload
    def __init__(self, resource_name: str, args: {name}Args, opts: ResourceOptions | None = None) -> None: ...

    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: ResourceOptions | None = None,
        *,
        {f",{chr(10)}        ".join(map(_argument, inputs))},
    ) -> None: ...

    def __init__(
        self,
        resource_name: str = "",
        args: {name}Args | None = None,
        opts: ResourceOptions | None = None,
        *more: object,
        **keywords: Any,
    ) -> None:
        """Declare a {kind.noun}.

        Args:
            resource_name: Logical name of the resource, unique in the stack. It is not its `name` at Vapi.
            args: All arguments in one object.
{wrapped(f"opts: {opts}", 12, 4)}
            *more: Must be empty: all other arguments are given by name.
            **keywords: The fields of `{name}Args`, instead of `args`.

        Raises:
            pulumi.RunError: Both `args` and keywords were given, or a keyword does not exist.
        """
        props = self._props(resource_name, {name}Args, args, more, keywords)
        super().__init__(*self._registration(resource_name, props, opts))

{properties}'''


def _property(one: Field, *, is_output_only: bool) -> str:
    held = _held(one.type) + ("" if one.is_required else " | None")
    text = one.description if is_output_only else of_output(one)
    return f'''    @property
    def {one.name}(self) -> Output[{held}]:
        {docstring(text, 8)}
        return self._output("{one.wire}")
'''


# -------------------------------------------------------------------------------------------------------- provider


def provider_module() -> str:
    """Return the text of `dynamic._provider`."""
    settings = SETTINGS.values()
    variables = ", ".join(f"``{one.variable}``" for one in settings if one.variable and not one.is_secret)
    about = (
        "It ignores the stack's ``vapi-byo:*`` configuration: arguments that are left out have their defaults, or come from "
        f"the environment as the configuration would ({variables}). The key is stored in the state as a secret, and "
        "``refresh`` and ``destroy`` take it from there: after changing the key, run ``up`` before them. Changing an argument "
        "leaves the numbers as they are; with the key of another organisation they are not found, but not taken for deleted."
    )
    return f'''"""The provider, as programs see it; its behaviour is in `provider_resource`.
"""

from __future__ import annotations

from pulumi import Input, ResourceOptions

from .arguments import explaining
from .provider_resource import ProviderWithSettings


class Provider(ProviderWithSettings):
    """An account at Vapi, for the resources that get it as ``opts.provider``, or as one of a component's ``providers``.

{wrapped(about)}
    """

    @explaining
    def __init__(
        self,
        resource_name: str,
        opts: ResourceOptions | None = None,
        *,
        {f",{chr(10)}        ".join(map(_setting, settings))},
    ) -> None:
        """Declare a provider.

        Args:
            resource_name: Logical name of the provider, unique in the stack.
            opts: Pulumi's options.
{attributes(((one.argument, of_setting(one)) for one in settings), 12)}

        Raises:
            pulumi.RunError: A value is wrong. Outputs are checked at preview, once they are known.
        """
        given = {{{", ".join(f"{one.argument!r}: {one.argument}" for one in settings)}}}
        super().__init__(resource_name, opts, given)
'''


def _setting(setting: Setting) -> str:
    type_ = "str" if setting.most is None else "int" if setting.is_whole else "float"
    return f"{setting.argument}: Input[{type_}]" + ("" if setting.is_secret else " | None = None")


# ------------------------------------------------------------------------------------------------------ public names

#: Public names that are not generated, by module.
_BY_HAND: Final = {
    "._version": ["__version__"],
    ".dynamic.lookup": ["get_phone_numbers", "get_phone_numbers_output"],
    ".dynamic.pool": ["BYO_PHONE_NUMBER_POOL_TYPE", "ByoPhoneNumberPool"],
    ".dynamic._provider": ["Provider"],
}


def package_module() -> str:
    """Return the text of the package's `__init__`."""
    args = [name for model in all_objects() if (name := class_name(model))]
    offered = {
        ".dynamic._arguments": [*args, *(f"{one.name}Args" for one in resources())],
        ".dynamic._found": ["FoundPhoneNumber"],
        ".dynamic._resources": [name for one in resources() for name in (one.name, _type_constant(one))],
        **_BY_HAND,
    }
    imports = [f"from {module} import {', '.join(names)}" for module, names in offered.items()]
    homes = {name: module for module, names in offered.items() for name in names}
    return f'''"""Declare your own (BYO) Vapi phone numbers in a Python Pulumi program.

Usage: ``import pulumi_vapi_byo as vapi``, then ``vapi.ByoPhoneNumber("support", credential_id=..., number="+14155552671")``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    {f"{chr(10)}    ".join(imports)}

__all__ = [{", ".join(map(repr, homes))}]

#: The module of each public name, imported when the name is first used: the plugin, the command line and the emulator, which
#: are not programs, need none of them.
_HOMES: Final = {homes!r}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    value = globals()[name] = getattr(importlib.import_module(_HOMES[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({{*globals(), *__all__}})
'''


# --------------------------------------------------------------------------------------------------------- look-ups


def found_module() -> str:
    """Return the text of `dynamic._found`."""
    [resource] = [one for one in resources() if one.name == "ByoPhoneNumber"]
    held = {one.name: one for one in resource.answer}
    entries, lines = [("id", "Its id at Vapi.")], ["id: str"]
    for one in resource.told:
        text = of_output(one) if one in resource.inputs else one.description
        own = held.get(one.name)
        # If the API may lack a field that a program must give, its description in the answer says why.
        entries.append((one.name, f"{text} {own.description}" if one in resource.inputs and own and own.description else text))
        lines.append(f"{one.name}: {_held(one.type)}" + ("" if own and own.is_required else " | None"))
    return f'''"""The results of look-ups.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FoundPhoneNumber:
    """A BYO number as Vapi held it when it was looked up.

    It has no secrets, so no headers, hooks or destinations. `server_url` is the address of its server, however it was set.

    Attributes:
{attributes(entries)}
    """

    {f"{chr(10)}    ".join(lines)}
'''
