"""Translate messages into the names that programs of every language use: those of the schema, which are Vapi's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from pulumi_vapi_byo.config import SETTINGS
from pulumi_vapi_byo.wire import WIRE_NAMES

#: What messages say in Python terms, and how to say it for other languages.
_REWRITTEN: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r" \(\w+ on a Provider\)"), ""),
    (re.compile(r"\w+Args\(([^()]*)\)"), r"{\1}"),
    (re.compile(r"\bopts=ResourceOptions\(import_=([^()]*)\)"), r"the resource option import: \1"),
    # The Python package's resources set deleteBeforeReplace by themselves; other programs must be told to.
    (
        re.compile(r"\bgive it opts=ResourceOptions\(aliases=\[Alias\(name=([^()]*)\)\]\)$"),
        r"give it the resource option aliases: \1; if it is to be replaced by a new one, deleteBeforeReplace: true",
    ),
    (
        re.compile(r"\bopts=ResourceOptions\(aliases=\[Alias\(name=([^()]*)\)\]\)"),
        r"the resource option aliases: \1",
    ),
    (re.compile(r"\bimport_\b"), "the resource option import"),
    (re.compile(r"\b(True|False)\b"), lambda match: match[0].lower()),
    (re.compile(r"\b([a-z]\w*)=(?=['\"{\[(\d]|true|false|\.\.\.)"), r"\1: "),
)

#: Quoted text is the user's own.
_QUOTED: Final = r"(?<!\w)'[^'\n]*'(?!\w)"


def translator(names: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that translates messages for programs not written in Python.

    Args:
        names: Wire names of fields and settings, by Python name.

    Returns:
        A function that takes a message with Python names and literals and returns, for example, ``deletionProtection: false``
        instead of ``deletion_protection=False``.
    """
    words = re.compile(rf"{_QUOTED}|\b(?:{'|'.join(name for name, wire in names.items() if name != wire)})\b")

    def translate(sentence: str) -> str:
        for pattern, replacement in _REWRITTEN:
            sentence = pattern.sub(replacement, sentence)
        return words.sub(lambda match: names.get(match[0], match[0]), sentence)

    return translate


in_wire_names: Final = translator({**WIRE_NAMES, **{one.argument: one.name for one in SETTINGS.values()}})
