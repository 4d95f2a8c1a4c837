"""``examples/many-numbers``, unchanged: two hundred numbers in a CSV file, from the first ``up`` to ``destroy``."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sdks import ROOT
from tests.unit.samples import ASSISTANT_ID, CREDENTIAL_ID

from .project import Project

pytestmark = pytest.mark.engine

EXAMPLE = ROOT / "examples" / "many-numbers"


@pytest.fixture
def example(start: Callable[..., Project], tmp_path: Path) -> Project:
    folder = tmp_path / "many-numbers"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return start(folder=folder, config={"credentialId": CREDENTIAL_ID, "assistantId": ASSISTANT_ID})


@pytest.mark.timeout(600)
def test_two_hundred_numbers_of_a_file_whose_rows_move_and_change(example: Project) -> None:
    vapi, file = example.vapi, example.folder / "numbers.csv"
    head, *rows = file.read_text().splitlines()
    assert example.up().changes == {"create": 200}
    assert {number["number"] for number in vapi.numbers()} == {row.split(",")[0] for row in rows}
    assert len(example.outputs["ids"]) == 200
    assert example.outputs["send_inbound_calls_to"]["+442079460099"] == f"+442079460099@{CREDENTIAL_ID}.sip.vapi.ai"
    night = [number for number in vapi.numbers() if "squadId" in number]
    assert [number.get("assistantId") for number in night] == [None] * 4

    vapi.clear_requests()
    moved = [rows[150], *rows[:150], *rows[151:]]
    file.write_text("\n".join([head, *moved]) + "\n")
    assert example.up(expect_no_changes=True).changes == {"same": 200}
    assert vapi.requests == []

    changed = [row.replace("London desk 7,", "Night desk,") for row in moved]
    file.write_text("\n".join([head, *changed]) + "\n")
    assert example.up().changes == {"same": 199, "update": 1}
    writes = [(request.method, request.body) for request in vapi.requests if request.method != "GET"]
    assert writes == [("PATCH", {"name": "Night desk"})]

    assert example.destroy().changes == {"delete": 200}
    assert vapi.numbers() == []


def test_all_bad_rows_are_refused_before_anything_is_made(example: Project) -> None:
    file = example.folder / "numbers.csv"
    file.write_text(file.read_text() + "+14155550100,Twice,,\n4155550199,No plus,,\n")
    run = example.up()
    assert run.failed
    assert (
        "error: ByoPhoneNumberPool 'desks': 2 things are wrong\n"
        "      numbers.csv line 202: number '+14155550100' is in numbers.csv line 2 already: keep one of them\n"
        "      numbers.csv line 203: number must be in E.164"
    ) in run.said
    assert example.vapi.requests == []
