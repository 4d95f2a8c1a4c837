"""Reading an account's numbers without owning them, while the program runs."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from .config import Settings, read_settings
from .errors import VapiError, shorten

if TYPE_CHECKING:
    from .models import PhoneNumber


@dataclass(frozen=True, kw_only=True)
class FoundPhoneNumber:
    """A BYO number as Vapi held it when it was looked up. Holds no secrets, and so no headers, hooks or destinations.

    Attributes:
        id: Vapi's id of the number.
        org_id: Id of the organisation.
        created_at: When it was made, ISO 8601 in UTC.
        updated_at: When it was last changed, ISO 8601 in UTC.
        credential_id: Id of the credential that carries the calls.
        number: The number; None where it has none.
        number_e164_check_enabled: Whether `number` must be in E.164; None where it was never set, which means True.
        name: Its own name.
        assistant_id: Id of the assistant that takes inbound calls.
        squad_id: Id of the squad that takes inbound calls.
        workflow_id: Id of the workflow that takes inbound calls.
        server_url: Address of its server, however it was set.
        status: ``active``, ``activating`` or ``blocked``.
        sip_uri: Where the carrier must send inbound calls; None without a number.
    """

    id: str
    org_id: str
    created_at: str
    updated_at: str
    credential_id: str
    number: str | None
    number_e164_check_enabled: bool | None
    name: str | None
    assistant_id: str | None
    squad_id: str | None
    workflow_id: str | None
    server_url: str | None
    status: str | None
    sip_uri: str | None


def get_phone_numbers(
    *,
    number: str | None = None,
    name: str | None = None,
    credential_id: str | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
    region: str | None = None,
) -> list[FoundPhoneNumber]:
    """Read the BYO numbers of the account, whoever made them, without owning them.

    The account is asked at once, in every run of the program, in a preview too: so a preview needs the key, and numbers that
    the same program is about to make are not there yet. Every call lists the whole account: to look up many, call it once.

    Args:
        number: Only the number with exactly these digits.
        name: Only those of exactly this name.
        credential_id: Only those of this credential.
        api_key: Private key of another account than the stack's. Default: ``vapi-byo:apiKey`` or ``VAPI_API_KEY``, and with it
            all that the stack says in ``vapi-byo:*``.
        base_url: Address of that other account's API.
        region: ``us`` or ``eu``: region of that other account.

    Returns:
        Those that fit all that is given, newest first; none is an empty list and no error.

    Raises:
        pulumi.RunError: A filter is no text, a setting is missing or wrong, or the account could not be read; one sentence with
            what to do.
    """
    if api_key is None and (base_url is not None or region is not None):
        raise pulumi.RunError("cannot look up phone numbers: base_url and region are of another account, and need its api_key")
    wanted = {"number": number, "name": name, "credential_id": credential_id}
    given = {field: value for field, value in wanted.items() if value is not None}
    for field, value in given.items():
        if not isinstance(value, str):
            raise pulumi.RunError(f"cannot look up phone numbers: {field} {_why_no_text(value)}")
    try:
        settings = _settings(api_key, base_url, region)
        return [_found(one, settings) for one in _listed(settings) if all(getattr(one, f) == v for f, v in given.items())]
    except VapiError as error:
        raise pulumi.RunError(f"cannot look up phone numbers: {error}") from None


def _why_no_text(value: Any) -> str:
    if isinstance(value, (pulumi.Output, Awaitable)):
        return "is an output: it must be a text that is known when the program runs"
    return f"is {shorten(repr(value), 60)}: it must be a text, in quotes"


def _settings(api_key: str | None, base_url: str | None, region: str | None) -> Settings:
    stack = pulumi.Config("vapi-byo")
    other: dict[str, Any] = {"vapi-byo:apiKey": api_key, "vapi-byo:baseUrl": base_url, "vapi-byo:region": region}
    return read_settings(other.get if api_key is not None else lambda key: stack.get(key.removeprefix("vapi-byo:")), os.environ)


def _listed(settings: Settings) -> list[PhoneNumber]:
    # Imported when first needed: most programs look nothing up, and start in half the time without HTTP.
    from .account import Account
    from .client import Collection, VapiClient
    from .kinds import PHONE_NUMBER
    from .models import PhoneNumber

    known = Account(PHONE_NUMBER, Collection(VapiClient(settings), PHONE_NUMBER)).known()
    return [one for one in known if isinstance(one, PhoneNumber)]


def _found(one: PhoneNumber, settings: Settings) -> FoundPhoneNumber:
    return FoundPhoneNumber(
        id=one.id,
        org_id=one.org_id,
        created_at=one.created_at,
        updated_at=one.updated_at,
        credential_id=one.credential_id,
        number=one.number,
        number_e164_check_enabled=one.number_e164_check_enabled,
        name=one.name,
        assistant_id=one.assistant_id,
        squad_id=one.squad_id,
        workflow_id=one.workflow_id,
        server_url=(one.server or {}).get("url") or one.server_url,
        status=one.status,
        sip_uri=settings.sip_uri(one.number, one.credential_id),
    )
