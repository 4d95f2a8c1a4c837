"""The command line as a process of its own, and the file that is kept when the process ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

import pulumi_vapi_byo.emulator as package
from pulumi_vapi_byo.emulator import DEFAULT_API_KEY, Emulator, EmulatorError
from pulumi_vapi_byo.emulator.__main__ import main

Call = Callable[..., requests.Response]
Serve = Callable[..., tuple[Emulator, Call]]

COMMAND = [sys.executable, "-m", "pulumi_vapi_byo.emulator"]
MINIMAL = {"provider": "byo-phone-number", "credentialId": "cred-1"}


@contextlib.contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stdout is not None
            first_line = process.stdout.readline()
            assert first_line.startswith("Vapi emulator listening on http://127.0.0.1:"), process.communicate()
            yield process, first_line.split()[-1]
        finally:
            process.kill()


def post(base_url: str, key: str = DEFAULT_API_KEY, **fields: object) -> requests.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return requests.post(base_url + "/phone-number", json=MINIMAL | fields, headers=headers, timeout=10)


def listed(base_url: str) -> list[dict[str, object]]:
    headers = {"Authorization": f"Bearer {DEFAULT_API_KEY}"}
    numbers: list[dict[str, object]] = requests.get(base_url + "/phone-number", headers=headers, timeout=10).json()
    return numbers


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    with running() as (process, base_url):
        assert post(base_url).status_code == 201
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=20)
    assert (process.returncode, stdout, stderr) == (0, "", "")


def test_every_option_has_its_effect() -> None:
    options = ["--api-key", "k", "--era", "both", "--latency-ms", "50", "--rule", "duplicate-number=accepted", "--seed", "5"]
    with running(*options, "--rule", "server-url=as server", "--host", "127.0.0.1", "--port", "0") as (_, base_url):
        first, second = (post(base_url, "k", number="+14155550123", serverUrl="https://a.example") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.elapsed.total_seconds() >= 0.05
    assert first.json()["createdAt"].startswith("2025-01-01T00:00:01")
    assert first.json()["server"] == {"url": "https://a.example"}


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_the_file_keeps_numbers_and_credentials_even_after_a_kill(tmp_path: Path, end: str) -> None:
    file = str(tmp_path / "vapi.db")
    with running("--db", file, "--seed", "1") as (process, base_url):
        kept = [post(base_url, number=f"+1415555012{n}").json() for n in range(3)]
        requests.post(base_url + "/__emulator__/credentials", json={}, timeout=10).raise_for_status()
        requests.delete(f"{base_url}/__emulator__/numbers/{kept.pop(0)['id']}", timeout=10).raise_for_status()
        path = f"{base_url}/__emulator__/numbers/{kept[0]['id']}"
        kept[0] = requests.patch(path, json={"name": "changed"}, timeout=10).json()
        getattr(process, end)()
        process.wait(timeout=20)
    with running("--db", file, "--seed", "1") as (_, base_url):
        assert listed(base_url) == kept[::-1]
        credentials = requests.get(base_url + "/__emulator__/credentials", timeout=10).json()
        new = post(base_url, number="+14155550129").json()
        duplicate = post(base_url, number="+14155550121")
    assert len(credentials) == 1
    assert new["createdAt"] > max(kept[0]["updatedAt"], credentials[0]["createdAt"])
    assert new["orgId"] == kept[0]["orgId"] == credentials[0]["orgId"]
    assert new["id"] not in {kept[0]["id"], kept[1]["id"], credentials[0]["id"]}
    assert duplicate.status_code == 400


def failing(*options: str) -> str:
    result = subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (2, ""), result
    assert "Traceback" not in result.stderr
    return result.stderr


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stderr = failing("--port", str(port))
    assert stderr == f"vapi emulator: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--latency-ms", "-5", "must be 0 or more, not -5"),
        ("--latency-ms", "nan", "must be 0 or more, not nan"),
        ("--latency-ms", "soon", "invalid float value: 'soon'"),
        ("--port", "-1", "must be 0 or more, not -1"),
    ],
)
def test_a_meaningless_value_of_an_option_is_refused(
    option: str, value: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([option, value])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: argument {option}: {sentence}\n")


def test_a_contradiction_is_one_sentence() -> None:
    stderr = failing("--era", "2024", "--rule", "server-url=as server")
    assert stderr == (
        "vapi emulator: the rule server-url cannot be 'as server' in the era 2024, whose document says 'as serverUrl'\n"
    )


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("duplicates=accepted", "there is no rule 'duplicates'; the rules are wrong-key, missing-key, "),
        ("list-order=by name", "the rule list-order cannot be 'by name': the emulator knows 'newest first', 'oldest first'"),
        ("duplicate-number=500", "the rule duplicate-number cannot be '500': the emulator knows '400', 'accepted'"),
    ],
)
def test_an_unknown_rule_or_answer_is_one_sentence(rule: str, sentence: str) -> None:
    stderr = failing("--rule", rule)
    assert stderr.startswith(f"vapi emulator: {sentence}")
    assert stderr.count("\n") == 1


def test_an_option_that_is_neither_a_rule_nor_a_report_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.json").write_text("[]")
    for options, sentence in (
        (["--rule", "duplicate-number"], "argument --rule: must be NAME=ANSWER, not duplicate-number"),
        (
            ["--report", f"{tmp_path}/none.json"],
            f"argument --report: {tmp_path}/none.json cannot be read: No such file or directory",
        ),
        (
            ["--report", f"{tmp_path}/other.json"],
            f"argument --report: {tmp_path}/other.json: this is no report of vapi-byo verify",
        ),
    ):
        with pytest.raises(SystemExit) as ended:
            main(options)
        assert ended.value.code == 2
        assert capsys.readouterr().err.endswith(f"error: {sentence}\n")


def test_a_report_sets_its_rules(tmp_path: Path) -> None:
    report = tmp_path / "verify.json"
    rows = [
        {"rule": "duplicate-number", "service": "409"},
        {"rule": "list-order", "service": "by name"},
        {"rule": "new", "service": "1"},
    ]
    report.write_text(json.dumps({"era": "both", "rules": rows}))
    with running("--report", str(report)) as (_, base_url):
        first, second = (post(base_url, number="+14155550123") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 409)


def test_a_missing_extra_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise ModuleNotFoundError(\"No module named 'aiohttp'\", name='aiohttp')")
    result = subprocess.run(
        COMMAND, capture_output=True, text=True, timeout=60, check=False, env=os.environ | {"PYTHONPATH": str(tmp_path)}
    )
    assert result.returncode == 2
    assert result.stderr == (
        "vapi emulator: aiohttp is not installed; install the extra: pip install 'pulumi-vapi-byo[emulator]'\n"
    )


def test_another_missing_module_is_not_taken_for_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "_HOMES", {"Emulator": "no_such_module"})
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        main([])


def test_the_package_has_exactly_the_names_it_promises() -> None:
    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = package.Nothing


def unusable(tmp_path: Path, what: str) -> str:
    file = tmp_path / "vapi.db"
    if what == "a directory":
        file.mkdir()
    elif what == "no database":
        file.write_text("not a database" * 100)
    elif what == "another table":
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.execute("CREATE TABLE settings (colour TEXT)")
            connection.commit()
    else:
        file = tmp_path / "nowhere" / "vapi.db"
    return str(file)


@pytest.mark.parametrize("what", ["a directory", "no database", "another table", "no such folder"])
def test_a_file_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    file = unusable(tmp_path, what)
    assert main(["--db", file]) == 2
    assert capsys.readouterr().err.startswith(f"vapi emulator: cannot use the database file {file}: ")


def test_a_file_in_use_by_another_emulator_is_refused(tmp_path: Path) -> None:
    file = str(tmp_path / "vapi.db")
    with Emulator(db=file), pytest.raises(EmulatorError, match="database is locked"), Emulator(db=file):
        pytest.fail("it started")


def test_a_file_of_another_era_is_refused(tmp_path: Path) -> None:
    file = str(tmp_path / "vapi.db")
    with Emulator(db=file, era="2024"):
        pass
    with pytest.raises(EmulatorError, match="was written with era 2024, not both"), Emulator(db=file):
        pytest.fail("it started")


def test_a_reset_empties_the_file(serve: Serve, tmp_path: Path) -> None:
    file = str(tmp_path / "vapi.db")
    with Emulator(db=file) as vapi:
        vapi.add_number()
        vapi.add_credential()
        vapi.reset()
    again, _ = serve(db=file)
    assert (again.numbers(), again.credentials()) == ([], [])


def test_a_new_emulator_continues_with_the_file(serve: Serve, tmp_path: Path) -> None:
    file = str(tmp_path / "vapi.db")
    with Emulator(db=file, seed=1) as vapi:
        vapi.add_number(number="+14155550123")
        credential = vapi.add_credential()
        number = vapi.edit_number(vapi.numbers()[0]["id"], credentialId=credential["id"], name="a")
    again, call = serve(db=file, seed=1)
    assert (again.numbers(), again.credentials()) == ([number], [credential])
    assert again.add_number()["createdAt"] > number["updatedAt"]
    assert call("DELETE", f"/credential/{credential['id']}").status_code == 400


GOOD = '{"id": "a", "createdAt": "2026-01-02T03:04:05.678Z", "updatedAt": "2026-01-02T03:04:05.678Z"}'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("number", "{"),
        ("number", "[" * 100_000),
        ("number", "[]"),
        ("number", "{}"),
        ("number", GOOD.replace('"a"', '"b"')),
        ("credential", GOOD.replace("2026-01-02T", "yesterday")),
        ("credential", GOOD.replace('"2026-01-02T03:04:05.678Z"', "7")),
        ("assistant", GOOD),
    ],
)
def test_an_unreadable_row_is_one_sentence_with_the_file_and_what_to_do(
    tmp_path: Path, kind: str, body: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    file = str(tmp_path / "vapi.db")
    with Emulator(db=file):
        pass
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("INSERT INTO objects (place, id, kind, body) VALUES (7, 'a', ?, ?)", (kind, body))
        connection.commit()
    assert main(["--db", file]) == 2
    assert capsys.readouterr().err == (
        f"vapi emulator: cannot use the database file {file}: row 7 of its table objects is not a number or credential "
        "written by an emulator; remove the row, or remove the file to start with an empty account\n"
    )
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM objects WHERE place = 7")
        connection.commit()
    with Emulator(db=file) as vapi:
        assert vapi.numbers() == []


def test_a_full_disk_is_an_answer_in_one_sentence_and_one_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = str(tmp_path / "vapi.db")
    sentence = f"the emulator cannot write its database file {file}: database or disk is full"
    with Emulator(db=file) as vapi:
        kept = post(vapi.base_url, number="+14155550121").json()
        assert vapi._store._file is not None
        connection = vapi._store._file._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        answer = post(vapi.base_url, number="+14155550122", hooks=[{"on": "call.ringing", "do": []}] * 500)
        assert answer.json() == {
            "message": f"{sentence}; nothing was changed",
            "error": "Insufficient Storage",
            "statusCode": 507,
        }
        assert vapi.numbers() == [kept]
        connection.execute("PRAGMA max_page_count = 1000000")
        assert post(vapi.base_url, number="+14155550122").status_code == 201
    assert [(entry.getMessage(), entry.exc_info) for entry in caplog.records if entry.levelname == "ERROR"] == [
        (sentence, None)
    ]
