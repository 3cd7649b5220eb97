"""The promise: same request, same version, same answer, whatever else is being served."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.engine.requests.classify import ClassifyRequest
from service.engine.requests.generate import GenerateRequest, Sampling
from tests.models import WORDS

EIGHT_BIT = ["eight-bit-lstm", "eight-bit-both-ways"]
CLASSIFIERS = ["sentiment", "two-layer-gru", "both-ways", "last", *EIGHT_BIT]
GENERATORS = ["shakespeare", "gru", "rnn", "bytes", "eight-bit", "eight-bit-gru"]


def some_text(rng, longest=60):
    return " ".join(rng.choices(WORDS, k=rng.randint(1, longest)))


def some_sampling(rng):
    return Sampling(
        max_tokens=rng.choice([0, 1, 7, 40]),
        temperature=rng.choice([0.0, 0.3, 1.0, 2.0]),
        top_k=rng.choice([0, 0, 1, 5]),
        top_p=rng.choice([1.0, 1.0, 0.3, 0.9]),
        min_p=rng.choice([0.0, 0.0, 0.2]),
        repetition_penalty=rng.choice([1.0, 1.0, 1.3]),
        presence_penalty=rng.choice([0.0, 0.5]),
        frequency_penalty=rng.choice([0.0, -0.3]),
        logit_bias=rng.choice([(), ((10, 2.0), (11, -5.0))]),
        stop=rng.choice([None, ("e",), ("ab", "q"), ("日",)]),
        seed=rng.randrange(2**32),
        n=rng.choice([1, 1, 3]),
        logprobs=rng.choice([None, None, 0, 4]),
    )


def some_request(rng):
    if rng.random() < 0.5:
        texts = tuple(some_text(rng) for _ in range(rng.choice([1, 1, 1, 2, 30])))
        model = rng.choice(CLASSIFIERS)
        can_explain = model not in {"both-ways", "last", "eight-bit-both-ways"} and len(texts) < 3
        explain = rng.choice([None, "trajectory", "occlusion"]) if can_explain else None
        return ClassifyRequest(texts, model, explain)
    prompt = some_text(rng, longest=30)
    echo = rng.random() < 0.3
    return GenerateRequest(prompt, some_sampling(rng), rng.choice(GENERATORS), echo)


def joined(generation):
    """What a stream says, put together: text, tokens, reason and log probabilities by answer."""
    answers: dict[int, tuple] = {}
    for delta in generation.events():
        text, tokens, entries, _ = answers.get(delta.index, ("", 0, (), None))
        answers[delta.index] = (
            text + delta.text,
            tokens + delta.num_tokens,
            entries + delta.logprobs,
            delta.finish_reason,
        )
    return [answers[index] for index in sorted(answers)]


def answer(engine, request, *, streams=False):
    if isinstance(request, ClassifyRequest):
        return engine.answer(request).results
    generation = engine.answer(request)
    if streams:
        return joined(generation)
    return [
        (one.text, one.num_tokens, one.logprobs, one.finish_reason) for one in generation.result()
    ]


@pytest.mark.parametrize("seed", range(3))
def test_64_mixed_requests_are_answered_as_if_each_were_alone(engine, seed):
    rng = random.Random(seed)
    requests = [some_request(rng) for _ in range(64)]
    alone = [answer(engine, request) for request in requests]

    with ThreadPoolExecutor(64) as callers:
        streams = [rng.random() < 0.5 for _ in requests]
        futures = [
            callers.submit(answer, engine, request, streams=stream)
            for request, stream in zip(requests, streams, strict=True)
        ]
        together = [future.result(timeout=60) for future in futures]

    for request, lonely, beside in zip(requests, alone, together, strict=True):
        assert beside == lonely, request


def test_another_engine_gives_the_same_answers(make_engine):
    rng = random.Random(9)
    requests = [some_request(rng) for _ in range(20)]

    one, other = make_engine(), make_engine(max_generation_rows=3, max_batch_tokens=64)

    assert [answer(one, request) for request in requests] == [
        answer(other, request) for request in requests
    ]


def test_answer_i_is_the_answer_with_seed_plus_i(engine):
    def ask(**sampling):
        return engine.answer(GenerateRequest("To be", Sampling(max_tokens=20, **sampling)))

    several = ask(seed=41, n=3)

    assert several.seeds == (41, 42, 43)
    assert [one.text for one in several.result()] == [
        ask(seed=seed).result()[0].text for seed in several.seeds
    ]


def test_a_drawn_seed_gives_the_same_text_again(engine):
    first = engine.answer(GenerateRequest("To be"))
    again = engine.answer(GenerateRequest("To be", Sampling(seed=first.seed)))

    assert first.result() == again.result()
