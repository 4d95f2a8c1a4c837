"""The typed arguments of the resources.

Plain classes: every field is an `Input`, names are snake_case, and a dict in snake_case or in Vapi's own camelCase does as well
wherever one is taken. The rules behind the fields stand in `models`; they are checked at preview.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import functools
import inspect
import numbers
import os
import re
import uuid
from collections.abc import Awaitable, Callable, Container, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, cast

import pulumi
from pulumi import CustomResource, Input, Output, ProviderResource, ResourceOptions

from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.wire import (
    ADDITIONAL,
    NOT_RENAMED,
    SECRET_FIELDS,
    WIRE_NAMES,
    BackoffType,
    OutboundProtocol,
    SipVerb,
    TransferMode,
    resembling,
    to_camel,
    to_snake,
)

Object = Mapping[str, Any]

T = TypeVar("T")


def _explaining(args_type: type[T]) -> type[T]:
    """Make a class refuse wrong arguments in a sentence: Python's own TypeError would be a traceback."""
    cls: Any = args_type
    init = cls.__init__

    @functools.wraps(init)
    def explaining_init(self: object, *positional: object, **keywords: object) -> None:
        try:
            init(self, *positional, **keywords)
        except TypeError:
            # Only now, so that what is right costs nothing.
            raise pulumi.RunError(_what_is_wrong(cls.__name__, inspect.signature(init), positional, keywords)) from None

    cls.__init__ = explaining_init
    return args_type


Call = TypeVar("Call", bound=Callable[..., Any])


def explaining(function: Call) -> Call:
    """Make a function, a constructor or a class method refuse wrong arguments in a sentence."""
    whole = inspect.signature(function)
    owned = next(iter(whole.parameters), "") in ("self", "cls")
    signature = whole.replace(parameters=[*whole.parameters.values()][owned:])

    @functools.wraps(function)
    def explained(*positional: Any, **keywords: Any) -> Any:
        given, name = positional[owned:], function.__name__
        if owned:
            owner = positional[0] if isinstance(positional[0], type) else type(positional[0])
            name = owner.__name__ if name == "__init__" else f"{owner.__name__}.{name}"
            first = next(key for key in signature.parameters if key not in ("resource_name", "opts"))
            name += f" {checked_name(name, first, given[0] if given else keywords.get('resource_name'))!r}"
        try:
            signature.bind(*given, **keywords)
        except TypeError:
            raise pulumi.RunError(_what_is_wrong(name, signature, given, keywords)) from None
        return function(*positional, **keywords)

    return cast("Call", explained)


def checked_name(cls: str, argument: str, name: object) -> str:
    """Return the logical name of a resource.

    Args:
        cls: The class of the resource.
        argument: The first of its arguments, for the message.
        name: What was given as its name.

    Raises:
        pulumi.RunError: It is none.
    """
    if isinstance(name, str) and name:
        return name
    given = f", not {_a(name)}" if name else ""
    raise pulumi.RunError(
        f"{cls} needs a logical name, which is unique in the stack, as its first argument{given}: {cls}('desk', {argument}=...)"
    )


def _what_is_wrong(
    name: str, signature: inspect.Signature, positional: Sequence[object], keywords: Mapping[str, object]
) -> str:
    parameters = {key: parameter for key, parameter in signature.parameters.items() if key != "self"}
    in_order = [key for key, parameter in parameters.items() if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    known = [key for key in parameters if key not in ("resource_name", "args", "opts")]
    if len(positional) > len(in_order):
        by_name = [key for key in known if key not in in_order] or known
        return f"{name} takes its arguments by name, such as {by_name[0]}=..."
    unknown = sorted(set(keywords) - set(parameters))
    if unknown:
        return unknown_arguments(name, unknown, known, keywords)
    twice = sorted(set(in_order[: len(positional)]) & set(keywords))
    if twice:
        return f"{name} is given {', '.join(twice)} twice, by place and by name: leave one out"
    given = {*in_order[: len(positional)], *keywords}
    missing = [key for key, parameter in parameters.items() if parameter.default is parameter.empty and key not in given]
    return f"{name} needs {', '.join(missing)}"


def unknown_arguments(name: str, unknown: Sequence[str], known: Sequence[str], given: Container[str] = ()) -> str:
    """Say that there are no such arguments, and which were probably meant: none that is given as well."""
    taken = [key for key in known if key in given]
    found = (resembling(key, known, taken) for key in unknown)
    close = dict.fromkeys(one for one in found if one)
    options = [key for key in unknown if key in _OPTIONS]
    advice = f"; did you mean {' and '.join(close)}?" if close else ""
    if options:
        advice += f"; {', '.join(options)} goes into opts=pulumi.ResourceOptions({options[0]}=...)"
    elif not close and to_snake(ADDITIONAL) in known:
        advice = f"; what Vapi has beyond them goes into {to_snake(ADDITIONAL)}"
    return f"{name} has no argument {', '.join(unknown)}: its arguments are {', '.join(known)}{advice}"


#: Pulumi's options, which are no arguments.
_OPTIONS: Final = frozenset(inspect.signature(ResourceOptions).parameters)


def show_arguments(resource: type[Any], args_type: type[Any]) -> None:
    """Let ``help`` and editors show a resource's arguments: its constructor takes any keyword, to refuse wrong ones itself."""
    init: Any = resource.__init__
    shown = [parameter for name, parameter in inspect.signature(init).parameters.items() if name in ("self", "resource_name")]
    shown[1] = shown[1].replace(default=inspect.Parameter.empty)
    for name, type_ in (("args", f"{args_type.__name__} | None"), ("opts", "ResourceOptions | None")):
        shown.append(inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=type_))
    # All of them may stand in args, so none is required.
    shown += [
        inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=field.type)
        for field in dataclasses.fields(args_type)
    ]
    init.__signature__ = inspect.Signature(shown, return_annotation=None)
    if init.__doc__ and args_type.__doc__:  # not with python -OO
        fields = args_type.__doc__.partition("Attributes:\n")[2].rstrip().replace("\n", "\n    ")
        init.__doc__ = re.sub(r" +\*more: .*\n +\*\*keywords: .*\n( {16}.*\n)*", lambda _: f"    {fields}\n", init.__doc__)


