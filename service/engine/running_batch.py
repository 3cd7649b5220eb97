"""The running batch of one generator: reads prompts, then writes a token of every row per step.

Knows which rows are live and how they end; not who waits, and no thread: see `continuous_batching`.
"""

import time
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from model_store import DecoderConfig, Tokenizer
from service.engine.activity import Tally
from service.engine.answer_stream import Part
from service.engine.arrays import Bools, Floats, Ints
from service.engine.batch_rows import Row, Rows
from service.engine.generation_handle import Generation
from service.engine.isolation import is_sound, run_each, step_each
from service.engine.options import EngineOptions
from service.engine.prompt_scoring import score, step_through
from service.engine.scheduler import Prompt
from service.engine.stepping import Standing, State, StepGraph, join_rows, take_rows
from service.engine.text_stream import Ending, StopFinder, enders
from service.engine.token_sampler import Draw, Sampler
from service.errors import EngineFailure

Context = tuple[Floats, State]
"""Logits (rows, vocab_size) of the next token, and the state that they come from."""

GenerationPrompt = Prompt[Generation, Context]

SMOOTHING = 0.1  # weight of the newest answer in the measured time of one


class RunningBatch:
    """The live rows and everything that a step does with them.

    Args:
        runtime: The model.
        config: Its configuration.
        token_bytes: What each token adds to the text, by id.
        banned: Tokens that are never drawn.
        options: Limits.
    """

    def __init__(
        self,
        runtime: StepGraph,
        config: DecoderConfig,
        *,
        token_bytes: Sequence[bytes],
        banned: Sequence[int],
        options: EngineOptions,
    ) -> None:
        """Start with no row."""
        self._runtime = runtime
        self._config = config
        self._token_bytes = token_bytes
        self._interval_s = options.stream_interval_ms / 1000
        self._rows = Rows(options.max_generation_rows, config.max_tokens, config.vocab_size)
        self._sampler = Sampler(
            options.max_generation_rows,
            config.max_tokens,
            vocab_size=config.vocab_size,
            banned=banned,
            eos_id=config.eos_id,
        )
        self._state = runtime.start_state(0)
        self._last_ids: Ints = np.zeros(0, np.intp)
        self._enders_of = lru_cache(maxsize=32)(self._find_enders)
        self.mean_answer_s = 0.0
        self.tally = Tally()

    def __len__(self) -> int:
        """Return the number of live rows."""
        return len(self._rows)

    @property
    def num_free(self) -> int:
        """Rows that could join."""
        return self._rows.num_free

    def listen(self, generation: Generation) -> None:
        """Send the rows of a request as they grow, from now on."""
        self._rows.listen(generation)

    def read(self, prompts: Sequence[GenerationPrompt]) -> list[Context]:
        """Run the next chunk of each prompt; return what the model knows after it.

        A prompt on which the model fails is told so.
        """
        contexts: dict[GenerationPrompt, Context] = {}
        for is_scored in (False, True):
            group = [one for one in prompts if one.owner.is_echo_scored is is_scored]
            if group:
                contexts |= zip(group, self._read(group, is_scored=is_scored), strict=True)
        return [contexts[prompt] for prompt in prompts]

    def write(self, admitted: Sequence[tuple[GenerationPrompt, int]]) -> list[Generation]:
        """Step the live rows, let new ones join, and append one token to each.

        Returns:
            The requests that are over now: all answers ended, or the model failed.
        """
        over: list[Generation] = []
        contexts = [self._step()] if len(self._rows) else []
        has_stepped = bool(contexts)
        for prompt, index in admitted:
            prompt.owner.start()
            if prompt.owner.params.max_tokens == 0:
                part = Part(index, (), ending=Ending("length"), standing=_unwritten(prompt))
                prompt.owner.push(part, batch_size=0)
                self.tally.num_sound += 1
                over.append(prompt.owner)
            elif prompt.context is not None:
                self._join(prompt, index)
                contexts.append(prompt.context)
        if contexts:
            logits, self._state = _joined(contexts)
            over += self._draw(logits, has_stepped=has_stepped)
        return [generation for generation in over if generation.is_over]

    def drop_over(self) -> None:
        """Take out the rows of requests that are over."""
        leaving = [row.generation.is_over for row in self._rows.live]
        if any(leaving):
            self._leave(np.array(leaving, np.bool_))

    def _state_of(self, prompt: GenerationPrompt) -> State:
        return self._runtime.start_state(1) if prompt.context is None else prompt.context[1]

    def _read(self, prompts: Sequence[GenerationPrompt], *, is_scored: bool) -> list[Context]:
        """Run the next chunk of prompts that are all scored, or none of them."""
        for prompt in prompts:
            prompt.owner.start()
        state = join_rows([self._state_of(prompt) for prompt in prompts])
        chunks = [prompt.next_chunk for prompt in prompts]
        vocab_size = self._config.vocab_size
        started = time.monotonic()
        if is_scored:
            steps, state = step_through(self._runtime, chunks, state, vocab_size=vocab_size)
            logits = np.stack([own[-1] for own in steps])
        else:
            logits, state = run_each(self._runtime, chunks, state, vocab_size=vocab_size)
        self.tally.add([len(chunk) for chunk in chunks], time.monotonic() - started)
        for row, is_good in enumerate(is_sound(logits).tolist()):
            if not is_good:
                prompts[row].owner.fail(model_failed())
            elif is_scored:
                _score_echo(prompts[row], steps[row])
        parts = [slice(row, row + 1) for row in range(len(prompts))]
        return [(logits[part], take_rows(state, part)) for part in parts]

    def _step(self) -> Context:
        vocab_size = self._config.vocab_size
        started = time.monotonic()
        context = step_each(self._runtime, self._last_ids, self._state, vocab_size=vocab_size)
        self.tally.add_step(len(self._rows), time.monotonic() - started)
        return context

    def _join(self, prompt: GenerationPrompt, index: int) -> None:
        generation = prompt.owner
        params = generation.params
        finder = None
        if params.stop:
            finder = StopFinder(self._token_bytes, params.stop, params.min_tokens)
        row = Row(generation, index, finder, time.monotonic())
        self._rows.join(row, self._enders_of(params.stop))
        seed = generation.seeds[index]
        self._sampler.assign(row.slot, params, seed=seed, prompt=prompt.seen)
        self._sampler.select(self._rows.slots)

    def _find_enders(self, stop: tuple[bytes, ...]) -> Bools:
        """Return (vocab_size,) the tokens after which an answer may end before its limit."""
        ending = np.zeros(self._config.vocab_size, np.bool_)
        ending[: len(self._token_bytes)] = enders(self._token_bytes, stop)
        if self._config.eos_id is not None:
            ending[self._config.eos_id] = True
        return ending

    def _draw(self, logits: Floats, *, has_stepped: bool) -> list[Generation]:
        """Append a token to each row; return the requests that a row has ended or failed."""
        rows = self._rows
        carried = self._carried(logits)
        draw = self._sampler.draw(logits, rows.counts)
        self._last_ids = draw.token_ids
        may_end = rows.record(draw.token_ids) | ~draw.is_valid
        for place, logprobs in draw.logprobs.items():
            rows.live[place].logprobs.append(logprobs)
        touched = []
        if may_end.any():
            touched = self._end(draw, may_end, carried)
        else:
            self.tally.num_sound += has_stepped
        for row in rows.due(time.monotonic(), self._interval_s):
            row.generation.push(Part(row.index, *rows.take_unsent(row)), batch_size=len(rows))
        return touched

    def _carried(self, logits: Floats) -> dict[int, Floats]:
        """Return logits that a draw may end, by row, where its state is wanted: it spoils them."""
        if self._config.eos_id is None:
            return {}
        return {place: logits[place].copy() for place in self._rows.carried}

    def _end(self, draw: Draw, may_end: Bools, carried: dict[int, Floats]) -> list[Generation]:
        """Let the rows leave that have ended, and those that the model failed on."""
        touched = []
        leaving = np.zeros(len(self._rows), np.bool_)
        for place in np.flatnonzero(may_end).tolist():
            row = self._rows.live[place]
            ending = self._ending_of(row, int(draw.token_ids[place]))
            if not draw.is_valid[place]:
                row.generation.fail(model_failed())
            elif ending is not None:
                self._finish(row, ending, self._standing(place, ending, carried))
            else:
                continue
            leaving[place] = True
            touched.append(row.generation)
        self._leave(leaving)
        return touched

    def _ending_of(self, row: Row, token_id: int) -> Ending | None:
        if token_id == self._config.eos_id:
            return Ending("stop", has_eos=True)
        if row.finder is not None:
            place = row.finder.find(self._rows.tokens(row))
            if place is not None:
                return Ending("stop", end=place)
        return Ending("length") if self._rows.is_full(row) else None

    def _standing(self, place: int, ending: Ending, carried: dict[int, Floats]) -> Standing | None:
        """Return where a row stands that has ended, if its caller wants to know."""
        if self._rows.live[place].generation.seal is None:
            return None
        state = take_rows(self._state, slice(place, place + 1))
        return Standing(state, carried[place] if ending.has_eos else None)

    def _finish(self, row: Row, ending: Ending, standing: Standing | None) -> None:
        token_ids, logprobs = self._rows.take_unsent(row)
        part = Part(row.index, token_ids, logprobs, ending, standing)
        row.generation.push(part, batch_size=len(self._rows))
        self.tally.num_sound += 1
        elapsed_s = time.monotonic() - row.joined
        weight = SMOOTHING if self.mean_answer_s else 1.0
        self.mean_answer_s += weight * (elapsed_s - self.mean_answer_s)

    def _leave(self, leaving: Bools) -> None:
        staying = np.flatnonzero(~leaving)
        self._state = take_rows(self._state, staying)
        self._last_ids = self._last_ids[staying]
        self._rows.leave(leaving)
        self._sampler.select(self._rows.slots)


