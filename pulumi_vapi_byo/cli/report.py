"""Report on the output of ``pulumi preview --json``: what happens to numbers and trunks, as Markdown; pure. Shows no secret."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final

from pulumi_vapi_byo.core.diff import unmanaged
from pulumi_vapi_byo.dynamic._resources import BYO_PHONE_NUMBER_TYPE, BYO_SIP_TRUNK_CREDENTIAL_TYPE
from pulumi_vapi_byo.errors import WHICH_IS_LEFT_OUT, VapiError
from pulumi_vapi_byo.kinds.kind import Kind, plugin_type
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.kinds.sip_trunk import SIP_TRUNK_CREDENTIAL
from pulumi_vapi_byo.provider import IMPORT_ID
from pulumi_vapi_byo.wire import MANAGED, ON_OMITTED

from .changes import calls_go, changes_of_a_number, changes_of_a_trunk, code, gateways, redirects_calls, who
from .wording import who_answers

#: What the engine writes for a value that is unknown before the update (sdk/go/common/resource/plugin/rpc.go).
_UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_LATER: Final = "known after the update"

#: What the engine writes for a secret.
_MASKED: Final = "[secret]"

#: Longest report. A comment on GitHub takes 65,536 characters, and a workflow may add some of its own.
MAX_CHARACTERS: Final = 60_000

#: Characters kept free for headings and counts.
_ROOM_FOR_THE_REST: Final = 1_000

#: Most errors of a failed preview that are listed.
_MAX_FAILURES: Final = 20

_REPLACING: Final = frozenset({"replace", "create-replacement", "delete-replaced"})

#: Steps of other resources that are only counted, in words.
_COUNTED: Final[Mapping[str, str]] = {
    "create": "created",
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
        markdown: The text.
        deletes: How many numbers and trunks would be deleted, including replacements.
        failed: Whether the preview had errors, so it may not show everything.
    """

    markdown: str
    deletes: int
    failed: bool


@dataclass(frozen=True, eq=False)
class _Thing:
    """A kind of resource that the report has a table for.

    Attributes:
        kind: The kind of resource.
        heading: Heading of its section, and of its first column.
        lost: What a delete means for the user.
        replaced: What a replacement means for the user.
    """

    kind: Kind
    heading: tuple[str, str]
    lost: str
    replaced: str


_NUMBER: Final = _Thing(
    PHONE_NUMBER,
    ("Phone numbers", "Number"),
    "calls will fail",
    "will be deleted and created again with a new id: calls fail in between",
)
_TRUNK: Final = _Thing(
    SIP_TRUNK_CREDENTIAL,
    ("SIP trunks", "Trunk"),
    "calls of its numbers will fail",
    "will be created again with a new id and then deleted: the carrier must send calls to the new SIP addresses of its numbers",
)
_THINGS: Final[Mapping[str, _Thing]] = {
    BYO_PHONE_NUMBER_TYPE: _NUMBER,
    BYO_SIP_TRUNK_CREDENTIAL_TYPE: _TRUNK,
    plugin_type(PHONE_NUMBER): _NUMBER,
    plugin_type(SIP_TRUNK_CREDENTIAL): _TRUNK,
}


@dataclass(frozen=True, eq=False)
class _Row:
    thing: _Thing
    kind: str  # one of _KINDS
    label: str
    name: str
    what: str
    redirects: bool = False

    @property
    def order(self) -> tuple[int, bool, str, str]:
        return _KINDS.index(self.kind), not self.redirects, self.label, self.name

    @property
    def word(self) -> str:
        """What happens, in one word."""
        return "redirected" if self.redirects else self.kind

    @property
    def first(self) -> bool:
        """Whether its row is urgent: urgent rows are kept before all others."""
        return self.redirects or self.kind in ("deleted", "replaced", _DIVERTED)


#: Kind of row for a number that may not change at all: others have set who answers it, in fields the program leaves out.
_DIVERTED: Final = "diverted"

