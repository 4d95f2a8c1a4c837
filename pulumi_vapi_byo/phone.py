"""Phone numbers in E.164, judged by the `phonenumbers` library; pure functions."""

from __future__ import annotations

import functools
import re
from typing import Literal

import phonenumbers

#: What the API accepts with the E.164 check off (given document: "only contain alphanumeric characters").
UNCHECKED_PATTERN = re.compile(r"\+?[a-zA-Z0-9]+")

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")

Verdict = Literal["valid", "doubtful", "impossible"]


@functools.lru_cache(maxsize=4096)  # a check asks twice: for its failures, and for its warnings
def judge_e164(number: str) -> Verdict:
    """Judge a number by form and by the world's numbering plans.

    Args:
        number: What the user wrote.

    Returns:
        ``valid``: E.164 in a range that is in use; ``doubtful``: E.164 with a possible length, but in no range that the
        metadata of the installed `phonenumbers` knows (ranges age, so this is no failure); ``impossible``: not E.164, or
        no country has numbers of that code and length.
    """
    if not _E164.fullmatch(number):
        return "impossible"
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return "impossible"
    if phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) != number:
        return "impossible"
    if not phonenumbers.is_possible_number(parsed):
        return "impossible"
    return "valid" if phonenumbers.is_valid_number(parsed) else "doubtful"


def suggest_e164(number: str) -> str | None:
    """Guess the E.164 form of a number that isn't in it.

    Args:
        number: What the user wrote, e.g. ``(415) 555-2671``, ``0044 20 7946 0018`` or ``+1 415 555 2671``.

    Returns:
        The form it probably should have, or None when no form is likely enough to be worth saying.
    """
    text = number.strip()
    # "00" is how most of the world dials "+"; a plus may just have been forgotten; ten digits are most often American.
    guesses = [text]
    digits = re.sub(r"[^0-9]", "", text)
    if text.startswith("00"):
        guesses.append("+" + digits[2:])
    elif not text.startswith("+"):
        guesses += ["+1" + digits, "+" + digits] if len(digits) == 10 else ["+" + digits]
    candidates = []
    for guess in guesses:
        try:
            candidates.append(phonenumbers.parse(guess, None))
        except phonenumbers.NumberParseException:
            continue
    for likely in (phonenumbers.is_valid_number, phonenumbers.is_possible_number):
        for candidate in candidates:
            form = phonenumbers.format_number(candidate, phonenumbers.PhoneNumberFormat.E164)
            # Some countries' numbers may be longer than E.164 allows.
            if likely(candidate) and form != number and judge_e164(form) != "impossible":
                return str(form)
    return None
