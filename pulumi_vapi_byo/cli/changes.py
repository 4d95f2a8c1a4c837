"""Changes to a number or a trunk, as Markdown in plain words; pure. Secrets are never shown."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, Final

from pulumi_vapi_byo.errors import shorten
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.wire import SECRET_FIELDS, SIP_URI

from .wording import Answerer, destination, who_answers, without_secrets

#: A change to any of these may send calls elsewhere.
_DIRECTING: Final = frozenset({*PHONE_NUMBER.routing, "number", "credentialId", "gateways"}) - {"server", "serverUrl"}

Wire = Mapping[str, Any]


def redirects_calls(before: Wire, after: Wire, paths: Iterable[str]) -> bool:
    """Return whether calls may go elsewhere than before.

    Args:
        before: Inputs in wire names.
        after: The same after the change.
        paths: The changed paths that the engine reports. For a secret they are the only sign, as both sides are masked.
    """
    paths = list(paths)
    if _server(before).get("url") != _server(after).get("url") or not {"server", "server.url", "serverUrl"}.isdisjoint(paths):
        return True
    return not _DIRECTING.isdisjoint(_changed_fields(before, after, paths))


def changes_of_a_number(before: Wire, after: Wire, paths: Iterable[str]) -> Iterator[str]:
    """Describe the changes to a number, a phrase each; for the arguments, see `redirects_calls`."""
    paths = list(paths)
    differing = _changed_fields(before, after, paths)
    was, now = who_answers(before), who_answers(after)
    told: set[str] = set()
    if was != now:
        yield f"{calls_go(now)} (was {who(was)})"
        told = {"assistantId", "squadId"}
        # A server or fallback that remains but is not asked first still gets a phrase of its own.
        told |= {"url"} if now.kind == "server" or not _server(after) else set()
        told |= {"fallbackDestination"} if now.kind.startswith("fallback") or not after.get("fallbackDestination") else set()
    for field in differing:
        if field == "server" or (field == "serverUrl" and "server" not in differing):
            yield from _server_changes(_server(before), _server(after), paths, told)
        elif field != "serverUrl" and field not in told:
            yield _change(field, before.get(field), after.get(field))


def _changed_fields(before: Wire, after: Wire, paths: Iterable[str]) -> list[str]:
    return [field for field in _differing(before, after, paths) if not field.startswith("__") and field != SIP_URI]


def _differing(before: Wire, after: Wire, paths: Iterable[str]) -> list[str]:
    """Return the keys whose values differ, or that the engine's paths name."""
    keys = [_top(path) for path in paths] + [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return [key for key in dict.fromkeys(keys) if key]


def _change(field: str, old: Any, new: Any) -> str:
    if field == "serverUrlSecret":
        return "webhook secret changes (not shown)"
    if field == "hooks" and not new:
        return "its hooks, for when it rings or no assistant is found, will be removed"
    if field == "hooks":
        return "what happens when it rings or no assistant is found (hooks) changes"
    if field == "fallbackDestination":
        if destination(old) == destination(new):
            return "how calls go to its fallback changes"
        return f"its fallback will be {who(destination(new))} (was {who(destination(old))})"
    if old == new:
        return _plain_change(field, old, new)  # only the mask is equal: the secret itself changed
    common = _change_of_either(field, old, new)
    if common:
        return common
    if field == "number":
        return f"the number itself will be {shown(new)} (was {shown(old)})"
    if field == "credentialId":
        return f"moves to credential {shown(new)} (was {shown(old)}): the carrier must send calls to its new SIP address"
    if field == "workflowId":
        return f"its workflow, which answers no calls since Vapi retired workflows, will be {shown(new)} (was {shown(old)})"
    if field in ("assistantId", "squadId"):
        return f"its {field.removesuffix('Id')}, which is not asked first, will be {shown(new)} (was {shown(old)})"
    if field == "numberE164CheckEnabled":
        return f"the E.164 check will be {'off' if new is False else 'on'}"
    return _plain_change(field, old, new)


def _server(number: Wire) -> Wire:
    """Return the server as an object, even if it is set by ``serverUrl``."""
    server = number.get("server") or number.get("serverUrl") or {}
    return server if isinstance(server, Mapping) else {"url": server}


def _server_changes(old: Wire, new: Wire, paths: Iterable[str], told: Container[str]) -> Iterator[str]:
    inner = [path.removeprefix("server.") for path in paths if path.startswith("server.")]
    for key in _differing(old, new, inner):
        if key == "headers":
            yield "webhook headers change (not shown)"
        elif key != "url":
            yield _plain_change(f"server.{key}", old.get(key), new.get(key))
        elif key not in told:
            was, now = _address(old), _address(new)
            hidden = "its server's address changes in a part that is not shown"
            yield f"its server will be {now} (was {was})" if now != was else hidden


def _address(server: Wire) -> str:
    return code(without_secrets(str(server["url"]))) if server.get("url") else "unset"


def _plain_change(name: str, old: Any, new: Any) -> str:
    secret = any(part in SECRET_FIELDS for part in name.split("."))
    if secret or old == new or any(isinstance(value, (Mapping, list)) for value in (old, new)):
        return f"{code(name)} changes (not shown)"
    return f"{code(name)} will be {shown(new)} (was {shown(old)})"


def _top(path: str) -> str:
    found = re.match(r'\["([^"]+)"\]|[^.\[]+', path)
    return (found[1] or found[0]) if found else ""


# ------------------------------------------------------------------------------------------------------------------ trunks


def changes_of_a_trunk(before: Wire, after: Wire, paths: Iterable[str]) -> Iterator[str]:
    """Describe the changes to a trunk, a phrase each; for the arguments, see `redirects_calls`."""
    paths = list(paths)
    for field in _changed_fields(before, after, paths):
        old, new = before.get(field), after.get(field)
        if field == "gateways":
            yield from _gateway_changes(old, new)
        elif field == "outboundAuthenticationPlan":
            yield from _authentication_changes(old, new, paths)
        else:
            yield _trunk_change(field, old, new)


def gateways(trunk: Wire) -> str:
    """Return the gateways of a trunk in words."""
    listed = list(map(code, _by_address(trunk.get("gateways"))))
    more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
    return f"{'gateway' if len(listed) == 1 else 'gateways'} {', '.join(listed[:5])}{more}" if listed else "gateways not shown"


def _trunk_change(field: str, old: Any, new: Any) -> str:
    if old != new:
        common = _change_of_either(field, old, new)
        if common:
            return common
        if field == "techPrefix":
            return f"the prefix of outbound numbers will be {shown(new)} (was {shown(old)})"
        if field == "sipDiversionHeader":
            return f"the Diversion header of outbound calls will be {shown(new)} (was {shown(old)})"
        if field == "outboundLeadingPlusEnabled":
            return f"outbound numbers will {'lose' if new is False else 'keep'} their leading plus"
    return _plain_change(field, old, new)


def _by_address(listed: Any) -> dict[str, Any]:
    """Return gateways by address; an entry that isn't a gateway, or repeats an address, gets a key of its own."""
    found: dict[str, Any] = {}
    for gateway in listed if isinstance(listed, list) else ():
        address = str(gateway["ip"]) if isinstance(gateway, Mapping) and gateway.get("ip") else "not shown"
        if address in found and isinstance(gateway, Mapping):
            address = f"{address}:{gateway.get('port', 'default port')}"
        while address in found:
            address += "'"
        found[address] = gateway
    return found


def _gateway_changes(old: Any, new: Any) -> Iterator[str]:
    was, now = _by_address(old), _by_address(new)
    changed = [address for address in was if address in now and was[address] != now[address]]
    for address in was:
        if address not in now:
            yield f"**gateway {code(address)} will be removed: no calls go through it any more**"
    for address in now:
        if address not in was:
            yield f"gateway {code(address)} will be added"
    for address in changed:
        yield f"gateway {code(address)} changes: {', '.join(map(code, _differing(was[address], now[address], ())))}"
    if was.keys() == now.keys() and not changed:
        yield "its gateways change (not shown)" if old == new else "the order of its gateways changes"


def _authentication_changes(old: Any, new: Any, paths: Iterable[str]) -> Iterator[str]:
    if not new:
        yield "**will no longer authenticate at the carrier**"
        return
    if not isinstance(new, Mapping) or not isinstance(old or {}, Mapping):
        yield "how it authenticates at the carrier changes (not shown)"
        return
    if not old:
        yield f"will authenticate at the carrier as {shown(new.get('authUsername'))}"
        return
    prefix = "outboundAuthenticationPlan."
    for key in _differing(old, new, [path.removeprefix(prefix) for path in paths if path.startswith(prefix)]):
        if key == "authPassword":
            yield "its password at the carrier changes (not shown)"
        elif key == "authUsername":
            yield f"its user name at the carrier will be {shown(new.get(key))} (was {shown(old.get(key))})"
        elif key == "sipRegisterPlan":
            yield "how it registers at the carrier changes"
        else:
            yield _plain_change(key, old.get(key), new.get(key))


# ------------------------------------------------------------------------------------------------------------------- cells


def _change_of_either(field: str, old: Any, new: Any) -> str:
    if field == "name":
        return f"will be renamed to {code(new)} (was {shown(old)})" if new else f"its name {shown(old)} will be removed"
    if field == "deletionProtection":
        return "will be protected against deletion" if new else "**will no longer be protected against deletion**"
    return ""


def calls_go(answers: Answerer) -> str:
    """Return a phrase that says where calls will go."""
    nobody = "**nothing will answer calls** unless the organisation has a server"
    return f"calls will go to {who(answers)}" if answers.kind else nobody


def who(answers: Answerer) -> str:
    """Return who answers, in words."""
    return f"{answers.kind} {code(answers.value)}" if answers.kind else "nobody"


def shown(value: Any) -> str:
    """Return a value as code, or a word if it is unset."""
    return "unset" if value is None else code(value)


def code(value: Any, limit: int = 120) -> str:
    """Return a value as a code span that can't end its table cell or be read as Markdown, HTML or a mention."""
    text = shorten(value if isinstance(value, str) else json.dumps(value), limit)
    return "`" + text.replace("`", "'").replace("|", "\\|") + "`"
