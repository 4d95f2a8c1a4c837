"""Checks of everything a stack needs in order to work."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pulumi_vapi_byo import __version__
from pulumi_vapi_byo.api.client import Collection, VapiClient
from pulumi_vapi_byo.config import Region, keys_without_effect
from pulumi_vapi_byo.errors import ApiError, ConfigError, TransportError, VapiError
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER

from .pulumi_cli import PulumiCli, Version
from .stack_settings import Found, find_settings
from .stack_state import differing_settings

#: The oldest supported versions of Python, SDK and CLI, and the first SDK that is no longer supported.
OLDEST_PYTHON: Final = (3, 10)
OLDEST_SDK: Final = (3, 236, 0)
NEXT_SDK: Final = (4, 0, 0)
OLDEST_CLI: Final = (3, 200, 0)

#: The first CLI whose import files may hold inputs and outputs.
IMPORT_FILE_CLI: Final = (3, 254, 0)

_DISTRIBUTION: Final = "pulumi-vapi-byo"
_MARKER: Final = "pulumi_vapi_byo/pulumi-plugin.json"


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Attributes:
        name: What was checked.
        ok: Whether it is in order.
        text: What was found; if it is not in order, also what to do.
    """

    name: str
    ok: bool
    text: str


def examine(
    cli: PulumiCli, environ: Mapping[str, str], *, stack: str | None, base_url: str | None, region: Region | None
) -> Iterator[Check]:
    """Run every check; sends one request, a GET.

    Args:
        cli: The Pulumi CLI.
        environ: Environment variables.
        stack: As for `find_settings`.
        base_url: As for `find_settings`.
        region: As for `find_settings`.

    Yields:
        Each check as it completes.
    """
    yield check_python(sys.version_info[:3])
    yield check_sdk(importlib.metadata.version("pulumi"))
    yield Check("Package", ok=True, text=f"{_DISTRIBUTION} {__version__}")
    yield check_marker()
    yield check_cli(cli.version)
    # Before the settings, because a misspelt key may be what is wrong with them.
    with contextlib.suppress(VapiError):  # the settings below report why the stack cannot be read
        yield from check_keys(cli.config())
    try:
        found = find_settings(cli, environ, stack=stack, base_url=base_url, region=region)
    except VapiError as error:
        yield Check("Settings", ok=False, text=str(error))
        return
    settings = found.settings
    yield Check("Settings", ok=True, text=f"region {settings.region}, {settings.base_url}, the key from {found.key_source}")
    yield from check_account(found)
    if found.config is not None:
        yield from check_state(cli, found.config)


def check_python(version: tuple[int, int, int]) -> Check:
    """Check the interpreter."""
    text = f"{show(version)}, {sys.executable}"
    if version[:2] >= OLDEST_PYTHON:
        return Check("Python", ok=True, text=text)
    return Check("Python", ok=False, text=f"{text}; it must be 3.10 or newer")


def check_sdk(version: str) -> Check:
    """Check Pulumi's Python SDK."""
    parts = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if OLDEST_SDK <= parts < NEXT_SDK:
        return Check("Pulumi SDK", ok=True, text=version)
    return Check(
        "Pulumi SDK", ok=False, text=f"{version}; it must be 3.236 or newer, and below 4: pip install 'pulumi>=3.236,<4'"
    )


def check_cli(version: Callable[[], Version]) -> Check:
    """Check the Pulumi CLI."""
    try:
        found = version()
    except VapiError as error:
        return Check("Pulumi CLI", ok=False, text=str(error))
    if found < OLDEST_CLI:
        return Check("Pulumi CLI", ok=False, text=f"{show(found)}; it must be {show(OLDEST_CLI)} or newer: update it")
    note = f" (vapi-byo import --mode file needs {show(IMPORT_FILE_CLI)})" if found < IMPORT_FILE_CLI else ""
    return Check("Pulumi CLI", ok=True, text=show(found) + note)


def check_keys(keys: Iterable[str]) -> Iterator[Check]:
    """Check the stack's configuration for keys that are misspelt or in the wrong namespace."""
    for sentence in keys_without_effect(keys):
        yield Check("Configuration", ok=False, text=sentence)


def check_state(cli: PulumiCli, config: Mapping[str, str | None]) -> Iterator[Check]:
    """Check that the state has the stack's settings: refresh and destroy take theirs from the state."""
    name = "State"
    try:
        in_clear = cli.config_in_clear()
        secret = [key for key, value in config.items() if value is None]
        differing = list(differing_settings(cli.resources(in_clear=True), in_clear, secret=secret))
    except VapiError as error:
        yield Check(name, ok=False, text=str(error))
        return
    if differing:
        text = (
            f"the settings in the state, from the last pulumi up, differ from the stack's: {', '.join(differing)}; refresh, "
            "preview --refresh and destroy use those in the state, so run pulumi up before them, or add --run-program"
        )
        yield Check(name, ok=False, text=text)
    else:
        yield Check(name, ok=True, text="has the stack's settings")


def check_marker() -> Check:
    """Check the file that keeps Pulumi from looking for a plugin with the package's name."""
    name = "Plugin marker"
    try:
        path = Path(str(importlib.metadata.distribution(_DISTRIBUTION).locate_file(_MARKER)))
    except importlib.metadata.PackageNotFoundError:
        return Check(name, ok=True, text="not needed, as the package is not installed but found on the path")
    try:
        marked = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        marked = None
    if marked == {"resource": False}:
        return Check(name, ok=True, text="in place")
    advice = f"install {_DISTRIBUTION} again, with pip install --force-reinstall --no-deps and what you installed it from"
    return Check(name, ok=False, text=f"{path} is missing or changed, so Pulumi looks for a plugin at every run: {advice}")


def check_account(found: Found) -> Iterator[Check]:
    """Check that Vapi answers and accepts the key, with one request."""
    # No retries: a check that waits out a long Retry-After is no help.
    try:
        numbers = Collection(VapiClient(replace(found.settings, max_retries=0)), PHONE_NUMBER)
        entries = numbers.list(limit=1)
    except (ConfigError, TransportError) as error:
        yield Check("Vapi", ok=False, text=str(error))
        return
    except ApiError as error:
        answered = error.from_api and error.status in (401, 403)
        if answered:
            yield Check("Vapi", ok=True, text="answers")
        yield Check("API key" if answered else "Vapi", ok=False, text=str(error))
        return
    except VapiError as error:
        yield Check("Vapi", ok=False, text=f"{error}; check vapi-byo:baseUrl and any proxy in between")
        return
    yield Check("Vapi", ok=True, text="answers")
    organisations = sorted({numbers.client.quote(str(entry["orgId"])) for entry in entries if entry.get("orgId")})
    text = f"accepted, of organisation {organisations[0]}" if organisations else "accepted; the account has no number yet"
    yield Check("API key", ok=True, text=text)


def show(version: tuple[int, ...]) -> str:
    """Return a version as text."""
    return ".".join(str(part) for part in version)
