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

<!-- Written by `make bench`: change benchmarks/report.py, not this page. -->

Whole commands, from start to finish, on the real Pulumi engine; `make bench` measures them again and writes this page. Figures
are medians of {_repeats(result)} runs, with the lowest and the highest in brackets. The columns of a row were measured in
turns, so a slow phase of the machine slows all of them; a ratio is the median of the ratios of adjacent runs.

![Seconds by operation](pictures/bench.svg)

- **ours**: the dynamic provider of this package, in Pulumi's host, which serves four calls at a time; the engine sends up to
  {result["parallel"]} at a time on this machine. The API is the emulator on the same machine, which answers after
  the given time.
- **floor**: a dynamic provider that only waits as long in every call, in the same host.
- **floor, our outputs**: the floor with as many outputs as ours, which cost the SDK and the engine time.
- **plugin**: the [plugin](doors.md), used from a Python program through the SDK that Pulumi generates; **plugin, YAML**: the
  same from a YAML program.
- **idle plugin**: a plugin that only waits as long in every call, with our outputs, used from the same Python program.
- **plain loop**: a script that sends the calls of the operation with `requests`, in four threads, and keeps no state.
- **Terraform** appears only if a user's own configuration was named with `--terraform`.

Measured on {result["when"][:10]}: {machine["cpus"]} processors, {machine["system"]}, Python {versions["python"]}, Pulumi \
{versions["pulumi"]}, its SDK {versions["sdk"]}, pulumi-vapi-byo {versions["package"]}; load average {load["before"]:.1f}
before and {load["after"]:.1f} after, {busiest:.1f} at most, including the benchmark's own. Compare ratios, not seconds, with
those of another machine.

{summary(result).replace("### ", "## ")}

Processor time is the total of a create, a preview, an up without changes and a destroy, divided by the number of phone numbers.
The engine is the CLI and its language host. Our cost of a number is what the program and the plugin take beyond the floor
with our outputs, which excludes the SDK's own work and the engine's. Engine and SDK both take longer per number the more
numbers there are, whichever provider they belong to: the engine writes the state of all numbers after each step, and whenever
an output arrives, the SDK looks at every output that it waits for.

Each row of the imports includes the rows before it: the package imports modules when it first needs them. The times are from
fresh processes, the best of {result["import"]["tries"]}; `import pulumi` takes {result["import"]["pulumi_ms"]:.0f} ms here.
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
