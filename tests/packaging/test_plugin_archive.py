"""The plugin's archive, installed by Pulumi's own command on a machine with nothing but Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pulumi_vapi_byo import __version__
from pulumi_vapi_byo.emulator import Emulator
from tools import workbench
from tools.plugin_archive import EXECUTABLE, pack

KEY = "canary-archive-key"


@pytest.mark.engine
@pytest.mark.timeout(600)
def test_it_is_installed_by_pulumi_and_serves_without_the_package(tmp_path: Path) -> None:
    archive = pack(tmp_path / "archive")
    assert archive.name.startswith(f"{EXECUTABLE}-v{__version__}-")
    cli = shutil.which("pulumi")
    assert cli is not None
    # No virtual environment: the bare interpreter, whose site-packages have none of what the plugin needs.
    path = [str(Path(sys.base_prefix) / "bin"), str(Path(cli).parent), "/usr/bin", "/bin"]
    env = workbench.environment(tmp_path, HOME=str(tmp_path), PATH=os.pathsep.join(path))
    del env["VIRTUAL_ENV"]
    bare = subprocess.run(["python3", "-c", "import pulumi_vapi_byo"], env=env, cwd=tmp_path, capture_output=True, check=False)
    assert bare.returncode != 0

    project = tmp_path / "project"
    project.mkdir()
    with Emulator(api_key=KEY) as vapi:
        number = {"number": "+14155552671", "credentialId": "0b0c7e2e-3b62-4a57-9a3f-2a6f3b1e7c11"}
        resources = {"desk": {"type": "vapi-byo:ByoPhoneNumber", "properties": number}}
        # Without a word about where the plugin is.
        (project / "Pulumi.yaml").write_text(json.dumps({"name": "archive", "runtime": "yaml", "resources": resources}))
        for command in (
            ("plugin", "install", "resource", "vapi-byo", __version__, "--file", str(archive)),
            ("stack", "init", "test"),
            ("config", "set", "vapi-byo:baseUrl", vapi.base_url),
            ("config", "set", "--secret", "vapi-byo:apiKey", KEY),
            ("up", "--yes"),
        ):
            status, output = workbench.run(project, env, *command)
            assert status == 0, output
        assert [one["number"] for one in vapi.numbers()] == ["+14155552671"]
        status, output = workbench.run(project, env, "destroy", "--yes")
        assert (status, vapi.numbers()) == (0, []), output
