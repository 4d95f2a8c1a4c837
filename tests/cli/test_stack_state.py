"""What can be learned from a stack's state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import pytest

from pulumi_vapi_byo import BYO_PHONE_NUMBER_TYPE
from pulumi_vapi_byo.cli import doctor
from pulumi_vapi_byo.cli.pulumi_cli import PulumiCli
from pulumi_vapi_byo.cli.stack_state import SECRET_MARK, differing_settings, managed_ids
from pulumi_vapi_byo.errors import VapiError

OLD, NEW = "canary-old-key", "canary-new-key"


def secret(value: str) -> dict[str, str]:
    return {SECRET_MARK[0]: SECRET_MARK[1], "plaintext": json.dumps(value)}


def provider(name: str = "default", **settings: object) -> dict[str, Any]:
    return {
        "type": "pulumi:providers:pulumi-python",
        "urn": f"urn:pulumi:s::p::pulumi:providers:pulumi-python::{name}",
        "inputs": {f"vapi-byo:{key}": value for key, value in settings.items()},
    }


def differing(state: dict[str, Any], config: Mapping[str, Any], *secrets: str) -> list[str]:
    return list(differing_settings([state], {f"vapi-byo:{key}": value for key, value in config.items()}, secret=secrets))


@pytest.mark.parametrize(
    ("state", "config", "told"),
    [
        (provider(apiKey=secret(OLD)), {"apiKey": OLD}, []),
        (provider(apiKey=secret(OLD)), {"apiKey": NEW}, ["vapi-byo:apiKey"]),
        (provider(apiKey=OLD), {"apiKey": NEW}, ["vapi-byo:apiKey"]),
        (provider(), {"apiKey": NEW}, ["vapi-byo:apiKey"]),
        (provider(apiKey=secret(OLD)), {}, ["vapi-byo:apiKey"]),
        (provider(region="us"), {"region": "eu"}, ["vapi-byo:region ('us' in the state, 'eu' in the stack)"]),
        (provider(timeout="5"), {}, ["vapi-byo:timeout ('5' in the state, unset in the stack)"]),
        (provider(timeout=5), {"timeout": "5"}, []),
        (provider(baseUrl=secret(OLD)), {"baseUrl": NEW}, ["vapi-byo:baseUrl"]),
        (provider(colour="red", onExisitng="x"), {"colour": "blue"}, []),
        (provider("eu", apiKey=secret(OLD)), {"apiKey": NEW}, []),
        ({"type": BYO_PHONE_NUMBER_TYPE, "urn": "urn:pulumi:s::p::x::default", "inputs": {"vapi-byo:apiKey": OLD}}, {}, []),
        ({}, {"apiKey": NEW}, []),
    ],
)
def test_settings_of_the_last_update_are_compared_with_the_stack_s_without_showing_a_secret(
    state: dict[str, Any], config: Mapping[str, Any], told: list[str]
) -> None:
    assert differing(state, config) == told


def test_a_setting_that_is_secret_only_in_the_stack_is_not_shown() -> None:
    assert differing(provider(baseUrl=OLD), {"baseUrl": NEW}, "vapi-byo:baseUrl") == ["vapi-byo:baseUrl"]


def test_only_the_stack_s_own_resources_count_as_managed() -> None:
    def number(name: str, **more: object) -> dict[str, object]:
        urn = f"urn:pulumi:s::p::{BYO_PHONE_NUMBER_TYPE}::{name}"
        return {"type": BYO_PHONE_NUMBER_TYPE, "urn": urn, "id": f"id-{name}", **more}

    resources = [number("a"), number("b", external=True), number("c", delete=True), number("d", type="x"), number("e", id="")]
    assert managed_ids(resources, BYO_PHONE_NUMBER_TYPE) == {"id-a": "a"}


CONFIG = {"vapi-byo:apiKey": None, "vapi-byo:region": "eu"}


class OneStack:
    """Answers as `PulumiCli` would for a stack whose key was replaced since the last update."""

    def config_in_clear(self) -> dict[str, str | None]:
        return {"vapi-byo:apiKey": NEW, "vapi-byo:region": "eu"}

    def resources(self, *, in_clear: bool) -> list[dict[str, Any]]:
        assert in_clear
        return [provider(apiKey=secret(OLD), region="us")]


class Unreadable(OneStack):
    def resources(self, *, in_clear: bool) -> list[dict[str, Any]]:
        raise VapiError("pulumi stack export failed: incorrect passphrase")


def test_doctor_says_that_refresh_and_destroy_would_use_other_settings() -> None:
    assert list(doctor.check_state(cast("PulumiCli", OneStack()), CONFIG)) == [
        doctor.Check(
            "State",
            ok=False,
            text="the settings in the state, from the last pulumi up, differ from the stack's: vapi-byo:apiKey, vapi-byo:region "
            "('us' in the state, 'eu' in the stack); refresh, preview --refresh and destroy use those in the state, so run pulumi up "
            "before them, or add --run-program",
        )
    ]
    failed = doctor.Check("State", ok=False, text="pulumi stack export failed: incorrect passphrase")
    assert list(doctor.check_state(cast("PulumiCli", Unreadable()), CONFIG)) == [failed]
