"""How what the API holds is written as a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.wire import ADDITIONAL, LOCAL_FIELDS, MANAGED, SIP_URI

if TYPE_CHECKING:
    from pulumi_vapi_byo.kinds.models import Answer


class States:
    """Writes the states of one kind of resource.

    Args:
        kind: The kind of resource.
        settings: Where the API is, which a number's address depends on.
    """

    def __init__(self, kind: Kind, settings: Settings) -> None:
        self._kind = kind
        self._settings = settings

    def of(self, one: Answer, known: Mapping[str, Any]) -> dict[str, Any]:
        """Write what the API holds as a state; `known`, inputs or an older state, fills in what it never reads back."""
        state = one.wire()
        del state["id"]
        # An API may write numbers without their plus: the same digits stay as the program writes them, and are no drift.
        if self._kind.identity and self._kind.identity_of(state) == self._kind.identity_of(known) is not None:
            state[self._kind.identity] = known[self._kind.identity]
        unknown = one.unknown()
        additional = {name: unknown[name] for name in _additional_names(known) if name in unknown}
        if additional:
            state[ADDITIONAL] = additional
        # An API that keeps serverUrl as server reads it back there.
        url = (state.get("server") or {}).get("url")
        if known.get("serverUrl") is not None and "serverUrl" not in state and url is not None:
            state["serverUrl"] = url
        # A secret lives as long as the address it belongs to.
        if "serverUrl" in state or known.get("serverUrl") is None:
            for path in self._kind.write_only:
                _restore(state, known, path)
        return self.with_local(self.with_sip_uri(state), known)

    def with_sip_uri(self, state: dict[str, Any]) -> dict[str, Any]:
        """Add the address that a number's carrier has to call."""
        uri = self._settings.sip_uri(state.get("number"), state.get("credentialId"))  # a trunk has neither
        return state | {SIP_URI: uri} if uri else state

    def with_local(self, state: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
        """Take the fields that are ours alone from what is known."""
        kept = {key: value for key, value in state.items() if key not in LOCAL_FIELDS}
        return kept | {field: known[field] for field in LOCAL_FIELDS if field in known}


def _additional_names(known: Mapping[str, Any]) -> list[str]:
    """Find the fields of the API's that the program has set by their own names, those too that have gone since."""
    recorded = known.get(MANAGED)
    set_now, set_once = (values.get(ADDITIONAL) for values in (known, recorded if isinstance(recorded, Mapping) else {}))
    return sorted({*(set_now or ()), *(set_once or ())})


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
