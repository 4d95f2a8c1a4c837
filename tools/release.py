"""All of a release but the upload: build, check, install into empty folders, use, sum up. Run by ``make release-check``.

The release workflow runs the same on each system that there is an archive for. What it leaves is what is uploaded; after a
failure it leaves what was there before.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pulumi_vapi_byo._version import __version__
from pulumi_vapi_byo.emulator import Emulator
from tools import workbench
from tools.generate.examples import example
from tools.plugin_archive import EXECUTABLE, ROOT, StepError, end_of, pack, run_step, system

NOTES: Final = "RELEASE_NOTES.md"
CHECKSUMS: Final = "SHA256SUMS"
_KEY: Final = "release-check"

#: In the docs: the command that installs an archive, the archive, what an SDK is generated from, and the two ways to pin.
_BEFORE_A_VERSION: Final = rf"resource vapi-byo |{EXECUTABLE}-v|vapi-byo@|pulumi-vapi-byo==|\bversion: "


class ReleaseError(StepError):
    """A release is not possible; the message says why in a sentence."""


# ------------------------------------------------------------------------------------------------------------------ checks


def section(changelog: str, version: str) -> tuple[str, str]:
    """Find a version in the changelog.

    Args:
        changelog: Its text.
        version: The version.

    Returns:
        What is said of its date, and what changes.

    Raises:
        ReleaseError: There is no such section, or nothing in it.
    """
    found = re.search(rf"^## \[{re.escape(version)}\](?: - ([^\n]*))?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ReleaseError(f"CHANGELOG.md has no section [{version}]")
    if not found[2].strip():
        raise ReleaseError(f"CHANGELOG.md says nothing in its section [{version}]")
    return found[1] or "", found[2].strip() + "\n"


def check_tag(tag: str, version: str, date: str) -> None:
    """Check that a tag releases this version.

    Args:
        tag: The tag.
        version: What ``_version.py`` says.
        date: What the changelog says of its date.

    Raises:
        ReleaseError: It is another version's, or the version has no date.
    """
    if tag != f"v{version}":
        raise ReleaseError(f"the tag is {tag} and the version {version}")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        raise ReleaseError(f"CHANGELOG.md gives {version} no date")


def check_versions(version: str, said: Mapping[str, Sequence[str]]) -> None:
    """Check that a version is the same wherever it is written.

    Args:
        version: What ``_version.py`` says.
        said: By file, the versions that it names; each must name one.

    Raises:
        ReleaseError: A file names another version, or none.
    """
    for file, versions in said.items():
        if not versions:
            raise ReleaseError(f"{file} names no version")
        for other in versions:
            if other != version:
                raise ReleaseError(f"{file} names {other}, and the version is {version}")


def versions_of_sources() -> dict[str, list[str]]:
    """Return the versions that are written into the schema and into the docs."""
    schema = ROOT / "pulumi_vapi_byo" / "plugin" / "schema.json"
    found = {str(schema.relative_to(ROOT)): [json.loads(schema.read_text("utf-8"))["version"]]}
    for page in sorted((ROOT / "docs").rglob("*.md")):
        named = re.findall(rf"(?:{_BEFORE_A_VERSION})(\d+\.\d+\.\d+)", page.read_text("utf-8"))
        if named:
            found[str(page.relative_to(ROOT))] = named
    return found


def versions_of_names(folder: Path) -> dict[str, list[str]]:
    """Return the versions in the names of what was built."""
    files = [file.name for file in sorted(folder.iterdir())]
    return {file: re.findall(r"-v?(\d+\.\d+\.\d+)(?=[-.])", file) for file in files if file not in (NOTES, CHECKSUMS)}


# ------------------------------------------------------------------------------------------------------------------- steps


@contextlib.contextmanager
def step(label: str) -> Iterator[None]:
    """Print a line about a part of the work."""
    print(f"  {label:<66}", end="", flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed")
        raise
    print(f"{time.monotonic() - started:5.1f} s")


def build(folder: Path) -> Path:
    """Build the source distribution, and the wheel from it.

    Args:
        folder: Gets both; there are no others in it.

    Returns:
        The wheel.

    Raises:
        StepError: The build failed.
    """
    run_step("the build", [sys.executable, "-m", "build", "--outdir", folder, ROOT], folder)
    [wheel] = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path, base: str | Path = sys.executable) -> Path:
    """Install a wheel and what it needs, and nothing else: not even pip.

    Args:
        wheel: The wheel.
        folder: Becomes the virtual environment.
        base: The Python that it is of. Default: the one that runs this.

    Returns:
        Its interpreter.

    Raises:
        StepError: It could not be installed.
    """
    python = folder / "bin" / "python"
    run_step("the environment", [base, "-m", "venv", "--without-pip", folder], folder.parent)
    # Compiled is what is imported, when it is imported.
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-compile"]
    run_step("pip", [sys.executable, "-m", "pip", "--python", python, "install", *quiet, wheel], folder.parent)
    return python


def add_pip(python: Path) -> None:
    """Install pip into an environment: Pulumi asks it what is installed.

    Raises:
        StepError: It could not be installed.
    """
    run_step("pip's installation", [python, "-m", "ensurepip"], python.parent)


def write_bill(python: Path, file: Path, work: Path) -> None:
    """Write the bill of materials (SBOM) of what a user of the wheel installs.

    Args:
        python: The interpreter of an environment with it.
        file: Gets the bill, in CycloneDX's format.
        work: A folder for what is needed meanwhile.

    Raises:
        StepError: The tool failed.
    """
    # The tool reads the version here, and nowhere else.
    metadata = (ROOT / "pyproject.toml").read_text("utf-8").replace('dynamic = ["version"]', f'version = "{__version__}"')
    (work / "pyproject.toml").write_text(metadata, "utf-8")
    command: list[str | Path] = [sys.executable, "-m", "cyclonedx_py", "environment", "--pyproject", work / "pyproject.toml"]
    options: list[str | Path] = ["--mc-type", "library", "--output-file", file]
    run_step("the bill of materials", [*command, *options, python], work)


def use(project: Path, env: Mapping[str, str], numbers: set[str], *first: str) -> None:
    """Preview, bring up and destroy a project against a local Vapi.

    Args:
        project: Folder of the project.
        env: Environment, see `workbench.environment`.
        numbers: Numbers that its program declares.
        *first: A command of the CLI to run before all others.

    Raises:
        ReleaseError: A command failed, or Vapi does not have what the program declares.
    """
    with Emulator(api_key=_KEY) as vapi:

        def pulumi(*arguments: str) -> None:
            status, output = workbench.run(project, env, *arguments)
            if status:
                raise ReleaseError(f"pulumi {' '.join(arguments)} failed with status {status}\n{end_of(output)}")

        if first:
            pulumi(*first)
        pulumi("stack", "init", "release-check")
        pulumi("config", "set", "vapi-byo:baseUrl", vapi.base_url)
        pulumi("config", "set", "--secret", "vapi-byo:apiKey", _KEY)
        pulumi("preview")
        if vapi.requests:
            raise ReleaseError("pulumi preview sent requests to Vapi")
        pulumi("up", "--yes", "--skip-preview")
        if {one["number"] for one in vapi.numbers()} != numbers:
            raise ReleaseError(f"after pulumi up, Vapi has not the numbers {sorted(numbers)}")
        pulumi("destroy", "--yes", "--skip-preview")
        if vapi.numbers():
            raise ReleaseError("after pulumi destroy, Vapi still has numbers")


def use_wheel(python: Path, work: Path) -> None:
    """Run the program that the README shows with what was installed.

    Args:
        python: The interpreter of an environment with the wheel; gets pip.
        work: An empty folder.

    Raises:
        ReleaseError: It does not work.
    """
    shown = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    if shown is None:
        raise ReleaseError("README.md shows no program")
    project = workbench.new_project(work / "project", "wheel", shown[1])
    add_pip(python)
    use(project, workbench.environment(work, python=python), set(re.findall(r"\+\d+", shown[1])))


def use_archive(archive: Path, work: Path) -> None:
    """Install the archive as users do and run the YAML example with it, on a machine with nothing but Pulumi and Python.

    Args:
        archive: The archive.
        work: An empty folder.

    Raises:
        ReleaseError: It does not work.
    """
    (work / "project").mkdir(parents=True)
    program = example("yaml")
    (work / "project" / "Pulumi.yaml").write_text(program, "utf-8")
    env = workbench.environment(work, HOME=str(work))
    # No virtual environment: the bare interpreter, whose site-packages have none of what the plugin needs.
    cli = Path(shutil.which("pulumi") or "").parent
    env["PATH"] = os.pathsep.join([str(Path(sys.base_prefix) / "bin"), str(cli), "/usr/bin", "/bin"])
    del env["VIRTUAL_ENV"]
    if subprocess.run(["python3", "-c", "import pulumi_vapi_byo"], env=env, cwd=work, capture_output=True).returncode == 0:
        raise ReleaseError("the bare interpreter has the package already, so nothing is shown by using the archive")
    plugin = ("plugin", "install", "resource", "vapi-byo", __version__, "--file", str(archive))
    use(work / "project", env, set(re.findall(r'"(\+\d+)"', program)), *plugin)


def check(output: Path, tag: str = "", pythons: Sequence[str] = (sys.executable,)) -> list[Path]:
    """Do all of a release but the upload.

    Args:
        output: Folder that gets what would be uploaded; replaced where an earlier run wrote it.
        tag: The tag that is being released. Default: none yet.
        pythons: Interpreters to pack the plugin for.

    Returns:
        What would be uploaded.

    Raises:
        ReleaseError: Something is wrong; ``output`` is as it was.
        StepError: A tool failed; likewise.
    """
    if shutil.which("pulumi") is None:
        raise ReleaseError("there is no pulumi on PATH; make release-check sets one up")
    if output.exists() and any(output.iterdir()) and not (output / CHECKSUMS).exists():
        raise ReleaseError(f"{output} has files that this did not write")
    print(f"pulumi-vapi-byo {__version__} for {system()}")
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        work = Path(name).resolve()
        folder = work / "dist"
        folder.mkdir()
        with step("the schema, the docs, the changelog and the tag name this version"):
            check_versions(__version__, versions_of_sources())
            date, notes = section((ROOT / "CHANGELOG.md").read_text("utf-8"), __version__)
            if tag:
                check_tag(tag, __version__, date)
        with step("build the source distribution and the wheel"):
            wheel = build(folder)
        with step("check their metadata"):
            run_step("twine", [sys.executable, "-m", "twine", "check", "--strict", *sorted(folder.iterdir())], folder)
        with step("install the wheel into an empty environment"):
            python = install(wheel, work / "environment")
        with step("write the bill of materials of that"):
            write_bill(python, folder / f"pulumi_vapi_byo-{__version__}.cdx.json", work)
        with step("use it: preview, up and destroy of the README's program"):
            use_wheel(python, work / "wheel")
        with step("pack the plugin"):
            archive = pack(folder, pythons, wheel)
        with step("install and use it: preview, up and destroy of the YAML example"):
            use_archive(archive, work / "archive")
        check_versions(__version__, versions_of_names(folder))
        artefacts = sorted(folder.iterdir())
        (folder / CHECKSUMS).write_text("".join(f"{_digest(one)}  {one.name}\n" for one in artefacts), "utf-8")
        (folder / NOTES).write_text(notes, "utf-8")
        shutil.rmtree(output, ignore_errors=True)
        output.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder, output)
    return [output / one.name for one in artefacts]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main() -> int:
    """Check, and print what would be uploaded; the exit status."""
    parser = argparse.ArgumentParser(description="Do all of a release but the upload.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist" / "release", metavar="DIR", help="default: dist/release")
    parser.add_argument("--tag", default="", help="the tag that is being released; its version then needs a date")
    parser.add_argument(
        "--python", action="append", help="an interpreter to pack the plugin for; default: the one that runs this"
    )
    options = parser.parse_args()
    try:
        artefacts = check(options.output, options.tag, options.python or [sys.executable])
    except StepError as error:
        print(f"release-check: {error}", file=sys.stderr)
        return 1
    print(f"\nin {os.path.relpath(options.output)}, with {NOTES} and {CHECKSUMS}:")
    for one in artefacts:
        print(f"  {one.name:<52} {one.stat().st_size / 1e6:6.2f} MB  {_digest(one)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
