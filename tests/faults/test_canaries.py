"""Secrets never show: not in any file and not in any output, in success or in failure."""

from __future__ import annotations

import base64
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pulumi_vapi_byo.emulator import Emulator, Fault
from tests.sdks import users_sdk

from .conftest import NewStack
from .stack import Run, Stack
from .stand_in import API_KEY

pytestmark = pytest.mark.engine

CREDENTIAL_ID = "1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10"

#: The program takes them from its environment, so that no file of the project contains them.
SECRETS = {
    "CANARY_URL_SECRET": "canary-url-secret-9d27",
    "CANARY_HEADER": "canary-header-41fe",
    "CANARY_SIP_HEADER": "canary-sip-header-b30c",
    "CANARY_PASSWORD": "canary-password-68ae",
}
#: Set by somebody else in the dashboard, so no program has ever marked it as a secret.
FOREIGN = "canary-foreign-header-c5d1"

CANARIES = [API_KEY, *SECRETS.values(), FOREIGN]

PROGRAM = """\
import json
import os
import pathlib

import pulumi
import pulumi_vapi_byo as vapi

credential_id = "1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10"
name = pathlib.Path("name.txt").read_text()

for copy in range(int(os.environ["COPIES"])):
    old = vapi.ByoPhoneNumber(
        f"old-{copy}",
        credential_id=credential_id,
        number=f"+1415555200{copy}",
        name=name,
        server_url="https://example.com/old",
        server_url_secret=os.environ["CANARY_URL_SECRET"],
    )
    new = vapi.ByoPhoneNumber(
        f"new-{copy}",
        credential_id=credential_id,
        number=f"+1415555210{copy}",
        name=name,
        server=vapi.ServerArgs(url="https://example.com/new", headers={"x-vapi-secret": os.environ["CANARY_HEADER"] + name}),
        fallback_destination={
            "type": "sip",
            "sipUri": "sip:desk@example.com",
            "sipHeaders": {"x-token": os.environ["CANARY_SIP_HEADER"]},
        },
    )
    trunk = vapi.ByoSipTrunkCredential(
        f"trunk-{copy}",
        name=name,
        gateways=[{"ip": f"203.0.113.{copy}"}],
        outbound_authentication_plan={"authUsername": "desk", "authPassword": os.environ["CANARY_PASSWORD"]},
    )
plain = vapi.ByoPhoneNumber(
    "plain", credential_id=credential_id, number="+14155552200", name="Plain", server={"url": "https://example.com"}
)
pulumi.export("plain", plain.server)
for resource, attributes in ((old, ("server_url", "server_url_secret")), (new, ("server", "fallback_destination", "sip_uri"))):
    for attribute in attributes:
        pulumi.export(attribute, getattr(resource, attribute))
"""


def spellings(canary: str) -> list[bytes]:
    """Return a text as it is, and as it looks in base64 at any offset in a longer text."""
    raw = canary.encode()
    found = [raw]
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + raw)
        found.append(whole[4 if offset else 0 : len(whole) - len(whole) % 4 - 4])
    return found


def assert_clean(what: str, content: bytes) -> None:
    for canary in CANARIES:
        for spelling in spellings(canary):
            at = content.find(spelling)
            assert at < 0, f"{canary} is in {what}: …{content[max(0, at - 200) : at + 60]!r}"


