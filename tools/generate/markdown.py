"""Generate the tables of the docs: on every page, whatever is between two marks.

A mark names what follows it, such as ``<!-- generated: arguments of ByoPhoneNumber -->``: arguments, outputs or objects of a
resource, the settings of the stack, the rules of the emulator, the versions in pyproject.toml, or the examples for Pulumi's
registry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from pulumi_vapi_byo.config import SETTINGS
from pulumi_vapi_byo.emulator.rules import RULES
from pulumi_vapi_byo.kinds.field_types import Block

from . import ROOT
from .docstrings import about_arguments, default_of, of_output, summary
from .examples import FILES, example
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
    as_shown,
    fields_of,
    objects_in,
    resources,
)
from .python import class_name

_MARKED: Final = re.compile(r"(<!-- generated: (\w+) of (\w+) -->\n).*?(<!-- end of what is generated -->\n)", re.DOTALL)


def has_marks(path: Path) -> bool:
    """Return whether a page has generated tables."""
    return _MARKED.search(path.read_text("utf-8")) is not None


def page(path: Path) -> str:
    """Return a page with up-to-date tables."""
    return _MARKED.sub(_filled, path.read_text("utf-8"))


def _filled(marked: re.Match[str]) -> str:
    start, part, name, end = marked.groups()
    whole: dict[str, Callable[[], str]] = {
        "settings": _settings,
        "rules": _rules,
        "versions": _versions,
        "examples": _examples,
    }
    if part in whole:
        return f"{start}\n{whole[part]()}\n{end}"
    write: Callable[[Resource], str] = {"arguments": _arguments, "outputs": _outputs, "objects": _objects}[part]
    [resource] = [one for one in resources() if one.name == name]
    return f"{start}\n{write(resource)}\n{end}"


def _arguments(resource: Resource) -> str:
    return "\n\n".join([*about_arguments(resource), _table("Argument", map(_given, as_shown(resource.inputs)))])


def _outputs(resource: Resource) -> str:
    rows = [("`id`", "`str`", "Its id at Vapi.")]
    for one in resource.outputs:
        type_ = _type(one.type, held=True) + ("" if one.is_required else " or None")
        rows.append((f"`{one.name}`", type_, of_output(one) if one in resource.inputs else one.description))
    return _table("Output", rows)


def _objects(resource: Resource) -> str:
    sections = []
    for model in _models_in(resource.inputs):
        fields = [one for one in as_shown(fields_of(model)) if one.constant is None or not class_name(model)]
        sections.append(f"### {_heading(model)}\n\n{summary(model)}\n\n{_table('Name', map(_given, fields))}")
    return "\n".join(sections)


def _rules() -> str:
    lines = ["| Rule | What happens | The emulator | It can also be told | How sure |", "|---|---|---|---|---|"]
    for one in RULES:
        here, *others = (f"`{answer}`" for answer in one.answers)
        eras = "".join(f"; `{answer}` in the era `{era}`" for era, answer in one.eras.items())
        lines.append(f"| `{one.name}` | {one.text} | {here}{eras} | {', '.join(others)} | [{one.evidence}] |")
    return "\n".join(lines) + "\n"


def _settings() -> str:
    lines = ["| Key | Environment | Meaning | Default |", "|---|---|---|---|"]
    for one in SETTINGS.values():
        variable = f"`{one.variable}`" if one.variable else ""
        lines.append(f"| `{one.key}` | {variable} | {one.description} | {default_of(one)} |")
    return "\n".join(lines).replace("``", "`") + "\n"


def _versions() -> str:
    """Write which versions are admitted of what users install."""
    metadata = (ROOT / "pyproject.toml").read_text("utf-8")
    lines = ["| Package | Lowest | Highest |", "|---|---|---|"]
    for extra in ("dependencies", "emulator", "cli"):
        block = metadata.partition(f"\n{extra} = [")[2].partition("\n]")[0]
        for name, lowest, below in re.findall(r'"([\w-]+)>=([\d.]+)(?:,<(\d+))?"', block):
            needed_by = "" if extra == "dependencies" else f", extra `{extra}`"
            lines.append(f"| `{name}`{needed_by} | {lowest} | {f'below {below}' if below else 'any'} |")
    return "\n".join(lines) + "\n"


def _examples() -> str:
    """Write the examples in the form of Pulumi's registry, where a reader chooses a language."""
    parts = [f'{{{{< chooser language "{",".join(FILES)}" >}}}}']
    for language in FILES:
        shown = f"```{language}\n{example(language)}```"
        parts.append(f"{{{{% choosable language {language} %}}}}\n\n{shown}\n\n{{{{% /choosable %}}}}")
    return "\n\n".join([*parts, "{{< /chooser >}}"]) + "\n"


def _models_in(fields: Iterable[Field]) -> list[type[Block]]:
    """Return the models of all objects inside some fields; an outer model comes before the inner one."""
    found: dict[type[Block], None] = {}
    for one in fields:
        for model in objects_in(one.type):
            found |= dict.fromkeys([model, *_models_in(fields_of(model))])
    return list(found)


def _table(first: str, rows: Iterable[tuple[str, str, str]]) -> str:
    lines = [f"| {first} | Type | Meaning |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _given(one: Field) -> tuple[str, str, str]:
    return f"`{one.name}`" + ("<br>*required*" if one.is_required else ""), _type(one.type), one.description


def _type(type_: Type, *, held: bool = False) -> str:
    """Return a type in words; if `held`, as an output, whose objects are plain dicts."""
    match type_:
        case Text(choices) if len(choices) > 1:
            return f"one of {', '.join(f'`{choice}`' for choice in choices)}"
        case Text():
            return "`str`"
        case Flag():
            return "`bool`"
        case Number():
            return "`float`"
        case Items(item):
            return f"list of {_type(item, held=held)}"
        case Map(value):
            return f"`dict` of {_type(value, held=held)}"
        case Object(model) if not held:
            heading = _heading(model)
            return f"[`{heading}`](#{heading.lower()})"
        case OneOf(members):
            return " or ".join(dict.fromkeys(_type(member, held=held) for member in members))
        case _:
            return "`dict`"


def _heading(model: type[Block]) -> str:
    return class_name(model) or model.__name__
