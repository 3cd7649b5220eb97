"""The thread that generates: who joins, who leaves, what callers are told."""

import threading
import time

import pytest

from service.engine.types import GenerateRequest, Sampling
from service.errors import (
    Cancelled,
    DeadlineExceeded,
    EngineFailure,
    InvalidInput,
    NotReady,
    QueueFull,
)
from tests.models import CHARACTERS
from tests.service.engine.fakes import FakeGeneratorGraph, fake_generator

VOCAB_SIZE = len(CHARACTERS) + 4
PATIENCE_S = 30


class Stepper:
    """Lets a fake graph make its steps one by one; `free` lets all others through."""

    def __init__(self):
        self._allowed = threading.Semaphore(0)
        self._is_free = False

    def __call__(self, rows):
        if not self._is_free:
            assert self._allowed.acquire(timeout=PATIENCE_S)

    def let(self, count):
        self._allowed.release(count)

    def free(self):
        self._is_free = True
        self._allowed.release()


@pytest.fixture
def stepper():
    return Stepper()


@pytest.fixture
def graph(stepper):
    return FakeGeneratorGraph(VOCAB_SIZE, stepper)


@pytest.fixture
def make_generator(graph, stepper):
    generators = []

    def make(**options):
        generators.append(fake_generator(graph, **options))
        return generators[-1]

    yield make
    stepper.free()
    for generator in generators:
        generator.close(PATIENCE_S)


def ask(generator, prompt="e", *, deadline=None, echo=False, **sampling):
    request = GenerateRequest(prompt, Sampling(**sampling), echo=echo, deadline=deadline)
    return generator.generate(request)


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_text_goes_on_from_the_prompt(make_generator, stepper):
    stepper.free()

    answer = ask(make_generator(), "e", max_tokens=4).result()[0]

    assert (answer.text, answer.num_tokens, answer.finish_reason) == ("fghi", 4, "length")


def test_the_first_token_comes_before_the_second_is_made(make_generator):
    generation = ask(make_generator(), max_tokens=3)

    first = next(generation.events())

    assert (first.text, first.num_tokens, first.finish_reason) == ("f", 1, None)


def test_tokens_that_gather_while_nobody_reads_come_as_one_piece(make_generator, stepper):
    generation = ask(make_generator(stream_interval_ms=0.0), max_tokens=9)
    events = generation.events()
    next(events)
    stepper.free()
    until(lambda: generation.is_over)

    assert [(delta.text, delta.finish_reason) for delta in events] == [("ghijklmn", "length")]


def test_pieces_keep_their_distance(make_generator, stepper, graph):
    events = ask(make_generator(stream_interval_ms=1e6), max_tokens=30).events(heartbeat_s=0.01)
    first = next(events)
    stepper.let(5)
    until(lambda: len(graph.steps) == 5)

    assert next(events) is None
    stepper.free()
    rest = [delta for delta in events if delta is not None]
    assert [delta.num_tokens for delta in [first, *rest]] == [1, 29]


def test_a_heartbeat_comes_when_nothing_else_does(make_generator):
    generation = ask(make_generator(), max_tokens=3)
    events = generation.events(heartbeat_s=0.01)

    assert next(events) is not None
    assert next(events) is None


def test_a_stop_text_ends_the_answer_and_frees_the_row(make_generator, stepper, graph):
    stepper.free()

    answer = ask(make_generator(), "e", max_tokens=50, stop=("ij", "zz")).result()[0]

    assert (answer.text, answer.finish_reason, answer.num_tokens) == ("fgh", "stop", 5)
    assert len(graph.steps) == 4


def test_rows_join_at_any_step_and_leave_at_their_own_end(make_generator, stepper, graph):
    generator = make_generator()
    long = ask(generator, max_tokens=8)
    stepper.let(2)
    until(lambda: len(graph.steps) == 2)
    short = ask(generator, max_tokens=3)
    until(lambda: generator.num_waiting == 1)
    stepper.free()

    assert short.result()[0].text == "fgh"
    assert long.result()[0].text == "fghijklm"
    assert max(graph.steps) == 2
    assert graph.steps[-1] == 1


def test_rows_over_the_capacity_wait_for_a_place(make_generator, stepper, graph):
    stepper.free()
    generator = make_generator(max_generation_rows=2)

    answers = ask(generator, max_tokens=5, n=7, seed=0).result()

    assert [answer.text for answer in answers] == ["fghij"] * 7
    assert max(graph.steps) == 2


def test_one_prompt_is_read_once_for_all_its_answers(make_generator, stepper, graph):
    stepper.free()

    ask(make_generator(), "efgh", max_tokens=2, n=5).result()

    assert graph.prefills == [[5]]


def test_a_long_prompt_is_read_in_chunks(make_generator, stepper, graph):
    stepper.free()

    assert ask(make_generator(), "e" * 150, max_tokens=1).result()[0].text == "f"
    assert graph.prefills == [[64], [64], [23]]


def test_a_cancelled_request_leaves_at_the_next_step(make_generator, stepper, graph):
    generator = make_generator()
    generation = ask(generator, max_tokens=1000)
    stepper.let(1)
    until(lambda: len(graph.steps) == 1)

    generation.cancel()
    generation.cancel()
    stepper.let(1)

    until(lambda: generator.num_running == 0)
    with pytest.raises(Cancelled):
        generation.result()


def test_closing_the_iterator_cancels(make_generator, stepper, graph):
    generator = make_generator()
    events = ask(generator, max_tokens=1000).events()
    next(events)

    events.close()
    stepper.let(1)

    until(lambda: generator.num_running == 0)


