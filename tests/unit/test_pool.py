"""Pools: which rows become numbers, which are refused, and the file and line that the errors name."""

from __future__ import annotations

import asyncio
import contextvars
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks
from pulumi.runtime.stack import wait_for_rpcs

import pulumi_vapi_byo as vapi

from .loops import in_a_loop_of_its_own
from .samples import ASSISTANT_ID, CREDENTIAL_ID, Wire

SQUAD_ID = "3d9c1f74-2b6e-4c1a-9a55-8e0f7b6d5c43"
HEADER = "line 1 of numbers.csv must name the columns, each once, number among them, as in 'number,name,assistant_id'; it is "
FAILOVER = (
    ", on another trunk: keep one of them or, if calls may come over both, put the second into a pool of its own and set "
    "vapi-byo:onExisting allow (on_existing on a Provider)"
)
COMMON = {"credential_id": CREDENTIAL_ID, "assistant_id": ASSISTANT_ID}


class Engine(mocks.Mocks):
    """Keeps the declared resources: inputs by logical name."""

    def __init__(self) -> None:
        self.declared: dict[str, Wire] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, Wire]:
        if args.typ == vapi.BYO_PHONE_NUMBER_TYPE:
            self.declared[args.name] = {
                key: value
                for key, value in args.inputs.items()
                if not key.startswith("__") and key not in ("sipUri", "credentialId")
            }
        return f"id of {args.name}", args.inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[Wire, None]:
        return {}, None


class Monitor(mocks.MockMonitor):
    """Gives every thread an event loop and closes it: Pulumi's own monitor would leave open the loop that it creates."""

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name of the remote call
        return in_a_loop_of_its_own(super().RegisterResource, request)


def declare(
    program: Callable[[], vapi.ByoPhoneNumberPool], config: dict[str, str] | None = None
) -> tuple[dict[str, Wire], Any]:
    """Run a program with a pool in a Pulumi run time of its own; return its numbers and its two outputs."""

    def run() -> tuple[dict[str, Wire], Any]:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        engine = Engine()
        try:
            mocks.set_mocks(engine, project="numbers", monitor=Monitor(engine))
            pulumi.runtime.set_all_config(config or {})
            try:
                pool = program()
            finally:
                loop.run_until_complete(wait_for_rpcs())  # the stack's own, even if the program fails
            outputs = [loop.run_until_complete(output.future()) for output in (pool.ids, pool.sip_uris)]
        finally:
            pulumi.runtime.set_all_config({})
            asyncio.set_event_loop(None)
            loop.close()
        return engine.declared, outputs

    return contextvars.copy_context().run(run)


def refusal(*, config: dict[str, str] | None = None, **arguments: Any) -> str:
    arguments.setdefault("defaults", COMMON)
    with pytest.raises(pulumi.RunError) as raised:
        declare(lambda: vapi.ByoPhoneNumberPool("desks", **arguments), config)
    return str(raised.value)


@pytest.fixture
def csv_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | bytes], str]:
    monkeypatch.chdir(tmp_path)

    def write(content: str | bytes) -> str:
        Path("numbers.csv").write_bytes(content.encode() if isinstance(content, str) else content)
        return "numbers.csv"

    return write


# --------------------------------------------------------------------------------------------------------- what is created


def test_every_row_is_a_number_named_after_its_digits_with_the_defaults_filled_in() -> None:
    declared, (ids, sip_uris) = declare(
        lambda: vapi.ByoPhoneNumberPool(
            "desks",
            [
                {"number": "+14155550100", "name": "One"},
                {"number": "+14155550101", "assistantId": "another"},
                vapi.ByoPhoneNumberArgs(credential_id=CREDENTIAL_ID, number="+14155550102", deletion_protection=True),
            ],
            defaults=COMMON,
        )
    )
    assert declared == {
        "desks-+14155550100": {"number": "+14155550100", "name": "One", "assistantId": ASSISTANT_ID},
        "desks-+14155550101": {"number": "+14155550101", "assistantId": "another"},
        "desks-+14155550102": {"number": "+14155550102", "assistantId": ASSISTANT_ID, "deletionProtection": True},
    }
    assert ids == {f"+1415555010{last}": f"id of desks-+1415555010{last}" for last in range(3)}
    assert sip_uris["+14155550100"] == f"+14155550100@{CREDENTIAL_ID}.sip.vapi.ai"


