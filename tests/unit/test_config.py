from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import requests
import urllib3.util
from hypothesis import given
from hypothesis import strategies as st

from pulumi_vapi_byo import Provider, config
from pulumi_vapi_byo.config import (
    SETTING_KEYS,
    Settings,
    for_provider,
    goes_past_proxies,
    keys_without_effect,
    read_public_settings,
    read_settings,
)
from pulumi_vapi_byo.errors import ConfigError
from pulumi_vapi_byo.kinds.phone_number import sip_uri

KEY = "canary-key-51c2"

NO_ADDRESS = (
    "vapi-byo:baseUrl (or VAPI_BASE_URL) is not the address of an API, such as https://api.vapi.ai: "
    "set it with pulumi config set vapi-byo:baseUrl, or leave it out and set vapi-byo:region"
)
NO_KEY = (
    "no API key: set the private key of your Vapi organisation with "
    "pulumi config set --secret vapi-byo:apiKey, or in the environment variable VAPI_API_KEY"
)
BAD_KEY = (
    "the API key holds spaces, line breaks or other characters that no key has: copy it again from the dashboard "
    "and set it with pulumi config set --secret vapi-byo:apiKey"
)


def settings(environ: Mapping[str, str] = MappingProxyType({}), /, **stack: Any) -> Settings:
    config = {f"vapi-byo:{key}": value for key, value in {"apiKey": KEY, **stack}.items()}
    return read_settings(config.get, environ)


def refusal(environ: Mapping[str, str] = MappingProxyType({}), /, **stack: Any) -> str:
    with pytest.raises(ConfigError) as failure:
        settings(environ, **stack)
    return str(failure.value)


def test_the_key_alone_is_enough() -> None:
    read = settings()
    assert (read.api_key, read.base_url, read.region, read.timeout_s) == (KEY, "https://api.vapi.ai", "us", 30.0)
    assert sip_uri("+14155552671", "trunk", read.region) == "+14155552671@trunk.sip.vapi.ai"
    assert sip_uri(None, "trunk", read.region) is None


def test_the_stack_comes_before_the_environment() -> None:
    environ = {"VAPI_API_KEY": "from-environment", "VAPI_BASE_URL": "https://environment.example"}
    read = settings(environ, baseUrl="https://stack.example")
    assert (read.api_key, read.base_url) == (KEY, "https://stack.example")
    read = settings(environ, apiKey=None)
    assert (read.api_key, read.base_url) == ("from-environment", "https://environment.example")
    # A region implies an address only if no address is given.
    assert settings(environ, region="eu").base_url == "https://environment.example"


def test_a_key_is_used_without_the_line_break_it_was_copied_with() -> None:
    assert settings(apiKey=f" {KEY}\n").api_key == KEY


@pytest.mark.parametrize(
    ("stack", "base_url", "sip_host"),
    [
        ({"region": "us"}, "https://api.vapi.ai", "sip.vapi.ai"),
        ({"region": "eu"}, "https://api.eu.vapi.ai", "sip.eu.vapi.ai"),
        ({"region": ""}, "https://api.vapi.ai", "sip.vapi.ai"),
        ({"baseUrl": "https://api.eu.vapi.ai/"}, "https://api.eu.vapi.ai", "sip.eu.vapi.ai"),
        ({"baseUrl": "https://proxy.example/vapi/", "region": "eu"}, "https://proxy.example/vapi", "sip.eu.vapi.ai"),
        ({"baseUrl": "http://127.0.0.1:8080"}, "http://127.0.0.1:8080", "sip.vapi.ai"),
        ({"baseUrl": "http://localhost:8080"}, "http://localhost:8080", "sip.vapi.ai"),
        ({"baseUrl": "http://[::1]:8080"}, "http://[::1]:8080", "sip.vapi.ai"),
    ],
)
def test_region_and_address_decide_where_the_api_is(stack: dict[str, str], base_url: str, sip_host: str) -> None:
    read = settings(**stack)
    assert read.base_url == base_url
    assert sip_uri("1234", "trunk", read.region) == f"1234@trunk.{sip_host}"


