"""``examples/team-state`` on an S3-compatible store: two stacks, a colleague, and two people who run ``up`` at once."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from moto.server import ThreadedMotoServer

from pulumi_vapi_byo.emulator import Emulator, Fault
from tests.sdks import ROOT
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID
from tools import workbench

from .project import API_KEY

pytestmark = pytest.mark.engine

#: The options that the example's README gives for S3-compatible stores.
OPTIONS = (
    "region=us-east-1&use_path_style=true&request_checksum_calculation=when_required&response_checksum_validation=when_required"
)
NUMBERS = ["+442079460100", "+442079460101"]


@dataclass(frozen=True)
class Bucket:
    """A bucket of the store, and how to reach it."""

    client: Any
    name: str
    url: str

    def files(self) -> dict[str, bytes]:
        """Return all its files."""
        found = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return {one["Key"]: self.client.get_object(Bucket=self.name, Key=one["Key"])["Body"].read() for one in found}


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    address = f"http://127.0.0.1:{port}"
    client = boto3.client(
        "s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="team", aws_secret_access_key="team"
    )
    name = f"team-state-{uuid.uuid4()}"  # all moto servers of a process share their content
    client.create_bucket(Bucket=name)
    yield Bucket(client, name, f"s3://{name}?endpoint={address}&{OPTIONS}")
    client.close()
    server.stop()


@pytest.fixture
def vapi() -> Iterator[Emulator]:
    with Emulator(api_key=API_KEY, rules={"duplicate-number": "accepted"}) as vapi:
        yield vapi


@dataclass(frozen=True)
class Member:
    """A person with their own checkout and Pulumi home."""

    folder: Path
    bucket: Bucket

    def start(self, project: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a command of the CLI in one of the projects."""
        env = workbench.environment(
            self.folder,
            HOME=str(self.folder),
            PULUMI_BACKEND_URL=self.bucket.url,
            AWS_ACCESS_KEY_ID="team",
            AWS_SECRET_ACCESS_KEY="team",
        )
        return workbench.start(self.folder / project, env, *arguments)

    def __call__(self, project: str, *arguments: str, fails: bool = False) -> str:
        """Run a command to its end and return its output."""
        with self.start(project, *arguments) as process:
            said, _ = process.communicate(timeout=120)
        assert bool(process.returncode) == fails, said
        return said


@pytest.fixture
def join(tmp_path: Path, bucket: Bucket) -> Callable[[str], Member]:
    """Give a person copies of both projects."""

    def join(name: str) -> Member:
        for project in ("team-state", "stack-reference"):
            copied = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / "examples" / project, tmp_path / name / project, ignore=copied)
        return Member(tmp_path / name, bucket)

    return join


@pytest.fixture
def first(join: Callable[[str], Member], vapi: Emulator) -> Member:
    """Return the member who creates the stack of the numbers."""
    member = join("first")
    member("team-state", "stack", "init", "prod")
    member("team-state", "config", "set", "--secret", "vapi-byo:apiKey", API_KEY)
    settings = {"vapi-byo:baseUrl": vapi.base_url, "credentialId": CREDENTIAL_ID, "assistantId": ASSISTANT_ID}
    workbench.configure(member.folder / "team-state", "prod", settings)
    return member


def digits(vapi: Emulator) -> list[str]:
    return sorted(number["number"] for number in vapi.numbers())


def wait_for_a_create(vapi: Emulator) -> None:
    end = time.monotonic() + 60
    while not any(request.method == "POST" for request in vapi.requests):
        assert time.monotonic() < end, "the first up makes nothing"
        time.sleep(0.05)


