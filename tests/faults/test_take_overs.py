"""After a lost answer, only exactly what was sent is taken over, and late work is reported."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from pulumi_vapi_byo.api.client import Collection, VapiClient
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.core.claims import Claims
from pulumi_vapi_byo.core.lifecycle import Lifecycle
from pulumi_vapi_byo.emulator import Emulator, Fault
from pulumi_vapi_byo.errors import LifecycleError
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER

CREDENTIAL = "11111111-1111-4111-8111-111111111111"
WITHOUT_DIGITS = {"credentialId": CREDENTIAL, "name": "x"}


def life(vapi: Emulator, *, sleep: Callable[[float], Any] = lambda _: None, **settings: Any) -> Lifecycle:
    given = Settings(api_key="a-whole-key", base_url=vapi.base_url, region="us", timeout_s=1, **settings)
    return Lifecycle(PHONE_NUMBER, Collection(VapiClient(given, sleep=sleep), PHONE_NUMBER), given, Claims(), sleep=sleep)


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Callable[..., Emulator]:
    def serve(**options: Any) -> Emulator:
        vapi = Emulator(api_key="a-whole-key", **options)
        vapi.__enter__()
        request.addfinalizer(lambda: vapi.__exit__(None, None, None))
        return vapi

    return serve


@pytest.mark.parametrize("on_existing", ["error", "adopt"])
def test_a_number_with_digits_is_no_match_for_a_number_declared_without(
    serve: Callable[..., Emulator], on_existing: str
) -> None:
    vapi = serve()
    other = vapi.add_number(number="+14155552000", **WITHOUT_DIGITS)
    id_, _ = life(vapi, on_existing=on_existing).create(WITHOUT_DIGITS)
    assert id_ != other["id"]
    assert len(vapi.numbers()) == 2


def test_a_new_number_with_more_fields_than_were_sent_is_not_taken_over(serve: Callable[..., Emulator]) -> None:
    vapi = serve()
    vapi.inject(Fault("status", "POST", status=500))
    others: list[str] = []

    def somebody_else(_: float) -> None:
        if not others:
            others.append(vapi.add_number(number="+14155552000", assistantId=CREDENTIAL, **WITHOUT_DIGITS)["id"])

    id_, _ = life(vapi, sleep=somebody_else).create(WITHOUT_DIGITS)
    assert id_ not in others
    assert len(vapi.numbers()) == 2


def test_a_second_number_created_by_late_work_is_reported(
    serve: Callable[..., Emulator], caplog: pytest.LogCaptureFixture
) -> None:
    vapi = serve(rules={"duplicate-number": "accepted"})
    vapi.inject(Fault("status", "POST", status=500))
    first = life(vapi)
    create = first._api.create

    def create_after_all(body: Any) -> Any:
        if any(request.method == "POST" for request in vapi.requests):  # the first POST's work is done only after all look-ups
            vapi.add_number(number="+14155552000", credentialId=CREDENTIAL)
        return create(body)

    first._api.create = create_after_all  # type: ignore[method-assign]
    with caplog.at_level(logging.WARNING):
        id_, _ = first.create({"credentialId": CREDENTIAL, "number": "+14155552000"})
    (twin,) = [number["id"] for number in vapi.numbers() if number["id"] != id_]
    (told,) = caplog.messages
    assert told == (
        f"BYO phone number '+14155552000' exists twice at Vapi on the same credential: id {id_}, which this program manages, and "
        f"id {twin}; delete the latter in the dashboard if nothing needs it"
    )


def test_an_answer_about_another_number_is_not_trusted(serve: Callable[..., Emulator]) -> None:
    vapi = serve()
    other = vapi.add_number(number="+14155552999", credentialId=CREDENTIAL)
    vapi.inject(
        Fault("body", "POST", body=json.dumps({**other, "id": "11111111-1111-4111-8111-11111111111f"}), status=201, times=None)
    )
    with pytest.raises(LifecycleError, match=r"names .*, created with a different number than requested"):
        # The emulator did the work, so a look-up would find the number if it were not removed.
        life(vapi, max_retries=0, sleep=lambda _: _remove(vapi, other["id"])).create(
            {"credentialId": CREDENTIAL, "number": "+14155552000"}
        )


def test_a_number_created_differently_than_sent_is_not_created_again(serve: Callable[..., Emulator]) -> None:
    vapi = serve()

    def filled_in(_: float) -> None:
        (number,) = vapi.numbers()
        vapi.edit_number(number["id"], name="An API's own")

    id_ = "11111111-1111-4111-8111-11111111111f"
    body = {"id": id_, "orgId": "org", "createdAt": "2026-01-01", "updatedAt": "2026-01-01", "provider": "byo-phone-number"}
    vapi.inject(Fault("body", "POST", body=json.dumps({**body, **WITHOUT_DIGITS, "number": "5"}), status=201, times=None))
    with pytest.raises(LifecycleError, match=f"names '?{id_}'?, created with a different number .* delete it or take it over"):
        life(vapi, max_retries=4, sleep=filled_in).create(WITHOUT_DIGITS)
    assert [request.method for request in vapi.requests].count("POST") == 1


def _remove(vapi: Emulator, keep: str) -> None:
    for number in vapi.numbers():
        if number["id"] != keep:
            vapi.delete_number(number["id"])
