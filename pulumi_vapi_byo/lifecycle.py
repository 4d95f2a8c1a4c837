"""The life of a resource: create, read, update, delete, adopt. Knows the API and the models, and nothing of Pulumi.

A *state* is a plain dict in wire names: every input as the API holds it (unset ones are left out), the API's own ``orgId``,
``createdAt``, ``updatedAt`` and ``status``, our own ``deletionProtection``, and the record `wire.MANAGED`; of a number also
the computed ``sipUri``.
"""

from __future__ import annotations

import datetime
import json
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .account import Account
from .client import Collection
from .config import Settings
from .diffing import conflicts, differing, fits, managed_inputs, managed_shape, plan, recorded, shape_of
from .errors import ApiError, BadAnswerError, TransportError, VapiError, cannot, show_value
from .holding import TAKEN_OVER, Holdings
from .kinds import Kind
from .pacing import backoff_s
from .reading import Reads
from .wire import LOCAL_FIELDS, MANAGED, SAYABLE, SIP_URI, secrets_in

if TYPE_CHECKING:
    from .models import Answer

log = logging.getLogger(__name__)

#: What was read so long ago is read anew before it is overwritten.
MAX_AGE_BEFORE_WRITE_S: Final = 5.0


@dataclass(frozen=True)
class Found:
    """What was read.

    Attributes:
        state: What the API holds now.
        inputs: The inputs that would make it so: where somebody changed it, these are not the program's.
    """

    state: dict[str, Any]
    inputs: dict[str, Any]


