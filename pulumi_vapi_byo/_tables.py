"""What is known of the fields by their names, for `wire` and `Kind`, which do without the models.

Fields have their wire names, and kinds their names, see `Kind.name`. Generated from `kinds.models` and `kinds.objects` by
`make generate`: do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: Python's names of the fields of inputs, at every depth.
NAMES: Final[tuple[str, ...]] = (
    "additional_properties",
    "assistant_id",
    "auth_password",
    "auth_username",
    "backoff_plan",
    "base_delay_seconds",
    "caller_id",
    "content",
    "contents",
    "context_engineering_plan",
    "credential_id",
    "deletion_protection",
    "description",
    "destination",
    "dial_timeout",
    "do",
    "domain",
    "enabled",
    "encrypted_paths",
    "end_call_enabled",
    "exact",
    "excluded_status_codes",
    "extension",
    "fallback_destination",
    "fallback_plan",
    "filters",
    "gateways",
    "headers",
    "hold_audio_url",
    "hooks",
    "inbound_enabled",
    "ip",
    "key",
    "language",
    "max_messages",
    "max_retries",
    "message",
    "messages",
    "mode",
    "name",
    "netmask",
    "number",
    "number_e164_check_enabled",
    "on",
    "one_of",
    "options_ping_enabled",
    "outbound_authentication_plan",
    "outbound_enabled",
    "outbound_leading_plus_enabled",
    "outbound_protocol",
    "port",
    "realm",
    "server",
    "server_url",
    "server_url_secret",
    "sip_diversion_header",
    "sip_headers",
    "sip_headers_in_refer_to_enabled",
    "sip_register_plan",
    "sip_uri",
    "sip_verb",
    "squad_id",
    "starts_with",
    "static_ip_addresses_enabled",
    "summary_plan",
    "tech_prefix",
    "text",
    "timeout",
    "timeout_seconds",
    "transfer_complete_audio_url",
    "transfer_plan",
    "twiml",
    "type",
    "url",
    "username",
    "workflow_id",
)

#: What is assumed where a field is left out.
DEFAULTS: Final[Mapping[str, Any]] = {
    "numberE164CheckEnabled": True,
    "deletionProtection": False,
    "endCallEnabled": True,
    "timeout": 60,
    "sipVerb": "refer",
    "dialTimeout": 60,
    "inboundEnabled": True,
    "port": 5060,
    "netmask": 32,
    "outboundEnabled": True,
    "outboundProtocol": "udp",
    "optionsPingEnabled": False,
}

#: What is a secret.
SECRETS: Final[tuple[str, ...]] = ("serverUrlSecret", "headers", "sipHeaders", "authPassword")

#: Objects whose keys are the user's own.
MAPS: Final[tuple[str, ...]] = ("headers", "sipHeaders")

#: Objects that can hold anything, and lists of such.
FREE_FORM: Final[tuple[str, ...]] = ("additionalProperties", "messages")

#: What is never sent.
LOCAL: Final[tuple[str, ...]] = ("deletionProtection",)

_BACKOFF_PLAN: Final[Mapping[str, Any]] = {"type": {}, "maxRetries": {}, "baseDelaySeconds": {}, "excludedStatusCodes": {}}

_SERVER: Final[Mapping[str, Any]] = {
    "url": {},
    "timeoutSeconds": {},
    "headers": {},
    "credentialId": {},
    "backoffPlan": _BACKOFF_PLAN,
    "staticIpAddressesEnabled": {},
    "encryptedPaths": {},
}

_TEXT_CONTENT: Final[Mapping[str, Any]] = {"type": {}, "text": {}, "language": {}}

_CUSTOM_MESSAGE: Final[Mapping[str, Any]] = {"type": {}, "contents": _TEXT_CONTENT, "content": {}}

_CONTEXT_ENGINEERING_PLAN: Final[Mapping[str, Any]] = {"type": {}, "maxMessages": {}}

_SUMMARY_PLAN: Final[Mapping[str, Any]] = {"messages": None, "enabled": {}, "timeoutSeconds": {}}

_TRANSFER_FALLBACK_PLAN: Final[Mapping[str, Any]] = {"message": _CUSTOM_MESSAGE, "endCallEnabled": {}}

_TRANSFER_PLAN: Final[Mapping[str, Any]] = {
    "mode": {},
    "message": _CUSTOM_MESSAGE,
    "timeout": {},
    "sipVerb": {},
    "dialTimeout": {},
    "holdAudioUrl": {},
    "transferCompleteAudioUrl": {},
    "contextEngineeringPlan": _CONTEXT_ENGINEERING_PLAN,
    "twiml": {},
    "summaryPlan": _SUMMARY_PLAN,
    "sipHeadersInReferToEnabled": {},
    "fallbackPlan": _TRANSFER_FALLBACK_PLAN,
}

_TRANSFER_DESTINATION_NUMBER_OR_TRANSFER_DESTINATION_SIP: Final[Mapping[str, Any]] = {
    "numberE164CheckEnabled": {},
    "type": {},
    "number": {},
    "extension": {},
    "callerId": {},
    "message": _CUSTOM_MESSAGE,
    "transferPlan": _TRANSFER_PLAN,
    "description": {},
    "name": {},
    "sipUri": {},
    "sipHeaders": {},
}

_SAY_HOOK_ACTION_OR_TRANSFER_HOOK_ACTION: Final[Mapping[str, Any]] = {
    "type": {},
    "exact": {},
    "destination": _TRANSFER_DESTINATION_NUMBER_OR_TRANSFER_DESTINATION_SIP,
}

_RINGING_FILTER_OR_ENDING_FILTER: Final[Mapping[str, Any]] = {"type": {}, "key": {}, "startsWith": {}, "oneOf": {}}

_RINGING_HOOK_OR_ENDING_HOOK: Final[Mapping[str, Any]] = {
    "on": {},
    "do": _SAY_HOOK_ACTION_OR_TRANSFER_HOOK_ACTION,
    "filters": _RINGING_FILTER_OR_ENDING_FILTER,
}

_SIP_TRUNK_GATEWAY: Final[Mapping[str, Any]] = {
    "inboundEnabled": {},
    "ip": {},
    "port": {},
    "netmask": {},
    "outboundEnabled": {},
    "outboundProtocol": {},
    "optionsPingEnabled": {},
}

_SIP_REGISTER_PLAN: Final[Mapping[str, Any]] = {"domain": {}, "username": {}, "realm": {}}

_SIP_TRUNK_OUTBOUND_AUTHENTICATION_PLAN: Final[Mapping[str, Any]] = {
    "authUsername": {},
    "authPassword": {},
    "sipRegisterPlan": _SIP_REGISTER_PLAN,
}

#: What can be said in objects, and in the items of lists; None: anything.
PLACES: Final[Mapping[str, Any]] = {
    "server": _SERVER,
    "hooks": _RINGING_HOOK_OR_ENDING_HOOK,
    "fallbackDestination": _TRANSFER_DESTINATION_NUMBER_OR_TRANSFER_DESTINATION_SIP,
    "additionalProperties": None,
    "gateways": _SIP_TRUNK_GATEWAY,
    "outboundAuthenticationPlan": _SIP_TRUNK_OUTBOUND_AUTHENTICATION_PLAN,
}

#: All inputs, in the order of messages.
INPUTS: Final[Mapping[str, tuple[str, ...]]] = {
    "ByoPhoneNumber": (
        "numberE164CheckEnabled",
        "credentialId",
        "number",
        "name",
        "assistantId",
        "squadId",
        "workflowId",
        "serverUrl",
        "serverUrlSecret",
        "server",
        "hooks",
        "fallbackDestination",
        "additionalProperties",
        "deletionProtection",
    ),
    "ByoSipTrunkCredential": (
        "gateways",
        "name",
        "outboundAuthenticationPlan",
        "outboundLeadingPlusEnabled",
        "techPrefix",
        "sipDiversionHeader",
        "additionalProperties",
        "deletionProtection",
    ),
}

#: Outputs that are no inputs, without the id.
OUTPUTS: Final[Mapping[str, tuple[str, ...]]] = {
    "ByoPhoneNumber": ("orgId", "createdAt", "updatedAt", "status", "sipUri"),
    "ByoSipTrunkCredential": ("orgId", "createdAt", "updatedAt"),
}

#: What follows from the inputs.
COMPUTED: Final[Mapping[str, tuple[str, ...]]] = {"ByoPhoneNumber": ("sipUri",), "ByoSipTrunkCredential": ()}

#: Inputs that are or may hold a secret.
NEVER_PRINTED: Final[Mapping[str, tuple[str, ...]]] = {
    "ByoPhoneNumber": ("serverUrlSecret", "server", "hooks", "fallbackDestination", "additionalProperties"),
    "ByoSipTrunkCredential": ("outboundAuthenticationPlan", "additionalProperties"),
}

#: Paths of what is sent and never read back.
WRITE_ONLY: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "ByoPhoneNumber": (("serverUrlSecret",),),
    "ByoSipTrunkCredential": (("outboundAuthenticationPlan", "authPassword"),),
}

#: The empty values by which a program says that there must be none.
EMPTY: Final[Mapping[str, Mapping[str, Any]]] = {
    "ByoPhoneNumber": {
        "name": "",
        "assistantId": "",
        "squadId": "",
        "workflowId": "",
        "server": {},
        "hooks": [],
        "fallbackDestination": {},
    },
    "ByoSipTrunkCredential": {"name": "", "outboundAuthenticationPlan": {}, "techPrefix": "", "sipDiversionHeader": ""},
}
