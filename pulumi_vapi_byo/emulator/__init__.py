"""A local Vapi for BYO phone numbers and SIP trunk credentials."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi_vapi_byo.emulator.faults import Fault, FaultKind
    from pulumi_vapi_byo.emulator.rules import Refusal
    from pulumi_vapi_byo.emulator.server import DEFAULT_API_KEY, Emulator, RecordedRequest
    from pulumi_vapi_byo.emulator.store import EmulatorError

__all__ = ["DEFAULT_API_KEY", "Emulator", "EmulatorError", "Fault", "FaultKind", "RecordedRequest", "Refusal"]

_HOMES = {
    "DEFAULT_API_KEY": "server",
    "Emulator": "server",
    "EmulatorError": "store",
    "Fault": "faults",
    "FaultKind": "faults",
    "RecordedRequest": "server",
    "Refusal": "rules",
}


def __getattr__(name: str) -> Any:
    """Import a module on first use: ``__main__`` must run without the extra, to say in one sentence that it is missing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
