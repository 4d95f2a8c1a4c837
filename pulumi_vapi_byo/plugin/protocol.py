"""Pulumi's provider protocol, without the rest of the SDK: importing that would double the time the plugin takes to start."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc
else:

    def _package() -> str:
        """Return the name of a package with the SDK's generated modules, which import only each other, gRPC and protobuf."""
        sdk = importlib.util.find_spec("pulumi")
        package = ModuleType(f"{__name__}.generated")
        package.__path__ = [os.path.join(folder, "runtime", "proto") for folder in sdk.submodule_search_locations]
        sys.modules[package.__name__] = package
        return package.__name__

    _PACKAGE = _package()
    engine_pb2 = importlib.import_module(f"{_PACKAGE}.engine_pb2")
    engine_pb2_grpc = importlib.import_module(f"{_PACKAGE}.engine_pb2_grpc")
    plugin_pb2 = importlib.import_module(f"{_PACKAGE}.plugin_pb2")
    provider_pb2 = importlib.import_module(f"{_PACKAGE}.provider_pb2")
    provider_pb2_grpc = importlib.import_module(f"{_PACKAGE}.provider_pb2_grpc")

__all__ = ["engine_pb2", "engine_pb2_grpc", "plugin_pb2", "provider_pb2", "provider_pb2_grpc"]
