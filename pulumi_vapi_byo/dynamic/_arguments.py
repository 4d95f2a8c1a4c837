"""The typed arguments of the resources.

Every field is an `Input`, names are snake_case, and wherever an object is taken, a dict in snake_case or in Vapi's own
camelCase does as well. The rules behind the fields are those of the models, which are checked at preview.

Generated from `kinds.models` and `kinds.objects` by `make generate`: do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pulumi import Input

from .arguments import explaining_class

Object = Mapping[str, Any]

BackoffType = Literal["fixed", "exponential"]
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
SipVerb = Literal["refer", "bye", "dial"]
OutboundProtocol = Literal["tls/srtp", "tcp", "tls", "udp"]


@explaining_class
@dataclass(kw_only=True)
class BackoffPlanArgs:
    """How Vapi retries a request to your server.

    Attributes:
        type: ``fixed`` or ``exponential``.
        max_retries: 0 to 10.
        base_delay_seconds: Seconds before the first retry, 0 to 10.
        excluded_status_codes: HTTP statuses that are not retried.
    """

    type: Input[BackoffType]
    max_retries: Input[float]
    base_delay_seconds: Input[float]
    excluded_status_codes: Input[Sequence[Input[float]]] | None = None


@explaining_class
@dataclass(kw_only=True)
class ServerArgs:
    """Where Vapi sends the messages of a call, and how.

    Attributes:
        url: Address of your server, http or https.
        timeout_seconds: Seconds your server has to answer, 1 to 300; Vapi's default is 20.
        headers: Headers sent along, such as ``x-vapi-secret``. Always kept as a secret. Names are yours and are not renamed.
        credential_id: Id of a Vapi credential that signs or authorises the requests.
        backoff_plan: How requests that fail are retried.
        static_ip_addresses_enabled: Whether requests come from fixed addresses.
        encrypted_paths: JSON paths whose values Vapi encrypts.
    """

    url: Input[str] | None = None
    timeout_seconds: Input[float] | None = None
    headers: Input[Mapping[str, Input[str]]] | None = None
    credential_id: Input[str] | None = None
    backoff_plan: Input[BackoffPlanArgs | Object] | None = None
    static_ip_addresses_enabled: Input[bool] | None = None
    encrypted_paths: Input[Sequence[Input[str]]] | None = None


@explaining_class
@dataclass(kw_only=True)
class TransferPlanArgs:
    """How a call is transferred.

    Attributes:
        mode: ``blind-transfer``, ``warm-transfer-say-message`` or another of Vapi's modes; one that this version does not know
            can be given in a dict instead of this class, see ``vapi-byo:onUnknown``.
        message: Spoken to whoever takes the call: a text, or a custom message (an object).
        timeout: Seconds to wait for an operator, 1 to 600; Vapi's default is 60.
        sip_verb: ``refer`` (Vapi's default), ``bye`` or ``dial``.
        dial_timeout: Seconds to ring, 1 to 600; Vapi's default is 60.
        hold_audio_url: What the caller hears while waiting.
        transfer_complete_audio_url: What is played when the call is connected.
        context_engineering_plan: Which part of the conversation is handed on: ``{"type": "all"}``, ``{"type": "none"}`` or
            ``{"type": "lastNMessages", "maxMessages": 5}``.
        twiml: TwiML for mode ``warm-transfer-twiml``, at most 4,096 characters.
        summary_plan: How the call is summarised: ``enabled``, ``messages``, ``timeoutSeconds`` (1 to 60).
        sip_headers_in_refer_to_enabled: Whether SIP headers travel in the Refer-To header.
        fallback_plan: What happens when nobody takes the call: ``message``, ``endCallEnabled``.
    """

    mode: Input[TransferMode]
    message: Input[str | Object] | None = None
    timeout: Input[float] | None = None
    sip_verb: Input[SipVerb] | None = None
    dial_timeout: Input[float] | None = None
    hold_audio_url: Input[str] | None = None
    transfer_complete_audio_url: Input[str] | None = None
    context_engineering_plan: Input[Object] | None = None
    twiml: Input[str] | None = None
    summary_plan: Input[Object] | None = None
    sip_headers_in_refer_to_enabled: Input[bool] | None = None
    fallback_plan: Input[Object] | None = None


@explaining_class
@dataclass(kw_only=True)
class TransferDestinationNumberArgs:
    """A phone number to transfer calls to.

    Attributes:
        number: The number, in E.164 unless `number_e164_check_enabled` is False.
        number_e164_check_enabled: Whether `number` must be in E.164; default True.
        extension: Dialled once connected, 1 to 10 characters.
        caller_id: Number shown to whoever takes the call, at most 40 characters.
        message: Spoken to the caller before the transfer: a text, or a custom message (an object).
        transfer_plan: How the call is transferred.
        description: For the assistant, to choose among destinations.
        name: Your own name for the destination, shown in the dashboard's call log.
    """

    number: Input[str]
    number_e164_check_enabled: Input[bool] | None = None
    extension: Input[str] | None = None
    caller_id: Input[str] | None = None
    message: Input[str | Object] | None = None
    transfer_plan: Input[TransferPlanArgs | Object] | None = None
    description: Input[str] | None = None
    name: Input[str] | None = None
    type: Input[Literal["number"]] = "number"


@explaining_class
@dataclass(kw_only=True)
class TransferDestinationSipArgs:
    """A SIP address to transfer calls to.

    Attributes:
        sip_uri: The address, such as ``sip:desk@example.com``.
        caller_id: Number shown to whoever takes the call, at most 40 characters.
        sip_headers: SIP headers sent along. Always kept as a secret. Names are yours and are not renamed.
        message: Spoken to the caller before the transfer: a text, or a custom message (an object).
        transfer_plan: How the call is transferred.
        description: For the assistant, to choose among destinations.
        name: Your own name for the destination, shown in the dashboard's call log.
    """

    sip_uri: Input[str]
    caller_id: Input[str] | None = None
    sip_headers: Input[Mapping[str, Input[str]]] | None = None
    message: Input[str | Object] | None = None
    transfer_plan: Input[TransferPlanArgs | Object] | None = None
    description: Input[str] | None = None
    name: Input[str] | None = None
    type: Input[Literal["sip"]] = "sip"


@explaining_class
@dataclass(kw_only=True)
class SipTrunkGatewayArgs:
    """A machine of the carrier's that calls come from or go to.

    Attributes:
        ip: IPv4 address, or network with `netmask`. A host name only where `inbound_enabled` is False.
        inbound_enabled: Whether calls come from it; Vapi's default is True.
        port: 1 to 65535; Vapi's default is 5060.
        netmask: 24 to 32; Vapi's default is 32.
        outbound_enabled: Whether calls go to it; Vapi's default is True.
        outbound_protocol: ``udp`` (Vapi's default), ``tcp``, ``tls`` or ``tls/srtp``.
        options_ping_enabled: Whether Vapi asks it regularly if it is alive; Vapi's default is False.
    """

    ip: Input[str]
    inbound_enabled: Input[bool] | None = None
    port: Input[float] | None = None
    netmask: Input[float] | None = None
    outbound_enabled: Input[bool] | None = None
    outbound_protocol: Input[OutboundProtocol] | None = None
    options_ping_enabled: Input[bool] | None = None


@explaining_class
@dataclass(kw_only=True)
class SipTrunkOutboundAuthenticationPlanArgs:
    """How Vapi proves to the carrier who it is.

    Attributes:
        auth_username: User name.
        auth_password: Password. Always kept as a secret. Vapi never returns it: a change elsewhere cannot be found.
        sip_register_plan: Where the carrier wants a registration: ``domain``, ``username``, ``realm``.
    """

    auth_username: Input[str] | None = None
    auth_password: Input[str] | None = None
    sip_register_plan: Input[Object] | None = None


@explaining_class
@dataclass(kw_only=True)
class ByoPhoneNumberArgs:
    """The arguments of `ByoPhoneNumber`. One that is left out is not managed: what the dashboard sets there stays.

    An empty value says that there must be none: ``""`` for `name`, `assistant_id`, `squad_id` and `workflow_id`, ``{}`` for
    `server` and `fallback_destination`, ``[]`` for `hooks`. It clears what Vapi has, and what the dashboard sets there later is
    drift. With ``vapi-byo:onOmitted clear`` every argument that is left out is read so.

    Attributes:
        credential_id: Id of the ``byo-sip-trunk`` credential, your SIP trunk or carrier, that carries the calls.
        number: The number. In E.164 (``+14155552671``) unless `number_e164_check_enabled` is False; then letters and digits
            with at most one leading plus. 3 to 40 characters.
        number_e164_check_enabled: Whether `number` must be in E.164; default True.
        name: Your own name for the number, at most 40 characters.
        assistant_id: Id of the assistant that takes inbound calls.
        squad_id: Id of the squad that takes inbound calls.
        workflow_id: Id of a workflow. Vapi retired workflows in August 2026, so it answers no calls: use `assistant_id` or
            `squad_id`.
        server_url: Address that is asked for an assistant where none is set. An older spelling of `server`; they exclude each
            other.
        server_url_secret: Sent to `server_url` as header ``x-vapi-secret``. Always kept as a secret.
        server: Address that is asked for an assistant where none is set, with headers, time-out and retries. ``{}`` clears both
            spellings of it.
        hooks: What happens when a call rings or could not be given to an assistant. A list of objects as in Vapi's reference,
            such as ``{"on": "call.ringing", "do": [{"type": "say", "exact": "Hello"}]}``.
        fallback_destination: Where calls go when neither assistant nor squad is set and the server does not answer.
        additional_properties: Fields of Vapi's that have no argument here, by Vapi's own (camelCase) names. Needs
            ``vapi-byo:onUnknown send``. Shown in clear in states and previews unless a value is a secret.
        deletion_protection: Whether a delete is refused; default False. It is the package's own: changing it sends nothing, and
            the dashboard knows nothing of it.
    """

    credential_id: Input[str]
    number: Input[str] | None = None
    number_e164_check_enabled: Input[bool] | None = None
    name: Input[str] | None = None
    assistant_id: Input[str] | None = None
    squad_id: Input[str] | None = None
    workflow_id: Input[str] | None = None
    server_url: Input[str] | None = None
    server_url_secret: Input[str] | None = None
    server: Input[ServerArgs | Object] | None = None
    hooks: Input[Sequence[Input[Object]]] | None = None
    fallback_destination: Input[TransferDestinationNumberArgs | TransferDestinationSipArgs | Object] | None = None
    additional_properties: Input[Object] | None = None
    deletion_protection: Input[bool] | None = None


@explaining_class
@dataclass(kw_only=True)
class ByoSipTrunkCredentialArgs:
    """The arguments of `ByoSipTrunkCredential`. One that is left out is not managed: what the dashboard sets there stays.

    An empty value says that there must be none: ``""`` for `name`, `tech_prefix` and `sip_diversion_header`, ``{}`` for
    `outbound_authentication_plan`. It clears what Vapi has, and what the dashboard sets there later is drift. With
    ``vapi-byo:onOmitted clear`` every argument that is left out is read so.

    Attributes:
        gateways: The carrier's machines, at least one.
        name: Your own name for the trunk, at most 40 characters.
        outbound_authentication_plan: How Vapi proves to the carrier who it is.
        outbound_leading_plus_enabled: Whether outbound numbers keep their leading plus.
        tech_prefix: Put in front of outbound numbers, as some carriers want.
        sip_diversion_header: Value of the Diversion header of outbound calls.
        additional_properties: Fields of Vapi's that have no argument here, by Vapi's own (camelCase) names. Needs
            ``vapi-byo:onUnknown send``. Shown in clear in states and previews unless a value is a secret.
        deletion_protection: Whether a delete is refused; default False. It is the package's own: changing it sends nothing, and
            the dashboard knows nothing of it.
    """

    gateways: Input[Sequence[Input[SipTrunkGatewayArgs | Object]]]
    name: Input[str] | None = None
    outbound_authentication_plan: Input[SipTrunkOutboundAuthenticationPlanArgs | Object] | None = None
    outbound_leading_plus_enabled: Input[bool] | None = None
    tech_prefix: Input[str] | None = None
    sip_diversion_header: Input[str] | None = None
    additional_properties: Input[Object] | None = None
    deletion_protection: Input[bool] | None = None


#: The classes of what a field holds, by its wire name; where there are several, `type` tells them apart.
CLASSES: Final[Mapping[str, tuple[type[Any], ...]]] = {
    "backoffPlan": (BackoffPlanArgs,),
    "transferPlan": (TransferPlanArgs,),
    "server": (ServerArgs,),
    "fallbackDestination": (
        TransferDestinationNumberArgs,
        TransferDestinationSipArgs,
    ),
    "gateways": (SipTrunkGatewayArgs,),
    "outboundAuthenticationPlan": (SipTrunkOutboundAuthenticationPlanArgs,),
}
