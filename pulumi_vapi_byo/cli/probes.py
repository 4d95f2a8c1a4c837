"""The requests that show whether Vapi follows each of the emulator's rules.

A probe yields the name of a rule and what Vapi did, worded as one of the rule's answers where one fits.
"""

from __future__ import annotations

import re
import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pulumi_vapi_byo.api.client import Reply
from pulumi_vapi_byo.emulator.rules import ACCEPTED, WORDINGS, Era
from pulumi_vapi_byo.errors import shorten

from .scratch import Scratch, UnseenError

#: A gateway for outbound calls only, in a network reserved for documentation (RFC 5737): no call ever comes from it.
GATEWAY: Final = {"ip": "203.0.113.10", "inboundEnabled": False}
_OTHER_GATEWAY: Final = {"ip": "203.0.113.11", "inboundEnabled": False}

_NUMBERS: Final = "/phone-number"
_TRUNKS: Final = "/credential"

#: Seconds to wait for a new number to show up in lists and answers.
_WAIT_S: Final = 15.0

Seen = Iterator[tuple[str, str]]


@dataclass
class Bench:
    """What the probes share.

    Attributes:
        scratch: Sends the requests.
        era: Which era's emulator to compare with; it decides which field sets the address of a server.
        trunk: Path of the trunk.
        first: Path of the number that the probes change.
        second: Path of another number.
        created: Creation times of both numbers, by path, as Vapi gave them.
        numbers: The numbers themselves, by path, as last sent.
    """

    scratch: Scratch
    era: Era
    trunk: str = ""
    first: str = ""
    second: str = ""
    created: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)

    @property
    def trunk_id(self) -> str:
        """Id of the trunk."""
        return self.trunk.rpartition("/")[2]

    def number_body(self, **fields: Any) -> dict[str, Any]:
        """Return the body of a new number on the trunk; a field given as None is left out."""
        body = {
            "provider": "byo-phone-number",
            "name": self.scratch.name,
            "number": self.scratch.new_number(),
            "numberE164CheckEnabled": False,
            "credentialId": self.trunk_id,
        }
        return {name: value for name, value in (body | fields).items() if value is not None}

    def create(self, body: Mapping[str, Any]) -> Reply:
        """Create one of the two numbers that the other probes work with.

        Raises:
            UnseenError: Vapi refused it.
        """
        reply = _demanded(self.scratch.ask("POST", _NUMBERS, body))
        path = f"{_NUMBERS}/{reply.body['id']}"
        self.numbers[path], self.created[path] = body["number"], str(reply.body.get("createdAt"))
        if not self.first:
            self.first = path
        else:
            self.second = path
        return reply

    def patch(self, **fields: Any) -> Reply:
        """Change the first number."""
        return self.scratch.ask("PATCH", self.first, fields)

    def listed(self, path: str = _NUMBERS, **query: Any) -> list[str]:
        """Return the paths of the verification's own numbers in a list, in the order of the list."""
        body = _demanded(self.scratch.ask("GET", path, query=query)).body
        entries = body.get("results", []) if isinstance(body, Mapping) else body
        paths = [f"{_NUMBERS}/{entry.get('id')}" for entry in entries]
        return [path for path in paths if path in self.created]


def _demanded(reply: Reply) -> Reply:
    if not 200 <= reply.status < 300:
        raise UnseenError(f"it was refused with {reply.status}: {shorten(_message(reply), 200)}")
    return reply


def _message(reply: Reply) -> str:
    message = reply.body.get("message", "") if isinstance(reply.body, Mapping) else ""
    return "; ".join(map(str, message)) if isinstance(message, list) else str(message)


def _verdict(reply: Reply, taken: str = ACCEPTED) -> str:
    return taken if 200 <= reply.status < 300 else str(reply.status)


# --- objects ---


def create_a_trunk(bench: Bench) -> Seen:
    """Create the trunk."""
    password = secrets.token_hex(8)
    plan = {"authUsername": "vapi-byo-verify", "authPassword": password}
    body = {"provider": "byo-sip-trunk", "name": bench.scratch.name, "gateways": [GATEWAY], "outboundAuthenticationPlan": plan}
    reply = _demanded(bench.scratch.ask("POST", _TRUNKS, body))
    bench.trunk = f"{_TRUNKS}/{reply.body['id']}"
    more = [key for gateway in reply.body["gateways"] for key in gateway.keys() - GATEWAY.keys() if gateway[key] is not None]
    yield "gateway-defaults", "filled in" if more else "left out"
    held = (reply.body.get("outboundAuthenticationPlan") or {}).get("authPassword")
    yield "password", "never" if held is None else "as sent" if held == password else "otherwise"


