"""Render the documentation's terminal pictures from real runs: the programs in docs/, the real CLI, a local Vapi.

Run by ``make pictures``, which puts the virtual environment and the Pulumi CLI on PATH. The output of the commands is shown in
its own colours, without what differs between runs (durations) and what a terminal would have overwritten (progress).
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pulumi_vapi_byo.emulator import Emulator
from tools.workbench import environment, new_project

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures"
API_KEY = "emulator-key"
COMMAND_LIMIT_S = 120
WIDTH = 104  # columns
FONT_SCALE = 0.6  # of rich's 20 pixels: as large as the code of the pages; what is wider than a phone is scrolled there

CREDENTIAL = "0b0c7e2e-3b62-4a57-9a3f-2a6f3b1e7c11"
ASSISTANT = "7d1a9a0e-52c3-4b0e-8f6d-6a1f0f3f0c55"
SQUAD = "b7e4c1d2-9f80-4c3a-a1b2-c3d4e5f60718"

_ANSI = re.compile(r"\x1b\[[\d;]*[A-Za-z]")
#: Progress that later lines repeat: steps in progress, and failures, which appear again under "Diagnostics".
_PROGRESS = re.compile(
    r"^@|^Duration|(creating|updating|deleting|refreshing) \(|pulumi:pulumi:Stack \S+ (running|\*\*failed|create error)"
)
_REPEATED = re.compile(r"^ *[-+~]* *pulumi\S*:\S+ \S+ .*(error:|\d+ errors?)")
_DURATION = re.compile(r" \(\d+(\.\d+)?s\)")

_VIEW_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')

#: Replaces rich's own template, which would load a font from the network; this one uses the reader's monospaced font.
_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: {char_height}px;
  line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

MISTAKES = f"""\
import pulumi_vapi_byo as vapi

vapi.ByoPhoneNumber(
    "support",
    number="+1 415 555 2671",
    credential_id="{CREDENTIAL}",
    name="The line that our customers call at night",
    server={{"url": "https://example.com/vapi", "timeoutsec": 20}},
)
"""

FLEET = f"""\
import pulumi_vapi_byo as vapi

for name, number, assistant in (
    ("Sales", "+14155552671", "{ASSISTANT}"),
    ("Reception", "+442079460018", "{ASSISTANT}"),
    ("Old hotline", "+442079460123", "{ASSISTANT}"),
):
    vapi.ByoPhoneNumber("number-" + number[1:], number=number, credential_id="{CREDENTIAL}", name=name, assistant_id=assistant)
