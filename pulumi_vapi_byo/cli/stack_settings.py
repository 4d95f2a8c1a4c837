"""The provider's settings for a command: its own options first; then the stack and the environment, as in the provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi_vapi_byo.config import BASE_URLS, Region, Settings, read_settings
from pulumi_vapi_byo.errors import ConfigError, VapiError

from .pulumi_cli import PulumiCli

API_KEY = "vapi-byo:apiKey"


@dataclass(frozen=True)
class Found:
    """Settings, and where the key came from.

    Attributes:
        settings: The settings.
        key_source: Where the key is set, in words.
        config: The stack's configuration, see `PulumiCli.config`; None if there is no stack.
    """

    settings: Settings
    key_source: str
    config: Mapping[str, str | None] | None = field(repr=False)


def find_settings(
    cli: PulumiCli,
    environ: Mapping[str, str],
    *,
    stack: str | None = None,
    base_url: str | None = None,
    region: Region | None = None,
) -> Found:
    """Find the settings that the provider would have.

    Args:
        cli: Reads the stack.
        environ: Environment variables.
        stack: Name of the stack. If None, a folder without a selected stack counts as an empty stack.
        base_url: Takes precedence over everything else.
        region: ``us`` or ``eu``; takes precedence over the stack and the environment, but not over `base_url`.

    Returns:
        Checked settings, and where the key came from.

    Raises:
        VapiError: A setting is missing or wrong, or the named stack cannot be read.
    """
    unread = ""
    config: dict[str, str | None] | None = None
    values: dict[str, str | None] = {}
    try:
        config = cli.config()
        values = dict(config)
        if values.get(API_KEY, "") is None:
            values[API_KEY] = cli.config_value(API_KEY)
    except VapiError as error:
        if stack is not None or API_KEY in values:
            raise
        unread = str(error)
    in_stack = bool(values.get(API_KEY))
    if region is not None:
        values |= {"vapi-byo:region": region, "vapi-byo:baseUrl": BASE_URLS[region]}
    if base_url is not None:
        values["vapi-byo:baseUrl"] = base_url
    try:
        settings = read_settings(values.get, environ)
    except ConfigError as error:
        if in_stack or environ.get("VAPI_API_KEY") or not unread:
            raise
        raise ConfigError(f"{error} (no stack was asked: {unread})") from None
    return Found(settings, "the stack's configuration" if in_stack else "VAPI_API_KEY", config)