#: Kinds of rows, most dangerous first.
_KINDS: Final = ("deleted", "replaced", "let go", _DIVERTED, "changed", "created", "taken over")


def report(text: str) -> Report:
    """Report on a preview.

    Args:
        text: The output of ``pulumi preview --json``.

    Returns:
        The report, short enough for a comment on GitHub.

    Raises:
        VapiError: The text is not the output of a preview.
    """
    preview = _parse(text)
    steps = [step for step in preview.get("steps") or () if isinstance(step, Mapping)]
    rows: dict[tuple[str, str], _Row] = {}
    diverted: dict[str, _Row] = {}
    refreshed: set[str] = set()
    others: Counter[str] = Counter()
    for step in steps:
        urn, operation = str(step.get("urn")), str(step.get("op"))
        thing = _THINGS.get(_type_of(urn))
        if thing is None:
            if operation in _COUNTED and not _type_of(urn).startswith("pulumi:"):
                others[_COUNTED[operation]] += 1
            continue
        old, new = _object(step.get("oldState")), _object(step.get("newState"))
        if operation == "refresh":
            refreshed.add(urn)
        row = _row(thing, operation, urn, old, new, step, refreshed=urn in refreshed)
        if row is not None:
            rows[urn, row.kind] = row
        if thing is _NUMBER and operation in ("same", "update"):
            diverted |= {row.label: row for row in _diverted(urn, old, new)}
    diverted = {row.label: row for row in _said_to_be_diverted(preview)} | diverted
    failures = list(_failures(preview))
    ordered = sorted([*rows.values(), *diverted.values()], key=lambda row: row.order)
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
    thing: _Thing,
    operation: str,
    urn: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    step: Mapping[str, Any],
    *,
    refreshed: bool,
) -> _Row | None:
    before, after = _inputs(old), _inputs(new)
    if before and after:
        # Fields that the program does not manage stay, and may decide who answers; unless whatever is left out is cleared.
        unmanaged = {key: value for key, value in _object(old.get("outputs")).items() if key not in before}
        cleared = _left_out(thing.kind, old, new) if _clears(new) else {}
        before, after = {**unmanaged, **before}, {**unmanaged, **after}
        after = {key: value for key, value in after.items() if key not in cleared}
    paths = [str(path) for path in (*_object(step.get("detailedDiff")), *(step.get("diffReasons") or ()))]
    changes = changes_of_a_number if thing is _NUMBER else changes_of_a_trunk
    if operation in _REPLACING:
        what = [f"**{thing.replaced}**", *(changes(before, after, paths) if before and after else ())]
        return _describe(thing, "replaced", urn, before or after, "; ".join(what))
    if operation == "delete":
        return _deleted(thing, urn, old, before)
    if operation == "create" and after.get(IMPORT_ID):
        return _describe(thing, "taken over", urn, after, f"will be taken over as it is (id {code(after[IMPORT_ID])})")
    if operation == "import":
        return _describe(thing, "taken over", urn, after, "will be taken over as it is")
    if operation == "create":
        # A resource that was in the state and is created nevertheless was not found by the refresh.
        created = "was deleted outside Pulumi and will be created again with a new id" if refreshed else "will be created"
        details = calls_go(who_answers(after)) if thing is _NUMBER else gateways(after)
        return _describe(thing, "created", urn, after, f"{created}; {details}")
    if operation == "update":
        said = "; ".join(changes(before, after, paths)) or "only Pulumi's own record changes"
        return _describe(thing, "changed", urn, before, said, redirects=redirects_calls(before, after, paths))
    return None


