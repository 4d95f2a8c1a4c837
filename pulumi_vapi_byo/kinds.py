"""What tells one kind of resource from another; everything else is the same machinery."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from .errors import plain, shorten, show_path
from .wire import ADDITIONAL, LOCAL_FIELDS, OPAQUE_MAPS, UNKNOWN, bare, is_id, to_camel, to_snake, whole

# Imported where they are first needed: what is unchanged or deleted does without the models, and so without pydantic.
if TYPE_CHECKING:
    from .fields import Block
    from .models import Answer

#: How states mark what is no plain value: a secret, an asset, a value that is not known (Pulumi's own constants).
_SIGNATURE_IN_STATES: Final = "4dabf18193072939515e22adb298388d"
_UNKNOWN_IN_STATES: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

#: Largest number in a state, where all numbers are floats.
_LARGEST_NUMBER: Final = sys.float_info.max

#: Deepest nesting of an answer that is kept; the API's own is under ten.
_MAX_DEPTH: Final = 50


@dataclass(frozen=True)
class Kind:
    """A kind of resource.

    Attributes:
        noun: What messages call it.
        provider: Vapi's own word for it, the value of ``provider`` on the wire.
        path: Path of its collection in the API.
        arguments: Wire names of all inputs, those that are ours alone last.
        inputs_model: Name of the model of a program's inputs.
        answer_model: Name of the model of what the API holds.
        named_by: Wire name of the field that users know one by.
        identity: Wire name of the field by which one that exists already is found; None where only all fields together tell.
        never_printed: Inputs whose whole value Pulumi must never print, because it is or may hold a secret.
        write_only: Paths of what is sent and never read back, in wire names.
        unset: What is sent to bring a field back to unset, where that is not null.
        none: The empty values by which a program says that a field must be unset, by wire name.
        routing: Wire names of the inputs that decide who answers or where calls go, and that a program can leave out.
        exclusions: Finds inputs that exclude each other: wire name and reason.
        warnings: Finds what is legal and probably not meant: whole sentences.
    """

    noun: str
    provider: str
    path: str
    arguments: tuple[str, ...]
    inputs_model: str
    answer_model: str
    named_by: str
    identity: str | None
    never_printed: frozenset[str]
    write_only: tuple[tuple[str, ...], ...]
    unset: Mapping[str, Any]
    none: Mapping[str, Any]
    routing: tuple[str, ...]
    exclusions: Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]
    warnings: Callable[[Mapping[str, Any]], Iterable[str]]

    @cached_property
    def inputs(self) -> type[Block]:
        """Model of a program's inputs."""
        from . import models

        model: type[Block] = models.built(self.inputs_model)
        return model

    @cached_property
    def answer(self) -> type[Answer]:
        """Model of what the API holds."""
        from . import models

        model: type[Answer] = models.built(self.answer_model)
        return model

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Wire names of the inputs that the API knows."""
        return tuple(name for name in self.arguments if name not in LOCAL_FIELDS)

    def said_to_be_none(self, field: str) -> str:
        """Write how a program says that a field must be unset; of a server in both spellings there is one way."""
        field = "server" if field == "serverUrl" else field
        return f"{to_snake(field)}={self.none[field]!r}"

    def fixed(self, wire: str) -> str:
        """Say why a field of the API's, which stands in bodies of guides, is none to be given; empty where it is none such."""
        if wire == "provider":
            return f"is always {self.provider!r} here: leave it out"
        return "is set by Vapi: leave it out" if wire in ("id", "orgId", "createdAt", "updatedAt", "status") else ""

    def on_the_wire(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a request, in which additional properties stand beside all others and whole numbers are whole."""
        beside = {name: value for name, value in body.items() if name != ADDITIONAL}
        sent: dict[str, Any] = whole(beside | dict(body.get(ADDITIONAL) or {}))
        return sent

    def label(self, name: object, id_: object = None) -> str:
        """Name one as the user knows it: by its digits or name, else by its id."""
        if name and name is not UNKNOWN:
            return f"{self.noun} {shorten(str(name), 60)!r}"
        return f"{self.noun} with id {shorten(str(id_), 60)}" if id_ else self.noun

    def identity_of(self, values: Mapping[str, Any]) -> str | None:
        """Return the value by which one that exists already is found.

        Args:
            values: Inputs, a state or an entry of a list, in wire names.

        Returns:
            The digits and letters of its number, however they are written; None where there are none.
        """
        value = values.get(self.identity) if self.identity else None
        # A number that came as a JSON number is no usable one, but still the same.
        return bare(str(value)) or None if isinstance(value, (str, int)) and not isinstance(value, bool) else None

    def parse(self, body: Any) -> Answer:
        """Read one from the body of an answer.

        Args:
            body: Parsed JSON.

        Returns:
            An instance of `answer`.

        Raises:
            ValueError: The body is none; the message says why, without repeating values.
        """
        from pydantic import ValidationError

        if not isinstance(body, Mapping):
            raise ValueError("is not an object")
        provider = body.get("provider")
        if not isinstance(provider, str):
            raise ValueError("has no usable provider")
        if provider != self.provider:
            raise ValueError(f"is of provider {shorten(provider, 60)!r}, not {self.provider!r}")
        for name in ("id", "orgId"):
            if isinstance(body.get(name), str) and not is_id(body[name]):
                raise ValueError(f"has no usable {name} (letters, digits, - and _, at most 128 of them)")
        known = set(map(to_camel, self.answer.model_fields))
        for wire in known:
            if not _can_be_kept(body.get(wire)):
                raise ValueError(f"has in {wire} what no state can hold")
        body = {name: value for name, value in body.items() if name in known or _can_be_kept({name: value})}
        try:
            return self.answer.model_validate(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise ValueError(f"has no usable {show_path(first['loc'])} ({plain(first['msg'])})") from None


def _can_be_kept(value: Any, depth: int = 0) -> bool:
    """Tell whether a value would come back from a state as it went in; one that doesn't could spoil the state for good."""
    if isinstance(value, str):
        return value != _UNKNOWN_IN_STATES and not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, (int, float)):
        return -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER  # false for what is no number, too
    if depth > _MAX_DEPTH:
        return False
    if isinstance(value, Mapping):
        return _SIGNATURE_IN_STATES not in value and all(
            _can_be_kept(key, depth + 1) and _can_be_kept(part, depth + 1) for key, part in value.items()
        )
    return not isinstance(value, list) or all(_can_be_kept(part, depth + 1) for part in value)


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
    from .phone import judge_e164, why_impossible

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


