from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_vapi_byo.api.masking import WITHHELD, Masks

SECRET = 'S3cr"et/+é & <key>\n7c19'


def hidden(text: str, *secrets: str) -> str:
    masks = Masks()
    masks.add(secrets)
    return masks.hide(text, 500)


def escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def in_base64(text: str, before: str = "", after: str = "") -> str:
    return base64.b64encode(f"{before}{text}{after}".encode()).decode()


#: Name of a spelling -> how a text is written in it.
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "capitals": str.upper,
    "small letters": str.lower,
    "JSON": escaped,
    "JSON in JSON": lambda text: escaped(escaped(text)),
    "JSON with slashes escaped": lambda text: escaped(text).replace("/", "\\/"),
    "JSON, all escaped": lambda text: "".join(f"\\u{ord(one):04x}" for one in text),
    "JSON in capitals": lambda text: "".join(f"\\u{ord(one):04X}" for one in text),
    "an address": quote,
    "an address, all of it": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "an address in an address": lambda text: quote(quote(text, safe=""), safe=""),
    "a form": quote_plus,
    "HTML": html.escape,
    "HTML by numbers": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "HTML by other numbers": lambda text: "".join(f"&#X{ord(one):X};" for one in text),
    "JSON in HTML": lambda text: html.escape(json.dumps(text)),
    "base64": in_base64,
    "base64 for addresses": lambda text: in_base64(text).replace("+", "-").replace("/", "_"),
    "base64 without padding": lambda text: in_base64(text).rstrip("="),
    "hexadecimal": lambda text: text.encode().hex(),
    "shortened": lambda text: text[: len(text) // 2 + 4] + "...",
    "its end": lambda text: "..." + text[-len(text) // 2 - 4 :],
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_masked_in_every_spelling(spelling: str) -> None:
    assert hidden(f"name is <{SPELLINGS[spelling](SECRET)}>, odd", SECRET).strip('"').replace("...", "") in (
        "name is <[secret]>, odd",
        "name is <&quot;[secret]&quot;>, odd",
    )


#: Letters that differ from each other in every spelling, among them letters that some spellings escape.
LETTERS = st.text("abcXYZ019\"'\\/+%&<>=-_ é", min_size=8, max_size=40)


@given(st.sampled_from(sorted(SPELLINGS)), LETTERS, st.text(max_size=40), st.text(max_size=40))
def test_no_spelling_is_left_whatever_surrounds_it(spelling: str, secret: str, before: str, after: str) -> None:
    written = SPELLINGS[spelling](secret)
    masked = hidden(f"{before} {written} {after}", secret)
    assert "[secret]" in masked
    core = written.strip(".")
    assert core not in masked or core in "[secret]"


@given(st.sampled_from(["", "a", "ab", "user:", "Bearer "]), LETTERS, st.sampled_from(["", "z", "zz", ":x"]))
def test_a_secret_inside_a_longer_text_in_base64_is_masked(before: str, secret: str, after: str) -> None:
    encoded = in_base64(secret, before, after)
    masked = hidden(f"bad {encoded}", secret)
    assert "[secret]" in masked
    left = masked.removeprefix("bad ").replace("[secret]", "")
    assert len(left) <= len(in_base64("", before)) + len(in_base64("", after)) + 1


@pytest.mark.parametrize(
    ("text", "secrets", "masked"),
    [
        ("Bearer key-1 and key-12", ["key-1", "key-12"], "Bearer [secret] and [secret]"),
        ("nothing here", ["key-1"], "nothing here"),
        ("nothing here", [""], "nothing here"),
        ("a.b axb a.b-c", ["a.b-c"], "a.b axb [secret]"),
        ("sk-1... of ...3456", ["sk-1xx3456"], "[secret]... of ...[secret]"),
        ("serverUrlSecret must be a string", ["my-secret"], "serverUrlSecret must be a string"),
        ("applying is odd", ["appl-9s"], "applying is odd"),
        ("abcdabcdabcd", ["abcd"], "[secret][secret][secret]"),
        ("x%zz&nosuch;\\q%ff", ["abcd"], "x%zz&nosuch;\\q%ff"),
    ],
)
def test_a_text_that_is_not_a_secret_stays_readable(text: str, secrets: list[str], masked: str) -> None:
    assert hidden(text, *secrets) == masked


@pytest.mark.parametrize("short", ["a", "abc"])
def test_nothing_is_shown_if_a_secret_is_too_short_to_be_masked(short: str) -> None:
    assert hidden("cabbage abc", short, "a-longer-one") == WITHHELD
    assert WITHHELD == "[not shown: a secret in use is too short to be masked]"


@given(st.text(max_size=200), st.lists(st.text(min_size=4, max_size=30), max_size=4))
def test_any_text_and_secrets_give_text(text: str, secrets: list[str]) -> None:
    masked = hidden(text + "".join(secrets), *secrets)
    assert not any(secret in masked for secret in secrets if secret not in "[secret]" * 3)


def test_only_the_beginning_of_a_huge_text_is_shown_and_no_secret_is_cut_in_two() -> None:
    masks = Masks()
    masks.add([SECRET])
    shown = masks.hide(f"{SECRET} " * 100_000, 60)
    assert len(shown) < 1000
    assert "S3cr" not in shown
