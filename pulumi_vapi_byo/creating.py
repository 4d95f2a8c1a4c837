"""Creating one exactly once, or taking over one that exists, whatever the API does."""

from __future__ import annotations

import datetime
import json
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .account import Account
from .client import Collection
from .config import Settings
from .diffing import body_of, fits, plan
from .errors import ApiError, BadAnswerError, TransportError, VapiError
from .holding import Holdings
from .kinds import Kind
from .pacing import backoff_s
from .states import States
from .wire import MANAGED

if TYPE_CHECKING:
    from .models import Answer

log = logging.getLogger(__name__)


class Creation:
    """Brings resources of one kind into being. Safe for several threads.

    Args:
        kind: The kind of resource.
        collection: Its calls.
        settings: What to do about what exists, and how long to wait.
        held: What resources of the running program have.
        account: What the organisation has.
        states: Writes what the API holds as a state.
        patch: Changes one that exists: its id and the fields.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        kind: Kind,
        collection: Collection,
        settings: Settings,
        held: Holdings,
        account: Account,
        states: States,
        *,
        patch: Callable[[str, Mapping[str, Any]], Answer],
        sleep: Callable[[float], None],
    ) -> None:
        self._kind = kind
        self._api = collection
        self._settings = settings
        self._held = held
        self._account = account
        self._states = states
        self._patch = patch
        self._sleep = sleep
        self._made: set[str] = set()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._locks_lock = threading.Lock()

    def create(self, inputs: Mapping[str, Any]) -> Answer:
        """Create one, or take over one that exists where the settings say so.

        Args:
            inputs: Normalised inputs.

        Returns:
            What the API holds.

        Raises:
            VapiError: It was not created, or nobody can tell; the message says which and what to do.
        """
        with self._alone(inputs):
            existing = self._existing(inputs)
            if existing is None:
                one = self._post(inputs)
                self._held.keep(one.id)  # it is in nobody's state yet
            else:
                one = self._adopt(existing, inputs)
            self._account.add(one)
            self._made.add(one.id)
        return one

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
                if one.id not in self._made and fits(self._kind, inputs, self._states.of(one, inputs))
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
        readable = {field: value for field, value in inputs.items() if field not in {path[0] for path in self._kind.write_only}}
        patch = plan(self._kind, self._states.of(one, readable) | {MANAGED: {}}, inputs).patch
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
        body = body_of(self._kind, inputs)
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
            if str(held.get(field) or "").lstrip("+") != str(inputs.get(field) or "").lstrip("+"):
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
        return [one for one in listed if fits(self._kind, inputs, self._states.of(one, inputs))], unreadable

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

    def _label(self, values: Mapping[str, Any], id_: object = None) -> str:
        return self._kind.label(values.get(self._kind.named_by), id_)


class _MadeOtherwiseError(BadAnswerError):
    """A POST made one that is not what was asked for: made again, there would be two."""


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
