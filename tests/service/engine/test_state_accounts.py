"""What is told token by token of an answer that goes on from a state."""

import pytest

from service.engine.prompt_scoring import SCORED_CHUNK
from service.engine.requests.generate import GenerateRequest, Sampling
from tests.models import byte_tokenizer, character_tokenizer, publish_generator

MODELS = pytest.mark.parametrize("model", ["shakespeare", "gru", "rnn", "bytes"])
TEXT = "To be, or not to be, that is a question as old as the plays and films of this world."
EOS = character_tokenizer().eos_id
TO_END = ((EOS, 100.0),)


def write(engine, prompt, model="shakespeare", *, state=None, echo=False, **sampling):
    """One answer, with its state."""
    asked = Sampling(**({"temperature": 0.0, "seed": 0} | sampling))
    request = GenerateRequest(prompt, asked, model, echo=echo, state=state, returns_state=True)
    [answer] = engine.answer(request).result()
    return answer


@MODELS
@pytest.mark.parametrize("cut", [1, 2, SCORED_CHUNK, SCORED_CHUNK + 1])
def test_an_echo_after_a_state_has_the_scores_of_the_whole(engine, model, cut):
    """After a state that has its logits; only the text's first token has no score."""
    fields = {"echo": True, "max_tokens": 5, "logprobs": 2}
    whole = write(engine, TEXT, model, **fields)
    state = write(engine, TEXT[:cut], model, max_tokens=0).state

    answer = write(engine, TEXT[cut:], model, state=state, **fields)

    first, *rest = answer.logprobs
    assert first.logprob is None
    scores = [(one.token_id, one.logprob, one.top) for one in rest]
    assert scores == [(one.token_id, one.logprob, one.top) for one in whole.logprobs[cut + 1 :]]
    assert [one.offset for one in answer.logprobs] == sorted(one.offset for one in answer.logprobs)
    assert (TEXT[:cut] + answer.text, answer.state) == (whole.text, whole.state)


@MODELS
def test_an_echo_after_a_token_that_was_not_read_has_the_same_scores(engine, model):
    begun = write(engine, "To be", model, max_tokens=3, logprobs=0)
    ids = tuple(one.token_id for one in write(engine, TEXT, model, echo=True, logprobs=0).logprobs)
    drawn = tuple(one.token_id for one in begun.logprobs)
    fields = {"echo": True, "max_tokens": 4, "logprobs": 1}

    after = write(engine, ids, model, state=begun.state, **fields)
    whole = write(engine, (*ids[:5], *drawn, *ids), model, **fields)

    assert [one.logprob for one in after.logprobs[1:]] == [
        one.logprob for one in whole.logprobs[len(drawn) + 6 :]
    ]
    assert after.state == whole.state


def test_an_empty_echo_after_a_state_tells_only_what_is_written(engine):
    state = write(engine, "To be", "gru", max_tokens=3).state

    answer = write(engine, "", "gru", state=state, echo=True, max_tokens=4, logprobs=1)

    assert len(answer.logprobs) == answer.num_tokens == 4
    assert answer.logprobs[0].logprob is not None


@pytest.mark.parametrize("fields", [{"min_tokens": 3}, {"ignore_eos": True}], ids=str)
def test_an_answer_goes_on_past_an_end_where_that_is_put_off(engine, fields):
    ended = write(engine, "To be", max_tokens=9, logit_bias=TO_END, logprobs=0)
    assert [one.is_special for one in ended.logprobs] == [True]

    again = write(engine, "", state=ended.state, max_tokens=9, logit_bias=TO_END, logprobs=0)
    on = write(engine, "", state=ended.state, max_tokens=9, logit_bias=TO_END, logprobs=0, **fields)

    assert (again.has_eos, again.num_tokens) == (True, 1)
    assert on.num_tokens == len(on.logprobs) == (4 if "min_tokens" in fields else 9)
    assert on == write(engine, "To be", max_tokens=9, logit_bias=TO_END, logprobs=0, **fields)


def test_offsets_begin_at_the_character_that_the_answer_before_left_unfinished(
    tmp_path, make_engine
):
    tokenizer = byte_tokenizer()
    publish_generator(tmp_path, tokenizer=tokenizer, eos_id=None)
    engine = make_engine(store_dir=tmp_path)
    first, *others = tokenizer.encode_ids("日")
    fields = {"max_tokens": 1, "logprobs": 0}
    told = write(engine, "ab", logit_bias=((first, 100.0),), **fields)
    for token_id in others:
        before = told
        told = write(engine, "", state=before.state, logit_bias=((token_id, 100.0),), **fields)
        assert [one.offset for one in told.logprobs] == [0]
        assert before.text == ""
    assert told.text == "日"
