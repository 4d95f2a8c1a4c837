"""Every exception of the package, and the wording of all messages that are not about a single input.

Messages are a single line, in lower case, without secrets and whole bodies:
``cannot <verb> <thing>: <what happened> (<METHOD> <path>); <what to do>``.
Their parts are kept as attributes, so that callers never have to look at the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from .wire import ADDITIONAL, SECRET_FIELDS

#: Most characters of the API's text that a message repeats.
MAX_API_TEXT = 500

#: Part of the warning about diverted calls, by which the report on a preview recognises it.
WHICH_IS_LEFT_OUT = "which the program leaves out"

#: What to say if a key is refused that neither the stack nor the program has any more.
SETTINGS_OF_THE_STATE = (
    "refresh and destroy take the key and the other settings from the last pulumi up: if they were changed since, run "
    "pulumi up first, without --refresh, or add --run-program"
)

#: Most characters of a message; messages are short anyway, so this is for cases nobody thought of.
MAX_SENTENCE = 4000

_UNKNOWN_PROPERTY = re.compile(r"^(?P<parent>[\w.]+\.)?property (?P<name>\w+) should not exist$")

E = TypeVar("E", bound="VapiError")


class VapiError(Exception):
    """Base of everything this package raises on purpose; the text is a whole sentence for the user.

    Attributes:
        what: What happened.
        advice: What to do about it; empty if nothing useful is known.
        tries: How often the request was sent.
    """

    def __init__(self, what: str, *, advice: str = "", tries: int = 1) -> None:
        self.what = what
        self.advice = advice
        self.tries = tries
        times = f", tried {tries} times" if tries > 1 else ""
        super().__init__(shorten(f"{what}{times}; {advice}" if advice else f"{what}{times}", MAX_SENTENCE))

    def after(self: E, tries: int) -> E:
        """Return the same failure as the last of several attempts."""
        return self._with(advice=self.advice, tries=tries)

    def _with(self: E, *, advice: str, tries: int) -> E:
        other = type(self).__new__(type(self))
        vars(other).update(vars(self))
        VapiError.__init__(other, self.what, advice=advice, tries=tries)
        return other


class ConfigError(VapiError):
    """A setting is missing or wrong; raised before any request is sent."""


class TransportError(VapiError):
    """No complete answer came: the connection failed, timed out or broke off.

    Attributes:
        method: HTTP method of the request.
        path: Path of the request, without the host.
        sent: Whether the request may have reached the API and taken effect.
        passing: Whether trying again may help; a bad certificate stays bad.
        timed_out: Whether the API may still be working on it.
    """

    def __init__(
        self,
        reason: str,
        *,
        method: str,
        path: str,
        sent: bool,
        passing: bool = True,
        timed_out: bool = False,
        advice: str = "",
    ) -> None:
        super().__init__(f"{reason} ({method} {path})", advice=advice)
        self.reason = reason
        self.method = method
        self.path = path
        self.sent = sent
        self.passing = passing
        self.timed_out = timed_out


class ApiError(VapiError):
    """The API answered, but not with success.

    Attributes:
        status: HTTP status of the answer.
        method: HTTP method of the request.
        path: Path of the request, without the host.
        messages: The sentences of the API's own ``message``, each on one line and without secrets.
        from_api: Whether the body was the API's own JSON, not, for example, a gateway's error page.
        says_absent: Whether the API itself said that it does not exist; no other answer means that.
    """

    def __init__(
        self,
        *,
        status: int,
        method: str,
        path: str,
        messages: Sequence[str] = (),
        from_api: bool,
        says_absent: bool = False,
        excerpt: str = "",
        retry_after: str | None = None,
        tries: int = 1,
    ) -> None:
        self.status = status
        self.method = method
        self.path = path
        self.messages = tuple(messages)
        self.from_api = from_api
        self.says_absent = says_absent
        if from_api:
            said = ": " + shorten("; ".join(self.messages)) if self.messages else ""
            said += f", with Retry-After: {shorten(retry_after, 40)}" if retry_after else ""
            text = f"Vapi answered {status}{said} ({method} {path})"
        else:
            said = f", beginning {excerpt!r}" if excerpt else ""
            where = "something between here and Vapi"
            text = f"{where} answered {status} with something other than Vapi's JSON{said} ({method} {path})"
        super().__init__(text, advice=advise(status, method, self.messages, from_api=from_api), tries=tries)

    def advised_by(self, of_kind: Advice) -> ApiError:
        """Return the same failure, with the advice that the kind of resource has."""
        advice = advise(self.status, self.method, self.messages, from_api=self.from_api, of_kind=of_kind)
        return self._with(advice=advice, tries=self.tries)


class BadAnswerError(VapiError):
    """The API answered with success, but the body cannot be what was asked for; nothing from it was stored.

    Attributes:
        method: HTTP method of the request.
        path: Path of the request, without the host.
    """

    def __init__(self, reason: str, *, method: str, path: str) -> None:
        super().__init__(f"Vapi's answer {reason} ({method} {path})")
        self.method = method
        self.path = path


class OutdatedError(VapiError):
    """A change was not sent, because the read that it is based on was too long ago."""


class LifecycleError(VapiError):
    """A step in the life of a resource failed: says which step, of which resource, why, and what to do."""


def cannot(verb: str, label: str, why: object) -> LifecycleError:
    """Return the error of a failed step.

    Args:
        verb: What was attempted: ``create``, ``read``, ``update`` or ``delete``.
        label: The name by which the user knows the resource.
        why: The reason: a whole clause, with what to do.

    Returns:
        The error, for the caller to raise: ``from None`` at a boundary, otherwise from its cause.
    """
    return LifecycleError(f"cannot {verb} {label}: {why}")


def with_settings_of_the_state(error: VapiError) -> str:
    """Return the message; if the key was refused, it also says where a refresh or a destroy gets the key from.

    Without ``--run-program`` the engine runs no program, and configures providers as the last ``pulumi up`` did.
    """
    is_refused = isinstance(error, ApiError) and error.from_api and error.status in (401, 403)
    return f"{error}; {SETTINGS_OF_THE_STATE}" if is_refused else str(error)


def shorten(text: str, limit: int = MAX_API_TEXT) -> str:
    """Shorten a foreign text to one line of at most `limit` characters, without control characters."""
    line = "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 3] + "..."


def quote_id(value: Any) -> str:
    """Return what should be an id, but may be anything, for a message."""
    return shorten(repr(value), 60)


def not_an_id(value: Any) -> str:
    """Return a message that says that something is not an id."""
    return f"{quote_id(value)} is not a Vapi id: an id has only letters, digits, - and _, and at most 128 of them"


def as_written(value: Any) -> str:
    """Return an input as the user wrote it. Pulumi's engine has only floats: the user's 3 arrives as 3.0."""
    return repr(value).removesuffix(".0")


def show_value(value: Any, key: str = "") -> str:
    """Return a value for a message: compact, short, secrets masked.

    Args:
        value: Any value of an input or an answer.
        key: Its wire name.

    Returns:
        At most 80 characters; ``unset`` for None.
    """
    return "unset" if value is None else shorten(json.dumps(_masked(value, key), ensure_ascii=False), 80)


def _masked(value: Any, key: str) -> Any:
    if key in SECRET_FIELDS:
        return "[secret]"
    if key == ADDITIONAL:  # any part of it may be secret
        return "[not shown]"
    if isinstance(value, Mapping):
        return {part: _masked(item, part) for part, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(item, "") for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value  # as in `as_written`


def show_path(path: Sequence[str | int]) -> str:
    """Return a path as Pulumi writes it: ``hooks[0].do[1].destination.number``."""
    text = ""
    for part in path:
        # The name of a header, or of an unknown field, may be anything.
        text += f"[{part}]" if isinstance(part, int) else ("." if text else "") + shorten(str(part), 100)
    return text


def plain(message: str) -> str:
    """Reword one of pydantic's messages in our style."""
    message = message.replace("Input should be", "must be")
    return message[:1].lower() + message[1:]


