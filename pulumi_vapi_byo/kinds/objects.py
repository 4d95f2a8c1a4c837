"""The objects inside the inputs: server, hooks, destinations, gateways; as pydantic models, pure.

Most numbers have none of them, so `models` imports this module when it first meets one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    StrictStr,
    Tag,
    ValidationInfo,
    WrapValidator,
    field_validator,
    model_validator,
)

from pulumi_vapi_byo.wire import API_DEFAULTS, UNKNOWN, BackoffType, OutboundProtocol, SipVerb, TransferMode, to_camel

from .field_types import (
    ONE_LINE,
    Block,
    Bool,
    DiscreetError,
    HasNumber,
    Known,
    PhoneText,
    Prose,
    ServerUrl,
    SoundUrl,
    Text,
    Text40,
    within,
)


def _sip_uri(value: str) -> str:
    if "{{" in value:
        return value
    # What stands before the @ is user:password, as in any URI.
    if re.match(r"[^@]*:[^@]*:[^@]*@", value):
        raise DiscreetError("must not hold a password, which states and previews show in clear: use sip_headers instead")
    if not re.fullmatch(r"sips?:\S+", value, re.IGNORECASE):
        raise ValueError("must be a SIP URI such as sip:desk@example.com")
    return value


_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$)({_LABEL}\.)+{_LABEL}\.?")


#: Where no carrier can be reached from the internet, and what each is (IANA's registry of special addresses). Those for
#: documentation pass, as they stand in examples.
_UNREACHABLE = {
    ipaddress.IPv4Network(network): what
    for network, what in (
        ("0.0.0.0/8", "stands for no address"),
        ("10.0.0.0/8", "is a private address"),
        ("100.64.0.0/10", "is an address inside a provider's network"),
        ("127.0.0.0/8", "is an address of this machine itself"),
        ("169.254.0.0/16", "is a link-local address"),
        ("172.16.0.0/12", "is a private address"),
        ("192.168.0.0/16", "is a private address"),
        ("224.0.0.0/4", "is a multicast address"),
        ("240.0.0.0/4", "is a reserved address"),
    )
}


def _ipv4(text: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return None


_AfterSip = WrapValidator(lambda value, handler: _sip_uri(handler(value)))

SipUri = Known[Annotated[StrictStr, Field(min_length=1), _AfterSip]]
Strings = Known[list[Known[StrictStr]]]


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 and RFC 3261: a token


def _header_names(headers: Any) -> Any:
    if isinstance(headers, Mapping) and not all(isinstance(name, str) and _HEADER_NAME.fullmatch(name) for name in headers):
        raise ValueError("must have names of letters, digits and hyphens, without spaces, colons and line breaks")
    return headers


Headers = Known[Annotated[dict[str, Known[Annotated[StrictStr, ONE_LINE]]], BeforeValidator(_header_names)]]


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
    timeout_seconds: Known[Annotated[int | float, within(1, 60)]] | None = None


class TransferFallbackPlan(Block):
    """What happens when a warm transfer finds nobody."""

    message: Message
    end_call_enabled: Bool | None = None


class ContextEngineeringPlan(Block):
    """Which part of the conversation is handed on."""

    type: Known[Literal["all", "none", "lastNMessages"]]
    max_messages: Known[Annotated[int | float, within(0)]] | None = None

    @model_validator(mode="after")
    def _last_n_needs_n(self) -> ContextEngineeringPlan:
        if self.type == "lastNMessages" and self.max_messages is None:
            raise ValueError("needs max_messages where type is 'lastNMessages'")
        return self


class TransferPlan(Block):
    """How a call is transferred."""

    mode: Known[TransferMode]
    message: Message | None = None
    timeout: Known[Annotated[int | float, within(1, 600)]] | None = None
    sip_verb: Known[SipVerb] | None = None
    dial_timeout: Known[Annotated[int | float, within(1, 600)]] | None = None
    hold_audio_url: SoundUrl | None = None
    transfer_complete_audio_url: SoundUrl | None = None
    context_engineering_plan: Known[ContextEngineeringPlan] | None = None
    twiml: Known[Annotated[StrictStr, Field(max_length=4096)]] | None = None
    summary_plan: Known[SummaryPlan] | None = None
    sip_headers_in_refer_to_enabled: Bool | None = None
    fallback_plan: Known[TransferFallbackPlan] | None = None


class TransferDestinationNumber(HasNumber):
    """Somewhere to transfer a call: a phone number."""

    type: Known[Literal["number"]] = "number"
    number: PhoneText
    extension: Known[Annotated[StrictStr, Field(min_length=1, max_length=10), ONE_LINE]] | None = None
    caller_id: Text40 | None = None
    message: Message | None = None
    transfer_plan: Known[TransferPlan] | None = None
    name: Text | None = None
    description: Prose | None = None


class TransferDestinationSip(Block):
    """Somewhere to transfer a call: a SIP address."""

    type: Known[Literal["sip"]] = "sip"
    sip_uri: SipUri
    caller_id: Text40 | None = None
    sip_headers: Headers | None = None
    message: Message | None = None
    transfer_plan: Known[TransferPlan] | None = None
    name: Text | None = None
    description: Prose | None = None


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
            custom_error_message="must be an object with type 'number' (and number) or 'sip' (and sip_uri)",
        ),
    ]
]


class BackoffPlan(Block):
    """How Vapi itself retries a request to the user's server."""

    type: Known[BackoffType]
    max_retries: Known[Annotated[int | float, within(0, 10)]]
    base_delay_seconds: Known[Annotated[int | float, within(0, 10)]]
    excluded_status_codes: Known[list[Known[Annotated[int | float, within(100, 599)]]]] | None = None


class Server(Block):
    """Where Vapi sends the messages of a call, and how."""

    url: ServerUrl | None = None
    timeout_seconds: Known[Annotated[int | float, within(1, 300)]] | None = None
    headers: Headers | None = None
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


class SipTrunkGateway(Block):
    """A machine of the carrier's that calls come from or go to."""

    # The flag stands before the address: a validator sees only the fields above its own.
    inbound_enabled: Bool | None = None
    ip: Text
    port: Known[Annotated[int | float, within(1, 65535)]] | None = None
    netmask: Known[Annotated[int | float, within(24, 32)]] | None = None
    outbound_enabled: Bool | None = None
    outbound_protocol: Known[OutboundProtocol] | None = None
    options_ping_enabled: Bool | None = None

    @field_validator("ip")
    @classmethod
    def _inbound_needs_an_address(cls, ip: Any, info: ValidationInfo) -> Any:
        # Vapi answers only "SIP gateway creation failed" to a host name here (its guide on trunk errors).
        if not isinstance(ip, str):
            return ip
        address = _ipv4(ip)
        if address:
            for network, what in _UNREACHABLE.items():
                if address in network:
                    raise ValueError(f"{what}, which Vapi cannot reach over the internet: use the carrier's public address")
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


def _each_once(gateways: list[Any]) -> list[Any]:
    seen: list[dict[str, Any]] = []
    for index, gateway in enumerate(gateways):
        fields = {} if gateway is UNKNOWN else vars(gateway)
        said = {name: API_DEFAULTS.get(to_camel(name)) if value is None else value for name, value in fields.items()}
        if said and said in seen and UNKNOWN not in said.values():
            raise ValueError(f"must name each gateway once: [{index}] is the same as [{seen.index(said)}], leave one out")
        seen.append(said)
    return gateways


#: What inputs name, see `models.Nested`.
Hooks = list[Hook]
Gateways = Annotated[list[Known[SipTrunkGateway]], Field(min_length=1), AfterValidator(_each_once)]
