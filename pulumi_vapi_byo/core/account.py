"""What the account holds, listed once per run for every purpose."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
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
    """A resource of the account, as far as it can be read: one unreadable field must not hide its identity.

    Attributes:
        id: Its id.
        identity: What it is identified by, see `Kind.identity_of`.
        parent_id: Id of the resource that carries it, see `Kind.parent`.
        org_id: Id of its organisation.
        name: Its own name.
        created_at: Creation time, as the API wrote it.
        answer: The whole resource; None if something in it is unusable.
    """

    id: str
    identity: str | None
    parent_id: str | None
    org_id: str | None
    name: str | None
    created_at: str | None
    answer: Answer | None


class Account:
    """What an organisation has of one kind: what the first list showed, and what this run has created.

    The list is read page by page, only as far as somebody needs it. Safe for several threads.

    Args:
        kind: The kind of resource.
        collection: Its API calls.
        twins: Is told about everything that is listed.
    """

    def __init__(self, kind: Kind, collection: Collection, twins: Twins | None = None) -> None:
        self._kind = kind
        self._collection = collection
        self._twins = twins
        self._lock = threading.RLock()
        self._start_over()
        self._written: dict[str, Entry] = {}
        self._removed: set[str] = set()
        self._gone: set[str] = set()
        self._looking = threading.Lock()
        self._next_look: Future[list[Entry]] | None = None

    def _start_over(self) -> None:
        self._pages = self._collection.pages()
        self._is_whole = False
        self._known: dict[str, Entry] = {}
        self._known_as: defaultdict[str | None, dict[str, Entry]] = defaultdict(dict)
        self._foreign: set[str] = set()
        #: Pages read so far.
        self.pages_read = 0
        #: Creation time of the last entry of the last page, as the API wrote it; later pages hold nothing newer.
        self.oldest = ""

    # ----------------------------------------------------------------------------------------------- the list, page by page

    def read_page(self) -> bool:
        """Read the next page of the list.

        Returns:
            False if there was none left.

        Raises:
            VapiError: The page could not be read; the next call starts the list again.
        """
        with self._lock:
            if self._is_whole:
                return False
            try:
                page = next(self._pages, None)
            except BaseException:
                self._start_over()
                raise
            self.pages_read += 1
            if page is None:
                self._is_whole = True
                return False
            for entry in self._entries(page, self._foreign):
                if entry.id not in self._removed:
                    self._remember(self._written.get(entry.id, entry))
            self.oldest = str(page[-1].get("createdAt"))
            return True

    def may_follow(self, id_: str, created_at: str) -> bool:
        """Return whether a resource may be on a page that has not been read yet.

        Args:
            id_: Its id.
            created_at: Its creation time, as the API wrote it; the newest come first.
        """
        with self._lock:
            return not self._is_whole and id_ not in self._known and not created_at > self.oldest

    def shown(self, id_: str) -> Entry | None:
        """Return the entry with an id from the pages read so far, or None."""
        with self._lock:
            return self._known.get(id_)

    def shows_organisation(self, org_id: object) -> bool:
        """Return whether any entry on the pages read so far belongs to an organisation."""
        with self._lock:
            return any(entry.org_id == org_id for entry in self._known.values())

    # -------------------------------------------------------------------------------------------------------- the whole list

    def known(self) -> list[Answer]:
        """Return everything known that can be read, newest first; asks the API only the first time.

        Raises:
            VapiError: The list could not be read.
        """
        with self._lock:
            return [entry.answer for entry in self._all().values() if entry.answer is not None]

    def known_as(self, identity: str | None) -> list[Entry]:
        """Return the known entries with an identity, see `Kind.identity_of`; with None, those without. Newest first.

        Raises:
            VapiError: The list could not be read.
        """
        with self._lock:
            self._all()
            return list(self._known_as[identity].values())

    def had(self, id_: str) -> bool:
        """Return whether an id is known, even if it belongs to another provider or cannot be read."""
        with self._lock:
            return id_ in self._all() or id_ in self._foreign

    def _all(self) -> dict[str, Entry]:
        while self.read_page():
            pass
        return self._known

    # ---------------------------------------------------------------------------------------------------------- another look

    def look(self) -> list[Entry]:
        """List everything again, starting after this call; calls that arrive during a listing share the next.

        Returns:
            Everything of this kind, newest first.

        Raises:
            VapiError: The list could not be read.
        """
        with self._lock:
            look, is_first = self._next_look, self._next_look is None
            if look is None:
                look = self._next_look = Future()
        if is_first:
            with self._looking:
                with self._lock:
                    self._next_look = None  # this list is too old for whoever calls from now on
                try:
                    look.set_result([entry for page in self._collection.pages() for entry in self._entries(page, set())])
                except BaseException as error:  # noqa: BLE001 - raised in every thread that waits
                    look.set_exception(error)
        return look.result()

    def appeared(self) -> list[Entry]:
        """List again, and return what was unknown so far and was not deleted by this run.

        It stays unknown until `add` is called, so the next caller finds it too.

        Raises:
            VapiError: The list could not be read.
        """
        entries = self.look()
        # Whatever other threads added during the listing is theirs.
        with self._lock:
            known = self._all().keys() | self._removed | self._gone
        return [one for one in entries if one.id not in known]

    # --------------------------------------------------------------------------------------------------- what this run has done

    def add(self, one: Answer) -> Entry:
        """Record a resource that this run created, changed or took over."""
        entry = self._entry(one.wire(), one)
        with self._lock:
            self._written[one.id] = entry  # later pages may still show the old version
            if self._is_whole or one.id in self._known:
                self._forget(one.id)
                self._remember(entry)
        return entry

    def remove(self, id_: str) -> None:
        """Record a resource that this run deleted."""
        with self._lock:
            self._removed.add(id_)  # lists may still show it
            self._forget(id_)

    def forget(self, id_: str) -> None:
        """Record a resource that somebody else deleted."""
        with self._lock:
            self._gone.add(id_)
            self._forget(id_)

    def has_removed(self, id_: str) -> bool:
        """Return whether this run deleted a resource."""
        with self._lock:
            return id_ in self._removed

    def _remember(self, entry: Entry) -> None:
        self._known[entry.id] = self._known_as[entry.identity][entry.id] = entry

    def _forget(self, id_: str) -> None:
        entry = self._known.pop(id_, None)
        if entry is not None:
            del self._known_as[entry.identity][id_]

    def _entries(self, page: list[dict[str, Any]], foreign: set[str]) -> Iterator[Entry]:
        """Yield the entries of a page that are of this kind, and add the ids of all others to `foreign`."""
        if self._twins:
            self._twins.listed(page)
        for entry in page:
            if entry.get("provider") != self._kind.provider:
                foreign.add(str(entry.get("id")))
                continue
            try:
                answer = self._kind.parse(entry)
            except ValueError:
                answer = None
            yield self._entry(entry, answer)

    def _entry(self, values: Mapping[str, Any], answer: Answer | None) -> Entry:
        return Entry(
            id=str(values.get("id")),
            identity=self._kind.identity_of(values),
            parent_id=_text(values.get(self._kind.parent)) if self._kind.parent else None,
            org_id=_text(values.get("orgId")),
            name=_text(values.get("name")),
            created_at=_text(values.get("createdAt")),
            answer=answer,
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
