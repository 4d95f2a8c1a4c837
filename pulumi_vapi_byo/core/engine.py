"""The engine that a provider's process serves: its address, and how the process ends with it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Sequence
from typing import Final

#: Seconds that a connection to the engine may take: it is on this machine.
_CONNECT_S: Final = 5.0

#: Seconds that a process has to end on its own.
_GRACE_S: Final = 1.0


def engine_port(arguments: Sequence[str]) -> int | None:
    """Return the port of the engine that started this process.

    Args:
        arguments: The command line of the process.

    Returns:
        The port, on this machine; None if no engine started the process.
    """
    found = [match for argument in arguments if (match := re.fullmatch(r"(?:127\.0\.0\.1|localhost):(\d{1,5})", argument))]
    return int(found[0][1]) if found else None


def end_with_the_engine(port: int) -> None:
    """End this process as soon as its engine is gone or interrupts it, whatever it is doing.

    A provider's process outlives a killed CLI, and would finish what it was asked to do: nobody would record what that creates,
    and the next ``up`` would create it again. On an interrupt it would wait for the answers to all calls in progress, which the
    engine no longer accepts.

    Args:
        port: The engine's port, on this machine.
    """
    threading.Thread(target=_wait_for_the_end, args=(port,), daemon=True).start()
    main_thread_is_over = threading.Event()
    # SIGINT ends the main thread. No public hook runs before Python waits for the calls in progress.
    threading._register_atexit(main_thread_is_over.set)  # type: ignore[attr-defined]  # noqa: SLF001
    threading.Thread(target=_wait_for_an_interrupt, args=(main_thread_is_over,), daemon=True).start()


def _wait_for_the_end(port: int) -> None:
    # An engine closes an idle connection after some minutes. It is gone only when it accepts no new one.
    while (connection := _connected(port)) is not None:
        with connection, contextlib.suppress(OSError):
            while connection.recv(4096):
                pass
    # SIGTERM first, for whatever has to run at the end, such as coverage measurement.
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)
    os._exit(1)


def _wait_for_an_interrupt(main_thread_is_over: threading.Event) -> None:
    main_thread_is_over.wait()
    time.sleep(_GRACE_S)
    os._exit(1)


def _connected(port: int) -> socket.socket | None:
    try:
        connection = socket.create_connection(("127.0.0.1", port), timeout=_CONNECT_S)
    except OSError:
        return None
    connection.settimeout(None)
    return connection
