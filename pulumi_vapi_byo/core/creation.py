"""Create a resource exactly once, whatever the API does."""

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

#: Statuses, besides those from 500 on, that leave open whether a POST did its work.
_UNKNOWN_FATE: Final = frozenset({408, 425})

#: Seconds by which the clocks of the API's servers may differ.
_CLOCKS_DIFFER_S: Final = 5.0


@dataclass
class _Appeared:
    """What appeared after a POST and may be its result.

    Attributes:
        ours: What the POST created.
        existing: What has the same digits but is somebody else's.
        doubtful: What the POST may have created: nothing may be sent while it exists.
        unreadable: What the POST may have created but cannot be read.
    """

    ours: list[Entry] = field(default_factory=list)
    existing: list[Entry] = field(default_factory=list)
    doubtful: list[Entry] = field(default_factory=list)
    unreadable: list[Entry] = field(default_factory=list)


class Creation:
    """Creates resources of one kind. Safe for several threads.

    Args:
        run: What is shared during the run.
        adoption: Takes over what already exists.
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
        """Create a resource, or take over an existing one if the settings say so.

        Args:
            inputs: Normalised inputs.

        Returns:
            What the API holds.

        Raises:
            VapiError: It was not created, or that cannot be determined; the message says which and what to do.
        """
        with self._create_lock(inputs):
            one = self._adoption.existing(inputs) or self._post(inputs)
            self._account.add(one)
            self._run.created.add(one.id)
        self._run.twins.ours(one.id, one.wire())
        return one

    @contextmanager
    def _create_lock(self, inputs: Mapping[str, Any]) -> Iterator[None]:
        # Concurrent creates of the same number would not see each other's result; those of different numbers may run at once.
        # Without digits, the same goes for the name: two such resources may differ only in a secret, which is never read back.
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
        self._account.known()  # what exists before the POST, to recognise what appears after it
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
                        f"{error}; check that one in the dashboard, and delete it or take it over with import_, before you "
                        "run pulumi up again"
                    ) from error
                if not _may_pass(error) or failures > self._settings.max_retries:
                    raise self._not_found(error, failures) from error
            else:
                if not self._run.claims.keep(made.id):  # no state has it yet, but another resource may take it over by id
                    raise VapiError(TAKEN_OVER)
                if failures:
                    self._look_for_a_late_one(inputs, made)
                return made

    def _make_sure_it_is_new(self, made: Answer, inputs: Mapping[str, Any]) -> None:
        # We will change and delete whatever an answer names: it must be what was asked for, and must not have existed before.
        held, id_ = made.wire(), self._run.quote(made.id)
        if self._account.had(made.id):
            raise BadAnswerError(f"has the id {id_}, which was there before", method="POST", path=self._kind.path)
        differs = self._kind.parent if self._kind.parent_of(held) != self._kind.parent_of(inputs) else ""
        if self._kind.identity_of(held) != self._kind.identity_of(inputs):
            differs = self._kind.named_by
        elif not self._kind.identity and inputs.get(self._kind.named_by):  # a name that was not sent may be filled in
            differs = self._kind.named_by if held.get(self._kind.named_by) != inputs[self._kind.named_by] else differs
        if differs:
            raise _MadeOtherwiseError(
                f"names {id_}, created with a different {differs} than requested", method="POST", path=self._kind.path
            )

    def _find_made(self, inputs: Mapping[str, Any], failure: VapiError, sent_at: datetime.datetime | None) -> Answer | None:
        """Look repeatedly for what a failed POST may have created all the same; return it, or None if nothing appeared."""
        found, trouble = _Appeared(), None
        log.info("%s: %s; looking for it for %g s", self._run.label(inputs), failure, self._look_for_s(failure))
        for pause_s in pauses_s(self._look_for_s(failure)):
            self._run.sleep(pause_s)
            try:
                found, trouble = self._appeared(inputs, sent_at), None
            except VapiError as error:
                trouble = error  # only the last look counts
            if found.ours:
                break
        if len(found.ours) > 1:
            raise VapiError(
                f"{failure}; since then {len(found.ours)} matching ones have appeared ({self._run.quote_ids(found.ours)}), "
                "and there is no telling which is this one; delete the ones you do not want, then run pulumi up again"
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
                f"{failure}; since then {self._run.quote_ids(found.unreadable)} has appeared, which cannot be read, so "
                "there is no telling whether it is this one; check it in the dashboard and delete it if it is, then run pulumi "
                "up again"
            ) from failure
        if found.doubtful:
            raise VapiError(
                f"{failure}; since then {self._run.quote_ids(found.doubtful)} has appeared, which may be this one but "
                "differs from what was sent; check it in the dashboard, and delete it or take it over with import_, before you "
                "run pulumi up again"
            ) from failure
        return self._adoption.take_over(found.existing, inputs) if found.existing else None

    def _look_for_s(self, failure: VapiError) -> float:
        # After a time-out the API may still be working on it, so it gets the same time again.
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
        # Digits and credential decide. What else an API fills in, or spells differently, shows up in the state.
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
        # Without digits everything else decides; a near match may be ours with fields filled in.
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
            "the answer to the creation of %s was lost or unusable, but it was created (id %s) and was taken over",
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
        # If the API allows duplicates, a request that was given up may still be carried out.
        try:
            appeared = self._account.appeared()
        except VapiError:
            return
        # Duplicate digits are reported by `Twins` whenever something is listed.
        twins = [one for one in appeared if one.id != made.id and not one.identity and self._adoption.fits(one, inputs)]
        if twins:
            log.warning(
                "%s (id %s) may have been created twice: Vapi also has %s, just like it; delete the one you do not want",
                self._run.label(inputs),
                made.id,
                self._run.quote_ids(twins),
            )


class _MadeOtherwiseError(BadAnswerError):
    """A POST created something other than requested: sent again, there would be two."""


def _leaves_doubt(error: VapiError) -> bool:
    """Return whether a POST may have created something although it failed."""
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
    """Return whether an entry existed, by the API's own clock, before a POST was sent."""
    created_at = moment_of(one.created_at)
    return bool(created_at and sent_at and (sent_at - created_at).total_seconds() > _CLOCKS_DIFFER_S)