def everything_written(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


class Scanner:
    """Runs commands, and searches everything that they print and leave behind."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.commands = 0
        self.bytes = 0

    def __call__(self, *arguments: str, may_fail: bool = False) -> Run:
        run = self.stack(*arguments, may_fail=may_fail)
        printed = run.output.encode()
        assert_clean(f"what pulumi {' '.join(arguments)} printed", printed)
        for file in everything_written(self.stack.folder):
            content = file.read_bytes()
            self.bytes += len(content)
            assert_clean(str(file), content)
        self.commands += 1
        self.bytes += len(printed)
        return run

    def rename(self, name: str) -> None:
        (self.stack.project / "name.txt").write_text(name)


@pytest.fixture
def scan(tmp_path: Path, vapi: Emulator) -> Callable[..., Scanner]:
    """Write the program, which declares a number of copies of two numbers and a trunk, and one more number."""

    def scan(copies: int = 1) -> Scanner:
        environ = {"VAPI_BASE_URL": vapi.base_url, "VAPI_LOG": "debug", "VAPI_MAX_RETRIES": "0", "COPIES": str(copies)}
        stack = Stack(tmp_path, users_sdk(), {**environ, **SECRETS}, secrets={"vapi-byo:apiKey": API_KEY})
        (stack.project / "__main__.py").write_text(PROGRAM)
        scanner = Scanner(stack)
        scanner.rename("First")
        return scanner

    return scan


@pytest.fixture
def scanner(scan: Callable[..., Scanner]) -> Scanner:
    return scan()


def test_no_secret_is_written_or_printed_in_a_whole_life(scanner: Scanner, vapi: Emulator) -> None:
    up = ("up", "--yes", "--skip-preview")
    scanner("preview", "--diff")
    scanner("preview", "--json")
    scanner(*up, "--diff")
    scanner("stack", "output", "--json")
    scanner("stack", "export")
    scanner("config")
    scanner.rename("Second")
    scanner("preview", "--diff")
    scanner("preview", "--json")
    scanner(*up, "--diff")
    for number in vapi.numbers():
        if "server" in number:  # with the program's headers, and without
            vapi.edit_number(number["id"], server={**number["server"], "headers": {"x-foreign": FOREIGN}})
    scanner("preview", "--refresh", "--diff")
    scanner("preview", "--refresh", "--json")
    scanner("refresh", "--yes", "--diff")
    scanner("stack", "export")
    assert "[secret]" in scanner("preview", "--diff").output
    scanner(*up, "--diff")
    scanner("preview", "--expect-no-changes")
    scanner("destroy", "--yes")
    scanner("stack", "history", "--json")
    assert vapi.numbers() == []
    assert scanner.commands == 18
    assert scanner.bytes > 500_000


def echoing(secrets: str) -> tuple[Fault, ...]:
    """Return answers of many kinds that repeat secrets; the last two come after the work."""
    return (
        Fault("status", status=400, message=secrets, times=None),
        Fault("status", status=500, message=[secrets, secrets], times=None),
        Fault("redirect", location=f"https://example.com/?{API_KEY}", times=None),
        Fault("body", status=502, body=f"<p>{secrets}</p>", times=None),
        Fault("body", status=200, body=secrets, times=None),
    )


KINDS = len(echoing(""))


def test_no_secret_is_written_or_printed_when_an_answer_repeats_it(scan: Callable[..., Scanner], vapi: Emulator) -> None:
    scanner = scan(copies=KINDS)
    up = ("up", "--yes", "--skip-preview", "--continue-on-error", "--parallel=64")
    url = echoing(f"you said {API_KEY} {SECRETS['CANARY_URL_SECRET']}")
    headers = echoing(f"you said {SECRETS['CANARY_SIP_HEADER']} {API_KEY} {SECRETS['CANARY_HEADER']}")
    password = echoing(f"you said {SECRETS['CANARY_PASSWORD']}, {API_KEY}")
    # Each copy meets a different kind.
    echoes = {
        owner: kinds[copy]
        for copy in range(KINDS)
        for owner, kinds in ((f"+1415555200{copy}", url), (f"+1415555210{copy}", headers), (f"203.0.113.{copy}", password))
    }

    def ids() -> dict[str, str]:
        numbers = {number["number"]: number["id"] for number in vapi.numbers()}
        return numbers | {trunk["gateways"][0]["ip"]: trunk["id"] for trunk in vapi.credentials()}

    def try_all(method: str, *command: str) -> None:
        after_the_work = ("body",) if method in ("POST", "DELETE") else ()  # which cannot be repeated
        met = {owner: fault for owner, fault in echoes.items() if fault.kind not in after_the_work}
        there = ids()
        for owner, fault in met.items():
            if method == "POST":
                vapi.inject(replace(fault, method=method, containing=f'"{owner}"'))
            else:
                vapi.inject(replace(fault, method=method, path=f"*{there[owner]}"))
        if method == "GET":  # the list, which many reads use
            vapi.inject(replace(url[0], method=method, path="/phone-numbe?"))
        run = scanner(*command, may_fail=True)
        assert run.status != 0
        # A PATCH answered with 200 was carried out; if its answer is unusable, a read settles it.
        failing = len(met) - (3 if method == "PATCH" else 0)
        assert run.output.count("cannot ") >= failing, run.output
        vapi.clear_faults()

    try_all("POST", *up)
    scanner(*up)
    try_all("GET", "refresh", "--yes", "--skip-preview", "--parallel=64")
    scanner.rename("Second")
    try_all("PATCH", *up)
    scanner(*up)
    try_all("GET", "destroy", "--yes", "--skip-preview", "--refresh", "--parallel=64")
    try_all("DELETE", "destroy", "--yes", "--skip-preview", "--continue-on-error", "--parallel=64")
    scanner(*up)
    for number in vapi.numbers():
        if "server" in number and number["name"] != "Plain":
            server = {"url": "https://example.com", "headers": {"x": FOREIGN}}
            vapi.edit_number(number["id"], name="Somebody else's", server=server)
    scanner.rename("Third")
    conflict = scanner(*up, may_fail=True)
    assert "somebody else changed what is about to be changed" in conflict.output
    scanner("destroy", "--yes", "--skip-preview")


def test_no_secret_is_in_a_failure_of_check(scanner: Scanner) -> None:
    program = scanner.stack.project / "__main__.py"
    program.write_text(PROGRAM.replace('url="https://example.com/new", headers={', 'url="nowhere", headers={"bad": 5,'))
    run = scanner("preview", "--diff", may_fail=True)
    assert run.status != 0
    program.write_text(
        PROGRAM.replace(
            'server_url="https://example.com/old"',
            'server_url="nowhere", server={"headers": {"a": os.environ["CANARY_HEADER"]}}',
        )
    )
    run = scanner("preview", "--json", may_fail=True)
    assert run.status != 0
    assert "Traceback" not in run.output


def test_the_engine_s_log_shows_secrets_only_in_lines_of_the_engine(scanner: Scanner) -> None:
    scanner("up", "--yes", "--skip-preview", "-v=8", "--logtostderr")
    run = scanner.stack("refresh", "--yes", "--skip-preview", "-v=9", "--logtostderr")
    assert run.output.count("StepExecutor") > 10
    # At level 9, older CLIs log all traffic with every provider unmasked, which we cannot prevent.
    ours = [line for line in run.output.splitlines() if "arshaling property for RPC[" not in line]
    assert_clean("what is not the engine's own", "\n".join(ours).encode())
    for file in everything_written(scanner.stack.folder):
        assert_clean(str(file), file.read_bytes())


# ---------------------------------------------------------------------------------------------------- where the key goes


@contextmanager
def other_server() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Run a server that keeps the headers of every request."""
    reached: list[dict[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            reached.append(dict(self.headers))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - names of the base class

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - name of the base class
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", reached
        finally:
            server.shutdown()
            thread.join()


def test_no_redirect_takes_the_key_elsewhere(new_stack: NewStack, vapi: Emulator) -> None:
    stack = new_stack(vapi, VAPI_MAX_RETRIES="0")
    arguments = {
        "credential_id": CREDENTIAL_ID,
        "number": "+14155552000",
        "name": "First",
        "server": {"url": "https://example.com"},
    }
    with other_server() as (url, reached):
        fault = Fault("redirect", status=302, location=url + "/phone-number", times=None)
        stack.declare({"one": arguments})
        vapi.inject(fault)
        created = stack.up(may_fail=True)
        vapi.clear_faults()
        stack.up()
        vapi.inject(fault)
        stack.declare({"one": {**arguments, "name": "Second"}})
        failed = [created, stack.refresh(may_fail=True), stack.up(may_fail=True), stack("destroy", "--yes", may_fail=True)]
        assert [run.status for run in failed] == [255 if run.status == 255 else 1 for run in failed]
        assert all("answered 302 " in run.output for run in failed)
        assert reached == []
    assert [number["name"] for number in vapi.numbers()] == ["First"]
