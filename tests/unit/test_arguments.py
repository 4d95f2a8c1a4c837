"""Wrong arguments of the typed classes and of providers: one sentence, where Python alone would print a traceback."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

import pulumi_vapi_byo as vapi
from pulumi_vapi_byo.config import read_public_settings
from pulumi_vapi_byo.errors import ConfigError

# Wrong on purpose, so no type checker may look.
UNTYPED: Any = vapi
NUMBER_ARGUMENTS = ", ".join(field.name for field in dataclasses.fields(vapi.ByoPhoneNumberArgs))
SERVER_ARGUMENTS = ", ".join(field.name for field in dataclasses.fields(vapi.ServerArgs))
CLASSES = [cls for name, cls in vars(vapi).items() if name.endswith("Args")]


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(pulumi.RunError) as raised:
        act()
    # Python prints what an error came from, too.
    assert raised.value.__suppress_context__
    return str(raised.value)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (
            lambda: UNTYPED.ByoPhoneNumberArgs(number="+14155552671", credential_id="c", assitant_id="a"),
            f"ByoPhoneNumberArgs has no argument assitant_id: its arguments are {NUMBER_ARGUMENTS}; did you mean assistant_id?",
        ),
        (
            lambda: UNTYPED.ServerArgs(timeoutSeconds=5, Url="https://example.com"),
            (
                f"ServerArgs has no argument Url, timeoutSeconds: its arguments are {SERVER_ARGUMENTS}; "
                "did you mean url and timeout_seconds?"
            ),
        ),
        (
            lambda: UNTYPED.ServerArgs(url="https://example.com", foo=1),
            f"ServerArgs has no argument foo: its arguments are {SERVER_ARGUMENTS}",
        ),
        (lambda: UNTYPED.ByoPhoneNumberArgs(number="+14155552671"), "ByoPhoneNumberArgs needs credential_id"),
        (lambda: UNTYPED.SipTrunkGatewayArgs(), "SipTrunkGatewayArgs needs ip"),
        (lambda: UNTYPED.BackoffPlanArgs(max_retries=1), "BackoffPlanArgs needs type, base_delay_seconds"),
        (lambda: UNTYPED.ServerArgs("https://example.com"), "ServerArgs takes its arguments by name, such as url=..."),
    ],
)
def test_wrong_arguments_of_a_class_are_refused_in_a_sentence(act: Callable[[], object], sentence: str) -> None:
    assert refusal(act) == sentence


@pytest.mark.parametrize("args_type", CLASSES)
def test_every_class_refuses_in_a_sentence(args_type: Any) -> None:
    assert refusal(lambda: args_type(nonsense=1)).startswith(
        f"{args_type.__name__} has no argument nonsense: its arguments are "
    )


def test_the_classes_stay_dataclasses() -> None:
    server = vapi.ServerArgs(url="https://example.com")
    assert copy.deepcopy(server) == server
    assert dataclasses.replace(server, timeout_seconds=5) == vapi.ServerArgs(url="https://example.com", timeout_seconds=5)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (
            lambda: UNTYPED.Provider("eu"),
            "Provider 'eu': api_key is missing: it must be the private key of a Vapi organisation, as the dashboard shows it",
        ),
        (
            lambda: UNTYPED.Provider("eu", api_key="k", regoin="eu"),
            (
                "Provider 'eu' has no argument regoin: its arguments are api_key, base_url, region, timeout, max_retries, "
                "requests_per_second, on_existing, on_conflict, on_omitted, on_unknown, number_check"
            ),
        ),
        (lambda: UNTYPED.Provider("eu", None, "canary"), "Provider 'eu' takes its arguments by name, such as api_key=..."),
    ],
)
def test_wrong_arguments_of_a_provider_are_refused_in_a_sentence(act: Callable[[], object], sentence: str) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        act()
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("vapi-byo:timeout", 700.0, "vapi-byo:timeout is 700: "),
        ("vapi-byo:timeout", 700.5, "vapi-byo:timeout is 700.5: "),
        ("vapi-byo:maxRetries", 99.0, "vapi-byo:maxRetries (or VAPI_MAX_RETRIES) is '99': "),
    ],
)
def test_a_number_of_a_provider_is_told_as_it_was_written(key: str, value: float, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_public_settings({key: value}.get, {})
    assert str(raised.value).startswith(said)
