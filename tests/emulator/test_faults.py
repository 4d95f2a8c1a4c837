"""Faults: what the client sees, and whether the work was done; the request log; answers that the emulator must not give."""

from __future__ import annotations

import http.client
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from pulumi_vapi_byo.emulator import Emulator, EmulatorError, Fault
from pulumi_vapi_byo.emulator.server import RecordedRequest
from pulumi_vapi_byo.emulator.store import Store

Call = Callable[..., requests.Response]
Serve = Callable[..., tuple[Emulator, Call]]

MINIMAL = {"provider": "byo-phone-number", "credentialId": "cred-1"}


def last(vapi: Emulator) -> RecordedRequest:
    return vapi.requests[-1]


@pytest.mark.parametrize(("kind", "numbers"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_gives_no_answer(vapi: Emulator, call: Call, kind: str, numbers: int) -> None:
    vapi.inject(Fault(kind))  # type: ignore[arg-type]
    with pytest.raises(requests.ConnectionError, match="RemoteDisconnected"):
        call("POST", "/phone-number", MINIMAL)
    assert len(vapi.numbers()) == numbers
    assert (last(vapi).status, last(vapi).fault) == (None, kind)
    assert call("GET", "/phone-number").status_code == 200


def test_a_client_that_leaves_before_its_connection_is_dropped_does_no_harm(serve: Serve) -> None:
    vapi, call = serve(latency_s=0.3)
    vapi.inject(Fault("drop_after"))
    with pytest.raises(requests.ReadTimeout):
        call("POST", "/phone-number", MINIMAL, timeout=0.05)
    assert call("GET", "/phone-number").status_code == 200  # sent later, so answered later
    assert (len(vapi.numbers()), vapi.faults_injected) == (1, 1)


def test_a_cut_body_stops_halfway_with_the_work_done(vapi: Emulator, call: Call) -> None:
    vapi.inject(Fault("cut_body"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        call("POST", "/phone-number", MINIMAL)
    assert len(vapi.numbers()) == 1
    assert last(vapi).status == 201


def test_garbage_has_the_right_status_and_is_not_json(vapi: Emulator, call: Call) -> None:
    vapi.inject(Fault("garbage"))
    answer = call("POST", "/phone-number", MINIMAL)
    assert (answer.status_code, answer.headers["Content-Type"]) == (201, "application/json")
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert len(vapi.numbers()) == 1


def test_a_gateway_s_page_is_html_and_no_work_is_done(vapi: Emulator, call: Call) -> None:
    vapi.inject(Fault("html"))
    vapi.inject(Fault("html", status=404))
    answers = [call("POST", "/phone-number", MINIMAL) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [502, 404]
    assert answers[0].headers["Content-Type"].startswith("text/html")
    assert "502 Bad Gateway" in answers[0].text
    assert vapi.numbers() == []


@pytest.mark.parametrize("work_done", [False, True])
def test_a_status_is_answered_in_the_api_s_shape(vapi: Emulator, call: Call, work_done: bool) -> None:
    vapi.inject(Fault("status", status=429, retry_after=2, message="Rate limit exceeded", work_done=work_done))
    answer = call("POST", "/phone-number", MINIMAL)
    assert answer.json() == {"message": "Rate limit exceeded", "error": "Too Many Requests", "statusCode": 429}
    assert answer.headers["Retry-After"] == "2"
    assert len(vapi.numbers()) == int(work_done)


def test_a_status_needs_nothing_but_its_kind_and_may_be_without_a_standard_name(vapi: Emulator, call: Call) -> None:
    vapi.inject(Fault("status"))
    vapi.inject(Fault("status", status=520))
    answers = [call("GET", "/phone-number") for _ in range(2)]
    assert answers[0].json()["message"] == "Internal Server Error"
    assert "Retry-After" not in answers[0].headers
    assert answers[1].json() == {"message": "Unknown Error", "error": "Unknown Error", "statusCode": 520}


def test_a_slow_answer_comes_late_with_the_work_done_at_once(vapi: Emulator, call: Call) -> None:
    vapi.inject(Fault("slow", delay_s=30))
    with pytest.raises(requests.ReadTimeout):
        call("POST", "/phone-number", MINIMAL, timeout=0.5)
    assert len(vapi.numbers()) == 1
    vapi.inject(Fault("slow", delay_s=0.05))
    answer = call("GET", "/phone-number")
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.05


def test_a_redirect_names_its_location(vapi: Emulator, call: Call) -> None:
    vapi.inject(Fault("redirect", location="https://a.example/"))
    answer = call("POST", "/phone-number", MINIMAL, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (307, "https://a.example/")
    assert vapi.numbers() == []


def test_a_body_is_sent_as_it_is(vapi: Emulator, call: Call) -> None:
    vapi.inject(Fault("body", body="[1]"))
    vapi.inject(Fault("body", body="{}", status=200))
    answers = [call("POST", "/phone-number", MINIMAL) for _ in range(2)]
    assert [(answer.status_code, answer.text) for answer in answers] == [(201, "[1]"), (200, "{}")]
    assert len(vapi.numbers()) == 2


def test_refused_connections_are_refused_by_the_system_until_the_faults_are_cleared(vapi: Emulator, call: Call) -> None:
    assert call("GET", "/phone-number").status_code == 200  # leaves an open connection behind
    vapi.inject(Fault("refuse"))
    for _ in range(2):
        with pytest.raises(requests.ConnectionError, match="Connection refused"):
            call("GET", "/phone-number")
    vapi.clear_faults()
    assert call("GET", "/phone-number").status_code == 200
    assert (vapi.faults_injected, len(vapi.requests)) == (1, 2)


def test_refused_connections_work_again_after_the_duration(vapi: Emulator, call: Call) -> None:
    vapi.inject(Fault("refuse", duration_s=60))
    vapi.inject(Fault("refuse", duration_s=0.2))
    with pytest.raises(requests.ConnectionError, match="Connection refused"):
        call("GET", "/phone-number")
    deadline = time.monotonic() + 10
    while True:
        try:
            assert call("GET", "/phone-number").status_code == 200
            break
        except requests.ConnectionError:
            assert time.monotonic() < deadline
    vapi.clear_faults()
    assert call("GET", "/phone-number").status_code == 200


def test_an_answer_under_way_arrives_before_connections_are_refused(vapi: Emulator, call: Call) -> None:
    vapi.inject(Fault("slow", delay_s=0.3))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(call, "GET", "/phone-number")
        while not vapi.faults_injected:
            time.sleep(0.001)
        vapi.inject(Fault("refuse"))
        assert answer.result().headers["Connection"] == "close"
    with pytest.raises(requests.ConnectionError, match="Connection refused"):
        call("GET", "/phone-number")


def test_an_emulator_can_end_while_it_refuses_connections(serve: Serve) -> None:
    with Emulator() as vapi:
        vapi.inject(Fault("refuse", duration_s=60))
    assert vapi.requests == []


def test_faults_happen_in_order_each_as_often_as_set_and_at_most_one_per_request(vapi: Emulator, call: Call) -> None:
    vapi.inject(Fault("status", status=503, times=2))
    vapi.inject(Fault("status", status=429))
    assert [call("GET", "/phone-number").status_code for _ in range(4)] == [503, 503, 429, 200]
    assert vapi.faults_injected == 3


def test_a_permanent_fault_lasts_until_it_is_cleared(vapi: Emulator, call: Call) -> None:
    vapi.inject(Fault("status", status=503, times=None))
    assert [call("GET", "/phone-number").status_code for _ in range(5)] == [503] * 5
    vapi.clear_faults()
    assert call("GET", "/phone-number").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "hits"),
    [
        ("*", "*", ["POST /phone-number", "GET /phone-number", "GET /phone-number/x", "GET /credential"]),
        ("GET", "*", ["GET /phone-number", "GET /phone-number/x", "GET /credential"]),
        ("*", "/phone-number", ["POST /phone-number", "GET /phone-number", "GET /phone-number/x"]),
        ("GET", "/phone-number/*", ["GET /phone-number/x"]),
        ("PATCH", "*", []),
    ],
)
def test_a_fault_affects_only_the_requests_it_names(
    vapi: Emulator, call: Call, method: str, path: str, hits: list[str]
) -> None:
    vapi.inject(Fault("status", method, path, times=None, status=503))
    made = ["POST /phone-number", "GET /phone-number", "GET /phone-number/x", "GET /credential"]
    assert [line for line in made if call(*line.split()).status_code == 503] == hits


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"kind": "explode"}, "unknown kind of fault: 'explode'"),
        ({"kind": "html", "times": 0}, "times must be at least 1"),
        ({"kind": "redirect"}, "a redirect needs a location"),
        ({"kind": "refuse", "times": 2}, "a closed socket can't count attempts"),
    ],
)
def test_a_meaningless_fault_is_a_value_error(options: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Fault(**options)  # type: ignore[arg-type]


# --- log, latency, concurrency ---


def test_the_log_has_every_request_without_its_key(vapi: Emulator, call: Call) -> None:
    call("POST", "/phone-number?x=1&y=%20", MINIMAL, headers={"X-Test": "yes"})
    call("GET", "/nowhere", data=b"{broken", headers={"Content-Type": "application/json"})
    first, second = vapi.requests
    assert (first.method, first.path, first.query) == ("POST", "/phone-number", {"x": "1", "y": " "})
    assert (first.body, first.status, first.authorized, first.fault) == (MINIMAL, 201, True, None)
    assert first.headers["x-test"] == first.headers["X-Test"] == "yes"
    assert "Authorization" not in first.headers
    assert "test-key" not in str(vapi.requests)
    assert (second.path, second.body, second.status) == ("/nowhere", None, 404)
    vapi.clear_requests()
    assert vapi.requests == []


def test_the_log_is_bounded(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulumi_vapi_byo.emulator.server._LOG_SIZE", 2)
    vapi, call = serve()
    for path in ("/a", "/b", "/c"):
        call("GET", path)
    assert [request.path for request in vapi.requests] == ["/b", "/c"]


def test_latency_delays_each_answer_independently(serve: Serve) -> None:
    vapi, _ = serve(latency_s=0.3)
    started = time.monotonic()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: requests.get(vapi.base_url + "/phone-number", timeout=10), range(10)))
    took = time.monotonic() - started
    assert all(answer.elapsed.total_seconds() >= 0.3 for answer in answers)
    assert took < 2.5  # one after the other would take 3 s


