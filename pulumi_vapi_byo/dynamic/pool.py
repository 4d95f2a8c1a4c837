"""Many numbers at once: a component that creates a number for each row of a list, a CSV file or the stack's configuration."""

from __future__ import annotations

import csv
import dataclasses
import functools
import io
import os
import re
from collections.abc import Awaitable, Callable, Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi import Output, ResourceOptions

from pulumi_vapi_byo.config import NumberCheck, OnUnknown
from pulumi_vapi_byo.errors import show_path
from pulumi_vapi_byo.kinds.phone_number import PHONE_NUMBER
from pulumi_vapi_byo.wire import UNKNOWN, WIRE_NAMES, as_spelled, wire_names_in

from ._arguments import ByoPhoneNumberArgs
from ._resources import ByoPhoneNumber
from .arguments import explaining, plain
from .provider_resource import ProviderWithSettings

if TYPE_CHECKING:
    from pulumi_vapi_byo.core.check import Problem

#: Type of the component in states and URNs.
BYO_PHONE_NUMBER_POOL_TYPE: Final = "vapi:index:ByoPhoneNumberPool"

Row = ByoPhoneNumberArgs | Mapping[str, Any]

_ARGUMENTS: Final = tuple(field.name for field in dataclasses.fields(ByoPhoneNumberArgs))
_PYTHON_NAMES: Final[Mapping[str, str]] = {WIRE_NAMES[name]: name for name in _ARGUMENTS}

#: Python names by column name, without underscores and in lower case.
_COLUMNS: Final[Mapping[str, str]] = {name.replace("_", ""): name for name in _ARGUMENTS}

#: A row that has one of these takes neither from the defaults: an assistant and a squad exclude each other.
_ANSWERERS: Final = frozenset({"assistant_id", "squad_id"})

#: Columns that hold ``true`` or ``false``; all other cells are texts.
_FLAGS: Final = frozenset(field.name for field in dataclasses.fields(ByoPhoneNumberArgs) if "bool" in str(field.type))


class ByoPhoneNumberPool(pulumi.ComponentResource):
    """Numbers of your own SIP trunk or carrier, one per row; what they have in common is given once.

    A number's resource is named after its digits, so you can move rows, and change everything else in them, without anything
    being created again. New digits are a new number: the old number is deleted and the new one created.

    Attributes:
        numbers: The resources, by number, in the order of the rows.
        ids: Vapi's ids, by number.
        sip_uris: Addresses that the carrier must send inbound calls to, by number.
    """

    numbers: dict[str, ByoPhoneNumber]
    ids: Output[dict[str, str]]
    sip_uris: Output[dict[str, str]]

    @explaining
    def __init__(
        self,
        resource_name: str,
        rows: Sequence[Row] | None = None,
        opts: ResourceOptions | None = None,
        *,
        csv_file: str | os.PathLike[str] | None = None,
        config_key: str | None = None,
        defaults: Row | None = None,
    ) -> None:
        """Declare the numbers of a list, a file or a configuration key: give exactly one of the three.

        Args:
            resource_name: Logical name of the component, unique in the stack.
            rows: What differs between the numbers: `ByoPhoneNumberArgs`, or dicts in snake_case or camelCase. ``number`` is
                required and must be known; everything else may be outputs.
            opts: Pulumi's options. The component is the parent of the numbers, which inherit its provider, ``protect`` and the
                like.
            csv_file: A UTF-8 CSV file whose first line names the arguments, e.g. ``number,name,assistant_id``. An empty cell
                leaves the argument out. The path is relative to the program's folder.
            config_key: A configuration key of the stack that holds a list of objects, in the project's namespace unless it
                names another.
            defaults: Arguments for the rows that don't have them. A default `assistant_id` or `squad_id` only applies to rows
                that have neither.

        Raises:
            pulumi.RunError: Rows are invalid, or two have the same number. Lists everything that is wrong, and where.
        """
        pool = f"ByoPhoneNumberPool {resource_name!r}"
        sources = [source is not None for source in (rows, csv_file, config_key)]
        if sum(sources) != 1:
            raise pulumi.RunError(f"{pool} takes exactly one of rows, csv_file and config_key, not {sum(sources)} of them")
        wrong: list[str] = []
        columns: list[str] = []
        if csv_file is not None:
            columns, placed = _csv_rows(Path(csv_file), wrong)
            written: Any = [dict.fromkeys(columns), defaults]
        else:
            listed = rows if config_key is None else _configured(config_key, wrong)
            placed = _listed_rows(listed, config_key or "rows", wrong)
            written = [listed, defaults]
        number_check, on_unknown = _strictness(opts)
        check = functools.partial(
            _problems, number_check=number_check, on_unknown=on_unknown, wire_names=frozenset(wire_names_in(written))
        )
        # Reported once per column.
        strange = [column for column in columns if _argument(column) not in _ARGUMENTS]
        said = check({"credential_id": UNKNOWN, **dict.fromkeys(strange, UNKNOWN)})
        wrong += [f"{csv_file} line 1: {problem}" for problem in said]
        numbers = _complete(placed, defaults, check, strange, wrong)
        if wrong:
            count = [f"{len(wrong)} things are wrong"] if len(wrong) > 1 else []
            raise pulumi.RunError(f"{pool}: " + "\n  ".join(count + wrong))

        super().__init__(BYO_PHONE_NUMBER_POOL_TYPE, resource_name, None, opts)
        self.numbers = {
            number: ByoPhoneNumber(f"{resource_name}-{number}", ByoPhoneNumberArgs(**row), ResourceOptions(parent=self))
            for number, row in numbers.items()
        }
        # Not Output.all, which returns a list if there are no outputs.
        ids: dict[str, Any] = {number: resource.id for number, resource in self.numbers.items()}
        sip_uris: dict[str, Any] = {number: resource.sip_uri for number, resource in self.numbers.items()}
        self.ids, self.sip_uris = Output.from_input(ids), Output.from_input(sip_uris)
        self.register_outputs({"ids": self.ids, "sipUris": self.sip_uris})


