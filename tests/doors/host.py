"""Drivers for both doors, Pulumi's host for dynamic providers and the plugin: the engine's calls without the engine."""

from __future__ import annotations

import base64
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from pulumi_vapi_byo import BYO_PHONE_NUMBER_TYPE
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.provider import LEFT_ALONE, WIRE_NAMES_GIVEN, ByoPhoneNumberProvider, VapiProvider
from pulumi_vapi_byo.wire import PYTHON_NAMES
from tests.sdks import Sdk

#: The engine's mark for a value that is not known yet.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"

PROVIDER_KEY = "__provider"
URN = f"urn:pulumi:test::tests::{BYO_PHONE_NUMBER_TYPE}::desk"

Props = dict[str, Any]


@dataclass(frozen=True)
class Secret:
    """A value that the provider marked as secret."""

    value: Any


class PluginError(Exception):
    """A call failed; the text is what the engine would print."""


@dataclass(frozen=True)
class CheckAnswer:
    """The result of a check: the inputs, and for each failure its property and reason, in order."""

    inputs: Props
    failures: list[tuple[str, str]]


@dataclass(frozen=True)
class DiffAnswer:
    """The result of a diff: ``none``, ``some``, or ``unknown``, which lets the engine compare the inputs itself."""

    changes: str
    replaces: list[str]
    delete_before_replace: bool


@dataclass(frozen=True)
class Resource:
    """A resource after create or read: an empty id means that it is gone."""

    id: str
    outputs: Props
    inputs: Props


class Host:
    """The host as a process of its own. A context manager.

    Args:
        sdk: The environment to run it in.
        folder: Where to run it; not in the project, from which the package would then be imported.
    """

    arguments: tuple[str, ...] = ("-m", "pulumi.dynamic")

    def __init__(self, sdk: Sdk, folder: Path) -> None:
        self.sdk = sdk
        self._folder = folder
        self._providers = 0

    def __enter__(self) -> Host:
        self._stderr = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [self.sdk.python, "-W", "ignore", "-u", *self.arguments],
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().decode().strip()
        if not port:
            self.close()
            raise RuntimeError(f"the host did not start: {self.printed()}")
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub: Any = provider_pb2_grpc.ResourceProviderStub(self._channel)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._channel.close()
        self.close()
        self._stderr.close()

    def close(self) -> None:
        """End the process with a signal that lets it save its coverage."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def printed(self) -> str:
        """Return all that the process printed on stderr so far."""
        self._stderr.seek(0)
        return self._stderr.read().decode()

    def provider(self, config: Mapping[str, Any], provider_type: type[VapiProvider] = ByoPhoneNumberProvider) -> Provider:
        """Configure a new instance of a provider.

        Args:
            config: The stack's whole configuration, as in ``pulumi config``.
            provider_type: Which provider.
        """
        self.stub.Configure(provider_pb2.ConfigureRequest(args=encode(config)))
        self._providers += 1
        # The host keeps an instance for each distinct text; base64 ignores anything after its end.
        return Provider(self, serialize_provider(provider_type()) + "\n" * self._providers)


class PluginHost(Host):
    """The plugin as a process of its own. A context manager, used as `Host` is."""

    arguments = ("-c", "import sys; sys.path[:] = filter(None, sys.path); from pulumi_vapi_byo.plugin import main; main()")

    def provider(self, config: Mapping[str, Any], provider_type: type[VapiProvider] = ByoPhoneNumberProvider) -> Provider:
        """Configure the plugin. An earlier provider's settings are restored when it is next called.

        Args:
            config: As for `Host`.
            provider_type: Which kind of resource.
        """
        return PluginProvider(self, provider_type.kind, {key.removeprefix("vapi-byo:"): value for key, value in config.items()})

    def serve(self, provider: PluginProvider) -> None:
        """Configure the plugin with a provider's settings, unless it already has them."""
        if self._configured is not provider:
            self._configured = provider
            self.stub.Configure(provider_pb2.ConfigureRequest(args=encode(provider.settings), acceptSecrets=True))

    _configured: PluginProvider | None = None


