"""What Vapi's OpenAPI documents allow, and how the API words a refusal.

The two documents in ``spec/`` decide: every request body, query and path id, and every answer of the emulator, is validated
against them with ``openapi-schema-validator``. They are amended in four ways while loading, where they differ from what is
known about the service:

* properties that a schema doesn't name are refused (by the service, though not by the documents);
* ``PhoneNumberCallEndingHookFilter.oneOf`` loses the ``enum`` of the array itself, which no list can satisfy;
* ``credentialId`` and ``gateways`` of a new object are not "required": the service has messages of its own for them;
* the 2024 update accepts ``provider`` too, because clients always send it.

Messages use the wording of the service's validation library, and name all failures of a body at once.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from importlib import resources
from typing import Any, Final, cast
from urllib.parse import urlsplit

from openapi_schema_validator import OAS30Validator, oas30_format_checker

from pulumi_vapi_byo.emulator.rules import WORDINGS, Era, Refusal, Rules

Wire = dict[str, Any]
#: A failure of a body: the rule that decides whether it is refused (None if it always is), and the message.
Failure = tuple[str | None, str]

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_LOOSE_NUMBER = re.compile(r"\+?[a-zA-Z0-9]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

_PATCHED: Final = {"number": "patch-number", "credentialId": "patch-credentialId", "provider": "patch-provider"}

_E164_WORDING = WORDINGS["wording-not-e164"]
_LOOSE_WORDING = "must match /^\\+?[a-zA-Z0-9]+$/ regular expression"


def is_uuid(text: str) -> bool:
    """Return whether ``text`` has the shape of a UUID, of any version."""
    return _UUID.fullmatch(text) is not None


def parse_time(text: str) -> datetime | None:
    """Parse an RFC 3339 date and time; None if it is invalid."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    date, time, fraction, zone = match.groups()
    # Python 3.10 understands neither "Z" nor fractions of other than 3 or 6 digits.
    micros = (fraction or ".0")[1:7].ljust(6, "0")
    try:
        return datetime.fromisoformat(f"{date}T{time}.{micros}{'+00:00' if zone in 'Zz' else zone}")
    except ValueError:
        return None


