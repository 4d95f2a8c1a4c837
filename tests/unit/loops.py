"""An event loop for Pulumi's mocks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def in_a_loop_of_its_own(call: Callable[[Any], Any], request: Any) -> Any:
    """Call with an event loop: the mocks need one in every thread, and leave open a loop that they create themselves."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return call(request)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
