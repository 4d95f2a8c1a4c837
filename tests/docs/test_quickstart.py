"""The quickstart's commands, exactly as shown: their output, and the output in its pictures."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pulumi_vapi_byo.emulator import Emulator
from tests.sdks import ROOT
from tools.workbench import clean_environment

pytestmark = pytest.mark.engine

PAGE = (ROOT / "docs" / "quickstart.md").read_text("utf-8")
ADDRESS = "http://127.0.0.1:8080"


def file_of(title: str) -> str:
    found = re.search(rf'title="{re.escape(title)}"\n(.*?)```', PAGE, re.DOTALL)
    assert found
    return found[1]


def commands() -> list[str]:
    """Return the commands between the project's files and the section about the reader's own account."""
    part = PAGE[PAGE.index("## The project") : PAGE.index("## With your own account")]
    blocks = re.findall(r"^```console\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    return [command for block in blocks for command in re.split(r"^\$ ", block, flags=re.MULTILINE) if command.strip()]


def shown(picture: str) -> str:
    """Return the text of a picture."""
    svg = (ROOT / "docs" / "pictures" / f"{picture}.svg").read_text("utf-8")
    return html.unescape(re.sub(r"<[^>]+>", "", svg)).replace("\N{NO-BREAK SPACE}", " ")


def test_the_commands_of_the_quickstart_do_what_the_page_and_its_pictures_say(tmp_path: Path) -> None:
    folder, home = tmp_path / "phone", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        (folder / name).write_text(file_of(name))
    program = folder / "__main__.py"
    env = clean_environment() | {"HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "1", "NO_COLOR": "1"}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])
    said: list[tuple[str, str]] = []
    with Emulator() as vapi:
        script = commands()
        export = next(command for command in script if command.startswith("export "))
        for command in script:
            line = f"{export}\n{command.replace(ADDRESS, vapi.base_url)}"
            done = subprocess.run(
                ["bash", "-c", line], cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
            )
            assert done.returncode == 0, command + done.stdout + done.stderr
            said.append((command.strip(), done.stdout))
            if command.startswith("pulumi up") and "Support line" in program.read_text():
                assert [number["name"] for number in vapi.numbers()] == ["Support line"]
                program.write_text(program.read_text().replace("Support line", "Help desk"))
        assert vapi.numbers() == vapi.credentials() == []
        renames = [request.body for request in vapi.requests if request.method == "PATCH"]
    assert renames == [{"name": "Help desk"}] * 2
    diffs = [change for command, out in said if "--diff" in command for change in re.findall(r"name: .* => .*", out)]
    there, drift, back = diffs
    assert (there, drift) == ('name: "Support line" => "Help desk"', 'name: "Help desk" => "Dashboard edit"')
    assert back == 'name: "Dashboard edit" => "Help desk"'
    assert there in shown("rename")
    assert drift in shown("drift")
    assert "$ pulumi refresh --yes --skip-preview --diff" in shown("drift")
    assert "$ pulumi up --yes --skip-preview" in shown("up")
