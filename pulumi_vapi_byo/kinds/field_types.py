"""Field types shared by the models, and marks for what a type alone cannot say; pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)

from pulumi_vapi_byo.wire import UNKNOWN, to_camel

from .e164 import UNCHECKED_PATTERN, WAY_OUT, judge_e164, suggest_e164, why_impossible, why_malformed


def _let_unknown_pass(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    return value if value is UNKNOWN else handler(value)


@dataclass(frozen=True)
class Mark:
    """Says something about a field that its type does not; read by `make generate`.

    Attributes:
        name: Name of the mark.
    """

    name: str


#: Secret wherever it occurs: always ciphertext in the state, never in a message.
SECRET: Final = Mark("secret")

#: Sent, but never read back.
WRITE_ONLY: Final = Mark("write-only")

#: Exists only in this package: never sent.
LOCAL: Final = Mark("local")

#: Not cleared by an empty value, unlike every other optional text, list or object.
NOT_CLEARABLE: Final = Mark("not clearable")


@dataclass(frozen=True)
class Default:
    """What the API assumes if a field is left out.

    Attributes:
        value: The default in Vapi's OpenAPI documents; for gateways, in its SIP guide.
    """

    value: Any


@dataclass(frozen=True)
class After:
    """The field that this one is shown after, although the model needs the opposite order.

    Attributes:
        name: Name of the other field.
    """

    name: str


T = TypeVar("T")
#: A value, or `UNKNOWN`.
Known = Annotated[T, WrapValidator(_let_unknown_pass)]


def within(low: float, high: float = math.inf) -> BeforeValidator:
    """Return a validator that accepts only numbers in a range, ends included."""
    bounds = f"from {low:g} to {high:g}" if math.isfinite(high) else f"of at least {low:g}"

    def check(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high or value == math.inf:
            raise ValueError(f"must be a number {bounds}")
        # Pulumi's engine has only floats: the user's 3 arrives as 3.0.
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return BeforeValidator(check)


class DiscreetError(ValueError):
    """Describes a problem with a value that must not be shown."""


def _http_url(value: str, instead: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", value)
        _ = parts.port  # raises unless it is a port
    except ValueError:
        good = False
    if good and parts.username is not None:
        raise DiscreetError(f"must not hold a user name or a password, which states and previews show in clear: {instead}")
    if not good:
        raise (DiscreetError if "@" in value else ValueError)("must be a whole URL such as https://example.com/vapi")
    return value


def _whole_url(instead: str) -> AfterValidator:
    return AfterValidator(lambda value: _http_url(value, instead))


_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _one_line(value: str) -> str:
    found = _CONTROLS.search(value)
    if found:
        at = "at its end" if found.end() == len(value) else f"at position {found.start() + 1}"
        raise ValueError(f"must not hold line breaks or other control characters, has {found[0]!r} {at}")
    return value


def _no_number(value: Any, info: ValidationInfo) -> Any:
    # Pulumi's engine has only floats: the user's 3 arrives as 3.0.
    digits = repr(value).removesuffix(".0")
    if not digits.isdecimal():
        return value
    form = digits if info.data.get("number_e164_check_enabled") is False else suggest_e164(digits)
    right = f"write {form!r}" if form else "in quotes, with its plus and country code"
    raise ValueError(f"must be a string: {right}")


ONE_LINE = AfterValidator(_one_line)

Prose = Known[Annotated[StrictStr, Field(min_length=1)]]
Text = Known[Annotated[StrictStr, Field(min_length=1), ONE_LINE]]
SecretText = Annotated[Text, SECRET, WRITE_ONLY]
Bool = Known[StrictBool]
ServerUrl = Known[Annotated[StrictStr, Field(min_length=1), _whole_url("use headers or credential_id of server instead")]]
SoundUrl = Known[Annotated[StrictStr, Field(min_length=1), _whole_url("use an address that needs none")]]
PhoneText = Known[Annotated[StrictStr, Field(min_length=3, max_length=40), BeforeValidator(_no_number)]]
Text40 = Known[Annotated[StrictStr, Field(min_length=1, max_length=40), ONE_LINE]]


class Block(BaseModel):
    """An object on the wire: snake_case here, camelCase there, both accepted; unknown keys are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        hide_input_in_errors=True,
        protected_namespaces=(),
        defer_build=True,  # importing would build each block separately; the first check builds what it needs together
    )


class HasNumber(Block):
    """A block with a phone number."""

    # Above the number, because a validator sees only the fields declared before its own.
    number_e164_check_enabled: Annotated[Bool | None, Default(True), After("number")] = Field(
        None, description="Whether `number` must be in E.164; default True."
    )

    @field_validator("number", check_fields=False)
    @classmethod
    def _number_follows_its_rule(cls, number: Any, info: ValidationInfo) -> Any:
        checked = info.data.get("number_e164_check_enabled", UNKNOWN)
        if not isinstance(number, str) or checked is UNKNOWN:
            return number
        if checked is False:
            if not UNCHECKED_PATTERN.fullmatch(number):
                raise ValueError("must be letters and digits only, with at most one leading plus")
            return number
        verdict = judge_e164(number)
        if verdict == "malformed":
            reason = f"must be in E.164 (a plus, the country code and the number, digits only): {why_malformed(number)}"
            if UNCHECKED_PATTERN.fullmatch(number):
                reason += "; if the trunk dials other forms, set number_e164_check_enabled=False as well"
            raise ValueError(reason)
        if verdict == "impossible" and (info.context or {}).get("number_check") != "e164":
            raise ValueError(
                f"{why_impossible(number)}; check its digits or, if they are right (the phonenumbers library's numbering "
                f"plans may be out of date), set {WAY_OUT}"
            )
        return number