def test_threads_that_post_the_same_number_get_one_success(vapi: Emulator) -> None:
    barrier = threading.Barrier(8)

    def post(_: int) -> int:
        barrier.wait()
        headers = {"Authorization": "Bearer test-key"}
        body = MINIMAL | {"number": "+14155550123"}
        return requests.post(vapi.base_url + "/phone-number", json=body, headers=headers, timeout=10).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(post, range(8))) == [201, *[400] * 7]
    assert len(vapi.numbers()) == 1


def test_emulators_in_one_process_share_nothing(serve: Serve) -> None:
    (first, _), (second, call) = serve(), serve()
    first.add_number()
    assert call("GET", "/phone-number").json() == []
    assert second.base_url != first.base_url


def test_a_connection_answers_several_requests(vapi: Emulator) -> None:
    host, _, port = vapi.base_url.removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        connection.auto_open = 0  # a second connection would be an error
        connection.connect()
        for _ in range(3):
            connection.request("GET", "/phone-number")
            assert connection.getresponse().read()
    finally:
        connection.close()


# --- what must not happen ---


def test_an_answer_of_its_own_that_violates_the_document_is_a_500_and_logged(
    vapi: Emulator, call: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Store, "list_phone_numbers", lambda *_: [{"id": 5}])
    with caplog.at_level(logging.ERROR):
        answer = call("GET", "/phone-number")
    assert answer.status_code == 500
    assert answer.json()["message"].startswith("emulator bug: the answer violates the OpenAPI document: $[0]")
    assert "emulator bug: the answer to GET /phone-number violates the document" in caplog.text


