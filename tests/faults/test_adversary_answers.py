"""Answers that an adversary would give: endless, forged, huge, or repeating secrets."""

from __future__ import annotations

import base64
import html
import itertools
import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from pulumi_vapi_byo import provider as provider_module
from pulumi_vapi_byo.api.client import Collection, VapiClient
from pulumi_vapi_byo.config import Settings, read_settings
from pulumi_vapi_byo.core.lifecycle import Lifecycle
from pulumi_vapi_byo.errors import ApiError, ConfigError, TransportError, VapiError
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER

from .fakes import Said, Sent, lifecycle, said
from .stand_in import API_KEY, Bend, StandIn
from .table import Record, record_case

CREDENTIAL = "d1e2f3a4-0000-4000-8000-00000000000c"
INPUTS = {"credentialId": CREDENTIAL, "number": "+14155552671", "name": "Support"}


def collection(vapi: StandIn, **settings: Any) -> Collection:
    chosen = Settings(API_KEY, vapi.base_url, "us", **{"timeout_s": 5.0, "max_retries": 0, **settings})
    return Collection(VapiClient(chosen, sleep=lambda _: None), PHONE_NUMBER)


def failure(call: Callable[[], object]) -> VapiError:
    with pytest.raises(VapiError) as raised:
        call()
    return raised.value


def calls(numbers: Collection, id_: str) -> list[Callable[[], object]]:
    """Return every call that can be sent."""
    return [
        lambda: numbers.create(INPUTS),
        lambda: numbers.get(id_),
        lambda: numbers.update(id_, {"name": "x"}),
        lambda: numbers.delete(id_),
        numbers.list,
    ]


# ---------------------------------------------------------------------------------------------------------- endless answers

#: Limit of a request, long enough for ten connections on a busy machine.
LIMIT_S = 3.0

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def drip(text: bytes) -> Iterator[bytes]:
    return (bytes([byte]) for byte in itertools.cycle(text))


ENDLESS: dict[str, Callable[[], Iterable[bytes]]] = {
    "a body, a byte at a time": lambda: itertools.chain([HEAD + b"Content-Length: 99999999\r\n\r\n"], drip(b" ")),
    "headers without end": lambda: itertools.chain([HEAD], drip(b"X-A: 1\r\n")),
    "100 Continue for ever": lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
}


def endless(pieces: Callable[[], Iterable[bytes]], stop: threading.Event) -> Bend:
    def bend(handler: Any, _seen: Any, _work: Any) -> bool:
        handler.close_connection = True
        for piece in pieces():
            handler.wfile.write(piece)  # an OSError once nobody reads any more
            if stop.wait(0.005):
                break
        return True

    return bend


@pytest.mark.parametrize("kind", ENDLESS)
def test_ten_endless_answers_at_once_are_all_given_up_in_time(stand_in: StandIn, record: Record, kind: str) -> None:
    stop = threading.Event()
    stand_in.bends.append(endless(ENDLESS[kind], stop))
    numbers = collection(stand_in, timeout_s=LIMIT_S)
    errors: list[VapiError] = []

    def note(call: Callable[[], object]) -> None:
        errors.append(failure(call))

    threads = [threading.Thread(target=note, args=(call,), daemon=True) for call in calls(numbers, "some-id") * 2]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    took_s = time.monotonic() - began
    stop.set()
    assert len(errors) == 10
    assert {str(error).split(" (")[0] for error in errors} == {f"{stand_in.base_url} did not answer within {LIMIT_S:g} s"}
    assert all(isinstance(error, TransportError) and error.sent and error.timed_out for error in errors)
    assert took_s < 2 * LIMIT_S
    record_case(record, f"ten answers at once: {kind}", stand_in.summary(), f"all ten given up at the limit of {LIMIT_S:g} s")


