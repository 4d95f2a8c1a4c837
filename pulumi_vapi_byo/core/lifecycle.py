"""The life of a resource: create, read, update, delete, adopt. Knows the API and the models, and nothing of Pulumi.

A *state* is a plain dict in wire names: every input as the API holds it (unset ones are left out), the API's own ``orgId``,
``createdAt``, ``updatedAt`` and ``status``, our own ``deletionProtection``, and the record `wire.MANAGED`; of a number also
the computed ``sipUri``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pulumi_vapi_byo.api.client import Collection
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.errors import (
    MAX_API_TEXT,
    WHICH_IS_LEFT_OUT,
    BadAnswerError,
    OutdatedError,
    VapiError,
    cannot,
    show_fields,
    show_path,
    show_value,
    with_settings_of_the_state,
)
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.wire import ADDITIONAL, LOCAL_FIELDS, SECRET_FIELDS, as_spelled, secrets_in

from .absence import Absence
from .account import Account
from .batched_reads import BatchedReads
from .claims import TAKEN_OVER, Claims
from .creation import Creation
from .diff import (
    Path,
    conflicts,
    differences,
    differing,
    filled_in,
    managed_inputs,
    managed_shape,
    plan,
    recorded,
    shape_of,
    still_filled_in,
    unknown_in,
    unmanaged,
    with_unknown,
)
from .states import States
from .twins import Twins

if TYPE_CHECKING:
    from pulumi_vapi_byo.kinds.models import Answer

log = logging.getLogger(__name__)


#: Most differences that one sentence names.
MAX_DIFFERENCES: Final = 5


@dataclass(frozen=True)
class Found:
    """What was read.

    Attributes:
        state: What the API holds now.
        inputs: The inputs that would make it so: where somebody changed it, these are not the program's.
        clears_what_is_left_out: Whether what somebody set in fields that the program leaves out is among the inputs.
    """

    state: dict[str, Any]
    inputs: dict[str, Any]
    clears_what_is_left_out: bool = False


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
        held: Claims,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._kind = kind
        self._api = collection
        self._settings = settings
        self._held = held
        self._twins = Twins(kind, held)
        self._account = Account(kind, collection, self._twins)
        self._refresh = BatchedReads(kind, collection, twins=self._twins)
        self._absence = Absence(kind, collection, sleep=sleep)
        self._states = States(kind, settings)
        self._creation = Creation(
            kind, collection, settings, held, self._account, self._states, self._twins, patch=self._patch, sleep=sleep
        )

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
            one = self._creation.create(inputs)
        except VapiError as error:
            raise cannot("create", self._label(inputs), error) from error
        filled = {} if self._creation.has_taken_over(one.id) else filled_in(self._kind, inputs, one.wire())
        return one.id, self._written(one, inputs, filled, sent=inputs)

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
        live = self._states.of(one, inputs)
        # What an object holds beyond the program's, and the program could say, it would seem to want gone.
        differs = list(differences(self._kind, inputs, live, shape_of(self._kind, inputs, {})))
        if differs:
            self._held.release(id_)
            raise cannot(
                "import",
                label,
                f"the program says otherwise ({self._show_differences(differs)}); write what Vapi has, change it afterwards",
            )
        shape = shape_of(self._kind, inputs, live)
        self._warn_of_the_unknown(label, unknown_in(shape))
        return recorded(self._kind, live, shape)

    def have_unchanged(self, id_: str) -> None:
        """Take note of one that the program has and leaves as it is."""
        self._twins.ours(id_)

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
            if one is None and state.get("orgId"):
                is_unlisted = self._refresh.lack(id_, state.get("orgId"))
                one = self._absence.prove(id_, state, lambda: self._api.get(id_), is_unlisted=is_unlisted)
        except VapiError as error:
            raise cannot("read", label, with_settings_of_the_state(error)) from error
        if one is None:
            if not state.get("orgId"):
                raise cannot(
                    "read", label, "there is none in this organisation; check the id, vapi-byo:apiKey and vapi-byo:region"
                )
            return None
        live = self._states.of(one, state)
        # The record of one that is only looked up is empty.
        shape = still_filled_in(managed_shape(self._kind, state), state, live) if state.get("orgId") else {}
        known = set(unknown_in(shape))
        shape = with_unknown(shape, live)
        self._warn_of_the_unknown(label, [path for path in unknown_in(shape) if path not in known])
        found = recorded(self._kind, live, shape)
        inputs = managed_inputs(self._kind, found, live) | {field: live[field] for field in LOCAL_FIELDS if field in live}
        if not shape:
            return Found(found, inputs)
        self._twins.ours(id_, one.wire())
        others = unmanaged(self._kind, live, shape)
        if self._settings.on_omitted == "clear":
            return Found(found, inputs | others, clears_what_is_left_out=True)
        self._warn_of_diversion(label, others)
        return Found(found, inputs)

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
            one, patch = self._write(id_, state, inputs, label)
        except VapiError as error:
            raise cannot("update", label, error) from error
        if one is not None:
            self._account.add(one)
            self._twins.ours(id_, one.wire())
        filled = {
            field: shape
            for field, shape in managed_shape(self._kind, state).items()
            if shape is False and inputs.get(field) is None and field not in patch
        }
        if one is None:
            # Only what is ours differs, or how the program spells the server: there is nothing for the API to do.
            kept = {key: value for key, value in state.items() if key not in self._kind.api_fields or key in (*inputs, *filled)}
            return recorded(
                self._kind,
                self._states.with_local(self._states.with_sip_uri(kept), inputs),
                shape_of(self._kind, inputs, state) | filled,
            )
        return self._written(one, inputs, filled, sent=patch, old=state)

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
            if not self._was_deleted(id_) and not self._absence.prove(id_, state, lambda: self._was_deleted(id_) or None):
                log.info("%s (id %s) was gone already", label, id_)
        except VapiError as error:
            raise cannot("delete", label, with_settings_of_the_state(error)) from error
        self._account.remove(id_)
        self._twins.gone(id_)

    def _write(
        self, id_: str, state: Mapping[str, Any], inputs: Mapping[str, Any], label: str
    ) -> tuple[Answer | None, dict[str, Any]]:
        """Send what differs, if anything; what the API holds afterwards and what was sent."""
        patch = plan(self._kind, state, inputs).patch
        if not patch:
            return None, patch
        self._make_sure_it_is_free(id_, patch, inputs)
        if self._settings.on_conflict == "unchecked":
            return self._patch(id_, patch), patch
        for _ in range(self._settings.max_retries + 1):
            live = self._read_before_write(id_, state, inputs, patch, label)
            patch = plan(self._kind, state, inputs, live).patch
            if not patch:
                return None, patch
            try:
                return self._patch(id_, patch, looked=True), patch
            except OutdatedError as error:
                outdated = error
        raise outdated

    def _patch(self, id_: str, patch: Mapping[str, Any], *, looked: bool = False) -> Answer:
        self._refresh.about_to_write(id_)
        try:
            return self._api.update(id_, patch, looked=looked)
        except BadAnswerError as error:
            return self._settled(id_, patch, error)

    def _settled(self, id_: str, patch: Mapping[str, Any], failure: BadAnswerError) -> Answer:
        """Find out by a read what a change has done that was taken, but whose answer cannot be used."""
        try:
            one = self._api.get(id_)
        except VapiError as error:
            raise VapiError(
                f"{failure}; whether it was changed could not be found out either: {error}; run pulumi refresh, then pulumi up"
            ) from error
        live = {} if one is None else self._states.of(one, patch)
        sent = {field: value for field, value in patch.items() if value is not None}
        left = [field for field, value in patch.items() if value is None and live.get(field)]
        if one is None or left or differing(self._kind, sent, live, shape_of(self._kind, sent, live)):
            raise VapiError(f"{failure}; a read shows that it was not changed; run pulumi up again") from failure
        return one

    def _was_deleted(self, id_: str) -> bool:
        """Delete one; False where the API says that there was none."""
        try:
            return self._api.delete(id_)
        except BadAnswerError as error:
            if self._api.get(id_) is not None:
                raise VapiError(f"{error}; a read shows that it was not deleted; try again") from error
            return True

    def _make_sure_it_is_free(self, id_: str, patch: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
        """Refuse digits that another one still has: the API would, in words that help nobody, or would have them twice."""
        identity = self._kind.identity_of(inputs) if self._kind.identity in patch else None
        if not identity or self._settings.on_existing == "allow":
            return
        for other in self._account.known_as(identity):
            if other.id != id_ and other.credential_id == inputs.get("credentialId"):
                raise VapiError(
                    f"the number with id {self._api.client.quote(other.id)} has these digits, and nothing was sent; if it gets "
                    "others in this very run, run pulumi up again; if it is to be deleted, run pulumi destroy --target URN "
                    "first; to swap two numbers, swap all their other arguments instead"
                )

    def _read_before_write(
        self, id_: str, state: Mapping[str, Any], inputs: Mapping[str, Any], patch: Mapping[str, Any], label: str
    ) -> dict[str, Any]:
        one = self._api.look(id_) or self._absence.prove(id_, state, lambda: self._api.look(id_))
        if one is None:
            raise VapiError("it was deleted outside Pulumi; run pulumi refresh, after which pulumi up makes it again")
        live = self._states.of(one, state)
        fields = conflicts(self._kind, patch, state, inputs, live)
        if not fields:
            return live
        what = "; ".join(
            f"{field}: {show_value(state.get(field), field)} in the state, {self._at_vapi(live, field)} at Vapi, "
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

    def _written(
        self,
        one: Answer,
        inputs: Mapping[str, Any],
        filled: dict[str, Any],
        *,
        sent: Mapping[str, Any],
        old: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        state = self._states.of(one, inputs)
        kept = dict(state)
        # What others changed elsewhere is for a refresh to find: taken into the state here, it would be undone in silence.
        if old is not None:
            untouched = [field for field in self._kind.api_fields if field in inputs and field not in sent]
            kept = {field: kept[field] for field in kept if field not in untouched}
            kept |= {field: old[field] for field in untouched if field in old}
        recorded_state = self._states.with_sip_uri(kept)
        # Of what is recorded: what others added to an object is not what the server filled in.
        shape = shape_of(self._kind, inputs, recorded_state) | filled
        label = self._label(state, one.id)
        for field in differing(self._kind, inputs, state, shape):
            if field in sent:
                log.warning("%s: Vapi took the change, but now holds another %s than was sent", label, field)
            else:
                log.warning("%s: somebody else changed %s, which was left as it is; pulumi refresh shows it", label, field)
        return recorded(self._kind, recorded_state, shape)

    def _warn_of_diversion(self, label: str, others: Mapping[str, Any]) -> None:
        held = {field: others[field] for field in self._kind.routing if field in others}
        if held.get("serverUrl") == held.get("server", {}).get("url"):
            held.pop("serverUrl", None)  # the same in its older spelling
        if held:
            cleared = ", ".join(dict.fromkeys(self._kind.said_to_be_none(field) for field in held))
            log.warning(
                "%s: Vapi has %s, %s: calls may go where the program does not say; write it into the program, or have it "
                "cleared, by an empty value (%s) or all at once by pulumi config set vapi-byo:onOmitted clear",
                label,
                self._api.client.quote(show_fields(held), MAX_API_TEXT),
                WHICH_IS_LEFT_OUT,
                cleared,
            )

    def _show_differences(self, differs: Sequence[tuple[Path, Any, Any]]) -> str:
        """Say where the program and Vapi differ and how, in the program's spelling."""
        shown = [
            f"{show_path(as_spelled(path))}: {self._api.client.quote(_discreet(held, path), 80)} at Vapi, "
            f"{_discreet(wanted, path)} in the program"
            for path, wanted, held in differs[:MAX_DIFFERENCES]
        ]
        more = len(differs) - len(shown)
        return "; ".join(shown + ([f"and {more} more"] if more else []))

    def _warn_of_the_unknown(self, label: str, paths: Sequence[Path]) -> None:
        if paths:
            log.warning(
                "%s: Vapi has %s, which this version does not know and the program does not say: it stays as it is, whatever "
                "changes beside it",
                label,
                self._api.client.quote(", ".join(show_path(as_spelled(path)) for path in paths), MAX_API_TEXT),
            )

    def _at_vapi(self, live: Mapping[str, Any], field: str) -> str:
        return self._api.client.quote(show_value(live.get(field), field), 80)

    def _label(self, values: Mapping[str, Any], id_: object = None) -> str:
        return self._kind.label(values.get(self._kind.named_by), id_)


def _discreet(value: Any, path: Path) -> str:
    """Write a value for a message, unless it is a secret or stands in what may be one."""
    hidden = next((str(part) for part in path if part in SECRET_FIELDS or part == ADDITIONAL), "")
    return show_value(value, hidden or str(path[-1]))
