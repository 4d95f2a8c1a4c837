"""A ``pulumi`` that does not behave as it should."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pulumi_vapi_byo.cli import pulumi_cli
from pulumi_vapi_byo.cli.pulumi_cli import PulumiCli
from pulumi_vapi_byo.errors import VapiError

Command = Callable[[PulumiCli], object]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a shell script in place of the Pulumi CLI."""

    def script(text: str) -> None:
        path = tmp_path / "pulumi"
        path.write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return script


@pytest.mark.parametrize(
    ("text", "command", "sentence"),
    [
        ("echo hello", PulumiCli.version, "pulumi version says 'hello', which is not a version"),
        ("echo hello", PulumiCli.config, "pulumi config --json did not answer with the stack's configuration"),
        ("echo '[]'", PulumiCli.config, "pulumi config --json did not answer with the stack's configuration"),
        ("echo '{\"a\": 1}'", PulumiCli.config, "pulumi config --json did not answer with the stack's configuration"),
        ("echo hello", PulumiCli.resources, "pulumi stack export did not answer with the stack's state"),
        ("echo '{}'", PulumiCli.resources, "pulumi stack export did not answer with the stack's state"),
        ("echo '{\"deployment\": []}'", PulumiCli.resources, "pulumi stack export did not answer with the stack's state"),
        ("echo 'error: no stack' >&2; echo more >&2; exit 255", PulumiCli.config, "pulumi config failed: no stack"),
        ("echo oops; exit 1", PulumiCli.version, "pulumi version failed: oops"),
        ("exit 7", lambda cli: cli.config_value("k"), "pulumi config get failed: status 7"),
        ("exit 7", lambda cli: cli.set_secret("k", "canary"), "pulumi config set failed: status 7"),
        ("#!/no/such/shell\n", PulumiCli.version, "pulumi version could not be run (FileNotFoundError)"),
        ("exec sleep 30", PulumiCli.version, "pulumi version could not be run (TimeoutExpired)"),
    ],
)
def test_a_command_that_fails_is_one_sentence(
    script: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, text: str, command: Command, sentence: str
) -> None:
    script(text)
    monkeypatch.setattr(pulumi_cli, "_TIMEOUT_S", 0.5 if "sleep" in text else 60)
    with pytest.raises(VapiError) as raised:
        command(PulumiCli(None))
    assert str(raised.value) == sentence


def test_a_secret_goes_on_stdin_and_never_into_the_command_line(script: Callable[[str], None], tmp_path: Path) -> None:
    script(f'echo "$@" > {tmp_path}/arguments; cat > {tmp_path}/stdin')
    PulumiCli("test").set_secret("key", "canary")
    arguments = (tmp_path / "arguments").read_text()
    assert arguments == "--non-interactive --color never config set --secret key --stack test\n"
    assert (tmp_path / "stdin").read_text() == "canary"


@pytest.mark.parametrize(("said", "version"), [("v3.259.0\n", (3, 259, 0)), ("3.254.1-alpha.2+dirty\n", (3, 254, 1))])
def test_versions_are_read_with_and_without_a_suffix(
    script: Callable[[str], None], said: str, version: tuple[int, int, int]
) -> None:
    script(f"printf '{said}'")
    assert PulumiCli(None).version() == version


def test_configuration_that_is_secret_or_not_text_has_no_value(script: Callable[[str], None]) -> None:
    script("""echo '{"a:b": {"value": "c", "secret": false}, "a:d": {"secret": true}, "a:e": {"objectValue": {"f": 1}}}'""")
    assert PulumiCli(None).config() == {"a:b": "c", "a:d": None, "a:e": None}


def test_a_state_is_read_with_or_without_its_secrets(script: Callable[[str], None], tmp_path: Path) -> None:
    script(f"""echo "$@" >> {tmp_path}/arguments; echo '{{"deployment": {{"resources": [{{"id": "a"}}, 7]}}}}'""")
    assert PulumiCli(None).resources() == PulumiCli("test").resources(in_clear=True) == [{"id": "a"}]
    assert (tmp_path / "arguments").read_text() == (
        "--non-interactive --color never stack export\n--non-interactive --color never stack export --show-secrets --stack test\n"
    )
    script("""echo '{"deployment": {"manifest": {}}}'""")
    assert PulumiCli(None).resources() == []


def test_a_stack_is_quoted_for_the_shell() -> None:
    assert (PulumiCli("a b").stack_option, PulumiCli(None).stack_option) == (" --stack 'a b'", "")
