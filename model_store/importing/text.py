"""What a text goes through before a network reads it, as a `tokenizer.json` of the store.

Three sources: the JSON of Keras' `Tokenizer`, a vocabulary with one token a line, and a
`tokenizer.json` of Hugging Face, which is taken as it is. In the store token 0 is `<pad>`, and a
tokenizer whose unknown token it is leaves unknown words out.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from tokenizers import Regex, normalizers, pre_tokenizers
from tokenizers import Tokenizer as Inner
from tokenizers.models import WordLevel

from model_store.document import Document, describe
from model_store.importing.refused import Refused
from model_store.tokenizer import SPECIAL_TOKENS, Tokenizer

PAD = SPECIAL_TOKENS[0]
KERAS_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
UNKNOWN = ("[UNK]", "<unk>", "<UNK>", "<OOV>", "<oov>", "UNK", "unk")
PUNCTUATION = r"[!-/:-@\[-`{-~]"
SPACE = r"[ \t\n\x0b\x0c\r]+"
# The capital sigma at the end of a word, which Python lowers to ς and not σ: after a cased letter,
# not before one, what Unicode calls case-ignorable passed over (section 3.13, Final_Sigma).
CASED, IGNORABLE = r"[\p{Lu}\p{Ll}\p{Lt}]", r"[\p{Mn}\p{Me}\p{Cf}\p{Lm}\p{Sk}'.:·‘’․‧]"
BEFORE = "|".join(CASED + IGNORABLE * count for count in range(4))
FINAL_SIGMA = Regex(f"(?<={BEFORE})Σ(?!{IGNORABLE}*{CASED})")
SURROGATE = re.compile("[\ud800-\udfff]")

Standardize = Literal["lower_and_strip_punctuation", "lower", "strip_punctuation", "none"]
Split = Literal["whitespace", "character"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text is taken apart where the vocabulary file does not say.

    Args:
        standardize: What is done to it first, as Keras' `TextVectorization` names it.
        split: At what it is split.
        unknown: The token of unknown words; None looks for the usual ones.
        adds_special: Whether the vocabulary of a `TextVectorization` may lack its two first
            tokens, "" and "[UNK]".
    """

    standardize: Standardize = "lower_and_strip_punctuation"
    split: Split = "whitespace"
    unknown: str | None = None
    adds_special: bool = True


def _parsed(index: Any) -> Any:
    """Return a `word_index`, which is JSON in a string."""
    try:
        return json.loads(index) if isinstance(index, str) else index
    except (ValueError, RecursionError) as exc:
        raise ValueError("its string holds no JSON") from exc


def tokenizer_file(path: Path) -> Tokenizer:
    """Read the JSON of a Keras `Tokenizer`, or a `tokenizer.json`.

    Raises:
        Refused: If it is neither.
        OSError: If it cannot be read.
    """
    data = path.read_bytes()
    if data[:1] in (b"\x80", b"("):
        raise Refused(
            path.name,
            "it is a pickle, and importing runs no code of a file",
            "Where it was made: open('tokenizer.json', 'w').write(tokenizer.to_json())",
        )
    try:
        content = json.loads(data)
        if isinstance(content, str):  # json.dump(tokenizer.to_json(), file)
            content = json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise Refused(
            path.name, "it is no JSON", "Write what tokenizer.to_json() returns into it"
        ) from exc
    if isinstance(content, dict) and content.get("class_name") == "Tokenizer":
        return keras_tokenizer(content.get("config"), path.name)
    try:
        return Tokenizer.from_bytes(data)
    except ValueError as exc:
        raise Refused(
            path.name,
            f"it is neither the JSON of a Keras Tokenizer nor a tokenizer.json ({exc})",
            "Write what tokenizer.to_json() returns into it",
        ) from exc


class KerasConfig(Document):
    """What counts in the configuration of a Keras `Tokenizer`; names and defaults are its own."""

    model_config = ConfigDict(extra="ignore")

    word_index: Annotated[dict[str, int], BeforeValidator(_parsed), Field(min_length=1)]
    num_words: Annotated[
        Annotated[int, Field(ge=2)] | None, BeforeValidator(lambda number: number or None)
    ] = None  # 0 keeps all words as well
    filters: str = KERAS_FILTERS
    lower: bool = True
    split: Annotated[str, Field(min_length=1)] = " "
    char_level: bool = False
    oov_token: str | None = None


