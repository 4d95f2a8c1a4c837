"""The console script outside any project: its output and its exit status."""

from __future__ import annotations

import ast
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pulumi_vapi_byo.cli
from pulumi_vapi_byo import __version__
from pulumi_vapi_byo.cli import app
from pulumi_vapi_byo.emulator import Emulator
from pulumi_vapi_byo.emulator.faults import Fault
from pulumi_vapi_byo.errors import VapiError
from tests.faults.stand_in import API_KEY as STAND_IN_KEY
from tests.faults.stand_in import StandIn
from tests.unit.samples import CREDENTIAL_ID

from .conftest import Run

SECRET = "canary-header-51c2"

#: A PATH without the Pulumi CLI.
NOWHERE = {"PATH": "/nowhere"}


@pytest.fixture
def account(vapi: Emulator) -> Emulator:
    trunk = vapi.add_credential()["id"]
    for digits, name in (("+14155552672", "[bold]Support\x1b[31m desk"), ("+14155552671", "Support line")):
        vapi.add_number(
            credentialId=trunk,
            number=digits,
            name=name,
            server={"url": "https://example.com/vapi?key=1", "headers": {"x-vapi-secret": SECRET}},
        )
    vapi.clear_requests()
    return vapi


def test_without_a_choice_import_prints_the_table_and_how_to_choose(account: Emulator, run: Run, tmp_path: Path) -> None:
    ran = run("import", **NOWHERE)
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].strip() == "BYO phone numbers: 2"
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert cells[:2] == [
        [
            number["number"],
            name,
            number["id"],
            number["credentialId"],
            "server https://example.com/vapi",
            number["createdAt"][:10],
        ]
        for number, name in zip(account.numbers(), ("Support line", "[bold]Support?[31m desk"), strict=True)
    ]
    assert (
        lines[-1]
        == "Choose with --number, --name 'PATTERN', --trunk 'PATTERN' or --all to write a program that takes them over."
    )
    [trunk] = account.credentials()
    assert cells[2:] == [["-", trunk["id"], "192.0.2.1", trunk["createdAt"][:10]]]
    assert [request.method for request in account.requests] == ["GET", "GET"]
    assert list(tmp_path.glob("*.py")) == []


def test_import_writes_a_program_and_says_what_to_run(account: Emulator, run: Run, tmp_path: Path) -> None:
    ran = run("import", "--number", "+1 415 555 2671", **NOWHERE)
    assert (ran.status, ran.err) == (0, "")
    assert "+14155552672" not in ran.out
    assert ran.out.endswith(
        "Wrote __main__.py: 1 number, nothing sent to Vapi.\n"
        "\n"
        "Next:\n"
        "  pulumi config set --secret number-14155552671-url\n"
        "  pulumi config set --secret number-14155552671-x-vapi-secret\n"
        "  (or let --set-secrets set the secrets, with the values that Vapi has)\n"
        "  pulumi up\n"
        "After that you can remove the import_ options; this changes nothing.\n"
    )
    program = (tmp_path / "__main__.py").read_text()
    assert f'import_="{account.numbers()[0]["id"]}"' in program
    assert SECRET not in program + ran.out
    assert "key=1" not in program + ran.out


def test_the_list_as_json_has_the_same_facts_and_no_secret(account: Emulator, run: Run, tmp_path: Path) -> None:
    ran = run("import", "--json", **NOWHERE)
    assert (ran.status, ran.err) == (0, "")
    first, second = account.numbers()
    [trunk] = account.credentials()
    listed = json.loads(ran.out)
    assert listed["numbers"][0] == {
        "number": "+14155552671",
        "id": first["id"],
        "name": "Support line",
        "createdAt": first["createdAt"],
        "inStackAs": None,
        "credentialId": trunk["id"],
        "answers": "server https://example.com/vapi",
    }
    assert listed["numbers"][1]["id"] == second["id"]
    assert listed["trunks"] == [
        {"id": trunk["id"], "name": None, "createdAt": trunk["createdAt"], "inStackAs": None, "gateways": ["192.0.2.1"]}
    ]
    chosen = json.loads(run("import", "--json", "--number", "+14155552672", **NOWHERE).out)
    assert [[one["id"] for one in chosen[kind]] for kind in ("numbers", "trunks")] == [[second["id"]], []]
    assert list(tmp_path.glob("*.py")) == []


