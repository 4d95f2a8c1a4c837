"""Fixtures of every test: none of the developer's own settings get in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Imported here, because with several workers the process that prints loads no conftest of a folder below.
from .doors import differences
from .faults import table
from .sdks import LOOK_FOR

# No deadline, because the time of an example depends on the load of the machine; the same examples in every run, so that
# every change is judged by the same ones. New examples: pytest --hypothesis-profile=new
settings.register_profile("same", settings.default, deadline=None, derandomize=True)
settings.register_profile("new", settings.default, deadline=None)
settings.load_profile("same")


#: Tests that take minutes.
_LONG = ("tests/packaging/", "tests/engine/test_languages.py", "tests/faults/test_fault_matrix.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long tests first, so that no worker starts a long test when the others are about to finish."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables of the tests that were run."""
    differences.print_table(terminalreporter)
    table.print_table(terminalreporter)


_PREFIXES = ("VAPI_", "PULUMI_")
_PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(_PREFIXES) or name.upper() in _PROXIES:
                patch.delenv(name)
        # Only for processes that tests start; code in the tests' own process gets a sleep that does not wait.
        for name, value in LOOK_FOR.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def _whole_tracebacks() -> Iterator[None]:
    """Undo the trace-back limit that a failing provider sets in its process, which is Pulumi's host except in tests."""
    yield
    if hasattr(sys, "tracebacklimit"):
        del sys.tracebacklimit