@pytest.mark.parametrize(("given", "seconds"), [("5", 5.0), ("0.5", 0.5), (5.0, 5.0), ("600", 600.0), ("", 30.0), (None, 30.0)])
def test_the_timeout_is_in_seconds(given: Any, seconds: float) -> None:
    assert settings(timeout=given).timeout_s == seconds


@pytest.mark.parametrize("key", [None, "", "  ", "\n"])
def test_a_missing_key_is_reported_in_one_sentence(key: str | None) -> None:
    assert refusal(apiKey=key) == NO_KEY


@pytest.mark.parametrize("key", ["two words", "kéy", "a\nb", "a\x00b", "sk-\u200bzero-width"])
def test_an_invalid_key_is_not_repeated(key: str) -> None:
    assert refusal(apiKey=key) == BAD_KEY


@pytest.mark.parametrize(
    ("region", "address", "other"), [("eu", "https://api.vapi.ai/", "us"), ("us", "https://api.eu.vapi.ai", "eu")]
)
def test_a_region_and_the_address_of_the_other_are_refused(region: str, address: str, other: str) -> None:
    assert refusal(region=region, baseUrl=address) == (
        f"vapi-byo:region is {region!r}, but vapi-byo:baseUrl (or VAPI_BASE_URL) is the address of region {other!r}: "
        "leave vapi-byo:baseUrl out, or set the region that the organisation is in"
    )


@pytest.mark.parametrize("region", ["EU", "de", "us "])
def test_an_unknown_region_is_refused(region: str) -> None:
    assert (
        refusal(region=region) == f"vapi-byo:region is {region!r}: set it to us or eu with pulumi config set vapi-byo:region us"
    )


@pytest.mark.parametrize(
    "address",
    [
        "api.vapi.ai",
        "ftp://api.vapi.ai",
        "https://",
        "https://user:word@api.vapi.ai",
        "https://api.vapi.ai?x=1",
        "https://api.vapi.ai#x",
        "https://api.vapi.ai:99999",
        "https://api.vapi.ai?",
        "https://api.vapi.ai#",
        "https://api .vapi.ai",
        "https://[::1",
        "//api.vapi.ai",
        "http://[::1]evil.com",
        "http://evil.com[::1]/",
        "http://[::1]:80evil.com",
        "http://[::1].evil.com:80",
        "http://[127.0.0.1]",
        "https://[::1%25eth0]",
        "http://localhost\\@evil.com",
        "http://127.0.0.1\\.evil.com",
        "http://127.0.0.1%2eevil.com",
        "http://localhost:80:80",
        "https://api.vapi.ai\x07",
        "\x01https://api.vapi.ai",
    ],
)
def test_an_address_that_cannot_be_an_api_s_is_refused(address: str) -> None:
    assert refusal(baseUrl=address) == NO_ADDRESS
    assert refusal({"VAPI_BASE_URL": address}) == NO_ADDRESS


@pytest.mark.parametrize("host", ["api.vapi.ai", "127.0.0.1.evil.example", "192.168.1.1", "0.0.0.0"])  # noqa: S104 - refused
def test_the_key_is_never_sent_unencrypted(host: str) -> None:
    assert refusal(baseUrl=f"http://{host}") == (
        f"vapi-byo:baseUrl (or VAPI_BASE_URL) would send the API key to {host} unencrypted: use https "
        "(plain http is only for a server on this machine)"
    )


@pytest.mark.parametrize("timeout", ["0", "-1", "601", "30s", "nan", "inf", "soon"])
def test_an_invalid_timeout_is_refused(timeout: str) -> None:
    assert refusal(timeout=timeout) == (
        f"vapi-byo:timeout is {timeout!r}: it must be a number of seconds, more than 0 and at most 600; "
        "set it with pulumi config set vapi-byo:timeout 30"
    )


@pytest.mark.parametrize(("given", "retries"), [("0", 0), ("20", 20), (3.0, 3), (" 2 ", 2), ("", 4), (None, 4)])
def test_the_number_of_retries_is_whole(given: Any, retries: int) -> None:
    assert settings(maxRetries=given).max_retries == retries
    assert settings({"VAPI_MAX_RETRIES": "7"}).max_retries == 7