def test_numbers_that_cannot_be_read_or_declared_are_named_and_left_out(run: Run, tmp_path: Path) -> None:
    with StandIn() as vapi:
        vapi.put(number="+14155552671", credentialId=CREDENTIAL_ID)
        vapi.put(number="+14155552672", credentialId=None)
        vapi.put(number="+14155552673", credentialId=CREDENTIAL_ID, hooks="none")
        where = {"VAPI_BASE_URL": vapi.base_url, "VAPI_API_KEY": STAND_IN_KEY}
        listed = run("import", **where, **NOWHERE)
        ran = run("import", "--all", **where, **NOWHERE)
        refused = run("import", "--number", "+14155552672", "--out", "other.py", **where, **NOWHERE)
        assert {request.method for request in vapi.seen} == {"GET"}
    assert listed.out.startswith("BYO phone numbers: 3")
    assert "cannot be read: has no usable hooks" in listed.out
    assert ran.status == 0
    assert "Wrote __main__.py: 1 number, nothing sent to Vapi.\n" in ran.out
    assert "note: BYO phone number '+14155552672' is left out: it has no credential_id\n" in ran.out
    assert "note: BYO phone number '+14155552673' is left out: what Vapi lists has no usable hooks" in ran.out
    program = (tmp_path / "__main__.py").read_text()
    assert "+14155552671" in program
    assert "+14155552672" not in program
    sentence = "nothing is left to take over: BYO phone number '+14155552672' is left out: it has no credential_id"
    assert (refused.status, refused.err) == (1, f"error: {sentence}\n")
    assert not (tmp_path / "other.py").exists()


def test_if_nothing_is_left_to_take_over_it_says_why(account: Emulator, run: Run, tmp_path: Path) -> None:
    ran = run("import", "--name", "*", "--exclude", "*", **NOWHERE)
    assert (ran.status, ran.err) == (1, "error: nothing is left to take over; choose more, or exclude less\n")
    assert list(tmp_path.glob("*.py")) == []


@pytest.mark.parametrize(
    ("listed", "notes", "sentence"),
    [
        ([], [], "the account has no BYO number or trunk to take over; check vapi-byo:apiKey and vapi-byo:region"),
        (["one"], ["a is left out: b"], "nothing is left to take over: a is left out: b"),
        (["one"], ["a is left out: b", "c", "d"], "nothing is left to take over: a is left out: b (and 2 more)"),
    ],
)
def test_the_reason_why_nothing_is_left_is_one_sentence(listed: Any, notes: list[str], sentence: str) -> None:
    assert app._why_nothing(listed, notes) == sentence


def test_only_secrets_that_are_missing_have_to_be_set() -> None:
    config = {"project:a": None, "project:b": "in clear"}
    assert app._unset(["a", "b", "c"], config) == ["b", "c"]


def test_the_version_is_that_of_the_package(run: Run) -> None:
    ran = run("--version")
    assert (ran.status, ran.out, ran.err) == (0, f"pulumi-vapi-byo {__version__}\n", "")


def test_a_named_stack_that_cannot_be_read_is_an_error_even_with_a_key(account: Emulator, run: Run) -> None:
    ran = run("import", "--all", "--stack", "my org/x", **NOWHERE)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == "error: there is no pulumi on PATH: install the Pulumi CLI, https://www.pulumi.com/docs/install/\n"


def test_existing_files_are_overwritten_only_with_force(account: Emulator, run: Run, tmp_path: Path) -> None:
    (tmp_path / "numbers.py").write_text("mine")
    arguments = ("import", "--all", "--out", "numbers.py")
    ran = run(*arguments, **NOWHERE)
    sentence = "numbers.py exists and was not overwritten: name another with --out (--file for the import file), or use --force"
    assert (ran.status, ran.out, ran.err) == (1, "", f"error: {sentence}\n")
    assert (tmp_path / "numbers.py").read_text() == "mine"
    assert run(*arguments, "--force", **NOWHERE).status == 0
    assert "vapi.ByoPhoneNumber(" in (tmp_path / "numbers.py").read_text()


def test_an_existing_program_is_no_obstacle(account: Emulator, run: Run, tmp_path: Path) -> None:
    assert run("import", "--all", **NOWHERE).status == 0
    program = (tmp_path / "__main__.py").read_text()
    ran = run("import", "--all", **NOWHERE)
    assert (ran.status, ran.err) == (0, "")
    assert (tmp_path / "__main__.py").read_text() == program

    (tmp_path / "__main__.py").write_text(program + "# mine\n")
    assert run("import", "--all", **NOWHERE).err.startswith("error: __main__.py exists and was not overwritten")
    assert (tmp_path / "__main__.py").read_text() == program + "# mine\n"


