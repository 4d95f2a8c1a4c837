"""The route to the API as the environment defines it: proxy and certificates, checked before anything is sent."""

from __future__ import annotations

import importlib.util
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from pulumi_vapi_byo.errors import ConfigError, shorten

_KINDS_OF_PROXY: Final = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


@dataclass(frozen=True)
class Proxy:
    """A proxy on the route.

    Attributes:
        source: Where it is set: the name of a variable, or the system settings.
        shown: Its address without user name and password.
    """

    source: str
    shown: str


def check_proxy(address: str, environ: Mapping[str, str]) -> Proxy:
    """Check the address of an https proxy.

    Args:
        address: As the environment gives it.
        environ: Environment variables, to find the variable that it comes from.

    Returns:
        What messages say about it.

    Raises:
        ConfigError: It is unusable; the message names the variable and what is wrong.
    """
    names = sorted((name for name, value in environ.items() if value == address), key=str.lower, reverse=True)
    source = next(
        (name for name in names if name.lower() in ("https_proxy", "all_proxy")), "the proxy of the system's settings"
    )
    kind, _, rest = address.rpartition("://")
    kind = kind.lower() or "http"
    host = rest.rpartition("@")[2]
    shown = shorten(f"{kind}://{'[secret]@' if '@' in rest else ''}{host}", 120)
    why = _what_is_wrong(kind, host)
    if why:
        raise ConfigError(
            f"{source} is {shown!r}, which is not the address of a proxy: {why}; "
            "set it to one such as http://proxy.example:8080, or unset it"
        )
    if kind.startswith("socks") and importlib.util.find_spec("socks") is None:
        raise ConfigError(
            f"{source} is the SOCKS proxy {shown}, for which a package is missing: pip install 'requests[socks]', or unset it"
        )
    return Proxy(source, shown)


def _what_is_wrong(kind: str, host: str) -> str:
    if kind not in _KINDS_OF_PROXY:
        return f"{shorten(kind, 40)!r} is not a kind of proxy, as http, https and socks5h are"
    try:
        parts = urlsplit(f"http://{host}")
        name, _ = parts.hostname, parts.port
    except ValueError:
        return "its host or port cannot be read"
    if not name or not re.fullmatch(r"[\w.-]+|[0-9A-Fa-f:.]+", name):
        return "it names no host"
    return "it has a path" if parts.path not in ("", "/") or parts.query or parts.fragment else ""


def find_certificates(environ: Mapping[str, str]) -> str | None:
    """Find the certificates to trust instead of the usual ones.

    Args:
        environ: Environment variables; ``REQUESTS_CA_BUNDLE`` takes precedence over ``CURL_CA_BUNDLE``, as in `requests`.

    Returns:
        A file or a directory; None if neither is set.

    Raises:
        ConfigError: The file is unusable; the message names the variable, its value and what is wrong.
    """
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        value = environ.get(variable)
        if not value:
            continue
        path = os.path.expanduser(value)  # variables from a file were never expanded by a shell
        try:
            if not os.path.isdir(path):
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except (OSError, ValueError) as error:
            why = "it is not a file of certificates in PEM" if isinstance(error, ssl.SSLError) else _reason(error)
            raise ConfigError(
                f"{variable} is {shorten(value, 200)!r}, which cannot be used: {why}; "
                "set it to a file of certificates, or unset it"
            ) from None
        return path
    return None


def _reason(error: OSError | ValueError) -> str:
    text = getattr(error, "strerror", None)
    return text.lower() if text else "it cannot be a path"
