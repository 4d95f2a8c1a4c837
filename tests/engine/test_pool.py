"""Pools on the real engine: the command in a hint works."""

from __future__ import annotations

import re
import shlex

import pytest

from .project import Project

pytestmark = pytest.mark.engine


def test_a_number_that_is_set_as_the_hint_says_is_a_text_to_the_pool(project: Project) -> None:
    project.program('vapi.ByoPhoneNumberPool("desks", config_key="nums", defaults={"credential_id": DESK["credential_id"]})')
    hint = re.search(r"set it with pulumi (config set .*)", project.preview().said)
    assert hint is not None, project.said
    project.cli(*shlex.split(hint[1]))
    run = project.up()
    assert not run.failed, run.said
    assert [number["number"] for number in project.vapi.numbers()] == ["+14155552671"]
