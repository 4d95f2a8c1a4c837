"""Which resources at Vapi belong to the running program."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

#: What happened to an id that `Claims.keep` refuses.
TAKEN_OVER: Final = "a new resource of this program has taken it over; declare it once, then run pulumi up again"

#: Seconds to wait for another process to release the file; each holds it for less than a millisecond.
_WAIT_S: Final = 10.0


class Claims:
    """The ids that a run's resources have, each of them claimed by one resource. Safe for several threads and processes.

    A program with several providers has a process for each, and two of them may use the same account. So all processes of a
    run share their claims in a file, which means nothing to anybody once they have ended.

    Args:
        run: Name of the run; None if it has only this process.
        account: Tells apart ids of different accounts, e.g. by the address of the API.
    """

    def __init__(self, run: str | None = None, account: str = "") -> None:
        self._account = account
        self._lock = threading.Lock()
        self._file = sqlite3.connect(
            _shared_file(run) or ":memory:", timeout=_WAIT_S, isolation_level=None, check_same_thread=False
        )
        self._file.execute("PRAGMA synchronous = OFF")  # it need not survive a crash
        with self._exclusively():
            self._file.execute("CREATE TABLE IF NOT EXISTS processes (pid INTEGER PRIMARY KEY)")
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS held (account TEXT, id TEXT, taken INTEGER, PRIMARY KEY (account, id))"
            )
            pids = [pid for (pid,) in self._file.execute("SELECT pid FROM processes")]
            if not any(map(_is_alive, pids)):  # left behind by an earlier run of the same name
                self._file.execute("DELETE FROM processes")
                self._file.execute("DELETE FROM held")
            self._file.execute("INSERT OR IGNORE INTO processes VALUES (?)", (os.getpid(),))

    def __contains__(self, id_: str) -> bool:
        with self._lock:
            return self._taken(id_) is not None

    def keep(self, id_: str) -> bool:
        """Claim the id of an existing resource; return False if another resource took it over in this run."""
        with self._exclusively():
            taken = self._taken(id_)
            if taken is None:
                self._file.execute("INSERT INTO held VALUES (?, ?, 0)", (self._account, id_))
            return not taken

    def take(self, id_: str) -> bool:
        """Claim an id that a new resource takes over; return False if another resource has it."""
        with self._exclusively():
            if self._taken(id_) is not None:
                return False
            self._file.execute("INSERT INTO held VALUES (?, ?, 1)", (self._account, id_))
            return True

    def release(self, id_: str) -> None:
        """Undo a `take` that failed later."""
        with self._exclusively():
            self._file.execute("DELETE FROM held WHERE account = ? AND id = ? AND taken", (self._account, id_))

    def _taken(self, id_: str) -> bool | None:
        found = self._file.execute("SELECT taken FROM held WHERE account = ? AND id = ?", (self._account, id_)).fetchone()
        return None if found is None else bool(found[0])

    @contextlib.contextmanager
    def _exclusively(self) -> Iterator[None]:
        with self._lock:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                self._file.execute("COMMIT")


def _shared_file(run: str | None) -> Path | None:
    """Return a file that only this user can write; None if there can't be one, or there is no telling who is alive."""
    if run is None or os.name != "posix":
        return None
    folder = Path(tempfile.gettempdir()) / f"pulumi-vapi-byo-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    is_private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return folder / f"{run}.sqlite" if is_private else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