def test_a_request_cancelled_in_line_never_runs(make_generator, stepper, graph):
    generator = make_generator(max_generation_rows=1)
    running = ask(generator, max_tokens=3)
    until(lambda: generator.num_running == 1)
    waiting = ask(generator, "m", max_tokens=3)

    waiting.cancel()
    stepper.free()

    running.result()
    until(lambda: generator.num_waiting == 0)
    assert len(graph.prefills) == 1


def test_the_deadline_ends_a_running_request(make_generator, stepper):
    generator = make_generator()
    generation = ask(generator, max_tokens=1000, deadline=time.monotonic() + 0.02)
    events = generation.events()
    next(events)
    time.sleep(0.03)
    stepper.let(2)

    with pytest.raises(DeadlineExceeded):
        list(events)
    until(lambda: generator.num_running == 0)


def test_a_caller_does_not_wait_for_a_stuck_engine_beyond_its_deadline(make_generator, monkeypatch):
    monkeypatch.setattr("service.engine.generation.GRACE_S", 0.0)
    generation = ask(make_generator(), max_tokens=5, deadline=time.monotonic() + 0.02)

    with pytest.raises(DeadlineExceeded):
        generation.result()


def test_a_full_queue_is_told_with_the_time_that_it_will_take(make_generator, stepper):
    generator = make_generator(max_generation_rows=1, max_queue_size=2)
    running = ask(generator, max_tokens=5)
    until(lambda: generator.num_running == 1)
    waiting = ask(generator, max_tokens=5, n=2)

    with pytest.raises(QueueFull) as refused:
        ask(generator, max_tokens=5)

    assert refused.value.retry_after_s
    stepper.free()
    assert len(running.result() + waiting.result()) == 3


def test_no_tokens_may_be_asked_for(make_generator, graph):
    answer = ask(make_generator(), "efg", max_tokens=0).result()[0]

    assert (answer.text, answer.num_tokens, answer.finish_reason) == ("", 0, "length")
    assert graph.steps == []


def test_an_echo_comes_first_with_the_prompts_log_probabilities(make_generator, stepper):
    stepper.free()

    generation = ask(make_generator(), "efx", max_tokens=2, echo=True, logprobs=1)
    answer = generation.result()[0]

    assert answer.text == "efxyz"
    assert answer.num_tokens == 2
    assert [entry.text for entry in answer.logprobs] == list("efxyz")
    first, likely, unlikely, *_ = [entry.logprob for entry in answer.logprobs]
    assert first is None
    assert likely == pytest.approx(0, abs=1e-6)
    assert unlikely == pytest.approx(-50, abs=1e-3)
    assert answer.logprobs[2].top[0][0] == "g"


def test_an_echo_without_tokens_scores_a_text(make_generator):
    answer = ask(make_generator(), "ef", max_tokens=0, echo=True, logprobs=0).result()[0]

    assert answer.text == "ef"
    assert [entry.logprob is None for entry in answer.logprobs] == [True, False]


def test_waiting_tells_whether_it_is_over_without_asking_for_pieces(make_generator, stepper):
    generation = ask(make_generator(), max_tokens=5)

    assert not generation.wait(0.01)
    stepper.free()
    until(lambda: generation.wait(PATIENCE_S))
    assert generation.result()[0].text == "fghij"


def test_the_timing_splits_waiting_from_working(make_generator, stepper):
    generator = make_generator(max_generation_rows=1)
    first, second = ask(generator, max_tokens=5), ask(generator, max_tokens=5)
    until(lambda: generator.num_running == 1)
    time.sleep(0.02)
    stepper.free()
    first.result(), second.result()

    assert first.timing.compute_s > 0.02
    assert second.timing.queue_s > 0.02
    assert second.timing.batch_size == 1


def test_bad_requests_are_refused_at_once(make_generator):
    with pytest.raises(InvalidInput):
        ask(make_generator(), max_tokens=10_000)


def test_a_dead_thread_fails_those_who_wait_and_says_so(
    make_generator, stepper, graph, monkeypatch
):
    generator = make_generator()
    running = ask(generator, max_tokens=100)
    until(lambda: generator.num_running == 1)
    monkeypatch.setattr(generator._writer, "write", None)
    stepper.let(1)

    with pytest.raises(EngineFailure):
        running.result()
    until(lambda: generator.failure is not None)
    assert "died" in generator.failure
    with pytest.raises(NotReady, match="died"):
        ask(generator)


def test_a_closed_generator_finishes_what_it_has_and_takes_no_more(make_generator, stepper):
    generator = make_generator()
    running = ask(generator, max_tokens=5)
    until(lambda: generator.num_running == 1)

    generator.close()

    assert ask(generator) is None
    stepper.free()
    assert running.result()[0].num_tokens == 5
    until(lambda: not generator._thread.is_alive())


def test_what_is_left_when_patience_ends_fails(make_generator, stepper):
    generator = make_generator()
    running = ask(generator, max_tokens=1000)
    until(lambda: generator.num_running == 1)
    closer = threading.Thread(target=generator.close, args=(0.01,))
    closer.start()
    until(lambda: generator._is_aborting)
    stepper.let(2)

    with pytest.raises(NotReady):
        running.result()
    closer.join(PATIENCE_S)


def test_nothing_is_left_behind_after_many_requests(make_generator, stepper):
    stepper.free()
    generator = make_generator(max_generation_rows=4)
    for round_number in range(30):
        generations = [ask(generator, max_tokens=1 + n, n=2) for n in range(5)]
        generations[round_number % 5].cancel()
        for generation in generations:
            if not generation.is_cancelled:
                generation.result()

    until(lambda: not generator._open)
    assert (generator.num_running, generator.num_waiting) == (0, 0)
    assert generator._writer.num_free == 4
