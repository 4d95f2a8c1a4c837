"""The state of the emulated organisation: phone numbers and credentials, their rules, and one lock around it all."""

from __future__ import annotations

import itertools
import json
import logging
import random
import sqlite3
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from ipaddress import IPv4Address
from typing import Any, Final

from pulumi_vapi_byo.emulator.rules import BY_NAME, Refusal, Rules
from pulumi_vapi_byo.emulator.schema import Document, Wire, is_uuid, parse_time

_NUMBERS, _NUMBER = "/phone-number", "/phone-number/{id}"
_CREDENTIALS, _CREDENTIAL = "/credential", "/credential/{id}"

# Key order of the only complete answer that the service's guides print; other fields follow.
_KEY_ORDER = (
    *("id", "orgId", "number", "createdAt", "updatedAt", "gateways", "name", "credentialId", "provider"),
    *("numberE164CheckEnabled", "status"),
)
_RANK = {key: rank for rank, key in enumerate(_KEY_ORDER)}

_TIMES = ("createdAt", "updatedAt")

_SEEDED_START_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z
_DEFAULT_LIMIT = 100

#: Seconds for which a new number stays hidden if the rules say that it is found later.
_LATER_S: Final = 0.5

_logger = logging.getLogger(__name__)


class EmulatorError(Exception):
    """The emulator cannot start or go on; the message is one sentence for the user."""


