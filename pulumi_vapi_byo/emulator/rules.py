"""What the emulator does where Vapi's documents are silent, as data: the emulator obeys it, and `vapi-byo verify` tests it.

A rule has a few possible answers. If one of them is a 4xx status, any other 4xx is allowed too: where the service answers
409 and our choice is 400, the rule can be set to 409. This module needs none of the emulator's packages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Literal

Era = Literal["both", "current", "2024"]
Evidence = Literal["spec", "docs", "seen", "assumed"]

ACCEPTED: Final = "accepted"


@dataclass(frozen=True)
class Rule:
    """Something that Vapi may do in one of several ways.

    Attributes:
        name: Its name in reports and in `Emulator(rules=…)`.
        text: Beginning of a sentence that an answer completes.
        answers: What the emulator can do, its default first.
        evidence: Where the default comes from: Vapi's OpenAPI document (spec), its guides (docs), answers that users have
            published (seen), or an assumption of ours (assumed).
        eras: Answers by era, where the era's document decides; they cannot be changed.
    """

    name: str
    text: str
    answers: tuple[str, ...]
    evidence: Evidence
    eras: Mapping[Era, str] = field(default_factory=dict)

    def answer(self, era: Era) -> str:
        """Return the emulator's default answer in an era."""
        return self.eras.get(era, self.answers[0])

    def allows(self, answer: str) -> bool:
        """Return whether the emulator can give this answer."""
        return answer in self.answers or (_is_refusal(answer) and any(map(_is_refusal, self.answers)))


def _is_refusal(answer: str) -> bool:
    return len(answer) == 3 and answer.isdecimal() and answer[0] == "4"


def _nulls() -> tuple[Rule, ...]:
    fields: dict[str, tuple[tuple[str, ...], Evidence, Mapping[Era, str]]] = {
        "name": (("cleared", "kept", "400"), "assumed", {}),
        "assistantId": (("cleared", "400"), "docs", {}),
        "squadId": (("cleared", "400"), "docs", {}),
        "workflowId": (("cleared", "400"), "assumed", {"2024": "400"}),
        "server": (("cleared", "kept", "400"), "assumed", {"2024": "400"}),
        "hooks": (("cleared", "kept", "400"), "assumed", {"2024": "400"}),
        "fallbackDestination": (("cleared", "kept", "400"), "seen", {}),
    }
    numbers = tuple(
        Rule(f"null-{name}", f"a PATCH of a number with `{name}: null`", answers, evidence, eras)
        for name, (answers, evidence, eras) in fields.items()
    )
    text = "a PATCH of a trunk with `techPrefix: null`"
    return (*numbers, Rule("null-techPrefix", text, ("cleared", "kept", "400"), "assumed", {"2024": "404"}))


