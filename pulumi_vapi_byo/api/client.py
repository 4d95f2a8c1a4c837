"""Vapi's API over HTTP: one way to send, one way to read answers. The only module that knows `requests`."""

from __future__ import annotations

import builtins
import datetime
import json
import logging
import math
import os
import platform
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final

import requests
import requests.adapters
import requests.auth
import requests.utils
import urllib3.exceptions

from pulumi_vapi_byo._version import __version__
from pulumi_vapi_byo.config import Settings, goes_past_proxies
from pulumi_vapi_byo.errors import (
    MAX_API_TEXT,
    ApiError,
    BadAnswerError,
    OutdatedError,
    TransportError,
    VapiError,
    not_an_id,
    quote_id,
    shorten,
)
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.wire import is_id, secrets_in

from .deadline import DeadlineError, Exchange, time_left_s, watched
from .masking import Masks
from .route import Proxy, check_proxy, find_certificates
from .throttle import MAX_RETRY_AFTER_S, RETRIED_STATUSES, Throttle, asked_pause_s, retry_policy

if TYPE_CHECKING:
    from pulumi_vapi_byo.kinds.models import Answer

log = logging.getLogger(__name__)

USER_AGENT: Final = f"pulumi-vapi-byo/{__version__} python/{platform.python_version()} requests/{requests.__version__}"

#: Most entries that the API returns in one list (OpenAPI ``limit``).
MAX_LIST: Final = 1000

#: How many it returns if no limit is given (OpenAPI ``default``); a cap on the limit is assumed never to be lower.
DEFAULT_LIST: Final = 100

#: Seconds for which a read counts as recent enough for the change that rests on it.
LOOK_IS_GOOD_FOR_S: Final = 5.0

#: Most sentences that are taken from one error, and the deepest nesting in which they are looked for.
_MAX_MESSAGES: Final = 20
_MAX_DEPTH: Final = 10

#: Largest answer. A list of 1,000 numbers is about 2 MB, so something far larger is no answer of the API.
MAX_BODY_BYTES: Final = 32 << 20


@dataclass(frozen=True)
class Reply:
    """A complete answer of the API.

    Attributes:
        status: HTTP status.
        body: Parsed JSON, or None if the body is not JSON.
        text: The raw body.
        retry_after: The ``Retry-After`` header.
        date: The ``Date`` header: the API's own clock.
        header_names: Names of all headers, in lower case.
    """

    status: int
    body: Any
    text: str
    retry_after: str | None = None
    date: str | None = None
    header_names: frozenset[str] = frozenset()


class _Bearer(requests.auth.AuthBase):
    """Sends the key; an auth object, so that requests never uses a password from .netrc instead."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


class _Session(requests.Session):
    """A session that treats every answer as final."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Never follow a redirect: it would carry the key elsewhere, and even checking for one reads the whole body."""