class Document:
    """The OpenAPI document of an era, ready to check requests and answers.

    Args:
        era: ``"current"`` (today's document), ``"2024"``, or ``"both"``: today's operations, with the properties of both
            documents in every schema.
        rules: What to do where the document is silent.
    """

    def __init__(self, era: Era, rules: Rules | None = None) -> None:
        self.era: Era = era
        self._rules = rules or Rules(era)
        raw = _merged() if era == "both" else _amended(_read("2024" if era == "2024" else "current"))
        schemas = raw["components"]["schemas"]
        self._operations: dict[tuple[str, str], _Operation] = {
            (method.upper(), path): _Operation(operation, schemas)
            for path, operations in raw["paths"].items()
            for method, operation in operations.items()
        }

    def has(self, method: str, path: str) -> bool:
        """Return whether the document has an operation, e.g. ``("PATCH", "/phone-number/{id}")``."""
        return (method, path) in self._operations

    def properties(self, path: str) -> Wire:
        """Return the schemas of the properties of the objects below a path, e.g. ``"/phone-number"``."""
        kind = path.removeprefix("/v2").removesuffix("/{id}")
        return cast("Wire", self._operations["GET", kind + "/{id}"].answers[200].schema["properties"])

    def check_id(self, method: str, path: str, identifier: str) -> None:
        """Refuse a path id that isn't a UUID, if the document requires one.

        Raises:
            Refusal: 400. If the document requires no format, any id passes (and isn't found).
        """
        for parameter in self._operations[method, path].parameters:
            if parameter["in"] == "path" and parameter["schema"].get("format") == "uuid" and not is_uuid(identifier):
                raise self._rules.refusal("malformed-id", ["id must be a UUID"])

    def check_query(self, method: str, path: str, query: Mapping[str, str]) -> Wire:
        """Return the query with numbers converted to floats and times to datetimes.

        Raises:
            Refusal: 400 with every failure.
        """
        known = {p["name"]: p["schema"] for p in self._operations[method, path].parameters if p["in"] == "query"}
        values: Wire = {}
        failures: list[Failure] = [
            ("unknown-query", f"property {name} should not exist") for name in query if name not in known
        ]
        for name in known.keys() & query.keys():
            schema, value = known[name], _query_value(query[name], known[name])
            if schema.get("format") != "date-time":
                rule = "list-limit-1001" if name == "limit" else None
                failures += [(rule, text) for error in _validator(schema).iter_errors(value) for text in _wordings(error, name)]
            elif value is None:
                failures.append((None, f"{name} must be a valid ISO 8601 date string"))
            values[name] = value
        self._refuse(failures)
        return values

    def check_body(self, method: str, path: str, body: object, stored: Mapping[str, Any] | None = None) -> Wire:
        """Check a request body, and return the properties that it sets, with None for those that it clears.

        Null is accepted for optional properties at any depth; below the top level it is dropped.

        Args:
            method: Of the operation.
            path: Of the operation, with ``{id}``.
            body: The parsed JSON.
            stored: For an update, the stored object: it may hold the ``numberE164CheckEnabled`` that applies.

        Raises:
            Refusal: 400 with every failure.
        """
        operation = self._operations[method, path]
        if not isinstance(body, dict):
            raise Refusal(400, ["body must be an object"])
        kept = {"provider", *operation.answers[min(operation.answers)].schema["required"]}
        clearable = operation.body["properties"].keys() - kept
        cleared = {name for name, value in body.items() if value is None and name in clearable}
        given = {name: value for name, value in body.items() if name not in cleared}
        given = {name: _without_nulls(value, operation.body["properties"].get(name)) for name, value in given.items()}
        worded = [text for error in operation.body_validator.iter_errors(given) for text in _wordings(error)]
        failures: list[Failure] = [(_unknown(text), text) for text in worded]
        changes = given | dict.fromkeys(cleared)
        beside = stored if stored and self._rules.accepts("patch-number-check") else {}
        failures += _rules(changes, operation.body, (), beside, creates=method == "POST")
        failures += self._removed(method, body)
        # The service's library reports unknown properties first.
        failures.sort(key=lambda failure: not failure[1].endswith("should not exist"))
        self._refuse(failures)
        if self._rules["unknown-property"] == "dropped":
            return {name: value for name, value in changes.items() if name in operation.body["properties"]}
        return changes

    def _removed(self, method: str, body: Wire) -> Iterator[Failure]:
        """Refuse properties that the document has but, according to the rules, the service doesn't."""
        removed = {"serverUrl": "server-url", **(_PATCHED if method == "PATCH" else {})}
        for name in body.keys() & removed.keys():
            if not self._rules.accepts(removed[name]):
                yield removed[name], f"property {name} should not exist"

    def _refuse(self, failures: list[Failure]) -> None:
        refused = [(rule, text) for rule, text in failures if rule is None or not self._rules.accepts(rule)]
        if refused:
            rule = refused[0][0]
            messages = list(dict.fromkeys(text for _, text in refused))
            raise Refusal(400, messages) if rule is None else self._rules.refusal(rule, messages)

    def flaws(self, method: str, path: str, status: int, answer: object) -> list[str]:
        """Return what is wrong with an answer of the emulator itself, according to the document; empty if nothing."""
        operation = self._operations[method, path]
        if status not in operation.answers:
            return [f"status {status} is not in the document"]
        return operation.answers[status].flaws(answer)


class _Operation:
    """An operation with its schemas inlined and tightened."""

    def __init__(self, raw: Wire, schemas: Wire) -> None:
        self.parameters: list[Wire] = raw["parameters"]
        content = raw.get("requestBody", {"content": {"application/json": {"schema": {"properties": {}}}}})["content"]
        self.body = _tightened(content["application/json"]["schema"], schemas)
        if self.body.get("title", "").startswith("Create"):
            looked_up = {"credentialId", "gateways"}
            self.body["required"] = [name for name in self.body["required"] if name not in looked_up]
        self.body_validator = _validator(self.body)
        self.answers = {
            int(status): _Answer(_tightened(answer["content"]["application/json"]["schema"], schemas))
            for status, answer in raw["responses"].items()
        }


class _Answer:
    """The schema of one answer."""

    def __init__(self, schema: Wire) -> None:
        self.schema = schema
        self._validator = _validator(schema)

    def flaws(self, answer: object) -> list[str]:
        return [f"{error.json_path}: {error.message}" for error in self._validator.iter_errors(answer)]


def _validator(schema: Wire) -> Any:
    return OAS30Validator(schema, format_checker=oas30_format_checker)


def _unknown(text: str) -> str | None:
    """Return the rule that decides about a failure, if one does."""
    if not text.endswith("should not exist"):
        return None
    return "unknown-property" if text.startswith("property ") else "unknown-nested-property"


