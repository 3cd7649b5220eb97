"""Draws the next token of many rows at once: numpy in, numpy out.

Randomness is a hash of (seed, step), so a row's draws depend on nothing but its own request, and
every operation treats each row by itself, bit for bit: the same row gives the same token alone
and among any others. Knows no model, no text and no thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.engine.arrays import Bools, Floats, Ints
from service.engine.penalties import Penalties
from service.engine.sampling_params import SamplingParams

BLOCK = 128
"""Tokens summed together before a draw in a large vocabulary. A running sum over 32 rows of 5,000
takes 1,430 µs, sums of 128 and a running sum over those 74 µs."""

LARGE = 512  # tokens of a vocabulary beyond which that pays

FEW = 256
"""Most probable tokens that are sorted for top_k and top_p before all are."""

COLDEST = 1e-6  # a lower temperature draws the most probable token all the same


@dataclass(frozen=True, slots=True)
class TokenLogprobs:
    """Natural-log probability of a drawn token and of the most probable ones, best first."""

    chosen: float
    top: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """One token for each row.

    Args:
        token_ids: (rows,) what was drawn.
        is_valid: (rows,) False where the logits were no numbers to draw by.
        logprobs: By row number, for the rows that asked for them.
    """

    token_ids: Ints
    is_valid: Bools
    logprobs: dict[int, TokenLogprobs]


def mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Hash 64-bit integers one by one (the output function of SplitMix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def uniform(key: np.uint64, steps: Ints) -> npt.NDArray[np.float64]:
    """Return a number in [0, 1) for each step under a key, from 48 bits of a hash."""
    golden = np.uint64(0x9E3779B97F4A7C15)
    hashed = mix(key + (steps.astype(np.uint64) + np.uint64(1)) * golden)
    return (hashed >> np.uint64(16)).astype(np.float64) * 2.0**-48


def key_of(seed: int) -> np.uint64:
    """Return the key under which a seed's numbers are drawn."""
    return np.uint64(mix(np.array([seed & 0xFFFFFFFFFFFFFFFF], np.uint64))[0])


def log_softmax(logits: Floats) -> npt.NDArray[np.float64]:
    """Return natural-log probabilities of each row of (rows, vocab_size) logits."""
    shifted: npt.NDArray[np.float64] = logits.astype(np.float64)
    shifted -= logits.max(axis=1, keepdims=True)
    log_probs: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).cumsum(axis=1)[:, -1:])
    return log_probs


