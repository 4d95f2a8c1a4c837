"""What the steps in the life of one kind's resources share during a run."""

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
    """One kind of resource, its calls, and what this run knows of the account. Safe for several threads.

    Args:
        kind: The kind of resource.
        collection: Its calls.
        settings: Where the API is, and what to do about what exists and changes that are not ours.
        claims: What resources of the running program have. It is never taken over by a second resource, nor deleted for one.
        sleep: Waits for some seconds.

    Attributes:
        account: What the organisation has.
        reads: Reads of what the program has.
        states: Writes what the API holds as a state.
        twins: Warns of what Vapi has twice.
        created: Ids of what this run created or took over.
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
        """Write a text of the API's for a message: in one short line, without secrets."""
        return self.collection.client.quote(text, limit)

    def quote_ids(self, entries: Iterable[Entry]) -> str:
        """Write the ids of entries for a message."""
        return ", ".join(self.quote(one.id) for one in entries)

    def label(self, values: Mapping[str, Any], id_: object = None) -> str:
        """Name a resource as its user knows it."""
        return self.kind.label(values.get(self.kind.named_by), id_)

    def warn_of_the_unknown(self, label: str, paths: Sequence[Path]) -> None:
        """Say once what the API holds that this version does not know and the program does not say."""
        if paths:
            log.warning(
                "%s: Vapi has %s, which this version does not know and the program does not say: it stays as it is, whatever "
                "changes beside it",
                label,
                self.quote(", ".join(show_path(as_spelled(path)) for path in paths), MAX_API_TEXT),
            )
