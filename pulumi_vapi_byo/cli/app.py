"""The commands: what they take, what they print, how they end."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NoReturn

import typer

from pulumi_vapi_byo import __version__
from pulumi_vapi_byo.api.client import VapiClient
from pulumi_vapi_byo.config import Region, Settings
from pulumi_vapi_byo.emulator.rules import Era
from pulumi_vapi_byo.errors import VapiError, shorten
from pulumi_vapi_byo.kinds import KINDS
from pulumi_vapi_byo.kinds.kind import plugin_type
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.kinds.sip_trunk import SIP_TRUNK_CREDENTIAL

from . import doctor as checks
from . import report as reports
from . import verify as verifying
from .listing import Listed, answerer, choose, created, credential, gateways, list_account, list_as_json
from .printing import Column, print_checks, print_table
from .program import write_program
from .pulumi_cli import PulumiCli, Version
from .scratch import NAME_MARK, Marked, Scratch, could_not_delete
from .stack_settings import find_settings
from .stack_state import managed_ids
from .takeover import TYPES, Takeover, hide_secrets, import_file, plan_takeovers

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Stack = Annotated[str | None, typer.Option(metavar="STACK", help="The stack to work with. Default: the selected one.")]
BaseUrl = Annotated[str | None, typer.Option(metavar="URL", help="Address of the API. Default: that of the settings.")]
RegionOption = Annotated[
    Region | None, typer.Option(help="Region of the organisation: us or eu. Default: that of the settings.")
]

#: Exit status if numbers or trunks would be deleted.
DELETES = 3


def run() -> NoReturn:
    """Run the command line and end the process; every failure is reported in one sentence."""
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], prog_name="vapi-byo", standalone_mode=False))
    except VapiError as error:
        _end(str(error))
    except OSError as error:
        _end(f"{error.filename or 'a file'}: {(error.strerror or type(error).__name__).lower()}")
    except typer.Abort:
        _end("stopped")
    except Exception as error:  # noqa: BLE001 - the outermost boundary
        if isinstance(error, _COMMAND_LINE_ERROR):
            _end(_what_is_wrong(error), status=2)
        _end(f"it failed unexpectedly ({type(error).__name__}), which is a bug in pulumi-vapi-byo: please report it")


#: Base of typer's errors about the command line. Its import path differs between versions of typer.
_COMMAND_LINE_ERROR: Final = typer.BadParameter.__bases__[0]


def _what_is_wrong(error: Any) -> str:
    message = " ".join(str(error.format_message()).replace("Value error, ", "").split()).removesuffix(".")
    command = error.ctx.command_path if getattr(error, "ctx", None) else "vapi-byo"
    return f"{message[:1].lower()}{message[1:]}; see {command} --help"


def _end(sentence: str, status: int = 1) -> NoReturn:
    typer.echo(f"error: {sentence}", err=True)
    sys.exit(status)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pulumi-vapi-byo {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Your own (BYO) phone numbers at Vapi, beside Pulumi."""


@app.command("import")
def import_(
    number: Annotated[
        list[str] | None, typer.Option(metavar="NUMBER", help="Take over this number; may be given several times.")
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Take over numbers with names like 'Support *'.")
    ] = None,
    trunk: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Take over the trunk with this id, or trunks with names like this."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Take over all numbers and trunks.")] = False,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Leave out this number or id, or what has a name like this.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also write what the stack already manages.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON, and write nothing.")] = False,
    mode: Annotated[
        Literal["options", "file"],
        typer.Option(help="Take over by import_ options in the program, or by a file for pulumi import (CLI 3.254 or newer)."),
    ] = "options",
    out: Annotated[Path, typer.Option(metavar="PATH", help="Where to write the program.")] = Path("__main__.py"),
    file: Annotated[Path, typer.Option(metavar="PATH", help="Where to write the file for pulumi import.")] = Path(
        "vapi-import.json"
    ),
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
    set_secrets: Annotated[
        bool,
        typer.Option("--set-secrets", help="Put the secrets that the program needs into the stack's configuration, encrypted."),
    ] = False,
    stack: Stack = None,
    base_url: BaseUrl = None,
    region: RegionOption = None,
) -> None:
    """List the account's BYO numbers and trunks, and write a program that takes over those you choose.

    Nothing is written at Vapi, now or when they are taken over.
    """
    cli = PulumiCli(stack)
    found = find_settings(cli, os.environ, stack=stack, base_url=base_url, region=region)
    resources = [] if found.config is None else cli.resources()
    types = [*TYPES.values(), *map(plugin_type, KINDS)]
    managed = {id_: name for type_ in types for id_, name in managed_ids(resources, type_).items()}
    listed = list_account(VapiClient(found.settings), managed)
    choosing = bool(number or name or trunk or everything)
    chosen = choose(
        listed,
        digits=number or (),
        names=name or (),
        trunks=trunk or (),
        exclude=exclude or (),
        everything=everything or not choosing,
    )
    if as_json:
        typer.echo(list_as_json(chosen))
        return
    if not choosing:
        _print_tables(chosen)
        typer.echo(
            "Choose with --number, --name 'PATTERN', --trunk 'PATTERN' or --all to write a program that takes them over."
        )
        return
    wanted = [one for one in chosen if again or one.managed_as is None]
    takeovers, notes = plan_takeovers(wanted)
    if len(wanted) < len(chosen):
        notes.append(f"{len(chosen) - len(wanted)} already managed by the stack were left out; include them with --again")
    if not takeovers:
        raise VapiError(_why_nothing(listed, notes))
    hidden, secrets = hide_secrets(takeovers)
    program = write_program(hidden, with_import_options=mode == "options")
    if not force:
        _check_files(out, program, file if mode == "file" else None)
    if mode == "file":
        _check_cli(cli.version())
    _print_tables(wanted)
    entries = import_file(takeovers, found.settings) if mode == "file" else ""
    if set_secrets:
        for key, value in secrets.items():
            cli.set_secret(key, value)
    if mode == "file":
        _write_private(file, entries)
    out.write_text(program, "utf-8")
    unset = [] if set_secrets else _unset(secrets, found.config or {})
    _print_next(takeovers, notes, unset, cli, file if mode == "file" else None, out)


