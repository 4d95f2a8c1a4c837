"""Settings: stack configuration first, then the environment."""

from __future__ import annotations

import ipaddress
import math
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from .errors import ConfigError, as_written, shorten
from .wire import to_camel, to_snake

Region = Literal["us", "eu"]

#: Address of the API by region (Vapi's SIP guides).
BASE_URLS: Final[Mapping[Region, str]] = {"us": "https://api.vapi.ai", "eu": "https://api.eu.vapi.ai"}

#: Our namespace in the stack's configuration.
_NAMESPACE: Final = "vapi-byo"

#: Hidden setting of an explicit provider: its name, so that messages can say where its settings are.
PROVIDER_NAME: Final = f"{_NAMESPACE}:__provider"

OnExisting = Literal["error", "adopt", "allow"]
OnConflict = Literal["error", "overwrite", "unchecked"]
OnOmitted = Literal["keep", "clear"]
OnUnknown = Literal["error", "send"]
NumberCheck = Literal["possible", "e164"]


@dataclass(frozen=True)
class Setting:
    """A setting, as every door offers it.

    Attributes:
        name: Its name in the stack's configuration, without the namespace.
        description: What it means, in Markdown; names of settings in single backticks, values in double backticks.
        default: Its default; None if that is not a single value.
        default_in_words: Describes the default if `default` cannot.
        choices: Its values, if they are texts from a fixed set.
        most: Its largest value, if it is a number.
        unit: Unit of that number.
        is_whole: Whether the number must be whole; it may then be 0.
        example: A valid value, if there is no default.
        right: What a valid value is, if neither choices nor limits say so.
        variable: Environment variable that is read if the configuration has no value; empty if there is none.
        is_secret: Whether its value must never be printed.
    """

    name: str
    description: str
    default: Any = None
    default_in_words: str = ""
    choices: tuple[str, ...] = ()
    most: float | None = None
    unit: str = ""
    is_whole: bool = False
    example: float | None = None
    right: str = ""
    variable: str = ""
    is_secret: bool = False

    @property
    def key(self) -> str:
        """Key in the stack's configuration, such as ``vapi-byo:region``."""
        return f"{_NAMESPACE}:{self.name}"

    @property
    def argument(self) -> str:
        """Name of the argument in Python."""
        return to_snake(self.name)

    @property
    def requirement(self) -> str:
        """What a value must be, such as ``must be keep or clear``."""
        if self.choices:
            *others, last = self.choices
            return f"must be {', '.join(others)} or {last}"
        if self.is_whole:
            return f"must be a whole number from 0 to {self.most:g}"
        return f"must be {self.right or f'a number of {self.unit}, more than 0 and at most {self.most:g}'}"

    def read(self, get: Callable[[str], Any], environ: Mapping[str, str]) -> Any:
        """Read the value.

        Args:
            get: As for `read_settings`.
            environ: As for `read_settings`.

        Returns:
            The value, or the default if it is not set. Checked, except for texts that can be anything.

        Raises:
            ConfigError: The value is invalid.
        """
        value = get(self.key)
        if value is None and self.variable:
            value = environ.get(self.variable)
        is_any_text = self.most is None and not self.choices
        if is_any_text or self.is_whole:
            value = str("" if value is None else value).strip()
        if is_any_text:
            return value
        if value is None or value == "":
            return self.default
        return self._chosen(value) if self.choices else self._whole(value) if self.is_whole else self._within(value)

    def _chosen(self, value: Any) -> str:
        for choice in self.choices:
            if value == choice:
                return choice
        command = f"pulumi config set {self.key} {self.choices[0]}"
        raise ConfigError(f"{self.key} is {value!r}: set it to {' or '.join(self.choices)} with {command}")

    def _whole(self, text: str) -> int:
        # The configuration of an explicit provider may arrive as floats: the user's 3 as 3.0.
        digits = text.removesuffix(".0")
        if digits.isdecimal() and int(digits) <= (self.most or 0):
            return int(digits)
        raise ConfigError(
            f"{self.key} (or {self.variable}) is {digits!r}: it {self.requirement}; "
            f"set it with pulumi config set {self.key} {self.default}"
        )

    def _within(self, value: Any) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if 0 < number <= (self.most or 0):
            return number
        raise ConfigError(
            f"{self.key} is {as_written(value)}: it {self.requirement}; "
            f"set it with pulumi config set {self.key} {self.default or self.example:g}"
        )


