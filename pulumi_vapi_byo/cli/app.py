"""The commands: what they take, what they print, how they end."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulumi_vapi_byo.account import Account
from pulumi_vapi_byo.client import Collection, VapiClient
from pulumi_vapi_byo.config import Region
from pulumi_vapi_byo.errors import VapiError, shorten
from pulumi_vapi_byo.kinds import PHONE_NUMBER
from pulumi_vapi_byo.models import PhoneNumber

from . import doctor as checks
from . import report as reports
from .program import write_program
from .pulumi_cli import PulumiCli, Version
from .stack_settings import find_settings
from .takeover import Takeover, choose, hide_secrets, import_file, plan_takeovers
from .wording import who_answers

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Your own (BYO) phone numbers at Vapi, beside Pulumi.",
)

Stack = Annotated[str | None, typer.Option(help="The stack whose settings are used. Default: the selected one.")]
BaseUrl = Annotated[str | None, typer.Option(help="Address of the API, instead of that of the settings.")]
RegionOption = Annotated[Region | None, typer.Option(help="Region of the organisation, instead of that of the settings.")]

#: Exit status where numbers or trunks would be deleted.
DELETES = 3


def run() -> NoReturn:
    """Run the command line; ends the process, with a sentence where something is wrong."""
    try:
        sys.exit(app(prog_name="vapi-byo"))
    except VapiError as error:
        _end(str(error))
    except OSError as error:
        _end(f"{error.filename or 'a file'}: {(error.strerror or type(error).__name__).lower()}")
    except Exception as error:  # noqa: BLE001 - the outermost boundary
        _end(f"it failed unexpectedly ({type(error).__name__}), which is a fault in pulumi-vapi-byo: please report it")


def _end(sentence: str) -> NoReturn:
    typer.echo(f"error: {sentence}", err=True)
    sys.exit(1)


@app.command("import")
def import_(
    number: Annotated[list[str] | None, typer.Option(help="Take over this number; may be given several times.")] = None,
    name: Annotated[list[str] | None, typer.Option(help="Take over numbers with names like this, e.g. 'Support *'.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Take over all numbers.")] = False,
    mode: Annotated[
        Literal["options", "file"],
        typer.Option(help="Take over by import_ options in the program, or by a file for pulumi import (CLI 3.254 or newer)."),
    ] = "options",
    out: Annotated[Path, typer.Option(help="Where to write the program.")] = Path("__main__.py"),
    file: Annotated[Path, typer.Option(help="Where to write the file for pulumi import.")] = Path("vapi-import.json"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
    set_secrets: Annotated[
        bool, typer.Option("--set-secrets", help="Put header values and secrets into the stack's configuration, encrypted.")
    ] = False,
    stack: Stack = None,
    base_url: BaseUrl = None,
    region: RegionOption = None,
) -> None:
    """List the account's BYO numbers, and write a program that takes over those you choose.

    Nothing is written at Vapi, now or when they are taken over.
    """
    cli = PulumiCli(stack)
    settings = find_settings(cli, os.environ, stack=stack, base_url=base_url, region=region).settings
    account = Account(PHONE_NUMBER, Collection(VapiClient(settings), PHONE_NUMBER))
    numbers = [one for one in account.known() if isinstance(one, PhoneNumber)]
    numbers.sort(key=lambda one: (one.number or "", one.name or "", one.id))
    if not (number or name or everything):
        _print_table(numbers)
        typer.echo("Choose with --number, --name 'PATTERN' or --all, to write a program that takes them over.")
        return
    chosen = choose(numbers, digits=number or (), names=name or (), everything=everything)
    if not chosen:
        raise VapiError("the account has no BYO number to take over; check vapi-byo:apiKey and vapi-byo:region")
    takeovers = plan_takeovers(chosen)
    hidden, secrets = hide_secrets(takeovers)
    program = write_program(hidden, with_import_options=mode == "options")
    if not force:
        _check_files(out, program, file if mode == "file" else None)
    if mode == "file":
        _check_cli(cli.version())
    _print_table(chosen)
    entries = import_file(takeovers, settings) if mode == "file" else ""
    if set_secrets:
        for key, value in secrets.items():
            cli.set_secret(key, value)
    if mode == "file":
        _write_private(file, entries)
    out.write_text(program, "utf-8")
    _print_next(takeovers, [] if set_secrets else list(secrets), cli, file if mode == "file" else None, out)


def _check_files(out: Path, program: str, file: Path | None) -> None:
    """Refuse to overwrite what exists, but for a program that is there just as it would be written."""
    same = out.is_file() and out.read_text("utf-8", errors="replace") == program
    for path in [file] if same else [out, file]:
        if path is not None and path.exists():
            raise VapiError(
                f"{path} exists and was not overwritten: name another with --out (--file for the import file), or use --force"
            )


def _check_cli(version: Version) -> None:
    if version < checks.IMPORT_FILE_CLI:
        raise VapiError(
            f"--mode file needs the Pulumi CLI {checks.show(checks.IMPORT_FILE_CLI)} or newer, and this one is "
            f"{checks.show(version)}: update it, or use --mode options"
        )


def _write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, as it holds secrets."""
    path.unlink(missing_ok=True)  # a file that is there keeps its rights
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)


