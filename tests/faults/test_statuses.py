"""Every HTTP status with every kind of body: what the life cycle concludes from it, and nothing more."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import pytest

from pulumi_vapi_byo.api.throttle import RETRIED_STATUSES
from pulumi_vapi_byo.errors import VapiError

from .fakes import Said, Sent, lifecycle, said

NUMBER_ID = "6a1b3f0c-7d2e-4a57-8f9b-0c1d2e3f4a5b"
INPUTS = {"credentialId": "1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10", "number": "+14155552000", "name": "Front desk"}
STATE = {**INPUTS, "orgId": "org-1", "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z"}
BODY = {**STATE, "id": NUMBER_ID, "provider": "byo-phone-number"}

STATUSES = [*range(300, 309), *range(400, 452), 499, *range(500, 512), *range(520, 528), 599]
#: As often as the life cycle of `fakes` tries.
TRIES = 3


def dressed(status: int, dress: str) -> Said:
    bodies = {
        "Vapi": json.dumps({"message": "no", "error": "No", "statusCode": status}),
        "other JSON": json.dumps({"message": "no Route matched with those values"}),
        "HTML": "<html><body>no</body></html>",
        "nothing": "",
        "a number": json.dumps(BODY),
    }
    return Said(status, bodies[dress].encode())


DRESSES = ("Vapi", "other JSON", "HTML", "nothing", "a number")

# Not a test for each status: so many small tests would leave the slow tests together on one worker.
dresses = pytest.mark.parametrize("dress", DRESSES)


def _unless_listed(answer: Said, sent: Sent) -> Said:
    if sent.path.startswith("/credential/"):
        return said(200, {"id": INPUTS["credentialId"], "orgId": STATE["orgId"]})
    return said(200, []) if sent.path == "/phone-number" else answer


def _to_a_patch(answer: Said, sent: Sent) -> Said:
    return answer if sent.method == "PATCH" else said(200, BODY)


@dresses
def test_only_vapis_own_404_means_that_a_number_is_gone(dress: str) -> None:
    for status in STATUSES:
        answer = dressed(status, dress)
        life, adapter = lifecycle(partial(_unless_listed, answer))
        if (status, dress) == (404, "Vapi"):
            assert life.read(NUMBER_ID, STATE) is None
            life.delete(NUMBER_ID, STATE)
            continue
        steps: tuple[Callable[[str, dict[str, str]], object], ...] = (life.read, life.delete)
        for step in steps:
            adapter.sent.clear()
            with pytest.raises(
                VapiError, match=rf"^cannot \w+ BYO phone number '\+14155552000': .*answered {status}\b"
            ) as failed:
                step(NUMBER_ID, STATE)
            tries = TRIES if status in RETRIED_STATUSES else 1
            assert len(adapter.sent) == tries, status
            assert (f", tried {TRIES} times" in str(failed.value)) == (tries > 1), status


@dresses
def test_an_update_that_fails_says_so_and_is_retried_if_that_may_help(dress: str) -> None:
    for status in STATUSES:
        answer = dressed(status, dress)
        life, adapter = lifecycle(partial(_to_a_patch, answer))
        with pytest.raises(VapiError, match=rf"^cannot update BYO phone number '\+14155552000': .*answered {status}\b"):
            life.update(NUMBER_ID, STATE, INPUTS | {"name": "New"})
        patches = [sent.method for sent in adapter.sent].count("PATCH")
        assert patches == (TRIES if status in RETRIED_STATUSES else 1), status


class Vapi:
    """Answers each POST with an error, whether the number was created or not."""

    def __init__(self, answer: Said, *, made: bool) -> None:
        self._answer = answer
        self._made = made
        self.posts = 0

    def __call__(self, sent: Sent) -> Said:
        if sent.method == "POST":
            self.posts += 1
            return self._answer
        return said(200, [BODY] if self.posts and self._made else [])


@dresses
@pytest.mark.parametrize("made", [False, True], ids=["not-made", "made"])
def test_a_create_that_fails_is_never_sent_twice_without_a_look_up(dress: str, made: bool) -> None:
    for status in STATUSES:
        vapi = Vapi(dressed(status, dress), made=made)
        life, adapter = lifecycle(vapi)
        # A 429 means that nothing was done, so the request is simply sent again.
        tries = TRIES if status in (408, 425, 429) or status >= 500 else 1
        if made and (status in (408, 425) or status >= 500 or dress in ("HTML", "nothing", "a number")):
            assert life.create(INPUTS)[0] == NUMBER_ID, status
            tries = TRIES if status == 429 else 1
        else:
            with pytest.raises(VapiError, match=rf"^cannot create BYO phone number '\+14155552000': .*answered {status}\b"):
                life.create(INPUTS)
        assert vapi.posts == tries, status
        if status != 429:
            assert "POST, POST" not in ", ".join(sent.method for sent in adapter.sent), status
