"""How many of a generator's texts are new: not copies of what it was trained on."""

from collections.abc import Iterable, Sequence

from training.served import ServedGenerator

ROWS_AT_ONCE = 100


def draw_documents(
    served: ServedGenerator, prompts: Sequence[str], *, count: int, seed: int = 0
) -> list[str]:
    """Draw whole documents with the model's default sampling, the prompts in turn.

    Args:
        served: The generator.
        prompts: Those that it was trained with; empty for none.
        count: Documents.
        seed: Of the draws.

    Returns:
        The documents as they stand in the training data, prompt and suffix included.
    """
    asked = [prompts[place % len(prompts)] if prompts else "" for place in range(count)]
    documents = []
    for start in range(0, count, ROWS_AT_ONCE):
        some = asked[start : start + ROWS_AT_ONCE]
        texts = served.sample(some, seed=seed + start)
        documents += [
            served.config.wrap(prompt) + text for prompt, text in zip(some, texts, strict=True)
        ]
    return documents


def novelty(documents: Sequence[str], trained_on: Iterable[str]) -> dict[str, float]:
    """Return the share of documents that no training text equals, and of distinct ones."""
    known = {text.strip() for text in trained_on}
    drawn = [document.strip() for document in documents]
    return {
        "new_share": sum(document not in known for document in drawn) / len(drawn),
        "distinct_share": len(set(drawn)) / len(drawn),
    }