def create_numbers(bench: Bench) -> Seen:
    """Create two numbers, and see how soon they are found."""
    body = bench.number_body()
    reply = bench.create(body)
    held = reply.body
    yield "create-status", str(reply.status)
    yield "number-reads-back", "as sent" if held.get("number") == body["number"] else "otherwise"
    yield "unset-fields", "null" if None in held.values() else "left out"
    yield "status", held.get("status") or "left out"
    times = re.sub(r"\d", "0", bench.created[bench.first])
    known = {"0000-00-00T00:00:00.000Z": "milliseconds and Z", "0000-00-00T00:00:00Z": "no milliseconds"}
    yield "times", known.get(times, times)
    yield "read-delay", _how_soon(bench, lambda: bench.scratch.ask("GET", bench.first).status < 300)
    bench.scratch.sleep(1.1)  # even if times are rounded to seconds, the two numbers then differ
    bench.create(bench.number_body())
    since: dict[str, Any] = {"limit": 1000, "createdAtGe": bench.created[bench.second]}
    yield "list-delay", _how_soon(bench, lambda: bench.second in bench.listed(**since))


def _how_soon(bench: Bench, is_there: Callable[[], bool]) -> str:
    began = time.monotonic()
    if is_there():
        return "at once"
    while time.monotonic() - began < _WAIT_S:
        bench.scratch.sleep(0.5)
        if is_there():
            return "later"
    return "never"


# --- errors ---


def use_no_right_key(bench: Bench) -> Seen:
    """Ask with a wrong key, and without a key."""
    yield "wrong-key", _verdict(bench.scratch.ask("GET", _NUMBERS, query={"limit": 1}, wrong_key=True))
    yield "missing-key", _verdict(bench.scratch.ask("GET", _NUMBERS, query={"limit": 1}, with_key=False))


def ask_for_what_does_not_exist(bench: Bench) -> Seen:
    """Ask for paths and ids that do not exist."""
    ask = bench.scratch.ask
    yield "unknown-route", _verdict(ask("GET", "/vapi-byo-verify"))
    nobody = f"{_NUMBERS}/{uuid.uuid4()}"
    bodies = {"GET": None, "PATCH": {"name": bench.scratch.name}, "DELETE": None}
    replies = {method: ask(method, nobody, body) for method, body in bodies.items()}
    answers = {method: _verdict(reply) for method, reply in replies.items()}
    same = len(set(answers.values())) == 1
    yield "unknown-id", answers["GET"] if same else ", ".join(f"{method} {answer}" for method, answer in answers.items())
    yield "error-shape", ", ".join(replies["GET"].body)
    yield "unknown-credential-id", _verdict(ask("GET", f"{_TRUNKS}/{uuid.uuid4()}"))
    yield "malformed-id", _verdict(ask("GET", f"{_NUMBERS}/vapi-byo-verify"))


def send_what_is_wrong(bench: Bench) -> Seen:
    """Send bodies that Vapi refuses or should refuse."""
    ask, name = bench.scratch.ask, bench.scratch.name
    reply = ask("POST", _NUMBERS, bench.number_body(numberE164CheckEnabled=None))
    yield "number-not-e164", _verdict(reply)
    yield from _wording(reply, "wording-not-e164", "number")
    wrong = bench.number_body(number="1", name=name + "x" * 40, credentialId=None)
    failures = ask("POST", _NUMBERS, wrong)
    if failures.status >= 400:
        message = failures.body["message"]
        in_a_list = isinstance(message, list) and len(message) > 1
        yield "several-failures", "all in a list" if in_a_list else "the first as a text"
        first = message[0] if isinstance(message, list) else message
        named = str(first).startswith(("number ", "name "))
        yield "failure-names-field", "begins with its name" if named else "does not name it"
        yield from _wording(failures, "wording-too-long", "name")
    yield "number-with-signs", _verdict(ask("POST", _NUMBERS, bench.number_body(number=bench.scratch.new_number() + "-1")))
    yield "no-credential", _verdict(ask("POST", _NUMBERS, bench.number_body(credentialId=None)))
    yield "credential-unknown", _verdict(ask("POST", _NUMBERS, bench.number_body(credentialId=str(uuid.uuid4()))))
    yield "duplicate-number", _verdict(ask("POST", _NUMBERS, bench.number_body(number=bench.numbers[bench.second])))
    inbound = {"provider": "byo-sip-trunk", "name": name, "gateways": [{"ip": "sip.example.com", "inboundEnabled": True}]}
    yield "inbound-host-name", _verdict(ask("POST", _TRUNKS, inbound))
    without, empty = ask("POST", _NUMBERS), ask("POST", _NUMBERS, {})
    same = (without.status, _message(without)) == (empty.status, _message(empty))
    yield "no-body", "counts as {}" if same else "has an error of its own"


