"""A phone number of somebody's own SIP trunk or carrier: everything that only such a number knows."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pulumi_vapi_byo.errors import shorten
from pulumi_vapi_byo.wire import ADDITIONAL, OPAQUE_MAPS, UNKNOWN, to_snake

from .kind import Kind


def _given(raw: Mapping[str, Any], wire: str) -> bool:
    # What is not known yet may turn out to be null, which is as good as left out.
    return any(raw.get(key) not in (None, UNKNOWN) for key in (wire, to_snake(wire)))


def _two_spellings_of_server(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not _given(raw, "server"):
        return
    for wire, instead in (
        ("serverUrl", "put the address into server as url"),
        ("serverUrlSecret", "put the secret into server as headers={'x-vapi-secret': ...} or use server's credential_id"),
    ):
        if _given(raw, wire):
            yield wire, f"cannot stand beside server: {instead}, or leave server out"


def _doubts_about_a_number(inputs: Mapping[str, Any]) -> Iterator[str]:
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
    for wire in ("credentialId", "assistantId", "squadId", "workflowId"):
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
            "nothing in the program answers calls to this number, so only what the organisation's server URL says will, or "
            "the dashboard where vapi-byo:onOmitted keeps that: set assistant_id, squad_id, server or fallback_destination"
        )


def _checked_numbers(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Find the numbers that must be in E.164, with their paths: a resource's own, and those of destinations at any depth."""
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


PHONE_NUMBER: Final = Kind(
    noun="BYO phone number",
    provider="byo-phone-number",
    path="/phone-number",
    input_names=(
        *("numberE164CheckEnabled", "credentialId", "number", "name", "assistantId", "squadId", "workflowId"),
        *("serverUrl", "serverUrlSecret", "server", "hooks", "fallbackDestination"),
        *(ADDITIONAL, "deletionProtection"),
    ),
    inputs_model="ByoPhoneNumberInputs",
    answer_model="PhoneNumber",
    named_by="number",
    identity="number",
    never_printed=frozenset({"serverUrlSecret", "server", "fallbackDestination", "hooks", ADDITIONAL}),
    write_only=(("serverUrlSecret",),),
    # Both are valid by Vapi's OpenAPI documents, null isn't.
    unset={"numberE164CheckEnabled": True, "hooks": []},
    # Of the two spellings of a server the newer one says that there is none; it speaks for both.
    none={"name": "", "assistantId": "", "squadId": "", "workflowId": "", "server": {}, "hooks": [], "fallbackDestination": {}},
    routing=("assistantId", "squadId", "serverUrl", "server", "hooks", "fallbackDestination"),
    exclusions=_two_spellings_of_server,
    warnings=_doubts_about_a_number,
)
