"""Explicit providers: several accounts, regions or settings in one program, each provider with its own key.

`_provider` has the class that programs see; this module has its behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions

from pulumi_vapi_byo.config import (
    PROVIDER_NAME,
    SETTINGS,
    NumberCheck,
    OnUnknown,
    Setting,
    check_setting,
)
from pulumi_vapi_byo.errors import ConfigError, shorten

from .arguments import to_wire


class ProviderWithSettings(pulumi.ProviderResource):
    """A provider whose arguments are the settings.

    Args:
        resource_name: Logical name of the provider.
        opts: Pulumi's options.
        given: Its arguments, by name.

    Raises:
        pulumi.RunError: An argument is missing or invalid.
    """

    def __init__(self, resource_name: str, opts: ResourceOptions | None, given: Mapping[str, Any]) -> None:
        settings = SETTINGS.values()
        said = {one: to_wire(given[one.argument], f"Provider {resource_name!r}: {one.argument}") for one in settings}
        problems = [problem for one, value in said.items() if (problem := _problem(one, value))]
        if problems:
            raise pulumi.RunError(f"Provider {resource_name!r}: {'; '.join(problems)}")
        props = {one.key: Output.secret(value) if one.is_secret else value for one, value in said.items()}
        props[PROVIDER_NAME] = resource_name
        super().__init__("pulumi-python", resource_name, props, opts)
        #: How pools check rows before anything is sent; if it is an output, the provider itself checks more strictly later.
        self.number_check: NumberCheck = "possible" if given["number_check"] in (None, "possible") else "e164"
        self.on_unknown: OnUnknown = "error" if given["on_unknown"] in (None, "error") else "send"


def _problem(setting: Setting, value: Any) -> str:
    if setting.is_secret and (value is None or value == ""):
        return f"{setting.argument} is missing: it {setting.requirement}"
    if value is None or isinstance(value, Output) or hasattr(value, "__await__"):
        return ""
    try:
        check_setting(setting, value)
    except ConfigError:
        # An invalid key or address may contain a secret.
        shown = f" is {shorten(repr(value), 60)}: it" if setting.choices or setting.most else ""
        return f"{setting.argument}{shown} {setting.requirement}"
    return ""
