"""An API that allows few requests per second: a single command creates everything, without any setting."""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest

from pulumi_vapi_byo.emulator import Emulator
from tests.sdks import users_sdk

from .stack import Stack
from .stand_in import API_KEY
from .table import Record, record_figure

pytestmark = pytest.mark.engine

CREDENTIAL_ID = "1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10"

#: ``RATE_LIMIT_CASES="50x2"`` measures a case too slow for every run: 50 numbers, two requests per second.
CASES = os.environ.get("RATE_LIMIT_CASES", "20x8").split()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("retry_after", [None, 1], ids=["without-Retry-After", "with-Retry-After"])
@pytest.mark.parametrize("case", CASES)
def test_one_up_creates_many_numbers(
    tmp_path_factory: pytest.TempPathFactory, case: str, retry_after: int | None, record: Record
) -> None:
    count, limit = map(int, case.split("x"))
    with Emulator(api_key=API_KEY, rules={"duplicate-number": "accepted"}, rate_limit=limit, retry_after=retry_after) as vapi:
        folder = tmp_path_factory.mktemp("limited")
        stack = Stack(folder, users_sdk(), {"VAPI_API_KEY": API_KEY, "VAPI_BASE_URL": vapi.base_url})
        server = {"url": "https://example.com"}
        numbers = {
            f"n{place}": {"credential_id": CREDENTIAL_ID, "number": f"+1415555{2000 + place}", "server": server}
            for place in range(count)
        }
        stack.declare(numbers)
        began = time.monotonic()
        stack("up", "--yes", "--skip-preview")
        took_s = time.monotonic() - began
        assert len(stack.numbers()) == len(vapi.numbers()) == count
        statuses = Counter(request.status for request in vapi.requests)

        assert statuses[201] == count
        assert statuses[429] > 0
        assert set(statuses) == {200, 201, 429}
        record_figure(
            record,
            f"rate limit of {limit} requests per second, {'with' if retry_after else 'without'} Retry-After: {count} numbers created "
            f"by one up in {took_s:.0f} s, {sum(statuses.values())} requests, {statuses[429]} of them refused",
        )
