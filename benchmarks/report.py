"""The output of the benchmark: a page of the documentation, and its picture."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks import figures
from benchmarks.figures import Result

_COLOURS: Final = {
    "ours": "#3f51b5",
    "floor": "#9e9e9e",
    "floor-outputs": "#cfcfcf",
    "plugin": "#00796b",
    "plugin-yaml": "#4db6ac",
    "plugin-idle": "#b2dfdb",
    "loop": "#ffb74d",
    "terraform": "#7e57c2",
}


def summary(result: Result) -> str:
    """Return all tables, as Markdown that reads well in a terminal too."""
    parts = []
    for latency_ms, numbers in _settings(result):
        parts += [
            f"### {numbers} {_numbers(numbers)}, {latency_ms:g} ms a call",
            figures.times_table(result, numbers, latency_ms),
        ]
    parts += ["### Calls of our provider", figures.calls_table(result)]
    parts += ["### Memory and state", figures.usage_table(result)]
    parts += ["### Processor time", figures.cost_table(result)]
    parts += ["### Python's imports", figures.imports_table(result)]
    parts += ["### Targets", figures.targets_table(result)]
    return "\n\n".join(parts)


def page(result: Result) -> str:
    """Return the page of the documentation."""
    machine, versions, load = result["machine"], result["versions"], result["load"]
    busiest = max(load["before"], load["after"], *(row["load"] for row in result["times"]))
    return f"""\
# Performance

<!-- Made by `make bench`: change benchmarks/report.py, not this page. -->

Whole commands, from start to end, on the real Pulumi engine; `make bench` measures them again and writes this page. Medians of
{_repeats(result)} runs, the least and the most in brackets. Everything in a row was measured in turns, so what slows the
machine down for a while slows all of it; a ratio is the median of the ratios of runs that stood side by side.

![Seconds by operation](pictures/bench.svg)

- **ours**: the dynamic provider of this package, in Pulumi's host, which serves four calls at a time; the engine has
  {result["parallel"]} on this machine. The API is the emulator, beside it, which answers after the time that is given.
- **floor**: a dynamic provider that does nothing but wait as long in every call, in the same host.
- **floor, our outputs**: the floor with as many outputs as ours, which take time of the SDK and of the engine.
- **plugin**: the [plugin](doors.md), from a Python program on the SDK that Pulumi generates; **plugin, YAML**: the same from
  YAML.
- **idle plugin**: a plugin that does nothing but wait as long in every call, with our outputs, from the same Python program.
- **plain loop**: a script that does the calls of the operation with `requests`, in four threads, and keeps no state.
- **Terraform** is there where a user-made configuration was named with `--terraform`.

Measured on {result["when"][:10]}: {machine["cpus"]} processors, {machine["system"]}, Python {versions["python"]}, Pulumi \
{versions["pulumi"]}, its SDK {versions["sdk"]}, pulumi-vapi-byo {versions["package"]}; load average {load["before"]:.1f}
before and {load["after"]:.1f} after, {busiest:.1f} at most, the benchmark's own included. Compare ratios, not seconds, with
another machine's.

{summary(result).replace("### ", "## ")}

Processor time is that of a create, a preview, an up without changes and a destroy, all together, divided by the numbers. The
engine is the CLI and its language host. Our cost of a number is what the program and the plugin take beyond the floor
with our outputs, so the SDK's own work is taken out of it, as is the engine's. Both take the longer for a number the more
there are, no matter whose they are: the engine writes the state of all numbers after each, and the SDK looks at all outputs
that it waits for whenever one of them is there.

Of the imports each row has those before it in it: the package imports what it needs when it first needs it. They are timed in
fresh processes, best of {result["import"]["tries"]}; `import pulumi` takes {result["import"]["pulumi_ms"]:.0f} ms here.
"""


def _repeats(result: Result) -> str:
    fewest, *more = sorted({len(row["seconds"]) for row in result["times"]})
    return f"{fewest} to {more[-1]}" if more else f"{fewest}"


def draw(result: Result, path: Path) -> None:
    """Draw the times as bars into an SVG, with the least and the most as whiskers."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "bench"  # the same figures give the same file
    mpl.rcParams["font.size"] = 9
    settings = _settings(result)
    picture = Figure(figsize=(9, 2.6 * len(settings)), layout="constrained")
    for place, (latency_ms, numbers) in enumerate(settings):
        axes = picture.add_subplot(len(settings), 1, place + 1)
        rows = [row for row in result["times"] if (row["numbers"], row["latency_ms"]) == (numbers, latency_ms)]
        operations = list(dict.fromkeys(row["operation"] for row in rows))
        columns = [name for name in figures.TITLES if any(row["column"] == name for row in rows)]
        width = 0.8 / len(columns)
        for index, column in enumerate(columns):
            spreads = {row["operation"]: figures.spread(row["seconds"]) for row in rows if row["column"] == column}
            places = [operations.index(operation) + (index - (len(columns) - 1) / 2) * width for operation in spreads]
            medians = [found.median for found in spreads.values()]
            below = [found.median - found.least for found in spreads.values()]
            above = [found.most - found.median for found in spreads.values()]
            axes.bar(places, medians, width, color=_COLOURS[column], label=figures.TITLES[column])
            axes.errorbar(places, medians, [below, above], fmt="none", ecolor="#444444", elinewidth=0.8, capsize=1.5)
        axes.set_xticks(range(len(operations)), operations)
        axes.set_ylabel("seconds")
        axes.set_title(f"{numbers} {_numbers(numbers)}, the API answers in {latency_ms:g} ms", loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", alpha=0.3)
        axes.set_axisbelow(True)
        if place == 0:
            axes.legend(frameon=False, ncols=len(columns), loc="lower right", bbox_to_anchor=(1, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path, metadata={"Date": None, "Creator": None})


def _settings(result: Result) -> list[tuple[float, int]]:
    return sorted({(row["latency_ms"], row["numbers"]) for row in result["times"]})


def _numbers(numbers: int) -> str:
    return "number" if numbers == 1 else "numbers"
