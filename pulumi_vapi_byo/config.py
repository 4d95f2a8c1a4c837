"""Settings: stack configuration first, then the environment."""

from __future__ import annotations

import ipaddress
import math
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

from .errors import ConfigError, as_written, shorten
from .wire import to_snake

Region = Literal["us", "eu"]

#: The API's address in each region (Vapi's SIP guides).
BASE_URLS: Final[Mapping[Region, str]] = {"us": "https://api.vapi.ai", "eu": "https://api.eu.vapi.ai"}

DEFAULT_TIMEOUT_S: Final = 30.0
MAX_TIMEOUT_S: Final = 600.0
DEFAULT_MAX_RETRIES: Final = 4
MAX_MAX_RETRIES: Final = 20

#: The namespace of the stack's configuration that is ours, and every key in it.
_NAMESPACE: Final = "vapi-byo"
SETTING_KEYS: Final = (
    "apiKey",
    "baseUrl",
    "region",
    "timeout",
    "maxRetries",
    "requestsPerSecond",
    "onExisting",
    "onConflict",
    "onOmitted",
    "onUnknown",
    "numberCheck",
)

#: Hidden setting of an explicit provider: its name, by which the user knows where its settings are.
PROVIDER_NAME: Final = f"{_NAMESPACE}:__provider"

OnExisting = Literal["error", "adopt", "allow"]
OnConflict = Literal["error", "overwrite", "unchecked"]
OnOmitted = Literal["keep", "clear"]
OnUnknown = Literal["error", "send"]
NumberCheck = Literal["possible", "e164"]

_REGIONS: Final[tuple[Region, ...]] = ("us", "eu")
_ON_EXISTING: Final[tuple[OnExisting, ...]] = ("error", "adopt", "allow")
_ON_CONFLICT: Final[tuple[OnConflict, ...]] = ("error", "overwrite", "unchecked")
_ON_OMITTED: Final[tuple[OnOmitted, ...]] = ("keep", "clear")
_ON_UNKNOWN: Final[tuple[OnUnknown, ...]] = ("error", "send")
_NUMBER_CHECK: Final[tuple[NumberCheck, ...]] = ("possible", "e164")


@dataclass(frozen=True)
class Settings:
    """What the provider needs to talk to Vapi.

    Attributes:
        api_key: Private key of the organisation; never printed.
        base_url: Address of the API, without a slash at the end.
        region: Region of the organisation.
        timeout_s: Most seconds that a single request takes altogether, from looking up the name to the last byte of the answer.
        max_retries: How often a request is tried again; 0 is never.
        requests_per_second: Most requests a second, all threads together; None for no limit of our own.
        on_existing: What a create does where the account has the number already: ``error`` refuses, ``adopt`` takes it over,
            ``allow`` lets the API decide.
        on_conflict: What an update does where somebody else changed the same field: ``error`` refuses, ``overwrite`` says so
            and writes, ``unchecked`` doesn't look, which saves a call.
        on_omitted: What an argument means that the program leaves out: ``keep`` what Vapi has, or ``clear`` it.
        on_unknown: What a check does with fields and values that this version does not know: ``error`` refuses them, ``send``
            sends them as they are written.
        number_check: How strictly a number in E.164 is checked: ``possible`` also asks the numbering plans for its length,
            ``e164`` checks its form alone.
    """

    api_key: str = field(repr=False)
    base_url: str
    region: Region
    timeout_s: float = DEFAULT_TIMEOUT_S
    max_retries: int = DEFAULT_MAX_RETRIES
    requests_per_second: float | None = None
    on_existing: OnExisting = "error"
    on_conflict: OnConflict = "error"
    on_omitted: OnOmitted = "keep"
    on_unknown: OnUnknown = "error"
    number_check: NumberCheck = "possible"


def read_settings(get: Callable[[str], Any], environ: Mapping[str, str]) -> Settings:
    """Read the settings.

    Args:
        get: Returns the value of a stack configuration key such as ``vapi-byo:apiKey``, or None.
        environ: Environment variables; ``VAPI_API_KEY`` and ``VAPI_BASE_URL`` are used where the stack says nothing.

    Returns:
        Complete, checked settings.

    Raises:
        ConfigError: A setting is missing or wrong. The message is one sentence that says how to set it.
    """
    api_key = _text(get, environ, "vapi-byo:apiKey", "VAPI_API_KEY")
    settings = read_public_settings(get, environ)
    if not api_key:
        raise ConfigError(
            "no API key: set the private key of your Vapi organisation with "
            "pulumi config set --secret vapi-byo:apiKey, or in the environment variable VAPI_API_KEY"
        )
    if not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise ConfigError(
            "the API key holds spaces, line breaks or other characters that no key has: copy it again from the dashboard "
            "and set it with pulumi config set --secret vapi-byo:apiKey"
        )
    return replace(settings, api_key=api_key)


