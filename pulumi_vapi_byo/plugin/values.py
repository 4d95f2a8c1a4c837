"""Convert the engine's values to plain ones and back, keeping track of unknown and secret values."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct
from google.protobuf.struct_pb2 import Value as ProtoValue

from pulumi_vapi_byo.core.diff import Path
from pulumi_vapi_byo.core.service import with_marks
from pulumi_vapi_byo.wire import UNKNOWN

# How Pulumi marks special values (constants that every SDK has).
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark, not a secret
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS: Final = frozenset(
    {
        _UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)


def from_engine(properties: Struct) -> tuple[dict[str, Any], frozenset[Path]]:
    """Convert properties from the engine.

    Args:
        properties: The properties as the engine sends them.

    Returns:
        Plain values, with `UNKNOWN` for what is not known yet, and the paths of those that are secret.
    """
    secrets: set[Path] = set()
    return {key: _read(value, (key,), secrets) for key, value in properties.fields.items()}, frozenset(secrets)


def _read(value: ProtoValue, path: Path, secrets: set[Path]) -> Any:
    which = value.WhichOneof("kind")
    if which == "struct_value":
        fields = value.struct_value.fields
        mark = fields[_SIGNATURE].string_value if _SIGNATURE in fields else ""
        if mark == _SECRET or (mark == _OUTPUT and fields["secret"].bool_value):
            secrets.add(path)
        if mark in (_SECRET, _OUTPUT):
            return _read(fields["value"], path, secrets) if "value" in fields else UNKNOWN
        return {key: _read(part, (*path, key), secrets) for key, part in fields.items()}
    if which == "list_value":
        return [_read(part, (*path, index), secrets) for index, part in enumerate(value.list_value.values)]
    if which == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    return None if which in (None, "null_value") else getattr(value, which)


def to_engine(values: Mapping[str, Any], secrets: Iterable[Path] = ()) -> Struct:
    """Convert properties for the engine.

    Args:
        values: Inputs or a state, in wire names.
        secrets: Paths that are secret because the program says so; what the schema marks as secret need not be listed.

    Returns:
        The properties as the engine expects them.
    """
    hidden = frozenset(secrets)
    marked = with_marks(values, unknown=_UNKNOWN_TEXT, secret=_as_secret)
    properties = Struct()
    properties.update(_hide(marked, (), hidden) if hidden else marked)
    return properties


def _as_secret(value: Any) -> dict[str, Any]:
    is_marked = isinstance(value, Mapping) and value.get(_SIGNATURE) == _SECRET
    return dict(value) if is_marked else {_SIGNATURE: _SECRET, "value": value}


def _hide(value: Any, path: Path, secrets: Container[Path]) -> Any:
    if isinstance(value, Mapping) and _SIGNATURE in value:
        return value
    if isinstance(value, Mapping):
        value = {key: _hide(part, (*path, key), secrets) for key, part in value.items()}
    elif isinstance(value, list):
        value = [_hide(part, (*path, index), secrets) for index, part in enumerate(value)]
    return _as_secret(value) if path in secrets else value


def still_secret(secrets: Iterable[Path], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Path]:
    """Find where secrets are in what the API now holds.

    Args:
        secrets: Paths of the secrets.
        before: The inputs or state that the paths are in.
        after: What the API holds now.

    Yields:
        The same paths; but for a secret in a list that has changed, the whole field, as it may now be anywhere in it.
    """
    for path in secrets:
        is_in_list = any(isinstance(part, int) for part in path)
        yield path[:1] if is_in_list and before.get(str(path[0])) != after.get(str(path[0])) else path


def at(value: Any, path: Path) -> Any:
    """Return the value at a path; None if there is none."""
    for part in path:
        try:
            value = value[part]
        except (LookupError, TypeError):
            return None
    return value


def show_path(path: Path) -> str:
    """Return a path as Pulumi writes it: ``server.headers["x-key"]``, ``gateways[0].ip``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.replace("_", "a").isalnum():
            text += f".{part}" if text else part
        else:
            escaped = part.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
    return text
