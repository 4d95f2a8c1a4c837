"""What a stack's state says about our resources; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pulumi_vapi_byo.config import SETTINGS
from pulumi_vapi_byo.errors import shorten

Resource = Mapping[str, Any]

#: How Pulumi marks a secret (sdk/go/common/resource/sig): the key and its value.
SECRET_MARK: Final = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")

_PROVIDER: Final = "pulumi:providers:pulumi-python"


def managed_ids(resources: Iterable[Resource], type_: str) -> dict[str, str]:
    """Find the resources of a type that the stack manages.

    Args:
        resources: The resources in the state.
        type_: The type to look for.

    Returns:
        Names of the resources by Vapi id, without those that are only read.
    """
    return {
        str(resource["id"]): str(resource.get("urn")).rpartition("::")[2]
        for resource in resources
        if resource.get("type") == type_ and resource.get("id") and not resource.get("external") and not resource.get("delete")
    }


def differing_settings(resources: Iterable[Resource], config: Mapping[str, Any], *, secret: Iterable[str]) -> Iterator[str]:
    """Compare the settings of the last ``pulumi up``, which the state keeps in the engine's default provider, with the stack's.

    Args:
        resources: The resources in the state, secrets in clear.
        config: The stack's configuration, secrets in clear.
        secret: Configuration keys that are secrets.

    Yields:
        Each key that differs, with both values unless they are secret.
    """
    hidden = {*(one.key for one in SETTINGS.values() if one.is_secret), *secret}
    for resource in resources:
        urn, inputs = str(resource.get("urn")), resource.get("inputs")
        # Explicit providers have arguments of their own instead of the stack's configuration.
        if resource.get("type") != _PROVIDER or urn.rpartition("::")[2] != "default" or not isinstance(inputs, Mapping):
            continue
        for key in (one.key for one in SETTINGS.values()):
            was, now = _in_clear(inputs.get(key)), _text(config.get(key))
            if was == now:
                continue
            shown = key not in hidden and not isinstance(inputs.get(key), Mapping)
            yield f"{key} ({_shown(was)} in the state, {_shown(now)} in the stack)" if shown else key


def _in_clear(value: Any) -> str | None:
    if isinstance(value, Mapping) and value.get(SECRET_MARK[0]) == SECRET_MARK[1]:
        try:
            return _text(json.loads(str(value.get("plaintext"))))
        except ValueError:
            return None
    return _text(value)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _shown(value: str | None) -> str:
    return "unset" if value is None else repr(shorten(value, 100))
