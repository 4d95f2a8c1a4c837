"""The fault table: the outcome of every cell, gathered from all workers and printed at the end of the run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import pytest

_PROPERTY = "fault-table"
_FIGURE = "fault-figure"
_CASE = "adversary-case"

#: The columns, in order; each is the request that meets the fault.
COLUMNS = {
    "create": "create (POST)",
    "read": "read (GET)",
    "update": "update (PATCH)",
    "delete": "delete (DELETE)",
}

Record = Callable[[str, Any], None]


def record_cell(record: Record, operation: str, fault: str, times: str, outcome: str) -> None:
    """Put a cell into the table; pytest passes it from the worker to the process that prints it.

    Args:
        record: The fixture of that name.
        operation: A key of `COLUMNS`.
        fault: Name of the fault.
        times: ``once``, ``twice`` or ``for good``.
        outcome: A few words.
    """
    record(_PROPERTY, [operation, fault, times, outcome])


def record_figure(record: Record, sentence: str) -> None:
    """Print a figure below the table.

    Args:
        record: The fixture of that name.
        sentence: What was counted, and the count.
    """
    record(_FIGURE, sentence)


def record_case(record: Record, case: str, sent: str, outcome: str) -> None:
    """Put a row into the adversary's table.

    Args:
        record: The fixture of that name.
        case: What was done, in a few words.
        sent: What was sent, in a few words such as ``POST 1, GET 4``.
        outcome: The result, in a few words.
    """
    record(_CASE, [case, sent, outcome])


def print_table(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table and the figures, if any of their tests were run."""
    rows: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    cases: list[list[str]] = []
    figures: list[str] = []
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in getattr(report, "user_properties", ()):
            if report.when != "call":
                continue
            if name == _PROPERTY:
                operation, fault, times, outcome = value
                rows[fault, times][operation] = outcome
            elif name == _CASE:
                cases.append(value)
            elif name == _FIGURE:
                figures.append(str(value))
    if rows:
        _print_table(terminalreporter, rows)
    if cases:
        _print_cases(terminalreporter, cases)
    if figures:
        terminalreporter.section("figures")
    for figure in figures:
        terminalreporter.write_line(figure)


def _print_table(terminalreporter: pytest.TerminalReporter, rows: Mapping[tuple[str, str], Mapping[str, str]]) -> None:
    cells = sum(len(row) for row in rows.values())
    terminalreporter.section(f"fault table: {cells} cells through the real engine")
    order = {"once": 0, "twice": 1, "for good": 2}
    faults = list(dict.fromkeys(fault for fault, _ in sorted(rows)))
    widths = {
        column: max([len(title), *(len(row.get(column, "")) for row in rows.values())]) for column, title in COLUMNS.items()
    }
    first = max(len(fault) for fault in faults)
    terminalreporter.write_line(
        "  ".join([f"{'fault':{first}}", f"{'times':8}", *(f"{title:{widths[column]}}" for column, title in COLUMNS.items())])
    )
    for fault, times in sorted(rows, key=lambda key: (key[0], order[key[1]])):
        row = rows[fault, times]
        cells_of_row = [f"{row.get(column, '-'):{widths[column]}}" for column in COLUMNS]
        terminalreporter.write_line("  ".join([f"{fault:{first}}", f"{times:8}", *cells_of_row]).rstrip())


def _print_cases(terminalreporter: pytest.TerminalReporter, cases: list[list[str]]) -> None:
    terminalreporter.section(f"adversarial cases: {len(cases)}")
    cases = [["case", "what was sent", "outcome"], *sorted(cases)]
    widths = [max(len(case[column]) for case in cases) for column in range(2)]
    for case, sent, outcome in cases:
        terminalreporter.write_line(f"{case:{widths[0]}}  {sent:{widths[1]}}  {outcome}")