class Store:
    """The whole state of an emulated organisation. Every method is atomic and safe to call from any thread.

    Returned objects are shared and never changed in place: a change creates a new object. Treat them as read-only.

    Args:
        document: What the API of this era accepts and returns.
        rules: What to do where the document is silent.
        seed: Makes ids and times reproducible: the same calls give the same objects.
        db: SQLite file that keeps the state; None keeps it in memory.

    Raises:
        EmulatorError: The file cannot be used, or belongs to an emulator of another era.
    """

    def __init__(
        self,
        document: Document,
        rules: Rules,
        *,
        seed: int | None = None,
        db: str | None = None,
    ) -> None:
        self._document = document
        self._rules = rules
        self._lock = threading.RLock()
        self._random = None if seed is None else random.Random(seed)  # noqa: S311 - reproducible on purpose
        self._last_ms = 0 if seed is None else _SEEDED_START_MS
        self._numbers: dict[str, Wire] = {}
        self._credentials: dict[str, Wire] = {}
        self._named_credentials: set[str] = set()
        self._born: dict[str, float] = {}
        self._ids_by_number: defaultdict[str, set[str]] = defaultdict(set)
        self._file = None if db is None else _File(db, document.era)
        self._org_id = self._new_id()
        if self._file is not None:
            try:
                self._load(self._file)
            except BaseException:
                self._file.close()
                raise

    def close(self) -> None:
        """Close the file, if there is one. Safe to call twice."""
        with self._lock:
            if self._file is not None:
                self._file.close()

    def reset(self) -> None:
        """Forget every number and credential."""
        with self._lock:
            for collection in (self._numbers, self._credentials):
                for identifier in list(collection):
                    self._forget(collection, identifier)

    # --- phone numbers ---

    def create_phone_number(self, body: object) -> Wire:
        """Register a number, as ``POST /phone-number``.

        Raises:
            Refusal: 400.
        """
        fields = self._document.check_body("POST", _NUMBERS, body)
        if not fields.get("credentialId"):
            raise self._rules.refusal("no-credential", "Credential Not Found")
        with self._lock:
            if fields["credentialId"] not in self._credentials:
                self._rules.refuse("credential-unknown", "Credential Not Found")
            self._check_references(fields)
            self._check_unique(fields.get("number"), None, "Create")
            extra = {} if self._rules["status"] == "left out" else {"status": self._rules["status"]}
            return self._keep(self._numbers, self._new_object({**self._with_server(fields), **extra}))

    def list_phone_numbers(self, query: Wire | None = None) -> list[Wire]:
        """Return the numbers, newest first, as ``GET /phone-number``; without a query, all of them."""
        return self._listed(self._numbers, query)

    def page_phone_numbers(self, query: Wire) -> Wire:
        """Return a page of numbers and its position, as ``GET /v2/phone-number``."""
        order = query.get("sortOrder", "DESC" if self._rules["v2-order"] == "the newest" else "ASC")
        limit, page = int(query.get("limit", _DEFAULT_LIMIT)), int(query.get("page", 1))
        search = query.get("search", "").lower()
        with self._lock:
            numbers: Iterable[Wire] = self._numbers.values() if order == "ASC" else reversed(self._numbers.values())
            keys = {"name and number": ("name", "number"), "name": ("name",)}.get(self._rules["v2-search"], ())
            matching = [number for number in _between(numbers, query) if not search or _has_text(number, search, keys)]
        first = (page - 1) * limit
        metadata: Wire = {"itemsPerPage": limit, "totalItems": len(matching), "currentPage": page}
        if self._document.era != "2024":
            pages = -(-len(matching) // limit) if limit else 0
            metadata |= {"totalPages": pages, "hasNextPage": page < pages, "sortOrder": order}
        return {"results": matching[first : first + limit], "metadata": metadata}

    def get_phone_number(self, identifier: str) -> Wire:
        """Return a number, as ``GET /phone-number/{id}``.

        Raises:
            Refusal: 404.
        """
        with self._lock:
            found = self._found(self._numbers, identifier, "Phone Number")
            if self._is_hidden(found, "read-delay"):
                raise self._rules.refusal("unknown-id", "Phone Number Not Found")
            return found

    def update_phone_number(self, identifier: str, body: object) -> Wire:
        """Change a number, as ``PATCH /phone-number/{id}``: a sent field replaces the old value whole, null clears it.

        Raises:
            Refusal: 400 or 404.
        """
        with self._lock:
            stored = self._found(self._numbers, identifier, "Phone Number")
            fields = self._replacing(self._document.check_body("PATCH", _NUMBER, body, stored), stored)
            self._check_references(fields)
            self._check_unique(fields.get("number"), identifier, "Update")
            return self._change(self._numbers, stored, self._with_server(fields, stored))

    def delete_phone_number(self, identifier: str) -> Wire:
        """Delete a number and return it, as ``DELETE /phone-number/{id}``.

        Raises:
            Refusal: 404.
        """
        with self._lock:
            self._found(self._numbers, identifier, "Phone Number")
            return self._forget(self._numbers, identifier)

    def set_status(self, identifier: str, status: str) -> Wire:
        """Change a number's status, as only the service itself can.

        Raises:
            Refusal: 404.
            ValueError: The era's document has no such status.
        """
        with self._lock:
            stored = self._found(self._numbers, identifier, "Phone Number")
            if flaws := self._document.flaws("GET", _NUMBER, 200, stored | {"status": status}):
                raise ValueError(flaws[0])
            return self._change(self._numbers, stored, {"status": status})

    # --- credentials ---

    def create_credential(self, body: object) -> Wire:
        """Create a SIP trunk credential, as ``POST /credential``.

        Raises:
            Refusal: 400.
        """
        fields = self._document.check_body("POST", _CREDENTIALS, body)
        self._check_gateways(fields)
        with self._lock:
            return self._keep(self._credentials, self._new_object({"provider": "byo-sip-trunk", **self._shown(fields)}))

    def list_credentials(self, query: Wire | None = None) -> list[Wire]:
        """Return the credentials, newest first, as ``GET /credential``; without a query, all of them."""
        return self._listed(self._credentials, query)

    def get_credential(self, identifier: str) -> Wire:
        """Return a credential, as ``GET /credential/{id}``.

        An id that a number refers to exists without being created here: the service would have refused the number otherwise.

        Raises:
            Refusal: 404.
        """
        with self._lock:
            if identifier in self._named_credentials and identifier not in self._credentials:
                return self._implied_credential(identifier)
            return self._found(self._credentials, identifier, "Credential")

    def update_credential(self, identifier: str, body: object) -> Wire:
        """Change a credential, as ``PATCH /credential/{id}``; ``gateways`` is replaced whole.

        Raises:
            Refusal: 400 or 404.
        """
        with self._lock:
            stored = self._found(self._credentials, identifier, "Credential")
            self._rules.refuse("patch-trunk", f"Cannot PATCH /credential/{identifier}")
            fields = self._replacing(self._document.check_body("PATCH", _CREDENTIAL, body, stored), stored)
            self._check_gateways(fields)
            return self._change(self._credentials, stored, self._shown(fields))

    def delete_credential(self, identifier: str) -> Wire:
        """Delete a credential and return it, as ``DELETE /credential/{id}``.

        Raises:
            Refusal: 404, or 400 if a number uses it.
        """
        with self._lock:
            self._found(self._credentials, identifier, "Credential")
            for number in self._numbers.values():
                if number["credentialId"] == identifier:
                    message = f"Couldn't Delete Credential. Phone Number {number['id']} Uses It As `credentialId`."
                    self._rules.refuse("trunk-in-use", message)
            self._named_credentials.discard(identifier)
            return self._forget(self._credentials, identifier)

    # --- rules ---

    def _check_unique(self, number: str | None, own_id: str | None, verb: str) -> None:
        if number is not None and self._ids_by_number[number] - {own_id}:
            self._rules.refuse("duplicate-number", f"Couldn't {verb} Phone Number. `number` {number} is already in use.")

    def _check_references(self, fields: Wire) -> None:
        """Refuse an assistant id if the rules say so: no assistant exists here."""
        if is_uuid(fields.get("assistantId") or ""):
            self._rules.refuse(
                "reference-unknown", f"Couldn't Get Assistant. `assistantId` {fields['assistantId']} Does Not Exist."
            )

    def _check_gateways(self, fields: Wire) -> None:
        """Refuse host names for inbound calls: the service's session border controller cannot match them."""
        for gateway in fields.get("gateways") or ():
            if gateway.get("inboundEnabled", True) and not _is_ipv4(gateway["ip"]):
                self._rules.refuse("inbound-host-name", "Couldn't validate SIP trunk credential. SIP gateway creation failed.")

    def _replacing(self, fields: Wire, stored: Wire) -> Wire:
        """Return the fields of a PATCH after applying the rules about null and about replacing."""
        result = dict(fields)
        for name, value in fields.items():
            if value is None and f"null-{name}" in BY_NAME:
                self._rules.refuse(f"null-{name}", [f"{name} must not be null"])
                if self._rules[f"null-{name}"] == "kept":
                    del result[name]
            elif f"replace-{name}" in BY_NAME and self._rules[f"replace-{name}"] != "whole" and stored.get(name):
                result[name] = [*stored[name], *value] if isinstance(value, list) else stored[name] | value
        return result

    def _shown(self, fields: Wire) -> Wire:
        """Drop what the service never returns; nothing here reads it either."""
        plan: Any = fields.get("outboundAuthenticationPlan")
        if not plan or self._rules["password"] == "as sent":  # noqa: S105 - a rule's answer
            return fields
        return fields | {"outboundAuthenticationPlan": {key: plan[key] for key in plan if key != "authPassword"}}

    def _with_server(self, fields: Wire, stored: Wire | None = None) -> Wire:
        """Convert ``serverUrl`` to ``server`` if the rules say so, and drop its secret if it is never returned."""
        if self._rules["server-url-secret"] == "never":
            fields = {name: value for name, value in fields.items() if name != "serverUrlSecret"}
        if self._rules["server-url"] != "as server":
            return fields
        rest = {name: value for name, value in fields.items() if name not in ("serverUrl", "serverUrlSecret")}
        if "serverUrl" not in fields or "server" in rest:
            return rest
        url, server = fields["serverUrl"], (stored or {}).get("server", {})
        return rest | {"server": None if url is None else server | {"url": url}}

    # --- objects ---

    def _new_object(self, fields: Wire) -> Wire:
        now = self._now()
        identifier = self._new_id()
        self._born[identifier] = time.monotonic()
        return {"id": identifier, "orgId": self._org_id, "createdAt": now, "updatedAt": now, **fields}

    def _change(self, collection: dict[str, Wire], stored: Wire, fields: Wire) -> Wire:
        changed = stored | fields
        same = _tidy(changed) == stored
        if self._rules["updated-at-unchanged" if same else "updated-at-changed"] == "moves":
            return self._keep(collection, changed | {"updatedAt": self._now()}, stored)
        return stored if same else self._keep(collection, changed, stored)

    def _keep(self, collection: dict[str, Wire], value: Wire, old: Wire | None = None) -> Wire:
        value = _tidy(value)
        if self._file is not None:
            self._file.write("number" if collection is self._numbers else "credential", value)
        collection[value["id"]] = value
        self._index(old, value)
        return value

    def _forget(self, collection: dict[str, Wire], identifier: str) -> Wire:
        if self._file is not None:
            self._file.delete(identifier)
        value = collection.pop(identifier)
        self._born.pop(identifier, None)
        self._index(value, None)
        return value

    def _index(self, old: Wire | None, new: Wire | None) -> None:
        if old is not None and "number" in old:
            self._ids_by_number[old["number"]].discard(old["id"])
            if not self._ids_by_number[old["number"]]:
                del self._ids_by_number[old["number"]]
        if new is not None and "number" in new:
            self._ids_by_number[new["number"]].add(new["id"])
        if new is not None and "credentialId" in new:
            self._named_credentials.add(new["credentialId"])

    def _implied_credential(self, identifier: str) -> Wire:
        moment = "2025-01-01T00:00:00.000Z"
        head: Wire = {"id": identifier, "orgId": self._org_id, "createdAt": moment, "updatedAt": moment}
        return {**head, "gateways": [{"ip": "203.0.113.10"}], "provider": "byo-sip-trunk"}

    def _listed(self, collection: dict[str, Wire], query: Wire | None) -> list[Wire]:
        if query is None:
            with self._lock:
                return list(reversed(collection.values()))
        rule = "list-order" if collection is self._numbers else "credential-list-order"
        limit = int(query.get("limit", _DEFAULT_LIMIT)) if self._rules["list-limit"] == "honoured" else None
        with self._lock:
            objects: Iterable[Wire] = collection.values()
            if self._rules[rule] == "newest first":
                objects = reversed(collection.values())
            objects = _between(objects, query) if self._rules["list-times"] == "honoured" else objects
            return list(itertools.islice((value for value in objects if not self._is_hidden(value, "list-delay")), limit))

    def _is_hidden(self, value: Wire, rule: str) -> bool:
        """Return whether an object is too new to be found yet."""
        return self._rules[rule] == "later" and time.monotonic() - self._born.get(value["id"], 0.0) < _LATER_S

    def _found(self, collection: dict[str, Wire], identifier: str, kind: str) -> Wire:
        if identifier not in collection:
            rule = "unknown-id" if collection is self._numbers else "unknown-credential-id"
            raise self._rules.refusal(rule, f"{kind} Not Found")
        return collection[identifier]

    def _new_id(self) -> str:
        if self._random is None:
            return str(uuid.uuid4())
        while True:
            identifier = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
            # A seeded emulator that continues from its file draws the same ids again.
            if identifier not in self._numbers and identifier not in self._credentials:
                return identifier

    def _now(self) -> str:
        """Return a time later than that of any change before, so the order of objects is certain."""
        real_ms = time.time_ns() // 1_000_000 if self._random is None else 0
        self._last_ms = max(real_ms, self._last_ms + (1 if self._random is None else 1000))
        moment = datetime.fromtimestamp(self._last_ms / 1000, tz=timezone.utc)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{self._last_ms % 1000:03d}Z"

    def _load(self, file: _File) -> None:
        self._org_id = file.org_id(self._org_id)
        for kind, value in file.objects():
            (self._numbers if kind == "number" else self._credentials)[value["id"]] = value
            if kind == "number":
                self._index(None, value)
            for key in _TIMES:
                self._last_ms = max(self._last_ms, round(_moment(value, key).timestamp() * 1000))


class _File:
    """Objects in a SQLite file; every change is committed before it is answered."""

    def __init__(self, path: str, era: str) -> None:
        self._path = path
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        try:
            self._open(path)
            written_by = self._setting("era", era)
        except sqlite3.Error as error:
            self.close()
            raise EmulatorError(f"cannot use the database file {path}: {error}") from None
        if written_by != era:
            self.close()
            raise EmulatorError(f"the database file {path} was written with era {written_by}, not {era}")

    def _open(self, path: str) -> None:
        self._connection.close()
        # The store's lock serialises threads. Autocommit: a statement is durable when it returns.
        self._connection = sqlite3.connect(path, timeout=0.2, isolation_level=None, check_same_thread=False)
        # One emulator per file: two would not see each other's changes.
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")  # survives a crash of the process, not of the machine
        self._connection.execute("CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS objects"
            " (place INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL)"
        )

    def org_id(self, new: str) -> str:
        return self._setting("orgId", new)

    def objects(self) -> Iterator[tuple[str, Wire]]:
        try:
            rows = self._connection.execute("SELECT place, id, kind, body FROM objects ORDER BY place").fetchall()
        except sqlite3.Error as error:
            raise EmulatorError(f"cannot use the database file {self._path}: {error}") from None
        for place, identifier, kind, body in rows:
            if kind not in ("number", "credential") or (value := _read_object(identifier, body)) is None:
                raise EmulatorError(
                    f"cannot use the database file {self._path}: row {place} of its table objects is not a number or "
                    "credential written by an emulator; remove the row, or remove the file to start with an empty account"
                )
            yield kind, value

    def write(self, kind: str, value: Wire) -> None:
        self._execute(
            "INSERT INTO objects (id, kind, body) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (value["id"], kind, json.dumps(value)),
        )

    def delete(self, identifier: str) -> None:
        self._execute("DELETE FROM objects WHERE id = ?", (identifier,))

    def _execute(self, statement: str, values: tuple[str, ...]) -> None:
        try:
            self._connection.execute(statement, values)
        except sqlite3.Error as error:
            # Most likely a full disk: the client must learn that nothing was changed.
            sentence = f"the emulator cannot write its database file {self._path}: {error}"
            _logger.error("%s", sentence)  # noqa: TRY400 - one line says it all
            raise Refusal(507, f"{sentence}; nothing was changed") from None

    def close(self) -> None:
        self._connection.close()

    def _setting(self, name: str, value: str) -> str:
        self._connection.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (name, value))
        return str(self._connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()[0])


