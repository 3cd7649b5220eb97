"""The few lines of TOML that say what a `state_dict` is made of.

embedding = "embedding"
recurrent = ["lstm"]
pooling = "last"
head = ["fc1", "relu", "fc2"]
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from model_store.document import Document, describe
from model_store.importing.refused import Refused

Names = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class Layout(Document):
    """What the modules of a network are called, from its input to its logits.

    Args:
        embedding: Module of the `nn.Embedding`; left out where numbers are read.
        recurrent: Modules of `nn.LSTM`, `nn.GRU` or `nn.RNN`, one above the other.
        nonlinearity: Of an `nn.RNN`.
        pooling: How states become one vector: the "last" of each direction (`h_n`), the output at
            the last step ("last_output"), the "max" or the "mean" of all outputs.
        head: What follows in order: modules of `nn.Linear`, `nn.BatchNorm1d` and `nn.LayerNorm`,
            and activations by their names, such as "relu".
        gives: What the model's own call returns, for the file of expected answers.
        padding: Where texts were filled up with `pad_id` to `--maxlen`; "none" for
            `pack_padded_sequence`, and for texts read one at a time.
        pad_id: The token that they were filled up with.
        epsilon: Of its `nn.BatchNorm1d` and `nn.LayerNorm`.
        state_dict: Key of the state_dict in a checkpoint.
        ignore: Modules that have weights and no part in the answer.
        batch_first: May be said; weights do not depend on it.
    """

    embedding: str | None = None
    recurrent: Names
    nonlinearity: Literal["tanh", "relu"] = "tanh"
    pooling: Literal["last", "last_output", "max", "mean"] = "last"
    head: Names
    gives: Literal["logits", "probabilities", "log_probabilities"] = "logits"
    padding: Literal["none", "pre", "post"] = "none"
    pad_id: Annotated[int, Field(ge=0)] = 0
    epsilon: Annotated[float, Field(gt=0)] = 1e-5
    state_dict: str | None = None
    ignore: list[str] = []
    batch_first: bool = True


def read_layout(path: Path) -> Layout:
    """Read the file.

    Raises:
        Refused: If it is no TOML, or says something else.
        OSError: If it cannot be read.
    """
    try:
        return Layout.model_validate(tomllib.loads(path.read_text("utf-8-sig")))
    except ValueError as exc:
        raise Refused(
            path.name,
            describe(exc),
            "docs/migrate.md lists what it may say: embedding, recurrent, pooling, head and more",
        ) from exc
