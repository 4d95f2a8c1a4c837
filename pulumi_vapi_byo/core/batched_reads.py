"""Many single reads from few calls: to refresh a thousand numbers takes a list, not a thousand requests."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from pulumi_vapi_byo.api.client import Collection
from pulumi_vapi_byo.errors import VapiError

from .account import Account

if TYPE_CHECKING:
    from pulumi_vapi_byo.kinds.models import Answer

log = logging.getLogger(__name__)


class BatchedReads:
    """Reads resources, one by one or many at once, with as few calls as possible. Safe for several threads.

    The first read is a call of its own, and most runs need no more. From the second read on, the account is listed page by
    page, only as far as the number of reads justifies, and the reads are answered from the list. The list is never older than
    the first read, and is trusted once an entry matches a direct GET. Everything else is a call of its own: what the list does
    not show, what this run has written, and every read if the list cannot be read, differs, or was begun before the first read.

    Args:
        collection: The API calls.
        account: The list.
    """

    def __init__(self, collection: Collection, account: Account) -> None:
        self._collection = collection
        self._account = account
        self._lock = threading.Lock()
        self._listing = threading.Lock()
        self._is_first = True
        self._asked = 0  # including reads that still wait
        self._written: set[str] = set()
        self._first_is_over = threading.Event()
        # A direct GET, to compare the list with.
        self._sample: Answer | None = None
        self._is_proven = False
        self._is_given_up = False

    def get(self, id_: str, created_at: object) -> Answer | None:
        """Read a resource.

        Args:
            id_: Its id.
            created_at: Its creation time, as the API wrote it, or None: tells how far down the list it is.

        Returns:
            What the API holds, or None if the API itself says that it does not exist.

        Raises:
            VapiError: It could not be read.
        """
        with self._lock:
            is_first, self._is_first = self._is_first, False
            was_written = id_ in self._written
            self._asked += 1
            if is_first and self._account.pages_read:
                self._give_up("is older than the first read")
        if is_first:
            try:
                self._sample = one = self._collection.get(id_)
                return one
            finally:
                self._first_is_over.set()  # all others wait for it
        return self._collection.get(id_) if was_written else self._from_the_list(id_, str(created_at or ""))

    def about_to_write(self, id_: str) -> None:
        """Record that this run is about to change or delete a resource, so that the list no longer answers for it."""
        with self._lock:
            self._written.add(id_)
        # Waits for a listing in progress, and then gives up the sample: the list may rightly differ from it now.
        with self._listing:
            if self._sample is not None and self._sample.id == id_:
                self._sample = None

    def lack(self, id_: str, org_id: object) -> bool:
        """Return whether the list was read, belongs to an organisation, and does not show an id."""
        with self._listing:
            return not self._is_given_up and self._account.shown(id_) is None and self._account.shows_organisation(org_id)

    def _from_the_list(self, id_: str, created_at: str) -> Answer | None:
        with self._listing:
            if not self._is_given_up and not self._first_is_over.is_set() and not self._account.pages_read:
                self._read_page()  # in parallel with the first read
            self._first_is_over.wait()
            if self._is_proven or self._sample is not None:
                while self._needs_more(id_, created_at):
                    self._read_page()
                self._hold_against_the_sample()
            if not self._is_proven and not self._is_given_up:
                # While holding the lock: the next thread may need this sample to check the list.
                self._sample = one = self._collection.get(id_)
                return one
            shown = self._shown(id_) if self._is_proven else None
        return self._collection.get(id_) if shown is None else shown

    def _needs_more(self, id_: str, created_at: str) -> bool:
        if self._is_given_up:
            return False
        pages = self._account.pages_read
        if not pages:
            return True
        # Two reads must not list an account of many thousands.
        if pages >= 2 and self._asked < 2 * pages:
            return False
        return self._account.may_follow(id_, created_at) or self._sample_may_follow()

    def _sample_may_follow(self) -> bool:
        sample = self._sample
        return not self._is_proven and sample is not None and self._account.may_follow(sample.id, sample.created_at)

    def _read_page(self) -> None:
        try:
            self._account.read_page()
        except VapiError as error:
            self._give_up(f"could not be read: {error}")

    def _hold_against_the_sample(self) -> None:
        if self._sample is None or self._is_given_up or self._sample_may_follow():
            return
        if self._shown(self._sample.id) == self._sample:
            self._is_proven = True
            self._sample = None
        else:
            self._give_up(f"does not show {self._sample.id} as an individual read does")

    def _shown(self, id_: str) -> Answer | None:
        entry = self._account.shown(id_)
        return entry.answer if entry is not None else None

    def _give_up(self, why: str) -> None:
        log.debug("every resource is read individually, because the list %s", why)
        self._is_given_up = True
        self._is_proven = False