def test_a_row_with_a_squad_does_not_get_the_default_assistant() -> None:
    rows = [{"number": "+14155550100", "squad_id": SQUAD_ID}]
    declared, _ = declare(lambda: vapi.ByoPhoneNumberPool("desks", rows, defaults=COMMON))
    assert declared["desks-+14155550100"] == {"number": "+14155550100", "squadId": SQUAD_ID}


def test_a_row_may_unset_a_default() -> None:
    rows: list[dict[str, Any]] = [
        {"number": "+14155550100", "assistant_id": "", "hooks": []},
        {"number": "+14155550101", "squad_id": ""},
    ]
    declared, _ = declare(lambda: vapi.ByoPhoneNumberPool("desks", rows, defaults=COMMON))
    assert declared["desks-+14155550100"] == {"number": "+14155550100", "assistantId": "", "hooks": []}
    assert declared["desks-+14155550101"] == {"number": "+14155550101", "squadId": "", "assistantId": ASSISTANT_ID}


def test_everything_but_the_number_may_be_an_output() -> None:
    declared, _ = declare(
        lambda: vapi.ByoPhoneNumberPool(
            "desks",
            [{"number": "+14155550100", "name": pulumi.Output.from_input("Later")}],
            defaults=vapi.ByoPhoneNumberArgs(
                credential_id=pulumi.Output.from_input(CREDENTIAL_ID),
                server=vapi.ServerArgs(url=pulumi.Output.from_input("https://example.com"), timeout_seconds=20),
            ),
        )
    )
    assert declared["desks-+14155550100"] == {
        "number": "+14155550100",
        "name": "Later",
        "server": {"url": "https://example.com", "timeoutSeconds": 20},
    }


def test_a_csv_file_from_a_spreadsheet_is_read(csv_file: Callable[[str | bytes], str]) -> None:
    path = csv_file(
        "\ufeffnumber, name ,numberE164CheckEnabled,deletion_protection,squad_id\r\n"
        '+14155550100,"Desk, front",,TRUE,\r\n'
        "\r\n"
        f"1001,,False,,{SQUAD_ID}\r\n"
        ",,,,\r\n"
        "+14155550102\r\n"
    )
    declared, _ = declare(lambda: vapi.ByoPhoneNumberPool("desks", csv_file=path, defaults=COMMON))
    assert declared == {
        "desks-+14155550100": {
            "number": "+14155550100",
            "name": "Desk, front",
            "deletionProtection": True,
            "assistantId": ASSISTANT_ID,
        },
        "desks-1001": {"number": "1001", "numberE164CheckEnabled": False, "squadId": SQUAD_ID},
        "desks-+14155550102": {"number": "+14155550102", "assistantId": ASSISTANT_ID},
    }


@pytest.mark.parametrize(("key", "stored"), [("numbers", "numbers:numbers"), ("carrier:numbers", "carrier:numbers")])
def test_rows_are_read_from_the_configuration_of_the_project_or_of_another_namespace(key: str, stored: str) -> None:
    rows = json.dumps([{"number": "+14155550100", "squadId": SQUAD_ID}])
    declared, _ = declare(lambda: vapi.ByoPhoneNumberPool("desks", config_key=key, defaults=COMMON), {stored: rows})
    assert declared == {"desks-+14155550100": {"number": "+14155550100", "squadId": SQUAD_ID}}


def test_an_empty_list_is_a_pool_without_numbers() -> None:
    assert declare(lambda: vapi.ByoPhoneNumberPool("desks", [], defaults=COMMON)) == ({}, [{}, {}])


@pytest.mark.parametrize(
    "content",
    [
        "Number;NAME;Assistant_ID\n+14155550100;One, two;\n;;\n+14155550101;;a\n;;;;\n",
        "number\tName\tassistantId\n+14155550100\tOne, two\t\n\t\t\n+14155550101\t\ta\n",
        'NUMBER,name,Assistant Id\n+14155550100,"One, two",,,\n,,,,,\n\n+14155550101,,a\n',
        "Number;name;ASSISTANTID\r\n+14155550100;One, two\r\n;\r\n+14155550101;;a\r\n",
    ],
)
def test_a_file_may_have_any_separator_and_header_that_spreadsheets_write(
    content: str, csv_file: Callable[[str | bytes], str]
) -> None:
    path = csv_file(content)
    declared, _ = declare(lambda: vapi.ByoPhoneNumberPool("desks", csv_file=path, defaults={"credential_id": CREDENTIAL_ID}))
    assert declared == {
        "desks-+14155550100": {"number": "+14155550100", "name": "One, two"},
        "desks-+14155550101": {"number": "+14155550101", "assistantId": "a"},
    }


