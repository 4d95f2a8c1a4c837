"""The life of a number: create, read, update, delete, adopt. Knows the API and the models, and nothing of Pulumi.

A *state* is a plain dict in wire names: every input as the API holds it (unset ones are left out), the API's own ``orgId``,
``createdAt``, ``updatedAt`` and ``status``, the computed ``sipUri``, our own ``deletionProtection``, and the record
`diffing.MANAGED`.
"""

from __future__ import annotations

import datetime
import json
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .account import Account
from .client import VapiClient
from .config import Settings
from .diffing import MANAGED, conflicts, differing, managed_inputs, managed_shape, plan, shape_of
from .errors import ApiError, BadAnswerError, TransportError, VapiError, cannot, number_label
from .models import INPUT_FIELDS, LOCAL_FIELDS, PROVIDER, PhoneNumber, show_value
from .pacing import backoff_s

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
    """What happens to numbers between a program and the API. Safe for several threads.

    Args:
        client: The API.
        settings: Where the API is, and what to do about numbers and changes that are not ours.
        held: Ids of numbers that resources of the running program have; creates and updates add theirs. Such a number is
            never taken over by a second resource, nor deleted for one.
        sleep: Waits for some seconds; for tests.
    """

    def __init__(
        self, client: VapiClient, settings: Settings, held: set[str], *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._settings = settings
        self._held = held
        self._sleep = sleep
        self._account = Account(client)
        self._made: set[str] = set()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._locks_lock = threading.Lock()

    def create(self, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make a number, or take over one that exists where the settings say so.

        Args:
            inputs: Normalised inputs.

        Returns:
            Its id and its state.

        Raises:
            LifecycleError: It was not made, or nobody can tell; the message says which and what to do.
        """
        label = number_label(inputs.get("number"))
        try:
            with self._alone(inputs):
                existing = self._existing(inputs)
                number = self._post(inputs) if existing is None else self._adopt(existing, inputs)
                self._account.add(number)
                self._held.add(number.id)
                self._made.add(number.id)
        except VapiError as error:
            raise cannot("create", label, error) from error
        return number.id, self._written(number, inputs, sent=inputs)

    def adopt(self, id_: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Take over a number that exists, without writing anything.

        Args:
            id_: Its id.
            inputs: Normalised inputs, which must say what the API holds.

        Returns:
            Its state.

        Raises:
            LifecycleError: It does not exist, another resource has it, or it differs from the inputs; the message shows how.
        """
        label = number_label(inputs.get("number"), id_)
        try:
            number = self._client.get_phone_number(id_)
        except VapiError as error:
            raise cannot("import", label, error) from error
        if number is None:
            raise cannot(
                "import", label, f"Vapi has none with id {id_}; check the id, or remove import_ if it was deleted since"
            )
        if id_ in self._held:
            raise cannot("import", label, f"another resource of this program has id {id_} already; declare a number once")
        live = self._state(number, inputs)
        fields = differing(inputs, live, shape_of(inputs, live))
        if fields:
            what = "; ".join(
                f"{field}: {show_value(live.get(field), field)} at Vapi, {show_value(inputs.get(field), field)} in the program"
                for field in fields
            )
            raise cannot("import", label, f"the program says otherwise ({what}); write what Vapi has, change it afterwards")
        self._held.add(id_)
        return self._with_local(live, inputs) | {MANAGED: shape_of(inputs, live)}

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
            if number is None:
                self._make_sure_it_is_gone(state)
        except VapiError as error:
            raise cannot("read", label, error) from error
        if number is None:
            if not state.get("orgId"):
                raise cannot("read", label, "there is none in this organisation; check the id, vapi:apiKey and vapi:region")
            return None
        found = self._state(number, state)
        found[MANAGED] = managed_shape(state)
        local = {field: found[field] for field in LOCAL_FIELDS if field in found}
        return Found(found, managed_inputs(state, found) | local)

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
        label = number_label(state.get("number"), id_)
        try:
            patch = plan(state, inputs).patch
            if patch and self._settings.on_conflict != "unchecked":
                live = self._read_before_write(id_, state, inputs, patch, label)
                patch = plan(state, inputs, live).patch
            number = self._client.update_phone_number(id_, patch) if patch else None
        except VapiError as error:
            raise cannot("update", label, error) from error
        self._held.add(id_)
        if number is None:
            # Only what is ours differs, or how the program spells the server: there is nothing for the API to do.
            kept = {key: value for key, value in state.items() if key not in INPUT_FIELDS or key in inputs}
            return self._with_local(kept, inputs) | {MANAGED: shape_of(inputs, state)}
        written = self._written(number, inputs, sent=patch)
        # What others changed elsewhere is for a refresh to find: taken into the state here, it would be undone in silence.
        return written | {
            field: state[field] for field in INPUT_FIELDS if field in inputs and field not in patch and field in state
        }

    def delete(self, id_: str, state: Mapping[str, Any]) -> None:
        """Delete a number; one that is gone already is no failure.

        Args:
            id_: Its id.
            state: The state that was last known.

        Raises:
            LifecycleError: It was not deleted, or nobody can tell; trying again is safe.
        """
        label = number_label(state.get("number"), id_)
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
            if not self._client.delete_phone_number(id_):
                self._make_sure_it_is_gone(state)
                log.info("%s (id %s) was gone already", label, id_)
        except VapiError as error:
            raise cannot("delete", label, error) from error
        self._account.remove(id_)

    # ------------------------------------------------------------------------------------------------------------ creating

    def _alone(self, inputs: Mapping[str, Any]) -> threading.Lock:
        # Two creates of the same number would not see each other's; of different numbers they may run side by side.
        key = str(inputs.get("number") or json.dumps(inputs, sort_keys=True))
        with self._locks_lock:
            return self._locks[key]

    def _existing(self, inputs: Mapping[str, Any]) -> PhoneNumber | None:
        """Find the number to take over; refuse where there is one that must not be."""
        if self._settings.on_existing == "allow":
            return None
        digits = inputs.get("number")
        if digits:
            same = [number for number in self._account.numbers() if number.number == digits]
        else:
            # Without digits all else must be the same, and it must not be one that this run just made.
            same = [
                number
                for number in self._account.numbers()
                if number.number is None and number.id not in self._made and self._fits(number, inputs)
            ]
        if not same:
            return None
        if self._settings.on_existing == "adopt":
            ours = [number for number in same if number.credential_id == inputs["credentialId"] and number.id not in self._held]
            if len(ours) == 1:
                return ours[0]
        raise self._refusal(same, inputs)

    def _refusal(self, same: list[PhoneNumber], inputs: Mapping[str, Any]) -> VapiError:
        number = same[0]
        label = (
            f"id {number.id}, {f'named {number.name!r}' if number.name else 'without a name'}, made {_age(number.created_at)}"
        )
        if number.id in self._held:
            return VapiError(f"another resource of this program has it already ({label}); declare a number once")
        if len(same) > 1:
            ids = ", ".join(one.id for one in same)
            return VapiError(f"Vapi has {len(same)} that fit ({ids}); delete those that are not wanted, then try again")
        if number.credential_id != inputs["credentialId"]:
            return VapiError(
                f"Vapi has it already on another credential, {number.credential_id} ({label}); use that credential_id to take "
                "it over, delete it first, or, where Vapi should decide, pulumi config set vapi:onExisting allow"
            )
        return VapiError(
            f"Vapi has it already ({label}); to take it over, give it opts=ResourceOptions(import_={number.id!r}), or run "
            "pulumi config set vapi:onExisting adopt and pulumi up again; if only the resource was renamed, give it "
            "opts=ResourceOptions(aliases=[Alias(name='its old name')])"
        )

    def _adopt(self, number: PhoneNumber, inputs: Mapping[str, Any]) -> PhoneNumber:
        patch = plan(self._state(number, inputs) | {MANAGED: {}}, inputs).patch
        log.warning(
            "%s exists already (id %s, made %s) and is taken over%s",
            number_label(number.number),
            number.id,
            _age(number.created_at),
            f", with {', '.join(patch)} changed to what the program says" if patch else " as it is",
        )
        return self._client.update_phone_number(number.id, patch) if patch else number

    def _post(self, inputs: Mapping[str, Any]) -> PhoneNumber:
        body = {"provider": PROVIDER} | {field: inputs[field] for field in INPUT_FIELDS if field in inputs}
        self._account.numbers()  # what is there before, so that a number that appears can be told from it
        failures = 0
        while True:
            try:
                return self._client.create_phone_number(body)
            except VapiError as error:
                if not failures and not _leaves_doubt(error):
                    raise
                failures += 1
                self._sleep(backoff_s(failures))
                made = self._find_made(inputs, error)
                if made is not None:
                    log.warning(
                        "the answer to the creation of %s was lost or unusable, but it was made (id %s) and is taken over",
                        number_label(made.number),
                        made.id,
                    )
                    return made
                if not _leaves_doubt(error) or not _may_pass(error) or failures > self._settings.max_retries:
                    times = f", tried {failures} times" if failures > 1 else ""
                    raise VapiError(f"{error}{times}; it was looked for and has not been made") from error

    def _find_made(self, inputs: Mapping[str, Any], failure: VapiError) -> PhoneNumber | None:
        try:
            fits = [number for number in self._account.appeared() if self._fits(number, inputs)]
        except VapiError as error:
            raise VapiError(
                f"{failure}; whether it was made could not be found out either: {error}; run pulumi up again, which looks for "
                "it first and does not make it twice"
            ) from error
        if len(fits) > 1:
            ids = ", ".join(number.id for number in fits)
            raise VapiError(
                f"{failure}; since then {len(fits)} numbers like it have appeared ({ids}) and it cannot be told which is this "
                "one; delete those that are not wanted, then run pulumi up again"
            ) from failure
        return fits[0] if fits else None

    def _fits(self, number: PhoneNumber, inputs: Mapping[str, Any]) -> bool:
        state = self._state(number, inputs)
        return not differing(inputs, state, shape_of(inputs, state))

    # ------------------------------------------------------------------------------------------------------------ the rest

    def _read_before_write(
        self, id_: str, state: Mapping[str, Any], inputs: Mapping[str, Any], patch: Mapping[str, Any], label: str
    ) -> dict[str, Any]:
        number = self._client.get_phone_number(id_)
        if number is None:
            self._make_sure_it_is_gone(state)
            raise VapiError("it was deleted outside Pulumi; run pulumi refresh, after which pulumi up makes it again")
        live = self._state(number, state)
        fields = conflicts(patch, state, inputs, live)
        if not fields:
            return live
        what = "; ".join(
            f"{field}: {show_value(state.get(field), field)} in the state, {show_value(live.get(field), field)} at Vapi, "
            f"{show_value(inputs.get(field), field)} in the program"
            for field in fields
        )
        if self._settings.on_conflict == "error":
            raise VapiError(
                f"somebody else changed what is about to be changed ({what}); nothing was overwritten: run pulumi refresh and "
                "look at the next preview, or have Vapi's value overwritten with pulumi config set vapi:onConflict overwrite"
            )
        log.warning("%s: overwriting what somebody else changed (%s)", label, what)
        return live

    def _make_sure_it_is_gone(self, state: Mapping[str, Any]) -> None:
        # With the key of another organisation every number of ours is "not found", as it is behind a wrong path. Before a
        # number is given up, the list must answer, and must not show another organisation.
        org_id = state.get("orgId")
        for entry in self._client.list_phone_numbers(limit=1):
            other = entry.get("orgId")
            if org_id and other and other != org_id:
                raise VapiError(
                    f"Vapi has no such number for this key, but the key is of organisation {other} and the number of {org_id};"
                    " set vapi:apiKey to a key of the number's own organisation"
                )

    def _written(self, number: PhoneNumber, inputs: Mapping[str, Any], *, sent: Mapping[str, Any]) -> dict[str, Any]:
        state = self._state(number, inputs)
        shape = shape_of(inputs, state)
        label = number_label(number.number, number.id)
        for field in differing(inputs, state, shape):
            if field in sent:
                log.warning("%s: Vapi took the change, but now holds another %s than was sent", label, field)
            else:
                log.warning("%s: somebody else changed %s, which was left as it is; pulumi refresh shows it", label, field)
        return self._with_local(state, inputs) | {MANAGED: shape}

    def _with_local(self, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in state.items() if key not in LOCAL_FIELDS}
        return kept | {field: inputs[field] for field in LOCAL_FIELDS if field in inputs}

    def _state(self, number: PhoneNumber, known: Mapping[str, Any]) -> dict[str, Any]:
        """Write a number as a state; `known`, inputs or an older state, fills in what the API never reads back."""
        state = number.wire()
        del state["provider"], state["id"]
        # An API that keeps serverUrl as server reads it back there; the secret it may never read back at all.
        url = (state.get("server") or {}).get("url")
        if known.get("serverUrl") is not None and "serverUrl" not in state and url is not None:
            state["serverUrl"] = url
        if known.get("serverUrlSecret") is not None and "serverUrl" in state:
            state.setdefault("serverUrlSecret", known["serverUrlSecret"])
        uri = self._settings.sip_uri(number.number, number.credential_id)
        if uri is not None:
            state["sipUri"] = uri
        return self._with_local(state, known)


def _leaves_doubt(error: VapiError) -> bool:
    """Tell whether the number may have been made although a POST failed."""
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