def test_an_exception_of_the_emulator_is_a_500_and_logged(
    vapi: Emulator, call: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Store, "list_phone_numbers", lambda *_: 1 / 0)
    answer = call("GET", "/phone-number")
    assert (answer.status_code, answer.json()["message"]) == (500, "emulator bug: see its log")
    assert "ZeroDivisionError" in caplog.text


def test_a_start_that_fails_in_the_thread_fails_for_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Emulator, "_application", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError), Emulator():
        pytest.fail("it started")


@pytest.mark.parametrize("port", ["taken", 70_000])
def test_an_unavailable_address_is_one_sentence(vapi: Emulator, port: str | int) -> None:
    number = int(vapi.base_url.rpartition(":")[2]) if port == "taken" else int(port)
    with pytest.raises(EmulatorError, match=rf"^cannot listen on 127\.0\.0\.1 port {number}: ."), Emulator(port=number):
        pytest.fail("it started")


def test_an_address_lost_at_the_last_moment_is_the_same_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(*_: object, **__: object) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.create_server", lost)
    with pytest.raises(EmulatorError, match=r"Address already in use$"), Emulator():
        pytest.fail("it started")


def test_it_listens_on_ipv6_too() -> None:
    with Emulator(host="::1") as vapi:
        assert vapi.base_url.startswith("http://[::1]:")
        assert requests.get(vapi.base_url + "/phone-number", timeout=5).status_code == 401


