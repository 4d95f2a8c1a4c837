"""From numbers that the account has to what a stack needs to take them over, without a write; pure but for `import_file`."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pulumi.dynamic import Config, ConfigureRequest
from pulumi.dynamic.dynamic import PROVIDER_KEY, serialize_provider

from pulumi_vapi_byo.checking import check_inputs
from pulumi_vapi_byo.config import Settings
from pulumi_vapi_byo.errors import VapiError, show_path
from pulumi_vapi_byo.kinds import PHONE_NUMBER
from pulumi_vapi_byo.models import PhoneNumber
from pulumi_vapi_byo.provider import IMPORT_ID, ByoPhoneNumberProvider
from pulumi_vapi_byo.resource import BYO_PHONE_NUMBER_TYPE
from pulumi_vapi_byo.wire import ADDITIONAL, OPAQUE_MAPS, SECRET_FIELDS, as_spelled, is_sayable, to_camel

from .stack_state import SECRET_MARK

#: Where something is, in wire names and list indexes.
Path = tuple[str | int, ...]

#: Fields without which the resource would be about another number, or none.
_ESSENTIAL: Final = frozenset({"number", "credentialId"})


@dataclass(frozen=True)
class Secret:
    """Stands in inputs where a secret stood.

    Attributes:
        key: Key of the project's configuration that holds it.
    """

    key: str


@dataclass(frozen=True)
class Takeover:
    """A number to take over.

    Attributes:
        name: Logical name of its resource.
        id: Its id at Vapi.
        inputs: Inputs in wire names that say what Vapi holds, secrets in clear.
        left_out: What of it is not managed, and why; sentences without secrets.
        unknown: Paths in the inputs, in wire names, of what this version does not know and sends only where it is told to.
    """

    name: str
    id: str
    inputs: Mapping[str, Any] = field(repr=False)
    left_out: tuple[str, ...] = ()
    unknown: tuple[Path, ...] = ()

    @property
    def unknown_paths(self) -> str:
        """Those paths in the program's spelling."""
        return ", ".join(show_path(as_spelled(path)) for path in self.unknown)


# ---------------------------------------------------------------------------------------------------------------- choosing


def choose(
    numbers: Sequence[PhoneNumber], *, digits: Iterable[str], names: Iterable[str], everything: bool
) -> list[PhoneNumber]:
    """Choose numbers.

    Args:
        numbers: Those of the account.
        digits: Numbers, with or without the usual spaces, dots, dashes and brackets.
        names: Patterns of names, as of files: ``Support *``.
        everything: Choose all.

    Returns:
        The chosen ones, in the order of `numbers`.

    Raises:
        VapiError: A number or a pattern fits nothing.
    """
    chosen = {number.id for number in numbers if everything}
    for wanted in digits:
        plain = re.sub(r"[\s().-]", "", wanted)
        fits = {number.id for number in numbers if number.number is not None and number.number in (wanted, plain)}
        if not fits:
            same = [one.number for one in numbers if one.number and one.number.lstrip("+") == plain.lstrip("+")]
            advice = f": did you mean {same[0]!r}?" if same else "; vapi-byo import, without options, lists those it has"
            raise VapiError(f"the account has no BYO number {wanted!r}{advice}")
        chosen |= fits
    for pattern in names:
        fits = {number.id for number in numbers if number.name is not None and fnmatch.fnmatchcase(number.name, pattern)}
        if not fits:
            raise VapiError(f"no BYO number of the account has a name like {pattern!r}; vapi-byo import lists those it has")
        chosen |= fits
    return [number for number in numbers if number.id in chosen]


# ------------------------------------------------------------------------------------------------------------- taking over


def plan_takeovers(numbers: Sequence[PhoneNumber]) -> list[Takeover]:
    """Find a name and the inputs for each number.

    Args:
        numbers: Numbers to take over.

    Returns:
        In the same order. The names depend on the number alone, where no two are alike.

    Raises:
        VapiError: One cannot be taken over.
    """
    bases = [_base_name(number) for number in numbers]
    takeovers = []
    for number, base in zip(numbers, bases, strict=True):
        name = base if bases.count(base) == 1 else f"{base}-{_slug(number.id)}"
        inputs, left_out = _inputs(number)
        takeovers.append(Takeover(name, number.id, inputs, tuple(left_out), tuple(_unknown_in(inputs))))
    return takeovers


def _base_name(number: PhoneNumber) -> str:
    return "number-" + (_slug(number.number or "") or _slug(number.name or "") or _slug(number.id))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _inputs(number: PhoneNumber) -> tuple[dict[str, Any], list[str]]:
    """Write what Vapi holds as inputs. What our rules refuse is left out, which leaves it as it is."""
    live = number.wire()
    inputs = {name: live[name] for name in PHONE_NUMBER.fields if live.get(name) not in (None, "", [], {})}
    if inputs.get("numberE164CheckEnabled") is True:
        del inputs["numberE164CheckEnabled"]  # the default
    left_out: list[str] = []
    additional = {name: value for name, value in number.unknown().items() if not _is_ours(name)}
    inputs |= {ADDITIONAL: additional} if additional else {}
    label = PHONE_NUMBER.label(number.number, number.id)
    while True:
        checked = check_inputs(PHONE_NUMBER, inputs, number_check="e164", on_unknown="send")
        if not checked.problems:
            break
        problem = checked.problems[0]
        if _take_out_an_empty_text(inputs, problem.path):
            continue
        if problem.path[0] in _ESSENTIAL:
            raise VapiError(
                f"cannot import {label}: its {show_path(problem.path)} {problem.reason}; leave it out of the choice"
            )
        path = _without(inputs, problem.path)
        why = f"{show_path(problem.path)} {problem.reason}"
        left_out.append(f"{label}: {show_path(path)} is not managed and stays as it is ({why})")
    left_out += [
        f"{label}: {show_path(problem.path)} {problem.reason}"
        for problem in check_inputs(PHONE_NUMBER, inputs, on_unknown="send").problems
    ]
    if "serverUrl" in inputs and "serverUrlSecret" not in inputs:
        left_out.append(
            f"{label}: Vapi does not tell whether its server_url has a secret; one that it has stays, unless you add "
            "server_url_secret"
        )
    return checked.inputs, left_out


