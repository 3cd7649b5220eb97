"""Decides whose prompt a generator reads next and whose answers it begins.

Plain Python over deques: no threads, no arrays, no model. An answer is a row in the running
batch; rows are few, so prompts wait in line for them. Turns are taken by request: many answers to
one prompt, or one long prompt, do not keep the others waiting.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, TypeVar

CHUNK = 64
"""Tokens of a prompt read in one call, so that a long prompt does not halt the running rows: 64
tokens take 4 ms of an LSTM 512. Calls begin at multiples of it, whatever else runs."""

MAX_PREFILL_TOKENS = 512
"""Tokens, padding included, that one call reads of all prompts together."""

Owner = TypeVar("Owner")
Context = TypeVar("Context")


@dataclass(eq=False, slots=True)
class Prompt(Generic[Owner, Context]):
    """A prompt on its way through the model, then the answers to it that wait for a row.

    Args:
        owner: Who gets the answers.
        token_ids: What the model reads, tokens or what stands for one; none only with a context.
        num_answers: Rows to begin, at least one.
        chunk: Tokens read in one call.
        seen: Tokens that a penalty for repetition holds for from the start.
        position: Tokens read so far.
        num_begun: Answers that have a row, or had.
        context: What the model knows after `position` tokens; None before the first of all.
    """

    owner: Owner
    token_ids: Sequence[Any]
    num_answers: int
    chunk: int = CHUNK
    seen: Sequence[int] = ()
    position: int = 0
    num_begun: int = 0
    context: Context | None = field(default=None)

    @property
    def next_chunk(self) -> Sequence[Any]:
        """The tokens to read next."""
        return self.token_ids[self.position : self.position + self.chunk]

    @property
    def next_length(self) -> int:
        """How many they are."""
        return min(self.chunk, len(self.token_ids) - self.position)

    @property
    def is_read(self) -> bool:
        """Whether the model has read it all."""
        return self.position >= len(self.token_ids)

    @property
    def num_waiting(self) -> int:
        """Answers that have no row yet."""
        return self.num_answers - self.num_begun


class Scheduler(Generic[Owner, Context]):
    """The prompts of one generator that wait, in turn.

    Args:
        max_queue_size: Answers that may wait; a prompt that finds none waiting is always taken.
    """

    def __init__(self, max_queue_size: int) -> None:
        """Start with nothing waiting."""
        self._max_queue_size = max_queue_size
        self._unread: deque[Prompt[Owner, Context]] = deque()
        self._read: deque[Prompt[Owner, Context]] = deque()
        self.num_waiting = 0

    def has_room_for(self, num_answers: int) -> bool:
        """Whether so many answers may join the queue."""
        return self.num_waiting == 0 or self.num_waiting + num_answers <= self._max_queue_size

    def add(self, prompt: Prompt[Owner, Context]) -> None:
        """Put a prompt at the end of the line; one that has nothing to read is read already."""
        (self._read if prompt.is_read else self._unread).append(prompt)
        self.num_waiting += prompt.num_waiting

    def discard(self, prompt: Prompt[Owner, Context]) -> None:
        """Take out a prompt of which nobody wants the answers any more; its neighbours stay."""
        for line in (self._unread, self._read):
            if prompt.num_waiting and prompt in line:
                line.remove(prompt)
                self.num_waiting -= prompt.num_waiting

    def next_prefill(self, num_free: int) -> list[Prompt[Owner, Context]]:
        """Choose the prompts of which the next call reads a chunk; they stay in line.

        Only as many as may get a row soon: the first in line, and those after it whose chunks are
        of like length, so that padding stays under half.

        Args:
            num_free: Rows that are free.
        """
        room = num_free - sum(prompt.num_waiting for prompt in self._read)
        if room <= 0 or not self._unread:
            return []
        first = self._unread[0]
        chosen, longest, room = [first], first.next_length, room - first.num_waiting
        for prompt in islice(self._unread, 1, max(1, num_free)):
            length = prompt.next_length
            longer = max(longest, length)
            if room <= 0 or (len(chosen) + 1) * longer > MAX_PREFILL_TOKENS:
                break
            if first.next_length <= 2 * length and length <= 2 * first.next_length:
                chosen.append(prompt)
                longest, room = longer, room - prompt.num_waiting
        return chosen

    def advance(self, prompt: Prompt[Owner, Context], context: Context) -> None:
        """Note that the model has read the next chunk of a prompt, and give the next one a turn."""
        prompt.position += prompt.next_length
        prompt.context = context
        if prompt in self._unread:  # unless it was discarded meanwhile
            self._unread.remove(prompt)
            (self._read if prompt.is_read else self._unread).append(prompt)

    def admit(self, num_free: int) -> list[tuple[Prompt[Owner, Context], int]]:
        """Begin as many answers as there are free rows; return each one's prompt and number."""
        admitted: list[tuple[Prompt[Owner, Context], int]] = []
        while self._read and len(admitted) < num_free:
            prompt = self._read.popleft()
            admitted.append((prompt, prompt.num_begun))
            prompt.num_begun += 1
            self.num_waiting -= 1
            if prompt.num_waiting:
                self._read.append(prompt)
        return admitted
