"""What holds for every test: nothing of the developer's own settings gets in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Here, and not beside its tests: with several workers, whoever prints loads no conftest further down.
from .doors import differences
from .faults import table
from .sdks import LOOK_FOR

# Whether an example is slow says how busy the machine is; and a change is judged by the same examples as the one before it.
# New ones are for looking around: pytest --hypothesis-profile=new
settings.register_profile("same", settings.default, deadline=None, derandomize=True)
settings.register_profile("new", settings.default, deadline=None)
settings.load_profile("same")


#: Tests of minutes.
_LONG = ("tests/packaging/", "tests/engine/test_languages.py", "tests/faults/test_fault_matrix.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long tests first, so that no worker begins one when the others are about to end."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables of what was run."""
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
        # What runs in the tests' own process gets a sleep that does not wait instead.
        for name, value in LOOK_FOR.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def _whole_tracebacks() -> Iterator[None]:
    """Undo what a provider that fails does to its process, which is Pulumi's host everywhere but in tests."""
    yield
    if hasattr(sys, "tracebacklimit"):
        del sys.tracebacklimit
