"""What ``pulumi preview --json`` says about phone numbers, as Markdown in people's words; pure. Secrets are never shown."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pulumi_vapi_byo.diffing import unmanaged
from pulumi_vapi_byo.errors import WHICH_IS_LEFT_OUT, VapiError, shorten, show_fields
from pulumi_vapi_byo.kinds import PHONE_NUMBER
from pulumi_vapi_byo.provider import IMPORT_ID
from pulumi_vapi_byo.resource import BYO_PHONE_NUMBER_TYPE
from pulumi_vapi_byo.wire import MANAGED, ON_OMITTED, SECRET_FIELDS, SIP_URI

from .wording import Answerer, destination, who_answers, without_secrets

#: What the engine writes for a value that is not known before the update (sdk/go/common/resource/plugin/rpc.go).
_UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_LATER: Final = "known after the update"

#: What it writes for a secret.
_MASKED: Final = "[secret]"

_REPLACING: Final = frozenset({"replace", "create-replacement", "delete-replaced"})

#: Steps of other resources that a reader wants counted, in words.
_COUNTED: Final[Mapping[str, str]] = {
    "create": "made",
    "import": "taken over",
    "update": "changed",
    "replace": "replaced",
    "create-replacement": "replaced",
    "delete": "deleted",
}


@dataclass(frozen=True)
class Report:
    """A report on a preview.

    Attributes:
        markdown: For people.
        deletes: How many numbers would be deleted, replacements included.
        failed: Whether the preview had errors, so that there may be more than it shows.
    """

    markdown: str
    deletes: int
    failed: bool


@dataclass(frozen=True)
class _Row:
    kind: str  # one of _KINDS
    number: str
    name: str
    what: str


#: Of a number that may not change at all: the program leaves out what others have set about who answers it.
_DIVERTED: Final = "diverted"

#: Kinds of rows, the most dangerous first.
_KINDS: Final = ("deleted", "replaced", "let go", _DIVERTED, "changed", "made", "taken over")


def report(text: str) -> Report:
    """Report on a preview.

    Args:
        text: What ``pulumi preview --json`` printed.

    Returns:
        The report.

    Raises:
        VapiError: That is no preview.
    """
    preview = _parse(text)
    steps = [step for step in preview.get("steps") or () if isinstance(step, Mapping)]
    rows: dict[tuple[str, str], _Row] = {}
    diverted: dict[str, _Row] = {}
    refreshed: set[str] = set()
    others: Counter[str] = Counter()
    for step in steps:
        urn, operation = str(step.get("urn")), str(step.get("op"))
        if _type_of(urn) != BYO_PHONE_NUMBER_TYPE:
            if operation in _COUNTED and not _type_of(urn).startswith("pulumi:"):
                others[_COUNTED[operation]] += 1
            continue
        old, new = _object(step.get("oldState")), _object(step.get("newState"))
        if operation == "refresh":
            refreshed.add(urn)
        row = _row(operation, urn, old, new, step, refreshed=urn in refreshed)
        if row is not None:
            rows[urn, row.kind] = row
        if operation in ("same", "update"):
            diverted |= {row.number: row for row in _diverted(urn, old, new)}
    diverted = {row.number: row for row in _said_to_be_diverted(preview)} | diverted
    failures = list(_failures(preview))
    ordered = sorted([*rows.values(), *diverted.values()], key=lambda row: (_KINDS.index(row.kind), row.number, row.name))
    deletes = sum(row.kind in ("deleted", "replaced") for row in ordered)
    return Report("\n".join(_markdown(ordered, others, failures)), deletes, bool(failures))


def _parse(text: str) -> Mapping[str, Any]:
    if not text.strip():
        raise VapiError("there is no preview to report on: give the output of pulumi preview --json, as a file or on stdin")
    try:
        preview = json.loads(text)
    except (ValueError, RecursionError):
        preview = None
    if not isinstance(preview, Mapping) or not isinstance(preview.get("steps", []), list) or not preview.keys() & _PREVIEW_KEYS:
        raise VapiError("this is not what pulumi preview --json prints (one JSON object with steps); give its whole output")
    return preview


_PREVIEW_KEYS: Final = {"steps", "diagnostics", "changeSummary"}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _type_of(urn: str) -> str:
    # urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME
    parts = urn.split("::")
    return parts[2].rpartition("$")[2] if len(parts) > 3 else ""


# -------------------------------------------------------------------------------------------------------------------- rows


def _row(
    operation: str, urn: str, old: Mapping[str, Any], new: Mapping[str, Any], step: Mapping[str, Any], *, refreshed: bool
) -> _Row | None:
    before, after = _inputs(old), _inputs(new)
    if before and after:
        # What the program does not manage stays, and may be who answers; or goes, where what is left out is cleared.
        unmanaged = {key: value for key, value in _object(old.get("outputs")).items() if key not in before}
        cleared = _left_out(old, new) if _clears(new) else {}
        before, after = {**unmanaged, **before}, {**unmanaged, **after}
        after = {key: value for key, value in after.items() if key not in cleared}
    if operation in _REPLACING:
        what = ["**will be deleted and made again with a new id: calls fail in between**"]
        what += _changes(before, after, step) if before and after else ()
        return _describe("replaced", urn, before or after, "; ".join(what))
    if operation == "delete":
        return _deleted(urn, old, before)
    if operation == "create" and after.get(IMPORT_ID):
        return _describe("taken over", urn, after, f"will be taken over as it is (id {_code(after[IMPORT_ID])})")
    if operation == "import":
        return _describe("taken over", urn, after, "will be taken over as it is")
    if operation == "create":
        # What was in the state, and is created nevertheless, the refresh has not found.
        made = "was deleted outside Pulumi and will be made again with a new id" if refreshed else "will be made"
        return _describe("made", urn, after, f"{made}; {_calls_go(who_answers(after))}")
    if operation == "update":
        return _describe("changed", urn, before, "; ".join(_changes(before, after, step)) or "only Pulumi's own record changes")
    return None


def _left_out(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return what others have set in fields that the program leaves out, as far as the state shows it."""
    outputs, inputs = _object(old.get("outputs")), {**_object(old.get("inputs")), **_object(new.get("inputs"))}
    filled_in = {field: False for field, shape in _object(outputs.get(MANAGED)).items() if shape is False}
    others = unmanaged(PHONE_NUMBER, outputs, filled_in | inputs)
    return {field: value for field, value in others.items() if field not in (new.get("ignoreChanges") or ())}


