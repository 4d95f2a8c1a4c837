"""Many single reads from few calls: a refresh of a thousand numbers needs a list, not a thousand answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pulumi_vapi_byo.api.client import Collection
from pulumi_vapi_byo.errors import VapiError
from pulumi_vapi_byo.kinds.kind import Kind

from .twins import Twins

if TYPE_CHECKING:
    from pulumi_vapi_byo.kinds.models import Answer

log = logging.getLogger(__name__)


class BatchedReads:
    """Reads, one after the other or many at once, with as few calls as will do. Safe for several threads.

    The first read is a call of its own, which is all that most runs need. From the second on the account is listed, page by
    page and no further than the reads are worth it, and the list answers what it shows. It is never older than the first read,
    and believed only once it was seen to show one resource just as a call of its own did. Everything else still is a
    call of its own: what the list does not show, what this run has written, and all of it where the list cannot be had or
    differs.

    Args:
        kind: The kind of resource.
        collection: Its calls.
        twins: Is told of all that is listed.
    """

    def __init__(self, kind: Kind, collection: Collection, *, twins: Twins | None = None) -> None:
        self._collection = collection
        self._lock = threading.Lock()
        self._listing = _Listing(kind, collection, twins)
        self._is_first = True
        self._written: set[str] = set()

    def get(self, id_: str, created_at: object) -> Answer | None:
        """Look one up.

        Args:
            id_: Its id.
            created_at: When it was made, as the API wrote it, or None: tells how far down the list it stands.

        Returns:
            What the API holds, or None where the API itself says that there is none.

        Raises:
            VapiError: It could not be read.
        """
        with self._lock:
            is_first, self._is_first = self._is_first, False
            was_written = id_ in self._written
            self._listing.asked += 1
        if is_first:
            return self._listing.read_first(id_)
        return self._collection.get(id_) if was_written else self._listing.get(id_, str(created_at or ""))

    def about_to_write(self, id_: str) -> None:
        """Take note that this run changes or deletes one: what is listed of it will be out of date."""
        with self._lock:
            self._written.add(id_)
        self._listing.about_to_write(id_)

    def lack(self, id_: str, org_id: object) -> bool:
        """Tell whether the list was had, is of that organisation, and does not show an id."""
        return self._listing.lacks(id_, org_id)


class _Listing:
    """The account as it is listed since the first of some reads."""

    def __init__(self, kind: Kind, collection: Collection, twins: Twins | None) -> None:
        self._kind = kind
        self._collection = collection
        self._twins = twins
        self._lock = threading.Lock()
        self._pages = collection.pages()
        self._entries: dict[str, Mapping[str, Any]] = {}
        self._oldest = ""
        self.asked = 0  # also those that still wait
        self._fetched = 0
        self._is_whole = False
        self._first_is_over = threading.Event()
        # What a call of its own returned, to hold the list against.
        self._sample: Answer | None = None
        self._is_proven = False
        self._is_given_up = False

    def read_first(self, id_: str) -> Answer | None:
        """Read one by a call of its own, for which all others wait."""
        try:
            self._sample = one = self._collection.get(id_)
            return one
        finally:
            self._first_is_over.set()

    def get(self, id_: str, created_at: str) -> Answer | None:
        """Read one, from the list if it is right about it."""
        with self._lock:
            if not self._first_is_over.is_set() and not self._fetched:
                self._fetch()  # while the first read is on its way
            self._first_is_over.wait()
            if (self._is_proven or self._sample is not None) and not self._is_given_up:
                while self._needs_more(id_, created_at):
                    self._fetch()
                self._hold_against_the_sample()
            if not self._is_proven and not self._is_given_up:
                # Under the lock: the next may find in it what proves the list.
                self._sample = one = self._collection.get(id_)
                return one
            shown = self._parsed(id_) if self._is_proven else None
        return self._collection.get(id_) if shown is None else shown

    def about_to_write(self, id_: str) -> None:
        """Wait for a look at the list that is under way, and never hold what is to be listed against this one."""
        with self._lock:
            if self._sample is not None and self._sample.id == id_:
                self._sample = None

    def lacks(self, id_: str, org_id: object) -> bool:
        """Tell whether the list is of that organisation and does not show an id."""
        with self._lock:
            return id_ not in self._entries and any(entry.get("orgId") == org_id for entry in self._entries.values())

    def _needs_more(self, id_: str, created_at: str) -> bool:
        if not self._fetched:
            return True
        # Else an account of many thousands were listed for the sake of two.
        if self._fetched >= 2 and self.asked < 2 * self._fetched:
            return False
        if self._may_follow(id_, created_at):
            return True
        return not self._is_proven and self._sample is not None and self._may_follow(self._sample.id, self._sample.created_at)

    def _may_follow(self, id_: str, created_at: str) -> bool:
        # The newest come first. One that is newer than the oldest so far, and was not among them, is gone.
        return not self._is_whole and id_ not in self._entries and not created_at > self._oldest

    def _fetch(self) -> None:
        self._fetched += 1
        try:
            page = next(self._pages, None)
        except VapiError as error:
            self._give_up(f"cannot be had: {error}")
            return
        if page is None:
            self._is_whole = True
            return
        if self._twins:
            self._twins.listed(page)
        self._entries |= {str(entry.get("id")): entry for entry in page}
        self._oldest = str(page[-1].get("createdAt"))

    def _hold_against_the_sample(self) -> None:
        if self._sample is None or self._may_follow(self._sample.id, self._sample.created_at):
            return
        if self._parsed(self._sample.id) == self._sample:
            self._is_proven = True
            self._sample = None
        else:
            self._give_up(f"does not show {self._sample.id} as it is read by itself")

    def _give_up(self, why: str) -> None:
        log.debug("every one is read by itself, for the list of all %s", why)
        self._is_given_up = self._is_whole = True
        self._entries = {}
        self._is_proven = False

    def _parsed(self, id_: str) -> Answer | None:
        try:
            return self._kind.parse(self._entries.get(id_))
        except ValueError:
            return None  # a call of its own may do better, or will say what is wrong
