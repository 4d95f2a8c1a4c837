"""The resource and its typed arguments, as a program sees them.

The arguments' classes are plain: every field is an `Input`, names are snake_case, and a dict in snake_case or in Vapi's own
camelCase does as well wherever one is taken. The rules behind the fields stand in `models`; they are checked at preview.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, overload

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import Resource

from .config import SIP_HOSTS
from .models import INPUT_FIELDS, LOCAL_FIELDS, OPAQUE_MAPS, WIRE_NAMES
from .provider import IMPORT_ID, SIP_URI, ByoPhoneNumberProvider

#: The type of the resource in states, URNs and policies.
BYO_PHONE_NUMBER_TYPE: Final = "pulumi-python:dynamic/vapi:ByoPhoneNumber"

_OUTPUT_ONLY: Final[Mapping[str, str]] = {
    "org_id": "orgId",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
    "status": "status",
    "sip_uri": SIP_URI,
}

Object = Mapping[str, Any]


@dataclass(kw_only=True)
class BackoffPlanArgs:
    """How Vapi retries a request to your server.

    Attributes:
        type: ``fixed`` or ``exponential``.
        max_retries: 0 to 10.
        base_delay_seconds: Seconds before the first retry, 0 to 10.
        excluded_status_codes: HTTP statuses that are not retried.
    """

    type: Input[str]
    max_retries: Input[float]
    base_delay_seconds: Input[float]
    excluded_status_codes: Input[Sequence[Input[float]]] | None = None


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


@dataclass(kw_only=True)
class TransferPlanArgs:
    """How a call is transferred.

    Attributes:
        mode: ``blind-transfer``, ``warm-transfer-say-message`` or another of Vapi's modes.
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

    mode: Input[str]
    message: Input[str | Object] | None = None
    timeout: Input[float] | None = None
    sip_verb: Input[str] | None = None
    dial_timeout: Input[float] | None = None
    hold_audio_url: Input[str] | None = None
    transfer_complete_audio_url: Input[str] | None = None
    context_engineering_plan: Input[Object] | None = None
    twiml: Input[str] | None = None
    summary_plan: Input[Object] | None = None
    sip_headers_in_refer_to_enabled: Input[bool] | None = None
    fallback_plan: Input[Object] | None = None


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
    """

    number: Input[str]
    number_e164_check_enabled: Input[bool] | None = None
    extension: Input[str] | None = None
    caller_id: Input[str] | None = None
    message: Input[str | Object] | None = None
    transfer_plan: Input[TransferPlanArgs | Object] | None = None
    description: Input[str] | None = None
    type: Input[str] = "number"


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
    """

    sip_uri: Input[str]
    caller_id: Input[str] | None = None
    sip_headers: Input[Mapping[str, Input[str]]] | None = None
    message: Input[str | Object] | None = None
    transfer_plan: Input[TransferPlanArgs | Object] | None = None
    description: Input[str] | None = None
    type: Input[str] = "sip"


FallbackDestination = TransferDestinationNumberArgs | TransferDestinationSipArgs | Object


