"""Numbers created without the provider, taken over by the real engine: no write, no secret in clear, no change afterwards."""

from __future__ import annotations

import copy
import json
import stat
from collections.abc import Mapping
from typing import Any

import pytest

from pulumi_vapi_byo import BYO_PHONE_NUMBER_TYPE, BYO_SIP_TRUNK_CREDENTIAL_TYPE
from pulumi_vapi_byo.emulator import Emulator
from tests.engine.project import API_KEY, STACK, Project
from tests.unit.samples import ASSISTANT_ID, EVERYTHING, SQUAD_ID, WORKFLOW_ID

from .conftest import Run

pytestmark = pytest.mark.engine

CANARY = "canary-secret-"

#: Every kind of number, in the API's names.
NUMBERS: tuple[Mapping[str, Any], ...] = (
    {"number": "+14155552671", "name": "Support line", "assistantId": ASSISTANT_ID},
    {"number": "+14155552672", "squadId": SQUAD_ID},
    {"number": "+14155552673", "workflowId": WORKFLOW_ID},
    {
        "number": "+14155552674",
        "server": {
            "url": "https://example.com/vapi?token=canary-secret-5",
            "timeoutSeconds": 25,
            "headers": {"x-vapi-secret": CANARY + "1", "X-Team": CANARY + "2"},
            "backoffPlan": {"type": "fixed", "maxRetries": 3, "baseDelaySeconds": 1.5},
        },
    },
    # The same secret in the same header as in another number.
    {"number": "+14155552675", "server": {"url": "https://example.com/other", "headers": {"x-vapi-secret": CANARY + "1"}}},
    {"number": "+14155552676", "serverUrl": "https://example.com/old", "serverUrlSecret": CANARY + "3"},
    {
        "number": "+14155552677",
        "fallbackDestination": {
            "type": "number",
            "number": "+442079460018",
            "extension": "12",
            "message": 'One "moment", it\'s `near` | done',
            "transferPlan": {"mode": "warm-transfer-say-message", "message": "A call", "timeout": 30},
        },
    },
    {
        "number": "+14155552678",
        "fallbackDestination": {"type": "sip", "sipUri": "sip:desk@example.com", "sipHeaders": {"X-Token": CANARY + "4"}},
    },
    {"name": "No digits \N{TELEPHONE RECEIVER} | `yet`", "hooks": EVERYTHING["hooks"]},
    {"number": "1001a", "numberE164CheckEnabled": False, "name": 'Front "desk"', "assistantId": ASSISTANT_ID},
)


@pytest.fixture
def account(vapi: Emulator) -> list[dict[str, Any]]:
    trunk = vapi.add_credential(name="My carrier", outboundAuthenticationPlan={"authUsername": "u", "authPassword": "p"})["id"]
    numbers = [vapi.add_number(credentialId=trunk, **copy.deepcopy(dict(number))) for number in NUMBERS]
    vapi.clear_requests()
    return numbers


def assert_nothing_was_written(vapi: Emulator, account: list[dict[str, Any]]) -> None:
    assert {request.method for request in vapi.requests} == {"GET"}
    assert sorted(vapi.numbers(), key=lambda number: number["id"]) == sorted(account, key=lambda number: number["id"])


def plain_state(project: Project) -> dict[str, Any]:
    """Return inputs and outputs by id, with secrets in clear."""
    resources = json.loads(project.cli("stack", "export", "--show-secrets"))["deployment"]["resources"]
    return {
        resource["id"]: in_clear([{**resource["inputs"], "__importId": None}, resource["outputs"]])
        for resource in resources
        if resource["type"] == BYO_PHONE_NUMBER_TYPE
    }


def in_clear(value: Any) -> Any:
    if isinstance(value, list):
        return [in_clear(part) for part in value]
    if not isinstance(value, dict):
        return value
    # The engine marks a whole list that contains a secret, around the mark of the secret itself.
    return (
        in_clear(json.loads(value["plaintext"]))
        if "plaintext" in value
        else {key: in_clear(part) for key, part in value.items()}
    )


def managed_trunks(project: Project) -> list[str]:
    return [trunk["id"] for trunk in project.resources(BYO_SIP_TRUNK_CREDENTIAL_TYPE)]


