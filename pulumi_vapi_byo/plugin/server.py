"""The plugin's process: it serves one engine, and ends with it."""

from __future__ import annotations

import contextlib
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import grpc

from pulumi_vapi_byo.core.engine import end_with_the_engine, engine_port

from .engine_log import log_to
from .protocol import provider_pb2_grpc
from .servicer import Servicer

#: Most concurrent calls: as many as `api.client` has connections. The engine sends fewer; by default, four per processor.
CALLS_AT_A_TIME: Final = 64

#: Largest message in bytes, as in Pulumi's own SDKs.
MAX_MESSAGE_BYTES: Final = 400 << 20


def serve() -> None:
    """Serve until the engine ends this process, or ends itself."""
    port = engine_port(sys.argv[1:])
    servicer = Servicer(run=None if port is None else str(port))
    log_to(servicer.log)
    server = grpc.server(
        ThreadPoolExecutor(CALLS_AT_A_TIME),
        options=[("grpc.max_receive_message_length", MAX_MESSAGE_BYTES), ("grpc.max_send_message_length", MAX_MESSAGE_BYTES)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    own = server.add_insecure_port("127.0.0.1:0")
    server.start()
    if port is not None:
        servicer.log.connect(f"127.0.0.1:{port}")
        end_with_the_engine(port)
    # The engine reads the port from stdout; everything else goes to stderr.
    sys.stdout.write(f"{own}\n")
    sys.stdout.flush()
    sys.stdout = sys.stderr
    with contextlib.suppress(KeyboardInterrupt):
        server.wait_for_termination()
