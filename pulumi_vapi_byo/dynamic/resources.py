"""The resources, as a program sees them."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, TypeVar, overload

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import Resource
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from pulumi_vapi_byo.config import Region, keys_without_effect
from pulumi_vapi_byo.kinds.phone_number import sip_uri
from pulumi_vapi_byo.provider import (
    IMPORT_ID,
    LEFT_ALONE,
    WIRE_NAMES_GIVEN,
    ByoPhoneNumberProvider,
    ByoSipTrunkCredentialProvider,
    VapiProvider,
)
from pulumi_vapi_byo.wire import SIP_URI, WIRE_NAMES, wire_names_in

from .arguments import (
    ByoPhoneNumberArgs,
    ByoSipTrunkCredentialArgs,
    FallbackDestination,
    Object,
    ServerArgs,
    SipTrunkGatewayArgs,
    SipTrunkOutboundAuthenticationPlanArgs,
    checked_name,
    explaining,
    given_arguments,
    show_arguments,
    to_wire,
)

#: Outputs that Vapi sets on every kind of resource.
_OF_VAPI: Final = ("orgId", "createdAt", "updatedAt")

#: The types of the resources in states, URNs and policies.
BYO_PHONE_NUMBER_TYPE: Final = "pulumi-python:dynamic/vapi:ByoPhoneNumber"
BYO_SIP_TRUNK_CREDENTIAL_TYPE: Final = "pulumi-python:dynamic/vapi:ByoSipTrunkCredential"

_OUTPUT_ONLY: Final[Mapping[str, str]] = {
    "org_id": "orgId",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
    "status": "status",
    "sip_uri": SIP_URI,
}

Self = TypeVar("Self", bound="VapiResource")


class VapiResource(Resource):
    """What the resources have in common."""

    _provider_type: ClassVar[type[VapiProvider]]
    _computed: ClassVar[tuple[str, ...]]
    #: Whether a replacement must delete first, because two cannot stand side by side.
    _deletes_first: ClassVar[bool]

    @classmethod
    @explaining
    def get(
        cls: type[Self],
        resource_name: str,
        id: Input[str],  # noqa: A002 - Pulumi's own name for it
        opts: ResourceOptions | None = None,
    ) -> Self:
        """Read one that is managed elsewhere, without owning it.

        Args:
            resource_name: Logical name of the resource, unique in the stack.
            id: Vapi's id of it. One that does not exist is an error.
            opts: Pulumi's options.

        Returns:
            The resource; all its outputs are as Vapi holds them.
        """
        if not id:
            raise pulumi.RunError(f"{cls.__name__}.get {resource_name!r} needs the id that Vapi has given it, and it is {id!r}")
        resource = cls.__new__(cls)
        everything = dict.fromkeys(cls._provider_type.kind.input_names)
        read = ResourceOptions.merge(opts, ResourceOptions(id=to_wire(id, f"{cls.__name__}.get {resource_name!r}: id")))
        Resource.__init__(resource, *resource._registration(resource_name, everything, read))  # noqa: SLF001 - our own
        return resource

    @property
    def name(self) -> Output[str | None]:
        """Its own name at Vapi."""
        return self._output("name")

    @property
    def deletion_protection(self) -> Output[bool | None]:
        """Whether a delete is refused."""
        return self._output("deletionProtection")

    @property
    def additional_properties(self) -> Output[dict[str, Any] | None]:
        """The additional properties as the API holds them."""
        return self._output("additionalProperties")

    @property
    def org_id(self) -> Output[str]:
        """Id of the organisation."""
        return self._output("orgId")

    @property
    def created_at(self) -> Output[str]:
        """When it was made, ISO 8601 in UTC."""
        return self._output("createdAt")

    @property
    def updated_at(self) -> Output[str]:
        """When it was last changed, ISO 8601 in UTC."""
        return self._output("updatedAt")

    def _props(
        self, name: object, args_type: type[Any], args: object, more: Sequence[object], keywords: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the arguments as the provider takes them, or refuse them in a sentence."""
        first = dataclasses.fields(args_type)[0].name
        label = f"{type(self).__name__} {checked_name(type(self).__name__, first, name)!r}"
        if more:
            raise pulumi.RunError(f"{label} takes its arguments by name, such as {first}=...")
        given = given_arguments(label, self._provider_type.kind, args_type, args, keywords)
        props: dict[str, Any] = to_wire(given, f"{label}: ")
        wire_names = sorted(set(wire_names_in(given)))
        return {**props, WIRE_NAMES_GIVEN: wire_names} if wire_names else props

    def _registration(
        self, resource_name: str, props: dict[str, Any], opts: ResourceOptions | None
    ) -> tuple[VapiProvider, str, dict[str, Any], ResourceOptions]:
        """Return what Pulumi's own constructor takes, which is called where there are the fewest calls below it.

        The engine keeps all of them, file and line, in the state of every resource.
        """
        if opts is not None and not isinstance(opts, ResourceOptions):
            raise pulumi.RunError(
                f"{type(self).__name__} {resource_name!r} takes opts=pulumi.ResourceOptions(...), not {type(opts).__name__}"
            )
        _warn_of_the_configuration()
        if opts is not None and opts.custom_timeouts is not None:
            pulumi.log.warn(
                f"{type(self).__name__} {resource_name!r}: custom_timeouts have no effect here: Pulumi does not hand them to "
                "dynamic providers; set vapi-byo:timeout instead"
            )
        # Every output needs a key, or it becomes no attribute.
        props |= dict.fromkeys((*_OF_VAPI, *self._computed))
        if SIP_URI in self._computed:
            props[SIP_URI] = _expected_sip_uri(props.get("number"), props.get("credentialId"))
        if opts is not None and opts.import_ is not None:
            props[IMPORT_ID] = opts.import_
        options = _options(opts, deletes_first=self._deletes_first)
        if options.ignore_changes:
            props[LEFT_ALONE] = options.ignore_changes
        return self._provider_type(), resource_name, props, options

    def _output(self, wire: str) -> Output[Any]:
        output: Output[Any] | None = self.__dict__.get(wire)
        if output is not None:
            return output
        # An argument that the program did not give. A registered output without a value is unknown to the SDK in a preview,
        # and what depends on it would show a change; the engine knows that it is unset.
        return self._registered.apply(lambda outputs: _argument(outputs.get(wire)))

    @functools.cached_property
    def _registered(self) -> Output[Mapping[str, Any]]:
        """What the engine has of this resource; asked for once."""
        # What failed or is still to be made has a URN, but no such outputs.
        return Output.all(self.urn, self.org_id).apply(lambda known: _ask_the_engine(known[0]))


