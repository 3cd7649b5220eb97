"""The three kinds of vocabulary that the wrapper promises to handle, in small."""

from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as Inner

from model_store import SPECIAL_TOKENS, Tokenizer


def characters(alphabet="abcdefghijklmnopqrstuvwxyz .,!\n\0é😀\u0301<>"):
    """One token for each character."""
    vocab = {piece: place for place, piece in enumerate([*SPECIAL_TOKENS, *alphabet])}
    inner = Inner(models.WordLevel(vocab, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    inner.add_special_tokens(list(SPECIAL_TOKENS))
    return Tokenizer(inner)


def byte_level():
    """Byte-pair encoding over bytes: every text can be written."""
    inner = Inner(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(["the film was good, the film was bad"] * 10, trainer)
    return Tokenizer(inner)


def words(known=("the", "film", "was", "good", "bad", "é")):
    """Whole words; the normalizer drops HTML line breaks and case."""
    vocab = {piece: place for place, piece in enumerate([*SPECIAL_TOKENS, *known])}
    inner = Inner(models.WordLevel(vocab, unk_token="<unk>"))
    inner.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"<br\s*/?>"), " "),
            normalizers.NFC(),
            normalizers.Lowercase(),
        ]
    )
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.add_special_tokens(list(SPECIAL_TOKENS))
    return Tokenizer(inner)
