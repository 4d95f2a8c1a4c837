"""The two pages for Pulumi's registry have the required form, and show the examples for a reader who installed the plugin."""

from __future__ import annotations

import re

import pytest
import yaml  # type: ignore[import-untyped]

from tests.sdks import ROOT
from tools.generate.examples import FILES, example

PAGES = ("_index.md", "installation-configuration.md")


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_begins_with_the_front_matter_that_the_registry_reads(name: str) -> None:
    _, front, text = page(name).split("---\n", 2)
    matter = yaml.safe_load(front)
    assert matter.keys() == {"title", "meta_desc", "layout"}
    assert matter["layout"] == "package"
    assert 50 < len(matter["meta_desc"]) < 160
    assert not re.search(r"^# ", text, re.MULTILINE), "the registry writes the title"


def test_a_reader_can_choose_any_language_of_the_examples() -> None:
    text = page("_index.md")
    assert f'{{{{< chooser language "{",".join(FILES)}" >}}}}' in text
    assert re.findall(r"{{% choosable language (\w+) %}}\n\n```\1\n", text) == list(FILES)
    for opened in ("chooser", "choosable"):
        assert len(re.findall(rf"{{{{[<%] {opened} ", text)) == len(re.findall(rf"{{{{[<%] /{opened} ", text))


def test_an_example_needs_no_clone() -> None:
    assert "plugins" in (ROOT / "examples" / "yaml" / "Pulumi.yaml").read_text("utf-8")
    project = yaml.safe_load(example("yaml"))
    assert project.keys() == {"name", "runtime", "description", "config", "resources", "outputs"}
    assert all(f"```{language}\n{example(language)}```" in page("_index.md") for language in FILES)
