"""The objects inside the inputs: server, hooks, destinations, gateways; as pydantic models, pure.

Most numbers have no such objects, so `models` imports this module only when it first meets one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    StrictStr,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from pulumi_vapi_byo.wire import UNKNOWN

from .field_types import (
    ONE_LINE,
    SECRET,
    Block,
    Bool,
    Default,
    DiscreetError,
    HasNumber,
    Known,
    PhoneText,
    Prose,
    SecretText,
    ServerUrl,
    SoundUrl,
    Text,
    Text40,
    within,
)

#: Values that some fields can have (OpenAPI ``enum``).
BackoffType = Literal["fixed", "exponential"]
SipVerb = Literal["refer", "bye", "dial"]
OutboundProtocol = Literal["tls/srtp", "tcp", "tls", "udp"]
TransferMode = Literal[
    "blind-transfer",
    "blind-transfer-add-summary-to-sip-header",
    "warm-transfer-say-message",
    "warm-transfer-say-summary",
    "warm-transfer-twiml",
    "warm-transfer-wait-for-operator-to-speak-first-and-then-say-message",
    "warm-transfer-wait-for-operator-to-speak-first-and-then-say-summary",
    "warm-transfer-experimental",
]


def _sip_uri(value: str) -> str:
    if "{{" in value:
        return value
    # Before the @ is user:password, as in any URI.
    if re.match(r"[^@]*:[^@]*:[^@]*@", value):
        raise DiscreetError("must not hold a password, which states and previews show in clear: use sip_headers instead")
    if not re.fullmatch(r"sips?:\S+", value, re.IGNORECASE):
        raise ValueError("must be a SIP URI such as sip:desk@example.com")
    return value


_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$)({_LABEL}\.)+{_LABEL}\.?")


#: Networks that cannot be reached over the internet, and what they are (IANA's registry of special addresses). Those for
#: documentation are left out, because examples use them.
_UNREACHABLE = {
    ipaddress.IPv4Network(network): what
    for network, what in (
        ("0.0.0.0/8", "is not the address of a machine"),
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


SipUri = Known[Annotated[StrictStr, Field(min_length=1), AfterValidator(_sip_uri)]]
Strings = Known[list[Known[StrictStr]]]


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 and RFC 3261: a token


def _header_names(headers: Any) -> Any:
    if isinstance(headers, Mapping) and not all(isinstance(name, str) and _HEADER_NAME.fullmatch(name) for name in headers):
        raise ValueError("must have names of letters, digits and hyphens, without spaces, colons and line breaks")
    return headers


Headers = Known[Annotated[dict[str, Known[Annotated[StrictStr, ONE_LINE]]], BeforeValidator(_header_names), SECRET]]


class TextContent(Block):
    """One language's text of a custom message."""

    type: Known[Literal["text"]] = Field("text", description="Always ``text``.")
    text: Known[StrictStr] = Field(description="What is said.")
    language: Text = Field(description="Language of the text, such as ``en``.")


class CustomMessage(Block):
    """A message spoken to the caller, in one or several languages."""

    type: Known[Literal["custom-message"]] = Field("custom-message", description="Always ``custom-message``.")
    contents: Known[list[Known[TextContent]]] | None = Field(None, description="The message in several languages.")
    content: Known[Annotated[StrictStr, Field(max_length=1000)]] | None = Field(
        None, description="The message in one language, at most 1,000 characters."
    )


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

    messages: Known[list[Known[dict[str, Any]]]] | None = Field(
        None, description="The prompt: a list of messages for a language model, as in Vapi's reference."
    )
    enabled: Bool | None = Field(None, description="Whether there is a summary.")
    timeout_seconds: Known[Annotated[int | float, within(1, 60)]] | None = Field(
        None, description="Seconds that the summary may take, 1 to 60."
    )


class TransferFallbackPlan(Block):
    """What happens when a warm transfer finds nobody."""

    message: Message = Field(description="Spoken to the caller: a text, or a custom message (an object).")
    end_call_enabled: Annotated[Bool | None, Default(True)] = Field(
        None, description="Whether the call ends after that; Vapi's default is True."
    )