@pytest.mark.parametrize("status", [408, 425])
def test_a_temporary_status_is_retried_except_for_a_post(stand_in: StandIn, record: Record, status: int) -> None:
    def bend(handler: Any, _seen: Any, _work: Any) -> bool:
        handler.answer(status, {"message": "not now", "error": "x", "statusCode": status})
        return True

    stand_in.bends.append(bend)
    numbers = collection(stand_in, max_retries=2)
    for call in calls(numbers, "some-id"):
        error = failure(call)
        assert isinstance(error, ApiError)
        assert str(error).endswith("this is temporary: try again later")
    assert stand_in.summary() == "DELETE 3, GET 6, PATCH 3, POST 1"
    record_case(record, f"{status} to everything", stand_in.summary(), "everything but the POST retried")


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        ("Fri, 31 Dec 99999 23:59:59 GMT", 1),
        ("9" * 5000, 1),
        ("-5", 3),
        ("nan", 3),
        ("\x1b[31mgarbage", 3),
    ],
    ids=["year 99999", "5000 digits", "negative", "nan", "garbage"],
)
def test_any_unusable_pause_ends_in_a_sentence(
    stand_in: StandIn, record: Record, header: str, sent: int, request: pytest.FixtureRequest
) -> None:
    def bend(handler: Any, _seen: Any, _work: Any) -> bool:
        handler.answer(503, {"message": "busy", "error": "x", "statusCode": 503}, {"Retry-After": header})
        return True

    stand_in.bends.append(bend)
    error = str(failure(lambda: collection(stand_in, max_retries=2).get("some-id")))
    assert error.startswith("Vapi answered 503: busy, with Retry-After: ")
    assert error.isprintable()
    assert len(error) < 300
    assert len(stand_in.seen) == sent
    name = request.node.callspec.id
    record_case(
        record, f"Retry-After: {name}", stand_in.summary(), "an error at once" if sent == 1 else "our own pauses, then an error"
    )


# ---------------------------------------------------------------------------------------------------------------------- ids

NO_IDS = ["..", ".", "a/b", "a\nb", "%2e%2e", "\x1b[2J", "x" * 100_000]


@pytest.mark.parametrize("id_", NO_IDS, ids=lambda id_: repr(id_)[:12])
def test_an_invalid_id_is_a_bad_answer_and_never_a_path(stand_in: StandIn, record: Record, id_: str) -> None:
    real = stand_in.put(**INPUTS)["id"]

    def bend(handler: Any, seen: Any, work: Any) -> bool:
        status, body = work()
        entries = body if isinstance(body, list) else [body]
        handler.answer(status, [{**one, "id": id_} for one in entries] if isinstance(body, list) else {**body, "id": id_})
        return True

    stand_in.bends.append(bend)
    numbers = collection(stand_in)
    create, get, update, _, listing = calls(numbers, real)
    for call in (create, get, update, listing):
        error = str(failure(call))
        assert error.startswith("Vapi's answer ")
        assert error.isprintable()
        assert len(error) < 300
    assert {seen.path for seen in stand_in.seen} == {"/phone-number", f"/phone-number/{real}"}
    asked = len(stand_in.seen)
    for call in calls(numbers, id_)[1:4]:
        assert "is not a Vapi id" in str(failure(call))
    assert len(stand_in.seen) == asked
    record_case(record, f"the id {id_!r:.14}", stand_in.summary(), "a bad answer every time; never in a path")


# ------------------------------------------------------------------------------------------------------------------- quoting

NASTY = [
    "\x1b]0;owned\x07\x1b[31m",
    "x\nerror: forged: all is lost",
    "y\r\nerror: forged",
    "\u2028error: forged",
    "z" * 100_000,
    "",
]


def answers(nasty: str, where: str) -> Callable[[Sent], Said]:
    """Answer everything correctly except for one field."""
    head = {"provider": "byo-phone-number", "orgId": "org-1", "createdAt": "2026-01-02T03:04:05.678Z"}
    number = {**head, "updatedAt": "2026-01-02T03:04:05.678Z", "id": "id-1", **INPUTS}

    def answer(sent: Sent) -> Said:
        if where == "message":
            return said(400, {"message": [nasty, {"constraints": {nasty: nasty}}], "error": nasty, "statusCode": 400})
        if where == "page":
            return Said(502, nasty.encode(), (("Content-Type", nasty.replace("\n", " ").replace("\r", " ")),))
        one = {**number, where: nasty}
        if where == "gone":
            one = {**number, "orgId": nasty}
            if sent.path != "/phone-number":
                return said(404, {"message": nasty, "error": "Not Found", "statusCode": 404})
        if sent.method == "GET" and sent.path == "/phone-number":
            return said(200, [one, {**one, "id": "id-2"}])
        return said(201 if sent.method == "POST" else 200, one)

    return answer