def _query_value(text: str, schema: Wire) -> object:
    if schema["type"] == "number":
        try:
            number = float(text)
        except ValueError:
            return text
        return number if abs(number) < float("inf") else text
    if schema.get("format") == "date-time":
        return parse_time(text)
    return text


# --- loading ---------------------------------------------------------------------------------------------------------


@functools.cache
def _text(name: str) -> str:
    return (resources.files(__package__) / "spec" / f"vapi-{name}.openapi.json").read_text(encoding="utf-8")


def _read(name: str) -> Wire:
    return cast("Wire", json.loads(_text(name)))


def _amended(raw: Wire) -> Wire:
    schemas = raw["components"]["schemas"]
    if ending := schemas.get("PhoneNumberCallEndingHookFilter"):
        del ending["properties"]["oneOf"]["enum"]
    if update := schemas.get("UpdatePhoneNumberDTO"):
        update["properties"]["provider"] = schemas["CreateByoPhoneNumberDTO"]["properties"]["provider"]
    return raw


def _merged() -> Wire:
    """Return today's document, extended by the properties that only the 2024 document has."""
    merged, old = _amended(_read("current")), _amended(_read("2024"))
    schemas, old_schemas = merged["components"]["schemas"], old["components"]["schemas"]
    for name, schema in old_schemas.items():
        # Today's document has this update under another name.
        target = schemas.setdefault("UpdateByoPhoneNumberDTO" if name == "UpdatePhoneNumberDTO" else name, schema)
        target["properties"] = schema["properties"] | target["properties"]
    return merged


