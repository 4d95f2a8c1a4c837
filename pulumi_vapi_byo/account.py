"""What the account holds, listed once for all creates of a run."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from .client import MAX_LIST, Collection
from .kinds import Kind
from .models import Answer


class Account:
    """What an organisation has of one kind: what was there at the first look, and what this run made.

    Safe for several threads.

    Args:
        kind: The kind of resource.
        collection: Its calls.
    """

    def __init__(self, kind: Kind, collection: Collection) -> None:
        self._kind = kind
        self._collection = collection
        self._lock = threading.Lock()
        self._known: dict[str, Answer] | None = None
        self._others: frozenset[str] = frozenset()

    def known(self) -> list[Answer]:
        """Return what is known, newest first; asks the API only the first time.

        Raises:
            VapiError: The list could not be had.
        """
        with self._lock:
            if self._known is None:
                listed, unreadable, foreign = self._list()
                self._known = {one.id: one for one in listed}
                self._others = unreadable | foreign
            return list(self._known.values())

    def appeared(self) -> tuple[list[Answer], list[str]]:
        """List anew and find what was not known before.

        It stays unknown until `add` is called, so that it is found again by whoever asks next.

        Returns:
            What is new, and the ids of what is new and of this kind, but cannot be read.

        Raises:
            VapiError: The list could not be had.
        """
        known = {one.id for one in self.known()} | self._others
        listed, unreadable, _ = self._list()
        return [one for one in listed if one.id not in known], sorted(unreadable - known)

    def had(self, id_: str) -> bool:
        """Tell whether an id is known, be it of another provider's or of something that cannot be read."""
        return id_ in self._others or any(one.id == id_ for one in self.known())

    def add(self, one: Answer) -> None:
        """Take note of one that this run made or took over."""
        with self._lock:
            if self._known is not None:
                self._known[one.id] = one

    def remove(self, id_: str) -> None:
        """Take note of one that this run deleted."""
        with self._lock:
            if self._known is not None:
                self._known.pop(id_, None)

    def _list(self) -> tuple[list[Answer], frozenset[str], frozenset[str]]:
        """Return what is of this kind, the ids of what should be but cannot be read, and those of everything else."""
        listed, unreadable, foreign = [], set(), set()
        for entry in self._entries():
            if entry.get("provider") != self._kind.provider:
                foreign.add(str(entry.get("id")))
                continue
            try:
                listed.append(self._kind.parse(entry))
            except ValueError:
                unreadable.add(str(entry.get("id")))
        return listed, frozenset(unreadable), frozenset(foreign)

    def _entries(self) -> Iterator[Mapping[str, Any]]:
        seen: set[str] = set()
        oldest: str | None = None
        while True:
            page = self._collection.list(MAX_LIST, created_at_le=oldest)
            fresh = [entry for entry in page if str(entry.get("id")) not in seen]
            yield from fresh
            seen.update(str(entry.get("id")) for entry in fresh)
            # The API has no pages here, only limits: the next page is what is as old as the last entry, or older.
            if len(page) < MAX_LIST or not fresh:
                return
            oldest = str(page[-1].get("createdAt"))
