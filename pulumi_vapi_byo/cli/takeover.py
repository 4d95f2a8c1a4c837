"""From what the account has to a program that takes it over, without a write; pure, except for `import_file`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pulumi.dynamic import Config, ConfigureRequest
from pulumi.dynamic.dynamic import PROVIDER_KEY, serialize_provider

from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.core.check import check_inputs
from pulumi_vapi_byo.core.diff import Path
from pulumi_vapi_byo.core.importing import inputs_of
from pulumi_vapi_byo.dynamic._resources import BYO_PHONE_NUMBER_TYPE, BYO_SIP_TRUNK_CREDENTIAL_TYPE
from pulumi_vapi_byo.errors import VapiError, show_path
from pulumi_vapi_byo.kinds.kind import Kind
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.kinds.sip_trunk import SIP_TRUNK_CREDENTIAL
from pulumi_vapi_byo.provider import IMPORT_ID, ByoPhoneNumberProvider, ByoSipTrunkCredentialProvider, VapiProvider
from pulumi_vapi_byo.wire import ADDITIONAL, SECRET_FIELDS, as_spelled

from .listing import Listed
from .stack_state import SECRET_MARK
from .wording import may_hold_a_secret

_PROVIDERS: Final[Mapping[str, type[VapiProvider]]] = {
    PHONE_NUMBER.provider: ByoPhoneNumberProvider,
    SIP_TRUNK_CREDENTIAL.provider: ByoSipTrunkCredentialProvider,
}

#: Types of the resources, by the name of the provider at Vapi.
TYPES: Final[Mapping[str, str]] = {
    PHONE_NUMBER.provider: BYO_PHONE_NUMBER_TYPE,
    SIP_TRUNK_CREDENTIAL.provider: BYO_SIP_TRUNK_CREDENTIAL_TYPE,
}


@dataclass(frozen=True)
class Secret:
    """Replaces a secret in inputs.

    Attributes:
        key: Key of the project's configuration that holds the secret.
    """

    key: str


@dataclass(frozen=True)
class Reference:
    """Replaces the id of a trunk in inputs if the same program declares that trunk.

    Attributes:
        name: Logical name of the trunk's resource.
    """

    name: str


@dataclass(frozen=True)
class Takeover:
    """A number or a trunk to take over.

    Attributes:
        kind: What it is.
        name: Logical name of its resource.
        id: Its id at Vapi.
        inputs: Inputs in wire names that describe what Vapi holds, secrets in clear.
        left_out: Which of its fields will not be managed, and why; sentences without secrets.
        unknown: Paths in the inputs, in wire names, that this version does not know and sends only if told to.
    """

    kind: Kind
    name: str
    id: str
    inputs: Mapping[str, Any] = field(repr=False)
    left_out: tuple[str, ...] = ()
    unknown: tuple[Path, ...] = ()

    @property
    def label(self) -> str:
        """What to call it in a sentence."""
        return self.kind.label(self.inputs.get(self.kind.named_by), self.id)

    @property
    def unknown_paths(self) -> str:
        """The unknown paths, in the program's spelling."""
        return ", ".join(show_path(as_spelled(path)) for path in self.unknown)


# ------------------------------------------------------------------------------------------------------------- taking over


def plan_takeovers(chosen: Sequence[Listed]) -> tuple[list[Takeover], list[str]]:
    """Choose a resource name and inputs for each number and trunk.

    Args:
        chosen: What to take over.

    Returns:
        What can be taken over, in the same order, and a sentence for each that cannot. A resource's name depends only on its
        own number or name, unless two are alike.
    """
    bases = [_base_name(one) for one in chosen]
    takeovers, refused = [], []
    for one, base in zip(chosen, bases, strict=True):
        name = base if bases.count(base) == 1 else f"{base}-{_slug(one.id)}"
        if one.answer is None:
            refused.append(f"{one.label} is left out: what Vapi lists {one.problem}")
            continue
        try:
            inputs, left_out = inputs_of(one.kind, one.answer)
        except ValueError as error:
            refused.append(f"{one.label} is left out: {error}")
            continue
        sentences = tuple(f"{one.label}: {why}" for why in left_out)
        takeovers.append(Takeover(one.kind, name, one.id, inputs, sentences, tuple(_unknown_in(one.kind, inputs))))
    return takeovers, refused


def _base_name(one: Listed) -> str:
    if one.kind is SIP_TRUNK_CREDENTIAL:
        return "trunk-" + (_slug(one.name or "") or _slug(one.id))
    return "number-" + (_slug(one.number or "") or _slug(one.name or "") or _slug(one.id))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _unknown_in(kind: Kind, inputs: Mapping[str, Any]) -> Iterator[Path]:
    for problem in check_inputs(kind, inputs, number_check="e164").problems:
        if problem.unknown and problem.path == (ADDITIONAL,):
            yield from ((ADDITIONAL, name) for name in inputs[ADDITIONAL])
        elif problem.unknown:
            yield problem.path


