"""The documentation site builds in strict mode, and fetches nothing from elsewhere."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from lunr import lunr  # type: ignore[import-untyped]

from tests.sdks import ROOT

PICTURES = ROOT / "docs" / "pictures"

#: Columns of code that are visible in a window of 1280 pixels with ``docs/site.css``.
CODE_COLUMNS = 104


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        # Without --quiet, which would hide warnings from --strict.
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    assert all(line.startswith("INFO ") for line in done.stdout.splitlines()), done.stdout
    return folder


class Fetched(HTMLParser):
    """Collects the addresses that a browser fetches when it opens a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag in ("script", "img", "iframe", "source"):
            self.addresses.append(attributes.get("src") or "")
        elif tag == "link" and attributes.get("rel") not in ("canonical", "next", "prev"):
            self.addresses.append(attributes.get("href") or "")


def test_a_page_fetches_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        text = page.read_text("utf-8")
        fetched = Fetched()
        fetched.feed(text)
        assert [address for address in fetched.addresses if re.match(r"\w+:|//", address)] == [], page
        assert "mermaid" not in text  # the theme would fetch the script that draws diagrams
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(.?(https?:|//)|@import", style.read_text("utf-8")), style


def test_the_pages_for_the_registry_are_not_part_of_it(site: Path) -> None:
    assert (site / "supported" / "index.html").exists()
    assert [path for name in ("_index", "installation-configuration") for path in site.rglob(f"{name}*")] == []


def test_every_argument_of_a_number_is_on_its_page(site: Path) -> None:
    text = (site / "resources" / "phone-number" / "index.html").read_text("utf-8")
    rows = re.findall(r"<tr>\s*<td[^>]*><code>(\w+)</code>(<br ?/?><em>required</em>)?</td>", text)
    required = {name for name, mark in rows if mark}
    assert "credential_id" in required
    for name in ("fallback_destination", "deletion_protection", "sip_uri", "updated_at", "backoff_plan", "id"):
        assert (name, "") in rows


def test_no_line_of_code_is_cut_off(site: Path) -> None:
    for page in site.rglob("*.html"):
        for language, block in re.findall(
            r'<div class="language-(\S+) highlight">(.*?)</div>', page.read_text("utf-8"), re.DOTALL
        ):
            if language != "text":  # output of commands is wrapped
                code = re.sub(r'<span class="filename">.*?</span>|<[^>]+>', "", block)
                lines = html.unescape(code).splitlines()
                assert [line for line in lines if len(line) > CODE_COLUMNS] == [], page


def test_table_cells_name_their_column_for_narrow_screens(site: Path) -> None:
    text = (site / "configuration" / "index.html").read_text("utf-8")
    row = re.search(r"<tr>(?:(?!</tr>).)*vapi-byo:maxRetries.*?</tr>", text, re.DOTALL)
    assert row
    assert re.findall(r'<td data-label="(.*?)">', row[0]) == ["Key", "Environment", "Meaning", "Default"]


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("import", "adopting/"),
        ("drift", "pull-requests/#drift"),
        ("rate limit", "many-numbers/#the-apis-rate-limit"),
        ("EU", "configuration/#organisations-in-the-eu"),
    ],
)
def test_search_finds_the_right_page_first(site: Path, words: str, place: str) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    fields = [{"field_name": name, "boost": index["config"]["fields"][name]["boost"]} for name in ("title", "text")]
    documents = [(document, {"boost": document.get("boost", 1)}) for document in index["docs"]]
    found = lunr("location", fields, documents).search(" ".join(f"+{word}" for word in words.split()))
    assert found[0]["ref"] == place


@pytest.mark.parametrize("picture", sorted(PICTURES.glob("*.svg")), ids=lambda picture: picture.name)
def test_a_picture_is_used_and_fetches_nothing(picture: Path) -> None:
    assert any(f"pictures/{picture.name}" in page.read_text("utf-8") for page in (ROOT / "docs").rglob("*.md"))
    text = picture.read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"url\(.?http|@import|href=\"(?!#)", text)
