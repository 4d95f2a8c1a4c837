"""``make release-check``, as it is run before a release: its files and its output."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from pulumi_vapi_byo import __version__
from tests.sdks import ROOT
from tools.plugin_archive import EXECUTABLE, system
from tools.release import CHECKSUMS, NOTES, section
from tools.setup import CORE_PACKAGES

from .conftest import Distributions

WHEEL = f"pulumi_vapi_byo-{__version__}-py3-none-any.whl"
SDIST = f"pulumi_vapi_byo-{__version__}.tar.gz"
BILL = f"pulumi_vapi_byo-{__version__}.cdx.json"
ARCHIVE = f"{EXECUTABLE}-v{__version__}-{system()}.tar.gz"


@pytest.mark.engine
@pytest.mark.timeout(600)
def test_it_leaves_the_files_to_upload_which_it_has_installed_and_used(tmp_path: Path, distributions: Distributions) -> None:
    """Run all of it; success means that Pulumi installed the archive and ran programs with it and with the wheel."""
    output = tmp_path / "release"
    command = [sys.executable, "-m", "tools.release", "--output", str(output)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    head, *steps, nothing, _title = run.stdout.splitlines()[:-4]
    assert (head, nothing) == (f"pulumi-vapi-byo {__version__} for {system()}", "")
    assert all(re.fullmatch(r"  \S.*\S +\d+\.\d s", line) for line in steps), run.stdout
    used = [line.strip() for line in steps if "preview, up and destroy" in line]
    assert [line.partition(":")[0] for line in used] == ["use it", "install and use it"]

    artefacts = [ARCHIVE, WHEEL, BILL, SDIST]
    assert {file.name for file in output.iterdir()} == {*artefacts, NOTES, CHECKSUMS}
    digests = {name: hashlib.sha256((output / name).read_bytes()).hexdigest() for name in artefacts}
    assert (output / CHECKSUMS).read_text() == "".join(f"{digests[name]}  {name}\n" for name in sorted(artefacts))
    for line, name in zip(run.stdout.splitlines()[-4:], sorted(artefacts), strict=True):
        size = f"{(output / name).stat().st_size / 1e6:.2f} MB"
        assert line.split() == [name, *size.split(), digests[name]]

    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert (output / NOTES).read_text("utf-8") == section(changelog, __version__)[1]
    assert distributions.wheel.read_bytes() == (output / WHEEL).read_bytes(), "another build has other bytes"
    assert distributions.sdist.read_bytes() == (output / SDIST).read_bytes(), "another build has other bytes"
    assert_bill_is_of_what_users_install(json.loads((output / BILL).read_text("utf-8")))
    with tarfile.open(output / ARCHIVE) as archive:
        assert [(entry.name, entry.mode, entry.uid) for entry in archive] == [(EXECUTABLE, 0o755, 0)]


def assert_bill_is_of_what_users_install(bill: dict[str, Any]) -> None:
    assert bill["serialNumber"].startswith("urn:uuid:"), "GitHub attests no bill without one"
    about = bill["metadata"]["component"]
    assert (bill["bomFormat"], about["name"], about["version"]) == ("CycloneDX", "pulumi-vapi-byo", __version__)
    names = {one["name"].lower() for one in bill["components"]}
    assert {*CORE_PACKAGES, "grpcio", "certifi"} <= names
    # Neither the extras' packages, nor the tools that installed the package and wrote the bill.
    assert names & {"typer", "aiohttp", "pip", "setuptools", "cyclonedx-bom"} == set()
    [needed] = [one["dependsOn"] for one in bill["dependencies"] if one["ref"] == about["bom-ref"]]
    assert {one.partition("==")[0] for one in needed} == set(CORE_PACKAGES)
    assert "file:" not in json.dumps(bill)
