"""What a look-up finds.

Generated from `kinds.models` and `kinds.objects` by `make generate`: do not edit.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FoundPhoneNumber:
    """A BYO number as Vapi held it when it was looked up.

    It has no secrets, and so no headers, hooks or destinations. `server_url` is the address of its server, however it was set.

    Attributes:
        id: Vapi's id of it.
        org_id: Id of the organisation.
        created_at: When it was created, ISO 8601 in UTC.
        updated_at: When it was last changed, ISO 8601 in UTC.
        credential_id: Id of the ``byo-sip-trunk`` credential, your SIP trunk or carrier, that carries the calls. None where
            that was deleted.
        number: The number.
        number_e164_check_enabled: Whether `number` must be in E.164. None where it was never set, which means True.
        name: Your own name for the number, at most 40 characters.
        assistant_id: Id of the assistant that takes inbound calls.
        squad_id: Id of the squad that takes inbound calls.
        workflow_id: Id of a workflow.
        server_url: Address that is asked for an assistant where none is set.
        status: ``active``, ``activating`` or ``blocked``; changes by itself and is never a difference.
        sip_uri: Where the carrier must send inbound calls. ``{number}@{credential_id}.sip.vapi.ai``, in region eu
            ``.sip.eu.vapi.ai``; None without a number.
    """

    id: str
    org_id: str
    created_at: str
    updated_at: str
    credential_id: str | None
    number: str | None
    number_e164_check_enabled: bool | None
    name: str | None
    assistant_id: str | None
    squad_id: str | None
    workflow_id: str | None
    server_url: str | None
    status: str | None
    sip_uri: str | None
