"""Looking numbers up while the program runs, against the emulator."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks
from pulumi.runtime.stack import wait_for_rpcs

import pulumi_vapi_byo as vapi
from pulumi_vapi_byo.emulator import Emulator, Fault

from .samples import ASSISTANT_ID, CREDENTIAL_ID

KEY = "canary-key-0b71"
OTHER_CREDENTIAL = "2d1f3a9e-6b4c-4e1f-8a8d-4a7b3c0d5e21"


@pytest.fixture
def account() -> Iterator[Emulator]:
    with Emulator(api_key=KEY) as emulator:
        yield emulator


@pytest.fixture
def configure() -> Iterator[Callable[..., None]]:
    """Set the stack's ``vapi-byo:*`` configuration."""
    yield lambda **settings: pulumi.runtime.set_all_config({f"vapi-byo:{key}": value for key, value in settings.items()})
    pulumi.runtime.set_all_config({})


@pytest.fixture
def desks(account: Emulator, configure: Callable[..., None]) -> list[dict[str, Any]]:
    configure(apiKey=KEY, baseUrl=account.base_url, maxRetries="0")
    return [
        account.add_number(credentialId=CREDENTIAL_ID, number="+14155550100", name="Desk", assistantId=ASSISTANT_ID),
        account.add_number(credentialId=CREDENTIAL_ID, number="+14155550101", name="Desk"),
        account.add_number(credentialId=OTHER_CREDENTIAL, number="+442079460000", name="desk"),
        account.add_number(
            credentialId=OTHER_CREDENTIAL,
            server={"url": "https://example.com/vapi", "headers": {"x-vapi-secret": "canary-header"}},
        ),
    ]


def numbers(**filters: Any) -> list[str | None]:
    return [found.number for found in vapi.get_phone_numbers(**filters)]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [None, "+442079460000", "+14155550101", "+14155550100"]),
        ({"number": "+14155550101"}, ["+14155550101"]),
        ({"number": "+1415555010"}, []),
        ({"number": "+1 (415) 555-01.01"}, ["+14155550101"]),
        ({"credential_id": uuid.UUID(OTHER_CREDENTIAL), "number": "+44 20 7946 0000"}, ["+442079460000"]),
        ({"name": "Desk"}, ["+14155550101", "+14155550100"]),
        ({"credential_id": OTHER_CREDENTIAL}, [None, "+442079460000"]),
        ({"credential_id": OTHER_CREDENTIAL, "name": "desk"}, ["+442079460000"]),
        ({"credential_id": OTHER_CREDENTIAL, "name": "Desk"}, []),
    ],
)
@pytest.mark.usefixtures("desks")
def test_only_exact_matches_are_found_newest_first(filters: dict[str, str], expected: list[str | None]) -> None:
    assert numbers(**filters) == expected


def test_a_result_is_what_vapi_holds_and_is_read_only(desks: list[dict[str, Any]]) -> None:
    [found] = vapi.get_phone_numbers(number="+14155550100")
    assert {name: value for name, value in dataclasses.asdict(found).items() if value is not None} == {
        "id": desks[0]["id"],
        "org_id": desks[0]["orgId"],
        "created_at": desks[0]["createdAt"],
        "updated_at": desks[0]["updatedAt"],
        "credential_id": CREDENTIAL_ID,
        "number": "+14155550100",
        "name": "Desk",
        "assistant_id": ASSISTANT_ID,
        "status": "active",
        "sip_uri": f"+14155550100@{CREDENTIAL_ID}.sip.vapi.ai",
    }
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.name = "Another"  # type: ignore[misc]


@pytest.mark.usefixtures("desks")
def test_no_result_holds_a_secret() -> None:
    [found, *_] = vapi.get_phone_numbers()
    assert found.server_url == "https://example.com/vapi"
    assert "canary" not in repr(found)


@pytest.mark.usefixtures("desks")
def test_looking_up_only_reads(account: Emulator) -> None:
    vapi.get_phone_numbers()
    assert [(request.method, request.path) for request in account.requests] == [("GET", "/phone-number")]


@pytest.mark.usefixtures("desks")
def test_another_account_is_read_with_its_own_key_and_none_of_the_stack_s_settings() -> None:
    with Emulator(api_key="another-key") as other:
        other.add_number(credentialId=CREDENTIAL_ID, number="+442079460500")
        [found] = vapi.get_phone_numbers(api_key="another-key", base_url=other.base_url, region="eu")
    assert found.sip_uri == f"+442079460500@{CREDENTIAL_ID}.sip.eu.vapi.ai"


def test_the_environment_is_used_if_the_stack_sets_nothing(account: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAPI_API_KEY", KEY)
    monkeypatch.setenv("VAPI_BASE_URL", account.base_url)
    assert numbers() == []


def refusal(**arguments: Any) -> str:
    with pytest.raises(pulumi.RunError) as raised:
        vapi.get_phone_numbers(**arguments)
    return str(raised.value)


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"name": 5}, "name is 5: it must be a text, in quotes"),
        ({"number": 14155550100}, "number is 14155550100: it must be a text, in quotes"),
        ({"credential_id": False}, "credential_id is False: it must be a text, in quotes"),
        ({"name": b"Desk"}, "name is a bytes: write a text: its decode()"),
        ({"api_key": 5150}, "api_key must be a text, in quotes"),
    ],
)
@pytest.mark.usefixtures("desks")
def test_a_filter_that_is_not_text_is_refused_before_anything_is_read(
    account: Emulator, filters: dict[str, Any], sentence: str
) -> None:
    assert refusal(**filters) == f"cannot look up phone numbers: {sentence}"
    assert account.requests == []


