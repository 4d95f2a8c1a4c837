"""Draw the package's floors, their modules and the imports between them into CONTRIBUTING.md.

Run by ``make generate``; a test fails when the picture is stale.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = ROOT / "pulumi_vapi_byo"
PAGE: Final = ROOT / "CONTRIBUTING.md"

_PICTURE: Final = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)


def module_name(path: Path) -> str:
    """Return the dotted name of a module inside the package."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def imports(path: Path) -> tuple[set[str], set[str]]:
    """Return what a module imports: dotted names of modules inside the package, and top names of other packages."""
    ours, foreign = set(), set()
    here = path.relative_to(PACKAGE).parent.parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [PACKAGE.name, *here[: len(here) - node.level + 1]] if node.level else []
            base += node.module.split(".") if node.module else []
            # A name imported from a package may be one of its modules.
            names = [".".join([*base, alias.name]) for alias in node.names] + [".".join(base)]
        else:
            continue
        for name in names:
            top, _, rest = name.partition(".")
            if top != PACKAGE.name:
                foreign.add(top)
            elif (PACKAGE / f"{rest.replace('.', '/')}.py").exists():
                ours.add(rest)
    return ours, foreign


def modules() -> list[Path]:
    """Return all modules of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def picture() -> str:
    """Return the picture in Mermaid: arrows point to what is imported; those that follow from others are left out."""
    rooms: defaultdict[str, list[str]] = defaultdict(list)
    needs: defaultdict[str, set[str]] = defaultdict(set)
    for path in modules():
        floor, _, room = module_name(path).partition(".")
        if room and not room.startswith("__"):
            rooms[floor].append(room)
        needs[floor] |= {name.partition(".")[0] for name in imports(path)[0]} - {floor}
    lines = ["flowchart TD"]
    for floor in sorted(needs):
        inside = f"<br/>{' · '.join(rooms[floor])}" if rooms[floor] else ""
        lines.append(f'    {_node(floor)}["<b>{floor}</b>{inside}"]')
    for floor in sorted(needs):
        beyond = set().union(*(_reach(other, needs) for other in needs[floor]))
        lines += [f"    {_node(floor)} --> {_node(other)}" for other in sorted(needs[floor] - beyond)]
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def _reach(floor: str, needs: dict[str, set[str]]) -> set[str]:
    return needs[floor].union(*(_reach(other, needs) for other in needs[floor]))


def _node(floor: str) -> str:
    return floor.strip("_")


def page() -> str:
    """Return CONTRIBUTING.md with an up-to-date picture."""
    return _PICTURE.sub(lambda _: picture(), PAGE.read_text("utf-8"), count=1)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
