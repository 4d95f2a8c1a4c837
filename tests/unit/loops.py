"""An event loop where Pulumi's mocks need one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def in_a_loop_of_its_own(call: Callable[[Any], Any], request: Any) -> Any:
    """Call: the mocks need an event loop in every thread that calls them, and would leave one of their own open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return call(request)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
