"""What Vapi has: a module for each kind of resource, their models, and the field types."""

from __future__ import annotations

from typing import Final

from .kind import Kind
from .phone_number import PHONE_NUMBER
from .sip_trunk import SIP_TRUNK_CREDENTIAL

#: Every kind of resource.
KINDS: Final[tuple[Kind, ...]] = (PHONE_NUMBER, SIP_TRUNK_CREDENTIAL)
