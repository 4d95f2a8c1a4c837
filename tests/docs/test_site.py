"""The documentation site builds strictly, and nothing in it is fetched from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.sdks import ROOT

PICTURES = ROOT / "docs" / "pictures"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        # Not with --quiet, which lets the warnings through that --strict is to count.
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
        html = page.read_text("utf-8")
        fetched = Fetched()
        fetched.feed(html)
        assert [address for address in fetched.addresses if re.match(r"\w+:|//", address)] == [], page
        assert 'class="mermaid"' not in html  # the theme would fetch what draws it
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(.?(https?:|//)|@import", style.read_text("utf-8")), style


def test_every_argument_of_a_number_is_on_its_page(site: Path) -> None:
    html = (site / "resources" / "phone-number" / "index.html").read_text("utf-8")
    rows = re.findall(r"<tr>\s*<td><code>(\w+)</code>(<br ?/?><em>required</em>)?</td>", html)
    required = {name for name, mark in rows if mark}
    assert "credential_id" in required
    for name in ("fallback_destination", "deletion_protection", "sip_uri", "updated_at", "backoff_plan", "id"):
        assert (name, "") in rows


@pytest.mark.parametrize("picture", sorted(PICTURES.glob("*.svg")), ids=lambda picture: picture.name)
def test_a_picture_is_used_and_fetches_nothing(picture: Path) -> None:
    assert any(f"pictures/{picture.name}" in page.read_text("utf-8") for page in (ROOT / "docs").rglob("*.md"))
    text = picture.read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"url\(.?http|@import|href=\"(?!#)", text)
