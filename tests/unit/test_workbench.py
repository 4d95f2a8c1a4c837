"""What the workbench removes from a command's output, and what it never removes."""

from __future__ import annotations

from tools.workbench import without_interrupts

INTERRUPTED = """\
    pulumi:pulumi:Stack a running Traceback (most recent call last):
    pulumi:pulumi:Stack a running   File ".../pulumi-language-python-exec", line 232, in <module>
    pulumi:pulumi:Stack a running KeyboardInterrupt
"""


def test_only_the_engine_s_message_about_an_interrupted_program_is_removed() -> None:
    ours = INTERRUPTED.replace("pulumi-language-python-exec", "pulumi_vapi_byo/provider.py")
    failed = INTERRUPTED.replace("KeyboardInterrupt", "ValueError: x")
    assert without_interrupts(f"before\n{INTERRUPTED}after\n") == "before\nafter\n"
    for end in (
        "KeyboardInterrupt: ",
        "Exception: context canceled",
        "pulumi.errors.RunError: Resource monitor has terminated, shutting down",
    ):
        assert without_interrupts(INTERRUPTED.replace("KeyboardInterrupt", end)) == ""
    assert without_interrupts(ours) == ours
    assert without_interrupts(failed) == failed