def _doubts_about_a_trunk(inputs: Mapping[str, Any]) -> Iterator[str]:
    plan = inputs.get("outboundAuthenticationPlan")
    if isinstance(plan, Mapping) and ("authUsername" in plan) != ("authPassword" in plan):
        yield "outbound_authentication_plan has only one of auth_username and auth_password; most carriers want both"
    gateways = inputs.get("gateways")
    if isinstance(gateways, list) and all(
        isinstance(gateway, Mapping) and gateway.get("outboundEnabled") is False and gateway.get("inboundEnabled") is False
        for gateway in gateways
    ):
        yield "no gateway takes calls in either direction: set inbound_enabled or outbound_enabled on one of them"


PHONE_NUMBER: Final = Kind(
    noun="BYO phone number",
    provider="byo-phone-number",
    path="/phone-number",
    arguments=(
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

SIP_TRUNK_CREDENTIAL: Final = Kind(
    noun="BYO SIP trunk",
    provider="byo-sip-trunk",
    path="/credential",
    arguments=(
        *("gateways", "name", "outboundAuthenticationPlan", "outboundLeadingPlusEnabled", "techPrefix", "sipDiversionHeader"),
        *(ADDITIONAL, "deletionProtection"),
    ),
    inputs_model="ByoSipTrunkCredentialInputs",
    answer_model="SipTrunkCredential",
    named_by="name",
    identity=None,
    never_printed=frozenset({"outboundAuthenticationPlan", ADDITIONAL}),
    write_only=(("outboundAuthenticationPlan", "authPassword"),),
    unset={},
    none={"name": "", "outboundAuthenticationPlan": {}, "techPrefix": "", "sipDiversionHeader": ""},
    routing=(),
    exclusions=lambda _: (),
    warnings=_doubts_about_a_trunk,
)
