"""The resources as a program sees them, with Pulumi's own mocks."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, rpc
from pulumi.runtime.stack import wait_for_rpcs

import pulumi_vapi_byo as vapi
from pulumi_vapi_byo.dynamic import resources as resource
from pulumi_vapi_byo.kinds import models
from pulumi_vapi_byo.kinds import objects as blocks
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.wire import WIRE_NAMES

from .loops import in_a_loop_of_its_own
from .samples import ASSISTANT_ID, CREDENTIAL_ID, EVERYTHING, Wire

OUTPUTS: Wire = {
    "orgId": "the-org",
    "createdAt": "2026-01-02T03:04:05.678Z",
    "updatedAt": "2026-02-03T04:05:06.789Z",
    "status": "active",
}


class Engine(mocks.Mocks):
    """Answers as the provider would."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, Wire]:
        return "the-id", {**args.inputs, **OUTPUTS}

    def call(self, args: mocks.MockCallArgs) -> tuple[Wire, None]:
        return {}, None


class Monitor(mocks.MockMonitor):
    """Keeps the requests as they go to the engine, with inputs and options."""

    def __init__(self) -> None:
        super().__init__(Engine())
        self.requests: list[Any] = []
        self.invoked: list[str] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name of the remote call
        self.requests.append(request)
        return in_a_loop_of_its_own(super().RegisterResource, request)

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the same
        self.invoked.append(request.tok)
        return in_a_loop_of_its_own(super().Invoke, request)


class Log(logging.Handler):
    """Keeps the messages that the engine would show."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@dataclass
class Declared:
    """A declared number: the request, its inputs as the engine gets them, and the values of its outputs."""

    request: Any
    inputs: Wire
    outputs: Wire
    secrets: set[str]
    logged: list[str]
    invoked: list[str]

    @property
    def said(self) -> Wire:
        """Return the program's inputs, without those that the constructor adds, and with secrets as plain values."""
        given: Wire = plain(self.inputs)
        return {key: value for key, value in given.items() if not key.startswith("__") and key != "sipUri"}