def _clears(new: Mapping[str, Any]) -> bool:
    return ON_OMITTED in _object(new.get("inputs"))


def _diverted(urn: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[_Row]:
    others = {} if _clears(new) else _left_out(old, new)
    held = {field: others[field] for field in PHONE_NUMBER.routing if field in others}
    if not held:
        return
    inputs = _inputs(new)
    alone, really = who_answers(inputs), who_answers({**inputs, **held})
    instead = f"; they go to {_who(really)}, by the program alone to {_who(alone)}" if really != alone else ""
    yield _describe(_DIVERTED, urn, inputs, f"{_MAY_BE_DIVERTED}: {_code(show_fields(held))}{instead}")


_MAY_BE_DIVERTED: Final = "**calls may be diverted** by what the program leaves out and others have set"


def _said_to_be_diverted(preview: Mapping[str, Any]) -> Iterator[_Row]:
    """Find the warnings of a refresh: of a number that does not change the preview has no more."""
    thing = f"{PHONE_NUMBER.noun} (?:'(?P<number>.+?)'|(?P<id>with id \\S+))"
    sentence = re.compile(f"(?:warning: )?{thing}: Vapi has (?P<what>.+), {WHICH_IS_LEFT_OUT}: ")
    for diagnostic in preview.get("diagnostics") or ():
        for line in str(_object(diagnostic).get("message")).splitlines():
            found = sentence.match(line)
            if found:
                yield _Row(_DIVERTED, found["number"] or found["id"], "", f"{_MAY_BE_DIVERTED}: {_code(found['what'])}")


def _deleted(urn: str, old: Mapping[str, Any], before: Mapping[str, Any]) -> _Row:
    if old.get("retainOnDelete"):
        return _describe("let go", urn, before, "will no longer be managed, and stays at Vapi as it is")
    protected = _object(old.get("outputs")).get("deletionProtection") is True
    refusal = " (it has deletion_protection, so the update will refuse)" if protected else ""
    return _describe("deleted", urn, before, f"**will be deleted: calls will fail**{refusal}")


def _inputs(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _known(value) for key, value in _object(state.get("inputs") or state.get("outputs")).items()}


def _known(value: Any) -> Any:
    if value == _UNKNOWN:
        return _LATER
    if isinstance(value, Mapping):
        return {key: _known(part) for key, part in value.items()}
    return [_known(part) for part in value] if isinstance(value, list) else value


def _describe(kind: str, urn: str, number: Mapping[str, Any], what: str) -> _Row:
    digits = number.get("number")
    shown = digits if digits not in (None, "", _MASKED, _LATER) else urn.rpartition("::")[2]
    return _Row(kind, str(shown), str(number.get("name") or ""), what)


# ----------------------------------------------------------------------------------------------------------------- changes


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], step: Mapping[str, Any]) -> Iterator[str]:
    """Say what is different; a secret shows only in the engine's own comparison, as both sides are masked."""
    paths = [str(path) for path in (*_object(step.get("detailedDiff")), *(step.get("diffReasons") or ()))]
    differing = [field for field in _differing(before, after, paths) if not field.startswith("__") and field != SIP_URI]
    was, now = who_answers(before), who_answers(after)
    told: set[str] = set()
    if was != now:
        yield f"{_calls_go(now)} (was {_who(was)})"
        told = {"assistantId", "squadId"}
        # Of an address that is there and not asked first, there is more to tell.
        told |= {"url"} if now.kind == "server" or not _server(after) else set()
        told |= {"fallbackDestination"} if now.kind.startswith("fallback") or not after.get("fallbackDestination") else set()
    for field in differing:
        if field == "server" or (field == "serverUrl" and "server" not in differing):
            yield from _server_changes(_server(before), _server(after), paths, told)
        elif field != "serverUrl" and field not in told:
            yield _change(field, before.get(field), after.get(field))


