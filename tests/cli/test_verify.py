"""`vapi-byo verify`: what it finds on an emulator with and without bent rules, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pulumi_vapi_byo.cli.probes import PROBES
from pulumi_vapi_byo.cli.scratch import NAME_MARK, Scratch
from pulumi_vapi_byo.cli.verify import REQUESTS, Verified, report_text, verify
from pulumi_vapi_byo.config import Settings, read_settings
from pulumi_vapi_byo.emulator import Emulator, Fault
from pulumi_vapi_byo.emulator.rules import RULES, WORDINGS, Era, read_report
from tests.engine.project import API_KEY

from .conftest import Run

Account = Callable[..., Emulator]
ERAS = ("both", "current", "2024")

#: A bent rule -> what else then differs because of it.
FOLLOWS: Mapping[tuple[str, str], Mapping[str, str | None]] = {
    ("reference-unknown", "400"): dict.fromkeys(("null-assistantId", "null-squadId", "null-workflowId")),
    ("server-url", "as server"): {"server-url-secret": "never"},
    ("patch-number", "400"): {"patch-number-check": "400"},
    ("unknown-property", "kept"): {"wording-unknown-property": None},
    ("unknown-property", "dropped"): {"wording-unknown-property": None},
    ("number-not-e164", "accepted"): {"wording-not-e164": None},
    ("several-failures", "the first as a text"): {"wording-too-long": "otherwise"},
    ("failure-names-field", "does not name it"): dict.fromkeys(WORDINGS, "otherwise"),
    ("patch-trunk", "404"): {"null-techPrefix": "404", "replace-gateways": "404"},
}


@pytest.fixture
def account() -> Iterator[Account]:
    """Start an emulator whose account has two trunks with a number each."""
    started: list[Emulator] = []

    def start(**options: Any) -> Emulator:
        vapi = Emulator(api_key=API_KEY, **options)
        started.append(vapi.__enter__())
        for digit in (1, 2):
            trunk = vapi.add_credential(name=f"trunk {digit}")
            vapi.add_number(number=f"+1415555267{digit}", credentialId=trunk["id"], name=f"number {digit}")
            if options.get("rules", {}).get("times"):
                time.sleep(1.1)  # so that even times without milliseconds show the trunks' order
        vapi.clear_requests()
        return vapi

    yield start
    for vapi in started:
        vapi.__exit__(None, None, None)


def settings(vapi: Emulator, timeout_s: float = 30.0) -> Settings:
    values = {"vapi-byo:apiKey": API_KEY, "vapi-byo:baseUrl": vapi.base_url}
    return replace(read_settings(values.get, {}), timeout_s=timeout_s)


def fast(seconds: float) -> None:
    time.sleep(min(seconds, 0.02))


def verified(vapi: Emulator, era: Era = "both", *, sleep: Callable[[float], None] = fast, timeout_s: float = 30.0) -> Verified:
    return verify(Scratch(settings(vapi, timeout_s), sleep=sleep), era)


def differing(what: Verified) -> dict[str, str | None]:
    return {row.rule.name: row.service for row in what.rows if row.service != row.emulator}


def untouched(vapi: Emulator) -> bool:
    """Return whether the account's own resources are all there, and no request tried to change them."""
    own = [*vapi.numbers(), *vapi.credentials()]
    changed = {request.path.rpartition("/")[2] for request in vapi.requests if request.method in ("PATCH", "DELETE")}
    return (
        [number["number"] for number in vapi.numbers()] == ["+14155552672", "+14155552671"]
        and [trunk["name"] for trunk in vapi.credentials()] == ["trunk 2", "trunk 1"]
        and not changed & {entry["id"] for entry in own}
    )


def test_every_rule_has_exactly_one_probe() -> None:
    assert sorted(name for probe in PROBES for name in probe.rules) == sorted(rule.name for rule in RULES)


