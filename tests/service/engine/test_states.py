"""What a caller takes away and goes on from: the same bits as reading or writing all at once.

A sealed state is the same text for the same bits, so states are compared as they are.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from model_store import ServingPlan, Store
from service.engine.requests.generate import GenerateRequest, Sampling
from service.errors import InvalidInput, StateMismatch
from tests.models import byte_tokenizer, character_tokenizer, publish_generator
from tests.service.engine.test_shadow import tally_of

GENERATORS = ["shakespeare", "gru", "rnn", "bytes", "eight-bit", "eight-bit-gru"]
TEXT = "To be, or not to be, that is a question as old as the plays and films of this world."
EOS = character_tokenizer().eos_id
GREEDY = {"temperature": 0.0, "repetition_penalty": 1.3, "logprobs": 2}


def write(engine, prompt, model="shakespeare", *, state=None, **sampling):
    """The answers, each with its state."""
    request = GenerateRequest(prompt, Sampling(**sampling), model, state=state, returns_state=True)
    return engine.answer(request).result()


def read(engine, text, model="shakespeare", *, state=None):
    """The state after a text."""
    [answer] = write(engine, text, model, state=state, max_tokens=0)
    return answer.state


@pytest.mark.parametrize("model", GENERATORS)
def test_a_text_cut_at_every_place_leads_to_the_same_state(engine, model):
    whole = read(engine, TEXT, model)

    for cut in range(len(TEXT) + 1):
        assert read(engine, TEXT[cut:], model, state=read(engine, TEXT[:cut], model)) == whole


@pytest.mark.parametrize("model", GENERATORS)
def test_what_is_written_in_two_parts_is_what_is_written_at_once(engine, model):
    [whole] = write(engine, "To be", model, max_tokens=30, **GREEDY)

    for cut in range(1, 30):
        [first] = write(engine, "To be", model, max_tokens=cut, **GREEDY)
        if first.finish_reason == "stop":
            break
        [second] = write(engine, "", model, state=first.state, max_tokens=30 - cut, **GREEDY)
        assert first.text + second.text == whole.text
        later = [replace(one, offset=one.offset + len(first.text)) for one in second.logprobs]
        assert first.logprobs + tuple(later) == whole.logprobs
        assert (second.state, second.finish_reason) == (whole.state, whole.finish_reason)


def test_what_was_written_counts_as_read(engine):
    [written] = write(engine, "To be", "gru", max_tokens=25, seed=5)

    assert read(engine, "", "gru", state=written.state) == read(
        engine, f"To be{written.text}", "gru"
    )


def test_a_text_follows_what_was_written(engine):
    [written] = write(engine, "To be", "gru", max_tokens=25, seed=5)

    after = write(engine, " And so", "gru", state=written.state, max_tokens=9, seed=1)
    at_once = write(engine, f"To be{written.text} And so", "gru", max_tokens=9, seed=1)

    assert after == at_once


def test_states_are_gone_on_from_beside_others_as_alone(engine):
    starts = [read(engine, TEXT[:cut], model) for model in GENERATORS for cut in range(3, 60, 9)]
    models = [model for model in GENERATORS for _ in range(3, 60, 9)]
    asks = [
        (text, model, state)
        for state, model in zip(starts, models, strict=True)
        for text in ("", TEXT[:20])
    ]

    def go_on(ask):
        return write(engine, *ask[:2], state=ask[2], max_tokens=15, n=2, seed=3, logprobs=1)

    alone = [go_on(ask) for ask in asks]
    with ThreadPoolExecutor(16) as callers:
        assert list(callers.map(go_on, asks)) == alone


def test_each_of_several_answers_has_its_own_state(engine):
    answers = write(engine, "To be", "gru", max_tokens=12, n=3, seed=1)

    assert len({answer.state for answer in answers}) == 3
    for answer in answers:
        alone = write(engine, "To be", "gru", max_tokens=12, seed=answer.seed)
        assert answer.state == alone[0].state


def test_an_answer_that_the_model_ended_stands_before_its_end(engine):
    bias = ((EOS, 100.0),)

    [ended] = write(engine, "To be", max_tokens=5, logit_bias=bias, repetition_penalty=1.5)

    assert (ended.text, ended.finish_reason, ended.has_eos) == ("", "stop", True)
    assert ended.state == read(engine, "To be")


def test_a_stop_text_has_been_read(engine):
    [plain] = write(engine, "To be", "gru", max_tokens=40, temperature=0.0)
    stop = plain.text[7:9]
    [stopped] = write(engine, "To be", "gru", max_tokens=40, temperature=0.0, stop=(stop,))

    assert stopped.finish_reason == "stop"
    assert read(engine, "", "gru", state=stopped.state) == read(
        engine, f"To be{stopped.text}{stop}", "gru"
    )


def test_a_streams_last_piece_has_the_state(engine):
    request = GenerateRequest("To be", Sampling(max_tokens=20, seed=1), "gru", returns_state=True)

    *before, last = engine.answer(request).events()

    assert {delta.state for delta in before} <= {None}
    assert last.state == engine.answer(request).result()[0].state


def test_no_state_is_made_for_those_who_do_not_ask(engine):
    [answer] = engine.answer(GenerateRequest("To be")).result()

    assert answer.state is None


def test_a_character_that_the_cut_divides_is_told_by_the_answer_that_ends_it(tmp_path, make_engine):
    tokenizer = byte_tokenizer()
    publish_generator(tmp_path, tokenizer=tokenizer, eos_id=None)
    engine = make_engine(store_dir=tmp_path)
    told, state = "", None
    for token_id in tokenizer.encode_ids("a日ß☃"):
        [one] = write(
            engine, "", state=state, max_tokens=1, temperature=0.0, logit_bias=((token_id, 100.0),)
        )
        told, state = told + one.text, one.state

    assert told == "a日ß☃"
    bias = ((tokenizer.encode_ids("c")[0], 100.0),)
    [other] = write(engine, "b", state=state, max_tokens=1, temperature=0.0, logit_bias=bias)
    assert other.text == "c"


def test_a_state_of_another_model_is_refused_by_name(engine):
    state = read(engine, TEXT, "gru")

    with pytest.raises(StateMismatch, match=r"of gru:1, but rnn:1 was asked") as refused:
        read(engine, "", "rnn", state=state)

    assert refused.value.param == "state"
    assert "send the whole text anew" in refused.value.message


def test_a_state_lives_on_after_a_swap_while_its_version_is_named(tmp_path, make_engine):
    publish_generator(tmp_path, seed=1)
    engine = make_engine(store_dir=tmp_path)
    state = read(engine, TEXT)
    publish_generator(tmp_path, seed=2)
    Store(tmp_path).write_serving("shakespeare", ServingPlan(default=2, also=(1,)))
    engine.refresh()

    with pytest.raises(StateMismatch, match=r"of shakespeare:1, but shakespeare:2 was asked"):
        read(engine, "", state=state)
    assert read(engine, "", "shakespeare:1", state=state) == state


def test_engines_with_one_key_take_each_others_states(make_engine):
    one, other, stranger = (make_engine(signing_key=key * 32) for key in (b"a", b"a", b"b"))
    state = read(one, TEXT)

    assert read(other, "", state=state) == state
    with pytest.raises(InvalidInput, match="none that this service gave"):
        read(stranger, "", state=state)


def test_going_on_from_a_state_is_not_copied_to_a_shadow(tmp_path, make_engine):
    for seed in (0, 0):
        publish_generator(tmp_path, seed=seed)
    Store(tmp_path).write_serving("shakespeare", ServingPlan(default=1, shadow=2))
    engine = make_engine(store_dir=tmp_path)

    state = read(engine, "To be")
    read(engine, "", state=state)
    read(engine, "To be")

    tally = tally_of(engine, 2)
    assert (tally.same, tally.failed) == (2, 0)
