"""Vapi's API over HTTP: one request, one reader of answers. The only module that knows `requests`."""

from __future__ import annotations

import json
import logging
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import quote

import requests
import requests.adapters
import requests.auth
import urllib3.exceptions
from urllib3.util import Retry

from ._version import __version__
from .config import Settings
from .errors import ApiError, BadAnswerError, TransportError, mask, shorten
from .models import OPAQUE_MAPS, PhoneNumber, parse_phone_number
from .pacing import MAX_RETRY_AFTER_S, RETRIED_STATUSES, Pace, retry_policy

log = logging.getLogger(__name__)

USER_AGENT: Final = f"pulumi-vapi-byo/{__version__} python/{platform.python_version()} requests/{requests.__version__}"

#: Most numbers the API returns in one list (OpenAPI ``limit``).
MAX_LIST: Final = 1000

#: A list of 1,000 numbers is about 2 MB; what is far larger is no answer of the API.
MAX_BODY_BYTES: Final = 32 << 20


@dataclass(frozen=True)
class Answer:
    """A complete answer of the API.

    Attributes:
        status: HTTP status.
        body: Parsed JSON, or None where the body is no JSON.
        text: The body as it came.
        retry_after: The header of that name.
    """

    status: int
    body: Any
    text: str
    retry_after: str | None = None