def keras_tokenizer(config: Any, name: str = "tokenizer") -> Tokenizer:
    """Return the tokenizer that a Keras `Tokenizer` of this configuration is.

    Its `word_index` is JSON in a string. `num_words` N keeps the words of ids 1 to N - 1. A word
    that is not kept becomes `oov_token`, which has id 1, and is left out where there is none.

    Raises:
        Refused: If it is no such configuration, or its ids cannot be those of a tokenizer.
    """
    try:
        said = KerasConfig.model_validate(config)
    except ValueError as exc:
        reason = describe(exc).split("; ")[0]
        raise Refused(
            name, reason, "Write what tokenizer.to_json() returns, after fit_on_texts"
        ) from exc
    words = said.word_index
    by_id = {place: word for word, place in words.items()}
    if sorted(by_id) != list(range(1, len(words) + 1)):
        raise Refused(
            name, "the ids of its word_index are not 1, 2, 3, …", "Save it as fit_on_texts made it"
        )
    kept = min(len(words), said.num_words - 1) if said.num_words else len(words)
    vocabulary = [by_id[place] for place in range(1, kept + 1)]
    oov = said.oov_token
    if oov is not None and oov not in vocabulary:
        raise Refused(name, f"its oov_token {oov!r} has no id", "Save it after fit_on_texts")
    inner = Inner(WordLevel(_ids([PAD, *vocabulary], name), unk_token=PAD if oov is None else oov))
    if said.lower:
        final = normalizers.Replace(FINAL_SIGMA, "ς")
        inner.normalizer = normalizers.Sequence([final, normalizers.Lowercase()])
    inner.pre_tokenizer = _keras_splitting(said)
    return Tokenizer(inner)


def _keras_splitting(said: KerasConfig) -> pre_tokenizers.PreTokenizer:
    if said.char_level:
        return pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    between = [re.escape(said.split)]
    if said.filters:
        between.append(f"[{''.join(map(_in_class, said.filters))}]")
    return pre_tokenizers.Split(Regex(f"(?:{'|'.join(between)})+"), "removed")


def _in_class(character: str) -> str:
    """Return a character as a class of a regular expression has it."""
    return f"\\x{{{ord(character):X}}}"


def vocabulary_file(path: Path, reading: Reading) -> Tokenizer:
    """Read a vocabulary with one token a line, in the order of their ids.

    Raises:
        Refused: If it cannot be one.
        OSError: If it cannot be read.
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")  # Windows' editors begin so
    except UnicodeDecodeError as exc:
        raise Refused(path.name, "it is not in UTF-8", "Write one token a line in UTF-8") from exc
    tokens = [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]
    if len(tokens) < 2:
        raise Refused(path.name, "it has no tokens", "Write one token a line, by their ids")
    return vocabulary_tokenizer(tokens, reading, path.name)


def vocabulary_tokenizer(
    tokens: Sequence[str], reading: Reading, name: str = "vocabulary"
) -> Tokenizer:
    """Return the tokenizer of a vocabulary; raises `Refused`."""
    is_whole = tokens[0] in ("", PAD, "[PAD]") or "[UNK]" in tokens[:2]
    if reading.adds_special and reading.unknown is None and not is_whole:
        tokens = ["", "[UNK]", *tokens]
    tokens = [PAD if place == 0 and token == "" else token for place, token in enumerate(tokens)]
    unknown = reading.unknown or next((one for one in UNKNOWN if one in tokens), None)
    if unknown is None or unknown not in tokens:
        raise Refused(
            name,
            f"it has no token {unknown!r}" if unknown else "it has no token for unknown words",
            f"Name one of its tokens as the unknown one, or call it {UNKNOWN[0]} or {UNKNOWN[1]}",
        )
    inner = Inner(WordLevel(_ids(tokens, name), unk_token=unknown))
    if steps := _standardizing(reading.standardize):
        inner.normalizer = normalizers.Sequence(steps)
    if reading.split == "character":
        inner.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    else:
        inner.pre_tokenizer = pre_tokenizers.Split(Regex(SPACE), "removed")
    return Tokenizer(inner)


def _standardizing(kind: Standardize) -> list[normalizers.Normalizer]:
    """Return what `TextVectorization` does: it lowers ASCII alone, and takes punctuation out."""
    steps: list[normalizers.Normalizer] = []
    if kind in ("lower", "lower_and_strip_punctuation"):
        letters = map(chr, range(ord("A"), ord("Z") + 1))
        steps += [normalizers.Replace(letter, letter.lower()) for letter in letters]
    if kind in ("strip_punctuation", "lower_and_strip_punctuation"):
        steps.append(normalizers.Replace(Regex(PUNCTUATION), ""))
    return steps


def _ids(tokens: Sequence[str], name: str) -> dict[str, int]:
    ids = {token: place for place, token in enumerate(tokens)}
    if broken := [token for token in tokens if not token.isascii() and SURROGATE.search(token)]:
        raise Refused(
            name,
            f"its token {broken[0][:40]!r} holds half of a surrogate pair, which is no character",
            "Leave such texts out where the tokenizer is fitted",
        )
    if len(ids) < len(tokens):
        twice = next(token for place, token in enumerate(tokens) if ids[token] != place)
        raise Refused(
            name,
            f"the token {twice[:40]!r} stands in it twice",
            "Each token has one id; save the vocabulary again",
        )
    return ids