@pytest.mark.parametrize("given", ["-1", "21", "1.5", "many"])
def test_an_invalid_number_of_retries_is_refused(given: str) -> None:
    assert refusal(maxRetries=given) == (
        f"vapi-byo:maxRetries (or VAPI_MAX_RETRIES) is {given!r}: it must be a whole number from 0 to 20; "
        "set it with pulumi config set vapi-byo:maxRetries 4"
    )


@pytest.mark.parametrize(("given", "rate"), [("5", 5.0), ("0.5", 0.5), (None, None), ("", None)])
def test_the_rate_is_in_requests_per_second(given: str | None, rate: float | None) -> None:
    assert settings(requestsPerSecond=given).requests_per_second == rate


def test_an_invalid_rate_is_refused() -> None:
    assert refusal(requestsPerSecond="0") == (
        "vapi-byo:requestsPerSecond is '0': it must be a number of requests a second, more than 0 and at most 1000; "
        "set it with pulumi config set vapi-byo:requestsPerSecond 5"
    )


@pytest.mark.parametrize(
    ("key", "choices"), [("onExisting", "error or adopt or allow"), ("onConflict", "error or overwrite or unchecked")]
)
def test_an_unknown_choice_is_refused(key: str, choices: str) -> None:
    assert (
        refusal(**{key: "ask"}) == f"vapi-byo:{key} is 'ask': set it to {choices} with pulumi config set vapi-byo:{key} error"
    )


def test_a_preview_reads_everything_but_the_key() -> None:
    public = read_public_settings({"vapi-byo:region": "eu"}.get, {"VAPI_API_KEY": KEY})
    assert (public.api_key, public.base_url) == ("", "https://api.eu.vapi.ai")
    with pytest.raises(ConfigError, match="vapi-byo:timeout is 'soon'"):
        read_public_settings({"vapi-byo:timeout": "soon"}.get, {})


def test_the_key_is_never_shown() -> None:
    assert KEY not in repr(settings()) + str(settings()) + f"{settings()}"


@given(st.dictionaries(st.sampled_from(["baseUrl", "region", "timeout"]), st.text(max_size=30) | st.none(), max_size=3))
def test_any_settings_are_read_or_refused_in_one_line_without_the_key(stack: dict[str, str | None]) -> None:
    try:
        settings(**stack)
    except ConfigError as error:
        text = str(error)
    else:
        text = ""
    assert "\n" not in text
    assert KEY not in text


def test_the_keys_are_those_that_are_read() -> None:
    asked: set[str] = set()

    def get(key: str) -> str | None:
        asked.add(key)
        return KEY if key == "vapi-byo:apiKey" else None

    read_settings(get, {})
    assert asked == SETTING_KEYS


_PARTS = [
    "http",
    "https",
    "://",
    ":",
    "/",
    "//",
    "[",
    "]",
    "::1",
    "[::1]",
    "127.0.0.1",
    "localhost",
    "evil.com",
    "@",
    "\\",
    "%",
    ".",
    "80",
]


@given(st.lists(st.sampled_from([*_PARTS, "\t", "?", "#", "\uff0f", "\u3002"]), min_size=3, max_size=9).map("".join))
def test_an_address_counts_as_this_machine_only_if_the_connection_would_go_there(junk: str) -> None:
    for address in (junk, f"http://{junk}", f"http://[::1]{junk}", f"http://127.0.0.1{junk}", f"http://localhost{junk}"):
        try:
            base_url = settings(baseUrl=address).base_url
        except ConfigError:
            continue
        url = requests.Request("GET", base_url + "/phone-number").prepare().url
        read = urllib3.util.parse_url(url or "")
        if read.scheme == "http":
            assert (read.host or "").strip("[]").rstrip(".") in ("::1", "127.0.0.1", "localhost")
        assert read.auth is None
        assert goes_past_proxies(base_url) == (read.scheme == "http" or "evil" not in (read.host or ""))


