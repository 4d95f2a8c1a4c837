"""Holding the service against the emulator: every rule of the emulator is looked up at Vapi."""

from __future__ import annotations

import contextlib
import datetime
import json
import re
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

from pulumi_vapi_byo import __version__
from pulumi_vapi_byo.config import BASE_URLS, Settings
from pulumi_vapi_byo.emulator.rules import BY_NAME, RULES, Era, Rule
from pulumi_vapi_byo.errors import VapiError

from .probes import PROBES, Bench, Probe
from .scratch import Marked, Scratch

#: Most requests besides those of the probes: lists of each kind before and after, and deletions of what is there at the end.
_AROUND: Final = 14

#: Most requests of a verification in which nothing has to be repeated.
REQUESTS: Final = sum(probe.requests for probe in PROBES) + _AROUND

_ID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER: Final = re.compile(r"\+?\d{5,}")


@dataclass(frozen=True)
class Row:
    """What came of a rule.

    Attributes:
        rule: The rule.
        emulator: What the emulator does.
        service: What the service did; None where that could not be seen.
        reason: Why it could not be seen.
    """

    rule: Rule
    emulator: str
    service: str | None
    reason: str = ""

    @property
    def differs(self) -> bool:
        """Whether the service was seen to do something else."""
        return self.service is not None and self.service != self.emulator

    @property
    def result(self) -> str:
        """What is printed of it."""
        if self.service is None:
            return "not seen"
        return "differs" if self.differs else "same"


@dataclass(frozen=True)
class Verified:
    """What came of a verification.

    Attributes:
        rows: A row for each rule.
        requests: How many requests the probes sent.
        left: What could not be taken back.
        stopped: Whether it was stopped before the end.
    """

    rows: Sequence[Row]
    requests: int
    left: Sequence[Marked]
    stopped: bool = False


def verify(scratch: Scratch, era: Era) -> Verified:
    """Try every rule, and take back whatever that created, also when it is stopped by Ctrl-C or a signal.

    Args:
        scratch: Sends the requests.
        era: Whose rules to compare with.
    """
    rows: dict[str, Row] = {}
    stopped = False
    with _signals_stop():
        try:
            for probe, bench in _probes(scratch, era):
                rows |= {row.rule.name: row for row in _rows_of(probe, bench)}
        except KeyboardInterrupt:
            stopped = True
        left = scratch.take_back()
    reason = "it was stopped before" if stopped else "the trunk or the numbers that it needs could not be created"
    complete = [rows.get(rule.name) or Row(rule, rule.answer(era), None, reason) for rule in RULES]
    return Verified(complete, scratch.sent, left, stopped)


def _probes(scratch: Scratch, era: Era) -> Iterator[tuple[Probe, Bench]]:
    bench = Bench(scratch, era)
    for probe in PROBES:
        yield probe, bench
        if probe.needed and not (bench.trunk if probe is PROBES[0] else bench.second):
            return


def _rows_of(probe: Probe, bench: Bench) -> Iterator[Row]:
    seen: dict[str, str] = {}
    reason = "Vapi did not show it"
    try:
        seen.update(probe.run(bench))
    except VapiError as error:
        reason = bench.scratch.quote(without_names(str(error), bench.scratch.base_url))
    except (LookupError, TypeError, AttributeError, ValueError):
        # Whatever Vapi may answer some day: the other probes go on.
        reason = "Vapi's answer was of a shape that this version does not understand"
    for rule in map(BY_NAME.__getitem__, probe.rules):
        yield Row(rule, rule.answer(bench.era), seen.get(rule.name), "" if rule.name in seen else reason)


@contextlib.contextmanager
def _signals_stop() -> Iterator[None]:
    """Let whatever would end the process stop the verification, so that it takes back what it created."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signals = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def report(verified: Verified, settings: Settings, era: Era) -> dict[str, Any]:
    """Return what is written as JSON: no key, id, number or name of the account is in it."""
    return {
        "report": "vapi-byo verify",
        "version": __version__,
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "api": settings.base_url if settings.base_url in BASE_URLS.values() else "another address",
        "era": era,
        "requests": verified.requests,
        "complete": not verified.stopped,
        "rules": [_entry(row) for row in verified.rows],
    }


def _entry(row: Row) -> Mapping[str, Any]:
    entry = {"rule": row.rule.name, "text": row.rule.text, "emulator": row.emulator, "service": row.service}
    return entry | ({"reason": row.reason} if row.service is None else {})


def report_text(verified: Verified, settings: Settings, era: Era) -> str:
    """Return the report as it is written."""
    return json.dumps(report(verified, settings, era), indent=2) + "\n"


def without_names(text: str, base_url: str) -> str:
    """Leave out of a text whatever may be an id, a number or an address of the account."""
    return _NUMBER.sub("[number]", _ID.sub("[id]", text.replace(base_url, "Vapi")))