def _joined(contexts: Sequence[Context]) -> Context:
    """Return all rows as one; logits of prompts are copied, since a draw overwrites them."""
    if len(contexts) == 1 and len(contexts[0][0]) > 1:
        return contexts[0]
    logits = np.concatenate([logits for logits, _ in contexts])
    return logits, join_rows([state for _, state in contexts])


def _unwritten(prompt: GenerationPrompt) -> Standing | None:
    """Return where an answer without tokens stands, if its caller wants to know."""
    if prompt.owner.seal is None or prompt.context is None:
        return None
    logits, state = prompt.context
    return Standing(state, logits[0])


def _score_echo(prompt: GenerationPrompt, logits: Floats) -> None:
    """Note how probable the tokens were that follow those just read, but for the text's first."""
    echo, num_best = prompt.owner.echo, prompt.owner.params.logprobs
    assert echo is not None, "asked for"
    assert num_best is not None, "asked for with it"
    num_before = len(prompt.token_ids) - len(echo.token_ids)  # begin token, or one not read yet
    first = max(prompt.position, num_before) + 1
    tokens = prompt.token_ids[first : prompt.position + len(logits) + 1]
    before = logits[first - prompt.position - 1 :][: len(tokens)]
    echo.logprobs.extend(score(before, tokens, num_best))


def never_drawn(tokenizer: Tokenizer, eos_id: int | None) -> list[int]:
    """Return the special tokens, but for the one that ends an answer."""
    special = (tokenizer.pad_id, tokenizer.unk_id, tokenizer.bos_id, tokenizer.eos_id)
    return [token_id for token_id in special if token_id is not None and token_id != eos_id]


def model_failed() -> EngineFailure:
    """Return the error of a request on which the model failed."""
    return EngineFailure("the model failed on this request; others are not touched")
