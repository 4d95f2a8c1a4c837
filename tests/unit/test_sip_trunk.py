"""The rules of a SIP trunk, and how the shared code treats it differently."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_vapi_byo.core.check import check_inputs
from pulumi_vapi_byo.core.diff import plan, shape_of
from pulumi_vapi_byo.errors import show_path, show_value
from pulumi_vapi_byo.kinds.sip_trunk import SIP_TRUNK_CREDENTIAL as TRUNK
from pulumi_vapi_byo.wire import MANAGED, UNKNOWN

ADDRESS_OR_NAME = "must be an IPv4 address such as 203.0.113.10, or, for outbound calls only, a host name"
INBOUND = (
    "must be an IPv4 address if inbound calls are enabled, which is the default: use the carrier's addresses, "
    "or set inbound_enabled=False as well"
)
UNREACHABLE = ", which Vapi cannot reach over the internet: use the carrier's public address"
OR_SEND = "if Vapi has it by now, set vapi-byo:onUnknown send (on_unknown on a Provider)"
BEYOND = "other Vapi fields go into additional_properties"
CONTROLS = "must not hold line breaks or other control characters, has"
PLAN: dict[str, Any] = {"authUsername": "u", "authPassword": "canary"}


def problems(**inputs: Any) -> list[tuple[str, str, str]]:
    checked = check_inputs(TRUNK, {"gateways": [{"ip": "203.0.113.10"}], **inputs})
    return [(show_path(problem.path), problem.reason, problem.value) for problem in checked.problems]


@pytest.mark.parametrize(
    ("gateway", "reason"),
    [
        ({"ip": "sip.example.com"}, INBOUND),
        ({"ip": "sip.example.com", "inbound_enabled": True}, INBOUND),
        ({"ip": "sip.example.com", "outboundEnabled": True, "inboundEnabled": True}, INBOUND),
        ({"ip": "2001:db8::1", "inbound_enabled": False}, ADDRESS_OR_NAME),
        ({"ip": "203.0.113.300", "inbound_enabled": False}, ADDRESS_OR_NAME),
        ({"ip": "203.0.113", "inbound_enabled": False}, ADDRESS_OR_NAME),
        ({"ip": "sip:203.0.113.10"}, ADDRESS_OR_NAME),
        ({"ip": "203.0.113.10:5060"}, ADDRESS_OR_NAME),
        ({"ip": "localhost", "inbound_enabled": False}, ADDRESS_OR_NAME),
        ({"ip": ""}, "must not be empty: it is required"),
        ({"ip": "0.0.0.0"}, f"is not the address of a machine{UNREACHABLE}"),  # noqa: S104 - nothing binds to it
        ({"ip": "127.0.0.1"}, f"is an address of this machine itself{UNREACHABLE}"),
        ({"ip": "10.1.2.3"}, f"is a private address{UNREACHABLE}"),
        ({"ip": "172.31.0.1"}, f"is a private address{UNREACHABLE}"),
        ({"ip": "192.168.178.1"}, f"is a private address{UNREACHABLE}"),
        ({"ip": "100.64.0.1"}, f"is an address inside a provider's network{UNREACHABLE}"),
        ({"ip": "169.254.1.1"}, f"is a link-local address{UNREACHABLE}"),
        ({"ip": "224.0.0.1", "inbound_enabled": False}, f"is a multicast address{UNREACHABLE}"),
        ({"ip": "255.255.255.255"}, f"is a reserved address{UNREACHABLE}"),
    ],
)
def test_a_gateway_that_vapi_would_refuse_with_an_obscure_error_is_found_at_preview(
    gateway: dict[str, Any], reason: str
) -> None:
    assert problems(gateways=[{"ip": "203.0.113.9"}, gateway]) == [("gateways[1].ip", reason, repr(gateway["ip"]))]


@pytest.mark.parametrize(
    "gateway",
    [
        {"ip": "203.0.113.10"},
        {"ip": "203.0.113.0", "netmask": 24},
        {"ip": "sip.example.com", "inbound_enabled": False},
        {"ip": "1856282236.zt.example.com", "inboundEnabled": False},
        {"ip": "sip.example.com", "inboundEnabled": UNKNOWN},
        {"ip": UNKNOWN},
        UNKNOWN,
        *(
            {"ip": ip}
            for ip in ("192.0.2.1", "198.51.100.1", "172.15.0.1", "172.32.0.1", "9.255.255.255", "100.128.0.1", "8.8.8.8")
        ),
    ],
)
def test_a_gateway_that_vapi_accepts_passes(gateway: Any) -> None:
    assert problems(gateways=[gateway]) == []


@pytest.mark.parametrize(
    "gateways",
    [
        [{"ip": "203.0.113.10"}, {"ip": "203.0.113.10", "port": 5061}],
        [{"ip": "203.0.113.10", "inbound_enabled": False}, {"ip": "203.0.113.10", "outbound_enabled": False}],
        [UNKNOWN, UNKNOWN],
        [{"ip": UNKNOWN}, {"ip": UNKNOWN}],
    ],
)
def test_gateways_that_differ_or_are_not_known_yet_are_not_duplicates(gateways: list[Any]) -> None:
    assert problems(gateways=gateways) == []


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"gateways": []}, [("gateways", "must have at least 1 item, has none", "")]),
        ({"gateways": None}, [("gateways", "is required: set gateways", "")]),
        ({"name": "n" * 41}, [("name", "must have at most 40 characters, has 41", repr("n" * 41))]),
        (
            {"gateways": [{"ip": "203.0.113.10", "port": 0, "netmask": 23.0, "outboundProtocol": "sctp"}]},
            [
                ("gateways[0].port", "must be a number from 1 to 65535", "0"),
                ("gateways[0].netmask", "must be a number from 24 to 32", "23"),
                ("gateways[0].outboundProtocol", f"must be 'tls/srtp', 'tcp', 'tls' or 'udp'; {OR_SEND}", "'sctp'"),
            ],
        ),
        (
            {"outbound_authentication_plan": {"auth_passwort": "x"}},
            [
                (
                    "outboundAuthenticationPlan.auth_passwort",
                    f"is not a property of outbound_authentication_plan, did you mean auth_password?; {OR_SEND}",
                    "",
                )
            ],
        ),
        ({"provider": "byo-sip-trunk"}, [("provider", "is always 'byo-sip-trunk' here: leave it out", "")]),
        ({"techPrefix": "1\n2"}, [("techPrefix", f"{CONTROLS} '\\n' at position 2", r"'1\n2'")]),
        ({"sipDiversionHeader": "a\r"}, [("sipDiversionHeader", f"{CONTROLS} '\\r' at its end", r"'a\r'")]),
        ({"name": "a\0b"}, [("name", f"{CONTROLS} '\\x00' at position 2", r"'a\x00b'")]),
        (
            {"gateways": [{"ip": "203.0.113.10"}, {"ip": "203.0.113.11"}, {"ip": "203.0.113.10", "port": 5060}]},
            [("gateways", "must name each gateway once: [2] is the same as [0], leave one out", "")],
        ),
        ({"gatways": []}, [("gatways", f"is not a property of a BYO SIP trunk; {BEYOND}", "")]),
    ],
)
def test_each_problem_is_described_in_words(inputs: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert problems(**inputs) == expected


def test_no_problem_and_no_message_holds_a_password() -> None:
    assert problems(outbound_authentication_plan={"auth_password": 5}) == [
        ("outboundAuthenticationPlan.auth_password", "must be a string", "")
    ]
    assert problems(outbound_authentication_plan="canary") == [("outboundAuthenticationPlan", "must be an object", "")]
    assert show_value(PLAN, "outboundAuthenticationPlan") == '{"authUsername": "u", "authPassword": "[secret]"}'


def test_an_incomplete_login_and_a_trunk_without_direction_give_warnings() -> None:
    idle = {"ip": "203.0.113.10", "inbound_enabled": False, "outbound_enabled": False}
    checked = check_inputs(TRUNK, {"gateways": [idle], "outbound_authentication_plan": {"auth_username": "u"}})
    assert checked.warnings == [
        "outbound_authentication_plan has only one of auth_username and auth_password; most carriers want both",
        "no gateway takes calls in either direction: set inbound_enabled or outbound_enabled on one of them",
    ]


def test_the_defaults_of_a_gateway_are_no_change() -> None:
    given = {
        "gateways": [{"ip": "203.0.113.10", "port": 5060.0, "netmask": 32, "inboundEnabled": True, "outboundProtocol": "udp"}]
    }
    answered = {"gateways": [{"ip": "203.0.113.10", "outboundEnabled": True, "optionsPingEnabled": False}]}
    assert plan(TRUNK, {**answered, MANAGED: shape_of(TRUNK, given, answered)}, given).changes == ()


def test_a_changed_password_is_sent_with_the_whole_plan() -> None:
    given: dict[str, Any] = {"gateways": [{"ip": "203.0.113.10"}], "outboundAuthenticationPlan": PLAN}
    state = {**given, MANAGED: shape_of(TRUNK, given, given)}
    changed = {**given, "outboundAuthenticationPlan": {**PLAN, "authPassword": "other"}}
    assert plan(TRUNK, state, given).patch == {}
    assert plan(TRUNK, state, changed).patch == {"outboundAuthenticationPlan": {"authUsername": "u", "authPassword": "other"}}
