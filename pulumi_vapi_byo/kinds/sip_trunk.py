"""A SIP trunk of somebody's own, or their carrier's: everything that only a trunk knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pulumi_vapi_byo.wire import ADDITIONAL

from .kind import Kind


def _doubts_about_a_trunk(inputs: Mapping[str, Any]) -> Iterator[str]:
    plan = inputs.get("outboundAuthenticationPlan")
    if isinstance(plan, Mapping) and ("authUsername" in plan) != ("authPassword" in plan):
        yield "outbound_authentication_plan has only one of auth_username and auth_password; most carriers want both"
    gateways = inputs.get("gateways")
    if isinstance(gateways, list) and all(
        isinstance(gateway, Mapping) and gateway.get("outboundEnabled") is False and gateway.get("inboundEnabled") is False
        for gateway in gateways
    ):
        yield "no gateway takes calls in either direction: set inbound_enabled or outbound_enabled on one of them"


SIP_TRUNK_CREDENTIAL: Final = Kind(
    noun="BYO SIP trunk",
    provider="byo-sip-trunk",
    path="/credential",
    input_names=(
        *("gateways", "name", "outboundAuthenticationPlan", "outboundLeadingPlusEnabled", "techPrefix", "sipDiversionHeader"),
        *(ADDITIONAL, "deletionProtection"),
    ),
    inputs_model="ByoSipTrunkCredentialInputs",
    answer_model="SipTrunkCredential",
    named_by="name",
    identity=None,
    never_printed=frozenset({"outboundAuthenticationPlan", ADDITIONAL}),
    write_only=(("outboundAuthenticationPlan", "authPassword"),),
    unset={},
    none={"name": "", "outboundAuthenticationPlan": {}, "techPrefix": "", "sipDiversionHeader": ""},
    routing=(),
    exclusions=lambda _: (),
    warnings=_doubts_about_a_trunk,
)
