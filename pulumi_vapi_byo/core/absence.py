"""Prove that a resource is gone before a 404 changes anything."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from pulumi_vapi_byo.api.client import Collection, moment_of
from pulumi_vapi_byo.api.throttle import LOOK_FOR_S, pauses_s
from pulumi_vapi_byo.errors import ApiError, BadAnswerError, VapiError
from pulumi_vapi_byo.kinds import KINDS
from pulumi_vapi_byo.kinds.kind import Kind

log = logging.getLogger(__name__)

#: Length of a list that surely holds everything created in the same millisecond; the API's own default.
_FEW: Final = 100

T = TypeVar("T")


class Absence:
    """Decides whether a resource that the API does not find is gone. Safe for several threads.

    A 404 alone proves nothing: with the key of another organisation everything is "not found", and an API may not show yet
    what it has just created. So a resource is gone if the API neither finds nor lists it, with a key of its organisation.

    Args:
        kind: The kind of resource.
        collection: Its API calls.
        sleep: Waits for a number of seconds.
    """

    def __init__(self, kind: Kind, collection: Collection, *, sleep: Callable[[float], None]) -> None:
        self._kind = kind
        self._api = collection
        self._sleep = sleep
        self._lock = threading.Lock()
        self._unproven: dict[str, VapiError] = {}

    def prove(self, id_: str, state: Mapping[str, Any], look: Callable[[], T | None], *, is_unlisted: bool = False) -> T | None:
        """Prove that a resource which the API has just not found is gone.

        Args:
            id_: Id of the resource.
            state: Its last known state.
            look: Asks for it again; returns None if the API still does not find it.
            is_unlisted: Whether a list of its organisation is already known not to show it.

        Returns:
            None if it is gone, otherwise what `look` returned.

        Raises:
            VapiError: Neither could be established; the message says why and what to do.
        """
        if not is_unlisted:
            self._prove_organisation(state)
        created_at = str(state.get("createdAt") or "")
        pauses = pauses_s(LOOK_FOR_S)
        while True:
            shown = not is_unlisted and self._is_listed(id_, created_at)
            if not shown and not self._is_new(created_at):
                return None
            pause_s = next(pauses, None)
            if pause_s is None:
                break
            self._sleep(pause_s)
            found = look()
            if found is not None:
                return found
            is_unlisted = False
        if not shown:
            return None  # it is new, but was neither found nor listed all this time
        raise VapiError(
            f"Vapi does not find it by its id {self._api.client.quote(id_)}, but its list still shows it, so it is not "
            "treated as deleted; try again later"
        )

    def _prove_organisation(self, state: Mapping[str, Any]) -> None:
        own, seen, quote = str(state.get("orgId")), self._api.client.organisations, self._api.client.quote
        with self._lock:  # the first thread finds out, the others wait for the result
            if own in self._unproven:
                raise self._unproven[own]
            if not seen:
                self._look_for_the_organisation(state)
            if own in seen:
                return
            self._unproven[own] = error = _wrong_key(quote(next(iter(seen))), quote(own)) if seen else _unproven(quote(own))
        raise error

    def _look_for_the_organisation(self, state: Mapping[str, Any]) -> None:
        """Read whatever may name an organisation, until something does."""
        seen = self._api.client.organisations
        self._api.list(limit=1)
        elsewhere = {kind.path: Collection(self._api.client, kind) for kind in KINDS if kind.path != self._kind.path}
        parent_id = self._kind.parent_of(state)
        try:
            if not seen and isinstance(parent_id, str) and self._kind.parents in elsewhere:
                elsewhere[self._kind.parents].entry(parent_id)
            for others in elsewhere.values():
                if not seen:
                    others.list(limit=1)
        except (ApiError, BadAnswerError) as error:
            if isinstance(error, ApiError) and error.status >= 500:
                raise
            log.debug("the organisation of the key was not found out: %s", error)

    def _is_listed(self, id_: str, created_at: str) -> bool:
        newest = self._api.list(limit=_FEW, created_at_le=created_at or None)
        if any(entry.get("id") == id_ for entry in newest):
            return True
        times = [str(entry.get("createdAt")) for entry in newest]
        if created_at and (not times or (times[-1] < created_at and times[0] <= created_at)):
            return False  # the list holds everything of that age
        if len(newest) < _FEW:
            return False
        return any(entry.get("id") == id_ for page in self._api.pages() for entry in page)

    def _is_new(self, created_at: str) -> bool:
        now, created = self._api.client.api_time(), moment_of(created_at)
        return bool(now and created and (now - created).total_seconds() < LOOK_FOR_S)


def _wrong_key(found: str, own: str) -> VapiError:
    return VapiError(
        f"Vapi does not find it with this key, which belongs to organisation {found}, not to {own}; set "
        "vapi-byo:apiKey to a key of its own organisation"
    )


def _unproven(own: str) -> VapiError:
    return VapiError(
        "Vapi does not find it with this key, but nothing in the account shows that the key belongs to the organisation in the "
        f"state, {own}, so it is not treated as deleted; check vapi-byo:apiKey and vapi-byo:region, and if it is truly gone, "
        "remove it from the state with pulumi state delete URN (pulumi stack --show-urns lists the URNs)"
    )