@pytest.mark.parametrize("as_output", [False, True])
def test_a_number_in_no_known_range_is_left_to_a_provider_that_checks_only_the_form(as_output: bool) -> None:
    def program() -> vapi.ByoPhoneNumberPool:
        check: Any = pulumi.Output.from_input("e164") if as_output else "e164"
        provider = vapi.Provider("eu", api_key="the-key", number_check=check)
        return vapi.ByoPhoneNumberPool(
            "desks", [{"number": "+1415555267"}], pulumi.ResourceOptions(provider=provider), defaults=COMMON
        )

    assert list(declare(program)[0]) == ["desks-+1415555267"]


def test_without_a_provider_the_stack_s_setting_counts() -> None:
    def program() -> vapi.ByoPhoneNumberPool:
        return vapi.ByoPhoneNumberPool("desks", [{"number": "+1415555267"}], defaults=COMMON)

    assert list(declare(program, {"vapi-byo:numberCheck": "e164"})[0]) == ["desks-+1415555267"]
    with pytest.raises(pulumi.RunError, match="number has 9 digits after"):
        declare(program)


@pytest.mark.parametrize("by", ["a provider", "a provider's output", "the stack"])
def test_an_unknown_field_is_left_to_a_provider_that_sends_it(by: str) -> None:
    row = {"number": "+14155550100", "server": {"newThing": 1}, "additional_properties": {"newField": {"caller_id": 2}}}

    def program() -> vapi.ByoPhoneNumberPool:
        send: Any = pulumi.Output.from_input("send") if "output" in by else "send"
        provider = vapi.Provider("eu", api_key="the-key", on_unknown=send) if "provider" in by else None
        return vapi.ByoPhoneNumberPool("desks", [row], pulumi.ResourceOptions(provider=provider), defaults=COMMON)

    declared, _ = declare(program, {"vapi-byo:onUnknown": "send"} if by == "the stack" else {})
    assert declared["desks-+14155550100"]["server"] == {"newThing": 1}
    assert declared["desks-+14155550100"]["additionalProperties"] == {"newField": {"caller_id": 2}}
    if by == "the stack":
        with pytest.raises(
            pulumi.RunError, match=r"rows\[0\]: server\.newThing is not a property of server; if Vapi has it by now, set "
        ):
            declare(program)


# ------------------------------------------------------------------------------------------------------------ what is refused


def test_every_error_in_a_file_is_reported_at_once_with_its_line(csv_file: Callable[[str | bytes], str]) -> None:
    path = csv_file(
        "number,name,deletion_protection\n"
        "+14155550100,One,\n"
        '415 555 0101,"two\nlines",\n'
        f"+14155550102,{'x' * 41},maybe\n"
        "+14155550100,Again,\n"
        ",Nobody,\n"
        "+14155550103,a,b,c\n"
    )
    assert refusal(csv_file=path) == (
        "ByoPhoneNumberPool 'desks': 7 things are wrong\n"
        "  numbers.csv line 8 has 4 cells, the first line has 3: put a cell that holds a ',' in quotes\n"
        "  numbers.csv line 3: number must be in E.164 (a plus, the country code and the number, digits only): the country "
        "code is missing "
        "(it is '415 555 0101')\n"
        "  numbers.csv line 3: name must not hold line breaks or other control characters, has '\\n' at position 4 "
        "(it is 'two\\nlines')\n"
        f"  numbers.csv line 5: name must have at most 40 characters, has 41 (it is '{'x' * 41}')\n"
        "  numbers.csv line 5: deletion_protection must be True or False (it is 'maybe')\n"
        "  numbers.csv line 6: number '+14155550100' is in numbers.csv line 2 already: keep one of them\n"
        "  numbers.csv line 7: number is missing: every row needs one, such as '+14155552671'"
    )


def test_a_row_of_the_configuration_is_named_by_the_path_that_config_set_takes() -> None:
    rows = json.dumps([{"number": "+14155550100"}, {"number": 14155550101, "asistantId": "x"}])
    assert refusal(config_key="numbers", config={"numbers:numbers": rows}) == (
        "ByoPhoneNumberPool 'desks': 2 things are wrong\n"
        "  numbers[1]: number must be a text: put 14155550101 in quotes, with its plus\n"
        "  numbers[1]: asistantId is not a property of a BYO phone number; other Vapi fields go into additional_properties"
    )


