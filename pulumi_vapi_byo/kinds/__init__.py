"""What Vapi has: one module for each kind of resource, the models of all, and their field types."""

from __future__ import annotations

from typing import Final

from .kind import Kind
from .phone_number import PHONE_NUMBER
from .sip_trunk import SIP_TRUNK_CREDENTIAL

#: Every kind of resource that there is.
KINDS: Final[tuple[Kind, ...]] = (PHONE_NUMBER, SIP_TRUNK_CREDENTIAL)
