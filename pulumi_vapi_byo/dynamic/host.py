"""Pulumi's host of dynamic providers, with more calls at a time than its own four.

Run as ``python -u -m pulumi_vapi_byo.dynamic.host`` in the place of ``python -u -m pulumi.dynamic``, which the repository's
``host/pulumi-resource-pulumi-python`` does. All but the number of calls is Pulumi's own code, unchanged.
"""

from __future__ import annotations

import concurrent.futures
import gc
import runpy
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

#: Most calls at a time: as many as `client` keeps connections. The engine sends fewer, by default four for each processor.
CALLS_AT_A_TIME: Final = 64


class WidePool(ThreadPoolExecutor):
    """A pool for `CALLS_AT_A_TIME`, whatever is asked for. There is one: pools created later are as they are asked for."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        super().__init__(CALLS_AT_A_TIME)
        _let_pools_be(ThreadPoolExecutor)  # providers of others in this process create pools, too


def _let_pools_be(kind: type[ThreadPoolExecutor]) -> None:
    vars(concurrent.futures)["ThreadPoolExecutor"] = kind


def main() -> None:
    """Run Pulumi's host, which has no option for it, on a wide pool."""
    # Most of the objects that set off garbage collection come from imports, and stay: a tenth of a preview's processor
    # time. What a thousand numbers need at most is the same.
    gc.set_threshold(10_000)
    _let_pools_be(WidePool)
    runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
