"""Numbers that Vapi has twice, one of them the program's: nothing else would ever show it."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from pulumi_vapi_byo.errors import shorten
from pulumi_vapi_byo.kinds.kind import Kind

from .claims import Claims

log = logging.getLogger(__name__)

_Key = tuple[str, str]


class Twins:
    """Warns about duplicates of the program's numbers: the same digits on the same credential. Safe for several threads.

    Looks only at what this run lists anyway; the list and the program's numbers may come in any order.

    Args:
        kind: The kind of resource.
        held: Ids that resources of the running program have.
    """

    def __init__(self, kind: Kind, held: Claims) -> None:
        self._kind = kind
        self._held = held
        self._lock = threading.Lock()
        self._alike: defaultdict[_Key, set[str]] = defaultdict(set)
        self._key_of: dict[str, _Key] = {}
        self._label_of: dict[_Key, str] = {}
        self._ours: set[str] = set()
        self._told: set[tuple[str, str]] = set()

    def listed(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Record the entries of a list."""
        with self._lock:
            for entry in entries:
                if entry.get("provider") == self._kind.provider:
                    self._note(str(entry.get("id")), entry)

    def ours(self, id_: str, values: Mapping[str, Any] | None = None) -> None:
        """Record a resource of the program's, and what the API holds if that is known."""
        with self._lock:
            self._ours.add(id_)
            if values is not None:
                self._note(id_, values)
            elif id_ in self._key_of:
                self._tell(self._key_of[id_])

    def gone(self, id_: str) -> None:
        """Record a resource that this run deleted."""
        with self._lock:
            self._forget(id_)

    def _note(self, id_: str, values: Mapping[str, Any]) -> None:
        identity, parent_id = self._kind.identity_of(values), self._kind.parent_of(values)
        self._forget(id_)
        if identity is None or (self._kind.parent and not isinstance(parent_id, str)):
            return
        key = self._key_of[id_] = identity, str(parent_id)
        self._alike[key].add(id_)
        self._label_of[key] = self._kind.label(values.get(self._kind.named_by))
        self._tell(key)

    def _forget(self, id_: str) -> None:
        key = self._key_of.pop(id_, None)
        if key:
            self._alike[key].discard(id_)

    def _tell(self, key: _Key) -> None:
        alike = self._alike[key]
        if len(alike) < 2:
            return
        ours = {id_ for id_ in alike if id_ in self._ours or id_ in self._held}
        for mine in sorted(ours)[:1]:
            for other in sorted(alike - ours):
                if (mine, other) not in self._told:
                    self._told.add((mine, other))
                    log.warning(
                        "%s exists twice at Vapi on the same credential: id %s, which this program manages, and id %s; "
                        "delete the latter in the dashboard if nothing needs it",
                        self._label_of[key],
                        shorten(mine, 60),
                        shorten(other, 60),
                    )