def _read_object(identifier: object, body: str) -> Wire | None:
    """Parse an object from its row; None if it cannot be an object of ours."""
    try:
        value = json.loads(body)
        fits = isinstance(value, dict) and value["id"] == identifier and all(parse_time(value[key]) for key in _TIMES)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None
    return value if fits else None


def _tidy(value: Wire) -> Wire:
    """Return the object without cleared fields, in the key order of the service's answers."""
    keys = sorted((key for key in value if value[key] is not None), key=lambda key: _RANK.get(key, len(_RANK)))
    return {key: value[key] for key in keys}


def _moment(value: Wire, key: str) -> datetime:
    moment = parse_time(value[key])
    assert moment is not None  # noqa: S101 - the store wrote it
    return moment


def _between(objects: Iterable[Wire], query: Wire) -> Iterator[Wire]:
    """Yield the objects whose times satisfy ``createdAtGt`` and the like."""
    tests = [(name[:-2], name[-2:], bound) for name, bound in query.items() if name.startswith(("createdAt", "updatedAt"))]
    for value in objects:
        if all(_compares(_moment(value, key), relation, bound) for key, relation, bound in tests):
            yield value


def _compares(moment: datetime, relation: str, bound: datetime) -> bool:
    return {"Gt": moment > bound, "Lt": moment < bound, "Ge": moment >= bound, "Le": moment <= bound}[relation]


def _has_text(number: Wire, text: str, keys: Iterable[str]) -> bool:
    return any(text in str(number.get(key, "")).lower() for key in keys)


def _is_ipv4(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True