def test_an_error_in_the_defaults_is_reported_once() -> None:
    rows = [{"number": "+14155550100"}, {"number": "+14155550101"}]
    assert refusal(rows=rows, defaults={**COMMON, "asistant_id": "x"}) == (
        "ByoPhoneNumberPool 'desks': defaults: asistant_id is not a property of a BYO phone number; "
        "other Vapi fields go into additional_properties"
    )


@pytest.mark.parametrize("defaults", [None, {"assistant_id": ASSISTANT_ID}])
def test_a_credential_missing_everywhere_is_reported_once(defaults: dict[str, str] | None) -> None:
    rows = [{"number": "+14155550100"}, {"number": "+14155550101"}]
    assert refusal(rows=rows, defaults=defaults) == (
        "ByoPhoneNumberPool 'desks': credential_id is required: set it in defaults, or in every row"
    )


def test_a_credential_missing_in_some_rows_is_reported_for_each() -> None:
    rows = [{"number": "+14155550100"}, {"number": "+14155550101", "credentialId": CREDENTIAL_ID}]
    assert refusal(rows=rows, defaults={}) == (
        "ByoPhoneNumberPool 'desks': rows[0]: credentialId is required: set credential_id"
    )


def test_an_invalid_row_is_reported_without_follow_up_errors() -> None:
    assert refusal(rows=[5, {"number": "+14155550100"}, None], defaults=["credential_id"]) == (
        "ByoPhoneNumberPool 'desks': 3 things are wrong\n"
        "  rows[0] must be ByoPhoneNumberArgs or a dict, not int\n"
        "  rows[2] must be ByoPhoneNumberArgs or a dict, not NoneType\n"
        "  defaults must be ByoPhoneNumberArgs or a dict, not list"
    )
    assert refusal(rows=[5], defaults={}) == (
        "ByoPhoneNumberPool 'desks': rows[0] must be ByoPhoneNumberArgs or a dict, not int"
    )


def test_secrets_of_a_bad_row_are_not_repeated() -> None:
    row = {"number": "+14155550100", "server_url_secret": 5150, "server": "canary"}
    sentence = refusal(rows=[row])
    assert "rows[0]: server_url_secret must be a string" in sentence
    assert "5150" not in sentence
    assert "canary" not in sentence


def test_a_number_that_is_not_known_yet_cannot_name_a_resource() -> None:
    with pytest.raises(pulumi.RunError) as raised:
        declare(
            lambda: vapi.ByoPhoneNumberPool("desks", [{"number": pulumi.Output.from_input("+14155550100")}], defaults=COMMON)
        )
    assert str(raised.value) == (
        "ByoPhoneNumberPool 'desks': rows[0]: number must be known when the program runs, because it names the resource: "
        "give a text, not an output"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, " takes exactly one of rows, csv_file and config_key, not 0 of them"),
        ({"rows": [], "config_key": "numbers"}, " takes exactly one of rows, csv_file and config_key, not 2 of them"),
        (
            {"rows": "+14155550100"},
            ": rows must be a list of rows, known when the program runs; the name of a CSV file goes into csv_file",
        ),
        (
            {"rows": ["+14155550100"]},
            ": rows[0] must be ByoPhoneNumberArgs or a dict, not str",
        ),
        (
            {"rows": [], "defaults": {**COMMON, "number": "+14155550100"}},
            ": defaults: number is for the rows, each has its own",
        ),
        (
            {"csv_file": "numbers.csv"},
            ": numbers.csv cannot be read: No such file or directory; a path begins at the program's folder",
        ),
        (
            {"config_key": "numbers"},
            (
                ": the stack's configuration has no numbers: set it with "
                "pulumi config set --path 'numbers[0].number' --type string +14155552671"
            ),
        ),
    ],
)
def test_an_invalid_source_is_refused_in_one_sentence(
    arguments: dict[str, Any], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal(**arguments) == f"ByoPhoneNumberPool 'desks'{sentence}"


@pytest.mark.parametrize("value", ["not json", '"text"', '{"a": 1}'])
def test_a_configuration_that_is_not_a_list_is_refused_in_one_sentence(value: str) -> None:
    assert refusal(config_key="numbers", config={"numbers:numbers": value}) == (
        "ByoPhoneNumberPool 'desks': numbers must be a list of rows, known when the program runs"
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", HEADER + "''"),
        (
            "nummer;name\n",
            (
                f"2 things are wrong\n  {HEADER}'nummer;name'\n"
                "  numbers.csv line 1: nummer is not a property of a BYO phone number, did you mean number?"
            ),
        ),
        ("Number,number\n", HEADER + "'Number,number'"),
        ("number,credential_id,credentialId\n", HEADER + "'number,credential_id,credentialId'"),
        (
            'number\n"+1415"5550100\n',
            (
                "numbers.csv line 2 is not CSV: ',' expected after '\"'; put a cell that holds a separator, a quote or a line break in quotes, and double the quotes in it"
            ),
        ),
        ("number,name\n+14155550100,Büro\n".encode("latin-1"), "numbers.csv is not in UTF-8: save it as 'CSV UTF-8'"),
    ],
)
def test_a_file_that_is_not_a_list_of_numbers_is_refused_in_one_sentence(
    content: str | bytes, sentence: str, csv_file: Callable[[str | bytes], str]
) -> None:
    assert refusal(csv_file=csv_file(content)) == f"ByoPhoneNumberPool 'desks': {sentence}"


