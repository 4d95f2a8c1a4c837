"""The public API as a program uses it: checked by the type checker, never run."""

from __future__ import annotations

from typing import Any

import pulumi
from typing_extensions import assert_type

import pulumi_vapi_byo as vapi

config = pulumi.Config()
assistant_id: pulumi.Output[str] = config.require_secret("assistantId")

by_keywords = vapi.ByoPhoneNumber(
    "by-keywords",
    credential_id="1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10",
    number="+14155552671",
    number_e164_check_enabled=False,
    name="Front desk",
    assistant_id=assistant_id,
    squad_id=None,
    workflow_id=assistant_id,
    server_url="https://example.com/vapi",
    server_url_secret=config.require_secret("secret"),
    opts=pulumi.ResourceOptions(protect=True),
)
by_args = vapi.ByoPhoneNumber(
    "by-args",
    vapi.ByoPhoneNumberArgs(
        credential_id=assistant_id,
        server=vapi.ServerArgs(
            url=by_keywords.sip_uri.apply(lambda uri: f"https://example.com/{uri}"),
            timeout_seconds=20,
            headers={"x-vapi-secret": config.require_secret("secret"), "x-plain": "plain"},
            backoff_plan=vapi.BackoffPlanArgs(type="fixed", max_retries=3, base_delay_seconds=0.5),
        ),
        hooks=[{"on": "call.ringing", "do": [{"type": "say", "exact": "Hello"}]}],
        fallback_destination=vapi.TransferDestinationNumberArgs(
            number="+14155552672",
            transfer_plan=vapi.TransferPlanArgs(mode="blind-transfer", message={"type": "custom-message", "content": "Hi"}),
        ),
    ),
    pulumi.ResourceOptions(depends_on=[by_keywords]),
)
by_dicts = vapi.ByoPhoneNumber(
    "by-dicts",
    credential_id=by_args.credential_id,
    server={"url": "https://example.com", "timeoutSeconds": 20},
    fallback_destination={"type": "sip", "sip_uri": "sip:desk@example.com"},
)
by_sip = vapi.ByoPhoneNumber(
    "by-sip",
    credential_id="1c0f2f8e-5a3b-4d0e-9a7e-3f6a2b9c4d10",
    server=pulumi.Output.from_input(vapi.ServerArgs(url="https://example.com")),
    fallback_destination=vapi.TransferDestinationSipArgs(sip_uri="sip:desk@example.com", sip_headers={"x": assistant_id}),
)

# These lines must be errors: an ignore without an error is reported too.
vapi.ByoPhoneNumber("no-credential", number="+14155552671")  # type: ignore[call-overload]
vapi.ByoPhoneNumber("a-typo", credential_id="x", nmae="y")  # type: ignore[call-overload]
vapi.ByoPhoneNumber("both", vapi.ByoPhoneNumberArgs(credential_id="x"), credential_id="x")  # type: ignore[call-overload]
vapi.ByoPhoneNumber("not-a-string", credential_id=5)  # type: ignore[call-overload]
vapi.ServerArgs("https://example.com")  # type: ignore[call-arg]
vapi.ServerArgs(timeout="20")  # type: ignore[call-arg]
vapi.BackoffPlanArgs(type="linear", max_retries=1, base_delay_seconds=1)  # type: ignore[arg-type]
vapi.TransferPlanArgs(mode="cold")  # type: ignore[arg-type]

assert_type(by_keywords.id, pulumi.Output[str])
assert_type(by_keywords.credential_id, pulumi.Output[str])
assert_type(by_keywords.number, pulumi.Output[str | None])
assert_type(by_keywords.number_e164_check_enabled, pulumi.Output[bool | None])
assert_type(by_keywords.name, pulumi.Output[str | None])
assert_type(by_keywords.assistant_id, pulumi.Output[str | None])
assert_type(by_keywords.squad_id, pulumi.Output[str | None])
assert_type(by_keywords.workflow_id, pulumi.Output[str | None])
assert_type(by_keywords.server_url, pulumi.Output[str | None])
assert_type(by_keywords.server_url_secret, pulumi.Output[str | None])
assert_type(by_keywords.server, pulumi.Output[dict[str, Any] | None])
assert_type(by_keywords.hooks, pulumi.Output[list[dict[str, Any]] | None])
assert_type(by_keywords.fallback_destination, pulumi.Output[dict[str, Any] | None])
assert_type(by_keywords.additional_properties, pulumi.Output[dict[str, Any] | None])
assert_type(by_keywords.org_id, pulumi.Output[str])
assert_type(by_keywords.created_at, pulumi.Output[str])
assert_type(by_keywords.updated_at, pulumi.Output[str])
assert_type(by_keywords.status, pulumi.Output[str | None])
assert_type(by_keywords.sip_uri, pulumi.Output[str | None])
assert_type(by_keywords.urn, pulumi.Output[str])
