"""What ``make release-check`` refuses, and that a refused release leaves nothing behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pulumi_vapi_byo import __version__
from tools import release
from tools.plugin_archive import StepError, _archive, run_step
from tools.release import ReleaseError, check_tag, check_versions, section, versions_of_names, versions_of_sources

CHANGELOG = """\
# Changelog

## [1.1.0] - Unreleased

### Added

- New.

## [1.0.0] - 2026-11-30

- Old.

## [0.9.0]
"""


def test_the_notes_are_the_section_of_the_version() -> None:
    assert section(CHANGELOG, "1.1.0") == ("Unreleased", "### Added\n\n- New.\n")
    assert section(CHANGELOG, "1.0.0") == ("2026-11-30", "- Old.\n")


@pytest.mark.parametrize("version", ["1.2.0", "1.0", "1x0.0"])
def test_a_version_without_a_section_is_refused(version: str) -> None:
    with pytest.raises(ReleaseError, match=rf"^CHANGELOG\.md has no section \[{version}\]$"):
        section(CHANGELOG, version)


def test_an_empty_section_is_refused() -> None:
    with pytest.raises(ReleaseError, match=r"^CHANGELOG\.md says nothing in its section \[0\.9\.0\]$"):
        section(CHANGELOG, "0.9.0")


def test_a_tag_releases_its_own_version_once_it_has_a_date() -> None:
    check_tag("v1.0.0", "1.0.0", "2026-11-30")
    with pytest.raises(ReleaseError, match=r"^the tag is v1\.0\.0 and the version 1\.1\.0$"):
        check_tag("v1.0.0", "1.1.0", "2026-11-30")
    for date in ("Unreleased", "", "soon"):
        with pytest.raises(ReleaseError, match=r"^CHANGELOG\.md gives 1\.0\.0 no date$"):
            check_tag("v1.0.0", "1.0.0", date)


def test_a_different_version_anywhere_is_refused() -> None:
    check_versions("1.0.0", {"a": ["1.0.0"], "b": ["1.0.0", "1.0.0"]})
    with pytest.raises(ReleaseError, match=r"^b names 0\.9\.0, and the version is 1\.0\.0$"):
        check_versions("1.0.0", {"a": ["1.0.0"], "b": ["1.0.0", "0.9.0"]})
    with pytest.raises(ReleaseError, match=r"^a names no version$"):
        check_versions("1.0.0", {"a": []})


def test_the_schema_and_the_pages_with_an_install_command_are_compared() -> None:
    said = versions_of_sources()
    pages = {"docs/languages.md", "docs/installation-configuration.md", "docs/upgrading.md"}
    assert said.keys() == {"pulumi_vapi_byo/plugin/schema.json", *pages}
    check_versions(__version__, said)


def test_versions_are_read_from_file_names(tmp_path: Path) -> None:
    names = {
        "pulumi_vapi_byo-1.0.0-py3-none-any.whl": ["1.0.0"],
        "pulumi_vapi_byo-1.0.0.tar.gz": ["1.0.0"],
        "pulumi_vapi_byo-1.0.0.cdx.json": ["1.0.0"],
        "pulumi-resource-vapi-byo-v1.0.0-linux-amd64.tar.gz": ["1.0.0"],
        "pulumi-resource-vapi-byo-linux-amd64.tar.gz": [],
    }
    for name in names:
        (tmp_path / name).touch()
    assert versions_of_names(tmp_path) == names


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a CLI on the PATH, which no test here ever runs."""
    cli = tmp_path / "pulumi"
    cli.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "release"


def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Run the command, which must fail, and return its error."""
    monkeypatch.setattr(sys, "argv", ["release", *map(str, arguments)])
    assert release.main() == 1
    return capsys.readouterr().err


def test_a_refusal_is_a_sentence_and_leaves_nothing(
    output: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = f"release-check: the tag is v99.0.0 and the version {__version__}\n"
    assert said(monkeypatch, capsys, "--output", output, "--tag", "v99.0.0") == sentence
    assert not output.exists()


def test_a_folder_with_other_files_is_left_alone(
    output: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output.mkdir()
    (output / "mine").touch()
    assert said(monkeypatch, capsys, "--output", output) == f"release-check: {output} has files that this did not write\n"
    assert (output / "mine").exists()


def test_without_the_cli_nothing_is_begun(
    output: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    sentence = "release-check: there is no pulumi on PATH; make release-check sets one up\n"
    assert said(monkeypatch, capsys, "--output", output) == sentence


def test_a_tool_that_fails_is_named_with_the_end_of_its_output(tmp_path: Path) -> None:
    script = "import sys; print(*range(20), sep='\\n'); sys.exit('the last word')"
    with pytest.raises(StepError) as failed:
        run_step("the tool", [sys.executable, "-c", script], tmp_path)
    first, *lines = str(failed.value).splitlines()
    assert (first, len(lines), lines[-1]) == ("the tool failed with status 1", 15, "    the last word")


def test_an_archive_has_the_date_of_the_wheel_and_not_of_its_creation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    first = _archive(b"executable")
    monkeypatch.setattr("time.time", lambda: 4e9)
    assert _archive(b"executable") == first
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert _archive(b"executable") != first