def _is_ours(name: str) -> bool:
    return to_camel(name) in PHONE_NUMBER.arguments or bool(PHONE_NUMBER.fixed(to_camel(name)))


def _take_out_an_empty_text(inputs: Mapping[str, Any], path: Path) -> bool:
    """Take out a text that is empty, which is as good as none, in an object; whether there was one."""
    *parents, last = path
    holder: Any = inputs
    for part in parents:
        holder = holder[part]
    if not parents or not isinstance(holder, dict) or holder.get(last) != "":
        return False
    del holder[last]
    return True


def _unknown_in(inputs: Mapping[str, Any]) -> Iterator[Path]:
    for problem in check_inputs(PHONE_NUMBER, inputs, number_check="e164").problems:
        if problem.unknown and problem.path == (ADDITIONAL,):
            yield from ((ADDITIONAL, name) for name in inputs[ADDITIONAL])
        elif problem.unknown:
            yield problem.path


def _without(inputs: dict[str, Any], path: Sequence[str | int]) -> Sequence[str | int]:
    """Take out what is at a path, and return the path of what was taken out.

    The whole field where a program could say what is at the path, as the next change of the field would delete it; and where
    there is nothing, or an element of a list, whose length counts.
    """
    whole = next((at for at, part in enumerate(path) if part in OPAQUE_MAPS), len(path) - 1)
    path = path[: whole + 1]
    holder: Any = inputs
    for part in path[:-1]:
        holder = holder[part]
    if isinstance(holder, dict) and path[-1] in holder and not is_sayable(path):
        del holder[path[-1]]
        return path
    del inputs[str(path[0])]
    return path[:1]


# ----------------------------------------------------------------------------------------------------------------- secrets


def hide_secrets(takeovers: Sequence[Takeover]) -> tuple[list[Takeover], dict[str, str]]:
    """Put keys of the configuration in the place of secrets.

    Args:
        takeovers: Numbers to take over.

    Returns:
        The same with `Secret` in the place of every secret, and the secrets by key. A value that several numbers send in a
        header of the same name has one key, named after the first of them.
    """
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
                if name not in SECRET_FIELDS:
                    hidden[name] = hide(owner, part)
                elif isinstance(part, Mapping):
                    hidden[name] = {header: Secret(key_for(owner, header, item)) for header, item in part.items()}
                else:
                    hidden[name] = Secret(key_for(owner, re.sub(r"(?=[A-Z])", "-", name), part))
            return hidden
        return [hide(owner, part) for part in value] if isinstance(value, list) else value

    hidden = [replace(one, inputs=hide(one.name, one.inputs)) for one in takeovers]
    return hidden, secrets


# -------------------------------------------------------------------------------------------------------- the import file


def import_file(takeovers: Iterable[Takeover], settings: Settings) -> str:
    """Write the file for ``pulumi import --file``: inputs and outputs exactly as the provider's own import has them.

    Args:
        takeovers: Numbers to take over.
        settings: Where they are; each is looked up once more, and nothing is written there.

    Returns:
        JSON, with secrets in clear, marked so that Pulumi encrypts them.

    Raises:
        VapiError: A number could not be read, or differs from the inputs.
    """
    provider = ByoPhoneNumberProvider()
    provider.configure(ConfigureRequest(Config(_configuration(settings), "")))
    return json.dumps({"resources": list(_entries(provider, takeovers))}, indent=2)


def _entries(provider: ByoPhoneNumberProvider, takeovers: Iterable[Takeover]) -> Iterator[dict[str, Any]]:
    pickled = {PROVIDER_KEY: serialize_provider(ByoPhoneNumberProvider())}
    for one in takeovers:
        props = {**pickled, **one.inputs}
        try:
            inputs = provider.check({}, props).inputs
            outputs = provider.create({**props, IMPORT_ID: one.id}).outs
        except Exception as error:  # noqa: BLE001
            # The provider's boundary has brought every failure into a sentence, under a name for the engine.
            raise VapiError(str(error)) from None
        yield {
            "type": BYO_PHONE_NUMBER_TYPE,
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
    """Bring the marks of secrets to the form that they have in import files."""
    if isinstance(value, Mapping):
        if value.get(SECRET_MARK[0]) == SECRET_MARK[1]:
            return {SECRET_MARK[0]: SECRET_MARK[1], "plaintext": json.dumps(value["value"])}
        return {name: _for_file(part) for name, part in value.items()}
    return [_for_file(part) for part in value] if isinstance(value, list) else value