class ContextEngineeringPlan(Block):
    """Which part of the conversation is handed on."""

    type: Known[Literal["all", "none", "lastNMessages"]] = Field(description="``all``, ``none`` or ``lastNMessages``.")
    max_messages: Known[Annotated[int | float, within(0)]] | None = Field(
        None, description="How many messages, required with ``lastNMessages``."
    )

    @model_validator(mode="after")
    def _last_n_needs_n(self) -> ContextEngineeringPlan:
        if self.type == "lastNMessages" and self.max_messages is None:
            raise ValueError("needs max_messages where type is 'lastNMessages'")
        return self


class TransferPlan(Block):
    """How a call is transferred."""

    mode: Known[TransferMode] = Field(
        description="``blind-transfer``, ``warm-transfer-say-message`` or another of Vapi's modes; a mode that this version "
        "does not know can be given in a dict instead of this class, see ``vapi-byo:onUnknown``."
    )
    message: Message | None = Field(
        None, description="Spoken to the person who takes the call: a text, or a custom message (an object)."
    )
    timeout: Annotated[Known[Annotated[int | float, within(1, 600)]] | None, Default(60)] = Field(
        None, description="Seconds to wait for an operator, 1 to 600; Vapi's default is 60."
    )
    sip_verb: Annotated[Known[SipVerb] | None, Default("refer")] = Field(
        None, description="``refer`` (Vapi's default), ``bye`` or ``dial``."
    )
    dial_timeout: Annotated[Known[Annotated[int | float, within(1, 600)]] | None, Default(60)] = Field(
        None, description="Seconds to ring, 1 to 600; Vapi's default is 60."
    )
    hold_audio_url: SoundUrl | None = Field(None, description="Audio that the caller hears while waiting.")
    transfer_complete_audio_url: SoundUrl | None = Field(None, description="Audio that is played when the call is connected.")
    context_engineering_plan: Known[ContextEngineeringPlan] | None = Field(
        None,
        description='Which part of the conversation is handed on: ``{"type": "all"}``, ``{"type": "none"}`` or '
        '``{"type": "lastNMessages", "maxMessages": 5}``.',
    )
    twiml: Known[Annotated[StrictStr, Field(max_length=4096)]] | None = Field(
        None, description="TwiML for mode ``warm-transfer-twiml``, at most 4,096 characters."
    )
    summary_plan: Known[SummaryPlan] | None = Field(
        None, description="How the call is summarised: ``enabled``, ``messages``, ``timeoutSeconds`` (1 to 60)."
    )
    sip_headers_in_refer_to_enabled: Bool | None = Field(None, description="Whether SIP headers travel in the Refer-To header.")
    fallback_plan: Known[TransferFallbackPlan] | None = Field(
        None, description="What happens when nobody takes the call: ``message``, ``endCallEnabled``."
    )


# Fields of both types of destinations.
CallerId = Annotated[Text40 | None, Field(description="Number shown to the person who takes the call, at most 40 characters.")]
CallerMessage = Annotated[
    Message | None, Field(description="Spoken to the caller before the transfer: a text, or a custom message (an object).")
]
HowToTransfer = Annotated[Known[TransferPlan] | None, Field(description="How the call is transferred.")]
DestinationDescription = Annotated[Prose | None, Field(description="Helps the assistant to choose among destinations.")]
DestinationName = Annotated[
    Text | None, Field(description="Your own name for the destination, shown in the dashboard's call log.")
]


class TransferDestinationNumber(HasNumber):
    """A phone number to transfer calls to."""

    type: Known[Literal["number"]] = Field("number", description="Always ``number``.")
    number: PhoneText = Field(description="The number, in E.164 unless `number_e164_check_enabled` is False.")
    extension: Known[Annotated[StrictStr, Field(min_length=1, max_length=10), ONE_LINE]] | None = Field(
        None, description="Dialled once connected, 1 to 10 characters."
    )
    caller_id: CallerId = None
    message: CallerMessage = None
    transfer_plan: HowToTransfer = None
    description: DestinationDescription = None
    name: DestinationName = None


