"""What all resources have in common; `_resources` has the classes that programs see."""

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
    """Base of all resources."""

    _provider_type: ClassVar[type[VapiProvider]]

    @classmethod
    @explaining
    def get(
        cls: type[Self],
        resource_name: str,
        id: Input[str],  # noqa: A002 - Pulumi's own name for it
        opts: ResourceOptions | None = None,
    ) -> Self:
        """Read a resource that is managed elsewhere, without owning it.

        Args:
            resource_name: Logical name of the resource, unique in the stack.
            id: Its id at Vapi. It is an error if none exists.
            opts: Pulumi's options.

        Returns:
            The resource, with all outputs as Vapi holds them.
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
        """Return the arguments as the provider takes them, or refuse them in one sentence."""
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
        """Return the arguments of Pulumi's own constructor, which is called where the call stack is shortest.

        The engine stores that stack, with file and line, in the state of every resource.
        """
        if opts is not None and not isinstance(opts, ResourceOptions):
            raise pulumi.RunError(
                f"{type(self).__name__} {resource_name!r} takes opts=pulumi.ResourceOptions(...), not {type(opts).__name__}"
            )
        _warn_of_the_configuration()
        if opts is not None and opts.custom_timeouts is not None:
            pulumi.log.warn(
                f"{type(self).__name__} {resource_name!r}: custom_timeouts have no effect here: Pulumi does not pass them to "
                "dynamic providers; set vapi-byo:timeout instead"
            )
        # An output without a key would not become an attribute.
        kind = self._provider_type.kind
        props |= dict.fromkeys(kind.outputs)
        if SIP_URI in kind.computed:
            props[SIP_URI] = _expected_sip_uri(props.get("number"), props.get("credentialId"))
        if opts is not None and opts.import_ is not None:
            props[IMPORT_ID] = opts.import_
        # Two resources cannot have one identity at once. Without an identity, the old one is kept until its dependants move.
        options = _options(opts, deletes_first=kind.identity is not None)
        # A stack of the plugin's can move here as it is; the schema has the alias for the other direction.
        options.aliases = [*(options.aliases or ()), Alias(type_=plugin_type(kind))]
        if options.ignore_changes:
            props[LEFT_ALONE] = options.ignore_changes
        return self._provider_type(), resource_name, props, options

    def _output(self, wire: str) -> Output[Any]:
        output: Output[Any] | None = self.__dict__.get(wire)
        if output is not None:
            return output
        # An argument that the program did not give. If it were registered without a value, the SDK would take it for unknown in
        # a preview, and dependants would show a change; but the engine knows that it is unset.
        return self._registered.apply(lambda outputs: _argument(outputs.get(wire)))

    @functools.cached_property
    def _registered(self) -> Output[Mapping[str, Any]]:
        """The engine's outputs of this resource; requested only once."""
        # A resource that failed or is yet to be created has a URN, but no such outputs.
        return Output.all(self.urn, self._output("orgId")).apply(lambda known: _ask_the_engine(known[0]))


async def _ask_the_engine(urn: str) -> Any:
    """Return the engine's outputs of a resource; unknown if it has none."""
    try:
        found = await pulumi.runtime.invoke_async("pulumi:pulumi:getResource", {"urn": urn})
    except Exception:  # noqa: BLE001 - the engine has none, e.g. of a resource that a refresh leaves out
        found = None
    return found["state"] if found else pulumi.output.UNKNOWN


def _argument(value: Any) -> Any:
    # The SDK doesn't say which parts of the engine's answer are secret.
    return None if value is None else Output.secret(value)


def _expected_sip_uri(number: Any, credential_id: Any) -> Input[str | None] | None:
    """Return the address, computed here so that it is secret if the number is; only the provider knows the region for sure."""
    if number is None or credential_id is None:
        return None
    region: Region = "eu" if pulumi.Config("vapi-byo").get("region") == "eu" else "us"
    if isinstance(number, str) and isinstance(credential_id, str):
        return sip_uri(number, credential_id, region)  # an output would cost a task for each number
    return Output.all(number, credential_id).apply(lambda both: sip_uri(both[0], both[1], region))


@functools.cache
def _warn_of_the_configuration() -> None:
    """Warn once about a key stored in plain text in the stack's file, and about settings without effect.

    Only the program can notice the former: the provider gets every value in clear.
    """
    if pulumi.Config("vapi-byo").get("apiKey") and not is_config_secret("vapi-byo:apiKey"):
        pulumi.log.warn(
            "vapi-byo:apiKey is stored in plain text in the stack's configuration: make the key a secret with "
            "pulumi config set --secret vapi-byo:apiKey, and replace it at Vapi if others could read it"
        )
    for sentence in keys_without_effect(sorted(_configuration_keys())):
        pulumi.log.warn(sentence)


def _configuration_keys() -> Iterable[str]:
    # The SDK has no public way to list them; this is what its own look-up of a key reads.
    try:
        return {*CONFIG.get(), *get_config_env()}
    except (AttributeError, TypeError, ValueError):
        return ()  # an SDK that stores them elsewhere; not worth failing for a warning


def _options(opts: ResourceOptions | None, *, deletes_first: bool) -> ResourceOptions:
    options = ResourceOptions.merge(opts, ResourceOptions(delete_before_replace=True if deletes_first else None))
    options.import_ = None  # the engine's import never reaches a dynamic provider; ours is part of create
    options.ignore_changes = _wire_paths(options.ignore_changes)
    options.replace_on_changes = _wire_paths(options.replace_on_changes)
    options.additional_secret_outputs = _wire_paths(options.additional_secret_outputs)
    if hasattr(options, "hide_diffs"):  # only newer SDKs have it
        options.hide_diffs = _wire_paths(options.hide_diffs)
    return options


def _wire_paths(paths: list[str] | None) -> list[str] | None:
    return paths and [_wire_path(path) for path in paths]


def _wire_path(path: str) -> str:
    names = {**WIRE_NAMES, **{to_snake(wire): wire for kind in KINDS for wire in kind.outputs}}
    # Keys of headers are the user's own, and those of additional properties are Vapi's.
    ours, users = re.match(r"(.*?\b(?:headers|sip_?[hH]eaders|additional_?[pP]roperties)\b|.*)(.*)", path, re.DOTALL).groups()  # type: ignore[union-attr]
    return re.sub(r"\w+", lambda word: names.get(word[0], word[0]), ours) + users
