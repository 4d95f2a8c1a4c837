"""What the account holds, listed once for all creates of a run."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulumi_vapi_byo.api.client import Collection
from pulumi_vapi_byo.kinds.kind import Kind

from .twins import Twins

if TYPE_CHECKING:
    from pulumi_vapi_byo.kinds.models import Answer


@dataclass(frozen=True)
class Entry:
    """One of the account's, as far as it can be read: what it is must not depend on a field of another concern.

    Attributes:
        id: Its id.
        identity: What it is found by, see `Kind.identity_of`.
        credential_id: The trunk of a number; None of what is a trunk itself.
        name: Its own name.
        created_at: When it was created, as the API wrote it.
        answer: All of it; None where something in it cannot be used.
    """

    id: str
    identity: str | None
    credential_id: str | None
    name: str | None
    created_at: str | None
    answer: Answer | None


@dataclass(frozen=True)
class _Listed:
    """A list: what is of the kind, newest first, and the ids of everything else."""

    entries: list[Entry]
    foreign: frozenset[str]


class Account:
    """What an organisation has of one kind: what was there at the first look, and what this run created.

    Safe for several threads.

    Args:
        kind: The kind of resource.
        collection: Its calls.
        twins: Is told of all that is listed.
    """

    def __init__(self, kind: Kind, collection: Collection, twins: Twins | None = None) -> None:
        self._kind = kind
        self._collection = collection
        self._twins = twins
        self._lock = threading.Lock()
        self._was_listed = False
        self._known: dict[str, Entry] = {}
        self._known_as: defaultdict[str | None, dict[str, Entry]] = defaultdict(dict)
        self._foreign: frozenset[str] = frozenset()
        self._ahead: Future[_Listed] | None = None
        self._removed: set[str] = set()
        self._gone: set[str] = set()
        self._changed: dict[str, Entry] = {}
        self._looking = threading.Lock()
        self._next_look: Future[_Listed] | None = None

    def list_ahead(self) -> None:
        """Ask the API already, in a thread of its own; what comes of it, be it an error, is for the first that needs it.

        To be called once, and before anything else.
        """
        ahead: Future[_Listed] = Future()

        def ask() -> None:
            try:
                ahead.set_result(self._list())
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to whoever waits
                ahead.set_exception(error)

        # Not an executor's thread, for which the process would wait at its end.
        threading.Thread(target=ask, daemon=True).start()
        self._ahead = ahead

    def known(self) -> list[Answer]:
        """Return what is known and can be read, newest first; asks the API only the first time.

        Raises:
            VapiError: The list could not be had.
        """
        with self._lock:
            return [entry.answer for entry in self._looked_up().values() if entry.answer is not None]

    def known_as(self, identity: str | None) -> list[Entry]:
        """Return what is known and has an identity, see `Kind.identity_of`, or has none; newest first.

        Raises:
            VapiError: The list could not be had.
        """
        with self._lock:
            self._looked_up()
            return list(self._known_as[identity].values())

    def look(self) -> list[Entry]:
        """List again, beginning after this call; those that call while one look is under way share the next.

        Returns:
            Everything of this kind, newest first.

        Raises:
            VapiError: The list could not be had.
        """
        with self._lock:
            look, is_first = self._next_look, self._next_look is None
            if look is None:
                look = self._next_look = Future()
        if is_first:
            with self._looking:
                with self._lock:
                    self._next_look = None  # who comes now may know of what this list is too old for
                try:
                    look.set_result(self._list())
                except BaseException as error:  # noqa: BLE001 - it belongs to all that wait
                    look.set_exception(error)
        return look.result().entries

    def appeared(self) -> list[Entry]:
        """Look again for what was not known before, and was not deleted by this run.

        It stays unknown until `add` is called, so that it is found again by whoever asks next.

        Raises:
            VapiError: The list could not be had.
        """
        entries = self.look()
        # What others added while the list was under way is theirs.
        with self._lock:
            known = self._looked_up().keys() | self._removed | self._gone
        return [one for one in entries if one.id not in known]

    def had(self, id_: str) -> bool:
        """Tell whether an id is known, be it of another provider's or of something that cannot be read."""
        with self._lock:
            return id_ in self._looked_up() or id_ in self._foreign

    def add(self, one: Answer) -> Entry:
        """Take note of one that this run created, changed or took over."""
        entry = self._entry(one.wire(), one)
        with self._lock:
            if self._was_listed:
                self._forget(one.id)
                self._remember(entry)
            elif self._ahead:
                self._changed[one.id] = entry  # a list that was asked for ahead may still show the one before
        return entry

    def remove(self, id_: str) -> None:
        """Take note of one that this run deleted."""
        with self._lock:
            self._removed.add(id_)  # lists may still show it
            self._forget(id_)

    def forget(self, id_: str) -> None:
        """Take note of one that somebody else deleted."""
        with self._lock:
            self._gone.add(id_)
            self._forget(id_)

    def has_removed(self, id_: str) -> bool:
        """Tell whether this run deleted one."""
        with self._lock:
            return id_ in self._removed

    def _looked_up(self) -> dict[str, Entry]:
        if not self._was_listed:
            ahead, self._ahead = self._ahead, None
            listed = ahead.result() if ahead else self._list()
            self._was_listed = True
            self._foreign = listed.foreign
            for one in listed.entries:
                if one.id not in self._removed:
                    self._remember(self._changed.get(one.id, one))
        return self._known

    def _remember(self, entry: Entry) -> None:
        self._known[entry.id] = self._known_as[entry.identity][entry.id] = entry

    def _forget(self, id_: str) -> None:
        entry = self._known.pop(id_, None)
        if entry is not None:
            del self._known_as[entry.identity][id_]

    def _list(self) -> _Listed:
        entries, foreign = [], set()
        for page in self._collection.pages():
            if self._twins:
                self._twins.listed(page)
            for entry in page:
                if entry.get("provider") != self._kind.provider:
                    foreign.add(str(entry.get("id")))
                    continue
                try:
                    entries.append(self._entry(entry, self._kind.parse(entry)))
                except ValueError:
                    entries.append(self._entry(entry, None))
        return _Listed(entries, frozenset(foreign))

    def _entry(self, values: Mapping[str, Any], answer: Answer | None) -> Entry:
        return Entry(
            id=str(values.get("id")),
            identity=self._kind.identity_of(values),
            credential_id=_text(values.get("credentialId")),
            name=_text(values.get("name")),
            created_at=_text(values.get("createdAt")),
            answer=answer,
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