class Lifecycle:
    """What happens to one kind of resource between a program and the API. Safe for several threads.

    Args:
        kind: The kind of resource.
        collection: Its calls.
        settings: Where the API is, and what to do about what exists and changes that are not ours.
        held: What resources of the running program have; creates and updates add theirs. It is never taken over by a second
            resource, nor deleted for one.
        sleep: Waits for some seconds; for tests.
    """

    def __init__(
        self,
        kind: Kind,
        collection: Collection,
        settings: Settings,
        held: Holdings,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._kind = kind
        self._api = collection
        self._settings = settings
        self._held = held
        self._sleep = sleep
        self._account = Account(kind, collection)
        self._refresh = Reads(kind, collection)
        self._reads_before_writes = Reads(kind, collection, max_age_s=MAX_AGE_BEFORE_WRITE_S)
        self._made: set[str] = set()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._locks_lock = threading.Lock()

    def expect_creates(self) -> None:
        """List the account already, which the first `create` will wait for."""
        self._account.list_ahead()

    def create(self, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make one, or take over one that exists where the settings say so.

        Args:
            inputs: Normalised inputs.

        Returns:
            Its id and its state.

        Raises:
            LifecycleError: It was not made, or nobody can tell; the message says which and what to do.
        """
        self._api.client.never_show(secrets_in(inputs))
        try:
            with self._alone(inputs):
                existing = self._existing(inputs)
                if existing is None:
                    one = self._post(inputs)
                    self._held.keep(one.id)  # it is in nobody's state yet
                else:
                    one = self._adopt(existing, inputs)
                self._account.add(one)
                self._made.add(one.id)
        except VapiError as error:
            raise cannot("create", self._label(inputs), error) from error
        return one.id, self._written(one, inputs, sent=inputs)

    def adopt(self, id_: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Take over one that exists, without writing anything.

        Args:
            id_: Its id.
            inputs: Normalised inputs, which must say what the API holds. What is never read back cannot be compared.

        Returns:
            Its state.

        Raises:
            LifecycleError: It does not exist, another resource has it, or it differs from the inputs; the message shows how.
        """
        self._api.client.never_show(secrets_in(inputs))
        label = self._label(inputs, id_)
        try:
            one = self._api.get(id_)
        except VapiError as error:
            raise cannot("import", label, error) from error
        if one is None:
            raise cannot(
                "import", label, f"Vapi has none with id {id_}; check the id, or remove import_ if it was deleted since"
            )
        if not self._held.take(id_):
            raise cannot("import", label, f"another resource of this program has id {id_} already; declare it once")
        live = self._state(one, inputs)
        # What an object holds beyond the program's, and the program could say, the next change of it would delete.
        fields = differing(self._kind, inputs, live, shape_of(self._kind, inputs, live, others=SAYABLE))
        if fields:
            self._held.release(id_)
            what = "; ".join(
                f"{field}: {show_value(live.get(field), field)} at Vapi, {show_value(inputs.get(field), field)} in the program"
                for field in fields
            )
            raise cannot("import", label, f"the program says otherwise ({what}); write what Vapi has, change it afterwards")
        return recorded(self._kind, live, shape_of(self._kind, inputs, live))

    def has_deleted(self, id_: str) -> bool:
        """Tell whether this run deleted one: it can be made again, and not be taken over."""
        return self._account.has_removed(id_)

    def read(self, id_: str, state: Mapping[str, Any]) -> Found | None:
        """Look at one.

        Args:
            id_: Its id.
            state: The state that was last known; empty for one that is looked up and not managed.

        Returns:
            What is there now, or None where it is gone.

        Raises:
            LifecycleError: It could not be read, which says nothing about whether it exists; or, with an empty state, it
                does not exist.
        """
        self._api.client.never_show(secrets_in(state))
        label = self._label(state, id_)
        try:
            # One that is looked up and not managed may have been made since the refresh began.
            one = self._refresh.get(id_, state.get("createdAt")) if state.get("orgId") else self._api.get(id_)
            if one is None and not self._refresh.lack(id_, state.get("orgId")):
                self._make_sure_it_is_gone(state)
        except VapiError as error:
            raise cannot("read", label, error) from error
        if one is None:
            if not state.get("orgId"):
                raise cannot(
                    "read", label, "there is none in this organisation; check the id, vapi-byo:apiKey and vapi-byo:region"
                )
            return None
        found = recorded(self._kind, self._state(one, state), managed_shape(self._kind, state))
        local = {field: found[field] for field in LOCAL_FIELDS if field in found}
        return Found(found, managed_inputs(self._kind, state, found) | local)

    def update(self, id_: str, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Bring one to what the program says, in place.

        Args:
            id_: Its id.
            state: The state that was last known.
            inputs: Normalised inputs.

        Returns:
            The new state.

        Raises:
            LifecycleError: It was not changed, or nobody can tell; trying again is safe.
        """
        self._api.client.never_show(secrets_in([state, inputs]))
        label = self._label(state, id_)
        if not self._held.keep(id_):
            raise cannot("update", label, TAKEN_OVER)
        try:
            patch = plan(self._kind, state, inputs).patch
            if patch and self._settings.on_conflict != "unchecked":
                live = self._read_before_write(id_, state, inputs, patch, label)
                patch = plan(self._kind, state, inputs, live).patch
            one = self._patch(id_, patch) if patch else None
            if one is not None:
                self._account.add(one)
        except VapiError as error:
            raise cannot("update", label, error) from error
        fields = self._kind.fields
        if one is None:
            # Only what is ours differs, or how the program spells the server: there is nothing for the API to do.
            kept = {key: value for key, value in state.items() if key not in fields or key in inputs}
            return recorded(self._kind, self._with_local(kept, inputs), shape_of(self._kind, inputs, state))
        # What others changed elsewhere is for a refresh to find: taken into the state here, it would be undone in silence.
        kept = {field: state[field] for field in fields if field in inputs and field not in patch and field in state}
        return self._written(one, inputs, sent=patch, kept=kept)

    def delete(self, id_: str, state: Mapping[str, Any]) -> None:
        """Delete one; that it is gone already is no failure.

        Args:
            id_: Its id.
            state: The state that was last known.

        Raises:
            LifecycleError: It was not deleted, or nobody can tell; trying again is safe.
        """
        self._api.client.never_show(secrets_in(state))
        label = self._label(state, id_)
        if id_ in self._held:
            log.warning("%s (id %s) was not deleted: another resource of this program has it", label, id_)
            return
        if state.get("deletionProtection"):
            raise cannot(
                "delete",
                label,
                "it has deletion_protection; to delete it, set deletion_protection=False, run pulumi up, then try again",
            )
        try:
            self._refresh.about_to_write(id_)
            if not self._api.delete(id_):
                self._make_sure_it_is_gone(state)
                log.info("%s (id %s) was gone already", label, id_)
        except VapiError as error:
            raise cannot("delete", label, error) from error
        self._account.remove(id_)

    # ------------------------------------------------------------------------------------------------------------ creating

    def _alone(self, inputs: Mapping[str, Any]) -> threading.Lock:
        # Two creates of the same number would not see each other's; of different numbers they may run side by side.
        key = str(self._identity(inputs) or json.dumps(inputs, sort_keys=True))
        with self._locks_lock:
            return self._locks[key]

    def _identity(self, values: Mapping[str, Any]) -> Any:
        return values.get(self._kind.identity) if self._kind.identity else None

    def _existing(self, inputs: Mapping[str, Any]) -> Answer | None:
        """Find the one to take over; refuse where there is one that must not be."""
        if self._settings.on_existing == "allow":
            return None
        identity = self._identity(inputs)
        if identity:
            same = self._account.known_as(identity)
        else:
            # Without digits all else must be the same, and it must not be one that this run just made.
            same = [
                one
                for one in self._account.known()
                if one.id not in self._made and fits(self._kind, inputs, self._state(one, inputs))
            ]
        if not same:
            return None
        if self._settings.on_existing == "adopt":
            ours = [one for one in same if one.id not in self._held and _credential(one) == inputs.get("credentialId")]
            if len(ours) == 1:
                return ours[0]
        raise self._refusal(same, inputs)

    def _refusal(self, same: Sequence[Answer], inputs: Mapping[str, Any]) -> VapiError:
        one = same[0]
        label = f"id {one.id}, {f'named {one.name!r}' if one.name else 'without a name'}, made {_age(one.created_at)}"
        if one.id in self._held:
            return VapiError(f"another resource of this program has it already ({label}); declare it once")
        if len(same) > 1:
            ids = ", ".join(other.id for other in same)
            return VapiError(f"Vapi has {len(same)} that fit ({ids}); delete those that are not wanted, then try again")
        if _credential(one) != inputs.get("credentialId"):
            return VapiError(
                f"Vapi has it already on another credential, {_credential(one)} ({label}); use that credential_id to "
                "take it over, delete it first, or, where Vapi should decide, pulumi config set vapi-byo:onExisting allow"
            )
        # One without an identity cannot be told from the one that it is to replace.
        replaced = "" if self._kind.identity else "; to replace it by another, run pulumi config set vapi-byo:onExisting allow"
        return VapiError(
            f"Vapi has it already ({label}); to take it over, give it opts=ResourceOptions(import_={one.id!r}), or run "
            "pulumi config set vapi-byo:onExisting adopt and pulumi up again; if only the resource was renamed, give it "
            f"opts=ResourceOptions(aliases=[Alias(name='its old name')]){replaced}"
        )

    def _adopt(self, one: Answer, inputs: Mapping[str, Any]) -> Answer:
        # What is never read back is sent, because nobody can tell whether it is what the program says.
        readable = {field: value for field, value in inputs.items() if field not in self._write_only_roots()}
        patch = plan(self._kind, self._state(one, readable) | {MANAGED: {}}, inputs).patch
        if not self._held.take(one.id):  # the resource that has it came in between
            raise self._refusal([one], inputs)
        log.warning(
            "%s exists already (id %s, made %s) and is taken over%s",
            self._label(one.wire(), one.id),
            one.id,
            _age(one.created_at),
            f", with {', '.join(patch)} changed to what the program says" if patch else " as it is",
        )
        try:
            return self._patch(one.id, patch) if patch else one
        except BaseException:
            self._held.release(one.id)
            raise

    def _post(self, inputs: Mapping[str, Any]) -> Answer:
        body = {field: inputs[field] for field in self._kind.fields if field in inputs}
        self._account.known()  # what is there before, so that what appears can be told from it
        failures = 0
        while True:
            try:
                made = self._api.create(body)
                self._make_sure_it_is_new(made, inputs)
            except VapiError as error:
                if not failures and not _leaves_doubt(error):
                    raise
                failures += 1
                found = self._find_made(inputs, error, failures)
                if found is not None:
                    log.warning(
                        "the answer to the creation of %s was lost or unusable, but it was made (id %s) and is taken over",
                        self._label(inputs),
                        found.id,
                    )
                    return found
                if isinstance(error, _MadeOtherwiseError):
                    raise VapiError(
                        f"{error}; look at that one in the dashboard, and delete it or take it over with import_, before you "
                        "run pulumi up again"
                    ) from error
                if not _leaves_doubt(error) or not _may_pass(error) or failures > self._settings.max_retries:
                    raise VapiError(f"{error.after(failures)}; it was looked for and has not been made") from error
            else:
                if failures:
                    self._warn_of_twins(inputs, made)
                return made

    def _make_sure_it_is_new(self, made: Answer, inputs: Mapping[str, Any]) -> None:
        # What an answer names becomes ours to change and to delete: it must be what was asked for, and not have been there.
        held, id_ = made.wire(), self._api.client.quote(made.id)
        if self._account.had(made.id):
            raise BadAnswerError(f"has the id {id_}, which was there before", method="POST", path=self._kind.path)
        for field in (self._kind.named_by, "credentialId"):
            # A plus more or less is the API's way of writing; other digits are another number.
            if str(held.get(field)).lstrip("+") != str(inputs.get(field)).lstrip("+"):
                raise _MadeOtherwiseError(
                    f"names a new one, {id_}, with another {field} than was sent", method="POST", path=self._kind.path
                )

    def _find_made(self, inputs: Mapping[str, Any], failure: VapiError, failures: int) -> Answer | None:
        """Look for what a POST may have made although it failed."""
        pauses_s = [backoff_s(failures)]
        if isinstance(failure, TransportError) and failure.timed_out:
            pauses_s.append(self._settings.timeout_s)  # the API may still be at work: it gets as long again
        ours: list[Answer] = []
        unreadable: list[str] = []
        try:
            for pause_s in pauses_s:
                self._sleep(pause_s)
                ours, unreadable = self._appeared(inputs)
                if ours or unreadable:
                    break
        except VapiError as error:
            raise VapiError(
                f"{failure}; whether it was made could not be found out either: {error}; run pulumi up again, which looks for "
                "it first and does not make it twice"
            ) from error
        if len(ours) > 1:
            ids = ", ".join(self._api.client.quote(one.id) for one in ours)
            raise VapiError(
                f"{failure}; since then {len(ours)} like it have appeared ({ids}) and it cannot be told which is this one; "
                "delete those that are not wanted, then run pulumi up again"
            ) from failure
        if not ours and unreadable:
            ids = ", ".join(map(self._api.client.quote, unreadable))
            raise VapiError(
                f"{failure}; since then {ids} has appeared, which cannot be read, so it cannot be told "
                "whether it is this one; look at it in the dashboard and delete it if it is, then run pulumi up again"
            ) from failure
        return ours[0] if ours else None

    def _appeared(self, inputs: Mapping[str, Any]) -> tuple[list[Answer], list[str]]:
        listed, unreadable = self._account.appeared()
        return [one for one in listed if fits(self._kind, inputs, self._state(one, inputs))], unreadable

    def _warn_of_twins(self, inputs: Mapping[str, Any], made: Answer) -> None:
        # A request that was given up can still be carried out later, where the API lets two of the same exist.
        try:
            twins = [one.id for one in self._appeared(inputs)[0] if one.id != made.id]
        except VapiError:
            return
        if twins:
            log.warning(
                "%s (id %s) may have been made twice: Vapi also has %s, just like it; delete what is not wanted",
                self._label(inputs),
                made.id,
                ", ".join(twins),
            )

    # ------------------------------------------------------------------------------------------------------------ the rest

    def _patch(self, id_: str, patch: Mapping[str, Any]) -> Answer:
        for reads in (self._refresh, self._reads_before_writes):
            reads.about_to_write(id_)
        return self._api.update(id_, patch)

    def _read_before_write(
        self, id_: str, state: Mapping[str, Any], inputs: Mapping[str, Any], patch: Mapping[str, Any], label: str
    ) -> dict[str, Any]:
        one = self._reads_before_writes.get(id_, state.get("createdAt"))
        if one is None:
            self._make_sure_it_is_gone(state)
            raise VapiError("it was deleted outside Pulumi; run pulumi refresh, after which pulumi up makes it again")
        live = self._state(one, state)
        fields = conflicts(self._kind, patch, state, inputs, live)
        if not fields:
            return live
        what = "; ".join(
            f"{field}: {show_value(state.get(field), field)} in the state, {show_value(live.get(field), field)} at Vapi, "
            f"{show_value(inputs.get(field), field)} in the program"
            for field in fields
        )
        if self._settings.on_conflict == "error":
            raise VapiError(
                f"somebody else changed what is about to be changed ({what}); nothing was overwritten: run pulumi refresh "
                "and look at the next preview, or have Vapi's value overwritten with "
                "pulumi config set vapi-byo:onConflict overwrite"
            )
        log.warning("%s: overwriting what somebody else changed (%s)", label, what)
        return live

    def _make_sure_it_is_gone(self, state: Mapping[str, Any]) -> None:
        # With the key of another organisation everything of ours is "not found", as it is behind a wrong path. Before anything
        # is given up, the list must answer, and must not show another organisation.
        org_id = state.get("orgId")
        for entry in self._api.list(limit=1):
            other = entry.get("orgId")
            if org_id and other and other != org_id:
                raise VapiError(
                    f"Vapi has none for this key, but the key is of organisation {other}, not of {org_id}; "
                    "set vapi-byo:apiKey to a key of its own organisation"
                )

    def _written(
        self, one: Answer, inputs: Mapping[str, Any], *, sent: Mapping[str, Any], kept: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        state = self._state(one, inputs)
        recorded_state = self._with_sip_uri(state | dict(kept or {}))
        # Of what is recorded: what others added to an object is not what the server filled in.
        shape = shape_of(self._kind, inputs, recorded_state)
        label = self._label(state, one.id)
        for field in differing(self._kind, inputs, state, shape):
            if field in sent:
                log.warning("%s: Vapi took the change, but now holds another %s than was sent", label, field)
            else:
                log.warning("%s: somebody else changed %s, which was left as it is; pulumi refresh shows it", label, field)
        return recorded(self._kind, recorded_state, shape)

    def _state(self, one: Answer, known: Mapping[str, Any]) -> dict[str, Any]:
        """Write what the API holds as a state; `known`, inputs or an older state, fills in what it never reads back."""
        state = one.wire()
        del state["id"]
        # An API that keeps serverUrl as server reads it back there.
        url = (state.get("server") or {}).get("url")
        if known.get("serverUrl") is not None and "serverUrl" not in state and url is not None:
            state["serverUrl"] = url
        # A secret lives as long as the address it belongs to.
        if "serverUrl" in state or known.get("serverUrl") is None:
            for path in self._kind.write_only:
                _restore(state, known, path)
        return self._with_local(self._with_sip_uri(state), known)

    def _with_sip_uri(self, state: dict[str, Any]) -> dict[str, Any]:
        credential_id = state.get("credentialId")  # a trunk has none
        uri = self._settings.sip_uri(state.get("number"), credential_id) if credential_id else None
        return state | {SIP_URI: uri} if uri else state

    def _with_local(self, state: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in state.items() if key not in LOCAL_FIELDS}
        return kept | {field: known[field] for field in LOCAL_FIELDS if field in known}

    def _write_only_roots(self) -> set[str]:
        return {path[0] for path in self._kind.write_only}

    def _label(self, values: Mapping[str, Any], id_: object = None) -> str:
        return self._kind.label(values.get(self._kind.named_by), id_)


class _MadeOtherwiseError(BadAnswerError):
    """A POST made one that is not what was asked for: made again, there would be two."""


def _restore(state: dict[str, Any], known: Mapping[str, Any], path: Sequence[str]) -> None:
    """Copy a value that is never read back from what is known, where the object it stands in still exists."""
    *parents, last = path
    for parent in parents:
        inner, known_inner = state.get(parent), known.get(parent)
        if not isinstance(inner, dict) or not isinstance(known_inner, Mapping):
            return
        state[parent] = state = dict(inner)
        known = known_inner
    if known.get(last) is not None:
        state.setdefault(last, known[last])


def _credential(one: Answer) -> str | None:
    """Return the trunk of a number; None of what is a trunk itself."""
    return getattr(one, "credential_id", None)


def _leaves_doubt(error: VapiError) -> bool:
    """Tell whether it may have been made although a POST failed."""
    if isinstance(error, TransportError):
        return error.sent
    if isinstance(error, ApiError):
        return error.status >= 500 or not error.from_api
    return isinstance(error, BadAnswerError)


def _may_pass(error: VapiError) -> bool:
    return not isinstance(error, ApiError) or error.status >= 500


def _age(created_at: str) -> str:
    try:
        made = datetime.datetime.fromisoformat(created_at.replace("Z", "+00:00"))
        days = (datetime.datetime.now(datetime.timezone.utc) - made).days
    except (ValueError, TypeError):
        return f"at {created_at}"
    return f"{days} days ago ({created_at})" if days > 1 else f"at {created_at}"