def test_a_filter_cannot_be_an_output() -> None:
    # Not a real output, which would wait for its event loop.
    assert refusal(credential_id=object.__new__(pulumi.Output)) == (
        "cannot look up phone numbers: credential_id is an output: use get_phone_numbers_output, which waits for it"
    )


@pytest.mark.parametrize(
    ("positional", "keywords", "sentence"),
    [
        (["+14155550100"], {}, "get_phone_numbers takes its arguments by name, such as number=..."),
        (
            [],
            {"nubmer": "+14155550100"},
            (
                "get_phone_numbers has no argument nubmer: its arguments are number, name, credential_id, api_key, base_url, region; "
                "did you mean number?"
            ),
        ),
    ],
)
def test_a_wrong_call_is_refused_in_a_sentence(positional: list[str], keywords: dict[str, str], sentence: str) -> None:
    look_up: Any = vapi.get_phone_numbers
    with pytest.raises(pulumi.RunError) as raised:
        look_up(*positional, **keywords)
    assert str(raised.value) == sentence


class Answers(mocks.Mocks):
    """Answers every call with the same result, and keeps the calls."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.calls: list[tuple[str, Any]] = []

    def call(self, args: mocks.MockCallArgs) -> Any:
        self.calls.append((args.token, args.args))
        return self.answer

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return args.name, args.inputs


def mocked(answer: Any, program: Callable[[], Any]) -> tuple[Any, list[tuple[str, Any]]]:
    """Run a program under mocks; return its result (the value, if it is an output) and the calls."""

    def run() -> tuple[Any, list[tuple[str, Any]]]:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        answers = Answers(answer)
        try:
            mocks.set_mocks(answers)
            try:
                value = program()
            finally:
                loop.run_until_complete(wait_for_rpcs())  # the stack's own, even if the program fails
            return (loop.run_until_complete(value.future()) if isinstance(value, pulumi.Output) else value), answers.calls
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    return contextvars.copy_context().run(run)


MOCKED = {"numbers": [{"id": "n1", "credentialId": "c1", "number": "+14155550100"}, {"id": "n2", "sip_uri": "x"}]}


@pytest.mark.parametrize("answer", [MOCKED, (MOCKED, None)])
def test_pulumi_s_mocks_answer_in_place_of_vapi(answer: Any) -> None:
    found, calls = mocked(answer, lambda: vapi.get_phone_numbers(credential_id="c1", api_key="canary"))
    assert [(one.id, one.credential_id, one.number, one.name, one.sip_uri) for one in found] == [
        ("n1", "c1", "+14155550100", None, None),
        ("n2", None, None, None, "x"),
    ]
    assert calls == [("vapi-byo:index:getPhoneNumbers", {"credentialId": "c1"})]


def test_mocks_without_an_answer_have_no_numbers_and_failures_are_a_sentence() -> None:
    assert mocked({}, vapi.get_phone_numbers)[0] == []
    with pytest.raises(pulumi.RunError, match=r"^cannot look up phone numbers: no key$"):
        mocked(({}, [("apiKey", "no key")]), vapi.get_phone_numbers)
    with pytest.raises(pulumi.RunError, match=r"has no argument nubmer: its arguments are id, org_id, .*; did you mean number"):
        mocked({"numbers": [{"nubmer": "+14155550100"}]}, vapi.get_phone_numbers)


@pytest.mark.parametrize(
    ("arguments", "secret"),
    [({"credential_id": "c1", "api_key": "canary"}, "api_key"), ({"credential_id": "c1"}, "credential_id")],
)
def test_outputs_are_awaited_and_only_a_secret_filter_makes_the_result_secret(arguments: dict[str, str], secret: str) -> None:
    def program() -> pulumi.Output[Any]:
        given: dict[str, Any] = {
            name: pulumi.Output.secret(value) if name == secret else pulumi.Output.from_input(value)
            for name, value in arguments.items()
        }
        found = vapi.get_phone_numbers_output(**given)
        secrecy: Any = found.is_secret()
        return pulumi.Output.all(pulumi.Output.unsecret(found), secrecy)

    (found, is_secret), calls = mocked(MOCKED, program)
    assert [one.id for one in found] == ["n1", "n2"]
    assert is_secret == (secret == "credential_id")
    assert calls == [("vapi-byo:index:getPhoneNumbers", {"credentialId": "c1"})]


def test_a_missing_key_is_one_sentence() -> None:
    assert refusal() == (
        "cannot look up phone numbers: no API key: set the private key of your Vapi organisation with "
        "pulumi config set --secret vapi-byo:apiKey, or in the environment variable VAPI_API_KEY"
    )


def test_a_refused_key_is_one_sentence_without_the_key(account: Emulator, configure: Callable[..., None]) -> None:
    configure(apiKey="canary-wrong", baseUrl=account.base_url)
    sentence = refusal()
    assert sentence.startswith("cannot look up phone numbers: Vapi answered 401")
    assert sentence.endswith(
        "check vapi-byo:apiKey and vapi-byo:region: the key must be the private key of the organisation, in its region"
    )
    assert "canary" not in sentence


@pytest.mark.usefixtures("desks")
def test_a_failing_api_is_one_sentence_and_not_an_empty_list(account: Emulator) -> None:
    account.inject(Fault("status", "GET", "/phone-number", status=503))
    assert refusal().startswith("cannot look up phone numbers: Vapi answered 503")


@pytest.mark.parametrize("argument", ["base_url", "region"])
def test_an_address_or_region_without_its_own_key_is_refused(argument: str) -> None:
    assert refusal(**{argument: "eu"}) == (
        "cannot look up phone numbers: base_url and region are for another account, so its api_key is needed too"
    )
