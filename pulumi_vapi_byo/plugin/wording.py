"""Sentences in the names that programs of every language have: those of the schema, which are Vapi's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from pulumi_vapi_byo.config import SETTINGS
from pulumi_vapi_byo.wire import WIRE_NAMES

#: What the sentences say in Python, and how it is said beyond it.
_REWRITTEN: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r" \(\w+ on a Provider\)"), ""),
    (re.compile(r"\w+Args\(([^()]*)\)"), r"{\1}"),
    (re.compile(r"\bopts=ResourceOptions\(import_=([^()]*)\)"), r"the resource option import: \1"),
    # The resources of the Python package say by themselves that the old number goes before the new one comes.
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

#: What is in quotes is the user's own.
_QUOTED: Final = r"(?<!\w)'[^'\n]*'(?!\w)"


def translator(names: Mapping[str, str]) -> Callable[[str], str]:
    """Return what writes a sentence for programs that are not in Python.

    Args:
        names: Python's names of fields and settings, and their wire names.

    Returns:
        A function of a sentence with Python's names and literals, which returns, for example, ``deletionProtection: false`` in
        the place of ``deletion_protection=False``.
    """
    words = re.compile(rf"{_QUOTED}|\b(?:{'|'.join(name for name, wire in names.items() if name != wire)})\b")

    def translate(sentence: str) -> str:
        for pattern, replacement in _REWRITTEN:
            sentence = pattern.sub(replacement, sentence)
        return words.sub(lambda match: names.get(match[0], match[0]), sentence)

    return translate


in_wire_names: Final = translator({**WIRE_NAMES, **{one.argument: one.name for one in SETTINGS.values()}})
