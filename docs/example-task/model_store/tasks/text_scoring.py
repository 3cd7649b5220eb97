"""A text in, a number out: what a version's `config.json` holds."""

from typing import Literal

from model_store.config import TextConfig
from model_store.tokenizer import Tokenizer


class ScorerConfig(TextConfig):
    """A recurrent network whose last state becomes one number."""

    task: Literal["text-scoring"] = "text-scoring"

    def input_ids(self, text: str, tokenizer: Tokenizer) -> list[int]:
        """Return what the network reads; of a text without words the unknown token."""
        return tokenizer.encode_ids(text) or [tokenizer.unk_id or 0]

    def check_num_outputs(self, num_outputs: int) -> None:
        """Check that a golden case has one number."""
        if num_outputs != 1:
            raise ValueError(f"{num_outputs} outputs, a score is one")


CONFIG = ScorerConfig
