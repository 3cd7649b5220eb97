"""The thread that generates: who joins, who leaves, what becomes of those who wait."""

import threading

import pytest

from service.errors import Cancelled, EngineFailure, InvalidInput, NotReady, QueueFull
from tests.service.engine.fakes import PATIENCE_S, ask, until


def test_text_goes_on_from_the_prompt(make_generator, stepper):
    stepper.free()

    answer = ask(make_generator(), "e", max_tokens=4).result()[0]

    assert (answer.text, answer.num_tokens, answer.finish_reason) == ("fghi", 4, "length")


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
