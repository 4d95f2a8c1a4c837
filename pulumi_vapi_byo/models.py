"""The inputs of a number and the answers of the API, as pydantic models; to and from the wire; pure.

Wire names (camelCase) live here alone, as aliases. Limits and required fields are those of Vapi's OpenAPI documents,
today's and the one of 2024; the rules of ``number`` are those of the given document. What the API may fill in by itself
(its defaults) is in `API_DEFAULTS`.
"""

from __future__ import annotations

import difflib
import json
import math
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictStr,
    Tag,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel, to_snake

from .errors import shorten
from .phone import UNCHECKED_PATTERN, judge_e164, suggest_e164

PROVIDER: Final = "byo-phone-number"


class Unknown:
    """The type of `UNKNOWN`."""

    __slots__ = ()  # without attributes, pydantic does not take it for an empty model when it writes one

    def __repr__(self) -> str:
        return "UNKNOWN"


#: A value that will only be known once another resource exists. Passes every check, at any depth.
UNKNOWN: Final = Unknown()

#: What the API assumes where a field is left out (OpenAPI ``default``; Vapi's guides for ``timeoutSeconds``).
API_DEFAULTS: Final[Mapping[str, Any]] = {
    "numberE164CheckEnabled": True,
    "endCallEnabled": True,
    "timeout": 60,
    "dialTimeout": 60,
    "sipVerb": "refer",
    "deletionProtection": False,  # ours, not the API's
}

#: Maps whose keys are the user's own; never renamed, never given defaults, compared as a whole.
OPAQUE_MAPS: Final = frozenset({"headers", "sipHeaders"})

#: Inputs whose value must never be printed: secrets, and what may hold secrets (header values) at some depth.
SECRET_INPUTS: Final = frozenset({"serverUrlSecret", "server", "fallbackDestination", "hooks"})


# ---------------------------------------------------------------------------------------------------------- building blocks


