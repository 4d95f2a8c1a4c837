"""Many numbers at once: a component that makes one number of each row of a list, a CSV file or the stack's configuration."""

from __future__ import annotations

import csv
import dataclasses
import os
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi import Output, ResourceOptions

from .arguments import ByoPhoneNumberArgs
from .errors import show_path
from .kinds import PHONE_NUMBER
from .resource import ByoPhoneNumber
from .wire import UNKNOWN, WIRE_NAMES

if TYPE_CHECKING:
    from .checking import Problem

#: The type of the component in states and URNs.
BYO_PHONE_NUMBER_POOL_TYPE: Final = "vapi:index:ByoPhoneNumberPool"

Row = ByoPhoneNumberArgs | Mapping[str, Any]

_ARGUMENTS: Final = tuple(field.name for field in dataclasses.fields(ByoPhoneNumberArgs))
_PYTHON_NAMES: Final[Mapping[str, str]] = {WIRE_NAMES[name]: name for name in _ARGUMENTS}

#: A row that has one of these has none of the defaults' others: an assistant and a squad exclude each other.
_ANSWERERS: Final = frozenset({"assistant_id", "squad_id", "workflow_id"})

#: Columns that hold ``true`` or ``false``; every other cell is a text.
_FLAGS: Final = frozenset({"number_e164_check_enabled", "deletion_protection"})


class ByoPhoneNumberPool(pulumi.ComponentResource):
    """Numbers of your own SIP trunk or carrier, one of each row, with what they have in common said once.

    A number's resource is named after its digits, so rows can be moved, and all else in them changed, without anything being
    made anew. Other digits are another number: the old one is deleted, and the new one made.

    Attributes:
        numbers: The resources, by number, in the order of the rows.
        ids: Vapi's ids, by number.
        sip_uris: Where the carrier must send inbound calls, by number.
    """

    numbers: dict[str, ByoPhoneNumber]
    ids: Output[dict[str, str]]
    sip_uris: Output[dict[str, str]]

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
        """Declare the numbers of one list, file or configuration key: give exactly one of the three.

        Args:
            resource_name: Logical name of the component, unique in the stack.
            rows: What differs from number to number: `ByoPhoneNumberArgs`, or dicts in snake_case or camelCase. ``number`` must
                be there, and known; everything else may be outputs.
            opts: Pulumi's options. The numbers have this component as their parent, and so its provider, ``protect`` and
                the like.
            csv_file: A UTF-8 CSV file whose first line names the arguments, e.g. ``number,name,assistant_id``. An empty cell
                leaves the argument out. Relative to the program's folder.
            config_key: A key of the stack's configuration that holds a list of objects, in the project's namespace unless it
                names another.
            defaults: Arguments for every row that does not have them. The default of `assistant_id`, `squad_id` and
                `workflow_id` is for rows that have none of the three.

        Raises:
            pulumi.RunError: Rows are wrong, or a number stands in two. Says all that is wrong, and where.
        """
        pool = f"ByoPhoneNumberPool {resource_name!r}"
        sources = [source is not None for source in (rows, csv_file, config_key)]
        if sum(sources) != 1:
            raise pulumi.RunError(f"{pool} takes exactly one of rows, csv_file and config_key, not {sum(sources)} of them")
        wrong: list[str] = []
        if csv_file is not None:
            placed = _csv_rows(Path(csv_file), wrong)
        elif config_key is not None:
            placed = _listed_rows(_configured(config_key, wrong), config_key, wrong)
        else:
            placed = _listed_rows(rows, "rows", wrong)
        numbers = _complete(placed, defaults, wrong)
        if wrong:
            count = [f"{len(wrong)} things are wrong"] if len(wrong) > 1 else []
            raise pulumi.RunError(f"{pool}: " + "\n  ".join(count + wrong))

        super().__init__(BYO_PHONE_NUMBER_POOL_TYPE, resource_name, None, opts)
        self.numbers = {
            number: ByoPhoneNumber(f"{resource_name}-{number}", ByoPhoneNumberArgs(**row), ResourceOptions(parent=self))
            for number, row in numbers.items()
        }
        # Not Output.all, which makes a list of no outputs.
        ids: dict[str, Any] = {number: resource.id for number, resource in self.numbers.items()}
        sip_uris: dict[str, Any] = {number: resource.sip_uri for number, resource in self.numbers.items()}
        self.ids, self.sip_uris = Output.from_input(ids), Output.from_input(sip_uris)
        self.register_outputs({"ids": self.ids, "sipUris": self.sip_uris})


#: Where a row stands, in words, and its arguments by their Python names.
_Placed = tuple[str, dict[str, Any]]


