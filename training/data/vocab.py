"""Tokenizers, learned from the training split.

All cleaning happens in the tokenizer's own normalizer, so that training and service cannot
differ. Prose (kinds "word" and "subword") loses HTML line breaks and control characters, case,
typographic quotes and dashes, and the spaces that treebank-style corpora put before punctuation
and "n't". Kinds "char" and "whitespace" take the text as it is; "cased" takes it so but for white
space and apostrophes, for texts that are written as well as read.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import tokenizers
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, trainers

from model_store import Tokenizer

Kind = Literal["word", "subword", "cased", "char", "whitespace"]

LONG_RUN = re.compile(r"\S{1000}")
"""What byte pairs are learned from is cut here: the time for a run grows with its square."""

PAD, UNK, BOS, EOS = "<pad>", "<unk>", "<bos>", "<eos>"

WORD = r"\w+(?:'\w+)*|[^\w\s]"

# An apostrophe stays with what it shortened: "l'", "qu'", "don'"; digits are read one by one.
PIECE = r" ?[\p{L}\p{M}]+'?| ?\p{N}| ?[^\s\p{L}\p{M}\p{N}]+|\s+"


def _prose_normalizer() -> normalizers.Normalizer:
    steps = [
        normalizers.Replace(Regex(r"(?:<br\s*/?>|[\s\x00-\x1f\x7f-\x9f])+"), " "),
        normalizers.Replace(Regex("``|''|[“”]"), '"'),
        normalizers.Replace(Regex("[‘’´]"), "'"),
        normalizers.Replace(Regex("[–—]"), "-"),
        normalizers.Replace("…", "..."),
        normalizers.Replace(Regex(r" (?=n't\b|'(?:s|re|ve|ll|d|m)\b|[.,!?;:)])"), ""),
        normalizers.Lowercase(),
        normalizers.Strip(),
    ]
    return normalizers.Sequence(steps)


def train_word(texts: Iterable[str], *, vocab_size: int) -> Tokenizer:
    """Learn the `vocab_size` most frequent words and marks; the rest become "<unk>"."""
    tokenizer = tokenizers.Tokenizer(models.WordLevel(unk_token=UNK))
    tokenizer.normalizer = _prose_normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORD), "removed", invert=True)
    return _trained(tokenizer, _word_level(vocab_size), texts)


def train_whitespace(texts: Iterable[str], *, vocab_size: int) -> Tokenizer:
    """Learn the `vocab_size` most frequent pieces between white space, as they are.

    For corpora that were tokenized by their publisher, such as the Penn Treebank: "<unk>" and
    "<eos>" in the text are the unknown word and the end.
    """
    counts = Counter(word for text in texts for word in text.split())
    special = [PAD, UNK, BOS, EOS]  # a publisher may have written some of them into the text
    ordinary = sorted(counts.keys() - set(special), key=lambda word: (-counts[word], word))
    pieces = [*special, *ordinary[: vocab_size - len(special)]]
    vocab = {piece: token_id for token_id, piece in enumerate(pieces)}
    tokenizer = tokenizers.Tokenizer(models.WordLevel(vocab, unk_token=UNK))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(special)
    return Tokenizer.from_bytes(tokenizer.to_str().encode())


def train_subword(texts: Iterable[str], *, vocab_size: int) -> Tokenizer:
    """Learn byte-level byte-pair encoding (Sennrich et al. 2016): no text is out of vocabulary."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.normalizer = _prose_normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    return _trained(tokenizer, _byte_pairs(vocab_size), map(_cut, texts))


def train_cased(texts: Iterable[str], *, vocab_size: int) -> Tokenizer:
    """Learn byte-level byte-pair encoding that gives a text back as it was written.

    All white space, no-break spaces among it, is one plain space, typographic apostrophes are
    plain ones, and letters are composed (Unicode's NFC); nothing else is lost.
    """
    tokenizer = tokenizers.Tokenizer(models.BPE())
    steps = [
        normalizers.NFC(),
        normalizers.Replace(Regex("[‘’]"), "'"),
        normalizers.Replace(Regex(r"[\s\x00-\x1f\x7f-\x9f]+"), " "),
        normalizers.Strip(),
    ]
    tokenizer.normalizer = normalizers.Sequence(steps)
    by_byte = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    split = pre_tokenizers.Split(Regex(PIECE), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, by_byte])
    tokenizer.decoder = decoders.ByteLevel()
    return _trained(tokenizer, _byte_pairs(vocab_size), map(_cut, texts))


def train_char(texts: Iterable[str], *, vocab_size: int) -> Tokenizer:
    """Learn the characters of `texts`, as they are; unseen ones become "<unk>"."""
    tokenizer = tokenizers.Tokenizer(models.WordLevel(unk_token=UNK))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return _trained(tokenizer, _word_level(vocab_size), texts)


def _cut(text: str) -> str:
    return LONG_RUN.sub(r"\g<0> ", text)


def _word_level(vocab_size: int) -> trainers.Trainer:
    return trainers.WordLevelTrainer(
        vocab_size=vocab_size, special_tokens=[PAD, UNK, BOS, EOS], show_progress=False
    )


def _byte_pairs(vocab_size: int) -> trainers.Trainer:
    return trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[PAD, BOS, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )


def _trained(
    tokenizer: tokenizers.Tokenizer, trainer: trainers.Trainer, texts: Iterable[str]
) -> Tokenizer:
    tokenizer.train_from_iterator(texts, trainer)
    return Tokenizer.from_bytes(tokenizer.to_str().encode())


TRAINERS: dict[Kind, Callable[..., Tokenizer]] = {
    "word": train_word,
    "subword": train_subword,
    "cased": train_cased,
    "char": train_char,
    "whitespace": train_whitespace,
}


def train_tokenizer(kind: Kind, texts: Sequence[str], *, vocab_size: int) -> Tokenizer:
    """Learn a tokenizer of the named kind from the training split's `texts`."""
    return TRAINERS[kind](texts, vocab_size=vocab_size)


def encode_corpus(
    tokenizer: Tokenizer, texts: Sequence[str], *, chunk: int = 1000
) -> list[list[int]]:
    """Encode many texts, a chunk at a time so that offsets of all never live at once."""
    encoded: list[list[int]] = []
    for start in range(0, len(texts), chunk):
        encoded.extend(tokenizer.encode_ids_batch(texts[start : start + chunk]))
    return encoded
