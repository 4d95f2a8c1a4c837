"""Where settings come from, and what doctor checks in them."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from pulumi_vapi_byo.cli import doctor
from pulumi_vapi_byo.cli.pulumi_cli import PulumiCli, Version
from pulumi_vapi_byo.cli.stack_settings import Found, find_settings
from pulumi_vapi_byo.errors import VapiError

ENVIRONMENT = {"VAPI_API_KEY": "from-environment", "VAPI_BASE_URL": "https://environment.example.com"}


class OneStack:
    """Answers as `PulumiCli` would for a stack; without configuration, as in a folder without a stack."""

    def __init__(self, config: Mapping[str, str | None] | None, key: str | None = None) -> None:
        self._config = config
        self._key = key

    def config(self) -> dict[str, str | None]:
        if self._config is None:
            raise VapiError("pulumi config failed: no stack selected")
        return dict(self._config)

    def config_value(self, key: str) -> str:
        assert key == "vapi-byo:apiKey"
        if self._key is None:
            raise VapiError("pulumi config get failed: incorrect passphrase")
        return self._key


def find(cli: OneStack, environ: Mapping[str, str] = ENVIRONMENT, **options: Any) -> Found:
    return find_settings(cast("PulumiCli", cli), environ, **options)


@pytest.mark.parametrize(
    ("stack", "key", "source"),
    [
        (OneStack(None), "from-environment", "VAPI_API_KEY"),
        (OneStack({"vapi-byo:region": "us"}), "from-environment", "VAPI_API_KEY"),
        (OneStack({"vapi-byo:apiKey": None}, "from-stack"), "from-stack", "the stack's configuration"),
        (OneStack({"vapi-byo:apiKey": "in-clear"}), "in-clear", "the stack's configuration"),
    ],
)
def test_the_key_comes_from_the_stack_or_else_the_environment_as_in_the_provider(
    stack: OneStack, key: str, source: str
) -> None:
    found = find(stack)
    assert (found.settings.api_key, found.key_source) == (key, source)
    assert key not in repr(found)


@pytest.mark.parametrize(
    ("config", "options", "base_url", "region"),
    [
        ({}, {}, "https://environment.example.com", "us"),
        ({"vapi-byo:baseUrl": "https://stack.example.com/"}, {}, "https://stack.example.com", "us"),
        ({"vapi-byo:region": "eu"}, {}, "https://environment.example.com", "eu"),
        ({"vapi-byo:baseUrl": "https://stack.example.com"}, {"region": "eu"}, "https://api.eu.vapi.ai", "eu"),
        ({"vapi-byo:region": "eu"}, {"region": "us"}, "https://api.vapi.ai", "us"),
        ({"vapi-byo:region": "eu"}, {"base_url": "https://option.example.com"}, "https://option.example.com", "eu"),
        ({}, {"base_url": "https://option.example.com", "region": "eu"}, "https://option.example.com", "eu"),
    ],
)
def test_options_override_the_stack_and_the_stack_overrides_the_environment(
    config: dict[str, str | None], options: dict[str, Any], base_url: str, region: str
) -> None:
    settings = find(OneStack(config), **options).settings
    assert (settings.base_url, settings.region) == (base_url, region)


def test_a_named_stack_must_be_readable() -> None:
    with pytest.raises(VapiError, match=r"^pulumi config failed: no stack selected$"):
        find(OneStack(None), stack="test")


def test_a_key_that_cannot_be_decrypted_is_not_replaced_by_another() -> None:
    with pytest.raises(VapiError, match=r"^pulumi config get failed: incorrect passphrase$"):
        find(OneStack({"vapi-byo:apiKey": None}))


def test_without_any_key_the_sentence_says_why_no_stack_was_read() -> None:
    with pytest.raises(VapiError, match=r"^no API key: .* \(no stack was asked: pulumi config failed: no stack selected\)$"):
        find(OneStack(None), {})
    with pytest.raises(VapiError, match=r"^no API key: [^(]*$"):
        find(OneStack({}), {})


@pytest.mark.parametrize(("version", "ok"), [((3, 9, 18), False), ((3, 10, 0), True), ((3, 11, 7), True), ((4, 0, 0), True)])
def test_doctor_knows_the_python_versions(version: Version, *, ok: bool) -> None:
    check = doctor.check_python(version)
    assert check.ok == ok
    assert check.text.startswith(doctor.show(version))
    assert check.text.endswith("it must be 3.10 or newer") == (not ok)


@pytest.mark.parametrize(
    ("version", "ok"),
    [("3.235.9", False), ("3.236.0", True), ("3.272.0", True), ("3.300.0a1", True), ("4.0.0", False), ("2.0", False)],
)
def test_doctor_knows_the_sdk_versions(version: str, *, ok: bool) -> None:
    check = doctor.check_sdk(version)
    assert check.ok == ok
    assert check.text == version or check.text == (
        f"{version}; it must be 3.236 or newer, and below 4: pip install 'pulumi>=3.236,<4'"
    )


def test_the_sdk_versions_are_those_of_the_package() -> None:
    (requirement,) = [line for line in importlib.metadata.requires("pulumi-vapi-byo") or () if re.match(r"pulumi[<>=]", line)]
    assert set(re.findall(r"[<>=]+[\d.]+", requirement)) == {">=3.236", "<4"}
    assert (doctor.OLDEST_SDK, doctor.NEXT_SDK) == ((3, 236, 0), (4, 0, 0))


@pytest.mark.parametrize(
    ("version", "ok", "text"),
    [
        ((3, 199, 9), False, "3.199.9; it must be 3.200.0 or newer: update it"),
        ((3, 200, 0), True, "3.200.0 (vapi-byo import --mode file needs 3.254.0)"),
        ((3, 254, 0), True, "3.254.0"),
    ],
)
def test_doctor_knows_the_cli_versions(version: Version, text: str, *, ok: bool) -> None:
    assert doctor.check_cli(lambda: version) == doctor.Check("Pulumi CLI", ok, text)


def test_doctor_finds_a_misspelt_setting_and_leaves_the_users_own_keys_alone() -> None:
    keys = ["vapi-byo:region", "vapi-byo:onConflit", "vapi-byo:colour", "numbers:apikey"]
    sentence = (
        "vapi-byo:onConflit is not a setting and has no effect: set vapi-byo:onConflict, if that is what you mean, and remove this "
        "key with pulumi config rm vapi-byo:onConflit"
    )
    assert list(doctor.check_keys(keys)) == [doctor.Check("Configuration", ok=False, text=sentence)]


@pytest.mark.parametrize("content", [None, "{", '{"resource": true}'])
def test_doctor_finds_a_marker_that_is_missing_or_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    assert doctor.check_marker() == doctor.Check("Plugin marker", ok=True, text="in place")
    path = tmp_path / "pulumi-plugin.json"
    if content is not None:
        path.write_text(content)
    monkeypatch.setattr(importlib.metadata.Distribution, "locate_file", lambda *_: path)
    monkeypatch.setattr(importlib.metadata.PathDistribution, "locate_file", lambda *_: path)
    check = doctor.check_marker()
    assert not check.ok
    assert check.text.startswith(f"{path} is missing or changed")


def test_doctor_needs_no_marker_if_nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    assert doctor.check_marker().ok
