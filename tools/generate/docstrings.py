"""Describe fields, arguments and resources in the docstrings of generated code."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Final

from pulumi_vapi_byo.config import Setting
from pulumi_vapi_byo.kinds.field_types import Block

from .fields import Field, Flag, Resource, as_shown, objects_in

_WIDTH: Final = 128

#: Note on outputs that are objects, in Python.
IN_WIRE_NAMES: Final = " Has Vapi's own (camelCase) names."


def wrapped(text: str, indent: int = 4, further: int = 0) -> str:
    """Break a text into lines, but never inside double backticks.

    Args:
        text: The text.
        indent: Spaces before every line.
        further: More spaces before every line but the first.
    """
    kept = re.sub(r"``.*?``", lambda code: code[0].replace(" ", "\0"), text)
    start, next_ = " " * indent, " " * (indent + further)
    filled = textwrap.fill(
        kept, _WIDTH, initial_indent=start, subsequent_indent=next_, break_long_words=False, break_on_hyphens=False
    )
    return filled.replace("\0", " ")


def attributes(entries: Iterable[tuple[str, str]], indent: int = 8) -> str:
    """Return a list of names and their meanings, in Google style."""
    return "\n".join(wrapped(f"{name}: {text}", indent, 4) for name, text in entries)


def arguments(fields: Iterable[Field], indent: int = 8) -> str:
    """Return a list of arguments and their meanings, in Google style."""
    return attributes(((one.name, one.description) for one in fields), indent)


def summary(model: type[Block]) -> str:
    """Return a model's own docstring, on one line."""
    return " ".join((model.__doc__ or "").split())


def of_output(one: Field) -> str:
    """Describe an input as an output: what it is, but not what a program may write."""
    text, _ = _first_sentence(one.description)
    if one.default is not None and isinstance(one.type, Flag) and not one.is_local:
        text = f"{text.partition(';')[0]}. None where it was never set, which means {one.default.value}."
    if any(objects_in(one.type)):
        text += IN_WIRE_NAMES
    return f"{text} A secret output." if one.is_secret else text


def docstring(text: str, indent: int) -> str:
    """Return a text as a docstring, with its first sentence as the summary."""
    summary, more = _first_sentence(text)
    if not more:
        return f'"""{summary}"""'
    return f'"""{summary}\n\n{wrapped(more, indent)}\n{" " * indent}"""'


def _first_sentence(text: str) -> tuple[str, str]:
    first, *more = re.split(r"(?<=\.) (?=[A-Z`])", text, maxsplit=1)
    return first, "".join(more)


def about_arguments(resource: Resource) -> list[str]:
    """Return two paragraphs: what leaving arguments out means, and what empty values do."""
    names: dict[str, list[str]] = {}
    for one in as_shown(resource.inputs):
        if one.empty is not None:
            names.setdefault('""' if one.empty == "" else repr(one.empty), []).append(f"`{one.name}`")
    empty = ", ".join(f"``{value}`` for {listed(those)}" for value, those in names.items())
    return [
        f"The arguments of `{resource.name}`. An argument that is left out is not managed: what the dashboard sets stays.",
        (
            f"An empty value means that there must be none: {empty}. It clears what Vapi has, and what the dashboard sets "
            "later is drift. With ``vapi-byo:onOmitted clear`` leaving an argument out means the same."
        ),
    ]


def default_of(setting: Setting) -> str:
    """Return a setting's default, in words or as code."""
    value = f"{setting.default:g}" if setting.most and setting.default else f"``{setting.default}``"
    return setting.default_in_words or value


def of_setting(setting: Setting) -> str:
    """Describe a setting as an argument of a provider, with its default unless it is required."""
    return setting.description if setting.is_secret else f"{setting.description} Default: {default_of(setting)}."


def listed(names: Sequence[str]) -> str:
    """Join names as in ``a, b and c``."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