def patch_what_is_wrong(bench: Bench) -> Seen:
    """Send changes to the number that Vapi refuses or should refuse."""
    reply = bench.patch(vapiByoVerify=True)
    taken = "kept" if "vapiByoVerify" in _object(reply) else "dropped"
    yield "unknown-property", _verdict(reply, taken)
    yield from _wording(reply, "wording-unknown-property", "property vapiByoVerify")
    destination = {"type": "sip", "sipUri": "sip:verify@example.com"}
    reply = bench.patch(fallbackDestination=destination | {"vapiByoVerify": True})
    taken = "kept" if "vapiByoVerify" in (_object(reply).get("fallbackDestination") or {}) else "dropped"
    yield "unknown-nested-property", _verdict(reply, taken)
    yield "reference-not-uuid", _verdict(bench.patch(assistantId="vapi-byo-verify"))
    yield "url-not-http", _verdict(bench.patch(**_at(bench, "ftp://example.com")))
    yield "url-empty", _verdict(bench.patch(**_at(bench, "")))


def _wording(reply: Reply, rule: str, of_what: str) -> Seen:
    if reply.status >= 400:
        yield rule, "as here" if f"{of_what} {WORDINGS[rule]}" in _message(reply) else "otherwise"


def _at(bench: Bench, url: str) -> dict[str, Any]:
    return {"serverUrl": url} if bench.era == "2024" else {"server": {"url": url}}


def _object(reply: Reply) -> Mapping[str, Any]:
    return reply.body if isinstance(reply.body, Mapping) and reply.status < 300 else {}


# --- changes ---


def change_the_number(bench: Bench) -> Seen:
    """Change the fields that may change, and see whether ``updatedAt`` moves."""
    name = bench.scratch.name
    yield "patch-provider", _verdict(bench.patch(provider="byo-phone-number", name=name))
    before = _demanded(bench.patch(name=name)).body.get("updatedAt")
    bench.scratch.sleep(1.1)  # see create_numbers
    after = _demanded(bench.patch(name=f"{name}-2")).body.get("updatedAt")
    yield "updated-at-changed", "moves" if after != before else "stays"
    bench.scratch.sleep(1.1)
    again = _demanded(bench.patch(name=f"{name}-2")).body.get("updatedAt")
    yield "updated-at-unchanged", "moves" if again != after else "stays"
    reply = bench.patch(number=bench.scratch.new_number(), numberE164CheckEnabled=False)
    yield "patch-number", _verdict(reply)
    reply = bench.patch(number=bench.scratch.new_number())
    yield "patch-number-check", _verdict(reply)
    yield "patch-credentialId", _verdict(bench.patch(credentialId=bench.trunk_id))


def set_the_server(bench: Bench) -> Seen:
    """Set, replace and clear the server."""
    full = {"url": "https://example.com/vapi", "timeoutSeconds": 7}
    reply = bench.patch(server={"url": full["url"]})
    if reply.status < 300:
        held = {name for name, value in (_object(reply).get("server") or {}).items() if value is not None}
        yield "server-defaults", "filled in" if held - {"url"} else "left out"
        _demanded(bench.patch(server=full))
    else:
        yield "server-defaults", "no such field"
    yield from _replacing(bench.patch(server={"url": full["url"]}), "server", lambda held: held.get("timeoutSeconds") == 7)
    yield from _clearing(bench, "server")


def set_the_server_url(bench: Bench) -> Seen:
    """Set ``serverUrl``, the field of the 2024 API."""
    url = "https://example.com/of-2024"
    reply = bench.patch(serverUrl=url)
    held = _object(reply)
    shown = "as server" if (held.get("server") or {}).get("url") == url else "nowhere"
    yield "server-url", _verdict(reply, "as serverUrl" if held.get("serverUrl") == url else shown)
    secret = secrets.token_hex(8)
    reply = bench.patch(serverUrlSecret=secret)
    seen = _object(reply).get("serverUrlSecret")
    told = "never" if seen is None else "as sent" if seen == secret else "otherwise"
    yield "server-url-secret", "no such field" if reply.status >= 400 else told
    if reply.status < 300:
        bench.patch(serverUrl=None, serverUrlSecret=None)


