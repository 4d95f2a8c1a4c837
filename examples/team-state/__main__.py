"""Declare a team's numbers; the stack of ``examples/stack-reference`` reads where to send their calls."""

import pulumi

import pulumi_vapi_byo as vapi

config = pulumi.Config()

lines = vapi.ByoPhoneNumberPool(
    "lines",
    [{"number": "+442079460100", "name": "Sales"}, {"number": "+442079460101", "name": "Support"}],
    defaults={"credential_id": config.require("credentialId"), "assistant_id": config.require("assistantId")},
)

pulumi.export("sip_uris", lines.sip_uris)
