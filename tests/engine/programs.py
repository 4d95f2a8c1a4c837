"""The plugin's example programs in every language, as a new user would have them: in a folder of their own, with an SDK."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.sdks import ROOT
from tools.setup import SDK_GENERATOR

SCHEMA: Final = ROOT / "pulumi_vapi_byo" / "plugin" / "schema.json"


@dataclass(frozen=True)
class Language:
    """A language of programs.

    Attributes:
        name: Its folder in ``examples``.
        program: The file of the program.
        prepare: Makes a copy ready to run; called again when generated code is added.
        sdk: Its name in Pulumi's generators; empty if a program needs no SDK.
    """

    name: str
    program: str
    prepare: Callable[[Path], None]
    sdk: str = ""

    def change(self, folder: Path, old: str, new: str) -> None:
        """Change the text of a program."""
        program = folder / self.program
        text = program.read_text("utf-8")
        assert old in text
        program.write_text(text.replace(old, new), "utf-8")

    def copy(self, folder: Path, sdks: Path) -> None:
        """Copy the example, with its SDK and the path of this clone's plugin.

        Args:
            folder: The target.
            sdks: Folder of the generated SDKs.
        """
        shutil.copytree(ROOT / "examples" / self.name, folder)
        project = folder / "Pulumi.yaml"
        project.write_text(project.read_text("utf-8").replace("../../plugin", str(ROOT / "plugin")), "utf-8")
        if self.sdk:
            shutil.copytree(sdks / self.sdk, folder / "sdks" / "vapi-byo")
        self.prepare(folder)

    def add_imported(self, folder: Path, exported: str, urn: str) -> None:
        """Add to a program what `pulumi import` would print for a resource.

        Args:
            folder: The program's.
            exported: The stack, as ``pulumi stack export`` writes it.
            urn: The resource's.
        """
        code = run(folder, str(SDK_GENERATOR), str(SCHEMA), "--import", self.sdk, urn, text=exported)
        # The program already has that import.
        with (folder / self.program).open("a", encoding="utf-8") as program:
            program.writelines(line for line in code.splitlines(keepends=True) if '"@pulumi/pulumi"' not in line)
        self.prepare(folder)


def generate_sdks(folder: Path) -> None:
    """Write the SDKs of all languages, with Pulumi's own generators."""
    if not SDK_GENERATOR.exists():
        pytest.fail(f"there is no {SDK_GENERATOR}: make test builds it", pytrace=False)
    folder.mkdir(exist_ok=True)
    run(folder, str(SDK_GENERATOR), str(SCHEMA), str(folder))


def run(folder: Path, *command: str, text: str = "") -> str:
    """Run a tool of a language on a text; if it fails, show its output."""
    try:
        done = subprocess.run(command, cwd=folder, input=text, capture_output=True, encoding="utf-8", timeout=280)
    except FileNotFoundError:
        pytest.fail(f"there is no {command[0]}, which the tests of the plugin's programs need", pytrace=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def _nothing(_folder: Path) -> None:
    """Do nothing: Pulumi compiles the program and checks its types in every run."""


def _install_packages(folder: Path) -> None:
    if not (folder / "node_modules").exists():
        run(folder, "npm", "install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
        run(folder, "npx", "tsc", "-p", "sdks/vapi-byo")


def install_python_sdk(source: Path, packages: Path) -> None:
    """Install the SDK for Python into a folder, to be used with an environment of users, which lacks only the SDK."""
    run(source, sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", f"--target={packages}", ".")


def _check_python(folder: Path) -> None:
    if not (folder / "packages").exists():
        install_python_sdk(folder / "sdks" / "vapi-byo", folder / "packages")
        (folder / "pyrightconfig.json").write_text('{"extraPaths": ["packages"]}')
    run(folder, "basedpyright", "--level", "error", "__main__.py")


LANGUAGES: Final = {
    one.name: one
    for one in (
        Language("yaml", "Pulumi.yaml", _nothing),
        Language("typescript", "index.ts", _install_packages, "nodejs"),
        Language("go", "main.go", _nothing, "go"),
        Language("python", "__main__.py", _check_python, "python"),
    )
}
