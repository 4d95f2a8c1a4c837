"""Mask secrets in the API's texts, in every spelling in which an API may repeat them."""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

#: Shortest secret that can be masked: shorter strings occur in any text, and masking them would reveal where.
LEAST: Final = 4

#: Shortest part of a secret that is masked anywhere; a shorter part only if it is a word of its own.
_LEAST_INSIDE: Final = 8

#: Replaces a text of the API's in which a secret cannot be masked.
WITHHELD: Final = "[not shown: a secret in use is too short to be masked]"

#: A character escaped for JSON, URLs or HTML; or several bytes escaped for a URL, which may be one character.
_ESCAPED: Final = re.compile(
    r"\\u(?:d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|[0-9a-f]{4})|\\x[0-9a-f]{2}|\\[^ux]|(?:%[0-9a-f]{2})+"
    r"|&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z0-9]{2,31});",
    re.IGNORECASE,
)
_BACKSLASHED: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}

#: Most nested levels of escaping that are resolved.
_MAX_LAYERS: Final = 8

_LETTERS_OF_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")


@dataclass(frozen=True)
class _Layer:
    """A text with some of its escapes resolved.

    Attributes:
        text: The text.
        starts: Where each character starts in the original text.
        ends: Where each character ends in the original text.
    """

    text: str
    starts: list[int]
    ends: list[int]

    @cached_property
    def folded(self) -> _Layer:
        """The same layer, ignoring case and the two spellings of a space."""
        folded = [_fold(character) for character in self.text]
        repeat = [at for at, part in enumerate(folded) for _ in part]
        return _Layer("".join(folded), [self.starts[at] for at in repeat], [self.ends[at] for at in repeat])

    def resolved(self) -> _Layer | None:
        """Resolve one level of escapes; None if there are none."""
        text: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for found in _ESCAPED.finditer(self.text):
            text += self.text[done : found.start()]
            starts += self.starts[done : found.start()]
            ends += self.ends[done : found.start()]
            at = found.start()
            for character, width in _resolve(found[0]):
                text.append(character)
                starts.append(self.starts[at])
                ends.append(self.ends[at + width - 1])
                at += width
            done = found.end()
        if not done:
            return None
        rest = self.text[done:]
        return _Layer("".join([*text, rest]), starts + self.starts[done:], ends + self.ends[done:])


def _fold(text: str) -> str:
    return text.casefold().replace("+", " ")


def _resolve(spelling: str) -> Iterator[tuple[str, int]]:
    """Yield the characters of an escape, each with the length of its part."""
    if spelling.startswith("%"):
        raw = bytes.fromhex(spelling.replace("%", ""))
        try:
            characters = raw.decode()
        except UnicodeDecodeError:
            characters = raw.decode("latin-1")
            yield from ((character, 3) for character in characters)
        else:
            yield from ((character, 3 * len(character.encode())) for character in characters)
    elif spelling.startswith("&"):
        characters = html.unescape(spelling)
        yield characters[0], len(spelling) - len(characters) + 1
        yield from ((character, 1) for character in characters[1:])
    elif len(spelling) > 2:
        yield json.loads(f'"{spelling.replace(spelling[:2], spelling[:2].lower())}"'.replace("\\x", "\\u00")), len(spelling)
    else:
        yield _BACKSLASHED.get(spelling[1], spelling[1]), 2


@dataclass(frozen=True)
class _Needle:
    """A secret, prepared for the search.

    Attributes:
        folded: Its text, folded.
        hexadecimal: Its bytes in hexadecimal digits.
        encoded: The letters of its base64 that are the same wherever it occurs in a longer text.
    """

    folded: str
    hexadecimal: str
    encoded: tuple[str, ...]

    @classmethod
    def of(cls, secret: str) -> _Needle:
        raw = secret.encode("utf-8", "surrogatepass")
        encoded = []
        for before in range(3):
            letters = base64.b64encode(bytes(before) + raw).decode()
            # The first and last letters may share bits with their neighbours.
            encoded.append(letters[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6])
        return cls(_fold(secret), raw.hex(), tuple(encoded))


