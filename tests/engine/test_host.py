"""``host/``: the option in Pulumi.yaml that lets more than four calls be under way."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pulumi_vapi_byo.emulator import Emulator
from tests.sdks import ROOT, Sdk

from .conftest import Start
from .project import Project, Run

pytestmark = pytest.mark.engine

#: As the root project has it, and the documentation asks for it.
OPTION = "plugins:\n  providers:\n    - name: pulumi-python\n      path: host\n"

NUMBERS = """
    for i in range(10):
        vapi.ByoPhoneNumber(f"desk-{i}", **{**DESK, "number": f"+1415555267{i}"}, name="Desk")
"""

#: A provider of the user's own, which notes what process it is in, and what a pool of its own is like there.
OF_THE_USER = """
    import json
    from concurrent import futures
    from pulumi.dynamic import CheckResult, CreateResult, ReadResult, Resource, ResourceProvider

    def note(call):
        import os
        import sys
        with futures.ThreadPoolExecutor(max_workers=2, thread_name_prefix="mine") as pool:
            names = sorted({name.partition("_")[0] for name in pool.map(here, range(3))})
            size = pool._max_workers
        said = {"call": call, "argv": sys.orig_argv, "prefix": sys.prefix, "cwd": os.getcwd(), "pool": [size, *names]}
        with open("notes", "a") as notes:
            notes.write(json.dumps(said) + chr(10))

    def here(_):
        import threading
        return threading.current_thread().name

    class Noting(ResourceProvider):
        def check(self, _olds, news):
            note("check")
            return CheckResult(news, [])

        def create(self, props):
            note("create")
            return CreateResult("some-id", props)

        def read(self, id_, props):
            note("read")
            return ReadResult(id_, props)

        def delete(self, _id, _props):
            note("delete")

    class Mine(Resource):
        pass

    Mine(Noting(), "mine", {"a": 1})
"""

Make = Callable[..., Project]


@pytest.fixture
def make(start: Start, tmp_path: Path) -> Make:
    """Make a project that has the option, or not."""

    def make(project_file: str = OPTION, runtime: str = "runtime: python\n", **options: Any) -> Project:
        folder = tmp_path / "project"
        folder.mkdir()
        shutil.copytree(ROOT / "host", folder / "host")
        (folder / "Pulumi.yaml").write_text("name: numbers\n" + runtime + project_file)
        (folder / "__main__.py").write_text("")
        return start(folder=folder, **options)

    return make


@dataclass
class Most:
    """The most requests that were under way at once."""

    at_once: int = 0


@contextmanager
def watched(vapi: Emulator) -> Iterator[Most]:
    """Look again and again how many requests the emulator has not answered yet."""
    most, ended = Most(), threading.Event()
    vapi.clear_requests()

    def watch() -> None:
        while not ended.wait(0.01):
            most.at_once = max(most.at_once, sum(request.status is None for request in vapi.requests))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        ended.set()
        watcher.join()


def all_commands(project: Project) -> dict[str, Run]:
    """Go the whole way, with room for ten calls at a time, whatever the machine is."""
    return {
        "preview": project.preview(parallel=10),
        "up": project.up(parallel=10),
        "again": project.up(parallel=10, expect_no_changes=True),
        "refresh": project.refresh(parallel=10),
        "destroy": project.destroy(parallel=10),
    }


def diagnostics(run: Run) -> list[tuple[str, str]]:
    """Return what the engine and the processes that it starts have said to the user."""
    found = [event["diagnostic_event"] for event in json.loads(run.events) if event.get("diagnostic_event")]
    return [(one["severity"], one["message"]) for one in found if one["severity"] != "debug"]


@pytest.mark.parametrize(("option", "fits"), [(OPTION, range(5, 11)), ("", range(2, 5))], ids=["host", "stock-host"])
def test_more_than_four_calls_are_under_way_with_the_option_and_only_with_it(
    make: Make, either_sdk: Sdk, serve: Callable[..., Emulator], option: str, fits: range
) -> None:
    vapi = serve(latency_s=0.8)
    project = make(option, sdk=either_sdk, vapi=vapi)
    renamed = NUMBERS.replace('"Desk"', '"Other desk"')
    # What a refresh asks for is fewer calls than numbers.
    for program, command, change in (
        (NUMBERS, project.up, "create"),
        (renamed, project.up, "update"),
        (renamed, project.destroy, "delete"),
    ):
        project.program(program)
        with watched(vapi) as most:
            assert command(parallel=10).changes == {change: 10}
        assert most.at_once in fits, change
    assert vapi.numbers() == []


def test_every_command_runs_in_the_host_and_says_nothing_about_it(make: Make, either_sdk: Sdk) -> None:
    project = make(sdk=either_sdk)
    project.program(NUMBERS)
    runs = all_commands(project)
    runs["json"] = project.preview(parallel=10)
    said = project.cli("preview", "--json")
    assert json.loads(said).get("diagnostics", []) == []
    for command, run in runs.items():
        assert not run.failed, command
        assert diagnostics(run) == [], command
        for word in ("warning", "pulumi-resource-", "plugin"):
            assert word not in run.said, command
    assert runs["up"].changes == {"create": 10}
    assert runs["destroy"].changes == {"delete": 10}


@pytest.mark.parametrize(
    ("option", "module"), [(OPTION, "pulumi_vapi_byo.dynamic.host"), ("", "pulumi.dynamic")], ids=["host", "stock-host"]
)
def test_another_dynamic_provider_of_the_program_does_as_in_the_stock_host(
    make: Make, either_sdk: Sdk, option: str, module: str
) -> None:
    project = make(option, sdk=either_sdk)
    project.program(OF_THE_USER + NUMBERS)
    for command, run in all_commands(project).items():
        assert not run.failed, (command, run.said)
    notes = [json.loads(line) for line in (project.folder / "notes").read_text().splitlines()]
    # The preview and both ups check, and the refresh does not run the program.
    assert [note["call"] for note in notes] == ["check", "check", "create", "check", "read", "delete"]
    for note in notes:
        assert note["argv"][1:4] == ["-u", "-m", module]
        assert note["cwd"] == str(project.folder)
        assert note["pool"] == [2, "mine"]


def test_the_host_runs_in_the_virtual_environment_that_the_project_names(make: Make, either_sdk: Sdk) -> None:
    project = make(sdk=either_sdk, runtime="runtime:\n  name: python\n  options:\n    virtualenv: our env\n")
    environment = project.folder / "our env"
    subprocess.run([either_sdk.python, "-m", "venv", "--without-pip", environment], check=True)
    ask = "import site; print(site.getsitepackages()[0])"
    theirs, ours = (
        subprocess.run([python, "-c", ask], check=True, capture_output=True, encoding="utf-8").stdout.strip()
        for python in (either_sdk.python, environment / "bin" / "python")
    )
    Path(ours, "theirs.pth").write_text(f"import site; site.addsitedir({theirs!r})\n")
    project.program(OF_THE_USER)
    assert not project.up().failed
    assert not project.destroy().failed
    notes = [json.loads(line) for line in (project.folder / "notes").read_text().splitlines()]
    assert {note["prefix"] for note in notes} == {str(environment)}
    assert {tuple(note["argv"][:4]) for note in notes} == {
        (str(environment / "bin" / "python"), "-u", "-m", "pulumi_vapi_byo.dynamic.host")
    }
