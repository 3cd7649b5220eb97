"""Passages of labelled texts that tell their text's label by themselves.

Much of a review says nothing of its verdict, and what does stands hundreds of tokens after the
label: a net that learns to write for a label sees too little of what the label is for. A passage
that a classifier surely labels as its text is labelled shows it within a few sentences.
"""

import re
from collections.abc import Iterator

from training.data.labelled_texts import Rows
from training.errors import DataError
from training.tasks.text_classification.served import ServedClassifier

MIN_WORDS = 40
MAX_WORDS = 120
MIN_PROB = 0.9

_BETWEEN_SENTENCES = re.compile(r"(?:\s*<br\s*/?>\s*)+|(?<=[.!?])\s+")


def telling_passages(rows: Rows, labels: tuple[str, ...], judge: ServedClassifier) -> Rows:
    """Return the passages of texts that a classifier gives their text's label at least 0.9.

    Args:
        rows: Labelled texts.
        labels: Names of their classes.
        judge: A classifier of the same labels.

    Raises:
        ValueError: The classifier has other labels.
        DataError: No passage tells its label.
    """
    if set(judge.config.labels) != set(labels):
        raise ValueError(
            f"the judge knows {', '.join(judge.config.labels)}, the data have {', '.join(labels)}"
        )
    found = [
        (passage, label)
        for text, label in zip(rows.texts, rows.labels, strict=True)
        for passage in passages(text)
    ]
    order = [judge.config.labels.index(label) for label in labels]
    probs = judge.probs([passage for passage, _ in found])[:, order]
    kept = [pair for pair, row in zip(found, probs, strict=True) if row[pair[1]] >= MIN_PROB]
    if not kept:
        raise DataError(f"of {len(found):,} passages the judge surely labels none as its text")
    texts, classes = zip(*kept, strict=True)
    return Rows(list(texts), list(classes))


def passages(text: str) -> Iterator[str]:
    """Yield a text in passages of whole sentences, of 40 to 120 words where these allow it.

    What is left at the end and is shorter is dropped; a text that is shorter is a passage.
    """
    passage: list[str] = []
    is_first = True
    for sentence in filter(None, _BETWEEN_SENTENCES.split(text.strip())):
        words = sentence.split()
        if len(passage) >= MIN_WORDS and len(passage) + len(words) > MAX_WORDS:
            yield " ".join(passage)
            passage, is_first = [], False
        passage += words
    if passage and (is_first or len(passage) >= MIN_WORDS):
        yield " ".join(passage)