@dataclass(kw_only=True)
class ByoPhoneNumberArgs:
    """What can be said about a number. An argument that is left out is not managed: what the dashboard sets there stays.

    Attributes:
        credential_id: Id of the ``byo-sip-trunk`` credential, your SIP trunk or carrier, that carries the calls.
        number: The number. In E.164 (``+14155552671``) unless `number_e164_check_enabled` is False; then letters and digits
            with at most one leading plus. 3 to 40 characters.
        number_e164_check_enabled: Whether `number` must be in E.164; default True.
        name: Your own name for the number, at most 40 characters.
        assistant_id: Id of the assistant that takes inbound calls.
        squad_id: Id of the squad that takes inbound calls.
        workflow_id: Id of the workflow that takes inbound calls.
        server_url: Address that is asked for an assistant where none is set. An older spelling of `server`; they exclude
            each other.
        server_url_secret: Sent to `server_url` as header ``x-vapi-secret``. Always kept as a secret.
        server: Address that is asked for an assistant where none is set, with headers, time-out and retries.
        hooks: What happens when a call rings or could not be given to an assistant: a list of objects as in Vapi's reference,
            e.g. ``{"on": "call.ringing", "do": [{"type": "say", "exact": "Hello"}]}``.
        fallback_destination: Where calls go when neither assistant nor squad is set and the server does not answer.
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
    deletion_protection: Input[bool] | None = None


class ByoPhoneNumber(Resource, module="vapi", name="ByoPhoneNumber"):
    """A phone number of your own SIP trunk or carrier, at Vapi.

    Arguments are given as keywords or as one `ByoPhoneNumberArgs`; every one may be an output of another resource. They are
    validated at preview. Every change is made in place, so the id stays; a replacement that is forced deletes first.

    Attributes:
        id: Vapi's id of the number.
        org_id: Id of the organisation it belongs to.
        created_at: When it was made, ISO 8601 in UTC.
        updated_at: When it was last changed, ISO 8601 in UTC.
        status: ``active``, ``activating`` or ``blocked``; changes by itself and is never a difference.
        sip_uri: Where the carrier must send inbound calls: ``{number}@{credential_id}.sip.vapi.ai``, in region eu
            ``.sip.eu.vapi.ai``. None without a number.
    """

    @overload
    def __init__(self, resource_name: str, args: ByoPhoneNumberArgs, opts: ResourceOptions | None = None) -> None: ...

    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: ResourceOptions | None = None,
        *,
        credential_id: Input[str],
        number: Input[str] | None = None,
        number_e164_check_enabled: Input[bool] | None = None,
        name: Input[str] | None = None,
        assistant_id: Input[str] | None = None,
        squad_id: Input[str] | None = None,
        workflow_id: Input[str] | None = None,
        server_url: Input[str] | None = None,
        server_url_secret: Input[str] | None = None,
        server: Input[ServerArgs | Object] | None = None,
        hooks: Input[Sequence[Input[Object]]] | None = None,
        fallback_destination: Input[FallbackDestination] | None = None,
        deletion_protection: Input[bool] | None = None,
    ) -> None: ...

    def __init__(
        self,
        resource_name: str,
        args: ByoPhoneNumberArgs | None = None,
        opts: ResourceOptions | None = None,
        **keywords: Any,
    ) -> None:
        """Declare a number.

        Args:
            resource_name: Logical name of the resource, unique in the stack. It is not the number's own `name`.
            args: All arguments in one object.
            opts: Pulumi's options. With `import_` the number of that id is taken over, if it is as the program says, and
                nothing is written. `delete_before_replace` is always on; `custom_timeouts` have no effect.
            **keywords: The fields of `ByoPhoneNumberArgs`, instead of `args`.

        Raises:
            pulumi.RunError: Both `args` and keywords were given, or a keyword that does not exist.
        """
        self._register(resource_name, _given_arguments(resource_name, args, keywords), opts)
        if opts is not None and opts.custom_timeouts is not None:
            pulumi.log.warn(
                "custom_timeouts have no effect on a BYO phone number: Pulumi does not hand them to dynamic providers; "
                "set vapi:timeout instead",
                self,
            )

    @classmethod
    def get(
        cls,
        resource_name: str,
        id: Input[str],  # noqa: A002 - Pulumi's own name for it
        opts: ResourceOptions | None = None,
    ) -> ByoPhoneNumber:
        """Read a number that is managed elsewhere, without owning it.

        Args:
            resource_name: Logical name of the resource, unique in the stack.
            id: Vapi's id of the number. One that does not exist is an error.
            opts: Pulumi's options.

        Returns:
            The number; all its outputs are as Vapi holds them.
        """
        number = cls.__new__(cls)
        number._register(resource_name, {}, ResourceOptions.merge(opts, ResourceOptions(id=id)))  # noqa: SLF001 - our own
        return number

    def _register(self, resource_name: str, arguments: Any, opts: ResourceOptions | None) -> None:
        # Every output needs a key, or it becomes no attribute.
        props: dict[str, Any] = dict.fromkeys([*INPUT_FIELDS, *LOCAL_FIELDS, *_OUTPUT_ONLY.values()])
        props.update(_to_wire(arguments))
        props[SIP_URI] = _expected_sip_uri(props["number"], props["credentialId"])
        if opts is not None and opts.import_ is not None:
            props[IMPORT_ID] = opts.import_
        super().__init__(ByoPhoneNumberProvider(), resource_name, props, _options(opts))

    @property
    def credential_id(self) -> Output[str]:
        """Id of the credential that carries the calls."""
        return self._output("credentialId")

    @property
    def number(self) -> Output[str | None]:
        """The number."""
        return self._output("number")

    @property
    def number_e164_check_enabled(self) -> Output[bool | None]:
        """Whether `number` must be in E.164; None where it was never set, which means True."""
        return self._output("numberE164CheckEnabled")

    @property
    def name(self) -> Output[str | None]:
        """The number's own name."""
        return self._output("name")

    @property
    def assistant_id(self) -> Output[str | None]:
        """Id of the assistant that takes inbound calls."""
        return self._output("assistantId")

    @property
    def squad_id(self) -> Output[str | None]:
        """Id of the squad that takes inbound calls."""
        return self._output("squadId")

    @property
    def workflow_id(self) -> Output[str | None]:
        """Id of the workflow that takes inbound calls."""
        return self._output("workflowId")

    @property
    def server_url(self) -> Output[str | None]:
        """Address that is asked for an assistant, where it was set as `server_url`."""
        return self._output("serverUrl")

    @property
    def server_url_secret(self) -> Output[str | None]:
        """The secret sent to `server_url`; a secret output."""
        return self._output("serverUrlSecret")

    @property
    def server(self) -> Output[dict[str, Any] | None]:
        """The server as the API holds it, with Vapi's own names; its headers are secret."""
        return self._output("server")

    @property
    def hooks(self) -> Output[list[dict[str, Any]] | None]:
        """The hooks as the API holds them, with Vapi's own names."""
        return self._output("hooks")

    @property
    def fallback_destination(self) -> Output[dict[str, Any] | None]:
        """The fallback destination as the API holds it, with Vapi's own names."""
        return self._output("fallbackDestination")

    @property
    def deletion_protection(self) -> Output[bool | None]:
        """Whether a delete is refused."""
        return self._output("deletionProtection")

    @property
    def org_id(self) -> Output[str]:
        """Id of the organisation."""
        return self._output("orgId")

    @property
    def created_at(self) -> Output[str]:
        """When the number was made, ISO 8601 in UTC."""
        return self._output("createdAt")

    @property
    def updated_at(self) -> Output[str]:
        """When the number was last changed, ISO 8601 in UTC."""
        return self._output("updatedAt")

    @property
    def status(self) -> Output[str | None]:
        """``active``, ``activating`` or ``blocked``."""
        return self._output("status")

    @property
    def sip_uri(self) -> Output[str | None]:
        """Where the carrier must send inbound calls."""
        return self._output("sipUri")

    def _output(self, wire: str) -> Output[Any]:
        output: Output[Any] = self.__dict__[wire]
        return output