@pytest.mark.parametrize("mode", ["options", "file"])
def test_ten_numbers_and_their_trunk_are_taken_over_without_a_write_and_the_next_preview_shows_no_change(
    project: Project, run_in_project: Run, vapi: Emulator, account: list[dict[str, Any]], mode: str
) -> None:
    ran = run_in_project("import", "--all", "--mode", mode, "--set-secrets", "--force")
    assert ran.status == 0, ran.err
    program = (project.folder / "__main__.py").read_text()
    assert CANARY not in program + ran.out + ran.err
    assert ("import_=" in program) == (mode == "options")
    assert program.count("credential_id=trunk_my_carrier.id,") == 10
    assert "note: BYO SIP trunk 'My carrier': Vapi never returns a password" in ran.out

    if mode == "options":
        assert "  pulumi up\n" in ran.out
        run = project.up()
        assert not run.failed, run.said
        assert run.changes == {"create": 10}
    else:
        command = "import --file vapi-import.json --generate-code=false --protect=false"
        assert f"  pulumi {command}\n" in ran.out
        assert stat.S_IMODE((project.folder / "vapi-import.json").stat().st_mode) == 0o600
        project.cli(*command.split(), "--yes")
        (project.folder / "vapi-import.json").unlink()

    assert {resource["id"] for resource in project.resources()} == {number["id"] for number in account}
    assert managed_trunks(project) == [credential["id"] for credential in vapi.credentials()]
    assert CANARY not in project.state()
    preview = project.preview(expect_no_changes=True)
    assert not preview.failed, preview.said
    refresh = project.refresh(expect_no_changes=True)
    assert not refresh.failed, refresh.said
    assert_nothing_was_written(vapi, account)

    if mode == "options":
        (project.folder / "__main__.py").write_text(
            "\n".join(line for line in program.splitlines() if "import_=" not in line) + "\n"
        )
        preview = project.preview(expect_no_changes=True)
        assert not preview.failed, preview.said
    run = project.up()
    assert run.changes == {"same": 10}, run.said
    assert CANARY not in project.said + project.state()
    assert_nothing_was_written(vapi, account)


def test_a_program_can_be_written_first_and_its_secrets_set_later(
    project: Project, run_in_project: Run, vapi: Emulator, account: list[dict[str, Any]]
) -> None:
    (project.folder / "__main__.py").unlink()
    assert run_in_project("import", "--all").status == 0
    ran = run_in_project("import", "--all", "--set-secrets")
    assert (ran.status, ran.err) == (0, "")
    assert not project.up().failed
    assert not project.preview(expect_no_changes=True).failed
    assert_nothing_was_written(vapi, account)


def test_numbers_that_the_stack_manages_are_marked_and_left_out_unless_requested(
    project: Project, run_in_project: Run, vapi: Emulator, account: list[dict[str, Any]]
) -> None:
    chosen = ("--number", "+14155552674", "--trunk", "My *")
    assert run_in_project("import", *chosen, "--set-secrets", "--force").status == 0
    assert not project.up().failed

    listed = json.loads(run_in_project("import", "--json").out)
    managed = {one["id"]: one["inStackAs"] for kind in listed.values() for one in kind if one["inStackAs"]}
    by_digits = {number.get("number"): number["id"] for number in account}
    [trunk] = vapi.credentials()
    assert managed == {by_digits["+14155552674"]: "number-14155552674", trunk["id"]: "trunk-my-carrier"}
    assert "in the stack" in run_in_project("import").out

    ran = run_in_project("import", "--all", "--exclude", "+14155552676", "--exclude", "+14155552678", "--out", "more.py")
    assert "Wrote more.py: 7 numbers, nothing sent to Vapi.\n" in ran.out
    assert "note: 2 already managed by the stack were left out; include them with --again\n" in ran.out
    more = (project.folder / "more.py").read_text()
    assert by_digits["+14155552674"] not in more
    # Its secret now belongs first to another number, so it has another key.
    assert "  pulumi config set --secret number-14155552675-x-vapi-secret\n" in ran.out

    ran = run_in_project("import", *chosen, "--again", "--out", "again.py")
    assert "Wrote again.py: 1 number, 1 trunk, nothing sent to Vapi.\n" in ran.out
    assert "config set" not in ran.out
    ran = run_in_project("import", *chosen, "--out", "none.py")
    sentence = "nothing is left to take over: 2 already managed by the stack were left out; include them with --again"
    assert (ran.status, ran.err) == (1, f"error: {sentence}\n")
    assert_nothing_was_written(vapi, account)


def test_a_program_written_by_the_user_is_kept_and_no_secret_is_set(
    project: Project, run_in_project: Run, account: list[dict[str, Any]]
) -> None:
    (project.folder / "__main__.py").write_text("mine")
    before = project.cli("config", "--json")
    ran = run_in_project("import", "--all", "--set-secrets")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: __main__.py exists and was not overwritten")
    assert (project.folder / "__main__.py").read_text() == "mine"
    assert project.cli("config", "--json") == before


