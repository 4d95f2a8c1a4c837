import * as pulumi from "@pulumi/pulumi";
import * as vapi from "pulumi-vapi-byo";

const config = new pulumi.Config();
const assistantId = config.get("assistantId") ?? "7d1a9a0e-52c3-4b0e-8f6d-6a1f0f3f0c55";

const trunk = new vapi.ByoSipTrunkCredential("trunk", {
    name: "Carrier",
    gateways: [{ ip: "203.0.113.10" }],
});

const support = new vapi.ByoPhoneNumber("support", {
    number: "+14155552671",
    credentialId: trunk.id,
    name: "Support line",
    assistantId,
});

const london = new vapi.ByoPhoneNumber("london", {
    number: "+442079460018",
    credentialId: trunk.id,
    name: "London",
    assistantId,
    server: { url: "https://example.com/calls", timeoutSeconds: 10 },
});

export const sendInboundCallsTo = { support: support.sipUri, london: london.sipUri };
