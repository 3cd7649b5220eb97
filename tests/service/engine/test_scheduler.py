import pytest

from service.engine.scheduler import CHUNK, MAX_PREFILL_TOKENS, Prompt, Scheduler


def prompt(length, *, num_answers=1, owner=None, chunk=CHUNK):
    return Prompt(owner or object(), list(range(length)), num_answers, chunk)


def scheduler(*prompts, max_queue_size=1000):
    made: Scheduler[object, str] = Scheduler(max_queue_size)
    for one in prompts:
        made.add(one)
    return made


def read(made, num_free=10):
    """Let the next call read; return the prompts that it read of."""
    prompts = made.next_prefill(num_free)
    for one in prompts:
        made.advance(one, context="known")
    return prompts


def test_a_prompt_with_nothing_to_read_begins_at_once_and_in_turn():
    one, other = prompt(0), prompt(0, num_answers=2)
    made = scheduler(one, other)

    assert made.next_prefill(10) == []
    assert made.admit(2) == [(one, 0), (other, 0)]
    made.discard(other)
    assert made.num_waiting == 0


def test_a_prompt_is_read_in_chunks_then_its_answer_begins():
    one = prompt(CHUNK + 3)
    made = scheduler(one)

    chunks = [len(one.next_chunk)]
    read(made)
    assert made.admit(10) == []
    chunks.append(len(one.next_chunk))
    read(made)

    assert chunks == [CHUNK, 3]
    assert made.admit(10) == [(one, 0)]
    assert made.num_waiting == 0


def test_prompts_of_like_length_are_read_in_one_call():
    prompts = [prompt(length) for length in (10, 20, 3, 12)]

    assert read(scheduler(*prompts)) == [prompts[0], prompts[1], prompts[3]]


def test_a_call_keeps_to_its_tokens():
    made = scheduler(*[prompt(CHUNK) for _ in range(50)])

    assert len(read(made, num_free=50)) == MAX_PREFILL_TOKENS // CHUNK


def test_a_long_prompt_lets_short_ones_pass():
    long, short = prompt(CHUNK * 50), prompt(4)
    made = scheduler(long, short)

    assert read(made) == [long]
    assert read(made) == [short]
    assert made.admit(10) == [(short, 0)]


def test_nothing_is_read_ahead_of_the_rows_there_are():
    made = scheduler(prompt(4), prompt(4), prompt(4))

    assert len(read(made, num_free=2)) == 2
    assert read(made, num_free=2) == []
    assert read(scheduler(prompt(4)), num_free=0) == []


def test_answers_of_several_requests_take_turns():
    many, one = prompt(4, num_answers=3), prompt(4)
    made = scheduler(many, one)
    while read(made, num_free=10):
        pass

    assert made.admit(3) == [(many, 0), (one, 0), (many, 1)]
    assert made.admit(3) == [(many, 2)]


@pytest.mark.parametrize("is_read", [False, True])
def test_a_discarded_prompt_takes_nothing_else_with_it(is_read):
    leaver, stayer = prompt(4, num_answers=2), prompt(4)
    made = scheduler(leaver, stayer)
    if is_read:
        read(made)

    made.discard(leaver)
    made.discard(leaver)
    read(made)

    assert made.num_waiting == 1
    assert made.admit(10) == [(stayer, 0)]


def test_a_prompt_discarded_while_it_is_read_does_not_come_back():
    one = prompt(4)
    made = scheduler(one)
    made.next_prefill(10)

    made.discard(one)
    made.advance(one, context="known")

    assert made.admit(10) == []


def test_an_empty_queue_takes_a_request_of_any_size_and_a_full_one_none():
    made = scheduler(max_queue_size=3)
    assert made.has_room_for(100)

    made.add(prompt(4, num_answers=2))

    assert made.has_room_for(1)
    assert not made.has_room_for(2)