def kill_with_all_it_started(process: subprocess.Popen[str]) -> None:
    """Kill the CLI as a crash would, and then its plugins, which would otherwise wait for it forever."""
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): int(parent) for pid, parent in (line.split() for line in table.splitlines())}
    family = [process.pid]
    for pid in family:  # grows during the loop
        family += [child for child, parent in parents.items() if parent == pid]
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_two_stacks_and_two_people_share_a_bucket(
    first: Member, join: Callable[[str], Member], bucket: Bucket, vapi: Emulator
) -> None:
    first("team-state", "up", "--yes", "--skip-preview")
    assert digits(vapi) == NUMBERS

    second = join("second")
    shutil.copy(first.folder / "team-state" / "Pulumi.prod.yaml", second.folder / "team-state")
    second("team-state", "preview", "--stack", "prod", "--expect-no-changes")

    second("stack-reference", "stack", "init", "prod")
    second("stack-reference", "config", "set", "numbersStack", "organization/team-numbers/prod")
    second("stack-reference", "up", "--yes", "--skip-preview")
    plan = second("stack-reference", "stack", "output", "dial_plan")
    assert f"exten => +442079460100,1,Dial(PJSIP/vapi/sip:+442079460100@{CREDENTIAL_ID}.sip.vapi.ai)" in plan

    files = bucket.files()
    assert {".pulumi/stacks/team-numbers/prod.json", ".pulumi/stacks/vapi-dial-plan/prod.json"} <= files.keys()
    assert [name for name, content in files.items() if API_KEY.encode() in content] == []
    assert [name for name in files if "/locks/" in name] == []


def test_who_comes_second_changes_nothing_and_is_told_who_has_the_lock(
    first: Member, join: Callable[[str], Member], vapi: Emulator
) -> None:
    second = join("second")
    shutil.copy(first.folder / "team-state" / "Pulumi.prod.yaml", second.folder / "team-state")
    vapi.inject(Fault("slow", "POST", "/phone-number", delay_s=8, times=2))
    with first.start("team-state", "up", "--yes", "--skip-preview") as winner:
        wait_for_a_create(vapi)
        said = second("team-state", "up", "--stack", "prod", "--yes", "--skip-preview", fails=True)
        assert winner.poll() is None, "the first was over before the second came"
        won, _ = winner.communicate(timeout=120)
    assert winner.returncode == 0, won
    assert (
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock "
        "file with `pulumi cancel`." in said
    )
    assert re.search(
        rf"/locks/organization/team-numbers/prod/[\w-]+\.json\S*: created by \S+ \(pid {winner.pid}\) at ", said
    ), said
    assert digits(vapi) == NUMBERS
    assert len([request for request in vapi.requests if request.method == "POST"]) == 2
    second("team-state", "preview", "--stack", "prod", "--expect-no-changes")


def test_the_lock_of_a_killed_up_is_cancelled_and_nothing_is_made_twice(first: Member, vapi: Emulator) -> None:
    vapi.inject(Fault("slow", "POST", "/phone-number", delay_s=8, times=2))
    with first.start("team-state", "up", "--yes", "--skip-preview") as killed:
        wait_for_a_create(vapi)
        kill_with_all_it_started(killed)
    assert "currently locked" in first("team-state", "up", "--yes", "--skip-preview", fails=True)
    first("team-state", "cancel", "--yes", "prod")
    vapi.clear_faults()
    made = digits(vapi)
    assert made
    said = first("team-state", "up", "--yes", "--skip-preview", fails=True)
    assert f"cannot create BYO phone number '{made[0]}': it already exists at Vapi" in said
    workbench.configure(first.folder / "team-state", "prod", {"vapi-byo:onExisting": "adopt"})
    first("team-state", "up", "--yes", "--skip-preview")
    assert digits(vapi) == NUMBERS
    first("team-state", "preview", "--expect-no-changes")


def test_a_login_decides_where_the_state_of_the_example_is(tmp_path: Path) -> None:
    for project in ("team-state", "stack-reference"):
        shutil.copytree(ROOT / "examples" / project, tmp_path / project)
    (tmp_path / "shared").mkdir()
    env = workbench.environment(tmp_path)
    del env["PULUMI_BACKEND_URL"]  # so that the login counts
    for project, *arguments in (
        ("team-state", "login", (tmp_path / "shared").as_uri()),
        ("team-state", "stack", "init", "prod"),
        ("stack-reference", "stack", "init", "prod"),
    ):
        status, said = workbench.run(tmp_path / project, env, *arguments)
        assert status == 0, said
    stacks = sorted(path.parent.name for path in (tmp_path / "shared").rglob("stacks/*/prod.json"))
    assert stacks == ["team-numbers", "vapi-dial-plan"]
