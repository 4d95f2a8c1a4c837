"""The life of a resource: create, read, update, delete, adopt. Knows the API and the models, but nothing of Pulumi.

A *state* is a plain dict in wire names: every input as the API holds it (unset inputs are left out), the API's own ``orgId``,
``createdAt``, ``updatedAt`` and ``status``, our own ``deletionProtection``, the record `wire.MANAGED`, and whatever the kind
computes from the rest.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from pulumi_vapi_byo.api.client import Collection
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.errors import BadAnswerError, VapiError, cannot, with_settings_of_the_state
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.wire import DELETION_PROTECTION, secrets_in

from .absence import Absence
from .adoption import Adoption
from .claims import Claims
from .creation import Creation
from .diff import filled_in
from .reading import Found, Reading
from .run import Run
from .updating import Updating

log = logging.getLogger(__name__)


class Lifecycle:
    """What happens between a program and the API to resources of one kind. Safe for several threads.

    Args:
        kind: The kind of resource.
        collection: Its API calls.
        settings: Where the API is, and what to do about existing resources and other people's changes.
        claims: Ids that resources of the running program have; creates and updates add theirs.
        sleep: Waits for a number of seconds; replaced in tests.
    """

    def __init__(
        self,
        kind: Kind,
        collection: Collection,
        settings: Settings,
        claims: Claims,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._run = Run(kind, collection, settings, claims, sleep)
        self._kind = kind
        self._api = collection
        self._absence = Absence(kind, collection, sleep=sleep)
        self._reading = Reading(self._run, self._absence)
        self._updating = Updating(self._run, self._absence)
        self._adoption = Adoption(self._run, self._updating.patch)
        self._creation = Creation(self._run, self._adoption)

    def create(self, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Create a resource, or take over an existing one if the settings say so.

        Args:
            inputs: Normalised inputs.

        Returns:
            Its id and its state.

        Raises:
            LifecycleError: It was not created, or that cannot be determined; the message says which and what to do.
        """
        self._api.client.never_show(secrets_in(inputs))
        try:
            one = self._creation.create(inputs)
        except VapiError as error:
            raise cannot("create", self._run.label(inputs), error) from error
        filled = {} if self._adoption.has_taken_over(one.id) else filled_in(self._kind, inputs, one.wire())
        return one.id, self._updating.written(one, inputs, filled, sent=inputs)

    def adopt(self, id_: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Take over an existing resource, without writing anything.

        Args:
            id_: Its id.
            inputs: Normalised inputs, which must match what the API holds. Write-only fields cannot be compared.

        Returns:
            Its state.

        Raises:
            LifecycleError: It does not exist, another resource has it, or it differs from the inputs; the message says how.
        """
        self._api.client.never_show(secrets_in(inputs))
        try:
            return self._adoption.by_id(id_, inputs)
        except VapiError as error:
            raise cannot("import", self._run.label(inputs, id_), error) from error

    def have_unchanged(self, id_: str) -> None:
        """Record a resource that the program has and leaves as it is."""
        self._run.twins.ours(id_)

    def has_deleted(self, id_: str) -> bool:
        """Return whether this run deleted a resource: then it can be created again, but not taken over."""
        return self._run.account.has_removed(id_)

    def read(self, id_: str, state: Mapping[str, Any]) -> Found | None:
        """Read a resource.

        Args:
            id_: Its id.
            state: The last known state; empty for a resource that is only looked up, not managed.

        Returns:
            What is there now, or None if it is gone.

        Raises:
            LifecycleError: It could not be read, which says nothing about whether it exists; or, with an empty state, it
                does not exist.
        """
        self._api.client.never_show(secrets_in(state))
        is_managed = bool(state.get("orgId"))
        try:
            return self._reading.read(id_, state) if is_managed else self._reading.look_up(id_)
        except VapiError as error:
            raise cannot("read", self._run.label(state, id_), with_settings_of_the_state(error)) from error

    def take_in(self, id_: str) -> Found:
        """Read a resource that is managed from now on, with everything that a program can say about it.

        Args:
            id_: Its id.

        Returns:
            What is there now.

        Raises:
            LifecycleError: It could not be read, does not exist, or cannot be declared.
        """
        try:
            return self._reading.take_in(id_)
        except VapiError as error:
            raise cannot("read", self._run.label({}, id_), error) from error

    def update(self, id_: str, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Change a resource in place to what the program says.

        Args:
            id_: Its id.
            state: The last known state.
            inputs: Normalised inputs.

        Returns:
            The new state.

        Raises:
            LifecycleError: It was not changed, or that cannot be determined; trying again is safe.
        """
        self._api.client.never_show(secrets_in([state, inputs]))
        try:
            return self._updating.update(id_, state, inputs)
        except VapiError as error:
            raise cannot("update", self._run.label(state, id_), error) from error

    def delete(self, id_: str, state: Mapping[str, Any]) -> None:
        """Delete a resource; if it is already gone, that is no failure.

        Args:
            id_: Its id.
            state: The last known state.

        Raises:
            LifecycleError: It was not deleted, or that cannot be determined; trying again is safe.
        """
        self._api.client.never_show(secrets_in(state))
        label = self._run.label(state, id_)
        if id_ in self._run.claims:
            log.warning("%s (id %s) was not deleted: another resource of this program has it", label, id_)
            return
        if state.get(DELETION_PROTECTION):
            raise cannot(
                "delete",
                label,
                "it has deletion_protection; to delete it, set deletion_protection=False, run pulumi up, then try again",
            )
        try:
            self._run.reads.about_to_write(id_)
            if not self._was_deleted(id_) and not self._absence.prove(id_, state, lambda: self._was_deleted(id_) or None):
                log.info("%s (id %s) was gone already", label, id_)
        except VapiError as error:
            raise cannot("delete", label, with_settings_of_the_state(error)) from error
        self._run.account.remove(id_)
        self._run.twins.gone(id_)

    def _was_deleted(self, id_: str) -> bool:
        """Delete a resource; return False if the API says that it did not exist."""
        try:
            return self._api.delete(id_)
        except BadAnswerError as error:
            if self._api.get(id_) is not None:
                raise VapiError(f"{error}; a read shows that it was not deleted; try again") from error
            return True
