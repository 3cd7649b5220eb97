"""Writings of the same text give the same tokens, and nothing is learned but the training split."""

import time

import pytest

from training.data.vocab import TRAINERS, encode_corpus, train_tokenizer

TEXTS = [
    "I don't like it, but she's fine.",
    "A good film! It doesn't bore; you'll see (twice).",
    'They said "good" - no more...',
] * 3
PROSE = ["word", "subword"]
BY_BYTE = ["subword", "cased"]


@pytest.fixture(scope="module")
def learned():
    return {kind: train_tokenizer(kind, TEXTS, vocab_size=400) for kind in TRAINERS}


@pytest.mark.parametrize("kind", PROSE)
@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("good<br /><br />film", "good film"),
        ("good<br>film", "good film"),
        ("good\x85\x00film\x1f", "good film"),
        ("good \n\t film", "good film"),
        ("I don’t like it", "I don't like it"),
        ("I do n't like it", "I don't like it"),
        ("she 's fine , you 'll see .", "she's fine, you'll see."),
        ("GOOD Film", "good film"),
        ("`` good ''", '" good "'),
        ("“good”", '"good"'),
        ("good — no more…", "good - no more..."),
        ("  good film ", "good film"),
    ],
)
def test_writings_of_the_same_prose_give_the_same_tokens(written, plain, kind, learned):
    assert learned[kind].encode_ids(written) == learned[kind].encode_ids(plain)


@pytest.mark.parametrize("kind", PROSE)
@pytest.mark.parametrize(
    ("one", "other"), [("do not", "don't"), ("good film", "goodfilm"), ("good!", "good")]
)
def test_different_texts_stay_different(one, other, kind, learned):
    assert learned[kind].encode_ids(one) != learned[kind].encode_ids(other)


@pytest.mark.parametrize("kind", PROSE)
def test_offsets_of_cleaned_text_point_into_the_callers_own(kind, learned):
    text = "It does n’t<br />BORE"

    encoding = learned[kind].encode(text)

    pieces = [text[start:end].strip() for start, end in encoding.offsets]
    assert pieces[0] == "It"
    assert "".join(pieces[-4:]).endswith("BORE")


def test_words_keep_their_apostrophes_and_marks_stand_alone(learned):
    pieces = [learned["word"].decode([i]) for i in learned["word"].encode_ids("She's fine, OK?")]

    assert pieces[:3] == ["she's", "fine", ","]


@pytest.mark.parametrize("kind", BY_BYTE)
def test_bytes_leave_nothing_out_of_vocabulary(kind, learned):
    text = "naïve 漢字 🙂 zyzzyva"

    assert learned[kind].decode(learned[kind].encode_ids(text)).strip() == text
    assert learned[kind].unk_id is None


@pytest.mark.parametrize(
    ("written", "read_back"),
    [
        ("L'été, qu'il fît 35 °C… ?", "L'été, qu'il fît 35 °C… ?"),
        ("« Ça va ? » — Œuvre", "« Ça va ? » — Œuvre"),
        ("Cours\u202f! Il\u00a0y a\u2009", "Cours ! Il y a"),
        ("  l’été\n\tvint ", "l'été vint"),
        ("e\u0301te\u0301", "été"),
        ("12,5 % 漢字 🙂", "12,5 % 漢字 🙂"),
    ],
)
def test_cased_text_comes_back_but_for_white_space_and_apostrophes(written, read_back, learned):
    tokenizer = learned["cased"]

    assert tokenizer.decode(tokenizer.encode_ids(written)) == read_back


def test_cased_pieces_keep_an_apostrophe_with_what_it_shortened():
    tokenizer = train_tokenizer("cased", ["J'ai l'air que j'ai"] * 9, vocab_size=300)

    pieces = [tokenizer.decode([i]) for i in tokenizer.encode_ids("J'ai l'air 20")]

    assert pieces == ["J'", "ai", " l'", "air", " ", "2", "0"]


def test_characters_come_back_as_they_were(learned):
    text = "It doesn't\n  bore!"

    tokenizer = train_tokenizer("char", [*TEXTS, text], vocab_size=400)

    assert tokenizer.decode(tokenizer.encode_ids(text)) == text
    assert len(tokenizer.encode_ids(text)) == len(text)


def test_whitespace_words_are_taken_as_they_are():
    tokenizer = train_tokenizer(
        "whitespace", [" no it was n't <unk> N <eos>\n", " Black Monday <eos>"], vocab_size=50
    )

    ids = tokenizer.encode_ids("Black monday was n't <unk> <eos>")

    assert [ids[1], ids[4], ids[5]] == [tokenizer.unk_id, tokenizer.unk_id, tokenizer.eos_id]
    assert tokenizer.decode(ids) == "Black was n't"
    assert tokenizer.vocab_size == 4 + 7


@pytest.mark.parametrize("kind", ["word", "char", "whitespace"])
def test_what_the_training_split_lacks_is_unknown(kind, learned):
    tokenizer = learned[kind]

    assert tokenizer.encode_ids("Ω") == [tokenizer.unk_id]


@pytest.mark.parametrize("kind", TRAINERS)
def test_vocabulary_holds_to_its_limit_and_the_most_frequent_stay(kind):
    texts = ["e e e e e t t t t a a a o o x y z"]
    smallest = 262 if kind in BY_BYTE else 7

    tokenizer = train_tokenizer(kind, texts, vocab_size=smallest)

    assert tokenizer.vocab_size <= smallest
    if kind not in BY_BYTE:
        assert tokenizer.unk_id not in tokenizer.encode_ids("e")
        assert tokenizer.unk_id in tokenizer.encode_ids("z")


@pytest.mark.parametrize("kind", TRAINERS)
def test_special_tokens_in_a_text_are_text(kind, learned):
    ids = learned[kind].encode_ids("<eos>")

    assert learned[kind].eos_id not in ids or kind == "whitespace"


@pytest.mark.parametrize("kind", TRAINERS)
def test_training_twice_gives_the_same_file(kind, learned):
    assert train_tokenizer(kind, TEXTS, vocab_size=400).to_bytes() == learned[kind].to_bytes()


def test_corpus_is_encoded_in_chunks_as_text_by_text(learned):
    texts = [text[:size] for text in TEXTS for size in range(10)]

    encoded = encode_corpus(learned["subword"], texts, chunk=7)

    assert encoded == [learned["subword"].encode_ids(text) for text in texts]


@pytest.mark.parametrize("kind", BY_BYTE)
def test_a_long_run_without_a_space_is_learned_from_in_moments(kind):
    """A text of one word of 1 MB kept `learning the vocabulary` for many minutes."""
    started = time.monotonic()
    tokenizer = train_tokenizer(kind, ["x" * 400_000, *TEXTS], vocab_size=400)
    assert time.monotonic() - started < 10
    assert tokenizer.decode(tokenizer.encode_ids("xxx")).strip() == "xxx"
