"""What a program says and what the API answers, as pydantic models; pure.

Every field is defined here, and only here. From it `make generate` writes the typed arguments, the resources' overloads and
properties, the tables of `wire` and, through their docstrings, the tables of the docs. Descriptions are written for users.

Limits and required fields come from Vapi's OpenAPI documents, today's and that of 2024; the rules for ``number`` come from the
given document.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    TypeAdapter,
    create_model,
)
from pydantic_core import CoreSchema, core_schema

from pulumi_vapi_byo.wire import UNKNOWN, to_camel

from .field_types import (
    LOCAL,
    NOT_CLEARABLE,
    ONE_LINE,
    Block,
    Bool,
    Default,
    HasNumber,
    Known,
    PhoneText,
    SecretText,
    ServerUrl,
    Text,
    Text40,
)

#: Held while a model is built, because pydantic's builds are not thread-safe.
_BUILDING: Final = threading.Lock()


def built(name: str) -> Any:
    """Return a model of this module, built and safe for several threads.

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
    """Marks a field whose value is validated by a type of `objects`.

    That module and its schemas cost as much as everything else in a check, and few numbers need them. So both are loaded when
    such a value first appears.

    Attributes:
        name: Name of the type.
    """

    name: str

    @functools.cached_property
    def type(self) -> Any:
        """The type itself."""
        from . import objects

        return getattr(objects, self.name)

    @functools.cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        with _BUILDING:
            return TypeAdapter(self.type)

    def _validate(self, value: Any, info: core_schema.ValidationInfo) -> Any:
        if value is None or value is UNKNOWN:
            return value
        return self._adapter.validate_python(value, context=info.context)

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        # A failure inside has its own path, which pydantic appends to the field's.
        return core_schema.with_info_plain_validator_function(self._validate)


#: What an answer must have in the place of nested values.
Object = dict[str, Any]
Objects = list[dict[str, Any]]

AdditionalProperties = Annotated[
    Known[dict[str, Any]] | None,
    NOT_CLEARABLE,
    Field(
        description="Vapi fields that have no argument here, by their camelCase names. Needs ``vapi-byo:onUnknown send``. "
        "Shown in clear in states and previews unless a value is a secret."
    ),
]

DeletionProtection = Annotated[
    Bool | None,
    LOCAL,
    Default(False),
    Field(
        description="Whether a delete is refused; default False. It exists only in this package: changing it sends nothing, "
        "and the dashboard does not show it."
    ),
]


class ByoPhoneNumberInputs(HasNumber):
    """A phone number of your own SIP trunk or carrier, at Vapi.

    Every change is made in place, so the id stays; a forced replacement deletes the old number first.
    """

    # In the order of messages.
    credential_id: Text = Field(
        description="Id of the ``byo-sip-trunk`` credential, your SIP trunk or carrier, that carries the calls."
    )
    number: Annotated[PhoneText | None, NOT_CLEARABLE] = Field(
        None,
        description="The number. In E.164 (``+14155552671``) unless `number_e164_check_enabled` is False; then letters and "
        "digits with at most one leading plus. 3 to 40 characters.",
    )
    name: Text40 | None = Field(None, description="Your own name for the number, at most 40 characters.")
    assistant_id: Text | None = Field(None, description="Id of the assistant that takes inbound calls.")
    squad_id: Text | None = Field(None, description="Id of the squad that takes inbound calls.")
    workflow_id: Text | None = Field(
        None,
        description="Id of a workflow. Vapi retired workflows in August 2026, so it answers no calls: use `assistant_id` or "
        "`squad_id`.",
    )
    server_url: Annotated[ServerUrl | None, NOT_CLEARABLE] = Field(
        None,
        description="Address that Vapi asks for an assistant if none is set. An older spelling of `server`; the two exclude "
        "each other.",
    )
    server_url_secret: Annotated[SecretText | None, NOT_CLEARABLE] = Field(
        None, description="Sent to `server_url` as header ``x-vapi-secret``. Always kept as a secret."
    )
    server: Annotated[Object | None, Nested("Server")] = Field(
        None,
        description="Address that Vapi asks for an assistant if none is set, with headers, time-out and retries. "
        "``{}`` clears both spellings.",
    )
    hooks: Annotated[Objects | None, Nested("Hooks")] = Field(
        None,
        description="What happens when a call rings or could not be given to an assistant. A list of objects as in Vapi's "
        'reference, such as ``{"on": "call.ringing", "do": [{"type": "say", "exact": "Hello"}]}``.',
    )
    fallback_destination: Annotated[Object | None, Nested("Destination")] = Field(
        None, description="Where calls go when neither assistant nor squad is set and the server does not answer."
    )
    additional_properties: AdditionalProperties = None
    deletion_protection: DeletionProtection = None


