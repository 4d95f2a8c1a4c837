"""Phone numbers of the user's own SIP trunk or carrier: everything that is true of numbers only."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from pulumi_vapi_byo.config import Region
from pulumi_vapi_byo.errors import shorten
from pulumi_vapi_byo.wire import ADDITIONAL, OPAQUE_MAPS, SIP_URI, UNKNOWN, is_blank, to_snake

from .kind import Kind

#: Where carriers send inbound calls, by region (Vapi's SIP trunk guide).
SIP_HOSTS: Final[Mapping[Region, str]] = {"us": "sip.vapi.ai", "eu": "sip.eu.vapi.ai"}

#: What to write instead of a field that the API of another year does not have.
_INSTEAD: Final[Mapping[str, str]] = {
    "serverUrl": "this API no longer takes serverUrl: use server=ServerArgs(url=...) instead of server_url",
    "serverUrlSecret": (
        "this API no longer takes serverUrlSecret: instead of server_url_secret use "
        "server=ServerArgs(url=..., headers={'x-vapi-secret': ...}) or server=ServerArgs(credential_id=...)"
    ),
    "server": "this API does not take server yet: use server_url and server_url_secret instead",
    "hooks": "this API has no hooks yet: remove hooks and use fallback_destination instead",
    "workflowId": "this API has no workflows: remove workflow_id and use assistant_id or squad_id instead",
}

#: Fields that the API of 2024 accepts in a POST but refuses in a PATCH.
_REPLACE_ONLY: Final = ("number", "credentialId", "numberE164CheckEnabled")

#: How the API refuses an unknown field.
_UNKNOWN_PROPERTY: Final = re.compile(r"^property (?P<name>\w+) should not exist$")

#: The ids among the inputs, all of which are UUIDs.
_IDS: Final = ("credentialId", "assistantId", "squadId", "workflowId")


def sip_uri(number: str | None, credential_id: str | None, region: Region) -> str | None:
    """Return the address that a carrier sends inbound calls to (Vapi's SIP trunk guide).

    Args:
        number: The number, or None if it has none.
        credential_id: Id of its credential, or None if that was deleted.
        region: Region of the organisation.

    Returns:
        ``{number}@{credential_id}.sip.vapi.ai``, in region eu ``.sip.eu.vapi.ai``; None without a number or a credential.
    """
    return f"{number}@{credential_id}.{SIP_HOSTS[region]}" if number and credential_id else None


class PhoneNumberKind(Kind):
    """A number: its server has two spellings, and a trunk carries it."""

    def exclusions(self, raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:  # noqa: D102 - as in the base class
        if not _given(raw, "server"):
            return
        for wire, instead in (
            ("serverUrl", "put the address into server as url"),
            ("serverUrlSecret", "put the secret into server as headers={'x-vapi-secret': ...} or use server's credential_id"),
        ):
            if _given(raw, wire):
                yield wire, f"cannot be combined with server: {instead}, or leave server out"

    def warnings(self, inputs: Mapping[str, Any]) -> Iterator[str]:  # noqa: D102
        from .e164 import judge_e164, why_impossible

        for where, number in _checked_numbers(inputs):
            verdict = judge_e164(number)
            if verdict == "impossible":
                yield f"{where} {number!r} {why_impossible(number)}; Vapi may refuse it"
            if verdict == "doubtful":
                yield (
                    f"{where} {number!r} has a possible length but is in no range known to be in use; "
                    "check its digits (new ranges may be missing from the phonenumbers library)"
                )
        for wire in _IDS:
            value = inputs.get(wire)
            if value and isinstance(value, str) and not _is_uuid(value):
                yield f"{to_snake(wire)} {shorten(repr(value), 80)} is not a UUID, which Vapi's ids are; Vapi may refuse it"
        if inputs.get("assistantId") and inputs.get("squadId"):
            yield "assistant_id and squad_id are both set; Vapi expects one or the other"
        if inputs.get("workflowId"):
            yield "workflow_id answers no calls: Vapi retired workflows in August 2026; use assistant_id or squad_id instead"
        if not any(
            inputs.get(field) for field in ("assistantId", "squadId", "serverUrl", "server", "fallbackDestination", "hooks")
        ):
            yield (
                "nothing in the program answers calls to this number: unless the organisation's server URL does, or a "
                "dashboard setting that vapi-byo:onOmitted keeps, nobody will; set assistant_id, squad_id, server or "
                "fallback_destination"
            )

    def compute(self, values: Mapping[str, Any], region: Region) -> dict[str, Any]:  # noqa: D102
        number, credential_id = values.get("number"), values.get("credentialId")
        if number is UNKNOWN or (number and credential_id is UNKNOWN):
            return {SIP_URI: UNKNOWN}
        uri = sip_uri(number, credential_id, region)
        return {SIP_URI: uri} if uri else {}

    def has_moved(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:  # noqa: D102
        # The part before the host is the number, which is compared by itself.
        hosts = [uri.rpartition("@")[2] for uri in (old.get(SIP_URI), new.get(SIP_URI)) if isinstance(uri, str)]
        return len(hosts) == 2 and hosts[0] != hosts[1]

    def in_all_spellings(self, inputs: Mapping[str, Any], held: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: D102
        if inputs.get("server") is not None and is_blank(inputs["server"]):
            # If there must be no server, that goes for its older spelling too.
            return {"serverUrl": None, "serverUrlSecret": None, **inputs}
        # Some APIs read back both spellings of what was sent in one.
        for said, other in (("serverUrl", "server"), ("server", "serverUrl")):
            if inputs.get(said) is not None and _reads_the_same_in_both(held):
                return {field: value for field, value in inputs.items() if field != other or value is not None}
        return inputs

    def finish_patch(self, patch: dict[str, Any], held: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:  # noqa: D102
        _settle_server_spelling(patch, held, inputs)
        if patch.get("number") is not None and inputs.get("numberE164CheckEnabled") is False:
            # The API may check the number by the body of the PATCH alone, in which a missing flag means that the check is on.
            patch.setdefault("numberE164CheckEnabled", False)

    def read_back(self, state: dict[str, Any], known: Mapping[str, Any]) -> None:  # noqa: D102
        # An API that stores serverUrl as server reads it back as server.
        url = (state.get("server") or {}).get("url")
        if known.get("serverUrl") is not None and "serverUrl" not in state and url is not None:
            state["serverUrl"] = url
        # A secret lasts as long as the address it belongs to.
        if "serverUrl" in state or known.get("serverUrl") is None:
            super().read_back(state, known)

    def said_to_be_none(self, field: str) -> str:  # noqa: D102
        return super().said_to_be_none("server" if field == "serverUrl" else field)  # clears both spellings

    def _in_short(self, field: str, value: Any) -> str:
        if isinstance(value, Mapping):
            # For a field that says where calls go, only show where.
            field, value = next(((key, value[key]) for key in ("url", "sipUri", "number") if value.get(key)), (field, value))
        if field in ("url", "serverUrl"):
            return f" at {_host(str(value))}"
        if field == "sipUri":  # before the @ are user and password
            return f" at {shorten(repr(str(value).rpartition('@')[2]), 80)}"
        return super()._in_short(field, value)

    def diverts(self, others: Mapping[str, Any]) -> dict[str, Any]:  # noqa: D102
        held = super().diverts(others)
        if held.get("serverUrl") == held.get("server", {}).get("url"):
            held.pop("serverUrl", None)  # the same server in its older spelling
        return held

    def never_told(self, inputs: Mapping[str, Any]) -> Iterator[str]:  # noqa: D102
        if "serverUrl" in inputs and "serverUrlSecret" not in inputs:
            yield (
                "Vapi does not reveal whether its server_url has a secret; if it has one, it stays unless you add "
                "server_url_secret"
            )

    def told(self, held: Mapping[str, Any], region: Region) -> dict[str, Any]:  # noqa: D102
        # The address of the server, whichever way it was set.
        url = (held.get("server") or {}).get("url")
        return super().told({**held, "serverUrl": url or held.get("serverUrl")}, region)

    def why_empty(self, field: str) -> str:  # noqa: D102
        return ", or write server={} where there must be none" if field == "serverUrl" else ""

    def advice(self, method: str, status: int, message: str) -> str:  # noqa: D102
        if status != 400:
            return ""
        unknown = _UNKNOWN_PROPERTY.match(message)
        if unknown:
            name = unknown["name"]
            if method == "PATCH" and name in _REPLACE_ONLY:
                return (
                    f"this API cannot change {to_snake(name)} in place: set it back, or replace the number (it gets a "
                    "new id) with pulumi up --target-replace URN, the URN being the one pulumi stack --show-urns lists"
                )
            return _INSTEAD.get(name, "")
        for wire in ("credentialId", "assistantId", "squadId"):
            if message.startswith(wire):
                return f"check {to_snake(wire)}"
        if "redential" in message:
            return "check credential_id: it is the id of a byo-sip-trunk credential in the same organisation and region"
        return ""


def _host(url: str) -> str:
    try:
        return shorten(repr(urlsplit(url).hostname or "no host"), 80)
    except ValueError:
        return "no address"


def _given(raw: Mapping[str, Any], wire: str) -> bool:
    # A value that is not known yet may turn out to be null, which means left out.
    return any(raw.get(key) not in (None, UNKNOWN) for key in (wire, to_snake(wire)))


def _checked_numbers(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the numbers that must be E.164, with their paths: the resource's own, and those of destinations at any depth."""
    if isinstance(value, Mapping):
        number = value.get("number")
        if isinstance(number, str) and value.get("numberE164CheckEnabled") in (None, True):
            yield f"{path}number", number
        for key, part in value.items():
            if key not in OPAQUE_MAPS and key != ADDITIONAL:
                yield from _checked_numbers(part, f"{path}{to_snake(key)}.")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _checked_numbers(part, f"{path[:-1]}[{index}].")


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _reads_the_same_in_both(held: Mapping[str, Any]) -> bool:
    server = held.get("server")
    return isinstance(server, Mapping) and server.get("url") is not None and server["url"] == held.get("serverUrl")


def _settle_server_spelling(patch: dict[str, Any], held: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
    # serverUrl and server are two spellings of the same thing. An API that reads serverUrl back as server may no longer
    # accept the old spelling, so there it is cleared or replaced through the new one.
    clears_url = "serverUrl" in patch and patch["serverUrl"] is None
    clears_secret = "serverUrlSecret" in patch and patch["serverUrlSecret"] is None
    if held.get("server") is None or not (clears_url or clears_secret) or inputs.get("serverUrl") is not None:
        return
    if held.get("serverUrl") is not None and not _reads_the_same_in_both(held):
        return  # two different servers: left to the API
    for field in ("serverUrl", "serverUrlSecret"):
        if inputs.get(field) is None:
            patch.pop(field, None)
    if is_blank(inputs.get("server")):
        patch["server"] = None
    elif clears_secret:
        patch["server"] = inputs["server"]  # sent whole again, so that the old secret is gone


PHONE_NUMBER: Final = PhoneNumberKind(
    name="ByoPhoneNumber",
    noun="BYO phone number",
    provider="byo-phone-number",
    path="/phone-number",
    named_by="number",
    identity="number",
    # Vapi's OpenAPI documents allow both values, but not null.
    unset={"numberE164CheckEnabled": True, "hooks": []},
    routing=("assistantId", "squadId", "serverUrl", "server", "hooks", "fallbackDestination"),
    # Where Vapi kept a secret until May 2025.
    retired={("server", "secret"): "use headers={'x-vapi-secret': ...} or credential_id"},
    parent="credentialId",
    parents="/credential",
    read_back_as={"serverUrl": "server"},
)