#: Position of a row, in words, and its arguments by Python name.
_Placed = tuple[str, dict[str, Any]]


def _csv_rows(path: Path, wrong: list[str]) -> tuple[list[str], list[_Placed]]:
    """Return the columns as written, and the rows."""
    try:
        # utf-8-sig: spreadsheets put a mark at the beginning, which is not part of the first column's name.
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except OSError as error:
        wrong.append(f"{path} cannot be read: {error.strerror}; a path begins at the program's folder")
        return [], []
    except UnicodeDecodeError:
        wrong.append(f"{path} is not in UTF-8: save it as 'CSV UTF-8'")
        return [], []
    # Spreadsheets separate by semicolon where the decimal sign is a comma, and by tab when copying.
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns: list[str] = []
    try:
        columns += [column.strip() for column in next(reader, [])]
        return columns, list(_parsed_rows(reader, columns, separator, path, wrong))
    except csv.Error as error:
        wrong.append(
            f"{path} line {reader.line_num} is not CSV: {error}; put a cell that holds a separator, a quote or a line break "
            "in quotes, and double the quotes in it"
        )
        return columns, []


def _parsed_rows(reader: Any, columns: list[str], separator: str, path: Path, wrong: list[str]) -> Iterator[_Placed]:
    names = [_argument(column) for column in columns]
    if "number" not in names or len(set(names)) < len(names):
        wrong.append(
            f"line 1 of {path} must name the columns, each once, number among them, as in 'number,name,assistant_id'; "
            f"it is {separator.join(columns)!r}"
        )
        return
    line = reader.line_num + 1
    for cells in reader:
        # A quoted cell may contain line breaks; a row is reported at its first line.
        where, line = f"{path} line {line}", reader.line_num + 1
        if not any(cell.strip() for cell in cells[len(names) :]):
            if any(cell.strip() for cell in cells):
                yield where, {name: _cell(name, cell.strip()) for name, cell in zip(names, cells, strict=False) if cell.strip()}
            continue
        wrong.append(
            f"{where} has {len(cells)} cells, the first line has {len(names)}: put a cell that holds a {separator!r} in quotes"
        )


def _argument(column: str) -> str:
    """Return the argument that a column stands for, in any case and spelling."""
    return _COLUMNS.get(re.sub(r"[\s_-]", "", column).lower(), column)


def _cell(name: str, text: str) -> Any:
    return {"true": True, "false": False}.get(text.lower(), text) if name in _FLAGS else text


def _configured(key: str, wrong: list[str]) -> Any:
    namespace, _, name = key.rpartition(":")
    try:
        rows = pulumi.Config(namespace or None).get_object(name)
    except pulumi.ConfigTypeError:
        return ""
    if rows is None:
        # Without --type, the CLI reads a number as an integer and drops the plus.
        command = f"pulumi config set --path '{key}[0].number' --type string +14155552671"
        wrong.append(f"the stack's configuration has no {key}: set it with {command}")
        return []
    return rows


def _listed_rows(rows: Any, source: str, wrong: list[str]) -> list[_Placed]:
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        file = (
            "; the name of a CSV file goes into csv_file" if source == "rows" and isinstance(rows, (str, os.PathLike)) else ""
        )
        wrong.append(f"{source} must be a list of rows, known when the program runs{file}")
        return []
    placed: list[_Placed] = []
    for index, row in enumerate(rows):
        where = f"{source}[{index}]"
        arguments = _arguments(row, where, wrong)
        if arguments is not None:
            placed.append((where, arguments))
    return placed


def _arguments(row: Any, where: str, wrong: list[str]) -> dict[str, Any] | None:
    """Return a row by Python names, without what is left out; None if it is not a row."""
    if isinstance(row, ByoPhoneNumberArgs):
        row = vars(row)
    if not isinstance(row, Mapping):
        wrong.append(f"{where} must be ByoPhoneNumberArgs or a dict, not {type(row).__name__}")
        return None
    arguments: dict[str, Any] = {}
    for key, value in row.items():
        name = _PYTHON_NAMES.get(key, key)
        if value is not None:
            arguments[key if name in arguments else name] = value  # the check reports an argument that is given twice
    return arguments