RULES: Final[tuple[Rule, ...]] = (
    # errors
    Rule("wrong-key", "a wrong key", ("401", "403"), "seen"),
    Rule("missing-key", "no key", ("401", "403"), "seen"),
    Rule("unknown-route", "a path that does not exist", ("404", "405"), "assumed"),
    Rule("error-shape", "the properties of an error", ("message, error, statusCode", "message, statusCode"), "seen"),
    Rule("several-failures", "several failures in one body", ("all in a list", "the first as a text"), "seen"),
    Rule("failure-names-field", "the message about a property", ("begins with its name", "does not name it"), "seen"),
    Rule("wording-unknown-property", "the message about a property that Vapi does not know", ("as here", "otherwise"), "seen"),
    Rule("wording-not-e164", "the message about a number that is not E.164", ("as here", "otherwise"), "seen"),
    Rule("wording-too-long", "the message about a name of more than 40 characters", ("as here", "otherwise"), "seen"),
    Rule("unknown-id", "GET, PATCH and DELETE of an unknown number", ("404", "400"), "seen"),
    Rule("unknown-credential-id", "GET of an unknown trunk", ("404", "400"), "seen"),
    Rule("malformed-id", "GET of a number by an id that is no UUID", ("400", "404"), "assumed", {"2024": "404"}),
    Rule("unknown-property", "a property that Vapi does not know", ("400", "kept", "dropped"), "seen"),
    Rule("unknown-nested-property", "an unknown property inside `fallbackDestination`", ("400", "kept"), "seen"),
    Rule("unknown-query", "a query parameter that Vapi does not know", ("400", ACCEPTED), "assumed"),
    Rule("no-body", "a POST without a body", ("counts as {}", "has an error of its own"), "assumed"),
    # what is refused
    Rule("number-not-e164", "a number without a plus, with the E.164 check", ("400", ACCEPTED), "spec"),
    Rule("number-with-signs", "a number with a hyphen, without the check", ("400", ACCEPTED), "spec"),
    Rule(
        "patch-number-check", "a PATCH of the number alone, whose check is off", (ACCEPTED, "400"), "assumed", {"2024": "400"}
    ),
    Rule("reference-not-uuid", "an `assistantId` that is no UUID", ("400", ACCEPTED), "assumed"),
    Rule("reference-unknown", "an `assistantId` that does not exist", (ACCEPTED, "400"), "assumed"),
    Rule("no-credential", "a number without `credentialId`", ("400", "404"), "seen"),
    Rule("credential-unknown", "a number on a trunk that does not exist", (ACCEPTED, "400"), "assumed"),
    Rule("url-not-http", "a `server.url` of ftp (`serverUrl` in 2024)", ("400", ACCEPTED), "assumed"),
    Rule("url-empty", "an empty `server.url`", ("400", ACCEPTED), "seen"),
    Rule("duplicate-number", "the same number twice", ("400", ACCEPTED), "assumed"),
    Rule("inbound-host-name", "an inbound gateway with a host name", ("400", ACCEPTED), "docs"),
    Rule("trunk-in-use", "DELETE of a trunk that a number uses", ("400", ACCEPTED), "assumed"),
    # what is answered
    Rule("create-status", "the status of a creation", ("201", "200"), "spec"),
    Rule("delete-answer", "the answer to a DELETE", ("the object", "204"), "spec"),
    Rule("number-reads-back", "a number without a plus reads back", ("as sent", "otherwise"), "docs"),
    Rule("unset-fields", "what is not set is", ("left out", "null"), "docs"),
    Rule("server-defaults", "defaults inside `server` are", ("left out", "filled in"), "seen", {"2024": "no such field"}),
    Rule("gateway-defaults", "defaults inside `gateways` are", ("left out", "filled in"), "docs"),
    Rule("status", "`status` after creation", ("active", "activating"), "docs", {"2024": "left out"}),
    Rule("password", "the trunk's `authPassword` reads back", ("never", "as sent"), "spec"),
    Rule(
        "server-url",
        "a sent `serverUrl` reads back",
        ("as serverUrl", "as server", "400"),
        "assumed",
        {"current": "400", "2024": "as serverUrl"},
    ),
    Rule(
        "server-url-secret",
        "a sent `serverUrlSecret` reads back",
        ("as sent", "never"),
        "assumed",
        {"current": "no such field"},
    ),
    Rule("times", "times have", ("milliseconds and Z", "no milliseconds"), "docs"),
    Rule("updated-at-changed", "`updatedAt` after a change", ("moves", "stays"), "assumed"),
    Rule("updated-at-unchanged", "`updatedAt` after a PATCH that changes nothing", ("stays", "moves"), "assumed"),
    # updates
    *_nulls(),
    Rule(
        "replace-server",
        "`server` in a PATCH replaces the old one",
        ("whole", "property by property"),
        "assumed",
        {"2024": "400"},
    ),
    Rule("replace-hooks", "`hooks` in a PATCH replace the old ones", ("whole", "by adding"), "docs", {"2024": "400"}),
    Rule("replace-fallbackDestination", "`fallbackDestination` in a PATCH", ("whole", "property by property"), "assumed"),
    Rule("replace-gateways", "`gateways` in a PATCH replace the old ones", ("whole", "by adding"), "docs", {"2024": "404"}),
    Rule("patch-number", "a PATCH of `number`", (ACCEPTED, "400"), "spec", {"2024": "400"}),
    Rule("patch-credentialId", "a PATCH of `credentialId`", (ACCEPTED, "400"), "spec", {"2024": "400"}),
    Rule("patch-provider", "a PATCH that says `provider`", (ACCEPTED, "400"), "seen"),
    Rule("patch-trunk", "a PATCH of a trunk", (ACCEPTED, "404"), "docs", {"2024": "404"}),
    # lists
    Rule("list-order", "numbers are listed", ("newest first", "oldest first"), "assumed"),
    Rule("credential-list-order", "trunks are listed", ("newest first", "oldest first"), "assumed"),
    Rule("list-limit", "`limit` is", ("honoured", "ignored"), "spec"),
    Rule("list-limit-1001", "`limit=1001`", ("400", ACCEPTED), "spec"),
    Rule("list-times", "`createdAtGt` and `createdAtLe` are", ("honoured", "ignored"), "spec"),
    Rule("v2-order", "pages of numbers (v2) begin with", ("the newest", "the oldest"), "spec", {"2024": "the oldest"}),
    Rule("v2-search", "`search` (v2) looks into", ("name and number", "name", "nothing"), "spec", {"2024": "no such field"}),
    Rule("list-delay", "a list shows a new number", ("at once", "later"), "assumed"),
    Rule("read-delay", "a GET finds a new number", ("at once", "later"), "assumed"),
    Rule("rate-limit-headers", "headers that tell of a rate limit", ("none", "x-ratelimit-remaining"), "assumed"),
)