def set_the_hooks(bench: Bench) -> Seen:
    """Set, replace and clear hooks."""
    hooks = [{"on": "call.ringing", "do": [{"type": "say", "exact": text}]} for text in ("one", "two")]
    bench.patch(hooks=hooks[:1])
    yield from _replacing(bench.patch(hooks=hooks[1:]), "hooks", lambda held: len(held) > 1, merged="by adding")
    yield from _clearing(bench, "hooks")


def set_the_fallback(bench: Bench) -> Seen:
    """Set, replace and clear the fallback destination."""
    bare = {"type": "sip", "sipUri": "sip:verify@example.com"}
    bench.patch(fallbackDestination=bare | {"description": "of vapi-byo verify"})
    reply = bench.patch(fallbackDestination=bare)
    yield from _replacing(reply, "fallbackDestination", lambda held: "description" in held)
    yield from _clearing(bench, "fallbackDestination")


def set_who_answers(bench: Bench) -> Seen:
    """Name an assistant, a squad and a workflow that do not exist, and clear them."""
    for name in ("assistantId", "squadId", "workflowId"):
        reply = bench.patch(**{name: str(uuid.uuid4())})
        if name == "assistantId":
            yield "reference-unknown", _verdict(reply)
        yield from _clearing(bench, name, is_set=reply.status < 300)


def clear_the_name(bench: Bench) -> Seen:
    """Clear the name; the number itself still carries the mark."""
    yield from _clearing(bench, "name")
    bench.patch(name=bench.scratch.name)


def _replacing(reply: Reply, name: str, is_merged: Callable[[Any], bool], merged: str = "property by property") -> Seen:
    if reply.status >= 400:
        yield f"replace-{name}", str(reply.status)
    else:
        held = _object(reply).get(name)
        if held is None:
            raise UnseenError(f"{name} was accepted, but is not in the answer")
        yield f"replace-{name}", merged if is_merged(held) else "whole"


def _clearing(bench: Bench, name: str, *, is_set: bool = True) -> Seen:
    reply = bench.patch(**{name: None})
    if reply.status >= 400:
        yield f"null-{name}", str(reply.status)
    elif not is_set:
        raise UnseenError(f"{name} could not be set, so there was nothing to clear")
    else:
        yield f"null-{name}", "kept" if _object(reply).get(name) else "cleared"


def change_the_trunk(bench: Bench) -> Seen:
    """Change, replace and clear fields of the trunk."""
    ask = bench.scratch.ask
    reply = ask("PATCH", bench.trunk, {"techPrefix": "9"})
    yield "patch-trunk", _verdict(reply)
    cleared = ask("PATCH", bench.trunk, {"techPrefix": None})
    kept = "kept" if _object(cleared).get("techPrefix") else "cleared"
    yield "null-techPrefix", _verdict(cleared, kept)
    ask("PATCH", bench.trunk, {"gateways": [GATEWAY]})
    reply = ask("PATCH", bench.trunk, {"gateways": [_OTHER_GATEWAY]})
    yield from _replacing(reply, "gateways", lambda held: len(held) > 1, merged="by adding")


# --- lists ---


def list_numbers(bench: Bench) -> Seen:
    """List numbers, through both versions of the list and with various query parameters."""
    ask, listed = bench.scratch.ask, bench.listed
    since: dict[str, Any] = {"limit": 1000, "createdAtGe": bench.created[bench.first]}
    yield "list-order", _order(listed(**since), bench, "newest first", "oldest first")
    entries = _demanded(ask("GET", _NUMBERS, query={"limit": 1})).body
    yield "list-limit", "honoured" if len(entries) == 1 else "ignored"
    yield "list-limit-1001", _verdict(ask("GET", _NUMBERS, query={"limit": 1001}))
    later = listed(createdAtGt=bench.created[bench.second], limit=1000)
    earlier = listed(createdAtLe=bench.created[bench.first], createdAtGe=bench.created[bench.first], limit=1000)
    yield "list-times", "ignored" if bench.first in later or bench.second in earlier else "honoured"
    yield "unknown-query", _verdict(ask("GET", _NUMBERS, query={"vapiByoVerify": "1", "limit": 1}))
    yield "v2-order", _order(listed(f"/v2{_NUMBERS}", **since), bench, "the newest", "the oldest")
    yield "v2-search", _searched(bench)


def _order(paths: list[str], bench: Bench, newest: str, oldest: str) -> str:
    if not {bench.first, bench.second} <= set(paths):
        raise UnseenError("the list does not have the two numbers")
    return newest if paths.index(bench.second) < paths.index(bench.first) else oldest


