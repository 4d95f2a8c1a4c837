"""The inputs of a program and the answers of the API, as pydantic models; pure.

Wire names (camelCase) live here alone, as aliases. Limits and required fields are those of Vapi's OpenAPI documents,
today's and the one of 2024; the rules of ``number`` are those of the given document. What the API may fill in by itself
(its defaults) is in `API_DEFAULTS`.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Iterator, Mapping
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
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from .phone import UNCHECKED_PATTERN, judge_e164, suggest_e164


class Unknown:
    """The type of `UNKNOWN`."""

    __slots__ = ()  # without attributes, pydantic does not take it for an empty model when it writes one

    def __repr__(self) -> str:
        return "UNKNOWN"


#: A value that will only be known once another resource exists. Passes every check, at any depth.
UNKNOWN: Final = Unknown()

#: What the API assumes where a field is left out, by wire name; no name has two defaults (OpenAPI ``default``; Vapi's SIP
#: guide for gateways).
API_DEFAULTS: Final[Mapping[str, Any]] = {
    "numberE164CheckEnabled": True,
    "endCallEnabled": True,
    "timeout": 60,
    "dialTimeout": 60,
    "sipVerb": "refer",
    "port": 5060,
    "netmask": 32,
    "inboundEnabled": True,
    "outboundEnabled": True,
    "outboundProtocol": "udp",
    "optionsPingEnabled": False,
    "deletionProtection": False,  # ours, not the API's
}

#: Maps whose keys are the user's own; never renamed, never given defaults, compared as a whole.
OPAQUE_MAPS: Final = frozenset({"headers", "sipHeaders"})

#: Fields that are secret wherever they stand, by wire name: always ciphertext in a state, never in a message.
SECRET_FIELDS: Final = frozenset({"serverUrlSecret", "authPassword"}) | OPAQUE_MAPS

#: Names of the inputs that are ours alone and never sent.
LOCAL_FIELDS: Final = ("deletionProtection",)


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


_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$)({_LABEL}\.)+{_LABEL}\.?")


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


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


class SipTrunkGateway(Block):
    """A machine of the carrier's that calls come from or go to."""

    # The flag stands before the address: a validator sees only the fields above its own.
    inbound_enabled: Bool | None = None
    ip: Text
    port: Known[Annotated[int | float, _within(1, 65535)]] | None = None
    netmask: Known[Annotated[int | float, _within(24, 32)]] | None = None
    outbound_enabled: Bool | None = None
    outbound_protocol: Known[Literal["tls/srtp", "tcp", "tls", "udp"]] | None = None
    options_ping_enabled: Bool | None = None

    @field_validator("ip")
    @classmethod
    def _inbound_needs_an_address(cls, ip: Any, info: ValidationInfo) -> Any:
        # Vapi answers only "SIP gateway creation failed" to a host name here (its guide on trunk errors).
        if not isinstance(ip, str) or _is_ipv4(ip):
            return ip
        if not _HOST_NAME.fullmatch(ip) or re.fullmatch(r"[0-9.]+", ip):
            raise ValueError("must be an IPv4 address such as 203.0.113.10, or, for outbound calls only, a host name")
        if info.data.get("inbound_enabled", UNKNOWN) in (None, True):
            raise ValueError(
                "must be an IPv4 address where inbound calls are enabled, as they are unless said otherwise: use the carrier's "
                "addresses, or set inbound_enabled=False beside it"
            )
        return ip


class SipRegisterPlan(Block):
    """How Vapi registers with the carrier."""

    domain: Text | None = None
    username: Text | None = None
    realm: Text | None = None


class SipTrunkOutboundAuthenticationPlan(Block):
    """How Vapi proves to the carrier who it is."""

    auth_username: Text | None = None
    auth_password: Text | None = None
    sip_register_plan: Known[SipRegisterPlan] | None = None


class ByoSipTrunkCredentialInputs(Block):
    """Everything a program can say about a trunk; the order is that of messages."""

    gateways: Known[Annotated[list[Known[SipTrunkGateway]], Field(min_length=1)]]
    name: Text40 | None = None
    outbound_authentication_plan: Known[SipTrunkOutboundAuthenticationPlan] | None = None
    outbound_leading_plus_enabled: Bool | None = None
    tech_prefix: Known[Annotated[StrictStr, Field(min_length=1, max_length=10000)]] | None = None
    sip_diversion_header: Known[Annotated[StrictStr, Field(min_length=1, max_length=10000)]] | None = None
    deletion_protection: Bool | None = None


def _all_blocks(base: type[Block] = Block) -> Iterator[type[Block]]:
    for block in base.__subclasses__():
        yield block
        yield from _all_blocks(block)


#: Python names to wire names, of every field at every depth.
WIRE_NAMES: Final[Mapping[str, str]] = {
    name: str(field.alias) for block in _all_blocks() for name, field in block.model_fields.items()
}


# ---------------------------------------------------------------------------------------------------------- the API's answers


class Answer(BaseModel):
    """What the API holds; fields we have never heard of are ignored.

    An answer is trusted for its shape only: limits that the API changed must not make a number unreadable.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", hide_input_in_errors=True, defer_build=True
    )

    id: Annotated[StrictStr, Field(min_length=1)]
    org_id: Annotated[StrictStr, Field(min_length=1)]
    created_at: StrictStr
    updated_at: StrictStr
    name: StrictStr | None = None

    def wire(self) -> dict[str, Any]:
        """Return the fields that are set, by their wire names."""
        return self.model_dump(by_alias=True, exclude_none=True)


class PhoneNumber(Answer):
    """A number as the API holds it."""

    credential_id: Annotated[StrictStr, Field(min_length=1)]
    status: StrictStr | None = None
    number_e164_check_enabled: StrictBool | None = None
    number: StrictStr | None = None
    assistant_id: StrictStr | None = None
    squad_id: StrictStr | None = None
    workflow_id: StrictStr | None = None
    server_url: StrictStr | None = None
    server_url_secret: StrictStr | None = None
    server: dict[str, Any] | None = None
    hooks: list[dict[str, Any]] | None = None
    fallback_destination: dict[str, Any] | None = None


class SipTrunkCredential(Answer):
    """A trunk as the API holds it; the password of its authentication is never in it."""

    gateways: list[dict[str, Any]]
    outbound_authentication_plan: dict[str, Any] | None = None
    outbound_leading_plus_enabled: StrictBool | None = None
    tech_prefix: StrictStr | None = None
    sip_diversion_header: StrictStr | None = None


def secrets_in(value: Any) -> Iterator[str]:
    """Find the secrets in inputs, a state or a request, to mask them in what is printed.

    Args:
        value: Any value in wire names.

    Yields:
        Secrets and values of headers; of the latter none that is too short to be a secret, or to be masked in a readable text.
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key in OPAQUE_MAPS and isinstance(part, Mapping):
                yield from (header for header in part.values() if isinstance(header, str) and len(header) >= 4)
            elif key in SECRET_FIELDS and isinstance(part, str):
                yield part
            else:
                yield from secrets_in(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from secrets_in(part)
