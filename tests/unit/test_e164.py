from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulumi_vapi_byo.kinds.e164 import UNCHECKED_PATTERN, judge_e164, suggest_e164, why_impossible, why_malformed

SPREADSHEET = "a spreadsheet turned it into a number: format the column as text, and enter the number again with its plus"


@pytest.mark.parametrize(
    "number",
    [
        "+14155552671",
        "+442079460018",
        "+33142685300",
        "+390669812345",  # Italy keeps the zero before the area code
        "+4930901820",
        "+80012345678",  # international freephone, in no country
    ],
)
def test_a_number_in_a_range_in_use_is_valid(number: str) -> None:
    assert judge_e164(number) == "valid"


@pytest.mark.parametrize(
    "number",
    [
        "+12120000000",
        "+14150000000",
    ],
)
def test_a_number_of_possible_length_in_no_known_range_is_doubtful(number: str) -> None:
    assert judge_e164(number) == "doubtful"


@pytest.mark.parametrize(
    "number",
    [
        "",
        "+",
        "+1",
        "14155552671",  # no plus
        "+0014155552671",  # no country code begins with 0
        "+001234567890",
        "+1 415 555 2671",
        "+1-415-555-2671",
        "+1415555267a",
        "+14155552671 ",
        "+14155552671\n",
        "\uff0b14155552671",  # a full-width plus
        "+\u0661\u0664\u0661\u0665\u0665\u0665\u0662\u0666\u0667\u0661",  # Arabic digits
        "+1234567890123456",  # more than 15 digits
        "++14155552671",
        "4155552671;ext=5",
        "sip:+14155552671@example.com",
    ],
)
def test_a_text_not_in_e164_form_is_malformed(number: str) -> None:
    assert judge_e164(number) == "malformed"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("+1415555267", "has 9 digits after +1, 10 are usual"),
        ("+141555526711", "has 11 digits after +1, 10 are usual"),
        ("+12", "has 1 digit after +1, 10 are usual"),
        ("+15552671", "has 7 digits after +1, 10 are usual: the area code is missing"),
        ("+79123456789012", "has 13 digits after +7, 10 or 14 are usual"),
        ("+4912", "has 2 digits after +49, 4 to 15 are usual: the area code is missing"),
        ("+80012345", "has 5 digits after +800, 8 are usual"),  # international freephone, in no country
        ("+9991234567", "does not begin with a country code in use"),
        ("+4402079460018", "has digits after +44 that are dialled only within the country, probably '+442079460018'"),
    ],
)
def test_the_reason_says_why_a_number_is_impossible(number: str, why: str) -> None:
    assert judge_e164(number) == "impossible"
    assert why_impossible(number) == why


def test_the_plans_in_force_are_known() -> None:
    # Benin since November 2024, Gambia since 2026: the lowest allowed version must know both.
    assert [judge_e164(number) for number in ("+2290190123456", "+220301234567")] == ["valid", "doubtful"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("+1 415 555 2671", "+14155552671"),
        ("1-415-555-2671", "+14155552671"),
        ("14155552671", "+14155552671"),
        ("  +14155552671 ", "+14155552671"),
        ("tel:+1-415-555-2671", "+14155552671"),
        ("+1 (415) 555-2671 ext. 5", "+14155552671"),
        ("0044 20 7946 0018", "+442079460018"),
        ("+44 (0)20 7946 0018", "+442079460018"),
        ("442079460018", "+442079460018"),
        ("+49 30 901820", "+4930901820"),
        ("+39 06 6981 2345", "+390669812345"),
    ],
)
def test_the_form_that_is_certain_is_suggested(written: str, meant: str) -> None:
    assert suggest_e164(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        *("", "abc", "+", "911", "1234", "+999 123", "sip:desk@example.com", "1" * 400),
        "020 7946 0018",  # national forms of the United Kingdom, France, the United States,
        "0612345678",
        "4155552671",
        "(415) 555-2671",
        "15012345678",  # China, although +1 501 ... is a number in the United States,
        "84912345678",  # and Brazil, although +84 9 ... is a number in Vietnam
    ],
)
def test_nothing_is_suggested_if_the_country_would_be_a_guess(written: str) -> None:
    assert suggest_e164(written) is None


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("+1 415 555 2671", "probably '+14155552671'"),
        ("4.42079E+11", SPREADSHEET),
        ("4,42079E+11", SPREADSHEET),
        ("1.41556e11", SPREADSHEET),
        ("0612345678", "the country code is missing"),
        ("4155552671", "the country code is missing"),
        ("15012345678", "the plus is missing, or the country code as well"),
        ("abc", "such as '+14155552671'"),
        ("+1 415 555", "it has 6 digits after +1, 10 are usual"),
    ],
)
def test_the_reason_says_what_a_malformed_number_lacks(written: str, why: str) -> None:
    assert judge_e164(written) == "malformed"
    assert why_malformed(written) == why


_numberish = st.text("+0123456789 ()-./ext;=", max_size=24) | st.from_regex(r"\+?[0-9]{1,20}", fullmatch=True)


@given(st.text() | _numberish)
@example("+" + "9" * 5000)
@example("\ud800")
def test_judging_never_fails(text: str) -> None:
    assert judge_e164(text) in ("valid", "doubtful", "impossible", "malformed")


@given(st.text() | _numberish)
@example("+49 123456789012345")  # German numbers may be longer than E.164 allows
@example("+49 1234567890123456")
def test_the_check_accepts_a_suggestion_but_not_the_original(text: str) -> None:
    form = suggest_e164(text)
    assert form is None or (judge_e164(form) in ("valid", "doubtful") and form != text)


@given(st.text() | _numberish)
@example("+4402079460018")
def test_the_check_accepts_every_number_that_a_reason_names(text: str) -> None:
    why = {"impossible": why_impossible, "malformed": why_malformed}.get(judge_e164(text), lambda _: "")(text)
    for form in re.findall(r"'(.*)'", why):
        assert judge_e164(form) in ("valid", "doubtful")


@pytest.mark.parametrize("number", ["+001234567890", "1234", "abc", "15551234567", "A1"])
def test_the_examples_in_vapi_s_documents_pass_without_the_check(number: str) -> None:
    assert UNCHECKED_PATTERN.fullmatch(number)


@pytest.mark.parametrize("number", ["", "+", "++1", "1+", "12 34", "12-34", "a_b", "\u00e4bc", "12\n"])
def test_the_pattern_in_vapi_s_documents_refuses_the_rest_without_the_check(number: str) -> None:
    assert not UNCHECKED_PATTERN.fullmatch(number)
