"""The file of inputs with the answers that a network's own framework gave to them."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from model_store.document import Document, describe
from model_store.importing.refused import Refused

HOW = "Write it with the script in docs/migrate.md"


def _rows(outputs: Any) -> Any:
    """Make a row of each number: a single sigmoid may have been written flat."""
    if not isinstance(outputs, list):
        return outputs
    return [[one] if isinstance(one, float | int) else one for one in outputs]


Outputs = Annotated[list[list[float]], BeforeValidator(_rows)]


class Expected(Document):
    """What `--expected` names; none of its numbers is NaN or infinite.

    Args:
        texts: Inputs of a model that reads texts.
        inputs: Those of one that reads numbers: vectors, or rows of them.
        token_ids: What the framework was given for each text.
        outputs: Its answers: a row an input, or a number for a single sigmoid.
    """

    model_config = ConfigDict(extra="ignore")

    texts: Annotated[list[str], Field(min_length=1)] | None = None
    inputs: Annotated[list[list[float]] | list[list[list[float]]], Field(min_length=1)] | None = (
        None
    )
    token_ids: list[list[int]] | None = None
    outputs: Outputs

    @model_validator(mode="after")
    def _check(self) -> "Expected":
        if (self.texts is None) == (self.inputs is None):
            raise ValueError("it has texts or inputs, one of them")
        num = len(self.given)
        if (
            len(self.outputs) != num
            or len(self.given if self.token_ids is None else self.token_ids) != num
        ):
            ids = "" if self.token_ids is None else f", {len(self.token_ids)} token_ids"
            raise ValueError(f"{num} inputs and {len(self.outputs)} outputs{ids}")
        if len({len(row) for row in self.outputs}) > 1:
            raise ValueError("outputs are of different lengths")
        return self

    @property
    def given(self) -> list[Any]:
        """The inputs, of whichever kind."""
        return [*(self.texts or ()), *(self.inputs or ())]


def read_expected(path: Path, *, reads_texts: bool) -> Expected:
    """Read the file.

    Args:
        path: The file.
        reads_texts: Whether the network reads texts, or numbers.

    Raises:
        Refused: If it holds anything else.
        OSError: If it cannot be read.
    """
    try:
        expected = Expected.model_validate_json(path.read_bytes())
    except ValueError as exc:
        raise Refused(path.name, describe(exc).split("; ")[0], HOW) from exc
    if (expected.texts is not None) != reads_texts:
        wanted = "texts" if reads_texts else "numbers: inputs, not texts"
        raise Refused(path.name, f"the network reads {wanted}", HOW)
    return expected
