"""The functions of the schema: they look up numbers that the program does not own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.errors import VapiError, as_written
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER

# Imported on first use: most programs look nothing up, and the plugin starts sooner without HTTP.


def _get_phone_numbers(arguments: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    from pulumi_vapi_byo.core.lookup import look_up

    return {"numbers": look_up(PHONE_NUMBER, settings, _texts(arguments, "number", "name", "credentialId"))}


def _get_phone_number(arguments: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    from pulumi_vapi_byo.core.lookup import look_up, look_up_one

    given = _texts(arguments, "id", "number")
    if len(given) != 1:
        raise VapiError("give either id or number")
    if "id" in given:
        return look_up_one(PHONE_NUMBER, settings, given["id"])
    found = look_up(PHONE_NUMBER, settings, given)
    if len(found) != 1:
        ids = f" ({', '.join(one['id'] for one in found)}); look one up by its id" if found else ""
        raise VapiError(f"the account has {len(found) or 'no'} number{'s'[: len(found)]} {given['number']!r}{ids}")
    return found[0]


#: The functions, by token.
FUNCTIONS: Final[Mapping[str, Callable[[Mapping[str, Any], Settings], dict[str, Any]]]] = {
    "vapi-byo:index:getPhoneNumber": _get_phone_number,
    "vapi-byo:index:getPhoneNumbers": _get_phone_numbers,
}


def _texts(arguments: Mapping[str, Any], *names: str) -> dict[str, str]:
    unknown = sorted(set(arguments) - set(names))
    if unknown:
        raise VapiError(f"there is no argument {', '.join(unknown)}: the arguments are {', '.join(names)}")
    given = {name: value for name, value in arguments.items() if value is not None}
    for name, value in given.items():
        if not isinstance(value, str):
            raise VapiError(f"{name} is {as_written(value)}: it must be a text, in quotes")
    return given