def _let_unknown_pass(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    return value if value is UNKNOWN else handler(value)


T = TypeVar("T")
Known = Annotated[T, WrapValidator(_let_unknown_pass)]


def _within(low: float, high: float = math.inf) -> BeforeValidator:
    bounds = f"from {low:g} to {high:g}" if math.isfinite(high) else f"of at least {low:g}"

    def check(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high or value == math.inf:
            raise ValueError(f"must be a number {bounds}")
        # Pulumi's engine has only floats: 3.0 is what the user wrote as 3.
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return BeforeValidator(check)


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", value)
    except ValueError:
        good = False
    if not good:
        raise ValueError("must be a whole URL such as https://example.com/vapi")
    return value


def _sip_uri(value: str) -> str:
    if "{{" not in value and not re.fullmatch(r"sips?:\S+", value, re.IGNORECASE):
        raise ValueError("must be a SIP URI such as sip:desk@example.com")
    return value


_AfterUrl = WrapValidator(lambda value, handler: _http_url(handler(value)))
_AfterSip = WrapValidator(lambda value, handler: _sip_uri(handler(value)))

Text = Known[Annotated[StrictStr, Field(min_length=1)]]
Bool = Known[StrictBool]
Url = Known[Annotated[StrictStr, Field(min_length=1), _AfterUrl]]
SipUri = Known[Annotated[StrictStr, Field(min_length=1), _AfterSip]]
PhoneText = Known[Annotated[StrictStr, Field(min_length=3, max_length=40)]]
Text40 = Known[Annotated[StrictStr, Field(min_length=1, max_length=40)]]
Strings = Known[list[Known[StrictStr]]]
StringMap = Known[dict[str, Known[StrictStr]]]


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


class _HasNumber(Block):
    # The flag stands before the number: a validator sees only the fields above its own.
    number_e164_check_enabled: Bool | None = None

    @field_validator("number", check_fields=False)
    @classmethod
    def _number_follows_its_rule(cls, number: Any, info: ValidationInfo) -> Any:
        checked = info.data.get("number_e164_check_enabled", UNKNOWN)
        if not isinstance(number, str) or checked is UNKNOWN:
            return number
        if checked is False:
            if not UNCHECKED_PATTERN.fullmatch(number):
                raise ValueError("must be letters and digits only, with at most one leading plus")
        elif judge_e164(number) == "impossible":
            form = suggest_e164(number)
            hint = f"probably {form!r}" if form else "such as '+14155552671'"
            raise ValueError(
                "must be in E.164 (a plus, the country code and the number, digits only), "
                f"{hint}; where the trunk dials other forms, set number_e164_check_enabled=False beside it"
            )
        return number


class TextContent(Block):
    """One language's text of a custom message."""

    type: Known[Literal["text"]] = "text"
    text: Known[StrictStr]
    language: Text


class CustomMessage(Block):
    """A message spoken to the caller, in one or several languages."""

    type: Known[Literal["custom-message"]] = "custom-message"
    contents: Known[list[Known[TextContent]]] | None = None
    content: Known[Annotated[StrictStr, Field(max_length=1000)]] | None = None


Message = Known[
    Annotated[
        Annotated[StrictStr, Tag("<text>")] | Annotated[CustomMessage, Tag("<custom>")],
        Discriminator(
            lambda value: "<text>" if isinstance(value, str) else "<custom>" if isinstance(value, Mapping) else None,
            custom_error_type="message_type",
            custom_error_message="must be a string or a custom message (an object)",
        ),
    ]
]


class SummaryPlan(Block):
    """How a call is summarised for the operator."""

    messages: Known[list[Known[dict[str, Any]]]] | None = None
    enabled: Bool | None = None
    timeout_seconds: Known[Annotated[int | float, _within(1, 60)]] | None = None


class TransferFallbackPlan(Block):
    """What happens when a warm transfer finds nobody."""

    message: Message
    end_call_enabled: Bool | None = None


class ContextEngineeringPlan(Block):
    """Which part of the conversation is handed on."""

    type: Known[Literal["all", "none", "lastNMessages"]]
    max_messages: Known[Annotated[int | float, _within(0)]] | None = None

    @model_validator(mode="after")
    def _last_n_needs_n(self) -> ContextEngineeringPlan:
        if self.type == "lastNMessages" and self.max_messages is None:
            raise ValueError("needs maxMessages where type is 'lastNMessages'")
        return self


class TransferPlan(Block):
    """How a call is transferred."""

    mode: Known[
        Literal[
            "blind-transfer",
            "blind-transfer-add-summary-to-sip-header",
            "warm-transfer-say-message",
            "warm-transfer-say-summary",
            "warm-transfer-twiml",
            "warm-transfer-wait-for-operator-to-speak-first-and-then-say-message",
            "warm-transfer-wait-for-operator-to-speak-first-and-then-say-summary",
            "warm-transfer-experimental",
        ]
    ]
    message: Message | None = None
    timeout: Known[Annotated[int | float, _within(1, 600)]] | None = None
    sip_verb: Known[Literal["refer", "bye", "dial"]] | None = None
    dial_timeout: Known[Annotated[int | float, _within(1, 600)]] | None = None
    hold_audio_url: Url | None = None
    transfer_complete_audio_url: Url | None = None
    context_engineering_plan: Known[ContextEngineeringPlan] | None = None
    twiml: Known[Annotated[StrictStr, Field(max_length=4096)]] | None = None
    summary_plan: Known[SummaryPlan] | None = None
    sip_headers_in_refer_to_enabled: Bool | None = None
    fallback_plan: Known[TransferFallbackPlan] | None = None


class TransferDestinationNumber(_HasNumber):
    """Somewhere to transfer a call: a phone number."""

    type: Known[Literal["number"]] = "number"
    number: PhoneText
    extension: Known[Annotated[StrictStr, Field(min_length=1, max_length=10)]] | None = None
    caller_id: Text40 | None = None
    message: Message | None = None
    transfer_plan: Known[TransferPlan] | None = None
    description: Text | None = None


class TransferDestinationSip(Block):
    """Somewhere to transfer a call: a SIP address."""

    type: Known[Literal["sip"]] = "sip"
    sip_uri: SipUri
    caller_id: Text40 | None = None
    sip_headers: StringMap | None = None
    message: Message | None = None
    transfer_plan: Known[TransferPlan] | None = None
    description: Text | None = None


def _destination_tag(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return None
    kind = value.get("type", UNKNOWN)
    if kind is UNKNOWN or kind is None:  # left out, or not known yet: the other keys tell
        return "<sip>" if "sipUri" in value or "sip_uri" in value else "<number>"
    return f"<{kind}>" if kind in ("number", "sip") else None


Destination = Known[
    Annotated[
        Annotated[TransferDestinationNumber, Tag("<number>")] | Annotated[TransferDestinationSip, Tag("<sip>")],
        Discriminator(
            _destination_tag,
            custom_error_type="destination_type",
            custom_error_message="must be an object with type 'number' (and number) or 'sip' (and sipUri)",
        ),
    ]
]


class BackoffPlan(Block):
    """How Vapi itself retries a request to the user's server."""

    type: Known[Literal["fixed", "exponential"]]
    max_retries: Known[Annotated[int | float, _within(0, 10)]]
    base_delay_seconds: Known[Annotated[int | float, _within(0, 10)]]
    excluded_status_codes: Known[list[Known[Annotated[int | float, _within(100, 599)]]]] | None = None


class Server(Block):
    """Where Vapi sends the messages of a call, and how."""

    url: Url | None = None
    timeout_seconds: Known[Annotated[int | float, _within(1, 300)]] | None = None
    headers: StringMap | None = None
    credential_id: Text | None = None
    backoff_plan: Known[BackoffPlan] | None = None
    static_ip_addresses_enabled: Bool | None = None
    encrypted_paths: Strings | None = None


class SayHookAction(Block):
    """A hook's action: say a sentence."""

    type: Known[Literal["say"]] = "say"
    exact: Known[Annotated[StrictStr, Field(max_length=4000)]]


class TransferHookAction(Block):
    """A hook's action: transfer the call."""

    type: Known[Literal["transfer"]] = "transfer"
    destination: Destination | None = None


def _action_tag(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return None
    kind = value.get("type", UNKNOWN)
    if kind is UNKNOWN or kind is None:
        return "<say>" if "exact" in value else "<transfer>"
    return f"<{kind}>" if kind in ("say", "transfer") else None


HookAction = Known[
    Annotated[
        Annotated[SayHookAction, Tag("<say>")] | Annotated[TransferHookAction, Tag("<transfer>")],
        Discriminator(
            _action_tag,
            custom_error_type="action_type",
            custom_error_message="must be an object with type 'say' (and exact) or 'transfer' (and destination)",
        ),
    ]
]


class RingingFilter(Block):
    """Which callers a ringing hook is for."""

    type: Known[Literal["startsWith"]] = "startsWith"
    key: Known[Literal["number"]] = "number"
    starts_with: Known[Annotated[list[Known[Annotated[StrictStr, Field(max_length=20)]]], Field(max_length=20)]]


class EndingFilter(Block):
    """Which failures an ending hook is for."""

    type: Known[Literal["oneOf"]] = "oneOf"
    key: Known[Literal["call.endedReason"]] = "call.endedReason"
    one_of: Known[
        list[
            Known[
                Literal[
                    "assistant-request-failed",
                    "assistant-request-returned-error",
                    "assistant-request-returned-unspeakable-error",
                    "assistant-request-returned-invalid-assistant",
                    "assistant-request-returned-no-assistant",
                    "assistant-request-returned-forwarding-phone-number",
                ]
            ]
        ]
    ]


class RingingHook(Block):
    """What happens before a call is answered."""

    on: Known[Literal["call.ringing"]]
    do: Known[list[HookAction]]
    filters: Known[list[Known[RingingFilter]]] | None = None


class EndingHook(Block):
    """What happens when a call could not be given to an assistant."""

    on: Known[Literal["call.ending"]]
    do: HookAction | None = None
    filters: Known[list[Known[EndingFilter]]] | None = None


def _hook_tag(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return None
    event = value.get("on", UNKNOWN)
    if event is UNKNOWN:  # do is a list for one kind and an object for the other
        return "<ending>" if isinstance(value.get("do"), Mapping) else "<ringing>"
    return {"call.ringing": "<ringing>", "call.ending": "<ending>"}.get(event) if isinstance(event, str) else None


Hook = Known[
    Annotated[
        Annotated[RingingHook, Tag("<ringing>")] | Annotated[EndingHook, Tag("<ending>")],
        Discriminator(
            _hook_tag,
            custom_error_type="hook_event",
            custom_error_message="must be an object with on 'call.ringing' or 'call.ending'",
        ),
    ]
]


class ByoPhoneNumberInputs(_HasNumber):
    """Everything a program can say about a number; the order is that of messages."""

    credential_id: Text
    number: PhoneText | None = None
    name: Text40 | None = None
    assistant_id: Text | None = None
    squad_id: Text | None = None
    workflow_id: Text | None = None
    server_url: Url | None = None
    server_url_secret: Text | None = None
    server: Known[Server] | None = None
    hooks: Known[list[Hook]] | None = None
    fallback_destination: Destination | None = None
    deletion_protection: Bool | None = None


#: Names of the inputs that are ours alone and never sent.
LOCAL_FIELDS: Final = ("deletionProtection",)

#: Wire names of the inputs that the API knows.
INPUT_FIELDS: Final = tuple(
    str(field.alias) for field in ByoPhoneNumberInputs.model_fields.values() if field.alias not in LOCAL_FIELDS
)


def _all_blocks(base: type[Block] = Block) -> Iterator[type[Block]]:
    for block in base.__subclasses__():
        yield block
        yield from _all_blocks(block)


#: Python names to wire names, of every field at every depth.
WIRE_NAMES: Final[Mapping[str, str]] = {
    name: str(field.alias) for block in _all_blocks() for name, field in block.model_fields.items()
}


# ---------------------------------------------------------------------------------------------------------- checking inputs


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the inputs.

    Attributes:
        path: Where, in wire names and list indexes, e.g. ``("server", "timeoutSeconds")``.
        reason: What is wrong and what would be right, without the value.
        value: The value as a text for a message, empty where it is secret, missing or long.
    """

    path: tuple[str | int, ...]
    reason: str
    value: str = ""


@dataclass(frozen=True)
class Checked:
    """What came of checking inputs.

    Attributes:
        inputs: The inputs on the wire's form: camelCase at every depth, no nulls, whole numbers whole. Only meaningful where
            there are no problems.
        problems: All failures.
        warnings: Whole sentences about what is legal and probably not meant.
    """

    inputs: dict[str, Any]
    problems: list[Problem]
    warnings: list[str]


def check_inputs(raw: Mapping[str, Any]) -> Checked:
    """Validate and normalise the inputs of a number.

    Args:
        raw: Inputs with keys in snake_case or camelCase; `UNKNOWN` stands for values not known yet, at any depth.

    Returns:
        The normalised inputs, every problem and every warning.
    """
    problems: list[Problem] = []
    inputs: dict[str, Any] = {}
    try:
        # A copy in which unset is absent: an explicit null means the same.
        model = ByoPhoneNumberInputs.model_validate(_without_nulls(raw))
        inputs = _dump(model)
    except ValidationError as error:
        problems = [_problem(details) for details in error.errors(include_url=False)]
    problems += _excluding_pairs(raw)
    return Checked(inputs, problems, [] if problems else list(_warnings(inputs)))


def _dump(value: Any) -> Any:
    # Not model_dump: a serializer wants the types it was built for, and knows nothing of UNKNOWN.
    if isinstance(value, Block):
        fields = type(value).model_fields.items()
        return {str(field.alias): _dump(part) for name, field in fields if (part := getattr(value, name)) is not None}
    return [_dump(part) for part in value] if isinstance(value, list) else value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_nulls(item) for item in value]
    return value


def _given(raw: Mapping[str, Any], wire: str) -> bool:
    # What is not known yet may turn out to be null, which is as good as left out.
    return any(raw.get(key) not in (None, UNKNOWN) for key in (wire, to_snake(wire)))


def _excluding_pairs(raw: Mapping[str, Any]) -> Iterator[Problem]:
    if not _given(raw, "server"):
        return
    for wire, instead in (
        ("serverUrl", "put the address into server as url"),
        (
            "serverUrlSecret",
            "put the secret into server as headers={'x-vapi-secret': ...} or use server's credential_id",
        ),
    ):
        if _given(raw, wire):
            yield Problem((wire,), f"{wire} and server exclude each other: {instead}, or leave server out")


def _problem(details: Any) -> Problem:
    # Tags of unions are written <so>, and are no part of the user's data.
    path = tuple(part for part in details["loc"] if not (isinstance(part, str) and part.startswith("<")))
    if path and to_camel(str(path[0])) in INPUT_FIELDS + LOCAL_FIELDS:
        path = (to_camel(str(path[0])), *path[1:])
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    shown = "" if _is_secret(path) or isinstance(value, (Mapping, list)) else shorten(repr(value), 80)
    if kind == "missing":
        return Problem(path, "is required" if len(path) > 1 else f"is required: set {to_snake(str(path[-1]))}")
    if kind == "extra_forbidden" and len(path) == 1 and path[0] in INPUT_FIELDS:
        return Problem(path, f"is given twice, also as {to_snake(str(path[0]))}: leave one out")
    if kind == "extra_forbidden":
        return Problem(path, f"is no property of {_where(path[:-1])}{_did_you_mean(path)}")
    if kind == "value_error":
        reason = str(context["error"])
    elif kind == "string_too_long":
        reason = f"must have at most {context['max_length']} characters, has {len(value)}"
    elif kind == "string_too_short":
        least = context["min_length"]
        reason = f"must have at least {least} characters, has {len(value)}" if value else "must not be empty: leave it out"
    elif kind == "too_long":
        reason = f"must have at most {context['max_length']} items, has {context['actual_length']}"
    else:
        reason = _TYPE_REASONS.get(kind) or _plain(details["msg"])
    return Problem(path, reason, shown)


_TYPE_REASONS: Final[Mapping[str, str]] = {
    "string_type": "must be a string",
    "bool_type": "must be True or False",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}


def _plain(message: str) -> str:
    message = message.replace("Input should be", "must be")
    return message[:1].lower() + message[1:]


def _is_secret(path: Sequence[str | int]) -> bool:
    # A whole input of SECRET_INPUTS that is no object may be the secret itself.
    return any(part in OPAQUE_MAPS or part == "serverUrlSecret" for part in path) or (
        len(path) == 1 and path[0] in SECRET_INPUTS
    )


def _where(path: Sequence[str | int]) -> str:
    return show_path(path) if path else "a BYO phone number"


def _did_you_mean(path: Sequence[str | int]) -> str:
    name = to_snake(str(path[-1]))
    known = ByoPhoneNumberInputs.model_fields if len(path) == 1 else [other for other in WIRE_NAMES if other != name]
    close = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {close[0]}?" if close else ""


def show_path(path: Sequence[str | int]) -> str:
    """Write a path as Pulumi does: ``hooks[0].do[1].destination.number``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _warnings(inputs: Mapping[str, Any]) -> Iterator[str]:
    for where, block in (("number", inputs), ("fallback_destination.number", inputs.get("fallbackDestination"))):
        if not isinstance(block, Mapping) or block.get("numberE164CheckEnabled") not in (None, True):
            continue
        number = block.get("number")
        if isinstance(number, str) and judge_e164(number) == "doubtful":
            yield (
                f"{where} {number!r} has a possible length but is in no range known to be in use; "
                "check its digits (new ranges may be missing from the phonenumbers library)"
            )
    for wire in ("credentialId", "assistantId", "squadId", "workflowId"):
        value = inputs.get(wire)
        if isinstance(value, str) and not _is_uuid(value):
            yield f"{to_snake(wire)} {shorten(repr(value), 80)} is not a UUID, which Vapi's ids are; Vapi may refuse it"
    if "assistantId" in inputs and "squadId" in inputs:
        yield "assistant_id and squad_id are both set; Vapi expects one or the other"
    if not any(
        inputs.get(field)
        for field in ("assistantId", "squadId", "workflowId", "serverUrl", "server", "fallbackDestination", "hooks")
    ):
        yield (
            "nothing will answer calls to this number unless the organisation has a server URL: set assistant_id, squad_id, "
            "workflow_id, server or fallback_destination"
        )


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


# ---------------------------------------------------------------------------------------------------------- the API's answers


class PhoneNumber(BaseModel):
    """A number as the API holds it; fields we have never heard of are ignored.

    The answer is trusted for its shape only: limits that the API changed must not make a number unreadable.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", hide_input_in_errors=True, defer_build=True
    )

    provider: Literal["byo-phone-number"]
    id: Annotated[StrictStr, Field(min_length=1)]
    org_id: Annotated[StrictStr, Field(min_length=1)]
    created_at: StrictStr
    updated_at: StrictStr
    credential_id: Annotated[StrictStr, Field(min_length=1)]
    status: StrictStr | None = None
    number_e164_check_enabled: StrictBool | None = None
    number: StrictStr | None = None
    name: StrictStr | None = None
    assistant_id: StrictStr | None = None
    squad_id: StrictStr | None = None
    workflow_id: StrictStr | None = None
    server_url: StrictStr | None = None
    server_url_secret: StrictStr | None = None
    server: dict[str, Any] | None = None
    hooks: list[dict[str, Any]] | None = None
    fallback_destination: dict[str, Any] | None = None

    def wire(self) -> dict[str, Any]:
        """Return the fields that are set, by their wire names."""
        return self.model_dump(by_alias=True, exclude_none=True)


def parse_phone_number(body: Any) -> PhoneNumber:
    """Read a number from the body of an answer.

    Args:
        body: Parsed JSON.

    Returns:
        The number.

    Raises:
        ValueError: The body is no BYO phone number; the message says why, without repeating values.
    """
    if not isinstance(body, Mapping):
        raise ValueError("is not an object")
    provider = body.get("provider")
    if not isinstance(provider, str):
        raise ValueError("has no usable provider")
    if provider != PROVIDER:
        raise ValueError(f"is a number of provider {shorten(provider, 60)!r}, not {PROVIDER!r}")
    try:
        return PhoneNumber.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(f"has no usable {show_path(first['loc'])} ({_plain(first['msg'])})") from None


def show_value(value: Any, key: str = "") -> str:
    """Write a value for a message: compact, short, secrets masked.

    Args:
        value: Any value of an input or an answer.
        key: The wire name it stands under.

    Returns:
        At most 80 characters; ``unset`` for None.
    """
    return "unset" if value is None else shorten(json.dumps(_masked(value, key), ensure_ascii=False), 80)


def _masked(value: Any, key: str) -> Any:
    if key in OPAQUE_MAPS or key == "serverUrlSecret":
        return "[secret]"
    if isinstance(value, Mapping):
        return {part: _masked(item, part) for part, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(item, "") for item in value]
    return value
