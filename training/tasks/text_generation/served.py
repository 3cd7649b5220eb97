"""Exported generators run as the service runs them: text in, answers out, one processor thread.

For measuring what is served rather than what was trained. Slow and plain: no batching across
callers; that is the service's.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

from model_store import GeneratorConfig, StoredVersion, Tokenizer
from model_store.eight_bit.text_generation import open_language_model
from model_store.eight_bit_form import in_8_bits
from recurrent.language_model import LanguageModel
from training.data.batches import pad
from training.export.sessions import (
    Feeds,
    Session,
    open_floats,
    sequences_of,
    state_size,
    zero_state,
)


class _EightBitGenerator:
    """A generator in 8 bits, asked as its graph is."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    def run(self, names: Sequence[str] | None, feed: Feeds) -> list[Any]:
        state = tuple(part for name, part in feed.items() if name in ("hidden", "cell"))
        logits, after = self._model.run(sequences_of(feed), state)
        return [logits, *after]


class ServedGenerator:
    """A generator's graph with its tokenizer."""

    def __init__(
        self,
        session: Session,
        tokenizer: Tokenizer,
        config: GeneratorConfig,
    ) -> None:
        """Keep all three."""
        self.session, self.tokenizer, self.config = session, tokenizer, config

    @classmethod
    def open(cls, stored: StoredVersion) -> Self:
        """Open a stored version.

        Raises:
            ValueError: It is no generator.
        """
        if not isinstance(stored.config, GeneratorConfig):
            raise ValueError(f"{stored.name}:{stored.version} is no generator")
        session = open_floats(stored)
        if stored.config.precision == "int8":
            with in_8_bits(stored) as tensors:
                session = _EightBitGenerator(open_language_model(stored.config, tensors))
        return cls(session, stored.tokenizer(), stored.config)

    def zero_state(self, batch_size: int) -> Feeds:
        """Return the state before the first token."""
        config = self.config
        return zero_state(config.cell, (config.num_layers, batch_size, state_size(config)))

    def step(
        self, token_ids: np.ndarray, state: Feeds, lengths: np.ndarray | None = None
    ) -> tuple[np.ndarray, Feeds]:
        """Read tokens (batch, seq_len); return logits (batch, vocab_size) and the state after."""
        if lengths is None:
            lengths = np.full(len(token_ids), token_ids.shape[1])
        inputs = {"token_ids": token_ids.astype(np.int32), "lengths": lengths.astype(np.int32)}
        logits, *after = self.session.run(None, inputs | state)
        return logits, dict(zip(state, after, strict=True))

    def losses(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the losses in nats (batch,) of each token of `rows` after the first column.

        Args:
            rows: (batch, seq_len) token ids, read side by side from a zero state.
        """
        state = self.zero_state(len(rows))
        for place in range(rows.shape[1] - 1):
            logits, state = self.step(rows[:, place : place + 1], state)
            largest = logits.max(axis=1)
            log_sums = largest + np.log(np.exp(logits - largest[:, None]).sum(axis=1))
            yield log_sums - logits[np.arange(len(rows)), rows[:, place + 1]]

    def sample(self, prompts: Sequence[str], *, seed: int = 0) -> list[str]:
        """Return one text for each prompt, drawn with the model's default sampling.

        Temperature, top-k, top-p and min-p are applied, a repetition penalty and stop texts are
        not.
        """
        generator = np.random.default_rng(seed)
        rows = [self.config.input_ids(prompt, self.tokenizer) for prompt in prompts]
        token_ids, lengths = pad(rows)
        state = self.zero_state(len(rows))
        logits, state = self.step(token_ids.numpy(), state, lengths.numpy())
        texts: list[list[int]] = [[] for _ in rows]
        is_open = np.ones(len(rows), bool)
        for _ in range(self.config.sampling.max_tokens):
            drawn = self._draw(logits, generator)
            is_open &= drawn != (-1 if self.config.eos_id is None else self.config.eos_id)
            if not is_open.any():
                break
            for row in np.flatnonzero(is_open):
                texts[row].append(int(drawn[row]))
            logits, state = self.step(drawn[:, None], state)
        return [self.tokenizer.decode(ids) for ids in texts]

    def _draw(self, logits: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return a token for each row (batch,)."""
        sampling = self.config.sampling
        if sampling.temperature == 0:
            return np.asarray(logits.argmax(axis=1))
        order = np.argsort(-logits, axis=1, kind="stable")
        log_probs = log_softmax(np.take_along_axis(logits, order, axis=1) / sampling.temperature)
        probs = np.exp(log_probs)  # (batch, vocab_size), most probable first
        before = np.cumsum(probs, axis=1) - probs
        is_kept = (before < sampling.top_p) & (probs >= sampling.min_p * probs[:, :1])
        if sampling.top_k:
            is_kept[:, sampling.top_k :] = False
        noise = generator.gumbel(size=probs.shape)
        places = np.where(is_kept, log_probs + noise, -np.inf).argmax(axis=1)
        return np.asarray(np.take_along_axis(order, places[:, None], axis=1)[:, 0])


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return log probabilities of logits (rows, classes)."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    log_probs: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_probs
