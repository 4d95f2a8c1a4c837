"""Explicit providers: errors in their arguments are reported before anything is sent to the engine."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

import pulumi_vapi_byo as vapi


def refusal(**arguments: Any) -> str:
    with pytest.raises(pulumi.RunError) as raised:
        vapi.Provider("eu", **arguments)
    return str(raised.value)


@pytest.mark.parametrize(
    ("argument", "value", "sentence"),
    [
        ("region", "mars", "region is 'mars': it must be us or eu"),
        ("timeout", 0, "timeout is 0: it must be a number of seconds, more than 0 and at most 600"),
        ("timeout", "soon", "timeout is 'soon': it must be a number of seconds, more than 0 and at most 600"),
        ("max_retries", 21, "max_retries is 21: it must be a whole number from 0 to 20"),
        ("max_retries", 1.5, "max_retries is 1.5: it must be a whole number from 0 to 20"),
        (
            "requests_per_second",
            -1,
            "requests_per_second is -1: it must be a number of requests a second, more than 0 and at most 1000",
        ),
        ("on_existing", "steal", "on_existing is 'steal': it must be error, adopt or allow"),
        ("on_conflict", "panic", "on_conflict is 'panic': it must be error, overwrite or unchecked"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(argument: str, value: object, sentence: str) -> None:
    assert refusal(api_key="the-key", **{argument: value}) == f"Provider 'eu': {sentence}"


@pytest.mark.parametrize("address", ["api.vapi.ai", "http://api.example.com", "https://user:canary@api.example.com"])
def test_an_invalid_address_is_refused_without_being_repeated(address: str) -> None:
    assert refusal(api_key="the-key", base_url=address) == (
        "Provider 'eu': base_url must be the address of an API, such as https://api.vapi.ai "
        "(plain http only for a server on this machine)"
    )


@pytest.mark.parametrize("key", ["canary key", "canary\nkey", "canary-kéy"])
def test_an_invalid_key_is_refused_without_being_repeated(key: str) -> None:
    assert refusal(api_key=key) == (
        "Provider 'eu': api_key must be the private key of a Vapi organisation, as the dashboard shows it"
    )


@pytest.mark.parametrize("key", ["", None])
def test_a_provider_without_a_key_is_refused_although_the_environment_has_one(
    key: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAPI_API_KEY", "another organisation's")
    assert refusal(api_key=key) == (
        "Provider 'eu': api_key is missing: it must be the private key of a Vapi organisation, as the dashboard shows it"
    )


def test_all_wrong_values_are_in_one_sentence() -> None:
    assert refusal(api_key="the-key", region="mars", timeout=601).startswith(
        "Provider 'eu': region is 'mars': it must be us or eu; timeout is 601: it must be"
    )
