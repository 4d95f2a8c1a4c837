from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulumi_vapi_byo.phone import UNCHECKED_PATTERN, judge_e164, suggest_e164


@pytest.mark.parametrize(
    "number",
    [
        "+14155552671",
        "+442079460018",
        "+33142685300",
        "+390669812345",  # Italy keeps the zero before the area code
        "+4930901820",
        "+80012345678",  # international freephone, of no country
    ],
)
def test_a_number_in_a_range_in_use_is_valid(number: str) -> None:
    assert judge_e164(number) == "valid"


@pytest.mark.parametrize(
    "number",
    [
        "+12120000000",
        "+14150000000",
        "+15552671",  # as dialled within an area, which phonenumbers holds possible
    ],
)
def test_a_number_of_a_possible_length_in_no_known_range_is_doubtful(number: str) -> None:
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
        "+1415555267",  # a digit short
        "+141555526711",  # a digit long
        "+9991234567",  # no country
        "+1234567890123456",  # more than 15 digits
        "++14155552671",
        "4155552671;ext=5",
        "sip:+14155552671@example.com",
    ],
)
def test_what_is_not_e164_is_impossible(number: str) -> None:
    assert judge_e164(number) == "impossible"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("+1 415 555 2671", "+14155552671"),
        ("(415) 555-2671", "+14155552671"),
        ("4155552671", "+14155552671"),
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
def test_the_likely_form_is_suggested(written: str, meant: str) -> None:
    assert suggest_e164(written) == meant


@pytest.mark.parametrize(
    "written", ["", "abc", "+", "911", "1234", "020 7946 0018", "+999 123", "sip:desk@example.com", "1" * 400]
)
def test_nothing_is_suggested_where_nothing_is_likely(written: str) -> None:
    assert suggest_e164(written) is None


_numberish = st.text("+0123456789 ()-./ext;=", max_size=24) | st.from_regex(r"\+?[0-9]{1,20}", fullmatch=True)


@given(st.text() | _numberish)
@example("+" + "9" * 5000)
@example("\ud800")
def test_judging_never_fails(text: str) -> None:
    assert judge_e164(text) in ("valid", "doubtful", "impossible")


@given(st.text() | _numberish)
@example("+49 123456789012345")  # German numbers may be longer than E.164 allows
@example("+49 1234567890123456")
def test_a_suggestion_is_itself_possible_and_not_what_was_written(text: str) -> None:
    form = suggest_e164(text)
    assert form is None or (judge_e164(form) != "impossible" and form != text)


@pytest.mark.parametrize("number", ["+001234567890", "1234", "abc", "15551234567", "A1"])
def test_the_documents_examples_pass_without_the_check(number: str) -> None:
    assert UNCHECKED_PATTERN.fullmatch(number)


@pytest.mark.parametrize("number", ["", "+", "++1", "1+", "12 34", "12-34", "a_b", "\u00e4bc", "12\n"])
def test_the_document_s_pattern_refuses_the_rest_without_the_check(number: str) -> None:
    assert not UNCHECKED_PATTERN.fullmatch(number)