def _complete(
    placed: Sequence[_Placed],
    defaults: Row | None,
    check: Callable[[Mapping[str, Any]], list[str]],
    strange: Sequence[str],
    wrong: list[str],
) -> dict[str, dict[str, Any]]:
    """Fill in the defaults, and check every row.

    Args:
        placed: The rows.
        defaults: Arguments that rows may leave out.
        check: Returns what is wrong with a row, as sentences.
        strange: Names that are not arguments, already reported.
        wrong: Everything that is wrong is appended here.

    Returns:
        The arguments of every number, by number.
    """
    common = _arguments(defaults or {}, "defaults", wrong)
    if common is None:
        common = {"credential_id": UNKNOWN}  # no telling what rows could have left out
    elif placed and not any("credential_id" in arguments for arguments in (common, *(row for _, row in placed))):
        wrong.append("credential_id is required: set it in defaults, or in every row")
        common["credential_id"] = UNKNOWN  # reported already, so not again for each row
    if common.pop("number", None) is not None:
        wrong.append("defaults: number is for the rows, each has its own")
    # Problems with the defaults or a column are reported once, not again for every row.
    of_all = check({"credential_id": UNKNOWN} | _known(common, "defaults:", wrong))
    wrong += [f"defaults: {problem}" for problem in of_all]
    strange = [*strange, *(name for name in common if name not in _ARGUMENTS)]
    complete: dict[str, dict[str, Any]] = {}
    places: dict[str, str] = {}
    for where, row in placed:
        answered = any(row.get(name) not in (None, "") for name in _ANSWERERS)
        filled_in = {name: value for name, value in common.items() if name not in row and not (answered and name in _ANSWERERS)}
        arguments = filled_in | row
        number = row.get("number")
        known = _known(filled_in, "", []) | _known(row, f"{where}:", wrong)
        if not isinstance(number, str):
            wrong.append(f"{where}: number {_why_no_text(number)}")
            known["number"] = UNKNOWN
        known = {name: value for name, value in known.items() if name not in strange}
        wrong += [f"{where}: {problem}" for problem in check(known) if problem not in of_all]
        if isinstance(number, str):
            if number in places:
                wrong.append(f"{where}: number {number!r} is in {places[number]} already{_again(complete[number], arguments)}")
            places.setdefault(number, where)
            complete[number] = arguments
    return complete


def _again(first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    trunks = [arguments.get("credential_id") for arguments in (first, second)]
    if trunks[0] is trunks[1] or (isinstance(trunks[0], str) and trunks[0] == trunks[1]):
        return ": keep one of them"
    # Resources need different names, and a name that tells the two apart would change when rows are moved.
    return (
        ", on another trunk: keep one of them or, if calls may come over both, put the second into a pool of its own and set "
        "vapi-byo:onExisting allow (on_existing on a Provider)"
    )


def _strictness(opts: ResourceOptions | None) -> tuple[NumberCheck, OnUnknown]:
    """Return how the provider of the rows will check them; if that is not known yet, in the less strict way."""
    opts = opts or ResourceOptions()
    several = opts.providers.values() if isinstance(opts.providers, Mapping) else opts.providers or []
    inherited = opts.parent.get_provider("pulumi-python:dynamic:Resource") if opts.parent else None
    for provider in (opts.provider, *several, inherited):
        if isinstance(provider, ProviderWithSettings):
            return provider.number_check, provider.on_unknown
    config = pulumi.Config("vapi-byo")
    return (
        "e164" if config.get("numberCheck") == "e164" else "possible",
        "send" if config.get("onUnknown") == "send" else "error",
    )


def _problems(
    known: Mapping[str, Any], *, number_check: NumberCheck, on_unknown: OnUnknown, wire_names: Container[str]
) -> list[str]:
    # Imported on first use: a program without pools starts faster without the models.
    from pulumi_vapi_byo.core.check import check_inputs

    found = check_inputs(PHONE_NUMBER, known, number_check=number_check, on_unknown=on_unknown, wire_names=wire_names).problems
    return [_sentence(problem, wire_names) for problem in found]


def _why_no_text(number: Any) -> str:
    if number is None:
        return "is missing: every row needs one, such as '+14155552671'"
    if isinstance(number, (Output, Awaitable)):
        return "must be known when the program runs, because it names the resource: give a text, not an output"
    return f"must be a text: put {number!r} in quotes, with its plus"


def _known(value: Any, where: str, wrong: list[str]) -> Any:
    """Copy arguments for the check, which takes plain values and a mark for what is not known yet."""
    if value is UNKNOWN or isinstance(value, (Output, Awaitable)):
        return UNKNOWN
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _known(part, f"{where}{' ' if where.endswith(':') else '.'}{key}", wrong) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_known(part, f"{where}[{index}]", wrong) for index, part in enumerate(value)]
    try:
        return plain(value, where)
    except pulumi.RunError as error:
        wrong.append(str(error))
        return UNKNOWN


def _sentence(problem: Problem, wire_names: Container[str]) -> str:
    value = f" (it is {problem.value})" if problem.value else ""
    return f"{show_path(as_spelled(problem.path, wire_names))} {problem.reason}{value}"
