"""How many of a generator's texts are new, and how many are what was asked for."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from training.tasks.text_generation.served import ServedGenerator

ROWS_AT_ONCE = 100


class Drawn(NamedTuple):
    """A text that was drawn, and the prompt that asked for it.

    `document` is both as they stand in the training data.
    """

    prompt: str
    text: str
    document: str


def draw_documents(
    served: ServedGenerator, prompts: Sequence[str], *, count: int, seed: int = 0
) -> list[Drawn]:
    """Draw whole documents with the model's default sampling, the prompts in turn.

    Args:
        served: The generator.
        prompts: Those that it was trained with; empty for none.
        count: Documents.
        seed: Of the draws.
    """
    asked = [prompts[place % len(prompts)] if prompts else "" for place in range(count)]
    drawn = []
    for start in range(0, count, ROWS_AT_ONCE):
        some = asked[start : start + ROWS_AT_ONCE]
        texts = served.sample(some, seed=seed + start)
        drawn += [
            Drawn(prompt, text, served.config.wrap(prompt) + text)
            for prompt, text in zip(some, texts, strict=True)
        ]
    return drawn


def novelty(drawn: Sequence[Drawn], trained_on: Iterable[str]) -> dict[str, float]:
    """Return the share of documents that no training text equals, and of distinct ones."""
    known = {text.strip() for text in trained_on}
    documents = [each.document.strip() for each in drawn]
    return {
        "new_share": sum(document not in known for document in documents) / len(documents),
        "distinct_share": len(set(documents)) / len(documents),
    }


class Judge(NamedTuple):
    """What labels drawn texts: its labels, and probabilities (num_texts, num_classes) of texts."""

    labels: Sequence[str]
    probs: Callable[[Sequence[str]], np.ndarray]


def agreement(drawn: Sequence[Drawn], judge: Judge) -> dict[str, float]:
    """Return the share of texts that a judge labels with the prompt that asked for them.

    Raises:
        ValueError: A prompt is none of its labels.
    """
    labels = judge.labels
    if strange := {each.prompt for each in drawn} - set(labels):
        raise ValueError(f"the judge knows {', '.join(labels)}, not {', '.join(sorted(strange))}")
    answers = judge.probs([each.text for each in drawn]).argmax(axis=1)
    as_asked = [labels[answer] == each.prompt for answer, each in zip(answers, drawn, strict=True)]
    return {"as_asked_share": sum(as_asked) / len(as_asked)}
