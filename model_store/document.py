"""The strict base of every JSON document in the store, and how its mistakes are told.

Knows no particular document: those are in `config`, `manifest`, `golden` and `serving`.
"""

from pydantic import BaseModel, ConfigDict, ValidationError


class Document(BaseModel):
    """A frozen JSON object: no unknown fields, no silent conversions, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def to_bytes(self) -> bytes:
        """Return the document as indented UTF-8 JSON with a newline at the end."""
        return self.model_dump_json(indent=2).encode() + b"\n"


def describe(exc: ValueError) -> str:
    """Say in one line what is wrong with a document, e.g. `labels: Field required`."""
    if not isinstance(exc, ValidationError):
        return str(exc)
    return "; ".join(
        f"{'.'.join(map(str, error['loc'])) or 'document'}: {error['msg']}"
        for error in exc.errors(include_url=False, include_input=False)
    )
