"""A plugin that only waits as long as the API would: no plugin in Python can be faster. Started by the engine."""

from __future__ import annotations

import os
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from benchmarks.floor import MADE, WAIT_ENV

#: As many as ours.
CALLS_AT_A_TIME = 64


class Idle(provider_pb2_grpc.ResourceProviderServicer):
    """Waits once in every call that would use the API, and returns what it was given, with the outputs that Vapi adds."""

    def Handshake(self, _request: Any, _context: Any) -> Any:  # noqa: N802, D102 - as the protocol calls it
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802, D102
        return plugin_pb2.PluginInfo(version="0.1.0")

    def CheckConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, _request: Any, _context: Any) -> Any:  # noqa: N802, D102
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, _request: Any, _context: Any) -> Any:  # noqa: N802, D102
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        changes = provider_pb2.DiffResponse
        differs = request.olds.fields["name"] != request.news.fields["name"]
        return provider_pb2.DiffResponse(changes=changes.DIFF_SOME if differs else changes.DIFF_NONE)

    def Create(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        if not request.preview:
            _wait()
        return provider_pb2.CreateResponse(id=str(uuid.uuid4()), properties=_with_outputs(request.properties))

    def Read(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        _wait()
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Update(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        if not request.preview:
            _wait()
        return provider_pb2.UpdateResponse(properties=_with_outputs(request.news))

    def Delete(self, _request: Any, _context: Any) -> Empty:  # noqa: N802, D102
        _wait()
        return Empty()

    def Cancel(self, _request: Any, _context: Any) -> Empty:  # noqa: N802, D102
        return Empty()


def _with_outputs(inputs: Struct) -> Struct:
    outputs = Struct()
    outputs.CopyFrom(inputs)
    number, credential_id = (inputs.fields[name].string_value for name in ("number", "credentialId"))
    outputs.update({**MADE, "sipUri": f"{number}@{credential_id}.sip.vapi.ai"})
    return outputs


def _wait() -> None:
    time.sleep(float(os.environ[WAIT_ENV]))


if __name__ == "__main__":
    server = grpc.server(ThreadPoolExecutor(CALLS_AT_A_TIME))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Idle(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()