def steps(life: Lifecycle, state: dict[str, Any]) -> list[Callable[[], object]]:
    return [
        lambda: life.create(INPUTS),
        lambda: life.adopt("id-1", INPUTS),
        lambda: life.read("id-1", state),
        lambda: life.update("id-1", state, {**INPUTS, "name": "other"}),
        lambda: life.delete("id-1", state),
    ]


@pytest.mark.parametrize("nasty", NASTY, ids=lambda nasty: repr(nasty)[:10])
@pytest.mark.parametrize(
    "where", ["message", "page", "id", "orgId", "createdAt", "updatedAt", "name", "number", "credentialId", "status", "gone"]
)
def test_every_sentence_is_one_short_line_whatever_the_api_says(
    where: str, nasty: str, caplog: pytest.LogCaptureFixture
) -> None:
    state = {**INPUTS, "orgId": "org-1", "createdAt": "2026-01-02T03:04:05.678Z", "updatedAt": "2026-01-02T03:04:05.678Z"}
    lines: list[str] = []
    caplog.set_level(logging.DEBUG, "pulumi_vapi_byo")
    for on_existing, on_conflict in (("error", "error"), ("adopt", "overwrite"), ("allow", "unchecked")):
        for step in range(5):
            life, _ = lifecycle(answers(nasty, where), on_existing=on_existing, on_conflict=on_conflict, max_retries=0)
            try:
                steps(life, state)[step]()
            except VapiError as error:
                lines.append(str(error))
    formatter = provider_module._OneLine("%(levelname)s: %(message)s")
    lines += [formatter.format(entry) for entry in caplog.records if entry.name.startswith("pulumi_vapi_byo")]
    assert lines
    for line in lines:
        assert line.isprintable()
        assert not line.startswith("error:")
        assert len(line) < 2000, line


# ------------------------------------------------------------------------------------------------------------------- masking

SECRET = 'hook-S3cr"et/+& 7c19'

ECHOES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON-escaped": lambda text: json.dumps(text)[1:-1],
    "percent-encoded": lambda text: quote(text, safe=""),
    "HTML-escaped": html.escape,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "url-safe base64": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "other case": str.swapcase,
    "shortened": lambda text: text[:9] + "...",
}


@pytest.mark.parametrize("kind", ECHOES)
def test_a_secret_that_the_api_repeats_in_another_spelling_is_masked(stand_in: StandIn, record: Record, kind: str) -> None:
    id_ = stand_in.put(**INPUTS)["id"]
    echo = ECHOES[kind]

    def bend(handler: Any, seen: Any, work: Any) -> bool:
        if seen.method == "GET":
            return False
        text = f"bad secret <{echo(SECRET)}> and key <{echo(API_KEY)}>"
        handler.answer(400, {"message": [text], "error": "x", "statusCode": 400} if seen.method == "PATCH" else text.encode())
        return True

    stand_in.bends.append(bend)
    numbers = collection(stand_in)
    body = {"server": {"url": "https://a.example", "headers": {"x": SECRET}}}
    said = str(failure(lambda: numbers.update(id_, body)))
    shown = said.replace("...", "")
    assert shown.startswith("Vapi answered 400: bad secret <[secret]> and key <[secret]> (PATCH ")
    page = str(failure(lambda: numbers.delete(id_)))
    assert "bad secret <[secret]" in page
    for text in (said, page):
        assert echo(SECRET).rstrip(".") not in text
        assert echo(API_KEY).rstrip(".") not in text
    record_case(record, f"a secret repeated: {kind}", stand_in.summary(), "masked")


def test_no_text_of_the_api_is_shown_if_a_secret_is_too_short_to_be_masked(stand_in: StandIn, record: Record) -> None:
    def bend(handler: Any, _seen: Any, _work: Any) -> bool:
        handler.answer(400, {"message": "the secret x7q is odd", "error": "x", "statusCode": 400})
        return True

    stand_in.bends.append(bend)
    error = failure(lambda: collection(stand_in).create({**INPUTS, "serverUrlSecret": "x7q"}))
    assert str(error) == ("Vapi answered 400: [not shown: a secret in use is too short to be masked] (POST /phone-number)")
    record_case(record, "a secret of three characters repeated", stand_in.summary(), "no text of the API's is shown")


# ------------------------------------------------------------------------------------------------------ the way to the API


