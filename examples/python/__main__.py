"""A SIP trunk and two phone numbers, through the plugin and the SDK that Pulumi generates for it."""

import pulumi
import pulumi_vapi_byo_sdk as vapi

assistant_id = pulumi.Config().get("assistantId") or "7d1a9a0e-52c3-4b0e-8f6d-6a1f0f3f0c55"

trunk = vapi.ByoSipTrunkCredential("trunk", name="Carrier", gateways=[{"ip": "203.0.113.10"}])

support = vapi.ByoPhoneNumber(
    "support",
    number="+14155552671",
    credential_id=trunk.id,
    name="Support line",
    assistant_id=assistant_id,
)

london = vapi.ByoPhoneNumber(
    "london",
    number="+442079460018",
    credential_id=trunk.id,
    name="London",
    assistant_id=assistant_id,
    server={"url": "https://example.com/calls", "timeout_seconds": 10},
)

pulumi.export("sendInboundCallsTo", {"support": support.sip_uri, "london": london.sip_uri})
