"""Many to many, aligned: a text in, a label for each of its words out."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from model_store.config import RecurrentConfig, Text
from model_store.golden import GoldenCase, WordsCase
from model_store.labels import Distinct
from model_store.tokenizer import Tokenizer
from model_store.words import split_words


class TaggerConfig(RecurrentConfig):
    """A bidirectional recurrent network over words, with one over their characters below.

    Args:
        labels: Names in the order of the graph's `probs`.
        scheme: "plain" labels words one by one; with "bio" labels are `O`, `B-X` and `I-X`, and an
            `I-X` stands only after a `B-X` or `I-X`.
        word_dim: Width of a word's vector.
        character_dim: Width of a character's vector.
        character_hidden_size: Width of the character network in each direction.
        num_words: Ids of words in `vocabulary.json`.
        num_characters: Ids of characters there.
        max_word_chars: Characters of a word that are read, from both of its ends.
        max_words: Words of a text at most.
    """

    required_files: ClassVar[frozenset[str]] = frozenset({"vocabulary.json"})
    golden_case: ClassVar[type[GoldenCase]] = WordsCase

    task: Literal["token-classification"] = "token-classification"
    labels: Annotated[tuple[Text, ...], Field(min_length=2), Distinct]
    scheme: Literal["plain", "bio"] = "plain"
    word_dim: PositiveInt
    character_dim: PositiveInt
    character_hidden_size: PositiveInt
    num_words: PositiveInt
    num_characters: PositiveInt
    max_word_chars: Annotated[int, Field(ge=2)]
    max_words: PositiveInt

    def check_case(self, case: GoldenCase, tokenizer: Tokenizer | None) -> None:
        """Check that a text still has the recorded words, and a probability a word and label."""
        assert isinstance(case, WordsCase)
        words = [case.text[start:end] for start, end in split_words(case.text)]
        if case.words != words:
            raise ValueError("its text gives other words now")
        if len(case.outputs) != len(words) * len(self.labels):
            raise ValueError(
                f"{len(case.outputs)} outputs for {len(words)} words and {len(self.labels)} labels"
            )


CONFIG = TaggerConfig
