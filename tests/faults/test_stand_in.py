"""The stand-in behaves as a plain API, without which the tests against it would prove nothing."""

from __future__ import annotations

from pulumi_vapi_byo.api.client import Collection, VapiClient
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER

from .stand_in import API_KEY, StandIn


def test_a_number_lives_from_create_to_delete(stand_in: StandIn) -> None:
    settings = Settings(api_key=API_KEY, base_url=stand_in.base_url, region="us", max_retries=0)
    numbers = Collection(VapiClient(settings), PHONE_NUMBER)
    made = numbers.create({"number": "+14155552000", "credentialId": "c"})
    assert numbers.get(made.id) == made
    assert numbers.update(made.id, {"name": "Desk"}).name == "Desk"
    assert [entry["id"] for entry in numbers.list()] == [made.id]
    assert numbers.delete(made.id)
    assert numbers.get(made.id) is None
    assert stand_in.held() == numbers.list() == []
    assert stand_in.summary() == "DELETE 1, GET 4, PATCH 1, POST 1"