def read_public_settings(get: Callable[[str], Any], environ: Mapping[str, str]) -> Settings:
    """Read all settings but the key, which a preview can do without.

    Args:
        get: As for `read_settings`.
        environ: As for `read_settings`.

    Returns:
        Settings whose `api_key` is empty.

    Raises:
        ConfigError: A setting is wrong.
    """
    region = _choice(get, "vapi-byo:region", _REGIONS, None)
    # An address, wherever it is set, goes before the one that the region implies.
    address = _text(get, environ, "vapi-byo:baseUrl", "VAPI_BASE_URL")
    base_url = _base_url(address) if address else BASE_URLS[region or "us"]
    for other in _REGIONS:
        if region not in (None, other) and base_url == BASE_URLS[other]:
            raise ConfigError(
                f"vapi-byo:region is {region!r}, but vapi-byo:baseUrl (or VAPI_BASE_URL) is the address of region {other!r}: "
                "leave vapi-byo:baseUrl out, or set the region that the organisation is in"
            )
    return Settings(
        api_key="",
        base_url=base_url,
        region=region or ("eu" if base_url == BASE_URLS["eu"] else "us"),
        timeout_s=_within(get("vapi-byo:timeout"), "vapi-byo:timeout", "seconds", DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S),
        max_retries=_max_retries(get, environ),
        requests_per_second=_requests_per_second(get),
        on_existing=_choice(get, "vapi-byo:onExisting", _ON_EXISTING, "error"),
        on_conflict=_choice(get, "vapi-byo:onConflict", _ON_CONFLICT, "error"),
        on_omitted=_choice(get, "vapi-byo:onOmitted", _ON_OMITTED, "keep"),
        on_unknown=_choice(get, "vapi-byo:onUnknown", _ON_UNKNOWN, "error"),
        number_check=_choice(get, "vapi-byo:numberCheck", _NUMBER_CHECK, "possible"),
    )


def keys_without_effect(keys: Iterable[str]) -> Iterator[str]:
    """Find keys of the stack's configuration that are meant as settings and are none. The user's own keys are left alone.

    Args:
        keys: Full keys, such as ``vapi-byo:region``.

    Yields:
        A sentence for each key that is misspelt, or that is in the namespace of the public Terraform provider for Vapi.
    """
    for key in keys:
        namespace, _, name = key.partition(":")
        if namespace == _NAMESPACE and name in SETTING_KEYS:
            continue
        remedy = f"and remove this key with pulumi config rm {shlex.quote(key)}"
        if _folded(namespace) == _folded(_NAMESPACE) and (meant := _setting_like(name, cutoff=0.75)):
            yield f"{key} is not a setting and has no effect: set {meant}, if that is what you mean, {remedy}"
        elif namespace.lower() == "vapi" and (meant := _setting_like(name, cutoff=1)):
            option = "--secret " if meant.endswith("apiKey") else ""
            yield (
                f"{key} has no effect: the namespace vapi belongs to the public Terraform provider for Vapi, which refuses to "
                f"run with keys that are not its own; set {meant} (pulumi config set {option}{meant}), {remedy}"
            )


#: The values that sentences tell the user to set.
_VALUES: Final = "|".join(
    [*_REGIONS, *_ON_EXISTING, *_ON_CONFLICT, *_ON_OMITTED, *_ON_UNKNOWN, *_NUMBER_CHECK, r"\d+(?:\.\d+)?"]
)

#: How sentences speak of a setting: its key alone, with the value to set, and with the command that sets it.
_MENTION: Final = re.compile(
    r"(?P<means>\b(?:with|by) )?(?P<command>(?:run )?pulumi config set (?:--secret )?)?"
    rf"{_NAMESPACE}:(?P<setting>{'|'.join(SETTING_KEYS)})\b(?: (?P<value>{_VALUES})\b)?(?: \(\w+ on a Provider\))?"
)


def for_provider(sentence: str, provider: str | None) -> str:
    """Speak of an explicit provider's arguments where a sentence speaks of the stack's keys, which it does not read.

    Args:
        sentence: A sentence for the user, which may name settings by their keys.
        provider: The provider's name; None for the engine's default provider, whose settings are the stack's.

    Returns:
        The sentence with, for example, ``on_conflict='overwrite' of the provider 'eu'`` in the place of
        ``pulumi config set vapi-byo:onConflict overwrite``. The provider is named once.
    """
    if provider is None:
        return sentence
    of_provider = f" of the provider {shorten(repr(provider), 100)}"
    is_named = False

    def name(mention: re.Match[str]) -> str:
        nonlocal is_named
        argument, value = to_snake(mention["setting"]), mention["value"]
        if value:
            argument += f"={value}" if value[0].isdigit() else f"={value!r}"
        text = f"{argument}{of_provider}" if not is_named else argument if value else f"its {argument}"
        is_named = True
        return (mention["means"] or ("set " if mention["command"] else "")) + text

    return _MENTION.sub(name, sentence.replace(", or in the environment variable VAPI_API_KEY", ""))


