"""Compare the real Vapi with the emulator, rule by rule."""

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
from .scratch import Scratch

#: Most requests outside the probes: listing each kind before and after, and deleting what is left at the end.
_AROUND: Final = 14

#: Most requests of a verification if none has to be repeated.
REQUESTS: Final = sum(probe.requests for probe in PROBES) + _AROUND

_ID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER: Final = re.compile(r"\+?\d{5,}")


@dataclass(frozen=True)
class Row:
    """The result for one rule.

    Attributes:
        rule: The rule.
        emulator: What the emulator does.
        service: What Vapi did; None if that could not be seen.
        reason: Why it could not be seen; empty if it was.
    """

    rule: Rule
    emulator: str
    service: str | None
    reason: str = ""

    @property
    def differs(self) -> bool:
        """Whether Vapi did something other than the emulator."""
        return self.service is not None and self.service != self.emulator

    @property
    def result(self) -> str:
        """The result in a word or two."""
        if self.service is None:
            return "not seen"
        return "differs" if self.differs else "same"


@dataclass(frozen=True)
class Verified:
    """The result of a verification.

    Attributes:
        rows: A row for each rule.
        requests: How many requests the probes sent.
        trouble: What may be left at Vapi, in a sentence; empty if nothing is.
        stopped: Whether it was stopped early.
    """

    rows: Sequence[Row]
    requests: int
    trouble: str
    stopped: bool = False


def verify(scratch: Scratch, era: Era) -> Verified:
    """Test every rule, then delete whatever that created, even if Ctrl-C or a signal stops it.

    Args:
        scratch: Sends the requests.
        era: The emulator's era to compare with.
    """
    rows: dict[str, Row] = {}
    stopped = False
    with _signals_stop():
        try:
            for probe, bench in _probes(scratch, era):
                rows |= {row.rule.name: row for row in _rows_of(probe, bench)}
        except KeyboardInterrupt:
            stopped = True
        try:
            trouble = scratch.take_back()
        except KeyboardInterrupt:
            trouble = (
                f"stopped while deleting what has the name {scratch.name}; run vapi-byo verify again, which starts with that"
            )
    reason = "it was stopped before" if stopped else "the trunk or the numbers that it needs could not be created"
    complete = [rows.get(rule.name) or Row(rule, rule.answer(era), None, reason) for rule in RULES]
    return Verified(complete, scratch.sent, trouble, stopped)


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
        # Vapi's answers may change shape some day; the other probes still run.
        reason = "this version does not understand Vapi's answer"
    for rule in map(BY_NAME.__getitem__, probe.rules):
        yield Row(rule, rule.answer(bench.era), seen.get(rule.name), "" if rule.name in seen else reason)


@contextlib.contextmanager
def _signals_stop() -> Iterator[None]:
    """Turn every signal that would end the process into KeyboardInterrupt, so there is time to delete what was created."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signals = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _entry(row: Row) -> Mapping[str, Any]:
    entry = {"rule": row.rule.name, "text": row.rule.text, "emulator": row.emulator, "service": row.service}
    return entry | ({"reason": row.reason} if row.service is None else {})


def report_text(verified: Verified, settings: Settings, era: Era) -> str:
    """Return the report as JSON: without any key, id, number or name of the account."""
    report = {
        "report": "vapi-byo verify",
        "version": __version__,
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "api": settings.base_url if settings.base_url in BASE_URLS.values() else "another address",
        "era": era,
        "requests": verified.requests,
        "complete": not verified.stopped,
        "rules": [_entry(row) for row in verified.rows],
    }
    return json.dumps(report, indent=2) + "\n"


def without_names(text: str, base_url: str) -> str:
    """Replace whatever may be an id, a number or the address of the account's API in a text."""
    return _NUMBER.sub("[number]", _ID.sub("[id]", text.replace(base_url, "Vapi")))