"""


def program_of(page: str, position: int = 0) -> str:
    """Return a program from a page of the documentation."""
    fenced = r'^```python title="__main__.py"\n(.*?)^```'
    programs: list[str] = re.findall(fenced, (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    return programs[position]


def gist(output: str) -> str:
    """Return the output without what a terminal would no longer show in the end."""
    kept: list[str] = []
    seen: set[str] = set()  # the engine reports the beginning and the end of a step
    for line in output.splitlines():
        plain = _ANSI.sub("", line)
        if _PROGRESS.search(plain) or _REPEATED.search(plain):
            continue
        if plain.strip() and plain.rstrip() in seen:
            continue
        seen.add(plain.rstrip())
        if plain.strip() or (kept and _ANSI.sub("", kept[-1]).strip()):
            kept.append(_DURATION.sub("", line).replace("\x1b[0m\x1b[0m", "\x1b[0m"))
    return "\n".join(kept).strip("\n")


def _with_size(view_box: re.Match[str]) -> str:
    """Give a picture a size of its own, which a page may shrink or scroll."""
    width, height = (round(float(length) * FONT_SCALE) for length in view_box.groups())
    return f'width="{width}" height="{height}" {view_box[0]}'


@dataclass
class Stage:
    """A project with one stack, configured for a local Vapi.

    Attributes:
        folder: Where the program is.
        vapi: The local Vapi.
        env: Environment of every command.
    """

    folder: Path
    vapi: Emulator
    env: dict[str, str]

    def program(self, text: str) -> None:
        """Write the program."""
        (self.folder / "__main__.py").write_text(text)

    def run(self, command: str, *, fails: bool = False) -> str:
        """Run a command, and return its whole output.

        Raises:
            RuntimeError: It failed, or it succeeded although it should fail.
        """
        done = subprocess.run(
            shlex.split(command),
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=COMMAND_LIMIT_S,
        )
        if (done.returncode != 0) != fails:
            raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def picture(self, name: str, command: str, *, options: str = "", fails: bool = False, width: int = WIDTH) -> None:
        """Run a command, and render its output.

        Args:
            name: Name of the picture.
            command: The command, as shown in the picture.
            options: More options, not shown.
            fails: Whether it must fail.
            width: Columns of the terminal.
        """
        self.env["COLUMNS"] = str(width)
        colour = " --color always --non-interactive" if command.startswith("pulumi") else ""
        output = gist(self.run(f"{command}{colour} {options}", fails=fails))
        console = Console(record=True, width=width, file=io.StringIO(), color_system="truecolor", force_terminal=True)
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        console.print(Text.from_ansi(output))
        svg = console.export_svg(title="", code_format=_SVG, unique_id=f"t-{name}")
        # Without the clip path of each line: in a font other than rich's, it cuts the tails off letters.
        svg = re.sub(r' clip-path="[^"]*"|[ \t]+$', "", svg, flags=re.MULTILINE)
        svg = _VIEW_BOX.sub(_with_size, svg, count=1)
        (PICTURES / f"{name}.svg").write_text(svg)
        print(f"docs/pictures/{name}.svg", flush=True)


def quickstart(stage: Stage) -> None:
    """Create, rename, edit elsewhere, refresh: the commands exactly as on the page."""
    program = program_of("quickstart.md")
    stage.program(program)
    stage.picture("up", "pulumi up --yes --skip-preview")
    stage.program(program.replace("Support line", "Help desk"))
    stage.picture("rename", "pulumi preview --diff")
    stage.run("pulumi up --yes --skip-preview")
    stage.vapi.edit_number(stage.vapi.numbers()[0]["id"], name="Dashboard edit")
    stage.picture("drift", "pulumi refresh --yes --skip-preview --diff")


def conflict(stage: Stage) -> None:
    """Change what somebody else has changed."""
    program = program_of("quickstart.md")
    stage.program(program)
    stage.run("pulumi up --yes --skip-preview")
    stage.program(program.replace("Support line", "Help desk"))
    stage.vapi.edit_number(stage.vapi.numbers()[0]["id"], name="Dashboard edit")
    stage.picture("conflict", "pulumi up --yes", options="--skip-preview --suppress-outputs", fails=True)


def secret(stage: Stage) -> None:
    """Change a secret."""
    stage.program(program_of("secrets.md"))
    stage.run(f"pulumi config set credentialId {CREDENTIAL}")
    stage.run("pulumi config set --secret webhookSecret first")
    stage.run("pulumi up --yes --skip-preview")
    stage.run("pulumi config set --secret webhookSecret second")
    stage.picture("secret", "pulumi preview --diff")


def pool(stage: Stage) -> None:
    """Get rows wrong."""
    stage.program(program_of("pools.md"))
    stage.run(f"pulumi config set credentialId {CREDENTIAL}")
    rows = ("number,name", "+442079460018,London", "0044 20 7946 0123,Not E.164", "+442079460018,Twice")
    (stage.folder / "numbers.csv").write_text("\n".join(rows))
    stage.picture("pool", "pulumi preview", fails=True)


def mistakes(stage: Stage) -> None:
    """Get inputs wrong."""
    stage.program(MISTAKES)
    stage.picture("errors", "pulumi preview", fails=True)


def importing(stage: Stage) -> None:
    """List what exists, and take over a number that differs."""
    common = {"credentialId": CREDENTIAL}
    stage.vapi.add_number(number="+14155552671", name="Help desk", assistantId=ASSISTANT, **common)
    stage.vapi.add_number(number="+442079460018", name="Reception", squadId=SQUAD, **common)
    stage.vapi.add_number(number="+442079460123", name="Night", server={"url": "https://example.com/vapi"}, **common)
    stage.picture("import", "vapi-byo import", width=120)
    stage.program(program_of("adopting.md"))
    stage.picture("mismatch", "pulumi up --yes", options="--skip-preview", fails=True)


def report(stage: Stage) -> None:
    """Report on changes to several numbers."""
    stage.program(FLEET)
    stage.run("pulumi up --yes --skip-preview")
    changed = FLEET.replace('"Reception"', '"Front desk"').replace(
        f'"{ASSISTANT}"', '"5b6c7d8e-9f01-4a2b-8c3d-4e5f60718293"', 1
    )
    stage.program("\n".join(line for line in changed.splitlines() if "Old hotline" not in line))
    (stage.folder / "preview.json").write_text(stage.run("pulumi preview --json"))
    # The page has a heading of its own.
    table = stage.run("vapi-byo diff-report preview.json --allow-deletes").partition("\n")[2].strip()
    (PICTURES / "report.md").write_text(table + "\n")
    print("docs/pictures/report.md", flush=True)


def play(scene: Callable[[Stage], None], folder: Path) -> None:
    """Play a scene with a folder, stack and local Vapi of its own."""
    project = new_project(folder / "phone", "phone")
    with Emulator(api_key=API_KEY, seed=1) as vapi:
        env = environment(folder, VAPI_BASE_URL=vapi.base_url, VAPI_API_KEY=API_KEY, FORCE_COLOR="1")
        stage = Stage(project, vapi, env)
        stage.run("pulumi stack init dev")
        scene(stage)


def main() -> int:
    """Render all pictures, or those of the scenes given as arguments, and return the exit status."""
    scenes = {scene.__name__: scene for scene in (quickstart, conflict, secret, pool, mistakes, importing, report)}
    if shutil.which("pulumi") is None:
        print("pictures: there is no pulumi on PATH: run it with `make pictures`", file=sys.stderr)
        return 1
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vapi-pictures-") as folder:
        for name in sys.argv[1:] or scenes:
            play(scenes[name], Path(folder) / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
