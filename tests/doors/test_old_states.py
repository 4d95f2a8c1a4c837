"""States that an older version wrote still load: their keys and the path of the class never change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pulumi_vapi_byo.emulator import Emulator

from .conftest import Configure
from .host import PROVIDER_KEY, Props, Provider, pickled_class, plain

STATE: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "state-0.1.0.json").read_text())
INPUTS: Props = STATE["inputs"]
OUTPUTS: Props = STATE["outputs"]
#: The program's inputs, without those that check adds.
PROGRAM = {key: value for key, value in INPUTS.items() if key not in (PROVIDER_KEY, "sipUri")}


def test_the_class_is_stored_by_its_name_alone(provider: Provider) -> None:
    # The second byte is the version of the pickle format, which Python chooses.
    stored = [pickled_class(pickle)[2:] for pickle in (provider.pickle, INPUTS[PROVIDER_KEY], OUTPUTS[PROVIDER_KEY])]
    assert stored == stored[:1] * 3
    assert b"pulumi_vapi_byo.provider" in pickled_class(provider.pickle)
    assert b"ByoPhoneNumberProvider" in pickled_class(provider.pickle)
    assert len(pickled_class(provider.pickle)) < 80


def test_an_old_state_has_no_changes(provider: Provider) -> None:
    olds = {**OUTPUTS, PROVIDER_KEY: provider.pickle}
    assert provider.diff(olds, {**provider.check(PROGRAM, INPUTS).inputs, PROVIDER_KEY: provider.pickle}).changes == "none"


def test_check_makes_the_inputs_of_the_old_state(provider: Provider) -> None:
    assert plain(provider.check(PROGRAM).inputs) == {key: value for key, value in INPUTS.items() if key != PROVIDER_KEY}


def test_create_returns_the_keys_of_the_old_state(provider: Provider) -> None:
    made = provider.create(provider.check(PROGRAM).inputs)

    # That record repeats the outputs, so it is not written any more.
    assert made.outputs.keys() == OUTPUTS.keys() - {PROVIDER_KEY, "__managed"}


def test_a_number_of_an_old_state_is_read_changed_and_deleted(provider: Provider, configure: Configure, vapi: Emulator) -> None:
    number = vapi.add_number(**{key: value for key, value in PROGRAM.items() if key != "deletionProtection"})
    outputs = {**OUTPUTS, "orgId": number["orgId"], "createdAt": number["createdAt"], "updatedAt": number["updatedAt"]}

    seen = provider.read(number["id"], outputs)
    assert plain(seen.outputs) == {key: value for key, value in outputs.items() if key not in (PROVIDER_KEY, "__managed")}
    assert plain(seen.inputs) == {key: value for key, value in INPUTS.items() if key != PROVIDER_KEY}

    inputs = provider.check({**PROGRAM, "name": "renamed", "deletionProtection": False}, INPUTS).inputs
    updated = provider.update(number["id"], outputs, inputs)
    assert [request.body for request in vapi.requests if request.method == "PATCH"] == [{"name": "renamed"}]

    configure(vapi).delete(number["id"], updated)
    assert vapi.numbers() == []


def test_a_state_without_our_record_loads_too(provider: Provider) -> None:
    bare = {key: value for key, value in OUTPUTS.items() if key != "__managed"}

    assert provider.diff({**bare, PROVIDER_KEY: provider.pickle}, provider.check(PROGRAM).inputs).changes == "none"
