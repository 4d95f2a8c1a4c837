"""Change a resource to what the program says, without overwriting what somebody else changed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pulumi_vapi_byo.errors import BadAnswerError, OutdatedError, VapiError, show_value

from .absence import Absence
from .claims import TAKEN_OVER
from .diff import conflicts, differing, managed_shape, plan, recorded, shape_of
from .run import Run

if TYPE_CHECKING:
    from pulumi_vapi_byo.kinds.models import Answer

log = logging.getLogger(__name__)


class Updating:
    """Changes resources of one kind in place. Safe for several threads.

    Args:
        run: What is shared during the run.
        absence: Proves that a resource that is not found is gone.
    """

    def __init__(self, run: Run, absence: Absence) -> None:
        self._run = run
        self._kind = run.kind
        self._api = run.collection
        self._settings = run.settings
        self._account = run.account
        self._states = run.states
        self._absence = absence

    def update(self, id_: str, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Change a resource, as far as it differs.

        Args:
            id_: Its id.
            state: The last known state.
            inputs: Normalised inputs.

        Returns:
            The new state.

        Raises:
            VapiError: It was not changed, or that cannot be determined; trying again is safe.
        """
        if not self._run.claims.keep(id_):
            raise VapiError(TAKEN_OVER)
        one, patch = self._write(id_, state, inputs)
        if one is not None:
            self._account.add(one)
            self._run.twins.ours(id_, one.wire())
        filled = {
            field: shape
            for field, shape in managed_shape(self._kind, state).items()
            if shape is False and inputs.get(field) is None and field not in patch
        }
        if one is None:
            # Only fields of our own differ, or the spelling of the server: there is nothing to send.
            kept = {key: value for key, value in state.items() if key not in self._kind.api_fields or key in (*inputs, *filled)}
            return recorded(
                self._kind,
                self._states.with_local(self._states.with_computed(kept), inputs),
                shape_of(self._kind, inputs, state) | filled,
            )
        return self.written(one, inputs, filled, sent=patch, old=state)

    def _write(self, id_: str, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> tuple[Answer | None, dict[str, Any]]:
        """Send what differs; return what the API holds afterwards (None if nothing was sent), and what was sent."""
        patch = plan(self._kind, state, inputs).patch
        if not patch:
            return None, patch
        self._make_sure_it_is_free(id_, patch, inputs)
        if self._settings.on_conflict == "unchecked":
            return self.patch(id_, patch), patch
        for _ in range(self._settings.max_retries + 1):
            live = self._read_before_write(id_, state, inputs, patch)
            patch = plan(self._kind, state, inputs, live).patch
            if not patch:
                return None, patch
            try:
                return self.patch(id_, patch, looked=True), patch
            except OutdatedError as error:
                outdated = error
        raise outdated

    def patch(self, id_: str, patch: Mapping[str, Any], *, looked: bool = False) -> Answer:
        """Send a change.

        Args:
            id_: Its id.
            patch: Wire names to new values; null clears.
            looked: Whether it was read just before; then nothing is sent once that read is out of date.

        Returns:
            What the API holds afterwards.
        """
        self._run.reads.about_to_write(id_)
        try:
            return self._api.update(id_, patch, looked=looked)
        except BadAnswerError as error:
            return self._settled(id_, patch, error)

    def _settled(self, id_: str, patch: Mapping[str, Any], failure: BadAnswerError) -> Answer:
        """Read what a change has done if the API accepted it but its answer is unusable."""
        try:
            one = self._api.get(id_)
        except VapiError as error:
            raise VapiError(
                f"{failure}; whether it was changed could not be determined either: {error}; run pulumi refresh, then pulumi up"
            ) from error
        live = {} if one is None else self._states.of(one, patch)
        sent = {field: value for field, value in patch.items() if value is not None}
        left = [field for field, value in patch.items() if value is None and live.get(field)]
        if one is None or left or differing(self._kind, sent, live, shape_of(self._kind, sent, live)):
            raise VapiError(f"{failure}; a read shows that it was not changed; run pulumi up again") from failure
        return one

    def _make_sure_it_is_free(self, id_: str, patch: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
        """Refuse digits that another number still has: the API's error would help nobody, or it would allow a duplicate."""
        identity = self._kind.identity_of(inputs) if self._kind.identity in patch else None
        if not identity or self._settings.on_existing == "allow":
            return
        for other in self._account.known_as(identity):
            if other.id != id_ and other.parent_id == self._kind.parent_of(inputs):
                raise VapiError(
                    f"the number with id {self._run.quote(other.id)} already has these digits, so nothing was sent; "
                    "if this run gives it other digits, run pulumi up again; if it should be deleted, run pulumi destroy "
                    "--target URN first; to swap two numbers, swap all their other arguments instead"
                )

    def _read_before_write(
        self, id_: str, state: Mapping[str, Any], inputs: Mapping[str, Any], patch: Mapping[str, Any]
    ) -> dict[str, Any]:
        one = self._api.look(id_) or self._absence.prove(id_, state, lambda: self._api.look(id_))
        if one is None:
            raise VapiError("it was deleted outside Pulumi; run pulumi refresh, after which pulumi up creates it again")
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
        log.warning("%s: overwriting what somebody else changed (%s)", self._run.label(state, id_), what)
        return live

    def written(
        self,
        one: Answer,
        inputs: Mapping[str, Any],
        filled: dict[str, Any],
        *,
        sent: Mapping[str, Any],
        old: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the state of a resource that was created or changed.

        Args:
            one: What the API holds.
            inputs: Normalised inputs.
            filled: Shape of what the server filled in by itself.
            sent: What was sent.
            old: The state before; None if it was created or taken over.
        """
        state = self._states.of(one, inputs)
        kept = dict(state)
        # Other people's changes are left for a refresh to find: in the state, the next update would silently undo them.
        if old is not None:
            untouched = [field for field in self._kind.api_fields if field in inputs and field not in sent]
            kept = {field: kept[field] for field in kept if field not in untouched}
            kept |= {field: old[field] for field in untouched if field in old}
        recorded_state = self._states.with_computed(kept)
        # From the recorded state: what others added to an object was not filled in by the server.
        shape = shape_of(self._kind, inputs, recorded_state) | filled
        label = self._run.label(state, one.id)
        for field in differing(self._kind, inputs, state, shape):
            if field in sent:
                log.warning("%s: Vapi accepted the change, but now has a different %s than was sent", label, field)
            else:
                log.warning("%s: somebody else changed %s, which was left as it is; pulumi refresh shows it", label, field)
        return recorded(self._kind, recorded_state, shape)

    def _at_vapi(self, live: Mapping[str, Any], field: str) -> str:
        return self._run.quote(show_value(live.get(field), field), 80)