class ByoPhoneNumber(VapiResource, module="vapi", name="ByoPhoneNumber"):
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

    _provider_type = ByoPhoneNumberProvider
    _computed = ("status", SIP_URI)
    _deletes_first = True

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
        additional_properties: Input[Object] | None = None,
        deletion_protection: Input[bool] | None = None,
    ) -> None: ...

    def __init__(
        self,
        resource_name: str = "",
        args: ByoPhoneNumberArgs | None = None,
        opts: ResourceOptions | None = None,
        *more: object,
        **keywords: Any,
    ) -> None:
        """Declare a number.

        Args:
            resource_name: Logical name of the resource, unique in the stack. It is not the number's own `name`.
            args: All arguments in one object.
            opts: Pulumi's options. With `import_` the number of that id is taken over, if it is as the program says, and
                nothing is written. `delete_before_replace` is always on; `custom_timeouts` have no effect.
            *more: Nothing: all other arguments are given by name.
            **keywords: The fields of `ByoPhoneNumberArgs`, instead of `args`.

        Raises:
            pulumi.RunError: Both `args` and keywords were given, or a keyword that does not exist.
        """
        props = self._props(resource_name, ByoPhoneNumberArgs, args, more, keywords)
        super().__init__(*self._registration(resource_name, props, opts))

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
    def assistant_id(self) -> Output[str | None]:
        """Id of the assistant that takes inbound calls."""
        return self._output("assistantId")

    @property
    def squad_id(self) -> Output[str | None]:
        """Id of the squad that takes inbound calls."""
        return self._output("squadId")

    @property
    def workflow_id(self) -> Output[str | None]:
        """Id of a workflow; Vapi retired workflows in August 2026."""
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
    def status(self) -> Output[str | None]:
        """``active``, ``activating`` or ``blocked``."""
        return self._output("status")

    @property
    def sip_uri(self) -> Output[str | None]:
        """Where the carrier must send inbound calls."""
        return self._output("sipUri")