# ----------------------------------------------------------------------------------------------------------------- secrets


def hide_secrets(takeovers: Sequence[Takeover]) -> tuple[list[Takeover], dict[str, str]]:
    """Replace secrets by keys of the configuration, and ids of trunks by references.

    Args:
        takeovers: Numbers and trunks to take over.

    Returns:
        The same, with a `Secret` for every secret (including URLs with a query) and a `Reference` for each trunk that is taken
        over too; and the secrets by key. If several numbers send the same value in a header of the same name, it has one key,
        named after the first of them.
    """
    trunks = {one.id: Reference(one.name) for one in takeovers if one.kind is SIP_TRUNK_CREDENTIAL}
    keys: dict[tuple[str, str], str] = {}
    secrets: dict[str, str] = {}

    def key_for(owner: str, name: str, value: str) -> str:
        if (name, value) not in keys:
            base = key = f"{owner}-{_slug(name) or 'secret'}"
            count = 1
            while key in secrets:
                count += 1
                key = f"{base}-{count}"
            keys[name, value] = key
            secrets[key] = value
        return keys[name, value]

    def hide(owner: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            hidden: dict[str, Any] = {}
            for name, part in value.items():
                if may_hold_a_secret(part):
                    hidden[name] = Secret(key_for(owner, re.sub(r"(?=[A-Z])", "-", name), part))
                elif name in SECRET_FIELDS and isinstance(part, Mapping):
                    hidden[name] = {
                        header: Secret(key_for(owner, header, item)) if isinstance(item, str) else hide(owner, item)
                        for header, item in part.items()
                    }
                elif name in SECRET_FIELDS and isinstance(part, str):
                    hidden[name] = Secret(key_for(owner, re.sub(r"(?=[A-Z])", "-", name), part))
                else:
                    hidden[name] = hide(owner, part)
            return hidden
        return [hide(owner, part) for part in value] if isinstance(value, list) else value

    hidden = []
    for one in takeovers:
        inputs = hide(one.name, one.inputs)
        trunk = trunks.get(str(one.inputs.get("credentialId")))
        hidden.append(replace(one, inputs={**inputs, "credentialId": trunk} if trunk else inputs))
    return hidden, secrets


# -------------------------------------------------------------------------------------------------------- the import file


def import_file(takeovers: Iterable[Takeover], settings: Settings) -> str:
    """Write the file for ``pulumi import --file``, with exactly the inputs and outputs that the provider's own import has.

    Args:
        takeovers: Numbers and trunks to take over.
        settings: Settings of the account they are in; each is read once more, and nothing is written.

    Returns:
        JSON with secrets in clear, marked for Pulumi to encrypt.

    Raises:
        VapiError: A number or trunk could not be read, or differs from its inputs.
    """
    config = ConfigureRequest(Config(_configuration(settings), ""))
    providers = {name: provider() for name, provider in _PROVIDERS.items()}
    for provider in providers.values():
        provider.configure(config)
    return json.dumps({"resources": [_entry(providers[one.kind.provider], one) for one in takeovers]}, indent=2)


def _entry(provider: VapiProvider, one: Takeover) -> dict[str, Any]:
    pickled = {PROVIDER_KEY: serialize_provider(type(provider)())}
    props = {**pickled, **one.inputs}
    try:
        inputs = provider.check({}, props).inputs
        outputs = provider.create({**props, IMPORT_ID: one.id}).outs
    except Exception as error:  # noqa: BLE001
        # The provider's boundary turns every failure into a sentence, in an exception class meant for the engine.
        raise VapiError(str(error)) from None
    return {
        "type": TYPES[one.kind.provider],
        "name": one.name,
        "id": one.id,
        "inputs": _for_file(inputs),
        "outputs": _for_file({**(outputs or {}), **pickled}),
    }


def _configuration(settings: Settings) -> dict[str, Any]:
    return {
        "vapi-byo:apiKey": settings.api_key,
        "vapi-byo:baseUrl": settings.base_url,
        "vapi-byo:region": settings.region,
        "vapi-byo:timeout": settings.timeout_s,
        "vapi-byo:maxRetries": settings.max_retries,
        "vapi-byo:requestsPerSecond": settings.requests_per_second,
        "vapi-byo:numberCheck": "e164",
        "vapi-byo:onUnknown": "send",
    }


def _for_file(value: Any) -> Any:
    """Convert the marks of secrets to the form that import files use."""
    if isinstance(value, Mapping):
        if value.get(SECRET_MARK[0]) == SECRET_MARK[1]:
            return {SECRET_MARK[0]: SECRET_MARK[1], "plaintext": json.dumps(value["value"])}
        return {name: _for_file(part) for name, part in value.items()}
    if may_hold_a_secret(value):
        return {SECRET_MARK[0]: SECRET_MARK[1], "plaintext": json.dumps(value)}
    return [_for_file(part) for part in value] if isinstance(value, list) else value