def _searched(bench: Bench) -> str:
    path = f"/v2{_NUMBERS}"
    if bench.scratch.ask("GET", path, query={"search": bench.scratch.name}).status >= 400:
        return "no such field"
    texts = {"name": bench.scratch.name, "number": bench.numbers[bench.second]}
    return " and ".join(what for what, text in texts.items() if bench.second in bench.listed(path, search=text)) or "nothing"


def list_trunks(bench: Bench) -> Seen:
    """See in which order the account's trunks are listed; nothing about them is kept."""
    times = [str(entry.get("createdAt")) for entry in _demanded(bench.scratch.ask("GET", _TRUNKS, query={"limit": 1000})).body]
    if len(set(times)) < 2:
        raise UnseenError("the account has no other credential")
    orders = {"newest first": sorted(times, reverse=True), "oldest first": sorted(times)}
    yield "credential-list-order", next((order for order, ordered in orders.items() if times == ordered), "neither")


# --- the end ---


def delete(bench: Bench) -> Seen:
    """Delete a number, and try to delete the trunk while the other number uses it."""
    reply = _demanded(bench.scratch.ask("DELETE", bench.second))
    yield "delete-answer", "the object" if f"{_NUMBERS}/{_object(reply).get('id')}" == bench.second else str(reply.status)
    yield "trunk-in-use", _verdict(bench.scratch.ask("DELETE", bench.trunk))


def look_at_headers(bench: Bench) -> Seen:
    """See which headers of the answers so far announce a rate limit."""
    names = sorted(name for name in bench.scratch.header_names if re.search(r"rate-?limit", name))
    yield "rate-limit-headers", ", ".join(names) or "none"


@dataclass(frozen=True)
class Probe:
    """Some requests, and the rules that they test.

    Attributes:
        run: Sends them, and yields what was seen.
        requests: How many it sends if none has to be repeated.
        rules: Names of the rules that it tests.
        needed: Whether the probes after it are pointless if it fails.
    """

    run: Callable[[Bench], Seen]
    requests: int
    rules: tuple[str, ...]
    needed: bool = False


PROBES: Final = (
    Probe(create_a_trunk, 1, ("gateway-defaults", "password"), needed=True),
    Probe(
        create_numbers,
        4,
        ("create-status", "number-reads-back", "unset-fields", "status", "times", "read-delay", "list-delay"),
        needed=True,
    ),
    Probe(use_no_right_key, 2, ("wrong-key", "missing-key")),
    Probe(
        ask_for_what_does_not_exist,
        6,
        ("unknown-route", "unknown-id", "error-shape", "unknown-credential-id", "malformed-id"),
    ),
    Probe(
        send_what_is_wrong,
        9,
        (
            *("number-not-e164", "several-failures", "failure-names-field", "number-with-signs", "no-credential"),
            *("wording-not-e164", "wording-too-long"),
            *("credential-unknown", "duplicate-number", "inbound-host-name", "no-body"),
        ),
    ),
    Probe(
        patch_what_is_wrong,
        5,
        (
            *("unknown-property", "wording-unknown-property", "unknown-nested-property", "reference-not-uuid"),
            *("url-not-http", "url-empty"),
        ),
    ),
    Probe(
        change_the_number,
        7,
        (
            *("patch-provider", "updated-at-changed", "updated-at-unchanged", "patch-number"),
            *("patch-number-check", "patch-credentialId"),
        ),
    ),
    Probe(set_the_server, 4, ("server-defaults", "replace-server", "null-server")),
    Probe(set_the_server_url, 3, ("server-url", "server-url-secret")),
    Probe(set_the_hooks, 3, ("replace-hooks", "null-hooks")),
    Probe(set_the_fallback, 3, ("replace-fallbackDestination", "null-fallbackDestination")),
    Probe(set_who_answers, 6, ("reference-unknown", "null-assistantId", "null-squadId", "null-workflowId")),
    Probe(clear_the_name, 2, ("null-name",)),
    Probe(change_the_trunk, 4, ("patch-trunk", "null-techPrefix", "replace-gateways")),
    Probe(
        list_numbers,
        10,
        ("list-order", "list-limit", "list-limit-1001", "list-times", "unknown-query", "v2-order", "v2-search"),
    ),
    Probe(list_trunks, 1, ("credential-list-order",)),
    Probe(delete, 2, ("delete-answer", "trunk-in-use")),
    Probe(look_at_headers, 0, ("rate-limit-headers",)),
)