def _differing(before: Mapping[str, Any], after: Mapping[str, Any], paths: Iterable[str]) -> list[str]:
    """Return the keys that differ, in the values or by the engine's paths."""
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
        return f"its fallback will be {_who(destination(new))} (was {_who(destination(old))})"
    if old == new:
        return _plain_change(field, old, new)  # both are masked
    if field == "name":
        return f"will be renamed to {_code(new)} (was {_shown(old)})" if new else f"its name {_shown(old)} will be removed"
    if field == "number":
        return f"the number itself will be {_shown(new)} (was {_shown(old)})"
    if field == "credentialId":
        return f"moves to credential {_shown(new)} (was {_shown(old)}): the carrier must send calls to its new SIP address"
    if field == "workflowId":
        return f"its workflow, which answers no calls since Vapi retired workflows, will be {_shown(new)} (was {_shown(old)})"
    if field in ("assistantId", "squadId"):
        return f"its {field.removesuffix('Id')}, which is not asked first, will be {_shown(new)} (was {_shown(old)})"
    if field == "deletionProtection":
        return "will be protected against deletion" if new else "**will no longer be protected against deletion**"
    if field == "numberE164CheckEnabled":
        return f"the E.164 check will be {'off' if new is False else 'on'}"
    return _plain_change(field, old, new)


