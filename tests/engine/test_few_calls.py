"""Many numbers are refreshed and renamed with few calls, and no change is missed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pulumi_vapi_byo.emulator import Emulator, Fault
from tests.unit.samples import CREDENTIAL_ID

from .project import Project

pytestmark = pytest.mark.engine

NUMBERS = 24
#: The list alone: without the wildcard, the path would match each number too.
LIST = "/phone-numbe?"


def declare(project: Project, word: str) -> None:
    project.program(
        f"""
        for index in range({NUMBERS}):
            vapi.ByoPhoneNumber(
                f"desk-{{index}}", credential_id=DESK["credential_id"], number=f"+1415555{{2000 + index}}",
                name=f"{word} {{index}}", server_url="https://example.com",
            )
        """
    )


@pytest.fixture
def desks(project: Project) -> Project:
    declare(project, "Desk")
    assert project.up().changes == {"create": NUMBERS}
    project.vapi.clear_requests()
    return project


def calls(vapi: Emulator) -> Counter[str]:
    return Counter("list" if (one.method, one.path) == ("GET", "/phone-number") else one.method for one in vapi.requests)


def by_name(vapi: Emulator, name: str) -> str:
    found: str = next(number["id"] for number in vapi.numbers() if number["name"] == name)
    return found


def test_a_refresh_sees_what_others_did_with_one_read_and_one_list(desks: Project) -> None:
    vapi = desks.vapi
    assert desks.refresh(expect_no_changes=True).changes == {"same": NUMBERS}
    assert calls(vapi) == {"GET": 1, "list": 1}

    vapi.edit_number(by_name(vapi, "Desk 7"), name="Edited")
    for name in ("Desk 3", "Desk 11"):
        vapi.delete_number(by_name(vapi, name))
    vapi.add_number(number="+14155559999", credentialId=CREDENTIAL_ID)
    vapi.clear_requests()
    assert desks.refresh().changes == {"same": NUMBERS - 3, "update": 1, "delete": 2}
    assert len(desks.resources()) == NUMBERS - 2
    # A number missing from the list is read directly before it is given up.
    assert calls(vapi)["list"] == 1
    assert calls(vapi)["GET"] <= 1 + 2
    run = desks.up()
    assert run.changes == {"same": NUMBERS - 3, "update": 1, "create": 2}
    assert sum(number["name"].startswith("Desk") for number in vapi.numbers() if "name" in number) == NUMBERS


@contextmanager
def as_soon_as_listed(vapi: Emulator, what: str) -> Iterator[None]:
    """Delete a number as soon as the account is being listed."""
    id_, ended = by_name(vapi, what), threading.Event()

    def watch() -> None:
        while not calls(vapi)["list"] and not ended.wait(0.01):
            pass
        vapi.delete_number(id_)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


@pytest.mark.parametrize(("kind", "is_seen"), [("slow", False), ("late", True)])
def test_a_number_that_vanishes_half_way_is_gone_at_the_latest_with_the_next_refresh(
    desks: Project, kind: str, is_seen: bool
) -> None:
    vapi = desks.vapi
    vapi.inject(Fault(kind, method="GET", path=LIST, delay_s=1.0))  # type: ignore[arg-type]
    with as_soon_as_listed(vapi, "Desk 20"):
        first = desks.refresh().changes
    assert first == ({"same": NUMBERS - 1, "delete": 1} if is_seen else {"same": NUMBERS})
    desks.refresh()
    assert len(desks.resources()) == NUMBERS - 1


def test_where_the_list_fails_every_number_is_read_by_itself(desks: Project) -> None:
    vapi = desks.vapi
    vapi.edit_number(by_name(vapi, "Desk 7"), name="Edited")
    vapi.inject(Fault("status", status=500, method="GET", path=LIST, times=None))
    run = desks.refresh()
    assert not run.failed
    assert run.changes == {"same": NUMBERS - 1, "update": 1}
    assert calls(vapi) == {"GET": NUMBERS, "list": 1}


def test_a_rename_of_all_reads_each_number_by_its_id_before_it_is_written(desks: Project) -> None:
    vapi = desks.vapi
    edited = by_name(vapi, "Desk 7")
    vapi.edit_number(edited, name="Edited")
    vapi.edit_number(by_name(vapi, "Desk 9"), assistantId="5f0c9a0e-6d0b-4b7e-9d53-0a1c2b3d4e5f")
    declare(desks, "Office")
    run = desks.up(continue_on_error=True)
    assert run.failed
    assert 'name: "Desk 7" in the state, "Edited" at Vapi, "Office 7" in the program' in run.said
    sent = calls(vapi)
    assert sent["PATCH"] == NUMBERS - 1
    assert (sent["GET"], sent["list"]) == (NUMBERS, 0)
    # The number with a conflict and all other edits are as they were, and the rest is renamed.
    named = Counter(number["name"].split()[0] for number in vapi.numbers())
    assert named == {"Office": NUMBERS - 1, "Edited": 1}
    assert [number["name"] for number in vapi.numbers() if "assistantId" in number] == ["Office 9"]
