"""The dynamic providers: Pulumi's dicts in and out of the service. Thin on purpose.

The path of a provider's class, such as ``pulumi_vapi_byo.provider.ByoPhoneNumberProvider``, is in every state file that has
one of its resources, so it must never change; and it must have no instance state when it is pickled, because that would be
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

#: Hidden input: the id that the resource option import_ gave. The engine itself has no import for dynamic providers.
IMPORT_ID: Final = "__importId"

#: Hidden input: the wire names of the option ignore_changes, which the engine hands to no dynamic provider. It ends in `check`.
LEFT_ALONE: Final = "__leftAlone"

#: Hidden input: the wire names that the program has written itself, in dicts, so that messages spell them as it does.
WIRE_NAMES_GIVEN: Final = "__wireNames"

#: Hidden inputs that `check` keeps.
_KEPT: Final = (_PROVIDER_KEY, IMPORT_ID)

P = ParamSpec("P")
R = TypeVar("R")


class _Failure(Exception):  # noqa: N818 - the engine prints this class's name, see below
    """What the engine is given to print."""


# Newer hosts print "module.Class: text", older ones the text alone. A builtin's module is left out, so both read well.
_Failure.__name__ = _Failure.__qualname__ = "VapiError"
_Failure.__module__ = "builtins"


def _in_one_sentence(
    method: Callable[Concatenate[VapiProvider, P], R],
) -> Callable[Concatenate[VapiProvider, P], R]:
    """Let a method fail with a sentence instead of a traceback."""

    @functools.wraps(method)
    def guarded(self: VapiProvider, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is, the engine would print its traceback
            sentence = self._service.in_words(failure_in_words(method.__name__, error))
        # Newer hosts print the whole traceback of an error; without frames what is left of it is one line.
        sys.tracebacklimit = 0
        raise _Failure(sentence) from None

    return guarded


class VapiProvider(ResourceProvider):
    """Keeps one kind of resource at Vapi as a program declares it."""

    kind: ClassVar[Kind]

    # The pickle of this class is its name and nothing else, so there is nothing in it to hide.
    serialize_as_secret_always = False

    # Set by configure, in the process that serves the provider and never in the one that pickles it.
    _service: Service

    def configure(self, req: ConfigureRequest) -> None:
        """Take the stack's configuration.

        Args:
            req: Holds the configuration, secrets in clear.
        """
        # Only Pulumi's host is the engine's; a program configures providers, too.
        port = engine_port(sys.argv[1:]) if Path(sys.argv[0]).parts[-3:] == ("pulumi", "dynamic", "__main__.py") else None
        self._service = Service(self.kind, req.config.get, os.environ, run=None if port is None else str(port))
        if port is not None:
            _end_with_the_engine_once(port)
        _log_to_stderr(os.environ.get("VAPI_LOG", ""), req.config.get(PROVIDER_NAME))

    @_in_one_sentence
    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Validate and normalise inputs.

        Args:
            _olds: The last inputs, as this returned them then; none of a new resource.
            news: The inputs of the program.

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
        # A preview knows of an output what the input of its name is.
        return CheckResult(hidden | _to_pulumi(checked.inputs | checked.computed), [])

    @_in_one_sentence
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Compare the last outputs with the new inputs.

        Args:
            _id: Id of the resource.
            _olds: The last outputs.
            _news: The new inputs.

        Returns:
            Whether an update is due; None where it is, see below.
        """
        difference = self._service.diff(_id, _from_pulumi(_olds), _from_pulumi(_news))
        if difference.is_unseen:
            return DiffResult(changes=True, delete_before_replace=True)  # the inputs are alike: the engine would see nothing
        if difference.changes or difference.has_moved:
            # "Don't know" makes the engine compare old and new inputs, which it then shows exactly: the changed properties
            # alone. A plain yes would show all of them, show nothing of a changed secret, and disarm replace_on_changes.
            return DiffResult(changes=None, delete_before_replace=True)
        # Outputs must name the provider's present class, because refresh and destroy run what they name.
        if _class_in(_olds) != _class_in(_news):
            return DiffResult(changes=True)
        return DiffResult(changes=False, delete_before_replace=True)

    @_in_one_sentence
    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create the resource, or take over the one that the option import_ names.

        Args:
            props: Its inputs.

        Returns:
            Its id and outputs.
        """
        id_, state = self._service.create(_from_pulumi(props), props.get(IMPORT_ID))
        return CreateResult(id_, _to_pulumi(state))

    @_in_one_sentence
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Read the resource, for a refresh (with the last outputs) or a ``get`` (with none).

        Args:
            id_: Its id.
            props: The last outputs.

        Returns:
            Its outputs and the inputs that would make them; an empty id where it is gone.
        """
        found = self._service.read(id_, _from_pulumi(props))
        if found is None:
            return ReadResult("", {})
        state, inputs = found
        if self.kind.identity in inputs:  # as a check has it
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
    """Send the package's log to where Pulumi picks it up: warnings always, the rest as VAPI_LOG says.

    A process serves one provider; an explicit one has a process of its own.
    """
    package = logging.getLogger(__package__)
    package.setLevel({"debug": logging.DEBUG, "info": logging.INFO}.get(level.lower(), logging.WARNING))
    handler = next((one for one in package.handlers if isinstance(one.formatter, _OneLine)), None)
    if handler is None:
        handler = logging.StreamHandler(sys.stderr)
        package.addHandler(handler)
        package.propagate = False
    # The engine has no severities for what a provider prints; the word is what the user sees.
    handler.setFormatter(_OneLine("%(levelname)s: %(message)s", provider=provider))


class _OneLine(logging.Formatter):
    def __init__(self, form: str, *, provider: str | None = None) -> None:
        super().__init__(form)
        self._provider = provider

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        record.levelname = record.levelname.lower()
        record.exc_info = record.exc_text = record.stack_info = None
        # A line break would begin a message of its own, which could look like the engine's.
        return shorten(for_provider(super().format(record), self._provider), MAX_SENTENCE)


def _class_in(props: Mapping[str, Any]) -> bytes:
    """Return what says which class serves a resource, without the version of the pickle format, which is Python's to choose."""
    try:
        return base64.b64decode(props.get(_PROVIDER_KEY, ""))[2:]
    except (ValueError, TypeError):
        return b""


def _from_pulumi(value: Any) -> Any:
    """Copy the engine's values without what is Pulumi's own, with our mark for what is unknown."""
    if isinstance(value, pulumi.output.Unknown):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _from_pulumi(part) for key, part in value.items() if key != _PROVIDER_KEY}
    if isinstance(value, list):
        return [_from_pulumi(part) for part in value]
    return value


def _to_pulumi(values: Mapping[str, Any]) -> dict[str, Any]:
    return with_marks(values, unknown=rpc.UNKNOWN, secret=rpc.wrap_rpc_secret)