@pytest.mark.parametrize("era", ERAS)
def test_the_emulator_follows_its_own_rules(account: Account, era: Era) -> None:
    vapi = account(era=era)
    what = verified(vapi, era)
    assert differing(what) == {}
    assert [row.reason for row in what.rows if row.service is None] == []
    assert what.trouble == ""
    assert untouched(vapi)
    assert len(vapi.requests) <= REQUESTS


@pytest.mark.parametrize(
    ("name", "answer"),
    [(rule.name, answer) for rule in RULES for answer in rule.answers[1:]],
    ids=lambda text: text.replace(" ", "_"),
)
def test_a_bent_rule_is_found_and_no_other_rule(account: Account, name: str, answer: str) -> None:
    vapi = account(rules={name: answer})
    what = verified(vapi, sleep=time.sleep if name in ("times", "list-delay", "read-delay") else fast)
    assert differing(what) == {name: answer, **FOLLOWS.get((name, answer), {})}
    assert (what.trouble, untouched(vapi)) == ("", True)


def test_if_every_rule_is_bent_every_bend_is_found(account: Account) -> None:
    rules = {rule.name: rule.answers[1] for rule in RULES}
    rules |= {
        "unknown-property": "422",
        "number-not-e164": "422",
    }  # an accepted request has no message, and its wording is bent too
    vapi = account(rules=rules)
    what = verified(vapi, sleep=time.sleep)
    hidden = FOLLOWS["patch-trunk", "404"]  # effects of a PATCH of a trunk, which does not exist here
    assert differing(what) == {**rules, **hidden}
    assert (what.trouble, len(vapi.numbers()), len(vapi.credentials())) == ("", 2, 2)


def test_a_report_turns_the_emulator_into_the_service_that_was_probed(account: Account) -> None:
    bent = account(rules={"unknown-id": "410", "duplicate-number": "409", "null-server": "kept"})
    seen = verified(bent)
    rules = read_report(report_text(seen, settings(bent), "both"))
    assert differing(verified(account(rules=rules))) == differing(seen) != {}


# --- whatever happens, nothing is left behind ---


FAULTS = {
    "refuse": Fault("refuse", duration_s=0.2),
    "drop_before": Fault("drop_before"),
    "drop_after": Fault("drop_after"),
    "cut_body": Fault("cut_body"),
    "garbage": Fault("garbage"),
    "html": Fault("html"),
    "500": Fault("status", status=500),
    "500 after the work": Fault("status", status=500, work_done=True),
    "429": Fault("status", status=429, retry_after="0"),
    "slow": Fault("slow", delay_s=0.5),
    "late": Fault("late", delay_s=0.5),
    "redirect": Fault("redirect", location="http://127.0.0.1:9/"),
}


