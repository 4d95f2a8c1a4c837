"""Wrong arguments of the typed classes and of providers: one sentence instead of Python's traceback."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import decimal
import enum
import inspect
import pathlib
import uuid
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

import pulumi_vapi_byo as vapi
from pulumi_vapi_byo.config import read_public_settings
from pulumi_vapi_byo.dynamic.arguments import to_wire
from pulumi_vapi_byo.errors import ConfigError

# Wrong on purpose, so hidden from the type checker.
UNTYPED: Any = vapi
NUMBER_ARGUMENTS = ", ".join(field.name for field in dataclasses.fields(vapi.ByoPhoneNumberArgs))
SERVER_ARGUMENTS = ", ".join(field.name for field in dataclasses.fields(vapi.ServerArgs))
UNTYPED_HEADERS: Any = {"x": object()}
CLASSES = [cls for name, cls in vars(vapi).items() if name.endswith("Args")]


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(pulumi.RunError) as raised:
        act()
    # Python also prints an error's cause.
    assert raised.value.__context__ is None or raised.value.__suppress_context__
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
            lambda: UNTYPED.ServerArgs(url="https://example.com", Url="https://example.com"),
            f"ServerArgs has no argument Url: its arguments are {SERVER_ARGUMENTS}",
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
            "Provider 'eu' needs api_key",
        ),
        (
            lambda: UNTYPED.Provider("eu", api_key="k", regoin="eu"),
            (
                "Provider 'eu' has no argument regoin: its arguments are api_key, base_url, region, timeout, max_retries, "
                "requests_per_second, on_existing, on_conflict, on_omitted, on_unknown, number_check; did you mean region?"
            ),
        ),
        (lambda: UNTYPED.Provider("eu", None, "canary"), "Provider 'eu' takes its arguments by name, such as api_key=..."),
    ],
)
def test_wrong_arguments_of_a_provider_are_refused_in_a_sentence(act: Callable[[], object], sentence: str) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        act()
    assert str(raised.value) == sentence


class Trunk(enum.Enum):
    MAIN = "c1"
    TIMEOUT = 5


NAMELESS = "needs a logical name, which is unique in the stack, as its first argument"


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (
            lambda: UNTYPED.ByoPhoneNumber(number="+14155552671"),
            f"ByoPhoneNumber {NAMELESS}: ByoPhoneNumber('desk', credential_id=...)",
        ),
        (
            lambda: UNTYPED.ByoPhoneNumber("", number="+14155552671"),
            f"ByoPhoneNumber {NAMELESS}: ByoPhoneNumber('desk', credential_id=...)",
        ),
        (
            lambda: UNTYPED.ByoPhoneNumber(UNTYPED.ByoPhoneNumberArgs(credential_id="c")),
            f"ByoPhoneNumber {NAMELESS}, not a ByoPhoneNumberArgs: ByoPhoneNumber('desk', credential_id=...)",
        ),
        (
            lambda: UNTYPED.ByoSipTrunkCredential(gateways=[]),
            f"ByoSipTrunkCredential {NAMELESS}: ByoSipTrunkCredential('desk', gateways=...)",
        ),
        (lambda: UNTYPED.ByoPhoneNumberPool(rows=[]), f"ByoPhoneNumberPool {NAMELESS}: ByoPhoneNumberPool('desk', rows=...)"),
        (lambda: UNTYPED.Provider(api_key="k"), f"Provider {NAMELESS}: Provider('desk', api_key=...)"),
        (lambda: UNTYPED.ByoPhoneNumber.get(), f"ByoPhoneNumber.get {NAMELESS}: ByoPhoneNumber.get('desk', id=...)"),
        (lambda: UNTYPED.ByoPhoneNumber.get("shared"), "ByoPhoneNumber.get 'shared' needs id"),
        (
            lambda: UNTYPED.ByoPhoneNumber.get("shared", None),
            "ByoPhoneNumber.get 'shared' needs the id that Vapi has given it, and it is None",
        ),
        (
            lambda: UNTYPED.ByoPhoneNumber.get("shared", ident="x"),
            "ByoPhoneNumber.get 'shared' has no argument ident: its arguments are id",
        ),
        (
            lambda: UNTYPED.ByoPhoneNumber("desk", None, None, "c"),
            "ByoPhoneNumber 'desk' takes its arguments by name, such as credential_id=...",
        ),
        (
            lambda: UNTYPED.ByoPhoneNumber("desk", credential_id="c", protect=True),
            (
                f"ByoPhoneNumber 'desk' has no argument protect: its arguments are {NUMBER_ARGUMENTS}; "
                "protect goes into opts=pulumi.ResourceOptions(protect=...)"
            ),
        ),
        (
            lambda: UNTYPED.ByoPhoneNumber("desk", credential_id="c", provider="byo-phone-number", id="x", createdAt="x"),
            (
                "ByoPhoneNumber 'desk': createdAt is set by Vapi: leave it out; id is set by Vapi: leave it out; "
                "provider is always 'byo-phone-number' here: leave it out"
            ),
        ),
        (
            lambda: UNTYPED.ByoSipTrunkCredential("desk", provider="byo-sip-trunk"),
            "ByoSipTrunkCredential 'desk': provider is always 'byo-sip-trunk' here: leave it out",
        ),
        (
            lambda: UNTYPED.ByoPhoneNumberPool("desks", csv="numbers.csv"),
            "ByoPhoneNumberPool 'desks' has no argument csv: its arguments are rows, csv_file, config_key, defaults; did you mean csv_file?",
        ),
        (
            lambda: UNTYPED.ByoPhoneNumberPool("desks", [], None, "x"),
            "ByoPhoneNumberPool 'desks' takes its arguments by name, such as csv_file=...",
        ),
        (
            lambda: UNTYPED.ByoPhoneNumberPool("desks", [], rows=[]),
            "ByoPhoneNumberPool 'desks' is given rows twice, by place and by name: leave one out",
        ),
    ],
)
def test_wrong_calls_of_a_constructor_are_refused_in_a_sentence(act: Callable[[], object], sentence: str) -> None:
    assert refusal(act) == sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"server_url": pathlib.Path("/x")}, "server_url is a PosixPath: write a text: str(...) of it"),
        ({"name": datetime.date(2026, 1, 2)}, "name is a date: write a text, such as its isoformat()"),
        ({"name": b"desk"}, "name is a bytes: write a text: its decode()"),
        ({"hooks": {"a"}}, "hooks is a set: write a list: sorted(...) or list(...) of it"),
        (
            {"server": {"timeout_seconds": decimal.Decimal(5)}},
            "server.timeout_seconds is a Decimal: write a number: int(...) or float(...) of it",
        ),
        (
            {"server": vapi.ServerArgs(headers=UNTYPED_HEADERS)},
            "server.headers.x is an object: write a text, a number, True, False, a list or a dict",
        ),
        (
            {"hooks": [{"do": [{"destination": {"sipHeaders": {7: "x"}}}]}]},
            "hooks[0].do[0].destination.sipHeaders has an int as a key: keys are texts, in quotes",
        ),
        (
            {"server": {"backoffPlan": datetime.timedelta(1)}},
            "server.backoffPlan is a timedelta: write a number of seconds: its total_seconds()",
        ),
    ],
)
def test_a_value_that_pulumi_cannot_keep_is_named_by_its_path_and_type(arguments: dict[str, Any], sentence: str) -> None:
    assert refusal(lambda: vapi.ByoPhoneNumber("desk", credential_id="c", **arguments)) == f"ByoPhoneNumber 'desk': {sentence}"


def test_a_value_with_only_one_possible_meaning_is_accepted() -> None:
    id_ = uuid.UUID("7d1a9a0e-52c3-4b0e-8f6d-6a1f0f3f0c55")
    assert to_wire(
        {"credential_id": Trunk.MAIN, "assistant_id": id_, "server": {"timeout_seconds": Trunk.TIMEOUT}, "hooks": ("a",)}
    ) == {
        "credentialId": "c1",
        "assistantId": str(id_),
        "server": {"timeoutSeconds": 5},
        "hooks": ["a"],
    }


@pytest.mark.parametrize(
    ("resource", "args_type"),
    [(vapi.ByoPhoneNumber, vapi.ByoPhoneNumberArgs), (vapi.ByoSipTrunkCredential, vapi.ByoSipTrunkCredentialArgs)],
)
def test_help_shows_the_arguments_of_a_resource_and_what_they_mean(resource: type, args_type: type) -> None:
    names = [field.name for field in dataclasses.fields(args_type)]
    assert list(inspect.signature(resource).parameters) == ["resource_name", "args", "opts", *names]
    text = inspect.getdoc(vars(resource)["__init__"]) or ""
    assert all(f"\n    {name}: " in text for name in names)
    assert "*more" not in text
    assert "**keywords" not in text


@pytest.mark.parametrize("function", [vapi.ByoPhoneNumberPool, vapi.Provider, vapi.ByoPhoneNumber.get])
def test_help_shows_the_arguments_of_functions_too(function: Callable[..., object]) -> None:
    assert not {"positional", "keywords"} & set(inspect.signature(function).parameters)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("vapi-byo:timeout", 700.0, "vapi-byo:timeout is 700: "),
        ("vapi-byo:timeout", 700.5, "vapi-byo:timeout is 700.5: "),
        ("vapi-byo:maxRetries", 99.0, "vapi-byo:maxRetries (or VAPI_MAX_RETRIES) is '99': "),
    ],
)
def test_an_error_shows_a_provider_s_number_as_it_was_written(key: str, value: float, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_public_settings({key: value}.get, {})
    assert str(raised.value).startswith(said)
