"""Field types that the models share, and the marks that say what a type alone does not; pure."""

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
    """Says of a field what its type does not; `make generate` reads it.

    Attributes:
        name: What it says.
    """

    name: str


#: Secret wherever it occurs: always ciphertext in a state, never in a message.
SECRET: Final = Mark("secret")

#: Sent, and never read back.
WRITE_ONLY: Final = Mark("write-only")

#: The package's own: never sent.
LOCAL: Final = Mark("local")

#: An empty value does not clear it, as it does with every other text, list and object that can be left out.
NOT_CLEARABLE: Final = Mark("not clearable")


@dataclass(frozen=True)
class Default:
    """Says what the API assumes where a field is left out.

    Attributes:
        value: The default of Vapi's OpenAPI documents, or of its SIP guide for gateways.
    """

    value: Any


@dataclass(frozen=True)
class After:
    """Says behind which field one is shown, where the model needs them the other way round.

    Attributes:
        name: Name of that field.
    """

    name: str


T = TypeVar("T")
#: A value, or `UNKNOWN`.
Known = Annotated[T, WrapValidator(_let_unknown_pass)]


def within(low: float, high: float = math.inf) -> BeforeValidator:
    """Let only numbers in a range pass."""
    bounds = f"from {low:g} to {high:g}" if math.isfinite(high) else f"of at least {low:g}"

    def check(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high or value == math.inf:
            raise ValueError(f"must be a number {bounds}")
        # Pulumi's engine has only floats: 3.0 is what the user wrote as 3.
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return BeforeValidator(check)


class DiscreetError(ValueError):
    """Says what is wrong with a value that must not be shown."""


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
    # Pulumi's engine has only floats: 3.0 is what the user wrote as 3.
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
        defer_build=True,  # at import every block would be built on its own; the first check builds what it needs at once
    )


class HasNumber(Block):
    """A block with a phone number."""

    # Above the number, because a validator sees only the fields above its own.
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
                reason += "; where the trunk dials other forms, set number_e164_check_enabled=False beside it"
            raise ValueError(reason)
        if verdict == "impossible" and (info.context or {}).get("number_check") != "e164":
            raise ValueError(
                f"{why_impossible(number)}; check its digits or, where they are right (the numbering plans that the "
                f"phonenumbers library knows may be old), set {WAY_OUT}"
            )
        return number