def _server(number: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the server in its newer spelling."""
    server = number.get("server") or number.get("serverUrl") or {}
    return server if isinstance(server, Mapping) else {"url": server}


def _server_changes(
    old: Mapping[str, Any], new: Mapping[str, Any], paths: Iterable[str], told: Container[str]
) -> Iterator[str]:
    inner = [path.removeprefix("server.") for path in paths if path.startswith("server.")]
    for key in _differing(old, new, inner):
        if key == "headers":
            yield "webhook headers change (not shown)"
        elif key != "url":
            yield _plain_change(f"server.{key}", old.get(key), new.get(key))
        elif key not in told:
            was, now = _address(old), _address(new)
            hidden = "its server's address changes where it is not shown"
            yield f"its server will be {now} (was {was})" if now != was else hidden


def _address(server: Mapping[str, Any]) -> str:
    return _code(without_secrets(str(server["url"]))) if server.get("url") else "unset"


def _plain_change(name: str, old: Any, new: Any) -> str:
    secret = any(part in SECRET_FIELDS for part in name.split("."))
    if secret or old == new or any(isinstance(value, (Mapping, list)) for value in (old, new)):
        return f"{_code(name)} changes (not shown)"
    return f"{_code(name)} will be {_shown(new)} (was {_shown(old)})"


def _top(path: str) -> str:
    found = re.match(r'\["([^"]+)"\]|[^.\[]+', path)
    return (found[1] or found[0]) if found else ""


# ---------------------------------------------------------------------------------------------------------------- markdown


def _markdown(rows: list[_Row], others: Counter[str], failures: list[str]) -> Iterator[str]:
    yield "### Phone numbers"
    yield ""
    counts = Counter(row.kind for row in rows)
    parts = [f"{counts[kind]} {kind}" for kind in _KINDS if counts[kind] and kind != _DIVERTED]
    diverted = counts[_DIVERTED]
    if diverted:
        numbers = "1 number" if diverted == 1 else f"{diverted} numbers"
        said = f"{', '.join(parts)}. Calls" if parts else "Calls" if failures else "Nothing changes, but calls"
        yield f"**{said} to {numbers} may be diverted by what the program leaves out.**"
    elif parts or not failures:
        yield f"**{', '.join(parts) if parts else 'Nothing changes'}.**"
    if rows:
        yield ""
        yield "| Number | Name | What happens |"
        yield "|---|---|---|"
        for row in rows:
            yield f"| {_code(row.number)} | {_code(row.name) if row.name else ''} | {row.what} |"
    if others:
        yield ""
        yield f"Other resources: {', '.join(f'{count} {kind}' for kind, count in others.items())}."
    if failures:
        yield from ([""] if rows else [])
        yield "**The preview failed, so there may be more:**"
        yield ""
        yield from (f"- {_code(failure, 500)}" for failure in failures)


def _failures(preview: Mapping[str, Any]) -> Iterator[str]:
    for diagnostic in preview.get("diagnostics") or ():
        if _object(diagnostic).get("severity") == "error":
            lines = str(diagnostic.get("message")).strip().splitlines() or [""]
            # Of a traceback only what it comes to.
            text = lines[0] if "Traceback (most recent call last):" not in lines else f"{lines[0]} {lines[-1].strip()}"
            yield text.removeprefix("error: ")


def _calls_go(answers: Answerer) -> str:
    nobody = "**nothing will answer calls** unless the organisation has a server"
    return f"calls will go to {_who(answers)}" if answers.kind else nobody


def _who(answers: Answerer) -> str:
    return f"{answers.kind} {_code(answers.value)}" if answers.kind else "nobody"


def _shown(value: Any) -> str:
    return "unset" if value is None else _code(value)


def _code(value: Any, limit: int = 120) -> str:
    """Write a value as code: it cannot end its cell, nor be taken for Markdown, HTML or the name of a person."""
    text = shorten(value if isinstance(value, str) else json.dumps(value), limit)
    return "`" + text.replace("`", "'").replace("|", "\\|") + "`"
