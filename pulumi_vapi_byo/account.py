"""What the account holds, listed once for all creates of a run."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from .client import MAX_LIST, VapiClient
from .models import PROVIDER, PhoneNumber, parse_phone_number


class Account:
    """The BYO numbers of an organisation: those that were there at the first look, and those of this run.

    Safe for several threads.

    Args:
        client: The API.
    """

    def __init__(self, client: VapiClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._numbers: dict[str, PhoneNumber] | None = None

    def numbers(self) -> list[PhoneNumber]:
        """Return the numbers known, newest first; asks the API only the first time.

        Raises:
            VapiError: The list could not be had.
        """
        with self._lock:
            if self._numbers is None:
                self._numbers = {number.id: number for number in self._list()}
            return list(self._numbers.values())

    def appeared(self) -> list[PhoneNumber]:
        """List anew and return the numbers that were not known before.

        They stay unknown until `add` is called, so that they are found again by whoever asks next.

        Raises:
            VapiError: The list could not be had.
        """
        known = {number.id for number in self.numbers()}
        return [number for number in self._list() if number.id not in known]

    def add(self, number: PhoneNumber) -> None:
        """Take note of a number that this run made or took over."""
        with self._lock:
            if self._numbers is not None:
                self._numbers[number.id] = number

    def remove(self, id_: str) -> None:
        """Take note of a number that this run deleted."""
        with self._lock:
            if self._numbers is not None:
                self._numbers.pop(id_, None)

    def _list(self) -> Iterator[PhoneNumber]:
        for entry in self._entries():
            if entry.get("provider") != PROVIDER:
                continue
            try:
                yield parse_phone_number(entry)
            except ValueError:
                continue  # nothing that a program could have made

    def _entries(self) -> Iterator[Mapping[str, Any]]:
        seen: set[Any] = set()
        oldest: str | None = None
        while True:
            page = self._client.list_phone_numbers(MAX_LIST, created_at_le=oldest)
            fresh = [entry for entry in page if entry.get("id") not in seen]
            yield from fresh
            seen.update(entry.get("id") for entry in fresh)
            # The API has no pages here, only limits: the next page is what is as old as the last entry, or older.
            if len(page) < MAX_LIST or not fresh:
                return
            oldest = str(page[-1].get("createdAt"))
