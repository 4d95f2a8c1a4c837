"""From measurements to figures: medians, ratios, targets, tables. Pure: knows nothing of how things are run."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

#: The recorded result: lists of plain dicts, as `__main__.measure` writes them.
Result = Mapping[str, Any]

TITLES: Final[Mapping[str, str]] = {
    "ours": "ours",
    "floor": "floor",
    "floor-outputs": "floor, our outputs",
    "plugin": "plugin",
    "plugin-yaml": "plugin, YAML",
    "plugin-idle": "idle plugin",
    "loop": "plain loop",
    "terraform": "Terraform",
}

#: Number of phone numbers that most targets are about.
TARGET_NUMBERS: Final = 100
TARGET_LATENCY_MS: Final = 100.0
MANY_NUMBERS: Final = 1000

MAX_OVER_FLOOR: Final = 1.05
MAX_OVER_IDLE_PLUGIN: Final = 1.05
MAX_YAML_PREVIEW: Final = 0.7
MAX_PLUGIN_STATE: Final = 0.67
MAX_PLUGIN_START: Final = 1.1
MAX_GROWTH: Final = 1.3
MAX_IMPORT_RATIO: Final = 0.5
MAX_IMPORT_MS: Final = 80.0
#: Most numbers in the answer to one list call.
LIST_SIZE: Final = 1000

#: Stages of the import, each including the stages before it, by key in the result.
_IMPORTS: Final[Mapping[str, str]] = {
    "package_ms": "the package in the plugin",
    "check_ms": "that and what the first check needs",
    "all_ms": "that and what the first call of the API needs",
}

#: Where a command spends processor time: the CLI with its language host, the program, the provider's host.
ROLES: Final = ("engine", "program", "plugin")

WITHOUT_REFRESH: Final = ("create", "preview", "up", "destroy")


@dataclass(frozen=True)
class Spread:
    """A summary of values.

    Attributes:
        median: The median.
        least: The smallest.
        most: The largest.
    """

    median: float
    least: float
    most: float

    def text(self, digits: int = 2) -> str:
        """Write it as ``1.23 (1.20-1.31)``."""
        if self.least == self.most:
            return f"{self.median:.{digits}f}"
        return f"{self.median:.{digits}f} ({self.least:.{digits}f}-{self.most:.{digits}f})"


def spread(values: Iterable[float]) -> Spread:
    """Summarise values.

    Raises:
        ValueError: There are no values.
    """
    found = list(values)
    if not found:
        raise ValueError("no values")
    return Spread(statistics.median(found), min(found), max(found))


def ratios(over: Sequence[float], under: Sequence[float]) -> Spread:
    """Return the ratios of measurements made side by side, pair by pair: a slow phase of the machine slows both.

    Raises:
        ValueError: The lengths differ, or are 0.
    """
    return spread(a / b for a, b in zip(over, under, strict=True))


@dataclass(frozen=True)
class Target:
    """A target.

    Attributes:
        claim: What should hold.
        found: What was measured, in words.
        holds: Whether it holds; None if it was not measured in this run.
    """

    claim: str
    found: str
    holds: bool | None

    @property
    def verdict(self) -> str:
        """``holds``, ``does not hold`` or ``not measured``."""
        return {True: "holds", False: "does not hold", None: "not measured"}[self.holds]


def _cell(result: Result, column: str, operation: str, numbers: int, latency_ms: float) -> Mapping[str, Any] | None:
    for row in result["times"]:
        if (row["column"], row["operation"], row["numbers"], row["latency_ms"]) == (column, operation, numbers, latency_ms):
            return dict(row)
    return None


def seconds(result: Result, column: str, operation: str, numbers: int, latency_ms: float) -> list[float]:
    """Return the times in a cell, in the order of the repeats; empty if it was not measured."""
    cell = _cell(result, column, operation, numbers, latency_ms)
    return list(cell["seconds"]) if cell else []


def calls(result: Result, operation: str, numbers: int) -> dict[str, int]:
    """Return how many calls of each sort our provider sent in an operation, as the maximum of all repeats."""
    most: dict[str, int] = {}
    for row in result["calls"]:
        if (row["operation"], row["numbers"]) == (operation, numbers) and sum(row["calls"].values()) > sum(most.values()):
            most = dict(row["calls"])
    return most


def cpu_s(result: Result, column: str, operation: str, numbers: int, role: str) -> list[float]:
    """Return the processor time of a role in a cell, in the order of the repeats; empty if it is unknown."""
    cell = _cell(result, column, operation, numbers, TARGET_LATENCY_MS)
    times = list(cell["cpu_s"][role]) if cell else []
    # A destroy runs no program; everything else takes time.
    return times if any(times) or role == "program" else []


def cost_ms(result: Result, column: str, numbers: int, roles: Iterable[str]) -> float | None:
    """Return the processor time per number of a whole round, in milliseconds.

    A round is a create, a preview, an up without changes and a destroy; the median of each counts.

    Args:
        result: All measurements.
        column: The approach.
        numbers: Number of phone numbers.
        roles: Whose time to count.

    Returns:
        The time, or None if it was not measured.
    """
    total_s = 0.0
    for operation in WITHOUT_REFRESH:
        for role in roles:
            times = cpu_s(result, column, operation, numbers, role)
            if not times:
                return None
            total_s += statistics.median(times)
    return 1000 * total_s / numbers


def own_cost_ms(result: Result, numbers: int, roles: Iterable[str]) -> float | None:
    """Return the processor time per number that our own part of a whole round takes, in milliseconds.

    That is ours minus the floor with as many outputs, which is the SDK's work.

    Args:
        result: All measurements.
        numbers: Number of phone numbers.
        roles: Whose time to count: the program and the plugin do our work, the engine does not.

    Returns:
        The time, or None if it was not measured.
    """
    ours, floor = (cost_ms(result, column, numbers, roles) for column in ("ours", "floor-outputs"))
    return None if ours is None or floor is None else ours - floor


def targets(result: Result) -> list[Target]:
    """Compare the figures with the targets."""
    found = [
        _ratio_target(result, "floor-outputs", operation, MAX_OVER_FLOOR, "the floor with our outputs")
        for operation in WITHOUT_REFRESH
    ]
    found += [
        _ratio_target(result, "plugin-idle", operation, MAX_OVER_IDLE_PLUGIN, "an idle plugin", ours="plugin")
        for operation in WITHOUT_REFRESH
    ]
    found.append(_ratio_target(result, "ours", "preview", MAX_YAML_PREVIEW, "the dynamic provider", ours="plugin-yaml"))
    found.append(_state_target(result))
    found.append(_start_target(result))
    for numbers in sorted({row["numbers"] for row in result["calls"]}):
        sent = sum(calls(result, "refresh", numbers).values())
        most = math.ceil(numbers / LIST_SIZE) + 1
        found.append(Target(f"refresh of {numbers}: at most {most} calls", f"{sent}", sent <= most))
    for numbers in sorted({row["numbers"] for row in result["calls"]}):
        sent = sum(calls(result, "rename", numbers).values())
        found.append(Target(f"rename of {numbers}: at most {2 * numbers} calls", f"{sent}", sent <= 2 * numbers))
    found.append(_growth_target(result, "our cost of a number", ("program", "plugin")))
    found.append(_growth_target(result, "the plugin's part of it", ("plugin",)))
    import_ms, pulumi_ms = result["import"]["package_ms"], result["import"]["pulumi_ms"]
    ratio = import_ms / pulumi_ms
    claim = f"import of the package in the plugin, over `import pulumi`: at most {MAX_IMPORT_RATIO:g}"
    found.append(Target(claim, f"{ratio:.2f}", ratio <= MAX_IMPORT_RATIO))
    claim = f"import of the package in the plugin, beyond `import pulumi`: at most {MAX_IMPORT_MS:g} ms"
    found.append(Target(claim, f"{import_ms:.0f} ms", import_ms <= MAX_IMPORT_MS))
    return found


def _ratio_target(result: Result, column: str, operation: str, most: float, what: str, *, ours: str = "ours") -> Target:
    subject = "" if ours == "ours" else f"{TITLES[ours]}: "
    claim = f"{subject}{operation} of {TARGET_NUMBERS} at {TARGET_LATENCY_MS:g} ms, over {what}: at most {most:g}"
    own, other = (seconds(result, name, operation, TARGET_NUMBERS, TARGET_LATENCY_MS) for name in (ours, column))
    if not own or not other:
        return Target(claim, "", None)
    ratio = ratios(own, other)
    return Target(claim, ratio.text(), round(ratio.median, 2) <= most)


def _state_target(result: Result) -> Target:
    claim = f"plugin: bytes of a number in the state, over the dynamic provider: at most {MAX_PLUGIN_STATE:g}"
    cells = [_cell(result, name, "create", TARGET_NUMBERS, TARGET_LATENCY_MS) for name in ("plugin", "ours")]
    plugin, dynamic = (cell["state_bytes"] if cell else None for cell in cells)
    if plugin is None or dynamic is None:
        return Target(claim, "", None)
    return Target(claim, f"{plugin / dynamic:.2f} ({plugin} over {dynamic})", plugin / dynamic <= MAX_PLUGIN_STATE)


def _start_target(result: Result) -> Target:
    claim = f"plugin: start of its process, over Pulumi's host of dynamic providers: at most {MAX_PLUGIN_START:g}"
    start = result.get("start")
    if not start:
        return Target(claim, "", None)
    ratio = start["plugin_ms"] / start["host_ms"]
    return Target(claim, f"{ratio:.2f} ({start['plugin_ms']:.0f} ms over {start['host_ms']:.0f} ms)", ratio <= MAX_PLUGIN_START)


def _growth_target(result: Result, what: str, roles: Sequence[str]) -> Target:
    claim = f"{what}, {MANY_NUMBERS} of them over {TARGET_NUMBERS}: at most {MAX_GROWTH:g}"
    few, many = (own_cost_ms(result, numbers, roles) for numbers in (TARGET_NUMBERS, MANY_NUMBERS))
    if few is None or many is None:
        return Target(claim, "", None)
    if few <= 0:
        return Target(claim, f"{many:.1f} ms over {few:.1f} ms, which is less than nothing", None)
    return Target(claim, f"{many / few:.2f} ({many:.1f} ms over {few:.1f} ms)", many / few <= MAX_GROWTH)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table with aligned columns; all but the first are right-aligned."""
    table = [list(head), *(list(row) for row in rows)]
    widths = [max(3, *(len(row[place]) for row in table)) for place in range(len(head))]
    lines = []
    for row in table:
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"| {' | '.join([first.strip().ljust(widths[0]), *others])} |")
    rule = f"| {' | '.join(['-' * widths[0], *('-' * (width - 1) + ':' for width in widths[1:])])} |"
    return "\n".join([lines[0], rule, *lines[1:]])


