"""Numbers in plain words; pure. No secret is ever shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pulumi_vapi_byo.errors import shorten


class Answerer(NamedTuple):
    """Who takes the calls to a number.

    Attributes:
        kind: ``assistant``, ``squad``, ``server`` or the kind of fallback; empty for nobody.
        value: Its id or address.
    """

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind} {self.value}" if self.kind else "nobody of its own"


def who_answers(number: Mapping[str, Any]) -> Answerer:
    """Return who takes inbound calls, by the order in which Vapi asks. Workflows have taken none since August 2026.

    Args:
        number: A number in wire names.

    Returns:
        The first that is set; the fallback destination if there is nobody else.
    """
    for field, kind in (("assistantId", "assistant"), ("squadId", "squad")):
        if number.get(field):
            return Answerer(kind, str(number[field]))
    server = number.get("server")
    url = (server.get("url") if isinstance(server, Mapping) else server) or number.get("serverUrl")
    if url:
        return Answerer("server", without_secrets(str(url)))
    fallback = destination(number.get("fallbackDestination"))
    return fallback._replace(kind=f"fallback {fallback.kind}") if fallback.kind else fallback


def destination(wire: Any) -> Answerer:
    """Return where a transfer destination leads."""
    if isinstance(wire, Mapping) and wire.get("sipUri"):
        return Answerer("SIP address", str(wire["sipUri"]))
    if isinstance(wire, Mapping) and wire.get("number"):
        return Answerer("number", str(wire["number"]))
    return Answerer("destination", "[not shown]") if wire else Answerer("", "")


def without_secrets(url: str) -> str:
    """Return a URL without the parts that often hold secrets: user, password, query and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "[not shown]"
    return shorten(f"{parts.scheme}://{host}{parts.path}", 120) if host else shorten(url, 120)


def may_hold_a_secret(value: object) -> bool:
    """Return whether a value is a URL that must not be shown whole."""
    if not isinstance(value, str) or not value.lower().startswith(("http://", "https://")):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return True
    return bool(parts.query or parts.fragment or "@" in parts.netloc)