def _csv_rows(path: Path, wrong: list[str]) -> list[_Placed]:
    try:
        # The mark that spreadsheets put at the beginning is no part of the first column's name.
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            try:
                return list(_parsed_rows(reader, path, wrong))
            except csv.Error as error:
                wrong.append(f"{path} line {reader.line_num} is no CSV: {error}")
    except OSError as error:
        wrong.append(f"{path} cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        wrong.append(f"{path} is not in UTF-8: save it as 'CSV UTF-8'")
    return []


def _parsed_rows(reader: Any, path: Path, wrong: list[str]) -> Iterator[_Placed]:
    columns = [column.strip() for column in next(reader, [])]
    names = [_PYTHON_NAMES.get(column, column) for column in columns]
    if "number" not in names or len(set(names)) < len(names):
        wrong.append(
            f"line 1 of {path} must name the columns, each once, number among them, as in 'number,name,assistant_id'; "
            f"it is {','.join(columns)!r}"
        )
        return
    line = reader.line_num + 1
    for cells in reader:
        # A quoted cell may have line breaks: a row stands where it begins.
        where, line = f"{path} line {line}", reader.line_num + 1
        if len(cells) > len(names):
            wrong.append(f"{where} has {len(cells)} cells, the first line has {len(names)}")
        elif any(cell.strip() for cell in cells):
            yield where, {name: _cell(name, cell.strip()) for name, cell in zip(names, cells, strict=False) if cell.strip()}


def _cell(name: str, text: str) -> Any:
    return {"true": True, "false": False}.get(text.lower(), text) if name in _FLAGS else text


def _configured(key: str, wrong: list[str]) -> Any:
    namespace, _, name = key.rpartition(":")
    try:
        rows = pulumi.Config(namespace or None).get_object(name)
    except pulumi.ConfigTypeError:
        return ""
    if rows is None:
        # Without the type, the CLI reads a number as an integer, without its plus.
        command = f"pulumi config set --path '{key}[0].number' --type string +14155552671"
        wrong.append(f"the stack's configuration has no {key}: set it with {command}")
        return []
    return rows


def _listed_rows(rows: Any, source: str, wrong: list[str]) -> list[_Placed]:
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        wrong.append(f"{source} must be a list of rows, known when the program runs")
        return []
    placed: list[_Placed] = []
    for index, row in enumerate(rows):
        where = f"{source}[{index}]"
        arguments = _arguments(row, where, wrong)
        if arguments is not None:
            placed.append((where, arguments))
    return placed


def _arguments(row: Any, where: str, wrong: list[str]) -> dict[str, Any] | None:
    """Bring a row to Python names, without what is left out; None for what is no row."""
    if isinstance(row, ByoPhoneNumberArgs):
        row = vars(row)
    if not isinstance(row, Mapping):
        wrong.append(f"{where} must be ByoPhoneNumberArgs or a dict, not {type(row).__name__}")
        return None
    arguments: dict[str, Any] = {}
    for key, value in row.items():
        name = _PYTHON_NAMES.get(key, key)
        if value is not None:
            arguments[key if name in arguments else name] = value  # an argument given twice is for the check to find
    return arguments


def _complete(placed: Sequence[_Placed], defaults: Row | None, wrong: list[str]) -> dict[str, dict[str, Any]]:
    """Fill in the defaults and check every row.

    Args:
        placed: The rows.
        defaults: What rows may leave out.
        wrong: Gets all that is wrong.

    Returns:
        The arguments of every number, by number.
    """
    common = _arguments(defaults or {}, "defaults", wrong)
    if common is None:
        common = {"credential_id": UNKNOWN}  # nobody knows what rows could have left out
    elif placed and not any("credential_id" in arguments for arguments in (common, *(row for _, row in placed))):
        wrong.append("credential_id is required: set it in defaults, or in every row")
        common["credential_id"] = UNKNOWN  # so that the rows do not say it again
    if common.pop("number", None) is not None:
        wrong.append("defaults: number is for the rows, each has its own")
    # What is wrong with the defaults is said once, and not for every row again.
    common_problems = _problems({"credential_id": UNKNOWN} | _known(common))
    wrong += [f"defaults: {_sentence(problem)}" for problem in common_problems]
    complete: dict[str, dict[str, Any]] = {}
    places: dict[str, str] = {}
    for where, row in placed:
        answered = any(row.get(name) not in (None, "", {}) for name in _ANSWERERS)
        arguments = {name: value for name, value in common.items() if not (answered and name in _ANSWERERS)} | row
        number = row.get("number")
        known = _known(arguments)
        if not isinstance(number, str):
            wrong.append(f"{where}: number {_why_no_text(number)}")
            known["number"] = UNKNOWN
        wrong += [f"{where}: {_sentence(problem)}" for problem in _problems(known) if problem not in common_problems]
        if isinstance(number, str):
            if number in places:
                wrong.append(f"{where}: number {number!r} stands in {places[number]} already: keep one of them")
            places.setdefault(number, where)
            complete[number] = arguments
    return complete


def _problems(known: Mapping[str, Any]) -> list[Problem]:
    # Imported when first needed: a program without pools starts faster without the models.
    from .checking import check_inputs

    return check_inputs(PHONE_NUMBER, known).problems


def _why_no_text(number: Any) -> str:
    if number is None:
        return "is missing: every row has one, such as '+14155552671'"
    if isinstance(number, (Output, Awaitable)):
        return "must be known when the program runs, because it names the resource: give a text, not an output"
    return f"must be a text: put {number!r} in quotes, with its plus"


def _known(value: Any) -> Any:
    """Copy arguments for the check, which takes plain values and knows what is not known yet by a mark."""
    if isinstance(value, (Output, Awaitable)):
        return UNKNOWN
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _known(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _known(part) for key, part in value.items()}
    return [_known(part) for part in value] if isinstance(value, (list, tuple)) else value


def _sentence(problem: Problem) -> str:
    return f"{show_path(problem.path)} {problem.reason}" + (f" (it is {problem.value})" if problem.value else "")
