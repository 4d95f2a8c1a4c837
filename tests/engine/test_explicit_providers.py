"""Explicit providers on the real engine: two accounts in one program, each with its own key."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pulumi_vapi_byo.emulator import Emulator

from .project import API_KEY, Project

pytestmark = pytest.mark.engine

EU_KEY = "canary-eu-key-5b20aa"
NEW_EU_KEY = "canary-eu-key-c3f19d"
CREDENTIAL = "1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10"
ASSISTANT = "6a1b3f0c-7d2e-4a57-8f9b-0c1d2e3f4a5b"

PROGRAM = """
    eu = vapi.Provider("eu", api_key={key!r}, base_url={address!r}, region="eu", timeout=20, max_retries=1)


    class Desk(pulumi.ComponentResource):
        def __init__(self, name, number, opts=None):
            super().__init__("test:index:Desk", name, None, opts)
            self.number = declare(name + "-desk", number, pulumi.ResourceOptions(parent=self))


    def declare(name, number, opts=None):
        return vapi.ByoPhoneNumber(
            name, number=number, credential_id={credential!r}, assistant_id={assistant!r}, name={label!r}, opts=opts
        )


    declare("home", "+14155550101")
    away = declare("away", "+442079460001", ResourceOptions(provider=eu))
    inside = Desk("inside", "+442079460002", ResourceOptions(providers=[eu]))
    pulumi.export("sip_uris", [away.sip_uri, inside.number.sip_uri])
"""


def program(address: str, label: str = "Desk", key: str = EU_KEY) -> str:
    return PROGRAM.format(key=key, address=address, label=label, credential=CREDENTIAL, assistant=ASSISTANT)


def digits(vapi: Emulator) -> list[str]:
    return sorted(number["number"] for number in vapi.numbers())


def answers(vapi: Emulator) -> set[int | None]:
    return {request.status for request in vapi.requests}


def test_two_accounts_in_one_program_have_their_own_numbers_from_up_to_destroy_and_show_no_key(
    project: Project, serve: Callable[..., Emulator]
) -> None:
    home = project.vapi
    eu = serve(api_key=EU_KEY)
    project.program(program(eu.base_url))
    assert project.preview().changes == {"create": 3}
    assert project.up().changes == {"create": 3}
    assert digits(home) == ["+14155550101"]
    assert digits(eu) == ["+442079460001", "+442079460002"]
    assert project.outputs["sip_uris"] == [f"+44207946000{last}@{CREDENTIAL}.sip.eu.vapi.ai" for last in (1, 2)]
    assert project.preview(expect_no_changes=True).changes == {"same": 3}
    [provider] = [one for one in project.resources("pulumi:providers:pulumi-python") if one["urn"].endswith("::eu")]
    assert "ciphertext" in provider["inputs"]["vapi-byo:apiKey"]
    assert "ciphertext" in provider["outputs"]["vapi-byo:apiKey"]

    project.program(program(eu.base_url, "Front desk"))
    assert project.up().changes == {"update": 3}

    [away] = [number for number in eu.numbers() if number["number"] == "+442079460001"]
    eu.edit_number(away["id"], name="Edited elsewhere")
    project.refresh()
    assert project.up().changes == {"same": 2, "update": 1}
    assert {number["name"] for number in [*home.numbers(), *eu.numbers()]} == {"Front desk"}

    assert not project.destroy().failed
    assert digits(home) == digits(eu) == []
    assert answers(home) | answers(eu) <= {200, 201}, "a request went to the account of another key"
    assert EU_KEY not in project.said
    assert API_KEY not in project.said


def test_a_changed_key_changes_no_number_and_is_used_from_then_on(project: Project, serve: Callable[..., Emulator]) -> None:
    eu = serve(api_key=EU_KEY)
    project.program(program(eu.base_url))
    project.up()
    before = eu.numbers()
    rotated = serve(api_key=NEW_EU_KEY)
    for number in before:
        rotated.add_number(**{field: number[field] for field in ("number", "credentialId", "assistantId", "name")})
    project.program(program(eu.base_url, key=NEW_EU_KEY))
    eu.clear_requests()
    assert project.up().changes == {"same": 3}
    assert eu.numbers() == before
    assert eu.requests == []


def test_a_wrong_output_is_found_at_preview_in_one_sentence(project: Project) -> None:
    project.program(
        f"""
        mars = vapi.Provider("mars", api_key="k", region=Output.from_input("mars"))
        vapi.ByoPhoneNumber("desk", credential_id={CREDENTIAL!r}, number="+14155550101", opts=ResourceOptions(provider=mars))
        """
    )
    [error, *_] = project.preview().errors
    assert "region of the provider 'mars' is 'mars': set it to us or eu with region='us'" in error


def test_a_wrong_value_is_found_at_preview_without_a_traceback(project: Project) -> None:
    project.program('vapi.Provider("mars", api_key="k", region="mars")')
    run = project.preview()
    assert run.failed
    assert "error: Provider 'mars': region is 'mars': it must be us or eu" in run.said