def _given_arguments(resource_name: str, args: ByoPhoneNumberArgs | None, keywords: Mapping[str, Any]) -> Any:
    known = [field.name for field in dataclasses.fields(ByoPhoneNumberArgs)]
    unknown = sorted(set(keywords) - set(known))
    if unknown:
        raise pulumi.RunError(
            f"ByoPhoneNumber {resource_name!r} has no argument {', '.join(unknown)}: its arguments are {', '.join(known)}"
        )
    if args is None:
        return keywords
    given: object = args
    if keywords or not isinstance(given, ByoPhoneNumberArgs):
        wrong = "both" if keywords else f"{type(given).__name__} as args"
        raise pulumi.RunError(
            f"ByoPhoneNumber {resource_name!r} takes either one ByoPhoneNumberArgs as args or keywords, not {wrong}"
        )
    return given


def _expected_sip_uri(number: Any, credential_id: Any) -> Output[str | None] | None:
    """Compute the address already here, so that it is secret where the number is; the provider knows the region for sure."""
    if number is None or credential_id is None:
        return None
    host = SIP_HOSTS["eu" if pulumi.Config("vapi").get("region") == "eu" else "us"]
    return Output.all(number, credential_id).apply(lambda both: f"{both[0]}@{both[1]}.{host}" if both[0] else None)


def _to_wire(value: Any) -> Any:
    """Bring arguments to wire names at every depth, and mark what is always secret, inside outputs too."""
    if isinstance(value, Output):
        return value.apply(_to_wire)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # Not asdict, which would copy outputs.
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {
            WIRE_NAMES.get(key, key): _field_to_wire(WIRE_NAMES.get(key, key), item)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, (list, tuple)):
        return [_to_wire(item) for item in value]
    return value


def _field_to_wire(wire: str, value: Any) -> Any:
    if wire in OPAQUE_MAPS or wire == "serverUrlSecret":
        return Output.secret(value)
    return value if wire == "messages" else _to_wire(value)


def _options(opts: ResourceOptions | None) -> ResourceOptions:
    options = ResourceOptions.merge(opts, ResourceOptions(delete_before_replace=True))
    options.import_ = None  # the engine's own import never reaches a dynamic provider: ours goes through create
    options.ignore_changes = _wire_paths(options.ignore_changes)
    options.replace_on_changes = _wire_paths(options.replace_on_changes)
    options.additional_secret_outputs = _wire_paths(options.additional_secret_outputs)
    return options


def _wire_paths(paths: list[str] | None) -> list[str] | None:
    names = {**WIRE_NAMES, **_OUTPUT_ONLY}
    return paths and [re.sub(r"\w+", lambda word: names.get(word[0], word[0]), path) for path in paths]