def times_table(result: Result, numbers: int, latency_ms: float) -> str:
    """Return the times of all operations for a number of phone numbers, a column for each approach."""
    rows_here = [row for row in result["times"] if (row["numbers"], row["latency_ms"]) == (numbers, latency_ms)]
    columns = [name for name in TITLES if any(row["column"] == name for row in rows_here)]
    operations = list(dict.fromkeys(row["operation"] for row in rows_here))
    head = ["seconds", *(TITLES[name] for name in columns)]
    pairs = [("ours", "floor"), ("ours", "floor-outputs")]
    pairs += [("plugin", "plugin-idle"), ("plugin", "ours"), ("plugin-yaml", "ours")]
    pairs = [pair for pair in pairs if set(pair) <= set(columns)]
    head += [f"{TITLES[over]} / {TITLES[under]}" for over, under in pairs]
    rows = []
    for operation in operations:
        cells = {name: seconds(result, name, operation, numbers, latency_ms) for name in columns}
        row = [operation, *(spread(cells[name]).text() if cells[name] else "" for name in columns)]
        row += [ratios(cells[over], cells[under]).text() if cells[over] and cells[under] else "" for over, under in pairs]
        rows.append(row)
    return markdown_table(head, rows)


def calls_table(result: Result) -> str:
    """Return how many calls our provider sent, by operation and number of phone numbers."""
    sizes = sorted({row["numbers"] for row in result["calls"]})
    operations = list(dict.fromkeys(row["operation"] for row in result["calls"]))
    rows = []
    for operation in operations:
        row = [operation]
        for numbers in sizes:
            sent = calls(result, operation, numbers)
            row.append(_sorts(sent))
        rows.append(row)
    return markdown_table(["calls", *(f"of {numbers}" for numbers in sizes)], rows)


