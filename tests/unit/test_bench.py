"""The benchmark's pure parts: statistics, targets, tables."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as bench
from benchmarks import columns, figures, report
from benchmarks.__main__ import Setting
from benchmarks.columns import OPERATIONS, arguments
from benchmarks.figures import ROLES, Spread, Target


def result(
    seconds: dict[tuple[str, str], list[float]] | None = None,
    *,
    numbers: int = 100,
    refresh: dict[str, int] | None = None,
    rename: dict[str, int] | None = None,
    cpu_s: dict[str, dict[str, float]] | None = None,
) -> dict[str, Any]:
    """Return the result of one setting; times by column and operation, processor times by column and role."""
    where = {"latency_ms": 100.0, "numbers": numbers}
    times = [
        {
            **where,
            "column": column,
            "operation": operation,
            "seconds": values,
            "load": 0.5,
            "peak_mib": 70.2,
            "cpu_s": {role: [((cpu_s or {}).get(column) or {}).get(role, 0.0)] for role in ROLES},
            **({"state_bytes": 3400} if operation == "create" else {}),
        }
        for (column, operation), values in (seconds or {}).items()
    ]
    calls = [
        {**where, "operation": "refresh", "calls": refresh or {"GET": numbers}},
        {**where, "operation": "rename", "calls": rename or {"GET": numbers, "PATCH": numbers}},
    ]
    return {
        "when": "2026-01-02T03:04:05+00:00",
        "machine": {"cpus": 2, "system": "Linux x86_64"},
        "versions": {"pulumi": "3.1.0", "sdk": "3.2.0", "package": "0.1.0", "requests": "2.32.0", "python": "3.11.0"},
        "parallel": 8,
        "load": {"before": 0.1, "after": 0.2},
        "import": {"pulumi_ms": 100.0, "package_ms": 10.0, "check_ms": 40.0, "all_ms": 120.0, "tries": 7},
        "times": times,
        "calls": calls,
    }


def target(found: list[Target], beginning: str) -> Target:
    (one,) = [target for target in found if target.claim.startswith(beginning)]
    return one


def test_a_spread_is_the_median_between_the_lowest_and_the_highest() -> None:
    assert figures.spread([3.0, 1.0, 2.0, 10.0]) == Spread(2.5, 1.0, 10.0)
    assert figures.spread([3.0, 1.0, 2.0]).text() == "2.00 (1.00-3.00)"
    assert figures.spread([3.0]).text(1) == "3.0"


def test_no_values_have_no_spread() -> None:
    with pytest.raises(ValueError, match="no values"):
        figures.spread([])


def test_ratios_are_those_of_runs_side_by_side() -> None:
    # The machine was half as fast in the second pair; the ratio of the medians would be 1.1 to 2.2.
    assert figures.ratios([1.1, 2.2, 1.1], [1.0, 2.0, 1.0]).most == pytest.approx(1.1)


def test_ratios_of_unequal_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        figures.ratios([1.0, 2.0], [1.0])


@pytest.mark.parametrize(("ours", "verdict"), [(4.2, "holds"), (4.3, "does not hold")])
def test_a_ratio_within_its_limit_holds(ours: float, verdict: str) -> None:
    found = figures.targets(result({("ours", "create"): [ours, ours], ("floor-outputs", "create"): [4.0, 4.0]}))
    assert target(found, "create of 100 at 100 ms, over the floor with our outputs").verdict == verdict


def test_a_target_that_was_not_measured_is_neither_reached_nor_missed() -> None:
    found = figures.targets(result({("ours", "create"): [4.0]}))
    assert target(found, "create of 100 at 100 ms, over the floor with our outputs").verdict == "not measured"
    assert target(found, "our cost of a number").verdict == "not measured"


@pytest.mark.parametrize(
    ("numbers", "calls", "holds"),
    [(100, {"list": 2}, True), (100, {"list": 1, "GET": 2}, False), (1001, {"list": 3}, True), (1, {"GET": 1}, True)],
)
def test_a_refresh_may_take_one_list_per_thousand_numbers_and_one_more(
    numbers: int, calls: dict[str, int], holds: bool
) -> None:
    found = figures.targets(result(numbers=numbers, refresh=calls))
    assert target(found, f"refresh of {numbers}").holds is holds


@pytest.mark.parametrize(
    ("calls", "holds"), [({"GET": 100, "PATCH": 100}, True), ({"list": 1, "GET": 100, "PATCH": 100}, False)]
)
def test_a_rename_may_take_two_calls_per_number(calls: dict[str, int], holds: bool) -> None:
    assert target(figures.targets(result(rename=calls)), "rename of 100: at most 200").holds is holds


def test_the_plan_is_that_of_the_command_line() -> None:
    parse = bench._parser().parse_args
    assert bench._plan(parse([])) == list(bench.PLAN)
    assert bench._plan(parse(["--numbers", "1", "5", "--repeats", "2"])) == [Setting(1, 100.0, 2), Setting(5, 100.0, 2)]
    assert bench._plan(parse(["--latency-ms", "0"])) == [Setting(100, 0.0, 3)]


ROUND: dict[tuple[str, str], list[float]] = {
    (column, operation): [1.0] for operation in figures.WITHOUT_REFRESH for column in ("ours", "floor-outputs")
}


@pytest.mark.parametrize(("plugin_s", "found", "holds"), [(4.0, "1.67 (10.0 ms over 6.0 ms)", False), (3.0, "1.00 (", True)])
def test_the_growth_counts_our_own_cost_alone(plugin_s: float, found: str, holds: bool) -> None:
    # In each of four operations: 0.15 s more than the floor with our outputs for 100 numbers, 2.5 or 1.5 s for 1000; the
    # engine's own time doesn't count.
    few = {
        "ours": {"engine": 9.0, "program": 0.1, "plugin": 0.2},
        "floor-outputs": {"engine": 1.0, "program": 0.1, "plugin": 0.05},
    }
    many = {"ours": {"engine": 99.0, "program": 1.0, "plugin": plugin_s}, "floor-outputs": {"program": 1.0, "plugin": 1.5}}
    both = result(ROUND, cpu_s=few)
    both["times"] += result(ROUND, numbers=1000, cpu_s=many)["times"]
    growth = target(figures.targets(both), "our cost of a number")
    assert growth.found.startswith(found)
    assert growth.holds is holds


def test_the_growth_of_the_plugin_is_not_hidden_by_a_faster_program() -> None:
    both = result(ROUND, cpu_s={"ours": {"program": 0.1, "plugin": 0.2}, "floor-outputs": {"program": 0.1, "plugin": 0.1}})
    many = {"ours": {"program": 1.0, "plugin": 3.0}, "floor-outputs": {"program": 2.0, "plugin": 1.5}}
    both["times"] += result(ROUND, numbers=1000, cpu_s=many)["times"]
    found = figures.targets(both)
    assert target(found, "our cost of a number").holds is True
    assert target(found, "the plugin's part of it").found == "1.50 (6.0 ms over 4.0 ms)"
    assert target(found, "the plugin's part of it").holds is False


def test_growth_from_a_negative_cost_is_not_judged() -> None:
    both = result(ROUND, cpu_s={"ours": {"program": 0.1, "plugin": 0.1}, "floor-outputs": {"program": 0.2, "plugin": 0.1}})
    both["times"] += result(ROUND, numbers=1000, cpu_s={"ours": {"plugin": 1.0}, "floor-outputs": {"plugin": 0.5}})["times"]
    assert target(figures.targets(both), "our cost of a number").holds is None


def test_a_system_without_processor_times_has_no_growth() -> None:
    both = result(ROUND)
    both["times"] += result(ROUND, numbers=1000)["times"]
    assert target(figures.targets(both), "our cost of a number").verdict == "not measured"
    assert figures.cost_table(both).count("\n") == 1  # the header alone


def test_the_processor_time_of_a_number_is_split_by_role() -> None:
    measured = result(ROUND, cpu_s={"ours": {"engine": 0.5, "program": 0.25, "plugin": 0.125}})
    *_, row = figures.cost_table(measured).splitlines()
    assert [cell.strip() for cell in row.strip("|").split("|")] == ["ours", "100", "20.0", "10.0", "5.0"]


def test_our_cost_beyond_others_is_split_by_role() -> None:
    times_s = {
        "ours": {"engine": 0.5, "program": 0.25, "plugin": 0.125},
        "floor-outputs": {"engine": 0.25, "program": 0.25, "plugin": 0.0625},
    }
    *_, row = figures.cost_table(result(ROUND, cpu_s=times_s)).splitlines()
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "ours beyond the floor, our outputs",
        "100",
        "10.0",
        "0.0",
        "2.5",
    ]


def test_the_import_of_the_package_is_judged_and_later_imports_are_reported() -> None:
    found = figures.targets(result())
    assert target(found, "import of the package in the plugin, over").found == "0.10"
    assert target(found, "import of the package in the plugin, beyond").found == "10 ms"
    rows = figures.imports_table(result()).splitlines()[2:]
    assert [row.split("|")[3].strip() for row in rows] == ["0.10", "0.40", "1.20"]


def test_a_command_is_measured_with_every_process_it_starts(tmp_path: Path) -> None:
    program = "import sys, time; held = [0] * (8 << 20); end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    host = f'exec "$PYTHON" -u -c "{program}" pulumi.dynamic'
    (tmp_path / "pulumi").write_text(f"#!/bin/sh\nsh -c '{host}' &\nwait\n")
    (tmp_path / "pulumi").chmod(0o755)
    ran = columns._timed([str(tmp_path / "pulumi")], tmp_path, {**os.environ, "PYTHON": sys.executable})
    assert ran.seconds >= 0.5
    if sys.platform == "linux":
        assert 0.3 < ran.cpu_s["plugin"] < 5
        assert "program" not in ran.cpu_s
        assert ran.peak_mib > 50


def test_a_table_aligns_its_columns() -> None:
    assert figures.markdown_table(["what", "n"], [["a", "10"], ["longer", "7"]]) == (
        "| what   |   n |\n| ------ | --: |\n| a      |  10 |\n| longer |   7 |"
    )


def test_times_are_shown_beside_the_ratios_of_the_same_operation() -> None:
    measured = result({("ours", "create"): [4.4, 4.4], ("floor-outputs", "create"): [4.0, 4.0], ("loop", "create"): [2.0, 3.0]})
    *_, row = figures.times_table(measured, 100, 100.0).splitlines()
    assert [cell.strip() for cell in row.strip("|").split("|")] == ["create", "4.40", "4.00", "2.50 (2.00-3.00)", "1.10"]


def test_an_operation_that_sent_nothing_says_so() -> None:
    measured = result(refresh={"list": 1, "GET": 2})
    measured["calls"].append({"latency_ms": 100.0, "numbers": 100, "operation": "preview", "calls": {}})
    table = figures.calls_table(measured)
    assert "| preview |" in table
    assert table.splitlines()[-1].split("|")[2].strip() == "none"
    assert "2 GET, 1 list" in table


def test_the_page_shows_targets_that_do_not_hold() -> None:
    page = report.page(result({("ours", "create"): [9.0, 9.0], ("floor-outputs", "create"): [4.0, 4.0]}))
    assert "| create of 100 at 100 ms, over the floor with our outputs: at most 1.05" in page
    assert "does not hold" in page
    assert "2026-01-02" in page


def test_programs_declare_different_numbers_that_are_renamed_alike() -> None:
    old, new = arguments(1000, "old"), arguments(1000, "new")
    assert len({one["number"] for one in old.values()}) == 1000
    assert {name: one["number"] for name, one in old.items()} == {name: one["number"] for name, one in new.items()}
    assert all(old[name]["name"] != new[name]["name"] for name in old)
    assert OPERATIONS[0] == "create"
    assert OPERATIONS[-1] == "destroy"
