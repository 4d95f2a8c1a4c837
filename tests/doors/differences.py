"""What the plugin does differently from the dynamic provider, and why: the tests that do not run on both doors."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final

_IMPORT: Final = "the engine's own import reaches the plugin, so an import needs no hidden input: tests/engine/test_plugin.py"
_NAMES: Final = "its messages use the schema's names, which are Vapi's own: test_plugin.py"
_STATE: Final = "its states hold no class"
_ADDRESS: Final = "its previews know outputs, so no input has to be computed: test_plugin.py"

#: Name of a test -> the reason why only the dynamic provider has it.
DYNAMIC_ONLY: Final = {
    "test_names_in_reasons_are_spelled_as_the_program_spells_them": _NAMES,
    "test_good_inputs_come_back_as_they_are_with_the_address_to_call": _ADDRESS,
    "test_the_address_is_that_of_the_region": _ADDRESS,
    "test_another_class_of_the_provider_is_an_update_that_sends_nothing": _STATE,
    "test_the_class_is_stored_by_its_name_alone": _STATE,
    "test_check_makes_the_inputs_of_the_old_state": _STATE,
    "test_a_number_of_an_old_state_is_read_changed_and_deleted": _STATE,
    "test_a_field_that_the_api_does_not_know_names_what_to_use_instead": _NAMES,
    "test_the_secret_of_today_goes_into_headers": _NAMES,
    "test_a_field_that_cannot_be_changed_in_2024_names_the_command_that_replaces_the_number": _NAMES,
    "test_it_is_refused_without_the_switch_and_no_value_is_printed": _NAMES,
    "test_a_number_that_exists_is_refused_with_the_way_to_take_it_over": _NAMES,
    "test_a_number_that_no_plan_knows_is_refused_or_with_the_setting_only_warned_of": _NAMES,
    "test_a_number_that_is_only_looked_up_is_not_told_of": _IMPORT,
    "test_a_takeover_without_a_write_refuses_what_the_program_leaves_out": _IMPORT,
    "test_an_id_that_cannot_be_one_is_a_sentence_and_no_request": _IMPORT,
    "test_an_import_of_what_holds_more_than_the_program_says_is_refused": _IMPORT,
    "test_what_vapi_filled_in_and_no_program_can_say_is_no_obstacle_to_an_import": _IMPORT,
    "test_one_that_this_run_deleted_is_made_again_though_the_program_still_imports_it": _IMPORT,
    "test_an_import_of_a_number_that_no_plan_knows_needs_no_more_than_the_setting": _IMPORT,
    "test_import_takes_a_trunk_over_without_a_write": _IMPORT,
}


def print_table(terminalreporter: Any) -> None:
    """Print how many tests passed on each door, if the tests of both were run."""
    passed = Counter(door_of(one.nodeid) for one in terminalreporter.stats.get("passed", ()) if "tests/doors/" in one.nodeid)
    if not (passed["plugin"] and passed["newest"]):
        return
    files = sorted({one.nodeid.partition("::")[0] for one in terminalreporter.stats["passed"] if "tests/doors/" in one.nodeid})
    terminalreporter.section("both doors")
    terminalreporter.line(f"{'passed':44}{'dynamic':>9}{'oldest':>9}{'plugin':>9}")
    for file in files:
        counts = Counter(door_of(one.nodeid) for one in terminalreporter.stats["passed"] if one.nodeid.startswith(file))
        terminalreporter.line(f"{file:44}{counts['newest']:>9}{counts['oldest']:>9}{counts['plugin']:>9}")
    for reason in dict.fromkeys(DYNAMIC_ONLY.values()):
        terminalreporter.line(f"not run on the plugin: {reason}")
        for name in (name for name, why in DYNAMIC_ONLY.items() if why == reason):
            terminalreporter.line(f"    {name}")


def door_of(nodeid: str) -> str:
    """Return the name of a test's door in its id, or an empty text if it has no door."""
    match = re.search(r"\[(newest|oldest|plugin)\b", nodeid)
    return match[1] if match else ""


def name_of(nodeid: str) -> str:
    """Return the name of a test without its parameters."""
    return nodeid.rpartition("::")[2].partition("[")[0]
