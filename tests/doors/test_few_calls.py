"""Numbers are refreshed from one list of the account, unless the list fails or shows less than a direct GET."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from pulumi_vapi_byo.emulator import Emulator, Fault
from tests.unit.samples import CREDENTIAL_ID

from .conftest import Configure
from .host import Resource, plain

NUMBERS = 4
#: The list alone: without the wildcard, the path would match each number too.
LIST = "/phone-numbe?"


@pytest.fixture
def desks(configure: Configure, vapi: Emulator) -> list[Resource]:
    """Create numbers; somebody edits the third."""
    provider = configure(vapi)
    created = [
        provider.create(
            provider.check(
                {
                    "credentialId": CREDENTIAL_ID,
                    "number": f"+1415555{2000 + index}",
                    "name": f"Desk {index}",
                    "serverUrl": "https://example.com",
                }
            ).inputs
        )
        for index in range(NUMBERS)
    ]
    vapi.edit_number(created[2].id, name="Edited")
    vapi.clear_requests()
    return created


def refreshed(configure: Configure, vapi: Emulator, desks: list[Resource]) -> list[str]:
    """Refresh the numbers in a run of their own, and return their names."""
    provider = configure(vapi)
    return [plain(provider.read(desk.id, desk.outputs).outputs)["name"] for desk in desks]


def calls(vapi: Emulator) -> Counter[str]:
    return Counter("list" if (one.method, one.path) == ("GET", "/phone-number") else one.method for one in vapi.requests)


def test_a_refresh_is_one_read_and_one_list(configure: Configure, vapi: Emulator, desks: list[Resource]) -> None:
    assert refreshed(configure, vapi, desks) == ["Desk 0", "Desk 1", "Edited", "Desk 3"]
    assert calls(vapi) == {"GET": 1, "list": 1}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=400),
        Fault("status", status=500),
        Fault("html"),
        Fault("html", status=404),
        Fault("garbage"),
        Fault("cut_body"),
        Fault("drop_before"),
        Fault("redirect", location="/elsewhere"),
        Fault("body", body='{"message": "no list"}'),
        Fault("body", body="[]"),
        Fault("body", body='[{"id": 7}]'),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status or fault.body}".strip(),
)
def test_if_the_list_fails_every_number_is_read_directly(
    configure: Configure, vapi: Emulator, desks: list[Resource], fault: Fault
) -> None:
    vapi.inject(replace(fault, method="GET", path=LIST, times=None))
    assert refreshed(configure, vapi, desks) == ["Desk 0", "Desk 1", "Edited", "Desk 3"]
    assert calls(vapi) == {"GET": NUMBERS, "list": 1}


def test_a_list_that_shows_less_than_a_direct_get_is_not_trusted(
    configure: Configure, vapi: Emulator, desks: list[Resource]
) -> None:
    partial = [{key: value for key, value in number.items() if key != "serverUrl"} for number in vapi.numbers()]
    vapi.inject(Fault("body", method="GET", path=LIST, times=None, body=json.dumps(partial)))
    assert refreshed(configure, vapi, desks) == ["Desk 0", "Desk 1", "Edited", "Desk 3"]
    assert calls(vapi) == {"GET": NUMBERS, "list": 1}