def plain(value: Any) -> Any:
    value = rpc.unwrap_rpc_secret(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def is_secret(value: Any) -> bool:
    return bool(rpc.is_rpc_secret(value))


ATTRIBUTES = [*WIRE_NAMES, "id", "org_id", "created_at", "updated_at", "status", "sip_uri"]


def declare(
    program: Callable[[], vapi.ByoPhoneNumber],
    config: dict[str, str] | None = None,
    *,
    read: list[str] = ATTRIBUTES,
    preview: bool = False,
) -> Declared:
    """Run a program with one number in a Pulumi run time of its own, and read some of its outputs."""

    def run() -> Declared:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        logger = logging.Logger("engine")
        log = Log(logging.WARNING)
        logger.addHandler(log)
        monitor = Monitor()
        try:
            mocks.set_mocks(monitor.mocks, monitor=monitor, logger=logger, preview=preview)
            pulumi.runtime.set_all_config(config or {})
            number = program()
            loop.run_until_complete(wait_for_rpcs())
            outputs, secrets = {}, set()
            for name in read:
                output = getattr(number, name, None)
                if isinstance(output, pulumi.Output):
                    outputs[name] = loop.run_until_complete(output.future())
                    if loop.run_until_complete(output.is_secret()):
                        secrets.add(name)
        finally:
            pulumi.runtime.set_all_config({})
            asyncio.set_event_loop(None)
            loop.close()
        [request] = [request for request in monitor.requests if request.type != "pulumi:pulumi:Stack"]
        return Declared(request, rpc.deserialize_properties(request.object), outputs, secrets, log.lines, monitor.invoked)

    return contextvars.copy_context().run(run)


def run_error(program: Callable[[], object]) -> str:
    with pytest.raises(pulumi.RunError) as raised:
        program()
    return str(raised.value)


# ---------------------------------------------------------------------------------------------- ways to write arguments

SERVER_ARGS = vapi.ServerArgs(
    url="https://example.com/vapi",
    timeout_seconds=25,
    headers={"x-vapi-secret": "canary-header", "credential_id": "stays", "timeoutSeconds": "stays"},
    credential_id=CREDENTIAL_ID,
    backoff_plan=vapi.BackoffPlanArgs(type="fixed", max_retries=3, base_delay_seconds=1.5, excluded_status_codes=[400, 401]),
    static_ip_addresses_enabled=True,
    encrypted_paths=["$.message"],
)
DESTINATION_ARGS = vapi.TransferDestinationNumberArgs(
    number_e164_check_enabled=False,
    number="+14155552672",
    extension="12",
    caller_id="+14155552671",
    message={
        "type": "custom-message",
        "contents": [{"type": "text", "text": "Hallo", "language": "de"}],
        "content": "Hello",
    },
    transfer_plan=vapi.TransferPlanArgs(
        mode="warm-transfer-say-summary",
        message="A caller",
        timeout=30,
        sip_verb="dial",
        dial_timeout=45,
        hold_audio_url="https://example.com/hold.wav",
        transfer_complete_audio_url="https://example.com/done.wav",
        context_engineering_plan={"type": "lastNMessages", "max_messages": 5},
        twiml="<Say>hello</Say>",
        summary_plan={
            "messages": [{"role": "system", "credential_id": "stays"}],
            "enabled": True,
            "timeout_seconds": 10,
        },
        sip_headers_in_refer_to_enabled=True,
        fallback_plan={"message": "Nobody there", "end_call_enabled": False},
    ),
    description="The office",
    name="Office",
)
ARGUMENTS: Wire = {
    **{name: EVERYTHING[wire] for name, wire in WIRE_NAMES.items() if wire in EVERYTHING},
    "server": SERVER_ARGS,
    "fallback_destination": DESTINATION_ARGS,
}


def test_keywords_arrive_in_wire_names() -> None:
    assert declare(lambda: vapi.ByoPhoneNumber("n", **ARGUMENTS)).said == EVERYTHING


def test_args_arrive_the_same() -> None:
    assert declare(lambda: vapi.ByoPhoneNumber("n", vapi.ByoPhoneNumberArgs(**ARGUMENTS))).said == EVERYTHING


def _as_dicts(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {key: _as_dicts(item) for key, item in vars(value).items()}
    return value


@pytest.mark.parametrize("spelling", ["snake_case", "camelCase"])
def test_dicts_arrive_the_same_in_both_spellings(spelling: str) -> None:
    nested = ("server", "fallback_destination")
    dicts = {name: _as_dicts(ARGUMENTS[name]) if spelling == "snake_case" else EVERYTHING[WIRE_NAMES[name]] for name in nested}
    assert declare(lambda: vapi.ByoPhoneNumber("n", **{**ARGUMENTS, **dicts})).said == EVERYTHING


def _outputs_all_the_way(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.replace(value, **{key: _outputs_all_the_way(item) for key, item in vars(value).items()})
    elif isinstance(value, dict):
        value = {key: _outputs_all_the_way(item) for key, item in value.items()}
    elif isinstance(value, list):
        value = [_outputs_all_the_way(item) for item in value]
    return None if value is None else pulumi.Output.from_input(value).apply(lambda same: same)


def test_every_argument_may_be_an_output_at_any_depth() -> None:
    def program() -> vapi.ByoPhoneNumber:
        return vapi.ByoPhoneNumber("n", **{name: _outputs_all_the_way(value) for name, value in ARGUMENTS.items()})

    assert declare(program).said == EVERYTHING


def test_a_sip_destination_arrives_with_its_headers_unchanged() -> None:
    declared = declare(
        lambda: vapi.ByoPhoneNumber(
            "n",
            credential_id=CREDENTIAL_ID,
            fallback_destination=vapi.TransferDestinationSipArgs(
                sip_uri="sip:desk@example.com", sip_headers={"caller_id": "stays", "x": "y"}
            ),
        )
    )
    assert declared.said["fallbackDestination"] == {
        "type": "sip",
        "sipUri": "sip:desk@example.com",
        "sipHeaders": {"caller_id": "stays", "x": "y"},
    }


def test_the_older_spelling_of_the_server_arrives_as_it_is_written() -> None:
    declared = declare(
        lambda: vapi.ByoPhoneNumber(
            "n", credential_id=CREDENTIAL_ID, server_url="https://example.com", server_url_secret="canary"
        )
    )
    assert declared.said == {
        "credentialId": CREDENTIAL_ID,
        "serverUrl": "https://example.com",
        "serverUrlSecret": "canary",
    }


def test_the_keywords_are_the_fields_of_the_args_and_the_inputs_of_the_model() -> None:
    fields = [field.name for field in dataclasses.fields(vapi.ByoPhoneNumberArgs)]
    assert {WIRE_NAMES[name] for name in fields} == set(PHONE_NUMBER.input_names)


@pytest.mark.parametrize(
    ("args", "model_name"),
    [
        (vapi.ServerArgs, "Server"),
        (vapi.BackoffPlanArgs, "BackoffPlan"),
        (vapi.TransferPlanArgs, "TransferPlan"),
        (vapi.TransferDestinationNumberArgs, "TransferDestinationNumber"),
        (vapi.TransferDestinationSipArgs, "TransferDestinationSip"),
        (vapi.ByoPhoneNumberArgs, "ByoPhoneNumberInputs"),
    ],
)
def test_the_typed_arguments_are_the_models_fields_and_require_the_same(args: Any, model_name: str) -> None:
    model = getattr(models, model_name, None) or getattr(blocks, model_name)
    ours = dataclasses.fields(args)
    assert {field.name for field in ours} == set(model.model_fields)
    required = {field.name for field in ours if field.default is dataclasses.MISSING}
    assert required == {name for name, field in model.model_fields.items() if field.is_required()}


# --------------------------------------------------------------------------------------------------------------- outputs


def test_every_output_has_its_name() -> None:
    outputs = declare(lambda: vapi.ByoPhoneNumber("n", **ARGUMENTS)).outputs
    assert outputs["id"] == "the-id"
    assert (outputs["org_id"], outputs["created_at"]) == ("the-org", "2026-01-02T03:04:05.678Z")
    assert (outputs["updated_at"], outputs["status"]) == ("2026-02-03T04:05:06.789Z", "active")
    assert outputs["sip_uri"] == f"+14155552671@{CREDENTIAL_ID}.sip.vapi.ai"
    for name in ARGUMENTS:
        assert outputs[name] == EVERYTHING[WIRE_NAMES[name]], name


def test_an_output_without_a_value_is_none() -> None:
    outputs = declare(lambda: vapi.ByoPhoneNumber("n", credential_id=CREDENTIAL_ID)).outputs
    unset = {name for name, value in outputs.items() if value is None}
    arguments = {field.name for field in dataclasses.fields(vapi.ByoPhoneNumberArgs)}
    assert unset == (arguments - {"credential_id"}) | {"sip_uri"}


def test_other_outputs_are_requested_from_the_engine_once_and_only_when_read() -> None:
    def program() -> vapi.ByoPhoneNumber:
        return vapi.ByoPhoneNumber("n", credential_id=CREDENTIAL_ID, number="+14155552671", server_url_secret="canary")

    said = ["id", "credential_id", "number", "server_url_secret", "sip_uri"]
    assert declare(program, read=said).invoked == []
    declared = declare(program, read=["org_id", "number", "status", "squad_id"])
    assert declared.invoked == ["pulumi:pulumi:getResource"]
    assert declared.outputs == {"org_id": "the-org", "number": "+14155552671", "status": "active", "squad_id": None}
    # Other values of the resource are secret, these are not.
    assert declared.secrets == set()


def test_the_address_for_the_carrier_is_that_of_the_region() -> None:
    declared = declare(
        lambda: vapi.ByoPhoneNumber("n", credential_id="trunk", number="+14155552671"), {"vapi-byo:region": "eu"}
    )
    assert declared.inputs["sipUri"] == "+14155552671@trunk.sip.eu.vapi.ai"


# --------------------------------------------------------------------------------------------------------------- secrets


PLAIN: Wire = {"url": "https://example.com", "headers": {"x": "canary"}}
SAID: dict[str, Callable[[], Any]] = {
    "args": lambda: vapi.ServerArgs(**PLAIN),
    "a dict": lambda: PLAIN,
    "an output of a dict": lambda: pulumi.Output.from_input(PLAIN),
    "an output of args": lambda: pulumi.Output.from_input(1).apply(lambda _: vapi.ServerArgs(**PLAIN)),
}


@pytest.mark.parametrize("said", SAID)
def test_headers_of_a_server_are_secret_however_they_are_written(said: str) -> None:
    declared = declare(lambda: vapi.ByoPhoneNumber("n", credential_id=CREDENTIAL_ID, server=SAID[said]()))
    sent = declared.inputs["server"]
    assert plain(sent) == PLAIN
    assert is_secret(sent) or is_secret(sent["headers"])
    assert "server" in declared.secrets


def test_the_server_s_secret_is_secret_even_if_written_as_plain_text() -> None:
    declared = declare(lambda: vapi.ByoPhoneNumber("n", credential_id=CREDENTIAL_ID, server_url_secret="canary"))
    assert is_secret(declared.inputs["serverUrlSecret"])
    assert declared.secrets == {"server_url_secret"}


def test_a_secret_of_the_program_stays_secret() -> None:
    declared = declare(
        lambda: vapi.ByoPhoneNumber("n", credential_id=CREDENTIAL_ID, number=pulumi.Output.secret("+14155552671"))
    )
    assert {key for key, value in declared.inputs.items() if is_secret(value)} == {"number", "sipUri"}
    assert declared.secrets == {"number", "sip_uri"}


def test_the_reference_to_the_provider_is_not_secret() -> None:
    declared = declare(lambda: vapi.ByoPhoneNumber("n", credential_id=CREDENTIAL_ID))
    assert isinstance(declared.inputs["__provider"], str)
    assert len(declared.inputs["__provider"]) < 120


# --------------------------------------------------------------------------------------------------------------- options


def test_the_type_never_changes() -> None:
    assert vapi.BYO_PHONE_NUMBER_TYPE == "pulumi-python:dynamic/vapi:ByoPhoneNumber"
    assert declare(lambda: vapi.ByoPhoneNumber("n", credential_id="x")).request.type == vapi.BYO_PHONE_NUMBER_TYPE


@pytest.mark.parametrize(
    "opts", [None, pulumi.ResourceOptions(), pulumi.ResourceOptions(delete_before_replace=False)], ids=["none", "empty", "no"]
)
def test_a_replacement_deletes_first(opts: pulumi.ResourceOptions | None) -> None:
    request = declare(lambda: vapi.ByoPhoneNumber("n", credential_id="x", opts=opts)).request
    assert request.deleteBeforeReplace
    assert request.deleteBeforeReplaceDefined


def test_property_names_in_options_may_be_python_names() -> None:
    opts = pulumi.ResourceOptions(
        ignore_changes=[
            "name",
            "assistant_id",
            "serverUrl",
            "server.timeout_seconds",
            "hooks[0].do[1].destination.caller_id",
            "server.headers.caller_id",
        ],
        replace_on_changes=["credential_id", "number"],
        additional_secret_outputs=["sip_uri", "orgId"],
        protect=True,
    )
    request = declare(lambda: vapi.ByoPhoneNumber("n", credential_id="x", opts=opts)).request
    assert list(request.ignoreChanges) == [
        "name",
        "assistantId",
        "serverUrl",
        "server.timeoutSeconds",
        "hooks[0].do[1].destination.callerId",
        "server.headers.caller_id",
    ]
    assert list(request.replaceOnChanges) == ["credentialId", "number"]
    assert list(request.additionalSecretOutputs) == ["sipUri", "orgId"]
    assert request.protect
    # The user may pass the same object to other resources.
    assert opts.ignore_changes is not None
    assert opts.ignore_changes[1] == "assistant_id"
    assert opts.delete_before_replace is None


def test_a_setting_without_effect_gives_one_warning_per_run_wherever_it_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resource._warn_of_the_configuration.cache_clear()
    monkeypatch.setenv("PULUMI_CONFIG", '{"vapi:region": "eu"}')
    program = lambda: vapi.ByoPhoneNumber("n", credential_id="x")  # noqa: E731
    first, second = (declare(program, {"vapi-byo:onExisitng": "adopt", "numbers:x": "y"}).logged for _ in range(2))
    assert [line.partition(":")[2].partition(" ")[0] for line in first] == ["onExisitng", "region"]
    assert first[0].endswith(
        "set vapi-byo:onExisting, if that is what you mean, and remove this key with pulumi config rm vapi-byo:onExisitng"
    )
    assert second == []


@pytest.mark.parametrize(("kept", "variable"), [(None, "{}"), ({}, "no JSON"), ({}, "[[1]]"), ({}, "7")])
def test_configuration_that_cannot_be_listed_does_not_fail_the_program(
    monkeypatch: pytest.MonkeyPatch, kept: object, variable: str
) -> None:
    monkeypatch.setattr(resource, "CONFIG", contextvars.ContextVar("config", default=kept))
    monkeypatch.setenv("PULUMI_CONFIG", variable)
    assert resource._configuration_keys() == ()


def test_custom_timeouts_give_a_warning() -> None:
    opts = pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="1m"))
    assert declare(lambda: vapi.ByoPhoneNumber("n", credential_id="x", opts=opts)).logged == [
        "ByoPhoneNumber 'n': custom_timeouts have no effect here: Pulumi does not pass them to dynamic providers; set vapi-byo:timeout instead"
    ]


# ---------------------------------------------------------------------------------------------------------------- misuse

ARGS = vapi.ByoPhoneNumberArgs(credential_id="x")
NAMES = ", ".join(field.name for field in dataclasses.fields(vapi.ByoPhoneNumberArgs))


def test_an_unknown_keyword_is_refused_with_the_known_keywords() -> None:
    keywords: Any = {"credential_id": "x", "nmae": "y", "Number": "z"}
    assert run_error(lambda: vapi.ByoPhoneNumber("n", **keywords)) == (
        f"ByoPhoneNumber 'n' has no argument Number, nmae: its arguments are {NAMES}; did you mean number and name?"
    )


@pytest.mark.parametrize(
    ("args", "keywords", "wrong"),
    [
        (ARGS, {"name": "x"}, "both"),
        ({"credential_id": "x"}, {}, "dict as args"),
        (pulumi.ResourceOptions(), {}, "ResourceOptions as args"),
        (pulumi.ResourceOptions(), {"credential_id": "x"}, "both"),
    ],
)
def test_args_and_keywords_cannot_be_combined(args: Any, keywords: Any, wrong: str) -> None:
    assert run_error(lambda: vapi.ByoPhoneNumber("n", args, **keywords)) == (
        f"ByoPhoneNumber 'n' takes either one ByoPhoneNumberArgs as args or keywords, not {wrong}"
    )


@pytest.mark.parametrize(
    ("server", "wire_names"),
    [
        ({"timeout_seconds": 5, "headers": {"timeoutSeconds": "mine"}}, None),
        ({"timeoutSeconds": 5, "backoffPlan": {"maxRetries": 1}}, ["backoffPlan", "maxRetries", "timeoutSeconds"]),
        (vapi.ServerArgs(timeout_seconds=5, backoff_plan={"maxRetries": 1}), ["maxRetries"]),
    ],
)
def test_wire_names_in_the_program_are_passed_on_for_messages(server: Any, wire_names: list[str] | None) -> None:
    declared = declare(lambda: vapi.ByoPhoneNumber("n", credential_id="x", server=server))
    assert declared.inputs.get("__wireNames") == wire_names


def test_a_number_without_a_credential_is_left_for_the_check_to_refuse() -> None:
    keywords: Any = {"assistant_id": ASSISTANT_ID}
    assert declare(lambda: vapi.ByoPhoneNumber("n", **keywords)).said == {"assistantId": ASSISTANT_ID}


def test_everything_public_is_listed() -> None:
    assert sorted(vapi.__all__) == vapi.__all__
    assert all(getattr(vapi, name) is not None for name in vapi.__all__)