class ByoSipTrunkCredential(VapiResource, module="vapi", name="ByoSipTrunkCredential"):
    """A SIP trunk of your own, or your carrier's, at Vapi: what the `credential_id` of a number comes from.

    Arguments are given as keywords or as one `ByoSipTrunkCredentialArgs`; every one may be an output of another resource. They
    are validated at preview. Every change is made in place, so the id stays, and numbers keep their trunk. A number that takes
    its `credential_id` from the trunk is deleted before it.

    Attributes:
        id: Vapi's id of the trunk, the `credential_id` of its numbers.
        org_id: Id of the organisation it belongs to.
        created_at: When it was made, ISO 8601 in UTC.
        updated_at: When it was last changed, ISO 8601 in UTC.
    """

    _provider_type = ByoSipTrunkCredentialProvider
    _computed = ()
    # Its numbers hang on it until they have another: a replacement is made first, and the old one deleted last.
    _deletes_first = False

    @overload
    def __init__(self, resource_name: str, args: ByoSipTrunkCredentialArgs, opts: ResourceOptions | None = None) -> None: ...

    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: ResourceOptions | None = None,
        *,
        gateways: Input[Sequence[Input[SipTrunkGatewayArgs | Object]]],
        name: Input[str] | None = None,
        outbound_authentication_plan: Input[SipTrunkOutboundAuthenticationPlanArgs | Object] | None = None,
        outbound_leading_plus_enabled: Input[bool] | None = None,
        tech_prefix: Input[str] | None = None,
        sip_diversion_header: Input[str] | None = None,
        additional_properties: Input[Object] | None = None,
        deletion_protection: Input[bool] | None = None,
    ) -> None: ...

    def __init__(
        self,
        resource_name: str = "",
        args: ByoSipTrunkCredentialArgs | None = None,
        opts: ResourceOptions | None = None,
        *more: object,
        **keywords: Any,
    ) -> None:
        """Declare a trunk.

        Args:
            resource_name: Logical name of the resource, unique in the stack. It is not the trunk's own `name`.
            args: All arguments in one object.
            opts: Pulumi's options. With `import_` the trunk of that id is taken over, if it is as the program says, and nothing
                is written. `custom_timeouts` have no effect.
            *more: Nothing: all other arguments are given by name.
            **keywords: The fields of `ByoSipTrunkCredentialArgs`, instead of `args`.

        Raises:
            pulumi.RunError: Both `args` and keywords were given, or a keyword that does not exist.
        """
        props = self._props(resource_name, ByoSipTrunkCredentialArgs, args, more, keywords)
        super().__init__(*self._registration(resource_name, props, opts))

    @property
    def gateways(self) -> Output[list[dict[str, Any]]]:
        """The gateways as the API holds them, with Vapi's own names."""
        return self._output("gateways")

    @property
    def outbound_authentication_plan(self) -> Output[dict[str, Any] | None]:
        """The plan as the API holds it, with Vapi's own names; the password, a secret, as it was last sent."""
        return self._output("outboundAuthenticationPlan")

    @property
    def outbound_leading_plus_enabled(self) -> Output[bool | None]:
        """Whether outbound numbers keep their leading plus."""
        return self._output("outboundLeadingPlusEnabled")

    @property
    def tech_prefix(self) -> Output[str | None]:
        """Put in front of outbound numbers."""
        return self._output("techPrefix")

    @property
    def sip_diversion_header(self) -> Output[str | None]:
        """Value of the Diversion header of outbound calls."""
        return self._output("sipDiversionHeader")


