"""The second door: a provider plugin for Pulumi programs in any language."""

from __future__ import annotations


def main() -> None:
    """Serve the engine that started this process; the console script ``pulumi-resource-vapi-byo``."""
    from .server import serve

    serve()
