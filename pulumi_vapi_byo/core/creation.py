"""Creating a resource exactly once, whatever the API does."""

from __future__ import annotations

import datetime
import json
import logging
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pulumi_vapi_byo.api.client import moment_of
from pulumi_vapi_byo.api.throttle import LOOK_FOR_S, pauses_s
from pulumi_vapi_byo.errors import ApiError, BadAnswerError, TransportError, VapiError

from .account import Entry
from .adoption import Adoption
from .claims import TAKEN_OVER
from .diff import body_of, differing
from .run import Run

if TYPE_CHECKING:
    from pulumi_vapi_byo.kinds.models import Answer

log = logging.getLogger(__name__)

#: Statuses that do not tell whether a POST did its work, beside those from 500 on.
_UNKNOWN_FATE: Final = frozenset({408, 425})

#: Seconds by which the API's clocks may differ among themselves.
_CLOCKS_DIFFER_S: Final = 5.0


@dataclass
class _Appeared:
    """What appeared since a POST, as far as it may have to do with it.

    Attributes:
        ours: What it created.
        existing: What has the same digits, and is somebody else's.
        doubtful: What it may have created: nothing may be sent while it is there.
        unreadable: The same, of what cannot be read.
    """

    ours: list[Entry] = field(default_factory=list)
    existing: list[Entry] = field(default_factory=list)
    doubtful: list[Entry] = field(default_factory=list)
    unreadable: list[Entry] = field(default_factory=list)


