"""The resources, as a program sees them; what they do is in `resources`.

Generated from `kinds.models` and `kinds.objects` by `make generate`: do not edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, overload

from pulumi import Input, Output, ResourceOptions

from pulumi_vapi_byo.provider import ByoPhoneNumberProvider, ByoSipTrunkCredentialProvider

from ._arguments import (
    ByoPhoneNumberArgs,
    ByoSipTrunkCredentialArgs,
    Object,
    ServerArgs,
    SipTrunkGatewayArgs,
    SipTrunkOutboundAuthenticationPlanArgs,
    TransferDestinationNumberArgs,
    TransferDestinationSipArgs,
)
from .arguments import show_arguments
from .resources import VapiResource

#: The types of the resources in states, URNs and policies.
BYO_PHONE_NUMBER_TYPE: Final = "pulumi-python:dynamic/vapi:ByoPhoneNumber"
BYO_SIP_TRUNK_CREDENTIAL_TYPE: Final = "pulumi-python:dynamic/vapi:ByoSipTrunkCredential"


class ByoPhoneNumber(VapiResource, module="vapi", name="ByoPhoneNumber"):
    """A phone number of your own SIP trunk or carrier, at Vapi.

    Arguments are given as keywords or as one `ByoPhoneNumberArgs`; every one may be an output of another resource. They are
    validated at preview. Every change is made in place, so the id stays; a replacement that is forced deletes first.

    Attributes:
        id: Vapi's id of it.
        org_id: Id of the organisation.
        created_at: When it was created, ISO 8601 in UTC.
        updated_at: When it was last changed, ISO 8601 in UTC.
        status: ``active``, ``activating`` or ``blocked``; changes by itself and is never a difference.
        sip_uri: Where the carrier must send inbound calls. ``{number}@{credential_id}.sip.vapi.ai``, in region eu
            ``.sip.eu.vapi.ai``; None without a number.
    """

    _provider_type = ByoPhoneNumberProvider

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
        fallback_destination: Input[TransferDestinationNumberArgs | TransferDestinationSipArgs | Object] | None = None,
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
        """Declare a BYO phone number.

        Args:
            resource_name: Logical name of the resource, unique in the stack. It is not its `name` at Vapi.
            args: All arguments in one object.
            opts: Pulumi's options. With `import_` what has that id at Vapi is taken over, if it is as the program says, and
                nothing is written. `delete_before_replace` is always on; `custom_timeouts` have no effect.
            *more: Nothing: all other arguments are given by name.
            **keywords: The fields of `ByoPhoneNumberArgs`, instead of `args`.

        Raises:
            pulumi.RunError: Both `args` and keywords were given, or a keyword that does not exist.
        """
        props = self._props(resource_name, ByoPhoneNumberArgs, args, more, keywords)
        super().__init__(*self._registration(resource_name, props, opts))

    @property
    def org_id(self) -> Output[str]:
        """Id of the organisation."""
        return self._output("orgId")

    @property
    def created_at(self) -> Output[str]:
        """When it was created, ISO 8601 in UTC."""
        return self._output("createdAt")

    @property
    def updated_at(self) -> Output[str]:
        """When it was last changed, ISO 8601 in UTC."""
        return self._output("updatedAt")

    @property
    def credential_id(self) -> Output[str]:
        """Id of the ``byo-sip-trunk`` credential, your SIP trunk or carrier, that carries the calls."""
        return self._output("credentialId")

    @property
    def number(self) -> Output[str | None]:
        """The number."""
        return self._output("number")

    @property
    def number_e164_check_enabled(self) -> Output[bool | None]:
        """Whether `number` must be in E.164.

        None where it was never set, which means True.
        """
        return self._output("numberE164CheckEnabled")

    @property
    def name(self) -> Output[str | None]:
        """Your own name for the number, at most 40 characters."""
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
        """Id of a workflow."""
        return self._output("workflowId")

    @property
    def server_url(self) -> Output[str | None]:
        """Address that is asked for an assistant where none is set."""
        return self._output("serverUrl")

    @property
    def server_url_secret(self) -> Output[str | None]:
        """Sent to `server_url` as header ``x-vapi-secret``.

        A secret output.
        """
        return self._output("serverUrlSecret")

    @property
    def server(self) -> Output[dict[str, Any] | None]:
        """Address that is asked for an assistant where none is set, with headers, time-out and retries.

        Has Vapi's own (camelCase) names.
        """
        return self._output("server")

    @property
    def hooks(self) -> Output[list[dict[str, Any]] | None]:
        """What happens when a call rings or could not be given to an assistant.

        Has Vapi's own (camelCase) names.
        """
        return self._output("hooks")

    @property
    def fallback_destination(self) -> Output[dict[str, Any] | None]:
        """Where calls go when neither assistant nor squad is set and the server does not answer.

        Has Vapi's own (camelCase) names.
        """
        return self._output("fallbackDestination")

    @property
    def additional_properties(self) -> Output[dict[str, Any] | None]:
        """Fields of Vapi's that have no argument here, by Vapi's own (camelCase) names."""
        return self._output("additionalProperties")

    @property
    def deletion_protection(self) -> Output[bool | None]:
        """Whether a delete is refused; default False."""
        return self._output("deletionProtection")

    @property
    def status(self) -> Output[str | None]:
        """``active``, ``activating`` or ``blocked``; changes by itself and is never a difference."""
        return self._output("status")

    @property
    def sip_uri(self) -> Output[str | None]:
        """Where the carrier must send inbound calls.

        ``{number}@{credential_id}.sip.vapi.ai``, in region eu ``.sip.eu.vapi.ai``; None without a number.
        """
        return self._output("sipUri")


class ByoSipTrunkCredential(VapiResource, module="vapi", name="ByoSipTrunkCredential"):
    """A SIP trunk of your own, or your carrier's, at Vapi: what the `credential_id` of a number comes from.

    Arguments are given as keywords or as one `ByoSipTrunkCredentialArgs`; every one may be an output of another resource. They
    are validated at preview. Every change is made in place, so the id stays, and numbers keep their trunk. A number that takes
    its `credential_id` from the trunk is deleted before it.

    Attributes:
        id: Vapi's id of it.
        org_id: Id of the organisation.
        created_at: When it was created, ISO 8601 in UTC.
        updated_at: When it was last changed, ISO 8601 in UTC.
    """

    _provider_type = ByoSipTrunkCredentialProvider

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
        """Declare a BYO SIP trunk.

        Args:
            resource_name: Logical name of the resource, unique in the stack. It is not its `name` at Vapi.
            args: All arguments in one object.
            opts: Pulumi's options. With `import_` what has that id at Vapi is taken over, if it is as the program says, and
                nothing is written. `custom_timeouts` have no effect.
            *more: Nothing: all other arguments are given by name.
            **keywords: The fields of `ByoSipTrunkCredentialArgs`, instead of `args`.

        Raises:
            pulumi.RunError: Both `args` and keywords were given, or a keyword that does not exist.
        """
        props = self._props(resource_name, ByoSipTrunkCredentialArgs, args, more, keywords)
        super().__init__(*self._registration(resource_name, props, opts))

    @property
    def org_id(self) -> Output[str]:
        """Id of the organisation."""
        return self._output("orgId")

    @property
    def created_at(self) -> Output[str]:
        """When it was created, ISO 8601 in UTC."""
        return self._output("createdAt")

    @property
    def updated_at(self) -> Output[str]:
        """When it was last changed, ISO 8601 in UTC."""
        return self._output("updatedAt")

    @property
    def gateways(self) -> Output[list[dict[str, Any]]]:
        """The carrier's machines, at least one.

        Has Vapi's own (camelCase) names.
        """
        return self._output("gateways")

    @property
    def name(self) -> Output[str | None]:
        """Your own name for the trunk, at most 40 characters."""
        return self._output("name")

    @property
    def outbound_authentication_plan(self) -> Output[dict[str, Any] | None]:
        """How Vapi proves to the carrier who it is.

        Has Vapi's own (camelCase) names.
        """
        return self._output("outboundAuthenticationPlan")

    @property
    def outbound_leading_plus_enabled(self) -> Output[bool | None]:
        """Whether outbound numbers keep their leading plus."""
        return self._output("outboundLeadingPlusEnabled")

    @property
    def tech_prefix(self) -> Output[str | None]:
        """Put in front of outbound numbers, as some carriers want."""
        return self._output("techPrefix")

    @property
    def sip_diversion_header(self) -> Output[str | None]:
        """Value of the Diversion header of outbound calls."""
        return self._output("sipDiversionHeader")

    @property
    def additional_properties(self) -> Output[dict[str, Any] | None]:
        """Fields of Vapi's that have no argument here, by Vapi's own (camelCase) names."""
        return self._output("additionalProperties")

    @property
    def deletion_protection(self) -> Output[bool | None]:
        """Whether a delete is refused; default False."""
        return self._output("deletionProtection")


show_arguments(ByoPhoneNumber, ByoPhoneNumberArgs)
show_arguments(ByoSipTrunkCredential, ByoSipTrunkCredentialArgs)
