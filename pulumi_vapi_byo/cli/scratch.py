"""What a verification creates at Vapi and deletes again. Everything it creates is marked, and it deletes nothing unmarked."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pulumi_vapi_byo.api.client import Collection, Reply, VapiClient
from pulumi_vapi_byo.api.throttle import LOOK_FOR_S, MAX_RETRY_AFTER_S, RETRIED_STATUSES, asked_pause_s, pauses_s
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.errors import TransportError, VapiError, shorten
from pulumi_vapi_byo.kinds.kind import Kind

from .listing import KINDS

#: Prefix of every name, and part of every number, that a verification creates. Two marks, as a probe may clear one of them.
NAME_MARK: Final = "vapi-byo-verify-"
NUMBER_MARK: Final = "vapibyoverify"

#: Numbers first: Vapi may refuse to delete a trunk that numbers use.
_ORDER: Final = KINDS[::-1]

#: Most times that a request is sent if Vapi answers 429 or fails.
_TRIES: Final = 5

#: Least retries when deleting: even users who turn retries off want nothing left behind.
_RETRIES: Final = 5


class UnseenError(VapiError):
    """What a probe looks for could not be seen; the message says why."""


@dataclass(frozen=True)
class Marked:
    """Something at Vapi that a verification created.

    Attributes:
        kind: What it is.
        id: Its id.
        created: When it was created, as Vapi gives it; empty if unknown.
    """

    kind: Kind
    id: str
    created: str = ""

    @property
    def path(self) -> str:
        """Its path below the base URL."""
        return f"{self.kind.path}/{self.id}"


class Scratch:
    """Sends the requests of a verification, and keeps track of what they create.

    Args:
        settings: Base URL, key and time-outs.
        sleep: Waits for a number of seconds; replaced in tests.

    Attributes:
        name: The name for everything that is created.
        sleep: Waits for a number of seconds.
        base_url: Address of the API.
        sent: How many requests were sent.
        header_names: Names of the headers of all answers so far, in lower case.
    """

    def __init__(self, settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = VapiClient(replace(settings, max_retries=max(settings.max_retries, _RETRIES)), sleep=sleep)
        self._wrong_key = VapiClient(replace(settings, api_key=f"{NAME_MARK}wrong-key"), sleep=sleep)
        self.sleep = sleep
        self._run = secrets.token_hex(4)
        self._created: dict[str, Marked] = {}
        self._lost_answers = 0
        self._numbers = 0
        self.name = NAME_MARK + self._run
        self.base_url = settings.base_url
        self.sent = 0
        self.header_names: set[str] = set()

    def new_number(self) -> str:
        """Return a number that nobody has; it is not E.164, so no call can reach it."""
        self._numbers += 1
        return f"{NUMBER_MARK}{self._run}n{self._numbers}"

    def quote(self, text: str) -> str:
        """Shorten a text of the API's to one line without secrets."""
        return self._client.quote(text, 200)

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        *,
        with_key: bool = True,
        wrong_key: bool = False,
    ) -> Reply:
        """Send a request and return the API's answer, even if it is a refusal.

        A request answered with 429 is sent again, and so is a GET that failed for a passing reason.

        Raises:
            UnseenError: No answer came from the API itself, or only one that says nothing about the rules, such as a 5xx.
        """
        client = self._wrong_key if wrong_key else self._client
        for tries in range(1, _TRIES + 1):
            self._lost_answers += method == "POST"
            self.sent += 1
            try:
                reply = client.try_once(method, path, body, query, with_key=with_key)
            except TransportError as error:
                self._lost_answers -= method == "POST" and not error.sent
                if tries == _TRIES or not error.passing or (method != "GET" and error.sent):
                    raise UnseenError(str(error)) from None
                self.sleep(0.5 * tries)
                continue
            self.header_names |= reply.header_names
            answered = 400 <= reply.status < 500 and isinstance(reply.body, Mapping) and "message" in reply.body
            if reply.status != 429 and (answered or 200 <= reply.status < 300):
                return self._noted(method, path, reply)
            pause_s = asked_pause_s(reply.retry_after)
            pause_s = 0.5 * tries if pause_s is None else pause_s
            again = reply.status == 429 or (method == "GET" and reply.status in RETRIED_STATUSES)
            self._lost_answers -= method == "POST" and reply.status == 429
            if tries == _TRIES or not again or pause_s > MAX_RETRY_AFTER_S:
                raise UnseenError(f"{method} {path} was answered {reply.status}")
            self.sleep(pause_s)
        raise AssertionError  # the last try returned or raised

    def _noted(self, method: str, path: str, reply: Reply) -> Reply:
        """Record what an answer says was created or deleted, and return it."""
        succeeded = reply.status < 300
        if method == "POST":
            id_ = reply.body.get("id") if succeeded and isinstance(reply.body, Mapping) else None
            self._lost_answers -= not succeeded or isinstance(id_, str)
            if isinstance(id_, str):
                kind = next(kind for kind in KINDS if path == kind.path)
                self._created[id_] = Marked(kind, id_)
        elif method == "DELETE" and succeeded:
            self._created.pop(path.rpartition("/")[2], None)
        if succeeded and reply.status != 204 and not isinstance(reply.body, Mapping | list):
            raise UnseenError(f"{method} {path} was answered {reply.status} with something other than JSON")
        return reply

    def leftovers(self) -> list[Marked]:
        """Return what earlier verifications left behind because they were killed.

        Raises:
            VapiError: The account could not be listed.
        """
        return list(self._marked(""))

    def _marked(self, run: str) -> Iterator[Marked]:
        for kind in _ORDER:
            for page in Collection(self._client, kind).pages():
                for entry in page:
                    if entry.get("provider") == kind.provider and _is_marked(entry, run):
                        yield Marked(kind, str(entry["id"]), str(entry.get("createdAt", "")))

    def delete(self, marked: Iterable[Marked]) -> list[Marked]:
        """Delete, with retries, and return what could not be deleted."""
        return [one for one in marked if not self._delete(one)]

    def _delete(self, one: Marked) -> bool:
        collection = Collection(self._client, one.kind)
        try:
            collection.delete(one.id)
        except VapiError:
            try:
                return collection.entry(one.id) is None
            except VapiError:
                return False
        return True

    def take_back(self) -> str:
        """Delete whatever this verification created.

        If an answer was lost, what that request may have created is looked for as long as the provider would look for a number.

        Returns:
            What may be left, in a sentence; empty if nothing is.
        """
        pauses = pauses_s(LOOK_FOR_S) if self._lost_answers else iter(())
        looks_left = _TRIES
        while True:
            left = self.delete(sorted(self._created.values(), key=lambda one: _ORDER.index(one.kind)))
            self._created = {one.id: one for one in left}
            trouble = ""
            try:
                self._created |= {one.id: one for one in self._marked(self._run)}
            except VapiError as error:
                trouble = (
                    f"everything that is known to have been created is deleted, but the account could not be searched for "
                    f"{self.name} ({error}); run vapi-byo verify again, which starts by deleting what is left"
                )
            pause_s = next(pauses, None)
            if pause_s is None:
                looks_left -= 1
                if not looks_left or not (self._created or trouble):
                    return could_not_delete(self._created.values()) or trouble
            self.sleep(pause_s or 0.5)


def could_not_delete(left: Iterable[Marked]) -> str:
    """Return a sentence about what is left at Vapi; empty if nothing is."""
    paths = shorten(", ".join(one.path for one in left), 1000)
    advice = "run vapi-byo verify again, which starts by deleting what is left, or delete them in the dashboard"
    return f"could not delete {paths}; {advice}" if paths else ""


def _is_marked(entry: Mapping[str, Any], run: str) -> bool:
    return str(entry.get("name") or "").startswith(NAME_MARK + run) or NUMBER_MARK + run in str(entry.get("number") or "")
