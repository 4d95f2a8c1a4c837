"""The plugin's process by itself: the versions that it runs with, and what it prints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from pulumi_vapi_byo import __version__
from tests.sdks import sdk
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID

from .conftest import API_KEY, Serve
from .host import PluginHost

INPUTS = {"credentialId": CREDENTIAL_ID, "number": "+14155552671", "name": "a", "assistantId": ASSISTANT_ID}


@pytest.mark.oldest_sdk
def test_it_serves_a_whole_life_on_the_lowest_versions_of_what_users_install(tmp_path: Path, serve: Serve) -> None:
    vapi = serve()
    with PluginHost(replace(sdk("oldest"), error_prefix=""), tmp_path) as host:
        assert host.stub.Handshake(provider_pb2.ProviderHandshakeRequest()).accept_secrets
        assert host.stub.GetPluginInfo(empty_pb2.Empty()).version == __version__
        provider = host.provider({"vapi-byo:apiKey": API_KEY, "vapi-byo:baseUrl": vapi.base_url})
        made = provider.create(provider.check(INPUTS).inputs)
        renamed = {**INPUTS, "name": "b"}
        assert provider.diff(made.outputs, renamed, made.id).changes == "unknown"
        assert provider.update(made.id, made.outputs, renamed)["name"] == "b"
        assert provider.read(made.id, made.outputs).inputs == renamed
        # In another run, because a run does not delete what it has changed.
        fresh = host.provider({"vapi-byo:apiKey": API_KEY, "vapi-byo:baseUrl": vapi.base_url})
        fresh.delete(made.id, made.outputs)
        assert vapi.numbers() == []
        assert host.printed() == ""