def _why_nothing(listed: Sequence[Listed], notes: Sequence[str]) -> str:
    if not listed:
        return "the account has no BYO number or trunk to take over; check vapi-byo:apiKey and vapi-byo:region"
    if not notes:
        return "nothing is left to take over; choose more, or exclude less"
    more = f" (and {len(notes) - 1} more)" if len(notes) > 1 else ""
    return f"nothing is left to take over: {notes[0]}{more}"


def _unset(secrets: Iterable[str], config: Mapping[str, str | None]) -> list[str]:
    """Return the keys that the project's configuration does not hold as secrets yet."""
    secret = {key.partition(":")[2] for key, value in config.items() if value is None}
    return [key for key in secrets if key not in secret]


def _check_files(out: Path, program: str, file: Path | None) -> None:
    """Refuse to overwrite an existing file, unless it already holds exactly this program."""
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
    """Write a file that only its owner may read, because it holds secrets."""
    path.unlink(missing_ok=True)  # writing to an existing file would keep its permissions
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)


def _print_tables(listed: Sequence[Listed]) -> None:
    numbers = [one for one in listed if one.kind is PHONE_NUMBER]
    trunks = [one for one in listed if one.kind is SIP_TRUNK_CREDENTIAL]
    in_stack = any(one.managed_as for one in listed)
    for title, of_kind, more in (
        (f"BYO phone numbers: {len(numbers)}", numbers, {"credential": credential, "who answers": answerer}),
        (f"BYO SIP trunks: {len(trunks)}", trunks, {"gateways": gateways}),
    ):
        if not of_kind and of_kind is not numbers:
            continue
        columns = [Column("number", [one.number or "-" for one in of_kind], whole=True)] if of_kind is numbers else []
        columns += [Column("name", [one.name or "-" for one in of_kind]), Column("id", [one.id for one in of_kind], whole=True)]
        columns += [Column("in the stack", [one.managed_as or "-" for one in of_kind])] if in_stack else []
        columns += [Column(heading, [tell(one) or "-" for one in of_kind]) for heading, tell in more.items()]
        columns += [Column("created", [created(one)[:10] or "-" for one in of_kind])]
        print_table(title, columns)


def _print_next(
    takeovers: Sequence[Takeover], notes: Sequence[str], unset: Sequence[str], cli: PulumiCli, file: Path | None, out: Path
) -> None:
    written = f"{out} and {file}" if file else str(out)
    typer.echo(f"Wrote {written}: {_counted(takeovers)}, nothing sent to Vapi.")
    for note in [*notes, *(sentence for one in takeovers for sentence in one.left_out)]:
        typer.echo(f"note: {note}")
    for one in takeovers:
        if one.unknown:
            paths = shorten(one.unknown_paths, 300)
            typer.echo(f"note: {one.label}: this version does not know {paths}: it needs vapi-byo:onUnknown send")
    typer.echo("\nNext:")
    if any(one.unknown for one in takeovers):
        typer.echo(f"  pulumi config set vapi-byo:onUnknown send{cli.stack_option}")
    for key in unset:
        typer.echo(f"  pulumi config set --secret {key}{cli.stack_option}")
    if unset:
        typer.echo("  (or let --set-secrets set the secrets, with the values that Vapi has)")
    if file:
        quoted = shlex.quote(str(file))
        typer.echo(f"  pulumi import --file {quoted} --generate-code=false --protect=false{cli.stack_option}")
        typer.echo(f"  rm {quoted}  # it holds the headers and secrets in clear")
        typer.echo(f"  pulumi preview --expect-no-changes{cli.stack_option}")
    else:
        typer.echo(f"  pulumi up{cli.stack_option}")
        typer.echo("After that you can remove the import_ options; this changes nothing.")


