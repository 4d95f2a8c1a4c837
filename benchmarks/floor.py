"""Dynamic providers that only wait as long as the API would: no provider in the same host can be faster."""

from __future__ import annotations

import os
import time
import uuid
from typing import Any

from pulumi import Input
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult

#: Seconds that every call waits.
WAIT_ENV = "BENCH_WAIT_S"

#: What Vapi adds to a number, as the emulator does.
MADE = {
    "orgId": "213719fe-a8f1-43b5-b00c-5f069cb74594",
    "createdAt": "2026-01-02T03:04:05.678Z",
    "updatedAt": "2026-01-02T03:04:05.678Z",
    "status": "active",
}


class WaitingProvider(ResourceProvider):
    """Waits once in every call that would use the API, and returns what it was given."""

    serialize_as_secret_always = False  # as in ours: the pickle is only a name

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Compare without a call: only `name` ever changes."""
        return DiffResult(changes=_olds.get("name") != _news.get("name"))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Wait as long as one API call."""
        _wait()
        return CreateResult(str(uuid.uuid4()), dict(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Wait as long as one API call."""
        _wait()
        return ReadResult(id_, dict(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Wait as long as one API call."""
        _wait()
        return UpdateResult(dict(_news))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Wait as long as one API call."""
        _wait()


class MakingProvider(WaitingProvider):
    """The same, with the outputs that Vapi adds."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Wait as long as one API call."""
        return CreateResult(super().create(props).id, {**props, **MADE})


class Waiting(Resource, module="bench", name="Waiting"):
    """A resource with the arguments of the measured numbers."""

    def __init__(self, resource_name: str, **arguments: Input[str]) -> None:
        super().__init__(WaitingProvider(), resource_name, _inputs(**arguments))


class Making(Resource, module="bench", name="Making"):
    """A resource with the arguments and outputs of the measured numbers."""

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
