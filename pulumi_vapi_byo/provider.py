"""The dynamic providers: they convert between Pulumi's dicts and the service. Thin on purpose.

The path of a provider's class, such as ``pulumi_vapi_byo.provider.ByoPhoneNumberProvider``, is in every state file that has
such a resource, so it must never change. The classes must have no instance state when they are pickled, because that would be
stored too.
"""

from __future__ import annotations

import base64
import copy
import functools
import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Concatenate, Final, ParamSpec, TypeVar

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.runtime import rpc

from .config import PROVIDER_NAME, for_provider
from .core.engine import end_with_the_engine, engine_port
from .core.service import Service, failure_in_words, with_marks
from .errors import MAX_SENTENCE, shorten
from .kinds.kind import Kind
from .kinds.phone_number import PHONE_NUMBER
from .kinds.sip_trunk import SIP_TRUNK_CREDENTIAL
from .wire import UNKNOWN

_PROVIDER_KEY: Final = "__provider"

#: Hidden input: the id from the resource option import_. The engine's own import does not work for dynamic providers.
IMPORT_ID: Final = "__importId"

#: Hidden input: wire names in the option ignore_changes, which the engine passes to no dynamic provider. `check` drops it.
LEFT_ALONE: Final = "__leftAlone"

#: Hidden input: the wire names that the program itself uses, in dicts, so that messages spell them the same way.
WIRE_NAMES_GIVEN: Final = "__wireNames"

#: Hidden inputs that `check` keeps.
_KEPT: Final = (_PROVIDER_KEY, IMPORT_ID)

P = ParamSpec("P")
R = TypeVar("R")


class _Failure(Exception):  # noqa: N818 - the engine prints this class's name, see below
    """The exception that the engine gets, and prints."""


# Newer hosts print "module.Class: text", older ones only the text. A builtin's module is left out, so both read well.
_Failure.__name__ = _Failure.__qualname__ = "VapiError"
_Failure.__module__ = "builtins"


