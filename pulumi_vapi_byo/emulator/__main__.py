"""The command line: ``python -m pulumi_vapi_byo.emulator``."""

from __future__ import annotations

import argparse
import math
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pulumi_vapi_byo.emulator.rules import read_report

_EXTRA = ("aiohttp", "openapi_schema_validator")


def main(arguments: list[str] | None = None) -> int:
    """Run the emulator until SIGINT or SIGTERM.

    Args:
        arguments: The command line without the program's name; None reads ``sys.argv``.

    Returns:
        The exit status: 0, or 2 with one sentence on stderr if it can't start.
    """
    options = _parser().parse_args(arguments)
    try:
        from pulumi_vapi_byo.emulator import Emulator, EmulatorError
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        return _fail(f"{error.name} is not installed; install the extra: pip install 'pulumi-vapi-byo[emulator]'")
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with Emulator(
            api_key=options.api_key,
            era=options.era,
            db=options.db,
            latency_s=options.latency_ms / 1000,
            seed=options.seed,
            host=options.host,
            port=options.port,
            rules=dict(rule for given in options.rules for rule in given),
        ) as vapi:
            print(f"Vapi emulator listening on {vapi.base_url}", flush=True)  # noqa: T201 - the promised first line
            ended.wait()
    except (EmulatorError, ValueError) as error:
        return _fail(str(error))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pulumi_vapi_byo.emulator",
        description="A local Vapi for BYO phone numbers and SIP trunk credentials.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_not_negative(int), default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--api-key", default="emulator-key", help="key that requests must carry (default: %(default)s)")
    parser.add_argument(
        "--era",
        choices=["both", "current", "2024"],
        default="both",
        help="which API: today's, that of 2024, or today's that also takes serverUrl (default: %(default)s)",
    )
    parser.add_argument("--db", metavar="FILE", help="SQLite file that keeps the state (default: keep nothing)")
    parser.add_argument("--latency-ms", type=_not_negative(float), default=0.0, help="least duration of an answer (default: 0)")
    parser.add_argument("--seed", type=int, help="make ids and times reproducible")
    parser.add_argument(
        "--rule",
        metavar="NAME=ANSWER",
        dest="rules",
        action="append",
        default=[],
        type=_rule,
        help="use another answer than the default, e.g. duplicate-number=accepted; may be given several times",
    )
    parser.add_argument(
        "--report",
        metavar="FILE",
        dest="rules",
        action="append",
        type=_report,
        help="behave as the service did in this report of vapi-byo verify, where the emulator can",
    )
    return parser


def _rule(text: str) -> list[tuple[str, str]]:
    name, equals, answer = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"must be NAME=ANSWER, not {text}")
    return [(name, answer)]


def _report(path: str) -> list[tuple[str, str]]:
    try:
        return list(read_report(Path(path).read_text("utf-8")).items())
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{path}: {error}") from None


Number = TypeVar("Number", int, float)


def _not_negative(convert: Callable[[str], Number]) -> Callable[[str], Number]:
    def read(text: str) -> Number:
        number = convert(text)
        if not 0 <= number < math.inf:
            raise argparse.ArgumentTypeError(f"must be 0 or more, not {text}")
        return number

    read.__name__ = convert.__name__  # argparse names the type after it if the text is not a number
    return read


def _fail(sentence: str) -> int:
    print(f"vapi emulator: {sentence}", file=sys.stderr)  # noqa: T201 - errors of a command belong on stderr
    return 2


if __name__ == "__main__":
    sys.exit(main())