def _sorts(sent: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {sort}" for sort, count in sorted(sent.items())) or "none"


def imports_table(result: Result) -> str:
    """Return what the plugin process imports, and when."""
    imports = result["import"]
    rows = [[what, f"{imports[part]:.0f}", f"{imports[part] / imports['pulumi_ms']:.2f}"] for part, what in _IMPORTS.items()]
    return markdown_table(["import in the plugin", "ms", "over `import pulumi`"], rows)


def usage_table(result: Result) -> str:
    """Return the memory of the plugin process and the size of a number in the state, after a create."""
    rows = [
        [
            TITLES[row["column"]],
            f"{row['numbers']}",
            f"{row['peak_mib']:.0f}" if row["peak_mib"] else "",
            f"{row['state_bytes']}",
        ]
        for row in result["times"]
        if "state_bytes" in row and row["latency_ms"] == TARGET_LATENCY_MS
    ]
    return markdown_table(["create", "numbers", "peak memory of the plugin, MiB", "bytes a number in the state"], rows)


def cost_table(result: Result) -> str:
    """Return how much processor time each role takes per number in a whole round, how that grows, and how much is ours."""
    sizes = sorted({row["numbers"] for row in result["times"] if row["latency_ms"] == TARGET_LATENCY_MS})

    def row(what: str, numbers: int, over: str, under: str | None = None) -> list[str]:
        cells = [what, f"{numbers}"]
        for role in ROLES:
            taken = cost_ms(result, over, numbers, [role])
            less = cost_ms(result, under, numbers, [role]) if under else 0.0
            cells.append("" if taken is None or less is None else f"{taken - less:.1f}")
        return cells

    rows = [row(TITLES[column], numbers, column) for column in ("ours", "floor", "floor-outputs") for numbers in sizes]
    for under in ("floor", "floor-outputs"):
        rows += [row(f"ours beyond the {TITLES[under]}", numbers, "ours", under) for numbers in sizes]
    return markdown_table(["ms of processor time a number", "numbers", *ROLES], (cells for cells in rows if all(cells)))


def targets_table(result: Result) -> str:
    """Return the targets and whether they hold."""
    return markdown_table(
        ["target", "measured", "verdict"], [[target.claim, target.found, target.verdict] for target in targets(result)]
    )
