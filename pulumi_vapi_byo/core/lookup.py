"""Look up what an account has, without owning it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_vapi_byo.api.client import Collection, VapiClient
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.wire import bare

from .account import Account


def look_up(kind: Kind, settings: Settings, filters: Mapping[str, str]) -> list[dict[str, Any]]:
    """List the resources of an account that match.

    Args:
        kind: The kind of resource.
        settings: The account.
        filters: Values by wire name; of an identity, only digits and letters are compared.

    Returns:
        What can be shown of each, see `Kind.told`; newest first.

    Raises:
        VapiError: The account could not be read.
    """
    listed = Account(kind, Collection(VapiClient(settings), kind)).known()
    found = [kind.told(one.wire(), settings.region) for one in listed]
    return [one for one in found if all(_fits(kind, field, one.get(field), value) for field, value in filters.items())]


def _fits(kind: Kind, field: str, held: Any, wanted: str) -> bool:
    return bool(held == wanted) or (field == kind.identity and held is not None and bare(str(held)) == bare(wanted))


def look_up_one(kind: Kind, settings: Settings, id_: str) -> dict[str, Any]:
    """Look up a resource by its id.

    Args:
        kind: The kind of resource.
        settings: The account.
        id_: Its id.

    Returns:
        What can be shown of it, see `Kind.told`.

    Raises:
        VapiError: It could not be read, or does not exist.
    """
    return kind.told(Collection(VapiClient(settings), kind).existing(id_).wire(), settings.region)
