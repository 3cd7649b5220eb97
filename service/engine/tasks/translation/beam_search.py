"""Beam search: follows the most probable beginnings of each translation at the same time.

Scores are sums of log probabilities, divided by length to a power when translations of different
lengths are compared (Wu et al. 2016, section 7). Every step treats each row by itself and ties go
to the lower place, so a translation does not depend on what else is in the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from service.engine.arrays import Floats, Ints
from service.engine.requests.generate import FinishReason
from service.engine.stepping import State, take_rows
from service.engine.tasks.translation.runtime import TranslatorRuntime
from service.engine.token_sampler import log_softmax


@dataclass(frozen=True, slots=True)
class Beams:
    """A source to translate.

    Args:
        source: Token ids, at least one.
        num_beams: Beginnings that are followed.
        max_tokens: Tokens of a translation at most, the end included; at least 1.
    """

    source: Sequence[int]
    num_beams: int
    max_tokens: int

    def __len__(self) -> int:
        """Return what it costs a batch, in tokens."""
        return len(self.source) * self.num_beams


@dataclass(frozen=True, slots=True)
class Found:
    """The best translation: its tokens without the end, the mean log probability, why it ended."""

    token_ids: tuple[int, ...]
    score: float
    num_tokens: int
    finish_reason: FinishReason


@dataclass(eq=False, slots=True)
class _Search:
    """One source on its way: the live beginnings and the best that has ended."""

    asked: Beams
    length_penalty: float
    token_ids: list[tuple[int, ...]] = field(default_factory=lambda: [()])
    scores: Floats = field(default_factory=lambda: np.zeros(1))
    best: Found | None = None
    best_score: float = -np.inf

    @property
    def is_over(self) -> bool:
        """Whether no live beginning could become better than what has ended, or none may grow."""
        num_tokens = len(self.token_ids[0]) if self.token_ids else 0
        if not self.token_ids or num_tokens >= self.asked.max_tokens:
            return True
        if self.asked.num_beams == 1 and self.best is not None:
            return True  # the most probable token was the end: as when written token by token
        longest = self.asked.max_tokens if self.length_penalty > 0 else num_tokens + 1
        return bool(self.scores.max() / longest**self.length_penalty <= self.best_score)

    def grow(self, log_probs: Floats, eos_id: int | None) -> tuple[Ints, Ints]:
        """Take the best next tokens.

        Args:
            log_probs: (beginnings, vocab_size) of the next token.
            eos_id: Token that ends a translation.

        Returns:
            Of each new beginning the one that it goes on from, and its last token.
        """
        totals = (self.scores[:, None] + log_probs).ravel()
        wanted = min(2 * self.asked.num_beams, len(totals))
        top = np.argpartition(-totals, wanted - 1)[:wanted]
        top = top[np.lexsort((top, -totals[top]))]
        parents, tokens = np.divmod(top, log_probs.shape[1])
        kept = []
        pairs = zip(parents.tolist(), tokens.tolist(), strict=True)
        for place, (parent, token) in enumerate(pairs):
            if token != eos_id:
                kept.append(place)
            elif place < self.asked.num_beams:
                self._end(self.token_ids[parent], float(totals[top[place]]), "stop", 1)
            if len(kept) == self.asked.num_beams:
                break
        parents, tokens = parents[kept], tokens[kept]
        self.scores = totals[top[kept]]
        chosen = zip(parents.tolist(), tokens.tolist(), strict=True)
        self.token_ids = [(*self.token_ids[parent], token) for parent, token in chosen]
        return parents, tokens

    def finish(self) -> Found:
        """Return the best translation; one that was cut off only if none has ended."""
        if self.best is None:
            place = int(self.scores.argmax())
            self._end(self.token_ids[place], float(self.scores[place]), "length", 0)
        assert self.best is not None
        return self.best

    def _end(
        self, token_ids: tuple[int, ...], total: float, reason: FinishReason, num_ends: int
    ) -> None:
        num_tokens = len(token_ids) + num_ends
        score = total / num_tokens**self.length_penalty
        if score > self.best_score:
            self.best_score = score
            self.best = Found(token_ids, total / num_tokens, num_tokens, reason)


def search(
    runtime: TranslatorRuntime,
    asked: Sequence[Beams],
    *,
    eos_id: int | None,
    banned: Sequence[int],
    length_penalty: float,
) -> list[Found | None]:
    """Translate sources together; None for one whose numbers are not finite.

    Args:
        runtime: The model.
        asked: The sources.
        eos_id: Token that ends a translation.
        banned: Tokens that are never written.
        length_penalty: Exponent of the length by which scores are divided.
    """
    searches = [_Search(one, length_penalty) for one in asked]
    failed: set[int] = set()
    logits, state = runtime.run([one.source for one in asked], ())
    owners = np.arange(len(asked))  # of each row
    while len(owners):
        log_probs = log_softmax(logits)
        log_probs[:, list(banned)] = -np.inf
        rows, tokens, next_owners = [], [], []
        for owner in dict.fromkeys(owners.tolist()):
            own = np.flatnonzero(owners == owner)
            if not np.isfinite(logits[own]).all():
                failed.add(owner)
                continue
            parents, last = searches[owner].grow(log_probs[own], eos_id)
            if not searches[owner].is_over:
                rows.append(own[parents])
                tokens.append(last)
                next_owners.append(np.full(len(last), owner))
        if not rows:
            break
        owners = np.concatenate(next_owners)
        state = take_rows(state, np.concatenate(rows))
        logits, state = runtime.step(np.concatenate(tokens), state)
    return [None if row in failed else one.finish() for row, one in enumerate(searches)]


def attention_of(
    runtime: TranslatorRuntime, source: Sequence[int], written: Sequence[int], bos_id: int
) -> Floats:
    """Return (len(written), len(source)) what was attended to when each token was written."""
    state: State = runtime.encode([source])
    weights: list[Floats] = []
    for token_id in [bos_id, *written[:-1]]:
        _, state, attention = runtime.attend(np.array([token_id]), state)
        weights.append(attention[0, : len(source)])
    return np.array(weights)