class _Adapter(requests.adapters.HTTPAdapter):
    """Hands out connections that can be abandoned."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Return the pool of connections for a request."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        if "ConnectionCls" not in vars(pool):  # already replaced for this pool
            pool.ConnectionCls = watched(pool.ConnectionCls)
        return pool


class VapiClient:
    """Sends requests. Keeps connections alive; safe for several threads.

    Args:
        settings: Base URL, key, time-outs and retries.
        sleep: Waits for a number of seconds; replaced in tests.
        now: Returns seconds of a monotonic clock; replaced in tests.

    Attributes:
        organisations: Ids of the organisations in the answers so far; a key belongs to one.

    Raises:
        ConfigError: The environment names a proxy or certificates that are unusable.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._now = now
        self._pace = Throttle(settings.requests_per_second, clock=now, sleep=sleep)
        self.organisations: set[str] = set()
        self._clock: tuple[datetime.datetime, float] | None = None
        self._masks = Masks()
        self.never_show([settings.api_key])
        self._auth = _Bearer(settings.api_key)
        self._session = _Session()
        # Proxies and certificates come from the usual variables. They are read once: requests would read them in every call,
        # which takes up to a fifth of its time.
        self._session.trust_env = False
        self._proxy: Proxy | None = None
        # Plain http is only for this machine, and needs no proxy.
        if not goes_past_proxies(settings.base_url):
            self._session.proxies = requests.utils.get_environ_proxies(settings.base_url)
            proxy = requests.utils.select_proxy(settings.base_url, self._session.proxies)
            self._proxy = check_proxy(proxy, os.environ) if proxy else None
        if settings.base_url.startswith("https"):
            self._session.verify = find_certificates(os.environ) or True
        # Threads share the session; cookies would be its only mutable state, and the API needs none.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
        adapter = _Adapter(pool_connections=1, pool_maxsize=64)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def never_show(self, secrets: Iterable[str]) -> None:
        """Mask these in all errors from now on: an answer may echo what another request sent."""
        self._masks.add(secrets)

    def api_time(self) -> datetime.datetime | None:
        """Return the time by the API's own clock, as a lower bound; None until an answer has told it."""
        clock = self._clock
        return clock[0] + datetime.timedelta(seconds=time.monotonic() - clock[1]) if clock else None

    def quote(self, text: str, limit: int = 60) -> str:
        """Shorten a text of the API's to one line and mask secrets. Messages must quote the API in no other way."""
        return shorten(self._masks.hide(text, limit), limit)

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        *,
        turns: int = 1,
        within_s: float = math.inf,
    ) -> Reply:
        """Send one request, with retries as far as they are safe.

        Args:
            method: HTTP method.
            path: Path below the base URL.
            body: The JSON to send.
            query: Query parameters.
            turns: How many requests to count for the spacing: a read that precedes a write counts for both, and the write then
                counts as none.
            within_s: Seconds after which it must no longer be sent, because what it is based on may have changed.

        Returns:
            A successful reply.

        Raises:
            ApiError: The API refused.
            TransportError: No complete answer came; `TransportError.sent` says whether a POST may have done its work.
            BadAnswerError: The API reported success, but with a body that is not JSON or is far too large.
            OutdatedError: It was too late to send it.
        """
        self.never_show(secrets_in(body))
        policy = retry_policy(self._settings.max_retries)
        last = self._now() + within_s
        while True:
            tries = len(policy.history) + 1
            self._pace.wait(turns)
            if self._now() > last:
                raise OutdatedError(f"it had to wait so long that the read before it was out of date ({method} {path})")
            # A GET has no such limit: it may be needed to learn what became of a change.
            limit_s = math.inf if method == "GET" else time_left_s()
            if limit_s <= 0:
                raise TransportError(
                    "the time limit of customTimeouts was reached before it was sent",
                    method=method,
                    path=path,
                    sent=False,
                    passing=False,
                    advice="raise the option customTimeouts, or try again",
                )
            try:
                answer = self._exchange(method, path, body, query, tries, min(self._settings.timeout_s, limit_s))
            except TransportError as error:
                # A POST that may have arrived is for the caller to resolve: sent again, it could create a second number.
                if not error.passing or (method == "POST" and error.sent):
                    raise
                try:
                    policy = policy.increment(method, path, error=error)
                except urllib3.exceptions.MaxRetryError:
                    raise error.after(tries) from None
                backoff_s = policy.get_backoff_time()
                if backoff_s >= time_left_s():
                    raise error.after(tries) from None
                self._sleep(backoff_s)
                continue
            self._note_time(answer)
            if answer.status != 429:
                self._pace.speed_up()
            if answer.status not in RETRIED_STATUSES or (method == "POST" and answer.status != 429):
                return self._judge(answer, method, path, tries)
            try:
                policy = policy.increment(method, path)
            except urllib3.exceptions.MaxRetryError:
                return self._judge(answer, method, path, tries)
            pause_s = asked_pause_s(answer.retry_after)
            if pause_s is None:
                pause_s = policy.get_backoff_time()
            if pause_s > min(MAX_RETRY_AFTER_S, time_left_s()):
                return self._judge(answer, method, path, tries)
            if answer.status == 429:
                self._pace.slow_down(pause_s)
            else:
                self._sleep(pause_s)

    def try_once(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        *,
        with_key: bool = True,
    ) -> Reply:
        """Send one request once, and return any complete answer, including refusals and error pages.

        Args:
            method: HTTP method.
            path: Path below the base URL.
            body: The JSON to send.
            query: Query parameters.
            with_key: Whether to send the key.

        Raises:
            TransportError: No complete answer came; `TransportError.sent` says whether the request may have done its work.
        """
        self.never_show(secrets_in(body))
        self._pace.wait(1)
        return self._exchange(method, path, body, query, 1, self._settings.timeout_s, with_key=with_key)

    def _note_time(self, answer: Reply) -> None:
        try:
            said = parsedate_to_datetime(answer.date or "")
        except (ValueError, OverflowError, TypeError):
            return
        if said.tzinfo is not None and said.year < datetime.MAXYEAR:  # beyond that, adding seconds to it would fail
            self._clock = said, time.monotonic()

    def _note_organisation(self, body: Any) -> None:
        for entry in body if isinstance(body, list) else [body]:
            owner = entry.get("orgId") if isinstance(entry, Mapping) else None
            if owner and isinstance(owner, str):
                self.organisations.add(owner)

    def _judge(self, answer: Reply, method: str, path: str, tries: int) -> Reply:
        if 200 <= answer.status < 300 and (answer.body is not None or (method == "DELETE" and answer.status == 204)):
            self._note_organisation(answer.body)
            return answer
        excerpt = self.quote(answer.text)
        if 200 <= answer.status < 300:
            raise BadAnswerError(
                f"to a successful request ({answer.status}) is not JSON, beginning {excerpt!r}", method=method, path=path
            )
        from_api = _is_api_error(answer.body)
        raise ApiError(
            status=answer.status,
            method=method,
            path=path,
            messages=[self.quote(message, MAX_API_TEXT) for message in _messages(answer.body["message"])] if from_api else (),
            from_api=from_api,
            # Vapi's shape is {"message", "error", "statusCode"}. A gateway that speaks JSON has less, and knows no numbers.
            says_absent=from_api and answer.status == 404 and ("statusCode" in answer.body or "error" in answer.body),
            excerpt=excerpt,
            retry_after=self.quote(answer.retry_after, 40) if answer.retry_after else None,
            tries=tries,
        )

    def _exchange(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, Any] | None,
        attempt: int,
        timeout_s: float,
        *,
        with_key: bool = True,
    ) -> Reply:
        def exchange() -> Reply:
            with self._session.request(
                method,
                self._settings.base_url + path,
                params=query,
                json=body,
                auth=self._auth if with_key else None,
                timeout=timeout_s,
                allow_redirects=False,
                stream=True,
            ) as response:
                text = _read(response, method, path)
            headers = response.headers
            return Reply(
                response.status_code,
                _parse(text),
                text,
                headers.get("Retry-After"),
                headers.get("Date"),
                frozenset(map(str.lower, headers)),
            )

        began = time.monotonic()
        under_way = Exchange(exchange)
        try:
            reply = under_way.wait(timeout_s)
        except (OSError, urllib3.exceptions.HTTPError, ValueError, DeadlineError) as error:
            failure = self._explain(error, method, path, timeout_s, sent=under_way.sent)
            log.debug("%s %s failed after %d ms (try %d): %s", method, path, _ms_since(began), attempt, failure.reason)
            raise failure from None
        log.debug("%s %s -> %d in %d ms (try %d)", method, path, reply.status, _ms_since(began), attempt)
        return reply

    def _explain(self, error: Exception, method: str, path: str, timeout_s: float, *, sent: bool) -> TransportError:
        """Return the error that says why no answer came, whether the request may have arrived, and what to do."""
        where = self._settings.base_url
        limit = "vapi-byo:timeout" if timeout_s == self._settings.timeout_s else "the option customTimeouts"
        cause = _root(error)
        is_refused = isinstance(cause, urllib3.exceptions.NewConnectionError)  # its class says time-out, but it isn't
        took_too_long = (DeadlineError, requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)
        passing, timed_out = True, False
        if (isinstance(error, took_too_long) or isinstance(cause, took_too_long)) and not is_refused:
            timed_out = sent
            reason = f"{where} did not answer within {timeout_s:g} s"
            advice = f"try again, or raise {limit}"
            if not sent:
                through = f" through the proxy {self._proxy.shown}" if self._proxy else ""
                reason = f"no connection to {where}{through} within {timeout_s:g} s"
                way = f"{self._proxy.source} and the network" if self._proxy else "the network"
                advice = f"check {way}, or raise {limit}"
        elif self._proxy and isinstance(error, requests.exceptions.ProxyError):
            reason = f"the proxy {self._proxy.shown} on the way to {where} failed: {self._why_proxy_failed(cause)}"
            advice = f"check {self._proxy.source}, or name the host in NO_PROXY to go without a proxy"
        elif isinstance(error, requests.exceptions.SSLError):
            reason = f"no trusted TLS connection to {where}: {self.quote(str(cause), 120)}"
            advice = "check the address, and REQUESTS_CA_BUNDLE where a proxy has certificates of its own"
            # A bad certificate stays bad. Anything else may be a broken connection.
            passing = not any(isinstance(part, ssl.SSLCertVerificationError) for part in (cause, *cause.args))
        elif type(cause).__name__ == "NameResolutionError":  # urllib3 has it since 2.0
            reason, advice = f"the name of {where} cannot be resolved", "check vapi-byo:baseUrl and the network"
        elif is_refused:
            reason, advice = f"no connection to {where}: refused, or no route", "check vapi-byo:baseUrl and the network"
        elif isinstance(error, (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            reason, advice = f"{where} closed the connection before its answer was complete", "try again"
        else:
            reason, advice = f"the request to {where} failed ({type(error).__name__})", "check the network, then try again"
            passing = False
        return TransportError(reason, method=method, path=path, sent=sent, passing=passing, timed_out=timed_out, advice=advice)

    def _why_proxy_failed(self, cause: BaseException) -> str:
        # The proxy's answer to CONNECT is the text of an OSError, which urllib3 wraps again.
        inner = getattr(cause, "original_error", cause)
        if type(inner).__name__ == "NameResolutionError":
            return "its name cannot be resolved"
        if isinstance(inner, urllib3.exceptions.NewConnectionError):
            return "it cannot be connected to"
        if isinstance(inner, urllib3.exceptions.TimeoutError):
            return "it did not answer in time"
        if isinstance(inner, urllib3.exceptions.SSLError):
            return "no trusted TLS connection to it"
        return self.quote(str(inner), 120)


def _read(response: requests.Response, method: str, path: str) -> str:
    content = bytearray()
    for chunk in response.iter_content(64 * 1024):
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            raise BadAnswerError(f"is larger than {MAX_BODY_BYTES >> 20} MiB", method=method, path=path)
    return content.decode("utf-8", errors="replace")


class Collection:
    """The API calls for one kind of resource.

    Every call raises `ApiError` if the API refuses, `TransportError` if no complete answer came, and `BadAnswerError` if the
    body of a success cannot be what was asked for.

    Args:
        client: Sends the requests.
        kind: The kind of resource.
    """

    def __init__(self, client: VapiClient, kind: Kind) -> None:
        self.client = client
        self._kind = kind

    def create(self, body: Mapping[str, Any]) -> Answer:
        """Create a resource.

        Args:
            body: The fields to send, wire names.

        Returns:
            What the API holds.
        """
        path = self._kind.path
        body = self._kind.on_the_wire({"provider": self._kind.provider, **body})
        return self._parse(self._send("POST", path, body), "POST", path)

    def get(self, id_: str) -> Answer | None:
        """Read a resource.

        Args:
            id_: Its id.

        Returns:
            What the API holds, or None if the API itself says that it does not exist.
        """
        reply = self._find(id_)
        return None if reply is None else self._parse(reply, "GET", self._path(id_), id_)

    def existing(self, id_: str) -> Answer:
        """Read a resource that must exist.

        Args:
            id_: Its id.

        Returns:
            What the API holds.

        Raises:
            VapiError: It does not exist, or could not be read.
        """
        one = self.get(id_)
        if one is None:
            raise VapiError("it does not exist in this organisation; check the id, vapi-byo:apiKey and vapi-byo:region")
        return one

    def entry(self, id_: str) -> dict[str, Any] | None:
        """Read a resource of any provider.

        Args:
            id_: Its id.

        Returns:
            The entry as it came, or None if the API itself says that it does not exist.
        """
        reply = self._find(id_)
        if reply is None:
            return None
        if not isinstance(reply.body, dict):
            raise BadAnswerError("is not an object", method="GET", path=self._path(id_))
        return reply.body

    def _find(self, id_: str, turns: int = 1) -> Reply | None:
        try:
            return self._send("GET", self._path(id_), turns=turns)
        except ApiError as error:
            if error.says_absent:
                return None
            raise

    def look(self, id_: str) -> Answer | None:
        """Read a resource that is about to be changed: like `get`, but reserves a turn for the change."""
        reply = self._find(id_, turns=2)
        return None if reply is None else self._parse(reply, "GET", self._path(id_), id_)

    def update(self, id_: str, patch: Mapping[str, Any], *, looked: bool = False) -> Answer:
        """Change fields.

        Args:
            id_: Its id.
            patch: Wire names to new values; null clears.
            looked: Whether `look` was called just before; then nothing is sent once that is out of date.

        Returns:
            What the API holds afterwards.
        """
        path = self._path(id_)
        turns, within_s = (0, LOOK_IS_GOOD_FOR_S) if looked else (1, math.inf)
        body = self._kind.on_the_wire(patch)
        return self._parse(self._send("PATCH", path, body, turns=turns, within_s=within_s), "PATCH", path, id_)

    def delete(self, id_: str) -> bool:
        """Delete a resource.

        Args:
            id_: Its id.

        Returns:
            False if the API itself says that it did not exist.
        """
        path = self._path(id_)
        try:
            reply = self._send("DELETE", path)
        except ApiError as error:
            if error.says_absent:
                return False
            raise
        if _is_api_error(reply.body) and "id" not in reply.body:
            raise BadAnswerError(f"to a successful request ({reply.status}) is an error", method="DELETE", path=path)
        return True

    def list(self, limit: int = MAX_LIST, created_at_le: str | None = None) -> builtins.list[dict[str, Any]]:
        """List the newest entries of the organisation, including those of other providers.

        Args:
            limit: Most entries, 1 to 1,000.
            created_at_le: Only entries created at or before this time, ISO 8601.

        Returns:
            The entries as they came, newest first.
        """
        path = self._kind.path
        query = {"limit": limit} | ({"createdAtLe": created_at_le} if created_at_le else {})
        reply = self._send("GET", path, query=query)
        if not isinstance(reply.body, builtins.list) or not all(isinstance(entry, dict) for entry in reply.body):
            raise BadAnswerError("is not a list of objects", method="GET", path=path)
        for entry in reply.body:
            if not is_id(entry.get("id")):
                shown = self.client.quote(quote_id(entry.get("id")))
                raise BadAnswerError(f"lists an entry with an unusable id, {shown}", method="GET", path=path)
        return reply.body

    def pages(self) -> Iterator[builtins.list[dict[str, Any]]]:
        """List everything in the organisation, including other providers' entries, newest first, with one call per page.

        Yields:
            The entries that the page adds to the pages before; never an empty list.
        """
        seen: set[str] = set()
        oldest: str | None = None
        largest = 0
        while True:
            page = self.list(MAX_LIST, created_at_le=oldest)
            fresh = [entry for entry in page if str(entry.get("id")) not in seen]
            if fresh:
                yield fresh
            # A short page need not be the last: an API may cap the limit.
            if len(page) < max(DEFAULT_LIST, largest):
                return
            if not fresh:
                raise BadAnswerError(
                    f"repeats {len(page)} entries from before: either all were created at {self.client.quote(str(oldest))}, "
                    "or createdAtLe is ignored, so the rest cannot be listed",
                    method="GET",
                    path=self._kind.path,
                )
            largest = max(largest, len(page))
            seen.update(str(entry.get("id")) for entry in fresh)
            # This API has no pages, only limits: the next page is whatever is at least as old as the last entry.
            times = [entry["createdAt"] for entry in page if isinstance(entry.get("createdAt"), str)]
            if not times:
                raise BadAnswerError("has no createdAt, by which to list on", method="GET", path=self._kind.path)
            oldest = times[-1]

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None, **how: Any) -> Reply:
        try:
            return self.client.send(method, path, body, **how)
        except ApiError as error:
            raise error.advised_by(self._kind.advice) from error

    def _path(self, id_: str) -> str:
        if not is_id(id_):
            raise VapiError(not_an_id(id_))
        return f"{self._kind.path}/{id_}"

    def _parse(self, reply: Reply, method: str, path: str, id_: str | None = None) -> Answer:
        try:
            answer = self._kind.parse(reply.body)
        except ValueError as error:
            raise BadAnswerError(self.client.quote(str(error), MAX_API_TEXT), method=method, path=path) from None
        if id_ is not None and answer.id != id_:
            raise BadAnswerError(f"is about another id, {answer.id}", method=method, path=path)
        return answer


def moment_of(text: str | None) -> datetime.datetime | None:
    """Parse a time of the API's; None if it is unreadable."""
    try:
        moment = datetime.datetime.fromisoformat((text or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_api_error(body: Any) -> bool:
    return isinstance(body, Mapping) and "message" in body


def _messages(message: Any, parent: str = "", depth: int = 0) -> list[str]:
    """Return the sentences in the ``message`` of an error: a text, an object of a validator's, or a list of either."""
    if isinstance(message, list) and depth < _MAX_DEPTH:
        found = [sentence for part in message[:_MAX_MESSAGES] for sentence in _messages(part, parent, depth + 1)]
        return found[:_MAX_MESSAGES]
    if isinstance(message, list):
        return []
    if not isinstance(message, Mapping):
        return [] if message is None else [f"{parent}{message}"]
    # A validator's object repeats the body it is about, secrets included, so sentences are taken only from known keys.
    constraints, children = message.get("constraints"), message.get("children")
    found = [f"{parent}{text}" for text in constraints.values()] if isinstance(constraints, Mapping) else []
    if depth < _MAX_DEPTH:
        if isinstance(children, list):
            found += _messages(children, f"{parent}{message.get('property')}.", depth + 1)
        if not found and isinstance(message.get("message"), (str, list)):
            found = _messages(message["message"], parent, depth + 1)
    return found or ["(an object without a sentence)"]


def _root(error: BaseException) -> BaseException:
    # requests wraps urllib3's errors, some of them in a MaxRetryError that holds the reason.
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    return reason if isinstance(reason, BaseException) else error