def _setting_like(name: str, *, cutoff: float) -> str | None:
    import difflib  # here, because hardly any program needs it

    known = {_folded(setting): setting for setting in SETTING_KEYS}
    close = difflib.get_close_matches(_folded(name), known, n=1, cutoff=cutoff)
    return f"{_NAMESPACE}:{known[close[0]]}" if close else None


def _folded(name: str) -> str:
    return re.sub(r"[_-]", "", name).lower()


def _text(get: Callable[[str], Any], environ: Mapping[str, str], key: str, variable: str) -> str:
    value = get(key)
    if value is None:
        value = environ.get(variable, "")
    return str(value).strip()


C = TypeVar("C", bound=str)
D = TypeVar("D")


def _choice(get: Callable[[str], Any], key: str, choices: tuple[C, ...], default: D) -> C | D:
    value = get(key)
    if value is None or value == "":
        return default
    for choice in choices:
        if value == choice:
            return choice
    raise ConfigError(f"{key} is {value!r}: set it to {' or '.join(choices)} with pulumi config set {key} {choices[0]}")


#: What may be in an address's place of a host and port: what is in it besides is read in one way here and in another there.
_AUTHORITY: Final = re.compile(r"(?:\[(?P<ip>[0-9A-Fa-f:.]+)\]|[\w.-]+)(?::[0-9]+)?")


def _base_url(address: str) -> str:
    host = _host(address)
    if not host:
        raise ConfigError(
            "vapi-byo:baseUrl (or VAPI_BASE_URL) is not the address of an API, such as https://api.vapi.ai: "
            "set it with pulumi config set vapi-byo:baseUrl, or leave it out and set vapi-byo:region"
        )
    if not address.lower().startswith("https") and not _is_loopback(host):
        raise ConfigError(
            f"vapi-byo:baseUrl (or VAPI_BASE_URL) would send the API key to {shorten(host, 100)} unencrypted: use https "
            "(plain http is only for a server on this machine)"
        )
    return address.rstrip("/")


def _host(address: str) -> str | None:
    """Return the host of an API's address; None where it has none, or could be read in two ways."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
        authority = _AUTHORITY.fullmatch(parts.netloc)
        if authority and authority["ip"]:
            ipaddress.ip_address(authority["ip"])
    except ValueError:
        return None
    if not authority or parts.scheme not in ("http", "https") or re.search(r"[\s?#\\]", address) or not address.isprintable():
        return None
    return host


def goes_past_proxies(base_url: str) -> bool:
    """Tell whether an address is on this machine: what is sent there goes through no proxy, whatever the environment says."""
    return base_url.lower().startswith("http:") or _is_loopback(urlsplit(base_url).hostname or "")


def _is_loopback(host: str) -> bool:
    if host.rstrip(".") == "localhost":
        return True
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_loopback


def _within(value: Any, key: str, unit: str, default: float, most: float) -> float:
    if value is None or value == "":
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number <= most:
        raise ConfigError(
            f"{key} is {as_written(value)}: it must be a number of {unit}, more than 0 and at most {most:g}; "
            f"set it with pulumi config set {key} {default:g}"
        )
    return number


def _requests_per_second(get: Callable[[str], Any]) -> float | None:
    key = "vapi-byo:requestsPerSecond"
    return _within(get(key), key, "requests a second", 5, 1000) if get(key) not in (None, "") else None


def _max_retries(get: Callable[[str], Any], environ: Mapping[str, str]) -> int:
    text = _text(get, environ, "vapi-byo:maxRetries", "VAPI_MAX_RETRIES")
    if not text:
        return DEFAULT_MAX_RETRIES
    # Configuration of an explicit provider may arrive as a float: 3.0 is what the user wrote as 3.
    whole = text.removesuffix(".0")
    if not whole.isdecimal() or int(whole) > MAX_MAX_RETRIES:
        raise ConfigError(
            f"vapi-byo:maxRetries (or VAPI_MAX_RETRIES) is {whole!r}: it must be a whole number from 0 to {MAX_MAX_RETRIES}; "
            f"set it with pulumi config set vapi-byo:maxRetries {DEFAULT_MAX_RETRIES}"
        )
    return int(whole)