class TransferDestinationSip(Block):
    """A SIP address to transfer calls to."""

    type: Known[Literal["sip"]] = Field("sip", description="Always ``sip``.")
    sip_uri: SipUri = Field(description="The address, such as ``sip:desk@example.com``.")
    caller_id: CallerId = None
    sip_headers: Headers | None = Field(
        None, description="SIP headers to send. Always kept as a secret. Their names are yours and are not renamed."
    )
    message: CallerMessage = None
    transfer_plan: HowToTransfer = None
    description: DestinationDescription = None
    name: DestinationName = None


def _destination_tag(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return None
    kind = value.get("type", UNKNOWN)
    if kind is UNKNOWN or kind is None:  # left out, or not known yet: judge by the other keys
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
    """How Vapi retries a request to your server."""

    type: Known[BackoffType] = Field(description="``fixed`` or ``exponential``.")
    max_retries: Known[Annotated[int | float, within(0, 10)]] = Field(description="0 to 10.")
    base_delay_seconds: Known[Annotated[int | float, within(0, 10)]] = Field(
        description="Seconds before the first retry, 0 to 10."
    )
    excluded_status_codes: Known[list[Known[Annotated[int | float, within(100, 599)]]]] | None = Field(
        None, description="HTTP statuses that are not retried."
    )


class Server(Block):
    """Where Vapi sends the messages of a call, and how."""

    url: ServerUrl | None = Field(None, description="Address of your server, http or https.")
    timeout_seconds: Known[Annotated[int | float, within(1, 300)]] | None = Field(
        None, description="Seconds your server has to answer, 1 to 300; Vapi's default is 20."
    )
    headers: Headers | None = Field(
        None,
        description="Headers to send, such as ``x-vapi-secret``. Always kept as a secret. Their names are yours and are not "
        "renamed.",
    )
    credential_id: Text | None = Field(None, description="Id of a Vapi credential that signs or authorises the requests.")
    backoff_plan: Known[BackoffPlan] | None = Field(None, description="How failed requests are retried.")
    static_ip_addresses_enabled: Bool | None = Field(None, description="Whether requests come from fixed addresses.")
    encrypted_paths: Strings | None = Field(None, description="JSON paths whose values Vapi encrypts.")


class SayHookAction(Block):
    """A hook's action: say a sentence."""

    type: Known[Literal["say"]] = Field("say", description="Always ``say``.")
    exact: Known[Annotated[StrictStr, Field(max_length=4000)]] = Field(description="What is said, at most 4,000 characters.")


class TransferHookAction(Block):
    """A hook's action: transfer the call."""

    type: Known[Literal["transfer"]] = Field("transfer", description="Always ``transfer``.")
    destination: Destination | None = Field(None, description="Where the call goes.")


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

    type: Known[Literal["startsWith"]] = Field("startsWith", description="Always ``startsWith``.")
    key: Known[Literal["number"]] = Field("number", description="Always ``number``: the caller's.")
    starts_with: Known[Annotated[list[Known[Annotated[StrictStr, Field(max_length=20)]]], Field(max_length=20)]] = Field(
        description="Beginnings of numbers: at most 20, each of at most 20 characters."
    )


class EndingFilter(Block):
    """Which failures an ending hook is for."""

    type: Known[Literal["oneOf"]] = Field("oneOf", description="Always ``oneOf``.")
    key: Known[Literal["call.endedReason"]] = Field("call.endedReason", description="Always ``call.endedReason``.")
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
    ] = Field(description="Why the call ended.")


class RingingHook(Block):
    """What happens before a call is answered."""

    on: Known[Literal["call.ringing"]] = Field(description="Always ``call.ringing``.")
    do: Known[list[HookAction]] = Field(description="What happens, in this order.")
    filters: Known[list[Known[RingingFilter]]] | None = Field(None, description="Which callers it is for.")