class _Bearer(requests.auth.AuthBase):
    """Sends the key; as an auth object, so that requests never puts a password from .netrc in its place."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


class VapiClient:
    """The calls for phone numbers. Keeps connections alive, and may be used by several threads at once.

    Args:
        settings: Where the API is, the key, how long to wait and how often to try.
        sleep: Waits for some seconds; for tests.
    """

    def __init__(self, settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._sleep = sleep
        self._pace = Pace(settings.requests_per_second, sleep=sleep)
        self._auth = _Bearer(settings.api_key)
        self._session = requests.Session()
        # Threads share the session: cookies would be its only changing state, and the API needs none.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
        adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=64)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def create_phone_number(self, body: Mapping[str, Any]) -> PhoneNumber:
        """Make a number.

        Args:
            body: The whole request, wire names, ``provider`` included.

        Returns:
            The number as the API holds it.

        Raises:
            ApiError: The API refused.
            TransportError: No complete answer came; `TransportError.sent` tells whether it may have been made.
            BadAnswerError: The API said yes, but with a body that is no number.
        """
        path = "/phone-number"
        return _number(self._send("POST", path, body), "POST", path)

    def get_phone_number(self, id_: str) -> PhoneNumber | None:
        """Look up a number.

        Args:
            id_: Its id.

        Returns:
            The number, or None where the API itself says that there is none.

        Raises:
            ApiError: The API refused; also for a 404 that is not the API's own.
            TransportError: No complete answer came.
            BadAnswerError: The body is no BYO number, or another one.
        """
        path = _path(id_)
        try:
            number = _number(self._send("GET", path), "GET", path)
        except ApiError as error:
            if error.says_absent:
                return None
            raise
        if number.id != id_:
            raise BadAnswerError(f"is about another number, {shorten(number.id, 60)}", method="GET", path=path)
        return number

    def update_phone_number(self, id_: str, patch: Mapping[str, Any]) -> PhoneNumber:
        """Change fields of a number.

        Args:
            id_: Its id.
            patch: Wire names to new values; null clears.

        Returns:
            The number as the API holds it afterwards.

        Raises:
            ApiError: The API refused.
            TransportError: No complete answer came.
            BadAnswerError: The body is no BYO number, or another one.
        """
        path = _path(id_)
        number = _number(self._send("PATCH", path, patch), "PATCH", path)
        if number.id != id_:
            raise BadAnswerError(f"is about another number, {shorten(number.id, 60)}", method="PATCH", path=path)
        return number

    def delete_phone_number(self, id_: str) -> bool:
        """Delete a number.

        Args:
            id_: Its id.

        Returns:
            False where the API itself says that there was none.

        Raises:
            ApiError: The API refused; also for a 404 that is not the API's own.
            TransportError: No complete answer came.
        """
        try:
            self._send("DELETE", _path(id_))
        except ApiError as error:
            if error.says_absent:
                return False
            raise
        return True

    def list_phone_numbers(self, limit: int = MAX_LIST, created_at_le: str | None = None) -> list[dict[str, Any]]:
        """List the newest numbers of the organisation, those of other providers too.

        Args:
            limit: At most so many, 1 to 1,000.
            created_at_le: Only numbers made at this time or before, ISO 8601.

        Returns:
            The entries as they came, newest first.

        Raises:
            ApiError: The API refused.
            TransportError: No complete answer came.
            BadAnswerError: The body is no list of objects.
        """
        path = "/phone-number"
        query = {"limit": limit} | ({"createdAtLe": created_at_le} if created_at_le else {})
        answer = self._send("GET", path, query=query)
        if not isinstance(answer.body, list) or not all(isinstance(entry, dict) for entry in answer.body):
            raise BadAnswerError("is no list of numbers", method="GET", path=path)
        return answer.body

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, query: Mapping[str, Any] | None = None
    ) -> Answer:
        policy = retry_policy(self._settings.max_retries)
        while True:
            tries = len(policy.history) + 1
            self._pace.wait()
            try:
                answer = self._exchange(method, path, body, query, tries)
            except TransportError as error:
                # A POST that may have arrived is the caller's to clear up: sent again it could make a second number.
                if not error.passing or (method == "POST" and error.sent):
                    raise
                try:
                    policy = policy.increment(method, path, error=error)
                except urllib3.exceptions.MaxRetryError:
                    raise error.after(tries) from None
                self._sleep(policy.get_backoff_time())
                continue
            if answer.status != 429:
                self._pace.speed_up()
            if answer.status not in RETRIED_STATUSES or (method == "POST" and answer.status != 429):
                return self._judge(answer, method, path, body, tries)
            try:
                policy = policy.increment(method, path)
            except urllib3.exceptions.MaxRetryError:
                return self._judge(answer, method, path, body, tries)
            pause_s = _asked_pause(policy, answer)
            if pause_s > MAX_RETRY_AFTER_S:
                return self._judge(answer, method, path, body, tries)
            if answer.status == 429:
                self._pace.slow_down(pause_s)
            else:
                self._sleep(pause_s)

    def _judge(self, answer: Answer, method: str, path: str, body: Mapping[str, Any] | None, tries: int) -> Answer:
        if 200 <= answer.status < 300 and answer.body is not None:
            return answer
        secrets = [self._settings.api_key, *_secrets_in(body)]
        excerpt = shorten(mask(answer.text, secrets), 60)
        if 200 <= answer.status < 300:
            raise BadAnswerError(
                f"to a request that it took ({answer.status}) is no JSON, beginning {excerpt!r}", method=method, path=path
            )
        from_api = _is_api_error(answer.body)
        raise ApiError(
            status=answer.status,
            method=method,
            path=path,
            messages=[mask(message, secrets) for message in _messages(answer.body)] if from_api else (),
            from_api=from_api,
            # Vapi's shape is {"message", "error", "statusCode"}; a gateway that speaks JSON has less, and knows no numbers.
            says_absent=from_api and answer.status == 404 and ("statusCode" in answer.body or "error" in answer.body),
            excerpt=excerpt,
            tries=tries,
        )

    def _exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, Any] | None, attempt: int
    ) -> Answer:
        began = time.monotonic()
        try:
            with self._session.request(
                method,
                self._settings.base_url + path,
                params=query,
                json=body,
                auth=self._auth,
                timeout=self._settings.timeout_s,
                allow_redirects=False,  # a redirect would carry the key to wherever it points
                stream=True,
            ) as response:
                text = _read(response, method, path)
        except requests.RequestException as error:
            failure = _explain(error, self._settings, method, path)
            log.debug("%s %s failed after %d ms (try %d): %s", method, path, _ms_since(began), attempt, failure.reason)
            raise failure from None
        log.debug("%s %s -> %d in %d ms (try %d)", method, path, response.status_code, _ms_since(began), attempt)
        return Answer(response.status_code, _parse(text), text, response.headers.get("Retry-After"))


def _read(response: requests.Response, method: str, path: str) -> str:
    content = bytearray()
    for chunk in response.iter_content(64 * 1024):
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            raise BadAnswerError(f"is larger than {MAX_BODY_BYTES >> 20} MiB", method=method, path=path)
    return content.decode("utf-8", errors="replace")


def _asked_pause(policy: Retry, answer: Answer) -> float:
    """Return the seconds to wait: as the API asks in Retry-After (seconds or a date), else the backoff."""
    if answer.retry_after:
        try:
            return policy.parse_retry_after(answer.retry_after)
        except urllib3.exceptions.InvalidHeader:
            pass
    return policy.get_backoff_time()


def _path(id_: str) -> str:
    return "/phone-number/" + quote(id_, safe="")


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _number(answer: Answer, method: str, path: str) -> PhoneNumber:
    try:
        return parse_phone_number(answer.body)
    except ValueError as error:
        raise BadAnswerError(str(error), method=method, path=path) from None


def _is_api_error(body: Any) -> bool:
    return isinstance(body, Mapping) and "message" in body


def _messages(body: Mapping[str, Any]) -> list[str]:
    message = body["message"]
    return [str(part) for part in message] if isinstance(message, list) else [str(message)]


def _secrets_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key == "serverUrlSecret" and isinstance(part, str):
                yield part
            elif key in OPAQUE_MAPS and isinstance(part, Mapping):
                yield from (header for header in part.values() if isinstance(header, str))
            else:
                yield from _secrets_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from _secrets_in(part)


def _explain(error: requests.RequestException, settings: Settings, method: str, path: str) -> TransportError:
    """Say in words why no answer came, whether the request may have arrived, and what to do."""
    where = settings.base_url
    cause = _root(error)
    sent, passing = False, True
    if isinstance(error, requests.exceptions.ConnectTimeout):
        reason, advice = f"no connection to {where} within {settings.timeout_s:g} s", "check the network, or raise vapi:timeout"
    elif isinstance(error, requests.exceptions.ProxyError):
        reason, advice = f"the proxy on the way to {where} failed", "check HTTPS_PROXY and NO_PROXY"
    elif isinstance(error, requests.exceptions.SSLError):
        reason = f"no trusted TLS connection to {where}: {shorten(str(cause), 120)}"
        advice, passing = "check the address, and REQUESTS_CA_BUNDLE where a proxy has certificates of its own", False
    elif isinstance(error, requests.exceptions.ReadTimeout):
        reason, advice = f"{where} did not answer within {settings.timeout_s:g} s", "try again, or raise vapi:timeout"
        sent = True
    elif type(cause).__name__ == "NameResolutionError":  # urllib3 has it since 2.0
        reason, advice = f"the name of {where} cannot be resolved", "check vapi:baseUrl and the network"
    elif isinstance(cause, urllib3.exceptions.NewConnectionError):
        reason, advice = f"no connection to {where}: refused, or no route", "check vapi:baseUrl and the network"
    elif isinstance(error, (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        reason, advice = f"{where} closed the connection before its answer was complete", "try again"
        sent = True
    else:
        reason, advice = f"the request to {where} failed ({type(error).__name__})", "check vapi:baseUrl"
        sent, passing = True, False
    return TransportError(reason, method=method, path=path, sent=sent, passing=passing, advice=advice)


def _root(error: BaseException) -> BaseException:
    # requests wraps urllib3's MaxRetryError, which wraps the reason.
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", None)
    return reason if isinstance(reason, BaseException) else error
