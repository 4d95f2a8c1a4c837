"""Take over what already exists at Vapi, instead of creating it a second time."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pulumi_vapi_byo.api.client import moment_of
from pulumi_vapi_byo.api.throttle import LOOK_FOR_S, pauses_s
from pulumi_vapi_byo.errors import VapiError, show_path, show_value
from pulumi_vapi_byo.wire import ADDITIONAL, MANAGED, SECRET_FIELDS, as_spelled, to_snake

from .account import Entry
from .diff import Path, differences, fits, plan, recorded, shape_of, unknown_in
from .run import Run

if TYPE_CHECKING:
    from pulumi_vapi_byo.kinds.models import Answer

log = logging.getLogger(__name__)

#: Most differences listed in one message.
MAX_DIFFERENCES: Final = 5


class Adoption:
    """Takes over existing resources where the settings or the option ``import_`` say so. Safe for several threads.

    Args:
        run: What is shared during the run.
        patch: Changes an existing resource, given its id and the fields.
    """

    def __init__(self, run: Run, patch: Callable[[str, Mapping[str, Any]], Answer]) -> None:
        self._run = run
        self._kind = run.kind
        self._api = run.collection
        self._settings = run.settings
        self._account = run.account
        self._states = run.states
        self._patch = patch
        self._were_there: set[str] = set()

    def by_id(self, id_: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Take over the resource with an id, without writing anything.

        Args:
            id_: Its id.
            inputs: Normalised inputs, which must match what the API holds. Write-only fields cannot be compared.

        Returns:
            Its state.

        Raises:
            VapiError: It does not exist, another resource has it, or it differs from the inputs; the message says how.
        """
        one = self._api.get(id_)
        if one is None:
            raise VapiError(f"Vapi has nothing with id {id_}; check the id, or remove import_ if it was deleted since")
        if not self._run.claims.take(id_):
            raise VapiError(f"another resource of this program already has id {id_}; declare it once")
        live = self._states.of(one, inputs)
        # With an empty answer nothing counts as filled in. So whatever the program could say about an object and doesn't is a
        # difference: the next update would remove it.
        differs = list(differences(self._kind, inputs, live, shape_of(self._kind, inputs, {})))
        if differs:
            self._run.claims.release(id_)
            raise VapiError(
                f"the program differs from Vapi ({self._show_differences(differs)}); first declare what Vapi has, then "
                "change it"
            )
        shape = shape_of(self._kind, inputs, live)
        self._run.warn_of_the_unknown(self._run.label(inputs, id_), unknown_in(shape))
        return recorded(self._kind, live, shape)

    def has_taken_over(self, id_: str) -> bool:
        """Return whether a resource existed before, and so was not created by this run."""
        return id_ in self._were_there

    def existing(self, inputs: Mapping[str, Any]) -> Answer | None:
        """Take over the existing resource and return it, or None if there is none; refuse if it must not be taken over."""
        if self._settings.on_existing == "allow":
            return None
        while same := self._same(inputs):
            one = self.take_over(same, inputs)
            if one is not None:
                return one
        return None

    def _same(self, inputs: Mapping[str, Any]) -> list[Entry]:
        identity = self._kind.identity_of(inputs)
        same = self._account.known_as(identity)
        # Without digits everything else must match, and this run must not have created it just now.
        return same if identity else [one for one in same if one.id not in self._run.created and self.fits(one, inputs)]

    def fits(self, one: Entry, inputs: Mapping[str, Any]) -> bool:
        """Return whether an entry is exactly what the inputs would create."""
        return one.answer is not None and fits(self._kind, inputs, self._states.of(one.answer, inputs))

    def take_over(self, same: Sequence[Entry], inputs: Mapping[str, Any]) -> Answer | None:
        """Take over one of these resources, or refuse; return None if it is gone or no longer what the list showed."""
        chosen = self._chosen(same, inputs)
        one = self._read(chosen.id)
        if one is None:
            self._account.forget(chosen.id)
            return None
        now = self._account.add(one)
        if (now.identity, now.parent_id) != (chosen.identity, chosen.parent_id):
            return None
        if not now.identity and not self.fits(now, inputs):
            return None
        return self._adopt(one, now, inputs)

    def _chosen(self, same: Sequence[Entry], inputs: Mapping[str, Any]) -> Entry:
        if self._settings.on_existing == "adopt":
            free = [one for one in same if one.id not in self._run.claims and one.parent_id == self._kind.parent_of(inputs)]
            if len(free) == 1:
                return free[0]
        raise self.refusal(same, inputs)

    def _read(self, id_: str) -> Answer | None:
        """Read a listed resource; None if it is gone, for which neither a GET nor a list may show it: either may lag."""
        one = self._api.get(id_)
        pauses = pauses_s(LOOK_FOR_S)
        while one is None and any(entry.id == id_ for entry in self._account.look()):
            pause_s = next(pauses, None)
            if pause_s is None:
                id_ = self._run.quote(id_)
                raise VapiError(
                    f"Vapi lists it (id {id_}), but does not find it by that id; try again, or, if it is not in the "
                    "dashboard, ask Vapi's support about it"
                )
            self._run.sleep(pause_s)
            one = self._api.get(id_)
        return one

    def refusal(self, same: Sequence[Entry], inputs: Mapping[str, Any]) -> VapiError:
        """Return the error that names what exists and must not be taken over."""
        quote = self._run.quote
        alike = [one for one in same if one.parent_id == self._kind.parent_of(inputs)]
        held = [one for one in alike or same if one.id in self._run.claims]
        one = (held or alike or same)[0]
        id_, named = quote(one.id), f"named {quote(one.name)!r}" if one.name else "without a name"
        label = f"id {id_}, {named}, created {_age(quote(one.created_at or 'an unknown time'))}"
        if not alike:
            other = f"another credential, {quote(one.parent_id)}" if one.parent_id else "no credential"
            if held:
                return VapiError(
                    f"another resource of this program already has it on {other} ({label}); remove one of them, or, to let "
                    "Vapi decide, run pulumi config set vapi-byo:onExisting allow"
                )
            return VapiError(
                f"it already exists at Vapi on {other} ({label}); use that {to_snake(self._kind.parent or '')} to "
                "take it over, delete it first, or, to let Vapi decide, run pulumi config set vapi-byo:onExisting allow"
            )
        if held:
            return VapiError(f"another resource of this program already has it ({label}); declare it once")
        if len(alike) > 1:
            ids = ", ".join(quote(other.id) for other in alike)
            return VapiError(f"Vapi has {len(alike)} that match ({ids}); delete the ones you do not want, then try again")
        # Without an identity, it cannot be told apart from the resource that it is to replace.
        replaced = "" if self._kind.identity else "; to replace it by another, run pulumi config set vapi-byo:onExisting allow"
        return VapiError(
            f"it already exists at Vapi ({label}); to take it over, give it opts=ResourceOptions(import_={id_!r}), or run "
            "pulumi config set vapi-byo:onExisting adopt and pulumi up again; if only the resource was renamed, give it "
            f"opts=ResourceOptions(aliases=[Alias(name='its old name')]){replaced}"
        )

    def _adopt(self, one: Answer, entry: Entry, inputs: Mapping[str, Any]) -> Answer:
        # Write-only fields are always sent, as nobody can tell whether they match the program.
        write_only = {path[0] for path in self._kind.write_only}
        readable = {name: value for name, value in inputs.items() if name not in write_only}
        patch = plan(self._kind, self._states.of(one, readable) | {MANAGED: {}}, inputs).patch
        if not self._run.claims.take(one.id):  # another resource got it in the meantime
            raise self.refusal([entry], inputs)
        log.warning(
            "%s already exists (id %s, created %s) and is being taken over%s",
            self._run.label(one.wire(), one.id),
            one.id,
            _age(self._run.quote(one.created_at)),
            _changed_by(patch),
        )
        self._were_there.add(one.id)
        try:
            return self._patch(one.id, patch) if patch else one
        except BaseException:
            self._run.claims.release(one.id)
            raise

    def _show_differences(self, differs: Sequence[tuple[Path, Any, Any]]) -> str:
        """Describe where the program and Vapi differ, in the program's spelling."""
        shown = [
            f"{show_path(as_spelled(path))}: {self._run.quote(_discreet(held, path), 80)} at Vapi, "
            f"{_discreet(wanted, path)} in the program"
            for path, wanted, held in differs[:MAX_DIFFERENCES]
        ]
        more = len(differs) - len(shown)
        return "; ".join(shown + ([f"and {more} more"] if more else []))


def _discreet(value: Any, path: Path) -> str:
    """Return a value for a message, unless it is a secret or may contain one."""
    hidden = next((str(part) for part in path if part in SECRET_FIELDS or part == ADDITIONAL), "")
    return show_value(value, hidden or str(path[-1]))


def _changed_by(patch: Mapping[str, Any]) -> str:
    changed = [to_snake(field) for field, value in patch.items() if value not in (None, [])]
    cleared = [to_snake(field) for field in patch if to_snake(field) not in changed]
    said = [f"{', '.join(changed)} changed to what the program says"] if changed else []
    said += [f"{', '.join(cleared)} cleared, as the program has none"] if cleared else []
    return f", with {' and '.join(said)}" if said else " unchanged"


def _age(created_at: str) -> str:
    moment = moment_of(created_at)
    days = (datetime.datetime.now(datetime.timezone.utc) - moment).days if moment else 0
    return f"{days} days ago ({created_at})" if days > 1 else f"at {created_at}"
