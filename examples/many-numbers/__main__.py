"""Declare every number of ``numbers.csv`` at Vapi, with what they have in common said once."""

import pulumi

import pulumi_vapi_byo as vapi

config = pulumi.Config()

desks = vapi.ByoPhoneNumberPool(
    "desks",
    csv_file="numbers.csv",
    defaults={"credential_id": config.require("credentialId"), "assistant_id": config.require("assistantId")},
)

pulumi.export("ids", desks.ids)
pulumi.export("send_inbound_calls_to", desks.sip_uris)
