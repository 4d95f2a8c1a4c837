"""Look up an account's numbers without owning them, while the program runs."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Awaitable, Mapping
from typing import Any, Final

import pulumi
from pulumi import Input, Output
from pulumi.runtime.mocks import MockCallArgs, MockMonitor

from pulumi_vapi_byo.config import Settings, read_settings
from pulumi_vapi_byo.errors import VapiError, shorten
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.wire import WIRE_NAMES, to_snake

from ._found import FoundPhoneNumber
from .arguments import explaining, to_wire, unknown_arguments

_FIELDS: Final = tuple(field.name for field in dataclasses.fields(FoundPhoneNumber))

#: Token with which a test's mocks are called instead of Vapi.
GET_PHONE_NUMBERS: Final = "vapi-byo:index:getPhoneNumbers"


@explaining
def get_phone_numbers(
    *,
    number: str | None = None,
    name: str | None = None,
    credential_id: str | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
    region: str | None = None,
) -> list[FoundPhoneNumber]:
    """Look up the BYO numbers of the account, whoever created them, without owning them.

    The account is read immediately, in every run of the program, including previews: so a preview needs the key, and numbers
    that the same program is about to create are not there yet. Every call lists the whole account: to look up many, call it
    once. If an argument is an output, use `get_phone_numbers_output`.

    Args:
        number: Only the number with exactly these digits, however they are written: spaces, brackets and the plus don't count.
        name: Only numbers with exactly this name.
        credential_id: Only numbers on this credential.
        api_key: Private key of an account other than the stack's. Default: ``vapi-byo:apiKey`` or ``VAPI_API_KEY``, with all
            other settings in ``vapi-byo:*``.
        base_url: Address of that other account's API.
        region: ``us`` or ``eu``: region of that other account.

    Returns:
        Numbers that match everything given, newest first; an empty list if there are none. Under Pulumi's mocks, what
        ``Mocks.call`` returns as ``numbers`` for the token ``vapi-byo:index:getPhoneNumbers``.

    Raises:
        pulumi.RunError: A filter is not a text, a setting is missing or invalid, or the account could not be read; one sentence
            that says what to do.
    """
    filters = {"number": number, "name": name, "credential_id": credential_id}
    return _look_up(filters, {"api_key": api_key, "base_url": base_url, "region": region})


@explaining
def get_phone_numbers_output(
    *,
    number: Input[str | None] = None,
    name: Input[str | None] = None,
    credential_id: Input[str | None] = None,
    api_key: Input[str | None] = None,
    base_url: Input[str | None] = None,
    region: Input[str | None] = None,
) -> Output[list[FoundPhoneNumber]]:
    """Look up numbers as `get_phone_numbers` does, once all arguments are known.

    Args:
        number: See `get_phone_numbers`; every argument may be an output of a resource.
        name: See `get_phone_numbers`.
        credential_id: See `get_phone_numbers`.
        api_key: See `get_phone_numbers`. A secret key does not make the result a secret.
        base_url: See `get_phone_numbers`.
        region: See `get_phone_numbers`.

    Returns:
        What `get_phone_numbers` returns. Unknown in a preview if an argument is unknown; secret if a filter is secret.
    """
    filters = {"number": number, "name": name, "credential_id": credential_id}
    account = Output.unsecret(Output.all(api_key=api_key, base_url=base_url, region=region))
    return Output.all(filters=Output.all(**filters), account=account).apply(lambda known: _look_up(**known))


def _look_up(filters: Mapping[str, Any], account: Mapping[str, Any]) -> list[FoundPhoneNumber]:
    if account["api_key"] is None and (account["base_url"] is not None or account["region"] is not None):
        raise pulumi.RunError(
            "cannot look up phone numbers: base_url and region are for another account, so its api_key is needed too"
        )
    given = _texts(filters)
    account = dict.fromkeys(account) | _texts(account)
    monitor = pulumi.runtime.settings.get_monitor()
    if isinstance(monitor, MockMonitor):
        return _mocked(monitor, given)
    # Imported on first use: most programs look nothing up, and start in half the time without HTTP.
    from pulumi_vapi_byo.core.lookup import look_up

    try:
        filters = {WIRE_NAMES[field]: value for field, value in given.items()}
        found = look_up(PHONE_NUMBER, _settings(**account), filters)
    except VapiError as error:
        raise pulumi.RunError(f"cannot look up phone numbers: {error}") from None
    return [FoundPhoneNumber(**{to_snake(name): value for name, value in one.items()}) for one in found]


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the arguments that are given, all of which must be texts."""
    texts = {}
    for argument, value in given.items():
        if isinstance(value, (Output, Awaitable)):
            raise pulumi.RunError(
                f"cannot look up phone numbers: {argument} is an output: use get_phone_numbers_output, which waits for it"
            )
        text = to_wire(value, f"cannot look up phone numbers: {argument}")
        if text is None:
            continue
        if not isinstance(text, str):
            shown = "" if argument == "api_key" else f"is {shorten(repr(text), 60)}: it "
            raise pulumi.RunError(f"cannot look up phone numbers: {argument} {shown}must be a text, in quotes")
        texts[argument] = text
    return texts


def _mocked(monitor: MockMonitor, given: Mapping[str, str]) -> list[FoundPhoneNumber]:
    answer: Any = monitor.mocks.call(
        MockCallArgs(GET_PHONE_NUMBERS, {WIRE_NAMES[field]: value for field, value in given.items()}, "")
    )
    values, failures = answer if isinstance(answer, tuple) else (answer, None)
    if failures:
        raise pulumi.RunError(f"cannot look up phone numbers: {'; '.join(reason for _, reason in failures)}")
    found = []
    for number in values.get("numbers", []):
        one = {to_snake(key): value for key, value in number.items()}
        unknown = sorted(set(one) - set(_FIELDS))
        if unknown:
            raise pulumi.RunError(
                unknown_arguments(f"a number that the mocks return for {GET_PHONE_NUMBERS}", unknown, _FIELDS)
            )
        found.append(FoundPhoneNumber(**{**dict.fromkeys(_FIELDS), **one}))
    return found


def _settings(api_key: str | None, base_url: str | None, region: str | None) -> Settings:
    stack = pulumi.Config("vapi-byo")
    other: dict[str, Any] = {"vapi-byo:apiKey": api_key, "vapi-byo:baseUrl": base_url, "vapi-byo:region": region}
    return read_settings(other.get if api_key is not None else lambda key: stack.get(key.removeprefix("vapi-byo:")), os.environ)
