"""The calls of Pulumi's provider protocol: they convert between messages and the service. Thin on purpose."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty

from pulumi_vapi_byo._version import __version__
from pulumi_vapi_byo.api.deadline import time_limit
from pulumi_vapi_byo.config import (
    PROVIDER_NAME,
    SETTINGS,
    check_setting,
    for_provider,
    keys_without_effect,
    read_settings,
)
from pulumi_vapi_byo.core.diff import Path
from pulumi_vapi_byo.core.service import Difference, Service, failure_in_words
from pulumi_vapi_byo.errors import ConfigError, VapiError
from pulumi_vapi_byo.kinds import KINDS
from pulumi_vapi_byo.kinds.kind import Kind, plugin_type
from pulumi_vapi_byo.wire import UNKNOWN

from .engine_log import URN, EngineLog
from .functions import FUNCTIONS
from .protocol import plugin_pb2, provider_pb2, provider_pb2_grpc
from .values import at, from_engine, show_path, still_secret, to_engine
from .wording import in_wire_names

#: Name of the package in types and tokens, and in the stack's configuration.
PACKAGE: Final = "vapi-byo"

_KINDS: Final[Mapping[str, Kind]] = {plugin_type(kind): kind for kind in KINDS}
_SETTINGS: Final = {setting.name: setting for setting in SETTINGS.values()}

R = TypeVar("R")


def _answering(method: Callable[[Any, Any, Any], R]) -> Callable[[Any, Any, Any], R]:
    """Make a call fail with one sentence, and tie its messages to its resource."""

    @functools.wraps(method)
    def guarded(self: Servicer, request: Any, context: grpc.ServicerContext) -> R:
        URN.set(getattr(request, "urn", ""))
        try:
            with time_limit(getattr(request, "timeout", 0.0)):
                return method(self, request, context)
        except Exception as error:  # noqa: BLE001 - the engine would print Python's text of it
            sentence = self.in_words(failure_in_words(method.__name__, error))
        context.abort(grpc.StatusCode.UNKNOWN, sentence)
        raise AssertionError  # abort does not return

    return guarded


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """The plugin, serving one engine with one configuration.

    Args:
        run: Name of the run that the process serves, see `core.claims`.

    Attributes:
        log: Passes messages to the engine.
    """

    def __init__(self, *, run: str | None = None) -> None:
        self._run = run
        self._settings: dict[str, Any] = {}
        self.log = EngineLog(self.in_words)
        self._services = self._new_services()

    def in_words(self, sentence: str) -> str:
        """Adapt a message to the program's language, and to where the provider's settings are."""
        return in_wire_names(for_provider(sentence, self._settings.get(PROVIDER_NAME)))

    def _new_services(self) -> dict[str, Service]:
        get = self._settings.get
        return {type_: Service(kind, get, os.environ, run=self._run) for type_, kind in _KINDS.items()}

    def _service(self, request: Any) -> Service:
        type_ = request.urn.split("::")[2].rpartition("$")[2]
        if type_ not in self._services:
            raise VapiError(f"there is no resource type {type_}: there are {' and '.join(self._services)}")
        return self._services[type_]

    # ------------------------------------------------------------------------------------------------- the plugin itself

    @_answering
    def Handshake(self, _request: Any, _context: Any) -> Any:  # noqa: N802, D102 - as the protocol calls it
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    @_answering
    def Attach(self, request: Any, _context: Any) -> Empty:  # noqa: N802, D102
        # Started by hand for debugging, so it does not end with the engine.
        self.log.connect(request.address)
        return Empty()

    @_answering
    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802, D102
        return plugin_pb2.PluginInfo(version=__version__)

    @_answering
    def GetSchema(self, _request: Any, _context: Any) -> Any:  # noqa: N802, D102
        from importlib import resources  # only generators ask for it

        schema = resources.files(__package__).joinpath("schema.json").read_text("utf-8")
        return provider_pb2.GetSchemaResponse(schema=schema)

    @_answering
    def Cancel(self, _request: Any, _context: Any) -> Empty:  # noqa: N802, D102
        # Calls in progress go on: the engine waits for them, so the state records what became of them.
        return Empty()

    # --------------------------------------------------------------------------------------------------- configuration

    @_answering
    def CheckConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        given, secrets = from_engine(request.news)
        provider = _explicit_name(request.urn)
        wrong = []
        for name, value in given.items():
            setting = _SETTINGS.get(name)
            if setting is not None and value is not UNKNOWN:
                try:
                    check_setting(setting, value)
                except ConfigError as error:
                    wrong.append(str(error))
        for sentence in keys_without_effect(f"{PACKAGE}:{name}" for name in given):
            if provider is None:
                self.log.warn(sentence)
            else:
                wrong.append(sentence)
        failures = [provider_pb2.CheckFailure(reason=in_wire_names(for_provider(one, provider))) for one in wrong]
        keys = {(name,) for name in given if name in _SETTINGS and _SETTINGS[name].is_secret}
        return provider_pb2.CheckResponse(inputs=to_engine(given, secrets | keys), failures=failures)

    @_answering
    def DiffConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        old, _ = from_engine(request.old_inputs if request.HasField("old_inputs") else request.olds)
        new, _ = from_engine(request.news)
        changed = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name) or new.get(name) is UNKNOWN]
        return _diff_response({(name,): (old.get(name), new.get(name), True) for name in changed}, deletes_first=False)

    @_answering
    def Configure(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        given, _ = from_engine(request.args)
        self._settings = {f"{PACKAGE}:{name}": value for name, value in given.items()}
        self._settings[PROVIDER_NAME] = _explicit_name(request.urn)
        self._services = self._new_services()
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    # ------------------------------------------------------------------------------------------------------- resources

    @_answering
    def Check(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        service = self._service(request)
        last, _ = from_engine(request.olds)
        given, secrets = from_engine(request.news)
        checked = service.check(last, given)
        failures = [provider_pb2.CheckFailure(property=one.field, reason=in_wire_names(one.reason)) for one in checked.failures]
        return provider_pb2.CheckResponse(inputs=to_engine(checked.inputs, secrets), failures=failures)

    @_answering
    def Diff(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        service = self._service(request)
        state, last, inputs, _ = _change(service, request)
        difference = service.diff(request.id, state, inputs)
        sides = dict(_sides(service, difference, state, last, inputs))
        # Two resources cannot have one identity at once. Without an identity, the old one is kept until its dependants move.
        return _diff_response(sides, deletes_first=service.kind.identity is not None)

    @_answering
    def Create(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        service = self._service(request)
        inputs, secrets = from_engine(request.properties)
        id_, state = ("", service.preview_create(inputs)) if request.preview else service.create(inputs)
        return provider_pb2.CreateResponse(
            id=id_, properties=_outputs(service.kind, state, still_secret(secrets, inputs, state))
        )

    @_answering
    def Read(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        service = self._service(request)
        old, in_state = from_engine(request.properties)
        last, in_inputs = from_engine(request.inputs)
        found = service.read(request.id, old, for_import=not old and not last)
        if found is None:
            return provider_pb2.ReadResponse()
        state, inputs = found
        hidden = {*still_secret(in_state, old, state), *still_secret(in_inputs, last, state)}
        properties = _outputs(service.kind, state, hidden)
        return provider_pb2.ReadResponse(
            id=request.id, properties=properties, inputs=to_engine(inputs, still_secret(in_inputs, last, inputs))
        )

    @_answering
    def Update(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        service = self._service(request)
        state, _, inputs, secrets = _change(service, request)
        after = service.preview_update(state, inputs) if request.preview else service.update(request.id, state, inputs)
        return provider_pb2.UpdateResponse(properties=_outputs(service.kind, after, still_secret(secrets, inputs, after)))

    @_answering
    def Delete(self, request: Any, _context: Any) -> Empty:  # noqa: N802, D102
        state, _ = from_engine(request.properties)
        self._service(request).delete(request.id, state)
        return Empty()

    # ------------------------------------------------------------------------------------------------------- functions

    @_answering
    def Invoke(self, request: Any, _context: Any) -> Any:  # noqa: N802, D102
        arguments, secrets = from_engine(request.args)
        function = FUNCTIONS.get(request.tok)
        if function is None:
            raise VapiError(f"there is no function {request.tok}: there are {' and '.join(FUNCTIONS)}")
        try:
            found = function(arguments, read_settings(self._settings.get, os.environ))
        except VapiError as error:
            raise VapiError(f"cannot look up phone numbers: {error}") from error
        return provider_pb2.InvokeResponse(**{"return": to_engine(found, {(name,) for name in found} if secrets else ())})


def _is_not_there(_self: Servicer, _request: Any, context: grpc.ServicerContext) -> None:
    context.abort(grpc.StatusCode.UNIMPLEMENTED, "pulumi-vapi-byo has no such call")


# The base class would print a traceback instead.
for _name in ("Parameterize", "Call", "Construct", "List", "GetMapping", "GetMappings"):
    setattr(Servicer, _name, _is_not_there)


def _explicit_name(urn: str) -> str | None:
    """Return the name of an explicit provider; None for the engine's default provider, whose settings are the stack's."""
    name = urn.rpartition("::")[2]
    return None if not name or name == "default" or name.startswith("default_") else name


def _change(service: Service, request: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], frozenset[Path]]:
    """Return the state, the last inputs, the new inputs and their secret paths, after telling the service what it must know."""
    state, _ = from_engine(request.olds)
    last, _ = from_engine(request.old_inputs)
    inputs, secrets = from_engine(request.news)
    service.note(inputs, last, frozenset(request.ignoreChanges))
    return state, last, inputs, secrets


def _outputs(kind: Kind, state: Mapping[str, Any], secrets: Iterable[Path]) -> Any:
    hidden = set(secrets)
    # Computed values repeat the values that they are computed from.
    if {(kind.identity,), (kind.parent,)} & hidden:
        hidden |= {(name,) for name in kind.computed}
    return to_engine(state, hidden)


#: The values at a path before and after, and whether both are inputs.
_Sides = tuple[Any, Any, bool]


def _sides(
    service: Service, difference: Difference, state: Mapping[str, Any], last: Mapping[str, Any], inputs: Mapping[str, Any]
) -> Iterator[tuple[Path, _Sides]]:
    """Yield what to show of a difference: last and new inputs or, where these are equal, the state and the new inputs."""
    for path in service.paths(state, inputs, difference.changes):
        old, new = at(last, path), at(inputs, path)
        is_of_inputs = new is UNKNOWN or old != new
        yield path, (old if is_of_inputs else at(state, path), new, is_of_inputs)
    if difference.has_moved:
        now = service.compute(inputs)
        for name in service.kind.computed:
            yield (name,), (state.get(name), now.get(name), False)


def _diff_response(sides: Mapping[Path, _Sides], *, deletes_first: bool) -> Any:
    detailed = {}
    for path, (old, new, is_of_inputs) in sides.items():
        kinds = provider_pb2.PropertyDiff
        kind = kinds.ADD if old is None else kinds.DELETE if new is None else kinds.UPDATE
        detailed[show_path(path)] = provider_pb2.PropertyDiff(kind=kind, inputDiff=is_of_inputs)
    some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some if sides else none,
        diffs=list(dict.fromkeys(str(path[0]) for path in sides)),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=deletes_first,
    )
