"""Turn what the API holds into a state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.wire import ADDITIONAL, LOCAL_FIELDS, MANAGED

if TYPE_CHECKING:
    from pulumi_vapi_byo.kinds.models import Answer


class States:
    """Builds the states of one kind of resource.

    Args:
        kind: The kind of resource.
        settings: The region, which computed values depend on.
    """

    def __init__(self, kind: Kind, settings: Settings) -> None:
        self._kind = kind
        self._settings = settings

    def of(self, one: Answer, known: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the API holds as a state; `known`, inputs or an older state, supplies what the API never reads back."""
        state = one.wire()
        del state["id"]
        # An API may drop the plus of a number: the same digits stay as the program spells them, and are no drift.
        if self._kind.identity and self._kind.identity_of(state) == self._kind.identity_of(known) is not None:
            state[self._kind.identity] = known[self._kind.identity]
        unknown = one.unknown()
        additional = {name: unknown[name] for name in _additional_names(known) if name in unknown}
        if additional:
            state[ADDITIONAL] = additional
        self._kind.read_back(state, known)
        return self.with_local(self.with_computed(state), known)

    def with_computed(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return the state with what is computed from the rest."""
        return state | self._kind.compute(state, self._settings.region)

    def with_local(self, state: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
        """Return the state with the fields that exist only on our side, from what is known."""
        kept = {key: value for key, value in state.items() if key not in LOCAL_FIELDS}
        return kept | {field: known[field] for field in LOCAL_FIELDS if field in known}


def _additional_names(known: Mapping[str, Any]) -> list[str]:
    """Return the API fields that the program set as additional properties, including those that are gone since."""
    recorded = known.get(MANAGED)
    set_now, set_once = (values.get(ADDITIONAL) for values in (known, recorded if isinstance(recorded, Mapping) else {}))
    return sorted({*(set_now or ()), *(set_once or ())})