def test_the_key_for_this_machine_never_goes_to_a_proxy(
    stand_in: StandIn, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn() as proxy:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(variable, proxy.base_url)
        assert collection(stand_in).list() == []
        assert proxy.seen == []
    record_case(record, "HTTP_PROXY, and the API on this machine", stand_in.summary(), "nothing went to the proxy")


def test_a_post_that_a_proxy_refused_was_certainly_not_sent(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    with StandIn() as proxy:  # it does not support CONNECT
        monkeypatch.setenv("HTTPS_PROXY", proxy.base_url)
        settings = Settings(API_KEY, "https://api.invalid", "us", timeout_s=5, max_retries=0, on_existing="allow")
        numbers = Collection(VapiClient(settings, sleep=lambda _: None), PHONE_NUMBER)
        error = failure(lambda: numbers.create(INPUTS))
        assert isinstance(error, TransportError)
        assert not error.sent
        assert str(error).startswith(f"the proxy {proxy.base_url} on the way to https://api.invalid failed: Tunnel connection ")
        assert str(error).endswith("check HTTPS_PROXY, or name the host in NO_PROXY to go without a proxy")
        assert proxy.seen == []
    record_case(record, "a proxy that refuses to connect", "nothing", "the POST was certainly not sent")


@pytest.mark.parametrize(
    "address", ["http://[::1]evil.com", "http://evil.com[::1]/", "http://127.0.0.1\\.evil.com", "http://localhost@evil.com"]
)
def test_an_ambiguous_address_is_refused(record: Record, address: str) -> None:
    with pytest.raises(ConfigError, match="is not the address of an API"):
        read_settings({"vapi-byo:apiKey": API_KEY, "vapi-byo:baseUrl": address}.get, {})
    record_case(record, f"the address {address}", "nothing", "refused")


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "REQUESTS_CA_BUNDLE",
            "~/none.pem",
            (
                "REQUESTS_CA_BUNDLE is '~/none.pem', which cannot be used: no such file or directory; "
                "set it to a file of certificates, or unset it"
            ),
        ),
        (
            "CURL_CA_BUNDLE",
            "/none.pem",
            (
                "CURL_CA_BUNDLE is '/none.pem', which cannot be used: no such file or directory; "
                "set it to a file of certificates, or unset it"
            ),
        ),
        (
            "HTTPS_PROXY",
            "htp://proxy.example",
            (
                "HTTPS_PROXY is 'htp://proxy.example', which is not the address of a proxy: 'htp' is not a kind of proxy, as "
                "http, https and socks5h are; set it to one such as http://proxy.example:8080, or unset it"
            ),
        ),
        (
            "ALL_PROXY",
            "socks5h://me:word@proxy.example:1080",
            (
                "ALL_PROXY is the SOCKS proxy socks5h://[secret]@proxy.example:1080, for which a package is missing: "
                "pip install 'requests[socks]', or unset it"
            ),
        ),
    ],
)
def test_an_error_in_the_environment_is_named(
    record: Record, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, sentence: str
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError) as refusal:
        VapiClient(Settings(API_KEY, "https://api.vapi.ai", "us"))
    assert str(refusal.value) == sentence
    record_case(record, f"{variable}={value}", "nothing", "refused by name")


# -------------------------------------------------------------------------------------------------------- a validator's errors


def test_a_validator_s_objects_are_shown_only_by_their_constraints(stand_in: StandIn, record: Record) -> None:
    def bend(handler: Any, seen: Any, _work: Any) -> bool:
        message = [
            {
                "target": seen.body,
                "value": "canary-value",
                "property": "credentialId",
                "constraints": {"isUuid": "credentialId must be a UUID"},
                "children": [],
            },
            {
                "target": seen.body,
                "value": "canary-value",
                "property": "server",
                "children": [
                    {"property": "url", "value": "canary-value", "constraints": {"isUrl": "url must be a URL address"}}
                ],
            },
        ]
        handler.answer(400, {"message": message, "error": "Bad Request", "statusCode": 400})
        return True

    stand_in.bends.append(bend)
    error = failure(lambda: collection(stand_in).create(INPUTS))
    assert str(error) == (
        "Vapi answered 400: credentialId must be a UUID; server.url must be a URL address (POST /phone-number); "
        "check credential_id"
    )
    record_case(record, "an error whose message is objects", stand_in.summary(), "its constraints are shown, no values")
