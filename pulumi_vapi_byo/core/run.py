"""What the operations on one kind of resource share during a run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pulumi_vapi_byo.api.client import Collection
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.errors import MAX_API_TEXT, show_path
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.wire import as_spelled

from .account import Account, Entry
from .batched_reads import BatchedReads
from .claims import Claims
from .diff import Path
from .states import States
from .twins import Twins

log = logging.getLogger(__name__)


class Run:
    """A kind of resource, its API calls, and what this run knows about the account. Safe for several threads.

    Args:
        kind: The kind of resource.
        collection: Its API calls.
        settings: Where the API is, and what to do about existing resources and other people's changes.
        claims: Ids that the running program's resources have; no second resource may take them over or delete them.
        sleep: Waits for a number of seconds.

    Attributes:
        account: What the organisation has.
        reads: Reads of the program's resources.
        states: Turns what the API holds into a state.
        twins: Warns about duplicates at Vapi.
        created: Ids of the resources that this run created or took over.
    """

    def __init__(
        self, kind: Kind, collection: Collection, settings: Settings, claims: Claims, sleep: Callable[[float], None]
    ) -> None:
        self.kind = kind
        self.collection = collection
        self.settings = settings
        self.claims = claims
        self.sleep = sleep
        self.twins = Twins(kind, claims)
        self.account = Account(kind, collection, self.twins)
        self.reads = BatchedReads(collection, self.account)
        self.states = States(kind, settings)
        self.created: set[str] = set()

    def quote(self, text: str, limit: int = 60) -> str:
        """Shorten a text of the API's to one line without secrets, for a message."""
        return self.collection.client.quote(text, limit)

    def quote_ids(self, entries: Iterable[Entry]) -> str:
        """Return the ids of entries, for a message."""
        return ", ".join(self.quote(one.id) for one in entries)

    def label(self, values: Mapping[str, Any], id_: object = None) -> str:
        """Return a name for a resource that its user recognises."""
        return self.kind.label(values.get(self.kind.named_by), id_)

    def warn_of_the_unknown(self, label: str, paths: Sequence[Path]) -> None:
        """Warn, once, about what the API holds that neither this version nor the program knows."""
        if paths:
            log.warning(
                "%s: Vapi has %s, which neither this version nor the program knows: it stays as it is, whatever else changes",
                label,
                self.quote(", ".join(show_path(as_spelled(path)) for path in paths), MAX_API_TEXT),
            )