def test_an_existing_import_file_is_kept_whatever_the_program(tmp_path: Path) -> None:
    out, file = tmp_path / "__main__.py", tmp_path / "vapi-import.json"
    app._check_files(out, "program", file)
    out.write_text("program")
    app._check_files(out, "program", file)
    file.write_text("")
    with pytest.raises(VapiError, match=r"vapi-import\.json exists and was not overwritten"):
        app._check_files(out, "program", file)


def test_only_its_owner_can_read_an_import_file_even_if_it_replaces_another(tmp_path: Path) -> None:
    path = tmp_path / "vapi-import.json"
    path.write_text("old")
    path.chmod(0o644)
    app._write_private(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)


def test_a_cli_too_old_for_import_files_is_recognised() -> None:
    app._check_cli((3, 254, 0))
    with pytest.raises(VapiError) as raised:
        app._check_cli((3, 253, 9))
    assert str(raised.value) == (
        "--mode file needs the Pulumi CLI 3.254.0 or newer, and this one is 3.253.9: update it, or use --mode options"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--number", "+1999"), "the account has no BYO number '+1999'; vapi-byo import, without options, lists those it has"),
        (("--all", "--out", "no/where.py"), "no/where.py: no such file or directory"),
        (("--region", "eu", "--base-url", "nonsense"), "vapi-byo:baseUrl (or VAPI_BASE_URL) is not the address of an API"),
    ],
)
def test_every_error_is_one_sentence(account: Emulator, run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    ran = run("import", *arguments, **NOWHERE)
    assert ran.status == 1
    assert ran.err.startswith(f"error: {sentence}")
    assert ran.err.count("\n") == 1


def test_an_empty_account_has_nothing_to_take_over(vapi: Emulator, run: Run) -> None:
    assert run("import", **NOWHERE).out.startswith("BYO phone numbers: 0")
    ran = run("import", "--all", **NOWHERE)
    sentence = "the account has no BYO number or trunk to take over; check vapi-byo:apiKey and vapi-byo:region"
    assert (ran.status, ran.err) == (1, f"error: {sentence}\n")


def test_without_a_key_the_sentence_says_how_to_set_it_and_why_no_stack_was_read(vapi: Emulator, run: Run) -> None:
    ran = run("import", VAPI_API_KEY="", **NOWHERE)
    assert ran.status == 1
    assert ran.err == (
        "error: no API key: set the private key of your Vapi organisation with pulumi config set --secret vapi-byo:apiKey, or in "
        "the environment variable VAPI_API_KEY (no stack was asked: there is no pulumi on PATH: install the Pulumi CLI, "
        "https://www.pulumi.com/docs/install/)\n"
    )


def test_a_wrong_key_is_one_sentence_without_the_key(vapi: Emulator, run: Run) -> None:
    ran = run("import", VAPI_API_KEY="wrong-canary", **NOWHERE)
    assert ran.status == 1
    assert ran.err.startswith("error: Vapi answered 401: ")
    assert "wrong-canary" not in ran.err + ran.out


def test_the_key_cannot_be_given_on_the_command_line(run: Run) -> None:
    for command in ("import", "doctor"):
        assert "key" not in {
            word.strip("-│ ").split("=")[0] for word in run(command, "--help").out.split() if word.startswith("--")
        }
        assert run(command, "--api-key", "x").status == 2


@pytest.mark.parametrize(
    ("arguments", "what", "command"),
    [
        (["nope"], "no such command 'nope'", "vapi-byo"),
        (["--nope"], "no such option: --nope", "vapi-byo"),
        (["import", "--forse"], "no such option: --forse", "vapi-byo import"),
        (["import", "--region", "xx"], "invalid value for '--region': 'xx' is not one of 'us', 'eu'", "vapi-byo import"),
        (["diff-report", "a", "b"], "got unexpected extra argument", "vapi-byo diff-report"),
    ],
)
def test_an_invalid_command_line_is_refused_in_one_sentence(run: Run, arguments: list[str], what: str, command: str) -> None:
    ran = run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {what}")
    assert ran.err.endswith(f"; see {command} --help\n")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_without_a_command_the_commands_are_listed(run: Run, arguments: list[str]) -> None:
    ran = run(*arguments)
    assert (ran.status, ran.err) == (0, "")
    assert all(command in ran.out for command in ("import", "doctor", "diff-report", "--version"))
    assert run("import", "-h").out == run("import", "--help").out


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_one_sentence_says_how_to_install_it(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from pulumi_vapi_byo.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "vapi-byo needs two more packages: pip install 'pulumi-vapi-byo[cli]'\n"


def test_another_missing_module_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pulumi_vapi_byo.cli.app", None)
    with pytest.raises(ModuleNotFoundError, match="app"):
        pulumi_vapi_byo.cli.main()


def test_an_unexpected_error_is_one_sentence_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("canary")

    monkeypatch.setattr(app, "app", fail)
    with pytest.raises(SystemExit) as ended:
        app.run()
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "error: it failed unexpectedly (KeyError), which is a bug in pulumi-vapi-byo: please report it\n"
    )


# ------------------------------------------------------------------------------------------------------------------ doctor


def doctor_lines(out: str) -> dict[str, tuple[bool, str]]:
    lines = {}
    for line in out.splitlines():
        mark, _, rest = line.partition(" ")
        assert mark in ("ok", "wrong")
        name, _, text = rest.strip().partition(": ")
        lines[name] = (mark == "ok", text)
    return lines


def test_doctor_checks_the_account_with_one_get(account: Emulator, run: Run) -> None:
    lines = doctor_lines(run("doctor", **NOWHERE).out)
    assert lines["Settings"] == (True, f"region us, {account.base_url}, the key from VAPI_API_KEY")
    assert lines["Vapi"] == (True, "answers")
    assert lines["API key"] == (True, f"accepted, of organisation {account.numbers()[0]['orgId']}")
    assert [request.method for request in account.requests] == ["GET"]


def test_doctor_exits_with_1_if_anything_is_wrong(vapi: Emulator, run: Run) -> None:
    ran = run("doctor", **NOWHERE)
    lines = doctor_lines(ran.out)
    assert ran.status == 1
    assert [name for name, (ok, _) in lines.items() if not ok] == ["Pulumi CLI"]
    assert lines["Pulumi CLI"][1].startswith("there is no pulumi on PATH")
    assert lines["API key"] == (True, "accepted; the account has no number yet")


def test_doctor_says_that_the_key_is_wrong_and_never_shows_it(vapi: Emulator, run: Run) -> None:
    ran = run("doctor", VAPI_API_KEY="wrong-canary", **NOWHERE)
    lines = doctor_lines(ran.out)
    assert lines["Vapi"] == (True, "answers")
    ok, text = lines["API key"]
    assert not ok
    assert text.startswith("Vapi answered 401")
    assert "wrong-canary" not in ran.out + ran.err


def test_doctor_says_that_the_key_is_missing(vapi: Emulator, run: Run) -> None:
    ran = run("doctor", VAPI_API_KEY="", **NOWHERE)
    ok, text = doctor_lines(ran.out)["Settings"]
    assert (ran.status, ok) == (1, False)
    assert text.startswith("no API key: ")
    assert vapi.requests == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("drop_before"), "closed the connection"),
        (Fault("status", status=503), "Vapi answered 503"),
        (Fault("html"), "something other than Vapi's JSON"),
        (Fault("garbage"), "check vapi-byo:baseUrl and any proxy in between"),
    ],
)
def test_doctor_says_that_vapi_cannot_be_reached(vapi: Emulator, run: Run, fault: Fault, words: str) -> None:
    vapi.inject(fault)
    ran = run("doctor", **NOWHERE)
    lines = doctor_lines(ran.out)
    ok, text = lines["Vapi"]
    assert (ran.status, ok) == (1, False)
    assert words in text
    assert "API key" not in lines


# --------------------------------------------------------------------------------------------- imports of outside packages


def test_each_outside_package_is_imported_by_only_one_module() -> None:
    doors = {"typer": {"app"}, "rich": {"printing"}, "subprocess": {"pulumi_cli"}, "pulumi": {"takeover"}, "requests": set()}
    found: dict[str, set[str]] = {name: set() for name in doors}
    folder = Path(pulumi_vapi_byo.cli.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) and not node.level else []
            for name in names:
                if name.split(".")[0] in found:
                    found[name.split(".")[0]].add(path.stem)
    assert found == doors
