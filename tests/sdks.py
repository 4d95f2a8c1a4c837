"""The Pulumi SDKs that the tests run with: the newest, in this interpreter's environment, and the oldest that is supported.

The oldest is installed with the lowest supported versions of the other packages that users install.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.setup import OLDEST_SDK_VENV, PROGRAMS_VENV

ROOT = Path(__file__).resolve().parent.parent

#: What the newest host puts before the text of an exception.
NEWEST_PREFIX = "VapiError: "


@dataclass(frozen=True)
class Sdk:
    """A Python environment with the package and one version of Pulumi's SDK.

    Attributes:
        name: ``newest`` or ``oldest``.
        python: Its interpreter.
        error_prefix: What its host puts before the text of an exception.
    """

    name: str
    python: Path
    error_prefix: str

    @property
    def bin(self) -> Path:
        """Directory of its programs, for PATH."""
        return self.python.parent


def sdk(name: str) -> Sdk:
    """Return an SDK, or fail the test if it has not been set up."""
    if name == "newest":
        return Sdk(name, Path(sys.executable), NEWEST_PREFIX)
    return Sdk(name, _python(OLDEST_SDK_VENV), "Exception calling application: ")


def users_sdk() -> Sdk:
    """Return the newest SDK in an environment with nothing but what users install, or fail the test."""
    return Sdk("newest", _python(PROGRAMS_VENV), NEWEST_PREFIX)


def _python(environment: Path) -> Path:
    python = environment / "bin" / "python"
    if not python.exists():
        pytest.fail(f"there is no {python}: make test sets it up", pytrace=False)
    return python


#: For every process that a test starts: hundreds of answers are lost in them, and after each of them the provider would
#: otherwise look for the number as long as it does for users.
LOOK_FOR = {"VAPI_TEST_LOOK_FOR_S": "0.6"}

#: Parameters of a fixture: every test that uses it runs with both SDKs.
BOTH = ["newest", pytest.param("oldest", marks=pytest.mark.oldest_sdk)]