@pytest.mark.parametrize("method", ["POST", "GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_leaves_nothing_behind(account: Account, kind: str, method: str) -> None:
    vapi = account()
    fields = {name: value for name, value in vars(FAULTS[kind]).items() if name not in ("method", "times", "path")}
    if kind == "refuse":
        vapi.inject(FAULTS[kind])
    for path in ("/phone-number", "/credential"):
        if kind != "refuse":
            vapi.inject(Fault(**fields, method=method, path=path, times=2))
    timeout_s = 0.3 if kind in ("slow", "late") else 5.0
    what = verified(vapi, sleep=lambda seconds: time.sleep(min(seconds, 0.1)), timeout_s=timeout_s)
    assert what.trouble == ""
    assert untouched(vapi)
    assert kind == "refuse" or vapi.faults_injected


def test_leftovers_that_cannot_be_deleted_are_reported_and_found_by_the_next_run(run: Run, vapi: Emulator) -> None:
    vapi.inject(Fault("status", "DELETE", "/phone-number/*", status=403, message="no", times=None))
    ran = run("verify", "--yes")
    left = [f"/phone-number/{number['id']}" for number in vapi.numbers()]
    assert ran.status == 1
    assert left
    assert all(path in ran.err for path in left)
    assert "/credential/" in ran.err
    assert "run vapi-byo verify again, which starts by deleting what is left" in ran.err

    vapi.clear_faults()
    ran = run("verify", "--yes")
    assert f"These were left behind by an earlier verification and will be deleted first: {left[0]}" in ran.out
    assert (ran.status, vapi.numbers(), vapi.credentials()) == (0, [], [])


def test_an_account_that_cannot_be_searched_at_the_end_is_reported(account: Account) -> None:
    vapi = account()
    scratch = Scratch(settings(vapi), sleep=fast)
    scratch.ask(
        "POST", "/credential", {"provider": "byo-sip-trunk", "name": scratch.name, "gateways": [{"ip": "203.0.113.10"}]}
    )
    for path in ("/phone-number", "/credential"):
        vapi.inject(Fault("status", "GET", path, status=403, message="no", times=None))
    assert re.fullmatch(
        r"everything that is known to have been created is deleted, but the account could not be searched for "
        r"vapi-byo-verify-[0-9a-f]{8} \(Vapi answered 403: no .*\); run vapi-byo verify again, which starts by deleting what is left",
        scratch.take_back(),
    )
    assert [trunk["name"] for trunk in vapi.credentials()] == ["trunk 2", "trunk 1"]


def test_a_second_ctrl_c_while_deleting_says_what_to_do(account: Account) -> None:
    vapi = account()
    scratch = Scratch(settings(vapi), sleep=fast)

    def interrupted() -> str:
        raise KeyboardInterrupt

    scratch.take_back = interrupted  # type: ignore[method-assign]
    what = verify(scratch, "both")
    assert what.trouble == (
        f"stopped while deleting what has the name {scratch.name}; run vapi-byo verify again, which starts with that"
    )


def test_a_report_that_cannot_be_written_stops_it_before_anything_is_created(run: Run, vapi: Emulator) -> None:
    ran = run("verify", "--yes", "--report", "none/report.json")
    assert (ran.status, ran.err) == (1, "error: none/report.json: no such file or directory\n")
    assert {request.method for request in vapi.requests} == {"GET"}


@pytest.fixture
def start(tmp_path: Path, vapi: Emulator) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command without waiting for its end."""
    environ = {"VAPI_API_KEY": API_KEY, "VAPI_BASE_URL": vapi.base_url, "PULUMI_HOME": str(tmp_path), "COLUMNS": "200"}
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **more: Any) -> subprocess.Popen[str]:
        command = [str(Path(sys.executable).parent / "vapi-byo"), "verify", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
        started.append(subprocess.Popen(command, cwd=tmp_path, env=os.environ | environ, text=True, **pipes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def reach(vapi: Emulator, requests: int, process: subprocess.Popen[str]) -> None:
    """Wait until a command has sent a number of requests."""
    until = time.monotonic() + 30
    while len(vapi.requests) < requests:
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)


@pytest.mark.parametrize(
    ("number", "requests"),
    [*((signal.SIGINT, requests) for requests in (3, 4, 20, 60)), (signal.SIGTERM, 30), (signal.SIGHUP, 10)],
)
def test_a_signal_stops_it_and_nothing_is_left_behind(
    start: Callable[..., subprocess.Popen[str]], vapi: Emulator, number: int, requests: int
) -> None:
    vapi.latency_s = 0.02
    process = start("--yes")
    reach(vapi, requests, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (vapi.numbers(), vapi.credentials()) == ([], [])
    assert process.returncode == 1
    assert err == "error: stopped; vapi-verify.json has the results so far, and everything that was created has been deleted\n"
    assert "not seen" in out


@pytest.mark.parametrize("requests", [4, 60])
def test_after_a_kill_the_next_run_finds_the_leftovers(
    start: Callable[..., subprocess.Popen[str]], run: Run, vapi: Emulator, requests: int
) -> None:
    vapi.latency_s = 0.02
    process = start("--yes")
    reach(vapi, requests, process)
    process.kill()
    process.communicate(timeout=60)
    left = [*vapi.numbers(), *vapi.credentials()]
    assert left

    vapi.latency_s = 0
    ran = run("verify", "--yes")
    assert ran.status == 0, ran.err
    assert all(entry["id"] in ran.out for entry in left)
    assert (vapi.numbers(), vapi.credentials()) == ([], [])


# --- the command ---


def test_it_says_what_it_will_do_and_asks_first(
    start: Callable[..., subprocess.Popen[str]], vapi: Emulator, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    process = start(stdin=theirs)
    os.write(ours, b"n\n")
    out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert f"This sends at most {REQUESTS} requests to {vapi.base_url}" in out
    assert "touches nothing else" in out
    assert (process.returncode, err.splitlines()[-1]) == (1, "error: stopped")
    assert {request.method for request in vapi.requests} == {"GET"}
    assert not (tmp_path / "vapi-verify.json").exists()


def test_without_anybody_to_ask_it_does_not_start(run: Run, vapi: Emulator) -> None:
    ran = run("verify")
    assert (ran.status, ran.err) == (1, "error: cannot ask without a terminal; pass --yes to start without asking\n")
    assert {request.method for request in vapi.requests} == {"GET"}


def test_a_wrong_key_is_one_sentence(run: Run, vapi: Emulator) -> None:
    ran = run("verify", "--yes", VAPI_API_KEY="not-the-key")
    assert ran.status == 1
    assert ran.err.startswith("error: Vapi answered 401: Invalid Key.")
    assert len(ran.err.splitlines()) == 1


def test_the_table_and_the_report_agree(run: Run, vapi: Emulator, tmp_path: Path) -> None:
    vapi.add_credential(name="other")
    ran = run("verify", "--yes", "--report", "report.json", "--era", "current")
    assert ran.status == 1  # it is an emulator of both eras
    text = (tmp_path / "report.json").read_text("utf-8")
    rows = {row["rule"]: (row["emulator"], row["service"]) for row in json.loads(text)["rules"]}
    assert {name: pair for name, pair in rows.items() if pair[0] != pair[1]} == {
        "server-url": ("400", "as serverUrl"),
        "server-url-secret": ("no such field", "as sent"),
    }
    assert re.search(r"server-url +│ 400 +│ as serverUrl +│ differs ", ran.out)
    assert f"{len(RULES) - 2} the same, 2 different, 0 not seen, in " in ran.out
    assert "Wrote report.json." in ran.out


def test_a_report_contains_no_key_no_id_and_no_number(account: Account) -> None:
    vapi = account()
    number = vapi.numbers()[0]
    vapi.inject(Fault("status", "PATCH", status=500, message=f"no {API_KEY} {number['id']} {number['number']}", times=None))
    text = report_text(verified(vapi), settings(vapi), "both")
    assert '"reason": "PATCH /phone-number/[id] was answered 500' in text
    assert not re.search(r"\d{6}|[0-9a-f]{8}-", text)
    assert not [word for word in (API_KEY, NAME_MARK, number["orgId"], vapi.base_url) if word in text]


def test_if_the_trunk_is_refused_the_other_rules_are_reported_as_not_seen(account: Account) -> None:
    vapi = account()
    vapi.inject(Fault("status", "POST", "/credential", status=400, message="no trunks here", times=None))
    what = verified(vapi)
    reasons = {row.rule.name: row.reason for row in what.rows}
    assert reasons["password"] == "it was refused with 400: no trunks here"
    assert reasons["null-name"] == "the trunk or the numbers that it needs could not be created"
    assert what.trouble == ""


def test_the_docs_show_what_it_prints(run: Run, vapi: Emulator) -> None:
    vapi.add_credential(name="other")
    ran = run("verify", "--yes")
    table = "\n".join(line.rstrip() for line in ran.out.splitlines()[1:])
    page = Path(__file__).parents[2] / "docs" / "verify.md"
    shown = re.search(r"```text\n(.*?)\n```", page.read_text("utf-8"), re.DOTALL)
    assert shown is not None
    assert shown[1] == table
