"""What the resources have in common; `_resources` has the classes that a program sees."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import pulumi
from pulumi import Alias, Input, Output, ResourceOptions
from pulumi.dynamic import Resource
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from pulumi_vapi_byo.config import Region, keys_without_effect
from pulumi_vapi_byo.kinds import KINDS
from pulumi_vapi_byo.kinds.kind import plugin_type
from pulumi_vapi_byo.kinds.phone_number import sip_uri
from pulumi_vapi_byo.provider import IMPORT_ID, LEFT_ALONE, WIRE_NAMES_GIVEN, VapiProvider
from pulumi_vapi_byo.wire import SIP_URI, WIRE_NAMES, to_snake, wire_names_in

from .arguments import checked_name, explaining, given_arguments, to_wire

Self = TypeVar("Self", bound="VapiResource")


class VapiResource(Resource):
    """What the resources have in common."""

    _provider_type: ClassVar[type[VapiProvider]]

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
        kind = self._provider_type.kind
        props |= dict.fromkeys(kind.outputs)
        if SIP_URI in kind.computed:
            props[SIP_URI] = _expected_sip_uri(props.get("number"), props.get("credentialId"))
        if opts is not None and opts.import_ is not None:
            props[IMPORT_ID] = opts.import_
        # Two of one identity cannot exist at once. One without an identity is kept until what depends on it has another.
        options = _options(opts, deletes_first=kind.identity is not None)
        # A stack of the plugin's becomes one of this provider's as it is; the schema has the way there.
        options.aliases = [*(options.aliases or ()), Alias(type_=plugin_type(kind))]
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
        # What failed or is still to be created has a URN, but no such outputs.
        return Output.all(self.urn, self._output("orgId")).apply(lambda known: _ask_the_engine(known[0]))


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
    """Warn once of a key that is readable in the stack's file, and of settings without effect.

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
    names = {**WIRE_NAMES, **{to_snake(wire): wire for kind in KINDS for wire in kind.outputs}}
    # Below headers the keys are the user's own, and below additional properties Vapi's.
    ours, users = re.match(r"(.*?\b(?:headers|sip_?[hH]eaders|additional_?[pP]roperties)\b|.*)(.*)", path, re.DOTALL).groups()  # type: ignore[union-attr]
    return re.sub(r"\w+", lambda word: names.get(word[0], word[0]), ours) + users
