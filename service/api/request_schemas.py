"""Wire models of what the service's own routes take; `response_schemas` has what they answer.

Requests are checked strictly: no unknown fields, no "5" for 5, no NaN. Limits that an operator may
set are checked in the endpoints; here they are only named, for the documentation.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from service.api.whole_numbers import Whole

MAX_STOP = 32
MAX_STOP_CHARS = 256
MAX_SEED = 2**63 - 1
MAX_STATE_CHARS = 4 * 1024 * 1024

NO_NUL = r"^[^\x00]*$"
NOT_BLANK = r"^[^\x00]*[^\x00\s][^\x00]*$"

ModelName = Annotated[str, Field(min_length=1, max_length=160)]
StopText = Annotated[str, Field(min_length=1, max_length=MAX_STOP_CHARS)]
StopTexts = Annotated[list[StopText], Field(max_length=MAX_STOP, fail_fast=True)]


def documented(**keywords: Any) -> Any:
    """Name JSON schema keywords of a field that an endpoint checks, not the model.

    They are put in place where the schema is shown; those in `limits` map a keyword to the
    setting that has its value.
    """
    return Field(json_schema_extra={"documented": keywords})


Text = Annotated[str, documented(pattern=NOT_BLANK, limits={"maxLength": "max_text_chars"})]
Texts = Annotated[
    list[Text], Field(fail_fast=True), documented(minItems=1, limits={"maxItems": "max_texts"})
]
Vector = list[float]
Rows = list[Vector]
Numbers = Annotated[
    list[Vector | Rows],
    Field(fail_fast=True),
    documented(minItems=1, limits={"maxItems": "max_texts"}),
]
Prompt = Annotated[str, documented(pattern=NO_NUL, limits={"maxLength": "max_text_chars"})]
TokenIds = Annotated[list[Annotated[int, Whole(0, 2**31 - 1)]], Field(fail_fast=True)]
SealedState = Annotated[str, Field(min_length=1, max_length=MAX_STATE_CHARS)]
SealedStates = Annotated[
    list[SealedState | None],
    Field(min_length=1, fail_fast=True),
    documented(limits={"maxItems": "max_texts"}),
]
MinTokens = Annotated[int, Whole(0), documented(limits={"maximum": "max_tokens"})]
MaxTokens = Annotated[int, Whole(0), documented(limits={"maximum": "max_tokens"})]


class Ask(BaseModel):
    """Base of all requests to the service's own routes."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        protected_namespaces=(),
    )