def _setting(description: str, /, default: Any = MISSING, *, name: str = "", **facts: Any) -> Any:
    """Define a setting; its choices come from the field's type."""
    about = {"name": name, "description": description, **facts}
    return field(default=default, repr=not facts.get("is_secret"), metadata=about)


@dataclass(frozen=True)
class Settings:
    """What the provider needs to talk to Vapi. Every setting is defined here, and only here.

    From it `make generate` writes the arguments of `Provider`, the table of the docs and the configuration of the plugin.
    """

    api_key: str = _setting(
        "Private key of the organisation. Always kept as a secret.",
        variable="VAPI_API_KEY",
        right="the private key of a Vapi organisation, as the dashboard shows it",
        default_in_words="needed by `up`, `refresh` and `destroy`; not by `preview`",
        is_secret=True,
    )
    base_url: str = _setting(
        "Address of the API; https, plain http only on this machine.",
        variable="VAPI_BASE_URL",
        right="the address of an API, such as https://api.vapi.ai (plain http only for a server on this machine)",
        default_in_words="that of the region",
    )
    region: Region = _setting("Region of the organisation, ``us`` or ``eu``: the API and SIP hosts.", default_in_words="``us``")
    timeout_s: float = _setting(
        "Time limit of a request in seconds, from the name look-up to the last byte of the answer; at most 600.",
        30.0,
        name="timeout",
        most=600,
        unit="seconds",
    )
    max_retries: int = _setting(
        "How many times a failed request is retried, 0 to 20.", 4, most=20, is_whole=True, variable="VAPI_MAX_RETRIES"
    )
    requests_per_second: float | None = _setting(
        "Limit on requests per second, in total.",
        None,
        most=1000,
        unit="requests a second",
        example=5,
        default_in_words="adapts to the API's 429s",
    )
    on_existing: OnExisting = _setting(
        "If the number already exists: ``error``, ``adopt`` it, or ``allow`` Vapi to decide.", "error"
    )
    on_conflict: OnConflict = _setting(
        "If somebody else has changed what is about to change: ``error``, ``overwrite``, or ``unchecked``, which saves a call.",
        "error",
    )
    on_omitted: OnOmitted = _setting(
        "An argument that the program leaves out: ``keep`` what Vapi has, or ``clear`` it, as Terraform would.", "keep"
    )
    on_unknown: OnUnknown = _setting(
        "A field or value that this version does not know: ``error``, or ``send`` it as written.", "error"
    )
    number_check: NumberCheck = _setting(
        "``possible`` refuses a number whose length no numbering plan has; ``e164`` checks only the form, and warns otherwise.",
        "possible",
    )


def _settings() -> Iterator[tuple[str, Setting]]:
    hints = get_type_hints(Settings)
    for one in fields(Settings):
        facts = {"name": to_camel(one.name)} | {key: value for key, value in one.metadata.items() if value != ""}
        choices = get_args(hints[one.name]) if get_origin(hints[one.name]) is Literal else ()
        yield one.name, Setting(**facts, default=None if one.default is MISSING else one.default, choices=choices)


#: Every setting, by its field in `Settings`.
SETTINGS: Final[Mapping[str, Setting]] = dict(_settings())

#: Every configuration key that is a setting, such as ``vapi-byo:region``.
SETTING_KEYS: Final = frozenset(one.key for one in SETTINGS.values())