@pytest.mark.parametrize(
    ("address", "past"),
    [
        ("http://127.0.0.1:8080", True),
        ("HTTP://LocalHost", True),
        ("https://127.9.9.9", True),
        ("https://LOCALHOST./x", True),
        ("https://[::1]:1", True),
        ("https://[::ffff:127.0.0.1]", True),
        ("https://api.vapi.ai", False),
        ("https://10.0.0.1", False),
        ("https://localhost.example", False),
    ],
)
def test_no_proxy_is_used_for_this_machine(address: str, past: bool) -> None:
    assert goes_past_proxies(settings(baseUrl=address).base_url) is past


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        *(
            (
                f"vapi-byo:{wrong}",
                (
                    f"vapi-byo:{wrong} is not a setting and has no effect: set vapi-byo:{right}, if that is what you mean, and remove this "
                    f"key with pulumi config rm vapi-byo:{wrong}"
                ),
            )
            for wrong, right in (
                ("onExisitng", "onExisting"),
                ("apikey", "apiKey"),
                ("API_KEY", "apiKey"),
                ("base-url", "baseUrl"),
                ("maxRetry", "maxRetries"),
            )
        ),
        (
            "vapi_byo:region",
            (
                "vapi_byo:region is not a setting and has no effect: set vapi-byo:region, if that is what you mean, and remove this key with "
                "pulumi config rm vapi_byo:region"
            ),
        ),
        (
            "vapi-byo:on Existing",
            (
                "vapi-byo:on Existing is not a setting and has no effect: set vapi-byo:onExisting, if that is what you mean, and remove this "
                "key with pulumi config rm 'vapi-byo:on Existing'"
            ),
        ),
        (
            "vapi:apiKey",
            (
                "vapi:apiKey has no effect: the namespace vapi belongs to the public Terraform provider for Vapi, which refuses to run with "
                "keys that are not its own; set vapi-byo:apiKey (pulumi config set --secret vapi-byo:apiKey), and remove this key with "
                "pulumi config rm vapi:apiKey"
            ),
        ),
        (
            "vapi:baseurl",
            (
                "vapi:baseurl has no effect: the namespace vapi belongs to the public Terraform provider for Vapi, which refuses to run with "
                "keys that are not its own; set vapi-byo:baseUrl (pulumi config set vapi-byo:baseUrl), and remove this key with "
                "pulumi config rm vapi:baseurl"
            ),
        ),
    ],
)
def test_a_misspelled_setting_is_reported_with_the_setting_that_was_meant(key: str, sentence: str) -> None:
    assert list(keys_without_effect(["vapi-byo:region", key])) == [sentence]


def test_settings_and_keys_of_other_packages_are_left_alone() -> None:
    ours = sorted(SETTING_KEYS)
    others = ["vapi-byo:colour", "vapi:token", "vapi:url", "vapi:apiKeys", "numbers:apikey", "apiKey", "aws:region", "", ":"]
    assert list(keys_without_effect(ours + others)) == []


# ------------------------------------------------------------------------------------------ an explicit provider's arguments

