"""Shape the emulator's answers as the rules demand."""

from __future__ import annotations

from pulumi_vapi_byo.emulator.rules import Rules
from pulumi_vapi_byo.emulator.schema import Wire


def dressed(answer: object, rules: Rules, properties: Wire) -> object:
    """Return an answer shaped by the rules.

    Args:
        answer: An object, a list of objects, or a page of them; it is not changed.
        rules: The rules.
        properties: Schemas of the properties that the objects may have, by name.
    """
    if isinstance(answer, list):
        return [dressed(entry, rules, properties) for entry in answer]
    if not isinstance(answer, dict):
        return answer
    if "results" in answer:
        return answer | {"results": dressed(answer["results"], rules, properties)}
    result = dict(answer)
    if rules["number-reads-back"] == "otherwise" and "number" in result:
        result["number"] = f"+{result['number'].removeprefix('+')}"
    if rules["server-defaults"] == "filled in" and "server" in result:
        result["server"] = {"timeoutSeconds": 20} | result["server"]
    if rules["gateway-defaults"] == "filled in" and "gateways" in result:
        result["gateways"] = [{"port": 5060, "netmask": 32} | gateway for gateway in result["gateways"]]
    if rules["times"] == "no milliseconds":
        result |= {name: f"{result[name][:19]}Z" for name in ("createdAt", "updatedAt")}
    if rules["unset-fields"] == "null":
        result = dict.fromkeys(properties) | result
    return result