def _left_out(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that others have set and the program leaves out, as far as the state shows them."""
    outputs, inputs = _object(old.get("outputs")), {**_object(old.get("inputs")), **_object(new.get("inputs"))}
    filled_in = {field: False for field, shape in _object(outputs.get(MANAGED)).items() if shape is False}
    others = unmanaged(kind, outputs, filled_in | inputs)
    return {field: value for field, value in others.items() if field not in (new.get("ignoreChanges") or ())}


def _clears(new: Mapping[str, Any]) -> bool:
    return ON_OMITTED in _object(new.get("inputs"))


def _diverted(urn: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[_Row]:
    others = {} if _clears(new) else _left_out(PHONE_NUMBER, old, new)
    held = {field: others[field] for field in PHONE_NUMBER.routing if field in others}
    if not held:
        return
    inputs = _inputs(new)
    alone, really = who_answers(inputs), who_answers({**inputs, **held})
    instead = f"; they go to {who(really)}, but would go to {who(alone)} by the program alone" if really != alone else ""
    yield _describe(_NUMBER, _DIVERTED, urn, inputs, f"{_MAY_BE_DIVERTED}: {code(PHONE_NUMBER.show_fields(held))}{instead}")


_MAY_BE_DIVERTED: Final = "**calls may be diverted** by fields that others have set and the program leaves out"


def _said_to_be_diverted(preview: Mapping[str, Any]) -> Iterator[_Row]:
    """Find the refresh's warnings: for a number that does not change, the preview has nothing else."""
    thing = f"{PHONE_NUMBER.noun} (?:'(?P<number>.+?)'|(?P<id>with id \\S+))"
    sentence = re.compile(f"(?:warning: )?{thing}: Vapi has (?P<what>.+), {WHICH_IS_LEFT_OUT}: ")
    for diagnostic in preview.get("diagnostics") or ():
        for line in str(_object(diagnostic).get("message")).splitlines():
            found = sentence.match(line)
            if found:
                yield _Row(_NUMBER, _DIVERTED, found["number"] or found["id"], "", f"{_MAY_BE_DIVERTED}: {code(found['what'])}")


def _deleted(thing: _Thing, urn: str, old: Mapping[str, Any], before: Mapping[str, Any]) -> _Row:
    if old.get("retainOnDelete"):
        return _describe(thing, "let go", urn, before, "will no longer be managed, and stays at Vapi as it is")
    protected = _object(old.get("outputs")).get("deletionProtection") is True
    refusal = " (it has deletion_protection, so the update will refuse)" if protected else ""
    return _describe(thing, "deleted", urn, before, f"**will be deleted: {thing.lost}**{refusal}")


def _inputs(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _known(value) for key, value in _object(state.get("inputs") or state.get("outputs")).items()}


def _known(value: Any) -> Any:
    if value == _UNKNOWN:
        return _LATER
    if isinstance(value, Mapping):
        return {key: _known(part) for key, part in value.items()}
    return [_known(part) for part in value] if isinstance(value, list) else value


def _describe(thing: _Thing, kind: str, urn: str, wire: Mapping[str, Any], what: str, *, redirects: bool = False) -> _Row:
    label = wire.get(thing.kind.named_by)
    shown = label if label not in (None, "", _MASKED, _LATER) else urn.rpartition("::")[2]
    return _Row(thing, kind, str(shown), str(wire.get("name") or ""), what, redirects)


# ---------------------------------------------------------------------------------------------------------------- markdown


def _markdown(rows: list[_Row], others: Counter[str], failures: list[str]) -> Iterator[str]:
    end = list(_other_lines(others, failures, after_rows=bool(rows)))
    room = MAX_CHARACTERS - _ROOM_FOR_THE_REST - sum(len(line) + 1 for line in end)
    whole, brief = _those_that_fit(rows, room)
    unnamed = sum(row.first for row in rows if row not in whole | brief)
    if unnamed:
        yield f"**Too many to list: {unnamed} more are deleted, replaced or redirected than are listed below.**"
        yield ""
    for thing in (_NUMBER, _TRUNK):
        of_thing = [row for row in rows if row.thing is thing]
        if of_thing or thing is _NUMBER:
            yield from [""] if thing is _TRUNK else []
            yield from _section(thing, of_thing, whole, brief, failed=bool(failures))
    yield from end


def _those_that_fit(rows: list[_Row], room: int) -> tuple[set[_Row], set[_Row]]:
    """Choose the rows that fit.

    Args:
        rows: All rows, most dangerous first.
        room: Characters available.

    Returns:
        The rows to show whole, and those to show only by number or name. Deletions, replacements and redirections are shown
        one way or the other while there is any room; other rows only whole.
    """
    whole, brief = set(), set()
    urgent = [row for row in rows if row.first]
    for_the_names = sum(map(_length_of_name, urgent))
    for row in urgent:
        name, line = _length_of_name(row), len(_line(row)) + 1
        for_the_names -= name
        if line + for_the_names <= room:
            whole.add(row)
            room -= line
        elif name <= room:
            brief.add(row)
            room -= name
    for row in rows:
        if row.first:
            continue
        room -= len(_line(row)) + 1
        if room < 0:
            break
        whole.add(row)
    return whole, brief


def _length_of_name(row: _Row) -> int:
    return len(code(row.label)) + 2


def _section(thing: _Thing, rows: list[_Row], whole: Set[_Row], brief: Set[_Row], *, failed: bool) -> Iterator[str]:
    title, column = thing.heading
    yield f"### {title}"
    yield ""
    counts = Counter(row.kind for row in rows)
    parts = _counted(counts)
    diverted = counts[_DIVERTED]
    if diverted:
        numbers = "1 number" if diverted == 1 else f"{diverted} numbers"
        said = f"{', '.join(parts)}. Calls" if parts else "Calls" if failed else "Nothing changes, but calls"
        yield f"**{said} to {numbers} may be diverted by what the program leaves out.**"
    elif parts or not failed:
        yield f"**{', '.join(parts) if parts else 'Nothing changes'}.**"
    lines = [_line(row) for row in rows if row in whole]
    if lines:
        yield from ["", f"| {column} | Name | What happens |" if thing is _NUMBER else f"| {column} | What happens |"]
        yield "|---|---|---|" if thing is _NUMBER else "|---|---|"
        yield from lines
    for word in dict.fromkeys(row.word for row in rows if row in brief):
        yield from ["", f"Also {word}: {', '.join(code(row.label) for row in rows if row in brief and row.word == word)}."]
    unnamed = Counter(row.word for row in rows if row not in whole | brief)
    if unnamed:
        yield from ["", f"Not named here: {', '.join(f'{count} {word}' for word, count in unnamed.items())}."]


def _counted(counts: Counter[str]) -> list[str]:
    return [f"{counts[kind]} {kind}" for kind in _KINDS if counts[kind] and kind != _DIVERTED]


def _line(row: _Row) -> str:
    if row.thing is _TRUNK:
        return f"| {code(row.label)} | {row.what} |"
    return f"| {code(row.label)} | {code(row.name) if row.name else ''} | {row.what} |"


def _other_lines(others: Counter[str], failures: list[str], *, after_rows: bool) -> Iterator[str]:
    if others:
        yield ""
        yield f"Other resources: {', '.join(f'{count} {kind}' for kind, count in others.items())}."
    if failures:
        yield from ([""] if after_rows else [])
        yield "**The preview failed, so there may be more:**"
        yield ""
        yield from (f"- {code(failure, 500)}" for failure in failures[:_MAX_FAILURES])
        if len(failures) > _MAX_FAILURES:
            yield f"- and {len(failures) - _MAX_FAILURES} more errors"


def _failures(preview: Mapping[str, Any]) -> Iterator[str]:
    for diagnostic in preview.get("diagnostics") or ():
        if _object(diagnostic).get("severity") == "error":
            lines = str(diagnostic.get("message")).strip().splitlines() or [""]
            # Of a traceback, only the exception.
            text = lines[0] if "Traceback (most recent call last):" not in lines else f"{lines[0]} {lines[-1].strip()}"
            yield text.removeprefix("error: ")