#: A sentence about settings, and the same about an explicit provider's arguments.
SPOKEN = [
    (
        "check vapi-byo:apiKey and vapi-byo:region: the key must be the private key of the organisation, in its region",
        "check api_key of the provider 'eu' and its region: the key must be the private key of the organisation, in its region",
    ),
    (
        "nothing was overwritten: have Vapi's value overwritten with pulumi config set vapi-byo:onConflict overwrite",
        "nothing was overwritten: have Vapi's value overwritten with on_conflict='overwrite' of the provider 'eu'",
    ),
    (
        "with an empty value (hooks=[]), or clear all such fields with pulumi config set vapi-byo:onOmitted clear",
        "with an empty value (hooks=[]), or clear all such fields with on_omitted='clear' of the provider 'eu'",
    ),
    (
        "run pulumi config set vapi-byo:onExisting adopt and pulumi up again; or run pulumi config set vapi-byo:onExisting allow",
        "set on_existing='adopt' of the provider 'eu' and pulumi up again; or set on_existing='allow'",
    ),
    (
        "or, to let Vapi decide, run pulumi config set vapi-byo:onExisting allow",
        "or, to let Vapi decide, set on_existing='allow' of the provider 'eu'",
    ),
    (
        "which would create another with vapi-byo:onExisting allow",
        "which would create another with on_existing='allow' of the provider 'eu'",
    ),
    (
        "set the rate it allows with pulumi config set vapi-byo:requestsPerSecond 5",
        "set the rate it allows with requests_per_second=5 of the provider 'eu'",
    ),
    ("try again, or raise vapi-byo:timeout", "try again, or raise timeout of the provider 'eu'"),
    ("check vapi-byo:baseUrl and the network", "check base_url of the provider 'eu' and the network"),
    (
        "if Vapi has it by now, set vapi-byo:onUnknown send (on_unknown on a Provider)",
        "if Vapi has it by now, set on_unknown='send' of the provider 'eu'",
    ),
    (
        "set vapi-byo:numberCheck e164 (number_check on a Provider)",
        "set number_check='e164' of the provider 'eu'",
    ),
    (
        "because the program leaves it out and vapi-byo:onOmitted is clear: hooks",
        "because the program leaves it out and on_omitted of the provider 'eu' is clear: hooks",
    ),
    (
        "a dashboard setting that vapi-byo:onOmitted keeps, nobody will; set assistant_id",
        "a dashboard setting that on_omitted of the provider 'eu' keeps, nobody will; set assistant_id",
    ),
    (
        "set vapi-byo:apiKey to a key of its own organisation",
        "set api_key of the provider 'eu' to a key of its own organisation",
    ),
    (
        "vapi-byo:timeout is 'soon': it must be a number of seconds; set it with pulumi config set vapi-byo:timeout 30",
        "timeout of the provider 'eu' is 'soon': it must be a number of seconds; set it with timeout=30",
    ),
    (
        "vapi-byo:maxRetries (or VAPI_MAX_RETRIES) is '-1'; set it with pulumi config set vapi-byo:maxRetries 4",
        "max_retries of the provider 'eu' (or VAPI_MAX_RETRIES) is '-1'; set it with max_retries=4",
    ),
    (
        NO_ADDRESS,
        (
            "base_url of the provider 'eu' (or VAPI_BASE_URL) is not the address of an API, such as https://api.vapi.ai: "
            "set it with its base_url, or leave it out and set its region"
        ),
    ),
    (NO_KEY, "no API key: set the private key of your Vapi organisation with api_key of the provider 'eu'"),
    (
        "copy it again from the dashboard and set it with pulumi config set --secret vapi-byo:apiKey",
        "copy it again from the dashboard and set it with api_key of the provider 'eu'",
    ),
]


@pytest.mark.parametrize(("sentence", "said"), SPOKEN)
def test_advice_for_an_explicit_provider_names_its_argument(sentence: str, said: str) -> None:
    assert for_provider(sentence, "eu") == said
    assert for_provider(sentence, None) == sentence


@pytest.mark.parametrize("key", sorted(SETTING_KEYS))
def test_every_setting_is_an_argument_of_a_provider(key: str) -> None:
    arguments = inspect.signature(Provider).parameters
    assert for_provider(f"check {key}", "eu") in [f"check {name} of the provider 'eu'" for name in arguments]


def test_every_mention_of_a_setting_in_the_package_can_be_reworded_for_a_provider() -> None:
    lines = [line for path in Path(config.__file__).parent.rglob("*.py") for line in path.read_text("utf-8").splitlines()]
    mentions = {name for line in lines if '"' in line for name in re.findall(r"vapi-byo:([a-z]\w+)", line)}
    assert {f"vapi-byo:{name}" for name in mentions - {"index"}} <= SETTING_KEYS
    said = [for_provider(line, "eu") for line in lines if re.search(r"vapi-byo:(?!index)[a-z]", line)]
    assert len(said) > 50
    assert [line for line in said if re.search(r"vapi-byo:(?!index)[a-z]|config set|on a Provider", line)] == []


def test_the_name_of_a_provider_cannot_forge_a_line() -> None:
    assert (
        for_provider("check vapi-byo:apiKey", "eu\nerror: \x1b[31m") == r"check api_key of the provider 'eu\nerror: \x1b[31m'"
    )
