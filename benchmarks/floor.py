"""Dynamic providers that do nothing but wait as long as the API would: what no provider in the same host can beat."""

from __future__ import annotations

import os
import time
import uuid
from typing import Any

from pulumi import Input
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult

#: Seconds that every call waits.
WAIT_ENV = "BENCH_WAIT_S"

#: What Vapi says of a number beyond what it was told, as the emulator would.
MADE = {
    "orgId": "213719fe-a8f1-43b5-b00c-5f069cb74594",
    "createdAt": "2026-01-02T03:04:05.678Z",
    "updatedAt": "2026-01-02T03:04:05.678Z",
    "status": "active",
}


class WaitingProvider(ResourceProvider):
    """Waits once in every call that would call an API; says what it was told."""

    serialize_as_secret_always = False  # as ours: the pickle is a name

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Compare without a call, as `name` is all that ever changes."""
        return DiffResult(changes=_olds.get("name") != _news.get("name"))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Wait for one call."""
        _wait()
        return CreateResult(str(uuid.uuid4()), dict(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Wait for one call."""
        _wait()
        return ReadResult(id_, dict(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Wait for one call."""
        _wait()
        return UpdateResult(dict(_news))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Wait for one call."""
        _wait()


class MakingProvider(WaitingProvider):
    """The same, with the outputs that Vapi makes."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Wait for one call."""
        return CreateResult(super().create(props).id, {**props, **MADE})


class Waiting(Resource, module="bench", name="Waiting"):
    """A resource with the arguments that the measured numbers have."""

    def __init__(self, resource_name: str, **arguments: Input[str]) -> None:
        super().__init__(WaitingProvider(), resource_name, _inputs(**arguments))


class Making(Resource, module="bench", name="Making"):
    """A resource with the arguments and the outputs that the measured numbers have."""

    def __init__(self, resource_name: str, **arguments: Input[str]) -> None:
        sip_uri = "{number}@{credential_id}.sip.vapi.ai".format(**arguments)
        props = {**_inputs(**arguments), "sipUri": sip_uri, **dict.fromkeys(MADE)}
        super().__init__(MakingProvider(), resource_name, props)


def _inputs(
    *, credential_id: Input[str], number: Input[str], name: Input[str], assistant_id: Input[str]
) -> dict[str, Input[str]]:
    return {"credentialId": credential_id, "number": number, "name": name, "assistantId": assistant_id}


def _wait() -> None:
    time.sleep(float(os.environ[WAIT_ENV]))
