"""What a provider does with one kind of resource, for every door.

Values are plain dicts in wire names, with `wire.UNKNOWN` for what is not known yet. Doors convert their own representation to
this one, and back with `with_marks`.
"""

from __future__ import annotations

import functools
import json
import logging
import pathlib
import threading
import traceback
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pulumi_vapi_byo.config import PROVIDER_NAME, Settings, for_provider, read_public_settings, read_settings
from pulumi_vapi_byo.errors import ConfigError, VapiError, cannot, not_an_id, shorten, show_path
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.wire import MANAGED, ON_OMITTED, SECRET_FIELDS, UNKNOWN, UPDATED_AT, as_spelled, is_blank, is_id

from .claims import TAKEN_OVER, Claims
from .diff import Path, differences, left_out, managed_shape, plan, unknown_that_goes

# Imported on first use: what is unchanged needs no models, and a preview no HTTP.
if TYPE_CHECKING:
    from pulumi_vapi_byo.api.client import VapiClient

    from .check import Problem
    from .lifecycle import Lifecycle

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """An invalid input.

    Attributes:
        field: Wire name of the input; empty if the reason names it instead, because the engine must not print the whole value.
        reason: What is wrong and what would be right.
    """

    field: str
    reason: str


@dataclass(frozen=True)
class Checked:
    """The result of a check.

    Attributes:
        inputs: The normalised inputs; only meaningful without failures.
        failures: Everything that is wrong.
        computed: Values computed from the inputs.
    """

    inputs: dict[str, Any]
    failures: list[Failure]
    computed: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """Why an update is due.

    Attributes:
        changes: Wire names of the inputs that differ.
        is_unseen: Whether the inputs show none of it: everything that differs is left out of them, and must be unset.
        has_moved: Whether only computed values differ.
    """

    changes: tuple[str, ...]
    is_unseen: bool = False
    has_moved: bool = False


@dataclass(frozen=True)
class _Checked:
    """What `check` knows about inputs that later calls are not told.

    Attributes:
        last: Wire names of the previous inputs, which the engine compares the new inputs with.
        left_alone: Wire names that the option ignore_changes lists.
    """

    last: frozenset[str] = frozenset()
    left_alone: frozenset[str] = frozenset()


