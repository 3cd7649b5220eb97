"""The caller's end of a generation: what comes out, and when."""

import time

import pytest

from service.errors import DeadlineExceeded
from tests.service.engine.fakes import PATIENCE_S, ask, until


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


def test_closing_the_iterator_cancels(make_generator, stepper, graph):
    generator = make_generator()
    events = ask(generator, max_tokens=1000).events()
    next(events)

    events.close()
    stepper.let(1)

    until(lambda: generator.num_running == 0)


def test_the_deadline_ends_a_running_request(make_generator, stepper):
    generator = make_generator()
    deadline = time.monotonic() + 3  # by then it runs, on a busy machine too
    events = ask(generator, max_tokens=1000, deadline=deadline).events()
    next(events)
    until(lambda: time.monotonic() > deadline)
    stepper.let(2)

    with pytest.raises(DeadlineExceeded):
        list(events)
    until(lambda: generator.num_running == 0)


def test_a_caller_does_not_wait_for_a_stuck_engine_beyond_its_deadline(make_generator, monkeypatch):
    monkeypatch.setattr("service.engine.generation_handle.GRACE_S", 0.0)
    generation = ask(make_generator(), max_tokens=5, deadline=time.monotonic() + 0.02)

    with pytest.raises(DeadlineExceeded):
        generation.result()


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
