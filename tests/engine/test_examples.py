"""``examples/assistant`` and ``examples/firewall``, unchanged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pulumi_vapi_byo.emulator import Emulator
from pulumi_vapi_byo.kinds.phone_number import SIP_HOSTS
from tests.sdks import ROOT

from .project import Project

pytestmark = pytest.mark.engine

Start = Callable[..., Project]

#: Replaces the SDK that Pulumi generates from another provider. An assistant is replaced when its name changes.
OTHER_PROVIDER = """
import uuid

from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult


class AssistantProvider(ResourceProvider):
    def diff(self, id_, old, new):
        return DiffResult(changes=old != new, replaces=["name"] if old["name"] != new["name"] else [])

    def create(self, props):
        return CreateResult(str(uuid.uuid4()), props)

    def update(self, id_, old, new):
        return UpdateResult(new)


class Assistant(Resource):
    def __init__(self, resource_name, opts=None, **props):
        super().__init__(AssistantProvider(), resource_name, props, opts)
"""


def copy(example: str, folder: Path) -> Path:
    """Copy an example to a folder in which it may be changed."""
    return Path(shutil.copytree(ROOT / "examples" / example, folder, ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture
def reception(start: Start, tmp_path: Path, vapi: Emulator) -> Project:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "pulumi_vapi.py").write_text(OTHER_PROVIDER)
    return start(
        folder=copy("assistant", tmp_path / "assistant"),
        config={
            "number": "+14155552671",
            "carrierAddress": "203.0.113.7",
            "vapi:token": "of the other provider",
            "vapi:url": vapi.base_url,
        },
        environment={"PYTHONPATH": str(packages)},
    )


def change(project: Project, old: str, new: str) -> None:
    program = project.folder / "__main__.py"
    text = program.read_text()
    assert old in text
    program.write_text(text.replace(old, new))


def test_a_number_is_answered_by_an_assistant_of_another_provider(reception: Project) -> None:
    vapi = reception.vapi
    preview = reception.preview()
    assert (preview.changes, preview.errors, vapi.requests) == ({"create": 1}, [], [])
    assert "warning" not in preview.said

    assert reception.up().errors == []
    [number], [trunk] = vapi.numbers(), vapi.credentials()
    first = number["assistantId"]
    assert f'"{first}"' in reception.state()
    assert reception.outputs == {"send_inbound_calls_to": f"+14155552671@{trunk['id']}.sip.vapi.ai"}

    change(reception, "small hotel", "large hotel")
    assert reception.up().changes == {"same": 1}

    change(reception, 'name="Receptionist"', 'name="Night porter"')
    vapi.clear_requests()
    preview = reception.preview()
    assert (preview.changes, preview.errors, vapi.requests) == ({"update": 1}, [], [])
    assert reception.up().changes == {"update": 1}
    [changed] = vapi.numbers()
    second = changed["assistantId"]
    assert second != first
    assert f'"{second}"' in reception.state()
    assert [request.body for request in vapi.requests if request.method != "GET"] == [{"assistantId": second}]
    assert changed["id"] == number["id"]

    assert reception.destroy().errors == []
    assert (vapi.numbers(), vapi.credentials()) == ([], [])


@pytest.mark.parametrize(
    ("region", "addresses", "media"),
    [
        (None, ["44.229.228.186/32", "44.238.177.138/32"], "0.0.0.0/0"),
        ("eu", ["63.182.83.170/32"], "63.182.83.170/32"),
    ],
)
def test_a_firewall_gets_the_addresses_of_the_region(
    start: Start, tmp_path: Path, region: str | None, addresses: list[str], media: str
) -> None:
    firewall = start(folder=copy("firewall", tmp_path / "firewall"), config={"vapi-byo:region": region})
    assert firewall.up().errors == []
    outputs = firewall.outputs
    assert outputs["sip_host"] == SIP_HOSTS["eu" if region == "eu" else "us"]
    assert outputs["signalling"] == addresses
    found = {(rule["protocol"], rule["from_port"], rule["to_port"]): rule["networks"] for rule in outputs["rules"]}
    assert found == {
        ("udp", 5060, 5060): addresses,
        ("tcp", 5060, 5060): addresses,
        ("tcp", 5061, 5061): addresses,
        ("udp", 40_000, 60_000): [media],
    }
    page = (firewall.folder / "README.md").read_text("utf-8")
    assert all(f"`{address.removesuffix('/32')}`" in page for address in addresses)
