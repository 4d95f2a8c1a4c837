"""The engine that a provider's process serves: who it is, and the end of the process with it."""

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

#: Seconds that a process has to end by itself.
_GRACE_S: Final = 1.0


def engine_port(arguments: Sequence[str]) -> int | None:
    """Find the port of the engine in what it started a provider's process with.

    Args:
        arguments: The process's arguments.

    Returns:
        The port, on this machine; None where no engine has started the process.
    """
    found = [match for argument in arguments if (match := re.fullmatch(r"(?:127\.0\.0\.1|localhost):(\d{1,5})", argument))]
    return int(found[0][1]) if found else None


def end_with_the_engine(port: int) -> None:
    """End this process as soon as its engine is gone or interrupts it, whatever it is doing.

    A provider's process lives on after a killed CLI, and would do what it was asked to before: nobody would ever note what that
    creates, and the next ``up`` would create it again. Interrupted, it would wait for the answers to all calls under way, which
    the engine takes no more.

    Args:
        port: The engine's, on this machine.
    """
    threading.Thread(target=_wait_for_the_end, args=(port,), daemon=True).start()
    main_thread_is_over = threading.Event()
    # The main thread ends on SIGINT. Nothing public tells before Python has waited for the calls under way.
    threading._register_atexit(main_thread_is_over.set)  # type: ignore[attr-defined]  # noqa: SLF001
    threading.Thread(target=_wait_for_an_interrupt, args=(main_thread_is_over,), daemon=True).start()


def _wait_for_the_end(port: int) -> None:
    # An engine closes a connection that says nothing after some minutes. Only one that takes no new one is gone.
    while (connection := _connected(port)) is not None:
        with connection, contextlib.suppress(OSError):
            while connection.recv(4096):
                pass
    # Politely first, for those that have something to do at the end, such as measuring what tests run.
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
