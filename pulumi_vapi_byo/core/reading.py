"""Read what exists now, for a refresh or a look-up, and what became of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_vapi_byo.errors import MAX_API_TEXT, WHICH_IS_LEFT_OUT, VapiError, show_path
from pulumi_vapi_byo.wire import LOCAL_FIELDS, as_spelled

from .absence import Absence
from .diff import managed_inputs, managed_shape, recorded, shape_of, still_filled_in, unknown_in, unmanaged, with_unknown
from .importing import inputs_of, without_secrets
from .run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """The result of a read.

    Attributes:
        state: What the API holds now.
        inputs: The inputs that would produce it; they differ from the program's if somebody changed it.
        clears_what_is_left_out: Whether the inputs include what somebody set in fields that the program leaves out.
    """

    state: dict[str, Any]
    inputs: dict[str, Any]
    clears_what_is_left_out: bool = False


class Reading:
    """Reads resources of one kind. Safe for several threads.

    Args:
        run: What is shared during the run.
        absence: Proves that a resource that is not found is gone.
    """

    def __init__(self, run: Run, absence: Absence) -> None:
        self._run = run
        self._kind = run.kind
        self._api = run.collection
        self._states = run.states
        self._absence = absence

    def read(self, id_: str, state: Mapping[str, Any]) -> Found | None:
        """Read a managed resource.

        Args:
            id_: Its id.
            state: The last known state.

        Returns:
            What is there now, or None if it is gone.

        Raises:
            VapiError: It could not be read, which says nothing about whether it exists.
        """
        one = self._run.reads.get(id_, state.get("createdAt"))
        if one is None:
            is_unlisted = self._run.reads.lack(id_, state.get("orgId"))
            one = self._absence.prove(id_, state, lambda: self._api.get(id_), is_unlisted=is_unlisted)
        if one is None:
            return None
        live = self._states.of(one, state)
        shape = still_filled_in(managed_shape(self._kind, state), state, live)
        known = set(unknown_in(shape))
        shape = with_unknown(shape, live)
        label = self._run.label(state, id_)
        self._run.warn_of_the_unknown(label, [path for path in unknown_in(shape) if path not in known])
        found = recorded(self._kind, live, shape)
        inputs = managed_inputs(self._kind, found, live) | _local(live)
        if not shape:
            return Found(found, inputs)
        self._run.twins.ours(id_, one.wire())
        others = unmanaged(self._kind, live, shape)
        if self._run.settings.on_omitted == "clear":
            return Found(found, inputs | others, clears_what_is_left_out=True)
        self._warn_of_diversion(label, others)
        return Found(found, inputs)

    def look_up(self, id_: str) -> Found:
        """Read a resource that is not managed.

        Args:
            id_: Its id.

        Returns:
            What is there now.

        Raises:
            VapiError: It could not be read, or does not exist.
        """
        one = self._api.existing(id_)  # not from the list: it may be newer
        return Found(recorded(self._kind, self._states.of(one, {}), {}), {})

    def take_in(self, id_: str) -> Found:
        """Read a resource that is managed from now on, with everything that a program can say about it.

        Args:
            id_: Its id.

        Returns:
            What is there now.

        Raises:
            VapiError: It could not be read, does not exist, or cannot be declared.
        """
        one = self._api.existing(id_)
        try:
            everything, left_out = inputs_of(self._kind, one)
        except ValueError as error:
            raise VapiError(f"it cannot be declared: {error}") from None
        # The engine generates code from these inputs, with secrets in clear.
        inputs, secrets = without_secrets(everything)
        label = self._run.label(inputs, id_)
        for why in left_out:
            log.warning("%s: %s", label, why)
        for path in secrets:
            log.warning("%s: %s is a secret, and left out of the code; what Vapi has stays", label, show_path(as_spelled(path)))
        live = self._states.of(one, inputs)
        return Found(recorded(self._kind, live, shape_of(self._kind, inputs, live)), inputs)

    def _warn_of_diversion(self, label: str, others: Mapping[str, Any]) -> None:
        held = self._kind.diverts(others)
        if held:
            cleared = ", ".join(dict.fromkeys(self._kind.said_to_be_none(field) for field in held))
            log.warning(
                "%s: Vapi has %s, %s: calls may go elsewhere than the program says; add it to the program, or clear it with "
                "an empty value (%s), or clear all such fields with pulumi config set vapi-byo:onOmitted clear",
                label,
                self._run.quote(self._kind.show_fields(held), MAX_API_TEXT),
                WHICH_IS_LEFT_OUT,
                cleared,
            )


def _local(state: Mapping[str, Any]) -> dict[str, Any]:
    return {field: state[field] for field in LOCAL_FIELDS if field in state}
