"""Settings: stack configuration first, then the environment."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from .errors import ConfigError

Region = Literal["us", "eu"]

#: The API's address in each region (Vapi's SIP guides).
BASE_URLS: Final[Mapping[Region, str]] = {"us": "https://api.vapi.ai", "eu": "https://api.eu.vapi.ai"}

#: Where carriers send inbound calls in each region (Vapi's SIP trunk guide).
SIP_HOSTS: Final[Mapping[Region, str]] = {"us": "sip.vapi.ai", "eu": "sip.eu.vapi.ai"}

DEFAULT_TIMEOUT_S: Final = 30.0
MAX_TIMEOUT_S: Final = 600.0


@dataclass(frozen=True)
class Settings:
    """What the provider needs to talk to Vapi.

    Attributes:
        api_key: Private key of the organisation; never printed.
        base_url: Address of the API, without a slash at the end.
        region: Region of the organisation; decides the SIP host of `sip_uri`.
        timeout_s: Seconds a single request may wait for the connection, and for each part of the answer.
    """

    api_key: str = field(repr=False)
    base_url: str
    region: Region
    timeout_s: float = DEFAULT_TIMEOUT_S

    @property
    def sip_host(self) -> str:
        """Host part of the address that inbound calls are sent to."""
        return SIP_HOSTS[self.region]


def read_settings(get: Callable[[str], Any], environ: Mapping[str, str]) -> Settings:
    """Read the settings.

    Args:
        get: Returns the value of a stack configuration key such as ``vapi:apiKey``, or None.
        environ: Environment variables; ``VAPI_API_KEY`` and ``VAPI_BASE_URL`` are used where the stack says nothing.

    Returns:
        Complete, checked settings.

    Raises:
        ConfigError: A setting is missing or wrong. The message is one sentence that says how to set it.
    """
    api_key = _text(get, environ, "vapi:apiKey", "VAPI_API_KEY")
    settings = read_public_settings(get, environ)
    if not api_key:
        raise ConfigError(
            "no API key: set the private key of your Vapi organisation with "
            "pulumi config set --secret vapi:apiKey, or in the environment variable VAPI_API_KEY"
        )
    if not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise ConfigError(
            "the API key holds spaces, line breaks or other characters that no key has: copy it again from the dashboard "
            "and set it with pulumi config set --secret vapi:apiKey"
        )
    return Settings(api_key, settings.base_url, settings.region, settings.timeout_s)


def read_public_settings(get: Callable[[str], Any], environ: Mapping[str, str]) -> Settings:
    """Read all settings but the key, which a preview can do without.

    Args:
        get: As for `read_settings`.
        environ: As for `read_settings`.

    Returns:
        Settings whose `api_key` is empty.

    Raises:
        ConfigError: A setting is wrong.
    """
    region = _region(get)
    address = _text(get, environ, "vapi:baseUrl", "VAPI_BASE_URL")
    base_url = _base_url(address) if address else BASE_URLS[region or "us"]
    if region is None:
        region = "eu" if base_url == BASE_URLS["eu"] else "us"
    return Settings("", base_url, region, _timeout(get))


def _text(get: Callable[[str], Any], environ: Mapping[str, str], key: str, variable: str) -> str:
    value = get(key)
    if value is None:
        value = environ.get(variable, "")
    return str(value).strip()


def _region(get: Callable[[str], Any]) -> Region | None:
    value = get("vapi:region")
    if value is None or value == "":
        return None
    if value not in BASE_URLS:
        raise ConfigError(
            f"vapi:region is {value!r}, which is no region of Vapi: set it with pulumi config set vapi:region us (or eu)"
        )
    return "eu" if value == "eu" else "us"


def _base_url(address: str) -> str:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
        parts = urlsplit("")
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment or parts.username is not None:
        raise ConfigError(
            "vapi:baseUrl (or VAPI_BASE_URL) is not the address of an API, such as https://api.vapi.ai: "
            "set it with pulumi config set vapi:baseUrl, or leave it out and set vapi:region"
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise ConfigError(
            f"vapi:baseUrl (or VAPI_BASE_URL) would send the API key to {host} unencrypted: use https "
            "(plain http is only for a server on this machine)"
        )
    return address.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _timeout(get: Callable[[str], Any]) -> float:
    value = get("vapi:timeout")
    if value is None or value == "":
        return DEFAULT_TIMEOUT_S
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 < seconds <= MAX_TIMEOUT_S:
        raise ConfigError(
            f"vapi:timeout is {value!r}: it must be a number of seconds, more than 0 and at most {MAX_TIMEOUT_S:g}; "
            "set it with pulumi config set vapi:timeout 30"
        )
    return seconds
