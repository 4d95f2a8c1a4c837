"""What can be tested of the provider without its process; the rest is in tests/doors."""

from __future__ import annotations

import base64
import logging
import pickle
import re
import sys
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dill
import pulumi
import pytest
from pulumi.dynamic import ConfigureRequest
from pulumi.dynamic.config import Config
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime import rpc

from pulumi_vapi_byo import provider as provider_module
from pulumi_vapi_byo.config import read_settings
from pulumi_vapi_byo.core import check as checking
from pulumi_vapi_byo.core import service
from pulumi_vapi_byo.core.check import Problem
from pulumi_vapi_byo.errors import MAX_SENTENCE
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.provider import ByoPhoneNumberProvider
from pulumi_vapi_byo.wire import UNKNOWN

from .samples import ASSISTANT_ID, CREDENTIAL_ID, EVERYTHING, LEAST, Wire

#: In every state file with a number: it must always load.
GOLDEN = "gASVOgAAAAAAAACMGHB1bHVtaV92YXBpX2J5by5wcm92aWRlcpSMFkJ5b1Bob25lTnVtYmVyUHJvdmlkZXKUk5QpgZQu"

UNKNOWN_TO_PULUMI = pulumi.output.Unknown()  # type: ignore[no-untyped-call]


@pytest.fixture
def provider() -> Iterator[ByoPhoneNumberProvider]:
    before = getattr(sys, "tracebacklimit", None)
    provider = ByoPhoneNumberProvider()
    provider.configure(ConfigureRequest(config=Config({}, "project")))
    yield provider
    if before is None:
        vars(sys).pop("tracebacklimit", None)
    else:
        sys.tracebacklimit = before


def checked(provider: ByoPhoneNumberProvider, **news: Any) -> Any:
    return provider.check({}, {"__provider": GOLDEN, **LEAST, "assistantId": ASSISTANT_ID, **news})


def test_the_first_calls_of_several_threads_share_one_life_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = ByoPhoneNumberProvider()
    provider.configure(ConfigureRequest(config=Config({"vapi-byo:apiKey": "key"}, "project")))

    def slowly(*args: Any) -> Any:
        time.sleep(0.05)  # as long as the first import
        return read_settings(*args)

    monkeypatch.setattr(service, "read_settings", slowly)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: provider._service._lifecycle, range(4)))
    assert len({id(one) for one in found}) == 1


# ---------------------------------------------------------------------------------------------------------------- check


