"""SIP trunks of the user's own or their carrier's: everything that is true of trunks only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from .kind import Kind


class SipTrunkKind(Kind):
    """A trunk, which numbers depend on."""

    def warnings(self, inputs: Mapping[str, Any]) -> Iterator[str]:  # noqa: D102 - as in the base class
        plan = inputs.get("outboundAuthenticationPlan")
        if isinstance(plan, Mapping) and ("authUsername" in plan) != ("authPassword" in plan):
            yield "outbound_authentication_plan has only one of auth_username and auth_password; most carriers want both"
        gateways = inputs.get("gateways")
        if isinstance(gateways, list) and all(
            isinstance(gateway, Mapping) and gateway.get("outboundEnabled") is False and gateway.get("inboundEnabled") is False
            for gateway in gateways
        ):
            yield "no gateway takes calls in either direction: set inbound_enabled or outbound_enabled on one of them"

    def comes_near(self, inputs: Mapping[str, Any], name: str | None, differs: Sequence[str]) -> bool:  # noqa: D102
        return super().comes_near(inputs, name, differs) or ("gateways" in inputs and "gateways" not in differs)

    def never_told(self, inputs: Mapping[str, Any]) -> Iterator[str]:  # noqa: D102
        if "outboundAuthenticationPlan" in inputs:
            yield (
                "Vapi never returns a password; the current one stays, but add auth_password to the program before you "
                "change outbound_authentication_plan"
            )

    def advice(self, method: str, status: int, message: str) -> str:  # noqa: D102
        if method == "DELETE" and status in (400, 409, 422):
            return (
                "a trunk cannot be deleted while numbers use it: delete them or give them another credential_id "
                "first, then try again (vapi-byo import lists the numbers with their credentials)"
            )
        return ""


SIP_TRUNK_CREDENTIAL: Final = SipTrunkKind(
    name="ByoSipTrunkCredential",
    noun="BYO SIP trunk",
    provider="byo-sip-trunk",
    path="/credential",
    named_by="name",
    identity=None,
)
