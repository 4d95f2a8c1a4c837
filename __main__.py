"""Declare every phone number of the stack's configuration at Vapi. ``Pulumi.yaml`` says what can be configured."""

from collections.abc import Iterator

import pulumi

import pulumi_vapi_byo as vapi

FIELDS = {"number", "name", "credentialId", "assistantId", "squadId", "workflowId"}
ANSWERERS = ("assistantId", "squadId", "workflowId")

config = pulumi.Config()


def resource_name(number: str) -> str:
    """Name the resource after the digits, so that the order and the names of the entries can change freely."""
    return "number-" + "".join(character for character in number if character.isdigit())


def read_rows() -> Iterator[dict[str, str]]:
    """Read the configured numbers.

    Yields:
        The entries, every field in them known and a text, no number twice.

    Raises:
        pulumi.RunError: What is wrong with the first bad one and how to mend it.
    """
    seen = set()
    for position, row in enumerate(config.require_object("numbers")):
        where = f"numbers[{position}]"
        if unknown := sorted(row.keys() - FIELDS):
            raise pulumi.RunError(f"{where} has {unknown[0]!r}, which is none of {', '.join(sorted(FIELDS))}")
        if not row.get("number"):
            raise pulumi.RunError(f"{where} has no number: give one like '+442079460018'")
        for field, value in row.items():
            if not isinstance(value, str):
                # YAML, and `pulumi config set --path`, read an unquoted +442079460018 as an integer without its plus.
                raise pulumi.RunError(
                    f"{where}.{field} is {value!r}, not a text: put it in quotes in the stack's file, "
                    f"or use: pulumi config set --path '{where}.{field}' --type string ..."
                )
        if resource_name(row["number"]) in seen:
            raise pulumi.RunError(f"{where} is {row['number']!r}, which is in the list already: keep one of them")
        seen.add(resource_name(row["number"]))
        yield row


numbers: dict[str, vapi.ByoPhoneNumber] = {}
for row in list(read_rows()):  # all of them are checked before the first one is declared
    answered = any(row.get(field) for field in ANSWERERS)
    numbers[row["number"]] = vapi.ByoPhoneNumber(
        resource_name(row["number"]),
        credential_id=row.get("credentialId") or config.require("credentialId"),
        number=row["number"],
        name=row.get("name"),
        assistant_id=row.get("assistantId") if answered else config.get("assistantId"),
        squad_id=row.get("squadId"),
        workflow_id=row.get("workflowId"),
    )

# Both by number: Vapi's ids, and the addresses that the carrier must send the calls to. Other stacks read them through
# a StackReference, see examples/stack-reference.
pulumi.export("ids", {number: resource.id for number, resource in numbers.items()})
pulumi.export("sip_uris", {number: resource.sip_uri for number, resource in numbers.items()})