@_explaining
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


@_explaining
@dataclass(kw_only=True)
class ServerArgs:
    """Where Vapi sends the messages of a call, and how.

    Attributes:
        url: Address of your server, http or https.
        timeout_seconds: Seconds your server has to answer, 1 to 300; Vapi's default is 20.
        headers: Headers sent along, e.g. ``x-vapi-secret``. Always kept as a secret. Names are yours and are not renamed.
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


@_explaining
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


@_explaining
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


@_explaining
@dataclass(kw_only=True)
class TransferDestinationSipArgs:
    """A SIP address to transfer calls to.

    Attributes:
        sip_uri: The address, e.g. ``sip:desk@example.com``.
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


FallbackDestination = TransferDestinationNumberArgs | TransferDestinationSipArgs | Object


@_explaining
@dataclass(kw_only=True)
class ByoPhoneNumberArgs:
    """What can be said about a number. An argument that is left out is not managed: what the dashboard sets there stays.

    An empty value says that there must be none: ``""`` for `name`, `assistant_id`, `squad_id` and `workflow_id`, ``[]`` for
    `hooks`, ``{}`` for `fallback_destination` and `server` (in both its spellings). It clears what Vapi has, and what the
    dashboard sets there later is drift. With ``vapi-byo:onOmitted clear`` every argument that is left out is read so.

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
        server_url: Address that is asked for an assistant where none is set. An older spelling of `server`; they exclude
            each other.
        server_url_secret: Sent to `server_url` as header ``x-vapi-secret``. Always kept as a secret.
        server: Address that is asked for an assistant where none is set, with headers, time-out and retries.
        hooks: What happens when a call rings or could not be given to an assistant: a list of objects as in Vapi's reference,
            e.g. ``{"on": "call.ringing", "do": [{"type": "say", "exact": "Hello"}]}``.
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
    fallback_destination: Input[FallbackDestination] | None = None
    additional_properties: Input[Object] | None = None
    deletion_protection: Input[bool] | None = None


@_explaining
@dataclass(kw_only=True)
class SipTrunkGatewayArgs:
    """A machine of the carrier's that calls come from or go to.

    Attributes:
        ip: IPv4 address, or network with `netmask`. A host name only where `inbound_enabled` is False.
        port: 1 to 65535; Vapi's default is 5060.
        netmask: 24 to 32; Vapi's default is 32.
        inbound_enabled: Whether calls come from it; Vapi's default is True.
        outbound_enabled: Whether calls go to it; Vapi's default is True.
        outbound_protocol: ``udp`` (Vapi's default), ``tcp``, ``tls`` or ``tls/srtp``.
        options_ping_enabled: Whether Vapi asks it regularly if it is alive; Vapi's default is False.
    """

    ip: Input[str]
    port: Input[float] | None = None
    netmask: Input[float] | None = None
    inbound_enabled: Input[bool] | None = None
    outbound_enabled: Input[bool] | None = None
    outbound_protocol: Input[OutboundProtocol] | None = None
    options_ping_enabled: Input[bool] | None = None


@_explaining
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


@_explaining
@dataclass(kw_only=True)
class ByoSipTrunkCredentialArgs:
    """What can be said about a trunk. An argument that is left out is not managed: what the dashboard sets there stays.

    An empty value says that there must be none: ``""`` for `name`, `tech_prefix` and `sip_diversion_header`, ``{}`` for
    `outbound_authentication_plan`. With ``vapi-byo:onOmitted clear`` every argument that is left out is read so.

    Attributes:
        gateways: The carrier's machines, at least one.
        name: Your own name for the trunk, at most 40 characters.
        outbound_authentication_plan: How Vapi proves to the carrier who it is.
        outbound_leading_plus_enabled: Whether outbound numbers keep their leading plus.
        tech_prefix: Put in front of outbound numbers, as some carriers want.
        sip_diversion_header: Value of the Diversion header of outbound calls.
        additional_properties: Fields of Vapi's that have no argument here, by Vapi's own (camelCase) names. Needs
            ``vapi-byo:onUnknown send``. Shown in clear in states and previews unless a value is a secret.
        deletion_protection: Whether a delete is refused; default False. It is the package's own: changing it sends nothing.
    """

    gateways: Input[Sequence[Input[SipTrunkGatewayArgs | Object]]]
    name: Input[str] | None = None
    outbound_authentication_plan: Input[SipTrunkOutboundAuthenticationPlanArgs | Object] | None = None
    outbound_leading_plus_enabled: Input[bool] | None = None
    tech_prefix: Input[str] | None = None
    sip_diversion_header: Input[str] | None = None
    additional_properties: Input[Object] | None = None
    deletion_protection: Input[bool] | None = None


def given_arguments(resource: str, kind: Kind, args_type: type[Any], args: object, keywords: Mapping[str, Any]) -> Any:
    """Choose between the two ways of giving arguments.

    Args:
        resource: What the user calls the resource, for messages: its class and logical name.
        kind: The kind of resource.
        args_type: The class of `args`.
        args: All arguments in one object, or None.
        keywords: The arguments as keywords.

    Returns:
        The arguments, whichever way they were given.

    Raises:
        pulumi.RunError: Both were given, or a keyword that does not exist, or something else as `args`.
    """
    known = [field.name for field in dataclasses.fields(args_type)]
    unknown = sorted(set(keywords) - set(known))
    # Bodies of guides say them; a provider of Pulumi's is one of its options.
    fixed = [
        f"{key} {why}"
        for key in unknown
        if not isinstance(keywords[key], ProviderResource) and (why := kind.fixed(WIRE_NAMES.get(key, to_camel(key))))
    ]
    if fixed:
        raise pulumi.RunError(f"{resource}: {'; '.join(fixed)}")
    if unknown:
        raise pulumi.RunError(unknown_arguments(resource, unknown, known, keywords))
    if args is None:
        return keywords
    if keywords or not isinstance(args, args_type):
        wrong = "both" if keywords else f"{type(args).__name__} as args"
        raise pulumi.RunError(f"{resource} takes either one {args_type.__name__} as args or keywords, not {wrong}")
    return args


def to_wire(value: Any, where: str = "", *, rename: bool = True) -> Any:
    """Bring arguments to wire names at every depth, and mark what is always secret, inside outputs too.

    Args:
        value: Arguments, or a part of them.
        where: Where it stands, for messages: the resource, a colon and a path.
        rename: Whether names are Vapi's; headers have the user's own.

    Returns:
        The same with what Pulumi can keep: texts, numbers, booleans, lists and dicts.

    Raises:
        pulumi.RunError: Pulumi cannot keep a value, and what is meant is not certain.
    """
    if isinstance(value, Output):
        return value.apply(lambda known: to_wire(known, where, rename=rename))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # Not asdict, which would copy outputs.
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        converted = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise pulumi.RunError(f"{where} has {_a(key)} as a key: keys are texts, in quotes")
            if item is not None:
                inner = where + key if where.endswith((" ", ".")) or not where else f"{where}.{key}"
                wire = WIRE_NAMES.get(key, key) if rename else key
                part = to_wire(item, inner, rename=rename and wire not in NOT_RENAMED)
                converted[wire] = Output.secret(part) if rename and wire in SECRET_FIELDS else part
        return converted
    if isinstance(value, (list, tuple)):
        return [to_wire(item, f"{where}[{index}]", rename=rename) for index, item in enumerate(value)]
    return plain(value, where)


def plain(value: Any, where: str) -> Any:
    """Return a single value as Pulumi keeps it, see `to_wire`."""
    if isinstance(value, enum.Enum):
        return plain(value.value, where)
    if isinstance(value, uuid.UUID):
        return str(value)
    if value is None or isinstance(value, (str, int, float, Awaitable)):
        return value
    right = next(
        (right for types, right in _INSTEAD if isinstance(value, types)), "a text, a number, True, False, a list or a dict"
    )
    raise pulumi.RunError(f"{where} is {_a(value)}: write {right}")


#: Types that Pulumi cannot keep, and what to write instead of one.
_INSTEAD: Final[tuple[tuple[tuple[type, ...], str], ...]] = (
    ((CustomResource,), "its id, as in trunk.id"),
    ((os.PathLike,), "a text: str(...) of it"),
    ((datetime.date, datetime.time), "a text, such as its isoformat()"),
    ((datetime.timedelta,), "a number of seconds: its total_seconds()"),
    ((numbers.Number,), "a number: int(...) or float(...) of it"),
    ((bytes, bytearray), "a text: its decode()"),
    ((Set, Iterator), "a list: sorted(...) or list(...) of it"),
)


def _a(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeio' else 'a'} {name}"
