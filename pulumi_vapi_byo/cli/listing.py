"""List what the account has, and choose from it."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pulumi_vapi_byo.api.client import Collection, VapiClient
from pulumi_vapi_byo.errors import VapiError
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.kinds.models import Answer
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.kinds.sip_trunk import SIP_TRUNK_CREDENTIAL
from pulumi_vapi_byo.wire import bare

from .wording import who_answers

#: Trunks first: numbers refer to them.
KINDS: Final = (SIP_TRUNK_CREDENTIAL, PHONE_NUMBER)


@dataclass(frozen=True)
class Listed:
    """A number or trunk of the account.

    Attributes:
        kind: What it is.
        id: Its id.
        number: Its digits, if it is a number and has any.
        name: Its own name.
        answer: The whole object as Vapi returned it; None if it cannot be read.
        problem: Why it cannot be read; empty if it can.
        managed_as: Name of the resource in the stack that already manages it, if any.
    """

    kind: Kind
    id: str
    number: str | None
    name: str | None
    answer: Answer | None
    problem: str = ""
    managed_as: str | None = None

    @property
    def label(self) -> str:
        """What to call it in a sentence."""
        return self.kind.label(self.number if self.kind is PHONE_NUMBER else self.name, self.id)


def list_account(client: VapiClient, managed: Mapping[str, str]) -> list[Listed]:
    """List all trunks and numbers of the organisation, with one call per kind and page.

    Args:
        client: Client for the account.
        managed: Names of the stack's resources, by Vapi id.

    Returns:
        Trunks by name, then numbers by their digits.

    Raises:
        VapiError: A list could not be read.
    """
    found = [one for kind in KINDS for one in _list(kind, Collection(client, kind), managed)]
    return sorted(found, key=lambda one: (KINDS.index(one.kind), one.number or "", one.name or "", one.id))


def _list(kind: Kind, collection: Collection, managed: Mapping[str, str]) -> Iterator[Listed]:
    for page in collection.pages():
        for entry in page:
            if entry.get("provider") != kind.provider:
                continue
            id_ = str(entry["id"])
            number, name = (_text(entry.get(field)) for field in ("number", "name"))
            try:
                answer = kind.parse(entry)
            except ValueError as error:
                yield Listed(kind, id_, number, name, None, str(error), managed.get(id_))
            else:
                yield Listed(kind, id_, number, name, answer, managed_as=managed.get(id_))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def choose(
    listed: Sequence[Listed],
    *,
    digits: Iterable[str] = (),
    names: Iterable[str] = (),
    trunks: Iterable[str] = (),
    exclude: Iterable[str] = (),
    everything: bool = False,
) -> list[Listed]:
    """Choose numbers and trunks.

    Args:
        listed: What the account has.
        digits: Numbers, with or without the usual spaces, dots, dashes and brackets.
        names: Patterns for the names of numbers, as for files: ``Support *``.
        trunks: Ids of trunks, or patterns for their names.
        exclude: Numbers, ids and name patterns to leave out again.
        everything: Whether to choose everything.

    Returns:
        What was chosen, in the order of `listed`.

    Raises:
        VapiError: A given number, id or pattern matches nothing.
    """
    numbers = [one for one in listed if one.kind is PHONE_NUMBER]
    chosen = {one.id for one in listed if everything}
    for wanted in digits:
        chosen |= _with_digits(numbers, wanted)
    for pattern in names:
        fits = {one.id for one in numbers if _is_named(one, pattern)}
        if not fits:
            raise VapiError(f"no BYO number of the account has a name like {pattern!r}; vapi-byo import lists those it has")
        chosen |= fits
    for pattern in trunks:
        fits = {one.id for one in listed if one.kind is SIP_TRUNK_CREDENTIAL and (one.id == pattern or _is_named(one, pattern))}
        if not fits:
            raise VapiError(
                f"no BYO SIP trunk of the account has the id or a name like {pattern!r}; vapi-byo import lists those it has"
            )
        chosen |= fits
    for pattern in exclude:
        fits = {one.id for one in listed if one.id == pattern or _is_named(one, pattern) or _is_number(one, pattern)}
        if not fits:
            raise VapiError(
                f"--exclude {pattern!r} matches no number, name or id of the account; vapi-byo import, without options, lists "
                "what it has"
            )
        chosen -= fits
    return [one for one in listed if one.id in chosen]


def _with_digits(numbers: Sequence[Listed], wanted: str) -> set[str]:
    fits = {one.id for one in numbers if _is_number(one, wanted)}
    if not fits:
        same = [one.number for one in numbers if one.number and bare(one.number) == bare(wanted)]
        advice = f": did you mean {same[0]!r}?" if same else "; vapi-byo import, without options, lists those it has"
        raise VapiError(f"the account has no BYO number {wanted!r}{advice}")
    return fits


def _is_number(one: Listed, wanted: str) -> bool:
    plain = "".join(character for character in wanted if character not in " ().-\t")
    return one.number is not None and one.number in (wanted, plain)


def _is_named(one: Listed, pattern: str) -> bool:
    return one.name is not None and fnmatch.fnmatchcase(one.name, pattern)


# ----------------------------------------------------------------------------------------------------------- what is told


def credential(one: Listed) -> str:
    """Return the id of a number's trunk; empty if it has none."""
    return str(_wire(one).get("credentialId") or "")


def answerer(one: Listed) -> str:
    """Return who answers calls to a number, in words."""
    return str(who_answers(_wire(one))) if one.answer else f"cannot be read: {one.problem}"


def gateways(one: Listed) -> str:
    """Return the gateways of a trunk in words."""
    return ", ".join(str(gateway.get("ip", "-")) for gateway in _wire(one).get("gateways", ()))


def created(one: Listed) -> str:
    """Return the creation time, ISO 8601; empty if it cannot be read."""
    return str(_wire(one).get("createdAt") or "")


def _wire(one: Listed) -> dict[str, Any]:
    return one.answer.wire() if one.answer else {}


def list_as_json(listed: Sequence[Listed]) -> str:
    """Return the list as JSON: the same facts as in the tables, and just as careful with secrets."""
    trunks = [_common(one) | {"gateways": gateways(one).split(", ")} for one in listed if one.kind is SIP_TRUNK_CREDENTIAL]
    numbers = [
        {"number": one.number, **_common(one), "credentialId": credential(one) or None, "answers": answerer(one)}
        for one in listed
        if one.kind is PHONE_NUMBER
    ]
    return json.dumps({"numbers": numbers, "trunks": trunks}, indent=2)


def _common(one: Listed) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "createdAt": created(one) or None, "inStackAs": one.managed_as}
