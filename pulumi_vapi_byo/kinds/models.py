"""The inputs of a program and the answers of the API, as pydantic models; pure.

Limits and required fields are those of Vapi's OpenAPI documents, today's and the one of 2024; the rules of ``number`` are those
of the given document. What the API may fill in by itself (its defaults) is in `wire.API_DEFAULTS`.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, StrictBool, StrictStr, TypeAdapter
from pydantic_core import CoreSchema, core_schema

from pulumi_vapi_byo.wire import UNKNOWN, to_camel

from .field_types import ONE_LINE, Block, Bool, HasNumber, Known, PhoneText, ServerUrl, Text, Text40

#: Held while a model is made ready, which pydantic does not do safely for several threads.
_BUILDING: Final = threading.Lock()


def built(name: str) -> Any:
    """Return a model of this module, ready for several threads.

    Args:
        name: Name of its class.
    """
    model: type[BaseModel] = globals()[name]
    with _BUILDING:
        model.model_rebuild()
    return model


# ------------------------------------------------------------------------------------------------------------ the inputs


@dataclass(frozen=True)
class Nested:
    """Marks a field whose value is validated by a type of `blocks`.

    That module and its schemas cost as much as everything else in a check, and few numbers need them: so both are made when a
    value is first given.

    Attributes:
        name: Name of the type.
    """

    name: str

    @functools.cached_property
    def type(self) -> Any:
        """The type itself."""
        from . import objects as blocks

        return getattr(blocks, self.name)

    @functools.cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        with _BUILDING:
            return TypeAdapter(self.type)

    def _validate(self, value: Any, info: core_schema.ValidationInfo) -> Any:
        if value is None or value is UNKNOWN:
            return value
        return self._adapter.validate_python(value, context=info.context)

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        # A failure inside carries its own path, which pydantic puts behind the field's.
        return core_schema.with_info_plain_validator_function(self._validate)


class ByoPhoneNumberInputs(HasNumber):
    """Everything a program can say about a number; the order is that of messages."""

    credential_id: Text
    number: PhoneText | None = None
    name: Text40 | None = None
    assistant_id: Text | None = None
    squad_id: Text | None = None
    workflow_id: Text | None = None
    server_url: ServerUrl | None = None
    server_url_secret: Text | None = None
    server: Annotated[Any, Nested("Server")] = None
    hooks: Annotated[Any, Nested("Hooks")] = None
    fallback_destination: Annotated[Any, Nested("Destination")] = None
    additional_properties: Known[dict[str, Any]] | None = None
    deletion_protection: Bool | None = None


class ByoSipTrunkCredentialInputs(Block):
    """Everything a program can say about a trunk; the order is that of messages."""

    gateways: Annotated[Any, Nested("Gateways")]
    name: Text40 | None = None
    outbound_authentication_plan: Annotated[Any, Nested("SipTrunkOutboundAuthenticationPlan")] = None
    outbound_leading_plus_enabled: Bool | None = None
    tech_prefix: Known[Annotated[StrictStr, Field(min_length=1, max_length=10000), ONE_LINE]] | None = None
    sip_diversion_header: Known[Annotated[StrictStr, Field(min_length=1, max_length=10000), ONE_LINE]] | None = None
    additional_properties: Known[dict[str, Any]] | None = None
    deletion_protection: Bool | None = None


# ---------------------------------------------------------------------------------------------------------- the API's answers


class Answer(BaseModel):
    """What the API holds; fields that this version does not know are kept apart.

    An answer is trusted for its shape only: limits that the API changed must not make a number unreadable.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="allow", hide_input_in_errors=True, defer_build=True
    )

    id: Annotated[StrictStr, Field(min_length=1)]
    org_id: Annotated[StrictStr, Field(min_length=1)]
    created_at: StrictStr
    updated_at: StrictStr
    name: StrictStr | None = None

    def wire(self) -> dict[str, Any]:
        """Return the fields that are set and known, by their wire names."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude=set(self.model_extra or ()))

    def unknown(self) -> dict[str, Any]:
        """Return the fields that are set and that this version does not know, by their wire names."""
        return {name: value for name, value in (self.model_extra or {}).items() if value is not None and name != "provider"}


class PhoneNumber(Answer):
    """A number as the API holds it."""

    #: None where its trunk was deleted.
    credential_id: Annotated[StrictStr, Field(min_length=1)] | None = None
    status: StrictStr | None = None
    number_e164_check_enabled: StrictBool | None = None
    number: StrictStr | None = None
    assistant_id: StrictStr | None = None
    squad_id: StrictStr | None = None
    workflow_id: StrictStr | None = None
    server_url: StrictStr | None = None
    server_url_secret: StrictStr | None = None
    server: dict[str, Any] | None = None
    hooks: list[dict[str, Any]] | None = None
    fallback_destination: dict[str, Any] | None = None


class SipTrunkCredential(Answer):
    """A trunk as the API holds it; the password of its authentication is never in it."""

    gateways: list[dict[str, Any]]
    outbound_authentication_plan: dict[str, Any] | None = None
    outbound_leading_plus_enabled: StrictBool | None = None
    tech_prefix: StrictStr | None = None
    sip_diversion_header: StrictStr | None = None
