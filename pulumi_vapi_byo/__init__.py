"""Declare your own (BYO) Vapi phone numbers in a Python Pulumi program.

Usage: ``import pulumi_vapi_byo as vapi``, then ``vapi.ByoPhoneNumber("support", credential_id=..., number="+14155552671")``.
"""

from ._version import __version__
from .dynamic._arguments import (
    BackoffPlanArgs,
    ByoPhoneNumberArgs,
    ByoSipTrunkCredentialArgs,
    ServerArgs,
    SipTrunkGatewayArgs,
    SipTrunkOutboundAuthenticationPlanArgs,
    TransferDestinationNumberArgs,
    TransferDestinationSipArgs,
    TransferPlanArgs,
)
from .dynamic._found import FoundPhoneNumber
from .dynamic._resources import BYO_PHONE_NUMBER_TYPE, BYO_SIP_TRUNK_CREDENTIAL_TYPE, ByoPhoneNumber, ByoSipTrunkCredential
from .dynamic.lookup import get_phone_numbers, get_phone_numbers_output
from .dynamic.pool import BYO_PHONE_NUMBER_POOL_TYPE, ByoPhoneNumberPool
from .dynamic.provider_resource import Provider

__all__ = [
    "BYO_PHONE_NUMBER_POOL_TYPE",
    "BYO_PHONE_NUMBER_TYPE",
    "BYO_SIP_TRUNK_CREDENTIAL_TYPE",
    "BackoffPlanArgs",
    "ByoPhoneNumber",
    "ByoPhoneNumberArgs",
    "ByoPhoneNumberPool",
    "ByoSipTrunkCredential",
    "ByoSipTrunkCredentialArgs",
    "FoundPhoneNumber",
    "Provider",
    "ServerArgs",
    "SipTrunkGatewayArgs",
    "SipTrunkOutboundAuthenticationPlanArgs",
    "TransferDestinationNumberArgs",
    "TransferDestinationSipArgs",
    "TransferPlanArgs",
    "__version__",
    "get_phone_numbers",
    "get_phone_numbers_output",
]