def _tightened(schema: Wire, schemas: Wire) -> Wire:
    """Inline references (none is circular), unwrap single-member unions, and forbid unknown properties."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _tightened(schemas[name], schemas) | {"title": name}
    for union in ("allOf", "oneOf"):
        if len(schema.get(union, ())) == 1:
            return _tightened(schema[union][0], schemas)
    result = dict(schema)
    if "oneOf" in schema:
        result["oneOf"] = [_tightened(alternative, schemas) for alternative in schema["oneOf"]]
    if "items" in schema:
        result["items"] = _tightened(schema["items"], schemas)
    if "properties" in schema:
        result["properties"] = {name: _tightened(inner, schemas) for name, inner in schema["properties"].items()}
        result["additionalProperties"] = False
    return result


# --- walking a body beside its schema --------------------------------------------------------------------------------


def _tag(schema: Wire) -> tuple[str, list[str]] | None:
    """Return the property that identifies an alternative of a union, with its values: the first with a single value."""
    for name, inner in schema.get("properties", {}).items():
        if len(inner.get("enum", ())) == 1:
            return name, inner["enum"]
    return None


def _alternative(schema: Wire, value: object) -> int | None:
    """Return the index of the alternative of ``schema["oneOf"]`` that ``value`` is meant to be, or None."""
    for index, alternative in enumerate(schema["oneOf"]):
        if isinstance(value, dict):
            tag = _tag(alternative)
            if tag and value.get(tag[0]) in tag[1]:
                return index
        elif isinstance(value, str) and alternative["type"] == "string":
            return index
    return None


def _resolved(schema: Wire | None, value: object) -> Wire:
    if schema is not None and "oneOf" in schema:
        index = _alternative(schema, value)
        return {} if index is None else cast("Wire", schema["oneOf"][index])
    return schema or {}


def _without_nulls(value: object, schema: Wire | None) -> object:
    """Return ``value`` without the nulls of its optional properties; unknown properties stay, to be refused."""
    schema = _resolved(schema, value)
    if isinstance(value, dict) and "properties" in schema:
        optional = schema["properties"].keys() - schema.get("required", ())
        return {
            name: _without_nulls(inner, schema["properties"].get(name))
            for name, inner in value.items()
            if not (inner is None and name in optional)
        }
    if isinstance(value, list) and "items" in schema:
        return [_without_nulls(inner, schema["items"]) for inner in value]
    return value


def _rules(
    value: object, schema: Wire, path: tuple[str | int, ...], stored: Mapping[str, Any], *, creates: bool = False
) -> Iterator[Failure]:
    """Yield the violations of rules that the documents describe only in prose."""
    schema = _resolved(schema, value)
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _rules(inner, schema.get("items", {}), (*path, index), {})
    if not isinstance(value, dict) or "properties" not in schema:
        return
    if {"number", "numberE164CheckEnabled"} <= schema["properties"].keys():
        yield from _number_rules(value, path, stored)
    for name in ("assistantId", "squadId", "workflowId"):
        if isinstance(value.get(name), str) and not is_uuid(value[name]):
            yield "reference-not-uuid", f"{_name(path, name)} must be a UUID"
    for name in ("serverUrl", *(["url"] if schema.get("title") == "Server" else [])):
        if isinstance(value.get(name), str) and not _is_url(value[name]):
            yield "url-not-http" if value[name] else "url-empty", f"{_name(path, name)} must be a valid URL"
    if "gateways" in schema["properties"] and (value.get("gateways", () if creates else None) in ([], ())):
        yield None, "gateways should not be empty"
    for name, inner in value.items():
        yield from _rules(inner, schema["properties"].get(name, {}), (*path, name), {})


def _number_rules(value: Wire, path: tuple[str | int, ...], stored: Mapping[str, Any]) -> Iterator[Failure]:
    number = value.get("number", stored.get("number"))
    if not isinstance(number, str) or not ({"number", "numberE164CheckEnabled"} & value.keys()):
        return
    checked = value.get("numberE164CheckEnabled", stored.get("numberE164CheckEnabled", True))
    if checked is not False and not _E164.fullmatch(number):
        yield "number-not-e164", f"{_name(path, 'number')} {_E164_WORDING}"
    elif not _LOOSE_NUMBER.fullmatch(number):
        yield "number-with-signs", f"{_name(path, 'number')} {_LOOSE_WORDING}"


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text)
    except ValueError:
        return False


# --- wording ---------------------------------------------------------------------------------------------------------

_TYPE_WORDINGS = {
    "string": ("{} must be a string",),
    "boolean": ("{} must be a boolean value",),
    "number": ("{} must be a number conforming to the specified constraints",),
    "array": ("{} must be an array",),
    "object": ("{} must be an object", "nested property {} must be either object or array"),
}


def _name(*parts: Iterable[str | int] | str) -> str:
    """Join a path as the service does: ``hooks.0.do`` becomes ``each value in hooks.do``."""
    path = [step for part in parts for step in ([part] if isinstance(part, str) else part)]
    following = [*path[1:], ""][: len(path)]
    return ".".join(
        f"each value in {step}" if isinstance(after, int) else step
        for step, after in zip(path, following, strict=True)
        if isinstance(step, str)
    )


def _wordings(error: Any, root: str = "") -> Iterator[str]:
    """Yield the service's messages for an error of the JSON Schema validator."""
    path = tuple(error.absolute_path)
    name = _name(path) or root
    schema, limit = error.schema, error.validator_value
    match error.validator:
        case "additionalProperties":
            prefix = f"{name}." if name else ""
            for unknown in error.instance.keys() - schema["properties"].keys():
                yield f"{prefix}property {unknown} should not exist"
        case "required":
            for missing in [key for key in limit if key not in error.instance]:
                yield from _type_wordings(schema["properties"][missing], _name(path, missing))
        case "type" | "enum":
            yield from _type_wordings(schema, name)
        case "minLength":
            yield f"{name} must be longer than or equal to {limit} characters"
        case "maxLength":
            yield f"{name} must be shorter than or equal to {limit} characters"
        case "minimum":
            yield f"{name} must not be less than {limit}"
        case "maximum":
            yield f"{name} must not be greater than {limit}"
        case "oneOf":
            yield from _union_wordings(error, path, name)
        case _:
            yield f"{name} {error.message}"


def _type_wordings(schema: Wire, name: str) -> Iterator[str]:
    if "enum" in schema:
        yield f"{name} must be one of the following values: {', '.join(schema['enum'])}"
    elif "oneOf" in schema:
        yield from _type_wordings(schema["oneOf"][0], name)
    else:
        yield from (wording.format(name) for wording in _TYPE_WORDINGS[schema["type"]])


def _union_wordings(error: Any, path: tuple[str | int, ...], name: str) -> Iterator[str]:
    chosen = _alternative(error.schema, error.instance)
    if chosen is not None:
        for inner in error.context:
            if inner.relative_schema_path[0] == chosen:
                yield from _wordings(inner)
        return
    tags = [tag for alternative in error.schema["oneOf"] if (tag := _tag(alternative))]
    if isinstance(error.instance, dict) and tags:
        values = ", ".join(value for _, allowed in tags for value in allowed)
        yield f"{_name(path, tags[0][0])} must be one of the following values: {values}"
    else:
        yield from _type_wordings(error.schema, name)