class Sampler:
    """The sampling parameters of all live rows, by slot, and the draw itself.

    A slot is a place in preallocated tables; `select` says which slots the rows of the next draws
    belong to.

    Args:
        capacity: Number of slots.
        max_tokens: Draws of a row at most.
        vocab_size: Width of the logits.
        banned: Tokens that are never drawn nor reported, such as padding.
        eos_id: The model's own end, which a row may put off; None if it has none.
    """

    def __init__(
        self,
        capacity: int,
        max_tokens: int,
        *,
        vocab_size: int,
        banned: Sequence[int],
        eos_id: int | None = None,
    ) -> None:
        """Preallocate the tables; the system gives memory for what is used of them."""
        self._vocab_size = vocab_size
        self._banned = np.array(sorted(banned), np.intp)
        self._eos_id = eos_id
        self._first_end = np.zeros(capacity, np.intp)
        self._numbers = np.zeros((capacity, max_tokens), np.float64)
        self._inverse_temperature = np.ones(capacity, np.float32)
        self._is_greedy = np.zeros(capacity, np.bool_)
        self._top_k = np.full(capacity, vocab_size, np.intp)
        self._top_p = np.ones(capacity, np.float64)
        self._min_p = np.zeros(capacity, np.float32)
        self._penalties = Penalties(capacity, vocab_size)
        self._logprobs = np.full(capacity, -1, np.intp)
        self._weights = np.zeros((capacity, columns_for(vocab_size)), np.float32)
        self.select(np.zeros(0, np.intp))

    def assign(
        self, slot: int, params: SamplingParams, *, seed: int, prompt: Sequence[int]
    ) -> None:
        """Give a slot to a new row.

        Args:
            slot: Which one.
            params: How the row draws.
            seed: Its own seed.
            prompt: Token ids that `repetition_penalty` counts as seen.
        """
        is_greedy = params.is_greedy
        steps = np.arange(0 if is_greedy else params.max_tokens)
        self._numbers[slot, : len(steps)] = uniform(key_of(seed), steps)
        self._is_greedy[slot] = is_greedy
        self._inverse_temperature[slot] = 1 if is_greedy else 1 / max(params.temperature, COLDEST)
        has_top_k = not is_greedy and 0 < params.top_k < self._vocab_size
        self._top_k[slot] = params.top_k if has_top_k else self._vocab_size
        self._top_p[slot] = 1 if is_greedy else params.top_p
        self._min_p[slot] = 0 if is_greedy else params.min_p
        self._logprobs[slot] = -1 if params.logprobs is None else params.logprobs
        self._first_end[slot] = 0 if self._eos_id is None else params.first_end
        self._penalties.assign(slot, params, prompt)

    def select(self, slots: Ints) -> None:
        """Say which slots the rows of the next draws belong to, in their order."""
        self._slots = slots
        self._row_scale = self._inverse_temperature[slots, None]
        self._row_greedy = self._is_greedy[slots]
        self._row_min_p = self._min_p[slots, None]
        top_k, top_p = self._top_k[slots], self._top_p[slots]
        self._cut = np.flatnonzero((top_k < self._vocab_size) | (top_p < 1))
        self._cut_k, self._cut_p = top_k[self._cut], top_p[self._cut]
        self._row_logprobs = self._logprobs[slots]
        self._reported = np.flatnonzero(self._row_logprobs >= 0)
        self._penalties.select(slots)
        self._row_first_end = self._first_end[slots]
        self._last_first_end = self._row_first_end.max(initial=0)
        self._has_min_p = bool(self._row_min_p.any())
        self._any_greedy = bool(self._row_greedy.any())
        self._all_greedy = bool(self._row_greedy.all())

    def draw(self, logits: Floats, steps: Ints) -> Draw:
        """Draw one token for each selected row.

        Args:
            logits: (rows, vocab_size) float32; overwritten.
            steps: (rows,) tokens that each row has drawn so far.
        """
        if len(self._banned):
            logits[:, self._banned] = -np.inf
        reported = logits[self._reported] if len(self._reported) else None
        self._penalties.apply(logits)
        if self._last_first_end:
            logits[steps < self._row_first_end, self._eos_id] = -np.inf
        peaks = logits.max(axis=1, keepdims=True)
        is_valid = np.isfinite(peaks[:, 0])  # NaN and infinity come out on top
        if not is_valid.all():
            logits[~is_valid] = peaks[~is_valid] = 0
        token_ids = self._choose(logits, peaks, steps)
        self._penalties.record(token_ids)
        logprobs = {} if reported is None else self._report(reported, token_ids)
        return Draw(token_ids, is_valid, logprobs)

    def _choose(self, logits: Floats, peaks: Floats, steps: Ints) -> Ints:
        most_probable: Ints | None = logits.argmax(axis=1) if self._any_greedy else None
        if most_probable is not None and self._all_greedy:
            return most_probable
        weights = self._weights[: len(logits)]
        kept = weights[:, : self._vocab_size]
        np.exp((logits - peaks) * self._row_scale, out=kept)
        if self._has_min_p:
            kept *= kept >= self._row_min_p  # the most probable token weighs 1
        if len(self._cut):
            subset = kept[self._cut]
            floors = lowest_kept(subset, self._cut_k, self._cut_p)
            kept[self._cut] = subset * (subset >= floors[:, None])
        token_ids = pick(weights, self._numbers[self._slots, steps])
        if most_probable is None:
            return token_ids
        return np.where(self._row_greedy, most_probable, token_ids)

    def _report(self, logits: Floats, token_ids: Ints) -> dict[int, TokenLogprobs]:
        log_probs = log_softmax(logits)
        return {
            int(row): TokenLogprobs(
                float(log_probs[place, token_ids[row]]),
                best(log_probs[place], int(self._row_logprobs[row])),
            )
            for place, row in enumerate(self._reported)
        }


