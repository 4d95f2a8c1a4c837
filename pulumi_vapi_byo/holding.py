"""Which of what Vapi has belongs to a resource of the running program."""

from __future__ import annotations

import threading
from typing import Final

#: What happened to one that `Holdings.keep` says no to.
TAKEN_OVER: Final = "a new resource of this program has taken it over; declare it once, then run pulumi up again"


class Holdings:
    """The ids that the resources of a run have, each of them one resource's alone. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: set[str] = set()
        self._taken: set[str] = set()

    def __contains__(self, id_: str) -> bool:
        with self._lock:
            return id_ in self._kept or id_ in self._taken

    def keep(self, id_: str) -> bool:
        """Note an id that a resource has; False where another one took it over in this run."""
        with self._lock:
            if id_ in self._taken:
                return False
            self._kept.add(id_)
            return True

    def take(self, id_: str) -> bool:
        """Note an id that a new resource takes over; False where another one has it."""
        with self._lock:
            if id_ in self._kept or id_ in self._taken:
                return False
            self._taken.add(id_)
            return True

    def release(self, id_: str) -> None:
        """Take back a `take` that came to nothing."""
        with self._lock:
            self._taken.discard(id_)