def _in_one_sentence(
    method: Callable[Concatenate[VapiProvider, P], R],
) -> Callable[Concatenate[VapiProvider, P], R]:
    """Make a method fail with a sentence instead of a traceback."""

    @functools.wraps(method)
    def guarded(self: VapiProvider, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the engine would print its traceback
            sentence = self._service.in_words(failure_in_words(method.__name__, error))
        # Newer hosts print the whole traceback; without frames, only one line is left.
        sys.tracebacklimit = 0
        raise _Failure(sentence) from None

    return guarded


class VapiProvider(ResourceProvider):
    """Keeps one kind of resource at Vapi as the program declares it."""

    kind: ClassVar[Kind]

    # The pickle of this class is nothing but its name, so there is nothing to hide.
    serialize_as_secret_always = False

    # Set by configure, in the process that serves the provider; never in the process that pickles it.
    _service: Service

    def configure(self, req: ConfigureRequest) -> None:
        """Take the stack's configuration.

        Args:
            req: Holds the configuration, secrets in clear.
        """
        # Only Pulumi's host process belongs to the engine: a program may configure a provider, too.
        port = engine_port(sys.argv[1:]) if Path(sys.argv[0]).parts[-3:] == ("pulumi", "dynamic", "__main__.py") else None
        self._service = Service(self.kind, req.config.get, os.environ, run=None if port is None else str(port))
        if port is not None:
            _end_with_the_engine_once(port)
        _log_to_stderr(os.environ.get("VAPI_LOG", ""), req.config.get(PROVIDER_NAME))

    @_in_one_sentence
    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Validate and normalise inputs.

        Args:
            _olds: The previous inputs, as this method returned them; empty for a new resource.
            news: The program's inputs.

        Returns:
            The normalised inputs, or all failures.
        """
        checked = self._service.check(
            _from_pulumi(_olds),
            _from_pulumi(news),
            import_id=news.get(IMPORT_ID),
            wire_names=news.get(WIRE_NAMES_GIVEN, ()),
            left_alone=frozenset(news.get(LEFT_ALONE) or ()),
        )
        if checked.failures:
            return CheckResult(dict(news), [CheckFailure(failure.field, failure.reason) for failure in checked.failures])
        hidden = {key: news[key] for key in _KEPT if key in news}
        # In a preview, an output is known if the input of the same name is.
        return CheckResult(hidden | _to_pulumi(checked.inputs | checked.computed), [])

    @_in_one_sentence
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Compare the last outputs with the new inputs.

        Args:
            _id: Id of the resource.
            _olds: The last outputs.
            _news: The new inputs.

        Returns:
            Whether an update is due. None if it is, for the reason given below.
        """
        difference = self._service.diff(_id, _from_pulumi(_olds), _from_pulumi(_news))
        if difference.is_unseen:
            return DiffResult(changes=True, delete_before_replace=True)  # equal inputs: the engine would see no change
        if difference.changes or difference.has_moved:
            # None means "don't know": the engine then compares old and new inputs itself, and shows exactly the properties that
            # changed. True would show all properties, hide the change of a secret, and disable replace_on_changes.
            return DiffResult(changes=None, delete_before_replace=True)
        # The outputs must name the provider's current class, because refresh and destroy load the class from there.
        if _class_in(_olds) != _class_in(_news):
            return DiffResult(changes=True)
        return DiffResult(changes=False, delete_before_replace=True)

    @_in_one_sentence
    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create the resource, or take over the resource that the option import_ names.

        Args:
            props: Its inputs.

        Returns:
            Its id and outputs.
        """
        id_, state = self._service.create(_from_pulumi(props), props.get(IMPORT_ID))
        return CreateResult(id_, _to_pulumi(state))

    @_in_one_sentence
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Read the resource: for a refresh (with the last outputs) or a ``get`` (without).

        Args:
            id_: Its id.
            props: The last outputs.

        Returns:
            Its outputs and the inputs that would produce them; an empty id if it is gone.
        """
        found = self._service.read(id_, _from_pulumi(props))
        if found is None:
            return ReadResult("", {})
        state, inputs = found
        if self.kind.identity in inputs:  # as `check` returns it
            inputs |= {name: state[name] for name in self.kind.computed if name in state}
        return ReadResult(id_, _to_pulumi(state), _to_pulumi(inputs))

    @_in_one_sentence
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Change the resource in place.

        Args:
            _id: Its id.
            _olds: The last outputs.
            _news: The new inputs.

        Returns:
            All its outputs.
        """
        return UpdateResult(_to_pulumi(self._service.update(_id, _from_pulumi(_olds), _from_pulumi(_news))))

    @_in_one_sentence
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the resource.

        Args:
            _id: Its id.
            _props: The last outputs.
        """
        self._service.delete(_id, _from_pulumi(_props))


class ByoPhoneNumberProvider(VapiProvider):
    """Keeps BYO phone numbers at Vapi."""

    kind = PHONE_NUMBER


class ByoSipTrunkCredentialProvider(VapiProvider):
    """Keeps SIP trunks, the credentials of BYO phone numbers, at Vapi."""

    kind = SIP_TRUNK_CREDENTIAL


_end_with_the_engine_once: Final = functools.cache(end_with_the_engine)


def _log_to_stderr(level: str, provider: str | None) -> None:
    """Send the package's log to stderr, where Pulumi reads it: warnings always, the rest if VAPI_LOG says so.

    A process serves one provider; each explicit provider has its own process.
    """
    package = logging.getLogger(__package__)
    package.setLevel({"debug": logging.DEBUG, "info": logging.INFO}.get(level.lower(), logging.WARNING))
    handler = next((one for one in package.handlers if isinstance(one.formatter, _OneLine)), None)
    if handler is None:
        handler = logging.StreamHandler(sys.stderr)
        package.addHandler(handler)
        package.propagate = False
    # The engine has no severities for a provider's output, so the level is part of the text.
    handler.setFormatter(_OneLine("%(levelname)s: %(message)s", provider=provider))


class _OneLine(logging.Formatter):
    def __init__(self, form: str, *, provider: str | None = None) -> None:
        super().__init__(form)
        self._provider = provider

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        record.levelname = record.levelname.lower()
        record.exc_info = record.exc_text = record.stack_info = None
        # A line break would start a new message, which could look like the engine's own.
        return shorten(for_provider(super().format(record), self._provider), MAX_SENTENCE)


def _class_in(props: Mapping[str, Any]) -> bytes:
    """Return the part of the pickle that names the class, without the pickle format version, which depends on Python."""
    try:
        return base64.b64decode(props.get(_PROVIDER_KEY, ""))[2:]
    except (ValueError, TypeError):
        return b""


def _from_pulumi(value: Any) -> Any:
    """Copy the engine's values without Pulumi's own keys, and with our mark for unknown values."""
    if isinstance(value, pulumi.output.Unknown):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _from_pulumi(part) for key, part in value.items() if key != _PROVIDER_KEY}
    if isinstance(value, list):
        return [_from_pulumi(part) for part in value]
    return value


def _to_pulumi(values: Mapping[str, Any]) -> dict[str, Any]:
    return with_marks(values, unknown=rpc.UNKNOWN, secret=rpc.wrap_rpc_secret)