#: How the API words failures, by the rule that this is so.
WORDINGS: Final[Mapping[str, str]] = {
    "wording-unknown-property": "should not exist",
    "wording-not-e164": (
        "must be a valid phone number in the E.164 format. Hot tip, you may be missing the country code (Eg. US: +1)."
    ),
    "wording-too-long": "must be shorter than or equal to 40 characters",
}

BY_NAME: Final[Mapping[str, Rule]] = {rule.name: rule for rule in RULES}


class Refusal(Exception):  # noqa: N818 - it is an answer of the API, not an error of the emulator
    """An unsuccessful answer of the API.

    Attributes:
        status: HTTP status.
        message: One sentence, or a list of sentences if several fields are wrong.
    """

    def __init__(self, status: int, message: str | list[str]) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message

    def body(self) -> dict[str, Any]:
        """Return the JSON body in the service's shape and key order."""
        return {"message": self.message, "error": reason_phrase(self.status), "statusCode": self.status}


def reason_phrase(status: int) -> str:
    """Return the phrase of a status; gateways use some that have none, such as 520."""
    return HTTPStatus(status).phrase if status in list(HTTPStatus) else "Unknown Error"


class Rules:
    """The answers of one emulator to all rules.

    Args:
        era: The emulated API.
        changes: Answers to use instead of the defaults, by name of the rule.

    Attributes:
        changed: Names of the rules whose answer is not the default.

    Raises:
        ValueError: There is no such rule or answer, or the era's document decides; the message is one sentence.
    """

    def __init__(self, era: Era, changes: Mapping[str, str] | None = None) -> None:
        self._answers = {rule.name: rule.answer(era) for rule in RULES}
        changes = {name: answer for name, answer in (changes or {}).items() if self._answers.get(name) != answer}
        for name, answer in changes.items():
            _check(name, answer, era)
        self.changed = changes.keys()
        self._answers |= changes

    def __getitem__(self, name: str) -> str:
        return self._answers[name]

    def accepts(self, name: str) -> bool:
        """Return whether the rule's answer is anything but a refusal."""
        return not _is_refusal(self._answers[name])

    def refusal(self, name: str, message: str | list[str]) -> Refusal:
        """Return a refusal with the status that the rule says."""
        return Refusal(int(self._answers[name]), message)

    def refuse(self, name: str, message: str | list[str]) -> None:
        """Raise a refusal, unless the rule accepts.

        Raises:
            Refusal: The rule refuses.
        """
        if not self.accepts(name):
            raise self.refusal(name, message)

    def error_body(self, refusal: Refusal) -> dict[str, Any]:
        """Return the JSON body of a refusal, shaped by the rules."""
        body = refusal.body()
        if self["several-failures"] == "the first as a text" and isinstance(body["message"], list):
            body["message"] = body["message"][0]
        if self["failure-names-field"] == "does not name it":
            body["message"] = "Bad Value" if isinstance(body["message"], str) else ["Bad Value"] * len(body["message"])
        for rule, wording in WORDINGS.items():
            if self[rule] == "otherwise":
                body["message"] = _reworded(body["message"], wording)
        return {name: body[name] for name in self["error-shape"].split(", ")}


def _reworded(message: str | list[str], wording: str) -> str | list[str]:
    if isinstance(message, list):
        return [text.replace(wording, "is not valid") for text in message]
    return message.replace(wording, "is not valid")


def read_report(text: str) -> dict[str, str]:
    """Return the answers in a report of ``vapi-byo verify`` that an emulator can be set to, by name of the rule.

    Raises:
        ValueError: The text is not such a report; the message is one sentence.
    """
    try:
        report = json.loads(text)
        era = report["era"]
        seen = {row["rule"]: row["service"] for row in report["rules"]}
    except (ValueError, TypeError, LookupError):
        raise ValueError("this is no report of vapi-byo verify") from None
    return {
        name: str(answer)
        for name, answer in seen.items()
        if name in BY_NAME and era not in BY_NAME[name].eras and answer is not None and BY_NAME[name].allows(str(answer))
    }


def _check(name: str, answer: str, era: Era) -> None:
    if name not in BY_NAME:
        raise ValueError(f"there is no rule {name!r}; the rules are {', '.join(BY_NAME)}")
    rule = BY_NAME[name]
    if era in rule.eras:
        raise ValueError(f"the rule {name} cannot be {answer!r} in the era {era}, whose document says {rule.eras[era]!r}")
    if not rule.allows(answer):
        raise ValueError(f"the rule {name} cannot be {answer!r}: the emulator knows {', '.join(map(repr, rule.answers))}")
