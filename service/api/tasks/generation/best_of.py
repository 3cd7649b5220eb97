"""Which of several answers is the best: that of the highest mean log probability a token."""

import math
from collections.abc import Sequence

from service.engine.requests.generate import GeneratedAnswer


def best_first(answers: Sequence[GeneratedAnswer], num_echoed: int) -> list[GeneratedAnswer]:
    """Return answers with log probabilities, best first.

    Args:
        answers: Answers to one prompt.
        num_echoed: How many of their first tokens are the prompt's.
    """

    def mean(answer: GeneratedAnswer) -> float:
        own = [token.logprob or 0.0 for token in answer.logprobs[num_echoed:]]
        return sum(own) / len(own) if own else -math.inf

    return sorted(answers, key=mean, reverse=True)