class EndingHook(Block):
    """What happens when a call could not be given to an assistant."""

    on: Known[Literal["call.ending"]] = Field(description="Always ``call.ending``.")
    do: HookAction | None = Field(None, description="What happens.")
    filters: Known[list[Known[EndingFilter]]] | None = Field(None, description="Which failures it is for.")


def _hook_tag(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return None
    event = value.get("on", UNKNOWN)
    if event is UNKNOWN:  # in a ringing hook, do is a list; in an ending hook, an object
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

    # Above the address, because a validator sees only the fields declared before its own.
    inbound_enabled: Annotated[Bool | None, Default(True)] = Field(
        None, description="Whether calls come from it; Vapi's default is True."
    )
    ip: Text = Field(description="IPv4 address, or network with `netmask`. A host name only if `inbound_enabled` is False.")
    port: Annotated[Known[Annotated[int | float, within(1, 65535)]] | None, Default(5060)] = Field(
        None, description="1 to 65535; Vapi's default is 5060."
    )
    netmask: Annotated[Known[Annotated[int | float, within(24, 32)]] | None, Default(32)] = Field(
        None, description="24 to 32; Vapi's default is 32."
    )
    outbound_enabled: Annotated[Bool | None, Default(True)] = Field(
        None, description="Whether calls go to it; Vapi's default is True."
    )
    outbound_protocol: Annotated[Known[OutboundProtocol] | None, Default("udp")] = Field(
        None, description="``udp`` (Vapi's default), ``tcp``, ``tls`` or ``tls/srtp``."
    )
    options_ping_enabled: Annotated[Bool | None, Default(False)] = Field(
        None, description="Whether Vapi regularly checks that it is alive; Vapi's default is False."
    )

    @field_validator("ip")
    @classmethod
    def _inbound_needs_an_address(cls, ip: Any, info: ValidationInfo) -> Any:
        # For a host name, Vapi's only error is "SIP gateway creation failed" (its guide on trunk errors).
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
                "must be an IPv4 address if inbound calls are enabled, which is the default: use the carrier's addresses, or "
                "set inbound_enabled=False as well"
            )
        return ip


_GATEWAY_DEFAULTS: Final = {
    name: mark.value
    for name, field in SipTrunkGateway.model_fields.items()
    for mark in field.metadata
    if isinstance(mark, Default)
}


class SipRegisterPlan(Block):
    """How Vapi registers with the carrier."""

    domain: Text | None = Field(None, description="Domain to register with.")
    username: Text | None = Field(None, description="User name.")
    realm: Text | None = Field(None, description="Realm of the authentication.")


class SipTrunkOutboundAuthenticationPlan(Block):
    """How Vapi authenticates to the carrier."""

    auth_username: Text | None = Field(None, description="User name.")
    auth_password: SecretText | None = Field(
        None,
        description="Password. Always kept as a secret. Vapi never returns it, so a change made elsewhere cannot be detected.",
    )
    sip_register_plan: Known[SipRegisterPlan] | None = Field(
        None, description="For carriers that require registration: ``domain``, ``username``, ``realm``."
    )


def _each_once(gateways: list[Any]) -> list[Any]:
    seen: list[dict[str, Any]] = []
    for index, gateway in enumerate(gateways):
        fields = {} if gateway is UNKNOWN else vars(gateway)
        said = {name: _GATEWAY_DEFAULTS.get(name) if value is None else value for name, value in fields.items()}
        if said and said in seen and UNKNOWN not in said.values():
            raise ValueError(f"must name each gateway once: [{index}] is the same as [{seen.index(said)}], leave one out")
        seen.append(said)
    return gateways


#: Types that the inputs refer to by name, see `models.Nested`.
Hooks = list[Hook]
Gateways = Annotated[list[Known[SipTrunkGateway]], Field(min_length=1), AfterValidator(_each_once)]