# --- the same over HTTP ---


def test_another_process_can_control_it_without_a_key_and_outside_the_log(vapi: Emulator) -> None:
    control = vapi.base_url + "/__emulator__"
    with requests.Session() as session:
        number = session.post(control + "/numbers", json={"number": "+14155550123"}, timeout=5).json()
        session.patch(f"{control}/numbers/{number['id']}", json={"name": "b"}, timeout=5).raise_for_status()
        session.post(control + "/credentials", json={}, timeout=5).raise_for_status()
        assert [n["name"] for n in session.get(control + "/numbers", timeout=5).json()] == ["b"]
        assert len(session.get(control + "/credentials", timeout=5).json()) == 1
        assert session.put(control + "/latency", json={"latency_s": 0.01}, timeout=5).json() == {"latency_s": 0.01}
        assert session.get(control + "/stats", timeout=5).json() == {
            "era": "both",
            "numbers": 1,
            "credentials": 1,
            "requests": 0,
            "faultsInjected": {},
            "latencyS": 0.01,
        }
        session.delete(f"{control}/numbers/{number['id']}", timeout=5).raise_for_status()
        assert session.delete(f"{control}/numbers/{number['id']}", timeout=5).status_code == 404
        assert session.get(control + "/nowhere", timeout=5).status_code == 404
    assert (vapi.numbers(), vapi.requests, vapi.latency_s) == ([], [], 0.01)


def test_another_process_can_inject_faults_and_read_the_log(vapi: Emulator, call: Call) -> None:
    control = vapi.base_url + "/__emulator__"
    faults = [{"kind": "status", "status": 503}, {"kind": "html", "method": "PATCH"}]
    assert requests.post(control + "/faults", json=faults, timeout=5).status_code == 201
    assert requests.post(control + "/faults", json={"kind": "garbage"}, timeout=5).status_code == 201
    assert call("GET", "/phone-number?limit=1").status_code == 503
    pending = requests.get(control + "/faults", timeout=5).json()
    assert [fault["kind"] for fault in pending] == ["html", "garbage"]
    requests.delete(control + "/faults", timeout=5).raise_for_status()
    assert call("GET", "/phone-number").status_code == 200
    log = requests.get(control + "/requests", timeout=5).json()
    assert [(entry["path"], entry["query"], entry["status"], entry["fault"]) for entry in log] == [
        ("/phone-number", {"limit": "1"}, 503, "status"),
        ("/phone-number", {}, 200, None),
    ]
    assert "authorization" not in {name.lower() for name in log[0]["headers"]}
    requests.delete(control + "/requests", timeout=5).raise_for_status()
    assert vapi.requests == []


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/faults", {"kind": "explode"}, "unknown kind of fault"),
        ("/faults", {"kind": "html", "colour": "red"}, "colour"),
        ("/faults", {"kind": "refuse"}, "give a duration_s"),
        ("/numbers", [], "must be an object"),
        ("/numbers", {"number": "1"}, "number must be longer"),
    ],
)
def test_a_wrong_control_request_is_a_400_that_says_why(vapi: Emulator, path: str, body: object, reason: str) -> None:
    answer = requests.post(vapi.base_url + "/__emulator__" + path, json=body, timeout=5)
    assert answer.status_code == 400
    assert reason in str(answer.json()["message"])
    assert vapi.numbers() == []


def test_a_control_request_that_refuses_connections_is_still_answered(vapi: Emulator, call: Call) -> None:
    answer = call("POST", "/__emulator__/faults", {"kind": "refuse", "duration_s": 60})
    assert (answer.status_code, answer.headers["Connection"]) == (201, "close")
    with pytest.raises(requests.ConnectionError, match="Connection refused"):
        call("GET", "/phone-number")


@pytest.mark.parametrize("door", ["python", "http"])
def test_a_reset_forgets_everything(vapi: Emulator, call: Call, door: str) -> None:
    vapi.add_credential()
    call("POST", "/phone-number", MINIMAL | {"number": "+14155550123"})
    vapi.inject(Fault("html"))
    if door == "python":
        vapi.reset()
    else:
        call("POST", "/__emulator__/reset")
    assert (vapi.numbers(), vapi.credentials(), vapi.requests) == ([], [], [])
    assert call("POST", "/phone-number", MINIMAL | {"number": "+14155550123"}).status_code == 201
