"""What the account holds, listed once for all purposes of a run."""

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
    """A resource of the account, as far as it can be read: what it is must not depend on a field of another concern.

    Attributes:
        id: Its id.
        identity: What it is found by, see `Kind.identity_of`.
        parent_id: Id of what carries it, see `Kind.parent`.
        org_id: Id of its organisation.
        name: Its own name.
        created_at: When it was created, as the API wrote it.
        answer: All of it; None where something in it cannot be used.
    """

    id: str
    identity: str | None
    parent_id: str | None
    org_id: str | None
    name: str | None
    created_at: str | None
    answer: Answer | None


class Account:
    """What an organisation has of one kind: what was there at the first look, and what this run created.

    The list is read page by page, no further than somebody needs it. Safe for several threads.

    Args:
        kind: The kind of resource.
        collection: Its calls.
        twins: Is told of all that is listed.
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
        #: When the last entry of the last page was created, as the API wrote it; what follows is as old or older.
        self.oldest = ""

    # ----------------------------------------------------------------------------------------------- the list, page by page

    def read_page(self) -> bool:
        """Read the next page of the list.

        Returns:
            False where there was none left.

        Raises:
            VapiError: The page could not be had; the list begins again with the next call.
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
        """Tell whether a resource may still be on a page to come.

        Args:
            id_: Its id.
            created_at: When it was created, as the API wrote it; the newest come first.
        """
        with self._lock:
            return not self._is_whole and id_ not in self._known and not created_at > self.oldest

    def shown(self, id_: str) -> Entry | None:
        """Return what the pages read so far show under an id; None where they don't."""
        with self._lock:
            return self._known.get(id_)

    def shows_organisation(self, org_id: object) -> bool:
        """Tell whether something on the pages read so far belongs to an organisation."""
        with self._lock:
            return any(entry.org_id == org_id for entry in self._known.values())

    # -------------------------------------------------------------------------------------------------------- all that it has

    def known(self) -> list[Answer]:
        """Return what is known and can be read, newest first; asks the API only the first time.

        Raises:
            VapiError: The list could not be had.
        """
        with self._lock:
            return [entry.answer for entry in self._all().values() if entry.answer is not None]

    def known_as(self, identity: str | None) -> list[Entry]:
        """Return what is known and has an identity, see `Kind.identity_of`, or has none; newest first.

        Raises:
            VapiError: The list could not be had.
        """
        with self._lock:
            self._all()
            return list(self._known_as[identity].values())

    def had(self, id_: str) -> bool:
        """Tell whether an id is known, also of another provider's or of something that cannot be read."""
        with self._lock:
            return id_ in self._all() or id_ in self._foreign

    def _all(self) -> dict[str, Entry]:
        while self.read_page():
            pass
        return self._known

    # ---------------------------------------------------------------------------------------------------------- another look

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
                    look.set_result([entry for page in self._collection.pages() for entry in self._entries(page, set())])
                except BaseException as error:  # noqa: BLE001 - it belongs to all that wait
                    look.set_exception(error)
        return look.result()

    def appeared(self) -> list[Entry]:
        """Look again for what was not known before, and was not deleted by this run.

        It stays unknown until `add` is called, so that it is found again by whoever asks next.

        Raises:
            VapiError: The list could not be had.
        """
        entries = self.look()
        # What others added while the list was under way is theirs.
        with self._lock:
            known = self._all().keys() | self._removed | self._gone
        return [one for one in entries if one.id not in known]

    # --------------------------------------------------------------------------------------------------- what this run has done

    def add(self, one: Answer) -> Entry:
        """Take note of one that this run created, changed or took over."""
        entry = self._entry(one.wire(), one)
        with self._lock:
            self._written[one.id] = entry  # pages to come may still show the one before
            if self._is_whole or one.id in self._known:
                self._forget(one.id)
                self._remember(entry)
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

    def _remember(self, entry: Entry) -> None:
        self._known[entry.id] = self._known_as[entry.identity][entry.id] = entry

    def _forget(self, id_: str) -> None:
        entry = self._known.pop(id_, None)
        if entry is not None:
            del self._known_as[entry.identity][id_]

    def _entries(self, page: list[dict[str, Any]], foreign: set[str]) -> Iterator[Entry]:
        """Read the entries of a page that are of this kind; the ids of all others go to `foreign`."""
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