def test_an_error_in_a_column_is_reported_once(csv_file: Callable[[str | bytes], str]) -> None:
    path = csv_file("number,asistant_id\n" + "".join(f"+1415555010{digit},x\n" for digit in range(9)))
    assert refusal(csv_file=path) == (
        "ByoPhoneNumberPool 'desks': numbers.csv line 1: asistant_id is not a property of a BYO phone number, did you mean assistant_id?"
    )


def test_names_in_sentences_are_spelled_as_in_the_rows(csv_file: Callable[[str | bytes], str]) -> None:
    path = csv_file("number,serverUrl,deletion_protection\n+14155550100,x,x\n")
    assert refusal(csv_file=path) == (
        "ByoPhoneNumberPool 'desks': 2 things are wrong\n"
        "  numbers.csv line 2: serverUrl must be a whole URL such as https://example.com/vapi (it is 'x')\n"
        "  numbers.csv line 2: deletion_protection must be True or False (it is 'x')"
    )
    rows: list[Wire] = [
        {"number": "+14155550100", "server": {"timeout_seconds": 0, "backoffPlan": {}}},
        {
            "number": "+14155550101",
            "fallback_destination": vapi.TransferDestinationNumberArgs(number="1", transfer_plan={"dialTimeout": 0}),
        },
    ]
    said = refusal(rows=rows)
    assert "rows[0]: server.timeout_seconds must be" in said
    assert "rows[0]: server.backoffPlan.type is required" in said
    assert "rows[1]: fallback_destination.transfer_plan.dialTimeout must be" in said


def test_an_error_for_a_row_pasted_from_a_guide_says_what_to_leave_out() -> None:
    row = {"provider": "byo-phone-number", "id": "x", "number": "+14155550100"}
    assert refusal(rows=[row]) == (
        "ByoPhoneNumberPool 'desks': 2 things are wrong\n"
        "  rows[0]: provider is always 'byo-phone-number' here: leave it out\n"
        "  rows[0]: id is set by Vapi: leave it out"
    )


@pytest.mark.parametrize(
    ("first", "second", "advice"),
    [
        ({}, {}, ": keep one of them"),
        ({"credential_id": CREDENTIAL_ID}, {}, ": keep one of them"),
        ({}, {"credential_id": SQUAD_ID}, FAILOVER),
    ],
)
def test_an_error_for_the_same_digits_on_another_trunk_says_what_to_do(first: Wire, second: Wire, advice: str) -> None:
    rows = [{"number": "+14155550100", **first}, {"number": "+14155550100", **second}]
    assert refusal(rows=rows) == (f"ByoPhoneNumberPool 'desks': rows[1]: number '+14155550100' is in rows[0] already{advice}")


def test_values_of_other_types_are_converted_or_named_with_their_row() -> None:
    rows: list[Wire] = [{"number": "+14155550100", "squad_id": uuid.UUID(SQUAD_ID)}]
    declared, _ = declare(lambda: vapi.ByoPhoneNumberPool("desks", rows, defaults={"credential_id": uuid.UUID(CREDENTIAL_ID)}))
    assert declared == {"desks-+14155550100": {"number": "+14155550100", "squadId": SQUAD_ID}}
    assert refusal(rows=[{"number": "+14155550100", "server": {"url": Path("x")}}], defaults={**COMMON, "name": b"x"}) == (
        "ByoPhoneNumberPool 'desks': 2 things are wrong\n"
        "  defaults: name is a bytes: write a text: its decode()\n"
        "  rows[0]: server.url is a PosixPath: write a text: str(...) of it"
    )