def test_unchanged_inputs_are_not_checked_again(provider: ByoPhoneNumberProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    first = checked(provider, deletionProtection=True, server={"url": "https://example.com", "timeoutSeconds": 20.0})
    assert first.failures == []

    def fails(*_: Any, **__: Any) -> None:
        raise AssertionError("checked")

    monkeypatch.setattr(checking, "check_inputs", fails)
    news = {key: rpc.unwrap_rpc_secret(value) for key, value in first.inputs.items()}
    assert provider.check(news, news).inputs == first.inputs
    with pytest.raises(Exception, match="AssertionError"):
        provider.check(news, {**news, "name": "Other"})
    with pytest.raises(Exception, match="AssertionError"):
        provider.check(news, {**news, "name": UNKNOWN_TO_PULUMI})
    with pytest.raises(Exception, match="AssertionError"):
        provider.check({}, {})


def test_the_address_of_an_unchanged_number_follows_the_region(provider: ByoPhoneNumberProvider) -> None:
    first = checked(provider, number="+14155552671").inputs
    provider.configure(ConfigureRequest(config=Config({"vapi-byo:region": "eu"}, "project")))
    assert first["sipUri"] == f"+14155552671@{CREDENTIAL_ID}.sip.vapi.ai"
    assert provider.check(first, first).inputs["sipUri"] == f"+14155552671@{CREDENTIAL_ID}.sip.eu.vapi.ai"


# --------------------------------------------------------------------------------------------------------------- pickle


def test_the_state_holds_the_name_of_the_class_and_nothing_else() -> None:
    # The second byte is the version of the pickle format, which Python chooses.
    written = base64.b64decode(serialize_provider(ByoPhoneNumberProvider()))
    assert written[2:] == base64.b64decode(GOLDEN)[2:]
    assert len(written) < 100


def test_a_state_of_any_version_loads() -> None:
    assert type(dill.loads(base64.b64decode(GOLDEN))) is ByoPhoneNumberProvider  # noqa: S301 - our own bytes
    assert type(pickle.loads(base64.b64decode(GOLDEN))) is ByoPhoneNumberProvider  # noqa: S301 - our own bytes


def test_the_pickle_holds_no_secret() -> None:
    assert ByoPhoneNumberProvider.serialize_as_secret_always is False
    assert vars(ByoPhoneNumberProvider()) == {}


# ------------------------------------------------------------------------------------------------------------- failures


@pytest.mark.parametrize(
    ("problem", "property_", "reason"),
    [
        (Problem(("number",), "is odd", "'12'"), "number", "is odd"),
        (Problem(("deletionProtection",), "is odd", "1"), "deletionProtection", "is odd"),
        (Problem(("serverUrl",), "is odd", "'x'"), "serverUrl", "is odd"),
        (Problem(("serverUrlSecret",), "is odd"), "", "server_url_secret is odd"),
        (Problem(("server",), "is odd"), "", "server is odd"),
        (Problem(("server", "timeoutSeconds"), "is odd", "0"), "", "server.timeout_seconds is odd (it is 0)"),
        (Problem(("hooks", 0, "on"), "is required"), "", "hooks[0].on is required"),
        (Problem(("fallbackDestination", "number"), "is odd", "'1'"), "", "fallback_destination.number is odd (it is '1')"),
        (Problem(("nmae",), "is not a property"), "", "nmae is not a property"),
        (
            Problem(("hooks", 0, "do", 0, "destination", "transferPlan", "mode"), "is required"),
            "",
            "hooks[0].do[0].destination.transfer_plan.mode is required",
        ),
        (Problem(("server", "headers", "timeoutSeconds"), "is odd"), "", "server.headers.timeoutSeconds is odd"),
        (Problem(("server", "backoffPlan", "maxRetries"), "is odd"), "", "server.backoffPlan.max_retries is odd"),
        (Problem(("serverUrl",), "is odd", discreet=True), "", "server_url is odd"),
        (Problem(("name",), "is odd", "'a\\nb'"), "", "name is odd (it is 'a\\nb')"),
    ],
)
def test_a_failure_names_its_property_only_if_the_engine_may_print_its_value(
    problem: Problem, property_: str, reason: str
) -> None:
    failure = service._failure(PHONE_NUMBER, problem, {"name": "a\nb"}, ["backoffPlan"])
    assert (failure.field, failure.reason) == (property_, reason)


def test_no_failure_of_a_check_holds_a_secret(provider: ByoPhoneNumberProvider) -> None:
    result = checked(
        provider,
        number="12",
        serverUrl="x",
        serverUrlSecret=["canary"],
        server={"headers": {"x": ["canary"]}, "secret": "canary", "timeoutSeconds": 0},
    )
    assert [(failure.property, failure.reason.split()[0]) for failure in result.failures] == [
        ("number", "must"),
        ("serverUrl", "must"),
        ("", "server_url_secret"),
        ("", "server.timeout_seconds"),
        ("", "server.headers.x"),
        ("", "server.secret"),
        ("serverUrl", "cannot"),
        ("", "server_url_secret"),
    ]
    assert "canary" not in repr([failure.reason for failure in result.failures])


def test_a_wrong_setting_is_reported_at_preview(provider: ByoPhoneNumberProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAPI_BASE_URL", "http://api.vapi.ai")
    [failure] = checked(provider).failures
    assert failure.property == ""
    assert "would send the API key to api.vapi.ai unencrypted" in failure.reason


def test_a_check_needs_no_key(provider: ByoPhoneNumberProvider) -> None:
    assert checked(provider).failures == []


# ------------------------------------------------------------------------------------------------------ to and from Pulumi


def _is_secret(value: Any) -> bool:
    return bool(rpc.is_rpc_secret(value))


def test_headers_and_the_secret_are_marked_at_any_depth() -> None:
    marked = provider_module._to_pulumi(
        {"a": [{"headers": {"x": "y"}, "sipHeaders": {}}], "serverUrlSecret": "s", "serverUrl": "u", "n": 1}
    )
    assert _is_secret(marked["a"][0]["sipHeaders"])
    assert _is_secret(marked["a"][0]["headers"])
    assert rpc.unwrap_rpc_secret(marked["a"][0]["headers"]) == {"x": "y"}
    assert _is_secret(marked["serverUrlSecret"])
    assert (marked["serverUrl"], marked["n"]) == ("u", 1)


def test_unknowns_are_converted_both_ways_at_any_depth(provider: ByoPhoneNumberProvider) -> None:
    result = checked(
        provider,
        credentialId=UNKNOWN_TO_PULUMI,
        server={"url": UNKNOWN_TO_PULUMI, "headers": {"x": UNKNOWN_TO_PULUMI}},
        hooks=[{"on": "call.ringing", "do": [UNKNOWN_TO_PULUMI]}],
    )
    assert result.failures == []
    assert result.inputs["credentialId"] == rpc.UNKNOWN
    assert result.inputs["server"]["url"] == rpc.UNKNOWN
    assert rpc.unwrap_rpc_secret(result.inputs["server"]["headers"]) == {"x": rpc.UNKNOWN}
    assert result.inputs["hooks"][0]["do"] == [rpc.UNKNOWN]
    assert provider_module._from_pulumi({"a": [UNKNOWN_TO_PULUMI]}) == {"a": [UNKNOWN]}


def test_the_properties_passed_in_are_not_modified(provider: ByoPhoneNumberProvider) -> None:
    news: Wire = {"__provider": GOLDEN, **LEAST, "number": "12"}
    copies = dict(news)
    provider.check({}, news)
    provider.diff("1", {**news}, news)
    assert news == copies


@pytest.mark.parametrize(
    ("number", "credential_id", "address"),
    [
        ("+14155552671", CREDENTIAL_ID, f"+14155552671@{CREDENTIAL_ID}.sip.vapi.ai"),
        (None, CREDENTIAL_ID, None),
        (None, UNKNOWN_TO_PULUMI, None),
        (UNKNOWN_TO_PULUMI, CREDENTIAL_ID, rpc.UNKNOWN),
        ("+14155552671", UNKNOWN_TO_PULUMI, rpc.UNKNOWN),
    ],
)
def test_the_address_for_the_carrier_is_known_as_early_as_possible(
    provider: ByoPhoneNumberProvider, number: Any, credential_id: Any, address: str | None
) -> None:
    result = checked(provider, number=number, credentialId=credential_id)
    assert result.failures == []
    assert result.inputs.get("sipUri") == address


@pytest.mark.parametrize(
    ("change", "changes"), [({}, False), ({"name": "Back office"}, None), ({"server": UNKNOWN_TO_PULUMI}, None)]
)
def test_a_difference_is_left_for_the_engine_to_show(
    provider: ByoPhoneNumberProvider, change: Wire, changes: bool | None
) -> None:
    result = provider.diff("1", {"__provider": GOLDEN, **EVERYTHING}, {"__provider": GOLDEN, **EVERYTHING, **change})
    assert result.changes is changes
    assert not result.replaces


def test_another_version_of_python_is_no_change(provider: ByoPhoneNumberProvider) -> None:
    newer = base64.b64encode(b"\x80\x05" + base64.b64decode(GOLDEN)[2:]).decode()
    assert provider.diff("1", {"__provider": newer, **LEAST}, {"__provider": GOLDEN, **LEAST}).changes is False


def test_a_provider_that_moved_is_written_to_the_state(provider: ByoPhoneNumberProvider) -> None:
    assert provider.diff("1", {"__provider": "older", **LEAST}, {"__provider": GOLDEN, **LEAST}).changes is True


# ------------------------------------------------------------------------------------------------------------ one line


def test_an_error_is_one_sentence_without_frames(provider: ByoPhoneNumberProvider) -> None:
    with pytest.raises(Exception, match="no API key") as raised:
        provider.create({"__provider": GOLDEN, **LEAST})
    assert str(raised.value).startswith("no API key: set the private key")
    printed = traceback.format_exception(raised.value)
    assert printed == [f"VapiError: {raised.value}\n"]


def test_a_bug_of_ours_is_one_sentence_too_without_values(
    provider: ByoPhoneNumberProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_kind: object, _inputs: object, **_: object) -> None:
        raise KeyError("canary")

    monkeypatch.setattr(checking, "check_inputs", fails)
    with pytest.raises(Exception, match="check failed unexpectedly") as raised:
        checked(provider)
    assert str(raised.value) == (
        "check failed unexpectedly (KeyError), which is a bug in pulumi-vapi-byo: "
        "please report it with the output of VAPI_LOG=debug"
    )
    assert "canary" not in "".join(traceback.format_exception(raised.value))


def test_the_log_says_in_one_line_where_an_error_came_from(
    provider: ByoPhoneNumberProvider, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_kind: object, _inputs: object, **_: object) -> None:
        raise KeyError("canary\nerror: forged")

    caplog.set_level("DEBUG", "pulumi_vapi_byo")
    monkeypatch.setattr(checking, "check_inputs", fails)
    monkeypatch.setattr(logging.getLogger("pulumi_vapi_byo"), "propagate", True)
    with pytest.raises(Exception, match="check failed unexpectedly"):
        checked(provider)
    with pytest.raises(Exception, match="no API key"):
        provider.create({"__provider": GOLDEN, **LEAST})
    formatter = provider_module._OneLine("%(levelname)s: %(message)s")
    lines = dict.fromkeys(formatter.format(entry) for entry in caplog.records)  # caplog keeps some records twice
    assert [re.sub(r"[.]py:[0-9]+", "", line) for line in lines if "failed" in line] == [
        "debug: check failed: KeyError at provider > provider > service > service > test_provider",
        "debug: create failed: ConfigError at provider > provider > service > service > config",
    ]


def test_an_entry_of_the_log_is_one_line_whatever_its_text() -> None:
    formatter = provider_module._OneLine("%(levelname)s: %(message)s")
    error = ValueError("canary")
    with pytest.raises(ValueError, match="canary") as raised:
        raise error
    said = ("b\x1b[31m" + "c" * 100_000,)
    entry = logging.LogRecord("x", logging.WARNING, "x", 1, "a\nerror: %s", said, (ValueError, error, raised.tb))
    line = formatter.format(entry)
    assert line.startswith("warning: a error: b?[31mccc")
    assert line.isprintable()
    assert len(line) <= MAX_SENTENCE


@pytest.mark.parametrize("id_", ["..", "a/b", "a\nb", "x" * 200])
def test_the_preview_refuses_to_import_an_invalid_id(provider: ByoPhoneNumberProvider, id_: str) -> None:
    [failure] = provider.check({}, {"__provider": GOLDEN, **LEAST, "__importId": id_}).failures
    assert failure.reason.startswith("the option import_ is invalid: ")
    assert failure.reason.endswith("is not a Vapi id: an id has only letters, digits, - and _, and at most 128 of them")
    assert failure.reason.isprintable()
