"""The package's log, shown by the engine beside the resource that a message is about."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

import grpc

from pulumi_vapi_byo.errors import MAX_SENTENCE, shorten

from .protocol import engine_pb2, engine_pb2_grpc

#: URN of the resource that the current call is about.
URN: Final[ContextVar[str]] = ContextVar("URN", default="")

_PACKAGE: Final = __name__.partition(".")[0]


class EngineLog(logging.Handler):
    """Passes messages to the engine, which shows them beside their resource and counts warnings.

    Args:
        in_words: Adapts a message to the user's language and settings.
    """

    def __init__(self, in_words: Callable[[str], str]) -> None:
        super().__init__()
        self._in_words = in_words
        self._engine: engine_pb2_grpc.EngineStub | None = None

    def connect(self, address: str) -> None:
        """Connect to the engine at an address; until then, messages go to standard error."""
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def warn(self, sentence: str) -> None:
        """Show a warning."""
        self.handle(logging.makeLogRecord({"msg": sentence, "levelno": logging.WARNING, "levelname": "WARNING"}))

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on a message, on one line and without a traceback."""
        message = shorten(self._in_words(record.getMessage()), MAX_SENTENCE)
        severity = engine_pb2.WARNING if record.levelno >= logging.WARNING else engine_pb2.INFO
        try:
            if self._engine is not None:
                request = engine_pb2.LogRequest(severity=severity, message=message, urn=URN.get())
                self._engine.Log(request, timeout=5)
                return
        except grpc.RpcError:  # the engine is shutting down
            pass
        sys.stderr.write(f"{record.levelname.lower()}: {message}\n")


def log_to(handler: EngineLog) -> None:
    """Send the package's log to a handler: warnings always, the rest if VAPI_LOG says so."""
    package = logging.getLogger(_PACKAGE)
    level = os.environ.get("VAPI_LOG", "").lower()
    package.setLevel({"debug": logging.DEBUG, "info": logging.INFO}.get(level, logging.WARNING))
    package.handlers = [handler]
    package.propagate = False
