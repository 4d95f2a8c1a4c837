"""What the account holds, listed once for all creates of a run."""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from .client import Collection
from .kinds import Kind

if TYPE_CHECKING:
    from .models import Answer

    _Listed = tuple[list[Answer], frozenset[str], frozenset[str]]


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
        self._was_listed = False
        self._known: dict[str, Answer] = {}
        self._known_as: defaultdict[Any, dict[str, Answer]] = defaultdict(dict)
        self._others: frozenset[str] = frozenset()
        self._ahead: Future[_Listed] | None = None
        self._removed: set[str] = set()
        self._changed: dict[str, Answer] = {}

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
        """Return what is known, newest first; asks the API only the first time.

        Raises:
            VapiError: The list could not be had.
        """
        with self._lock:
            return list(self._looked_up().values())

    def known_as(self, identity: Any) -> list[Answer]:
        """Return what is known and has an identity, see `Kind.identity_of`; newest first.

        Raises:
            VapiError: The list could not be had.
        """
        with self._lock:
            self._looked_up()
            return list(self._known_as[identity].values())

    def appeared(self) -> tuple[list[Answer], list[str]]:
        """List anew and find what was not known before.

        It stays unknown until `add` is called, so that it is found again by whoever asks next.

        Returns:
            What is new, and the ids of what is new and of this kind, but cannot be read.

        Raises:
            VapiError: The list could not be had.
        """
        with self._lock:
            known = self._looked_up().keys() | self._others
        listed, unreadable, _ = self._list()
        return [one for one in listed if one.id not in known], sorted(unreadable - known)

    def had(self, id_: str) -> bool:
        """Tell whether an id is known, be it of another provider's or of something that cannot be read."""
        with self._lock:
            return id_ in self._others or id_ in self._looked_up()

    def add(self, one: Answer) -> None:
        """Take note of one that this run made, changed or took over."""
        with self._lock:
            if self._was_listed:
                self._forget(one.id)
                self._remember(one)
            elif self._ahead:
                self._changed[one.id] = one  # a list that was asked for ahead may still show the one before

    def remove(self, id_: str) -> None:
        """Take note of one that this run deleted."""
        with self._lock:
            self._removed.add(id_)  # a list that was asked for ahead may still show it
            self._forget(id_)

    def has_removed(self, id_: str) -> bool:
        """Tell whether this run deleted one."""
        with self._lock:
            return id_ in self._removed

    def _looked_up(self) -> dict[str, Answer]:
        if not self._was_listed:
            ahead, self._ahead = self._ahead, None
            listed, unreadable, foreign = ahead.result() if ahead else self._list()
            self._was_listed = True
            self._others = unreadable | foreign
            for one in listed:
                if one.id not in self._removed:
                    self._remember(self._changed.get(one.id, one))
        return self._known

    def _remember(self, one: Answer) -> None:
        self._known[one.id] = self._known_as[self._kind.identity_of(one)][one.id] = one

    def _forget(self, id_: str) -> None:
        one = self._known.pop(id_, None)
        if one is not None:
            del self._known_as[self._kind.identity_of(one)][id_]

    def _list(self) -> _Listed:
        """Return what is of this kind, the ids of what should be but cannot be read, and those of everything else."""
        listed, unreadable, foreign = [], set(), set()
        for page in self._collection.pages():
            for entry in page:
                if entry.get("provider") != self._kind.provider:
                    foreign.add(str(entry.get("id")))
                    continue
                try:
                    listed.append(self._kind.parse(entry))
                except ValueError:
                    unreadable.add(str(entry.get("id")))
        return listed, frozenset(unreadable), frozenset(foreign)