def _counted(takeovers: Sequence[Takeover]) -> str:
    numbers = sum(one.kind is PHONE_NUMBER for one in takeovers)
    counts = [(numbers, "number"), (len(takeovers) - numbers, "trunk")]
    return ", ".join(f"{count} {noun}{'s' if count > 1 else ''}" for count, noun in counts if count)


@app.command()
def doctor(stack: Stack = None, base_url: BaseUrl = None, region: RegionOption = None) -> None:
    """Check the key, the region, the connection to Vapi and the versions, and say what is wrong."""
    if print_checks(checks.examine(PulumiCli(stack), os.environ, stack=stack, base_url=base_url, region=region)):
        raise typer.Exit(1)


@app.command()
def verify(
    report: Annotated[Path, typer.Option(metavar="PATH", help="Where to write the report.")] = Path("vapi-verify.json"),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it starts.")] = False,
    era: Annotated[Era, typer.Option(help="The emulator to compare with, see its documentation.")] = "both",
    stack: Stack = None,
    base_url: BaseUrl = None,
    region: RegionOption = None,
) -> None:
    """Check on the real Vapi what the emulator assumes about it, and write a report without keys, ids or numbers.

    Creates a trunk and a few numbers of its own, which no call can reach, and deletes them at the end, even after Ctrl-C; the
    next run deletes what a killed run left behind. Touches nothing else. Exits with 1 where Vapi differs from the emulator.
    """
    settings = find_settings(PulumiCli(stack), os.environ, stack=stack, base_url=base_url, region=region).settings
    scratch = Scratch(settings)
    leftovers = scratch.leftovers()
    _ask_before_verifying(settings, leftovers, report, yes=yes)
    _fail_with(could_not_delete(scratch.delete(leftovers)))
    report.write_text("", "utf-8")  # before anything is created: where it cannot be written, there is no point in starting
    verified = verifying.verify(scratch, era)
    report.write_text(verifying.report_text(verified, settings, era), "utf-8")
    _print_verified(verified, report)
    _fail_with(verified.trouble)
    if verified.stopped:
        raise VapiError(f"stopped; {report} has the results so far, and everything that was created has been deleted")
    if any(row.differs for row in verified.rows):
        raise typer.Exit(1)


def _ask_before_verifying(settings: Settings, leftovers: Sequence[Marked], report: Path, *, yes: bool) -> None:
    typer.echo(
        f"This sends at most {verifying.REQUESTS} requests to {settings.base_url}, unless some have to be repeated. It creates "
        f"a trunk and some numbers whose names begin with {NAME_MARK}, which no call can reach, changes and deletes them, and "
        "touches nothing else."
    )
    if leftovers:
        found = ", ".join(f"{one.path} ({one.created or 'creation time unknown'})" for one in leftovers)
        typer.echo(f"These were left behind by an earlier verification and will be deleted first: {shorten(found, 1000)}")
    if report.exists():
        typer.echo(f"{report} exists and will be overwritten.")
    if yes:
        return
    if not sys.stdin.isatty():
        raise VapiError("cannot ask without a terminal; pass --yes to start without asking")
    typer.confirm("Start?", abort=True)


def _fail_with(sentence: str) -> None:
    if sentence:
        raise VapiError(sentence)


def _print_verified(verified: verifying.Verified, report: Path) -> None:
    rows = verified.rows
    columns = [
        Column("rule", [row.rule.name for row in rows], whole=True),
        Column("the emulator", [row.emulator for row in rows]),
        Column("the service", [row.service or "-" for row in rows]),
        Column("", [row.result for row in rows], whole=True),
    ]
    print_table(f"Rules: {len(rows)}", columns)
    for row in rows:
        if row.service is None:
            typer.echo(f"{row.rule.name} was not seen: {row.reason}")
    counts = {result: sum(row.result == result for row in rows) for result in ("same", "differs", "not seen")}
    typer.echo(
        f"{counts['same']} the same, {counts['differs']} different, {counts['not seen']} not seen, in {verified.requests} "
        f"requests. Wrote {report}."
    )


@app.command("diff-report")
def diff_report(
    preview: Annotated[Path, typer.Argument(help="Output of pulumi preview --json; - is stdin.", allow_dash=True)] = Path("-"),
    allow_deletes: Annotated[
        bool, typer.Option("--allow-deletes", help="End with 0 even if numbers or trunks would be deleted.")
    ] = False,
) -> None:
    """Show in a Markdown table what a preview would do to phone numbers and trunks.

    Exits with 3 if a number or a trunk would be deleted or replaced, and with 1 if the preview failed.
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