class Service:
    """One kind of resource under one configuration. Safe for several threads.

    Args:
        kind: The kind of resource.
        get_setting: Returns the value of a configuration key, such as ``vapi-byo:apiKey``, or None.
        environ: Environment variables.
        run: Name of the run that the process serves, see `Claims`.
    """

    def __init__(
        self, kind: Kind, get_setting: Callable[[str], Any], environ: Mapping[str, str], *, run: str | None = None
    ) -> None:
        self.kind = kind
        self._get_setting = get_setting
        self._environ = environ
        try:
            settings = read_public_settings(get_setting, environ)
        except ConfigError:
            # Placeholders: every call to this provider reports what is wrong with its settings.
            settings = Settings(api_key="", base_url="", region="us")
        self._region = settings.region
        self._claims = Claims(run, settings.base_url)
        self._just_read: set[str] = set()
        self._checked: dict[str, _Checked] = {}
        self._begun: Lifecycle | None = None
        self._beginning = threading.Lock()

    @property
    def _lifecycle(self) -> Lifecycle:
        # Settings are read on first use, so a preview needs no key. All threads must get the same lifecycle.
        with self._beginning:
            if self._begun is None:
                from pulumi_vapi_byo.api.client import Collection

                from .lifecycle import Lifecycle

                settings = read_settings(self._get_setting, self._environ)
                self._begun = Lifecycle(self.kind, Collection(_client(settings), self.kind), settings, self._claims)
            return self._begun

    def check(
        self,
        last: Mapping[str, Any],
        given: Mapping[str, Any],
        *,
        import_id: object = None,
        wire_names: Container[str] = (),
        left_alone: frozenset[str] = frozenset(),
    ) -> Checked:
        """Validate and normalise inputs.

        Args:
            last: The previous inputs, as this method returned them; empty for a new resource.
            given: The program's inputs.
            import_id: Id at Vapi of the resource to take over.
            wire_names: Wire names that the program itself uses, so that messages spell them the same way.
            left_alone: Wire names that the option ignore_changes lists.
        """
        failures: list[Failure] = []
        settings = Settings(api_key="", base_url="", region="us")
        try:
            settings = read_public_settings(self._get_setting, self._environ)
        except ConfigError as error:
            failures.append(Failure("", str(error)))
        inputs = before = self._said(last)
        given = self._said(given)
        # Unchanged inputs were checked when they were new: a run that changes nothing never loads the models.
        if not before or given != before:
            inputs, found = self._check_again(before, given, settings, wire_names)
            failures = found + failures
        if isinstance(import_id, str) and not is_id(import_id):
            failures.append(Failure("", f"the option import_ is invalid: {not_an_id(import_id)}"))
        if failures:
            return Checked(inputs, [Failure(failure.field, self.in_words(failure.reason)) for failure in failures])
        computed = self.compute(inputs)
        if settings.on_omitted == "clear":
            inputs = inputs | {ON_OMITTED: "clear"}
        self.note(inputs, before, left_alone)
        return Checked(inputs, [], computed)

    def note(self, inputs: Mapping[str, Any], last: Iterable[str], left_alone: frozenset[str]) -> None:
        """Remember what later calls are not told but need, if what is left out must be unset.

        Args:
            inputs: Inputs, as `check` returns them.
            last: Wire names of the previous inputs.
            left_alone: Wire names that the option ignore_changes lists.
        """
        if ON_OMITTED in inputs:
            self._checked[_fingerprint(self._said(inputs))] = _Checked(frozenset(last), left_alone)

    def compute(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what follows from inputs or a state, see `Kind.compute`."""
        return self.kind.compute(values, self._region)

    def _check_again(
        self, before: Mapping[str, Any], given: Mapping[str, Any], settings: Settings, wire_names: Container[str]
    ) -> tuple[dict[str, Any], list[Failure]]:
        from .check import check_inputs

        checked = check_inputs(
            self.kind,
            given,
            number_check=settings.number_check,
            on_unknown=settings.on_unknown,
            wire_names=wire_names,
        )
        # A warning about the previous inputs is not repeated at every change.
        repeats = before and checked.warnings
        said = check_inputs(self.kind, before, number_check="e164", on_unknown="send").warnings if repeats else ()
        label = self._label(checked.inputs)
        for warning in checked.warnings:
            if warning not in said:
                log.warning("%s: %s", label, warning)
        return checked.inputs, [_failure(self.kind, problem, given, wire_names) for problem in checked.problems]

    def diff(self, id_: str, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> Difference:
        """Compare the last state with new inputs. A replacement only ever happens because the user forces it.

        Args:
            id_: Id of the resource.
            state: The last state.
            inputs: The new inputs, as `check` returned them.
        """
        planned = plan(self.kind, state, self._wanted(inputs))
        changes = planned.changes
        unseen: list[str] = []
        if id_ in self._just_read:
            self._just_read.discard(id_)  # a refresh diffs too, even numbers that the program no longer has
        else:
            self._warn_of_the_unknown_that_goes(id_, state, planned.patch)
            if changes and ON_OMITTED in inputs:
                said = self._said(inputs)
                last = self._checked_before(said).last
                unseen = [name for name in changes if name not in said and name not in last]
            elif not changes:
                self._keep(id_, state)
        if unseen:
            log.warning(
                "%s: will be cleared, because the program leaves it out and vapi-byo:onOmitted is clear: %s",
                self._label(state, id_),
                self.kind.show_fields({name: state[name] for name in unseen if name in state}),
            )
        return Difference(
            changes,
            is_unseen=bool(unseen) and len(unseen) == len(changes),
            has_moved=not changes and self.kind.has_moved(state, self.compute(inputs)),
        )

    def paths(self, state: Mapping[str, Any], inputs: Mapping[str, Any], changes: Sequence[str]) -> Iterator[Path]:
        """Yield where inputs differ, as deeply as can be told.

        Args:
            state: The last state.
            inputs: The new inputs, as `check` returned them.
            changes: What `diff` found.

        Yields:
            At least one path for each of the changes.
        """
        if not changes:
            return
        inside: dict[str, list[Path]] = {}
        for path, _, _ in differences(self.kind, self._wanted(inputs), state, managed_shape(self.kind, state)):
            inside.setdefault(str(path[0]), []).append(path)
        for name in changes:
            yield from inside.get(name, [(name,)])

    def _keep(self, id_: str, state: Mapping[str, Any]) -> None:
        if not self._claims.keep(id_):
            raise cannot("keep", self._label(state, id_), TAKEN_OVER)
        if self._begun is not None:
            self._begun.have_unchanged(id_)

    def _warn_of_the_unknown_that_goes(self, id_: str, state: Mapping[str, Any], patch: Mapping[str, Any]) -> None:
        going = unknown_that_goes(self.kind, state, patch)
        if going:
            log.warning(
                "%s: will be removed with the object it is in, although neither this version nor the program knows it: %s",
                self._label(state, id_),
                shorten(", ".join(show_path(as_spelled(path)) for path in going)),
            )

    def create(self, inputs: Mapping[str, Any], import_id: str | None = None) -> tuple[str, dict[str, Any]]:
        """Create a resource, or take over the resource with an id.

        Args:
            inputs: Its inputs, as `check` returned them.
            import_id: Id of the resource to take over.

        Returns:
            Its id and its state.
        """
        wanted = self._wanted(inputs)
        # If this run deleted it, it is to be replaced: the option is a leftover from when it was taken over.
        if import_id and not self._lifecycle.has_deleted(import_id):
            return import_id, self._lifecycle.adopt(import_id, wanted)
        return self._lifecycle.create(wanted)

    def preview_create(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is known about a resource before it is created.

        Args:
            inputs: Its inputs, as `check` returned them.

        Returns:
            Its state, with `wire.UNKNOWN` for what only the API can say.
        """
        said = {name: value for name, value in self._said(inputs).items() if not is_blank(value)}
        return said | dict.fromkeys(self.kind.outputs, UNKNOWN) | dict.fromkeys(self.kind.computed) | self.compute(said)

    def preview_update(self, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a resource will look like after an update.

        Args:
            state: The last state.
            inputs: The new inputs, as `check` returned them.

        Returns:
            Its state, with `wire.UNKNOWN` for what only the API can say.
        """
        planned = plan(self.kind, state, self._wanted(inputs))
        after = {name: value for name, value in state.items() if name not in planned.changes and name != MANAGED}
        after |= {name: inputs[name] for name in planned.changes if not is_blank(inputs.get(name))}
        if planned.patch:
            after[UPDATED_AT] = UNKNOWN
        return after | self.compute(after)

    def read(
        self, id_: str, state: Mapping[str, Any], *, for_import: bool = False
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Read a resource: for a refresh (with the last state), or for a look-up or an import (without).

        Args:
            id_: Its id.
            state: The last state.
            for_import: Whether everything that a program can say about it is managed from now on.

        Returns:
            Its state and the inputs that would produce it; None if it is gone.
        """
        found = self._lifecycle.take_in(id_) if for_import else self._lifecycle.read(id_, state)
        if found is None:
            return None
        self._just_read.add(id_)
        return found.state, found.inputs | ({ON_OMITTED: "clear"} if found.clears_what_is_left_out else {})

    def update(self, id_: str, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Change a resource in place.

        Args:
            id_: Its id.
            state: The last state.
            inputs: The new inputs, as `check` returned them.

        Returns:
            Its whole state.
        """
        return self._lifecycle.update(id_, state, self._wanted(inputs))

    def delete(self, id_: str, state: Mapping[str, Any]) -> None:
        """Delete a resource; if it is already gone, that is no failure.

        Args:
            id_: Its id.
            state: The last state.
        """
        self._lifecycle.delete(id_, state)

    def in_words(self, sentence: str) -> str:
        """Adapt a sentence about settings to the provider: the settings of an explicit provider are its arguments."""
        return for_provider(sentence, self._get_setting(PROVIDER_NAME))

    def _said(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the program says, without computed and hidden values."""
        return {key: value for key, value in inputs.items() if key not in self.kind.computed and not key.startswith("__")}

    def _wanted(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the program says, with None for each input that is left out and must be unset."""
        said = self._said(inputs)
        if ON_OMITTED not in inputs:
            return said
        left_alone = self._checked_before(said).left_alone
        return said if "*" in left_alone else dict.fromkeys(left_out(self.kind, {*said, *left_alone})) | said

    def _checked_before(self, inputs: Mapping[str, Any]) -> _Checked:
        return self._checked.get(_fingerprint(inputs), _Checked())

    def _label(self, values: Mapping[str, Any], id_: object = None) -> str:
        return self.kind.label(values.get(self.kind.named_by), id_)


def with_marks(values: Mapping[str, Any], *, unknown: Any, secret: Callable[[Any], Any]) -> dict[str, Any]:
    """Copy values, with a door's own marks for what is not known yet and for secrets.

    An engine marks outputs by secret inputs of the same name, but a header that somebody added in the dashboard has no input.

    Args:
        values: Inputs or a state.
        unknown: Stands for a value that is not known yet.
        secret: Marks a value as secret.
    """

    def marked(value: Any, key: str) -> Any:
        if value is UNKNOWN:
            return unknown
        if key == MANAGED:  # holds names, no values
            return value
        if isinstance(value, Mapping):
            value = {part: marked(item, part) for part, item in value.items()}
        elif isinstance(value, list):
            return [marked(item, "") for item in value]
        return secret(value) if key in SECRET_FIELDS and value is not None else value

    return {key: marked(value, key) for key, value in values.items()}


def failure_in_words(step: str, error: Exception) -> str:
    """Describe the failure of a step in one sentence; without this, the user would see a traceback.

    Args:
        step: The method that failed.
        error: What it raised.
    """
    log.debug("%s failed: %s", step, _origin(error))
    if isinstance(error, VapiError):
        return str(error)
    return (
        f"{step} failed unexpectedly ({type(error).__name__}), which is a bug in pulumi-vapi-byo: "
        "please report it with the output of VAPI_LOG=debug"
    )


def _fingerprint(inputs: Mapping[str, Any]) -> str:
    # Between two calls the engine turns every number into a float.
    return json.dumps(json.loads(json.dumps(inputs, default=repr), parse_int=float), sort_keys=True)


def _failure(kind: Kind, problem: Problem, given: Mapping[str, Any], wire_names: Container[str]) -> Failure:
    """Return the failure, naming the input unless the engine must not print its value: secrets, control characters."""
    top, *rest = problem.path or ("",)
    value = given.get(str(top))
    printable = not isinstance(value, str) or value.isprintable()
    if not rest and top in kind.input_names and top not in kind.never_printed and printable and not problem.discreet:
        return Failure(str(top), problem.reason)
    value = f" (it is {problem.value})" if problem.value else ""
    return Failure("", f"{show_path(as_spelled(problem.path, wire_names))} {problem.reason}{value}")


@functools.cache
def _client(settings: Settings) -> VapiClient:
    """Return the client of this process: all kinds of resources share its connections and its rate."""
    from pulumi_vapi_byo.api.client import VapiClient

    return VapiClient(settings)


def _origin(error: BaseException) -> str:
    """Return in one line where an error is from: the engine prints a plugin's output, and a traceback looks like a crash."""
    while error.__cause__ is not None:
        error = error.__cause__
    frames = traceback.walk_tb(error.__traceback__)  # unlike `extract_tb`, this ignores sys.tracebacklimit
    return f"{type(error).__name__} at " + " > ".join(
        f"{pathlib.Path(frame.f_code.co_filename).name}:{line}" for frame, line in frames
    )
