"""Tables in terminals of any width."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from pulumi_vapi_byo.cli import printing
from pulumi_vapi_byo.cli.printing import Column, print_table

NUMBERS = ["+14155552671", "1001a"]
IDS = ["7f17e487-a5aa-4fa1-9599-ae6110a9dd1d", "0b0c7e2e-3b62-4a57-9a3f-2a6f3b1e7c11"]
COLUMNS = [
    Column("number", NUMBERS, whole=True),
    Column("name", ["Support line of the whole of the western region", "[bold]\x1b[31mdesk"]),
    Column("id", IDS, whole=True),
    Column("who answers", ["assistant 7d1a9a0e-52c3-4b0e-8f6d-6a1f0f3f0c55", "nobody of its own"]),
]

Show = Callable[[int | None], str]


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Show:
    """Print the table to a terminal of the given width, or to a pipe."""

    def show(width: int | None) -> str:
        out = io.StringIO()

        def console(**options: object) -> Console:
            terminal = {"force_terminal": True, "width": width} if width else {"force_terminal": False}
            return Console(**{"file": out, "color_system": None, **terminal, **options})  # type: ignore[arg-type]

        monkeypatch.setattr(printing, "Console", console)
        print_table("Numbers: 2", COLUMNS)
        return out.getvalue()

    return show


@given(width=st.integers(10, 220))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_number_and_no_id_is_ever_cut_and_no_line_longer_than_the_terminal(show: Show, width: int) -> None:
    said = show(width)
    assert all(whole in said for whole in NUMBERS + IDS)
    if width >= 56:
        assert all(len(line) <= width for line in said.splitlines())
        assert len(said.splitlines()) == 7
    assert "\x1b[31m" not in said


@pytest.mark.parametrize(
    ("width", "headings"),
    [
        (200, ["number", "name", "id", "who answers"]),
        (90, ["number", "name", "id", "who answers"]),
        (72, ["number", "name", "id"]),
        (56, ["number", "id"]),
        (None, ["number", "name", "id", "who answers"]),
    ],
)
def test_columns_that_may_be_cut_are_left_out_if_there_is_no_room(show: Show, width: int | None, headings: list[str]) -> None:
    [line] = [line for line in show(width).splitlines() if "number" in line and "Numbers" not in line]
    assert [cell.strip() for cell in line.strip("┃").split("┃")] == headings


def test_nothing_is_cut_in_a_pipe_and_a_cut_is_marked_in_a_narrow_terminal(show: Show) -> None:
    assert "Support line of the whole of the western region" in show(None)
    assert "Support line of …" in show(75)


def test_a_terminal_narrower_than_an_id_gets_lines_instead_of_a_table(show: Show) -> None:
    assert show(40).splitlines() == ["Numbers: 2", NUMBERS[0], IDS[0], NUMBERS[1], IDS[1]]