#: What a kind of resource advises about an answer: from the method, the status and one of the API's messages, or none.
Advice = Callable[[str, int, str], str]


def _no_advice(_method: str, _status: int, _message: str) -> str:
    return ""


def advise(status: int, method: str, messages: Sequence[str], *, from_api: bool, of_kind: Advice = _no_advice) -> str:
    """Return what the user can do about an answer, judging by its status and the fields that it names.

    Args:
        status: HTTP status of the answer.
        method: HTTP method of the request.
        messages: The API's messages.
        from_api: Whether the answer was the API's own JSON.
        of_kind: The advice that the kind of resource has.

    Returns:
        One clause without a full stop; empty if nothing useful is known.
    """
    if not from_api:
        return "check vapi-byo:baseUrl and any proxy in between, then try again; this answer was ignored"
    known = [of_kind(method, status, message) or _advice_for_a_field(status, message) for message in messages or ("",)]
    if any(known):
        return "; ".join(dict.fromkeys(filter(None, known)))
    if status == 401:
        return "check vapi-byo:apiKey and vapi-byo:region: the key must be the private key of the organisation, in its region"
    if status == 403:
        return "check vapi-byo:apiKey: the key is not allowed to do this; use a private key of the organisation that owns it"
    if status == 404 and method == "PATCH":
        return (
            "it was deleted outside Pulumi, or belongs to another organisation than the key; "
            "run pulumi refresh, after which pulumi up creates it again"
        )
    if status == 429:
        return (
            "the organisation's rate limit is reached: try again later, or set the rate it allows with "
            "pulumi config set vapi-byo:requestsPerSecond 5"
        )
    if status in (408, 425):
        return "this is temporary: try again later"
    if status >= 500:
        return "this is a fault on Vapi's side: try again later"
    return ""


def _advice_for_a_field(status: int, message: str) -> str:
    unknown = _UNKNOWN_PROPERTY.match(message) if status == 400 else None
    return f"this API does not know {unknown['parent'] or ''}{unknown['name']}: remove it" if unknown else ""
