"""The documentation is true: its programs run as they are shown, and everything that it names exists."""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from pydantic.alias_generators import to_camel

import pulumi_vapi_byo
from pulumi_vapi_byo.cli.app import app
from pulumi_vapi_byo.config import SETTINGS
from pulumi_vapi_byo.emulator import Emulator
from tests.sdks import ROOT
from tools import workbench

README = ROOT / "README.md"
PAGES = sorted([README, ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
API_KEY = "canary-api-key-5c1d"

#: The stack whose file the pages show.
STACK = "dev"
CREDENTIAL_ID = "0b0c7e2e-3b62-4a57-9a3f-2a6f3b1e7c11"

_FENCE = re.compile(r'^( *)```(\w+)(?: title="([^"]+)")?\n(.*?)^\1```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        page: Path of the page, below the root.
        line: The line on which it begins.
        language: The language that the fence names.
        title: Name of the file that it shows; empty for a fragment.
        text: Its content.
    """

    page: str
    line: int
    language: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Program:
    """A Pulumi program of a page, and the files that the page shows before it."""

    block: Block
    files: tuple[Block, ...]


@functools.cache
def blocks() -> tuple[Block, ...]:
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for match in _FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(str(page.relative_to(ROOT)), line, match[2], match[3] or "", match[4]))
    return tuple(found)


def programs() -> Iterator[Program]:
    files: list[Block] = []
    for block in blocks():
        if block.title == "__main__.py" or (block.page == README.name and "import pulumi_vapi_byo" in block.text):
            yield Program(block, tuple(file for file in files if file.page == block.page))
            files = []
        elif block.title:
            files.append(block)


def calls(block: Block) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of the package's names in a block of Python."""
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.Call) and (name := re.match(r"vapi\.([A-Z]\w+|[a-z]\w*)", ast.unparse(node.func))):
            yield name[1], node


def keywords(call: ast.Call) -> dict[str, object]:
    """Return the keyword arguments of a call that are plain values."""
    return {word.arg: word.value.value for word in call.keywords if word.arg and isinstance(word.value, ast.Constant)}


# ------------------------------------------------------------------------------------------------------------- the programs


class Project:
    """A project as a reader has it: a folder, a stack, and settings in the environment."""

    def __init__(self, folder: Path, vapi: Emulator) -> None:
        self.folder = workbench.new_project(folder / "phone", "phone")
        self._env = workbench.environment(
            folder, PULUMI_STACK=STACK, VAPI_BASE_URL=vapi.base_url, VAPI_API_KEY=API_KEY, VAPI_MAX_RETRIES="0"
        )
        workbench.new_stack(folder, self.folder, STACK)

    def pulumi(self, *arguments: str) -> str:
        """Run the CLI, which must succeed, and return its output."""
        status, output = workbench.run(self.folder, self._env, *arguments)
        assert status == 0, f"pulumi {' '.join(arguments)}\n{output}"
        return output


def settings(text: str) -> dict[str, str]:
    """Return a value for every configuration key that a program requires."""
    keys = re.findall(r'config\.require(?:_secret)?\("(\w+)"\)', text)
    return {key: API_KEY if key.endswith("Key") else CREDENTIAL_ID for key in keys}


@pytest.mark.engine
@pytest.mark.parametrize("program", list(programs()), ids=lambda program: str(program.block))
def test_a_program_of_the_documentation_is_stable_from_preview_to_destroy(program: Program, tmp_path: Path) -> None:
    text = program.block.text
    with Emulator(api_key=API_KEY, seed=1) as vapi:
        adopted_numbers = set()
        for name, call in calls(program.block):
            adopted = re.search(r"import_='([\w-]+)'", ast.unparse(call))
            if adopted and name == "ByoPhoneNumber":
                wire = {to_camel(word): value for word, value in keywords(call).items()}
                number = vapi.add_number(**wire)
                assert number["id"] == adopted[1], "the page shows the first id that the emulator gives with this seed"
                adopted_numbers.add(number["number"])
        project = Project(tmp_path, vapi)
        (project.folder / "__main__.py").write_text(text)
        for file in program.files:
            (project.folder / file.title).write_text(file.text)
        workbench.configure(project.folder, STACK, settings(text))

        assert "warning" not in project.pulumi("up", "--yes")
        looks = {"GET"} if "vapi.get_phone_numbers(" in text else set()
        numbers = {number["number"] for number in vapi.numbers()}
        shown = "\n".join([text, *(file.text for file in program.files)])
        assert looks or numbers
        assert numbers <= set(re.findall(r"\+\d+", shown))
        posted = {
            request.body["number"] for request in vapi.requests if (request.method, request.path) == ("POST", "/phone-number")
        }
        assert posted == numbers - adopted_numbers
        assert "PATCH" not in {request.method for request in vapi.requests}

        # Where nothing changes, only look-ups send anything.
        vapi.clear_requests()
        project.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
        assert {request.method for request in vapi.requests} == looks

        project.pulumi("destroy", "--yes", "--skip-preview")
        assert (vapi.numbers(), vapi.credentials()) == ([], [])


def test_the_documentation_has_programs_that_run() -> None:
    pages = {program.block.page for program in programs()}
    assert {"README.md", "docs/quickstart.md", "docs/resources/phone-number.md", "docs/resources/sip-trunk.md"} <= pages


@pytest.mark.parametrize("block", [block for block in blocks() if block.title.startswith("test_")], ids=str)
def test_a_test_of_the_documentation_passes(block: Block, tmp_path: Path) -> None:
    (tmp_path / block.title).write_text(block.text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", block.title]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stdout


# -------------------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize("block", [block for block in blocks() if block.language == "python"], ids=str)
def test_names_and_arguments_in_python_exist(block: Block) -> None:
    if "pulumi_vapi_byo.emulator" in block.text:
        return  # there, vapi is the emulator
    for name, call in calls(block):
        assert name in pulumi_vapi_byo.__all__
        taken = set(inspect.signature(getattr(pulumi_vapi_byo, name)).parameters)
        if arguments := getattr(pulumi_vapi_byo, f"{name}Args", None):
            taken |= {field.name for field in dataclasses.fields(arguments)}
        assert {word.arg for word in call.keywords} <= taken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_classes_that_a_page_names_exist(page: Path) -> None:
    assert set(re.findall(r"`vapi\.([A-Z]\w+)", page.read_text("utf-8"))) <= set(pulumi_vapi_byo.__all__)


CONFIG_KEYS = {one.name for one in SETTINGS.values()}

#: In YAML, the names of functions look like configuration keys.
FUNCTIONS = {"getPhoneNumber", "getPhoneNumbers"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_configuration_keys_that_a_page_names_exist(page: Path) -> None:
    named = set(re.findall(r"\bvapi-byo:([a-z]\w*)\b(?!:)", page.read_text("utf-8")))
    assert named - FUNCTIONS <= CONFIG_KEYS


def test_every_configuration_key_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert set(re.findall(r"^\| `vapi-byo:(\w+)`", page, re.MULTILINE)) == CONFIG_KEYS


def other_languages() -> list[Block]:
    """Return the blocks of the resources' pages that are not in Python."""
    pages = [one for one in blocks() if one.page.startswith("docs/resources/")]
    return [one for one in pages if one.language in ("yaml", "typescript", "go")]


@pytest.mark.parametrize("block", other_languages(), ids=str)
def test_programs_in_other_languages_use_the_schema_s_names(block: Block) -> None:
    schema = json.loads((ROOT / "pulumi_vapi_byo" / "plugin" / "schema.json").read_text("utf-8"))
    declared = [one["inputProperties"] for one in schema["resources"].values()]
    declared += [one["properties"] for one in schema["types"].values()]
    known = {name for properties in declared for name in properties}
    pattern = {"yaml": r"^\s+(?:- )?(\w+):(?: |$)", "typescript": r"\b([a-z]\w+)(?=: |,\n)", "go": r"\b([A-Z]\w+):"}[
        block.language
    ]
    named = {name[0].lower() + name[1:] for name in re.findall(pattern, block.text, re.MULTILINE)}
    assert named - known <= {"resources", "properties", "type", "support", "carrier"}
    assert len(named & known) > 3


def lines_with(page: Path, command: str) -> list[str]:
    """Return the rest of each line of code that contains a command."""
    text = page.read_text("utf-8")
    code = [match[4] for match in _FENCE.finditer(text)] + re.findall(r"`([^`\n]+)`", _FENCE.sub("", text))
    return re.findall(rf"(?<![\w-])(?<!resource ){re.escape(command)}(?= |$)([^|#\n]*)", "\n".join(code), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_of_vapi_byo_exist(page: Path) -> None:
    commands = getattr(typer.main.get_command(app), "commands")  # noqa: B009 - click's group; typer does not say so
    for arguments in lines_with(page, "vapi-byo"):
        words = arguments.split()
        if words:
            assert words[0] in commands
            options = {option for parameter in commands[words[0]].params for option in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= options


def test_every_command_of_vapi_byo_is_documented() -> None:
    told = {arguments.split()[0] for page in PAGES for arguments in lines_with(page, "vapi-byo") if arguments.split()}
    assert told == set(getattr(typer.main.get_command(app), "commands"))  # noqa: B009 - as above


def test_options_of_the_emulator_exist() -> None:
    command = [sys.executable, "-m", "pulumi_vapi_byo.emulator", "--help"]
    known = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=True).stdout
    shown = "\n".join(line for page in PAGES for line in lines_with(page, "python -m pulumi_vapi_byo.emulator"))
    assert "--port" in shown
    assert set(re.findall(r"--[\w-]+", shown)) <= set(re.findall(r"--[\w-]+", known))
