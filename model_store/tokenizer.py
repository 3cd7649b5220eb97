"""Text to token ids and back: a thin wrapper around Hugging Face `tokenizers`.

The file (`tokenizer.json`) holds everything: normalizer, splitting, vocabulary. The wrapper adds
no special tokens by itself, and text that happens to read `<eos>` is encoded as text. Where the
token of unknown words is `<pad>`, these are left out, as Keras does without an `oov_token`.
"""

import json
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import tokenizers

SPECIAL_TOKENS = ("<pad>", "<unk>", "<bos>", "<eos>")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A text as tokens.

    Args:
        token_ids: One id per token.
        offsets: For each token the (start, end) of its characters in the caller's own string,
            whatever the normalizer did; tokens that share a character have the same offsets.
    """

    token_ids: list[int]
    offsets: list[tuple[int, int]]


class Tokenizer:
    """One model's tokenizer; threads may share it.

    Unless the environment says otherwise, the library's own thread pool is switched off: it does
    not survive a fork, and every process here has one core to itself.
    """

    def __init__(self, inner: tokenizers.Tokenizer) -> None:
        """Take over a tokenizer; padding and truncation are switched off.

        Raises:
            ValueError: If its token ids are not 0, 1, 2, ... without a gap.
        """
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        inner.no_padding()
        inner.no_truncation()
        inner.encode_special_tokens = True
        self._inner = inner
        self._ids: dict[str, int] = inner.get_vocab(with_added_tokens=True)
        if sorted(self._ids.values()) != list(range(len(self._ids))):
            raise ValueError("token ids must be 0, 1, 2, ... without a gap or a repetition")
        self._leaves_out_unknown = getattr(inner.model, "unk_token", None) == SPECIAL_TOKENS[0]

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read `tokenizer.json`.

        Raises:
            ValueError: If the library cannot make a tokenizer of it, with its reason.
        """
        try:
            inner = tokenizers.Tokenizer.from_str(data.decode())
        except Exception as exc:  # the library raises plain Exception
            raise ValueError(f"not a tokenizer: {exc}") from exc
        return cls(inner)

    def to_bytes(self) -> bytes:
        """Return the content of `tokenizer.json`."""
        return self._inner.to_str(pretty=False).encode() + b"\n"

    @property
    def vocab_size(self) -> int:
        """Number of tokens, special ones included."""
        return len(self._ids)

    @property
    def pad_id(self) -> int | None:
        """Id of `<pad>`, if there is one."""
        return self._ids.get("<pad>")

    @property
    def unk_id(self) -> int | None:
        """Id of `<unk>`, if there is one."""
        return self._ids.get("<unk>")

    @property
    def bos_id(self) -> int | None:
        """Id of `<bos>`, if there is one."""
        return self._ids.get("<bos>")

    @property
    def eos_id(self) -> int | None:
        """Id of `<eos>`, if there is one."""
        return self._ids.get("<eos>")

    def encode(self, text: str) -> Encoding:
        """Return token ids and where each token stands in `text`.

        Raises:
            ValueError: If the text holds a lone surrogate, which is no character.
        """
        try:
            encoding = self._inner.encode(text, add_special_tokens=False)
        except TypeError as exc:
            raise _explain(exc, [text]) from exc
        token_ids, offsets = encoding.ids, _with_marks(text, encoding.offsets)
        if self._leaves_out_unknown:
            kept = [place for place, token_id in enumerate(token_ids) if token_id != self.pad_id]
            token_ids, offsets = [token_ids[one] for one in kept], [offsets[one] for one in kept]
        return Encoding(token_ids, offsets)

    def encode_ids(self, text: str) -> list[int]:
        """Return the token ids alone, which is faster; errors as in `encode`."""
        return self.encode_ids_batch([text])[0]

    def encode_ids_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text; errors as in `encode`."""
        try:
            encodings = self._inner.encode_batch_fast(list(texts), add_special_tokens=False)
        except TypeError as exc:
            raise _explain(exc, texts) from exc
        if self._leaves_out_unknown:
            unknown = self.pad_id
            return [[one for one in encoding.ids if one != unknown] for encoding in encodings]
        return [encoding.ids for encoding in encodings]

    def decode(self, token_ids: Sequence[int]) -> str:
        """Return the text of the tokens; special tokens are left out.

        It is what `token_bytes` add up to, but for the space before a first word. Bytes that are
        no UTF-8 become U+FFFD.
        """
        data = b"".join([self.token_bytes[token_id] for token_id in token_ids])
        text = data.decode("utf-8", errors="replace")
        return text.removeprefix(" ") if self._style == "words" else text

    def pieces(self, token_ids: Sequence[int]) -> list[str]:
        """Return the tokens as the vocabulary writes them, special ones included."""
        return [str(self._inner.id_to_token(token_id)) for token_id in token_ids]

    @cached_property
    def special_ids(self) -> Mapping[str, int]:
        """The ids of those of `SPECIAL_TOKENS` that it has."""
        return {token: self._ids[token] for token in SPECIAL_TOKENS if token in self._ids}

    @cached_property
    def token_bytes(self) -> tuple[bytes, ...]:
        """The UTF-8 bytes that each token adds to a generated text, by token id.

        Special tokens add nothing, a word adds a space before it, and a token of a byte-level
        vocabulary may be a part of a character.

        Raises:
            ValueError: If the vocabulary is of another kind than characters, bytes and words.
        """
        pieces = sorted(self._ids, key=self._ids.__getitem__)
        verbatim = {token.content for token in self._inner.get_added_tokens_decoder().values()}
        return tuple(
            b"" if place in self.silent_tokens else self._bytes_of(piece, piece in verbatim)
            for place, piece in enumerate(pieces)
        )

    @cached_property
    def silent_tokens(self) -> Mapping[int, str]:
        """The names of the tokens that add nothing to a text, by token id."""
        added = self._inner.get_added_tokens_decoder().values()
        names = {token.content for token in added if token.special} | set(SPECIAL_TOKENS)
        return {self._ids[name]: name for name in sorted(names & self._ids.keys())}

    @cached_property
    def _style(self) -> str:
        """How tokens add up to text: "bytes", "joined" or "words"."""
        document = json.loads(self._inner.to_str())
        kinds = {*_kinds(document["pre_tokenizer"]), *_kinds(document["decoder"])}
        if "ByteLevel" in kinds:
            return "bytes"
        ordinary = self._ids.keys() - set(SPECIAL_TOKENS)
        if "Fuse" in kinds or all(len(piece) == 1 for piece in ordinary):
            return "joined"
        if document["model"]["type"] == "WordLevel":
            return "words"
        raise ValueError(
            f"cannot tell the text of a {document['model']['type']} token: generators take "
            "characters, byte-level BPE or whole words"
        )

    def _bytes_of(self, piece: str, is_verbatim: bool) -> bytes:
        if self._style == "words":
            return f" {piece}".encode()
        if self._style == "bytes" and not is_verbatim:
            return bytes(_BYTE_OF_CHAR[char] for char in piece)
        return piece.encode()


def _kinds(component: dict[str, Any] | None) -> list[str]:
    """Return the type of a pre-tokenizer or decoder and of the members of a sequence."""
    if component is None:
        return []
    members = component.get("pretokenizers", component.get("decoders", []))
    return [component["type"], *(kind for member in members for kind in _kinds(member))]


def _byte_of_char() -> dict[str, int]:
    """Return the alphabet in which byte-level vocabularies are written.

    Bytes that print stand for themselves, the others, in order, for the characters from U+0100 on
    (Radford et al. 2019, GPT-2).
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = sorted(set(range(0x100)) - set(printable))
    alphabet = {chr(byte): byte for byte in printable}
    return alphabet | {chr(0x100 + place): byte for place, byte in enumerate(rest)}


_BYTE_OF_CHAR = _byte_of_char()


def _with_marks(text: str, offsets: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretch tokens over the combining marks that follow and belong to no token.

    A normalizer that composes e + U+0301 to one character leaves the mark outside the offsets.
    """
    if text.isascii():
        return offsets
    starts = [start for start, _ in offsets[1:]] + [len(text)]
    return [
        (start, _end_of_marks(text, end, limit))
        for (start, end), limit in zip(offsets, starts, strict=False)
    ]


def _end_of_marks(text: str, end: int, limit: int) -> int:
    while end < limit and unicodedata.category(text[end]).startswith("M"):
        end += 1
    return end


def _explain(exc: TypeError, texts: Sequence[str]) -> ValueError | TypeError:
    """Return the error to raise for texts that the library refused without a reason."""
    for text in texts:
        if isinstance(text, str) and (broken := re.search("[\ud800-\udfff]", text)):
            return ValueError(
                f"text holds a lone surrogate (U+{ord(broken[0]):04X}) at character "
                f"{broken.start()}: it is no character and cannot be encoded"
            )
    return exc
