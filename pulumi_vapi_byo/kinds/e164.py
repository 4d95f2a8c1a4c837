"""Phone numbers in E.164, checked with the `phonenumbers` library; pure functions."""

from __future__ import annotations

import functools
import re
from typing import Any, Final, Literal

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, ValidationResult

#: What the API accepts if the E.164 check is off (given document: "only contain alphanumeric characters").
UNCHECKED_PATTERN = re.compile(r"\+?[a-zA-Z0-9]+")

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")

#: Characters that people and programs write between digits.
_PUNCTUATION = re.compile(r"[\s().\-/]")

#: What a spreadsheet turns a number of twelve digits or more into, with either decimal sign.
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE]\+?[0-9]{1,3}")

Verdict = Literal["valid", "doubtful", "impossible", "malformed"]

#: How to use a number that only the library considers impossible.
WAY_OUT: Final = "vapi-byo:numberCheck e164 (number_check on a Provider)"


@functools.lru_cache(maxsize=4096)  # a check asks twice: for its failures, and for its warnings
def judge_e164(number: str) -> Verdict:
    """Judge a number by its form and by the world's numbering plans.

    Args:
        number: What the user wrote.

    Returns:
        ``valid``: E.164, in a range that is in use; ``doubtful``: E.164 with a possible length, but in no range that the
        installed `phonenumbers` knows (ranges change, so this is no failure); ``impossible``: the form of E.164, but with a
        country code or length that it does not know; ``malformed``: not E.164.
    """
    if not _E164.fullmatch(number):
        return "malformed"
    parsed = _parse(number)
    if parsed is None or _form(parsed) != number:
        return "impossible"
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        return "impossible"  # including numbers that can only be dialled locally
    return "valid" if phonenumbers.is_valid_number(parsed) else "doubtful"


def why_impossible(number: str) -> str:
    """Return what is wrong with a number that `judge_e164` calls impossible.

    Args:
        number: What the user wrote.

    Returns:
        A clause such as ``has 9 digits after +1, 10 are usual``.
    """
    code = next((number[1:end] for end in (2, 3, 4) if _regions(number[1:end])), None)
    if code is None:
        return "does not begin with a country code in use"
    parsed = _parse(number)
    form = _form(parsed) if parsed else number
    if form != number and judge_e164(form) != "impossible":
        return f"has digits after +{code} that are dialled only within the country, probably {form!r}"
    count = len(number) - 1 - len(code)
    plan = _plan(code)
    if count in plan.possible_length:
        return f"is possible in no numbering plan of +{code}"
    area = ": the area code is missing" if count in plan.possible_length_local_only else ""
    usual = _either(sorted(plan.possible_length))
    return f"has {count} {'digit' if count == 1 else 'digits'} after +{code}, {usual} are usual{area}"


def why_malformed(number: str) -> str:
    """Return what is wrong with a number that `judge_e164` calls malformed.

    Args:
        number: What the user wrote.

    Returns:
        A clause with the correct form if that is certain, otherwise with what is missing.
    """
    if _SCIENTIFIC.fullmatch(number.strip()):
        return "a spreadsheet turned it into a number: format the column as text, and enter the number again with its plus"
    form = suggest_e164(number)
    if form:
        return f"probably {form!r}"
    digits = _PUNCTUATION.sub("", number)
    if _E164.fullmatch(digits):
        return f"it {why_impossible(digits)}"
    if not (digits.isascii() and digits.isdecimal()):
        return "such as '+14155552671'"
    if digits.startswith("0") or judge_e164("+" + digits) not in ("valid", "doubtful"):
        return "the country code is missing"
    return "the plus is missing, or the country code as well"


def suggest_e164(number: str) -> str | None:
    """Return the E.164 form of a number that is written differently, if it is certain.

    Args:
        number: What the user wrote, e.g. ``0044 20 7946 0018`` or ``+1 415 555 2671``.

    Returns:
        The correct form, never what was written; None if the country would have to be guessed.
    """
    text = number.strip()
    digits = _PUNCTUATION.sub("", text)
    if not (digits.isascii() and digits.isdecimal()):
        parsed = _parse(text)  # finds nothing without a plus
        form = _form(parsed) if parsed else number
        return form if form != number and judge_e164(form) in ("valid", "doubtful") else None
    # Most of the world dials "00" for "+".
    form = "+" + (digits[2:] if digits.startswith("00") else digits)
    certain = judge_e164(form) == "valid" and (digits.startswith("00") or not _is_national(digits))
    return form if certain else None


def _is_national(digits: str) -> bool:
    """Return whether the digits are also a national number of some country, as written there without its country code."""
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        number = PhoneNumber(code, int(digits))
        for region in regions:
            if region == "001" or not phonenumbers.is_valid_number_for_region(number, region):
                continue
            # Most countries write a leading 0, which leaves no doubt.
            if _PUNCTUATION.sub("", phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)) == digits:
                return True
    return False


def _parse(text: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None


def _form(parsed: PhoneNumber) -> str:
    return str(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))


def _regions(code: str) -> tuple[str, ...]:
    found: tuple[str, ...] = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    return found


def _plan(code: str) -> Any:
    """Return the library's data on all numbers of a country code: their possible lengths."""
    main = _regions(code)[0]
    metadata: Any = (
        PhoneMetadata.metadata_for_nongeo_region(int(code), None)
        if main == "001"  # not a country's
        else PhoneMetadata.metadata_for_region(main, None)
    )
    return metadata.general_desc


def _either(lengths: list[int]) -> str:
    if len(lengths) > 2 and lengths[-1] - lengths[0] == len(lengths) - 1:
        return f"{lengths[0]} to {lengths[-1]}"
    *most, last = map(str, lengths)
    return f"{', '.join(most)} or {last}" if most else last