class Provider:
    """An instance of the provider inside the host; each method is a call that the engine would send."""

    urn = URN

    def __init__(self, host: Host, pickle: str) -> None:
        self._host = host
        self.pickle = pickle
        self._mark = len(host.printed())

    def check(self, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None) -> CheckAnswer:
        request = provider_pb2.CheckRequest(urn=self.urn, news=self._props(news))
        if olds is not None:
            request.olds.CopyFrom(self._props(olds))
        answer = self._call("Check", request)
        return CheckAnswer(self._decode(answer.inputs), [(one.property, one.reason) for one in answer.failures])

    def diff(self, olds: Mapping[str, Any], news: Mapping[str, Any], id_: str = "some-id") -> DiffAnswer:
        request = provider_pb2.DiffRequest(id=id_, urn=self.urn, olds=self._props(olds), news=self._props(news))
        answer = self._call("Diff", request)
        changes = provider_pb2.DiffResponse.DiffChanges.Name(answer.changes).removeprefix("DIFF_").lower()
        return DiffAnswer(changes, list(answer.replaces), answer.deleteBeforeReplace)

    def create(self, inputs: Mapping[str, Any]) -> Resource:
        answer = self._call("Create", provider_pb2.CreateRequest(urn=self.urn, properties=self._props(inputs)))
        return Resource(answer.id, self._decode(answer.properties), {})

    def read(self, id_: str, outputs: Mapping[str, Any] | None = None) -> Resource:
        """Read as a refresh does, with the last outputs, or as ``get`` does, without outputs."""
        answer = self._call("Read", provider_pb2.ReadRequest(id=id_, urn=self.urn, properties=self._props(outputs or {})))
        return Resource(answer.id, self._decode(answer.properties), self._decode(answer.inputs))

    def update(self, id_: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Props:
        request = provider_pb2.UpdateRequest(id=id_, urn=self.urn, olds=self._props(olds), news=self._props(news))
        return self._decode(self._call("Update", request).properties)

    def delete(self, id_: str, outputs: Mapping[str, Any]) -> None:
        answer = self._call("Delete", provider_pb2.DeleteRequest(id=id_, urn=self.urn, properties=self._props(outputs)))
        assert answer == empty_pb2.Empty()

    def printed(self) -> str:
        """Return what the host has printed on stderr since this instance was created."""
        return self._host.printed()[self._mark :]

    def _props(self, values: Mapping[str, Any]) -> Any:
        return encode({PROVIDER_KEY: self.pickle, **values})

    def _decode(self, struct: Any) -> Props:
        values = decode(struct)
        values.pop(PROVIDER_KEY, None)
        return values

    def _call(self, name: str, request: Any) -> Any:
        try:
            return getattr(self._host.stub, name)(request, timeout=60)
        except grpc.RpcError as error:
            call = cast("grpc.Call", error)  # always true, according to grpc's documentation
            raise PluginError(str(call.details()).rstrip("\n")) from None


class PluginProvider(Provider):
    """The plugin. Its calls include what the engine sends to no dynamic provider: the last inputs, and the ignored changes.

    Its messages are compared in Python's names; the tests of `plugin.wording` check the schema's names.
    """

    def __init__(self, host: PluginHost, kind: Kind, settings: Props) -> None:
        super().__init__(host, "")
        self._plugin = host
        self.settings = settings
        host.serve(self)
        self.urn = f"urn:pulumi:test::tests::vapi-byo:index:{kind.name}::desk"
        self._kind = kind
        self._inputs: dict[str, Props] = {}
        self._left_alone: list[str] = []
        self._last: Mapping[str, Any] | None = None

    def check(self, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None) -> CheckAnswer:
        self._left_alone = news.get(LEFT_ALONE) or []
        self._last = olds
        answer = super().check(news, olds)
        return CheckAnswer(answer.inputs, [(field, in_python(reason)) for field, reason in answer.failures])

    def diff(self, olds: Mapping[str, Any], news: Mapping[str, Any], id_: str = "some-id") -> DiffAnswer:
        request = provider_pb2.DiffRequest(id=id_, urn=self.urn, olds=self._props(olds), news=self._props(news))
        answer = self._call("Diff", self._told(request, id_, olds))
        # Whether the engine would find the same by comparing inputs, which is all that it can do for a dynamic provider.
        said = {key: value for key, value in plain(news).items() if not key.startswith("__")}
        by_inputs = any(part.inputDiff for part in answer.detailedDiff.values()) or decode(request.old_inputs) != said
        changes = "none" if answer.changes == answer.DIFF_NONE else "unknown" if by_inputs else "some"
        # In Python, the resources with an identity set this themselves.
        as_it_should_be = answer.deleteBeforeReplace == (self._kind.identity is not None)
        return DiffAnswer(changes, list(answer.replaces), as_it_should_be)

    def create(self, inputs: Mapping[str, Any]) -> Resource:
        created = super().create(inputs)
        self._inputs[created.id] = dict(inputs)
        return created

    def read(self, id_: str, outputs: Mapping[str, Any] | None = None) -> Resource:
        found = super().read(id_, outputs)
        self._inputs[id_] = found.inputs
        return found

    def update(self, id_: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Props:
        request = provider_pb2.UpdateRequest(id=id_, urn=self.urn, olds=self._props(olds), news=self._props(news))
        updated = self._decode(self._call("Update", self._told(request, id_, olds)).properties)
        self._inputs[id_] = dict(news)
        return updated

    def printed(self) -> str:
        return in_python(super().printed())

    def _told(self, request: Any, id_: str, olds: Mapping[str, Any]) -> Any:
        last = self._last or self._inputs.get(id_) or {name: olds[name] for name in self._kind.input_names if name in olds}
        request.old_inputs.CopyFrom(self._props(last))
        request.ignoreChanges.extend(self._left_alone)
        return request

    def _props(self, values: Mapping[str, Any]) -> Any:
        return encode({key: value for key, value in values.items() if key not in (LEFT_ALONE, WIRE_NAMES_GIVEN, PROVIDER_KEY)})

    def _call(self, name: str, request: Any) -> Any:
        self._plugin.serve(self)
        try:
            return super()._call(name, request)
        except PluginError as error:
            raise PluginError(in_python(str(error))) from None


def in_python(text: str) -> str:
    """Reword the plugin's text as the dynamic provider would write it."""
    text = re.sub(r"\btrue or false\b", "True or False", text)
    text = re.sub(r"\b(\w+): (?=''|\[\]|\{\}|false)", r"\1=", text).replace("=false", "=False")
    # But leave text of the user's and of Vapi's as it is.
    return re.sub(
        r"(?<!\w)'[^'\n]*'(?!\w)|Vapi answered .*?(?= \([A-Z]+ /)|(?<!:)\b\w+\b",
        lambda word: PYTHON_NAMES.get(word[0], word[0]),
        text,
    )


def encode(values: Mapping[str, Any]) -> Any:
    """Encode properties as the engine does for a provider that does not accept secrets: as plain values."""
    struct = struct_pb2.Struct()
    json_format.ParseDict(plain(values), struct)
    return struct


def decode(struct: Any) -> Props:
    """Decode properties, with a `Secret` for each secret value."""
    values: Props = _marked(json_format.MessageToDict(struct))
    return values


def _marked(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return Secret(_marked(value["value"]))
        return {key: _marked(part) for key, part in value.items()}
    return [_marked(part) for part in value] if isinstance(value, list) else value


def plain(value: Any) -> Any:
    """Return a value without marks of secrets, and without keys whose value is None, which the engine drops."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items() if part is not None}
    return [plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def pickled_class(pickle: str) -> bytes:
    """Return a provider's pickle as bytes, to inspect it."""
    return base64.b64decode(pickle)
