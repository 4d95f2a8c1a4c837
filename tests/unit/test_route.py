from __future__ import annotations

from pathlib import Path

import pytest

from pulumi_vapi_byo.api.route import check_proxy, find_certificates
from pulumi_vapi_byo.errors import ConfigError

CERTIFICATE = Path(__file__).with_name("data") / "this-machine.pem"


def refused_proxy(address: str, variable: str = "HTTPS_PROXY") -> str:
    with pytest.raises(ConfigError) as refusal:
        check_proxy(address, {"HOME": address, variable: address})
    return str(refusal.value)


@pytest.mark.parametrize(
    ("address", "shown", "why"),
    [
        ("htp://proxy:8080", "htp://proxy:8080", "'htp' is not a kind of proxy, as http, https and socks5h are"),
        ("http://proxy:80a", "http://proxy:80a", "its host or port cannot be read"),
        ("http://proxy:99999", "http://proxy:99999", "its host or port cannot be read"),
        ("http://[::1", "http://[::1", "its host or port cannot be read"),
        ("http://", "http://", "it names no host"),
        ("http://user:canary@", "http://[secret]@", "it names no host"),
        ("http:/proxy:8080", "http://http:/proxy:8080", "it has a path"),
        ("http://prox y:8080", "http://prox y:8080", "it names no host"),
        ("http://user:canary@proxy:8080/a", "http://[secret]@proxy:8080/a", "it has a path"),
    ],
)
def test_an_impossible_proxy_is_named_with_its_variable_and_without_its_password(address: str, shown: str, why: str) -> None:
    assert refused_proxy(address) == (
        f"HTTPS_PROXY is {shown!r}, which is not the address of a proxy: {why}; "
        "set it to one such as http://proxy.example:8080, or unset it"
    )
    assert refused_proxy(address, "all_proxy").startswith("all_proxy is ")


@pytest.mark.parametrize("kind", ["socks4", "socks5", "socks5h", "SOCKS5"])
def test_a_socks_proxy_says_which_package_it_needs(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert refused_proxy(f"{kind}://me:canary@proxy:1080") == (
        f"HTTPS_PROXY is the SOCKS proxy {kind.lower()}://[secret]@proxy:1080, for which a package is missing: "
        "pip install 'requests[socks]', or unset it"
    )


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("proxy:3128/", "http://proxy:3128/"),
        ("HTTPS://me:canary@[::1]:3128", "https://[secret]@[::1]:3128"),
    ],
)
def test_a_proxy_is_named_by_its_variable(address: str, shown: str) -> None:
    proxy = check_proxy(address, {"ALL_PROXY": address, "HTTPS_PROXY": address})
    assert (proxy.source, proxy.shown) == ("HTTPS_PROXY", shown)
    assert check_proxy(address, {}).source == "the proxy of the system's settings"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_missing_certificates_are_named_with_their_variable(variable: str, tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")
    for value, why in (
        (str(tmp_path / "none.pem"), "no such file or directory"),
        ("~/none-such.pem", "no such file or directory"),
        (str(junk), "it is not a file of certificates in PEM"),
        ("a\0b", "it cannot be a path"),
    ):
        with pytest.raises(ConfigError) as refusal:
            find_certificates({variable: value})
        assert str(refusal.value) == (
            f"{variable} is {value.replace(chr(0), '?')!r}, which cannot be used: {why}; "
            "set it to a file of certificates, or unset it"
        )


def test_certificates_are_read_from_the_path_in_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(CERTIFICATE.parent))
    assert find_certificates({}) is None
    assert find_certificates({"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "~/this-machine.pem"}) == str(CERTIFICATE)
    first = {"REQUESTS_CA_BUNDLE": str(CERTIFICATE), "CURL_CA_BUNDLE": "/none"}
    assert find_certificates(first) == str(CERTIFICATE)
    assert find_certificates({"CURL_CA_BUNDLE": str(CERTIFICATE.parent)}) == str(CERTIFICATE.parent)
