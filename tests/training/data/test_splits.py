"""Splits: shares, and that no text is ever on both sides."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.labelled_rows import Example, Labelled
from training.data.splits import (
    conflicting_labels,
    distinct,
    exact_key,
    hold_out,
    loose_key,
    shares_run,
    split_sources,
)


def make_examples(count, *, labels=("a", "b"), text="text {}"):
    return [Example(text.format(n), labels[n % len(labels)]) for n in range(count)]


def keys(examples, key=exact_key):
    return {key(example.text) for example in examples}


texts = st.lists(
    st.builds(
        Example, st.sampled_from(["a", "b", " b", "c  d", "c d", "e"]), st.sampled_from("xyz")
    ),
    min_size=1,
)


@given(texts, st.floats(0.01, 0.99), st.integers(0, 9))
def test_held_out_texts_are_never_kept(examples, share, seed):
    kept, held = hold_out(examples, share, seed=seed, key=exact_key)
    assert not keys(kept) & keys(held)
    assert Counter(kept) + Counter(held) == Counter(examples)


def test_every_class_gives_its_share():
    examples = make_examples(900, labels=("a", "a", "b"))
    _, held = hold_out(examples, 0.2, seed=0, key=exact_key)
    assert Counter(example.label for example in held) == {"a": 120, "b": 60}


def test_split_depends_on_the_seed_alone():
    examples = make_examples(100)
    first, second, other = (hold_out(examples, 0.2, seed=n, key=exact_key) for n in (1, 1, 2))
    assert first == second
    assert first != other


@pytest.mark.parametrize(
    ("one", "other", "is_loose"),
    [
        ("a  b\n", "a b", False),
        ("it 's well-made .", "it's well made", True),
        ("É!", "é", True),
    ],
)
def test_copies_are_found(one, other, is_loose):
    assert (exact_key(one) == exact_key(other)) is not is_loose
    assert loose_key(one) == loose_key(other)


def test_texts_without_letters_stay_apart():
    assert loose_key(":)") != loose_key(":(")


def test_distinct_keeps_the_first_of_each_text_and_label():
    examples = [Example("a", "x", "1"), Example("b", "x", "2"), Example("a ", "x", "3"),
                Example("a", "y", "4")]  # fmt: skip
    assert [example.place for example in distinct(examples, key=exact_key)] == ["1", "2", "4"]


def test_part_of_a_held_out_sentence_is_found_in_either_direction():
    held = Example("It's a well-made , funny and tender film .", "a")
    is_related = shares_run([held])
    assert is_related(Example("a well made, funny and tender", "a"))
    assert is_related(Example("he said it's a well-made funny and tender thing", "a"))
    assert not is_related(Example("well-made , funny and", "a"))


def test_published_splits_are_kept_and_training_rows_in_them_dropped():
    part = Labelled(
        name="set",
        train=[*make_examples(10), Example("dev", "a"), Example("test ", "b")],
        validation=[Example("dev", "a"), Example("test", "b"), Example("own", "b")],
        test=[Example("test", "b")],
    )
    (split,) = split_sources([part], validation_split=0.5, test_split=0.5, seed=0, key=exact_key)
    assert split.train == make_examples(10)
    assert split.validation == [Example("dev", "a"), Example("own", "b")]
    assert split.test == part.test
    assert sum(split.dropped.values()) == 3
    assert split.rows_read == part.rows_read


def test_texts_held_out_of_one_source_are_not_trained_on_in_another():
    parts = [
        Labelled(name=name, train=make_examples(50), test_share=0.2) for name in ("one", "two")
    ]
    split = split_sources(parts, validation_split=0.2, test_split=0.0, seed=3, key=exact_key)
    held = keys(example for part in split for example in part.held_out)
    assert not held & keys(example for part in split for example in part.train)
    assert not keys(split[0].validation) & keys(split[1].test)


def split_all(parts, seed=0, test_split=0.0):
    return split_sources(
        parts, validation_split=0.2, test_split=test_split, seed=seed, key=loose_key
    )


def test_sister_sets_share_no_run_of_words_with_held_out_rows():
    sentence = "a film number {} that is as good as they come"
    sentences = Labelled(
        name="sentences", train=make_examples(30, text=sentence), test_share=0.2, family="films"
    )
    parts = [Example(row.text.removesuffix("they come"), row.label) for row in sentences.train]
    phrases = Labelled(name="phrases", train=parts, validation=[], test=[], family="films")
    stranger = Labelled(name="stranger", train=parts, validation=[], test=[])
    split = split_all([sentences, phrases, stranger])
    assert split[1].train == [row for row in parts if not shares_run(split[0].held_out)(row)]
    assert split[2].train == parts


def test_test_split_of_a_named_set_is_the_same_for_every_seed():
    def tested(seed, **fields):
        part = Labelled(name="set", train=make_examples(50), **fields)
        return split_all([part], seed=seed, test_split=0.2)[0].test

    assert tested(1) == tested(2)
    assert tested(1, is_named=False) != tested(2, is_named=False)


def test_conflicting_labels_are_told_with_their_places():
    examples = [Example("ok", "a", "line 2"), Example("fine", "a"), Example("ok ", "b", "line 9")]
    assert conflicting_labels(examples, key=exact_key) == ["'ok': a (line 2), b (line 9)"]
