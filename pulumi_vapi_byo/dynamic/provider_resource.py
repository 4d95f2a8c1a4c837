"""Explicit providers: several accounts, regions or manners in one program, each with its own key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi
from pulumi import Input, Output, ResourceOptions

from pulumi_vapi_byo.config import (
    MAX_MAX_RETRIES,
    MAX_TIMEOUT_S,
    PROVIDER_NAME,
    NumberCheck,
    OnUnknown,
    read_public_settings,
    read_settings,
)
from pulumi_vapi_byo.errors import ConfigError, shorten

from .arguments import explaining, to_wire

#: Arguments, their configuration keys, and what is right for each; whether a value is right is for `config` to say.
_KEYS: Final[Mapping[str, tuple[str, str]]] = {
    "api_key": ("vapi-byo:apiKey", "must be the private key of a Vapi organisation, as the dashboard shows it"),
    "base_url": (
        "vapi-byo:baseUrl",
        "must be the address of an API, such as https://api.vapi.ai (plain http only for a server on this machine)",
    ),
    "region": ("vapi-byo:region", "must be us or eu"),
    "timeout": ("vapi-byo:timeout", f"must be a number of seconds, more than 0 and at most {MAX_TIMEOUT_S:g}"),
    "max_retries": ("vapi-byo:maxRetries", f"must be a whole number from 0 to {MAX_MAX_RETRIES}"),
    "requests_per_second": (
        "vapi-byo:requestsPerSecond",
        "must be a number of requests a second, more than 0 and at most 1000",
    ),
    "on_existing": ("vapi-byo:onExisting", "must be error, adopt or allow"),
    "on_conflict": ("vapi-byo:onConflict", "must be error, overwrite or unchecked"),
    "on_omitted": ("vapi-byo:onOmitted", "must be keep or clear"),
    "on_unknown": ("vapi-byo:onUnknown", "must be error or send"),
    "number_check": ("vapi-byo:numberCheck", "must be possible or e164"),
}


class Provider(pulumi.ProviderResource):
    """An account at Vapi for the resources that are given this as ``opts.provider``, or as one of a component's ``providers``.

    It has nothing of the stack's ``vapi-byo:*`` configuration: what is left out has its default, or comes from the environment
    where the configuration would too (``VAPI_BASE_URL``, ``VAPI_MAX_RETRIES``). The key is a secret of the state, and
    ``refresh`` and ``destroy`` take it from there: after a change of the key, run ``up`` before them. The numbers stay as they
    are where an argument changes; with the key of another organisation they are not found, and nothing is concluded from it.
    """

    @explaining
    def __init__(
        self,
        resource_name: str,
        opts: ResourceOptions | None = None,
        *,
        api_key: Input[str],
        base_url: Input[str] | None = None,
        region: Input[str] | None = None,
        timeout: Input[float] | None = None,
        max_retries: Input[int] | None = None,
        requests_per_second: Input[float] | None = None,
        on_existing: Input[str] | None = None,
        on_conflict: Input[str] | None = None,
        on_omitted: Input[str] | None = None,
        on_unknown: Input[str] | None = None,
        number_check: Input[str] | None = None,
    ) -> None:
        """Declare a provider.

        Args:
            resource_name: Logical name of the provider, unique in the stack.
            opts: Pulumi's options.
            api_key: Private key of the organisation. Always kept as a secret.
            base_url: Address of the API; https, plain http only on this machine. Default: that of the region.
            region: ``us`` or ``eu``: the API and SIP hosts. Default: ``us``.
            timeout: Seconds a single request may take, at most 600. Default: 30.
            max_retries: How often a failed request is tried again, 0 to 20. Default: 4.
            requests_per_second: Most requests a second, all together. Default: found by itself from the API's 429s.
            on_existing: Where a number to create exists already: ``error`` (the default), ``adopt`` it, or ``allow`` Vapi to
                decide.
            on_conflict: Where somebody else changed what is about to be changed: ``error`` (the default), ``overwrite``, or
                ``unchecked``.
            on_omitted: An argument that the program leaves out: ``keep`` (the default) what Vapi has, or ``clear`` it.
            on_unknown: A field or value that this version does not know: ``error`` (the default), or ``send`` it as written.
            number_check: ``possible`` (the default) refuses a number whose length no numbering plan has; ``e164`` checks its
                form alone and warns of the rest.

        Raises:
            pulumi.RunError: A value is wrong. Outputs are checked at preview, once they are known.
        """
        given: dict[str, Any] = {
            "api_key": api_key,
            "base_url": base_url,
            "region": region,
            "timeout": timeout,
            "max_retries": max_retries,
            "requests_per_second": requests_per_second,
            "on_existing": on_existing,
            "on_conflict": on_conflict,
            "on_omitted": on_omitted,
            "on_unknown": on_unknown,
            "number_check": number_check,
        }
        given = {argument: to_wire(value, f"Provider {resource_name!r}: {argument}") for argument, value in given.items()}
        problems = [problem for argument, value in given.items() if (problem := _problem(argument, value))]
        if problems:
            raise pulumi.RunError(f"Provider {resource_name!r}: {'; '.join(problems)}")
        props = {_KEYS[argument][0]: value for argument, value in given.items()}
        props["vapi-byo:apiKey"] = Output.secret(given["api_key"])
        props[PROVIDER_NAME] = resource_name
        super().__init__("pulumi-python", resource_name, props, opts)
        #: How pools check rows before they know more: an output is left to the provider itself.
        self.number_check: NumberCheck = "possible" if number_check in (None, "possible") else "e164"
        self.on_unknown: OnUnknown = "error" if on_unknown in (None, "error") else "send"


def _problem(argument: str, value: Any) -> str:
    key, right = _KEYS[argument]
    if argument == "api_key" and (value is None or value == ""):
        return f"api_key is missing: it {right}"
    if value is None or isinstance(value, Output) or hasattr(value, "__await__"):
        return ""
    try:
        if argument == "api_key":
            read_settings({key: value}.get, {})
        else:
            read_public_settings({key: value}.get, {})
    except ConfigError:
        shown = "" if argument in ("api_key", "base_url") else f" is {shorten(repr(value), 60)}: it"
        return f"{argument}{shown} {right}"
    return ""
