"""Pulumi's host of dynamic providers with as many workers as the engine has calls; for the benchmark's floor alone.

The stock host makes a pool of four. Here the class of that pool is replaced before the host's module runs.
"""

from __future__ import annotations

import concurrent.futures
import runpy

#: More than any --parallel in use: the engine is what limits.
WORKERS = 256


class WidePool(concurrent.futures.ThreadPoolExecutor):
    """A pool of many threads, however few are asked for."""

    def __init__(self, max_workers: int | None = None) -> None:
        super().__init__(max(WORKERS, max_workers or 0))


if __name__ == "__main__":
    vars(concurrent.futures)["ThreadPoolExecutor"] = WidePool
    runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
