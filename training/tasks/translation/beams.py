"""Beam search for one source: the most probable beginnings of its translation, step by step.

Scores are sums of log probabilities, divided by length to a power where translations of different
lengths are compared (Wu et al. 2016, section 7). Knows no graph: it is handed logits.
"""

import numpy as np

from model_store.tasks.translation import TranslationConfig


class Beams:
    """The live beginnings of one translation, and the best one that has ended.

    Attributes:
        best: Tokens of the best translation so far, without the end.
    """

    def __init__(self, num_beams: int, config: TranslationConfig) -> None:
        """Begin with one beginning, which is empty."""
        self.num_beams, self.config = num_beams, config
        self.beginnings: list[list[int]] = [[]]
        self.scores = np.zeros(1)
        self.best: list[int] = []
        self.best_score = -np.inf

    def grow(self, logits: np.ndarray) -> list[tuple[int, int]]:
        """Take the best next tokens.

        Args:
            logits: (beginnings, vocab_size) of the next token.

        Returns:
            For each new beginning the place of the one that it goes on from, and its last token;
            nothing where the search is over.
        """
        shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
        log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        totals = (self.scores[:, None] + log_probs).ravel()
        wanted = min(2 * self.num_beams, len(totals))
        top = np.argpartition(-totals, wanted - 1)[:wanted]
        top = top[np.lexsort((top, -totals[top]))]  # ties go to the lower place
        taken: list[tuple[int, int]] = []
        beginnings, scores = [], []
        for rank, place in enumerate(top.tolist()):
            parent, token = divmod(place, logits.shape[1])
            if token == self.config.eos_id:
                if rank < self.num_beams:
                    self._end(self.beginnings[parent], float(totals[place]))
            elif len(taken) < self.num_beams:
                taken.append((parent, token))
                beginnings.append([*self.beginnings[parent], token])
                scores.append(float(totals[place]))
        self.beginnings, self.scores = beginnings, np.array(scores)
        return [] if self._is_over() else taken

    def _end(self, token_ids: list[int], total: float) -> None:
        score = total / (len(token_ids) + 1) ** self.config.length_penalty
        if score > self.best_score:
            self.best, self.best_score = token_ids, score

    def _is_over(self) -> bool:
        """Return whether no beginning may grow, or none could become better than the best."""
        if self.num_beams == 1 and self.best_score > -np.inf:
            return True  # the most probable token each time: the end is taken when it is that
        most, num_tokens = self.config.sampling.max_tokens, len(self.beginnings[0])
        if num_tokens >= most:
            if self.best_score == -np.inf:
                self.best = self.beginnings[0]
            return True
        longest = most if self.config.length_penalty > 0 else num_tokens + 1
        reachable = self.scores.max() / longest**self.config.length_penalty
        return bool(reachable <= self.best_score)
