"""The dynamic providers: Pulumi's dicts in and out of the life cycle. Thin on purpose.

The path of a provider's class, such as ``pulumi_vapi_byo.provider.ByoPhoneNumberProvider``, stands in every state file that has
one of its resources, so it must never change; and it must have no instance state when it is pickled, because that would be
stored too.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import gc
import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, Final, ParamSpec, TypeVar

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

from .config import PROVIDER_NAME, Settings, for_provider, read_public_settings, read_settings
from .core.claims import TAKEN_OVER, Claims
from .core.diff import left_out, plan, unknown_that_goes
from .core.engine import end_with_the_engine, engine_port
from .errors import MAX_SENTENCE, ConfigError, VapiError, cannot, not_an_id, shorten, show_fields, show_path
from .kinds.kind import Kind
from .kinds.phone_number import PHONE_NUMBER
from .kinds.sip_trunk import SIP_TRUNK_CREDENTIAL
from .wire import MANAGED, ON_OMITTED, SECRET_FIELDS, SIP_URI, UNKNOWN, as_spelled, is_id

# Imported where they are first needed: the program, which imports this module to name its classes, does without the models,
# and a preview without HTTP.
if TYPE_CHECKING:
    from .api.client import VapiClient
    from .core.check import Problem
    from .core.lifecycle import Lifecycle

log = logging.getLogger(__name__)

_PROVIDER_KEY: Final = "__provider"

#: Hidden input: the id that the resource option import_ gave. The engine itself has no import for dynamic providers.
IMPORT_ID: Final = "__importId"

#: Hidden input of a program's first resources, where it is no preview: if one is new, a create follows. It ends in `check`, but
#: for its name among a state's dependencies.
CREATE_FOLLOWS: Final = "__createFollows"

#: Hidden input: the wire names of the option ignore_changes, which the engine hands to no dynamic provider. It ends in `check`.
LEFT_ALONE: Final = "__leftAlone"

#: Hidden input: the wire names that the program has written itself, in dicts, so that messages spell them as it does.
WIRE_NAMES_GIVEN: Final = "__wireNames"

_ENDS_IN_CHECK: Final = frozenset({CREATE_FOLLOWS, LEFT_ALONE, WIRE_NAMES_GIVEN})

P = ParamSpec("P")
R = TypeVar("R")


#: Held while what a process has once is made.
_BEGINNING: Final = threading.Lock()


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
        except VapiError as error:
            log.debug("%s failed: %s", method.__name__, _origin(error))
            sentence = str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the engine would print its traceback
            log.debug("%s failed: %s", method.__name__, _origin(error))
            sentence = (
                f"{method.__name__} failed unexpectedly ({type(error).__name__}), which is a fault in pulumi-vapi-byo: "
                "please report it with the output of VAPI_LOG=debug"
            )
        # Newer hosts print the whole traceback of an error; without frames what is left of it is one line.
        sys.tracebacklimit = 0
        raise _Failure(for_provider(sentence, self._name)) from None

    return guarded


@dataclass(frozen=True)
class _Checked:
    """What `check` knows of a resource and the calls that follow it are not told.

    Attributes:
        last: Wire names of its last inputs, with which the engine compares the new ones.
        left_alone: Wire names that the option ignore_changes names.
    """

    last: frozenset[str] = frozenset()
    left_alone: frozenset[str] = frozenset()


def _origin(error: BaseException) -> str:
    """Say in one line where an error is from: the engine prints what a plugin prints, and a traceback looks like its end."""
    while error.__cause__ is not None:
        error = error.__cause__
    frames = traceback.walk_tb(error.__traceback__)  # unlike `extract_tb`, whatever the limit of tracebacks is
    return f"{type(error).__name__} at " + " > ".join(f"{Path(frame.f_code.co_filename).name}:{line}" for frame, line in frames)


class VapiProvider(ResourceProvider):
    """Keeps one kind of resource at Vapi as a program declares it."""

    kind: ClassVar[Kind]

    # The pickle of this class is its name and nothing else, so there is nothing in it to hide.
    serialize_as_secret_always = False

    # Set by configure, in the process that serves the provider and never in the one that pickles it.
    _get_config: Callable[[str], Any]
    _name: str | None = None
    _held: Claims
    _just_read: set[str]
    _checked: dict[str, _Checked]
    _begun: Lifecycle | None
    _is_first: bool

    def configure(self, req: ConfigureRequest) -> None:
        """Keep the stack's configuration; it is read when it is first needed, so that a preview needs no key.

        Args:
            req: Holds the configuration, secrets in clear.
        """
        self._get_config = req.config.get
        self._name = self._get_config(PROVIDER_NAME)
        self._held = _held_by_the_run(self._get_config)
        self._just_read = set()
        self._checked = {}
        self._begun = None
        self._is_first = True
        leave_imports_out_of_garbage_collection()
        _end_with_the_engine_once()
        _log_to_stderr(os.environ.get("VAPI_LOG", ""), self._name)

    @property
    def _lifecycle(self) -> Lifecycle:
        # The engine calls from several threads, and two would not know of each other's numbers.
        with _BEGINNING:
            if self._begun is None:
                from .api.client import Collection
                from .core.lifecycle import Lifecycle

                settings = read_settings(self._get_config, os.environ)
                self._begun = Lifecycle(self.kind, Collection(_client(settings), self.kind), settings, self._held)
            return self._begun

    @_in_one_sentence
    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Validate and normalise inputs.

        Args:
            _olds: The last inputs, as this returned them then; none of a new one.
            news: The inputs of the program.

        Returns:
            The normalised inputs, or all failures.
        """
        given, failures = _arguments(news), []
        inputs = last = _arguments(_olds)
        is_new = not inputs
        # Not once there was one that exists: the delete that replaces it has to come before the list.
        is_first, self._is_first = self._is_first, False
        if is_first and is_new and news.get(CREATE_FOLLOWS):
            # While the models are imported, which takes about as long.
            with contextlib.suppress(VapiError):  # create will say it
                self._lifecycle.expect_creates()
        settings = Settings(api_key="", base_url="", region="us")
        try:
            settings = read_public_settings(self._get_config, os.environ)
        except ConfigError as error:
            failures.append(CheckFailure("", str(error)))
        # What is unchanged was checked when it was new: a run that changes nothing does without the models.
        if is_new or given != inputs:
            from .core.check import check_inputs

            wire_names = news.get(WIRE_NAMES_GIVEN, ())
            checked = check_inputs(
                self.kind,
                given,
                number_check=settings.number_check,
                on_unknown=settings.on_unknown,
                wire_names=wire_names,
            )
            # What was said of the last inputs is not said again with every change.
            repeats = not is_new and checked.warnings
            said = check_inputs(self.kind, inputs, number_check="e164", on_unknown="send").warnings if repeats else ()
            inputs = checked.inputs
            failures = [_failure(self.kind, problem, given, wire_names) for problem in checked.problems] + failures
            label = self.kind.label(inputs.get(self.kind.named_by))
            for warning in checked.warnings:
                if warning not in said:
                    log.warning("%s: %s", label, warning)
        import_id = news.get(IMPORT_ID)
        if isinstance(import_id, str) and not is_id(import_id):
            failures.append(CheckFailure("", f"the option import_ is wrong: {not_an_id(import_id)}"))
        if failures:
            return CheckResult(
                dict(news), [CheckFailure(failure.property, for_provider(failure.reason, self._name)) for failure in failures]
            )
        hidden = _hidden(news)
        if settings.on_omitted == "clear":
            hidden[ON_OMITTED] = "clear"
            self._checked[_fingerprint(inputs)] = _Checked(frozenset(last), frozenset(news.get(LEFT_ALONE) or ()))
        return CheckResult(hidden | _to_pulumi(self._with_computed(inputs, settings)), [])

    @_in_one_sentence
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Compare the last outputs with the new inputs. Nothing needs a replacement but what the user forces.

        Args:
            _id: Id of the number.
            _olds: The last outputs.
            _news: The new inputs.

        Returns:
            Whether an update is due; None where it is, see below.
        """
        olds = _from_pulumi(_olds)
        planned = plan(self.kind, olds, self._said(_news))
        changes = planned.changes
        unseen: list[str] = []
        going = unknown_that_goes(self.kind, olds, planned.patch)
        if _id in self._just_read:
            self._just_read.discard(_id)  # a refresh asks too, also for numbers that the program has no more
            going = []
        elif changes and ON_OMITTED in _news:
            inputs = _arguments(_news)
            last = self._checked_before(inputs).last
            unseen = [field for field in changes if field not in inputs and field not in last]
        elif not changes and not self._held.keep(_id):
            raise cannot("keep", self.kind.label(_olds.get(self.kind.named_by), _id), TAKEN_OVER)
        elif not changes and self._begun is not None:
            self._begun.have_unchanged(_id)
        if going:
            log.warning(
                "%s: will go with what it is in, although this version does not know it and the program does not say it: %s",
                self.kind.label(_olds.get(self.kind.named_by), _id),
                shorten(", ".join(show_path(as_spelled(path)) for path in going)),
            )
        if unseen:
            log.warning(
                "%s: will be cleared, because the program leaves it out and vapi-byo:onOmitted is clear: %s",
                self.kind.label(_olds.get(self.kind.named_by), _id),
                show_fields({field: olds[field] for field in unseen if field in olds}),
            )
        if unseen and len(unseen) == len(changes):
            return DiffResult(changes=True, delete_before_replace=True)  # the inputs are alike: the engine would see nothing
        if not changes and _has_moved(_olds.get(SIP_URI), _news.get(SIP_URI)):
            return DiffResult(changes=None, delete_before_replace=True)
        # Outputs must name the provider's present class, because refresh and destroy run what they name.
        if not changes and _olds.get(_PROVIDER_KEY) != _news.get(_PROVIDER_KEY):
            return DiffResult(changes=True)
        # "Don't know" makes the engine compare old and new inputs, which it then shows exactly: the changed properties alone.
        # A plain yes would show all of them, show nothing of a changed secret, and disarm the option replace_on_changes.
        return DiffResult(changes=None if changes else False, delete_before_replace=True)

    @_in_one_sentence
    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the number, or take over the one that the option import_ names.

        Args:
            props: Its inputs.

        Returns:
            Its id and outputs.
        """
        inputs = self._said(props)
        import_id = props.get(IMPORT_ID)
        # One that this run deleted is to be replaced, and the option was left in the program since it was taken over.
        if import_id and not self._lifecycle.has_deleted(import_id):
            return CreateResult(import_id, _to_pulumi(self._lifecycle.adopt(import_id, inputs)))
        id_, state = self._lifecycle.create(inputs)
        return CreateResult(id_, _to_pulumi(state))

    @_in_one_sentence
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Read the number, for a refresh (with the last outputs) or a ``get`` (with none).

        Args:
            id_: Its id.
            props: The last outputs.

        Returns:
            Its outputs and the inputs that would make them; an empty id where it is gone.
        """
        found = self._lifecycle.read(id_, _from_pulumi(props))
        if found is None:
            return ReadResult("", {})
        self._just_read.add(id_)
        inputs = found.inputs
        if SIP_URI in found.state and "number" in inputs:
            inputs = {**inputs, SIP_URI: found.state[SIP_URI]}
        if found.clears_what_is_left_out:
            inputs = {**inputs, ON_OMITTED: "clear"}
        return ReadResult(id_, _to_pulumi(found.state), _to_pulumi(inputs))

    @_in_one_sentence
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Change the number in place.

        Args:
            _id: Its id.
            _olds: The last outputs.
            _news: The new inputs.

        Returns:
            All its outputs.
        """
        return UpdateResult(_to_pulumi(self._lifecycle.update(_id, _from_pulumi(_olds), self._said(_news))))

    @_in_one_sentence
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the number.

        Args:
            _id: Its id.
            _props: The last outputs.
        """
        self._lifecycle.delete(_id, _from_pulumi(_props))

    def _said(self, props: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments, and None for each that is left out and must be unset."""
        inputs = _arguments(props)
        if ON_OMITTED not in props:
            return inputs
        left_alone = self._checked_before(inputs).left_alone
        if "*" in left_alone:
            return inputs
        return dict.fromkeys(left_out(self.kind, {*inputs, *left_alone})) | inputs

    def _checked_before(self, inputs: Mapping[str, Any]) -> _Checked:
        return self._checked.get(_fingerprint(inputs), _Checked())

    def _with_computed(self, inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        """Add to the inputs what can be computed from them."""
        return dict(inputs)


class ByoPhoneNumberProvider(VapiProvider):
    """Keeps BYO phone numbers at Vapi."""

    kind = PHONE_NUMBER

    def _with_computed(self, inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        # As an input the address is known in previews, and what depends on it shows no false change.
        number, credential_id = inputs.get("number"), inputs["credentialId"]
        if number is UNKNOWN or (number and credential_id is UNKNOWN):
            return {**inputs, SIP_URI: UNKNOWN}
        uri = settings.sip_uri(number, credential_id)
        return {**inputs, SIP_URI: uri} if uri else dict(inputs)


class ByoSipTrunkCredentialProvider(VapiProvider):
    """Keeps SIP trunks, the credentials of BYO phone numbers, at Vapi."""

    kind = SIP_TRUNK_CREDENTIAL


def _has_moved(old: object, new: object) -> bool:
    """Tell whether an address is at another host; what stands before the host, the number, is compared as such."""
    return isinstance(old, str) and isinstance(new, str) and old.rpartition("@")[2] != new.rpartition("@")[2]


def _arguments(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the program says about the number, without what the constructor and `check` add for Pulumi's sake."""
    return {key: value for key, value in _from_pulumi(props).items() if key != SIP_URI and not key.startswith("__")}


def _fingerprint(inputs: Mapping[str, Any]) -> str:
    # Between two calls the engine makes floats of all numbers.
    return json.dumps(json.loads(json.dumps(inputs, default=repr), parse_int=float), sort_keys=True)


def _hidden(props: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in props.items() if key.startswith("__") and key not in _ENDS_IN_CHECK}


def _held_by_the_run(get: Callable[[str], Any]) -> Claims:
    port = engine_port(sys.argv)
    try:
        account = read_public_settings(get, os.environ).base_url
    except ConfigError:
        account = ""  # whatever is asked of this provider, the sentence about its settings is the answer
    return Claims(None if port is None else str(port), account)


_end_with_the_engine_once: Final = functools.cache(end_with_the_engine)


@functools.cache
def leave_imports_out_of_garbage_collection() -> None:
    """Spare Python looking for garbage in what is there now, which is imports and stays; once in a process.

    In a program a resource makes hundreds of objects in the SDK, in the plugin the first check and the first call import as
    much again, so it looks often: a tenth of a preview's time.
    """
    gc.freeze()


@functools.cache
def _client(settings: Settings) -> VapiClient:
    """Return the one client of the process: its connections are kept alive and its pace is kept for all kinds of resources."""
    from .api.client import VapiClient

    return VapiClient(settings)


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


def _from_pulumi(value: Any) -> Any:
    """Copy the engine's values without what is Pulumi's own, with our mark for what is unknown."""
    if isinstance(value, pulumi.output.Unknown):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _from_pulumi(part) for key, part in value.items() if key != _PROVIDER_KEY}
    if isinstance(value, list):
        return [_from_pulumi(part) for part in value]
    return value


def _to_pulumi(value: Any, key: str = "") -> Any:
    """Copy our values for the engine, with what must never be seen marked as secret.

    The engine marks outputs by the secret inputs of the same name; a header that somebody added in the dashboard has none.
    """
    if value is UNKNOWN:
        return rpc.UNKNOWN
    if key == MANAGED:  # names only
        return value
    if isinstance(value, Mapping):
        copied = {part: _to_pulumi(item, part) for part, item in value.items()}
        return rpc.wrap_rpc_secret(copied) if key in SECRET_FIELDS else copied
    if isinstance(value, list):
        return [_to_pulumi(item) for item in value]
    return rpc.wrap_rpc_secret(value) if key in SECRET_FIELDS and value is not None else value


def _failure(kind: Kind, problem: Problem, given: Mapping[str, Any], wire_names: Container[str]) -> CheckFailure:
    """Name the property, unless the engine should not print its whole value: for a secret in it, or for control characters."""
    top, *rest = problem.path or ("",)
    value = given.get(str(top))
    printable = not isinstance(value, str) or value.isprintable()
    if not rest and top in kind.input_names and top not in kind.never_printed and printable and not problem.discreet:
        return CheckFailure(str(top), problem.reason)
    value = f" (it is {problem.value})" if problem.value else ""
    return CheckFailure("", f"{show_path(as_spelled(problem.path, wire_names))} {problem.reason}{value}")
