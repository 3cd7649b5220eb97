"""read_phrasebook: labelled texts from a small grammar, which must not give their label away."""

import re
from collections import Counter

import pytest

from training.data.labelled_texts import load_classification
from training.data.phrasebook import LABELS, MAX_WORDS, read_phrasebook, read_phrases
from training.data.splits import loose_key


@pytest.fixture(scope="module")
def rows():
    return read_phrasebook().train


def texts_of(rows, label):
    return [row.text.lower().replace("’", "'") for row in rows if row.label == label]


def test_same_seed_gives_the_same_texts_and_another_seed_others():
    assert read_phrasebook(count=200, seed=3) == read_phrasebook(count=200, seed=3)
    assert read_phrasebook(count=200, seed=3) != read_phrasebook(count=200, seed=4)


def test_fewer_texts_are_the_first_of_more(rows):
    assert read_phrasebook(count=100).train == rows[:100]


def test_texts_are_distinct_and_half_of_each_label(rows):
    assert len(rows) == len({loose_key(row.text) for row in rows}) == 24_000
    assert Counter(row.label for row in rows) == dict.fromkeys(LABELS, 12_000)


def test_every_slot_is_filled_and_no_mark_is_left(rows):
    assert not [row.text for row in rows if re.search(r"[{}+]|\s\s|^\s|\s$", row.text)]


def test_articles_and_verbs_agree(rows):
    wrong = re.compile(
        r"\ba [aeio]|\ban [bcdfgkp]|\bwe (was|am|has)\b|\bI (were|has)\b|\b(it|they) I\b"
    )
    assert not [row.text for row in rows if wrong.search(row.text)]


def test_most_texts_are_short_and_none_is_long(rows):
    lengths = [len(row.text.split()) for row in rows]
    assert (min(lengths), max(lengths) <= MAX_WORDS) == (1, True)
    assert sum(4 <= length <= 20 for length in lengths) > 0.8 * len(lengths)


def test_a_third_of_the_texts_of_each_label_negate_or_turn(rows):
    turned = re.compile(r"\bnot\b|n't\b|\bnever\b|\bno\b|\bbut\b|\byet\b|\bhowever\b|\balthough\b")
    for label in LABELS:
        texts = texts_of(rows, label)
        assert 0.33 < sum(bool(turned.search(text)) for text in texts) / len(texts) < 0.75


def any_of(words):
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


def neutral_words():
    """Find, in a text, the noun or aspect after "the", and the filler that it starts with."""
    phrases = read_phrases()
    nouns = {
        noun.rstrip("+").lower()
        for domain in phrases["domains"].values()
        for nouns in (domain["things"], *domain["aspects"].values())
        for noun in nouns
    }
    fillers = {
        phrase.lower()
        for group in phrases["fillers"].values()
        for found in group["neutral"].values()
        for phrase in found
        if "{" not in phrase
    }
    return re.compile(rf"\bthe ({any_of(nouns)})\b|^(?:i |we )?({any_of(fillers)})\b")


def test_what_carries_no_opinion_is_as_frequent_under_both_labels(rows):
    pattern = neutral_words()
    counts = {
        label: Counter(
            noun or filler
            for text in texts_of(rows, label)
            for noun, filler in pattern.findall(text)
        )
        for label in LABELS
    }
    totals = counts["positive"] + counts["negative"]
    shares = {word: counts["positive"][word] / totals[word] for word in totals}
    often = {word: share for word, share in shares.items() if totals[word] >= 100}
    assert len(often) > 40
    assert {word: share for word, share in often.items() if not 0.35 < share < 0.65} == {}


def test_an_adjective_is_found_under_both_labels(rows):
    """Negation, not the word, decides: the rarer label has an eighth of its uses at least."""
    counts = {
        label: Counter(
            word for text in texts_of(rows, label) for word in re.findall(r"[\w-]+", text)
        )
        for label in LABELS
    }
    for kind in read_phrases()["kinds"].values():
        for side in LABELS:
            for word in (word for word in kind[side]["adjectives"] if " " not in word):
                uses = sorted(counts[label][word] for label in LABELS)
                assert uses[0] > sum(uses) / 8, word


def test_phrasebook_has_four_hundred_phrases_balanced_over_the_labels():
    phrases = read_phrases()
    counts = {
        label: sum(
            len(found)
            for table in ("events", "verdicts")
            for group in phrases[table].values()
            for found in group[label].values()
        )
        for label in LABELS
    }
    assert sum(counts.values()) > 400
    assert abs(counts["positive"] - counts["negative"]) < 0.1 * sum(counts.values())


def test_beside_another_source_it_is_trained_on_alone(tmp_path, rows):
    path = tmp_path / "own.csv"
    own = [f"my own text {n},{LABELS[n % 2]}\n" for n in range(100)]
    path.write_text("text,label\n" + "".join(own))
    data = load_classification(["phrasebook", str(path)], test_split=0.1)
    assert data.sources["phrasebook"].texts == [row.text for row in rows]
    assert len(data.validation) == 18
    assert {name: len(test) for name, test in data.tests.items()} == {"user": 10}
    entry = data.datasets[0]
    assert (entry.name, entry.split, entry.rows) == ("phrasebook", "train", 24_000)
    assert (entry.source, entry.licence) == (
        "made by this project (training/phrasebook.toml)",
        "Apache-2.0",
    )
