"""The folder that `pulumi package add` takes from the repository, used as Pulumi documents for its Python host."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2_grpc

from pulumi_vapi_byo import __version__
from tests.sdks import ROOT

FOLDER = ROOT / "plugin" / "package"


def test_its_requirements_install_the_package_of_the_same_clone() -> None:
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "-r", "requirements.txt"]
    run = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=240, check=False)
    assert f"Would install pulumi-vapi-byo-{__version__}" in run.stdout, run.stdout + run.stderr


def test_its_folder_serves_the_plugin_from_another_current_folder(tmp_path: Path) -> None:
    assert "runtime: python\n" in (FOLDER / "PulumiPlugin.yaml").read_text("utf-8")
    # Without the engine's address it serves until it is stopped.
    command = [sys.executable, "-u", str(FOLDER)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                info = provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(Empty(), timeout=30)
        finally:
            process.terminate()
    assert info.version == __version__
