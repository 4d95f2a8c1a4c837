"""Tables and checks for a terminal. What a user may want to copy, a number or an id, is never cut or wrapped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulumi_vapi_byo.errors import shorten

from .doctor import Check

#: Least width of a column that may be cut; if there is less room, the column is dropped.
_LEAST: Final = 8

#: Width that a column takes beside its text: two spaces and a line. The last line of the table takes 1 more.
_AROUND: Final = 3
_EDGE: Final = 1


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        cells: Its cells; control characters in them are not printed.
        cells: Its cells; control characters are not printed.
        whole: Whether its cells must never be cut.
    """

    heading: str
    cells: Sequence[str]
    whole: bool = False


def print_table(title: str, columns: Sequence[Column]) -> None:
    """Print a table that fits the terminal: columns that may be cut are cut, or dropped if there is no room at all."""
    console = Console()
    width = console.width if console.is_terminal else 10_000  # a pipe has no width to fit
    cells = [[shorten(cell, 200) for cell in column.cells] for column in columns]
    natural = [max(map(cell_len, [column.heading, *texts])) for column, texts in zip(columns, cells, strict=True)]
    widths = _widths(natural, columns, width)
    if not widths:
        _print_lines(title, columns, cells)
        return
    table = Table(title=title, title_justify="left")
    for index in widths:
        table.add_column(columns[index].heading, no_wrap=True, width=widths[index])
    for row in zip(*cells, strict=True):
        table.add_row(*(_cut(row[index], widths[index]) for index in widths))
    Console(width=width).print(table)


def _widths(natural: Sequence[int], columns: Sequence[Column], width: int) -> dict[int, int]:
    """Return the width of each column that fits, by index; empty if even the columns that must be whole don't fit."""
    kept = {index: natural[index] for index, column in enumerate(columns) if column.whole}
    room = width - _EDGE - sum(kept.values()) - _AROUND * len(kept)
    if room < 0:
        return {}
    others: list[int] = []
    for index in range(len(columns)):
        if index not in kept and room >= sum(_least(natural[other]) for other in [*others, index]):
            others.append(index)
    room -= _AROUND * len(others)
    for position, index in enumerate(sorted(others, key=lambda index: natural[index])):
        kept[index] = min(natural[index], max(room // (len(others) - position), 1))
        room -= kept[index]
    return dict(sorted(kept.items()))


def _least(natural: int) -> int:
    return min(natural, _LEAST) + _AROUND


def _cut(cell: str, width: int) -> Text:
    text = Text(cell)
    text.truncate(width, overflow="ellipsis")
    return text


def _print_lines(title: str, columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(title))
    for row in zip(*cells, strict=True):
        for column, cell in zip(columns, row, strict=True):
            if column.whole:
                console.print(Text(cell))


def print_checks(checks: Iterable[Check]) -> int:
    """Print each check as it completes, and return how many failed."""
    console = Console(highlight=False, soft_wrap=True)
    wrong = 0
    for check in checks:
        wrong += not check.ok
        mark = Text("ok   ", "green") if check.ok else Text("wrong", "bold red")
        console.print(Text(" ").join([mark, Text(f"{check.name}:", "bold"), Text(check.text)]))
    return wrong
