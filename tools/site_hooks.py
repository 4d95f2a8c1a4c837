"""What MkDocs does not do by itself for the documentation site; named in ``mkdocs.yml``."""

from __future__ import annotations

import html
import itertools
import re

_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_HEADING = re.compile(r"<th(?: [^>]*)?>(.*?)</th>", re.DOTALL)
_ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)


def on_page_content(content: str, **_: object) -> str:
    """Give each cell of a table its column's heading, which a phone shows in the cell because it has no room for columns."""
    return _TABLE.sub(_with_labels, content)


def _with_labels(table: re.Match[str]) -> str:
    headings = [html.escape(re.sub(r"<[^>]+>", "", heading).strip(), quote=True) for heading in _HEADING.findall(table[0])]
    return _ROW.sub(lambda row: _with_label(row[0], headings), table[0])


def _with_label(row: str, headings: list[str]) -> str:
    column = itertools.count()
    return re.sub(r"<td(?=[ >])", lambda _: f'<td data-label="{headings[next(column)]}"', row)
