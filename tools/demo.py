"""Show the whole life of phone numbers on the real Pulumi engine, against a local Vapi, as a user would run it.

Run by ``make demo``, which puts the virtual environment and the Pulumi CLI on PATH. Everything it creates (a copy of the
program, Pulumi's state, the emulator's numbers) is in a temporary folder and gone afterwards. It uses no account, no key and no
network but loopback.

Every step runs a real command, shows its output, and then asks the local Vapi what it really received.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tools.workbench import environment

ROOT = Path(__file__).resolve().parent.parent
API_KEY = "demo-key-of-no-account"
STACK = "demo"
# A number for drama (Ofcom) and one for fiction (NANPA): nobody is called.
LONDON, FRISCO = "+442079460018", "+14155550123"
ASSISTANT = "5f0c9a0e-6d0b-4b7e-9d53-0a1c2b3d4e5f"

START_LIMIT_S = 20.0
COMMAND_LIMIT_S = 120.0

# Engine output that is not a finding: the ticker, headings, the stack itself, steps that a later line reports as done,
# failures that are repeated under "Diagnostics".
NOISE = re.compile(
    r"^(@|Previewing|Updating|Refreshing|Destroying|Duration|The resources in the stack|If you want to remove)"
    r"|^\s*$|^\s*\[urn=|pulumi:pulumi:Stack|pulumi stack rm|\b(creating|updating|deleting|refreshing) \(\d+s\)"
    r"|:ByoPhoneNumber \S+ +(error:|\d+ errors?)"
)
SECTIONS = re.compile(r"^\s*(Diagnostics|Outputs|Resources|--outputs|[-+~] pulumi-python):")
OUTPUT_WIDTH = 112


class DemoError(Exception):
    """Something did not go as the demo claims."""


def gist(output: str, *, with_outputs: bool) -> str:
    """Return the engine's output without the noise.

    Args:
        output: The whole output.
        with_outputs: Whether to keep the stack's outputs.
    """
    kept = []
    section = ""
    for line in output.splitlines():
        if heading := SECTIONS.match(line):
            section = heading[1]
        if not NOISE.search(line) and (with_outputs or section not in ("Outputs", "--outputs")):
            indent = " " * (len(line) - len(line.lstrip()) + 4)
            kept.append(textwrap.fill(line, OUTPUT_WIDTH, subsequent_indent=indent, break_on_hyphens=False))
    return textwrap.dedent("\n".join(kept))


# The local Vapi


@dataclass
class Vapi:
    """The emulator, in a process of its own.

    Attributes:
        url: Its base URL.
    """

    url: str

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Call one of the emulator's control paths, which are not in its request log."""
        answer = requests.request(method, f"{self.url}/__emulator__/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def forget(self) -> None:
        """Empty the request log."""
        self.control("DELETE", "requests")

    def log(self) -> list[dict[str, Any]]:
        """Return the requests since the log was emptied."""
        received: list[dict[str, Any]] = self.control("GET", "requests")
        return received

    def numbers(self) -> dict[str, dict[str, Any]]:
        """Return everything that Vapi holds about its phone numbers, by number."""
        return {number["number"]: number for number in self.control("GET", "numbers")}


@contextmanager
def emulator(folder: Path) -> Iterator[Vapi]:
    """Run the emulator.

    Args:
        folder: Its output is written here.

    Yields:
        The emulator, listening.

    Raises:
        DemoError: It did not start.
    """
    output = folder / "emulator.log"
    command = [sys.executable, "-m", "pulumi_vapi_byo.emulator", "--port", "0", "--api-key", API_KEY]
    with output.open("w") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        deadline = time.monotonic() + START_LIMIT_S
        while not (ready := re.search(r"listening on (\S+)\n", output.read_text())):
            if process.poll() is not None or time.monotonic() > deadline:
                raise DemoError(f"the emulator did not start:\n{output.read_text()}")
            time.sleep(0.05)
        yield Vapi(ready[1])
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# The real Pulumi


@dataclass
class Pulumi:
    """The CLI in a project of its own, with its state in a folder.

    Attributes:
        project: Where the program is.
        env: Environment of every command.
    """

    project: Path
    env: dict[str, str]

    def quiet(self, *arguments: str) -> str:
        """Run a command that is not shown, and return its output."""
        status, output = self._run(arguments)
        if status != 0:
            raise DemoError(f"pulumi {' '.join(arguments)} failed:\n{output}")
        return output

    def show(self, *arguments: str, with_outputs: bool = False, expect_failure: bool = False) -> str:
        """Run a command, and print it with the gist of its output.

        Args:
            *arguments: What follows ``pulumi`` on the command line.
            with_outputs: Whether to print the stack's outputs too.
            expect_failure: Whether it must fail rather than succeed.

        Returns:
            Its whole output.

        Raises:
            DemoError: It failed unexpectedly, or succeeded unexpectedly.
        """
        shown = [f"'{argument}'" if re.search(r"[^\w+./:=@-]", argument) else argument for argument in arguments]
        print(f"   $ pulumi {' '.join(shown)}", flush=True)
        status, output = self._run(arguments)
        if found := gist(output, with_outputs=with_outputs):
            print(textwrap.indent(found, "     "), flush=True)
        if (status != 0) != expect_failure:
            raise DemoError(f"the command ended with status {status}; all of its output:\n{output}")
        return output

    def _run(self, arguments: tuple[str, ...]) -> tuple[int, str]:
        # In a session of its own: Ctrl-C only reaches this program, which passes it on exactly once. A second interrupt would
        # make the engine stop without writing its state.
        process = subprocess.Popen(
            ["pulumi", "--non-interactive", "--color", "never", *arguments],
            cwd=self.project,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=COMMAND_LIMIT_S)
        except BaseException:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
            raise
        return process.returncode, output


# The show


@dataclass
class Show:
    """Numbers and times the steps, and prints what was checked.

    Attributes:
        steps: How many steps have begun.
    """

    steps: int = field(default=0, init=False)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Print a step's title before it and its duration after it."""
        print(f"\n{self.steps + 1}. {title}", flush=True)
        started = time.monotonic()
        yield
        self.steps += 1
        print(f"   done in {time.monotonic() - started:.1f} s", flush=True)

    def check(self, claim: str, holds: bool, found: object) -> None:
        """Print a claim that turned out true.

        Raises:
            DemoError: It is false.
        """
        if not holds:
            raise DemoError(f"expected: {claim}\n  found: {found}")
        print(f"   ok: {claim}", flush=True)


def play(show: Show, vapi: Vapi, pulumi: Pulumi, reader: Pulumi) -> None:
    """Play all steps.

    Args:
        show: Prints the steps.
        vapi: The local Vapi.
        pulumi: The program at the project's root, its stack configured.
        reader: The program that reads the stack's outputs, its own stack configured.

    Raises:
        DemoError: A step did not do what it claims.
    """

    def log() -> str:
        """Summarise what Vapi received, e.g. ``1 GET, 2 POST``."""
        counts = Counter(entry["method"] for entry in vapi.log())
        return f"Vapi's log: {', '.join(f'{count} {verb}' for verb, count in sorted(counts.items())) or 'no request'}"

    def writes() -> list[tuple[str, Any]]:
        """Return method and body of each request that was meant to change something."""
        return [(entry["method"], entry["body"]) for entry in vapi.log() if entry["method"] != "GET"]

    with show.step("Look before you leap: a preview."):
        output = pulumi.show("preview")
        show.check("two phone numbers to create", output.count("ByoPhoneNumber number-") == 2, output)
        show.check(f"a preview sends nothing ({log()})", not vapi.log(), vapi.log())

    with show.step("Make it so."):
        pulumi.show("up", "--yes", "--skip-preview", with_outputs=True)
        show.check(f"a POST for each number ({log()})", [verb for verb, _ in writes()] == ["POST"] * 2, writes())
        show.check("Vapi now holds both numbers", set(vapi.numbers()) == {LONDON, FRISCO}, vapi.numbers())
    first_id = vapi.numbers()[LONDON]["id"]

    with show.step("Again, with nothing to do."):
        vapi.forget()
        pulumi.show("preview", "--expect-no-changes")
        pulumi.show("up", "--yes", "--skip-preview", "--expect-no-changes")
        show.check(f"not a single write ({log()})", not writes(), writes())

    with show.step("A slip of the finger is found before anything is sent."):
        pulumi.show("config", "set", "--path", "numbers[1].number", "--type", "string", "+1 (415) 555-0123")
        output = pulumi.show("preview", expect_failure=True)
        show.check("one line that says what is wrong, no traceback", "Traceback" not in output, output)
        show.check(f"nothing was sent ({log()})", not vapi.log(), vapi.log())
        pulumi.show("config", "set", "--path", "numbers[1].number", "--type", "string", FRISCO)

    with show.step("Rename a number: first see what that would do."):
        pulumi.show("config", "set", "--path", "numbers[0].name", "Front desk")
        output = pulumi.show("preview", "--diff")
        show.check('the diff says "Reception" => "Front desk"', '"Reception" => "Front desk"' in output, output)
        show.check(f"nothing was sent ({log()})", not vapi.log(), vapi.log())

    with show.step("Then do it, in place."):
        vapi.forget()
        pulumi.show("up", "--yes", "--skip-preview")
        renamed = ("PATCH", {"name": "Front desk"})
        show.check(f'a PATCH with 1 field: {{"name": "Front desk"}} ({log()})', writes() == [renamed], writes())
        show.check("it is still the same number, with the same id", vapi.numbers()[LONDON]["id"] == first_id, first_id)

    with show.step("Someone edits the number in Vapi's dashboard. A refresh finds it."):
        vapi.control("PATCH", f"numbers/{first_id}", {"name": "Hands off!"})
        print('   (in the dashboard: name = "Hands off!")')
        vapi.forget()
        output = pulumi.show("refresh", "--yes", "--skip-preview", "--diff")
        show.check('found: "Front desk" => "Hands off!"', '"Front desk" => "Hands off!"' in output, output)
        show.check(f"Vapi was only asked, never told ({log()})", not writes(), writes())

    with show.step("The program has the last word: bring it back."):
        vapi.forget()
        pulumi.show("up", "--yes", "--skip-preview", "--diff")
        show.check(f"again a PATCH with 1 field ({log()})", writes() == [renamed], writes())
        show.check('the number is called "Front desk" again', vapi.numbers()[LONDON]["name"] == "Front desk", vapi.numbers())

    with show.step("Another stack reads where to send the calls (examples/stack-reference)."):
        vapi.forget()
        reader.show("up", "--yes", "--skip-preview")
        output = reader.show("stack", "output", "dial_plan")
        show.check("both numbers are in its dial plan", output.count("Dial(PJSIP/vapi/") == 2, output)
        show.check(f"it needs no key of Vapi's ({log()})", not vapi.log(), vapi.log())

    with show.step("Tidy up."):
        vapi.forget()
        pulumi.show("destroy", "--yes", "--skip-preview")
        show.check(f"a DELETE for each number ({log()})", writes() == [("DELETE", None)] * 2, writes())
        show.check("Vapi has no numbers left", not vapi.numbers(), vapi.numbers())


def configured(folder: Path, vapi: Vapi) -> tuple[Pulumi, Pulumi]:
    """Copy both programs and configure a stack for each, as a user would.

    Args:
        folder: Gets the copies, and Pulumi's state.
        vapi: Gets the SIP trunk credential that the numbers are reached through.

    Returns:
        The program at the project's root, and the one that reads its stack.
    """
    env = environment(folder)
    stages = []
    for source, name in ((ROOT, "numbers"), (ROOT / "examples" / "stack-reference", "dial-plan")):
        project = folder / name
        project.mkdir()
        for file in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(source / file, project)
        stages.append(Pulumi(project, env))
    numbers, reader = stages

    credential = vapi.control(
        "POST", "credentials", {"provider": "byo-sip-trunk", "name": "Carrier", "gateways": [{"ip": "203.0.113.7"}]}
    )
    numbers.quiet("stack", "init", STACK)
    numbers.quiet("config", "set", "vapi-byo:baseUrl", vapi.url)
    numbers.quiet("config", "set", "--secret", "vapi-byo:apiKey", API_KEY)
    numbers.quiet("config", "set", "credentialId", credential["id"])
    numbers.quiet("config", "set", "assistantId", ASSISTANT)
    for position, (number, name) in enumerate(((LONDON, "Reception"), (FRISCO, "Sales"))):
        numbers.quiet("config", "set", "--path", f"numbers[{position}].number", "--type", "string", number)
        numbers.quiet("config", "set", "--path", f"numbers[{position}].name", name)
    reader.quiet("stack", "init", STACK)
    reader.quiet("config", "set", "numbersStack", f"organization/vapi-byo-numbers/{STACK}")
    return numbers, reader


def main() -> int:
    """Run the demo, and return the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    show = Show()
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="vapi-demo-") as name, emulator(Path(name)) as vapi:
            print("\nPhone numbers as code: the real Pulumi engine, a local Vapi, and no account of yours.")
            pulumi, reader = configured(Path(name), vapi)
            print(f"   Vapi    {vapi.url} (an emulator; it holds one SIP trunk credential and no number)")
            print(f"   Pulumi  {pulumi.quiet('version').strip()}, its state in a temporary folder")
            print("   The program is __main__.py; this is its configuration (Pulumi.demo.yaml):")
            settings = (pulumi.project / f"Pulumi.{STACK}.yaml").read_text()
            print(textwrap.indent(settings[settings.index("config:") :], "     ").rstrip())
            play(show, vapi, pulumi, reader)
    except DemoError as error:
        print(f"\ndemo: failed in step {show.steps + 1}: {error}", file=sys.stderr)
        return 1
    except FileNotFoundError as error:
        print(f"\ndemo: {error.filename} is not there: run it with `make demo`", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: stopped, nothing is left behind", file=sys.stderr)
        return 130
    print(f"\ndemo: {show.steps} steps done in {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