def lowest_kept(weights: Floats, top_k: Ints, top_p: Floats) -> Floats:
    """Return the smallest weight of each row that top_k, then top_p, keep; equal ones are kept.

    Args:
        weights: (rows, vocab_size), not normalized.
        top_k: (rows,) 1 to vocab_size.
        top_p: (rows,) over 0, up to 1.
    """
    vocab_size = weights.shape[1]
    if vocab_size <= FEW:
        return _floors(np.sort(weights, axis=1)[:, ::-1], top_k, top_p)[0]
    totals = weights.sum(axis=1)
    width = max(FEW, int(top_k[top_k < vocab_size].max(initial=0)))
    few = np.partition(weights, vocab_size - width, axis=1)[:, vocab_size - width :]
    floors, is_enough = _floors(np.sort(few, axis=1)[:, ::-1], top_k, top_p, totals)
    if not is_enough.all():  # rows so flat that a few tokens do not reach top_p
        flat = np.flatnonzero(~is_enough)
        everything = np.sort(weights[flat], axis=1)[:, ::-1]
        floors[flat] = _floors(everything, top_k[flat], top_p[flat], totals[flat])[0]
    return floors


def _floors(
    top: Floats, top_k: Ints, top_p: Floats, totals: Floats | None = None
) -> tuple[Floats, Bools]:
    """Find the floors among the largest weights of each row.

    Args:
        top: (rows, width) in descending order.
        top_k: As in `lowest_kept`; up to the width, or over it for no limit.
        top_p: As in `lowest_kept`.
        totals: (rows,) all weights together; None if `top` has all.

    Returns:
        (rows,) floors, and whether there were enough weights to tell.
    """
    rows, width = np.arange(len(top)), top.shape[1]
    kth = top[rows, np.minimum(top_k, width) - 1]
    mass = (top * (top >= kth[:, None])).cumsum(axis=1, dtype=np.float64)
    kept = mass[:, -1]
    if totals is not None:
        kept = np.where(top_k <= width, kept, totals)
    reached = mass >= (top_p * kept)[:, None]
    is_enough = reached[:, -1]
    return np.where(is_enough, top[rows, reached.argmax(axis=1)], kth), is_enough


def columns_for(vocab_size: int) -> int:
    """Return how many columns `pick` wants for a vocabulary, the last ones zero."""
    return vocab_size if vocab_size <= LARGE else -(-vocab_size // BLOCK) * BLOCK


def pick(weights: Floats, numbers: npt.NDArray[np.float64]) -> Ints:
    """Choose one column of each row by inverting its cumulative weight.

    Args:
        weights: (rows, columns), columns as of `columns_for`; not negative, not all zero.
        numbers: (rows,) in [0, 1).
    """
    if weights.shape[1] <= LARGE:
        return _invert(weights.cumsum(axis=1, dtype=np.float64), numbers)
    rows = np.arange(len(weights))
    blocks = weights.reshape(len(weights), -1, BLOCK)
    sums = blocks.sum(axis=2)
    cumulative = sums.cumsum(axis=1, dtype=np.float64)
    block = _invert(cumulative, numbers)
    above = cumulative[rows, block] - numbers * cumulative[:, -1]
    share = np.clip(1 - above / sums[rows, block], 0, 1 - 2.0**-48)  # of the block, [0, 1)
    return block * BLOCK + _invert(blocks[rows, block].cumsum(axis=1, dtype=np.float64), share)


def _invert(cumulative: npt.NDArray[np.float64], numbers: npt.NDArray[np.float64]) -> Ints:
    """Return the column in which the cumulative weight passes the given share of the whole."""
    columns: Ints = (cumulative > (numbers * cumulative[:, -1])[:, None]).argmax(axis=1)
    return columns


def best(log_probs: npt.NDArray[np.float64], count: int) -> tuple[tuple[int, float], ...]:
    """Return the `count` most probable (token id, log probability), best first, ties by id."""
    count = min(count, int(np.isfinite(log_probs).sum()))
    if count == 0:
        return ()
    edge = np.partition(log_probs, -count)[-count]
    among = np.flatnonzero(log_probs >= edge)
    order = among[np.argsort(-log_probs[among], kind="stable")][:count]
    return tuple((int(token_id), float(log_probs[token_id])) for token_id in order)