class Masks:
    """Masks secrets in the API's texts. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._needles: dict[str, _Needle] = {}
        self._some_too_short = False

    def add(self, secrets: Iterable[str]) -> None:
        """Mask these from now on."""
        with self._lock:
            for secret in secrets:
                if 0 < len(secret) < LEAST:
                    self._some_too_short = True
                elif secret and secret not in self._needles:
                    self._needles[secret] = _Needle.of(secret)

    def hide(self, text: str, limit: int) -> str:
        """Replace every secret at the beginning of a text by ``[secret]``.

        Args:
            text: A text of the API's.
            limit: Number of characters that will be shown.

        Returns:
            The beginning of the text, some multiple of `limit` long; `WITHHELD` if a secret is too short to be masked.
        """
        with self._lock:
            needles = list(self._needles.values())
            if self._some_too_short:
                return WITHHELD
        text = text[: 8 * limit + 8 * max((len(needle.folded) for needle in needles), default=0)]
        spans = sorted(span for layer in _layers(text) for needle in needles for span in _found(layer, needle))
        shown: list[str] = []
        at = 0
        for start, end in spans:
            if start >= at:
                shown += [text[at:start], "[secret]"]
            at = max(at, end)
        return "".join([*shown, text[at:]])


def _layers(text: str) -> Iterator[_Layer]:
    layer: _Layer | None = _Layer(text, list(range(len(text))), list(range(1, len(text) + 1)))
    for _ in range(_MAX_LAYERS):
        if layer is None:
            return
        yield layer
        layer = layer.resolved()


def _found(layer: _Layer, needle: _Needle) -> Iterator[tuple[int, int]]:
    """Yield where in the original text a secret is, or what is left of it if the text was cut short."""
    for folded in (needle.folded, needle.hexadecimal):
        yield from _spans(layer.folded, _parts(layer.folded.text, folded))
    plain = layer.text.translate(_STANDARD_BASE64)
    for letters in needle.encoded:
        yield from _spans(layer, (_widened(plain, part) for part in _parts(plain, letters)))


_STANDARD_BASE64: Final = str.maketrans("-_", "+/")


def _spans(layer: _Layer, parts: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for start, end in parts:
        yield layer.starts[start], layer.ends[end - 1]


def _parts(text: str, secret: str) -> Iterator[tuple[int, int]]:
    """Yield where a whole secret, its beginning or its end is."""
    for at in _occurrences(text, secret[:LEAST]):
        length = LEAST
        while length < len(secret) and text[at + length : at + length + 1] == secret[length]:
            length += 1
        if _is_one(text, at, at + length, secret):
            yield at, at + length
    for at in _occurrences(text, secret[-LEAST:]):
        length = LEAST
        while length < len(secret) and at and text[at + LEAST - length - 1 : at + LEAST - length] == secret[-length - 1]:
            length += 1
        if _is_one(text, at + LEAST - length, at + LEAST, secret):
            yield at + LEAST - length, at + LEAST


def _occurrences(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _is_one(text: str, start: int, end: int, secret: str) -> bool:
    # The end of my-secret is also in serverUrlSecret, which must stay readable.
    return end - start >= min(len(secret), _LEAST_INSIDE) or not (_is_inside(text, start) or _is_inside(text, end))


def _is_inside(text: str, at: int) -> bool:
    """Return whether a position is inside a word."""
    return text[max(at - 1, 0) : at].isalnum() and text[at : at + 1].isalnum()


def _widened(text: str, part: tuple[int, int]) -> tuple[int, int]:
    """Extend a part by the letters that belong to the secret only partly, and by the padding."""
    start, end = part
    start -= start > 0 and text[start - 1] in _LETTERS_OF_BASE64
    end += end < len(text) and text[end] in _LETTERS_OF_BASE64
    while text[end : end + 1] == "=":
        end += 1
    return start, end