def read_settings(get: Callable[[str], Any], environ: Mapping[str, str]) -> Settings:
    """Read the settings.

    Args:
        get: Returns the value of a configuration key such as ``vapi-byo:apiKey``, or None.
        environ: Environment variables; ``VAPI_API_KEY`` and ``VAPI_BASE_URL`` are used if the stack has no value.

    Returns:
        Complete, valid settings.

    Raises:
        ConfigError: A setting is missing or invalid. The message is one sentence that says how to set it.
    """
    api_key = SETTINGS["api_key"].read(get, environ)
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
    """Read all settings except the key, which a preview can do without.

    Args:
        get: As for `read_settings`.
        environ: As for `read_settings`.

    Returns:
        Settings whose `api_key` is empty.

    Raises:
        ConfigError: A setting is invalid.
    """
    read = {name: setting.read(get, environ) for name, setting in SETTINGS.items() if not setting.is_secret}
    # An address, wherever it is set, takes precedence over the region's.
    region, address = read["region"], read["base_url"]
    base_url = _base_url(address) if address else BASE_URLS[region or "us"]
    for other, url in BASE_URLS.items():
        if region not in (None, other) and base_url == url:
            raise ConfigError(
                f"vapi-byo:region is {region!r}, but vapi-byo:baseUrl (or VAPI_BASE_URL) is the address of region {other!r}: "
                "leave vapi-byo:baseUrl out, or set the region that the organisation is in"
            )
    implied = "eu" if base_url == BASE_URLS["eu"] else "us"
    return Settings(**read | {"api_key": "", "base_url": base_url, "region": region or implied})


def check_setting(setting: Setting, value: Any) -> None:
    """Check a single setting.

    Args:
        setting: The setting.
        value: Its value.

    Raises:
        ConfigError: The value is invalid.
    """
    (read_settings if setting.is_secret else read_public_settings)({setting.key: value}.get, {})


def keys_without_effect(keys: Iterable[str]) -> Iterator[str]:
    """Find configuration keys that are meant as settings but aren't. The user's own keys are left alone.

    Args:
        keys: Full keys, such as ``vapi-byo:region``.

    Yields:
        A sentence for each key that is misspelt, or in the namespace of the public Terraform provider for Vapi.
    """
    for key in keys:
        namespace, _, name = key.partition(":")
        if key in SETTING_KEYS:
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


#: Values that messages tell the user to set.
_VALUES: Final = "|".join([*(choice for one in SETTINGS.values() for choice in one.choices), r"\d+(?:\.\d+)?"])
_NAMES: Final = "|".join(one.name for one in SETTINGS.values())

#: How messages mention a setting: its key alone, with a value, or in the command that sets it.
_MENTION: Final = re.compile(
    r"(?P<means>\b(?:with|by) )?(?P<command>(?:run )?pulumi config set (?:--secret )?)?"
    rf"{_NAMESPACE}:(?P<setting>{_NAMES})\b(?: (?P<value>{_VALUES})\b)?(?: \(\w+ on a Provider\))?"
)


def for_provider(sentence: str, provider: str | None) -> str:
    """Reword a message for an explicit provider, which has arguments instead of the stack's keys.

    Args:
        sentence: A message for the user, which may mention settings by their keys.
        provider: Name of the provider; None for the engine's default provider, whose settings are the stack's.

    Returns:
        The message with, for example, ``on_conflict='overwrite' of the provider 'eu'`` instead of
        ``pulumi config set vapi-byo:onConflict overwrite``. The provider is named only once.
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
    import difflib  # hardly any program needs it

    known = {_folded(one.name): one.key for one in SETTINGS.values()}
    close = difflib.get_close_matches(_folded(name), known, n=1, cutoff=cutoff)
    return known[close[0]] if close else None


def _folded(name: str) -> str:
    return re.sub(r"[_-]", "", name).lower()


#: What may stand for host and port in an address; other characters are parsed differently by different libraries.
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
    """Return the host of the API's address; None if it has none, or if it is ambiguous."""
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
    """Return whether an address is on this machine; requests to it bypass all proxies, whatever the environment says."""
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