class ByoSipTrunkCredentialInputs(Block):
    """A SIP trunk of your own, or your carrier's, at Vapi; its id is the `credential_id` of numbers.

    Every change is made in place, so the id stays, and numbers keep their trunk. A number that takes its `credential_id` from
    the trunk is deleted before the trunk.
    """

    # In the order of messages.
    gateways: Annotated[Objects, Nested("Gateways")] = Field(description="The carrier's gateways, at least one.")
    name: Text40 | None = Field(None, description="Your own name for the trunk, at most 40 characters.")
    outbound_authentication_plan: Annotated[Object | None, Nested("SipTrunkOutboundAuthenticationPlan")] = Field(
        None, description="How Vapi authenticates to the carrier."
    )
    outbound_leading_plus_enabled: Bool | None = Field(None, description="Whether outbound numbers keep their leading plus.")
    tech_prefix: Known[Annotated[StrictStr, Field(min_length=1, max_length=10000), ONE_LINE]] | None = Field(
        None, description="Prefix for outbound numbers, which some carriers require."
    )
    sip_diversion_header: Known[Annotated[StrictStr, Field(min_length=1, max_length=10000), ONE_LINE]] | None = Field(
        None, description="Value of the Diversion header of outbound calls."
    )
    additional_properties: AdditionalProperties = None
    deletion_protection: DeletionProtection = None


# ---------------------------------------------------------------------------------------------------------- the API's answers

Filled = Annotated[StrictStr, Field(min_length=1)]


class Answer(BaseModel):
    """What the API holds; fields that this version does not know are kept apart.

    Only the shape of an answer is checked: if the API changes its limits, numbers must stay readable.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="allow", hide_input_in_errors=True, defer_build=True
    )

    id: Filled = Field(description="Vapi's id.")
    org_id: Filled = Field(description="Id of the organisation.")
    created_at: StrictStr = Field(description="When it was created, ISO 8601 in UTC.")
    updated_at: StrictStr = Field(description="When it was last changed, ISO 8601 in UTC.")
    name: StrictStr | None = None

    def wire(self) -> dict[str, Any]:
        """Return the known fields that are set, by wire name."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude=set(self.model_extra or ()))

    def unknown(self) -> dict[str, Any]:
        """Return the fields that are set but that this version does not know, by wire name."""
        return {name: value for name, value in (self.model_extra or {}).items() if value is not None and name != "provider"}


#: Type that an answer must have, by the type of the input.
_SHAPES: Final[dict[Any, Any]] = {str: StrictStr, bool: StrictBool, int: StrictInt | StrictFloat}


def _shape(annotation: Any) -> Any:
    while get_args(annotation) and get_origin(annotation) not in (dict, list, Literal):
        annotation = get_args(annotation)[0]
    return StrictStr if get_origin(annotation) is Literal else _SHAPES.get(annotation, annotation)


A = TypeVar("A", bound=Answer)


def _holding(inputs: type[Block]) -> Callable[[type[A]], type[A]]:
    """Add the fields of the inputs to an answer: only their shape is checked, and they are required if the inputs' are."""

    def with_inputs(answer: type[A]) -> type[A]:
        fields: dict[str, Any] = {}
        for name, field in inputs.model_fields.items():
            if name not in answer.model_fields and name != "additional_properties" and LOCAL not in field.metadata:
                shape = _shape(field.annotation)
                fields[name] = (shape, ...) if field.is_required() else (shape | None, None)
        derived: type[A] = create_model(answer.__name__, __base__=answer, __module__=__name__, **fields)
        derived.__doc__ = answer.__doc__
        return derived

    return with_inputs


@_holding(ByoPhoneNumberInputs)
class ByoPhoneNumberAnswer(Answer):
    """A number as the API holds it."""

    credential_id: Filled | None = Field(None, description="None if the credential was deleted.")
    status: StrictStr | None = Field(
        None, description="``active``, ``activating`` or ``blocked``; changes by itself and is never a difference."
    )


@_holding(ByoSipTrunkCredentialInputs)
class ByoSipTrunkCredentialAnswer(Answer):
    """A trunk as the API holds it; the password of its authentication is never in it."""


# --------------------------------------------------------------------------------------------- what the package computes


class ByoPhoneNumberComputed(BaseModel):
    """What follows from a number and the region, see `Kind.compute`."""

    model_config = ConfigDict(defer_build=True)

    sip_uri: StrictStr | None = Field(
        None,
        description="Where the carrier must send inbound calls. ``{number}@{credential_id}.sip.vapi.ai``, in region eu "
        "``.sip.eu.vapi.ai``; None without a number.",
    )