def test_doctor_reports_a_misspelt_setting_before_its_consequences(project: Project, run_in_project: Run) -> None:
    project.configure("vapi-byo:onConflit", "overwrite")
    ran = run_in_project("doctor")
    assert (ran.status, ran.err) == (1, "")
    assert (
        "wrong Configuration: vapi-byo:onConflit is not a setting and has no effect: set vapi-byo:onConflict, if that is what "
        "you mean, and remove this key with pulumi config rm vapi-byo:onConflit\nok    Settings: "
    ) in ran.out


def test_doctor_reports_a_key_replaced_since_the_last_update_until_the_next_update(
    project: Project, run_in_project: Run
) -> None:
    project.program('vapi.ByoPhoneNumber("n", **DESK)')
    assert not project.up().failed
    assert "ok    State: has the stack's settings\n" in run_in_project("doctor").out
    project.cli("config", "set", "--secret", "vapi-byo:apiKey", CANARY)
    project.configure("vapi-byo:timeout", "20")
    ran = run_in_project("doctor")
    assert ran.status == 1
    assert (
        "wrong State: the settings in the state, from the last pulumi up, differ from the stack's: vapi-byo:apiKey, vapi-byo:timeout "
        "(unset in the state, '20' in the stack); refresh, preview --refresh and destroy use those in the state, so run pulumi up "
        "before them, or add --run-program\n"
    ) in ran.out
    project.cli("config", "set", "--secret", "vapi-byo:apiKey", API_KEY)
    assert not project.up().failed
    assert run_in_project("doctor").status == 0
    assert CANARY not in project.said
    assert API_KEY not in project.said


def test_the_state_is_the_same_either_way(project: Project, run_in_project: Run, account: list[dict[str, Any]]) -> None:
    assert run_in_project("import", "--all", "--set-secrets", "--force").status == 0
    assert not project.up().failed
    by_options = plain_state(project)
    for resource in project.resources():
        project.cli("state", "delete", resource["urn"], "--yes")
    assert plain_state(project) == {}

    ran = run_in_project("import", "--all", "--mode", "file", "--force", "--file", "an import.json")
    assert "  pulumi import --file 'an import.json' --generate-code=false --protect=false\n" in ran.out
    assert "  rm 'an import.json'  #" in ran.out
    project.cli("import", "--file", "an import.json", "--generate-code=false", "--protect=false", "--yes")
    by_file = plain_state(project)
    for id_, sides in by_options.items():
        assert by_file[id_] == sides


def test_fields_that_a_program_cannot_set_are_kept_and_are_no_change(
    project: Project, run_in_project: Run, vapi: Emulator
) -> None:
    added = vapi.add_number(
        credentialId=vapi.add_credential()["id"],
        number="+14155552671",
        server={"url": "https://example.com", "headers": {"x-count": 5, "x-vapi-secret": CANARY}},
    )
    vapi.clear_requests()
    ran = run_in_project("import", "--number", "+14155552671", "--force")
    assert ran.status == 0
    assert "note: BYO phone number '+14155552671': server is not managed and stays as it is (server.headers.x-count " in ran.out
    assert not project.up().failed
    assert not project.preview(expect_no_changes=True).failed
    assert CANARY not in project.state() + project.said
    assert_nothing_was_written(vapi, [added])


def test_the_key_and_the_address_are_those_of_the_stack_and_the_key_is_never_shown(
    project: Project, run_in_project: Run, account: list[dict[str, Any]]
) -> None:
    ran = run_in_project("doctor")
    assert (ran.status, ran.err) == (0, "")
    assert f"ok    Settings: region us, {project.vapi.base_url}, the key from the stack's configuration\n" in ran.out
    assert f"ok    API key: accepted, of organisation {account[0]['orgId']}\n" in ran.out
    assert API_KEY not in ran.out
    assert run_in_project("doctor", "--stack", STACK).status == 0

    ran = run_in_project("doctor", "--stack", "nope")
    assert ran.status == 1
    assert "wrong Settings: pulumi config failed: no stack named 'nope' found\n" in ran.out


def test_secrets_are_set_in_the_stack_that_is_named(
    project: Project, run_in_project: Run, account: list[dict[str, Any]]
) -> None:
    ran = run_in_project("import", "--number", "+14155552674", "--stack", STACK, "--set-secrets", "--force")
    assert ran.status == 0, ran.err
    assert f"  pulumi up --stack {STACK}\n" in ran.out
    assert "config set" not in ran.out
    assert project.cli("config", "get", "number-14155552674-x-team").strip() == CANARY + "2"
    assert CANARY not in (project.folder / f"Pulumi.{STACK}.yaml").read_text()