show_arguments(ByoPhoneNumber, ByoPhoneNumberArgs)
show_arguments(ByoSipTrunkCredential, ByoSipTrunkCredentialArgs)


async def _ask_the_engine(urn: str) -> Any:
    """Return the outputs that the engine has of a resource, or that they are unknown."""
    try:
        found = await pulumi.runtime.invoke_async("pulumi:pulumi:getResource", {"urn": urn})
    except Exception:  # noqa: BLE001 - what the SDK raises where the engine has none: of those that a refresh leaves out
        found = None
    return found["state"] if found else pulumi.output.UNKNOWN


def _argument(value: Any) -> Any:
    # The SDK does not tell what of the engine's answer is a secret.
    return None if value is None else Output.secret(value)


def _expected_sip_uri(number: Any, credential_id: Any) -> Input[str | None] | None:
    """Compute the address already here, so that it is secret where the number is; the provider knows the region for sure."""
    if number is None or credential_id is None:
        return None
    region: Region = "eu" if pulumi.Config("vapi-byo").get("region") == "eu" else "us"
    if isinstance(number, str) and isinstance(credential_id, str):
        return sip_uri(number, credential_id, region)  # an output takes a task of its own, for each number
    return Output.all(number, credential_id).apply(lambda both: sip_uri(both[0], both[1], region))


@functools.cache
def _warn_of_the_configuration() -> None:
    """Warn once of a key that stands readable in the stack's file, and of settings without effect.

    Only the program can tell the first: the provider gets every value in clear.
    """
    if pulumi.Config("vapi-byo").get("apiKey") and not is_config_secret("vapi-byo:apiKey"):
        pulumi.log.warn(
            "vapi-byo:apiKey is stored in plain text in the stack's configuration: make the key a secret with "
            "pulumi config set --secret vapi-byo:apiKey, and replace it at Vapi if others could read it"
        )
    for sentence in keys_without_effect(sorted(_configuration_keys())):
        pulumi.log.warn(sentence)


def _configuration_keys() -> Iterable[str]:
    # The SDK has no public way to list them: this is what its own look-up of a key reads.
    try:
        return {*CONFIG.get(), *get_config_env()}
    except (AttributeError, TypeError, ValueError):
        return ()  # an SDK that keeps them otherwise: a warning is no reason to fail


def _options(opts: ResourceOptions | None, *, deletes_first: bool) -> ResourceOptions:
    options = ResourceOptions.merge(opts, ResourceOptions(delete_before_replace=True if deletes_first else None))
    options.import_ = None  # the engine's own import never reaches a dynamic provider: ours goes through create
    options.ignore_changes = _wire_paths(options.ignore_changes)
    options.replace_on_changes = _wire_paths(options.replace_on_changes)
    options.additional_secret_outputs = _wire_paths(options.additional_secret_outputs)
    if hasattr(options, "hide_diffs"):  # newer SDKs have it
        options.hide_diffs = _wire_paths(options.hide_diffs)
    return options


def _wire_paths(paths: list[str] | None) -> list[str] | None:
    return paths and [_wire_path(path) for path in paths]


def _wire_path(path: str) -> str:
    names = {**WIRE_NAMES, **_OUTPUT_ONLY}
    # Below headers the keys are the user's own, and below additional properties Vapi's.
    ours, users = re.match(r"(.*?\b(?:headers|sip_?[hH]eaders|additional_?[pP]roperties)\b|.*)(.*)", path, re.DOTALL).groups()  # type: ignore[union-attr]
    return re.sub(r"\w+", lambda word: names.get(word[0], word[0]), ours) + users