def _print_table(numbers: Sequence[PhoneNumber]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=240)  # a pipe has no width that ids could be cut to
    table = Table(title=f"BYO phone numbers: {len(numbers)}", title_justify="left")
    for heading in ("number", "name", "id", "credential", "who answers", "made"):
        table.add_column(heading, overflow="fold")
    for one in numbers:
        answers = str(who_answers(one.wire()))
        cells = (one.number or "-", one.name or "-", one.id, one.credential_id or "-", answers, one.created_at[:10])
        table.add_row(*(Text(shorten(cell, 200)) for cell in cells))
    console.print(table)


def _print_next(takeovers: Sequence[Takeover], unset: Sequence[str], cli: PulumiCli, file: Path | None, out: Path) -> None:
    written = f"{out} and {file}" if file else str(out)
    typer.echo(f"Wrote {written}: {len(takeovers)} {'numbers' if len(takeovers) > 1 else 'number'}, nothing sent to Vapi.")
    for one in takeovers:
        for sentence in one.left_out:
            typer.echo(f"note: {sentence}")
        if one.unknown:
            label = PHONE_NUMBER.label(one.inputs.get("number"), one.id)
            typer.echo(
                f"note: {label}: this version does not know {shorten(one.unknown_paths, 300)}: it needs vapi-byo:onUnknown send"
            )
    typer.echo("\nNext:")
    if any(one.unknown for one in takeovers):
        typer.echo(f"  pulumi config set vapi-byo:onUnknown send{cli.stack_option}")
    for key in unset:
        typer.echo(f"  pulumi config set --secret {key}{cli.stack_option}")
    if unset:
        typer.echo("  (--set-secrets does these by itself, with the values that Vapi has)")
    if file:
        quoted = shlex.quote(str(file))
        typer.echo(f"  pulumi import --file {quoted} --generate-code=false --protect=false{cli.stack_option}")
        typer.echo(f"  rm {quoted}  # it holds the headers and secrets in clear")
        typer.echo(f"  pulumi preview --expect-no-changes{cli.stack_option}")
    else:
        typer.echo(f"  pulumi up{cli.stack_option}")
        typer.echo("After that the import_ options may go; removing them changes nothing.")


@app.command()
def doctor(stack: Stack = None, base_url: BaseUrl = None, region: RegionOption = None) -> None:
    """Check the key, the region, the way to Vapi and the versions, and say what is wrong."""
    console = Console(highlight=False, soft_wrap=True)
    wrong = 0
    for check in checks.examine(PulumiCli(stack), os.environ, stack=stack, base_url=base_url, region=region):
        wrong += not check.ok
        mark = Text("ok   ", "green") if check.ok else Text("wrong", "bold red")
        console.print(Text(" ").join([mark, Text(f"{check.name}:", "bold"), Text(check.text)]))
    if wrong:
        raise typer.Exit(1)


@app.command("diff-report")
def diff_report(
    preview: Annotated[Path, typer.Argument(help="Output of pulumi preview --json; - is stdin.", allow_dash=True)] = Path("-"),
    allow_deletes: Annotated[
        bool, typer.Option("--allow-deletes", help="End with 0 even if numbers or trunks would be deleted.")
    ] = False,
) -> None:
    """Say in a Markdown table what a preview would do to phone numbers and trunks.

    Ends with 3 where a number or a trunk would be deleted or replaced, and with 1 where the preview had failed.
    """
    if str(preview) == "-":
        text = "" if sys.stdin.isatty() else sys.stdin.buffer.read().decode("utf-8", errors="replace")
    else:
        text = preview.read_text("utf-8", errors="replace")
    report = reports.report(text)
    typer.echo(report.markdown)
    if report.failed:
        raise typer.Exit(1)
    if report.deletes and not allow_deletes:
        raise typer.Exit(DELETES)
