"""Who answers, in words."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_vapi_byo.cli.wording import destination, who_answers, without_secrets


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ({}, "nobody of its own"),
        ({"hooks": [{"on": "call.ringing"}]}, "nobody of its own"),
        ({"assistantId": "A", "squadId": "S"}, "assistant A"),
        ({"squadId": "S", "workflowId": "W"}, "squad S"),
        ({"workflowId": "W", "server": {"url": "https://example.com"}}, "server https://example.com"),
        ({"server": {"url": "https://example.com/a"}, "fallbackDestination": {"number": "+1"}}, "server https://example.com/a"),
        ({"server": {}, "serverUrl": "https://example.com/b"}, "server https://example.com/b"),
        ({"server": {"timeoutSeconds": 3}, "fallbackDestination": {"type": "number", "number": "+1"}}, "fallback number +1"),
        ({"fallbackDestination": {"sipUri": "sip:a@example.com"}}, "fallback SIP address sip:a@example.com"),
        ({"fallbackDestination": {"type": "other"}}, "fallback destination [not shown]"),
    ],
)
def test_who_answers_is_listed_in_the_order_in_which_vapi_looks(number: dict[str, Any], words: str) -> None:
    assert str(who_answers(number)) == words


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:canary@example.com:8443/a?key=canary#canary", "https://example.com:8443/a"),
        ("known after the update", "known after the update"),
        ("https://[canary", "[not shown]"),
    ],
)
def test_an_address_is_shown_without_parts_that_may_be_secret(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


def test_an_unknown_destination_is_not_guessed() -> None:
    assert destination("[secret]") == ("destination", "[not shown]")
    assert destination(None) == ("", "")
