"""The life of a number: create, read, update, delete. Knows the API and the models, and nothing of Pulumi.

A *state* is a plain dict in wire names: every input as the API holds it (unset ones are left out), the API's own ``orgId``,
``createdAt``, ``updatedAt`` and ``status``, the computed ``sipUri``, and the record `diffing.MANAGED`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .client import VapiClient
from .config import Settings
from .diffing import MANAGED, differing, managed_inputs, managed_shape, plan, shape_of
from .errors import VapiError, cannot, number_label
from .models import PROVIDER, PhoneNumber

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """A number that was read.

    Attributes:
        state: What the API holds now.
        inputs: The inputs that would make it so: where somebody changed it, these are not the program's.
    """

    state: dict[str, Any]
    inputs: dict[str, Any]


class PhoneNumberLifecycle:
    """What happens to numbers between a program and the API.

    Args:
        client: The API.
        settings: Where the API is; decides the SIP host of ``sipUri``.
    """

    def __init__(self, client: VapiClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def create(self, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make a number.

        Args:
            inputs: Normalised inputs.

        Returns:
            Its id and its state.

        Raises:
            LifecycleError: It was not made, or nobody can tell; the message says which and what to do.
        """
        try:
            number = self._client.create_phone_number({"provider": PROVIDER, **inputs})
        except VapiError as error:
            raise cannot("create", number_label(inputs.get("number")), error) from error
        return number.id, self._state_after_write(number, inputs, verb="POST")

    def read(self, id_: str, state: Mapping[str, Any]) -> Found | None:
        """Look at a number.

        Args:
            id_: Its id.
            state: The state that was last known; empty for a number that is looked up and not managed.

        Returns:
            What is there now, or None where the number is gone.

        Raises:
            LifecycleError: It could not be read, which says nothing about whether it exists; or, with an empty state, it
                does not exist.
        """
        label = number_label(state.get("number"), id_)
        try:
            number = self._client.get_phone_number(id_)
            if number is None and state.get("orgId"):
                self._make_sure_it_is_gone(state)
        except VapiError as error:
            raise cannot("read", label, error) from error
        if number is None:
            if not state.get("orgId"):
                raise cannot("read", label, "there is none in this organisation; check the id, vapi:apiKey and vapi:region")
            return None
        found = self._state(number, state)
        found[MANAGED] = managed_shape(state)
        return Found(found, managed_inputs(state, found))

    def update(self, id_: str, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Bring a number to what the program says, in place.

        Args:
            id_: Its id.
            state: The state that was last known.
            inputs: Normalised inputs.

        Returns:
            The new state.

        Raises:
            LifecycleError: It was not changed, or nobody can tell; trying again is safe.
        """
        patch = plan(state, inputs).patch
        if not patch:
            # Only the record of what the program sets can differ, or how it spells the server: nothing for the API to do.
            kept = {key: value for key, value in state.items() if key in inputs or key not in ("serverUrl", "serverUrlSecret")}
            return {**kept, **inputs, MANAGED: shape_of(inputs, state)}
        try:
            number = self._client.update_phone_number(id_, patch)
        except VapiError as error:
            raise cannot("update", number_label(state.get("number"), id_), error) from error
        return self._state_after_write(number, inputs, verb="PATCH")

    def delete(self, id_: str, state: Mapping[str, Any]) -> None:
        """Delete a number; one that is gone already is no failure.

        Args:
            id_: Its id.
            state: The state that was last known.

        Raises:
            LifecycleError: It was not deleted, or nobody can tell; trying again is safe.
        """
        try:
            if not self._client.delete_phone_number(id_):
                self._make_sure_it_is_gone(state)
                log.info("%s was gone already", number_label(state.get("number"), id_))
        except VapiError as error:
            raise cannot("delete", number_label(state.get("number"), id_), error) from error

    def _make_sure_it_is_gone(self, state: Mapping[str, Any]) -> None:
        # With the key of another organisation every number of ours is "not found", as it is behind a wrong path. Before a
        # number is given up, the list must answer, and must not show another organisation.
        org_id = state.get("orgId")
        for entry in self._client.list_phone_numbers(limit=1):
            other = entry.get("orgId")
            if org_id and other and other != org_id:
                raise VapiError(
                    f"Vapi has no such number for this key, but the key is of organisation {other} and the number of {org_id}; "
                    "set vapi:apiKey to a key of the number's own organisation"
                )

    def _state_after_write(self, number: PhoneNumber, inputs: Mapping[str, Any], *, verb: str) -> dict[str, Any]:
        state = self._state(number, inputs)
        shape = shape_of(inputs, state)
        for field in differing(inputs, state, shape):
            log.warning("Vapi took the %s of %s, but now holds another %s", verb, number_label(number.number), field)
        state[MANAGED] = shape
        return state

    def _state(self, number: PhoneNumber, known: Mapping[str, Any]) -> dict[str, Any]:
        state = number.wire()
        del state["provider"], state["id"]
        # An API that keeps serverUrl as server reads it back there; the secret it may never read back at all.
        if known.get("serverUrl") is not None and "serverUrl" not in state and state.get("server"):
            url = state["server"].get("url")
            if url is not None:
                state["serverUrl"] = url
        if known.get("serverUrlSecret") is not None and state.get("serverUrl") is not None:
            state.setdefault("serverUrlSecret", known["serverUrlSecret"])
        if number.number is not None:
            state["sipUri"] = f"{number.number}@{number.credential_id}.{self._settings.sip_host}"
        return state
