"""What things are called on the wire, and what is known of a field by its name alone; imports nothing.

A program needs no more than this to declare its resources, and so starts without the models.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, Final


class Unknown:
    """The type of `UNKNOWN`."""

    __slots__ = ()  # without attributes, pydantic does not take it for an empty model when it writes one

    def __repr__(self) -> str:
        return "UNKNOWN"


#: A value that will only be known once another resource exists. Passes every check, at any depth.
UNKNOWN: Final = Unknown()


def to_camel(name: str) -> str:
    """Turn a Python name into its wire name."""
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


def to_snake(name: str) -> str:
    """Turn a wire name into its Python name."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def bare(number: str) -> str:
    """Return the digits and letters of a number, which are what it is; how it is written around them is the writer's habit."""
    return re.sub(r"[^0-9A-Za-z]", "", number)


_NAMES: Final = """
    assistant_id auth_password auth_username backoff_plan base_delay_seconds caller_id content contents
    context_engineering_plan credential_id deletion_protection description destination dial_timeout do domain enabled
    encrypted_paths end_call_enabled exact excluded_status_codes extension fallback_destination fallback_plan filters
    gateways headers hold_audio_url hooks inbound_enabled ip key language max_messages max_retries message messages
    mode name netmask number number_e164_check_enabled on one_of options_ping_enabled outbound_authentication_plan
    outbound_enabled outbound_leading_plus_enabled outbound_protocol port realm server server_url server_url_secret
    sip_diversion_header sip_headers sip_headers_in_refer_to_enabled sip_register_plan sip_uri sip_verb squad_id
    starts_with static_ip_addresses_enabled summary_plan tech_prefix text timeout timeout_seconds
    transfer_complete_audio_url transfer_plan twiml type url username workflow_id
"""

#: Python names to wire names, of every field of an input at every depth.
WIRE_NAMES: Final[Mapping[str, str]] = {name: to_camel(name) for name in _NAMES.split()}

#: Wire names to Python names, where the two differ.
PYTHON_NAMES: Final[Mapping[str, str]] = {wire: name for name, wire in WIRE_NAMES.items() if wire != name}

#: Wire names of all that a program can say; what else an API holds it has made up itself.
SAYABLE: Final = frozenset(WIRE_NAMES.values())

#: What the API assumes where a field is left out, by wire name; no name has two defaults (OpenAPI ``default``; Vapi's SIP
#: guide for gateways).
API_DEFAULTS: Final[Mapping[str, Any]] = {
    "numberE164CheckEnabled": True,
    "endCallEnabled": True,
    "timeout": 60,
    "dialTimeout": 60,
    "sipVerb": "refer",
    "port": 5060,
    "netmask": 32,
    "inboundEnabled": True,
    "outboundEnabled": True,
    "outboundProtocol": "udp",
    "optionsPingEnabled": False,
    "deletionProtection": False,  # ours, not the API's
}

#: Maps whose keys are the user's own; never renamed, never given defaults, compared as a whole.
OPAQUE_MAPS: Final = frozenset({"headers", "sipHeaders"})

#: Fields that are secret wherever they stand, by wire name: always ciphertext in a state, never in a message.
#: ``secret`` stood in a server until 2025.
SECRET_FIELDS: Final = frozenset({"serverUrlSecret", "authPassword", "secret"}) | OPAQUE_MAPS

#: Names of the inputs that are ours alone and never sent.
LOCAL_FIELDS: Final = ("deletionProtection",)

#: The computed address of a number, which `check` adds to the inputs.
SIP_URI: Final = "sipUri"

#: Hidden input, where arguments that are left out must be unset. The same in every program, so that no preview shows it.
ON_OMITTED: Final = "__onOmitted"

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


def is_id(value: object) -> bool:
    """Tell whether a value can be an id of the API's, all of which are short tokens: nothing else goes into a path."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


#: Key in the state of the shape of the managed inputs. Pulumi hides keys that begin with two underscores.
MANAGED: Final = "__managed"


def wire_names_in(value: Any) -> Iterator[str]:
    """Find the wire names that a program has written itself, in dicts taken over from Vapi's reference.

    Args:
        value: Arguments as they were given.

    Yields:
        Wire names that have another Python name.
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key in PYTHON_NAMES:
                yield key
            if key not in OPAQUE_MAPS:
                yield from wire_names_in(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from wire_names_in(part)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from wire_names_in(vars(value))  # typed arguments, which may hold dicts


def as_spelled(path: Iterable[str | int], wire_names: Container[str] = ()) -> tuple[str | int, ...]:
    """Bring a path from wire names to those that the program has.

    Args:
        path: Where something stands, in wire names and list indexes.
        wire_names: The wire names that the program has written itself; all others are Python's there.

    Returns:
        The path. The keys of headers are the user's own.
    """
    spelled: list[str | int] = []
    opaque = False
    for part in path:
        ours = isinstance(part, str) and not opaque and part not in wire_names
        spelled.append(PYTHON_NAMES.get(str(part), part) if ours else part)
        opaque = opaque or part in OPAQUE_MAPS
    return tuple(spelled)


def secrets_in(value: Any) -> Iterator[str]:
    """Find the secrets in inputs, a state or a request, to mask them in what is printed.

    Args:
        value: Any value in wire names.

    Yields:
        Secrets and values of headers; of the latter none that is too short to be a secret, or to be masked in a readable text.
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key in OPAQUE_MAPS and isinstance(part, Mapping):
                yield from (header for header in part.values() if isinstance(header, str) and len(header) >= 4)
            elif key in SECRET_FIELDS and isinstance(part, str):
                yield part
            else:
                yield from secrets_in(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from secrets_in(part)
