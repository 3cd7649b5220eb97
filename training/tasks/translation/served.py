"""Exported translators run as the service runs them: text in, text out, one processor thread.

For measuring what is served rather than what was trained. Slow and plain: no batching across
callers; that is the service's.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np

from model_store import StoredVersion, Tokenizer
from model_store.onnx_runtime import ort
from model_store.tasks.translation import TranslationConfig
from training.data.batches import pad
from training.export.sessions import Feeds, feeds, open_session
from training.export.weights import FILENAME
from training.task import Exported
from training.tasks.translation.beams import Beams

ROWS_AT_ONCE = 64


class ServedTranslator:
    """A translator's two graphs with its tokenizer."""

    def __init__(
        self,
        encoder: ort.InferenceSession,
        decoder: ort.InferenceSession,
        tokenizer: Tokenizer,
        config: TranslationConfig,
    ) -> None:
        """Keep all four."""
        self.encoder, self.decoder = encoder, decoder
        self.tokenizer, self.config = tokenizer, config
        self._kinds = ["hidden", "cell"] if config.cell == "lstm" else ["hidden"]

    @classmethod
    def of(cls, exported: Exported, tokenizer: Tokenizer, config: TranslationConfig) -> Self:
        """Open graphs that are not stored yet."""
        encoder, decoder = (
            open_session(exported.graphs[name], exported.weights)
            for name in ("model.onnx", "decoder.onnx")
        )
        return cls(encoder, decoder, tokenizer, config)

    @classmethod
    def open(cls, stored: StoredVersion) -> Self:
        """Open a stored version.

        Raises:
            ValueError: It is no translator.
        """
        if not isinstance(stored.config, TranslationConfig):
            raise ValueError(f"{stored.name}:{stored.version} is no translator")
        graphs = {name: stored.read(name) for name in ("model.onnx", "decoder.onnx")}
        exported = Exported(graphs, stored.read(FILENAME))
        return cls.of(exported, stored.tokenizer(), stored.config)

    def encode(self, sources: Sequence[Sequence[int]]) -> Feeds:
        """Read sources; return what the first step is fed."""
        names = [*self._kinds, "memory", "memory_mask"]
        return dict(zip(names, self.encoder.run(names, feeds(*pad(sources))), strict=True))

    def step(self, token_ids: np.ndarray, state: Feeds) -> tuple[np.ndarray, Feeds]:
        """Feed each row a token (rows,); return logits (rows, vocab_size) and the state after."""
        names = ["logits", *(f"{kind}_out" for kind in self._kinds)]
        inputs = {"token_ids": token_ids.astype(np.int32)[:, None], **state}
        logits, *after = self.decoder.run(names, inputs)
        return logits, state | dict(zip(self._kinds, after, strict=True))

    def translate(self, texts: Sequence[str], *, num_beams: int = 1) -> list[str]:
        """Return the translation of each text, cut where the model reads no further.

        Args:
            texts: What to translate, each with something in it.
            num_beams: Beginnings that are followed; 1 takes the most probable token each time.
        """
        most = self.config.max_source_tokens
        rows = [self.config.input_ids(text, self.tokenizer)[:most] for text in texts]
        translated = [""] * len(rows)
        by_length = sorted(range(len(rows)), key=lambda place: len(rows[place]))
        for start in range(0, len(rows), ROWS_AT_ONCE):
            places = by_length[start : start + ROWS_AT_ONCE]
            written = self._write([rows[place] for place in places], num_beams)
            for place, token_ids in zip(places, written, strict=True):
                translated[place] = self.tokenizer.decode(token_ids)
        return translated

    def _write(self, sources: list[list[int]], num_beams: int) -> list[list[int]]:
        """Return the tokens of each translation."""
        searches = [Beams(num_beams, self.config) for _ in sources]
        state = self.encode(sources)
        owners = list(range(len(sources)))  # of each row
        logits, state = self.step(np.full(len(owners), self.config.bos_id), state)
        while True:
            parents, tokens, next_owners = [], [], []
            for owner in dict.fromkeys(owners):
                own = [row for row, each in enumerate(owners) if each == owner]
                for parent, token in searches[owner].grow(logits[own]):
                    parents.append(own[parent])
                    tokens.append(token)
                    next_owners.append(owner)
            if not tokens:
                return [search.best for search in searches]
            owners = next_owners
            logits, state = self.step(np.array(tokens), self._rows(state, parents))

    def _rows(self, state: Feeds, rows: list[int]) -> Feeds:
        """Return the state of some rows, some of them perhaps several times."""
        return {
            name: value[:, rows] if name in self._kinds else value[rows]
            for name, value in state.items()
        }