class Creation:
    """Brings resources of one kind into being. Safe for several threads.

    Args:
        run: What the run knows.
        adoption: Takes over what exists already.
    """

    def __init__(self, run: Run, adoption: Adoption) -> None:
        self._run = run
        self._kind = run.kind
        self._api = run.collection
        self._settings = run.settings
        self._account = run.account
        self._states = run.states
        self._adoption = adoption
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._under_way: dict[str, Mapping[str, Any]] = {}
        self._lock = threading.Lock()

    def create(self, inputs: Mapping[str, Any]) -> Answer:
        """Create one, or take over one that exists where the settings say so.

        Args:
            inputs: Normalised inputs.

        Returns:
            What the API holds.

        Raises:
            VapiError: It was not created, or nobody can tell; the message says which and what to do.
        """
        with self._create_lock(inputs):
            one = self._adoption.existing(inputs) or self._post(inputs)
            self._account.add(one)
            self._run.created.add(one.id)
        self._run.twins.ours(one.id, one.wire())
        return one

    @contextmanager
    def _create_lock(self, inputs: Mapping[str, Any]) -> Iterator[None]:
        # Two creates of the same number would not see each other's; of different numbers they may run side by side.
        # Without digits, those of one name could be taken for each other: a secret, say, is never read back.
        key = self._kind.identity_of(inputs) or json.dumps([inputs.get("name"), self._kind.parent_of(inputs)])
        with self._lock:
            lock = self._locks[key]
        with lock:
            with self._lock:
                self._under_way[key] = inputs
            try:
                yield
            finally:
                with self._lock:
                    del self._under_way[key]

    def _post(self, inputs: Mapping[str, Any]) -> Answer:
        body = body_of(self._kind, inputs)
        self._account.known()  # what is there before, so that what appears can be told from it
        sent_at = self._api.client.api_time()
        failures = 0
        while True:
            try:
                made = self._api.create(body)
                self._make_sure_it_is_new(made, inputs)
            except VapiError as error:
                if not failures and not _leaves_doubt(error):
                    raise
                failures += 1
                found = self._find_made(inputs, error, sent_at)
                if found is not None:
                    return found
                if isinstance(error, _MadeOtherwiseError):
                    raise VapiError(
                        f"{error}; look at that one in the dashboard, and delete it or take it over with import_, before you "
                        "run pulumi up again"
                    ) from error
                if not _may_pass(error) or failures > self._settings.max_retries:
                    raise self._not_found(error, failures) from error
            else:
                if not self._run.claims.keep(made.id):  # it is in nobody's state yet
                    raise VapiError(TAKEN_OVER)
                if failures:
                    self._look_for_a_late_one(inputs, made)
                return made

    def _make_sure_it_is_new(self, made: Answer, inputs: Mapping[str, Any]) -> None:
        # What an answer names becomes ours to change and to delete: it must be what was asked for, and not have been there.
        held, id_ = made.wire(), self._run.quote(made.id)
        if self._account.had(made.id):
            raise BadAnswerError(f"has the id {id_}, which was there before", method="POST", path=self._kind.path)
        differs = self._kind.parent if self._kind.parent_of(held) != self._kind.parent_of(inputs) else ""
        if self._kind.identity_of(held) != self._kind.identity_of(inputs):
            differs = self._kind.named_by
        elif not self._kind.identity and inputs.get(self._kind.named_by):  # one that was not sent may be filled in
            differs = self._kind.named_by if held.get(self._kind.named_by) != inputs[self._kind.named_by] else differs
        if differs:
            raise _MadeOtherwiseError(
                f"names {id_}, created with a different {differs} than requested", method="POST", path=self._kind.path
            )

    def _find_made(self, inputs: Mapping[str, Any], failure: VapiError, sent_at: datetime.datetime | None) -> Answer | None:
        """Look, again and again, for what a POST may have created although it failed."""
        found, trouble = _Appeared(), None
        log.info("%s: %s; looking for it for %g s", self._run.label(inputs), failure, self._look_for_s(failure))
        for pause_s in pauses_s(self._look_for_s(failure)):
            self._run.sleep(pause_s)
            try:
                found, trouble = self._appeared(inputs, sent_at), None
            except VapiError as error:
                trouble = error  # the last look is the one that counts
            if found.ours:
                break
        if len(found.ours) > 1:
            raise VapiError(
                f"{failure}; since then {len(found.ours)} like it have appeared ({self._run.quote_ids(found.ours)}) and it "
                "cannot be told which is this one; delete those you do not want, then run pulumi up again"
            ) from failure
        for one in found.ours:
            if one.answer is not None:
                if one.id in self._run.claims:
                    raise self._adoption.refusal([one], inputs)
                return self._made_after_all(one.answer, inputs)
        if trouble:
            raise VapiError(
                f"{failure}; whether it was created could not be determined either: {trouble}; {self._advice}"
            ) from trouble
        if found.unreadable:
            raise VapiError(
                f"{failure}; since then {self._run.quote_ids(found.unreadable)} has appeared, which cannot be read, so it "
                "cannot be told whether it is this one; look at it in the dashboard and delete it if it is, then run pulumi up "
                "again"
            ) from failure
        if found.doubtful:
            raise VapiError(
                f"{failure}; since then {self._run.quote_ids(found.doubtful)} has appeared, which may be this one but is not "
                "just what was sent; look at it in the dashboard, and delete it or take it over with import_, before you run "
                "pulumi up again"
            ) from failure
        return self._adoption.take_over(found.existing, inputs) if found.existing else None

    def _look_for_s(self, failure: VapiError) -> float:
        # After a time-out the API may still be at work: it gets as long again.
        timed_out = isinstance(failure, TransportError) and failure.timed_out
        return max(LOOK_FOR_S, self._settings.timeout_s) if timed_out else LOOK_FOR_S

    def _appeared(self, inputs: Mapping[str, Any], sent_at: datetime.datetime | None) -> _Appeared:
        found = _Appeared()
        for one in self._account.appeared():
            place = self._place(one, inputs, sent_at, found)
            if place is not None:
                place.append(one)
        return found

    def _place(
        self, one: Entry, inputs: Mapping[str, Any], sent_at: datetime.datetime | None, found: _Appeared
    ) -> list[Entry] | None:
        identity, wanted = self._kind.identity_of(inputs), self._kind.parent_of(inputs)
        # Digits and credential decide. What else an API fills in, or writes in its own way, is for the state to show.
        if identity and one.identity == identity:
            if one.parent_id != wanted:
                return found.existing if self._settings.on_existing != "allow" else None
            if _is_older(one, sent_at):
                return found.existing if self._settings.on_existing != "allow" else found.doubtful
            return found.ours if one.answer is not None else found.unreadable
        if one.answer is None:
            return found.unreadable if one.identity is None and one.parent_id in (None, wanted) else None
        if identity or one.identity or one.parent_id != wanted or _is_older(one, sent_at):
            return None
        # Without digits all else decides; what comes near may be the one that was asked for, but for what was filled in.
        if self._adoption.fits(one, inputs):
            return found.ours
        return found.doubtful if self._comes_near(one, inputs) else None

    def _comes_near(self, one: Entry, inputs: Mapping[str, Any]) -> bool:
        with self._lock:
            others = [other for other in self._under_way.values() if other is not inputs]
        if one.answer is None or any(self._adoption.fits(one, other) for other in others):
            return False
        differs = differing(self._kind, inputs, self._states.of(one.answer, inputs), {})
        return self._kind.comes_near(inputs, one.name, differs)

    def _made_after_all(self, one: Answer, inputs: Mapping[str, Any]) -> Answer:
        self._run.claims.keep(one.id)
        log.warning(
            "the answer to the creation of %s was lost or unusable, but it was created (id %s) and is taken over",
            self._run.label(inputs),
            one.id,
        )
        return one

    def _not_found(self, error: VapiError, failures: int) -> VapiError:
        within = f"has not appeared within {self._look_for_s(error):g} s"
        if _leaves_doubt(error):
            return VapiError(f"{error.after(failures)}; it {within}, so it was probably not created: {self._advice}")
        return VapiError(
            f"{error.after(failures)}; an earlier try may have created it all the same: it {within}, but that proves nothing: "
            f"{self._advice}"
        )

    @property
    def _advice(self) -> str:
        if self._settings.on_existing == "allow":
            return (
                "look for it in the dashboard before you run pulumi up again, which would create another with "
                "vapi-byo:onExisting allow"
            )
        return "run pulumi up again, which looks for it first and does not create it twice"

    def _look_for_a_late_one(self, inputs: Mapping[str, Any], made: Answer) -> None:
        # A request that was given up can still be carried out later, where the API lets two of the same exist.
        try:
            appeared = self._account.appeared()
        except VapiError:
            return
        # Of what has digits, whoever lists tells it.
        twins = [one for one in appeared if one.id != made.id and not one.identity and self._adoption.fits(one, inputs)]
        if twins:
            log.warning(
                "%s (id %s) may have been created twice: Vapi also has %s, just like it; delete the one you do not want",
                self._run.label(inputs),
                made.id,
                self._run.quote_ids(twins),
            )


class _MadeOtherwiseError(BadAnswerError):
    """A POST created something else than was requested: sent again, there would be two."""


def _leaves_doubt(error: VapiError) -> bool:
    """Tell whether it may have been created although a POST failed."""
    if isinstance(error, TransportError):
        return error.sent
    if isinstance(error, ApiError):
        return error.status >= 500 or error.status in _UNKNOWN_FATE or not error.from_api
    return isinstance(error, BadAnswerError)


def _may_pass(error: VapiError) -> bool:
    if isinstance(error, ApiError):
        return error.status >= 500 or error.status in _UNKNOWN_FATE
    return _leaves_doubt(error)


def _is_older(one: Entry, sent_at: datetime.datetime | None) -> bool:
    """Tell whether it was there, by the API's own clock, before a POST was sent."""
    created_at = moment_of(one.created_at)
    return bool(created_at and sent_at and (sent_at - created_at).total_seconds() > _CLOCKS_DIFFER_S)
